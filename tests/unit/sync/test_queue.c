#include "sync/queue.h"

#include <stdatomic.h>

#include "os/clock.h"
#include "os/thread.h"
#include "testing.h"

enum { WORKERS = 3, ITEMS = 20000 };

static void items_leave_in_order(void **state)
{
        (void)state;
        Queue *q = queue_new(sizeof(int), 3);
        int v;
        assert_int_equal(queue_try_pop(q, &v), QUEUE_EMPTY);
        for (int round = 0; round < 5; round++) {
                for (int i = 0; i < 3; i++)
                        assert_int_equal(queue_try_push(q, &i), QUEUE_OK);
                assert_int_equal(queue_try_push(q, &v), QUEUE_FULL);
                assert_int_equal(queue_len(q), 3);
                for (int i = 0; i < 2; i++) {
                        assert_int_equal(queue_pop(q, &v), QUEUE_OK);
                        assert_int_equal(v, i);
                }
                assert_int_equal(queue_try_pop(q, &v), QUEUE_OK);
                assert_int_equal(v, 2);
        }
        queue_free(q);
        queue_free(NULL);
}

static void a_closed_queue_gives_what_it_has(void **state)
{
        (void)state;
        Queue *q = queue_new(sizeof(int), 3);
        int v = 7;
        assert_int_equal(queue_push(q, &v), QUEUE_OK);
        queue_close(q);
        queue_close(q);
        assert_int_equal(queue_push(q, &v), QUEUE_CLOSED);
        assert_int_equal(queue_try_push(q, &v), QUEUE_CLOSED);
        v = 0;
        assert_int_equal(queue_pop(q, &v), QUEUE_OK);
        assert_int_equal(v, 7);
        assert_int_equal(queue_pop(q, &v), QUEUE_CLOSED);
        assert_int_equal(queue_try_pop(q, &v), QUEUE_CLOSED);
        assert_int_equal(queue_pop_until(q, &v, INT64_MAX), QUEUE_CLOSED);
        queue_free(q);
}

static void waiting_ends(void **state)
{
        (void)state;
        Queue *q = queue_new(sizeof(int), 1);
        const Clock *clock = clock_system();
        int v = 1;
        assert_int_equal(queue_pop_until(q, &v, clock->mono_ns(clock) + 1000000), QUEUE_TIMEOUT);
        assert_int_equal(queue_push(q, &v), QUEUE_OK);
        assert_int_equal(queue_pop_until(q, &v, 0), QUEUE_OK);
        queue_free(q);
}

typedef struct Traffic {
        Queue *q;
        _Atomic long sum, popped;
} Traffic;

static void produce(void *arg)
{
        Traffic *t = arg;
        for (long i = 1; i <= ITEMS; i++)
                if (queue_push(t->q, &i) != QUEUE_OK)
                        abort();
}

static void consume(void *arg)
{
        Traffic *t = arg;
        for (long v; queue_pop(t->q, &v) == QUEUE_OK;) {
                atomic_fetch_add(&t->sum, v);
                atomic_fetch_add(&t->popped, 1);
        }
}

static void many_threads_lose_nothing(void **state)
{
        (void)state;
        Traffic t = { .q = queue_new(sizeof(long), 16) };
        Thread producers[WORKERS], consumers[WORKERS];
        Err err;
        for (int i = 0; i < WORKERS; i++) {
                assert_ok(thread_start(&consumers[i], "consume", consume, &t, &err), err);
                assert_ok(thread_start(&producers[i], "produce", produce, &t, &err), err);
        }
        for (int i = 0; i < WORKERS; i++)
                thread_join(producers[i]);
        queue_close(t.q);
        for (int i = 0; i < WORKERS; i++)
                thread_join(consumers[i]);
        assert_int_equal(t.popped, WORKERS * ITEMS);
        assert_int_equal(t.sum, (long)WORKERS * ITEMS * (ITEMS + 1) / 2);
        queue_free(t.q);
}

static void close_wakes_who_waits(void **state)
{
        (void)state;
        Traffic t = { .q = queue_new(sizeof(long), 1) };
        Thread consumers[WORKERS];
        Err err;
        for (int i = 0; i < WORKERS; i++)
                assert_ok(thread_start(&consumers[i], "consume", consume, &t, &err), err);
        queue_close(t.q);
        for (int i = 0; i < WORKERS; i++)
                thread_join(consumers[i]);
        assert_int_equal(t.popped, 0);
        queue_free(t.q);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(items_leave_in_order),
                                            cmocka_unit_test(a_closed_queue_gives_what_it_has),
                                            cmocka_unit_test(waiting_ends), cmocka_unit_test(many_threads_lose_nothing),
                                            cmocka_unit_test(close_wakes_who_waits) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
