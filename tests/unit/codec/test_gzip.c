#include "codec/gzip.h"

#include "coding_fixture.h"

static GzipFormat format_of(int variant) { return variant % 2 ? GZIP_GZIP : GZIP_DEFLATE; }

static void encode(Str in, int variant, Buf *out) { gzip_encode(format_of(variant), in, GZIP_LEVEL_DEFAULT, out); }

static bool decode(Str block, int variant, size_t max_bytes, Buf *out, Err *err)
{
        return gzip_decode(format_of(variant), block, max_bytes, out, err);
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
        gzip_encode(GZIP_GZIP, buf_str(&zeros), GZIP_LEVEL_BEST, &coded);
        Err err;
        assert_false(gzip_decode(GZIP_GZIP, buf_str(&coded), 20000, &back, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_contains(err.msg, "gzip: more than 20000 bytes decoded");
        assert_int_equal(back.n, 0);
        assert_true(back.cap < 100000);
        assert_false(gzip_decode(GZIP_GZIP, buf_str(&coded), 9999999, &back, &err));
        assert_int_equal(err.code, ERR_LIMIT);
}

static void members_are_joined(void **state)
{
        (void)state;
        AUTO(buf_done) Buf coded = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        gzip_encode(GZIP_GZIP, STR("one "), 1, &coded);
        gzip_encode(GZIP_GZIP, STR(""), 1, &coded);
        gzip_encode(GZIP_GZIP, STR("two"), 1, &coded);
        Err err;
        assert_ok(gzip_decode(GZIP_GZIP, buf_str(&coded), 100, &back, &err), err);
        assert_str(buf_str(&back), "one two");
}

static void deflate_works_without_header(void **state)
{
        (void)state;
        AUTO(buf_done) Buf coded = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        gzip_encode(GZIP_DEFLATE, STR("hello hello hello"), 6, &coded);
        /* A zlib stream is a 2-byte header, the raw stream, and a 4-byte checksum. */
        Err err;
        assert_ok(gzip_decode(GZIP_DEFLATE, str_sub(buf_str(&coded), 2, coded.n - 4), 100, &back, &err), err);
        assert_str(buf_str(&back), "hello hello hello");
}

static void broken_input_is_refused(void **state)
{
        (void)state;
        AUTO(buf_done) Buf in = { 0 };
        AUTO(buf_done) Buf coded = { 0 };
        AUTO(buf_done) Buf back = { 0 };
        coding_sample(&in, 2000);
        gzip_encode(GZIP_GZIP, buf_str(&in), 6, &coded);
        buf_lit(&back, "kept");
        Err err;
        for (size_t n = 0; n < coded.n; n++) {
                assert_false(gzip_decode(GZIP_GZIP, str_n(coded.p, n), 2000, &back, &err));
                assert_int_equal(err.code, ERR_INVALID);
                assert_str(buf_str(&back), "kept");
        }
        buf_lit(&coded, "x");
        assert_false(gzip_decode(GZIP_GZIP, buf_str(&coded), 2000, &back, &err));
        coded.n--;
        coded.p[coded.n - 5] ^= 1; /* the checksum */
        assert_false(gzip_decode(GZIP_GZIP, buf_str(&coded), 2000, &back, &err));
        assert_contains(err.msg, "gzip: ");
        assert_false(gzip_decode(GZIP_DEFLATE, STR("\xff\xff\xff"), 2000, &back, &err));
        assert_false(gzip_decode(GZIP_DEFLATE, (Str){ NULL, 0 }, 2000, &back, &err));
        assert_contains(err.msg, "deflate: cut short");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(bytes_come_back), cmocka_unit_test(the_limit_stops_a_bomb),
                                            cmocka_unit_test(members_are_joined),
                                            cmocka_unit_test(deflate_works_without_header),
                                            cmocka_unit_test(broken_input_is_refused) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
