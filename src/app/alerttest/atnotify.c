/* The steps' alerts go through a router on a manual clock; every integration's requests are taken before they leave, mails
 * go to a server of our own. Each recorded request must be among those of its step, and there must be no other.
 *
 * What differs from one run to the next is masked: dates and signatures of AWS, Date, Message-Id and boundary of mails, the
 * order of a mail's headers, User-Agents of other programs' libraries. Of a mail whose body was not recorded the visible text
 * and the links are compared. */
#include "app/alerttest/atnotify.h"

#include <math.h>
#include <stdlib.h>

#include "alert/alert.h"
#include "app/alerttest/atmail.h"
#include "app/alerttest/atsmtp.h"
#include "base/rfc3339.h"
#include "model/digest.h"
#include "notify/notify.h"

enum { AFTER_LAST_MS = 10000 };
#define START_MS INT64_C(1795219625000)

typedef struct Sent {
        Str step, request; /* everything that is compared, as one text */
        Str agent;
        bool used;
} Sent;

typedef struct Hall {
        AtRun *run;
        Arena *arena;
        const NotifyReceivers *receivers;
        ManualClock clock;
        AlertRouter *router;
        Str step, version, external_url;
        NotifyMemory *memory;
        VEC(Sent) sent;
} Hall;

/* ---- one text for a request, recorded or made */

static Str mask(Arena *arena, Str text, Str from, Str to_char)
{
        size_t at = str_find(text, from);
        if (at == SIZE_MAX)
                return text;
        size_t start = at + from.n;
        size_t end = start;
        while (end < text.n && str_find_char(to_char, text.p[end]) == SIZE_MAX)
                end++;
        return str_printf(arena, STR_FMT "*" STR_FMT, STR_ARG(str_sub(text, 0, start)),
                          STR_ARG(str_sub(text, end, text.n)));
}

static Str normal_auth(Arena *arena, Str auth)
{
        if (!str_starts(auth, STR("AWS4-HMAC-SHA256")))
                return auth;
        auth = mask(arena, auth, STR("Credential=AK/"), STR("/"));
        return mask(arena, auth, STR("Signature="), STR(","));
}

static Str request_text(Arena *arena, Str method, Str url, Str type, Str auth, Str body)
{
        return str_printf(
                arena, STR_FMT " " STR_FMT "\nContent-Type: " STR_FMT "\nAuthorization: " STR_FMT "\n\n" STR_FMT,
                STR_ARG(method), STR_ARG(url), STR_ARG(type), STR_ARG(normal_auth(arena, auth)), STR_ARG(body));
}

/* Other programs' libraries have names of their own. */
static bool same_agent(Str recorded, Str made)
{
        return !str_starts(recorded, STR("Alertmanager/")) || str_eq(recorded, made);
}

static Str recorded_text(Arena *arena, const JsonValue *r)
{
        const JsonValue *headers = json_get(r, STR("headers"));
        if (str_eq(json_get_str(r, STR("kind")), STR("smtp")))
                return atmail_recorded(arena, r);
        Str origin = json_get_str(r, STR("origin"));
        if (str_eq(origin, STR("http")))
                origin = str_printf(arena, "http://" STR_FMT, STR_ARG(json_get_str(headers, STR("Host"))));
        Str url = str_printf(arena, STR_FMT STR_FMT, STR_ARG(origin), STR_ARG(json_get_str(r, STR("url"))));
        return request_text(arena, json_get_str(r, STR("method")), url, json_get_str(headers, STR("Content-Type")),
                            json_get_str(headers, STR("Authorization")), json_get_str(r, STR("body")));
}

/* ---- what integrations would send */

static Str find_header(const HttpCallOptions *call, Str name)
{
        for (size_t i = 0; i < call->n_headers; i++)
                if (str_eq_fold(call->headers[i].name, name))
                        return call->headers[i].value;
        return (Str){ 0 };
}

static Str auth_of(Arena *arena, const HttpCallOptions *call)
{
        const HttpAuthTls *a = call->auth;
        if (a && a->bearer.n)
                return str_printf(arena, "Bearer " STR_FMT, STR_ARG(a->bearer));
        if (a && a->username.n) {
                Buf out = { .arena = arena };
                buf_lit(&out, "Basic ");
                digest_base64(&out, str_printf(arena, STR_FMT ":" STR_FMT, STR_ARG(a->username), STR_ARG(a->password)));
                return buf_str(&out);
        }
        return find_header(call, STR("Authorization"));
}

