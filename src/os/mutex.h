/* os/mutex.h - Mutex and Cond: pthread ones that cannot fail, known to the compiler's lock analysis.
 *
 *     MUTEX_SCOPE(&queue->mu);    locked until the end of the scope
 *
 * Locks are leaves: no callback, no I/O and no unbounded work while one is held. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#if defined(__clang__) && __clang_major__ >= 19
#define MUTEX_CAPABILITY_ __attribute__((capability("mutex")))
#define MUTEX_ACQUIRE_(mu) __attribute__((acquire_capability(mu)))
#define MUTEX_ASSERT_(mu) __attribute__((assert_capability(mu)))
#else
#define MUTEX_CAPABILITY_
#define MUTEX_ACQUIRE_(mu)
#define MUTEX_ASSERT_(mu)
#endif

typedef struct MUTEX_CAPABILITY_ Mutex {
        pthread_mutex_t m;
} Mutex;

/* For static storage; everything else calls mutex_init. */
#define MUTEX_INIT { .m = PTHREAD_MUTEX_INITIALIZER }

static inline void mutex_init(Mutex *mu) { pthread_mutex_init(&mu->m, NULL); }
static inline void mutex_done(Mutex *mu) { pthread_mutex_destroy(&mu->m); }
static inline void mutex_lock(Mutex *mu) MUTEX_ACQUIRE_(mu);
static inline void mutex_unlock(Mutex *mu) RELEASES(mu);
static inline LOCKS_UNCHECKED void mutex_lock(Mutex *mu) { pthread_mutex_lock(&mu->m); }
static inline LOCKS_UNCHECKED void mutex_unlock(Mutex *mu) { pthread_mutex_unlock(&mu->m); }

/* The analysis cannot follow the cleanup: it takes the lock for held until the end of the function. */
static inline Mutex *mutex_scope_begin(Mutex *mu) MUTEX_ASSERT_(mu);
static inline LOCKS_UNCHECKED Mutex *mutex_scope_begin(Mutex *mu)
{
        mutex_lock(mu);
        return mu;
}
static inline LOCKS_UNCHECKED void mutex_scope_end(Mutex **mu) { mutex_unlock(*mu); }
#define MUTEX_CAT2_(a, b) a##b
#define MUTEX_CAT_(a, b) MUTEX_CAT2_(a, b)
/* Locks now, unlocks at the end of the scope. */
// clang-format off
// NOLINTBEGIN(bugprone-macro-parentheses)
#define MUTEX_SCOPE(mu)                                                                                      \
        __attribute__((cleanup(mutex_scope_end), unused)) Mutex *MUTEX_CAT_(mutex_scope_, __LINE__) =        \
                mutex_scope_begin(mu)
// NOLINTEND(bugprone-macro-parentheses)
// clang-format on

/* A condition to wait for; timed waits count on the monotonic clock. */
typedef struct Cond {
        pthread_cond_t c;
} Cond;

static inline void mutex_cond_init(Cond *cond)
{
        pthread_condattr_t attr;
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&cond->c, &attr);
        pthread_condattr_destroy(&attr);
}
static inline void mutex_cond_done(Cond *cond) { pthread_cond_destroy(&cond->c); }
static inline void mutex_cond_wait(Cond *cond, Mutex *mu) REQUIRES(mu);
static inline void mutex_cond_wait(Cond *cond, Mutex *mu) { pthread_cond_wait(&cond->c, &mu->m); }
/* False when deadline_mono_ns (CLOCK_MONOTONIC) passed. */
static inline bool mutex_cond_wait_until(Cond *cond, Mutex *mu, int64_t deadline_mono_ns) REQUIRES(mu);
static inline bool mutex_cond_wait_until(Cond *cond, Mutex *mu, int64_t deadline_mono_ns)
{
        struct timespec ts = { .tv_sec = (time_t)(deadline_mono_ns / 1000000000),
                               .tv_nsec = (long)(deadline_mono_ns % 1000000000) };
        return pthread_cond_timedwait(&cond->c, &mu->m, &ts) == 0;
}
static inline void mutex_cond_signal(Cond *cond) { pthread_cond_signal(&cond->c); }
static inline void mutex_cond_broadcast(Cond *cond) { pthread_cond_broadcast(&cond->c); }
