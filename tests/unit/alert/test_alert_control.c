#include "alert_fixture.h"

#include "alert/alert_matchers.h"

#define ONE                                                                                                       \
        "route: {receiver: r, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 2m}\n" \
        "receivers: [{name: r}]\n"

static Matchers matchers(Fixture *f, const char *text)
{
        AlertMatcherVec ms = { .arena = f->arena };
        Err err;
        assert_ok(alert_matchers_parse(str_of(text), f->arena, &ms, &err), err);
        return (Matchers){ ms.data, ms.len };
}

static size_t ack(Fixture *f, const char *filter, int64_t until_ms)
{
        AlertWhich which = { .filter = matchers(f, filter) };
        size_t n = 0;
        Err err;
        assert_ok(
                alert_router_ack(f->router, &which, STR("ann"), STR("looking"), until_ms ? T0 + until_ms : 0, &n, &err),
                err);
        return n;
}

static size_t n_acks(Fixture *f)
{
        AlertAck *acks;
        size_t n;
        alert_router_acks(f->router, f->arena, &acks, &n);
        return n;
}

static void repeats_stop_and_news_go_on(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        fixture_config(f, ONE);
        fixture_fire(f, "alertname=A,i=1");
        fixture_run(f, 10000);
        assert_int_equal(ack(f, "alertname=A", 0), 1);
        fixture_run(f, 10000 + 10 * MIN_MS);
        assert_int_equal(f->sent.len, 1);
        fixture_fire(f, "alertname=A,i=2"); /* news */
        fixture_run(f, 10000 + 11 * MIN_MS);
        assert_sent(f, 1, "r", 10000 + 11 * MIN_MS, 2, 0);
        fixture_run(f, 10000 + 13 * MIN_MS); /* one of two is acknowledged: repeats go on */
        assert_int_equal(f->sent.len, 3);
        fixture_resolve(f, "alertname=A,i=1");
        fixture_run(f, 10000 + 14 * MIN_MS); /* the end is told */
        assert_int_equal(f->sent.len, 4);
        assert_int_equal(n_acks(f), 0); /* and the acknowledgement over */
        fixture_fire(f, "alertname=A,i=1");
        fixture_run(f, 10000 + 15 * MIN_MS);
        assert_int_equal(f->sent.len, 5);
        assert_int_equal(n_acks(f), 0);
        fixture_free(f);
}

static void an_acknowledgement_expires_is_taken_back_and_outlives_the_program(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertWhich all = { .filter = matchers(f, "alertname=A") };
        fixture_config(f, ONE);
        fixture_fire(f, "alertname=A");
        fixture_run(f, 10000);
        assert_int_equal(ack(f, "alertname=A", 10000 + 5 * MIN_MS), 1);
        fixture_restart(f, 1000, ONE);
        assert_int_equal(n_acks(f), 1);
        fixture_run(f, 10000 + 5 * MIN_MS - 1);
        size_t before = f->sent.len;
        assert_int_equal(before, 1);
        fixture_run(f, 10000 + 8 * MIN_MS); /* it is over: repeats */
        assert_true(f->sent.len > before);
        assert_int_equal(n_acks(f), 0);
        assert_int_equal(ack(f, "alertname=A", 0), 1);
        assert_int_equal(alert_router_unack(f->router, &all, STR("bob")), 1);
        assert_int_equal(alert_router_unack(f->router, &all, STR("bob")), 0);
        assert_int_equal(n_acks(f), 0);
        /* The end by itself ends it, too. */
        fixture_put(f, "alertname=B", fixture_now(f), fixture_now(f) + 1000);
        assert_int_equal(ack(f, "alertname=B", 0), 1);
        fixture_run(f, fixture_now(f) + 2000);
        assert_int_equal(n_acks(f), 0);
        fixture_free(f);
}

