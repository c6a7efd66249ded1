/* codec/regress.h - integers of which each is a fraction of the one before, and something new: x[i] = x[0] + f (x[i-1] - x[0]) + rest[i]. For gauges
 * that are pulled back to where they come from. The rest lies closer together than values or differences do. Pure; any int64 survives. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        REGRESS_MIN = 64, /* fewer numbers are not worth it */
        REGRESS_MAX = 1024,
        REGRESS_MAX_BITS = 30, /* of the factor's fraction */
        REGRESS_LEGS = 2, /* halves of a vector: each adds up by itself, so that they can be added up side by side */
};

/* factor / 2^bits. The further apart the values are, the more bits; their product with a difference fits 64 bits. */
typedef struct RegressFactor {
        int32_t factor;
        unsigned bits;
} RegressFactor;

/* *range: of rests that are worth it; then what it is, about. INFINITY: one some percent narrower than the values' (order 0), or their differences'. */
bool regress_find(const int64_t *v, size_t n, unsigned order, RegressFactor *ret, double *range);
/* n - REGRESS_LEGS numbers. */
void regress_rest(const int64_t *v, size_t n, RegressFactor f, uint64_t *rest);
uint64_t regress_rest_at(const int64_t *v, size_t n, RegressFactor f, size_t at); /* one of them */
/* Where the second leg begins. */
static inline size_t regress_second(size_t n) { return (n + 1) / 2; }
/* The reverse, in place: the rest lies in x[REGRESS_LEGS, n); n >= REGRESS_LEGS. */
void regress_undo(uint64_t *x, size_t n, RegressFactor f, uint64_t first, uint64_t second);
/* One leg alone: x[0] = start, the rest lies in x[1, n). */
void regress_undo_leg(uint64_t *x, size_t n, RegressFactor f, uint64_t first, uint64_t start);
