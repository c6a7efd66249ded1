/* interop/promcur.h - PromCursor: reads Prometheus' binary fields one after the other. Behind the end everything is 0 and `broken`
 * is set, so a reader checks once. All inline. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/str.h"
#include "codec/varint.h"

typedef struct PromCursor {
        const unsigned char *p, *end;
        bool broken;
} PromCursor;

static inline PromCursor promcur_of(Str bytes)
{
        const unsigned char *p = (const unsigned char *)bytes.p;
        return (PromCursor){ .p = p, .end = bytes.n ? p + bytes.n : p };
}
static inline size_t promcur_left(const PromCursor *c) { return (size_t)(c->end - c->p); }
static inline void promcur_break(PromCursor *c)
{
        c->p = c->end;
        c->broken = true;
}
static inline Str promcur_bytes(PromCursor *c, uint64_t n)
{
        if (n > promcur_left(c)) {
                promcur_break(c);
                return (Str){ 0 };
        }
        Str s = str_n((const char *)c->p, (size_t)n);
        c->p += n;
        return s;
}
static inline unsigned promcur_u8(PromCursor *c)
{
        Str s = promcur_bytes(c, 1);
        return s.n ? (unsigned char)*s.p : 0;
}
static inline uint32_t promcur_be32(PromCursor *c)
{
        Str s = promcur_bytes(c, 4);
        return s.n ? bits_be32(s.p) : 0;
}
static inline uint64_t promcur_be64(PromCursor *c)
{
        Str s = promcur_bytes(c, 8);
        return s.n ? bits_be64(s.p) : 0;
}
static inline double promcur_float(PromCursor *c) { return bits_to_double(promcur_be64(c)); }
static inline uint64_t promcur_uvarint(PromCursor *c)
{
        uint64_t v;
        size_t used = varint_get(c->p, promcur_left(c), &v);
        if (!used) {
                promcur_break(c);
                return 0;
        }
        c->p += used;
        return v;
}
static inline int64_t promcur_varint(PromCursor *c) { return bits_unzigzag(promcur_uvarint(c)); }
/* A length and so many bytes. */
static inline Str promcur_str(PromCursor *c) { return promcur_bytes(c, promcur_uvarint(c)); }
