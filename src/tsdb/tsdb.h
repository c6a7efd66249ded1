/* tsdb/tsdb.h - Tsdb: pharos' own metric store: a head in memory behind a write-ahead log, closed chunks on disk.
 *
 * Thread-safe. Implements store/store.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "os/clock.h"
#include "os/file.h"
#include "store/store.h"
#include "sync/pool.h"

typedef struct Tsdb Tsdb;

enum { TSDB_MAX_RETENTIONS = 64, TSDB_MAX_ROLLUPS = 4 };

/* Series that these match keep their samples so long. */
typedef struct TsdbRetention {
        Matchers matchers;
        int64_t retention_ms;
} TsdbRetention;

/* Samples older than a series' retention, reduced to one for each stretch of this length (docs/formats/rollups.md). */
typedef struct TsdbRollup {
        int64_t resolution_ms, retention_ms;
} TsdbRollup;

typedef struct TsdbOptions {
        const char *dir;      /* created when absent; locked while open */
        const Fs *fs;         /* NULL: the real one */
        const Clock *clock;   /* NULL: the machine's */
        Pool *pool;           /* NULL: replay and reads are single-threaded */
        int64_t retention_ms; /* 0: 15 days */
        const TsdbRetention *
                retentions; /* for some series, shorter or longer; the first that matches counts; borrowed for tsdb_open */
        size_t n_retentions;
        const TsdbRollup *
                rollups; /* by rising resolution and retention, each resolution a multiple of the one before; borrowed for tsdb_open */
        size_t n_rollups;
        uint64_t retention_bytes;       /* 0: no size limit */
        int64_t out_of_order_window_ms; /* how much older than the newest sample of all a late one may be; 0: none is taken */
        int64_t max_exemplars;          /* 0: 100,000; negative: none */
        int64_t sync_interval_ms;       /* 0: 1 s; -1: fsync at every commit */
        size_t max_series;              /* 0: no limit */
        size_t max_series_per_metric; /* 0: no limit */
        size_t max_label_values;      /* of one label name; 0: no limit */
} TsdbOptions;

typedef struct TsdbStats {
        uint64_t series, chunks, samples, label_pairs, symbols;
        int64_t min_ms, max_ms; /* of the data; INT64_MAX / INT64_MIN when empty */
        uint64_t disk_bytes, wal_bytes, head_bytes;
        uint64_t parts, part_bytes; /* at rest */
        uint64_t rollup_parts, rollup_bytes;
        uint64_t cold_series; /* entries of the index of idle series; `series` are those in memory */
        uint64_t index_segments, index_bytes;
        uint64_t wal_corruptions;   /* torn or bad records met at the last start */
        uint64_t chunk_corruptions; /* damaged stretches of chunk files met at the start and by reads: skipped */
        double replay_seconds;
        bool read_only; /* disk full or failing: writes are refused, reads go on */
} TsdbStats;

/* What is kept for how long. */
typedef enum TsdbTierKind { TSDB_TIER_SAMPLES, TSDB_TIER_RULE, TSDB_TIER_ROLLUP } TsdbTierKind;
typedef struct TsdbTier {
        TsdbTierKind kind;
        Matchers matchers; /* of a rule; borrowed from the store */
        int64_t retention_ms, resolution_ms /* 0: samples as they came */;
        uint64_t parts, bytes;   /* at rest and in chunk files; of a rule 0: its series share them with others */
        int64_t min_ms, max_ms;  /* of the data; INT64_MAX / INT64_MIN when there is none, or for a rule */
        int64_t next_cleanup_ms; /* when the next file will hold nothing but what is too old for it; INT64_MAX: none */
} TsdbTier;

typedef struct TsdbTopEntry {
        Str name;
        uint64_t value;
} TsdbTopEntry;
typedef struct TsdbCardinality { /* each sorted falling; at most `limit` entries; living in the arena */
        TsdbTopEntry *series_by_metric, *values_by_label, *bytes_by_label, *series_by_pair;
        size_t n_metric, n_label, n_bytes, n_pair;
} TsdbCardinality;

/* Opens and replays. Errors name the file, the offset, and what to do: a data directory of a newer version, one that is
 * locked by another process, corrupt middles (quarantined, reported in stats, the rest is served). */
MUST_CHECK bool tsdb_open(const TsdbOptions *options, Tsdb **ret, Err *err);
/* Flushes, syncs, unlocks. */
void tsdb_close(Tsdb *db);
DEFINE_AUTO(Tsdb *, tsdb_close);
StoreEngine *tsdb_engine(Tsdb *db); /* borrowed; valid until close */
int64_t tsdb_max_ms(Tsdb *db);      /* of the newest sample; INT64_MIN when there is none */
void tsdb_stats(Tsdb *db, TsdbStats *ret);
/* Samples first, then the rules in their order, then roll-ups by rising resolution. */
void tsdb_tiers(Tsdb *db, Arena *arena, TsdbTier **ret, size_t *ret_n);
void tsdb_cardinality(Tsdb *db, size_t limit, Arena *arena, TsdbCardinality *ret);
/* Periodic work (sync, closing chunks, retention): called about once a second by the owner with the clock's time. */
void tsdb_maintain(Tsdb *db);
/* Writes everything in memory to its final place, merges, and returns when at rest. */
MUST_CHECK bool tsdb_flush(Tsdb *db, Err *err);
/* Reads the index of idle series as a whole, and makes anew what is damaged in it (chunk_corruptions counts it). */
MUST_CHECK bool tsdb_verify_index(Tsdb *db, Err *err);
/* Marks samples as deleted; they vanish from queries at once. */
MUST_CHECK bool tsdb_delete(Tsdb *db, Matchers matchers, int64_t min_ms, int64_t max_ms, Err *err);
/* What was deleted leaves the disk: everything in memory goes to parts, and parts that still have deleted samples are written anew. */
MUST_CHECK bool tsdb_clean_tombstones(Tsdb *db, Err *err);
/* A copy of the database as it is at one moment, in a new folder on the same file system that tsdb_open opens: links where files never
 * change, else bytes. Writing goes on meanwhile. skip_head: without samples of the last two to three hours. ERR_EXISTS: dir is there. */
MUST_CHECK bool tsdb_snapshot(Tsdb *db, const char *dir, bool skip_head, Err *err);
