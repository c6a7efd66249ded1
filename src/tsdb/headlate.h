/* tsdb/headlate.h - HeadLate: samples that came after a newer one of their series, inside the out-of-order window: kept sorted beside
 * the open chunk, then closed into chunks of their own, which overlap the others in time. */
#pragma once
#include "tsdb/head.h"

enum {
        HEADLATE_FULL_SAMPLES = 120,      /* of one series, then they are closed */
        HEADLATE_MAX_AGE_MS = 10 * 60000, /* the same by age, so that the log can go */
};

HeadLate *headlate_new(void);
void headlate_free(HeadLate *l);
/* Caller holds the stripe of the series. APPEND_OK, or APPEND_DUPLICATE when memory has one of this time, whatever its value. When a
 * chunk has one, which of the two is served is not said, as upstream. */
AppendResult headlate_put(Tsdb *db, Series *s, uint32_t slot, const StoreSample *sample, uint32_t segment);
/* Appends those with min_ms <= t <= max_ms to out. Caller holds the stripe. */
void headlate_read(Tsdb *db, uint32_t slot, int64_t min_ms, int64_t max_ms, Column *out);
/* The oldest of all; INT64_MAX: there are none. */
int64_t headlate_min_ms(HeadLate *l);
/* Forgets the samples of a series that is removed. Caller holds its stripe. */
void headlate_drop(Tsdb *db, uint32_t slot);
/* Closes those that are old, or all. Returns the lowest WAL segment that what stays in memory needs; UINT32_MAX: none. No lock held. */
uint32_t headlate_close(Tsdb *db, int64_t now_ms, bool all);
