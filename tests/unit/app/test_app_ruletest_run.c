#include "app_fixture.h"

#include "app/app_ruletest.h"

static const char RULES[] = "groups:\n"
                            "- name: late\n"
                            "  rules: [{record: twice, expr: 'once * 2'}]\n"
                            "- name: early\n"
                            "  rules:\n"
                            "  - {record: once, expr: 'x'}\n"
                            "  - alert: High\n"
                            "    expr: x > 2\n"
                            "    for: 1m\n"
                            "    labels: {severity: page}\n"
                            "    annotations: {text: '{{ $externalLabels.region }} {{ $externalURL }} {{ $value }}'}\n";

/* Runs the first test of the file; what it says goes to f->arena. */
static size_t run(Fixture *f, const char *yaml, bool diff, const char **ret_text)
{
        AppRuletestOptions o = { .features = promql_features_default(), .diff = diff };
        AppRuletest t;
        Buf out = { .arena = f->arena };
        fixture_file(f, "r.yml", RULES);
        const char *path = fixture_file(f, "test.yml", yaml);
        diags_init(&f->diags, f->arena);
        if (!app_ruletest_load(path, &o, f->arena, &f->diags, &t))
                fail_msg(STR_FMT, STR_ARG(f->diags.list.data[0].message));
        size_t n = app_ruletest_run(&t, &t.tests[0], &o, &out);
        *ret_text = buf_cstr(&out);
        return n;
}

static void alerts_and_samples_are_compared(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *text;
        size_t n = run(
                f,
                "rule_files: [r.yml]\n"
                "tests:\n"
                "- input_series: [{series: 'x{job=\"a\"}', values: '1 3 3 3 1'}]\n"
                "  external_labels: {region: eu}\n"
                "  external_url: http://example.com\n"
                "  alert_rule_test:\n"
                "  - {eval_time: 1m, alertname: High}\n"
                "  - eval_time: 150s\n"
                "    alertname: High\n"
                "    exp_alerts:\n"
                "    - exp_labels: {severity: page, job: a}\n"
                "      exp_annotations: {text: eu http://example.com 3}\n"
                "  - {eval_time: 4m, alertname: High}\n"
                "  promql_expr_test:\n"
                "  - {expr: 'x > 2', eval_time: 1m, exp_samples: [{labels: 'x{job=\"a\"}', value: 3}]}\n"
                "  - {expr: 'x{job=\"a\"} offset -3m', eval_time: 2m, exp_samples: [{labels: 'x {job=\"a\"}', value: 1}]}\n",
                false, &text);
        if (n)
                fail_msg("%s", text);
        fixture_free(f);
}

static void what_differs_is_said_in_both_forms(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *text;
        const char *yaml = "rule_files: [r.yml]\n"
                           "tests:\n"
                           "- name: wrong\n"
                           "  input_series: [{series: x, values: '3x9'}]\n"
                           "  alert_rule_test: [{eval_time: 5m, alertname: High}]\n"
                           "  promql_expr_test:\n"
                           "  - {expr: x, eval_time: 1m, exp_samples: [{labels: x, value: 4}]}\n"
                           "  - {expr: 'x +', eval_time: 1m}\n"
                           "  - {expr: x, exp_samples: [{labels: 'x{'}]}\n";
        assert_int_equal(run(f, yaml, false, &text), 4);
        assert_contains(text, "name: wrong");
        assert_contains(text, "alertname: High, time: 5m");
        assert_contains(text, "severity=\"page\"");
        assert_contains(text, "{__name__=\"x\"} 4E+00");
        assert_contains(text, "got: {__name__=\"x\"} 3E+00");
        assert_contains(text, "got:[\n            0:\n");
        assert_contains(text, "unexpected end of input");
        assert_contains(text, "labels 'x{'");
        assert_int_equal(run(f, yaml, true, &text), 4);
        assert_contains(text, "- {__name__=\"x\"} 4E+00");
        assert_contains(text, "+ {__name__=\"x\"} 3E+00");
        fixture_free(f);
}

