/* Questions about alerts, answered from the router as it stands and from the event log. */
#include "api/api_alertlog.h"

#include <stdlib.h>

#include "alert/alert_matchers.h"
#include "api/api_reply.h"
#include "base/num.h"
#include "model/fingerprint.h"

enum { EXPLAIN_EVENTS = 50, HISTORY_EVENTS = 200, MOST_HISTORY_EVENTS = 10000, PREVIEW_ALERTS = 100 };
#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* ---- shared ---- */

/* False: the error was replied. absent: *ret_given is false. */
static bool param_fingerprint(const HttpRequest *req, HttpResponse *resp, bool *ret_given, uint64_t *ret)
{
        Str text;
        *ret_given = http_request_param(req, STR("fingerprint"), &text) && text.n;
        if (!*ret_given || fingerprint_parse(text, ret))
                return true;
        return api_reply_bad_param(resp, "fingerprint", "not 16 hex digits");
}

static bool param_filter(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, Matchers *ret)
{
        Str *texts;
        size_t n = http_request_params(req, STR("filter"), &texts);
        AlertMatcherVec all = { .arena = req->arena };
        AlertMatcherMode mode = alert_router_matchers(ctx->alerts);
        Err err;
        for (size_t i = 0; i < n; i++) {
                if (!alert_matchers_parse_mode(texts[i], mode, req->arena, &all, &err))
                        return api_reply_bad_param(resp, "filter", "%s", err.msg);
        }
        *ret = (Matchers){ all.data, all.len };
        return true;
}

static Str fingerprint_text(Arena *arena, uint64_t fingerprint)
{
        Buf out = { .arena = arena };
        fingerprint_print(&out, fingerprint);
        return buf_str(&out);
}

static void put_time(JsonWriter *w, const char *key, int64_t t_ms, Arena *arena)
{
        if (t_ms)
                json_key_str(w, key, api_rfc3339(arena, t_ms));
}

/* With the labels of the alert that it is about, while that is known. */
static void put_event(JsonWriter *w, ApiContext *ctx, const StateDbEvent *e, Arena *arena)
{
        uint64_t fingerprint;
        Labels labels;
        json_begin_object(w);
        json_key_i64(w, "id", e->id);
        json_key_str(w, "time", api_rfc3339(arena, e->t_ms));
        json_key_str(w, "kind", e->kind);
        json_key_str(w, "subject", e->subject);
        if (fingerprint_parse(e->subject, &fingerprint) &&
            alert_router_labels_of(ctx->alerts, fingerprint, arena, &labels)) {
                json_key(w, STR("labels"));
                api_put_labels(w, labels);
        }
        json_key(w, STR("detail"));
        json_raw(w, e->detail.n ? e->detail : STR("{}"));
        json_end_object(w);
}

static void put_ack(JsonWriter *w, const AlertAck *a, Arena *arena)
{
        json_begin_object(w);
        json_key_str(w, "fingerprint", fingerprint_text(arena, a->fingerprint));
        json_key(w, STR("labels"));
        api_put_labels(w, a->labels);
        json_key_str(w, "by", a->by);
        json_key_str(w, "comment", a->comment);
        json_key_str(w, "at", api_rfc3339(arena, a->at_ms));
        put_time(w, "until", a->until_ms, arena);
        json_end_object(w);
}

/* ---- explain ---- */

/* People say alertname=X and mean the alert that has it: the labels of the only one that has all of these. Several: the
 * answer names them. */
