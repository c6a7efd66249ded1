/* Invariants
 * 1. A posting is never empty: its value vanishes with the last series.
 * 2. A posting is small (inline, then an array) or a bitmap; slots are unique, small ones unsorted.
 * 3. `all` holds every slot that was added and not removed.
 *
 * Why small postings: most values of labels such as pod or path belong to a few series, where a bitmap of its own costs 150 bytes. */
#include "tsdb/postings.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/vec.h"

enum { INLINE_SLOTS = 2, FEW_SLOTS = 16, CANCEL_STEP = 4096 };

typedef struct Posting {
        uint32_t value; /* symbol */
        uint32_t n;     /* slots; for a bitmap: FEW_SLOTS + 1 */
        union {
                uint32_t in[INLINE_SLOTS];
                uint32_t *few; /* FEW_SLOTS of room */
                roaring_bitmap_t *bitmap;
        } as;
} Posting;

#define MAP_NAME ValueMap
#define MAP_FN_PREFIX value_map
#define MAP_KEY uint32_t
#define MAP_VAL uint32_t /* index into items */
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

typedef struct NameIndex {
        VEC(Posting) items;
        ValueMap by_value;
        roaring_bitmap_t *having; /* every slot with this name */
} NameIndex;

#define MAP_NAME NameMap
#define MAP_FN_PREFIX name_map
#define MAP_KEY uint32_t
#define MAP_VAL NameIndex *
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

struct Postings {
        const Symtab *symbols;
        NameMap names;
        roaring_bitmap_t *all;
        size_t pairs;
};

Postings *postings_new(const Symtab *symbols)
{
        Postings *p = mem_new(Postings);
        p->symbols = symbols;
        p->all = roaring_bitmap_create();
        return p;
}

static void posting_done(Posting *x)
{
        if (x->n > FEW_SLOTS)
                roaring_bitmap_free(x->as.bitmap);
        else if (x->n > INLINE_SLOTS)
                mem_free(x->as.few);
}

static void name_free(NameIndex *name)
{
        vec_each(x, &name->items)
                posting_done(x);
        vec_done(&name->items);
        value_map_done(&name->by_value);
        roaring_bitmap_free(name->having);
        mem_free(name);
}

void postings_free(Postings *p)
{
        if (!p)
                return;
        for (NameMapSlot *s = name_map_next(&p->names, NULL); s; s = name_map_next(&p->names, s))
                name_free(s->val);
        name_map_done(&p->names);
        roaring_bitmap_free(p->all);
        mem_free(p);
}

/* ---- one posting */

static const uint32_t *posting_few(const Posting *x) { return x->n > INLINE_SLOTS ? x->as.few : x->as.in; }

static void posting_add(Posting *x, uint32_t slot)
{
        if (x->n < INLINE_SLOTS) {
                x->as.in[x->n++] = slot;
        } else if (x->n == INLINE_SLOTS) {
                uint32_t *few = mem_new_array(uint32_t, FEW_SLOTS);
                memcpy(few, x->as.in, sizeof x->as.in);
                x->as.few = few;
                few[x->n++] = slot;
        } else if (x->n < FEW_SLOTS) {
                x->as.few[x->n++] = slot;
        } else if (x->n == FEW_SLOTS) {
                uint32_t *few = x->as.few;
                x->as.bitmap = roaring_bitmap_of_ptr(FEW_SLOTS, few);
                mem_free(few);
                roaring_bitmap_add(x->as.bitmap, slot);
                x->n++;
        } else {
                roaring_bitmap_add(x->as.bitmap, slot);
        }
}

static uint64_t posting_count(const Posting *x)
{
        return x->n > FEW_SLOTS ? roaring_bitmap_get_cardinality(x->as.bitmap) : x->n;
}

