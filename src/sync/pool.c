/* Invariants:
 * 1. A submitted job runs exactly once, also when pool_free comes before its turn.
 * 2. pool_for_each never waits for a job that has not begun: the caller takes indices itself until none is left, and then
 *    waits only for indices that a running thread has taken. So it may nest, on a full queue and on a busy pool.
 * 3. A helper job that starts too late finds no index left and touches neither fn nor arg.
 *
 * Why helpers are sent away from the caller's processor: a kernel that is not told which processors share a cache (small virtual machines)
 * wakes a thread where it ran last, or where its waker runs, though another processor is idle; and there it waits for
 * milliseconds until somebody balances. The wish holds until it runs: then it may go anywhere again. */
#include "sync/pool.h"

#include <stdatomic.h>
#include <stdint.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/metric.h"
#include "os/clock.h"
#include "os/mutex.h"
#include "os/proc.h"
#include "os/thread.h"
#include "sync/queue.h"

METRIC_COUNTER(jobs, "pharos_sync_pool_jobs_total", "Jobs that the worker pool has begun.");
METRIC_COUNTER(rejected, "pharos_sync_pool_rejected_total",
               "Jobs refused because the queue of the worker pool was full.");
METRIC_GAUGE(queued, "pharos_sync_pool_queue_length", "Jobs waiting for a worker.");
METRIC_HISTOGRAM(waited, "pharos_sync_pool_wait_seconds", "Time that a job waited for a worker.");

typedef struct Job {
        void (*fn)(void *arg);
        void *arg;
        int64_t queued_mono_ns;
} Job;

enum { MAX_PLACED = 8 }; /* workers: among more processors an idle one is found without us */

typedef struct Worker {
        Thread thread;
        Pool *pool;
        _Atomic bool placed; /* kept away from some processor */
} Worker;

struct Pool {
        Queue *queue;
        size_t threads;
        Worker workers[];
};

/* One pool_for_each: shared by the caller and the helpers, freed by the last of them. */
typedef struct Loop {
        void (*fn)(void *arg, size_t i);
        void *arg;
        size_t n;
        _Atomic size_t next, done, refs;
        Mutex mu;
        Cond all_done;
} Loop;

static void work(void *arg)
{
        Worker *worker = arg;
        Pool *pool = worker->pool;
        const Clock *clock = clock_system();
        Job job;
        while (queue_pop(pool->queue, &job) == QUEUE_OK) {
                if (atomic_exchange(&worker->placed, false))
                        thread_run_anywhere();
                metric_add(jobs, 1);
                metric_set(queued, queue_len(pool->queue));
                metric_observe(waited, (double)(clock->mono_ns(clock) - job.queued_mono_ns) / 1e9);
                job.fn(job.arg);
        }
}

Pool *pool_new(size_t threads, size_t queue_capacity)
{
        if (threads == 0)
                threads = proc_cpus();
        Pool *pool = mem_zalloc(sizeof *pool + threads * sizeof pool->workers[0]);
        pool->queue = queue_new(sizeof(Job), queue_capacity ? queue_capacity : 1);
        Err err;
        while (pool->threads < threads) {
                Worker *worker = &pool->workers[pool->threads];
                worker->pool = pool;
                if (!thread_start(&worker->thread, "pharos-pool", work, worker, &err))
                        break;
                pool->threads++;
        }
        /* Fewer workers than asked for is slower, none is useless. */
        CHECK(pool->threads > 0);
        return pool;
}

void pool_free(Pool *pool)
{
        if (!pool)
                return;
        queue_close(pool->queue);
        for (size_t i = 0; i < pool->threads; i++)
                thread_join(pool->workers[i].thread);
        queue_free(pool->queue);
        mem_free(pool);
}

size_t pool_threads(const Pool *pool) { return pool->threads; }

static bool enqueue(Pool *pool, void (*fn)(void *arg), void *arg)
{
        const Clock *clock = clock_system();
        Job job = { .fn = fn, .arg = arg, .queued_mono_ns = clock->mono_ns(clock) };
        if (queue_try_push(pool->queue, &job) != QUEUE_OK)
                return false;
        metric_set(queued, queue_len(pool->queue));
        return true;
}

bool pool_submit(Pool *pool, void (*fn)(void *arg), void *arg)
{
        if (enqueue(pool, fn, arg))
                return true;
        metric_add(rejected, 1);
        return false;
}

static void loop_unref(Loop *loop)
{
        if (atomic_fetch_sub(&loop->refs, 1) != 1)
                return;
        mutex_cond_done(&loop->all_done);
        mutex_done(&loop->mu);
        mem_free(loop);
}

static void loop_take_indices(Loop *loop)
{
        size_t mine = 0;
        for (size_t i; (i = atomic_fetch_add(&loop->next, 1)) < loop->n; mine++)
                loop->fn(loop->arg, i);
        if (mine == 0 || atomic_fetch_add(&loop->done, mine) + mine < loop->n)
                return;
        MUTEX_SCOPE(&loop->mu);
        mutex_cond_broadcast(&loop->all_done);
}

static void help(void *arg)
{
        Loop *loop = arg;
        loop_take_indices(loop);
        loop_unref(loop);
}

/* Away from the calling thread's processor. */
static void place_helpers(Pool *pool)
{
        for (size_t i = 0; i < pool->threads && pool->threads <= MAX_PLACED; i++) {
                Worker *worker = &pool->workers[i];
                if (pthread_equal(worker->thread.id, pthread_self()))
                        continue;
                if (!thread_keep_away(worker->thread))
                        return;
                atomic_store(&worker->placed, true);
        }
}

void pool_for_each(Pool *pool, size_t n, void (*fn)(void *arg, size_t i), void *arg)
{
        if (!pool || n < 2) {
                for (size_t i = 0; i < n; i++)
                        fn(arg, i);
                return;
        }
        Loop *loop = mem_new(Loop);
        loop->fn = fn;
        loop->arg = arg;
        loop->n = n;
        mutex_init(&loop->mu);
        mutex_cond_init(&loop->all_done);
        place_helpers(pool);
        size_t helpers = MIN_OF(pool->threads, n - 1);
        atomic_store(&loop->refs, helpers + 1);
        for (size_t i = 0; i < helpers; i++) {
                /* A full queue is no failure here: the others and the caller do the work. */
                if (!enqueue(pool, help, loop))
                        atomic_fetch_sub(&loop->refs, 1);
        }
        loop_take_indices(loop);
        mutex_lock(&loop->mu);
        while (atomic_load(&loop->done) < n)
                mutex_cond_wait(&loop->all_done, &loop->mu);
        mutex_unlock(&loop->mu);
        loop_unref(loop);
}