static bool complete_labels(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, Labels *labels)
{
        enum { MAX_NAMED = 10 };
        Labels exact;
        AlertWanted wanted = {
                .active = true, .silenced = true, .inhibited = true, .unprocessed = true, .muted = true
        };
        Matcher *matchers = arena_array(req->arena, Matcher, labels->n);
        AlertSeen *seen;
        size_t n;
        if (alert_router_labels_of(ctx->alerts, fingerprint_of(*labels), req->arena, &exact))
                return true;
        for (size_t i = 0; i < labels->n; i++)
                matchers[i] = (Matcher){ .type = MATCH_EQ,
                                         .name = labels->data[i].name,
                                         .value = labels->data[i].value };
        wanted.filter = (Matchers){ matchers, labels->n };
        alert_router_seen(ctx->alerts, &wanted, req->arena, &seen, &n);
        if (n == 1)
                *labels = labels_dup(req->arena, seen[0].msg->labels);
        Buf names = { .arena = req->arena };
        for (size_t i = 0; n > 1 && i < MIN_OF(n, (size_t)MAX_NAMED); i++) {
                buf_printf(&names, "%s" STR_FMT " ", i ? ", " : "",
                           STR_ARG(fingerprint_text(req->arena, fingerprint_of(seen[i].msg->labels))));
                labels_print(&names, seen[i].msg->labels);
        }
        alert_router_seen_done(seen, n);
        if (n <= 1)
                return true;
        api_reply_error(resp, API_BAD_DATA,
                        "%zu alerts have these labels; say more, or one's fingerprint: " STR_FMT "%s", n,
                        STR_ARG(buf_str(&names)), n > MAX_NAMED ? ", ..." : "");
        return false;
}

/* Labels as they are printed, {name="value", ...}. */
static bool set_printed(const ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, Str text, LabelsBuilder *lb)
{
        AlertMatcherVec all = { .arena = req->arena };
        Err err;
        if (!alert_matchers_parse_mode(text, alert_router_matchers(ctx->alerts), req->arena, &all, &err))
                return api_reply_bad_param(resp, "label", "%s", err.msg);
        vec_each(m, &all) {
                if (m->type != MATCH_EQ)
                        return api_reply_bad_param(resp, "label", "not a label but a condition: " STR_FMT,
                                                   STR_ARG(text));
                labels_builder_set(lb, m->name, m->value);
        }
        return true;
}

/* By fingerprint, or by labels given as name=value or {name="value", ...}. */
static bool read_labels(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, Labels *ret)
{
        bool given;
        uint64_t fingerprint;
        if (!param_fingerprint(req, resp, &given, &fingerprint))
                return false;
        if (given) {
                if (alert_router_labels_of(ctx->alerts, fingerprint, req->arena, ret))
                        return true;
                api_reply_error(resp, API_NOT_FOUND, "no alert has this fingerprint now: ask by its labels");
                return false;
        }
        Str *pairs;
        size_t n = http_request_params(req, STR("label"), &pairs);
        LabelsBuilder lb;
        labels_builder_init(&lb, req->arena, (Labels){ 0 });
        for (size_t i = 0; i < n; i++) {
                Str name, value;
                if (str_starts(pairs[i], STR("{"))) {
                        if (!set_printed(ctx, req, resp, pairs[i], &lb))
                                return false;
                        continue;
                }
                if (!str_cut(pairs[i], '=', &name, &value))
                        return api_reply_bad_param(resp, "label", "not name=value");
                labels_builder_set(&lb, name, value);
        }
        *ret = labels_builder_build(&lb, req->arena);
        if (ret->n)
                return complete_labels(ctx, req, resp, ret);
        api_reply_error(resp, API_BAD_DATA, "say which alert: fingerprint=, or label=name=value for each label");
        return false;
}

static void put_rule(JsonWriter *w, ApiContext *ctx, Labels labels, Arena *arena)
{
        RuleGroupStatus *groups = NULL;
        size_t n = 0;
        if (ctx->rules)
                rules_manager_status(ctx->rules, arena, &groups, &n);
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < groups[i].n; k++) {
                        const RuleStatus *rule = &groups[i].rules[k];
                        for (size_t a = 0; a < rule->n_alerts; a++) {
                                if (!labels_eq(rule->alerts[a].labels, labels))
                                        continue;
                                json_key(w, STR("rule"));
                                json_begin_object(w);
                                json_key_str(w, "name", rule->name);
                                json_key_str(w, "group", groups[i].name);
                                json_key_str(w, "file", groups[i].file);
                                json_key_str(w, "query", rule->query);
                                json_key_cstr(w, "state", rules_state_name(rule->alerts[a].state));
                                put_time(w, "activeAt", rule->alerts[a].active_at_ms, arena);
                                json_key_double(w, "value", rule->alerts[a].value);
                                json_end_object(w);
                                return;
                        }
                }
        }
}