/* A bitmap that shrank to INLINE_SLOTS becomes small again; between, it stays. */
static void posting_remove(Posting *x, uint32_t slot)
{
        if (x->n > FEW_SLOTS) {
                roaring_bitmap_remove(x->as.bitmap, slot);
                if (roaring_bitmap_get_cardinality(x->as.bitmap) > INLINE_SLOTS)
                        return;
                roaring_bitmap_t *old = x->as.bitmap;
                x->n = (uint32_t)roaring_bitmap_get_cardinality(old);
                roaring_bitmap_to_uint32_array(old, x->as.in);
                roaring_bitmap_free(old);
                return;
        }
        uint32_t *few = x->n > INLINE_SLOTS ? x->as.few : x->as.in;
        for (uint32_t i = 0; i < x->n; i++) {
                if (few[i] != slot)
                        continue;
                few[i] = few[--x->n];
                if (x->n == INLINE_SLOTS) {
                        memcpy(x->as.in, few, sizeof x->as.in);
                        mem_free(few);
                }
                return;
        }
}

static void posting_or_into(const Posting *x, roaring_bitmap_t *set)
{
        if (x->n > FEW_SLOTS)
                roaring_bitmap_or_inplace(set, x->as.bitmap);
        else
                roaring_bitmap_add_many(set, x->n, posting_few(x));
}

static uint64_t posting_count_within(const Posting *x, const roaring_bitmap_t *set)
{
        if (x->n > FEW_SLOTS)
                return roaring_bitmap_and_cardinality(x->as.bitmap, set);
        uint64_t n = 0;
        for (uint32_t i = 0; i < x->n; i++)
                n += roaring_bitmap_contains(set, posting_few(x)[i]);
        return n;
}

/* ---- adding and removing series */

void postings_add(Postings *p, uint32_t slot, const PostingsPair *pairs, size_t n)
{
        roaring_bitmap_add(p->all, slot);
        for (size_t i = 0; i < n; i++) {
                NameIndex **name = name_map_put(&p->names, pairs[i].name, NULL);
                if (!*name) {
                        *name = mem_new(NameIndex);
                        (*name)->having = roaring_bitmap_create();
                }
                roaring_bitmap_add((*name)->having, slot);
                bool fresh;
                uint32_t *at = value_map_put(&(*name)->by_value, pairs[i].value, &fresh);
                if (fresh) {
                        *at = (uint32_t)(*name)->items.len;
                        vec_push(&(*name)->items, (Posting){ .value = pairs[i].value });
                        p->pairs++;
                }
                posting_add(&(*name)->items.data[*at], slot);
        }
}

static void remove_value(Postings *p, NameIndex *name, uint32_t value)
{
        uint32_t at = *value_map_get(&name->by_value, value);
        posting_done(&name->items.data[at]);
        value_map_remove(&name->by_value, value);
        Posting last = vec_pop(&name->items);
        p->pairs--;
        if (last.value == value)
                return;
        name->items.data[at] = last;
        *value_map_get(&name->by_value, last.value) = at;
}

void postings_remove(Postings *p, uint32_t slot, const PostingsPair *pairs, size_t n)
{
        roaring_bitmap_remove(p->all, slot);
        for (size_t i = 0; i < n; i++) {
                NameIndex **at = name_map_get(&p->names, pairs[i].name);
                CHECK(at);
                NameIndex *name = *at;
                const uint32_t *item = value_map_get(&name->by_value, pairs[i].value);
                CHECK(item);
                roaring_bitmap_remove(name->having, slot);
                Posting *x = &name->items.data[*item];
                posting_remove(x, slot);
                if (x->n == 0)
                        remove_value(p, name, pairs[i].value);
                if (name->items.len == 0) {
                        name_free(name);
                        name_map_remove(&p->names, pairs[i].name);
                }
        }
}

/* ---- matching */

static const NameIndex *name_of(const Postings *p, Str name)
{
        uint32_t sym = symtab_find(p->symbols, name);
        NameIndex *const *at = sym == SYMTAB_NONE ? NULL : name_map_get(&p->names, sym);
        return at ? *at : NULL;
}

