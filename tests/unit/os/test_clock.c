#include "os/clock.h"

#include "testing.h"

static void the_system_clock_runs(void **state)
{
        (void)state;
        const Clock *clock = clock_system();
        int64_t a = clock->mono_ns(clock), b = clock->mono_ns(clock);
        assert_true(a > 0 && b >= a);
        assert_true(clock_wall_ms(clock) > 1600000000000);
        assert_true(clock_mono_ms(clock) >= a / 1000000);
}

static void a_manual_clock_stands_still(void **state)
{
        (void)state;
        ManualClock manual;
        clock_manual_init(&manual, 1700000000123);
        const Clock *clock = &manual.clock;
        assert_true(clock_wall_ms(clock) == 1700000000123);
        int64_t mono = clock_mono_ms(clock);
        assert_true(mono > 0);
        assert_true(clock_wall_ms(clock) == 1700000000123);
        clock_manual_advance_ms(&manual, 1500);
        assert_true(clock_wall_ms(clock) == 1700000001623);
        assert_true(clock_mono_ms(clock) == mono + 1500);
}

static void a_rated_clock_runs_ahead(void **state)
{
        (void)state;
        Err err;
        RateClock a;
        RateClock b;
        int64_t now_ms = clock_wall_ms(clock_system());
        assert_ok(clock_rate_init(&a, 60, (uint64_t)now_ms - 60000, &err), err);
        assert_ok(clock_rate_init(&b, 60, (uint64_t)now_ms - 60000, &err), err);
        /* 60 s since the anchor are an hour; two readers of the same anchor agree, in the order of their reading. */
        int64_t first = clock_wall_ms(&a.clock);
        int64_t second = clock_wall_ms(&b.clock);
        int64_t third = clock_wall_ms(&a.clock);
        assert_true(first >= now_ms - 60000 + 60 * 60000);
        assert_true(first <= second && second <= third);
        int64_t before = clock_system()->mono_ns(clock_system());
        int64_t mono = a.clock.mono_ns(&a.clock);
        assert_true(before <= mono && mono <= clock_system()->mono_ns(clock_system()));
}

static void a_rated_clock_begins_now(void **state)
{
        (void)state;
        Err err;
        RateClock rated;
        int64_t now_ms = clock_wall_ms(clock_system());
        assert_ok(clock_rate_init(&rated, 1, 0, &err), err);
        int64_t read_ms = clock_wall_ms(&rated.clock);
        assert_true(now_ms <= read_ms && read_ms <= clock_wall_ms(clock_system()));
}

static void a_rated_clock_has_bounds(void **state)
{
        (void)state;
        Err err;
        RateClock rated;
        uint64_t now_ms = (uint64_t)clock_wall_ms(clock_system());
        assert_false(clock_rate_init(&rated, 0, 0, &err));
        assert_contains(err.msg, "between 1 and 10000");
        assert_false(clock_rate_init(&rated, CLOCK_MAX_RATE + 1, 0, &err));
        assert_false(clock_rate_init(&rated, UINT64_MAX, 0, &err));
        assert_false(clock_rate_init(&rated, 60, now_ms + 3600000, &err));
        assert_contains(err.msg, "in the future");
        assert_false(clock_rate_init(&rated, 60, UINT64_MAX, &err));
        assert_false(clock_rate_init(&rated, 60, 1000, &err)); /* seconds given as milliseconds, and such */
        assert_contains(err.msg, "years ahead");
        assert_false(clock_rate_init(&rated, CLOCK_MAX_RATE, now_ms - UINT64_C(4) * 24 * 3600 * 1000, &err));
        assert_ok(clock_rate_init(&rated, CLOCK_MAX_RATE, now_ms - UINT64_C(3) * 24 * 3600 * 1000, &err), err);
}

static void waits_follow_the_rate(void **state)
{
        (void)state;
        Err err;
        RateClock rated;
        assert_ok(clock_rate_init(&rated, 60, 0, &err), err);
        assert_int_equal(clock_real_ms(&rated.clock, 60000), 1000);
        assert_int_equal(clock_real_ms(&rated.clock, 60001), 1001); /* up: a timer that is early has to wait again */
        assert_int_equal(clock_real_ms(&rated.clock, 1), 1);
        assert_int_equal(clock_real_ms(&rated.clock, 0), 0);
        assert_int_equal(clock_real_ms(&rated.clock, -5), -5);
        assert_true(clock_real_ms(&rated.clock, INT64_MAX) > INT64_MAX / 61);
        assert_int_equal(clock_real_ms(clock_system(), 15000), 15000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_system_clock_runs),    cmocka_unit_test(a_rated_clock_runs_ahead),
                cmocka_unit_test(a_rated_clock_begins_now), cmocka_unit_test(a_rated_clock_has_bounds),
                cmocka_unit_test(waits_follow_the_rate),    cmocka_unit_test(a_manual_clock_stands_still)
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
