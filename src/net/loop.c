/* Invariants:
 * 1. Posted calls run in the order in which they were posted, each exactly once, on the loop thread; those posted
 * before loop_free have run when it returns.
 * 2. Every libuv handle belongs to the loop thread; other threads touch only the queue (under mu) and the async handle.
 * 3. A handle's memory is freed by its close callback: libuv still links a closing handle.
 * 4. No lock is held while a callback runs.
 *
 * Why a mutexed queue and not a lock-free one: posts are thousands a second at most, and uv_async_send coalesces the
 * wake-ups; the queue is taken whole, so the lock is held for a pointer swap. */
#include "net/loop.h"

#include <pthread.h>
#include <uv.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/vec.h"
#include "os/mutex.h"
#include "os/thread.h"

typedef struct Posted {
        void (*fn)(void *arg);
        void *arg;
} Posted;

typedef VEC(Posted) PostedQueue;

struct Loop {
        uv_loop_t uv;    /* owned by the loop thread once it runs */
        uv_async_t wake; /* uv_async_send from any thread */
        Thread thread;
        Mutex mu;
        PostedQueue queue GUARDED_BY(&mu);
        bool stopping; /* owned by the loop thread */
};

struct LoopTimer {
        uv_timer_t uv; /* first: closed by address */
        void (*fn)(void *arg);
        void *arg;
};

typedef struct SignalHandle {
        uv_signal_t uv; /* first */
        void (*fn)(void *arg, int signum);
        void *arg;
} SignalHandle;

static void run_posted(Loop *loop)
{
        for (;;) {
                mutex_lock(&loop->mu);
                PostedQueue batch = loop->queue;
                loop->queue = (PostedQueue){ 0 };
                mutex_unlock(&loop->mu);
                vec_each(posted, &batch)
                        posted->fn(posted->arg);
                bool more = batch.len > 0;
                vec_done(&batch);
                if (!more)
                        return;
        }
}

static void free_handle(uv_handle_t *handle) { mem_free(handle); }

/* Handles that their owners left behind: timers and signals are ours to free, others only get closed. */
static void close_left_over(uv_handle_t *handle, void *arg)
{
        Loop *loop = arg;
        if (uv_is_closing(handle))
                return;
        bool ours = handle != (uv_handle_t *)&loop->wake && (handle->type == UV_TIMER || handle->type == UV_SIGNAL) &&
                    handle->data == loop;
        uv_close(handle, ours ? free_handle : NULL);
}

static void on_wake(uv_async_t *async)
{
        Loop *loop = async->data;
        run_posted(loop);
        if (loop->stopping)
                uv_stop(&loop->uv);
}

static void loop_thread(void *arg)
{
        Loop *loop = arg;
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        run_posted(loop);
        uv_walk(&loop->uv, close_left_over, loop);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
}

bool loop_new(Loop **ret, Err *err)
{
        Loop *loop = mem_new(Loop);
        int rc = uv_loop_init(&loop->uv);
        if (rc < 0) {
                mem_free(loop);
                return err_set(err, ERR_IO, "start event loop: %s", uv_strerror(rc));
        }
        rc = uv_async_init(&loop->uv, &loop->wake, on_wake);
        CHECK(rc == 0);
        loop->wake.data = loop;
        mutex_init(&loop->mu);
        if (!thread_start(&loop->thread, "loop", loop_thread, loop, err)) {
                uv_close((uv_handle_t *)&loop->wake, NULL);
                uv_run(&loop->uv, UV_RUN_DEFAULT);
                uv_loop_close(&loop->uv);
                mutex_done(&loop->mu);
                mem_free(loop);
                return err_wrap(err, "start event loop");
        }
        *ret = loop;
        return true;
}

static void stop_loop(void *arg) { ((Loop *)arg)->stopping = true; }

void loop_free(Loop *loop)
{
        if (!loop)
                return;
        CHECK(!loop_is_current(loop));
        loop_post(loop, stop_loop, loop);
        thread_join(loop->thread);
        run_posted(loop);
        CHECK(uv_loop_close(&loop->uv) == 0);
        vec_done(&loop->queue);
        mutex_done(&loop->mu);
        mem_free(loop);
}

