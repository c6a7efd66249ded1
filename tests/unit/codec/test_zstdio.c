#include "codec/zstdio.h"

#include "coding_fixture.h"

static void encode(Str in, int variant, Buf *out)
{
        (void)variant;
        zstdio_encode(in, ZSTDIO_LEVEL_DEFAULT, out);
}

static bool decode(Str block, int variant, size_t max_bytes, Buf *out, Err *err)
{
        (void)variant;
        return zstdio_decode(block, max_bytes, out, err);
}

static void bytes_come_back(void **state)
{
        (void)state;
        coding_round_trip((Coding){ encode, decode });
}

static void the_limit_stops_a_bomb(void **state)
{
        (void)state;
        AUTO(buf_done) Buf zeros = { 0 };
        AUTO(buf_done) Buf coded = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        memset(buf_reserve(&zeros, 10000000), 0, 10000000);
        zeros.n = 10000000;
        zstdio_encode(buf_str(&zeros), 3, &coded);
        Err err;
        assert_false(zstdio_decode(buf_str(&coded), 20000, &back, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_contains(err.msg, "zstd: more than 20000 bytes decoded");
        assert_int_equal(back.n, 0);
        assert_true(back.cap < 100000);
        assert_false(zstdio_decode(buf_str(&coded), 9999999, &back, &err));
        assert_int_equal(err.code, ERR_LIMIT);
}

static void a_large_window_is_refused(void **state)
{
        (void)state;
        AUTO(buf_done) Buf back = { 0 };
        Err err;
        /* Magic, descriptor 0 (no single segment), window descriptor 17 << 3: 2^27 bytes, an empty last block. */
        assert_false(zstdio_decode(STR("\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00"), 1000, &back, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        /* 2^23 is fine. */
        assert_ok(zstdio_decode(STR("\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00"), 1000, &back, &err), err);
        assert_int_equal(back.n, 0);
}

static void frames_are_joined(void **state)
{
        (void)state;
        AUTO(buf_done) Buf coded = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        zstdio_encode(STR("one "), 1, &coded);
        zstdio_encode(STR(""), 1, &coded);
        zstdio_encode(STR("two"), 1, &coded);
        Err err;
        assert_ok(zstdio_decode(buf_str(&coded), 100, &back, &err), err);
        assert_str(buf_str(&back), "one two");
}

static void broken_input_is_refused(void **state)
{
        (void)state;
        AUTO(buf_done) Buf in = { 0 };
        AUTO(buf_done) Buf coded = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        coding_sample(&in, 2000);
        zstdio_encode(buf_str(&in), 3, &coded);
        buf_lit(&back, "kept");
        Err err;
        for (size_t n = 0; n < coded.n; n++) {
                assert_false(zstdio_decode(str_n(coded.p, n), 2000, &back, &err));
                assert_int_equal(err.code, ERR_INVALID);
                assert_str(buf_str(&back), "kept");
        }
        coded.p[coded.n - 1] ^= 1; /* the checksum */
        assert_false(zstdio_decode(buf_str(&coded), 2000, &back, &err));
        assert_contains(err.msg, "zstd: ");
        coded.p[coded.n - 1] ^= 1;
        buf_lit(&coded, "garbage");
        assert_false(zstdio_decode(buf_str(&coded), 2000, &back, &err));
        assert_false(zstdio_decode((Str){ NULL, 0 }, 2000, &back, &err));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(bytes_come_back), cmocka_unit_test(the_limit_stops_a_bomb),
                                            cmocka_unit_test(a_large_window_is_refused),
                                            cmocka_unit_test(frames_are_joined),
                                            cmocka_unit_test(broken_input_is_refused) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
