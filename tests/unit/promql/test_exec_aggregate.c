#include "query_fixture.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_default() });
        fixture_load(&f, 60000,
                     "m{g=\"1\",i=\"a\"} 1 5\n"
                     "m{g=\"1\",i=\"b\"} 3 4\n"
                     "m{g=\"2\",i=\"c\"} 2 NaN\n"
                     "m{g=\"2\",i=\"d\"} NaN 1\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static void grouping(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "sum by (g) (m{i!=\"d\"})", 0), "{g=\"1\"} 4\n{g=\"2\"} 2\n");
        assert_string_equal(fixture_instant(&f, "count without (i) (m)", 0), "{g=\"1\"} 2\n{g=\"2\"} 2\n");
        assert_string_equal(fixture_instant(&f, "sum by (nope) (m{g=\"1\"})", 0), "{} 4\n");
        assert_string_equal(fixture_instant(&f, "group(m)", 0), "{} 1\n");
        assert_string_equal(fixture_instant(&f, "sum(none)", 0), "");
        assert_string_equal(fixture_instant(&f, "sum by (__name__) (m{g=\"1\"})", 0), "m 4\n");
}

/* As upstream has it. */
static void a_fixed_argument_fixes_the_parameter(void **state)
{
        (void)state;
        assert_string_equal(fixture_range(&f, "quantile(scalar(m{i=\"a\"}) - 1, m{g=\"1\"} @ 0)", 0, 60000, 60000),
                            "{} 1 1\n");
        assert_string_equal(fixture_range(&f, "topk(scalar(m{i=\"a\"}), m{g=\"1\"} @ 0)", 0, 60000, 60000),
                            "m{g=\"1\", i=\"b\"} 3 3\n");
}

static void tops(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "topk(2, m)", 0), "m{g=\"1\", i=\"b\"} 3\nm{g=\"2\", i=\"c\"} 2\n");
        assert_string_equal(fixture_instant(&f, "bottomk(1, m)", 0), "m{g=\"1\", i=\"a\"} 1\n");
        assert_string_equal(
                fixture_range(&f, "topk by (g) (1, m)", 0, 60000, 60000),
                "m{g=\"1\", i=\"a\"} _ 5\nm{g=\"1\", i=\"b\"} 3\nm{g=\"2\", i=\"c\"} 2\nm{g=\"2\", i=\"d\"} _ 1\n");
        assert_string_equal(fixture_instant(&f, "topk(0, m)", 0), "");
        assert_string_equal(fixture_instant(&f, "topk(100, m{g=\"2\"})", 0),
                            "m{g=\"2\", i=\"c\"} 2\nm{g=\"2\", i=\"d\"} NaN\n");
        assert_string_equal(fixture_instant(&f, "topk(NaN, m)", 0), "error: Parameter value is NaN\n");
        assert_string_equal(fixture_instant(&f, "topk(1e30, m)", 0), "error: Scalar value 1e+30 overflows int64\n");
        assert_string_equal(fixture_instant(&f, "limitk by (g) (1, m)", 0),
                            "m{g=\"1\", i=\"a\"} 1\nm{g=\"2\", i=\"c\"} 2\n");
        assert_string_equal(fixture_instant(&f, "count(limit_ratio(1, m))", 0), "{} 4\n");
        assert_string_equal(fixture_instant(&f, "count(limit_ratio(0.3, m) or limit_ratio(-0.7, m))", 0), "{} 4\n");
        assert_string_equal(fixture_instant(&f, "limit_ratio(0.3, m) and limit_ratio(-0.7, m)", 0), "");
}

/* A ratio keeps the series that Prometheus keeps. */
static void ratios_agree_with_upstream(void **state)
{
        (void)state;
        Fixture own;
        fixture_open(&own, &(PromqlOptions){ .features = promql_features_all() });
        char load[1024], want[1024];
        char wide[301] = { 0 };
        memset(wide, 'x', sizeof wide - 1);
        snprintf(
                load, sizeof load,
                "odd_labels{job=\"odd\"} 1\nodd_labels{job=\"odd\",odd=\"a b\"} 2\nodd_labels{job=\"odd\",odd=\"%s\"} 3\n"
                "odd_labels{job=\"odd\",odd=\"ünïcode ✓\"} 4\n",
                wide);
        fixture_load(&own, 60000, load);
        snprintf(want, sizeof want, "odd_labels{job=\"odd\"} 1\nodd_labels{job=\"odd\", odd=\"%s\"} 3\n", wide);
        assert_string_equal(fixture_instant(&own, "limit_ratio(0.5, odd_labels)", 0), want);
        fixture_close(&own);
}

static void quantiles_and_values(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "quantile(0.5, m{g=\"1\"})", 0), "{} 2\n");
        assert_string_equal(fixture_range(&f, "quantile by (g) (1, m{i!=\"d\"})", 0, 60000, 60000),
                            "{g=\"1\"} 3 5\n{g=\"2\"} 2 NaN\n");
        assert_string_equal(fixture_instant(&f, "count_values(\"v\", m)", 0),
                            "{v=\"1\"} 1\n{v=\"2\"} 1\n{v=\"3\"} 1\n{v=\"NaN\"} 1\n");
        assert_string_equal(fixture_instant(&f, "count_values by (g) (\"v\", m > bool 1)", 0),
                            "{g=\"1\", v=\"0\"} 1\n{g=\"1\", v=\"1\"} 1\n{g=\"2\", v=\"0\"} 1\n{g=\"2\", v=\"1\"} 1\n");
}

static void parameters_may_change_by_step(void **state)
{
        (void)state;
        assert_string_equal(fixture_range(&f, "count(topk(scalar(m{i=\"a\"}), m))", 0, 60000, 60000), "{} 1 4\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(grouping),
                cmocka_unit_test(a_fixed_argument_fixes_the_parameter),
                cmocka_unit_test(tops),
                cmocka_unit_test(ratios_agree_with_upstream),
                cmocka_unit_test(quantiles_and_values),
                cmocka_unit_test(parameters_may_change_by_step),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
