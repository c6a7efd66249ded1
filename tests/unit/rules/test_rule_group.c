#include "rules_fixture.h"

#include "rules/rule_group.h"

static RuleGroupRun *group(Fixture *f, const RulesOptions *o, const char *yaml)
{
        Diags d;
        RuleFile file;
        assert_true(fixture_parse(f, yaml, "f.yml", &d, &file));
        return rule_group_new(o, &file.groups[0], (Labels){ 0 }, 1000, 0);
}

static void labels_of_the_rule_go_over_the_groups(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RulesOptions o = { .engine = f->engine, .store = memstore_engine(f->store), .clock = &f->clock.clock };
        RuleGroupRun *g = group(
                f, &o,
                "groups: [{name: g, labels: {a: g, b: g, d: g}, rules: [{record: r, expr: x, labels: {b: r, c: r, d: ''}}, {record: r, expr: y}]}]");
        Labels l = g->runs[0].labels;
        static const char *const want[][2] = { { "a", "g" }, { "b", "r" }, { "c", "r" }, { "d", "" } };
        assert_int_equal(l.n, 4);
        for (size_t i = 0; i < 4; i++) {
                assert_str(l.data[i].name, want[i][0]);
                assert_str(l.data[i].value, want[i][1]);
        }
        assert_int_equal(g->runs[1].namesake, 0);
        rule_group_free(g);
        fixture_free(f);
}

static void inheriting_moves_each_state_once(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RulesOptions o = { .engine = f->engine, .store = memstore_engine(f->store), .clock = &f->clock.clock };
        const char *yaml =
                "groups: [{name: g, rules: [{alert: A, expr: 'x > 0'}, {alert: A, expr: 'y > 0'}, {record: A, expr: z}]}]";
        RuleGroupRun *old = group(f, &o, yaml), *fresh = group(f, &o, yaml);
        fixture_sample(f, "__name__=x", 1);
        fixture_sample(f, "__name__=z", 1);
        rule_group_eval(old, T0);
        assert_int_equal(old->firing, 1);
        assert_int_equal(fresh->runs[1].namesake, 1);
        rule_group_inherit(fresh, old);
        assert_int_equal(fresh->runs[0].alerts.len, 1);
        assert_int_equal(fresh->runs[1].alerts.len, 0);
        assert_int_equal(fresh->runs[2].outputs.len, 1);
        assert_ptr_equal(fresh->runs[0].rule, &fresh->group.rules[0]);
        assert_int_equal(old->runs[0].alerts.len + old->runs[2].outputs.len, 0);
        clock_manual_advance_ms(&f->clock, 1);
        rule_group_end(old, T0 + 1); /* what moved does not end */
        assert_int_equal(fixture_query(f, "A", NULL) + fixture_query(f, "ALERTS", NULL), 2);
        rule_group_end(fresh, T0 + 1);
        assert_int_equal(fixture_query(f, "A", NULL) + fixture_query(f, "ALERTS", NULL), 0);
        rule_group_free(old);
        rule_group_free(fresh);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(labels_of_the_rule_go_over_the_groups),
                                            cmocka_unit_test(inheriting_moves_each_state_once) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
