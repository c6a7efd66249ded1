/* Invariants:
 * 1. What put writes, get reads back, in at most VARINT_MAX_BYTES bytes.
 * 2. get never reads past n and leaves *ret alone when it fails. Longer spellings of a small number (trailing zero
 *    groups) are accepted as long as they fit in ten bytes, because other writers produce them. */
#include "codec/varint.h"

size_t varint_put(void *p, uint64_t v)
{
        unsigned char *at = p;
        while (v >= 0x80) {
                *at++ = (unsigned char)(v | 0x80);
                v >>= 7;
        }
        *at++ = (unsigned char)v;
        return (size_t)(at - (unsigned char *)p);
}

void varint_add(Buf *out, uint64_t v) { out->n += varint_put(buf_reserve(out, VARINT_MAX_BYTES), v); }

size_t varint_size(uint64_t v) { return v ? (63 - bits_clz64(v)) / 7 + 1 : 1; }

size_t varint_get_long(const unsigned char *p, size_t n, uint64_t *ret)
{
        uint64_t v = 0;
        for (size_t i = 0; i < n && i < VARINT_MAX_BYTES; i++) {
                unsigned char byte = p[i];
                /* The tenth byte holds the 64th bit only. */
                if (i == VARINT_MAX_BYTES - 1 && byte > 1)
                        return 0;
                v |= (uint64_t)(byte & 0x7f) << (7 * i);
                if (byte < 0x80) {
                        *ret = v;
                        return i + 1;
                }
        }
        return 0;
}
