#include "alert_fixture.h"

#include <stdatomic.h>

#include "os/mutex.h"
#include "os/thread.h"
#include "sync/pool.h"

/* wait 10 s, interval 1 min, repeat 5 min */
#define ROUTE_TO(receiver)                                                                     \
        "route: {receiver: " receiver                                                          \
        ", group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 5m}\n" \
        "receivers: [{name: r}, {name: quiet}, {name: pair}, {name: nobody}]\n"
#define ONE ROUTE_TO("r")

static void a_group_waits_then_flushes_every_interval_and_repeats_at_its_tick(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        fixture_fire(f, "alertname=A,instance=1");
        assert_int_equal(f->wakes, 2); /* the configuration, the new group */
        fixture_run(f, 9999);
        assert_int_equal(f->sent.len, 0);
        fixture_run(f, 10000);
        assert_sent(f, 0, "r", 10000, 1, 0);
        assert_str(f->sent.data[0].key, "{}:{alertname=\"A\"}");
        /* Unchanged: nothing until repeat_interval is over, and then at that very tick. */
        fixture_run(f, 10000 + 5 * MIN_MS - 1);
        assert_int_equal(f->sent.len, 1);
        fixture_run(f, 10000 + 5 * MIN_MS);
        assert_sent(f, 1, "r", 10000 + 5 * MIN_MS, 1, 0);
        fixture_free(f);
}

static void new_alerts_of_a_group_wait_for_its_tick(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        fixture_fire(f, "alertname=A,instance=1");
        fixture_run(f, 15000);
        f->wakes = 0;
        fixture_fire(f, "alertname=A,instance=2");
        assert_int_equal(f->wakes, 0);
        fixture_run(f, 69999);
        assert_int_equal(f->sent.len, 1);
        fixture_run(f, 70000);
        assert_sent(f, 1, "r", 70000, 2, 0);
        fixture_free(f);
}

static void an_old_alert_flushes_a_new_group_at_once(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        fixture_put(f, "alertname=A", -10001, 1000 * MIN_MS);
        fixture_run(f, 1);
        assert_sent(f, 0, "r", 0, 1, 0);
        fixture_put(f, "alertname=B", -10000 + 1, 1000 * MIN_MS); /* exactly group_wait old: waits */
        fixture_run(f, 2);
        assert_int_equal(f->sent.len, 1);
        fixture_free(f);
}

static void the_end_is_told_at_the_next_tick_and_the_group_goes(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        size_t n;
        fixture_fire(f, "alertname=A,instance=1");
        fixture_fire(f, "alertname=A,instance=2");
        fixture_run(f, 20000);
        fixture_resolve(f, "alertname=A,instance=1");
        fixture_run(f, 70000);
        assert_sent(f, 1, "r", 70000, 1, 1); /* new resolved */
        assert_false(f->sent.data[1].resolved);
        fixture_resolve(f, "alertname=A,instance=2");
        fixture_run(f, 130000);
        assert_sent(f, 2, "r", 130000, 0, 1);
        assert_true(f->sent.data[2].resolved);
        fixture_groups(f, &n);
        assert_int_equal(n, 0);
        /* The next alert is a new group and waits group_wait again. */
        fixture_fire(f, "alertname=A,instance=1");
        fixture_run(f, 140000);
        assert_sent(f, 3, "r", 140000, 1, 0);
        fixture_free(f);
}

static void an_alert_that_ended_before_it_was_told_is_not_told(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        fixture_fire(f, "alertname=A");
        fixture_run(f, 5000);
        fixture_resolve(f, "alertname=A");
        fixture_run(f, 10 * MIN_MS);
        assert_int_equal(f->sent.len, 0);
        fixture_free(f);
}

