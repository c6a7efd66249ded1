#include "query_fixture.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_default() });
        fixture_load(&f, 60000,
                     "m{i=\"1\"} 1 2 3\n"
                     "m{i=\"2\"} 5 5 5\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static void invariant_parts_are_repeated(void **state)
{
        (void)state;
        assert_string_equal(fixture_range(&f, "m{i=\"1\"} @ 60 + 1", 0, 120000, 60000), "{i=\"1\"} 3 3 3\n");
        assert_string_equal(fixture_range(&f, "sum(m @ 0) * 2", 0, 120000, 60000), "{} 12 12 12\n");
        assert_string_equal(fixture_instant(&f, "-m{i=\"1\"}", 0), "{i=\"1\"} -1\n");
}

static void scalars(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "scalar(m)", 0), "NaN\n");
        assert_string_equal(fixture_range(&f, "scalar(m{i=\"1\"})", 0, 120000, 60000), "{} 1 2 3\n");
        assert_string_equal(fixture_instant(&f, "vector(1 + scalar(m{i=\"2\"}))", 0), "{} 6\n");
        assert_string_equal(fixture_instant(&f, "max_of(1, NaN)", 0), "NaN\n");
        assert_string_equal(fixture_range(&f, "min_of(2, time())", 0, 120000, 60000), "{} 0 2 2\n");
        assert_string_equal(fixture_instant(&f, "pi()", 0), "3.141592653589793\n");
        assert_string_equal(fixture_range(&f, "end() - start() + step()", 0, 120000, 60000), "{} 180 180 180\n");
        assert_string_equal(fixture_range(&f, "range()", 0, 120000, 60000), "{} 120 120 120\n");
}

static void functions_of_native_histograms_say_nothing_about_floats(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "histogram_count(m)", 0), "");
        assert_string_equal(fixture_instant(&f, "histogram_avg(m)", 0), "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(invariant_parts_are_repeated),
                cmocka_unit_test(scalars),
                cmocka_unit_test(functions_of_native_histograms_say_nothing_about_floats),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
