#include "os/mutex.h"

#include "os/clock.h"
#include "os/thread.h"
#include "testing.h"

enum { THREADS = 4, ROUNDS = 20000 };

typedef struct Shared {
        Mutex mu;
        Cond changed;
        int count, ready;
} Shared;

static void count_up(void *arg)
{
        Shared *s = arg;
        for (int i = 0; i < ROUNDS; i++) {
                MUTEX_SCOPE(&s->mu);
                s->count++;
        }
        MUTEX_SCOPE(&s->mu);
        s->ready++;
        mutex_cond_broadcast(&s->changed);
}

static void scopes_exclude_each_other(void **state)
{
        (void)state;
        Shared s = { 0 };
        mutex_init(&s.mu);
        mutex_cond_init(&s.changed);
        Thread threads[THREADS];
        Err err;
        for (int i = 0; i < THREADS; i++)
                assert_ok(thread_start(&threads[i], "count", count_up, &s, &err), err);
        mutex_lock(&s.mu);
        while (s.ready < THREADS)
                mutex_cond_wait(&s.changed, &s.mu);
        assert_int_equal(s.count, THREADS * ROUNDS);
        mutex_unlock(&s.mu);
        for (int i = 0; i < THREADS; i++)
                thread_join(threads[i]);
        mutex_cond_done(&s.changed);
        mutex_done(&s.mu);
}

static void a_wait_ends_at_its_deadline(void **state)
{
        (void)state;
        static Mutex mu = MUTEX_INIT;
        Cond never;
        mutex_cond_init(&never);
        const Clock *clock = clock_system();
        MUTEX_SCOPE(&mu);
        assert_false(mutex_cond_wait_until(&never, &mu, clock->mono_ns(clock) - 1));
        assert_false(mutex_cond_wait_until(&never, &mu, clock->mono_ns(clock) + 1000000));
        mutex_cond_done(&never);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(scopes_exclude_each_other),
                                            cmocka_unit_test(a_wait_ends_at_its_deadline) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