static void an_alert_without_an_end_times_out(void **state)
{
        (void)state;
        Fixture *f = fixture_of("global: {resolve_timeout: 2m}\n" ONE);
        fixture_put(f, "alertname=A", 0, 0);
        fixture_run(f, 10000 + 2 * MIN_MS);
        assert_int_equal(f->sent.len, 2);
        assert_sent(f, 1, "r", 10000 + 2 * MIN_MS, 0, 1);
        fixture_free(f);
}

static void send_resolved_false_still_remembers_the_end(void **state)
{
        (void)state;
        Fixture *f = fixture_told(ROUTE_TO("quiet"));
        fixture_resolve(f, "alertname=A");
        fixture_run(f, 70000);
        assert_sent(f, 1, "quiet", 70000, 0, 1); /* the sender leaves it out */
        fixture_fire(f, "alertname=A");
        fixture_run(f, 80000);
        assert_sent(f, 2, "quiet", 80000, 1, 0);
        fixture_free(f);
}

static void a_failed_delivery_is_tried_at_the_next_tick(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        f->fail = true;
        fixture_fire(f, "alertname=A");
        fixture_run(f, 10000 + MIN_MS);
        assert_int_equal(f->sent.len, 2);
        f->fail = false;
        fixture_run(f, 10000 + 4 * MIN_MS);
        assert_int_equal(f->sent.len, 3);
        assert_sent(f, 2, "r", 10000 + 2 * MIN_MS, 1, 0);
        /* An end that could not be told is not forgotten. */
        f->fail = true;
        fixture_resolve(f, "alertname=A");
        fixture_run(f, 10000 + 6 * MIN_MS);
        f->fail = false;
        fixture_run(f, 10000 + 9 * MIN_MS);
        assert_int_equal(f->sent.len, 6);
        assert_true(f->sent.data[5].resolved);
        fixture_free(f);
}

static void what_one_integration_failed_to_hear_the_other_is_not_told_again(void **state)
{
        (void)state;
        Fixture *f = fixture_told(ROUTE_TO("pair"));
        assert_int_equal(f->sent.len, 2);
        fixture_resolve(f, "alertname=A");
        f->hold = true;
        fixture_run(f, 70000);
        assert_int_equal(f->sent.len, 4);
        /* The first fails, the last one succeeds: the end stays to be told to the first. */
        DeliveryResult bad = { .ok = false }, good = { .ok = true };
        f->held.data[0].done(f->held.data[0].arg, &bad);
        f->held.data[1].done(f->held.data[1].arg, &good);
        size_t failed = f->sent.data[2].integration;
        f->held.len = 0;
        f->hold = false;
        fixture_run(f, 70000 + 3 * MIN_MS);
        assert_int_equal(f->sent.len, 5);
        assert_int_equal(f->sent.data[4].integration, failed);
        assert_int_equal(f->sent.data[4].at_ms, 70000 + MIN_MS);
        fixture_free(f);
}

static void a_group_does_not_flush_while_it_is_told(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        f->hold = true;
        fixture_fire(f, "alertname=A,instance=1");
        fixture_run(f, 10000);
        fixture_fire(f, "alertname=A,instance=2");
        fixture_run(f, 69000);
        /* No timer of this group runs meanwhile: the scheduler sleeps. */
        clock_manual_advance_ms(&f->clock, 11000);
        assert_int_equal(alert_router_tick(f->router), 60000);
        assert_int_equal(f->sent.len, 1);
        f->wakes = 0;
        fixture_release(f, true);
        assert_int_equal(f->wakes, 1);
        fixture_run(f, 80000);
        assert_sent(f, 1, "r", 80000, 2, 0); /* the tick that was missed */
        fixture_free(f);
}

static void an_alert_that_ends_while_it_is_sent_is_told_as_firing(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        f->hold = true;
        fixture_put(f, "alertname=A", 0, 15000);
        fixture_run(f, 10000);
        clock_manual_advance_ms(&f->clock, 10000); /* it is over now */
        fixture_release(f, true);
        assert_sent(f, 0, "r", 10000, 1, 0);
        fixture_run(f, 70000);
        assert_sent(f, 1, "r", 70000, 0, 1);
        fixture_free(f);
}

