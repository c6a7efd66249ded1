/* What Alertmanager posted to webhooks for some alerts, and what the router and the notifier post for the same: byte for
 * byte, over a real server. */
#include "conform.h"

#include "alert/alert.h"
#include "base/rfc3339.h"
#include "base/vec.h"
#include "net/http_server.h"
#include "notify/notify.h"
#include "os/mutex.h"

typedef VEC(Str) StrVec;
typedef struct Hook {
        Arena *arena;
        Mutex mu; /* guards what follows */
        Cond changed;
        StrVec posts; /* path, newline, authorization, newline, body */
        int under_way;
        Notify *notify;
} Hook;

static void record(void *self, const HttpRequest *req, HttpResponse *resp)
{
        Hook *h = self;
        (void)resp;
        MUTEX_SCOPE(&h->mu);
        Str auth = http_request_header(req, STR("authorization"));
        Str query = req->query.n ? str_printf(h->arena, "?" STR_FMT, STR_ARG(req->query)) : (Str){ 0 };
        vec_push(&h->posts, str_printf(h->arena, STR_FMT STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(req->path),
                                       STR_ARG(query), STR_ARG(auth), STR_ARG(req->body)));
}

typedef struct Sending {
        Hook *hook;
        void (*done)(void *, const DeliveryResult *);
        void *arg;
} Sending;

static void sent(void *arg, const DeliveryResult *result)
{
        Sending *s = arg;
        s->done(s->arg, result);
        MUTEX_SCOPE(&s->hook->mu);
        s->hook->under_way--;
        mutex_cond_broadcast(&s->hook->changed);
}

static void send(void *self, const Notification *n, void (*done)(void *, const DeliveryResult *), void *arg)
{
        Hook *h = self;
        mutex_lock(&h->mu);
        Sending *s = arena_new_of(h->arena, Sending);
        *s = (Sending){ h, done, arg };
        h->under_way++;
        mutex_unlock(&h->mu);
        notify_send(h->notify, n, sent, s);
}

static size_t integrations(void *self, Str receiver) { return notify_integrations(((Hook *)self)->notify, receiver); }
static bool send_resolved(void *self, Str receiver, size_t i)
{
        return notify_send_resolved(((Hook *)self)->notify, receiver, i);
}

/* 0 when absent. */
static int64_t read_time(Str text)
{
        int64_t t_ms = 0;
        return text.n && rfc3339_parse(text, &t_ms) ? t_ms : 0;
}

static Labels read_labels(Arena *arena, const JsonValue *object)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; object && i < object->n; i++)
                labels_builder_set(&lb, object->members[i].key, object->members[i].value.str);
        return labels_builder_build(&lb, arena);
}

static void post(Arena *arena, AlertRouter *router, const JsonValue *alerts)
{
        AlertMsg *all = arena_array(arena, AlertMsg, alerts->n);
        for (size_t i = 0; i < alerts->n; i++) {
                const JsonValue *a = &alerts->items[i];
                all[i] = (AlertMsg){ .labels = read_labels(arena, json_get(a, STR("labels"))),
                                     .annotations = read_labels(arena, json_get(a, STR("annotations"))),
                                     .starts_at_ms = read_time(json_get_str(a, STR("startsAt"))),
                                     .ends_at_ms = read_time(json_get_str(a, STR("endsAt"))),
                                     .generator_url = json_get_str(a, STR("generatorURL")) };
        }
        alert_router_put(router, all, alerts->n);
}

/* The golden requests of a step to webhooks, in the form of record. */
static StrVec wanted(Arena *arena, const JsonValue *requests, Str step)
{
        StrVec out = { .arena = arena };
        for (size_t i = 0; i < requests->n; i++) {
                const JsonValue *r = &requests->items[i];
                Str url = json_get_str(r, STR("url"));
                if (str_starts(url, STR("/wh")) && str_eq(json_get_str(r, STR("step")), step)) {
                        Str auth = json_get_str(json_get(r, STR("headers")), STR("Authorization"));
                        vec_push(&out, str_printf(arena, STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(url), STR_ARG(auth),
                                                  STR_ARG(json_get_str(r, STR("body")))));
                }
        }
        return out;
}

