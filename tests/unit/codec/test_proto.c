#include "codec/proto.h"

#include "base/rand.h"
#include "testing.h"

static void what_is_written_is_read(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        proto_put_varint(&out, 1, UINT64_MAX);
        proto_put_sint(&out, 2, -7);
        proto_put_fixed32(&out, 3, 0x3fc00000);
        proto_put_double(&out, 4, -2.5);
        proto_put_bytes(&out, PROTO_MAX_FIELD, STR("abc"));
        size_t outer = proto_begin(&out, 6);
        size_t inner = proto_begin(&out, 1);
        for (int i = 0; i < 300; i++)
                buf_char(&out, 'x');
        proto_end(&out, inner);
        proto_put_varint(&out, 2, 1);
        proto_end(&out, outer);
        size_t empty = proto_begin(&out, 7);
        proto_end(&out, empty);

        ProtoReader r = proto_reader(buf_str(&out));
        ProtoField f;
        assert_true(proto_next(&r, &f));
        assert_int_equal(f.number, 1);
        assert_true(proto_as_u64(&f) == UINT64_MAX && proto_as_i64(&f) == -1 && proto_as_i32(&f) == -1 &&
                    proto_as_bool(&f));
        assert_true(proto_next(&r, &f));
        assert_true(proto_as_sint(&f) == -7);
        assert_true(proto_next(&r, &f));
        assert_true(proto_as_float(&f) == 1.5f);
        assert_double(proto_as_double(&f), 0.0); /* another wire type */
        assert_true(proto_next(&r, &f));
        assert_double(proto_as_double(&f), -2.5);
        assert_true(proto_next(&r, &f));
        assert_int_equal(f.number, PROTO_MAX_FIELD);
        assert_str(f.bytes, "abc");
        assert_true(proto_next(&r, &f));
        ProtoReader sub = proto_reader(f.bytes);
        ProtoField g;
        assert_true(proto_next(&sub, &g));
        assert_int_equal(g.bytes.n, 300);
        assert_true(proto_next(&sub, &g));
        assert_true(g.number == 2 && g.value == 1);
        assert_false(proto_next(&sub, &g));
        assert_true(proto_next(&r, &f));
        assert_int_equal(f.bytes.n, 0);
        assert_false(proto_next(&r, &f));
        Err err;
        assert_ok(proto_done(&r, &err), err);
        assert_ok(proto_done(&sub, &err), err);
}

static void packed_and_single_values(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        size_t begun = proto_begin(&out, 1);
        for (uint64_t i = 0; i < 100; i++)
                varint_add(&out, i * i * i);
        proto_end(&out, begun);
        proto_put_varint(&out, 1, 5);
        proto_put_bytes(&out, 2, str_n("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16));
        proto_put_bytes(&out, 3, str_n("\1\0\0\0\2\0\0", 7));
        proto_put_bytes(&out, 4, STR("\x80"));
        ProtoReader r = proto_reader(buf_str(&out));
        ProtoField f;
        uint64_t v, want = 0;
        assert_true(proto_next(&r, &f));
        ProtoPacked it = proto_packed(&f, PROTO_VARINT);
        assert_true(proto_packed_max(&it) >= 100);
        for (; proto_packed_next(&it, &v); want++)
                assert_true(v == want * want * want);
        assert_int_equal(want, 100);
        assert_false(it.broken);
        assert_true(proto_next(&r, &f));
        it = proto_packed(&f, PROTO_VARINT);
        assert_int_equal(proto_packed_max(&it), 1);
        assert_true(proto_packed_next(&it, &v) && v == 5);
        assert_false(proto_packed_next(&it, &v));
        it = proto_packed(&f, PROTO_FIXED64); /* the wrong wire type */
        assert_false(proto_packed_next(&it, &v));
        assert_true(it.broken);
        assert_true(proto_next(&r, &f));
        it = proto_packed(&f, PROTO_FIXED64);
        assert_int_equal(proto_packed_max(&it), 2);
        assert_true(proto_packed_next(&it, &v) && v == 1 && proto_packed_next(&it, &v) && v == 2);
        assert_true(proto_next(&r, &f));
        it = proto_packed(&f, PROTO_FIXED32);
        assert_true(proto_packed_next(&it, &v) && v == 1);
        assert_false(proto_packed_next(&it, &v));
        assert_true(it.broken);
        assert_true(proto_next(&r, &f));
        it = proto_packed(&f, PROTO_VARINT);
        assert_false(proto_packed_next(&it, &v));
        assert_true(it.broken);
}

static void broken_bytes_stop_the_reader(void **state)
{
        (void)state;
        static const struct {
                Str bytes;
                const char *want;
        } rows[] = {
                { STR_INIT("\x08\x01\x80"), "broken field key at byte 2" },
                { STR_INIT("\x00\x01"), "field number out of range at byte 0" },
                { STR_INIT("\x80\x80\x80\x80\x10\x01"), "field number out of range" },
                { STR_INIT("\x08\x80"), "broken varint" },
                { STR_INIT("\x0a\x80"), "broken length" },
                { STR_INIT("\x0a\x05"
                           "abcd"),
                  "length beyond the end" },
                { STR_INIT("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "length beyond the end" },
                { STR_INIT("\x09\1\2\3\4\5\6\7"), "value beyond the end" },
                { STR_INIT("\x0d\1\2\3"), "value beyond the end" },
                { STR_INIT("\x0b"), "unknown wire type" },
                { STR_INIT("\x0f"), "unknown wire type" },
        };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                ProtoReader r = proto_reader(rows[i].bytes);
                ProtoField f;
                while (proto_next(&r, &f)) {}
                assert_false(proto_next(&r, &f));
                Err err;
                assert_false(proto_done(&r, &err));
                assert_int_equal(err.code, ERR_INVALID);
                assert_contains(err.msg, rows[i].want);
        }
        ProtoReader r = proto_reader((Str){ NULL, 0 });
        ProtoField f;
        Err err;
        assert_false(proto_next(&r, &f));
        assert_ok(proto_done(&r, &err), err);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_written_is_read),
                                            cmocka_unit_test(packed_and_single_values),
                                            cmocka_unit_test(broken_bytes_stop_the_reader) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
