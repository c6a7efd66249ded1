/* os/thread.h - named threads. Signals that are meant for the process (SIGTERM, SIGHUP, ...) are blocked in them, so
 * that the main thread alone receives them. */
#pragma once
#include <pthread.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"

typedef struct Thread {
        pthread_t id;
} Thread;

enum { THREAD_MAX_NAME = 15 }; /* the kernel's limit; longer names are cut */

/* Starts fn(arg); thread_join must be called once. ERR_IO when the system refuses (its limit of threads). */
MUST_CHECK bool thread_start(Thread *ret, const char *name, void (*fn)(void *arg), void *arg, Err *err);
void thread_join(Thread thread);
/* Names the calling thread: for threads that libraries start. */
void thread_set_name(const char *name);
/* The thread is to run on any of the process' processors but the calling thread's, until thread_run_anywhere. False: there is no other. */
bool thread_keep_away(Thread thread);
/* The calling thread may run wherever the process may. */
void thread_run_anywhere(void);
