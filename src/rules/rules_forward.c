/* Alerts of rules on their way to Alertmanagers elsewhere, as Prometheus sends them: POST <prefix>/api/v2/alerts.
 *
 * Invariants:
 * 1. A sender never waits: alerts queue per Alertmanager, at most QUEUE_MAX; the oldest go first when it is full, counted.
 * 2. One request at a time and Alertmanager, of at most BATCH_MAX alerts; a batch that fails is not sent again: the rules
 *    tell every alert again each resend_delay.
 * 3. What is queued was relabelled and written when it came: a reload changes nothing of it.
 * 4. A peer that is no longer configured is freed by its last answer, or with the rest. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "codec/json.h"
#include "component/http_auth.h"
#include "config/relabel_options.h"
#include "os/mutex.h"
#include "rules/rules.h"

enum { QUEUE_MAX = 10000, BATCH_MAX = 256, ANSWER_MAX_BYTES = 64 << 10 };

METRIC_COUNTER(sent, "pharos_rules_forward_sent_total", "Alerts sent to other Alertmanagers.");
METRIC_COUNTER(dropped, "pharos_rules_forward_dropped_total",
               "Alerts that other Alertmanagers did not get: the queue was full, or a request failed.");
METRIC_COUNTER(errors, "pharos_rules_forward_errors_total", "Requests to other Alertmanagers that failed.");

/* ---- configuration */

typedef struct PeerYaml {
        Str scheme, path_prefix, api_version;
        int64_t timeout_ms;
        const YamlNode *static_configs;
        RelabelConfigList alert_relabel_configs;
        HttpOptions http;
} PeerYaml;

static void check_peer(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        PeerYaml *p = self;
        http_options_check(&p->http, node, ctx);
        if (!str_eq(p->api_version, STR("v2")))
                diags_error(ctx->diags, ctx->file, node->pos,
                            "expected Alertmanager api version to be one of [v2] but got " STR_FMT,
                            STR_ARG(p->api_version));
}

static const Option peer_options[] = {
        { "scheme", OPT_STR, offsetof(PeerYaml, scheme), .def = "http", .help = "http or https." },
        { "path_prefix", OPT_STR, offsetof(PeerYaml, path_prefix), .help = "In front of /api/v2/alerts." },
        { "api_version", OPT_STR, offsetof(PeerYaml, api_version), .def = "v2", .help = "v2." },
        { "timeout", OPT_DURATION, offsetof(PeerYaml, timeout_ms), .def = "10s", .help = "Of one request." },
        { "static_configs", OPT_NODE, offsetof(PeerYaml, static_configs), .help = "Lists of targets, host:port." },
        { "alert_relabel_configs", OPT_CUSTOM, offsetof(PeerYaml, alert_relabel_configs),
          .parse = relabel_options_parse, .help = "Rewrites or drops alerts before they are sent." },
        HTTP_OPTIONS_ROWS(PeerYaml, http),
        OPTION_END,
};
static const OptionTable peer_table = { "alertmanagers", peer_options, sizeof(PeerYaml), check_peer };

struct RulesPeers {
        struct RulesPeer {
                Str url;
                const PeerYaml *options;
        } *data;
        size_t n;
        RelabelConfigList relabel; /* alert_relabel_configs, of all */
};

typedef VEC(struct RulesPeer) PeerVec;

static void add_targets(PeerVec *all, const PeerYaml *yaml, const OptionCtx *ctx)
{
        for (size_t i = 0; yaml->static_configs && i < yaml->static_configs->n; i++) {
                const YamlNode *entry = yaml->static_configs->kind == YAML_SEQ ? yaml->static_configs->items[i] : NULL;
                const YamlNode *targets = entry ? yaml_get(entry, STR("targets")) : NULL;
                for (size_t t = 0; targets && targets->kind == YAML_SEQ && t < targets->n; t++) {
                        Str host = targets->items[t]->text;
                        Str prefix = yaml->path_prefix;
                        while (str_ends(prefix, STR("/")))
                                prefix = str_sub(prefix, 0, prefix.n - 1);
                        while (str_starts(prefix, STR("/")))
                                prefix = str_sub(prefix, 1, prefix.n);
                        Str url = str_printf(ctx->arena, STR_FMT "://" STR_FMT "%s" STR_FMT "/api/v2/alerts",
                                             STR_ARG(yaml->scheme), STR_ARG(host), prefix.n ? "/" : "",
                                             STR_ARG(prefix));
                        vec_push(all, (struct RulesPeer){ url, yaml });
                }
        }
}

