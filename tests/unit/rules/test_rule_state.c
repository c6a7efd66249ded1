#include "rules_fixture.h"

#define RULE(extra) "groups: [{name: g, interval: 1s, rules: [{alert: A, expr: 'x > 0'" extra "}]}]"

static void a_pending_alert_keeps_the_time_it_has_waited(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(", for: 60s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 40000);
        fixture_restart(f, 30000, RULE(", for: 60s")); /* 30 s in which nobody looked */
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 72000);
        assert_int_equal(fixture_state(f), ALERT_PENDING);
        fixture_run(f, 88000);
        assert_int_equal(fixture_state(f), ALERT_PENDING);
        fixture_run(f, 93000); /* 40 s before, 20 s after; the last tick is known to a second */
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        assert_int_equal(f->told.len, 1);
        fixture_free(f);
}

/* Two restarts: both times away are left out. */
static void times_away_add_up(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(", for: 60s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 30000);
        for (int i = 0; i < 2; i++) {
                fixture_restart(f, 50000, RULE(", for: 60s"));
                fixture_sample(f, "__name__=x", 1);
                fixture_run(f, fixture_now(f) + 5000);
                assert_int_equal(fixture_state(f), ALERT_PENDING);
        }
        fixture_run(f, fixture_now(f) + 15000);
        assert_int_equal(fixture_state(f), ALERT_PENDING);
        fixture_run(f, fixture_now(f) + 8000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        fixture_free(f);
}

static void a_firing_alert_goes_on_and_its_start_stays(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(", for: 5s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 10000);
        assert_int_equal(f->told.len, 1);
        int64_t started = f->told.data[0].starts_ms;
        fixture_restart(f, 20000, RULE(", for: 5s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 31000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        assert_int_equal(f->told.len, 2); /* the router, which may be new, is told at once */
        assert_int_equal(f->told.data[1].starts_ms, started);
        fixture_free(f);
}

static void after_a_start_data_may_come_later_than_rules(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(""));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 10000);
        fixture_restart(f, 600000, RULE("")); /* the last sample is too old to count */
        fixture_run(f, 611000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        fixture_run(f, 613000); /* held for two intervals, then it is over */
        assert_int_equal(fixture_state(f), ALERT_INACTIVE);
        assert_true(f->told.data[f->told.len - 1].resolved);
        fixture_free(f);
}

static void a_long_outage_forgets_pending_and_keeps_firing(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        rules_manager_free(f->manager);
        f->outage_tolerance_ms = 100000;
        fixture_start(f);
        fixture_rules(f, RULE(", for: 60s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 40000);
        fixture_restart(f, 200000, RULE(", for: 60s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 240000 + 50000);
        assert_int_equal(fixture_state(f), ALERT_PENDING);
        fixture_run(f, 240000 + 62000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        fixture_restart(f, 7200000, RULE(", for: 60s")); /* somebody was told of it: the end must be told as well */
        fixture_run(f, fixture_now(f) + 4000);
        assert_int_equal(fixture_state(f), ALERT_INACTIVE);
        assert_true(f->told.data[f->told.len - 1].resolved);
        fixture_free(f);
}

static void a_resolved_alert_is_told_again_after_a_restart(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(""));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 2000);
        fixture_sample(f, "__name__=x", 0);
        fixture_run(f, 4000);
        size_t before = f->told.len;
        fixture_restart(f, 1000, RULE(""));
        fixture_sample(f, "__name__=x", 0);
        fixture_run(f, 6500);
        assert_int_equal(f->told.len, before + 1);
        assert_true(f->told.data[before].resolved);
        fixture_free(f);
}

static void keep_firing_for_counts_over_a_restart(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(", keep_firing_for: 20s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 2000);
        fixture_sample(f, "__name__=x", 0);
        fixture_run(f, 10000);
        fixture_restart(f, 5000, RULE(", keep_firing_for: 20s"));
        fixture_sample(f, "__name__=x", 0);
        fixture_run(f, 20000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        fixture_run(f, 24500);
        assert_int_equal(fixture_state(f), ALERT_INACTIVE);
        fixture_free(f);
}

static bool count(void *arg, Str key, Str value, int64_t expires_ms)
{
        (void)key;
        (void)value;
        (void)expires_ms;
        ++*(size_t *)arg;
        return true;
}

static size_t documents(Fixture *f)
{
        size_t n = 0;
        Err err;
        assert_ok(statedb_each(f->db, STR("rule_alerts"), count, &n, &err), err);
        return n;
}

static void states_of_rules_that_are_gone_are_deleted(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(", for: 60s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 30000);
        assert_int_equal(documents(f), 1);
        fixture_rules(f, "groups: []");
        assert_int_equal(documents(f), 0);
        fixture_rules(f, RULE(", for: 60s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 85000);
        assert_int_equal(fixture_state(f), ALERT_PENDING); /* anew */
        fixture_restart(f, 1000, "groups: []");
        assert_int_equal(documents(f), 0);
        fixture_free(f);
}

/* Rules that cannot be told apart by name and labels do not take each other's alerts. */
static void namesakes_stay_apart(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        const char *yaml =
                "groups: [{name: g, interval: 1s, rules: [{alert: A, expr: 'x > 0'}, {alert: A, expr: 'y > 0'}]}]";
        fixture_rules(f, yaml);
        fixture_sample(f, "__name__=y", 1);
        fixture_run(f, 2000);
        for (int i = 0; i < 2; i++) {
                RuleGroupStatus *g = fixture_status(f, &n);
                assert_int_equal(g[0].rules[0].n_alerts, 0);
                assert_int_equal(g[0].rules[1].n_alerts, 1);
                if (i == 0)
                        fixture_rules(f, yaml); /* a reload */
        }
        fixture_restart(f, 1000, yaml);
        fixture_sample(f, "__name__=y", 1);
        fixture_run(f, 5000);
        RuleGroupStatus *g = fixture_status(f, &n);
        assert_int_equal(g[0].rules[0].n_alerts, 0);
        assert_int_equal(g[0].rules[1].n_alerts, 1);
        vec_each(t, &f->told)
                assert_false(t->resolved);
        fixture_free(f);
}

static void damaged_documents_start_anew(void **state)
{
        (void)state;
        static const char *const docs[] = {
                "{", "{}", "{\"alerts\":3}",
                "{\"alerts\":[{}, 3, {\"labels\":{\"a\":\"b\"},\"state\":9}, {\"labels\":{\"a\":[]},\"state\":1}]}"
        };
        for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
                Fixture *f = fixture_new();
                Err err;
                assert_ok(statedb_put(f->db, STR("rule_alerts"), STR("rules.yml;g;A{}"), str_of(docs[i]), 0, &err),
                          err);
                fixture_rules(f, RULE(""));
                fixture_sample(f, "__name__=x", 1);
                fixture_run(f, 2000);
                assert_int_equal(fixture_state(f), ALERT_FIRING);
                fixture_free(f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_pending_alert_keeps_the_time_it_has_waited),
                cmocka_unit_test(times_away_add_up),
                cmocka_unit_test(a_firing_alert_goes_on_and_its_start_stays),
                cmocka_unit_test(after_a_start_data_may_come_later_than_rules),
                cmocka_unit_test(a_long_outage_forgets_pending_and_keeps_firing),
                cmocka_unit_test(a_resolved_alert_is_told_again_after_a_restart),
                cmocka_unit_test(keep_firing_for_counts_over_a_restart),
                cmocka_unit_test(states_of_rules_that_are_gone_are_deleted),
                cmocka_unit_test(namesakes_stay_apart),
                cmocka_unit_test(damaged_documents_start_anew),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
