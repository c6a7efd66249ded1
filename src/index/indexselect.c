/* How: the matcher that few series satisfy (equality, a set of values, else a pattern, by its values) gives candidates from its places;
 * the others look at each candidate's own pairs. What a pattern says of a value is asked once.
 *
 * Why not bitmaps for every matcher: the places of a common value are long, the candidates few, and their records stand side by side. */
#include "index/indexselect.h"

#include <stdlib.h>

#include "base/vec.h"

enum { CANCEL_STEP = 4096, ASK = 0, YES = 1, NO = 2 };

typedef VEC(uint32_t) PairVec;

/* A matcher, as this segment sees it. */
typedef struct Plan {
        const Matcher *m;
        bool accepts_empty, has_name;
        uint32_t from, to; /* the pairs of its name */
        uint32_t exact;    /* equality: the pair; UINT32_MAX: there is none */
        uint32_t *pairs;   /* a finite set of values: theirs */
        size_t n_pairs;    /* SIZE_MAX: not a finite set */
        uint64_t cost;     /* series that its places name; UINT64_MAX: unknown */
        unsigned char
                *answers; /* for each pair of the name: what the matcher says of its value; made when first asked */
        Arena *arena;
} Plan;

static int compare_u32(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return (x > y) - (x < y);
}

/* The pairs of a finite set, and how many series they have. */
static void plan_set(IndexSeg *x, Plan *p, uint32_t name, const Str *values, size_t n, Arena *arena)
{
        p->pairs = arena_raw_array(arena, uint32_t, n);
        p->n_pairs = 0;
        p->cost = 0;
        for (size_t i = 0; i < n; i++) {
                uint32_t pair, count;
                if (!indexseg_value_find(x, name, values[i], &pair) || !indexseg_count(x, pair, &count))
                        continue;
                p->pairs[p->n_pairs++] = pair;
                p->cost += count;
        }
        if (p->n_pairs)
                qsort(p->pairs, p->n_pairs, sizeof *p->pairs, compare_u32);
}

static Plan plan_matcher(IndexSeg *x, const Matcher *m, Arena *arena)
{
        uint32_t name;
        Plan p = { .m = m,
                   .accepts_empty = matcher_matches(m, (Str){ 0 }),
                   .exact = UINT32_MAX,
                   .n_pairs = SIZE_MAX,
                   .cost = UINT64_MAX,
                   .arena = arena };
        p.has_name = indexseg_name_find(x, m->name, &name) && indexseg_name_pairs(x, name, &p.from, &p.to);
        if (!p.has_name)
                return p;
        if (m->type == MATCH_EQ && !p.accepts_empty) {
                plan_set(x, &p, name, &m->value, 1, arena);
                p.exact = p.n_pairs ? p.pairs[0] : UINT32_MAX;
        } else if (m->type == MATCH_RE && !p.accepts_empty) {
                RegexHints hints = regex_hints(m->re);
                if (hints.set)
                        plan_set(x, &p, name, hints.set, hints.set_n, arena);
        }
        return p;
}

static bool says_yes(IndexSeg *x, Plan *p, uint32_t pair)
{
        if (!p->answers)
                p->answers = arena_array(p->arena, unsigned char, p->to - p->from + 1);
        unsigned char *answer = &p->answers[pair - p->from];
        if (*answer == ASK) {
                Str value;
                *answer = indexseg_value(x, pair, &value) && matcher_matches(p->m, value) ? YES : NO;
        }
        return *answer == YES;
}

/* Makes a pattern a finite set by asking of every value. */
static bool plan_values(IndexSeg *x, Plan *p, const Cancel *cancel, Arena *arena, Err *err)
{
        p->pairs = arena_raw_array(arena, uint32_t, p->to - p->from);
        size_t n = 0;
        p->cost = 0;
        for (uint32_t pair = p->from; pair < p->to; pair++) {
                uint32_t count;
                if ((pair - p->from) % CANCEL_STEP == 0 && !cancel_check(cancel, err))
                        return false;
                if (!says_yes(x, p, pair) || !indexseg_count(x, pair, &count))
                        continue;
                p->pairs[n++] = pair;
                p->cost += count;
        }
        p->n_pairs = n;
        return true;
}

