/* A router on a manual clock behind a real server with the whole API. */
#pragma once
#include "../net/net_fixture.h"
#include "api/api.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

typedef struct Am {
        Arena *arena;
        ManualClock clock;
        Net net;
        ApiContext ctx;
        HttpRoute *routes;
        Buf out;
        int status;
} Am;

static inline size_t am_integrations(void *self, Str receiver)
{
        (void)self;
        return !str_eq(receiver, STR("nobody"));
}
static inline bool am_send_resolved(void *self, Str receiver, size_t i)
{
        (void)self;
        (void)receiver;
        (void)i;
        return true;
}
static inline void am_send(void *self, const Notification *n, void (*done)(void *, const DeliveryResult *), void *arg)
{
        (void)self;
        DeliveryResult r = { .ok = true, .status = 200, .attempts = 1, .integration = STR("webhook[0]") };
        if (str_eq(n->receiver, STR("bad"))) {
                r.ok = err_set(&r.err, ERR_UNAVAILABLE, "answer 400");
                r.status = 400;
        }
        done(arg, &r);
}

static inline void am_configure(Am *w, const char *yaml)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        Diags diags;
        AlertConfig config;
        Err err;
        diags_init(&diags, w->arena);
        OptionCtx ctx = { .arena = w->arena, .diags = &diags, .file = STR("am.yml"), .base_dir = STR(".") };
        assert_true(yaml_parse(str_of(yaml), w->arena, &docs, &n, &errors, &n_errors));
        assert_true(alert_config_bind(docs[0], &ctx, &config));
        assert_ok(alert_router_apply(w->ctx.alerts, &config, &err), err);
}

static inline int am_setup(void **state)
{
        Am *w = calloc(1, sizeof *w);
        size_t n;
        Err err;
        log_configure(LOG_LV_OFF, LOG_FMT_LOGFMT);
        w->arena = arena_new();
        clock_manual_init(&w->clock, NOW_MS);
        assert_ok(statedb_open(":memory:", &w->ctx.statedb, &err), err);
        w->ctx.alerts = alert_router_new(
                &(AlertRouterOptions){ .clock = &w->clock.clock,
                                       .statedb = w->ctx.statedb,
                                       .sender = { am_integrations, am_send_resolved, am_send, NULL } });
        w->ctx.clock = &w->clock.clock;
        w->ctx.start_ms = NOW_MS;
        am_configure(
                w,
                "route: {receiver: r, group_by: [alertname], group_wait: 10s, routes: [{matchers: [s=c], receiver: p}]}\n"
                "receivers: [{name: r, labels: {team: a}}, {name: p}]\n");
        w->routes = api_routes(&w->ctx, &n);
        net_start(&w->net, w->routes, n);
        *state = w;
        return 0;
}

static inline int am_teardown(void **state)
{
        Am *w = *state;
        net_stop(&w->net);
        alert_router_free(w->ctx.alerts);
        statedb_close(w->ctx.statedb);
        mem_free(w->routes);
        buf_done(&w->out);
        arena_free(w->arena);
        free(w);
        return 0;
}

static inline const char *am_ask(Am *w, const char *method, const char *path, const char *body)
{
        HttpHeader h[] = { { STR("Content-Type"), STR("application/json") } };
        HttpCallOptions o = { .method = method,
                              .url = str_printf(w->arena, "%s%s", w->net.base, path),
                              .headers = h,
                              .n_headers = body ? 1 : 0,
                              .body = str_of(body) };
        HttpAnswer answer = { 0 };
        buf_clear(&w->out);
        http_client_call(w->net.client, &o, &answer, &w->out);
        w->status = answer.status;
        return buf_cstr(&w->out);
}

static inline void am_gives(Am *w, const char *method, const char *path, const char *body, int status, const char *part)
{
        const char *got = am_ask(w, method, path, body);
        if (w->status != status || !strstr(got, part))
                fail_msg("%s %s %s: %d %s\nwant %d %s", method, path, body ? body : "", w->status, got, status, part);
}
