/* interop/promwal.h - the segments of Prometheus' write-ahead log: pages, fragments, compression, checkpoints.
 *
 * Facts: Prometheus' public description of its log format. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "os/file.h"

enum { PROMWAL_PAGE_BYTES = 32 << 10, PROMWAL_MAX_RECORD_BYTES = 256 << 20 };

/* What reading met. */
typedef struct PromWalStats {
        uint64_t segments, records, bytes;
        uint64_t damaged; /* segments with a damaged place: what lies behind it in its segment is not read */
        Err first_damage; /* where and what; valid when damaged */
} PromWalStats;

/* Calls fn with each record of a segment's bytes, in order; the record is valid during the call. False from fn ends everything with
 * its error. Damage is counted, not an error: stats are added to. name is for messages. */
MUST_CHECK bool promwal_each(Str segment, const char *name, bool (*fn)(void *ctx, Str record, Err *err), void *ctx,
                             PromWalStats *stats, Err *err);
/* All segments of dir in order: those of the last checkpoint, then those after it. A dir that does not exist has none. */
MUST_CHECK bool promwal_read(const Fs *fs, const char *dir, bool (*fn)(void *ctx, Str record, Err *err), void *ctx,
                             PromWalStats *stats, Err *err);
