/* api/api.h - the HTTP faces: Prometheus API v1, health endpoints, pharos' own live events. One file per face. */
#pragma once
#include <stddef.h>

#include "alert/alert.h"
#include "ingest/ingest.h"
#include "net/http_server.h"
#include "promql/promql.h"
#include "rules/rules.h"
#include "scrape/scrape.h"
#include "statedb/statedb.h"
#include "tsdb/tsdb.h"

/* What the handlers may touch. Everything is borrowed and outlives the server. */
typedef struct ApiContext {
        Tsdb *tsdb;
        StoreEngine *store;
        PromqlEngine *promql;
        RulesManager *rules;
        RulesForward *forward; /* NULL: alerts go nowhere else */
        AlertRouter *alerts;
        ScrapeManager *scrape;
        StateDb *statedb; /* may be NULL */
        Str data_dir;     /* where snapshots are put */
        IngestRemoteWrite *remote_write;
        SseHub *live;
        const Clock *clock;
        int64_t start_ms;
        int64_t retention_ms;
        uint64_t retention_bytes; /* 0: no limit */
        Str external_url;
        bool admin_api, lifecycle; /* delete_series and friends; POST /-/reload and /-/quit */
        _Atomic bool ready;
        _Atomic bool snapshot_runs;
        _Atomic int remote_reads; /* answers under way */
        /* From app/: the configuration as it is in force. */
        void *app;
        bool (*reload)(void *app, Err *err);
        void (*quit)(void *app);
        Labels (*external_labels)(void *app, Arena *arena); /* NULL: none */
        Str (*config_yaml)(void *app, Arena *arena);        /* secrets masked */
        void (*flags)(void *app, Arena *arena, Str **ret_names, Str **ret_values, size_t *ret_n);
        void (*reload_state)(void *app, bool *ret_ok, int64_t *ret_ms);
        bool (*host_metrics)(void *app, Buf *out, Err *err); /* NULL: the host is not collected */
} ApiContext;

/* The Prometheus whose API this is: clients choose features by it. */
#define API_PROMETHEUS_VERSION "3.14.0"

/* All routes of this folder, as a heap array (mem_free, after the server stopped); self pointers are `ctx`. */
HttpRoute *api_routes(ApiContext *ctx, size_t *ret_n);
/* Those of Alertmanager alone, for a listener that stands in for one. Of ctx, only alerts, clock, start_ms, reload and
 * config_yaml are touched. */
HttpRoute *api_alertmanager_routes(ApiContext *ctx, size_t *ret_n);
