/* part/histblock.h - a block of histograms with one layout (schema, spans, bounds), column by column: counts, sums and each bucket are
 * vectors of doubles of their own. Pure. Layout: docs/formats/parts.md. Every histogram comes back as histogram_same knows it, its hint too. */
#pragma once
#include "codec/floatvec.h"
#include "model/histogram.h"

enum {
        HISTBLOCK_MAX = 256,             /* samples */
        HISTBLOCK_MAX_BUCKETS = 1 << 16, /* of both sides, and bounds: what a decoder believes */
};

/* How many of h[0..n) from the first on share its layout; at least 1. */
size_t histblock_run(const Histogram *const *h, size_t n);
/* 1 <= n <= HISTBLOCK_MAX, all of one layout. */
void histblock_write(FloatvecCoder *c, const Histogram *const *h, size_t n, Buf *out);
/* ret[0..n) live in arena. bytes is followed by FLOATVEC_PAD_BYTES readable bytes. */
MUST_CHECK bool histblock_read(Str bytes, size_t n, Arena *arena, const Histogram **ret, Err *err);