static void put_route(JsonWriter *w, const AlertRouteExplained *r, Arena *arena)
{
        json_begin_object(w);
        json_key_str(w, "receiver", r->receiver);
        json_key_str(w, "route", r->route_key);
        json_key_str(w, "group", r->group_key);
        json_key_bool(w, "groupExists", r->group_exists);
        json_key_u64(w, "groupAlerts", r->n_alerts);
        json_key_double(w, "groupWait", (double)r->group_wait_ms / 1000);
        json_key_double(w, "groupInterval", (double)r->group_interval_ms / 1000);
        json_key_double(w, "repeatInterval", (double)r->repeat_interval_ms / 1000);
        put_time(w, "nextFlush", r->next_flush_ms, arena);
        put_time(w, "lastNotified", r->last_notified_ms, arena);
        json_key(w, STR("mutedBy"));
        json_begin_array(w);
        for (size_t i = 0; i < r->n_muted_by; i++)
                json_str(w, r->muted_by[i]);
        json_end_array(w);
        json_key(w, STR("integrations"));
        json_begin_array(w);
        for (size_t i = 0; r->group_exists && i < r->integrations; i++) {
                json_begin_object(w);
                json_key_bool(w, "told", r->log[i].told);
                json_key_bool(w, "toldThisFires", r->log[i].told_firing);
                put_time(w, "toldAt", r->log[i].told_ms, arena);
                put_time(w, "repeatFrom", r->log[i].repeat_ms, arena);
                json_key_str(w, "nextFlushWould", r->log[i].decision);
                json_end_object(w);
        }
        json_end_array(w);
        json_end_object(w);
}

typedef VEC(StateDbEvent) EventVec;

static int newest_first(const void *pa, const void *pb)
{
        const StateDbEvent *a = pa;
        const StateDbEvent *b = pb;
        if (a->t_ms != b->t_ms)
                return a->t_ms > b->t_ms ? -1 : 1;
        return (a->id < b->id) - (a->id > b->id);
}

/* The events of the alert and of its groups, newest first. */
static EventVec events_of(ApiContext *ctx, const AlertExplained *x, Labels labels, Arena *arena)
{
        EventVec all = { .arena = arena };
        StateDbEvent *events;
        size_t n;
        Err err;
        StateDbEventQuery query = { .subject = fingerprint_text(arena, fingerprint_of(labels)),
                                    .limit = EXPLAIN_EVENTS };
        for (size_t k = 0; ctx->statedb && k <= x->n_routes; k++) {
                bool seen = false; /* routes with the same matchers share a key */
                for (size_t i = 0; i + 1 < k; i++)
                        seen |= str_eq(x->routes[i].group_key, x->routes[k - 1].group_key);
                if (seen)
                        continue;
                if (k)
                        query.subject = x->routes[k - 1].group_key;
                if (statedb_events(ctx->statedb, &query, arena, &events, &n, &err))
                        for (size_t i = 0; i < n; i++)
                                vec_push(&all, events[i]);
        }
        if (all.len > 1)
                qsort(all.data, all.len, sizeof *all.data, newest_first);
        return all;
}

typedef struct Attempt {
        Str receiver, integration, error;
        bool ok;
} Attempt;
typedef VEC(Attempt) AttemptVec;

static bool same_integration(const Attempt *a, const Attempt *b)
{
        return str_eq(a->receiver, b->receiver) && str_eq(a->integration, b->integration);
}

/* Newest first. */
static AttemptVec attempts_since(const EventVec *events, int64_t since_ms, Arena *arena)
{
        AttemptVec all = { .arena = arena };
        for (size_t i = 0; i < events->len && events->data[i].t_ms >= since_ms; i++) {
                const StateDbEvent *e = &events->data[i];
                bool ok = str_eq(e->kind, STR("sent"));
                JsonValue *detail;
                Err err;
                if ((ok || str_eq(e->kind, STR("failed"))) && json_parse(e->detail, arena, &detail, &err))
                        vec_push(&all, (Attempt){ .receiver = json_get_str(detail, STR("receiver")),
                                                  .integration = json_get_str(detail, STR("integration")),
                                                  .error = json_get_str(detail, STR("error")),
                                                  .ok = ok });
        }
        return all;
}

/* How often it failed in a row, up to its newest attempt `at`; 0: it did not, or there is a newer one. */
static size_t failures_of(const AttemptVec *all, size_t at)
{
        const Attempt *a = &all->data[at];
        size_t n = 0;
        for (size_t i = 0; i < at; i++)
                if (same_integration(&all->data[i], a))
                        return 0;
        for (size_t i = at; i < all->len && !(all->data[i].ok && same_integration(&all->data[i], a)); i++)
                n += same_integration(&all->data[i], a);
        return n;
}

