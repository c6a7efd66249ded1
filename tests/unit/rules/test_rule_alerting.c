#include "rules_fixture.h"

#define RULE(extra) "groups: [{name: g, interval: 1s, rules: [{alert: A, expr: 'x > 0'" extra "}]}]"

static void pending_becomes_firing_after_for_and_resolves(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        double v;
        fixture_rules(f, RULE(", for: 3s"));
        fixture_sample(f, "__name__=x,i=1", 5);
        fixture_run(f, 1000);
        int64_t first = fixture_now(f);
        assert_int_equal(fixture_state(f), ALERT_PENDING);
        assert_int_equal(f->pending, 1);
        assert_int_equal(f->told.len, 0);
        assert_int_equal(fixture_query(f, "ALERTS{alertstate=\"pending\"}", &v), 1);
        assert_int_equal(fixture_query(f, "ALERTS_FOR_STATE", &v), 1);
        assert_true(v >= (double)T0 / 1000 && v <= (double)(T0 + first) / 1000);
        fixture_run(f, 3999);
        assert_int_equal(fixture_state(f), f->told.len ? ALERT_FIRING : ALERT_PENDING);
        fixture_run(f, 5000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        assert_int_equal(f->told.len, 1);
        assert_str(labels_get(f->told.data[0].labels, STR("alertname")), "A");
        assert_str(labels_get(f->told.data[0].labels, STR("i")), "1");
        assert_false(labels_has(f->told.data[0].labels, LABEL_NAME));
        assert_int_equal(f->told.data[0].ends_ms - f->told.data[0].starts_ms, 240000); /* 4 x resend_delay */
        assert_str(f->told.data[0].url, "http://pharos.example.com/graph?g0.expr=x+%3E+0&g0.tab=1");
        assert_int_equal(fixture_query(f, "ALERTS{alertstate=\"firing\"}", &v), 1);
        assert_int_equal(fixture_query(f, "ALERTS{alertstate=\"pending\"}", &v), 0); /* a stale marker ended it */
        fixture_sample(f, "__name__=x,i=1", 0);
        fixture_run(f, 7000);
        assert_int_equal(fixture_state(f), ALERT_INACTIVE);
        assert_int_equal(f->told.len, 2);
        assert_true(f->told.data[1].resolved);
        assert_int_equal(f->told.data[1].starts_ms, f->told.data[0].starts_ms);
        assert_int_equal(fixture_query(f, "ALERTS", &v) + fixture_query(f, "ALERTS_FOR_STATE", &v), 0);
        assert_int_equal(f->firing + f->pending, 0);
        fixture_free(f);
}

static void a_pending_alert_that_goes_is_forgotten(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(", for: 10s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 3000);
        assert_int_equal(fixture_state(f), ALERT_PENDING);
        fixture_sample(f, "__name__=x", 0);
        fixture_run(f, 5000);
        assert_int_equal(fixture_state(f), ALERT_INACTIVE);
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 14000); /* its time starts anew */
        assert_int_equal(fixture_state(f), ALERT_PENDING);
        fixture_run(f, 16000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        fixture_free(f);
}

static void without_for_it_fires_at_once(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(""));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 1000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        assert_int_equal(f->told.len, 1);
        fixture_free(f);
}

static void keep_firing_for_holds_it(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(", keep_firing_for: 5s"));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 1000);
        fixture_sample(f, "__name__=x", 0);
        fixture_run(f, 5000);
        size_t n;
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        int64_t since = fixture_status(f, &n)[0].rules[0].alerts[0].keep_firing_since_ms;
        assert_true(since > T0 + 1000 && since <= T0 + 2000);
        fixture_sample(f, "__name__=x", 1); /* back: the count is forgotten */
        fixture_run(f, 6000);
        assert_int_equal(fixture_status(f, &n)[0].rules[0].alerts[0].keep_firing_since_ms, 0);
        fixture_sample(f, "__name__=x", 0);
        fixture_run(f, 10900);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        fixture_run(f, 13000);
        assert_int_equal(fixture_state(f), ALERT_INACTIVE);
        fixture_free(f);
}

static void firing_and_resolved_are_sent_again_after_the_delay(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_rules(f, RULE(""));
        fixture_sample(f, "__name__=x", 1);
        fixture_run(f, 1000);
        fixture_run(f, f->told.data[0].at_ms + 60000); /* more than resend_delay: not yet */
        assert_int_equal(f->told.len, 1);
        fixture_run(f, 63000);
        assert_int_equal(f->told.len, 2);
        fixture_sample(f, "__name__=x", 0);
        fixture_run(f, 64000);
        assert_int_equal(f->told.len, 3);
        fixture_run(f, 64000 + 14 * 60000);
        assert_int_equal(f->told.len, 3 + 13); /* every 61 s */
        fixture_run(f, 64000 + 30 * 60000);    /* a resolved one is kept 15 minutes */
        assert_in_range(f->told.len, 3 + 13, 3 + 14);
        fixture_free(f);
}

