#include "rules_fixture.h"

static const char RULES[] = "groups:\n"
                            "- name: g\n"
                            "  rules:\n"
                            "  - {record: r, expr: x > 1}\n"
                            "  - {alert: A, expr: '(x > 5) or (y > 5)'}\n"
                            "  - {alert: B, expr: '10 < x and on() z', for: 5m}\n"
                            "  - {alert: C, expr: up}\n";

static Err failure;

static size_t set(Fixture *f, const char *yaml, const char *setting, RuleFile *ret)
{
        Diags diags;
        PromqlFeatures features = promql_features_default();
        size_t n = 0;
        assert_true(fixture_parse(f, yaml, "rules.yml", &diags, ret));
        return rules_override(ret, 1, str_of(setting), &features, f->arena, &n, &failure) ? n : 0;
}

static void one_setting_of_all_rules_or_of_one(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RuleFile file;
        assert_int_equal(set(f, RULES, "threshold=0.9", &file), 2);
        assert_str(file.groups[0].rules[0].expr_text, "x > 1"); /* a record has no threshold */
        assert_str(file.groups[0].rules[1].expr_text, "(x > 0.9) or (y > 0.9)");
        assert_str(file.groups[0].rules[2].expr_text, "0.9 < x and on() z");
        assert_int_equal(set(f, RULES, "B.threshold=-3", &file), 1);
        assert_str(file.groups[0].rules[2].expr_text, "-3 < x and on() z");
        assert_int_equal(set(f, RULES, "for=10m", &file), 3);
        assert_int_equal(file.groups[0].rules[3].for_ms, 600000);
        assert_int_equal(set(f, RULES, "C.keep_firing_for=1m", &file), 1);
        assert_int_equal(file.groups[0].rules[3].keep_firing_for_ms, 60000);
        assert_int_equal(set(f, RULES, "C.consecutive_failures=3", &file), 1);
        assert_int_equal(file.groups[0].rules[3].consecutive_failures, 3);
        assert_int_equal(set(f, RULES, "interval=5s", &file), 1);
        assert_int_equal(file.groups[0].interval_ms, 5000);
        fixture_free(f);
}

static void what_changes_nothing_is_an_error(void **state)
{
        (void)state;
        static const struct {
                const char *setting, *message;
        } cases[] = {
                { "threshold", "must be NAME=VALUE" }, { "threshold=high", "'high' is not a number" },
                { "D.threshold=1", "no rule has" },    { "C.threshold=1", "no rule has" },
                { "for=soon", "is not a duration" },   { "consecutive_failures=x", "is not a number" },
                { "color=red", "cannot be set" },
        };
        Fixture *f = fixture_new();
        RuleFile file;
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                assert_int_equal(set(f, RULES, cases[i].setting, &file), 0);
                assert_contains(failure.msg, cases[i].message);
        }
        assert_int_equal(
                set(f, "groups: [{name: g, rules: [{alert: A, expr: x > 1 and y > 2}]}]", "threshold=3", &file), 0);
        assert_contains(failure.msg, "more than one threshold");
        fixture_free(f);
}

static void rules_in_force_are_picked_by_name(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        PromqlFeatures features = promql_features_default();
        RuleFile file, ret;
        Diags diags;
        size_t n;
        Err err;
        assert_true(fixture_parse(f, RULES, "rules.yml", &diags, &file));
        assert_true(rules_pick(&file, 1, STR("rules.yml"), STR("g"), STR("B"), &features, f->arena, &ret));
        assert_int_equal(ret.n, 1);
        assert_int_equal(ret.groups[0].n, 1);
        assert_str(ret.groups[0].rules[0].expr_text, "10 < x and on() z");
        /* What is in force stays as it is. */
        assert_ok(rules_override(&ret, 1, STR("threshold=3"), &features, f->arena, &n, &err), err);
        assert_str(ret.groups[0].rules[0].expr_text, "3 < x and on() z");
        assert_str(file.groups[0].rules[2].expr_text, "10 < x and on() z");
        assert_false(rules_pick(&file, 1, STR("rules.yml"), STR("g"), STR("D"), &features, f->arena, &ret));
        assert_false(rules_pick(&file, 1, STR("rules.yml"), STR("h"), STR("B"), &features, f->arena, &ret));
        assert_false(rules_pick(&file, 1, STR("other.yml"), STR("g"), STR("B"), &features, f->arena, &ret));
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(one_setting_of_all_rules_or_of_one),
                cmocka_unit_test(what_changes_nothing_is_an_error),
                cmocka_unit_test(rules_in_force_are_picked_by_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
