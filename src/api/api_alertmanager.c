/* The dispatch of API v2. One route of the server takes the whole subtree, so that wrong paths and methods are answered as
 * upstream's generated server does. */
#include "api/api_alertmanager.h"

#include <string.h>

#include "api/api_am.h"

static void receivers_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        AlertReceiverSeen *all;
        size_t n;
        Matchers wanted = { 0 };
        JsonWriter w;
        bool old = alert_router_compat(ctx->alerts) == ALERT_COMPAT_AM_0_25;
        if (!old && !api_am_filter(req, resp, alert_router_matchers(ctx->alerts), "receiver_matchers", &wanted))
                return;
        alert_router_receivers(ctx->alerts, req->arena, &all, &n);
        resp->content_type = "application/json";
        json_writer_init(&w, &resp->body);
        json_begin_array(&w);
        for (size_t i = 0; i < n; i++) {
                LabelsBuilder b; /* the name is a label as well */
                labels_builder_init(&b, req->arena, all[i].labels);
                labels_builder_set(&b, STR("name"), all[i].name);
                Labels labels = labels_builder_build(&b, req->arena);
                if (!matchers_match(wanted, labels))
                        continue;
                json_begin_object(&w);
                json_key_str(&w, "name", all[i].name);
                if (!old)
                        labels_put_json(&w, "labels", labels);
                json_end_object(&w);
        }
        json_end_array(&w);
        buf_char(&resp->body, '\n');
}

static void status_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        JsonWriter w;
        resp->content_type = "application/json";
        json_writer_init(&w, &resp->body);
        json_begin_object(&w);
        json_key(&w, STR("cluster"));
        json_begin_object(&w);
        json_key(&w, STR("peers"));
        json_begin_array(&w);
        json_end_array(&w);
        json_key_cstr(&w, "status", "disabled");
        json_end_object(&w);
        json_key(&w, STR("config"));
        json_begin_object(&w);
        json_key_str(&w, "original", ctx->config_yaml ? ctx->config_yaml(ctx->app, req->arena) : (Str){ 0 });
        json_end_object(&w);
        api_am_put_time(&w, "uptime", ctx->start_ms);
        json_key(&w, STR("versionInfo"));
        json_begin_object(&w);
        json_key_cstr(&w, "branch", "main");
        json_key_cstr(&w, "buildDate", "");
        json_key_cstr(&w, "buildUser", "");
        json_key_cstr(&w, "goVersion", "");
        json_key_cstr(&w, "revision", "pharos " PHAROS_VERSION);
        json_key_cstr(&w, "version", alert_router_compat(ctx->alerts) == ALERT_COMPAT_AM_0_25 ? "0.25.0" : "0.34.0");
        json_end_object(&w);
        json_end_object(&w);
        buf_char(&resp->body, '\n');
}

static const struct V2Path {
        const char *path, *allowed; /* a final slash: an id follows */
        void (*get)(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp);
        void (*post)(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp);
} PATHS[] = {
        { "alerts", "POST,GET", api_am_alerts_get, api_am_alerts_post },
        { "alerts/groups", "GET", api_am_groups_get, NULL },
        { "silences", "POST,GET", api_am_silences_get, api_am_silences_post },
        { "receivers", "GET", receivers_get, NULL },
        { "status", "GET", status_get, NULL },
};

static const char *method_name(HttpMethod method)
{
        switch (method) {
        case HTTP_GET: return "GET";
        case HTTP_HEAD: return "HEAD";
        case HTTP_POST: return "POST";
        case HTTP_PUT: return "PUT";
        case HTTP_DELETE: return "DELETE";
        case HTTP_OPTIONS: break;
        }
        return "OPTIONS";
}

static void not_allowed(const HttpRequest *req, HttpResponse *resp, const char *allowed)
{
        http_response_header(resp, STR("Allow"), str_of(allowed));
        api_am_invalid(resp, 405, "method %s is not allowed, but [%s] are", method_name(req->method), allowed);
}

void api_alertmanager_v2(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Str path = req->rest;
        http_response_header(resp, STR("Vary"), STR("Origin"));
        http_response_header(resp, STR("Cache-Control"), STR("no-store"));
        if (str_starts(path, STR("silence/")) && path.n > strlen("silence/")) {
                Str id = str_sub(path, 8, path.n);
                if (req->method == HTTP_GET)
                        api_am_silence_get(ctx, req, resp, id);
                else if (req->method == HTTP_DELETE)
                        api_am_silence_delete(ctx, req, resp, id);
                else
                        not_allowed(req, resp, "DELETE,GET");
                return;
        }
        if (path.n && path.p[path.n - 1] == '/')
                path.n--;
        for (size_t i = 0; i < ARRAY_LEN(PATHS); i++) {
                if (!str_eq(path, str_of(PATHS[i].path)))
                        continue;
                if (req->method == HTTP_GET)
                        PATHS[i].get(ctx, req, resp);
                else if (req->method == HTTP_POST && PATHS[i].post)
                        PATHS[i].post(ctx, req, resp);
                else
                        not_allowed(req, resp, PATHS[i].allowed);
                return;
        }
        api_am_invalid(resp, 404, "path /api/v2/" STR_FMT " was not found", STR_ARG(str_sub(req->rest, 0, 1000)));
}

void api_alertmanager_ok(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        buf_lit(&resp->body, "OK");
}

void api_alertmanager_v1(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        http_response_header(resp, STR("Access-Control-Allow-Origin"), STR("*"));
        http_response_header(resp, STR("Cache-Control"), STR("no-cache, no-store, must-revalidate"));
        if (alert_router_compat(ctx->alerts) == ALERT_COMPAT_AM_0_25 && str_eq(req->rest, STR("alerts")) &&
            req->method == HTTP_GET) {
                api_am_v1_alerts_get(ctx, req, resp);
                return;
        }
        resp->status = 410;
        resp->content_type = "application/json";
        buf_lit(&resp->body,
                "{\"status\":\"deprecated\",\"error\":\"The Alertmanager v1 API was deprecated in version 0.16.0 and is removed "
                "as of version 0.27.0 - please use the equivalent route in the v2 API\"}\n");
}