static void labels_and_annotations_are_templates(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        f->external = fixture_labels(f, "cluster=c1,i=external");
        fixture_rules(
                f,
                "groups: [{name: g, interval: 1s, labels: {team: group, sev: low}, rules: [{alert: A, expr: 'x > 0', labels: {sev: '{{ if gt $value 4.0 }}high{{ end }}', gone: '', "
                "alertname: other}, annotations: {s: '{{ $labels.i }} has {{ $value }} in {{ $externalLabels.cluster }}', q: '{{ query \"x\" | first | value }}', "
                "bad: '{{ query \"x{\" }}'}}]}]");
        fixture_sample(f, "__name__=x,i=1,gone=here", 5);
        fixture_run(f, 1000);
        assert_int_equal(f->told.len, 1);
        Labels l = f->told.data[0].labels;
        assert_str(labels_get(l, STR("alertname")), "A");
        assert_str(labels_get(l, STR("team")), "group");
        assert_str(labels_get(l, STR("sev")), "high");
        assert_str(labels_get(l, STR("cluster")), "c1"); /* external labels go under the alert's */
        assert_str(labels_get(l, STR("i")), "1");
        assert_false(labels_has(l, STR("gone"))); /* an empty label takes the series' away */
        Labels a = f->told.data[0].annotations;
        assert_str(labels_get(a, STR("s")), "1 has 5 in c1");
        assert_str(labels_get(a, STR("q")), "5");
        assert_true(str_starts(labels_get(a, STR("bad")), STR("<error expanding template: ")));
        fixture_free(f);
}

static void equal_label_sets_fail_the_rule(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        fixture_rules(f, RULE(", labels: {i: ''}"));
        fixture_sample(f, "__name__=x,i=1", 1);
        fixture_run(f, 1000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        fixture_sample(f, "__name__=x,i=2", 1);
        fixture_run(f, 2000);
        RuleStatus *r = &fixture_status(f, &n)[0].rules[0];
        assert_int_equal(r->health, RULE_ERR);
        assert_str(r->last_error, "vector contains metrics with the same labelset after applying alert labels");
        assert_int_equal(r->state, ALERT_FIRING); /* invariant 3 */
        assert_int_equal(f->told.len, 1);
        fixture_free(f);
}

static void over_the_limit_the_alerts_are_cleared(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        fixture_rules(f, "groups: [{name: g, interval: 1s, limit: 1, rules: [{alert: A, expr: 'x > 0'}]}]");
        fixture_sample(f, "__name__=x,i=1", 1);
        fixture_run(f, 1000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        fixture_sample(f, "__name__=x,i=2", 1);
        fixture_run(f, 2000);
        RuleStatus *r = &fixture_status(f, &n)[0].rules[0];
        assert_str(r->last_error, "exceeded limit of 1 with 2 alerts");
        assert_int_equal(r->n_alerts, 0);
        fixture_sample(f, "__name__=x,i=2", 0);
        fixture_run(f, 3000);
        assert_int_equal(fixture_state(f), ALERT_FIRING);
        fixture_free(f);
}

static void values_and_annotations_follow(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        fixture_rules(f, RULE(", annotations: {v: '{{ $value }}'}"));
        for (int i = 1; i <= 3; i++) {
                fixture_sample(f, "__name__=x", i);
                fixture_run(f, i * 1000);
                RuleAlert *a = &fixture_status(f, &n)[0].rules[0].alerts[0];
                assert_double(a->value, (double)i);
                assert_int_equal(a->annotations.data[0].value.p[0], '0' + i);
        }
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pending_becomes_firing_after_for_and_resolves),
                cmocka_unit_test(a_pending_alert_that_goes_is_forgotten),
                cmocka_unit_test(without_for_it_fires_at_once),
                cmocka_unit_test(keep_firing_for_holds_it),
                cmocka_unit_test(firing_and_resolved_are_sent_again_after_the_delay),
                cmocka_unit_test(labels_and_annotations_are_templates),
                cmocka_unit_test(equal_label_sets_fail_the_rule),
                cmocka_unit_test(over_the_limit_the_alerts_are_cleared),
                cmocka_unit_test(values_and_annotations_follow),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
