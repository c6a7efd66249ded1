#include "query_fixture.h"

FIXTURE_OF("h{a=\"1\"} {{count:4 sum:6 buckets:[1 2 1]}}x10\n"
           "h{a=\"2\"} {{count:2 sum:3 buckets:[1 1]}}x10\n"
           "m{a=\"1\"} 1x10\n"
           "m{a=\"2\"} {{count:2 sum:3 buckets:[1 1]}}x10\n")

static void histograms_add_up(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "sum(h)", 600000),
                            "{} {count:6, sum:9, (0.5,1]:2, (1,2]:3, (2,4]:1}\n");
        assert_string_equal(fixture_instant(&f, "avg(h)", 600000),
                            "{} {count:3, sum:4.5, (0.5,1]:1, (1,2]:1.5, (2,4]:0.5}\n");
        assert_string_equal(
                fixture_instant(&f, "sum by (a) (h)", 600000),
                "{a=\"1\"} {count:4, sum:6, (0.5,1]:1, (1,2]:2, (2,4]:1}\n{a=\"2\"} {count:2, sum:3, (0.5,1]:1, (1,2]:1}\n");
}

static void mixtures_have_no_sum(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "sum(m)", 600000),
                            "PromQL warning: encountered a mix of histograms and floats in aggregation (1:5)\n");
        assert_string_equal(fixture_instant(&f, "avg(m)", 600000),
                            "PromQL warning: encountered a mix of histograms and floats in aggregation (1:5)\n");
        assert_string_equal(fixture_instant(&f, "count(m)", 600000), "{} 2\n");
        assert_string_equal(fixture_instant(&f, "group(m)", 600000), "{} 1\n");
}

static void order_is_for_floats(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "max(m)", 600000),
                            "{} 1\nPromQL info: ignored histogram in max aggregation (1:5)\n");
        assert_string_equal(fixture_instant(&f, "stddev(h)", 600000),
                            "PromQL info: ignored histogram in stddev aggregation (1:8)\n");
        assert_string_equal(fixture_instant(&f, "topk(2, m)", 600000),
                            "m{a=\"1\"} 1\nPromQL info: ignored histogram in topk aggregation (1:1)\n");
        assert_string_equal(fixture_instant(&f, "quantile(0.5, m)", 600000),
                            "{} 1\nPromQL info: ignored histogram in quantile aggregation (1:15)\n");
}

static void others_take_everything(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "limitk(2, m)", 600000),
                            "m{a=\"1\"} 1\nm{a=\"2\"} {count:2, sum:3, (0.5,1]:1, (1,2]:1}\n");
        assert_string_equal(
                fixture_instant(&f, "count_values(\"v\", h)", 600000),
                "{v=\"{count:2, sum:3, (0.5,1]:1, (1,2]:1}\"} 1\n{v=\"{count:4, sum:6, (0.5,1]:1, (1,2]:2, (2,4]:1}\"} 1\n");
}

static void along_a_range(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_range(&f, "sum(h)", 0, 60000, 60000),
                "{} {count:6, sum:9, (0.5,1]:2, (1,2]:3, (2,4]:1} {count:6, sum:9, (0.5,1]:2, (1,2]:3, (2,4]:1}\n");
}

static void what_is_not_wanted_still_warns(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "topk(0, max by (a) (m))", 600000),
                            "PromQL info: ignored histogram in max aggregation (1:21)\n");
        /* A range has no order, and values that have none leave it all the same. */
        assert_string_equal(
                fixture_range(&f, "sort(m)", 0, 60000, 60000),
                "m{a=\"1\"} 1 1\nPromQL warning: sort is ineffective for range queries since results are always "
                "ordered by labels (1:1)\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(histograms_add_up),   cmocka_unit_test(mixtures_have_no_sum),
                cmocka_unit_test(order_is_for_floats), cmocka_unit_test(others_take_everything),
                cmocka_unit_test(along_a_range),       cmocka_unit_test(what_is_not_wanted_still_warns),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