/* Integrations whose last attempt failed: "webhook[0] of ops failed 3 times, at last: ...". Empty: none. */
static Str open_failures(const EventVec *events, int64_t since_ms, Arena *arena)
{
        enum { MOST_SAID = 3, ERROR_BYTES = 300 };
        AttemptVec all = attempts_since(events, since_ms, arena);
        Buf out = { .arena = arena };
        for (size_t i = 0, said = 0; i < all.len && said < MOST_SAID; i++) {
                const Attempt *a = &all.data[i];
                size_t n = failures_of(&all, i);
                if (!n)
                        continue;
                buf_printf(&out, "%s" STR_FMT " of " STR_FMT " failed", said++ ? ", and " : "", STR_ARG(a->integration),
                           STR_ARG(a->receiver));
                if (n > 1)
                        buf_printf(&out, " %zu times, at last", n);
                buf_printf(&out, ": " STR_FMT, STR_ARG(str_sub(a->error, 0, ERROR_BYTES)));
        }
        return buf_str(&out);
}

static bool route_told(const AlertRouteExplained *r)
{
        bool told = false;
        for (size_t i = 0; r->group_exists && i < r->integrations; i++)
                told |= r->log[i].told_firing;
        return told;
}

/* What became of an alert that nothing mutes. */
static Str summary_of_told(const AlertExplained *x, Str failure, int64_t now_ms, Arena *arena)
{
        Buf told = { .arena = arena };
        Buf receivers = { .arena = arena };
        size_t n_integrations = 0;
        for (size_t i = 0; i < x->n_routes; i++) {
                const AlertRouteExplained *r = &x->routes[i];
                n_integrations += r->integrations;
                buf_printf(&receivers, "%s" STR_FMT, receivers.n ? ", " : "", STR_ARG(r->receiver));
                if (route_told(r))
                        buf_printf(&told, "%s" STR_FMT, told.n ? ", " : "", STR_ARG(r->receiver));
        }
        if (!n_integrations)
                return str_printf(arena, "nobody is told: there is no integration in receiver " STR_FMT,
                                  STR_ARG(buf_str(&receivers)));
        int64_t next_ms = x->routes[0].next_flush_ms;
        if (failure.n)
                return str_printf(arena, "%s" STR_FMT "%s" STR_FMT "; %s",
                                  told.n ? "told to " : "not told: ", STR_ARG(buf_str(&told)), told.n ? ", but " : "",
                                  STR_ARG(failure),
                                  next_ms > now_ms ? "it is tried again at the next flush" : "it is being tried again");
        if (told.n && x->alert.ack)
                return str_printf(arena, "told to " STR_FMT ", and acknowledged by " STR_FMT, STR_ARG(buf_str(&told)),
                                  STR_ARG(x->alert.ack->by));
        if (told.n)
                return str_printf(arena, "told to " STR_FMT "; it is told again when its group changes, or repeats",
                                  STR_ARG(buf_str(&told)));
        return next_ms > now_ms
                       ? str_printf(arena, "not told yet: its group flushes in %lld s",
                                    (long long)((next_ms - now_ms + 999) / 1000))
                       : STR("not told yet: it is being sent, or its receiver does not answer and is tried again");
}

/* One sentence for people. */
static Str summary_of(ApiContext *ctx, const AlertExplained *x, Str failure, int64_t now_ms, Arena *arena)
{
        if (x->n_silences)
                return str_printf(arena, "silenced by " STR_FMT " for %lld min more (" STR_FMT ", silence %s)",
                                  STR_ARG(x->silences[0].created_by),
                                  (long long)((x->silences[0].ends_at_ms - now_ms + 59999) / 60000),
                                  STR_ARG(x->silences[0].comment), x->silences[0].id);
        if (x->alert.inhibited_by) {
                Labels source;
                Buf name = { .arena = arena };
                if (alert_router_labels_of(ctx->alerts, x->alert.inhibited_by, arena, &source)) {
                        buf_char(&name, ' ');
                        labels_print(&name, source);
                }
                return str_printf(arena, "inhibited by alert " STR_FMT STR_FMT "%s" STR_FMT,
                                  STR_ARG(fingerprint_text(arena, x->alert.inhibited_by)), STR_ARG(buf_str(&name)),
                                  x->alert.inhibited_rule.n ? ", rule " : "", STR_ARG(x->alert.inhibited_rule));
        }
        bool all_muted = x->n_routes > 0;
        for (size_t i = 0; i < x->n_routes; i++)
                all_muted &= x->routes[i].n_muted_by > 0;
        if (all_muted)
                return str_printf(arena, "not told: the time interval \"" STR_FMT "\" mutes its route now",
                                  STR_ARG(x->routes[0].muted_by[0]));
        if (!x->known)
                return STR("no such alert fires; it would be routed as shown");
        return summary_of_told(x, failure, now_ms, arena);
}

