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
                if (a->starts_at_ms - T0 != c->want_start || a->ends_at_ms - T0 != c->want_end)
                        fail_msg("case %zu: [%lld, %lld]", i, (long long)(a->starts_at_ms - T0),
                                 (long long)(a->ends_at_ms - T0));
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
        assert_int_equal(a->starts_at_ms, T0);
        assert_int_equal(a->ends_at_ms, T0 + 100);
        assert_true(a->timeout);
        a = alert_store_put(&s, &(AlertMsg){ .labels = fixture_labels(f, "a=2"), .ends_at_ms = T0 - 5 }, T0, 100, &j);
        assert_int_equal(a->starts_at_ms, T0 - 5);
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
        assert_true(alert_store_expire(&s, T0 + 49, 1000, SIZE_MAX, &j));
        assert_int_equal(j.events.len, 1);
        assert_true(alert_store_expire(&s, T0 + 50, 1000, SIZE_MAX, &j));
        assert_int_equal(j.events.len, 2);
        assert_str(j.events.data[1].kind, "resolved");
        assert_true(alert_store_expire(&s, T0 + 60, 1000, SIZE_MAX, &j));
        assert_int_equal(j.events.len, 2);
        alert_store_write(&j, f->db);
        AlertStore again = { 0 };
        alert_store_load(&again, f->db, T0 + 100, 1000);
        assert_int_equal(again.alerts.len, 1);
        assert_true(alert_set_get(&again.alerts, a->fingerprint)->ended);
        alert_store_done(&again);
        assert_true(alert_store_expire(&s, T0 + 1050, 1000, SIZE_MAX, &j));
        assert_int_equal(s.alerts.len, 0);
        alert_store_write(&j, f->db);
        alert_store_load(&again, f->db, T0 + 100, 1000);
        assert_int_equal(again.alerts.len, 0);
        assert_str(alert_text_get(a->text, STR("a")), "1"); /* a reference keeps it */
        alert_store_unref(a);
        alert_store_done(&again);
        alert_store_done(&s);
        fixture_free(f);
}

/* Keys were fingerprints once; they become numbers, and nothing is there twice. */
static void documents_of_before_are_renumbered(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertStore s = { 0 };
        AlertStore again = { 0 };
        Err err;
        Str doc;
        assert_ok(statedb_put(f->db, STR("router_alerts"), STR("0123456789abcdef"),
                              STR("{\"labels\":{\"a\":\"b\"},\"ends_at_ms\":5}"), 0, &err),
                  err);
        alert_store_load(&s, f->db, T0, 1000);
        assert_int_equal(s.alerts.len, 1);
        assert_false(statedb_get(f->db, STR("router_alerts"), STR("0123456789abcdef"), f->arena, &doc, &err));
        assert_ok(statedb_get(f->db, STR("router_alerts"), STR("n0000000000000001"), f->arena, &doc, &err), err);
        alert_store_load(&again, f->db, T0, 1000);
        assert_int_equal(again.alerts.len, 1);
        assert_int_equal(again.last_doc, 1);
        alert_store_done(&again);
        alert_store_done(&s);
        fixture_free(f);
}

static void versions_share_what_does_not_change(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertStore s = { 0 };
        AlertJournal j = alert_store_journal(f->arena);
        AlertMsg msg = { .labels = fixture_labels(f, "a=1"),
                         .annotations = fixture_labels(f, "s=x"),
                         .starts_at_ms = T0,
                         .ends_at_ms = T0 + 50 };
        StoredAlert *first = alert_store_ref(alert_store_put(&s, &msg, T0, 100, &j));
        msg.ends_at_ms += 10;
        StoredAlert *second = alert_store_ref(alert_store_put(&s, &msg, T0 + 1, 100, &j));
        assert_ptr_not_equal(first, second);
        assert_ptr_equal(first->text, second->text);
        assert_false(first->current);
        msg.annotations = fixture_labels(f, "s=y");
        StoredAlert *third = alert_store_put(&s, &msg, T0 + 2, 100, &j);
        assert_ptr_not_equal(third->text, second->text);
        assert_int_equal(third->marks.doc, 1);
        alert_store_unref(first);
        alert_store_unref(second);
        AlertMsg read = alert_store_read(third, f->arena);
        assert_str(labels_get(read.annotations, STR("s")), "y");
        assert_int_equal(read.updated_at_ms, T0 + 2);
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
        size_t at = 0;
        assert_int_equal(alert_set_next(&s.alerts, &at)->ends_at_ms, T0 + 1000); /* it fired: it gets the grace */
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
                cmocka_unit_test(documents_of_before_are_renumbered),
                cmocka_unit_test(versions_share_what_does_not_change),
                cmocka_unit_test(bad_documents_are_left_out),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
