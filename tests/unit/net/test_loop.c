#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "net/loop.h"
#include "os/clock.h"
#include "os/mutex.h"
#include "testing.h"

enum { POSTS = 20000, WAIT_S = 20 };

typedef struct Seen {
        Mutex mu;
        Cond cond;
        int count;
        bool in_order;
        Loop *loop;
        LoopTimer *timer;
} Seen;

static void seen_init(Seen *seen, Loop *loop)
{
        *seen = (Seen){ .in_order = true, .loop = loop };
        mutex_init(&seen->mu);
        mutex_cond_init(&seen->cond);
}

static void seen_add(Seen *seen)
{
        mutex_lock(&seen->mu);
        seen->count++;
        mutex_cond_signal(&seen->cond);
        mutex_unlock(&seen->mu);
}

static void seen_wait(Seen *seen, int want)
{
        int64_t deadline = clock_system()->mono_ns(clock_system()) + WAIT_S * INT64_C(1000000000);
        mutex_lock(&seen->mu);
        while (seen->count < want)
                if (!mutex_cond_wait_until(&seen->cond, &seen->mu, deadline))
                        break;
        int got = seen->count;
        mutex_unlock(&seen->mu);
        assert_true(got >= want);
}

typedef struct Numbered {
        Seen *seen;
        int n;
} Numbered;

static void expect_next(void *arg)
{
        Numbered *item = arg;
        item->seen->in_order = item->seen->in_order && item->seen->count == item->n;
        seen_add(item->seen);
}

static void posts_run_in_order_before_free(void **state)
{
        (void)state;
        static Numbered items[POSTS];
        Loop *loop;
        Err err;
        assert_ok(loop_new(&loop, &err), err);
        Seen seen;
        seen_init(&seen, loop);
        for (int i = 0; i < POSTS; i++) {
                items[i] = (Numbered){ &seen, i };
                loop_post(loop, expect_next, &items[i]);
        }
        loop_free(loop);
        assert_int_equal(seen.count, POSTS);
        assert_true(seen.in_order);
}

static void post_again(void *arg)
{
        Seen *seen = arg;
        assert_true(loop_is_current(seen->loop));
        seen->count++;
        if (seen->count < 10)
                loop_post(seen->loop, post_again, seen);
}

static void calls_wait_and_nest(void **state)
{
        (void)state;
        Loop *loop;
        Err err;
        assert_ok(loop_new(&loop, &err), err);
        Seen seen;
        seen_init(&seen, loop);
        assert_false(loop_is_current(loop));
        loop_call(loop, post_again, &seen);
        loop_free(loop);
        assert_int_equal(seen.count, 10);
}

static void on_repeat(void *arg)
{
        Seen *seen = arg;
        if (seen->count == 2) {
                loop_timer_free(seen->timer);
                seen->timer = NULL;
        }
        seen_add(seen);
}

static void start_repeat(void *arg)
{
        Seen *seen = arg;
        seen->timer = loop_timer_new(seen->loop, 1, 1, on_repeat, seen);
}

static void never(void *arg)
{
        (void)arg;
        fail_msg("a freed timer fired");
}

static void start_and_stop(void *arg)
{
        Seen *seen = arg;
        LoopTimer *timer = loop_timer_new(seen->loop, 0, 1, never, NULL);
        loop_timer_free(timer);
        loop_timer_free(NULL);
        timer = loop_timer_new(seen->loop, 3600 * 1000, 0, (void (*)(void *))seen_add, seen);
        loop_timer_restart(timer, 1);
        seen->timer = timer; /* left to loop_free */
}

static void timers_fire_repeat_and_stop(void **state)
{
        (void)state;
        Loop *loop;
        Err err;
        assert_ok(loop_new(&loop, &err), err);
        Seen seen;
        seen_init(&seen, loop);
        loop_call(loop, start_repeat, &seen);
        seen_wait(&seen, 3);
        loop_call(loop, start_and_stop, &seen);
        seen_wait(&seen, 4);
        loop_free(loop);
        assert_int_equal(seen.count, 4);
}

static void on_signal(void *arg, int signum)
{
        assert_int_equal(signum, SIGUSR1);
        seen_add(arg);
}

static void signals_arrive(void **state)
{
        (void)state;
        Loop *loop;
        Err err;
        assert_ok(loop_new(&loop, &err), err);
        Seen seen;
        seen_init(&seen, loop);
        assert_ok(loop_on_signal(loop, SIGUSR1, on_signal, &seen, &err), err);
        kill(getpid(), SIGUSR1);
        seen_wait(&seen, 1);
        kill(getpid(), SIGUSR1);
        seen_wait(&seen, 2);
        assert_false(loop_on_signal(loop, SIGKILL, on_signal, &seen, &err));
        assert_contains(err.msg, "signal 9");
        loop_free(loop);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(posts_run_in_order_before_free),
                cmocka_unit_test(calls_wait_and_nest),
                cmocka_unit_test(timers_fire_repeat_and_stop),
                cmocka_unit_test(signals_arrive),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
