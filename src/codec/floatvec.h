/* codec/floatvec.h - a vector of doubles in few bytes, by the shortest of: all equal; decimals (integers over a power of ten, with exceptions:
 * ALP, Afroozeh et al., SIGMOD 2024); sums of decimals (each value is the one before plus a decimal, rounded as a machine rounds); the
 * bits as integers; a dictionary of signs and exponents beside plain mantissas; places on a grid and what is below (codec/gridvec.h). Pure. Layout: docs/formats/parts.md.
 *
 * Every bit pattern survives: stale markers, NaN payloads, infinities, negative zero, denormals. Decoding takes any bytes without harm. */
#pragma once
#include "codec/intvec.h"

enum {
        FLOATVEC_MAX = INTVEC_MAX,
        FLOATVEC_PAD_BYTES = INTVEC_PAD_BYTES,
        FLOATVEC_MAX_SCALE = 15, /* powers of ten that are tried */
};

/* The kinds, for those who count what is used. */
typedef enum FloatvecKind {
        FLOATVEC_CONSTANT, /* a decimal that fits 64 bits, or bits */
        FLOATVEC_DECIMAL,
        FLOATVEC_SUM,
        FLOATVEC_BITS,
        FLOATVEC_SPLIT, /* dictionary and mantissas */
        FLOATVEC_GRID,  /* places on a grid and what is below them */
        FLOATVEC_KINDS_
} FloatvecKind;
const char *floatvec_kind_name(FloatvecKind kind);

typedef struct FloatvecCoder FloatvecCoder; /* scratch memory of a writer; one thread at a time */
FloatvecCoder *floatvec_coder_new(void);
void floatvec_coder_free(FloatvecCoder *c);
DEFINE_AUTO(FloatvecCoder *, floatvec_coder_free);

/* Appends the shortest code of v[0..n), 1 <= n <= FLOATVEC_MAX. */
FloatvecKind floatvec_write(FloatvecCoder *c, const double *v, size_t n, Buf *out);
/* Fills out[0..n) (unspecified after a failure); *used: bytes of the code. bytes is followed by FLOATVEC_PAD_BYTES readable bytes. */
MUST_CHECK bool floatvec_read(Str bytes, size_t n, double *out, size_t *used, Err *err);
/* Fills out[0..to - from) with values [from, to) of the n, from < to <= n, without unfolding what the code lets it leave out. Fails when floatvec_read does. */
MUST_CHECK bool floatvec_read_some(Str bytes, size_t n, size_t from, size_t to, double *out, Err *err);
/* True: no value of this code is a NaN of any kind. False says nothing. Looks at the head only. */
bool floatvec_is_plain(Str bytes);
