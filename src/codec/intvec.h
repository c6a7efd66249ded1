/* codec/intvec.h - a vector of 64-bit integers in few bytes: values, their differences, the differences of those, or what a fraction of the
 * value before leaves; less a base, divided by what divides all, packed with one width or a few, or as digits of a radix; the few that do not fit
 * are patched. Pure. Layout: docs/formats/parts.md.
 *
 * Any int64 survives (arithmetic wraps). Decoding takes any bytes without harm. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/radix.h"
#include "codec/regress.h"

enum {
        INTVEC_MAX = 1024,     /* values of one vector */
        INTVEC_PAD_BYTES = 16, /* readable bytes that a decoder needs behind the bytes */
};

enum {
        INTVEC_RUNS = 16, /* of one vector, at most */
        INTVEC_UNIT = 32, /* numbers that the length of a run counts */
};

/* Neighbouring numbers that are packed alike. */
typedef struct IntvecRun {
        size_t n;
        unsigned width;  /* bits of a number that is not patched */
        RadixCode code;  /* radix 0: plain bits; else the numbers' bits from low on are digits */
        uint64_t offset; /* of its base, in steps above the vector's */
} IntvecRun;

/* How a vector will be coded; the arrays are scratch, so plans are made once and used for many vectors. */
typedef struct IntvecPlan {
        unsigned order; /* 0: values, 1: differences, 2: differences of differences, 3: rests of codec/regress.h */
        RegressFactor factor; /* of order 3 */
        unsigned n_runs;
        IntvecRun runs[INTVEC_RUNS];
        unsigned shift;   /* zero bits that all of them had at the end */
        uint64_t divisor; /* odd, divides all of them; 1: none */
        uint64_t base;
        size_t n, patches, bytes;  /* bytes: of the whole code, about */
        uint64_t rest[INTVEC_MAX]; /* what is packed, before shift and divisor */
} IntvecPlan;

/* Finds a short code of v[0..n), 1 <= n <= INTVEC_MAX. */
void intvec_plan(IntvecPlan *plan, const int64_t *v, size_t n);
/* Appends the code; v as given to intvec_plan. Changes plan->rest. */
void intvec_write(IntvecPlan *plan, const int64_t *v, Buf *out);
/* Fills out[0..n); *used: bytes of the code. ERR_CORRUPT when p holds no code of n values. */
MUST_CHECK bool intvec_read(Str bytes, size_t n, int64_t *out, size_t *used, Err *err);
/* Some of a vector. */
typedef struct IntvecPart {
        Str bytes;       /* of the whole vector, as for intvec_read */
        size_t n;        /* its values */
        size_t from, to; /* those that are wanted; from < to <= n */
} IntvecPart;
/* Fills out[0..to - from); *used as intvec_read. Fails when that does. */
MUST_CHECK bool intvec_read_part(const IntvecPart *part, int64_t *out, size_t *used, Err *err);
/* The same, each value as a double over `divide` (1 or a power of ten), in the same pass. Right for values inside (-2^51, 2^51); others become
 * other numbers, without harm. */
MUST_CHECK bool intvec_read_doubles(const IntvecPart *part, double divide, double *out, size_t *used, Err *err);
