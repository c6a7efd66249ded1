/* Invariants:
 * 1. A thread starts with its name set and the process' signals blocked, before fn sees the light. */
#include "os/thread.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"

typedef struct Start {
        void (*fn)(void *arg);
        void *arg;
        char name[THREAD_MAX_NAME + 1];
} Start;

void thread_set_name(const char *name)
{
        char cut[THREAD_MAX_NAME + 1];
        snprintf(cut, sizeof cut, "%s", name);
        pthread_setname_np(pthread_self(), cut);
}

static void *run(void *p)
{
        Start start = *(Start *)p;
        mem_free(p);
        thread_set_name(start.name);
        start.fn(start.arg);
        return NULL;
}

bool thread_start(Thread *ret, const char *name, void (*fn)(void *arg), void *arg, Err *err)
{
        Start *start = mem_new(Start);
        start->fn = fn;
        start->arg = arg;
        snprintf(start->name, sizeof start->name, "%s", name);

        /* The mask is inherited: set it here, so there is no moment in which the new thread could take a signal. */
        static const int process_signals[] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGUSR1,
                                               SIGUSR2, SIGCHLD, SIGPIPE, SIGALRM };
        sigset_t block, old;
        sigemptyset(&block);
        for (size_t i = 0; i < ARRAY_LEN(process_signals); i++)
                sigaddset(&block, process_signals[i]);
        pthread_sigmask(SIG_BLOCK, &block, &old);
        pthread_t id;
        int rc = pthread_create(&id, NULL, run, start);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        if (rc) {
                mem_free(start);
                return err_sys(err, rc, "start thread '%s'", name);
        }
        ret->id = id;
        return true;
}

void thread_join(Thread thread) { pthread_join(thread.id, NULL); }

/* Those of the main thread: nobody but an operator changes them. */
static bool process_cpus(cpu_set_t *ret) { return sched_getaffinity(getpid(), sizeof *ret, ret) == 0; }

bool thread_keep_away(Thread thread)
{
        cpu_set_t cpus;
        int here = sched_getcpu();
        if (here < 0 || !process_cpus(&cpus))
                return false;
        CPU_CLR((unsigned)here, &cpus);
        return CPU_COUNT(&cpus) > 0 && pthread_setaffinity_np(thread.id, sizeof cpus, &cpus) == 0;
}

void thread_run_anywhere(void)
{
        cpu_set_t cpus;
        if (process_cpus(&cpus))
                IGNORE(pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus) == 0);
}
