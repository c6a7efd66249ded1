/* codec/intvecformat.h - the marks of an integer vector's head, for its writer and its reader. */
#pragma once
#include <stddef.h>

#include "codec/regress.h"

enum {
        /* Of the first byte, above the order. */
        INTVECFORMAT_STEP = 4,
        INTVECFORMAT_PATCHES = 8,
        INTVECFORMAT_RUNS = 16,
        INTVECFORMAT_STEPS = 32, /* first values and base are counted in steps */
        INTVECFORMAT_FLAGS = 63,
        /* Of a run's width. */
        INTVECFORMAT_RADIX_FOLLOWS = 128, /* lower bits, and words of 32 bits as in version 2 */
        INTVECFORMAT_LONG_WORDS = 64,     /* with it: words of the digits that stand behind the radix */
        INTVECFORMAT_LOW_MASK = 63,
        INTVECFORMAT_REGRESSED = 3, /* order */
};

/* Values that are stored by themselves. */
static inline size_t intvecformat_firsts(unsigned order)
{
        return order == INTVECFORMAT_REGRESSED ? REGRESS_LEGS : order;
}
