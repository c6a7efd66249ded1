/* model/histops.h - arithmetic on native histograms: HistSum, a histogram laid open that others are added to, and what
 * can be done with one or two finished ones.
 *
 * Results are new histograms in the arena given; operands stay as they are. Results have no empty buckets. */
#pragma once
#include "model/histcells.h"

typedef struct HistNumber {
        double v, c; /* c: what rounding lost (Neumaier); 0 when not compensated */
} HistNumber;

typedef struct HistSum {
        Arena *arena;
        int8_t schema;
        HistogramHint hint;
        bool compensated;
        double zero_threshold;
        HistNumber zero, count, sum;
        HistCells positive, negative;
        const double *custom;
        uint32_t n_custom;
} HistSum;

/* What somebody may want to be told about an operation. */
typedef struct HistNotes {
        bool reconciled; /* custom bounds differed: the result has those that both have */
        bool collision;  /* a counter reset met the explicit absence of one */
} HistNotes;

/* Opens a copy of h. Grows in arena. */
void histops_sum_open(HistSum *s, Arena *arena, const Histogram *h, bool compensated);
/* A copy that is changed independently; the same arena. */
void histops_sum_copy(HistSum *to, const HistSum *s);
/* s += factor * h with factor 1 or -1. False: one has custom buckets, the other has not; s is unchanged then. Notes are
 * added to *notes (may be NULL). */
bool histops_sum_add(HistSum *s, const Histogram *h, double factor, HistNotes *notes);
/* Makes the resolution of s as coarse as h's; custom buckets stay. */
void histops_sum_coarsen(HistSum *s, const Histogram *h);
void histops_sum_scale(HistSum *s, double factor);
void histops_sum_divide(HistSum *s, double divisor);
/* Is some number of it infinite? */
bool histops_sum_overflows(const HistSum *s);
/* True: adding h cannot overflow. False: it may. */
bool histops_sum_has_room(const HistSum *s, const Histogram *h);
/* The result, compensation added; s may go on. */
const Histogram *histops_sum_close(HistSum *s);

/* a + b, a - b (a gauge). NULL: exponential and custom buckets do not mix. */
const Histogram *histops_add(Arena *arena, const Histogram *a, const Histogram *b, HistNotes *notes);
const Histogram *histops_sub(Arena *arena, const Histogram *a, const Histogram *b, HistNotes *notes);
const Histogram *histops_mul(Arena *arena, const Histogram *h, double factor) RETURNS_NONNULL;
/* A division by 0 leaves no buckets but the zero bucket. */
const Histogram *histops_div(Arena *arena, const Histogram *h, double divisor) RETURNS_NONNULL;
/* Without empty buckets. */
const Histogram *histops_compact(Arena *arena, const Histogram *h) RETURNS_NONNULL;
/* The same with another hint; shares h's arrays. */
const Histogram *histops_with_hint(Arena *arena, const Histogram *h, HistogramHint hint) RETURNS_NONNULL;
/* The same buckets with the same counts, count, sum and zero bucket, bit by bit; hints do not matter. */
bool histops_equal(Arena *arena, const Histogram *a, const Histogram *b);
/* Did the counter restart between prev and h? The hint of h decides when it knows. */
bool histops_is_reset(Arena *arena, const Histogram *prev, const Histogram *h);
/* What is known of h when prev is the sample before it, for stores: its hint, or detection. */
HistogramHint histops_hint_after(Arena *arena, const Histogram *prev, const Histogram *h);