struct uv_loop_s *loop_uv(Loop *loop) { return &loop->uv; }

bool loop_is_current(const Loop *loop) { return pthread_equal(pthread_self(), loop->thread.id) != 0; }

void loop_post(Loop *loop, void (*fn)(void *arg), void *arg)
{
        mutex_lock(&loop->mu);
        bool first = loop->queue.len == 0;
        vec_push(&loop->queue, (Posted){ fn, arg });
        /* Under the lock, so that the loop cannot finish and close the handle between the two. */
        if (first)
                uv_async_send(&loop->wake);
        mutex_unlock(&loop->mu);
}

typedef struct WaitedCall {
        void (*fn)(void *arg);
        void *arg;
        Mutex mu;
        Cond cond;
        bool done GUARDED_BY(&mu);
} WaitedCall;

static void run_waited(void *arg)
{
        WaitedCall *call = arg;
        call->fn(call->arg);
        mutex_lock(&call->mu);
        call->done = true;
        mutex_cond_signal(&call->cond);
        mutex_unlock(&call->mu);
}

void loop_call(Loop *loop, void (*fn)(void *arg), void *arg)
{
        if (loop_is_current(loop)) {
                fn(arg);
                return;
        }
        WaitedCall call = { .fn = fn, .arg = arg };
        mutex_init(&call.mu);
        mutex_cond_init(&call.cond);
        loop_post(loop, run_waited, &call);
        mutex_lock(&call.mu);
        while (!call.done)
                mutex_cond_wait(&call.cond, &call.mu);
        mutex_unlock(&call.mu);
        mutex_cond_done(&call.cond);
        mutex_done(&call.mu);
}

static void on_timer(uv_timer_t *uv)
{
        LoopTimer *timer = (LoopTimer *)uv;
        timer->fn(timer->arg);
}

static uint64_t ms_of(int64_t ms) { return ms > 0 ? (uint64_t)ms : 0; }

LoopTimer *loop_timer_new(Loop *loop, int64_t first_ms, int64_t repeat_ms, void (*fn)(void *arg), void *arg)
{
        CHECK(loop_is_current(loop));
        LoopTimer *timer = mem_new(LoopTimer);
        timer->fn = fn;
        timer->arg = arg;
        uv_timer_init(&loop->uv, &timer->uv);
        timer->uv.data = loop;
        uv_update_time(&loop->uv); /* the cached time is as old as the callback that runs now */
        uv_timer_start(&timer->uv, on_timer, ms_of(first_ms), ms_of(repeat_ms));
        return timer;
}

void loop_timer_restart(LoopTimer *timer, int64_t delay_ms)
{
        uv_update_time(timer->uv.loop);
        uv_timer_start(&timer->uv, on_timer, ms_of(delay_ms), 0);
}

void loop_timer_free(LoopTimer *timer)
{
        if (!timer)
                return;
        uv_timer_stop(&timer->uv);
        uv_close((uv_handle_t *)&timer->uv, free_handle);
}

static void on_signal(uv_signal_t *uv, int signum)
{
        SignalHandle *handle = (SignalHandle *)uv;
        handle->fn(handle->arg, signum);
}

typedef struct SignalStart {
        Loop *loop;
        SignalHandle *handle;
        int signum, rc;
} SignalStart;

static void start_signal(void *arg)
{
        SignalStart *start = arg;
        uv_signal_init(&start->loop->uv, &start->handle->uv);
        start->handle->uv.data = start->loop;
        start->rc = uv_signal_start(&start->handle->uv, on_signal, start->signum);
        if (start->rc < 0)
                uv_close((uv_handle_t *)&start->handle->uv, free_handle);
}

bool loop_on_signal(Loop *loop, int signum, void (*fn)(void *arg, int signum), void *arg, Err *err)
{
        SignalHandle *handle = mem_new(SignalHandle);
        handle->fn = fn;
        handle->arg = arg;
        SignalStart start = { .loop = loop, .handle = handle, .signum = signum };
        loop_call(loop, start_signal, &start);
        if (start.rc < 0)
                return err_set(err, ERR_INVALID, "watch signal %d: %s", signum, uv_strerror(start.rc));
        return true;
}
