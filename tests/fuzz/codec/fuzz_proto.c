/* Views stay inside the input; what is read can be written and read again. */
#include "base/check.h"
#include "codec/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_message(Str bytes, unsigned depth)
{
        ProtoReader r = proto_reader(bytes);
        AUTO(buf_done) Buf out = { 0 };
        size_t fields = 0;
        for (ProtoField f; proto_next(&r, &f); fields++) {
                CHECK(f.bytes.n == 0 || (f.bytes.p >= bytes.p && f.bytes.p + f.bytes.n <= bytes.p + bytes.n));
                static const ProtoWire wires[] = { PROTO_VARINT, PROTO_FIXED32, PROTO_FIXED64 };
                for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
                        ProtoPacked it = proto_packed(&f, wires[i]);
                        size_t n = 0, max = proto_packed_max(&it);
                        for (uint64_t v; proto_packed_next(&it, &v);)
                                n++;
                        CHECK(n <= max);
                }
                if (depth < 4)
                        read_message(f.bytes, depth + 1);
                if (f.wire == PROTO_BYTES)
                        proto_put_bytes(&out, f.number, f.bytes);
                else if (f.wire == PROTO_VARINT)
                        proto_put_varint(&out, f.number, f.value);
                else if (f.wire == PROTO_FIXED64)
                        proto_put_fixed64(&out, f.number, f.value);
                else
                        proto_put_fixed32(&out, f.number, (uint32_t)f.value);
        }
        ProtoReader again = proto_reader(buf_str(&out));
        for (ProtoField f; proto_next(&again, &f);)
                fields--;
        Err err;
        CHECK(fields == 0 && proto_done(&again, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        read_message(str_n((const char *)data, size), 0);
        return 0;
}
