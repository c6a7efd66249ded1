#include "codec/snappy.h"

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
                snappy_encode(buf_str(&in), &coded);
                if (sizes[i] > 4000)
                        assert_true(coded.n < in.n / 2);
                Str block = str_sub(buf_str(&coded), 4, coded.n);
                Err err;
                assert_ok(snappy_decode(block, sizes[i], &back, &err), err);
                assert_int_equal(back.n, in.n + 4);
                assert_memory_equal(back.p, "kept", 4);
                assert_true(str_eq(str_sub(buf_str(&back), 4, back.n), buf_str(&in)));
        }
}

static void the_limit_is_checked_first(void **state)
{
        (void)state;
        AUTO(buf_done) Buf in = { 0 };
        AUTO(buf_done) Buf coded = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        coding_sample(&in, 1000);
        snappy_encode(buf_str(&in), &coded);
        Err err;
        assert_false(snappy_decode(buf_str(&coded), 999, &back, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_int_equal(back.n, 0);
        /* Promises 4 GiB over nothing. */
        assert_false(snappy_decode(STR("\xff\xff\xff\xff\x0f"), SIZE_MAX, &back, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_int_equal(back.cap, 0);
}

static void broken_blocks_are_refused(void **state)
{
        (void)state;
        AUTO(buf_done) Buf in = { 0 };
        AUTO(buf_done) Buf coded = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        coding_sample(&in, 3000);
        snappy_encode(buf_str(&in), &coded);
        Err err;
        buf_lit(&back, "kept");
        for (size_t n = 0; n < coded.n; n++) {
                assert_false(snappy_decode(str_n(coded.p, n), 3000, &back, &err));
                assert_int_equal(err.code, ERR_INVALID);
                assert_str(buf_str(&back), "kept");
        }
        buf_char(&coded, 0);
        assert_false(snappy_decode(buf_str(&coded), 3000, &back, &err));
        assert_false(snappy_decode((Str){ NULL, 0 }, 3000, &back, &err));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(bytes_come_back),
                                            cmocka_unit_test(the_limit_is_checked_first),
                                            cmocka_unit_test(broken_blocks_are_refused) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
