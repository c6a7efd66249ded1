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

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(the_system_clock_runs),
                                            cmocka_unit_test(a_manual_clock_stands_still) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
