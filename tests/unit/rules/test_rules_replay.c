#include "rules_fixture.h"

static const char RULES[] = "groups:\n"
                            "- name: a\n"
                            "  interval: 10s\n"
                            "  rules:\n"
                            "  - record: twice\n"
                            "    expr: x * 2\n"
                            "  - alert: High\n"
                            "    expr: twice > 10\n"
                            "    for: 20s\n"
                            "    annotations: {text: 'at {{ $value }}'}\n"
                            "- name: b\n"
                            "  rules:\n"
                            "  - record: bad\n"
                            "    expr: x + on(job) x\n";

static RulesReplay *replay_new(Fixture *f)
{
        Diags diags;
        RuleFile file;
        assert_true(fixture_parse(f, RULES, "rules.yml", &diags, &file));
        RulesOptions o = { .engine = f->engine,
                           .store = memstore_engine(f->store),
                           .clock = &f->clock.clock,
                           .sink = { fixture_put, f } };
        return rules_replay_new(&o, &file, 1, (Labels){ 0 });
}

static void test_the_caller_is_the_clock(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RulesReplay *r = replay_new(f);
        RuleGroupStatus s;
        assert_int_equal(rules_replay_len(r), 2);
        assert_int_equal(rules_replay_interval_ms(r, 0), 10000);
        assert_int_equal(rules_replay_interval_ms(r, 1), 60000);
        memstore_add(f->store, fixture_labels(f, "__name__=x"), T0, 6);
        rules_replay_eval(r, 0, T0 + 10000);
        rules_replay_status(r, 0, f->arena, &s);
        assert_int_equal(s.rules[1].state, ALERT_PENDING);
        assert_int_equal(f->told.len, 0);
        rules_replay_eval(r, 0, T0 + 30000);
        rules_replay_status(r, 0, f->arena, &s);
        assert_int_equal(s.rules[1].state, ALERT_FIRING);
        assert_str(labels_get(s.rules[1].alerts[0].annotations, STR("text")), "at 12");
        assert_int_equal(f->told.len, 1);
        assert_int_equal(f->told.data[0].starts_ms, 30000);
        rules_replay_free(r);
        fixture_free(f);
}

static void test_errors_are_in_the_status(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RulesReplay *r = replay_new(f);
        RuleGroupStatus s;
        memstore_add(f->store, fixture_labels(f, "__name__=x,i=1"), T0, 6);
        memstore_add(f->store, fixture_labels(f, "__name__=x,i=2"), T0, 6);
        rules_replay_eval(r, 1, T0);
        rules_replay_status(r, 1, f->arena, &s);
        assert_int_equal(s.rules[0].health, RULE_ERR);
        rules_replay_free(r);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_caller_is_the_clock),
                cmocka_unit_test(test_errors_are_in_the_status),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
