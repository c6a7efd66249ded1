/* os/clock.h - Clock: time as a parameter. Tests pass a ManualClock and never sleep. */
#pragma once
#include <stdint.h>

typedef struct Clock {
        int64_t (*wall_ns)(const struct Clock *clock); /* nanoseconds since 1970-01-01 UTC */
        int64_t (*mono_ns)(const struct Clock *clock); /* monotonic nanoseconds */
} Clock;

/* The machine's clocks. Valid for ever. */
const Clock *clock_system(void);
static inline int64_t clock_wall_ms(const Clock *clock) { return clock->wall_ns(clock) / 1000000; }
static inline int64_t clock_mono_ms(const Clock *clock) { return clock->mono_ns(clock) / 1000000; }

/* A clock that stands still until it is told: both times move together. */
typedef struct ManualClock {
        Clock clock; /* first: a ManualClock is a Clock */
        _Atomic int64_t wall, mono;
} ManualClock;
void clock_manual_init(ManualClock *manual, int64_t wall_ms);
void clock_manual_advance_ms(ManualClock *manual, int64_t ms);
