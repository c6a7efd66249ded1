/* codec/radix.h - digits of one radix in words of up to 64 bits, for numbers below a limit that is no power of two: a digit of radix 5 takes 2.33
 * bits, not 3. Four words side by side take turns, so that four digits decode at a time. No header: count and code are the caller's. Pure.
 *
 * A number is its lower bits, packed by codec/bitpack.h, below a digit. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RADIX_MIN = 3, RADIX_MAX = 1 << 16, RADIX_MAX_LOW = 48, RADIX_MAX_DIGITS = 40 };

typedef struct RadixCode {
        unsigned radix, low; /* low: bits below a digit */
        unsigned digits;     /* of a word */
        unsigned bits;       /* of a word: the fewest for its digits */
        bool old;            /* as in version 2 of the format: words of 32 bits, plain bits at the end */
} RadixCode;

/* How n numbers up to `most` take least; false: plain bits are as good. */
bool radix_choose(uint64_t most, size_t n, RadixCode *ret);
/* The code of these words; digits 0: those of version 2. False when the radix is not inside RADIX_MIN and RADIX_MAX, low above RADIX_MAX_LOW,
 * or a word longer than 64 bits. */
bool radix_prepare(unsigned radix, unsigned low, unsigned digits, RadixCode *ret);
/* Of the digits alone. */
size_t radix_bytes(const RadixCode *code, size_t n);
/* Digits v[i] >> low, below radix; the code is no old one. out has room for radix_bytes + BITPACK_PAD_BYTES. */
void radix_pack(const RadixCode *code, const uint64_t *v, size_t n, unsigned char *out);
/* Adds digit << low to each out[i], n <= RADIX_MAX_NUMBERS, whose bits from low on are zero. p is followed by BITPACK_PAD_BYTES readable bytes. */
enum { RADIX_MAX_NUMBERS = 1024 };
void radix_unpack(const RadixCode *code, const unsigned char *p, size_t n, uint64_t *out);
/* The same without vectors: what radix_unpack is compared with. */
void radix_unpack_plainly(const RadixCode *code, const unsigned char *p, size_t n, uint64_t *out);
/* The same for numbers [from, to) of n: to out[0, to - from). */
void radix_unpack_from(const RadixCode *code, const unsigned char *p, size_t n, size_t from, size_t to, uint64_t *out);
/* The sum of digit << low of the first `upto` of n numbers, modulo 2^64. */
uint64_t radix_total(const RadixCode *code, const unsigned char *p, size_t n, size_t upto);
