/* tsdb/walrec.h - what a WAL record says: sections of series definitions, samples, and (in checkpoints) series states and one
 * header. Pure bytes <-> values. Layout: docs/formats/wal.md. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/labels.h"
#include "store/store.h"

enum {
        WALREC_SERIES = 1,       /* id and labels */
        WALREC_SAMPLES = 2,      /* id, time, value */
        WALREC_STATES = 3,       /* id, last closed time and value */
        WALREC_CHECKPOINT = 4,   /* next id, sealed files */
        WALREC_HISTOGRAMS = 5,   /* id, time, a chunk of one sample (histchunk.h) */
        WALREC_LATE = 6,         /* the same, for samples older than the newest of their series */
        WALREC_EXEMPLARS = 7,    /* id, time, value, labels */
        WALREC_MAX_LABELS = 256, /* of one series: LABELCHECK_MAX_LABELS */
};

typedef struct WalState {
        uint64_t sid;
        int64_t closed_ms;
        uint64_t closed_bits;
} WalState;

typedef struct WalCheckpoint {
        uint64_t next_sid;
        const uint32_t *sealed; /* ids of chunk files whose content the states include */
        size_t n_sealed;
} WalCheckpoint;

/* ---- writing: begin, add any number, end */
typedef struct WalrecWriter {
        Buf *out;
        size_t start; /* of the section's content */
        uint64_t sid; /* the last one */
        int64_t t_ms;
} WalrecWriter;

void walrec_begin(WalrecWriter *w, Buf *out, int kind);
void walrec_series(WalrecWriter *w, uint64_t sid, Labels labels);
void walrec_sample(WalrecWriter *w, uint64_t sid, int64_t t_ms, double v);
/* One sample of any kind, in a section of histograms or of late samples. chunk: what histchunk_append made of it alone. */
void walrec_rich(WalrecWriter *w, uint64_t sid, int64_t t_ms, Str chunk);
void walrec_exemplar(WalrecWriter *w, uint64_t sid, const Exemplar *exemplar);
void walrec_state(WalrecWriter *w, const WalState *state);
void walrec_checkpoint(WalrecWriter *w, const WalCheckpoint *checkpoint);
void walrec_end(WalrecWriter *w);

/* ---- reading */
typedef struct WalrecHandler {
        void *ctx;
        void (*series)(void *ctx, uint64_t sid, Labels labels); /* labels valid for the call */
        void (*sample)(void *ctx, uint64_t sid, int64_t t_ms, double v);
        void (*state)(void *ctx, const WalState *state);
        void (*checkpoint)(void *ctx, const WalCheckpoint *checkpoint);
        void (*rich)(void *ctx, uint64_t sid, int64_t t_ms, Str chunk, bool late); /* may be NULL, as the next */
        void (*exemplar)(void *ctx, uint64_t sid, const Exemplar *exemplar);       /* valid for the call */
} WalrecHandler;

/* Calls the handler for everything in the record, in order. Sections of unknown kinds are skipped. ERR_CORRUPT when the content is
 * malformed; what came before has then been handled. */
MUST_CHECK bool walrec_read(Str payload, const WalrecHandler *handler, Err *err);
