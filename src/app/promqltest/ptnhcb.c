/* Invariants:
 * 1. A classic histogram is the series that differ in the name's suffix and in `le` only; at each step it has the parts that
 *    have a float there.
 * 2. Without a count the highest bucket's is taken; without a bucket for +Inf the count is its value. */
#include "app/promqltest/ptnhcb.h"

#include <math.h>
#include <stdlib.h>

#include "codec/floats.h"
#include "model/histcells.h"

typedef struct Part {
        double bound; /* of a bucket */
        const PtSeries *series;
} Part;

typedef struct Classic {
        Labels labels;
        VEC(Part) buckets; /* by bound */
        const PtSeries *sum, *count;
        size_t n; /* of the longest series */
} Classic;

typedef VEC(Classic) ClassicVec;

static Classic *classic_of(ClassicVec *all, Labels labels, Str base, Arena *arena)
{
        LabelsBuilder b;
        labels_builder_init(&b, arena, labels);
        labels_builder_set(&b, LABEL_NAME, base);
        labels_builder_del(&b, STR("le"));
        Labels own = labels_builder_build(&b, arena);
        vec_each(c, all) {
                if (labels_eq(c->labels, own))
                        return c;
        }
        vec_push(all, (Classic){ .labels = own, .buckets.arena = arena });
        return &all->data[all->len - 1];
}

static int by_bound(const void *a, const void *b)
{
        double x = ((const Part *)a)->bound, y = ((const Part *)b)->bound;
        return (x > y) - (x < y);
}

static void add_part(ClassicVec *all, const PtSeries *series, Arena *arena)
{
        static const Str BUCKET = STR_INIT("_bucket"), SUM = STR_INIT("_sum"), COUNT = STR_INIT("_count");
        Str name = labels_get(series->labels, LABEL_NAME);
        Part part = { .series = series };
        bool bucket = str_ends(name, BUCKET), sum = str_ends(name, SUM);
        if (bucket ? !floats_parse(labels_get(series->labels, STR("le")), &part.bound) || isnan(part.bound)
                   : !sum && !str_ends(name, COUNT))
                return;
        size_t suffix = bucket ? BUCKET.n : sum ? SUM.n : COUNT.n;
        Classic *c = classic_of(all, series->labels, str_sub(name, 0, name.n - suffix), arena);
        c->n = MAX_OF(c->n, series->n);
        if (bucket)
                vec_push(&c->buckets, part);
        else
                *(sum ? &c->sum : &c->count) = series;
}

static bool value_at(const PtSeries *series, size_t i, double *ret)
{
        if (!series || i >= series->n || series->values[i].omitted || series->values[i].h)
                return false;
        *ret = series->values[i].v;
        return true;
}

/* The sample at step i; omitted when no part is there. */
static bool sample_at(const Classic *c, size_t i, Arena *arena, SequenceValue *ret, Err *err)
{
        size_t room = c->buckets.len + 1;
        double *bounds = arena_raw_array(arena, double, room), *totals = arena_raw_array(arena, double, room), v;
        Histogram *h = arena_new_of(arena, Histogram);
        uint32_t n = 0;
        for (const Part *p = c->buckets.data; p < c->buckets.data + c->buckets.len; p++) {
                if (!value_at(p->series, i, &v))
                        continue;
                if (n == 0 || bounds[n - 1] != p->bound)
                        bounds[n++] = p->bound;
                totals[n - 1] = v;
        }
        bool has_count = value_at(c->count, i, &h->count), has_sum = value_at(c->sum, i, &h->sum);
        *ret = (SequenceValue){ .omitted = n == 0 && !has_count && !has_sum, .h = h };
        if (!has_count && n > 0)
                h->count = totals[n - 1];
        if (n == 0 || bounds[n - 1] != (double)INFINITY) {
                bounds[n] = (double)INFINITY;
                totals[n++] = h->count;
        }
        for (uint32_t k = n; k-- > 1;) {
                totals[k] -= totals[k - 1];
                if (totals[k] < 0)
                        return err_set(err, ERR_INVALID, "the buckets of a classic histogram fall at step %zu", i);
        }
        int32_t *idx = arena_raw_array(arena, int32_t, n);
        for (uint32_t k = 0; k < n; k++)
                idx[k] = (int32_t)k;
        h->schema = HISTOGRAM_CUSTOM_SCHEMA;
        h->custom = bounds;
        h->n_custom = n - 1;
        h->positive = histcells_close(arena, &(HistCells){ .idx = idx, .v = totals, .n = n }, true);
        return true;
}

bool ptnhcb_collate(const PtLoad *load, Arena *arena, PtSeriesVec *ret, Err *err)
{
        ClassicVec all = { .arena = arena };
        for (size_t i = 0; i < load->series.len; i++)
                add_part(&all, &load->series.data[i], arena);
        ret->arena = arena;
        vec_each(c, &all) {
                if (c->buckets.len)
                        qsort(c->buckets.data, c->buckets.len, sizeof(Part), by_bound);
                PtSeries series = { .labels = c->labels, .n = c->n };
                series.values = arena_array(arena, SequenceValue, c->n + 1);
                for (size_t i = 0; i < c->n; i++)
                        if (!sample_at(c, i, arena, &series.values[i], err))
                                return false;
                vec_push(ret, series);
        }
        return true;
}
