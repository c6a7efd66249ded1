#include "query_fixture.h"

FIXTURE_OF(
        "h {{count:1 sum:1 buckets:[1]}}+{{count:2 sum:2 buckets:[2]}}x10\n"
        "mix 1 2 3 {{count:1}} {{count:3}} 4 5\n"
        "g {{count:1 counter_reset_hint:gauge}}+{{count:1 counter_reset_hint:gauge}}x10\n"
        "cb {{schema:-53 count:1 custom_values:[1] buckets:[1]}} {{count:3 buckets:[3]}} {{schema:-53 count:5 custom_values:[1] buckets:[5]}}\n")

static void rates_of_histograms(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "increase(h[5m])", 600000), "{} {count:10, sum:10, (0.5,1]:10}\n");
        assert_string_equal(fixture_instant(&f, "rate(h[5m]) * 300", 600000), "{} {count:10, sum:10, (0.5,1]:10}\n");
        assert_string_equal(fixture_instant(&f, "irate(h[5m]) * 60", 600000), "{} {count:2, sum:2, (0.5,1]:2}\n");
        assert_string_equal(fixture_instant(&f, "idelta(g[5m])", 600000), "{} {count:1, sum:0}\n");
        assert_string_equal(fixture_instant(&f, "delta(g[5m])", 600000), "{} {count:5, sum:0}\n");
}

static void kinds_are_checked(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "rate(g[5m]) * 300", 600000),
                "{} {count:5, sum:0}\nPromQL warning: this native histogram metric is not a counter: \"g\" (1:6)\n");
        assert_string_equal(
                fixture_instant(&f, "idelta(h[5m])", 600000),
                "{} {count:2, sum:2, (0.5,1]:2}\nPromQL warning: this native histogram metric is not a gauge: \"h\" (1:8)\n");
}

static void mixtures_have_no_rate(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "rate(mix[5m])", 300000),
                "PromQL warning: encountered a mix of histograms and floats for metric name \"mix\" (1:6)\n");
        assert_string_equal(
                fixture_instant(&f, "sum_over_time(mix[5m])", 300000),
                "PromQL warning: encountered a mix of histograms and floats for metric name \"mix\" (1:15)\n");
        assert_string_equal(
                fixture_instant(&f, "rate(cb[5m])", 120000),
                "PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name \"cb\" (1:6)\n");
}

static void mixtures_keep_what_can_be_said(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "count_over_time(mix[5m])", 300000), "{} 5\n");
        assert_string_equal(fixture_instant(&f, "last_over_time(mix[2m])", 240000), "mix {count:3, sum:0}\n");
        assert_string_equal(
                fixture_instant(&f, "max_over_time(mix[10m])", 360000),
                "{} 5\nPromQL info: ignored histograms in a range containing both floats and histograms for metric name \"mix\" (1:15)\n");
        assert_string_equal(fixture_instant(&f, "changes(mix[10m])", 360000), "{} 6\n");
        assert_string_equal(fixture_instant(&f, "resets(mix[10m])", 360000), "{} 2\n");
}

static void sums_over_time(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "sum_over_time(h[3m])", 600000), "{} {count:57, sum:57, (0.5,1]:57}\n");
        assert_string_equal(fixture_instant(&f, "avg_over_time(h[3m])", 600000), "{} {count:19, sum:19, (0.5,1]:19}\n");
}

static void raw_samples(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "h[2m]", 600000),
                            "h {count:19, sum:19, (0.5,1]:19} {count:21, sum:21, (0.5,1]:21}\n");
}

static void smoothed_and_anchored(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "increase(h[2m] anchored)", 600000),
                            "{} {count:4, sum:4, (0.5,1]:4}\n");
        assert_string_equal(fixture_instant(&f, "increase(h[1m] smoothed)", 330000),
                            "{} {count:2, sum:2, (0.5,1]:2}\n");
        assert_string_equal(fixture_instant(&f, "h smoothed", 330000), "h {count:12, sum:12, (0.5,1]:12}\n");
}

static void subqueries_forget_hints(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "increase(h[6m:2m])", 600000), "{} {count:12, sum:12, (0.5,1]:12}\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rates_of_histograms),   cmocka_unit_test(kinds_are_checked),
                cmocka_unit_test(mixtures_have_no_rate), cmocka_unit_test(mixtures_keep_what_can_be_said),
                cmocka_unit_test(sums_over_time),        cmocka_unit_test(raw_samples),
                cmocka_unit_test(smoothed_and_anchored), cmocka_unit_test(subqueries_forget_hints),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
