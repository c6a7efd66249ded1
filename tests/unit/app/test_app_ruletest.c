#include <math.h>

#include "app_fixture.h"

#include "app/app_ruletest.h"

static bool load(Fixture *f, const char *path, bool ignore_unknown, AppRuletest *ret)
{
        AppRuletestOptions o = { .features = promql_features_default(), .ignore_unknown = ignore_unknown };
        diags_init(&f->diags, f->arena);
        return app_ruletest_load(path, &o, f->arena, &f->diags, ret);
}

static void a_file_is_read_with_its_rules(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AppRuletest t;
        fixture_file(f, "a.yml", "groups: [{name: g, rules: [{record: r, expr: '1'}]}]\n");
        fixture_file(f, "b.yml", "groups: [{name: g, rules: [{record: r, expr: '1'}]}]\n");
        const char *path = fixture_file(f, "test.yml",
                                        "rule_files: ['[ab].yml']\n"
                                        "evaluation_interval: 30s\n"
                                        "group_eval_order: [g]\n"
                                        "tests:\n"
                                        "- name: one\n"
                                        "  start_timestamp: 2024-01-01T00:00:00Z\n"
                                        "  input_series: [{series: x, values: 1}]\n"
                                        "  alert_rule_test: [{eval_time: 1m, alertname: A, exp_alerts: [{}]}]\n"
                                        "- start_timestamp: 1.5\n"
                                        "  interval: 10s\n"
                                        "  promql_expr_test: [{expr: x, exp_samples: [{labels: x, value: .nan}]}]\n");
        assert_true(load(f, path, false, &t));
        assert_int_equal(t.n_rules, 2);
        assert_int_equal(t.evaluation_interval_ms, 30000);
        assert_int_equal(t.n, 2);
        assert_str(t.tests[0].name, "one");
        assert_int_equal(t.tests[0].start_ms, 1704067200000);
        assert_int_equal(t.tests[0].interval_ms, 30000);
        assert_int_equal(t.tests[0].alerts[0].n, 1);
        assert_int_equal(t.tests[1].start_ms, 1500);
        assert_int_equal(t.tests[1].interval_ms, 10000);
        assert_int_equal(t.tests[1].exprs[0].n, 1);
        fixture_free(f);
}

static void every_complaint_has_its_place(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AppRuletest t;
        const char *path = fixture_file(f, "test.yml", "tests:\n- start_timestamp: soon\n  owner: me\n");
        assert_false(load(f, path, false, &t));
        assert_true(fixture_said(f, "test.yml", 2, "start_timestamp"));
        assert_true(fixture_said(f, "test.yml", 3, "unknown key 'owner'"));
        path = fixture_file(f, "none.yml", "rule_files: [absent-*.yml]\ntests: [{name: t}]\n");
        assert_true(load(f, path, false, &t));
        assert_true(fixture_said(f, "none.yml", 0, "no rule file matches 'absent-*.yml'"));
        path = fixture_file(f, "twice.yml", "group_eval_order: [a, b, a]\n");
        assert_false(load(f, path, false, &t));
        assert_true(fixture_said(f, "twice.yml", 0, "repeated in evaluation order: a"));
        fixture_free(f);
}

static double value_of(Fixture *f, const char *text)
{
        AppRuletest t;
        Str yaml = str_printf(f->arena, "tests: [{promql_expr_test: [{expr: x, exp_samples: [{value: %s}]}]}]\n", text);
        return load(f, fixture_file(f, "value.yml", yaml.p), false, &t) ? t.tests[0].exprs[0].expected[0].value : 1e9;
}

static void numbers_are_those_of_yaml(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                double v;
        } CASES[] = { { "1.5", 1.5 },         { "-1e3", -1000 }, { "+2", 2 },   { "0x1F", 31 },    { "-0x10", -16 },
                      { "010", 8 },           { "0b101", 5 },    { "08", 8 },   { "1_000", 1000 }, { ".inf", INFINITY },
                      { "-.Inf", -INFINITY }, { "", 0 },         { ".5", 0.5 }, { "'1'", 1e9 },    { "Inf", 1e9 },
                      { "NaN", 1e9 },         { "one", 1e9 } };
        Fixture *f = fixture_new();
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
                assert_double(value_of(f, CASES[i].text), CASES[i].v);
        assert_true(isnan(value_of(f, ".nan")));
        fixture_free(f);
}

static void unknown_keys_may_be_passed_over(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AppRuletest t;
        fixture_file(f, "r.yml", "groups: [{name: g, owner: me, rules: [{record: r, expr: '1', team: a}]}]\n");
        const char *path = fixture_file(f, "test.yml", "rule_files: [r.yml]\ntests: [{name: t}]\n");
        assert_false(load(f, path, false, &t));
        assert_true(load(f, path, true, &t));
        assert_int_equal(t.n_rules, 1);
        /* Those of rule files, and those that are needed. */
        assert_false(load(f, fixture_file(f, "own.yml", "tests: []\nowner: me\n"), true, &t));
        assert_true(load(f, fixture_file(f, "none.yml", "rule_files: [r.yml]\ntests: []\n"), false, &t));
        assert_int_equal(t.n_rules, 0);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_file_is_read_with_its_rules),
                cmocka_unit_test(every_complaint_has_its_place),
                cmocka_unit_test(numbers_are_those_of_yaml),
                cmocka_unit_test(unknown_keys_may_be_passed_over),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
