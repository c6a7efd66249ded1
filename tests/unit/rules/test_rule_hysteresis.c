/* What rules have beyond upstream: recovery, recovery_threshold, consecutive_failures, prediction_window. */
#include "rules_fixture.h"

#define RULE(expr, extra) "groups: [{name: g, interval: 1s, rules: [{alert: A, expr: '" expr "'" extra "}]}]"

static RuleAlertState after(Fixture *f, double v)
{
        fixture_sample(f, "__name__=x,i=1", v);
        fixture_run(f, fixture_now(f) + 1000);
        return fixture_state(f);
}

static void a_firing_alert_ends_beyond_the_recovery_threshold(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE("x > 1000", ", recovery_threshold: 800"));
        assert_int_equal(after(f, 900), ALERT_INACTIVE); /* the lower one does not start it */
        assert_int_equal(after(f, 1001), ALERT_FIRING);
        assert_int_equal(after(f, 900), ALERT_FIRING);
        assert_int_equal(after(f, 801), ALERT_FIRING);
        assert_int_equal(after(f, 800), ALERT_INACTIVE);
        assert_int_equal(after(f, 900), ALERT_INACTIVE);
        assert_int_equal(after(f, 1001), ALERT_FIRING);
        fixture_sample(f, "__name__=x,i=1", sample_stale()); /* gone is recovered */
        fixture_run(f, fixture_now(f) + 1000);
        assert_int_equal(fixture_state(f), ALERT_INACTIVE);
        fixture_free(f);
}

static void the_number_may_stand_in_front(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE("(10 > (x + 0))", ", recovery_threshold: 20"));
        assert_int_equal(after(f, 9), ALERT_FIRING);
        assert_int_equal(after(f, 19), ALERT_FIRING);
        assert_int_equal(after(f, 20), ALERT_INACTIVE);
        fixture_free(f);
}

static void a_pending_alert_has_no_hysteresis(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE("x > 10", ", recovery_threshold: 5, for: 10s"));
        assert_int_equal(after(f, 11), ALERT_PENDING);
        assert_int_equal(after(f, 7), ALERT_INACTIVE);
        fixture_free(f);
}

static void recovery_ends_what_has_its_labels(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE("x > 10", ", recovery: ok == 1, labels: {severity: page}"));
        assert_int_equal(after(f, 11), ALERT_FIRING);
        assert_int_equal(after(f, 1), ALERT_FIRING);
        fixture_sample(f, "__name__=ok,i=2", 1); /* another's */
        assert_int_equal(after(f, 1), ALERT_FIRING);
        fixture_sample(f, "__name__=ok,i=1", 1);
        assert_int_equal(after(f, 1), ALERT_INACTIVE);
        fixture_free(f);
}

static void hysteresis_survives_a_restart(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *yaml = RULE("x > 10", ", recovery_threshold: 5");
        fixture_rules(f, yaml);
        assert_int_equal(after(f, 11), ALERT_FIRING);
        fixture_restart(f, 5000, yaml);
        for (int i = 0; i < 10; i++)
                assert_int_equal(after(f, 7), ALERT_FIRING);
        assert_int_equal(after(f, 5), ALERT_INACTIVE);
        fixture_free(f);
}

static void consecutive_failures_are_counted_over_evaluations_and_restarts(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *yaml = RULE("x > 10", ", consecutive_failures: 3");
        fixture_rules(f, yaml);
        assert_int_equal(after(f, 11), ALERT_PENDING);
        assert_int_equal(after(f, 11), ALERT_PENDING);
        assert_int_equal(after(f, 1), ALERT_INACTIVE);
        assert_int_equal(after(f, 11), ALERT_PENDING);
        assert_int_equal(after(f, 11), ALERT_PENDING);
        assert_int_equal(after(f, 11), ALERT_FIRING);
        assert_int_equal(after(f, 1), ALERT_INACTIVE);
        assert_int_equal(after(f, 11), ALERT_PENDING);
        fixture_restart(f, 1000, yaml);
        assert_int_not_equal(fixture_now(f), 0);
        assert_int_equal(after(f, 11), ALERT_PENDING);
        assert_int_equal(after(f, 11), ALERT_FIRING);
        fixture_free(f);
}

static void a_trend_fires_before_the_threshold(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE("x < 10", ", prediction_window: 10m, prediction_range: 5m"));
        RuleAlertState last = ALERT_INACTIVE;
        for (int i = 0; i < 6; i++) { /* falls by 1 a minute from 100: in ten minutes 85 */
                fixture_sample(f, "__name__=x,i=1", 100 - i);
                fixture_run(f, fixture_now(f) + 60000);
                last = fixture_state(f);
        }
        assert_int_equal(last, ALERT_INACTIVE);
        for (int i = 0; i < 6; i++) { /* by 10 a minute */
                fixture_sample(f, "__name__=x,i=1", 95 - 10 * i);
                fixture_run(f, fixture_now(f) + 60000);
                last = fixture_state(f);
        }
        assert_int_equal(last, ALERT_FIRING);
        fixture_free(f);
}

static void what_makes_no_sense_is_refused(void **state)
{
        (void)state;
        static const struct {
                const char *yaml, *message;
        } cases[] = {
                { RULE("x", ", recovery_threshold: 5"), "compares a vector with a number" },
                { RULE("x > y", ", prediction_window: 5m"), "'prediction_window' needs an expression that compares" },
                { RULE("x > 10", ", recovery_threshold: 11"), "must be at most the threshold 10" },
                { RULE("x < 10", ", recovery_threshold: 9"), "must be at least the threshold 10" },
                { RULE("10 < x", ", recovery_threshold: 11"), "must be at most the threshold 10" },
                { RULE("x < -10", ", recovery_threshold: -11"), "must be at least the threshold -10" },
                { RULE("x == 10", ", recovery_threshold: 9"), "with <, <=, > or >=" },
                { RULE("x > 10", ", recovery_threshold: low"), "must be a number" },
                { RULE("x > 10", ", recovery_threshold: 1, recovery: y"), "only one of" },
                { RULE("x > 10", ", recovery: \"x[\""), "could not parse recovery" },
                { RULE("x > 10", ", recovery: '1'"), "must give an instant vector" },
                { RULE("x > 10", ", prediction_range: 1h"), "needs 'prediction_window'" },
                { "groups: [{name: g, rules: [{record: r, expr: x, consecutive_failures: 3}]}]", "alerting rules" },
        };
        Fixture *f = fixture_new();
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Diags diags;
                RuleFile file;
                assert_false(fixture_parse(f, cases[i].yaml, "rules.yml", &diags, &file));
                assert_int_equal(diags.errors, 1);
                assert_contains(str_dupz(f->arena, diags.list.data[0].message), cases[i].message);
        }
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_firing_alert_ends_beyond_the_recovery_threshold),
                cmocka_unit_test(the_number_may_stand_in_front),
                cmocka_unit_test(a_pending_alert_has_no_hysteresis),
                cmocka_unit_test(recovery_ends_what_has_its_labels),
                cmocka_unit_test(hysteresis_survives_a_restart),
                cmocka_unit_test(consecutive_failures_are_counted_over_evaluations_and_restarts),
                cmocka_unit_test(a_trend_fires_before_the_threshold),
                cmocka_unit_test(what_makes_no_sense_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
