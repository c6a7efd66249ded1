/* codec/varint.h - LEB128 variable-length integers, unsigned and zigzag signed: 7 bits a byte, the lowest first. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/buf.h"

enum { VARINT_MAX_BYTES = 10 };

/* Writes v at p, which has room for VARINT_MAX_BYTES; returns the length. */
size_t varint_put(void *p, uint64_t v);
static inline size_t varint_put_signed(void *p, int64_t v) { return varint_put(p, bits_zigzag(v)); }
void varint_add(Buf *out, uint64_t v);
static inline void varint_add_signed(Buf *out, int64_t v) { varint_add(out, bits_zigzag(v)); }
size_t varint_size(uint64_t v);

/* The slow half of varint_get. */
size_t varint_get_long(const unsigned char *p, size_t n, uint64_t *ret);
/* Reads at most n bytes: returns the length, or 0 when the bytes end early or say more than 64 bits. */
static inline size_t varint_get(const unsigned char *p, size_t n, uint64_t *ret)
{
        if (LIKELY(n > 0 && p[0] < 0x80)) {
                *ret = p[0];
                return 1;
        }
        return varint_get_long(p, n, ret);
}
static inline size_t varint_get_signed(const unsigned char *p, size_t n, int64_t *ret)
{
        uint64_t v;
        size_t used = varint_get(p, n, &v);
        if (used)
                *ret = bits_unzigzag(v);
        return used;
}
