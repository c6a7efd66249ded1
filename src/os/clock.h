/* os/clock.h - Clock: time as a parameter. Tests pass a ManualClock and never sleep. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

typedef struct Clock {
        int64_t (*wall_ns)(const struct Clock *clock); /* nanoseconds since 1970-01-01 UTC */
        int64_t (*mono_ns)(const struct Clock *clock); /* monotonic nanoseconds */
        uint32_t rate; /* how many times faster than in reality the wall time runs; 0 and 1: as in reality */
} Clock;

/* The machine's clocks. Valid for ever. */
const Clock *clock_system(void);
static inline int64_t clock_wall_ms(const Clock *clock) { return clock->wall_ns(clock) / 1000000; }
static inline int64_t clock_mono_ms(const Clock *clock) { return clock->mono_ns(clock) / 1000000; }
/* How long to really wait until ms of wall time are over: at least 1 of a positive ms. Every wait that was computed from wall
 * time (timers of scrapes, ticks of rules and routes) goes through here; network time-outs do not, they are real. */
static inline int64_t clock_real_ms(const Clock *clock, int64_t ms)
{
        return clock->rate > 1 && ms > 0 ? (ms - 1) / clock->rate + 1 : ms;
}

/* The machine's clocks with a wall time that runs rate times as fast since the anchor, for tests of days within minutes.
 * Whoever has the same rate and anchor reads the same time: other processes, and this one after a restart. Monotonic time
 * stays real, as everything measured with it does. */
enum { CLOCK_MAX_RATE = 10000, CLOCK_MAX_AHEAD_YEARS = 100 };
typedef struct RateClock {
        Clock clock; /* first: a RateClock is a Clock */
        int64_t anchor_ns;
} RateClock;
/* anchor_ms: wall time in reality, not in the future; 0: now. Fails for a rate beyond CLOCK_MAX_RATE, and for one that would
 * be CLOCK_MAX_AHEAD_YEARS ahead by now. */
MUST_CHECK bool clock_rate_init(RateClock *rated, uint64_t rate, uint64_t anchor_ms, Err *err);

/* A clock that stands still until it is told: both times move together. */
typedef struct ManualClock {
        Clock clock; /* first: a ManualClock is a Clock */
        _Atomic int64_t wall, mono;
} ManualClock;
void clock_manual_init(ManualClock *manual, int64_t wall_ms);
void clock_manual_advance_ms(ManualClock *manual, int64_t ms);
