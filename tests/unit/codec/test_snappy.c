#include "codec/snappy.h"

#include "coding_fixture.h"

static void encode(Str in, int variant, Buf *out)
{
        (void)variant;
        snappy_encode(in, out);
}

static bool decode(Str block, int variant, size_t max_bytes, Buf *out, Err *err)
{
        (void)variant;
        return snappy_decode(block, max_bytes, out, err);
}

static void bytes_come_back(void **state)
{
        (void)state;
        coding_round_trip((Coding){ encode, decode });
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
