/* scrape/scrape.h - ScrapeManager: targets from configuration, a scrape loop each, samples into the store.
 *
 * The loop thread fetches; parsing and appending run on the pool. In-process sources (the host collector, pharos' own
 * registry) are targets too: their text comes from a function instead of a connection. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "config/http_options.h"
#include "config/option.h"
#include "model/metadata.h"
#include "model/relabel.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "os/clock.h"
#include "store/store.h"
#include "sync/pool.h"

enum { SCRAPE_NAMES_UTF8, SCRAPE_NAMES_LEGACY };                                                 /* name_validation */
enum { SCRAPE_ESCAPE_NOT, SCRAPE_ESCAPE_UNDERSCORES, SCRAPE_ESCAPE_DOTS, SCRAPE_ESCAPE_VALUES }; /* name_escaping */
/* Of one answer, uncompressed, where body_size_limit says nothing. */
enum { SCRAPE_DEFAULT_BODY_LIMIT_BYTES = 256 << 20 };

/* global: of prometheus.yml, as far as scraping uses it. */
typedef struct ScrapeGlobal {
        int64_t scrape_interval_ms, scrape_timeout_ms, evaluation_interval_ms, rule_query_offset_ms;
        Labels external_labels;
        uint64_t body_size_limit_bytes, sample_limit, target_limit, label_limit, label_name_length_limit,
                label_value_length_limit, keep_dropped_targets;
        bool extra_scrape_metrics, native_histograms, nhcb, classic;
        int name_validation, name_escaping; /* SCRAPE_NAMES_*, SCRAPE_ESCAPE_* */
        StrList scrape_protocols;
} ScrapeGlobal;
extern const OptionTable scrape_global_table;

typedef struct ScrapeTargetGroup { /* one entry of static_configs */
        StrList targets;
        Labels labels;
} ScrapeTargetGroup;

typedef struct ScrapeConfig {
        Str job_name;
        int64_t scrape_interval_ms, scrape_timeout_ms; /* 0: the global ones */
        Str metrics_path, scheme;
        ParamList params;
        bool honor_labels, honor_timestamps, track_timestamps_staleness, enable_compression, extra_scrape_metrics;
        uint64_t body_size_limit_bytes, sample_limit, target_limit, label_limit, label_name_length_limit,
                label_value_length_limit, keep_dropped_targets;
        StructList static_configs; /* ScrapeTargetGroup */
        RelabelConfigList relabel_configs, metric_relabel_configs;
        HttpOptions http;
        StrList scrape_protocols;
        Str fallback_scrape_protocol;
        bool native_histograms, nhcb, classic;
        int name_validation, name_escaping;
} ScrapeConfig;
extern const OptionTable scrape_config_table;

/* Binds `scrape_configs:` (a list) with upstream's checks across entries (duplicate job names). What a job leaves open is
 * taken from global. Results live in ctx->arena. */
bool scrape_configs_bind(const YamlNode *list, const ScrapeGlobal *global, const OptionCtx *ctx, ScrapeConfig **ret,
                         size_t *ret_n);

/* An in-process source: gather appends text exposition 0.0.4. Runs on the pool, one call at a time per source. */
typedef struct ScrapeSource {
        const char *job;
        Str instance;
        int64_t interval_ms;
        bool (*gather)(void *self, Buf *out, Err *err);
        void *self;
} ScrapeSource;

typedef struct ScrapeManager ScrapeManager;
typedef struct ScrapeManagerOptions {
        Loop *loop;
        HttpClient *client;
        Pool *pool;
        StoreEngine *store;
        const Clock *clock;
        void (*on_scraped)(void *ctx, int64_t t_ms); /* after a target was stored; any thread; may be NULL */
        void *on_scraped_ctx;
} ScrapeManagerOptions;
ScrapeManager *scrape_manager_new(const ScrapeManagerOptions *options); /* returns owned */
void scrape_manager_free(ScrapeManager *manager);                       /* stops all loops; waits */

/* Replaces what is scraped: unchanged targets keep their loops and caches (and with the same rules even what they know of
 * each line), removed ones end with stale markers. A job above its target_limit is kept, and each of its scrapes fails
 * saying so. `configs` are borrowed until the next apply or free, `sources` until free; global is not kept. */
MUST_CHECK bool scrape_manager_apply(ScrapeManager *manager, const ScrapeGlobal *global, const ScrapeConfig *configs,
                                     size_t n, const ScrapeSource *sources, size_t n_sources, Err *err);

typedef enum ScrapeHealth { SCRAPE_UNKNOWN, SCRAPE_UP, SCRAPE_DOWN } ScrapeHealth;
typedef struct ScrapeTargetStatus { /* everything copied into the arena */
        Str pool, url, global_url, last_error;
        Labels labels, discovered;
        ScrapeHealth health;
        int64_t last_scrape_ms; /* 0: never */
        double last_seconds;
        int64_t interval_ms, timeout_ms;
        uint64_t samples, series;
} ScrapeTargetStatus;
typedef struct ScrapeDropped {
        Str pool;
        Labels discovered;
} ScrapeDropped;
typedef struct ScrapeStatus {
        ScrapeTargetStatus *active;
        size_t n_active;
        ScrapeDropped *dropped;
        size_t n_dropped;
        Str *pools;
        uint64_t
                *pool_dropped; /* how many targets of each pool were dropped, also those that `dropped` does not list */
        size_t n_pools;
} ScrapeStatus;
void scrape_manager_status(ScrapeManager *manager, Arena *arena, ScrapeStatus *ret);

typedef struct ScrapeMetadata { /* what the targets say of a family */
        Str metric;
        Metadata meta;
        Labels target; /* labels of the target that said it */
} ScrapeMetadata;
/* All of `metric` (empty: every family), sorted by metric. */
void scrape_manager_metadata(ScrapeManager *manager, Str metric, Arena *arena, ScrapeMetadata **ret, size_t *ret_n);
