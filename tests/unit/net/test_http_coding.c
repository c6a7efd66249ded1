#include "net/http_coding.h"
#include "testing.h"

static void choice(void **state)
{
        (void)state;
        assert_int_equal(http_coding_choose(STR("")), HTTP_CODING_NONE);
        assert_int_equal(http_coding_choose(STR("gzip, deflate, br")), HTTP_CODING_GZIP);
        assert_int_equal(http_coding_choose(STR("gzip, zstd")), HTTP_CODING_ZSTD);
        assert_int_equal(http_coding_choose(STR("zstd;q=0, gzip;q=0.5")), HTTP_CODING_GZIP);
        assert_int_equal(http_coding_choose(STR("gzip;q=0.0")), HTTP_CODING_NONE);
        assert_true(http_coding_worthwhile(STR("application/json")));
        assert_false(http_coding_worthwhile(STR("image/png")));
        assert_false(http_coding_worthwhile(STR("text/event-stream")));
        HttpCoding coding;
        assert_true(http_coding_parse(STR("GZIP"), &coding));
        assert_false(http_coding_parse(STR("br"), &coding));
}

static void round_trip_and_limit(void **state)
{
        (void)state;
        AUTO(buf_done) Buf plain = { 0 };
        for (int i = 0; i < 20000; i++)
                buf_printf(&plain, "line %d\n", i);
        static const HttpCoding CODINGS[] = { HTTP_CODING_GZIP, HTTP_CODING_ZSTD };
        for (size_t i = 0; i < ARRAY_LEN(CODINGS); i++) {
                AUTO(buf_done) Buf coded = { 0 };
                AUTO(buf_done) Buf back = { 0 };
                Err err;
                assert_true(http_coding_encode(CODINGS[i], buf_str(&plain), &coded));
                assert_true(coded.n < plain.n / 2);
                assert_ok(http_coding_decode(CODINGS[i], buf_str(&coded), plain.n, &back, &err), err);
                assert_true(str_eq(buf_str(&plain), buf_str(&back)));
                buf_clear(&back);
                assert_false(http_coding_decode(CODINGS[i], buf_str(&coded), plain.n - 1, &back, &err));
                assert_int_equal(err.code, ERR_LIMIT);
                for (size_t cut = 1; cut < 40; cut++) {
                        buf_clear(&back);
                        assert_false(http_coding_decode(CODINGS[i], str_sub(buf_str(&coded), 0, coded.n - cut), plain.n,
                                                        &back, &err));
                        assert_int_equal(err.code, ERR_INVALID);
                }
                buf_clear(&back);
                assert_false(http_coding_decode(CODINGS[i], STR("plainly not compressed"), 100, &back, &err));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(choice), cmocka_unit_test(round_trip_and_limit) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
