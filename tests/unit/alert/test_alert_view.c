#include "alert_fixture.h"

#define TREE                                                                                                     \
        "route:\n"                                                                                               \
        "  receiver: root\n"                                                                                     \
        "  group_by: [alertname]\n"                                                                              \
        "  group_wait: 10s\n"                                                                                    \
        "  routes:\n"                                                                                            \
        "  - {matchers: [s=c], receiver: pager, continue: true}\n"                                               \
        "  - {matchers: ['s=~c|w'], receiver: chat, mute_time_intervals: [never], active_time_intervals: [x]}\n" \
        "inhibit_rules: [{name: down, source_matchers: [s=c], target_matchers: [s=w], equal: [i]}]\n"            \
        "time_intervals:\n"                                                                                      \
        "- {name: never, time_intervals: []}\n"                                                                  \
        "- {name: x, time_intervals: [{}]}\n"                                                                    \
        "receivers: [{name: root}, {name: pager, labels: {team: a}}, {name: chat}, {name: spare}]\n"

static const AlertWanted ALL = {
        .active = true, .silenced = true, .inhibited = true, .unprocessed = true, .muted = true
};

static Fixture *begin(void)
{
        Fixture *f = fixture_of(TREE);
        fixture_fire(f, "alertname=A,s=c,i=1");
        fixture_fire(f, "alertname=A,s=w,i=1");
        fixture_fire(f, "alertname=B,i=2");
        return f;
}

static size_t count(Fixture *f, AlertWanted w)
{
        AlertSeen *seen;
        size_t n;
        alert_router_seen(f->router, &w, f->arena, &seen, &n);
        for (size_t i = 1; i < n; i++)
                assert_true(seen[i - 1].fingerprint < seen[i].fingerprint);
        alert_router_seen_done(seen, n);
        return n;
}

static void what_is_wanted_is_seen(void **state)
{
        (void)state;
        Fixture *f = begin();
        AlertWanted w = ALL;
        assert_int_equal(count(f, w), 3);
        w.inhibited = false;
        assert_int_equal(count(f, w), 2);
        w.inhibited = true;
        w.active = false;
        assert_int_equal(count(f, w), 1);
        w = ALL;
        w.silenced = false;
        assert_int_equal(count(f, w), 3);
        AlertReceiverSeen *receivers;
        size_t n;
        alert_router_receivers(f->router, f->arena, &receivers, &n);
        assert_int_equal(n, 4);
        assert_true(receivers[1].used);
        assert_false(receivers[3].used);
        assert_str(labels_get(receivers[1].labels, STR("team")), "a");
        Matcher team;
        Err err;
        assert_ok(matcher_make(f->arena, MATCH_EQ, STR("team"), STR("a"), &team, &err), err);
        w = ALL;
        w.receiver_matchers = (Matchers){ &team, 1 };
        assert_int_equal(count(f, w), 1);
        fixture_run(f, 1);
        fixture_resolve(f, "alertname=B,i=2");
        assert_int_equal(count(f, ALL), 2);
        fixture_free(f);
}

static void an_alert_says_who_mutes_it_and_who_is_told(void **state)
{
        (void)state;
        Fixture *f = begin();
        AlertSeen *seen;
        size_t n;
        alert_router_seen(f->router, &ALL, f->arena, &seen, &n);
        size_t suppressed = 0;
        for (size_t i = 0; i < n; i++) {
                Str severity = labels_get(seen[i].msg->labels, STR("s"));
                suppressed += seen[i].state == ALERT_SUPPRESSED;
                if (str_eq(severity, STR("w"))) {
                        assert_true(seen[i].inhibited_by != 0);
                        assert_str(seen[i].inhibited_rule, "down");
                        assert_int_equal(seen[i].n_receivers, 1);
                } else if (str_eq(severity, STR("c"))) {
                        assert_int_equal(seen[i].n_receivers, 2);
                        assert_str(seen[i].receivers[0], "pager"); /* in the order of the routes */
                }
        }
        assert_int_equal(suppressed, 1);
        /* What is seen stays, whatever becomes of the alert. */
        fixture_run(f, 1);
        fixture_resolve(f, "alertname=B,i=2");
        fixture_run(f, 100 * MIN_MS);
        for (size_t i = 0; i < n; i++)
                assert_true(seen[i].msg->labels.n > 0);
        alert_router_seen_done(seen, n);
        fixture_free(f);
}