void api_alertlog_explain(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Labels labels = { 0 };
        AlertExplained x;
        JsonWriter w;
        if (!read_labels(ctx, req, resp, &labels))
                return;
        alert_router_explain(ctx->alerts, labels, req->arena, &x);
        EventVec events = events_of(ctx, &x, labels, req->arena);
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key_str(&w, "fingerprint", fingerprint_text(req->arena, fingerprint_of(labels)));
        json_key(&w, STR("labels"));
        api_put_labels(&w, labels);
        Str failure = x.known ? open_failures(&events, x.alert.msg->starts_at_ms, req->arena) : (Str){ 0 };
        json_key_str(&w, "summary", summary_of(ctx, &x, failure, clock_wall_ms(ctx->clock), req->arena));
        json_key_bool(&w, "firing", x.known);
        if (x.known) {
                json_key_cstr(&w, "state", alert_state_name(x.alert.state));
                put_time(&w, "startsAt", x.alert.msg->starts_at_ms, req->arena);
                put_time(&w, "endsAt", x.alert.msg->ends_at_ms, req->arena);
        }
        put_rule(&w, ctx, labels, req->arena);
        json_key(&w, STR("silences"));
        json_begin_array(&w);
        for (size_t i = 0; i < x.n_silences; i++) {
                json_begin_object(&w);
                json_key_cstr(&w, "id", x.silences[i].id);
                json_key_str(&w, "createdBy", x.silences[i].created_by);
                json_key_str(&w, "comment", x.silences[i].comment);
                put_time(&w, "endsAt", x.silences[i].ends_at_ms, req->arena);
                json_end_object(&w);
        }
        json_end_array(&w);
        if (x.alert.inhibited_by) {
                json_key(&w, STR("inhibitedBy"));
                json_begin_object(&w);
                json_key_str(&w, "fingerprint", fingerprint_text(req->arena, x.alert.inhibited_by));
                json_key_str(&w, "rule", x.alert.inhibited_rule);
                json_end_object(&w);
        }
        if (x.alert.ack) {
                json_key(&w, STR("acknowledged"));
                put_ack(&w, x.alert.ack, req->arena);
        }
        json_key(&w, STR("routes"));
        json_begin_array(&w);
        for (size_t i = 0; i < x.n_routes; i++)
                put_route(&w, &x.routes[i], req->arena);
        json_end_array(&w);
        json_key(&w, STR("events"));
        json_begin_array(&w);
        vec_each(e, &events)
                put_event(&w, ctx, e, req->arena);
        json_end_array(&w);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
        alert_router_seen_done(&x.alert, 1);
}

/* ---- history ---- */

