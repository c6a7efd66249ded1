#include "api/api_reply.h"
#include "api/api_status.h"

void api_admin_reload(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Err err;
        (void)req;
        if (!ctx->lifecycle) {
                resp->status = 403;
                buf_lit(&resp->body, "reloading over HTTP is off: start with --web.enable-lifecycle, or send SIGHUP\n");
                return;
        }
        if (!ctx->reload(ctx->app, &err)) {
                resp->status = 500;
                buf_printf(&resp->body, "failed to reload config: %s\n", err.msg);
        }
}

void api_admin_quit(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        (void)req;
        if (!ctx->lifecycle) {
                resp->status = 403;
                buf_lit(&resp->body, "stopping over HTTP is off: start with --web.enable-lifecycle\n");
                return;
        }
        buf_lit(&resp->body, "Requesting termination... Goodbye!\n");
        ctx->quit(ctx->app);
}

bool api_admin_allowed(const ApiContext *ctx, HttpResponse *resp)
{
        if (ctx->admin_api)
                return true;
        api_reply_error(resp, API_UNAVAILABLE, "admin APIs disabled");
        return false;
}

void api_admin_delete_series(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Str *texts;
        int64_t min_ms;
        int64_t max_ms;
        Err err;
        if (!api_admin_allowed(ctx, resp))
                return;
        size_t n = http_request_params(req, STR("match[]"), &texts);
        if (n == 0) {
                api_reply_error(resp, API_BAD_DATA, "no match[] parameter provided");
                return;
        }
        if (!api_param_time(req, resp, "start", API_MIN_MS, &min_ms) ||
            !api_param_time(req, resp, "end", API_MAX_MS, &max_ms))
                return;
        for (size_t i = 0; i < n; i++) {
                Matchers matchers;
                if (!ast_parse_matchers(texts[i], req->arena, &matchers, &err)) {
                        api_reply_bad_param(resp, "match[]", "%s", err.msg);
                        return;
                }
                if (!tsdb_delete(ctx->tsdb, matchers, min_ms, max_ms, &err)) {
                        api_reply_err(resp, &err);
                        return;
                }
        }
        resp->status = 204;
}

void api_admin_clean_tombstones(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Err err;
        (void)req;
        if (!api_admin_allowed(ctx, resp))
                return;
        if (!tsdb_clean_tombstones(ctx->tsdb, &err)) {
                api_reply_err(resp, &err);
                return;
        }
        resp->status = 204;
}

void api_admin_flush(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Err err;
        (void)req;
        if (!tsdb_flush(ctx->tsdb, &err)) {
                api_reply_err(resp, &err);
                return;
        }
        resp->status = 204;
}

void api_admin_live(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Str hello = str_printf(req->arena, "{\"version\":\"%s\",\"start_ms\":%lld}", PHAROS_VERSION,
                               (long long)ctx->start_ms);
        http_response_sse(resp, ctx->live, "hello", hello);
}