bool rules_peers_bind(const YamlNode *alerting, const OptionCtx *ctx, const RulesPeers **ret)
{
        const YamlNode *list = alerting ? yaml_get(alerting, STR("alertmanagers")) : NULL;
        const YamlNode *relabel = alerting ? yaml_get(alerting, STR("alert_relabel_configs")) : NULL;
        RulesPeers *peers = arena_new_of(ctx->arena, RulesPeers);
        PeerVec all = { .arena = ctx->arena };
        OptionCtx lenient = *ctx;
        bool ok = true;
        lenient.ignore_unknown = true; /* the discoveries, of which only static_configs is known here */
        for (size_t i = 0; list && list->kind == YAML_SEQ && i < list->n; i++) {
                PeerYaml *yaml = arena_new_of(ctx->arena, PeerYaml);
                ok &= option_bind(list->items[i], &peer_table, yaml, &lenient);
                size_t before = all.len;
                add_targets(&all, yaml, ctx);
                if (all.len == before)
                        diags_warn(ctx->diags, ctx->file, list->items[i]->pos,
                                   "these Alertmanagers are not told: only static_configs finds them here");
                if (yaml_get(list->items[i], STR("relabel_configs")))
                        diags_warn(
                                ctx->diags, ctx->file, list->items[i]->pos,
                                "relabel_configs of Alertmanagers have no effect: their addresses are taken as they are");
        }
        if (relabel && relabel->kind != YAML_NULL)
                ok &= relabel_options_parse(&peers->relabel, relabel, ctx);
        peers->data = all.data;
        peers->n = all.len;
        *ret = peers;
        return ok;
}

/* ---- sending */

typedef struct Peer {
        RulesForward *forward;
        char *url;
        const PeerYaml *options; /* borrowed from the configuration; NULL: no longer configured */
        char **queue;            /* QUEUE_MAX JSON texts in a ring, made when first needed */
        size_t head, len;
        Arena *under_way; /* of the request; on_answer frees it, or the peer when the client went first */
        bool sending, failing;
} Peer;

typedef struct Send {
        Peer *peer;
        Arena *arena;
        size_t n;
} Send;

struct RulesForward {
        HttpClient *client;
        AlertSink next;
        Mutex mu; /* guards what follows */
        VEC(Peer *) peers;
        RelabelConfigList relabel;
};

RulesForward *rules_forward_new(HttpClient *client, AlertSink next)
{
        RulesForward *f = mem_new(RulesForward);
        f->client = client;
        f->next = next;
        mutex_init(&f->mu);
        return f;
}

static void peer_free(Peer *p)
{
        for (size_t i = 0; i < p->len; i++)
                mem_free(p->queue[(p->head + i) % QUEUE_MAX]);
        arena_free(p->under_way);
        mem_free(p->queue);
        mem_free(p->url);
        mem_free(p);
}

void rules_forward_free(RulesForward *f)
{
        if (!f)
                return;
        vec_each(p, &f->peers)
                peer_free(*p);
        vec_done(&f->peers);
        mutex_done(&f->mu);
        mem_free(f);
}

void rules_forward_apply(RulesForward *f, const RulesPeers *peers)
{
        MUTEX_SCOPE(&f->mu);
        f->relabel = peers ? peers->relabel : (RelabelConfigList){ 0 };
        vec_each(p, &f->peers)
                (*p)->options = NULL;
        for (size_t i = 0; peers && i < peers->n; i++) {
                Peer *found = NULL;
                vec_each(p, &f->peers)
                        if (!(*p)->options && str_eq(str_of((*p)->url), peers->data[i].url))
                                found = *p;
                if (!found) {
                        found = mem_new(Peer);
                        found->forward = f;
                        found->url = mem_strndup(peers->data[i].url.p, peers->data[i].url.n);
                        vec_push(&f->peers, found);
                }
                found->options = peers->data[i].options;
        }
        size_t kept = 0;
        for (size_t i = 0; i < f->peers.len; i++) {
                Peer *p = f->peers.data[i];
                if (p->options || p->sending)
                        f->peers.data[kept++] = p;
                else
                        peer_free(p);
        }
        f->peers.len = kept;
}

static void put_labels(JsonWriter *w, const char *key, Labels labels)
{
        json_key(w, str_of(key));
        json_begin_object(w);
        for (size_t i = 0; i < labels.n; i++) {
                json_key(w, labels.data[i].name);
                json_str(w, labels.data[i].value);
        }
        json_end_object(w);
}

/* Milliseconds always, as Prometheus' client writes them. */
static void put_time(JsonWriter *w, const char *key, int64_t t_ms)
{
        time_t s = (time_t)(t_ms / 1000);
        struct tm tm;
        char text[64];
        gmtime_r(&s, &tm);
        size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(text + n, sizeof text - n, ".%03dZ", (int)(t_ms % 1000));
        json_key_cstr(w, key, text);
}

static char *render(const AlertMsg *alert, Labels labels)
{
        Buf out = { 0 };
        JsonWriter w;
        json_writer_init(&w, &out);
        json_begin_object(&w);
        if (alert->annotations.n) /* as upstream's client: nothing empty */
                put_labels(&w, "annotations", alert->annotations);
        put_time(&w, "endsAt", alert->ends_at_ms);
        put_time(&w, "startsAt", alert->starts_at_ms);
        json_key_str(&w, "generatorURL", alert->generator_url);
        put_labels(&w, "labels", labels);
        json_end_object(&w);
        char *text = mem_strndup(out.p, out.n);
        buf_done(&out);
        return text;
}

