/* A notifier, and a real server on loopback whose answers are scripted. */
#pragma once
#include "testing.h"

#include <unistd.h>

#include "base/log.h"
#include "net/http_server.h"
#include "notify/notify.h"
#include "notify/notify_receivers.h"
#include "os/mutex.h"

typedef struct Fixture {
        Arena *arena; /* of the test's thread */
        Loop *loop;
        HttpClient *client;
        Notify *notify;
        Pool *pool;
        HttpServer *server;
        NotifyBindOptions bind;
        Mutex mu; /* guards what follows */
        Cond changed;
        int script[8]; /* statuses to answer; 0: 200. -1: wait until let go */
        const char *retry_after;
        size_t requests;
        Buf body, auth, path, header; /* of the last request */
        bool let_go;
        size_t done;
        DeliveryResult result;
} Fixture;

static inline void fixture_answer(void *self, const HttpRequest *req, HttpResponse *resp)
{
        Fixture *f = self;
        MUTEX_SCOPE(&f->mu);
        int status = f->requests < 8 ? f->script[f->requests] : 0;
        f->requests++;
        Buf *const to[] = { &f->body, &f->auth, &f->path, &f->header };
        const Str from[] = { req->body, http_request_header(req, STR("authorization")), req->path,
                             http_request_header(req, STR("x-test")) };
        for (size_t i = 0; i < 4; i++) {
                buf_clear(to[i]);
                buf_str_add(to[i], from[i]);
        }
        mutex_cond_broadcast(&f->changed);
        while (status == -1 && !f->let_go)
                mutex_cond_wait(&f->changed, &f->mu);
        resp->status = status > 0 ? status : 200;
        if (f->retry_after)
                http_response_header(resp, STR("Retry-After"), str_of(f->retry_after));
        buf_lit(&resp->body, "the answer");
}

static inline void fixture_start_notify(Fixture *f)
{
        NotifyOptions o = { .loop = f->loop, .client = f->client, .version = STR("1.2.3"), .first_backoff_ms = 10 };
        f->notify = notify_new(&o);
}

static inline Fixture *fixture_new(void)
{
        static HttpRoute route = { HTTP_POST, "/*", fixture_answer, NULL, .on_pool = true };
        Fixture *f = calloc(1, sizeof *f);
        Err err;
        log_configure(LOG_LV_OFF, LOG_FMT_LOGFMT);
        f->arena = arena_new();
        mutex_init(&f->mu);
        mutex_cond_init(&f->changed);
        f->pool = pool_new(4, 100);
        route.self = f;
        assert_ok(http_server_start(&(HttpServerOptions){ .listen = "127.0.0.1:0", .pool = f->pool }, &route, 1,
                                    &f->server, &err),
                  err);
        assert_ok(loop_new(&f->loop, &err), err);
        assert_ok(http_client_new(f->loop, 0, &f->client, &err), err);
        fixture_start_notify(f);
        return f;
}

static inline void fixture_let_go(Fixture *f)
{
        MUTEX_SCOPE(&f->mu);
        f->let_go = true;
        mutex_cond_broadcast(&f->changed);
}

static inline void fixture_free(Fixture *f)
{
        if (f->notify)
                notify_free(f->notify);
        fixture_let_go(f);
        http_client_free(f->client);
        loop_free(f->loop);
        http_server_stop(f->server);
        pool_free(f->pool);
        buf_done(&f->body);
        buf_done(&f->auth);
        buf_done(&f->path);
        buf_done(&f->header);
        mutex_done(&f->mu);
        mutex_cond_done(&f->changed);
        arena_free(f->arena);
        free(f);
}

