#include "codec/zstdio.h"

#include "coding_fixture.h"

static void bytes_come_back(void **state)
{
        (void)state;
        static const size_t sizes[] = { 0, 1, 2, 100, 4096, 70000, 3000000 };
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                AUTO(buf_done) Buf in = { 0 };
                AUTO(buf_done) Buf coded = { 0 };
                AUTO(buf_done) Buf back = { 0 };
                coding_sample(&in, sizes[i]);
                buf_lit(&coded, "head");
                buf_lit(&back, "kept");
                zstdio_encode(buf_str(&in), ZSTDIO_LEVEL_DEFAULT, &coded);
                if (sizes[i] > 4000)
                        assert_true(coded.n < in.n / 2);
                Str block = str_sub(buf_str(&coded), 4, coded.n);
                Err err;
                assert_ok(zstdio_decode(block, sizes[i], &back, &err), err);
                assert_int_equal(back.n, in.n + 4);
                assert_memory_equal(back.p, "kept", 4);
                assert_true(str_eq(str_sub(buf_str(&back), 4, back.n), buf_str(&in)));
        }
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
