/* Invariants:
 * 1. A Clock is immutable and has no owner: any thread may read it at any time.
 * 2. A RateClock is a function of the machine's clock alone, so that it needs no state and never goes backwards unless that does.
 * 3. A ManualClock never goes backwards unless the test says so (negative advance). */
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

static int64_t rated_wall_ns(const Clock *clock)
{
        int64_t anchor_ns = ((const RateClock *)clock)->anchor_ns;
        return anchor_ns + (read_clock(CLOCK_REALTIME) - anchor_ns) * clock->rate;
}

bool clock_rate_init(RateClock *rated, uint64_t rate, uint64_t anchor_ms, Err *err)
{
        const int64_t max_ahead_ms = CLOCK_MAX_AHEAD_YEARS * INT64_C(365) * 24 * 3600 * 1000;
        int64_t now_ns = read_clock(CLOCK_REALTIME);
        if (rate < 1 || rate > CLOCK_MAX_RATE)
                return err_set(err, ERR_INVALID, "a clock's rate is between 1 and %d", CLOCK_MAX_RATE);
        if (anchor_ms > (uint64_t)now_ns / 1000000)
                return err_set(err, ERR_INVALID, "the clock's anchor is in the future");
        if (anchor_ms && (uint64_t)now_ns / 1000000 - anchor_ms > (uint64_t)max_ahead_ms / rate)
                return err_set(err, ERR_INVALID, "a clock of this rate and anchor is more than %d years ahead",
                               CLOCK_MAX_AHEAD_YEARS);
        *rated = (RateClock){ .clock = { .wall_ns = rated_wall_ns, .mono_ns = system_mono_ns, .rate = (uint32_t)rate },
                              .anchor_ns = anchor_ms ? (int64_t)anchor_ms * 1000000 : now_ns };
        return true;
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
