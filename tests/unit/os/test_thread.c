#include "os/thread.h"

#include <pthread.h>
#include <signal.h>

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

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(threads_have_names_and_no_signals),
                                            cmocka_unit_test(a_thread_names_itself) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