static void routes_fan_out(void **state)
{
        (void)state;
        Fixture *f = fixture_of("route:\n"
                                "  receiver: r\n"
                                "  group_wait: 1s\n"
                                "  group_interval: 1m\n"
                                "  routes:\n"
                                "  - {receiver: all, matchers: ['severity=~\".+\"'], continue: true}\n"
                                "  - {receiver: crit, matchers: [severity=critical], group_by: [...]}\n"
                                "receivers: [{name: r}, {name: all}, {name: crit}]\n");
        fixture_fire(f, "alertname=A,severity=critical");
        fixture_fire(f, "alertname=B,severity=critical");
        fixture_fire(f, "alertname=C");
        fixture_run(f, 1000);
        size_t all = 0, crit = 0, r = 0;
        vec_each(s, &f->sent) {
                all += str_eq(s->receiver, STR("all")) && s->n_firing == 2 &&
                       str_eq(s->key, STR("{}/{severity=~\".+\"}:{}"));
                crit += str_eq(s->receiver, STR("crit")) && s->n_firing == 1;
                r += str_eq(s->receiver, STR("r")) && s->n_firing == 1 && s->group_labels.n == 0;
        }
        assert_int_equal(f->sent.len, 4);
        assert_int_equal(all, 1);
        assert_int_equal(crit, 2);
        assert_int_equal(r, 1);
        fixture_free(f);
}

static void a_restart_repeats_nothing(void **state)
{
        (void)state;
        Fixture *f = fixture_told(ONE);
        assert_int_equal(f->sent.len, 1);
        fixture_restart(f, 30000, ONE);
        fixture_run(f, 4 * MIN_MS);
        assert_int_equal(f->sent.len, 1);
        /* The repeat comes when it is due, counted over the restart. */
        fixture_fire(f, "alertname=A");
        fixture_run(f, 10000 + 6 * MIN_MS);
        assert_int_equal(f->sent.len, 2);
        assert_true(f->sent.data[1].at_ms >= 10000 + 5 * MIN_MS);
        fixture_free(f);
}

static void a_restart_before_the_first_notice_tells_once(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        fixture_fire(f, "alertname=A");
        fixture_run(f, 5000);
        fixture_restart(f, 60000, ONE); /* nobody says it again, and it is told all the same */
        fixture_run(f, 65001);
        assert_sent(f, 0, "r", 65000, 1, 0);
        fixture_run(f, 4 * MIN_MS);
        assert_int_equal(f->sent.len, 1);
        fixture_free(f);
}

static void an_end_over_a_restart_is_told_once(void **state)
{
        (void)state;
        Fixture *f = fixture_told(ONE);
        fixture_resolve(f, "alertname=A");
        fixture_restart(f, 1000, ONE);
        fixture_run(f, 22000);
        assert_int_equal(f->sent.len, 2);
        assert_true(f->sent.data[1].resolved);
        fixture_restart(f, 1000, ONE);
        fixture_run(f, 20 * MIN_MS);
        assert_int_equal(f->sent.len, 2);
        fixture_free(f);
}

static void an_alert_whose_source_is_gone_ends_after_the_grace(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        fixture_put(f, "alertname=A", 0, 4 * MIN_MS);
        fixture_run(f, 20000);
        fixture_restart(f, 10 * MIN_MS, ONE); /* its end passed while nobody could say otherwise */
        fixture_run(f, 20000 + 15 * MIN_MS - 1);
        /* told again at most as a repeat, not as over */
        vec_each(s, &f->sent)
                assert_false(s->resolved);
        size_t before = f->sent.len;
        fixture_run(f, 20000 + 17 * MIN_MS);
        assert_int_equal(f->sent.len, before + 1);
        assert_true(f->sent.data[before].resolved);
        fixture_free(f);
}

