/* model/histogram.h - Histogram: one native histogram sample (exponential buckets, or custom bounds), as Prometheus 3.14 knows it.
 *
 * Counts are doubles throughout: an integer histogram is one whose `integer` is set, its counts are exact below 2^53. Buckets
 * hold absolute counts (not deltas). A Histogram is a plain value: its arrays live in the arena it was made with, or wherever
 * its maker says; nobody changes one that others can see. Source of the meaning: research of the upstream format, schema -53. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum {
        HISTOGRAM_MIN_SCHEMA = -4,
        HISTOGRAM_MAX_SCHEMA = 8,
        HISTOGRAM_CUSTOM_SCHEMA = -53, /* bounds are in `custom`; only positive buckets, no zero bucket */
};

/* What is known of a counter reset between the sample before and this one. */
typedef enum HistogramHint {
        HISTOGRAM_HINT_UNKNOWN,
        HISTOGRAM_HINT_RESET,
        HISTOGRAM_HINT_NOT_RESET,
        HISTOGRAM_HINT_GAUGE,
} HistogramHint;

/* `offset` empty buckets after the end of the span before (the first: the index of its first bucket), then `n` buckets. */
typedef struct HistogramSpan {
        int32_t offset;
        uint32_t n;
} HistogramSpan;

typedef struct HistogramSide {
        const HistogramSpan *spans;
        const double *counts; /* one for each bucket of the spans, in their order */
        uint32_t n_spans, n_counts;
} HistogramSide;

typedef struct Histogram {
        int8_t schema;
        uint8_t hint; /* HistogramHint */
        bool integer; /* came with integer counts */
        double zero_threshold, zero_count;
        double count, sum; /* a sum of sample_stale() bits: the series ended here, all else is empty */
        HistogramSide positive, negative;
        const double *custom; /* upper bounds without +Inf, rising; NULL unless schema is HISTOGRAM_CUSTOM_SCHEMA */
        uint32_t n_custom;
} Histogram;

/* A deep copy in arena. */
Histogram *histogram_dup(Arena *arena, const Histogram *h) RETURNS_NONNULL;
/* True when everything is the same bit by bit (NaN payloads too), the hint left out. */
bool histogram_same(const Histogram *a, const Histogram *b);
bool histogram_is_stale(const Histogram *h);
