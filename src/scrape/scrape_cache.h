/* scrape/scrape_cache.h - ScrapeCache: what one target exposed last time, so that a known line costs one compare and one
 * number; and the rules that turn an exposed series into a stored one. Private to scrape/. Used by one thread at a time;
 * only the metadata may be read by others. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/relabel.h"
#include "os/mutex.h"
#include "scrape/expofmt.h"
#include "store/store.h"

/* How series of a target become stored series. Borrowed for the call. */
typedef struct ScrapeRules {
        Labels target_labels; /* without __ labels */
        bool honor_labels, honor_timestamps, track_timestamps_staleness;
        bool legacy_names; /* metric_name_validation_scheme: legacy */
        const RelabelConfig *metric_relabels;
        size_t n_metric_relabels;
        uint64_t sample_limit, label_limit, label_name_length_limit, label_value_length_limit; /* 0: none */
} ScrapeRules;

typedef struct ScrapeCounts {
        uint64_t scraped;      /* samples in the body */
        uint64_t post_relabel; /* of these, kept by metric relabelling */
        uint64_t added;        /* series that were not there the time before */
} ScrapeCounts;

typedef struct ScrapeBody {
        Str text; /* borrowed during the call */
        ExpoFormat format;
        int64_t t_ms; /* of samples without a time of their own */
} ScrapeBody;

typedef struct ScrapeCache ScrapeCache;

ScrapeCache *scrape_cache_new(void); /* returns owned */
void scrape_cache_free(ScrapeCache *cache);
/* Appends every sample of body and stale markers for what is gone. On failure (bad text, a limit) nothing of the cache's
 * idea of "last time" changes; the caller rolls the appender back and calls scrape_cache_end_all. */
MUST_CHECK bool scrape_cache_append(ScrapeCache *cache, const ScrapeRules *rules, const ScrapeBody *body,
                                    Appender *appender, Arena *scratch, ScrapeCounts *ret, Err *err);
/* Stale markers for everything exposed last time, which is then forgotten. */
void scrape_cache_end_all(ScrapeCache *cache, int64_t t_ms, Appender *appender);
/* The rules changed: labels are worked out anew at the next append (series that vanish by it get their markers). Under
 * the same care as an append. */
void scrape_cache_invalidate(ScrapeCache *cache);
size_t scrape_cache_series(const ScrapeCache *cache);
/* Calls fn for each family; from any thread. */
void scrape_cache_each_metadata(ScrapeCache *cache, void (*fn)(void *arg, Str metric, const Metadata *meta), void *arg);
