#include "alert_fixture.h"

#define TWO                                                                                                         \
        "route: {receiver: slow, group_by: [alertname], group_wait: 10s, group_interval: 1m, repeat_interval: 5m, " \
        "routes: [{matchers: ['to=quick'], receiver: quick}]}\n"                                                    \
        "receivers: [{name: slow}, {name: quick}]\n"

static Fixture *start(size_t room)
{
        Fixture *f = fixture_of(TWO);
        f->hold = true;
        f->room = room;
        f->room_receiver = STR("slow");
        return f;
}

static void fire_many(Fixture *f, size_t n, const char *more)
{
        for (size_t i = 0; i < n; i++)
                fixture_fire(f, str_dupz(f->arena, str_printf(f->arena, "alertname=A%zu%s", i, more)));
}

static size_t events_of(Fixture *f, const char *kind)
{
        StateDbEvent *events;
        size_t n;
        Err err;
        assert_ok(statedb_events(f->db, &(StateDbEventQuery){ .kind = str_of(kind) }, f->arena, &events, &n, &err),
                  err);
        return n;
}

static void what_there_is_no_room_for_waits_for_answers(void **state)
{
        (void)state;
        Fixture *f = start(2);
        fire_many(f, 5, "");
        fixture_run(f, 10000);
        assert_int_equal(f->sent.len, 2);
        fixture_run(f, 12000);
        assert_int_equal(f->sent.len, 2);
        fixture_answer(f, true);
        fixture_run(f, 13000);
        assert_int_equal(f->sent.len, 4);
        fixture_release(f, true);
        fixture_run(f, 14000);
        assert_int_equal(f->sent.len, 5);
        fixture_run(f, 69000);
        assert_int_equal(f->sent.len, 5);
        for (size_t i = 0; i < f->sent.len; i++) { /* each with its texts, once */
                assert_int_equal(f->sent.data[i].n_firing, 1);
                assert_int_equal(f->sent.data[i].common_labels.n, 1);
        }
        fixture_no_twins(f);
        fixture_free(f);
}

static void other_receivers_are_told_meanwhile(void **state)
{
        (void)state;
        Fixture *f = start(1);
        fire_many(f, 4, "");
        fixture_run(f, 11000);
        assert_int_equal(f->sent.len, 1);
        fire_many(f, 4, ",to=quick");
        fixture_run(f, 21000);
        assert_int_equal(f->sent.len, 5);
        for (size_t i = 1; i < 5; i++)
                assert_str(f->sent.data[i].receiver, "quick");
        fixture_release(f, true);
        fixture_free(f);
}

static void what_waits_too_long_has_failed_and_is_decided_anew(void **state)
{
        (void)state;
        Fixture *f = start(1);
        fire_many(f, 2, "");
        fixture_run(f, 10000);
        assert_int_equal(f->sent.len, 1);
        fixture_run(f, 70000 - 1);
        assert_int_equal(events_of(f, "failed"), 0);
        fixture_run(f, 70000); /* group_interval later */
        assert_int_equal(events_of(f, "failed"), 1);
        assert_int_equal(f->sent.len, 1);
        fixture_release(f, true);
        fixture_run(f, 130000);
        assert_int_equal(f->sent.len, 2);
        fixture_no_twins(f);
        assert_int_equal(f->sent.data[1].n_firing, 1);
        fixture_free(f);
}

static void a_reload_decides_anew_what_waits(void **state)
{
        (void)state;
        Fixture *f = start(1);
        fire_many(f, 3, "");
        fixture_run(f, 10000);
        assert_int_equal(f->sent.len, 1);
        fixture_config(f, TWO);
        fixture_release(f, true);
        fixture_run(f, 40000);
        assert_int_equal(f->sent.len, 3);
        fixture_no_twins(f);
        fixture_free(f);
}

static void what_waits_at_the_end_is_told_after_the_restart(void **state)
{
        (void)state;
        Fixture *f = start(1);
        fire_many(f, 3, "");
        fixture_run(f, 10000);
        f->room = 0;
        fixture_answer(f, true);
        f->hold = false;
        fixture_restart(f, 1000, TWO);
        fixture_run(f, 60000);
        assert_int_equal(f->sent.len, 3);
        fixture_free(f);
}

/* All that a part of a tick writes goes to the state database before the next part. */
static void a_tick_of_very_many_groups_tells_all_of_them(void **state)
{
        (void)state;
        Fixture *f = start(0);
        f->hold = false;
        fire_many(f, 3000,
                  ",text=a long text that makes the documents of the log and events of silences larger than they are");
        fixture_run(f, 10000);
        assert_int_equal(f->sent.len, 3000);
        assert_int_equal(events_of(f, "sent"), 1000); /* a page */
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_there_is_no_room_for_waits_for_answers),
                cmocka_unit_test(other_receivers_are_told_meanwhile),
                cmocka_unit_test(what_waits_too_long_has_failed_and_is_decided_anew),
                cmocka_unit_test(a_reload_decides_anew_what_waits),
                cmocka_unit_test(what_waits_at_the_end_is_told_after_the_restart),
                cmocka_unit_test(a_tick_of_very_many_groups_tells_all_of_them),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
