/* tsdb/rollup.h - Rollup: what is kept of samples after their retention: one sample for every stretch of time, in parts of their own.
 *
 * Made by one thread at a time (db->upkeep); read by any. Meaning and layout: docs/formats/rollups.md. */
#pragma once
#include "tsdb/head.h"

enum {
        ROLLUP_COST = 100, /* of a series, in samples */
        ROLLUP_RETRY_MS = 60 * 1000,
};

/* Never NULL; without levels it costs nothing. db->fs, dir, keep and parts are there. */
MUST_CHECK bool rollup_open(Tsdb *db, Rollup **ret, uint64_t *damaged, Err *err);
void rollup_close(Rollup *r); /* gives up what is under way; NULL is fine */
/* Goes on with what is under way or due, for about max_samples. A failure gives it up until later. */
MUST_CHECK bool rollup_step(Rollup *r, int64_t now_ms, uint64_t max_samples, bool *ret_more, Err *err);
/* Removes parts that are past their retention. */
MUST_CHECK bool rollup_expire(Rollup *r, int64_t now_ms, Err *err);
/* Samples from here on are not yet rolled up; INT64_MAX: never will. */
int64_t rollup_pending_ms(const Rollup *r);
/* Samples of a series from here on have to stay. keep_ms: how long its samples are kept. */
int64_t rollup_keep_from(const Rollup *r, int64_t now_ms, int64_t keep_ms);
/* Is the series rolled up? One that a rule keeps shorter than the rest is meant to go. */
bool rollup_takes(const Rollup *r, int64_t keep_ms);
/* No job is under way. Writes parts with such samples anew, without them. */
MUST_CHECK bool rollup_clean(Rollup *r, const Tombstone *items, size_t n, Err *err);
/* How long something of a series is kept: at least `longest_ms`. */
int64_t rollup_longest_ms(const Rollup *r, int64_t longest_ms);
/* Roll-ups are read up to here, samples after it; INT64_MIN: samples alone. keep_ms: how long the series' samples are kept. */
int64_t rollup_until(const Rollup *r, int64_t now_ms, int64_t keep_ms);
/* The coarsest resolution; 0 when it is off. */
int64_t rollup_span_ms(const Rollup *r);
/* Appends the roll-ups of a series in [min_ms, max_ms], max_ms <= rollup_until. */
void rollup_read(const Rollup *r, uint64_t sid, int64_t now_ms, int64_t min_ms, int64_t max_ms, Column *out,
                 uint64_t *damaged);
/* Some level has something of the series. */
bool rollup_has(const Rollup *r, uint64_t sid);
/* Of all levels. */
typedef struct RollupStats {
        uint64_t parts, bytes;
        int64_t min_ms; /* INT64_MAX when there are none */
} RollupStats;
void rollup_stats(const Rollup *r, RollupStats *ret);
/* Its parts, as tsdb_tiers says; retention, resolution and parts of one level. False: there is none of this number. */
bool rollup_tier(const Rollup *r, size_t level, int64_t now_ms, TsdbTier *ret);