static const Posting *posting_of(const Postings *p, const NameIndex *name, Str value)
{
        uint32_t sym = symtab_find(p->symbols, value);
        const uint32_t *at = sym == SYMTAB_NONE ? NULL : value_map_get(&name->by_value, sym);
        return at ? &name->items.data[*at] : NULL;
}

/* Series whose value of this name is not empty and satisfies the positive form of m (EQ or RE). */
static bool union_matching(const Postings *p, const NameIndex *name, const Matcher *m, const Cancel *cancel,
                           roaring_bitmap_t *set, Err *err)
{
        const Posting *x;
        if (m->type == MATCH_EQ || m->type == MATCH_NE) {
                if ((x = posting_of(p, name, m->value)))
                        posting_or_into(x, set);
                return true;
        }
        RegexHints hints = regex_hints(m->re);
        if (hints.matches_all || hints.matches_nonempty) {
                roaring_bitmap_or_inplace(set, name->having);
                return true;
        }
        if (hints.set) {
                for (size_t i = 0; i < hints.set_n; i++)
                        if ((x = posting_of(p, name, hints.set[i])))
                                posting_or_into(x, set);
                return true;
        }
        for (size_t i = 0; i < name->items.len; i++) {
                if (i % CANCEL_STEP == 0 && !cancel_check(cancel, err))
                        return false;
                x = &name->items.data[i];
                Str value = symtab_str(p->symbols, x->value);
                if (str_starts(value, hints.prefix) && regex_match(m->re, value))
                        posting_or_into(x, set);
        }
        return true;
}

static bool is_positive(const Matcher *m) { return m->type == MATCH_EQ || m->type == MATCH_RE; }

/* Narrows *acc (NULL: everything so far) by one matcher. With P the series whose value satisfies the positive form, a matcher that
 * refuses the empty value keeps P (or having - P); one that accepts it keeps everything but (having - P) (or but P). */
static bool narrow(const Postings *p, const Matcher *m, const Cancel *cancel, roaring_bitmap_t **acc, Err *err)
{
        const NameIndex *name = name_of(p, m->name);
        bool accepts_empty = matcher_matches(m, (Str){ 0 });
        if (!name) {
                if (!accepts_empty && *acc)
                        roaring_bitmap_clear(*acc);
                else if (!accepts_empty)
                        *acc = roaring_bitmap_create();
                return true;
        }
        roaring_bitmap_t *set = roaring_bitmap_create();
        if (!union_matching(p, name, m, cancel, set, err)) {
                roaring_bitmap_free(set);
                return false;
        }
        if (is_positive(m) == accepts_empty) {
                roaring_bitmap_t *rest = roaring_bitmap_andnot(name->having, set);
                roaring_bitmap_free(set);
                set = rest;
        }
        if (accepts_empty) {
                if (!*acc)
                        *acc = roaring_bitmap_copy(p->all);
                roaring_bitmap_andnot_inplace(*acc, set);
        } else if (*acc) {
                roaring_bitmap_and_inplace(*acc, set);
        } else {
                *acc = set;
                return true;
        }
        roaring_bitmap_free(set);
        return true;
}

/* Cheap and narrow first: equality, then sets, then the rest; those that accept the empty value last. */
static int rank_of(const Matcher *m)
{
        if (matcher_matches(m, (Str){ 0 }))
                return 3;
        if (m->type == MATCH_EQ)
                return 0;
        return m->type == MATCH_RE && regex_hints(m->re).set ? 1 : 2;
}

bool postings_select(Postings *p, Matchers matchers, const Cancel *cancel, roaring_bitmap_t **ret, Err *err)
{
        roaring_bitmap_t *acc = NULL;
        for (int rank = 0; rank <= 3; rank++) {
                for (size_t i = 0; i < matchers.n; i++) {
                        if (rank_of(&matchers.data[i]) != rank)
                                continue;
                        if (!narrow(p, &matchers.data[i], cancel, &acc, err)) {
                                if (acc)
                                        roaring_bitmap_free(acc);
                                return false;
                        }
                }
        }
        *ret = acc ? acc : roaring_bitmap_copy(p->all);
        return true;
}

