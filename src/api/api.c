#include "api/api.h"

#include "api/api_alertlog.h"
#include "api/api_alertmanager.h"
#include "api/api_explain.h"
#include "api/api_expr.h"
#include "api/api_query.h"
#include "api/api_remote_read.h"
#include "api/api_series.h"
#include "api/api_snapshot.h"
#include "api/api_status.h"
#include "api/api_watch.h"
#include "base/mem.h"

enum {
        READ = HTTP_GET | HTTP_HEAD,
        FORM = HTTP_GET | HTTP_POST | HTTP_HEAD,
        WRITE = HTTP_POST | HTTP_PUT,
        ANY = HTTP_GET | HTTP_HEAD | HTTP_POST | HTTP_PUT | HTTP_DELETE,
        MAX_WRITE_BYTES = 64 << 20
};

static const HttpRoute ROUTES[] = {
        { .methods = FORM,
          .path = "/api/v1/query",
          .handle = api_query_instant,
          .on_pool = true,
          .is_small = api_query_is_small },
        { .methods = FORM, .path = "/api/v1/query_range", .handle = api_query_range, .on_pool = true },
        { .methods = FORM, .path = "/api/v1/query_explain", .handle = api_explain_query, .on_pool = true },
        { .methods = FORM, .path = "/api/v1/format_query", .handle = api_expr_format },
        { .methods = FORM, .path = "/api/v1/parse_query", .handle = api_expr_parse },
        { .methods = FORM, .path = "/api/v1/query_exemplars", .handle = api_expr_exemplars, .on_pool = true },
        { .methods = FORM, .path = "/api/v1/series", .handle = api_series_list, .on_pool = true },
        { .methods = FORM, .path = "/api/v1/labels", .handle = api_series_label_names, .on_pool = true },
        { .methods = READ, .path = "/api/v1/label/*", .handle = api_series_label_values, .on_pool = true },
        { .methods = READ, .path = "/api/v1/metadata", .handle = api_series_metadata },
        { .methods = READ, .path = "/api/v1/targets", .handle = api_watch_targets },
        { .methods = READ, .path = "/api/v1/targets/metadata", .handle = api_watch_target_metadata },
        { .methods = READ, .path = "/api/v1/scrape_pools", .handle = api_watch_scrape_pools },
        { .methods = READ, .path = "/api/v1/rules", .handle = api_watch_rules },
        { .methods = READ, .path = "/api/v1/alerts", .handle = api_watch_alerts },
        { .methods = READ, .path = "/api/v1/alertmanagers", .handle = api_watch_alertmanagers },
        { .methods = READ, .path = "/api/v1/status/config", .handle = api_status_config },
        { .methods = READ, .path = "/api/v1/status/flags", .handle = api_status_flags },
        { .methods = READ, .path = "/api/v1/status/runtimeinfo", .handle = api_status_runtimeinfo },
        { .methods = READ, .path = "/api/v1/status/buildinfo", .handle = api_status_buildinfo },
        { .methods = READ, .path = "/api/v1/status/tsdb", .handle = api_status_tsdb, .on_pool = true },
        { .methods = READ, .path = "/api/v1/status/walreplay", .handle = api_status_walreplay },
        { .methods = WRITE,
          .path = "/api/v1/write",
          .handle = ingest_remote_write_handle,
          .on_pool = true,
          .keep_encoded = true,
          .max_body_bytes = MAX_WRITE_BYTES },
        { .methods = HTTP_POST,
          .path = "/api/v1/read",
          .handle = api_remote_read,
          .on_pool = true,
          .keep_encoded = true,
          .max_body_bytes = MAX_WRITE_BYTES },
        { .methods = WRITE,
          .path = "/api/v1/admin/tsdb/delete_series",
          .handle = api_admin_delete_series,
          .on_pool = true },
        { .methods = WRITE,
          .path = "/api/v1/admin/tsdb/clean_tombstones",
          .handle = api_admin_clean_tombstones,
          .on_pool = true },
        { .methods = WRITE, .path = "/api/v1/admin/tsdb/snapshot", .handle = api_snapshot_make, .on_pool = true },
        { .methods = WRITE, .path = "/api/v1/admin/tsdb/flush", .handle = api_admin_flush, .on_pool = true },
        { .methods = READ, .path = "/api/pharos/v1/live", .handle = api_admin_live },
        { .methods = READ, .path = "/api/pharos/v1/queries", .handle = api_status_queries },
        { .methods = READ, .path = "/api/pharos/v1/alert_groups", .handle = api_watch_alert_groups },
        { .methods = FORM, .path = "/api/v1/alerts/explain", .handle = api_alertlog_explain, .on_pool = true },
        { .methods = READ, .path = "/api/v1/alerts/history", .handle = api_alertlog_history, .on_pool = true },
        { .methods = READ, .path = "/api/v1/alerts/noise", .handle = api_alertlog_noise, .on_pool = true },
        { .methods = READ, .path = "/api/v1/alerts/preview", .handle = api_alertlog_preview, .on_pool = true },
        { .methods = READ | HTTP_POST | HTTP_DELETE,
          .path = "/api/v1/alerts/ack",
          .handle = api_alertlog_ack,
          .on_pool = true },
        { .methods = ANY,
          .path = "/api/v2/*",
          .handle = api_alertmanager_v2,
          .on_pool = true,
          .max_body_bytes = MAX_WRITE_BYTES },
        { .methods = READ, .path = "/metrics", .handle = api_status_metrics },
        { .methods = READ, .path = "/metrics/host", .handle = api_status_host_metrics, .on_pool = true },
        { .methods = READ, .path = "/health*", .handle = api_health_probe },
        { .methods = READ, .path = "/-/healthy", .handle = api_health_healthy },
        { .methods = READ, .path = "/-/ready", .handle = api_health_ready },
        { .methods = WRITE,
          .path = "/-/reload",
          .handle = api_admin_reload }, /* not on the pool: it waits for running rules */
        { .methods = WRITE, .path = "/-/quit", .handle = api_admin_quit },
};

