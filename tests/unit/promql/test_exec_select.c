#include "query_fixture.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_default() });
        fixture_load(&f, 60000,
                     "m{i=\"1\"} 1 _ 3 stale\n"
                     "m{i=\"2\"} 10\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static void newest_sample_in_the_lookback(void **state)
{
        (void)state;
        assert_string_equal(fixture_range(&f, "m", 0, 360000, 60000), "m{i=\"1\"} 1 1 3\nm{i=\"2\"} 10 10 10 10 10\n");
        assert_string_equal(fixture_instant(&f, "m offset 1m", 60000), "m{i=\"1\"} 1\nm{i=\"2\"} 10\n");
        assert_string_equal(fixture_instant(&f, "m{i=\"1\"} @ 120", 0), "m{i=\"1\"} 3\n");
        assert_string_equal(fixture_instant(&f, "m offset -2m", 0), "m{i=\"1\"} 3\nm{i=\"2\"} 10\n");
}

static void timestamps(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "timestamp(m)", 90000), "{i=\"1\"} 0\n{i=\"2\"} 0\n");
        assert_string_equal(fixture_instant(&f, "timestamp(m + 0)", 90000), "{i=\"1\"} 90\n{i=\"2\"} 90\n");
        assert_string_equal(fixture_range(&f, "timestamp(m{i=\"1\"} @ 120)", 0, 60000, 60000), "{i=\"1\"} 120 120\n");
}

static void smoothed_lines(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "m{i=\"1\"} smoothed", 30000), "m{i=\"1\"} 1.5\n");
        assert_string_equal(fixture_instant(&f, "m{i=\"1\"} smoothed", 150000), "m{i=\"1\"} 3\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(newest_sample_in_the_lookback),
                cmocka_unit_test(timestamps),
                cmocka_unit_test(smoothed_lines),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
