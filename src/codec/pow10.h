/* codec/pow10.h - the powers of ten with 128 bits, for exact conversions between decimal and binary (codec/floats.c). */
#pragma once
#include <stdint.h>

enum { POW10_MIN = -348, POW10_MAX = 347, POW10_EXACT_MAX = 55 };

/* 10^e = (hi * 2^64 + lo + r) * 2^k with 0 <= r < 1; r is 0 for e in [0, POW10_EXACT_MAX]; the top bit of hi is set. */
typedef struct Pow10 {
        uint64_t hi, lo;
} Pow10;

extern const Pow10 pow10_table[POW10_MAX - POW10_MIN + 1];
static inline Pow10 pow10_of(int e) { return pow10_table[e - POW10_MIN]; }
