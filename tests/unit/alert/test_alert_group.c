#include "alert_fixture.h"

#include "alert/alert_delivery.h"

typedef struct Set {
        Fixture *f;
        AlertStore store;
        GroupMap groups;
        AlertRoute route;
        AlertJournal journal;
} Set;

static AlertGroup *put(Set *s, const char *labels, int64_t end)
{
        AlertMsg msg = { .labels = fixture_labels(s->f, labels), .starts_at_ms = T0, .ends_at_ms = T0 + end };
        alert_group_insert(&s->groups, &s->route, &s->route, alert_store_put(&s->store, &msg, T0, 100, &s->journal),
                           msg.labels, ALERT_COMPAT_AM_0_34, T0);
        return group_map_next(&s->groups, NULL)->val;
}

static Set begin(void)
{
        Set s = { .f = fixture_new() };
        s.route = (AlertRoute){ .receiver = STR("r"), .group_interval_ms = 1000, .repeat_interval_ms = 3600000 };
        s.journal = alert_store_journal(s.f->arena);
        return s;
}

static void end(Set *s)
{
        alert_group_clear(&s->groups);
        alert_store_done(&s->store);
        fixture_free(s->f);
}

static void alerts_are_in_upstreams_order(void **state)
{
        (void)state;
        Set s = begin();
        static const char *const want[] = { "job=a,instance=1,z=1", "job=a,instance=2", "job=b",
                                            "instance=0",           "a=1,b=1",          "a=1,b=2" };
        static const size_t order[] = { 5, 3, 1, 0, 2, 4 };
        AlertGroup *g = NULL;
        for (size_t i = 0; i < ARRAY_LEN(want); i++)
                g = put(&s, want[order[i]], 100);
        size_t n;
        AlertMember *all = alert_group_snapshot(g, s.f->arena, &n);
        assert_int_equal(n, ARRAY_LEN(want));
        for (size_t i = 0; i < n; i++) {
                assert_true(labels_eq(all[i].msg.labels, fixture_labels(s.f, want[i])));
                alert_store_unref(all[i].alert);
        }
        end(&s);
}

static void only_told_versions_leave(void **state)
{
        (void)state;
        Set s = begin();
        AlertGroup *g = put(&s, "a=1", -1);
        put(&s, "a=2", -1);
        put(&s, "a=3", 100);
        size_t n;
        AlertMember *members = alert_group_snapshot(g, s.f->arena, &n);
        StoredAlert **told = arena_array(s.f->arena, StoredAlert *, n);
        for (size_t i = 0; i < n; i++)
                told[i] = members[i].alert;
        put(&s, "a=2", 50); /* it fires again meanwhile */
        alert_group_drop_resolved(g, told, n, T0);
        assert_int_equal(g->alerts.len, 2);
        for (size_t i = 0; i < n; i++)
                alert_store_unref(told[i]);
        alert_group_drop_resolved(g, NULL, 0, T0 + 50);
        assert_int_equal(g->alerts.len, 1);
        assert_false(alert_group_remove_empty(&s.groups, g, ALERT_COMPAT_AM_0_34, T0));
        alert_group_drop_resolved(g, NULL, 0, T0 + 100);
        g->in_flight = 1;
        assert_false(alert_group_remove_empty(&s.groups, g, ALERT_COMPAT_AM_0_34, T0));
        g->in_flight = 0;
        assert_true(alert_group_remove_empty(&s.groups, g, ALERT_COMPAT_AM_0_34, T0));
        assert_int_equal(s.groups.len, 0);
        end(&s);
}

static void a_view_sorts_who_fires_from_who_is_over(void **state)
{
        (void)state;
        Set s = begin();
        AlertGroup *g = put(&s, "a=1", -1);
        for (int i = 0; i < 20; i++) {
                char text[20];
                snprintf(text, sizeof text, "a=x%d", i);
                put(&s, text, 100);
        }
        AlertView v = alert_delivery_view(g, T0, NULL, NULL, s.f->arena);
        assert_int_equal(v.firing.n, 20);
        assert_int_equal(v.resolved.n, 1);
        for (size_t i = 1; i < v.firing.n; i++)
                assert_true(v.firing.data[i - 1] < v.firing.data[i]);
        alert_delivery_view_done(&v);
        end(&s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(alerts_are_in_upstreams_order),
                cmocka_unit_test(only_told_versions_leave),
                cmocka_unit_test(a_view_sorts_who_fires_from_who_is_over),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
