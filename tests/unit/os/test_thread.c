#include "os/thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "os/proc.h"
#include "testing.h"

typedef struct Seen {
        char name[32];
        bool term_blocked, segv_blocked;
} Seen;

static void look(void *arg)
{
        Seen *seen = arg;
        pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, NULL, &mask);
        seen->term_blocked = sigismember(&mask, SIGTERM);
        seen->segv_blocked = sigismember(&mask, SIGSEGV);
}

static void threads_have_names_and_no_signals(void **state)
{
        (void)state;
        Seen seen;
        Thread thread;
        Err err;
        assert_ok(thread_start(&thread, "pharos-test-too-long", look, &seen, &err), err);
        thread_join(thread);
        assert_string_equal(seen.name, "pharos-test-too");
        assert_true(seen.term_blocked);
        assert_false(seen.segv_blocked);
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, NULL, &mask);
        assert_false(sigismember(&mask, SIGTERM));
}

static void rename_and_look(void *arg)
{
        thread_set_name("renamed");
        look(arg);
}

static void a_thread_names_itself(void **state)
{
        (void)state;
        Seen seen;
        Thread thread;
        Err err;
        assert_ok(thread_start(&thread, "before", rename_and_look, &seen, &err), err);
        thread_join(thread);
        assert_string_equal(seen.name, "renamed");
}

typedef struct Two {
        pthread_barrier_t placed;
        cpu_set_t before, after;
        Thread other;
        bool kept_away;
        int here;
} Two;

static void be_placed(void *arg)
{
        Two *two = arg;
        pthread_barrier_wait(&two->placed);
        pthread_getaffinity_np(pthread_self(), sizeof two->before, &two->before);
        thread_run_anywhere();
        pthread_getaffinity_np(pthread_self(), sizeof two->after, &two->after);
}

/* On one processor, so that it is known where it runs. */
static void place(void *arg)
{
        Two *two = arg;
        cpu_set_t one;
        two->here = sched_getcpu();
        CPU_ZERO(&one);
        CPU_SET((unsigned)two->here, &one);
        pthread_setaffinity_np(pthread_self(), sizeof one, &one);
        two->kept_away = thread_keep_away(two->other);
}

static void a_thread_keeps_away_until_it_runs(void **state)
{
        (void)state;
        Two two = { 0 };
        Thread placer;
        Err err;
        pthread_barrier_init(&two.placed, NULL, 2);
        assert_ok(thread_start(&two.other, "other", be_placed, &two, &err), err);
        assert_ok(thread_start(&placer, "placer", place, &two, &err), err);
        thread_join(placer);
        pthread_barrier_wait(&two.placed);
        thread_join(two.other);
        pthread_barrier_destroy(&two.placed);
        size_t all = proc_cpus();
        assert_int_equal(two.kept_away, all > 1); /* among one there is no other */
        assert_int_equal(CPU_COUNT(&two.before), all > 1 ? all - 1 : all);
        assert_int_equal(CPU_ISSET((unsigned)two.here, &two.before), all == 1);
        assert_int_equal(CPU_COUNT(&two.after), all);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(threads_have_names_and_no_signals),
                                            cmocka_unit_test(a_thread_names_itself),
                                            cmocka_unit_test(a_thread_keeps_away_until_it_runs) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
