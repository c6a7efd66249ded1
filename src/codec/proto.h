/* codec/proto.h - protocol buffers without a schema: a pull reader over borrowed bytes, and a small writer.
 *
 *     ProtoReader r = proto_reader(bytes);
 *     for (ProtoField f; proto_next(&r, &f);)
 *             switch (f.number) { case 1: name = f.bytes; break; case 2: v = proto_as_double(&f); break; }
 *     if (!proto_done(&r, err)) ...
 *
 * Nothing is copied or allocated: bytes of fields are views of the input. Unknown fields are the caller's default case. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "codec/varint.h"

typedef enum ProtoWire { PROTO_VARINT = 0, PROTO_FIXED64 = 1, PROTO_BYTES = 2, PROTO_FIXED32 = 5 } ProtoWire;
enum { PROTO_MAX_FIELD = (1 << 29) - 1 };

typedef struct ProtoReader {
        const unsigned char *start, *p, *end;
        const char *broken; /* why reading stopped early; NULL when all is well */
} ProtoReader;

typedef struct ProtoField {
        uint32_t number; /* 1..PROTO_MAX_FIELD */
        ProtoWire wire;
        uint64_t value; /* varint, fixed32, fixed64; 0 for bytes */
        Str bytes;      /* PROTO_BYTES; empty for the others */
} ProtoField;

static inline ProtoReader proto_reader(Str bytes)
{
        const unsigned char *p = (const unsigned char *)bytes.p;
        return (ProtoReader){ .start = p, .p = p, .end = bytes.n ? p + bytes.n : p };
}
/* The next field; false at the end and at the first broken byte: proto_done tells which. */
bool proto_next(ProtoReader *r, ProtoField *ret);
/* ERR_INVALID with the byte offset when the reader stopped at broken bytes. */
MUST_CHECK bool proto_done(const ProtoReader *r, Err *err);

/* Values by declared type; a field that came with another wire type gives 0, as an absent one would. */
static inline double proto_as_double(const ProtoField *f)
{
        return f->wire == PROTO_FIXED64 ? bits_to_double(f->value) : 0;
}
static inline float proto_as_float(const ProtoField *f)
{
        uint32_t bits = f->wire == PROTO_FIXED32 ? (uint32_t)f->value : 0;
        float v;
        memcpy(&v, &bits, sizeof v);
        return v;
}
static inline uint64_t proto_as_u64(const ProtoField *f) { return f->value; }
static inline int64_t proto_as_i64(const ProtoField *f) { return (int64_t)f->value; }        /* int64, sfixed64 */
static inline int32_t proto_as_i32(const ProtoField *f) { return (int32_t)f->value; }        /* int32, sfixed32, enum */
static inline int64_t proto_as_sint(const ProtoField *f) { return bits_unzigzag(f->value); } /* sint32, sint64 */
static inline bool proto_as_bool(const ProtoField *f) { return f->value != 0; }

/* The values of a repeated number field, packed into bytes or one alone:
 *     ProtoPacked it = proto_packed(&f, PROTO_VARINT);
 *     for (uint64_t v; proto_packed_next(&it, &v);) ...
 *     if (it.broken) ... */
typedef struct ProtoPacked {
        const unsigned char *p, *end;
        ProtoWire wire; /* of each value */
        bool single, broken;
        uint64_t value;
} ProtoPacked;
ProtoPacked proto_packed(const ProtoField *f, ProtoWire wire);
bool proto_packed_next(ProtoPacked *it, uint64_t *ret);
/* How many values: exact for the fixed wire types, an upper bound for varints. For one allocation up front. */
size_t proto_packed_max(const ProtoPacked *it);

/* ---- writer */
void proto_put_varint(Buf *out, uint32_t number, uint64_t v);
static inline void proto_put_sint(Buf *out, uint32_t number, int64_t v)
{
        proto_put_varint(out, number, bits_zigzag(v));
}
void proto_put_fixed32(Buf *out, uint32_t number, uint32_t v);
void proto_put_fixed64(Buf *out, uint32_t number, uint64_t v);
static inline void proto_put_double(Buf *out, uint32_t number, double v)
{
        proto_put_fixed64(out, number, bits_of_double(v));
}
void proto_put_bytes(Buf *out, uint32_t number, Str bytes);
/* A nested message (or packed field) between begin and end; end takes what begin returned. Nests. */
size_t proto_begin(Buf *out, uint32_t number);
void proto_end(Buf *out, size_t begun);
