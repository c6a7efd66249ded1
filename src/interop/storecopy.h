/* interop/storecopy.h - moves samples from one store into another, window by window, so that both sides see them in time order. */
#pragma once
#include <stdint.h>

#include "store/store.h"

enum {
        STORECOPY_WINDOW_MS = 2 * 3600 * 1000, /* read from a series at a time */
        STORECOPY_BATCH = 50000,               /* samples of one commit, at least */
};

typedef struct StoreCopyStats {
        uint64_t series;                      /* that had samples */
        uint64_t samples, histograms;         /* accepted; samples counts both */
        uint64_t refused[APPEND_RESULT_MAX_]; /* by reason; APPEND_DUPLICATE counts samples that were there already */
        uint64_t histograms_unsupported;      /* the target cannot store histograms */
        double done;                          /* 0..1, of the time range */
        Buf first_refused;                    /* a series and a time, for the message; heap; the caller frees it */
} StoreCopyStats;

typedef struct StoreCopyOptions {
        Matchers matchers;
        int64_t min_ms, max_ms; /* inclusive: of what is copied */
        const Cancel *cancel;   /* may be NULL */
        /* Called between commits; may be NULL. False stops with its error. */
        bool (*progress)(void *ctx, const StoreCopyStats *stats, Err *err);
        void *ctx;
} StoreCopyOptions;

/* stats starts zeroed and is right, as far as it went, also after a failure. Refused samples are counted, not errors. */
MUST_CHECK bool storecopy_run(StoreEngine *from, StoreEngine *to, const StoreCopyOptions *options,
                              StoreCopyStats *stats, Err *err);
/* Start of the window of two hours that t_ms lies in, for negative times too. */
int64_t storecopy_window(int64_t t_ms);