HttpRoute *api_routes(ApiContext *ctx, size_t *ret_n)
{
        HttpRoute *routes = mem_zalloc(sizeof ROUTES);
        memcpy(routes, ROUTES, sizeof ROUTES);
        for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++)
                routes[i].self = routes[i].handle == ingest_remote_write_handle ? (void *)ctx->remote_write
                                                                                : (void *)ctx;
        *ret_n = ARRAY_LEN(ROUTES);
        return routes;
}

static const HttpRoute ALERTMANAGER_ROUTES[] = {
        { .methods = ANY,
          .path = "/api/v2/*",
          .handle = api_alertmanager_v2,
          .on_pool = true,
          .max_body_bytes = MAX_WRITE_BYTES },
        { .methods = ANY, .path = "/api/v1/*", .handle = api_alertmanager_v1, .on_pool = true },
        { .methods = READ, .path = "/metrics", .handle = api_status_metrics },
        { .methods = READ, .path = "/-/healthy", .handle = api_alertmanager_ok },
        { .methods = READ, .path = "/-/ready", .handle = api_alertmanager_ok },
        { .methods = WRITE, .path = "/-/reload", .handle = api_admin_reload },
};

HttpRoute *api_alertmanager_routes(ApiContext *ctx, size_t *ret_n)
{
        HttpRoute *routes = mem_zalloc(sizeof ALERTMANAGER_ROUTES);
        memcpy(routes, ALERTMANAGER_ROUTES, sizeof ALERTMANAGER_ROUTES);
        for (size_t i = 0; i < ARRAY_LEN(ALERTMANAGER_ROUTES); i++)
                routes[i].self = ctx;
        *ret_n = ARRAY_LEN(ALERTMANAGER_ROUTES);
        return routes;
}
