/* codec/bitpack.h - unsigned integers of one width, side by side: value i lies at bits [i * width, (i + 1) * width), least significant
 * bit first. No header: count and width are the caller's. Pure, no allocation. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { BITPACK_PAD_BYTES = 16 }; /* readable (unpack) or writable (pack) behind the packed bytes */

static inline size_t bitpack_bytes(size_t n, unsigned width) { return (n * width + 7) / 8; }
/* Bits above width are zero in every value. out has room for bitpack_bytes + BITPACK_PAD_BYTES. */
void bitpack_pack(const uint64_t *v, size_t n, unsigned width, unsigned char *out);
/* width 0..64. p is followed by BITPACK_PAD_BYTES readable bytes, whatever they are. */
void bitpack_unpack(const unsigned char *p, size_t n, unsigned width, uint64_t *out);
/* Numbers [from, from + n) of those packed at p. */
void bitpack_unpack_from(const unsigned char *p, size_t from, size_t n, unsigned width, uint64_t *out);
