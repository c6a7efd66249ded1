/* tsdb/xorchunk.h - XorChunk: the samples of one series, compressed as they come: delta-of-delta times and XORed values in one
 * stream of bits, most significant first. Every bit pattern of a value survives. Layout: docs/formats/chunks.md.
 *
 * Not thread-safe, with one exception: last_ms and last_bits may be read with atomic loads while another thread appends. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "model/sample.h"

enum {
        XORCHUNK_MAX_SAMPLES = 240,
        XORCHUNK_MAX_BYTES = 2048, /* of the stream */
        XORCHUNK_PAD_BYTES = 32,   /* readable bytes that a decoder needs behind the stream */
        XORCHUNK_SEEK_BYTES =
                160, /* of the stream between places where a decoder may begin: a fifth of an open chunk's memory at most */
};

/* How the stream is to be read. */
typedef enum XorChunkCode { XORCHUNK_CODE_FLOATS, XORCHUNK_CODE_HISTOGRAMS /* histchunk.h */ } XorChunkCode;
typedef struct HistState HistState;

/* Zero-initialised but for last_ms is empty. */
typedef struct XorChunk {
        uint8_t *p;       /* owned; NULL while empty */
        int64_t first_ms; /* of the first sample; meaningless while n == 0 */
        int64_t last_ms;  /* of the newest sample ever; INT64_MIN before the first; survives xorchunk_reset */
        union {
                int64_t delta_ms; /* between the last two */
                HistState *state; /* owned; of histograms */
        };
        uint64_t last_bits; /* the newest value; survives xorchunk_reset */
        uint32_t bits;      /* length of the stream */
        uint32_t cap_bytes;
        uint16_t n;          /* samples */
        uint8_t lead, width; /* window of the last XOR; width 0: none yet */
        uint8_t code;        /* XorChunkCode */
        uint8_t seeks;       /* XorSeek that lie at the end of p */
} XorChunk;

/* Where a decoder may begin: what it knows after a sample. Open chunks have them in memory; they are not part of the stream. */
typedef struct XorSeek {
        int64_t t_ms, delta_ms; /* of the sample, and from the one before to it */
        uint64_t value;
        uint32_t bits;       /* of the stream up to here */
        uint16_t n;          /* samples up to here, this one counted */
        uint8_t lead, width; /* as XorChunk */
} XorSeek;

void xorchunk_init(XorChunk *c);
void xorchunk_done(XorChunk *c);
/* Starts over empty, for floats, keeps the memory's owner clean: frees the stream. */
void xorchunk_reset(XorChunk *c);
static inline bool xorchunk_is_full(const XorChunk *c)
{
        return c->n >= XORCHUNK_MAX_SAMPLES || c->bits >= (XORCHUNK_MAX_BYTES - XORCHUNK_PAD_BYTES) * 8;
}
static inline size_t xorchunk_bytes(const XorChunk *c) { return (c->bits + 7) / 8; }
/* t_ms > last_ms and the chunk is not full. */
void xorchunk_append(XorChunk *c, int64_t t_ms, double v);
/* The last place that leaves nothing of [min_ms, ...) out; n == 0: the chunk's beginning. */
XorSeek xorchunk_seek(const XorChunk *c, int64_t min_ms);
/* As xorchunk_decode, beginning at a place with n > 0. stream: from byte from->bits / 8 of the chunk's stream on; n: samples of the whole chunk. */
MUST_CHECK bool xorchunk_decode_from(Str stream, size_t n, const XorSeek *from, int64_t min_ms, int64_t max_ms,
                                     Column *out, Err *err);
/* Appends to out the samples with min_ms <= t <= max_ms. stream is borrowed and followed by XORCHUNK_PAD_BYTES readable
 * bytes. ERR_CORRUPT when the stream holds fewer than n samples or its times do not rise; out is then as it was. */
MUST_CHECK bool xorchunk_decode(Str stream, size_t n, int64_t first_ms, int64_t min_ms, int64_t max_ms, Column *out,
                                Err *err);
