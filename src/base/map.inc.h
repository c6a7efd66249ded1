/* base/map.inc.h - a typed open-addressing hash map; include once per instantiation.
 *
 * Define before including: MAP_NAME (type name), MAP_FN_PREFIX (function prefix, e.g. name_map), MAP_KEY, MAP_VAL,
 * MAP_HASH(k) -> uint64_t, MAP_EQ(a, b). All are undefined afterwards. Zero-initialised is an empty heap map; set
 * .arena for an arena map. Pointers to values are valid until the next put or remove.
 *     V *x_get(const M *, K)          NULL when absent
 *     V *x_put(M *, K, bool *ret_new) finds or inserts (a new value is zeroed); ret_new may be NULL
 *     void x_reserve(M *, n)          room for n in all: no put moves the others until then
 *     bool x_remove(M *, K)
 *     void x_done(M *), x_clear(M *)
 *     Slot *x_next(const M *, Slot *) iterates: for (S *s = x_next(m, NULL); s; s = x_next(m, s)) */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"

#define MAP_CAT_(a, b) a##b
#define MAP_CAT(a, b) MAP_CAT_(a, b)
#define MAP_FN(op) MAP_CAT(MAP_FN_PREFIX, op)
#define MAP_SLOT MAP_CAT(MAP_NAME, Slot)

typedef struct MAP_SLOT {
        uint64_t hash; /* 0: empty */
        MAP_KEY key;
        MAP_VAL val;
} MAP_SLOT;

typedef struct MAP_NAME {
        MAP_SLOT *slots;
        size_t len, cap;
        Arena *arena;
} MAP_NAME;

static inline uint64_t MAP_FN(_hash_of)(MAP_KEY key)
{
        uint64_t h = MAP_HASH(key);
        return h ? h : 1;
}

static inline MAP_SLOT *MAP_FN(_probe)(MAP_SLOT *slots, size_t cap, uint64_t hash, MAP_KEY key)
{
        for (size_t i = hash & (cap - 1);; i = (i + 1) & (cap - 1))
                if (slots[i].hash == 0 || (slots[i].hash == hash && MAP_EQ(slots[i].key, key)))
                        return &slots[i];
}

__attribute__((unused)) static inline MAP_VAL *MAP_FN(_get)(const MAP_NAME *m, MAP_KEY key)
{
        if (m->len == 0)
                return NULL;
        MAP_SLOT *s = MAP_FN(_probe)(m->slots, m->cap, MAP_FN(_hash_of)(key), key);
        return s->hash ? &s->val : NULL;
}

static inline void MAP_FN(_grow)(MAP_NAME *m, size_t cap)
{
        MAP_SLOT *slots = m->arena ? arena_alloc(m->arena, cap * sizeof *slots, _Alignof(MAP_SLOT))
                                   : mem_zalloc_array(cap, sizeof *slots);
        for (size_t i = 0; i < m->cap; i++) {
                if (!m->slots[i].hash)
                        continue;
                size_t at = m->slots[i].hash & (cap - 1);
                while (slots[at].hash)
                        at = (at + 1) & (cap - 1);
                slots[at] = m->slots[i];
        }
        if (!m->arena)
                mem_free(m->slots);
        m->slots = slots;
        m->cap = cap;
}

__attribute__((unused)) static inline void MAP_FN(_reserve)(MAP_NAME *m, size_t n)
{
        size_t cap = 8;
        while (n * 4 > cap * 3)
                cap *= 2;
        if (cap > m->cap)
                MAP_FN(_grow)(m, cap);
}

__attribute__((unused)) static inline MAP_VAL *MAP_FN(_put)(MAP_NAME *m, MAP_KEY key, bool *ret_new)
{
        if (m->len * 4 >= m->cap * 3)
                MAP_FN(_grow)(m, m->cap ? m->cap * 2 : 8);
        uint64_t hash = MAP_FN(_hash_of)(key);
        MAP_SLOT *s = MAP_FN(_probe)(m->slots, m->cap, hash, key);
        bool fresh = s->hash == 0;
        if (fresh) {
                memset(s, 0, sizeof *s);
                s->hash = hash;
                s->key = key;
                m->len++;
        }
        if (ret_new)
                *ret_new = fresh;
        return &s->val;
}

__attribute__((unused)) static inline bool MAP_FN(_remove)(MAP_NAME *m, MAP_KEY key)
{
        if (m->len == 0)
                return false;
        MAP_SLOT *s = MAP_FN(_probe)(m->slots, m->cap, MAP_FN(_hash_of)(key), key);
        if (!s->hash)
                return false;
        size_t hole = (size_t)(s - m->slots);
        for (size_t i = (hole + 1) & (m->cap - 1); m->slots[i].hash; i = (i + 1) & (m->cap - 1)) {
                size_t home = m->slots[i].hash & (m->cap - 1);
                if (((i - home) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
                        m->slots[hole] = m->slots[i];
                        hole = i;
                }
        }
        m->slots[hole].hash = 0;
        m->len--;
        return true;
}

__attribute__((unused)) static inline MAP_SLOT *MAP_FN(_next)(const MAP_NAME *m, MAP_SLOT *after)
{
        for (size_t i = after ? (size_t)(after - m->slots) + 1 : 0; i < m->cap; i++)
                if (m->slots[i].hash)
                        return &m->slots[i];
        return NULL;
}

__attribute__((unused)) static inline void MAP_FN(_clear)(MAP_NAME *m)
{
        if (m->cap)
                memset(m->slots, 0, m->cap * sizeof *m->slots);
        m->len = 0;
}

__attribute__((unused)) static inline void MAP_FN(_done)(MAP_NAME *m)
{
        if (!m->arena)
                mem_free(m->slots);
        m->slots = NULL;
        m->len = m->cap = 0;
}

#undef MAP_NAME
#undef MAP_FN_PREFIX
#undef MAP_KEY
#undef MAP_VAL
#undef MAP_HASH
#undef MAP_EQ
#undef MAP_FN
#undef MAP_SLOT
#undef MAP_CAT
#undef MAP_CAT_
