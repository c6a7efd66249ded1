/* codec/gridvec.h - doubles of full precision that lie near each other, in two parts: where a value lies on a grid of a power of two, an integer
 * that neighbours tell much about (codec/intvec.h), and the bits of its mantissa below the grid, of which nobody knows anything. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* 2^-shift is the distance of places on the grid; the lowest `zeros` bits of all mantissas are zero. */
typedef struct Gridvec {
        int shift;
        unsigned zeros;
} Gridvec;

enum { GRIDVEC_MAX_SHIFT = 1000 };

/* A grid some thousand times finer than what values differ by; false when there is none. */
bool gridvec_choose(const double *v, size_t n, Gridvec *ret);
/* Fills places[0..n) and the numbers of values that have none (not finite, next to zero, denormal); returns how many. Their places are those of
 * neighbours. Finds ret->zeros. */
size_t gridvec_split(Gridvec *g, const double *v, size_t n, int64_t *places, uint16_t *exceptions);
size_t gridvec_tail_bytes(const Gridvec *g, const int64_t *places, size_t n);
void gridvec_write_tails(const Gridvec *g, const double *v, const int64_t *places, size_t n, Buf *out);
/* The tails of n values, of which [from, to) are wanted. p is followed by 8 readable bytes. */
typedef struct GridvecTails {
        const unsigned char *p;
        size_t bytes, n, from, to;
} GridvecTails;
/* v holds n places as doubles; those wanted become values. False when there are fewer bytes than the n tails take. *ret_used: theirs. */
bool gridvec_join(const Gridvec *g, const GridvecTails *tails, double *v, size_t *ret_used);
