#include "query_fixture.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_default() });
        fixture_load(&f, 60000,
                     "c_total 0+10x20\n"
                     "g 1 2 _ 4 stale 6\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static void windows_are_left_open(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "count_over_time(g[2m])", 120000), "{} 1\n");
        assert_string_equal(fixture_instant(&f, "sum_over_time(g[3m])", 180000), "{} 6\n");
        assert_string_equal(fixture_range(&f, "count_over_time(g[2m])", 0, 360000, 60000), "{} 1 2 1 1 1 1 1\n");
}

static void at_and_offset(void **state)
{
        (void)state;
        assert_string_equal(fixture_range(&f, "sum_over_time(g[3m] @ 180)", 0, 120000, 60000), "{} 6 6 6\n");
        assert_string_equal(fixture_instant(&f, "sum_over_time(g[3m] offset 2m)", 300000), "{} 6\n");
}

static void subqueries_are_aligned(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "count_over_time(c_total[1m:7s])", 600000), "{} 8\n");
        assert_string_equal(fixture_instant(&f, "sum_over_time(c_total[3m:1m] offset 30s)", 600000), "{} 240\n");
        assert_string_equal(fixture_instant(&f, "max_over_time(sum_over_time(g[1m])[6m:1m])", 360000), "{} 6\n");
        assert_string_equal(fixture_instant(&f, "count_over_time(vector(1)[1h:])", 0), "{} 60\n");
        assert_string_equal(fixture_instant(&f, "last_over_time(vector(time())[100s:10s])", -50000), "{} -50\n");
}

static void names(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "last_over_time(g[2m])", 60000), "g 2\n");
        assert_string_equal(fixture_instant(&f, "max_over_time(g[2m])", 60000), "{} 2\n");
}

static void modifiers(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "increase(c_total[2m] anchored)", 330000), "{} 20\n");
        assert_string_equal(fixture_instant(&f, "increase(c_total[2m] smoothed)", 330000), "{} 20\n");
        assert_string_equal(fixture_instant(&f, "deriv(c_total[2m] smoothed)", 0),
                            "error: smoothed modifier can only be used with: delta, increase, rate - not with deriv\n");
        assert_string_equal(fixture_instant(&f, "deriv(c_total[2m] anchored)", 0),
                            "error: anchored modifier can only be used with: changes, delta, increase, rate, resets - "
                            "not with deriv\n");
}

/* Windows of so many samples in all are computed piece by piece: nothing may change where a piece ends. */
static void many_windows_agree_with_single_ones(void **state)
{
        (void)state;
        static const char *const QUERIES[] = {
                "sum_over_time(long_total[20m])",
                "avg_over_time(long_total[20m])",
                "min_over_time(long_total[20m])",
                "max_over_time(long_total[20m])",
                "stddev_over_time(long_total[20m])",
                "quantile_over_time(0.7, long_total[20m])",
                "mad_over_time(long_total[20m])",
                "changes(long_total[20m])",
                "resets(long_total[20m])",
                "count_over_time(long_total[20m])",
                "last_over_time(long_total[20m])",
                "deriv(long_total[20m])",
                "predict_linear(long_total[20m], 60)",
                "double_exponential_smoothing(long_total[20m], 0.3, 0.6)",
                "irate(long_total[20m])",
                "ts_of_max_over_time(long_total[20m])",
                "increase(long_total[20m])",
        };
        Fixture own;
        fixture_open(&own, &(PromqlOptions){ .features = promql_features_all() });
        Label label = { LABEL_NAME, STR("long_total") };
        for (int k = 0; k < 4000; k++)
                assert_int_equal(memstore_add(own.store, (Labels){ &label, 1 }, k * 1000, (k * 7919 % 1009) * 0.5),
                                 APPEND_OK);
        for (size_t q = 0; q < ARRAY_LEN(QUERIES); q++) {
                const char *all = fixture_range(&own, QUERIES[q], 0, 3999000, 1000);
                for (int at = 1200; at < 4000; at += 433) {
                        const char *one = fixture_range(&own, QUERIES[q], at * 1000, at * 1000, 1000);
                        const char *value = strrchr(one, ' '); /* "{} v0 v1 ..." */
                        const char *from = all + (value - one);
                        for (int skip = 0; skip < at; skip++)
                                from = strchr(from + 1, ' ');
                        if (strncmp(from, value, strcspn(value, "\n")) != 0)
                                fail_msg("%s at %d: %.40s against %.40s", QUERIES[q], at, from, value);
                }
        }
        fixture_close(&own);
}

static void arguments(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "double_exponential_smoothing(c_total[5m], 0.5, 1)", 600000),
                            "error: invalid trend factor. Expected: 0 < tf < 1, got: 1.000000\n");
        /* Also where one sample is too few to smooth. */
        assert_string_equal(fixture_instant(&f, "double_exponential_smoothing(c_total[1m], 0, 0.5)", 600000),
                            "error: invalid smoothing factor. Expected: 0 < sf < 1, got: 0.000000\n");
        assert_string_equal(fixture_instant(&f, "predict_linear(c_total[5m], 60)", 600000), "{} 110\n");
        assert_string_equal(fixture_instant(&f, "quantile_over_time(2, g[3m])", 60000),
                            "{} +Inf\nPromQL warning: quantile value should be between 0 and 1, got 2 (1:20)\n");
        assert_string_equal(fixture_instant(&f, "quantile_over_time(scalar(g), c_total[2m])", 60000),
                            "{} +Inf\nPromQL warning: quantile value should be between 0 and 1, got 2 (1:20)\n");
}

static void raw_ranges(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "g[3m]", 300000), "g 4 6\n");
        assert_string_equal(fixture_instant(&f, "g[1m] smoothed", 90000), "g 1.5 2 2.5\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(windows_are_left_open),
                cmocka_unit_test(at_and_offset),
                cmocka_unit_test(subqueries_are_aligned),
                cmocka_unit_test(names),
                cmocka_unit_test(modifiers),
                cmocka_unit_test(many_windows_agree_with_single_ones),
                cmocka_unit_test(arguments),
                cmocka_unit_test(raw_ranges),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
