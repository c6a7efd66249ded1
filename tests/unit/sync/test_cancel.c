#include "sync/cancel.h"

#include "testing.h"

static void raising_cancels(void **state)
{
        (void)state;
        ManualClock manual;
        clock_manual_init(&manual, 0);
        Cancel cancel;
        Err err;
        cancel_init(&cancel, &manual.clock, 0);
        clock_manual_advance_ms(&manual, 1000000);
        assert_false(cancel_is_raised(&cancel));
        assert_ok(cancel_check(&cancel, &err), err);
        cancel_raise(&cancel);
        assert_true(cancel_is_raised(&cancel));
        assert_false(cancel_check(&cancel, &err));
        assert_int_equal(err.code, ERR_CANCELED);
}

static void deadlines_pass(void **state)
{
        (void)state;
        ManualClock manual;
        clock_manual_init(&manual, 0);
        Cancel cancel;
        Err err;
        cancel_init(&cancel, &manual.clock, 100);
        clock_manual_advance_ms(&manual, 99);
        assert_false(cancel_is_raised(&cancel));
        assert_ok(cancel_check(&cancel, &err), err);
        clock_manual_advance_ms(&manual, 1);
        assert_true(cancel_is_raised(&cancel));
        assert_false(cancel_check(&cancel, &err));
        assert_int_equal(err.code, ERR_TIMEOUT);
}

static void parents_stop_their_children(void **state)
{
        (void)state;
        ManualClock manual;
        clock_manual_init(&manual, 0);
        Cancel parent, child;
        Err err;
        cancel_init(&parent, &manual.clock, 100);
        cancel_init(&child, &manual.clock, 0);
        child.parent = &parent;
        assert_ok(cancel_check(&child, &err), err);
        clock_manual_advance_ms(&manual, 100);
        assert_true(cancel_is_raised(&child));
        assert_false(cancel_check(&child, &err));
        assert_int_equal(err.code, ERR_TIMEOUT);
        cancel_raise(&parent);
        assert_false(cancel_check(&child, &err));
        assert_int_equal(err.code, ERR_CANCELED);
}

static void no_cancel_and_no_end(void **state)
{
        (void)state;
        Err err;
        assert_false(cancel_is_raised(NULL));
        assert_ok(cancel_check(NULL, &err), err);
        ManualClock manual;
        clock_manual_init(&manual, 0);
        Cancel cancel;
        cancel_init(&cancel, &manual.clock, INT64_MAX);
        assert_false(cancel_is_raised(&cancel));
        cancel_init(&cancel, &manual.clock, -5);
        assert_false(cancel_is_raised(&cancel));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(raising_cancels), cmocka_unit_test(deadlines_pass),
                                            cmocka_unit_test(parents_stop_their_children),
                                            cmocka_unit_test(no_cancel_and_no_end) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
