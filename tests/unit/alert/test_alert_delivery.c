#include "alert_fixture.h"

#include "alert/alert_delivery.h"

static AlertGroup *group_of(Fixture *f, AlertStore *store, GroupMap *groups, const AlertRoute *route)
{
        static const char *const labels[] = { "alertname=A,job=x,instance=1", "alertname=A,job=x,instance=2" };
        AlertJournal j = alert_store_journal(f->arena);
        for (size_t i = 0; i < 2; i++) {
                AlertMsg msg = { .labels = fixture_labels(f, labels[i]),
                                 .annotations = fixture_labels(f, i ? "s=1,t=3" : "s=1,t=2"),
                                 .starts_at_ms = T0,
                                 .ends_at_ms = T0 + (i ? -1 : 100) };
                alert_group_insert(groups, route, route, alert_store_put(store, &msg, T0, 100, &j), msg.labels,
                                   ALERT_COMPAT_AM_0_34, T0);
        }
        return group_map_next(groups, NULL)->val;
}

static void a_notification_says_what_all_have_in_common(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertStore store = { 0 };
        GroupMap groups = { 0 };
        Str by[] = { STR_INIT("alertname") };
        AlertRoute route = {
                .receiver = STR("r"), .group_by = { by, 1 }, .group_interval_ms = 1000, .repeat_interval_ms = 3600000
        };
        AlertGroup *g = group_of(f, &store, &groups, &route);
        AlertView v = alert_delivery_view(g, T0, NULL, NULL, f->arena);
        AlertDelivery *d = alert_delivery_new(g, &v, 3, alert_delivery_log_key(g, 3, f->arena), STR("http://x"),
                                              INT64_C(432000000), T0);
        const Notification *n = &d->notification;
        assert_null(n->alerts); /* invariant 3 */
        alert_delivery_open(d, T0);
        assert_str(d->log_key, "{}:{alertname=\"A\"}|r|3");
        assert_int_equal(n->integration, 3);
        assert_int_equal(n->n_alerts, 2);
        assert_int_equal(n->alerts[0].ends_at_ms, 0); /* invariant 2 */
        assert_int_equal(n->alerts[1].ends_at_ms, T0 - 1);
        assert_false(n->resolved);
        assert_int_equal(n->timeout_ms, 10000); /* at least */
        assert_int_equal(n->common_labels.n, 2);
        assert_int_equal(n->common_annotations.n, 1);
        assert_int_equal(d->expires_ms, T0 + 2 * 3600000);
        AlertJournal j = alert_store_journal(f->arena);
        DeliveryResult r = { .ok = false, .integration = STR("webhook[3]"), .status = 500, .attempts = 4 };
        err_set(&r.err, ERR_UNAVAILABLE, "no \"luck\"");
        alert_delivery_note(d, &r, T0, &j);
        assert_str(j.events.data[0].kind, "failed");
        assert_true(str_find(j.events.data[0].detail, STR("\"error\":\"no \\\"luck\\\"\"")) != SIZE_MAX);
        alert_delivery_view_done(&v);
        alert_delivery_free(d);
        alert_group_clear(&groups);
        alert_store_done(&store);
        fixture_free(f);
}

/* What a state database takes as a key has a limit; labels do not. */
static void long_keys_are_cut_and_stay_apart(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        char *text = arena_raw(f->arena, 9001, 1);
        memset(text, 'x', 9000);
        text[9000] = 0;
        AlertRoute route = { .receiver = STR("r") };
        AlertGroup a = { .route = &route, .key = str_n(text, 9000) }, b = { .route = &route, .key = str_n(text, 8999) };
        Str ka = alert_delivery_log_key(&a, 0, f->arena);
        Str kb = alert_delivery_log_key(&b, 0, f->arena);
        assert_true(ka.n <= 2000);
        assert_false(str_eq(ka, kb));
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_notification_says_what_all_have_in_common),
                                            cmocka_unit_test(long_keys_are_cut_and_stay_apart) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
