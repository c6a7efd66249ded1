/* tests/unit/tsdb/coolrig.h - series that get samples and then none: what it takes until they leave memory. */
#pragma once
#include "rig.h"

enum { SERIES = 1500, MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static inline double coolrig_value(unsigned i, int64_t t_ms) { return (double)i + (double)(t_ms % 1000000) / 4; }

static inline void coolrig_put(Rig *r, const char *name, unsigned from, unsigned to, bool stale)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Rig local = *r;
        local.arena = arena;
        int64_t t_ms = clock_wall_ms(&r->clock.clock);
        Appender *a = store_appender(tsdb_engine(r->db));
        Err err;
        for (unsigned i = from; i < to; i++) {
                SeriesRef ref = 0;
                double v = stale ? sample_stale() : coolrig_value(i, t_ms);
                assert_int_equal(store_append(a, &ref, rig_labels(&local, name, i), t_ms, v), APPEND_OK);
        }
        assert_ok(store_commit(a, &err), err);
}

/* One sample for each of the series [from, to), now. */
static inline void coolrig_add(Rig *r, const char *name, unsigned from, unsigned to)
{
        coolrig_put(r, name, from, to, false);
}

/* They end: a stale marker for each, now. */
static inline void coolrig_end(Rig *r, const char *name, unsigned from, unsigned to)
{
        coolrig_put(r, name, from, to, true);
}

/* Three samples for each, 15 s apart, the last of them now. */
static inline void coolrig_scrape(Rig *r, const char *name, unsigned from, unsigned to)
{
        for (unsigned k = 0; k < 3; k++) {
                clock_manual_advance_ms(&r->clock, 15000);
                coolrig_add(r, name, from, to);
        }
}

/* Minutes go by in which only one series gets samples. */
static inline void coolrig_pass(Rig *r, unsigned minutes)
{
        for (unsigned i = 0; i < minutes; i++) {
                clock_manual_advance_ms(&r->clock, MINUTE_MS);
                coolrig_add(r, "ticker", 0, 1);
                tsdb_maintain(r->db);
        }
}
