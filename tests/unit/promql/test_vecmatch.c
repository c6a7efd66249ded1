#include "query_fixture.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_default() });
        fixture_load(&f, 60000,
                     "req{method=\"get\",code=\"200\"} 10+10x4\n"
                     "req{method=\"get\",code=\"500\"} 1+1x4\n"
                     "req{method=\"put\",code=\"200\"} 5+0x4\n"
                     "limit{method=\"get\",owner=\"a\"} 100+0x4\n"
                     "limit{method=\"del\",owner=\"b\"} 7+0x4\n"
                     "early{x=\"1\",run=\"a\"} 1 1 stale\n"
                     "early{x=\"1\",run=\"b\"} _ _ 2 2 2\n"
                     "part{x=\"1\"} 10+0x4\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static void many_to_one_with_labels_from_the_one_side(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "req / on(method) group_left(owner) limit", 60000),
                "{code=\"200\", method=\"get\", owner=\"a\"} 0.2\n{code=\"500\", method=\"get\", owner=\"a\"} 0.02\n");
        /* The sides swapped: values keep their written order. */
        assert_string_equal(
                fixture_instant(&f, "limit - on(method) group_right(owner) req", 60000),
                "{code=\"200\", method=\"get\", owner=\"a\"} 80\n{code=\"500\", method=\"get\", owner=\"a\"} 98\n");
}

static void many_matches_must_be_said(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "req / on(method) limit", 60000),
                "error: multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)\n");
        assert_string_equal(
                fixture_instant(&f, "limit / on(method) req", 60000),
                "error: found duplicate series for the match group {method=\"get\"} on the right hand-side of the "
                "operation: "
                "[{__name__=\"req\", code=\"200\", method=\"get\"}, {__name__=\"req\", code=\"500\", method=\"get\"}]"
                ";many-to-many matching not allowed: matching labels must be unique on one side\n");
        assert_string_equal(fixture_instant(&f, "req / on(method) group_left(code) limit", 60000),
                            "error: multiple matches for labels: grouping labels must ensure unique matches\n");
        assert_int_not_equal(f.code, ERR_INVALID);
}

/* Checks come before filters. */
static void a_dropped_comparison_is_a_match_all_the_same(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "req > on(method) limit", 60000),
                "error: multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)\n");
}

static void series_that_replace_each_other_join_step_by_step(void **state)
{
        (void)state;
        assert_string_equal(fixture_range(&f, "part * on(x) group_left(run) early", 0, 240000, 60000),
                            "{run=\"a\", x=\"1\"} 10 10\n{run=\"b\", x=\"1\"} _ _ 20 20 20\n");
        assert_string_equal(fixture_range(&f, "early + on(x) part", 0, 240000, 60000), "{x=\"1\"} 11 11 12 12 12\n");
}

static void what_matches_nothing_still_warns(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "quantile_over_time(2, req[2m]) * on(method) group_left limit{method=\"none\"}",
                                60000),
                "PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)\n");
        assert_string_equal(
                fixture_instant(&f, "quantile_over_time(2, req[2m]) > on(nothing) quantile_over_time(2, req[9m] @ 1e9)",
                                60000),
                "PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)\n");
}

static void comparisons(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "req > 4", 0),
                            "req{code=\"200\", method=\"get\"} 10\nreq{code=\"200\", method=\"put\"} 5\n");
        assert_string_equal(fixture_instant(&f, "4 < bool req{method=\"get\"}", 0),
                            "{code=\"200\", method=\"get\"} 1\n{code=\"500\", method=\"get\"} 0\n");
        assert_string_equal(fixture_instant(&f, "7 < req", 0), "req{code=\"200\", method=\"get\"} 10\n");
        assert_string_equal(
                fixture_instant(&f, "req{code=\"200\"} == ignoring(code) group_left req{code=\"500\"} * 10", 0),
                "req{code=\"200\", method=\"get\"} 10\n");
}

static void sets(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "req and on(method) limit", 0),
                            "req{code=\"200\", method=\"get\"} 10\nreq{code=\"500\", method=\"get\"} 1\n");
        assert_string_equal(fixture_instant(&f, "req unless on(method) limit", 0),
                            "req{code=\"200\", method=\"put\"} 5\n");
        assert_string_equal(fixture_instant(&f, "limit or on(method) req", 0),
                            "limit{method=\"del\", owner=\"b\"} 7\nlimit{method=\"get\", owner=\"a\"} "
                            "100\nreq{code=\"200\", method=\"put\"} 5\n");
        assert_string_equal(fixture_range(&f, "early{run=\"a\"} or on(x) part", 0, 180000, 60000),
                            "early{run=\"a\", x=\"1\"} 1 1\npart{x=\"1\"} _ _ 10 10\n");
}

static void fills(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "sum by (method) (req) + fill(0) sum by (method) (limit)", 0),
                            "{method=\"del\"} 7\n{method=\"get\"} 111\n{method=\"put\"} 5\n");
        assert_string_equal(fixture_instant(&f, "sum by (method) (req) + fill_right(1) sum by (method) (limit)", 0),
                            "{method=\"get\"} 111\n{method=\"put\"} 6\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(many_to_one_with_labels_from_the_one_side),
                cmocka_unit_test(many_matches_must_be_said),
                cmocka_unit_test(a_dropped_comparison_is_a_match_all_the_same),
                cmocka_unit_test(series_that_replace_each_other_join_step_by_step),
                cmocka_unit_test(what_matches_nothing_still_warns),
                cmocka_unit_test(comparisons),
                cmocka_unit_test(sets),
                cmocka_unit_test(fills),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