static void a_crash_between_answer_and_log_repeats_once(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        f->hold = true;
        fixture_fire(f, "alertname=A");
        fixture_run(f, 10000);
        assert_int_equal(f->sent.len, 1);
        /* The receiver heard it; the program dies before it could note that. */
        fixture_release(f, false);
        fixture_restart(f, 1000, ONE);
        fixture_fire(f, "alertname=A");
        fixture_run(f, 4 * MIN_MS);
        assert_int_equal(f->sent.len, 2);
        fixture_free(f);
}

static void a_reload_with_active_alerts_repeats_nothing(void **state)
{
        (void)state;
        Fixture *f = fixture_told(ONE);
        fixture_config(f, ONE);
        fixture_run(f, 4 * MIN_MS);
        assert_int_equal(f->sent.len, 1);
        /* A reload while it is sent: the new group waits for the answer. */
        f->hold = true;
        fixture_fire(f, "alertname=A,instance=2");
        fixture_run(f, 5 * MIN_MS);
        assert_int_equal(f->sent.len, 2);
        fixture_config(f, ONE);
        clock_manual_advance_ms(&f->clock, MIN_MS);
        assert_int_equal(alert_router_tick(f->router), 60000);
        assert_int_equal(f->sent.len, 2);
        fixture_release(f, true);
        fixture_run(f, 9 * MIN_MS);
        assert_int_equal(f->sent.len, 2);
        /* Another receiver is another story. */
        fixture_config(f, ROUTE_TO("quiet"));
        fixture_run(f, 9 * MIN_MS + 1000);
        assert_int_equal(f->sent.len, 3);
        fixture_free(f);
}

static void events_say_what_happened(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        StateDbEvent *events;
        size_t n;
        Err err;
        fixture_put(f, "alertname=A", 0, 65000);
        fixture_fire(f, "alertname=A"); /* the same alert again: no event */
        fixture_put(f, "alertname=B", 0, 20000);
        f->fail = true;
        fixture_run(f, 10000);
        f->fail = false;
        fixture_run(f, 3 * MIN_MS);
        assert_ok(statedb_events(f->db, &(StateDbEventQuery){ 0 }, f->arena, &events, &n, &err), err);
        size_t started = 0, resolved = 0, sent = 0, failed = 0;
        for (size_t i = 0; i < n; i++) {
                started += str_eq(events[i].kind, STR("started"));
                resolved += str_eq(events[i].kind, STR("resolved")); /* B's end passed by itself */
                sent += str_eq(events[i].kind, STR("sent"));
                failed += str_eq(events[i].kind, STR("failed"));
        }
        assert_int_equal(started, 2);
        assert_int_equal(resolved, 1);
        assert_int_equal(failed, 2);
        assert_int_equal(sent, 1);
        fixture_free(f);
}

static void a_receiver_that_is_unknown_or_silent_keeps_nothing_for_ever(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ROUTE_TO("nobody"));
        size_t n;
        fixture_fire(f, "alertname=A");
        fixture_put(f, "", 0, 0); /* no labels: no alert */
        fixture_run(f, 20000);
        fixture_resolve(f, "alertname=A");
        fixture_run(f, 2 * MIN_MS);
        fixture_groups(f, &n);
        assert_int_equal(n, 0);
        fixture_free(f);
}

static void group_status_is_a_copy(void **state)
{
        (void)state;
        Fixture *f = fixture_of(ONE);
        size_t n;
        fixture_fire(f, "alertname=A,instance=1");
        fixture_run(f, 10000);
        AlertGroupStatus *groups = fixture_groups(f, &n);
        assert_int_equal(n, 1);
        assert_str(groups[0].receiver, "r");
        assert_int_equal(groups[0].n, 1);
        assert_int_equal(groups[0].last_notified_ms - T0, 10000);
        assert_int_equal(groups[0].next_flush_ms - T0, 70000);
        fixture_config(f, ROUTE_TO("quiet"));
        assert_str(groups[0].alerts[0].labels.data[1].value, "1");
        fixture_free(f);
}

