/* Why the first match and not the shortest: an exception of a rule is written above it, as for routes and relabelling. */
#include "tsdb/keep.h"

#include <stdlib.h>

#include "base/mem.h"

struct Keep {
        Arena *arena;
        int64_t retention_ms;
        TsdbRetention *rules;
        size_t n;
        int64_t *times_ms; /* every retention, rising, each once */
        unsigned n_times;
};

static int compare_times(const void *a, const void *b)
{
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
        return (x > y) - (x < y);
}

static void note_times(Keep *k)
{
        k->times_ms = arena_array(k->arena, int64_t, k->n + 1);
        for (size_t i = 0; i < k->n; i++)
                k->times_ms[i] = k->rules[i].retention_ms;
        k->times_ms[k->n] = k->retention_ms;
        qsort(k->times_ms, k->n + 1, sizeof(int64_t), compare_times);
        k->n_times = 1;
        for (size_t i = 1; i <= k->n; i++)
                if (k->times_ms[i] != k->times_ms[k->n_times - 1])
                        k->times_ms[k->n_times++] = k->times_ms[i];
}

static bool copy_rule(Arena *arena, const TsdbRetention *from, TsdbRetention *to, Err *err)
{
        Matcher *ms = arena_array(arena, Matcher, from->matchers.n);
        for (size_t i = 0; i < from->matchers.n; i++) {
                const Matcher *m = &from->matchers.data[i];
                if (!matcher_make(arena, m->type, m->name, m->value, &ms[i], err))
                        return false;
        }
        *to = (TsdbRetention){ { ms, from->matchers.n }, from->retention_ms };
        return true;
}

bool keep_new(int64_t retention_ms, const TsdbRetention *rules, size_t n, Keep **ret, Err *err)
{
        if (n > TSDB_MAX_RETENTIONS)
                return err_set(err, ERR_LIMIT, "%zu rules of retention, the limit is %d", n, TSDB_MAX_RETENTIONS);
        AUTO(keep_free) Keep *k = mem_new(Keep);
        k->arena = arena_new();
        k->retention_ms = retention_ms;
        k->rules = arena_array(k->arena, TsdbRetention, n);
        k->n = n;
        for (size_t i = 0; i < n; i++)
                if (!copy_rule(k->arena, &rules[i], &k->rules[i], err))
                        return err_wrap(err, "rule of retention");
        note_times(k);
        *ret = TAKE(k);
        return true;
}

void keep_free(Keep *k)
{
        if (!k)
                return;
        arena_free(k->arena);
        mem_free(k);
}

bool keep_has_rules(const Keep *k) { return k->n > 0; }
size_t keep_rules(const Keep *k, const TsdbRetention **ret)
{
        *ret = k->rules;
        return k->n;
}

int64_t keep_ms(const Keep *k, Labels labels)
{
        for (size_t i = 0; i < k->n; i++)
                if (matchers_match(k->rules[i].matchers, labels))
                        return k->rules[i].retention_ms;
        return k->retention_ms;
}

int64_t keep_shortest_ms(const Keep *k) { return k->times_ms[0]; }
int64_t keep_longest_ms(const Keep *k) { return k->times_ms[k->n_times - 1]; }

unsigned keep_expired(const Keep *k, int64_t age_ms)
{
        unsigned n = 0;
        while (n < k->n_times && age_ms > k->times_ms[n])
                n++;
        return n;
}

void keep_count(TsdbTier *tier, int64_t min_ms, int64_t max_ms, uint64_t bytes, int64_t now_ms)
{
        int64_t over_ms = max_ms > INT64_MAX - tier->retention_ms ? INT64_MAX : max_ms + tier->retention_ms;
        if (over_ms > now_ms)
                tier->next_cleanup_ms = MIN_OF(tier->next_cleanup_ms, over_ms);
        if (tier->kind == TSDB_TIER_RULE)
                return;
        tier->parts++;
        tier->bytes += bytes;
        tier->min_ms = MIN_OF(tier->min_ms, min_ms);
        tier->max_ms = MAX_OF(tier->max_ms, max_ms);
}
