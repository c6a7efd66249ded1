/* Invariants:
 * 1. Every set that matches a label set is among its candidates; different pairs with one hash only add candidates.
 * 2. A set stands under one label name only, so that a label set meets it once. */
#include "alert/alert_index.h"

#include "base/hash.h"

enum { MOST_ALTERNATIVES = 1000 };

static uint64_t pair_hash(Str name, Str value) { return hash_u64(hash_str(name) * 31 + hash_str(value)); }

void alert_index_done(AlertIndex *index)
{
        for (IndexMapSlot *s = index_map_next(&index->by_pair, NULL); s; s = index_map_next(&index->by_pair, s))
                vec_done(&s->val);
        index_map_done(&index->by_pair);
        vec_done(&index->anything);
}

/* The values that a condition allows; false when they are not a finite set, or the empty value is among them. */
static bool allowed(const Matcher *m, const Str **ret, size_t *ret_n)
{
        *ret = &m->value;
        *ret_n = 1;
        if (m->type == MATCH_EQ)
                return m->value.n > 0;
        if (m->type != MATCH_RE)
                return false;
        RegexHints hints = regex_hints(m->re);
        *ret = hints.set;
        *ret_n = hints.set_n;
        return hints.set && hints.set_n && hints.set_n <= MOST_ALTERNATIVES && !hints.matches_empty;
}

/* How many other sets stand where this one would. */
static size_t crowd(const AlertIndex *index, Str name, const Str *values, size_t n)
{
        size_t sum = 0;
        for (size_t i = 0; i < n; i++) {
                const AlertIdVec *ids = index_map_get(&index->by_pair, pair_hash(name, values[i]));
                sum += ids ? ids->len : 0;
        }
        return sum;
}

void alert_index_add(AlertIndex *index, uint32_t id, Matchers matchers)
{
        const Matcher *best = NULL;
        size_t least = SIZE_MAX;
        const Str *values;
        size_t n;
        for (size_t i = 0; i < matchers.n; i++) {
                const Matcher *m = &matchers.data[i];
                if (!allowed(m, &values, &n))
                        continue;
                size_t others = crowd(index, m->name, values, n);
                if (others < least) {
                        best = m;
                        least = others;
                }
        }
        if (!best) {
                vec_push(&index->anything, id);
                return;
        }
        allowed(best, &values, &n);
        for (size_t i = 0; i < n; i++) {
                AlertIdVec *ids = index_map_put(&index->by_pair, pair_hash(best->name, values[i]), NULL);
                vec_push(ids, id);
        }
}

static bool each_of(const AlertIdVec *ids, bool (*fn)(void *arg, uint32_t id), void *arg)
{
        for (size_t i = 0; i < ids->len; i++)
                if (!fn(arg, ids->data[i]))
                        return false;
        return true;
}

void alert_index_each(const AlertIndex *index, Labels labels, bool (*fn)(void *arg, uint32_t id), void *arg)
{
        if (!each_of(&index->anything, fn, arg))
                return;
        for (size_t i = 0; index->by_pair.len && i < labels.n; i++) {
                const AlertIdVec *ids = index_map_get(&index->by_pair,
                                                      pair_hash(labels.data[i].name, labels.data[i].value));
                if (ids && !each_of(ids, fn, arg))
                        return;
        }
}