/* URL in the text becomes the server's address. */
static inline bool fixture_bind(Fixture *f, const char *text, Diags *diags, NotifyReceivers **ret)
{
        Buf yaml = { .arena = f->arena };
        Str rest = str_of(text);
        for (size_t at; (at = str_find(rest, STR("URL"))) != SIZE_MAX; rest = str_sub(rest, at + 3, rest.n)) {
                buf_str_add(&yaml, str_sub(rest, 0, at));
                buf_printf(&yaml, "http://127.0.0.1:%d", http_server_port(f->server));
        }
        buf_str_add(&yaml, rest);
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        diags_init(diags, f->arena);
        OptionCtx ctx = { .arena = f->arena, .diags = diags, .file = STR("am.yml"), .base_dir = STR("/tmp") };
        if (!yaml_parse(buf_str(&yaml), f->arena, &docs, &n, &errors, &n_errors))
                fail_msg("line %u: " STR_FMT, errors[0].pos.line, STR_ARG(errors[0].message));
        Str *names = arena_array(f->arena, Str, docs[0]->n);
        const YamlNode **nodes = arena_array(f->arena, const YamlNode *, docs[0]->n);
        for (size_t i = 0; i < docs[0]->n; i++) {
                nodes[i] = docs[0]->items[i];
                names[i] = yaml_get(nodes[i], STR("name"))->text;
        }
        return notify_receivers_bind_with(names, nodes, docs[0]->n, &f->bind, &ctx, ret);
}

static inline void fixture_receivers(Fixture *f, const char *text)
{
        Diags diags;
        NotifyReceivers *all;
        if (!fixture_bind(f, text, &diags, &all))
                fail_msg(STR_FMT, STR_ARG(diags.list.data[0].message));
        notify_apply(f->notify, all);
}

static inline void fixture_done(void *arg, const DeliveryResult *result)
{
        Fixture *f = arg;
        MUTEX_SCOPE(&f->mu);
        f->done++;
        f->result = *result;
        f->result.integration = (Str){ 0 };
        mutex_cond_broadcast(&f->changed);
}

static inline Labels fixture_labels(Fixture *f, const char *text)
{
        LabelsBuilder lb;
        Str rest = str_of(text), part, name, value;
        labels_builder_init(&lb, f->arena, (Labels){ 0 });
        while (str_split_next(&rest, ',', &part)) {
                str_cut(part, '=', &name, &value);
                labels_builder_set(&lb, str_dup(f->arena, name), str_dup(f->arena, value));
        }
        return labels_builder_build(&lb, f->arena);
}

/* alerts: one letter each: f(iring), r(esolved). */
static inline void fixture_send_start(Fixture *f, const char *receiver, const char *alerts, int64_t timeout_ms)
{
        Notification n = { .receiver = str_of(receiver),
                           .timeout_ms = timeout_ms,
                           .group_key = STR("{}:{}"),
                           .external_url = STR("http://pharos.example.com"),
                           .n_alerts = strlen(alerts),
                           .resolved = !strchr(alerts, 'f') };
        AlertMsg *msgs = arena_array(f->arena, AlertMsg, n.n_alerts);
        for (size_t i = 0; i < n.n_alerts; i++) {
                char text[40];
                snprintf(text, sizeof text, "alertname=A,i=%zu,s=%c", i, alerts[i]);
                msgs[i] = (AlertMsg){ .labels = fixture_labels(f, text),
                                      .starts_at_ms = 1000,
                                      .ends_at_ms = alerts[i] == 'r' ? 2000 : 0 };
        }
        n.alerts = msgs;
        n.common_labels = alert_msg_common(msgs, n.n_alerts, false, f->arena);
        notify_send(f->notify, &n, fixture_done, f);
}

/* Waits until `n` deliveries ended. */
static inline void fixture_wait_done(Fixture *f, size_t n)
{
        MUTEX_SCOPE(&f->mu);
        while (f->done < n)
                mutex_cond_wait(&f->changed, &f->mu);
        assert_int_equal(f->done, n);
}

static inline void fixture_wait_requests(Fixture *f, size_t n)
{
        MUTEX_SCOPE(&f->mu);
        while (f->requests < n)
                mutex_cond_wait(&f->changed, &f->mu);
}

static inline DeliveryResult fixture_send(Fixture *f, const char *receiver, const char *alerts, int64_t timeout_ms)
{
        size_t n = f->done + 1;
        fixture_send_start(f, receiver, alerts, timeout_ms);
        fixture_wait_done(f, n);
        return f->result;
}
