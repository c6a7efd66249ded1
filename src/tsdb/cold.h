/* tsdb/cold.h - Cold series: what has been idle leaves memory for the index on disk (index/), and comes back with its next sample under the id
 * it had. Upkeep's part: moving out, merging, mending. Caller holds db->upkeep. */
#pragma once
#include "index/indexset.h"
#include "tsdb/head.h"

enum {
        COLD_IDLE_MS = 10 * 60 * 1000, /* of data time without a sample: then a series leaves memory; */
        COLD_SOON_MS = 5 * 60 * 1000,  /* so soon, as far as a query looks back, when it has missed */
        COLD_MISSED = 10,              /* so many samples; */
        COLD_STALE_MS = 60 * 1000,     /* and so soon after a stale marker, which says that it is over */
        COLD_MIN_SERIES = 1024,        /* fewer are not worth a file: they wait in memory */
        COLD_TRIM_SERIES = 50000,      /* moved out at once: their memory goes back to the system */
        COLD_TRIM_MS = 10 * 60 * 1000, /* otherwise what is free goes back so often */
        COLD_MERGE_SEGMENTS = 4,       /* of one size, that become one */
        COLD_MERGE_STEP_SERIES = 64 << 10,
        COLD_PURGE_PARTS = 8, /* a segment is written anew without what is over after so much of the retention, */
        COLD_PURGE_MS = 60 * 60 * 1000, /* but not more often than this */
};

/* Data time: the newest sample, but not one from the future. */
int64_t cold_data_ms(const Tsdb *db, int64_t now_ms);
/* The series has been without a sample for as long as it takes (above). data_ms INT64_MIN: never. Caller holds the stripe. */
bool cold_is_silent(const Series *s, int64_t data_ms);
/* And it has nothing in memory that its files and the index do not have. Caller holds the stripe; the series lives. */
bool cold_is_idle(Tsdb *db, const Series *s, uint32_t slot, int64_t data_ms, uint64_t oldest_appender);
/* An idle series was marked as leaving before all open appenders began; else it is marked now. Caller holds the stripe. */
bool cold_may_go(Tsdb *db, Series *s, uint64_t oldest_appender);
/* Moves these out, as far as they are idle still. Not worth it, or a failure: they stay. */
MUST_CHECK bool cold_move_out(Tsdb *db, const uint32_t *slots, size_t n, int64_t data_ms, Err *err);
/* Gives memory that is free back to the system, now and then. */
void cold_trim(Tsdb *db, int64_t now_ms);
/* Some of a merge; drops what is over (forget.h), soon or a little later; makes damaged segments anew. */
MUST_CHECK bool cold_step(Tsdb *db, int64_t dead_before_ms, int64_t now_ms, Err *err);
/* These ids (rising) leave the index, but for segments that are damaged. */
MUST_CHECK bool cold_forget(Tsdb *db, const uint64_t *sids, size_t n, Err *err);
/* Reads the whole index and makes anew what is damaged in it, also from what parts know. */
MUST_CHECK bool cold_verify(Tsdb *db, Err *err);
/* Gives up the merge that is under way. */
void cold_give_up(Tsdb *db);
/* The index knows the series, and that its samples up to t_ms are in files. Any thread. */
bool cold_covers(Tsdb *db, uint64_t sid, int64_t t_ms);
/* Labels of a series that is not in memory. Any thread. */
bool cold_labels(Tsdb *db, uint64_t sid, Arena *arena, Labels *ret);
