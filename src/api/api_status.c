#include "api/api_status.h"

#include <unistd.h>

#include "api/api_reply.h"
#include "base/duration.h"
#include "base/metric.h"
#include "os/proc.h"

void api_status_config(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key_str(&w, "yaml", ctx->config_yaml(ctx->app, req->arena));
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_status_flags(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Str *names;
        Str *values;
        size_t n;
        JsonWriter w;
        ctx->flags(ctx->app, req->arena, &names, &values, &n);
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        for (size_t i = 0; i < n; i++) {
                json_key(&w, names[i]);
                json_str(&w, values[i]);
        }
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_status_runtimeinfo(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        char cwd[4096];
        bool reload_ok;
        int64_t reload_ms;
        TsdbStats stats;
        Buf retention = { .arena = req->arena };
        JsonWriter w;
        tsdb_stats(ctx->tsdb, &stats);
        ctx->reload_state(ctx->app, &reload_ok, &reload_ms);
        duration_format(&retention, ctx->retention_ms);
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key_str(&w, "startTime", api_rfc3339(req->arena, ctx->start_ms));
        json_key_cstr(&w, "CWD", getcwd(cwd, sizeof cwd) ? cwd : "");
        json_key_str(&w, "hostname", proc_hostname(req->arena));
        json_key_str(&w, "serverTime", api_rfc3339(req->arena, clock_wall_ms(ctx->clock)));
        json_key_bool(&w, "reloadConfigSuccess", reload_ok);
        json_key_str(&w, "lastConfigTime", api_rfc3339(req->arena, reload_ms));
        json_key_u64(&w, "corruptionCount", stats.wal_corruptions);
        json_key_i64(&w, "goroutineCount", 0);
        json_key_u64(&w, "GOMAXPROCS", proc_cpus());
        json_key_i64(&w, "GOMEMLIMIT", 0);
        json_key_cstr(&w, "GOGC", "");
        json_key_cstr(&w, "GODEBUG", "");
        json_key_str(&w, "storageRetention", buf_str(&retention));
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_status_buildinfo(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key_cstr(&w, "version", API_PROMETHEUS_VERSION); /* clients choose features by it */
        json_key_cstr(&w, "revision", "pharos-" PHAROS_VERSION);
        json_key_cstr(&w, "branch", "");
        json_key_cstr(&w, "buildUser", "");
        json_key_cstr(&w, "buildDate", "");
        json_key_cstr(&w, "goVersion", "");
        json_key_cstr(&w, "application", "pharos");
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_status_walreplay(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        (void)req;
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key_i64(&w, "min", 0);
        json_key_i64(&w, "max", 0);
        json_key_i64(&w, "current", 0);
        json_key_cstr(&w, "state", ctx->ready ? "done" : "in progress");
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_status_queries(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        PromqlActive *all;
        size_t n = promql_active(ctx->promql, req->arena, &all);
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_array(&w);
        for (size_t i = 0; i < n; i++) {
                json_begin_object(&w);
                json_key_str(&w, "query", all[i].text);
                json_key_str(&w, "started", api_rfc3339(req->arena, all[i].started_ms));
                json_key_u64(&w, "samples", all[i].samples);
                json_end_object(&w);
        }
        json_end_array(&w);
        api_reply_end(&w, NULL, 0);
}

void api_status_metrics(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        resp->content_type = "text/plain; version=0.0.4; charset=utf-8";
        metric_write_text(&resp->body);
}

void api_status_host_metrics(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Err err;
        (void)req;
        if (!ctx->host_metrics) {
                resp->status = 404;
                buf_lit(&resp->body, "the host is not collected: enable it with collect.host in the configuration\n");
                return;
        }
        resp->content_type = "text/plain; version=0.0.4; charset=utf-8";
        if (!ctx->host_metrics(ctx->app, &resp->body, &err)) {
                buf_clear(&resp->body);
                resp->status = 500;
                buf_printf(&resp->body, "%s\n", err.msg);
        }
}