static void enqueue(Peer *p, char *text)
{
        if (!p->queue)
                p->queue = mem_new_array(char *, QUEUE_MAX);
        if (p->len == QUEUE_MAX) {
                mem_free(p->queue[p->head]);
                p->head = (p->head + 1) % QUEUE_MAX;
                p->len--;
                metric_add(dropped, 1);
        }
        p->queue[(p->head + p->len++) % QUEUE_MAX] = text;
}

static bool relabel_labels(const RelabelConfigList *list, LabelsBuilder *lb, Arena *arena)
{
        return list->n == 0 || relabel_apply(list->data, list->n, lb, arena);
}

static void start_send(RulesForward *f, Peer *p) REQUIRES(&f->mu);

static void on_answer(void *arg, const HttpAnswer *answer)
{
        Send *send = arg;
        Peer *p = send->peer;
        RulesForward *f = p->forward;
        bool ok = answer->ok && answer->status / 100 == 2;
        mutex_lock(&f->mu);
        metric_add(ok ? sent : dropped, send->n);
        if (!ok)
                metric_add(errors, 1);
        if (!ok && !p->failing)
                log_warn("an Alertmanager does not take alerts", KV("url", p->url), KV("status", answer->status),
                         KV("err", answer->ok ? "" : answer->err.msg));
        else if (ok && p->failing)
                log_info("an Alertmanager takes alerts again", KV("url", p->url));
        p->failing = !ok;
        p->sending = false;
        p->under_way = NULL;
        arena_free(send->arena);
        if (p->options) {
                start_send(f, p);
        } else {
                for (size_t i = 0; i < f->peers.len; i++)
                        if (f->peers.data[i] == p) {
                                f->peers.data[i] = f->peers.data[--f->peers.len];
                                break;
                        }
                peer_free(p);
        }
        mutex_unlock(&f->mu);
}

static void start_send(RulesForward *f, Peer *p)
{
        static const HttpHeader json = { STR_INIT("Content-Type"), STR_INIT("application/json") };
        if (p->sending || p->len == 0)
                return;
        Arena *arena = arena_new();
        Send *send = arena_new_of(arena, Send);
        Buf body = { .arena = arena };
        Err err;
        *send = (Send){ p, arena, MIN_OF(p->len, (size_t)BATCH_MAX) };
        for (size_t i = 0; i < send->n; i++) {
                char *text = p->queue[p->head];
                buf_char(&body, i ? ',' : '[');
                buf_cstr_add(&body, text);
                mem_free(text);
                p->head = (p->head + 1) % QUEUE_MAX;
                p->len--;
        }
        buf_char(&body, ']');
        HttpHeader *headers = arena_new_of(arena, HttpHeader);
        headers[0] = json;
        HttpCallOptions *call = arena_new_of(arena, HttpCallOptions);
        HttpAuthTls *auth = arena_new_of(arena, HttpAuthTls);
        *call = (HttpCallOptions){ .method = "POST",
                                   .url = str_dup(arena, str_of(p->url)),
                                   .headers = headers,
                                   .n_headers = 1,
                                   .body = buf_str(&body),
                                   .timeout_ms = p->options->timeout_ms,
                                   .max_body_bytes = ANSWER_MAX_BYTES };
        if (!http_auth_fill(&p->options->http, arena, call, auth, &err)) {
                metric_add(dropped, send->n);
                metric_add(errors, 1);
                if (!p->failing)
                        log_warn("alerts cannot be sent to an Alertmanager", KV("url", p->url), KV("err", &err));
                p->failing = true;
                arena_free(arena);
                return;
        }
        p->sending = true;
        p->under_way = arena;
        http_client_start(f->client, call, on_answer, send);
}

static void forward_put(void *self, const AlertMsg *alerts, size_t n)
{
        RulesForward *f = self;
        if (f->next.put)
                f->next.put(f->next.self, alerts, n);
        AUTO(arena_free) Arena *arena = arena_new();
        MUTEX_SCOPE(&f->mu);
        for (size_t i = 0; i < n && f->peers.len; i++) {
                LabelsBuilder lb;
                labels_builder_init(&lb, arena, alerts[i].labels);
                if (!relabel_labels(&f->relabel, &lb, arena))
                        continue;
                Labels labels = labels_builder_build(&lb, arena);
                vec_each(p, &f->peers) {
                        if (!(*p)->options)
                                continue;
                        labels_builder_init(&lb, arena, labels);
                        if (relabel_labels(&(*p)->options->alert_relabel_configs, &lb, arena))
                                enqueue(*p, render(&alerts[i], labels_builder_build(&lb, arena)));
                }
        }
        vec_each(p, &f->peers)
                if ((*p)->options)
                        start_send(f, *p);
}

AlertSink rules_forward_sink(RulesForward *f) { return (AlertSink){ forward_put, f }; }

void rules_forward_urls(RulesForward *f, Arena *arena, Str **ret, size_t *ret_n)
{
        MUTEX_SCOPE(&f->mu);
        *ret = arena_array(arena, Str, f->peers.len);
        *ret_n = 0;
        vec_each(p, &f->peers)
                if ((*p)->options)
                        (*ret)[(*ret_n)++] = str_dup(arena, str_of((*p)->url));
}

void rules_forward_document(Buf *out) { option_document(out, &peer_table); }