static void verdicts_are_promtools(void **state)
{
        (void)state;
        static const struct {
                const char *test;
                size_t failures;
        } CASES[] = {
                { "{expr: x, exp_samples: [{labels: x, value: 2}]}", 0 },   /* the last of two series counts */
                { "{expr: '0 / 0 * x', exp_samples: [{value: .nan}]}", 1 }, /* NaN is never as expected */
                { "{expr: h, exp_samples: [{labels: h, histogram: '{{}}'}]}", 0 },
                { "{expr: h, exp_samples: [{labels: h, value: 1, histogram: '{{}}'}]}", 1 },
                { "{expr: h, exp_samples: [{labels: h, histogram: '{{}} {{}}'}]}", 1 },
                { "{expr: h, exp_samples: [{labels: h, histogram: '1'}]}", 1 },
                { "{expr: 'count_over_time(x[2m:])', eval_time: 2m, exp_samples: [{value: 4}]}", 0 },
        };
        Fixture *f = fixture_new();
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                const char *text;
                Str yaml = str_printf(f->arena,
                                      "evaluation_interval: 30s\n"
                                      "tests:\n- input_series: [{series: x, values: 1x9}, {series: x, values: 2x9}, "
                                      "{series: h, values: '{{}}'}]\n  promql_expr_test: [%s]\n",
                                      CASES[i].test);
                if (run(f, yaml.p, false, &text) != CASES[i].failures)
                        fail_msg("%s: %s", CASES[i].test, text);
        }
        fixture_free(f);
}

static void groups_run_in_the_order_that_was_asked_for(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *text;
        const char *tests =
                "tests:\n"
                "- input_series: [{series: x, values: '1+1x9'}]\n"
                "  promql_expr_test: [{expr: twice, eval_time: 2m, exp_samples: [{labels: twice, value: 6}]}]\n";
        Str with = str_printf(f->arena, "rule_files: [r.yml]\ngroup_eval_order: [early, late]\n%s", tests);
        Str without = str_printf(f->arena, "rule_files: [r.yml]\n%s", tests);
        assert_int_equal(run(f, with.p, false, &text), 0);
        assert_int_equal(run(f, without.p, false, &text), 1);
        fixture_free(f);
}

static void no_rule_sees_the_future(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *text;
        fixture_file(f, "future.yml", "groups: [{name: g, rules: [{record: y, expr: x offset -2m}]}]\n");
        size_t n = run(f,
                       "rule_files: [future.yml]\n"
                       "tests:\n"
                       "- input_series: [{series: x, values: '1 2 3 4'}]\n"
                       "  promql_expr_test: [{expr: y, eval_time: 0m, exp_samples: [{labels: y, value: 1}]}]\n",
                       false, &text);
        if (n)
                fail_msg("%s", text);
        fixture_free(f);
}

static void a_rule_that_fails_ends_the_test(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *text;
        fixture_file(f, "bad.yml", "groups: [{name: g, rules: [{record: y, expr: x + on(n) x}]}]\n");
        assert_int_equal(run(f,
                             "rule_files: [bad.yml]\n"
                             "tests:\n"
                             "- input_series: [{series: 'x{a=\"1\"}', values: 1}, {series: 'x{a=\"2\"}', values: 1}]\n"
                             "  promql_expr_test: [{expr: absent_series, eval_time: 9m}]\n",
                             false, &text),
                         1);
        assert_contains(text, "rule: y, time: 0s, err: ");
        assert_int_equal(run(f, "tests: [{input_series: [{series: 'x{', values: 1}]}]\n", false, &text), 1);
        assert_contains(text, "line 1: input series 'x{'");
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(alerts_and_samples_are_compared),
                cmocka_unit_test(what_differs_is_said_in_both_forms),
                cmocka_unit_test(verdicts_are_promtools),
                cmocka_unit_test(groups_run_in_the_order_that_was_asked_for),
                cmocka_unit_test(no_rule_sees_the_future),
                cmocka_unit_test(a_rule_that_fails_ends_the_test),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
