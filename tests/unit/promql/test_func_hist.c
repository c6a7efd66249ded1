#include "query_fixture.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_default() });
        fixture_load(&f, 60000,
                     "h_bucket{le=\"1\"} 10\n"
                     "h_bucket{le=\"2\"} 20\n"
                     "h_bucket{le=\"4\"} 40\n"
                     "h_bucket{le=\"+Inf\"} 50\n"
                     "dip_bucket{le=\"1\"} 10\n"
                     "dip_bucket{le=\"2\"} 5\n"
                     "dip_bucket{le=\"+Inf\"} 20\n"
                     "dup_bucket{le=\"1\"} 1\n"
                     "dup_bucket{le=\"1.0\"} 3\n"
                     "dup_bucket{le=\"+Inf\"} 8\n"
                     "noinf_bucket{le=\"1\"} 1\n"
                     "noinf_bucket{le=\"2\"} 2\n"
                     "bad_bucket{le=\"big\"} 1\n"
                     "zero_bucket{le=\"1\"} 0\n"
                     "zero_bucket{le=\"+Inf\"} 0\n"
                     "neg_bucket{le=\"-1\"} 5\n"
                     "neg_bucket{le=\"0\"} 10\n"
                     "neg_bucket{le=\"+Inf\"} 10\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static void quantiles_interpolate(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0.2, h_bucket)", 0), "{} 1\n");
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0.5, h_bucket)", 0), "{} 2.5\n");
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0.1, h_bucket)", 0), "{} 0.5\n");
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0.95, h_bucket)", 0), "{} 4\n");
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0, neg_bucket)", 0), "{} -1\n");
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0.75, neg_bucket)", 0), "{} -0.5\n");
}

static void quantiles_outside_zero_to_one_warn(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "histogram_quantile(1.1, h_bucket)", 0),
                            "{} +Inf\nPromQL warning: quantile value should be between 0 and 1, got 1.1 (1:20)\n");
        assert_string_equal(fixture_instant(&f, "histogram_quantile(-1, h_bucket)", 0),
                            "{} -Inf\nPromQL warning: quantile value should be between 0 and 1, got -1 (1:20)\n");
        assert_contains(fixture_instant(&f, "histogram_quantile(NaN, h_bucket)", 0), "{} NaN\n");
}

static void decreasing_counts_are_lifted(void **state)
{
        (void)state;
        assert_contains(fixture_instant(&f, "histogram_quantile(0.5, dip_bucket)", 0),
                        "{} 1\nPromQL info: input to histogram_quantile needed to be fixed for monotonicity");
}

static void equal_bounds_add_up(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0.25, dup_bucket)", 0), "{} 0.5\n");
}

static void what_has_no_answer_is_nan(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0.5, noinf_bucket)", 0), "{} NaN\n");
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0.5, zero_bucket)", 0), "{} NaN\n");
        assert_string_equal(fixture_instant(&f, "histogram_fraction(0, 1, zero_bucket)", 0), "{} NaN\n");
}

static void bad_bounds_warn(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "histogram_quantile(0.5, bad_bucket)", 0),
                            "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"big\" for "
                            "metric name \"bad_bucket\" (1:25)\n");
}

static void fractions(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "histogram_fraction(0, 2, h_bucket)", 0), "{} 0.4\n");
        assert_string_equal(fixture_instant(&f, "histogram_fraction(1.5, 3, h_bucket)", 0), "{} 0.3\n");
        assert_string_equal(fixture_instant(&f, "histogram_fraction(-Inf, +Inf, h_bucket)", 0), "{} 1\n");
        assert_string_equal(fixture_instant(&f, "histogram_fraction(5, 6, h_bucket)", 0), "{} 0\n");
        assert_string_equal(fixture_instant(&f, "histogram_fraction(2, 1, h_bucket)", 0), "{} 0\n");
        assert_string_equal(fixture_instant(&f, "histogram_fraction(-2, 0, neg_bucket)", 0), "{} 0.5\n");
}

static void several_quantiles(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "histogram_quantiles(h_bucket, \"q\", 0.5, 1)", 0),
                            "{q=\"0.5\"} 2.5\n{q=\"1.0\"} 4\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(quantiles_interpolate),
                cmocka_unit_test(quantiles_outside_zero_to_one_warn),
                cmocka_unit_test(decreasing_counts_are_lifted),
                cmocka_unit_test(equal_bounds_add_up),
                cmocka_unit_test(what_has_no_answer_is_nan),
                cmocka_unit_test(bad_bounds_warn),
                cmocka_unit_test(fractions),
                cmocka_unit_test(several_quantiles),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
