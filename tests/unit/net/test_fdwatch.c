#include "net/fdwatch.h"
#include "net_fixture.h"

static void on_gone(void *arg) { gate_add(arg); }

static void a_peer_that_leaves_is_noticed_once(void **state)
{
        (void)state;
        FdWatch *watch;
        Err err;
        Gate gone;
        gate_init(&gone);
        assert_ok(fdwatch_new(1000, NULL, NULL, &watch, &err), err);
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        uint64_t id = fdwatch_add(watch, pair[0], on_gone, &gone);
        raw_send(pair[1], STR("pipelined bytes wake nobody"));
        close(pair[1]);
        assert_true(gate_reached(&gone, 1));
        fdwatch_remove(watch, id);
        fdwatch_remove(watch, id);
        fdwatch_remove(watch, 0);
        close(pair[0]);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        close(pair[1]); /* gone before the watch */
        id = fdwatch_add(watch, pair[0], on_gone, &gone);
        assert_true(gate_reached(&gone, 2));
        fdwatch_remove(watch, id);
        close(pair[0]);
        fdwatch_free(watch);
        assert_int_equal(gate_count(&gone), 2);
}

static void on_tick(void *arg) { gate_add(arg); }

static void lingering_sockets_are_drained(void **state)
{
        (void)state;
        FdWatch *watch;
        Err err;
        Gate ticks;
        gate_init(&ticks);
        assert_ok(fdwatch_new(5, on_tick, &ticks, &watch, &err), err);
        assert_true(gate_reached(&ticks, 2));
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        fdwatch_linger(watch, pair[0]);
        AUTO(buf_done) Buf block = { 0 };
        memset(buf_reserve(&block, 1 << 20), 'x', 1 << 20);
        block.n = 1 << 20;
        for (int i = 0; i < 4; i++)
                raw_send(pair[1], buf_str(&block)); /* would block for ever if nobody read */
        AUTO(buf_done) Buf in = { 0 };
        assert_true(raw_read_until(pair[1], &in, NULL));
        close(pair[1]);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        fdwatch_linger(watch, pair[0]);
        fdwatch_free(watch); /* closes what still lingers */
        assert_true(raw_read_until(pair[1], &in, NULL));
        close(pair[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_peer_that_leaves_is_noticed_once),
                                            cmocka_unit_test(lingering_sockets_are_drained) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
