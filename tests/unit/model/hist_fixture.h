/* Histograms for tests, made in one line. */
#pragma once
#include "testing.h"

#include "model/histogram.h"

/* One span from `offset`. */
static inline HistogramSide hist_side(Arena *arena, int32_t offset, const double *counts, uint32_t n)
{
        HistogramSpan *span = arena_new_of(arena, HistogramSpan);
        double *own = arena_raw_array(arena, double, n + 1);
        for (uint32_t i = 0; i < n; i++)
                own[i] = counts[i];
        *span = (HistogramSpan){ .offset = offset, .n = n };
        return (HistogramSide){ .spans = span, .counts = own, .n_spans = 1, .n_counts = n };
}

static inline double hist_total(const HistogramSide *side)
{
        double sum = 0;
        for (uint32_t i = 0; i < side->n_counts; i++)
                sum += side->counts[i];
        return sum;
}

static inline bool hist_near(double a, double b) { return __builtin_fabs(a - b) <= 1e-12 * __builtin_fabs(b); }
#define assert_near(a, b) assert_true(hist_near((a), (b)))
#define COUNTS(...) (const double[]){ __VA_ARGS__ }, sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double)

/* Positive buckets of an exponential schema; the count is theirs. */
static inline Histogram *hist_new(Arena *arena, int8_t schema, double sum, int32_t offset, const double *counts,
                                  uint32_t n)
{
        Histogram *h = arena_new_of(arena, Histogram);
        *h = (Histogram){ .schema = schema, .sum = sum, .positive = hist_side(arena, offset, counts, n) };
        h->count = hist_total(&h->positive);
        return h;
}

static inline Histogram *hist_custom(Arena *arena, double sum, const double *bounds, uint32_t n_bounds,
                                     const double *counts, uint32_t n)
{
        Histogram *h = hist_new(arena, HISTOGRAM_CUSTOM_SCHEMA, sum, 0, counts, n);
        double *own = arena_raw_array(arena, double, n_bounds + 1);
        for (uint32_t i = 0; i < n_bounds; i++)
                own[i] = bounds[i];
        h->custom = own;
        h->n_custom = n_bounds;
        return h;
}
