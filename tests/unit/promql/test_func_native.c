#include "query_fixture.h"

FIXTURE_OF("h{a=\"1\"} {{count:4 sum:6 buckets:[1 2 1]}}x10\n"
           "h{a=\"2\"} 1x10\n"
           "e {{}}x10\n")

static void parts_of_histograms(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "histogram_count(h)", 600000), "{a=\"1\"} 4\n");
        assert_string_equal(fixture_instant(&f, "histogram_sum(h)", 600000), "{a=\"1\"} 6\n");
        assert_string_equal(fixture_instant(&f, "histogram_avg(h)", 600000), "{a=\"1\"} 1.5\n");
        assert_string_equal(fixture_instant(&f, "histogram_avg(e)", 600000), "{} NaN\n");
}

static void spread_of_histograms(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "floor(histogram_stdvar(h) * 1e5)", 600000), "{a=\"1\"} 60202\n");
        assert_string_equal(fixture_instant(&f, "floor(histogram_stddev(h) * 1e5)", 600000), "{a=\"1\"} 77590\n");
}

static void values_along_a_range(void **state)
{
        (void)state;
        assert_string_equal(fixture_range(&f, "histogram_count(h)", 0, 120000, 60000), "{a=\"1\"} 4 4 4\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parts_of_histograms),
                cmocka_unit_test(spread_of_histograms),
                cmocka_unit_test(values_along_a_range),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
