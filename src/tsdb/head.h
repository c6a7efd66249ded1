/* tsdb/head.h - what the files of this folder share: struct Tsdb, and the one way a sample enters a series.
 *
 * Lock order: upkeep, commit, catalog.lock, a stripe, the locks inside ChunkSet. Never taken the other way round. */
#pragma once
#include <stdatomic.h>

#include "part/partset.h"
#include "store/changelog.h"
#include "tsdb/catalog.h"
#include "tsdb/chunkset.h"
#include "tsdb/tombstones.h"
#include "tsdb/tsdb.h"
#include "tsdb/wal.h"

enum {
        HEAD_FUTURE_MS = 10 * 60 * 1000,     /* how far ahead of the clock a sample may be */
        HEAD_UPKEEP_MS = 60 * 1000,          /* between two walks over all series */
        HEAD_UPKEEP_DATA_MS = 5 * 60 * 1000, /* of data time after which the next walk comes sooner, */
        HEAD_UPKEEP_SOONEST_MS = 5 * 1000,   /* but not sooner than this */
        HEAD_CHECKPOINT_BYTES = 256 << 20,   /* droppable WAL that is worth a checkpoint between two sealed windows */
        HEAD_MAX_BATCH = (1 << CATALOG_PEND_BITS) - 1, /* samples of one commit */
        HEAD_SPARE_APPENDERS = 16,
        HEAD_SPARE_SAMPLES = 16384, /* appenders with more room than this are not kept */
};

typedef struct HeadAppender HeadAppender;
typedef struct Compact Compact;
typedef struct Exemplars Exemplars;
typedef struct HeadLate HeadLate;
typedef struct Keep Keep;
typedef struct Rollup Rollup;
typedef struct IndexSet IndexSet;
typedef struct ColdMerge ColdMerge;

struct Tsdb {
        StoreEngine engine; /* first */
        TsdbOptions options;
        char *dir;
        const Fs *fs;
        const Clock *clock;
        File *lock_file;
        Catalog *catalog;
        ChunkSet *chunks;
        PartSet *parts;
        IndexSet *index; /* of series that are not in memory: cold.h */
        Wal *wal;
        HeadLate *late;       /* headlate.h */
        Exemplars *exemplars; /* exemplars.h */
        Tombstones *tombstones;
        Keep *keep;        /* keep.h */
        Rollup *rollup;    /* rollup.h */
        ChangeLog changes; /* noted when readers see it: commits, deletions, what leaves or may be read differently */

        Mutex commit; /* one commit at a time: WAL order is apply order. Guards the next two */
        Buf record;
        VEC(Series *) undefined;

        Mutex appenders;            /* guards the next four */
        HeadAppender *first, *last; /* open ones, by rising id */
        uint64_t next_appender_id;
        VEC(HeadAppender *) spare;

        Mutex upkeep; /* serialises maintain, flush; guards the next 13 */
        Compact *compact;
        ColdMerge *cold_merge; /* NULL: none is under way */
        uint64_t cold_mark;    /* the newest appender when series were last marked as leaving */
        int64_t cold_purge_ms; /* when the segments were last looked at for rules of retention; 0: not yet */
        uint32_t cold_purge_from, cold_purge_to; /* ids of those that are still to be looked at */
        size_t cold_untrimmed;                   /* series that left since memory was given back */
        int64_t last_upkeep_ms, last_upkeep_data_ms, last_sync_ms, last_trim_ms;
        uint32_t oldest_segment; /* below it the WAL was dropped */
        int64_t size_floor_ms;   /* what retention by size removed ends here */

        /* atomics */
        _Atomic uint64_t open_samples, open_chunks, wal_corruptions, chunk_corruptions;
        _Atomic int64_t open_min_ms, max_ms;
        _Atomic bool write_failed, chunks_stuck;
        double replay_seconds;
};

/* What the samples of one record have in common. */
typedef struct HeadRun {
        uint32_t segment;  /* that the record is in */
        int64_t window_ms; /* of the sample before */
} HeadRun;

/* Closes the open chunk: its samples are in the chunk set afterwards. Caller holds the stripe. */
void head_close_chunk(Tsdb *db, Series *s);
/* Writes chunk files with at least min_bytes waiting; a failure is remembered, not reported: the data stays in memory. No lock held. */
void head_flush_chunks(Tsdb *db, uint64_t min_bytes);
/* Caller holds the stripe. OK, or why not; nothing else can be said once a sample is in the WAL. */
AppendResult head_put(Tsdb *db, Series *s, int64_t t_ms, double v, HeadRun *run);
/* The same for histograms and samples with a start timestamp. */
AppendResult head_put_rich(Tsdb *db, Series *s, const StoreSample *sample, HeadRun *run);
/* last_bits, bits: as histchunk_value_bits says. */
AppendResult head_judge(int64_t last_ms, uint64_t last_bits, int64_t t_ms, uint64_t bits);
