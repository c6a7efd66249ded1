/* interop/storestats.h - which labels a store's series have, and which of them come and go: what `pharos tsdb analyze` prints. */
#pragma once
#include "store/store.h"

typedef struct StoreStatsEntry {
        Str name; /* "job=node" for pairs */
        uint64_t value;
} StoreStatsEntry;

typedef struct StoreStatsList { /* sorted falling, then by name; at most `limit` */
        const StoreStatsEntry *data;
        size_t n;
} StoreStatsList;

typedef struct StoreStats {
        uint64_t series, samples, histograms;
        uint64_t label_names, label_pairs, postings; /* postings: pairs of all series together */
        /* Churn: how much of the time range the series with this pair or name do not cover, in whole series. */
        StoreStatsList churn_by_pair, churn_by_name, series_by_pair, bytes_by_name, values_by_name, series_by_metric;
} StoreStats;

typedef struct StoreStatsOptions {
        Matchers matchers;
        int64_t min_ms, max_ms; /* inclusive; max_ms > min_ms for churn */
        size_t limit;           /* of each list; 0: all */
        const Cancel *cancel;
} StoreStatsOptions;

/* Reads every sample. Everything lives in arena. */
MUST_CHECK bool storestats_run(StoreEngine *from, const StoreStatsOptions *options, Arena *arena, StoreStats *ret,
                               Err *err);