static void compare(Hook *h, StrVec want, Str step)
{
        MUTEX_SCOPE(&h->mu);
        for (size_t i = 0; i < want.len; i++) {
                bool found = false;
                for (size_t k = 0; k < h->posts.len; k++)
                        found |= str_eq(want.data[i], h->posts.data[k]);
                conform_check(found, str_printf(h->arena, "webhook " STR_FMT, STR_ARG(step)).p, want.data[i]);
        }
        if (h->posts.len != want.len)
                for (size_t k = 0; k < h->posts.len; k++)
                        conform_check(false, "webhook: posted", h->posts.data[k]);
        h->posts.len = 0;
}

static Str config_text(Arena *arena, int port)
{
        Str rest = conform_read(arena, "conformance/alertmanager/golden/notify/config.yml");
        Buf out = { .arena = arena };
        for (size_t at; (at = str_find(rest, STR("127.0.0.1:18080"))) != SIZE_MAX;
             rest = str_sub(rest, at + 15, rest.n)) {
                buf_str_add(&out, str_sub(rest, 0, at));
                buf_printf(&out, "127.0.0.1:%d", port);
        }
        buf_str_add(&out, rest);
        return buf_str(&out);
}

static void configure(Hook *h, AlertRouter *router, Str text)
{
        Diags diags;
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        AlertConfig config;
        NotifyReceivers *receivers;
        Err err;
        diags_init(&diags, h->arena);
        OptionCtx ctx = { .arena = h->arena, .diags = &diags, .file = STR("config.yml"), .base_dir = STR(".") };
        bool ok = yaml_parse(text, h->arena, &docs, &n, &errors, &n_errors) &&
                  alert_config_bind(docs[0], &ctx, &config);
        Str *names = arena_array(h->arena, Str, config.n_receivers);
        const YamlNode **nodes = arena_array(h->arena, const YamlNode *, config.n_receivers);
        for (size_t i = 0; ok && i < config.n_receivers; i++) {
                names[i] = config.receivers[i].name;
                nodes[i] = config.receivers[i].node;
        }
        ok = ok && notify_receivers_bind(names, nodes, config.n_receivers, config.global, &ctx, &receivers);
        conform_check(ok, "golden/notify/config.yml", diags.list.len ? diags.list.data[0].message : (Str){ 0 });
        if (!ok)
                exit(1);
        notify_apply(h->notify, receivers);
        if (!alert_router_apply(router, &config, &err))
                exit(1);
}

void conform_webhook(void)
{
        Hook h = { .arena = arena_new() };
        HttpRoute route = { HTTP_POST, "/*", record, &h };
        HttpServer *server;
        Loop *loop;
        HttpClient *client;
        Err err;
        ManualClock clock;
        h.posts.arena = h.arena;
        mutex_init(&h.mu);
        mutex_cond_init(&h.changed);
        const JsonValue *golden = conform_json(h.arena, "conformance/alertmanager/golden/notify/captures.json");
        if (!http_server_start(&(HttpServerOptions){ .listen = "127.0.0.1:0" }, &route, 1, &server, &err) ||
            !loop_new(&loop, &err) || !http_client_new(loop, 0, &client, &err)) {
                printf("%s\n", err.msg);
                exit(1);
        }
        clock_manual_init(&clock, INT64_C(1767225600000)); /* 2026 */
        h.notify = notify_new(&(NotifyOptions){ .loop = loop, .client = client, .version = STR("0.25.0") });
        AlertRouter *router = alert_router_new(
                &(AlertRouterOptions){ .clock = &clock.clock,
                                       .external_url = STR("http://am.example:9093/am"),
                                       .sender = { integrations, send_resolved, send, &h } });
        configure(&h, router, config_text(h.arena, http_server_port(server)));
        const JsonValue *posts = json_get(golden, STR("posts"));
        for (size_t i = 0; i < posts->n; i++) {
                Str step = json_get_str(&posts->items[i], STR("step"));
                post(h.arena, router, json_get(&posts->items[i], STR("alerts")));
                clock_manual_advance_ms(&clock, i ? 3600 : 0);
                alert_router_tick(router);
                mutex_lock(&h.mu);
                while (h.under_way)
                        mutex_cond_wait(&h.changed, &h.mu);
                mutex_unlock(&h.mu);
                compare(&h, wanted(h.arena, json_get(golden, STR("requests")), step), step);
        }
        notify_free(h.notify);
        alert_router_free(router);
        http_client_free(client);
        loop_free(loop);
        http_server_stop(server);
        mutex_done(&h.mu);
        mutex_cond_done(&h.changed);
        arena_free(h.arena);
}
