/* Invariants:
 * 1. A Clock is immutable and has no owner: any thread may read it at any time.
 * 2. A ManualClock never goes backwards unless the test says so (negative advance). */
#include "os/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
        struct timespec ts;
        clock_gettime(id, &ts);
        return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t system_wall_ns(const Clock *clock)
{
        (void)clock;
        return read_clock(CLOCK_REALTIME);
}

static int64_t system_mono_ns(const Clock *clock)
{
        (void)clock;
        return read_clock(CLOCK_MONOTONIC);
}

const Clock *clock_system(void)
{
        static const Clock system_clock = { .wall_ns = system_wall_ns, .mono_ns = system_mono_ns };
        return &system_clock;
}

static int64_t manual_wall_ns(const Clock *clock) { return ((const ManualClock *)clock)->wall; }

static int64_t manual_mono_ns(const Clock *clock) { return ((const ManualClock *)clock)->mono; }

void clock_manual_init(ManualClock *manual, int64_t wall_ms)
{
        manual->clock = (Clock){ .wall_ns = manual_wall_ns, .mono_ns = manual_mono_ns };
        manual->wall = wall_ms * 1000000;
        /* Not 0: code that takes 0 for "never happened" shall meet the same values as in production. */
        manual->mono = 1000000000;
}

void clock_manual_advance_ms(ManualClock *manual, int64_t ms)
{
        manual->wall += ms * 1000000;
        manual->mono += ms * 1000000;
}
