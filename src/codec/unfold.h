/* codec/unfold.h - packed numbers to values in one pass: unpacks, scales, adds up, converts to doubles. With AVX2 where the processor has it,
 * plainly elsewhere, the same bits from both. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum UnfoldTo {
        UNFOLD_INTEGERS,
        UNFOLD_DOUBLES /* integer / divide; the integers lie inside (-2^51, 2^51), else the double is another one */
} UnfoldTo;

/* Value i is factor * number[i] + base, modulo 2^64; with `sums` the sum of those up to i, and of start. */
typedef struct Unfold {
        uint64_t factor, base, start;
        unsigned width; /* of a packed number */
        bool sums;
        UnfoldTo to;
        double divide;
} Unfold;

/* p: n packed numbers (codec/bitpack.h, with its padding). NULL: the numbers lie in out already, u->width says below which power of two.
 * Returns the last sum, start without sums. */
uint64_t unfold_run(const Unfold *u, const unsigned char *p, size_t n, uint64_t *out);
/* The same without vectors: what unfold_run is compared with. */
uint64_t unfold_plainly(const Unfold *u, const unsigned char *p, size_t n, uint64_t *out);
/* The sum of n packed numbers, modulo 2^64. p as above, not NULL. */
uint64_t unfold_total(const unsigned char *p, size_t n, unsigned width);
uint64_t unfold_total_plainly(const unsigned char *p, size_t n, unsigned width);