/* ---- threads: alerts, ticks, answers, reloads and status at the same time */

enum { ROUNDS = 300, PUTTERS = 3 };

typedef struct Storm {
        Fixture *f;
        Pool *pool;
        AlertRouter *router;
        atomic_int sent, number, putting, durable;
} Storm;

typedef struct Answer {
        void (*done)(void *, const DeliveryResult *);
        void *arg;
} Answer;

static void answer_job(void *arg)
{
        Answer *a = arg;
        DeliveryResult r = { .ok = (uintptr_t)arg % 32 != 0, .integration = STR("webhook[0]") };
        a->done(a->arg, &r);
        free(a);
}

static void storm_send(void *self, const Notification *n, void (*done)(void *, const DeliveryResult *), void *arg)
{
        Storm *s = self;
        Answer *a = malloc(sizeof *a);
        assert_true(n->n_alerts > 0);
        *a = (Answer){ done, arg };
        s->sent++;
        if (!pool_submit(s->pool, answer_job, a))
                answer_job(a);
}

static void count(void *arg) { atomic_fetch_add((atomic_int *)arg, 1); }

static void storm_put(void *arg)
{
        Storm *s = arg;
        int number = s->number++;
        for (int i = 0; i < ROUNDS; i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Label labels[] = { { STR("alertname"), str_printf(arena, "A%d", i % 7) },
                                   { STR("putter"), str_printf(arena, "%d", number) } };
                int64_t now_ms = clock_wall_ms(&s->f->clock.clock);
                AlertMsg msg = { .labels = { labels, 2 },
                                 .starts_at_ms = now_ms,
                                 .ends_at_ms = i % 3 ? now_ms + 5000 : now_ms };
                alert_router_put_then(s->router, &msg, 1, (AlertDone){ count, &s->durable });
        }
        s->putting--;
}

static void storm_look(void *arg)
{
        Storm *s = arg;
        for (int i = 0; i < ROUNDS; i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                AlertGroupStatus *groups;
                size_t n;
                alert_router_groups(s->router, arena, &groups, &n);
        }
}

static size_t n_events(Fixture *f)
{
        StateDbEvent *events;
        size_t n;
        Err err;
        assert_ok(statedb_events(f->db, &(StateDbEventQuery){ 0 }, f->arena, &events, &n, &err), err);
        return n;
}

static void wait_for(void *mu)
{
        mutex_lock(mu);
        mutex_unlock(mu);
}

static void who_does_not_wait_for_the_disk_is_told(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Pool *pool = pool_new(1, 10);
        Mutex busy;
        atomic_int durable = 0;
        AlertDone done = { count, &durable };
        AlertRouterOptions o = { .clock = &f->clock.clock, .statedb = f->db, .pool = pool };
        AlertRouter *r = alert_router_new(&o);
        char id[ALERT_SILENCE_ID_BYTES];
        Matcher m;
        Err err;
        mutex_init(&busy);
        assert_ok(matcher_make(f->arena, MATCH_EQ, STR("a"), STR("b"), &m, &err), err);
        AlertSilence wanted = { .matchers = { &m, 1 },
                                .starts_at_ms = T0,
                                .ends_at_ms = T0 + MIN_MS,
                                .created_by = STR("ann"),
                                .comment = STR("c") };
        mutex_lock(&busy);
        assert_true(pool_submit(pool, wait_for, &busy));
        for (int i = 0; i < 3; i++)
                assert_ok(alert_router_silence_set_then(r, &wanted, id, done, &err), err);
        assert_false(alert_router_silence_expire_then(r, STR("no such id"), done, &err));
        assert_int_equal(n_events(f), 0);
        assert_int_equal(durable, 0); /* nor is the error told before */
        mutex_unlock(&busy);
        alert_router_free(r); /* waits for the writer */
        assert_int_equal(durable, 4);
        assert_int_equal(n_events(f), 3);
        pool_free(pool);
        mutex_done(&busy);
        fixture_free(f);
}

