/* tsdb/compact.h - Compact: what turns chunk files into parts and small parts into larger ones, in steps of bounded work.
 *
 * One thread at a time (db->upkeep). */
#pragma once
#include "tsdb/head.h"

enum {
        COMPACT_STEP_SAMPLES = 8 << 20, /* of one call of upkeep: the bound on its share of a processor */
        COMPACT_FEW = 4, /* small parts of one stretch that are worth a merge before the stretch has ended */
        COMPACT_RETRY_MS = 60 * 1000, /* after a failure */
        COMPACT_COUNT_COST = 100,     /* of a series whose samples are only counted, in samples */
        COMPACT_WORTH =
                64, /* a part is written anew when one in so many samples is of a series whose retention is over */
        COMPACT_SETTLE_SAMPLES =
                256
                << 20, /* what a flush on request merges, at most, of a stretch that has not ended: seconds of work */
        COMPACT_LEVELS = 4, /* stretches: a window, 4, 16, 64 of them (2 h to 5 days) */
};

Compact *compact_new(Tsdb *db);
void compact_free(Compact *c); /* gives up what is under way */
/* Goes on with the job under way, or begins the next one; stops after about max_samples. *ret_more: there is more to do now.
 * A failure gives the job up; nothing is lost, what it was about to replace stays. */
MUST_CHECK bool compact_step(Compact *c, int64_t now_ms, uint64_t max_samples, bool *ret_more, Err *err);
/* The same for a flush that was asked for: files go into parts as long as the longest stretch, and what lies side by side is merged even
 * though its stretch goes on. */
MUST_CHECK bool compact_settle(Compact *c, int64_t now_ms, bool *ret_more, Err *err);
/* The job under way reads this part. */
bool compact_uses(const Compact *c, const Part *part);
/* A job failed lately: the next one should wait. */
bool compact_is_waiting(const Compact *c, int64_t now_ms);
/* No job is under way. Writes these parts anew, without what was deleted. */
MUST_CHECK bool compact_rewrite(Compact *c, Part *const *parts, size_t n, int64_t now_ms, Err *err);
