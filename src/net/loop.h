/* net/loop.h - Loop: the one event loop thread (libuv): timers, sockets, posted calls. It never blocks and never
 * evaluates. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef struct Loop Loop;
typedef struct LoopTimer LoopTimer;
struct uv_loop_s; /* NOLINT: libuv's */

MUST_CHECK bool loop_new(Loop **ret, Err *err); /* starts the thread */
/* Stops timers, runs posted calls, joins. Call after everything on it was stopped. */
void loop_free(Loop *loop);
struct uv_loop_s *loop_uv(Loop *loop); /* for net/ and receivers; use on the loop thread only */
bool loop_is_current(const Loop *loop);
/* Runs fn(arg) on the loop thread; from any thread; in order. */
void loop_post(Loop *loop, void (*fn)(void *arg), void *arg);
/* As loop_post, and waits until fn returned (runs at once when already on the loop thread). */
void loop_call(Loop *loop, void (*fn)(void *arg), void *arg);
/* Loop thread only. Calls fn after first_ms and then every repeat_ms (0: once). Returns owned (loop_timer_free). */
LoopTimer *loop_timer_new(Loop *loop, int64_t first_ms, int64_t repeat_ms, void (*fn)(void *arg), void *arg);
/* Sets a new one-shot delay. */
void loop_timer_restart(LoopTimer *timer, int64_t delay_ms);
void loop_timer_free(LoopTimer *timer); /* NULL is fine; fn is not called after this */
/* Calls fn on the loop thread for each arrival of signum. */
MUST_CHECK bool loop_on_signal(Loop *loop, int signum, void (*fn)(void *arg, int signum), void *arg, Err *err);
