#include "rules_fixture.h"

static void a_recorded_series_has_the_rules_name_and_labels(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        double v;
        fixture_rules(
                f,
                "groups: [{name: g, interval: 1s, labels: {g: '1', b: group}, rules: [{record: 'r:x', expr: 'x * 2', labels: {b: rule, c: ''}}, {record: 's', expr: '7'}, "
                "{record: t, expr: 'r:x + 1'}]}]");
        fixture_sample(f, "__name__=x,a=1,b=2,c=3", 5);
        fixture_run(f, 1000);
        assert_int_equal(fixture_query(f, "r:x{a=\"1\",b=\"rule\",c=\"\",g=\"1\"}", &v), 1);
        assert_double(v, 10.0);
        assert_int_equal(fixture_query(f, "s", &v), 1);
        assert_double(v, 7.0);
        assert_int_equal(fixture_query(f, "t", &v), 1); /* later rules see what earlier ones wrote */
        assert_double(v, 11.0);
        fixture_free(f);
}

static void a_series_that_ends_gets_a_stale_marker(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, "groups: [{name: g, interval: 1s, rules: [{record: r, expr: 'x > 0'}]}]");
        fixture_sample(f, "__name__=x,i=1", 1);
        fixture_sample(f, "__name__=x,i=2", 1);
        fixture_run(f, 1000);
        assert_int_equal(fixture_query(f, "r", NULL), 2);
        fixture_sample(f, "__name__=x,i=2", 0);
        fixture_run(f, 2000);
        assert_int_equal(fixture_query(f, "r", NULL), 1);
        fixture_rules(f, "groups: []"); /* so does one whose rule is gone */
        assert_int_equal(fixture_query(f, "r", NULL), 0);
        fixture_free(f);
}

static void a_refused_sample_makes_the_rule_unwell(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        fixture_rules(f, "groups: [{name: g, interval: 1s, rules: [{record: r, expr: x}, {record: r, expr: x + 1}]}]");
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 1000);
        RuleGroupStatus *g = fixture_status(f, &n);
        assert_int_equal(g[0].rules[0].health, RULE_OK);
        assert_int_equal(g[0].rules[1].health, RULE_ERR);
        assert_str(g[0].rules[1].last_error, "duplicate sample for timestamp");
        fixture_rules(f, "groups: [{name: g, interval: 1s, rules: [{record: r, expr: x}]}]");
        fixture_run(f, 2000);
        assert_int_equal(fixture_status(f, &n)[0].rules[0].health, RULE_OK);
        fixture_free(f);
}

static void failures_write_nothing_and_end_nothing(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        fixture_rules(
                f,
                "groups: [{name: g, interval: 1s, limit: 2, rules: [{record: r, expr: 'sum by (i) (x) > 0', labels: {same: ''}}, {record: d, expr: 'x', labels: {i: ''}}]}]");
        fixture_sample(f, "__name__=x,i=1", 1);
        fixture_run(f, 1000);
        assert_int_equal(fixture_query(f, "r", NULL), 1);
        assert_int_equal(fixture_query(f, "d", NULL), 1);
        fixture_sample(f, "__name__=x,i=2", 1);
        fixture_run(f, 2000);
        RuleGroupStatus *g = fixture_status(f, &n);
        assert_int_equal(g[0].rules[0].health, RULE_OK);
        assert_str(g[0].rules[1].last_error,
                   "vector contains metrics with the same labelset after applying rule labels");
        assert_int_equal(fixture_query(f, "d", NULL), 1);
        fixture_sample(f, "__name__=x,i=3", 1);
        fixture_run(f, 3000);
        g = fixture_status(f, &n);
        assert_str(g[0].rules[0].last_error, "exceeded limit of 2 with 3 series");
        assert_int_equal(fixture_query(f, "r", NULL), 2); /* no stale markers */
        fixture_free(f);
}

static void query_offset_shifts_reading_and_writing(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        double v;
        fixture_rules(f, "groups: [{name: g, interval: 1s, query_offset: 5s, rules: [{record: r, expr: x}]}]");
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 4000);
        assert_int_equal(fixture_query(f, "r", &v), 0);
        fixture_run(f, 6000);
        assert_int_equal(fixture_query(f, "timestamp(r)", &v), 1);
        assert_true(v <= (double)(T0 + 1000) / 1000);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_recorded_series_has_the_rules_name_and_labels),
                cmocka_unit_test(a_series_that_ends_gets_a_stale_marker),
                cmocka_unit_test(a_refused_sample_makes_the_rule_unwell),
                cmocka_unit_test(failures_write_nothing_and_end_nothing),
                cmocka_unit_test(query_offset_shifts_reading_and_writing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