void api_alertlog_history(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        StateDbEventQuery query = { 0 };
        StateDbEvent *events;
        size_t n;
        uint64_t limit;
        Str before = { 0 };
        Err err;
        http_request_param(req, STR("kind"), &query.kind);
        if (!http_request_param(req, STR("fingerprint"), &query.subject))
                http_request_param(req, STR("group"), &query.subject);
        http_request_param(req, STR("before"), &before);
        if (!api_param_time(req, resp, "start", 0, &query.from_ms) ||
            !api_param_time(req, resp, "end", 0, &query.to_ms) || !api_param_limit(req, resp, "limit", &limit))
                return;
        if (before.n && !num_parse_i64(before, &query.before_id)) {
                api_reply_bad_param(resp, "before", "not the id of an event");
                return;
        }
        query.limit = limit ? MIN_OF((size_t)limit, (size_t)MOST_HISTORY_EVENTS) : HISTORY_EVENTS;
        if (!statedb_events(ctx->statedb, &query, req->arena, &events, &n, &err)) {
                api_reply_err(resp, &err);
                return;
        }
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key(&w, STR("events"));
        json_begin_array(&w);
        for (size_t i = 0; i < n; i++)
                put_event(&w, ctx, &events[i], req->arena);
        json_end_array(&w);
        if (n == query.limit)
                json_key_i64(&w, "before", events[n - 1].id); /* where the next page begins */
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

/* ---- acknowledgements ---- */

static void ack_list(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        AlertAck *acks;
        size_t n;
        JsonWriter w;
        alert_router_acks(ctx->alerts, req->arena, &acks, &n);
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key(&w, STR("acknowledgements"));
        json_begin_array(&w);
        for (size_t i = 0; i < n; i++)
                put_ack(&w, &acks[i], req->arena);
        json_end_array(&w);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_alertlog_ack(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        AlertWhich which = { 0 };
        Str by = { 0 };
        Str comment = { 0 };
        int64_t for_ms;
        size_t n = 0;
        Err err;
        if (req->method == HTTP_GET || req->method == HTTP_HEAD) {
                ack_list(ctx, req, resp);
                return;
        }
        http_request_param(req, STR("by"), &by);
        http_request_param(req, STR("comment"), &comment);
        http_request_param(req, STR("group"), &which.group);
        if (!param_filter(ctx, req, resp, &which.filter) ||
            !param_fingerprint(req, resp, &which.has_fingerprint, &which.fingerprint) ||
            !api_param_duration(req, resp, "for", 0, &for_ms))
                return;
        if (req->method == HTTP_DELETE) {
                n = alert_router_unack(ctx->alerts, &which, by);
        } else if (!alert_router_ack(ctx->alerts, &which, by, comment, for_ms ? clock_wall_ms(ctx->clock) + for_ms : 0,
                                     &n, &err)) {
                api_reply_error(resp, err.code == ERR_NOT_FOUND ? API_NOT_FOUND : API_BAD_DATA, "%s", err.msg);
                return;
        }
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key_u64(&w, "alerts", n);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

/* ---- what a silence would match ---- */

static bool read_event_labels(const StateDbEvent *e, Arena *arena, Labels *ret)
{
        JsonValue *json;
        Err err;
        if (!json_parse(e->detail, arena, &json, &err))
                return false;
        *ret = labels_from_json(arena, json_get(json, STR("labels")));
        return ret->n > 0;
}

void api_alertlog_preview(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        AlertWanted wanted = {
                .active = true, .silenced = true, .inhibited = true, .unprocessed = true, .muted = true
        };
        AlertSeen *seen;
        size_t n;
        int64_t from_ms;
        Err err;
        if (!param_filter(ctx, req, resp, &wanted.filter) ||
            !api_param_time(req, resp, "start", clock_wall_ms(ctx->clock) - 7 * DAY_MS, &from_ms))
                return;
        if (!wanted.filter.n) {
                api_reply_error(resp, API_BAD_DATA, "say what the silence would match: filter=name=\"value\"");
                return;
        }
        alert_router_seen(ctx->alerts, &wanted, req->arena, &seen, &n);
        StateDbEventQuery query = { .from_ms = from_ms, .kind = STR("started"), .limit = MOST_HISTORY_EVENTS };
        StateDbEvent *events = NULL;
        size_t n_events = 0;
        size_t since = 0;
        if (ctx->statedb && !statedb_events(ctx->statedb, &query, req->arena, &events, &n_events, &err)) {
                alert_router_seen_done(seen, n);
                api_reply_err(resp, &err);
                return;
        }
        for (size_t i = 0; i < n_events; i++) {
                Labels labels;
                since += read_event_labels(&events[i], req->arena, &labels) && matchers_match(wanted.filter, labels);
        }
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key_u64(&w, "firing", n);
        json_key_u64(&w, "startedSince", since);
        json_key_bool(&w, "startedSinceIsAtLeast", n_events == query.limit);
        json_key(&w, STR("alerts"));
        json_begin_array(&w);
        for (size_t i = 0; i < n && i < PREVIEW_ALERTS; i++)
                api_put_labels(&w, seen[i].msg->labels);
        json_end_array(&w);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
        alert_router_seen_done(seen, n);
}