static void what_is_meant_must_be_said(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        size_t n;
        Err err;
        fixture_config(f, ONE);
        fixture_fire(f, "alertname=A");
        AlertWhich which = { 0 };
        assert_false(alert_router_ack(f->router, &which, STR("ann"), STR(""), 0, &n, &err));
        assert_int_equal(err.code, ERR_INVALID);
        which.group = STR("{}:{alertname=\"A\"}");
        assert_false(alert_router_ack(f->router, &which, STR(""), STR(""), 0, &n, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_false(alert_router_ack(f->router, &which, STR("ann"), STR(""), T0, &n, &err));
        assert_contains(err.msg, "in the past");
        assert_ok(alert_router_ack(f->router, &which, STR("ann"), STR(""), 0, &n, &err), err);
        assert_int_equal(n, 1);
        which.group = STR("{}:{alertname=\"B\"}");
        assert_false(alert_router_ack(f->router, &which, STR("ann"), STR(""), 0, &n, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        fixture_free(f);
}

static void set_silence(Fixture *f, const char *filter, int64_t from_ms, int64_t to_ms, char *ret_id)
{
        AlertSilence s = { .matchers = matchers(f, filter),
                           .starts_at_ms = T0 + from_ms,
                           .ends_at_ms = T0 + to_ms,
                           .created_by = STR("ann"),
                           .comment = STR("c") };
        char id[ALERT_SILENCE_ID_BYTES];
        Err err;
        assert_ok(alert_router_silence_set(f->router, &s, ret_id ? ret_id : id, &err), err);
}

static void silences_are_listed_by_state_and_time(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertSilence *all, one;
        size_t n;
        char id[ALERT_SILENCE_ID_BYTES];
        Err err;
        fixture_config(f, ONE);
        set_silence(f, "a=1", 0, 900, NULL);
        set_silence(f, "a=2", 0, 700, NULL);
        set_silence(f, "a=3", 500, 600, NULL);
        set_silence(f, "a=4", 400, 600, NULL);
        set_silence(f, "a=5", 0, 800, id);
        fixture_run(f, 1);
        assert_ok(alert_router_silence_expire(f->router, str_of(id), &err), err);
        assert_ok(alert_router_silence_expire(f->router, str_of(id), &err), err); /* once more: nothing */
        alert_router_silences(f->router, f->arena, &all, &n);
        static const char *const want[] = { "2", "1", "4", "3", "5" };
        assert_int_equal(n, 5);
        for (size_t i = 0; i < n; i++)
                assert_str(all[i].matchers.data[0].value, want[i]);
        assert_ok(alert_router_silence_get(f->router, str_of(id), f->arena, &one, &err), err);
        assert_int_equal(one.ends_at_ms, T0 + 1);
        assert_false(alert_router_silence_get(f->router, STR("x"), f->arena, &one, &err));
        fixture_restart(f, 10, ONE);
        alert_router_silences(f->router, f->arena, &all, &n);
        assert_int_equal(n, 5);
        fixture_free(f);
}

/* Alertmanager says nothing of an end under a silence; compat pharos tells whoever was told that it fires. */
static void an_end_under_a_silence(void **state)
{
        (void)state;
        for (int k = 0; k < 2; k++) {
                Fixture *f = fixture_new();
                f->compat = k ? ALERT_COMPAT_PHAROS : ALERT_COMPAT_AM_0_34;
                fixture_config(f, ONE);
                fixture_fire(f, "alertname=A");
                fixture_run(f, 10000);
                set_silence(f, "alertname=A", 10000, 20 * MIN_MS, NULL);
                fixture_run(f, 20000);
                fixture_resolve(f, "alertname=A");
                fixture_run(f, 10 * MIN_MS);
                assert_int_equal(f->sent.len, k ? 2 : 1);
                fixture_free(f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(repeats_stop_and_news_go_on),
                cmocka_unit_test(an_acknowledgement_expires_is_taken_back_and_outlives_the_program),
                cmocka_unit_test(what_is_meant_must_be_said),
                cmocka_unit_test(silences_are_listed_by_state_and_time),
                cmocka_unit_test(an_end_under_a_silence),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