static void on_request(void *arg, const HttpCallOptions *call, HttpAnswer *ret)
{
        Hall *h = arg;
        Str text = request_text(h->arena, str_of(call->method), call->url, find_header(call, STR("Content-Type")),
                                auth_of(h->arena, call), call->body);
        vec_push(&h->sent, (Sent){ h->step, text, str_dup(h->arena, find_header(call, STR("User-Agent"))), false });
        /* As the recorded services answered; the text is what each of them takes for a yes. */
        ret->content_type = STR("application/json");
        ret->body = STR("{\"ok\":true,\"success\":true,\"errcode\":0,\"access_token\":\"tok\",\"issues\":[]}");
}

static void on_mail(void *arg, const SmtpMail *mail)
{
        Hall *h = arg;
        Str transcript = { 0 };
        Str data = { 0 };
        Err err;
        if (!atsmtp_record(mail, h->arena, &transcript, &data, &err))
                transcript = str_dup(h->arena, str_of(err.msg));
        vec_push(&h->sent, (Sent){ .step = h->step, .request = atmail_made(h->arena, transcript, data) });
}

static void send(void *self, const Notification *n, void (*done)(void *, const DeliveryResult *), void *arg)
{
        Hall *h = self;
        NotifyCapture capture = { on_request, on_mail, h, h->version, h->memory };
        DeliveryResult result = { .integration = STR("captured"), .status = 200, .attempts = 1 };
        result.ok = notify_capture(h->receivers, n, &capture, &result.err);
        if (!result.ok)
                atkind_check(h->run, false, n->receiver, str_dup(h->run->arena, str_of(result.err.msg)));
        done(arg, &result);
}

static size_t integrations(void *self, Str receiver)
{
        const Hall *h = self;
        return notify_receivers_count(h->receivers, receiver);
}

static bool send_resolved(void *self, Str receiver, size_t i)
{
        const Hall *h = self;
        return notify_receivers_send_resolved(h->receivers, receiver, i);
}

/* ---- the steps */

static void put(Hall *h, const JsonValue *a)
{
        AlertMsg msg = { .labels = atkind_labels(h->arena, json_get(a, STR("labels"))),
                         .annotations = atkind_labels(h->arena, json_get(a, STR("annotations"))),
                         .generator_url = json_get_str(a, STR("generatorURL")) };
        Str starts = json_get_str(a, STR("startsAt"));
        Str ends = json_get_str(a, STR("endsAt"));
        IGNORE(starts.n && rfc3339_parse(starts, &msg.starts_at_ms));
        IGNORE(ends.n && rfc3339_parse(ends, &msg.ends_at_ms));
        alert_router_put(h->router, &msg, 1);
}

static void run_until(Hall *h, int64_t end_ms)
{
        for (;;) {
                int64_t wait_ms = alert_router_tick(h->router);
                int64_t left_ms = end_ms - (clock_wall_ms(&h->clock.clock) - START_MS);
                if (left_ms <= 0)
                        return;
                clock_manual_advance_ms(&h->clock, MAX_OF(MIN_OF(wait_ms, left_ms), (int64_t)1));
        }
}

static int64_t time_of(const JsonValue *post)
{
        const JsonValue *t = json_get(post, STR("t"));
        return t ? (int64_t)llround(t->num * 1000) : 0;
}

static void play(Hall *h, const JsonValue *posts)
{
        int64_t t_ms = 0;
        for (size_t i = 0; i < posts->n; i++) {
                const JsonValue *alerts = json_get(&posts->items[i], STR("alerts"));
                t_ms = time_of(&posts->items[i]);
                run_until(h, t_ms);
                h->step = json_get_str(&posts->items[i], STR("step"));
                for (size_t k = 0; alerts && k < alerts->n; k++)
                        put(h, &alerts->items[k]);
        }
        run_until(h, t_ms + AFTER_LAST_MS);
}

/* ---- the comparison */

/* The line of the nearest request of the step, for the message. */
static Str first_difference(Arena *arena, const Hall *h, Str step, Str want)
{
        Str best = STR("nothing was sent");
        size_t best_same = 0;
        for (size_t i = 0; i < h->sent.len; i++) {
                Str got = h->sent.data[i].request;
                size_t same = 0;
                while (same < got.n && same < want.n && got.p[same] == want.p[same])
                        same++;
                if (h->sent.data[i].used || !str_eq(h->sent.data[i].step, step) || same < best_same)
                        continue;
                best_same = same;
                size_t from = same > 60 ? same - 60 : 0;
                best = str_printf(arena, "at byte %zu: got '" STR_FMT "', want '" STR_FMT "'", same,
                                  STR_ARG(str_sub(got, from, same + 60)), STR_ARG(str_sub(want, from, same + 60)));
        }
        return best;
}