/* The places of all pairs of a plan. */
static size_t gather(IndexSeg *x, const Plan *p, Arena *arena, uint32_t **ret)
{
        uint32_t *out = arena_raw_array(arena, uint32_t, p->cost);
        size_t n = 0;
        for (size_t i = 0; i < p->n_pairs; i++) {
                uint32_t got;
                if (i && p->pairs[i] == p->pairs[i - 1])
                        continue;
                if (indexseg_places(x, p->pairs[i], out + n, &got))
                        n += got;
        }
        if (p->n_pairs > 1 && n)
                qsort(out, n, sizeof *out, compare_u32);
        *ret = out;
        return n;
}

/* One matcher about one series, whose pairs are given. */
static bool accepts(IndexSeg *x, Plan *p, const uint32_t *pairs, size_t n)
{
        for (size_t i = 0; p->has_name && i < n; i++)
                if (pairs[i] >= p->from && pairs[i] < p->to)
                        return p->exact != UINT32_MAX ? pairs[i] == p->exact : says_yes(x, p, pairs[i]);
        return p->accepts_empty;
}

/* `pairs` is room that grows with the series that has most labels. */
static bool keeps(IndexSeg *x, Plan *plans, size_t n_plans, const Plan *base, int64_t min_ms, uint32_t place,
                  PairVec *pairs)
{
        IndexRecord r;
        uint32_t pair;
        vec_clear(pairs);
        if (!indexseg_record(x, place, &r) || r.last_ms < min_ms)
                return false;
        size_t n = n_plans > (base ? 1u : 0u) ? r.left : 0;
        while (pairs->len < n && indexseg_next_pair(x, &r, &pair))
                vec_push(pairs, pair);
        if (pairs->len < n)
                return false;
        for (size_t i = 0; i < n_plans; i++)
                if (&plans[i] != base && !accepts(x, &plans[i], pairs->data, pairs->len))
                        return false;
        return true;
}

/* The cheapest plan that names its series; NULL: all are candidates. */
static bool pick_base(IndexSeg *x, Plan *plans, size_t n, const IndexSelect *args, Arena *arena, Plan **ret, Err *err)
{
        Plan *base = NULL, *pattern = NULL;
        for (size_t i = 0; i < n; i++) {
                Plan *p = &plans[i];
                if (p->accepts_empty)
                        continue;
                if (p->n_pairs != SIZE_MAX && (!base || p->cost < base->cost))
                        base = p;
                if (p->n_pairs == SIZE_MAX && (!pattern || p->to - p->from < pattern->to - pattern->from))
                        pattern = p;
        }
        if (!base && pattern) {
                if (!plan_values(x, pattern, args->cancel, arena, err))
                        return false;
                base = pattern;
        }
        *ret = base;
        return true;
}

bool indexselect_run(IndexSeg *x, const IndexSelect *args, Arena *arena, uint32_t **ret, size_t *ret_n, Err *err)
{
        size_t n_plans = args->matchers.n, n, kept = 0;
        Plan *plans = arena_array(arena, Plan, n_plans + 1), *base;
        uint32_t *places;
        PairVec pairs = { .arena = arena };
        *ret_n = 0;
        *ret = NULL;
        for (size_t i = 0; i < n_plans; i++) {
                plans[i] = plan_matcher(x, &args->matchers.data[i], arena);
                if (!plans[i].has_name && !plans[i].accepts_empty)
                        return true;
        }
        if (!pick_base(x, plans, n_plans, args, arena, &base, err))
                return false;
        if (base) {
                n = gather(x, base, arena, &places);
        } else {
                n = indexseg_info(x).series;
                places = arena_raw_array(arena, uint32_t, n);
                for (size_t i = 0; i < n; i++)
                        places[i] = (uint32_t)i;
        }
        for (size_t i = 0; i < n; i++) {
                if (i % CANCEL_STEP == 0 && !cancel_check(args->cancel, err))
                        return false;
                if (keeps(x, plans, n_plans, base, args->min_ms, places[i], &pairs))
                        places[kept++] = places[i];
        }
        *ret = places;
        *ret_n = kept;
        return true;
}
