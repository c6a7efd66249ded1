#include "alert_fixture.h"

#include "alert/alert_store.h"

typedef struct Case {
        int64_t old_start, old_end, start, end; /* from now (T0); end 0: not given */
        int64_t want_start, want_end;
        bool old_timeout;
} Case;

/* As Alertmanager merges an update into what it has; resolve_timeout 100. */
static void updates_merge(void **state)
{
        (void)state;
        static const Case cases[] = {
                { -50, 200, -50, 300, -50, 300, false }, /* a later end */
                { -50, 200, -50, 100, -50, 200, false }, /* an explicit later end stays while it fires */
                { -50, 200, -50, 0, -50, 200, false },   /* also against a timeout */
                { -50, 0, -50, 50, -50, 50, true },      /* a timeout does not stay */
                { -50, 200, -20, 300, -50, 300, false }, /* the earlier start */
                { -50, 200, -50, -10, -50, -10, false }, /* it ends */
                { -50, -10, -50, -20, -50, -10, false }, /* both ended: the later end */
                { -50, -10, -50, -5, -50, -5, false },
                { -50, -40, -20, 100, -20, 100, false }, /* no overlap: a new one */
                { -50, -40, 0, 0, 0, 100, false },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Fixture *f = fixture_new();
                const Case *c = &cases[i];
                AlertStore s = { 0 };
                AlertJournal j = alert_store_journal(f->arena);
                AlertMsg msg = { .labels = fixture_labels(f, "a=b"),
                                 .starts_at_ms = T0 + c->old_start,
                                 .ends_at_ms = c->old_timeout ? 0 : T0 + c->old_end };
                alert_store_put(&s, &msg, T0, 100, &j);
                msg.starts_at_ms = T0 + c->start;
                msg.ends_at_ms = c->end ? T0 + c->end : 0;
                StoredAlert *a = alert_store_put(&s, &msg, T0, 100, &j);
                if (a->msg.starts_at_ms - T0 != c->want_start || a->msg.ends_at_ms - T0 != c->want_end)
                        fail_msg("case %zu: [%lld, %lld]", i, (long long)(a->msg.starts_at_ms - T0),
                                 (long long)(a->msg.ends_at_ms - T0));
                alert_store_done(&s);
                fixture_free(f);
        }
}

static void missing_times_are_filled_in(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertStore s = { 0 };
        AlertJournal j = alert_store_journal(f->arena);
        StoredAlert *a = alert_store_put(&s, &(AlertMsg){ .labels = fixture_labels(f, "a=1") }, T0, 100, &j);
        assert_int_equal(a->msg.starts_at_ms, T0);
        assert_int_equal(a->msg.ends_at_ms, T0 + 100);
        assert_true(a->timeout);
        a = alert_store_put(&s, &(AlertMsg){ .labels = fixture_labels(f, "a=2"), .ends_at_ms = T0 - 5 }, T0, 100, &j);
        assert_int_equal(a->msg.starts_at_ms, T0 - 5);
        assert_int_equal(j.events.len, 1); /* the end of what nobody knew is no event */
        alert_store_done(&s);
        fixture_free(f);
}

/* Invariant 3. */
static void the_same_again_writes_nothing(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertStore s = { 0 };
        AlertMsg msg = { .labels = fixture_labels(f, "a=1"), .starts_at_ms = T0, .ends_at_ms = T0 + 240000 };
        AlertJournal j = alert_store_journal(f->arena);
        alert_store_put(&s, &msg, T0, 100, &j);
        assert_int_equal(j.writes.len, 1);
        msg.ends_at_ms += 60000;
        alert_store_put(&s, &msg, T0 + 60000, 100, &j);
        assert_int_equal(j.writes.len, 1);
        msg.ends_at_ms = T0 + 24 * 3600000; /* an end far away is kept */
        alert_store_put(&s, &msg, T0 + 60000, 100, &j);
        assert_int_equal(j.writes.len, 2);
        assert_int_equal(j.events.len, 1);
        alert_store_done(&s);
        fixture_free(f);
}

static void ends_pass_and_are_forgotten(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertStore s = { 0 };
        AlertJournal j = alert_store_journal(f->arena);
        StoredAlert *a = alert_store_ref(alert_store_put(
                &s, &(AlertMsg){ .labels = fixture_labels(f, "a=1"), .starts_at_ms = T0, .ends_at_ms = T0 + 50 }, T0,
                100, &j));
        alert_store_expire(&s, T0 + 49, 1000, &j);
        assert_int_equal(j.events.len, 1);
        alert_store_expire(&s, T0 + 50, 1000, &j);
        assert_int_equal(j.events.len, 2);
        assert_str(j.events.data[1].kind, "resolved");
        alert_store_expire(&s, T0 + 60, 1000, &j);
        assert_int_equal(j.events.len, 2);
        alert_store_write(&j, f->db);
        AlertStore again = { 0 };
        alert_store_load(&again, f->db, T0 + 100, 1000);
        assert_int_equal(again.alerts.len, 1);
        assert_true((*stored_map_get(&again.alerts, a->fingerprint))->ended);
        alert_store_done(&again);
        alert_store_expire(&s, T0 + 1050, 1000, &j);
        assert_int_equal(s.alerts.len, 0);
        alert_store_write(&j, f->db);
        alert_store_load(&again, f->db, T0 + 100, 1000);
        assert_int_equal(again.alerts.len, 0);
        assert_str(a->msg.labels.data[0].value, "1"); /* a reference keeps it */
        alert_store_unref(a);
        alert_store_done(&again);
        alert_store_done(&s);
        fixture_free(f);
}

static void bad_documents_are_left_out(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertStore s = { 0 };
        Err err;
        static const char *const docs[] = { "{", "[]", "{}", "{\"labels\":{},\"ends_at_ms\":5}",
                                            "{\"labels\":{\"a\":\"b\"}}" };
        for (size_t i = 0; i < ARRAY_LEN(docs); i++)
                assert_ok(statedb_put(f->db, STR("router_alerts"), str_printf(f->arena, "%zu", i), str_of(docs[i]), 0,
                                      &err),
                          err);
        assert_ok(statedb_put(f->db, STR("router_alerts"), STR("good"),
                              STR("{\"labels\":{\"a\":\"b\"},\"ends_at_ms\":5}"), 0, &err),
                  err);
        alert_store_load(&s, f->db, T0, 1000);
        assert_int_equal(s.alerts.len, 1);
        assert_int_equal(stored_map_next(&s.alerts, NULL)->val->msg.ends_at_ms,
                         T0 + 1000); /* it fired: it gets the grace */
        alert_store_done(&s);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(updates_merge),
                cmocka_unit_test(missing_times_are_filled_in),
                cmocka_unit_test(the_same_again_writes_nothing),
                cmocka_unit_test(ends_pass_and_are_forgotten),
                cmocka_unit_test(bad_documents_are_left_out),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
