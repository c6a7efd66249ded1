#include "query_fixture.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_default() });
        fixture_load(&f, 60000,
                     "v{k=\"a\"} -2.5 1447632000 1709208000 NaN\n"
                     "v{k=\"b\"} 1e3\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static void sample_by_sample(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "abs(v{k=\"a\"})", 0), "{k=\"a\"} 2.5\n");
        assert_string_equal(fixture_instant(&f, "ceil(v)", 0), "{k=\"a\"} -2\n{k=\"b\"} 1000\n");
        assert_string_equal(fixture_instant(&f, "round(v{k=\"a\"})", 0), "{k=\"a\"} -2\n");
        assert_string_equal(fixture_instant(&f, "round(v{k=\"a\"}, 2)", 0), "{k=\"a\"} -2\n");
        assert_string_equal(fixture_instant(&f, "sgn(v)", 0), "{k=\"a\"} -1\n{k=\"b\"} 1\n");
        assert_string_equal(fixture_instant(&f, "sqrt(v{k=\"a\"})", 0), "{k=\"a\"} NaN\n");
        assert_string_equal(fixture_instant(&f, "log10(v{k=\"b\"})", 0), "{k=\"b\"} 3\n");
}

static void clamping(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "clamp(v, 0, 10)", 0), "{k=\"a\"} 0\n{k=\"b\"} 10\n");
        assert_string_equal(fixture_instant(&f, "clamp(v, 10, 0)", 0), "");
        assert_string_equal(fixture_instant(&f, "clamp_min(v, -1)", 0), "{k=\"a\"} -1\n{k=\"b\"} 1000\n");
        assert_string_equal(fixture_instant(&f, "clamp_max(v, 5)", 0), "{k=\"a\"} -2.5\n{k=\"b\"} 5\n");
        assert_string_equal(fixture_instant(&f, "clamp(v{k=\"b\"}, NaN, 10)", 0), "{k=\"b\"} NaN\n");
        assert_string_equal(fixture_instant(&f, "clamp(v{k=\"b\"}, Inf, NaN)", 0), "{k=\"b\"} +Inf\n");
        assert_string_equal(fixture_instant(&f, "clamp_min(v{k=\"b\"} * NaN, Inf)", 0), "{k=\"b\"} +Inf\n");
        assert_string_equal(fixture_instant(&f, "clamp_max(v{k=\"b\"} * NaN, -Inf)", 0), "{k=\"b\"} -Inf\n");
}

static void calendar(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "year(v{k=\"a\"})", 60000), "{k=\"a\"} 2015\n");
        assert_string_equal(fixture_instant(&f, "month(v{k=\"a\"})", 60000), "{k=\"a\"} 11\n");
        assert_string_equal(fixture_instant(&f, "day_of_month(v{k=\"a\"})", 60000), "{k=\"a\"} 16\n");
        assert_string_equal(fixture_instant(&f, "day_of_week(v{k=\"a\"})", 60000), "{k=\"a\"} 1\n");
        assert_string_equal(fixture_instant(&f, "day_of_year(v{k=\"a\"})", 60000), "{k=\"a\"} 320\n");
        assert_string_equal(fixture_instant(&f, "days_in_month(v{k=\"a\"})", 120000), "{k=\"a\"} 29\n");
        assert_string_equal(fixture_instant(&f, "hour(v{k=\"a\"})", 120000), "{k=\"a\"} 12\n");
        assert_string_equal(fixture_range(&f, "minute()", 0, 3600000, 1800000), "{} 0 30 0\n");
        assert_string_equal(fixture_instant(&f, "year(vector(-1))", 0), "{} 1969\n");
        assert_string_equal(fixture_instant(&f, "day_of_month(vector(-86400 * 365.25 * 2000))", 0), "{} 17\n");
}

/* Invariant 2: no time is too far. */
static void calendar_of_the_ends_of_time(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "minute(vector(NaN))", 0),
                            fixture_instant(&f, "minute(vector(-Inf))", 0));
        assert_contains(fixture_instant(&f, "year(vector(9.2e18))", 0), "{} 2.91536396232e+11");
        assert_contains(fixture_instant(&f, "hour(vector(-9.2e18))", 0), "{} ");
}

static void absent_samples_stay_absent(void **state)
{
        (void)state;
        assert_string_equal(fixture_range(&f, "abs(v{k=\"b\"})", 0, 600000, 300000), "{k=\"b\"} 1000\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sample_by_sample),
                cmocka_unit_test(clamping),
                cmocka_unit_test(calendar),
                cmocka_unit_test(calendar_of_the_ends_of_time),
                cmocka_unit_test(absent_samples_stay_absent),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
