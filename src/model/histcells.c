/* Invariants:
 * 1. Indexes of cells rise strictly; histcells_open keeps buckets that are 0.
 * 2. An index outside int32_t (hostile spans) saturates; its bound is then 0 or infinite. */
#include "model/histcells.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/bits.h"

/* 2^(i/256) for i = 1 to 255 as upstream's table has it, in steps of the last binary digit from the nearest number: bounds are part
 * of answers, which are the same to the last digit. Coarser schemas have every second, fourth, ... of them. */
// clang-format off
static const int8_t OFF[255] = {
                0, 0, 0, 0, 0, -1, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, -1, -2, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1,
                -1, -1, 0, 0, -1, 0, 0, 0, -1, 0, 0, -1, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 1, -1, -1, 0, 0, -1,
                -1, 0, 0, -1, -1, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -2, -2, -1, 0, -2, -1, 0, 0, -1, 0, 0, 0, -1, 0,
                0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, -1, 0, 1, 0, 0, -1, 0, -2, -2, 0, 0, -1, -1, 0, -1, -1, -1, 0, 0,
                -1, 0, -1, 0, -2, -2, -1, -1, -1, -1, -1, 0, -1, 0, -1, -1, -2, -2, -1, -1, -2, -1, -1, 0, -1, -1,
                -1, -1, -1, -1, -1, -1, -2, -1, -2, -1, -2, -2, -2, -1, -2, -2, 0, 0, -1, -1, 0, 0, -1, 0, -1, -1,
                -2, -2, -1, 0, -2, -2, -1, -1, -2, -2, -1, 0, -1, -1, -2, -1, -2, -2, -1, -1, -2, -1, -1, -1, -3, -2,
                -1, -1, -2, -1, -2, -2, -3, -2, -2, -2, -3, -2, -2, -2, -2, -2, -2, -2, -3, -3, -3, -3, -4, -4, -3,
                -2, -4, -3, -1, -1, -2, -1, -1, -2, -2, -2, -2, -1, -3, -3, -1, -1, -2, -2, -2, -1, -3, -2, -1, -1,
                -2, -2, -2, -2, -4, -3, -2, -2, -3, -3,
};
// clang-format on

static double root_of_two(unsigned i, unsigned n)
{
        double nearest = exp2((double)i / n);
        return bits_to_double(bits_of_double(nearest) + (uint64_t)(int64_t)OFF[i * (256 / n) - 1]);
}

double histcells_bound(int32_t idx, int schema)
{
        /* Finite numbers end at DBL_MAX, which is no bound of any schema; the next bucket holds the infinities. */
        if (schema < 0) {
                int64_t exp = (int64_t)idx * (1 << -schema);
                return exp == 1024 ? DBL_MAX : ldexp(1, (int)(exp > 5000 ? 5000 : exp < -5000 ? -5000 : exp));
        }
        int32_t fraction = idx & ((1 << schema) - 1), exp = idx >> schema;
        if (fraction == 0 && exp == 1024)
                return DBL_MAX;
        return ldexp(fraction ? root_of_two((unsigned)fraction, 1u << schema) : 1, exp);
}

int32_t histcells_lower(int32_t idx, int schema, int to)
{
        return (int32_t)((((int64_t)idx - 1) >> (schema - to)) + 1);
}

static HistCells cells_new(Arena *arena, uint32_t n)
{
        return (HistCells){ .idx = arena_raw_array(arena, int32_t, n + 1), .v = arena_raw_array(arena, double, n + 1) };
}

/* Indexes must not fall from call to call. */
static void put(HistCells *cells, int32_t idx, double v)
{
        if (cells->n && cells->idx[cells->n - 1] == idx) {
                cells->v[cells->n - 1] += v;
                return;
        }
        cells->idx[cells->n] = idx;
        cells->v[cells->n++] = v;
}

static int32_t clamp_idx(int64_t idx)
{
        return (int32_t)(idx > INT32_MAX ? INT32_MAX : idx < INT32_MIN ? INT32_MIN : idx);
}

HistCells histcells_open(Arena *arena, const HistogramSide *side, int schema, int to)
{
        HistCells cells = cells_new(arena, side->n_counts);
        int64_t idx = 0;
        uint32_t at = 0;
        for (uint32_t s = 0; s < side->n_spans; s++) {
                idx += side->spans[s].offset;
                for (uint32_t k = 0; k < side->spans[s].n && at < side->n_counts; k++, idx++, at++) {
                        int32_t i = clamp_idx(idx);
                        put(&cells, to < schema ? histcells_lower(i, schema, to) : i, side->counts[at]);
                }
        }
        return cells;
}

HistCells histcells_open_custom(Arena *arena, const Histogram *h, const double *bounds, uint32_t n_bounds)
{
        HistCells all = histcells_open(arena, &h->positive, 0, 0);
        if (n_bounds == h->n_custom)
                return all;
        HistCells cells = cells_new(arena, all.n);
        uint32_t to = 0;
        for (uint32_t i = 0; i < all.n; i++) {
                int32_t idx = all.idx[i];
                double end = idx >= 0 && (uint32_t)idx < h->n_custom ? h->custom[idx] : (double)INFINITY;
                while (to < n_bounds && bounds[to] < end)
                        to++;
                put(&cells, (int32_t)to, all.v[i]);
        }
        return cells;
}

HistogramSide histcells_close(Arena *arena, const HistCells *cells, bool compact)
{
        HistogramSide side = { 0 };
        double *counts = arena_raw_array(arena, double, cells->n + 1);
        HistogramSpan *spans = arena_raw_array(arena, HistogramSpan, cells->n + 1);
        int64_t next = 0; /* the index after the last bucket written */
        for (uint32_t i = 0; i < cells->n; i++) {
                if (compact && cells->v[i] == 0)
                        continue;
                if (side.n_spans == 0 || cells->idx[i] != next)
                        spans[side.n_spans++] = (HistogramSpan){ .offset = clamp_idx(cells->idx[i] - next) };
                spans[side.n_spans - 1].n++;
                counts[side.n_counts++] = cells->v[i];
                next = (int64_t)cells->idx[i] + 1;
        }
        side.spans = side.n_spans ? spans : NULL;
        side.counts = side.n_counts ? counts : NULL;
        return side;
}

void histcells_drop_below(HistCells *cells, int schema, double threshold)
{
        uint32_t gone = 0;
        while (gone < cells->n && histcells_bound(cells->idx[gone], schema) <= threshold)
                gone++;
        cells->idx += gone;
        cells->v += gone;
        cells->c = cells->c ? cells->c + gone : NULL;
        cells->n -= gone;
}

bool histcells_same_bounds(const Histogram *a, const Histogram *b)
{
        if (a->n_custom != b->n_custom)
                return false;
        for (uint32_t i = 0; i < a->n_custom; i++)
                if (a->custom[i] != b->custom[i])
                        return false;
        return true;
}

const double *histcells_common_bounds(Arena *arena, const double *a, uint32_t n_a, const double *b, uint32_t n_b,
                                      uint32_t *ret_n)
{
        double *common = arena_raw_array(arena, double, n_a + 1);
        uint32_t n = 0;
        for (uint32_t i = 0, k = 0; i < n_a && k < n_b;) {
                if (a[i] == b[k]) {
                        common[n++] = a[i];
                        i++;
                        k++;
                } else if (a[i] < b[k]) {
                        i++;
                } else {
                        k++;
                }
        }
        *ret_n = n;
        return n ? common : NULL;
}
