/* interop/promrec.h - what a record of Prometheus' write-ahead log says: series, samples, histograms, deletions, exemplars, metadata.
 *
 * Facts: Prometheus' public description of its log format. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

typedef enum PromRecType {
        PROMREC_SERIES = 1,
        PROMREC_SAMPLES = 2,
        PROMREC_TOMBSTONES = 3,
        PROMREC_EXEMPLARS = 4,
        PROMREC_MMAP_MARKERS = 5,
        PROMREC_METADATA = 6,
        PROMREC_HISTOGRAMS = 7,
        PROMREC_FLOAT_HISTOGRAMS = 8,
        PROMREC_CUSTOM_HISTOGRAMS = 9,
        PROMREC_CUSTOM_FLOAT_HISTOGRAMS = 10,
} PromRecType;

/* Who is told. Every pointer may be NULL; strings, labels and histograms are valid during the call. */
typedef struct PromRecSink {
        void *ctx;
        void (*series)(void *ctx, uint64_t ref, Labels labels);
        void (*sample)(void *ctx, uint64_t ref, int64_t t_ms, double v);
        void (*histogram)(void *ctx, uint64_t ref, int64_t t_ms, const Histogram *h);
        void (*deletion)(void *ctx, uint64_t ref, int64_t from_ms, int64_t to_ms);
        void (*exemplar)(void *ctx, uint64_t ref, const Exemplar *exemplar);
        void (*metadata)(void *ctx, uint64_t ref, unsigned type, Str unit, Str help);
} PromRecSink;

/* Tells the sink everything in the record. scratch holds labels and histograms: the caller resets it. ERR_CORRUPT: malformed (what
 * came before was told); ERR_UNSUPPORTED: a type that we do not know. */
MUST_CHECK bool promrec_decode(Str record, const PromRecSink *sink, Arena *scratch, Err *err);
