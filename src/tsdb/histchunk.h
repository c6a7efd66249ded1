/* tsdb/histchunk.h - the code of open and closed chunks of series that have native histograms or start timestamps; floats may stand
 * between them. Bytes, a sample after the other; exact for every bit. Layout: docs/formats/chunks.md, encoding 2.
 *
 * Writes into an XorChunk (its stream, times and counts mean the same) whose code is XORCHUNK_CODE_HISTOGRAMS. */
#pragma once
#include "store/store.h"
#include "tsdb/xorchunk.h"

enum {
        HISTCHUNK_FULL_BYTES = 8 << 10,     /* a chunk that is longer takes no more samples */
        HISTCHUNK_MAX_SAMPLE_BYTES = 40960, /* more than the largest that histcheck.h lets through: see histchunk.c */
        HISTCHUNK_MAX_BUCKETS = 1 << 16,    /* what a decoder believes */
};

/* Makes an empty chunk one of this code. */
void histchunk_begin(XorChunk *c);
bool histchunk_is_full(const XorChunk *c);
/* The chunk is of this code and not full, t_ms > last_ms, and the histogram (if any) passed histcheck_why_not. A histogram is given
 * the hint that a reader may rely on: not reset when it is so, never more. */
void histchunk_append(XorChunk *c, const StoreSample *sample);
/* What last_bits says of a sample: the bits of a float, a fingerprint of a histogram. */
uint64_t histchunk_value_bits(const StoreSample *sample);
/* As xorchunk_decode. Histograms live in column_arena(out). */
MUST_CHECK bool histchunk_decode(Str stream, size_t n, int64_t first_ms, int64_t min_ms, int64_t max_ms, Column *out,
                                 Err *err);
void histchunk_state_free(HistState *state);
