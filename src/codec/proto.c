/* Invariants:
 * 1. The reader never looks beyond its bytes; a length that says more ends the reading.
 * 2. Every step consumes at least one byte, so reading ends.
 * 3. broken is set once and stays; p is where the broken field starts. Groups (wire types 3 and 4), which nobody has
 *    written for a decade, count as broken. */
#include "codec/proto.h"

#include "base/check.h"

static bool stop(ProtoReader *r, const unsigned char *at, const char *why)
{
        r->broken = why;
        r->p = at;
        return false;
}

bool proto_next(ProtoReader *r, ProtoField *ret)
{
        if (r->p >= r->end || r->broken)
                return false;
        const unsigned char *at = r->p, *p = at;
        uint64_t key, v;
        size_t n = varint_get(p, (size_t)(r->end - p), &key);
        if (n == 0)
                return stop(r, at, "broken field key");
        p += n;
        if (key >> 3 == 0 || key >> 3 > PROTO_MAX_FIELD)
                return stop(r, at, "field number out of range");
        size_t left = (size_t)(r->end - p);
        ProtoField f = { .number = (uint32_t)(key >> 3) };
        switch (key & 7) {
        case PROTO_VARINT:
                n = varint_get(p, left, &f.value);
                if (n == 0)
                        return stop(r, at, "broken varint");
                break;
        case PROTO_BYTES:
                n = varint_get(p, left, &v);
                if (n == 0)
                        return stop(r, at, "broken length");
                if (v > left - n)
                        return stop(r, at, "length beyond the end");
                f.bytes = str_n((const char *)p + n, (size_t)v);
                n += (size_t)v;
                break;
        case PROTO_FIXED64:
                n = 8;
                if (left < n)
                        return stop(r, at, "value beyond the end");
                f.value = bits_le64(p);
                break;
        case PROTO_FIXED32:
                n = 4;
                if (left < n)
                        return stop(r, at, "value beyond the end");
                f.value = bits_le32(p);
                break;
        default: return stop(r, at, "unknown wire type");
        }
        f.wire = (ProtoWire)(key & 7);
        r->p = p + n;
        *ret = f;
        return true;
}

bool proto_done(const ProtoReader *r, Err *err)
{
        if (!r->broken)
                return true;
        return err_set(err, ERR_INVALID, "protobuf: %s at byte %zu", r->broken, (size_t)(r->p - r->start));
}

ProtoPacked proto_packed(const ProtoField *f, ProtoWire wire)
{
        const unsigned char *p = (const unsigned char *)f->bytes.p;
        ProtoPacked it = { .p = p, .end = f->bytes.n ? p + f->bytes.n : p, .wire = wire };
        if (f->wire != PROTO_BYTES) {
                it.single = f->wire == wire;
                it.broken = !it.single;
                it.value = f->value;
        }
        return it;
}

bool proto_packed_next(ProtoPacked *it, uint64_t *ret)
{
        if (it->single) {
                it->single = false;
                *ret = it->value;
                return true;
        }
        if (it->p >= it->end || it->broken)
                return false;
        size_t left = (size_t)(it->end - it->p), n;
        if (it->wire == PROTO_VARINT) {
                n = varint_get(it->p, left, ret);
        } else {
                n = it->wire == PROTO_FIXED64 ? 8 : 4;
                if (n > left)
                        n = 0;
                else
                        *ret = n == 8 ? bits_le64(it->p) : bits_le32(it->p);
        }
        it->broken = n == 0;
        it->p += n;
        return n != 0;
}

size_t proto_packed_max(const ProtoPacked *it)
{
        if (it->single)
                return 1;
        size_t width = it->wire == PROTO_FIXED64 ? 8 : it->wire == PROTO_FIXED32 ? 4 : 1;
        return (size_t)(it->end - it->p) / width;
}

static void put_key(Buf *out, uint32_t number, ProtoWire wire)
{
        CHECK(number > 0 && number <= PROTO_MAX_FIELD);
        varint_add(out, (uint64_t)number << 3 | wire);
}

void proto_put_varint(Buf *out, uint32_t number, uint64_t v)
{
        put_key(out, number, PROTO_VARINT);
        varint_add(out, v);
}

void proto_put_fixed32(Buf *out, uint32_t number, uint32_t v)
{
        put_key(out, number, PROTO_FIXED32);
        bits_put_le32(buf_reserve(out, 4), v);
        out->n += 4;
}

void proto_put_fixed64(Buf *out, uint32_t number, uint64_t v)
{
        put_key(out, number, PROTO_FIXED64);
        bits_put_le64(buf_reserve(out, 8), v);
        out->n += 8;
}

void proto_put_bytes(Buf *out, uint32_t number, Str bytes)
{
        put_key(out, number, PROTO_BYTES);
        varint_add(out, bytes.n);
        buf_str_add(out, bytes);
}

size_t proto_begin(Buf *out, uint32_t number)
{
        put_key(out, number, PROTO_BYTES);
        buf_char(out, 0);
        return out->n;
}

void proto_end(Buf *out, size_t begun)
{
        CHECK(begun > 0 && begun <= out->n);
        size_t n = out->n - begun, width = varint_size(n);
        /* One byte was kept for the length: longer messages move, once. */
        buf_reserve(out, width);
        if (width > 1)
                memmove(out->p + begun + width - 1, out->p + begun, n);
        varint_put(out->p + begun - 1, n);
        out->n += width - 1;
}
