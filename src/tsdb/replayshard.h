/* tsdb/replayshard.h - ReplayShards: the samples of the log go into the series on all processors at once. Each thread reads every record
 * and applies what belongs to its share of the series, so the order within a series stays.
 *
 * Used by one thread, the reader of the log, which takes a share itself. */
#pragma once
#include "tsdb/head.h"
#include "tsdb/sidmap.h"

enum {
        REPLAYSHARD_MAX = 8,               /* threads */
        REPLAYSHARD_ALONE_BYTES = 1 << 20, /* of log that are read before threads are started */
        REPLAYSHARD_AHEAD_RECORDS = 64,    /* that the reader may be ahead of the slowest */
};

typedef struct ReplayShards ReplayShards;

typedef struct ReplayCounts {
        uint64_t samples, orphans, max_sid; /* max_sid: of orphans */
} ReplayCounts;

/* Borrows db and slots (sid -> slot + 1), which change only behind replayshard_drain. */
ReplayShards *replayshard_new(Tsdb *db, const SidMap *slots);
/* Drains. *ret: what all shares saw. */
void replayshard_free(ReplayShards *r, ReplayCounts *ret);
/* True for a record of samples and nothing else. */
bool replayshard_takes(Str sections);
/* Applies such a record, which stays readable until the next drain. ERR_CORRUPT as walrec_read says. */
MUST_CHECK bool replayshard_apply(ReplayShards *r, uint32_t segment, Str sections, Err *err);
/* Everything given so far is in the series. */
void replayshard_drain(ReplayShards *r);
