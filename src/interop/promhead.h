/* interop/promhead.h - PromHead: what a Prometheus data directory has not put into blocks yet: chunks_head, wal, wbl.
 *
 * Samples come out as upstream would replay them: in-order samples of the log that are later than the head chunks and than the blocks,
 * and the late ones of wbl. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "interop/promwal.h"
#include "model/labels.h"

enum {
        PROMHEAD_CHUNKS_MAGIC = 0x0130BC91,
        PROMHEAD_LATE_BIT = 0x80, /* of an encoding: a chunk of late samples */
};

typedef struct PromHeadChunk {
        int64_t min_ms, max_ms;
        Str data;
        unsigned encoding;
} PromHeadChunk;

typedef struct PromRange {
        int64_t from_ms, to_ms; /* inclusive */
} PromRange;

typedef struct PromHeadSeries {
        Labels labels;
        const PromHeadChunk *chunks; /* in the order in which they are to win over each other; each rises in time */
        size_t n_chunks;
        const PromRange *deletions;
        size_t n_deletions;
} PromHeadSeries;

typedef struct PromHeadStats {
        PromWalStats wal;
        uint64_t head_chunks, orphan_chunks; /* orphan: of a series that the log does not know */
        uint64_t orphan_samples;             /* of the log, the same */
        uint64_t unknown_records;            /* of types that we do not read */
        uint64_t broken_records;
        uint64_t exemplars; /* not kept */
        Err first_unknown;  /* valid when unknown_records or broken_records */
} PromHeadStats;

typedef struct PromHead PromHead;

/* min_valid_ms: the end of the blocks of in-order data; what the log has before it is in them. Folders that are absent are empty. */
MUST_CHECK bool promhead_open(const Fs *fs, const char *dir, int64_t min_valid_ms, PromHead **ret, Err *err);
void promhead_free(PromHead *head);
DEFINE_AUTO(PromHead *, promhead_free);
size_t promhead_n_series(const PromHead *head);
PromHeadSeries promhead_series(const PromHead *head, size_t i); /* valid until promhead_free */
const PromHeadStats *promhead_stats(const PromHead *head);