static void everything_at_once(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Storm s = { .f = f, .pool = pool_new(2, 1000), .putting = PUTTERS };
        AlertConfig config;
        Diags diags;
        Err err;
        Thread putters[PUTTERS], looker;
        AlertRouterOptions o = { .clock = &f->clock.clock,
                                 .statedb = f->db,
                                 .pool = s.pool,
                                 .sender = { fixture_integrations, fixture_send_resolved, storm_send, &s } };
        s.router = alert_router_new(&o);
        assert_true(fixture_bind(
                f,
                "route: {receiver: pair, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 3s}\nreceivers: [{name: pair}]\n",
                &config, &diags));
        assert_ok(alert_router_apply(s.router, &config, &err), err);
        for (int i = 0; i < PUTTERS; i++)
                assert_ok(thread_start(&putters[i], "put", storm_put, &s, &err), err);
        assert_ok(thread_start(&looker, "look", storm_look, &s, &err), err);
        for (int i = 0; i < ROUNDS || s.putting; i++) {
                alert_router_tick(s.router);
                clock_manual_advance_ms(&f->clock, 100);
                if (i % 50 == 49)
                        assert_ok(alert_router_apply(s.router, &config, &err), err);
        }
        for (int i = 0; i < PUTTERS; i++)
                thread_join(putters[i]);
        thread_join(looker);
        int64_t now_ms = clock_wall_ms(&f->clock.clock); /* the storm may have ended before any group was due */
        AlertMsg last = { .labels = { &(Label){ STR("alertname"), STR("last") }, 1 },
                          .starts_at_ms = now_ms,
                          .ends_at_ms = now_ms + 3600 * 1000 };
        alert_router_put(s.router, &last, 1);
        clock_manual_advance_ms(&f->clock, 5000);
        alert_router_tick(s.router);
        alert_router_free(s.router); /* waits for the answers */
        assert_true(s.sent > 0);
        assert_int_equal(s.durable, PUTTERS * ROUNDS);
        pool_free(s.pool);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_group_waits_then_flushes_every_interval_and_repeats_at_its_tick),
                cmocka_unit_test(new_alerts_of_a_group_wait_for_its_tick),
                cmocka_unit_test(an_old_alert_flushes_a_new_group_at_once),
                cmocka_unit_test(the_end_is_told_at_the_next_tick_and_the_group_goes),
                cmocka_unit_test(an_alert_that_ended_before_it_was_told_is_not_told),
                cmocka_unit_test(an_alert_without_an_end_times_out),
                cmocka_unit_test(send_resolved_false_still_remembers_the_end),
                cmocka_unit_test(a_failed_delivery_is_tried_at_the_next_tick),
                cmocka_unit_test(what_one_integration_failed_to_hear_the_other_is_not_told_again),
                cmocka_unit_test(a_group_does_not_flush_while_it_is_told),
                cmocka_unit_test(an_alert_that_ends_while_it_is_sent_is_told_as_firing),
                cmocka_unit_test(routes_fan_out),
                cmocka_unit_test(a_restart_repeats_nothing),
                cmocka_unit_test(a_restart_before_the_first_notice_tells_once),
                cmocka_unit_test(an_end_over_a_restart_is_told_once),
                cmocka_unit_test(an_alert_whose_source_is_gone_ends_after_the_grace),
                cmocka_unit_test(a_crash_between_answer_and_log_repeats_once),
                cmocka_unit_test(a_reload_with_active_alerts_repeats_nothing),
                cmocka_unit_test(events_say_what_happened),
                cmocka_unit_test(a_receiver_that_is_unknown_or_silent_keeps_nothing_for_ever),
                cmocka_unit_test(group_status_is_a_copy),
                cmocka_unit_test(who_does_not_wait_for_the_disk_is_told),
                cmocka_unit_test(everything_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