static uint64_t posting_count_both(const Posting *a, const Posting *b)
{
        if (a->n > FEW_SLOTS)
                return posting_count_within(b, a->as.bitmap);
        return b->n > FEW_SLOTS ? posting_count_within(a, b->as.bitmap) : MIN_OF(a->n, b->n);
}

static bool wants_value(const Matcher *m) { return m->type == MATCH_EQ && m->value.n > 0; }

static const Posting *wanted_posting(const Postings *p, const Matcher *m)
{
        const NameIndex *name = name_of(p, m->name);
        return name ? posting_of(p, name, m->value) : NULL;
}

size_t postings_at_most(const Postings *p, Matchers matchers)
{
        const Posting *least = NULL;
        for (size_t i = 0; i < matchers.n; i++) {
                if (!wants_value(&matchers.data[i]))
                        continue;
                const Posting *x = wanted_posting(p, &matchers.data[i]);
                if (!x)
                        return 0;
                if (!least || posting_count(x) < posting_count(least))
                        least = x;
        }
        uint64_t n = least ? posting_count(least) : roaring_bitmap_get_cardinality(p->all);
        for (size_t i = 0; least && i < matchers.n; i++) {
                const Posting *x = wants_value(&matchers.data[i]) ? wanted_posting(p, &matchers.data[i]) : least;
                if (x != least)
                        n = MIN_OF(n, posting_count_both(least, x));
        }
        return n;
}

/* ---- listing */

size_t postings_names(const Postings *p, Arena *arena, uint32_t **ret)
{
        uint32_t *out = arena_raw_array(arena, uint32_t, p->names.len);
        size_t n = 0;
        for (NameMapSlot *s = name_map_next(&p->names, NULL); s; s = name_map_next(&p->names, s))
                out[n++] = s->key;
        *ret = out;
        return n;
}

size_t postings_values(const Postings *p, uint32_t name, const roaring_bitmap_t *within, Arena *arena,
                       PostingsCount **ret)
{
        NameIndex *const *at = name_map_get(&p->names, name);
        size_t n = 0;
        *ret = at ? arena_raw_array(arena, PostingsCount, (*at)->items.len) : NULL;
        for (size_t i = 0; at && i < (*at)->items.len; i++) {
                const Posting *x = &(*at)->items.data[i];
                uint64_t series = within ? posting_count_within(x, within) : posting_count(x);
                if (series)
                        (*ret)[n++] = (PostingsCount){ x->value, series };
        }
        return n;
}

void postings_count(const Postings *p, Str name, Str value, size_t *ret_values, uint64_t *ret_series)
{
        const NameIndex *index = name_of(p, name);
        const Posting *x = index ? posting_of(p, index, value) : NULL;
        *ret_values = index ? index->items.len : 0;
        *ret_series = x ? posting_count(x) : 0;
}

size_t postings_pairs(const Postings *p) { return p->pairs; }

size_t postings_bytes(const Postings *p)
{
        size_t bytes = roaring_bitmap_portable_size_in_bytes(p->all);
        for (NameMapSlot *s = name_map_next(&p->names, NULL); s; s = name_map_next(&p->names, s)) {
                bytes += sizeof(NameIndex) + s->val->items.cap * sizeof(Posting) +
                         s->val->by_value.cap * sizeof(ValueMapSlot);
                bytes += roaring_bitmap_portable_size_in_bytes(s->val->having);
                vec_each(x, &s->val->items)
                        bytes += x->n > FEW_SLOTS      ? roaring_bitmap_portable_size_in_bytes(x->as.bitmap)
                                 : x->n > INLINE_SLOTS ? FEW_SLOTS * 4
                                                       : 0;
        }
        return bytes;
}
