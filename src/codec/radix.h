/* codec/radix.h - digits of one radix in words of 32 bits, for numbers below a limit that is no power of two: a digit of radix 5 takes 2.46 bits,
 * not 3. Four words side by side take turns, so that four digits decode at a time. No header: count and radix are the caller's. Pure.
 *
 * A number is its lower bits, packed by codec/bitpack.h, below a digit. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { RADIX_MIN = 3, RADIX_MAX = 1 << 16, RADIX_MAX_LOW = 48 };

/* How numbers up to `most` take least: *low bits below a digit of the radix returned; 0: plain bits are as good. */
unsigned radix_choose(uint64_t most, unsigned *low);
size_t radix_bytes(size_t n, unsigned radix);
/* Digits v[i] >> low, below radix. out has room for radix_bytes + BITPACK_PAD_BYTES. */
void radix_pack(const uint64_t *v, size_t n, unsigned radix, unsigned low, unsigned char *out);
/* Adds digit << low to each out[i], whose bits from low on are zero. p is followed by BITPACK_PAD_BYTES readable bytes. */
void radix_unpack(const unsigned char *p, size_t n, unsigned radix, unsigned low, uint64_t *out);
/* The same without vectors: what radix_unpack is compared with. */
void radix_unpack_plainly(const unsigned char *p, size_t n, unsigned radix, unsigned low, uint64_t *out);
