/* Invariants
 * 1. stage_engine sorts and drops repeats once; reading changes nothing. */
#include "interop/stage.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"

typedef struct StageSeries {
        Labels labels;
        VEC(Sample) samples;
        bool sorted; /* rising, without repeats */
} StageSeries;

#define MAP_NAME StageMap
#define MAP_FN_PREFIX stage_map
#define MAP_KEY Labels
#define MAP_VAL size_t
#define MAP_HASH(k) labels_hash(k)
#define MAP_EQ(a, b) labels_eq(a, b)
#include "base/map.inc.h"

struct Stage {
        StoreEngine engine; /* first */
        Arena *arena;
        VEC(StageSeries) series;
        StageMap map;
        size_t last; /* series */
        size_t samples;
        int64_t min_ms, max_ms;
};

typedef struct StageQuerier {
        Querier face;
        Stage *stage;
} StageQuerier;

static int by_name(const void *a, const void *b) { return str_cmp(((const Label *)a)->name, ((const Label *)b)->name); }

void stage_more(Stage *stage, int64_t t_ms, double v)
{
        StageSeries *s = &stage->series.data[stage->last];
        s->sorted &= s->samples.len == 0 || t_ms > vec_last(&s->samples)->t_ms;
        vec_push(&s->samples, (Sample){ t_ms, v });
        stage->samples++;
        stage->min_ms = MIN_OF(stage->min_ms, t_ms);
        stage->max_ms = MAX_OF(stage->max_ms, t_ms);
}

bool stage_put(Stage *stage, Labels labels, int64_t t_ms, double v)
{
        Label pairs[256];
        size_t n = 0;
        if (labels.n > ARRAY_LEN(pairs))
                return false;
        for (size_t i = 0; i < labels.n; i++)
                if (labels.data[i].value.n)
                        pairs[n++] = labels.data[i];
        if (n == 0)
                return false;
        qsort(pairs, n, sizeof *pairs, by_name);
        for (size_t i = 1; i < n; i++)
                if (str_eq(pairs[i - 1].name, pairs[i].name))
                        return false;
        Labels sorted = { pairs, n };
        const size_t *known = stage_map_get(&stage->map, sorted);
        stage->last = known ? *known : stage->series.len;
        if (!known) {
                StageSeries fresh = { .labels = labels_dup(stage->arena, sorted), .sorted = true };
                vec_push(&stage->series, fresh);
                *stage_map_put(&stage->map, fresh.labels, NULL) = stage->last;
        }
        stage_more(stage, t_ms, v);
        return true;
}

/* ---- the store's face */

static int by_labels(const void *a, const void *b)
{
        return labels_cmp(((const StoreSeries *)a)->labels, ((const StoreSeries *)b)->labels);
}

static bool stage_select(Querier *face, const SelectArgs *args, Arena *arena, StoreSelection *ret, Err *err)
{
        Stage *stage = ((StageQuerier *)face)->stage;
        VEC(StoreSeries) found = { .arena = arena };
        (void)err;
        for (size_t i = 0; i < stage->series.len; i++)
                if (matchers_match(args->matchers, stage->series.data[i].labels))
                        vec_push(&found, (StoreSeries){ stage->series.data[i].labels, i });
        if (args->sorted && found.len)
                qsort(found.data, found.len, sizeof *found.data, by_labels);
        *ret = (StoreSelection){ .series = found.data, .n = found.len };
        return true;
}

static bool stage_read(Querier *face, const StoreSelection *sel, size_t i, int64_t min_ms, int64_t max_ms, Column *out,
                       Err *err)
{
        const StageSeries *s = &((StageQuerier *)face)->stage->series.data[sel->series[i].id];
        size_t lo = 0, hi = s->samples.len;
        (void)err;
        while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (s->samples.data[mid].t_ms < min_ms)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        for (; lo < s->samples.len && s->samples.data[lo].t_ms <= max_ms; lo++)
                column_push(out, s->samples.data[lo].t_ms, s->samples.data[lo].v);
        return true;
}

static void stage_close(Querier *q) { mem_free(q); }

static bool stage_querier(StoreEngine *engine, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err)
{
        (void)min_ms;
        (void)max_ms;
        (void)err;
        StageQuerier *q = mem_new(StageQuerier);
        q->face = (Querier){ .select = stage_select, .read = stage_read, .close = stage_close };
        q->stage = (Stage *)engine;
        *ret = &q->face;
        return true;
}

/* Merge sort, so that the first of equal times stays the first. */
static void sort_samples(Sample *a, Sample *spare, size_t n)
{
        if (n < 2)
                return;
        size_t half = n / 2, l = 0, r = half, k = 0;
        sort_samples(a, spare, half);
        sort_samples(a + half, spare, n - half);
        while (l < half || r < n)
                spare[k++] = r == n || (l < half && a[l].t_ms <= a[r].t_ms) ? a[l++] : a[r++];
        memcpy(a, spare, n * sizeof *a);
}

StoreEngine *stage_engine(Stage *stage, uint64_t *ret_repeated)
{
        uint64_t repeated = 0;
        vec_each(s, &stage->series) {
                if (s->sorted)
                        continue;
                Sample *spare = mem_new_array(Sample, s->samples.len);
                sort_samples(s->samples.data, spare, s->samples.len);
                mem_free(spare);
                size_t n = 0;
                for (size_t i = 0; i < s->samples.len; i++)
                        if (n == 0 || s->samples.data[n - 1].t_ms != s->samples.data[i].t_ms)
                                s->samples.data[n++] = s->samples.data[i];
                repeated += s->samples.len - n;
                s->samples.len = n;
                s->sorted = true;
        }
        if (ret_repeated)
                *ret_repeated += repeated;
        return &stage->engine;
}

/* ---- life */

Stage *stage_new(void)
{
        Stage *stage = mem_new(Stage);
        stage->engine.querier = stage_querier;
        stage->arena = arena_new();
        stage->min_ms = INT64_MAX;
        stage->max_ms = INT64_MIN;
        return stage;
}

void stage_clear(Stage *stage)
{
        vec_each(s, &stage->series)
                vec_done(&s->samples);
        vec_done(&stage->series);
        stage_map_done(&stage->map);
        arena_reset(stage->arena);
        stage->samples = 0;
        stage->min_ms = INT64_MAX;
        stage->max_ms = INT64_MIN;
}

void stage_free(Stage *stage)
{
        if (!stage)
                return;
        stage_clear(stage);
        arena_free(stage->arena);
        mem_free(stage);
}

size_t stage_samples(const Stage *stage) { return stage->samples; }

bool stage_range(const Stage *stage, int64_t *ret_min_ms, int64_t *ret_max_ms)
{
        if (stage->samples == 0)
                return false;
        *ret_min_ms = stage->min_ms;
        *ret_max_ms = stage->max_ms;
        return true;
}
