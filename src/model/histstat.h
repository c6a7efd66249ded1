/* model/histstat.h - what a histogram tells: its buckets in order, quantiles, fractions, averages, and the part below or above a
 * value.
 *
 * All of it assumes that observations are spread evenly inside a bucket: on a logarithmic scale in exponential buckets, on a
 * linear one in custom buckets and in the zero bucket, which lies on one side of 0 when all other buckets do. */
#pragma once
#include "base/buf.h"
#include "model/histogram.h"

typedef struct HistBucket {
        double lower, upper, count;
        bool lower_inclusive, upper_inclusive;
        int8_t side; /* -1 negative, 0 the zero bucket, 1 positive (and custom) */
        int32_t idx; /* in its side */
} HistBucket;

/* From low to high, in arena; the zero bucket only when it counts something. */
HistBucket *histstat_buckets(Arena *arena, const Histogram *h, uint32_t *ret_n);

/* {count:10, sum:2.5, (0.5,1]:4, ...}: as upstream prints one. */
void histstat_print(Buf *out, const Histogram *h);

/* How far an answer can be trusted when the sum says that NaN was observed. */
typedef enum HistTrust { HIST_TRUST_FULL, HIST_TRUST_SKEWED, HIST_TRUST_NONE } HistTrust;

double histstat_quantile(Arena *arena, const Histogram *h, double q, HistTrust *ret_trust);
/* Were NaNs observed? A NaN sum alone may come from infinities of both signs. */
bool histstat_has_nan(Arena *arena, const Histogram *h);
/* The share of observations in (lower, upper]. */
double histstat_fraction(Arena *arena, const Histogram *h, double lower, double upper);
double histstat_variance(Arena *arena, const Histogram *h);
/* What lies below `at` (keep_below) or above it: buckets cut, count and sum estimated anew. h itself when nothing is cut. */
const Histogram *histstat_trim(Arena *arena, const Histogram *h, double at, bool keep_below);
