#include "query_fixture.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_default() });
        fixture_load(&f, 60000,
                     "m{a=\"x1\",b=\"y\"} 3\n"
                     "m{a=\"x10\",b=\"y\"} NaN\n"
                     "m{a=\"x2\",b=\"z\"} 1\n"
                     "n{id=\"1\"} 5 _\n"
                     "n{id=\"2\"} _ 6\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static void label_replace_expands_groups(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "label_replace(m{b=\"z\"}, \"c\", \"$1-${n}\", \"a\", \"(?P<n>x)(.*)\")", 0),
                "m{a=\"x2\", b=\"z\", c=\"x-x\"} 1\n");
        assert_string_equal(fixture_instant(&f, "label_replace(m{b=\"z\"}, \"a\", \"\", \"a\", \"x2\")", 0),
                            "m{b=\"z\"} 1\n");
        assert_string_equal(fixture_instant(&f, "label_replace(m{b=\"z\"}, \"c\", \"q\", \"a\", \"nomatch\")", 0),
                            "m{a=\"x2\", b=\"z\"} 1\n");
        assert_string_equal(fixture_instant(&f, "label_replace(m{b=\"z\"}, \"c\", \"q\", \"missing\", \"\")", 0),
                            "m{a=\"x2\", b=\"z\", c=\"q\"} 1\n");
}

static void label_join_concatenates(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "label_join(m{b=\"z\"}, \"c\", \"/\", \"a\", \"b\", \"none\")", 0),
                            "m{a=\"x2\", b=\"z\", c=\"x2/z/\"} 1\n");
}

static void label_errors(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "label_replace(m, \"a\", \"x\", \"b\", \".*\")", 0),
                            "error: vector cannot contain metrics with the same labelset\n");
        assert_string_equal(fixture_instant(&f, "label_replace(m, \"\", \"x\", \"b\", \".*\")", 0),
                            "error: invalid destination label name in label_replace(): \n");
        assert_string_equal(fixture_instant(&f, "label_replace(m, \"c\", \"x\", \"b\", \"(\")", 0),
                            "error: invalid regular expression in label_replace(): (\n");
        assert_string_equal(fixture_instant(&f, "label_join(m, \"c\", \"x\", \"\")", 0),
                            "error: invalid source label name in label_join(): \n");
}

static void series_that_replace_each_other_become_one(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(
                        &f,
                        "label_replace(n{id=\"1\"} or last_over_time(n{id=\"2\"}[1m]), \"id\", \"z\", \"id\", \".*\")",
                        0),
                "n{id=\"z\"} 5\n");
}

static void sorting(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "sort(m)", 0),
                            "m{a=\"x2\", b=\"z\"} 1\nm{a=\"x1\", b=\"y\"} 3\nm{a=\"x10\", b=\"y\"} NaN\n");
        assert_string_equal(fixture_instant(&f, "sort_desc(m)", 0),
                            "m{a=\"x1\", b=\"y\"} 3\nm{a=\"x2\", b=\"z\"} 1\nm{a=\"x10\", b=\"y\"} NaN\n");
        assert_string_equal(fixture_instant(&f, "sort_by_label(m, \"a\")", 0),
                            "m{a=\"x1\", b=\"y\"} 3\nm{a=\"x2\", b=\"z\"} 1\nm{a=\"x10\", b=\"y\"} NaN\n");
        assert_string_equal(fixture_instant(&f, "sort_by_label_desc(m, \"b\", \"a\")", 0),
                            "m{a=\"x2\", b=\"z\"} 1\nm{a=\"x10\", b=\"y\"} NaN\nm{a=\"x1\", b=\"y\"} 3\n");
        assert_string_equal(fixture_range(&f, "sort(m{b=\"z\"})", 0, 60000, 60000),
                            "m{a=\"x2\", b=\"z\"} 1 1\nPromQL warning: sort is ineffective for range queries since "
                            "results are always ordered by labels (1:1)\n");
}

static void absence(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "absent(none{a=\"1\",b=~\"x\",c=\"2\",c=\"3\"})", 0), "{a=\"1\"} 1\n");
        assert_string_equal(fixture_instant(&f, "absent(m)", 0), "");
        assert_string_equal(fixture_instant(&f, "absent(sum(none))", 0), "{} 1\n");
        assert_string_equal(fixture_range(&f, "absent_over_time(n{id=\"2\"}[30s])", 0, 120000, 60000),
                            "{id=\"2\"} 1 _ 1\n");
        assert_string_equal(fixture_range(&f, "absent(n{id=\"1\"})", 0, 600000, 300000), "{id=\"1\"} _ 1 1\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(label_replace_expands_groups),
                cmocka_unit_test(label_join_concatenates),
                cmocka_unit_test(label_errors),
                cmocka_unit_test(series_that_replace_each_other_become_one),
                cmocka_unit_test(sorting),
                cmocka_unit_test(absence),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
