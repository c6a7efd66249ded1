#include "testing.h"

#include "notify/notify_lanes.h"

static void there_is_room_for_so_many_and_so_much(void **state)
{
        (void)state;
        NotifyLanes lanes = { 0 };
        NotifyLane *first = NULL;
        for (int i = 0; i < NOTIFY_LANES_BUSY_MAX; i++) {
                assert_true(notify_lanes_room(&lanes, STR("a"), 0));
                first = notify_lanes_enter(&lanes, STR("a"), 0, 10);
        }
        assert_false(notify_lanes_room(&lanes, STR("a"), 0));
        assert_true(notify_lanes_room(&lanes, STR("a"), 1));
        assert_true(notify_lanes_room(&lanes, STR("b"), 0));
        notify_lanes_rest(first, 10); /* waits to be tried again */
        assert_true(notify_lanes_room(&lanes, STR("a"), 0));
        notify_lanes_try(first, 10);
        assert_false(notify_lanes_room(&lanes, STR("a"), 0));
        notify_lanes_enter(&lanes, STR("b"), 0, NOTIFY_LANES_BYTES_MAX - 1);
        assert_true(notify_lanes_room(&lanes, STR("b"), 0));
        notify_lanes_enter(&lanes, STR("b"), 0, 1);
        assert_false(notify_lanes_room(&lanes, STR("b"), 0));
        notify_lanes_done(&lanes);
}

static void a_lane_goes_with_its_last_message(void **state)
{
        (void)state;
        NotifyLanes lanes = { 0 };
        NotifyLane *a = notify_lanes_enter(&lanes, STR("a"), 0, NOTIFY_LANES_BYTES_MAX);
        NotifyLane *b = notify_lanes_enter(&lanes, STR("b"), 0, 1);
        assert_ptr_equal(notify_lanes_enter(&lanes, STR("a"), 0, 1), a);
        assert_int_equal(lanes.list.len, 2);
        notify_lanes_rest(a, NOTIFY_LANES_BYTES_MAX);
        notify_lanes_leave(&lanes, a);
        assert_int_equal(lanes.list.len, 2);
        notify_lanes_rest(a, 1);
        notify_lanes_leave(&lanes, a);
        assert_int_equal(lanes.list.len, 1);
        assert_ptr_equal(lanes.list.data[0], b);
        notify_lanes_rest(b, 1);
        notify_lanes_leave(&lanes, b);
        assert_int_equal(lanes.list.len, 0);
        notify_lanes_done(&lanes);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(there_is_room_for_so_many_and_so_much),
                cmocka_unit_test(a_lane_goes_with_its_last_message),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
