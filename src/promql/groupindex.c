/* Invariants:
 * 1. A key's pairs are copied once, when its group is new; looking up a known group allocates nothing.
 * 2. Groups are numbered in the order in which they were first seen.
 * 3. A key is its own key: so labels that were not projected and keys may stand in one memo. */
#include "promql/groupindex.h"

#include "base/hash.h"

#define MAP_NAME GroupKeyMap
#define MAP_FN_PREFIX group_key_map
#define MAP_KEY Labels
#define MAP_VAL size_t
#define MAP_HASH(k) labels_hash(k)
#define MAP_EQ(a, b) labels_eq(a, b)
#include "base/map.inc.h"

struct GroupIndexMap {
        GroupKeyMap m;
};

void groupindex_init(GroupIndex *g, Arena *arena)
{
        *g = (GroupIndex){ .arena = arena, .map = arena_new_of(arena, GroupIndexMap) };
        g->map->m.arena = arena;
        g->keys.arena = arena;
        g->scratch.arena = arena;
}

static bool listed(const StrVec *names, Str name)
{
        for (size_t i = 0; i < names->n; i++)
                if (str_eq(names->data[i], name))
                        return true;
        return false;
}

static Labels project(GroupIndex *g, Labels labels, const GroupRule *rule)
{
        vec_clear(&g->scratch);
        if (!rule->without && rule->names->n == 0)
                return (Labels){ 0 };
        for (size_t i = 0; i < labels.n; i++) {
                Label l = labels.data[i];
                if (listed(rule->names, l.name) == rule->without)
                        continue;
                if (rule->without && !rule->keep_name && str_eq(l.name, LABEL_NAME))
                        continue;
                vec_push(&g->scratch, l);
        }
        return (Labels){ g->scratch.data, g->scratch.len };
}

size_t groupindex_key(GroupIndex *g, Labels key, bool *ret_fresh)
{
        size_t *at = group_key_map_get(&g->map->m, key);
        if (ret_fresh)
                *ret_fresh = !at;
        if (at)
                return *at;
        Label *copy = arena_raw_array(g->arena, Label, key.n ? key.n : 1);
        if (key.n)
                memcpy(copy, key.data, key.n * sizeof *copy);
        Labels kept = { copy, key.n };
        *group_key_map_put(&g->map->m, kept, NULL) = g->keys.len;
        vec_push(&g->keys, kept);
        return g->keys.len - 1;
}

static GroupMemo *memo_of(GroupIndex *g, Labels key)
{
        uint64_t h = key.n;
        for (size_t i = 0; i < key.n; i++)
                h = h * 31 + ((uint64_t)(uintptr_t)key.data[i].value.p >> 4);
        if (!g->memo)
                g->memo = arena_array(g->arena, GroupMemo, GROUPINDEX_MEMO);
        return &g->memo[hash_u64(h) % GROUPINDEX_MEMO];
}

static bool same_bytes(Str a, Str b) { return a.p == b.p && a.n == b.n; }

static bool memo_has(const GroupMemo *m, Labels key)
{
        if (!m->used || m->n != key.n)
                return false;
        for (size_t i = 0; i < key.n; i++)
                if (!same_bytes(m->pairs[i].value, key.data[i].value) ||
                    !same_bytes(m->pairs[i].name, key.data[i].name))
                        return false;
        return true;
}

size_t groupindex_of(GroupIndex *g, Labels labels, const GroupRule *rule, bool *ret_fresh)
{
        bool few = labels.n <=
                   GROUPINDEX_MEMO_LABELS; /* then they are known as they are, and projected when they are new */
        Labels known = few ? labels : project(g, labels, rule);
        if (known.n > GROUPINDEX_MEMO_LABELS)
                return groupindex_key(g, known, ret_fresh);
        GroupMemo *m = memo_of(g, known);
        if (memo_has(m, known)) {
                if (ret_fresh)
                        *ret_fresh = false;
                return m->group;
        }
        m->group = groupindex_key(g, few ? project(g, labels, rule) : known, ret_fresh);
        for (size_t i = 0; i < known.n; i++)
                m->pairs[i] = known.data[i];
        m->n = known.n;
        m->used = true;
        return m->group;
}

size_t groupindex_find(GroupIndex *g, Labels labels, const GroupRule *rule)
{
        size_t *at = group_key_map_get(&g->map->m, project(g, labels, rule));
        return at ? *at : SIZE_MAX;
}