static void compare(Hall *h, const JsonValue *requests)
{
        for (size_t i = 0; i < requests->n; i++) {
                const JsonValue *r = &requests->items[i];
                Str step = json_get_str(r, STR("step"));
                Str want = recorded_text(h->arena, r);
                Str agent = json_get_str(json_get(r, STR("headers")), STR("User-Agent"));
                Sent *found = NULL;
                vec_each(s, &h->sent)
                        if (!found && !s->used && str_eq(s->step, step) && str_eq(s->request, want) &&
                            same_agent(agent, s->agent))
                                found = s;
                if (found)
                        found->used = true;
                Str what = str_printf(h->arena, STR_FMT " " STR_FMT, STR_ARG(step),
                                      STR_ARG(str_sub(want, 0, MIN_OF(str_find_char(want, '\n'), (size_t)70))));
                atkind_check(h->run, found != NULL, what,
                             found ? (Str){ 0 } : first_difference(h->arena, h, step, want));
        }
        vec_each(s, &h->sent)
                if (!s->used)
                        atkind_check(h->run, false, s->step,
                                     str_printf(h->arena, "nobody recorded: " STR_FMT,
                                                STR_ARG(str_sub(s->request, 0, 200))));
}

/* ---- loading */

/* "... external-url http://am.example:9093/am, TZ=UTC" */
static Str external_url_of(const JsonValue *root)
{
        Str oracle = json_get_str(root, STR("oracle"));
        size_t at = str_find(oracle, STR("external-url "));
        if (at == SIZE_MAX)
                return STR("http://localhost:9093");
        Str url = str_sub(oracle, at + 13, oracle.n);
        return str_sub(url, 0, MIN_OF(str_find_char(url, ','), url.n));
}

static Str version_of(const JsonValue *requests)
{
        for (size_t i = 0; i < requests->n; i++) {
                Str agent = json_get_str(json_get(&requests->items[i], STR("headers")), STR("User-Agent"));
                if (str_starts(agent, STR("Alertmanager/")))
                        return str_sub(agent, 13, agent.n);
        }
        return STR("0.25.0");
}

static bool load(Hall *h, Str file, AlertConfig *config)
{
        Diags diags;
        NotifyReceivers *receivers;
        diags_init(&diags, h->run->arena);
        OptionCtx ctx = { .arena = h->run->arena, .diags = &diags, .file = file, .base_dir = STR(".") };
        YamlNode *root = option_load_file(atkind_sibling(h->run, file), h->run->arena, &diags);
        bool ok = root && alert_config_bind_as(root, h->run->compat, &ctx, config);
        if (ok) {
                Str *names = arena_array(h->run->arena, Str, config->n_receivers);
                const YamlNode **nodes = arena_array(h->run->arena, const YamlNode *, config->n_receivers);
                for (size_t i = 0; i < config->n_receivers; i++) {
                        names[i] = config->receivers[i].name;
                        nodes[i] = config->receivers[i].node;
                }
                NotifyBindOptions options = { .global = config->global,
                                              .templates = config->templates,
                                              .compat = h->run->compat,
                                              .strict = true };
                ok = notify_receivers_bind_with(names, nodes, config->n_receivers, &options, &ctx, &receivers);
        }
        if (!ok)
                atkind_check(h->run, false, file, diags.list.len ? diags.list.data[0].message : STR("does not load"));
        else
                h->receivers = receivers;
        return ok;
}

void atnotify_run(AtRun *run)
{
        const JsonValue *requests = json_get(run->root, STR("requests"));
        const JsonValue *posts = json_get(run->root, STR("posts"));
        Hall h = { .run = run, .arena = run->arena, .sent.arena = run->arena };
        AlertConfig config;
        Err err;
        if (!load(&h, json_get_str(run->root, STR("config")), &config))
                return;
        h.version = version_of(requests);
        h.external_url = external_url_of(run->root);
        h.memory = notify_memory_new();
        clock_manual_init(&h.clock, START_MS);
        h.router = alert_router_new(&(AlertRouterOptions){ .clock = &h.clock.clock,
                                                           .external_url = h.external_url,
                                                           .sender = { integrations, send_resolved, send, &h } });
        if (alert_router_apply(h.router, &config, &err)) {
                play(&h, posts);
                compare(&h, requests);
        } else {
                atkind_check(run, false, STR("the configuration"), str_dup(run->arena, str_of(err.msg)));
        }
        alert_router_free(h.router);
        notify_memory_free(h.memory);
}
