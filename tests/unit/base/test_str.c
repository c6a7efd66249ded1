#include "base/buf.h"
#include "base/str.h"
#include "testing.h"

static void cut_and_split(void **state)
{
        (void)state;
        Str head;
        Str tail;
        assert_true(str_cut(STR("a=b=c"), '=', &head, &tail));
        assert_str(head, "a");
        assert_str(tail, "b=c");
        assert_false(str_cut(STR("abc"), '=', &head, &tail));
        assert_str(head, "abc");
        Str rest = STR("x,,y,");
        Str part;
        const char *want[] = { "x", "", "y", "" };
        size_t n = 0;
        while (str_split_next(&rest, ',', &part)) {
                assert_true(n < 4);
                assert_str(part, want[n++]);
        }
        assert_int_equal(n, 4);
}

static void order_and_search(void **state)
{
        (void)state;
        assert_true(str_cmp(STR("a"), STR("ab")) < 0);
        assert_true(str_cmp(STR("b"), STR("ab")) > 0);
        assert_int_equal(str_cmp(STR(""), (Str){ 0 }), 0);
        assert_int_equal(str_find(STR("hello"), STR("lo")), 3);
        assert_true(str_find(STR("hello"), STR("x")) == SIZE_MAX);
        assert_true(str_ends(STR("node_total"), STR("_total")));
        assert_true(str_eq_fold(STR("GZip"), STR("gzip")));
        assert_str(str_trim(STR(" \t a b \n")), "a b");
}

static void distance_is_bounded(void **state)
{
        (void)state;
        assert_int_equal(str_distance(STR("scrape_intervall"), STR("scrape_interval"), 3), 1);
        assert_int_equal(str_distance(STR("abc"), STR("xyzw"), 2), 3);
}

static void buf_formats(void **state)
{
        (void)state;
        Buf b = { 0 };
        buf_i64(&b, INT64_MIN);
        buf_char(&b, ' ');
        buf_u64(&b, UINT64_MAX);
        for (int i = 0; i < 100; i++)
                buf_printf(&b, "%s", "0123456789");
        assert_true(str_starts(buf_str(&b), STR("-9223372036854775808 184467440737095516150123456789")));
        assert_int_equal(b.n, 41 + 1000);
        buf_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cut_and_split),
                cmocka_unit_test(order_and_search),
                cmocka_unit_test(distance_is_bounded),
                cmocka_unit_test(buf_formats),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