static void groups_are_sorted(void **state)
{
        (void)state;
        Fixture *f = begin();
        AlertGroupSeen *groups;
        size_t n;
        alert_router_groups_seen(f->router, &ALL, f->arena, &groups, &n);
        assert_int_equal(n, 3);
        assert_str(groups[0].receiver, "chat");
        assert_int_equal(groups[0].n, 2);
        assert_str(groups[1].receiver, "pager");
        assert_str(groups[2].receiver, "root");
        assert_str(groups[0].alerts[0].receivers[0], "chat");
        for (size_t i = 0; i < n; i++)
                alert_router_seen_done(groups[i].alerts, groups[i].n);
        fixture_free(f);
}

static void an_explanation_names_route_group_and_log(void **state)
{
        (void)state;
        Fixture *f = begin();
        AlertExplained x;
        Labels labels = fixture_labels(f, "alertname=A,s=c,i=1");
        fixture_run(f, 5000);
        alert_router_explain(f->router, labels, f->arena, &x);
        assert_true(x.known);
        assert_int_equal(x.n_routes, 2);
        assert_str(x.routes[0].group_key, "{}/{s=\"c\"}:{alertname=\"A\"}");
        assert_true(x.routes[0].group_exists);
        assert_int_equal(x.routes[0].next_flush_ms, T0 + 10000);
        assert_int_equal(x.routes[0].integrations, 1);
        assert_false(x.routes[0].log[0].told);
        assert_str(x.routes[0].log[0].decision, "first notification");
        alert_router_seen_done(&x.alert, 1);
        fixture_run(f, 11000);
        alert_router_explain(f->router, labels, f->arena, &x);
        assert_true(x.routes[0].log[0].told && x.routes[0].log[0].told_firing);
        assert_str(x.routes[0].log[0].decision, "none");
        alert_router_seen_done(&x.alert, 1);
        /* What does not fire is explained as well. */
        alert_router_explain(f->router, fixture_labels(f, "alertname=Z,s=w,i=1"), f->arena, &x);
        assert_false(x.known);
        assert_true(x.alert.inhibited_by != 0);
        assert_false(x.routes[0].group_exists);
        alert_router_seen_done(&x.alert, 1);
        Labels found;
        assert_true(alert_router_labels_of(f->router, x.alert.inhibited_by, f->arena, &found));
        assert_true(labels_eq(found, labels));
        assert_false(alert_router_labels_of(f->router, 1, f->arena, &found));
        fixture_free(f);
}

static void time_intervals_mute_whole_groups(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertGroupSeen *groups;
        AlertWanted w = ALL;
        size_t n;
        fixture_config(
                f,
                "route:\n  receiver: root\n  group_wait: 10s\n  group_interval: 1m\n  routes:\n"
                "  - {receiver: a, mute_time_intervals: [night]}\n"
                "time_intervals: [{name: night, time_intervals: [{times: [{start_time: '22:13', end_time: '22:15'}]}]}]\n"
                "receivers: [{name: root}, {name: a}]\n"); /* T0 is 22:13:20 */
        fixture_fire(f, "alertname=A");
        alert_router_groups_seen(f->router, &w, f->arena, &groups, &n);
        assert_int_equal(n, 1);
        assert_str(groups[0].muted_by[0], "night");
        alert_router_seen_done(groups[0].alerts, groups[0].n);
        w.muted = false;
        alert_router_groups_seen(f->router, &w, f->arena, &groups, &n);
        assert_int_equal(n, 0);
        fixture_run(f, 99999);
        assert_int_equal(f->sent.len, 0);
        fixture_run(f, 130000); /* the first flush behind it */
        assert_sent(f, 0, "a", 130000, 1, 0);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_wanted_is_seen),
                cmocka_unit_test(an_alert_says_who_mutes_it_and_who_is_told),
                cmocka_unit_test(groups_are_sorted),
                cmocka_unit_test(an_explanation_names_route_group_and_log),
                cmocka_unit_test(time_intervals_mute_whole_groups),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
