/* model/histcells.h - HistCells: the buckets of one side of a histogram laid open, index by index, and where buckets end.
 *
 * Spans are good for keeping, bad for calculating: whoever adds, compares or thins out histograms opens them first. */
#pragma once
#include "model/histogram.h"

typedef struct HistCells {
        int32_t *idx; /* rising */
        double *v;
        double *c; /* what rounding lost, NULL: nobody keeps it */
        uint32_t n;
} HistCells;

/* The upper bound of bucket idx of an exponential schema; the lower one is that of idx - 1. Negative buckets mirror it. */
double histcells_bound(int32_t idx, int schema);
/* The index that idx has after the resolution was lowered from schema to `to` (to <= schema). */
int32_t histcells_lower(int32_t idx, int schema, int to);
/* In arena. Buckets that fall together at the lower resolution `to` are added up. */
HistCells histcells_open(Arena *arena, const HistogramSide *side, int schema, int to);
/* The same for custom buckets: each one goes to the bucket of `bounds` (a subset of h's) that ends where it does or later. */
HistCells histcells_open_custom(Arena *arena, const Histogram *h, const double *bounds, uint32_t n_bounds);
/* Spans again; buckets that are 0 are left out when `compact`. Compensation is not added. */
HistogramSide histcells_close(Arena *arena, const HistCells *cells, bool compact);
/* Removes the buckets that end at or below threshold (of an exponential schema). */
void histcells_drop_below(HistCells *cells, int schema, double threshold);
/* The bounds that both have; NULL and 0 when there is none. Points into a or a new array in arena. */
const double *histcells_common_bounds(Arena *arena, const double *a, uint32_t n_a, const double *b, uint32_t n_b,
                                      uint32_t *ret_n);
static inline bool histcells_custom(const Histogram *h) { return h->schema == HISTOGRAM_CUSTOM_SCHEMA; }
bool histcells_same_bounds(const Histogram *a, const Histogram *b);
