#include "query_fixture.h"

FIXTURE_OF(
        "h {{count:1 sum:1}} {{count:1 sum:1e100}} {{count:1 sum:1}} {{count:1 sum:-1e100}}\n"
        "big {{count:1.7e308 sum:1}}x3\n"
        "nhcb {{schema:-53 count:3 custom_values:[1 2] buckets:[1 1 1]}} {{schema:-53 count:3 custom_values:[2] buckets:[2 1]}}\n"
        "two {{count:1}} {{schema:-53 count:1}}\n")

static void sums_are_compensated(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "sum_over_time(h[5m])", 180000), "{} {count:4, sum:2}\n");
}

static void averages_do_not_overflow(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "round(histogram_count(avg_over_time(big[5m])) / 1.7e308)", 180000),
                            "{} 1\n");
        assert_string_equal(fixture_instant(&f, "sum_over_time(big[5m])", 180000), "{} {count:+Inf, sum:4}\n");
}

static void bounds_are_reconciled(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "sum_over_time(nhcb[5m])", 60000),
                "{} {count:6, sum:0, [-Inf,2]:4, (2,+Inf]:2}\nPromQL info: mismatched custom buckets were reconciled during aggregation (1:15)\n");
}

static void schemas_do_not_mix(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "sum_over_time(two[5m])", 60000),
                "PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas for metric name \"two\" (1:15)\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sums_are_compensated),
                cmocka_unit_test(averages_do_not_overflow),
                cmocka_unit_test(bounds_are_reconciled),
                cmocka_unit_test(schemas_do_not_mix),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
