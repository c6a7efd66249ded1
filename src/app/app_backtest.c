/* The backtest with its people: rules on the engine, their alerts through a router of its own on a virtual clock.
 *
 * Invariants:
 * 1. Nothing is written and nobody is told: the router has no database, its sender only counts.
 * 2. The configuration in force is held while it is copied, not while the rules run: a reload never waits for a backtest. */
#include "app/app_backtest.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/rfc3339.h"
#include "codec/floats.h"

enum { MOST_NOTIFICATIONS_SHOWN = 10000, MAX_RULE_BYTES = 16 << 20, MOST_SETTINGS = 100 };

typedef struct Told {
        int64_t t_ms;
        Str receiver, key, reason;
        size_t alerts;
        bool resolved;
} Told;

typedef struct Backtest {
        const AppBacktestBase *base;
        Arena *arena;
        ManualClock clock;
        AlertRouter *router; /* NULL: no configuration */
        int64_t start_ms, next_tick_ms;
        VEC(Told) told;
        size_t n_told, n_pages;
        Labels external_labels;
        int64_t default_interval_ms, default_query_offset_ms;
} Backtest;

/* ---- the router's world */

static size_t integrations(void *self, Str receiver)
{
        const AlertSender *real = &((const Backtest *)self)->base->sender;
        return real->integrations ? real->integrations(real->self, receiver) : 1;
}

static bool send_resolved(void *self, Str receiver, size_t integration)
{
        const AlertSender *real = &((const Backtest *)self)->base->sender;
        return !real->integrations || real->send_resolved(real->self, receiver, integration);
}

static void count(void *self, const Notification *n, void (*done)(void *arg, const DeliveryResult *result), void *arg)
{
        Backtest *b = self;
        int64_t now_ms = clock_wall_ms(&b->clock.clock);
        if (now_ms >= b->start_ms) {
                b->n_told++;
                b->n_pages += !n->resolved;
                if (b->told.len < MOST_NOTIFICATIONS_SHOWN)
                        vec_push(&b->told,
                                 (Told){ now_ms, str_dup(b->arena, n->receiver), str_dup(b->arena, n->group_key),
                                         str_dup(b->arena, n->reason), n->n_alerts, n->resolved });
        }
        done(arg, &(DeliveryResult){ .ok = true, .attempts = 1 });
}

static void wake(void *ctx)
{
        Backtest *b = ctx;
        b->next_tick_ms = clock_wall_ms(&b->clock.clock);
}

static void advance(Backtest *b, int64_t to_ms)
{
        int64_t now_ms = clock_wall_ms(&b->clock.clock);
        while (b->next_tick_ms <= to_ms) {
                if (b->next_tick_ms > now_ms)
                        clock_manual_advance_ms(&b->clock, b->next_tick_ms - now_ms);
                now_ms = clock_wall_ms(&b->clock.clock);
                b->next_tick_ms = INT64_MAX; /* a wake during the tick makes it earlier */
                int64_t wait_ms = MAX_OF(alert_router_tick(b->router), (int64_t)1);
                b->next_tick_ms = MAX_OF(MIN_OF(b->next_tick_ms, now_ms + wait_ms), now_ms + 1);
        }
        if (to_ms > now_ms)
                clock_manual_advance_ms(&b->clock, to_ms - now_ms);
}

static void put(void *self, const AlertMsg *alerts, size_t n)
{
        Backtest *b = self;
        advance(b, alerts[0].updated_at_ms);
        alert_router_put(b->router, alerts, n);
}

static bool take_config(Backtest *b, int64_t first_ms, Err *err)
{
        const AppBacktestBase *base = b->base;
        const AppConfig *c = base->acquire ? base->acquire(base->ctx) : NULL;
        bool ok = true;
        if (!c)
                return true;
        b->external_labels = labels_dup(b->arena, c->global.external_labels);
        b->default_interval_ms = c->global.evaluation_interval_ms;
        b->default_query_offset_ms = c->global.rule_query_offset_ms;
        if (c->alert.root) {
                clock_manual_init(&b->clock, first_ms);
                b->next_tick_ms = first_ms;
                b->router = alert_router_new(&(AlertRouterOptions){
                        .clock = &b->clock.clock,
                        .external_url = base->external_url,
                        .sender = { integrations, send_resolved, count, b },
                        .wake = wake,
                        .wake_ctx = b,
                });
                ok = alert_router_apply(b->router, &c->alert, err);
        }
        base->release(base->ctx);
        return ok;
}

/* A group that runs here has its phase from its file's path: the uploaded one takes the path of its namesake. */
static void take_paths(const Backtest *b, RuleFile *files, size_t n)
{
        RuleGroupStatus *live;
        size_t n_live;
        if (!b->base->rules)
                return;
        rules_manager_status(b->base->rules, b->arena, &live, &n_live);
        for (size_t f = 0; f < n; f++)
                for (size_t g = 0; g < files[f].n; g++)
                        for (size_t i = 0; i < n_live; i++)
                                if (str_eq(live[i].name, files[f].groups[g].name))
                                        files[f].groups[g].file = live[i].file;
}

/* ---- what is told */

static void put_time(JsonWriter *w, const char *key, int64_t t_ms, Arena *arena)
{
        Buf text = { .arena = arena };
        if (t_ms == 0) {
                json_key(w, str_of(key));
                json_null(w);
                return;
        }
        rfc3339_format(&text, t_ms);
        json_key_str(w, key, buf_str(&text));
}

static void put_labels(JsonWriter *w, Labels labels)
{
        json_key(w, STR("labels"));
        json_begin_object(w);
        for (size_t i = 0; i < labels.n; i++) {
                json_key(w, labels.data[i].name);
                json_str(w, labels.data[i].value);
        }
        json_end_object(w);
}

static void put_rule(JsonWriter *w, const RulesBacktestRule *r, int64_t start_ms, int64_t end_ms, Arena *arena)
{
        int64_t firing_ms = 0;
        json_begin_object(w);
        json_key_str(w, "group", r->group);
        json_key_str(w, "file", r->file);
        json_key_str(w, "name", r->name);
        json_key_cstr(w, "type", r->alerting ? "alerting" : "recording");
        json_key_str(w, "query", r->expr);
        json_key_u64(w, "evaluations", r->evaluations);
        json_key_u64(w, "failures", r->failures);
        if (r->last_error.n)
                json_key_str(w, "lastError", r->last_error);
        for (size_t i = 0; i < r->n; i++)
                firing_ms += (r->firings[i].resolved_at_ms ? r->firings[i].resolved_at_ms : end_ms) -
                             MAX_OF(r->firings[i].fired_at_ms, start_ms);
        if (r->alerting) {
                json_key_u64(w, "fired", r->n);
                json_key_double(w, "firingSeconds", (double)firing_ms / 1000);
                json_key(w, STR("firings"));
                json_begin_array(w);
                for (size_t i = 0; i < r->n; i++) {
                        const RulesFiring *f = &r->firings[i];
                        Buf value = { .arena = arena };
                        floats_format_f(&value, f->value);
                        json_begin_object(w);
                        put_labels(w, f->labels);
                        put_time(w, "activeAt", f->active_at_ms, arena);
                        put_time(w, "firedAt", f->fired_at_ms, arena);
                        put_time(w, "resolvedAt", f->resolved_at_ms, arena);
                        json_key_str(w, "value", buf_str(&value));
                        json_end_object(w);
                }
                json_end_array(w);
        }
        json_end_object(w);
}

static void put_receivers(JsonWriter *w, const Backtest *b)
{
        VEC(Str) names = { .arena = b->arena };
        json_key(w, STR("receivers"));
        json_begin_array(w);
        for (size_t i = 0; i < b->told.len; i++) {
                size_t pages = 0;
                size_t all = 0;
                bool again = false;
                vec_each(name, &names)
                        again |= str_eq(*name, b->told.data[i].receiver);
                if (again)
                        continue;
                vec_push(&names, b->told.data[i].receiver);
                for (size_t k = i; k < b->told.len; k++) {
                        if (!str_eq(b->told.data[k].receiver, b->told.data[i].receiver))
                                continue;
                        all++;
                        pages += !b->told.data[k].resolved;
                }
                json_begin_object(w);
                json_key_str(w, "receiver", b->told.data[i].receiver);
                json_key_u64(w, "notifications", all);
                json_key_u64(w, "pages", pages);
                json_end_object(w);
        }
        json_end_array(w);
}

static void put_notifications(JsonWriter *w, const Backtest *b)
{
        json_key(w, STR("notifications"));
        if (!b->router) {
                json_null(w);
                return;
        }
        json_begin_object(w);
        json_key_u64(w, "total", b->n_told);
        json_key_u64(w, "pages", b->n_pages);
        json_key_bool(w, "truncated", b->n_told > b->told.len);
        put_receivers(w, b);
        json_key(w, STR("list"));
        json_begin_array(w);
        for (size_t i = 0; i < b->told.len; i++) {
                const Told *t = &b->told.data[i];
                json_begin_object(w);
                put_time(w, "time", t->t_ms, b->arena);
                json_key_str(w, "receiver", t->receiver);
                json_key_str(w, "groupKey", t->key);
                json_key_cstr(w, "status", t->resolved ? "resolved" : "firing");
                json_key_u64(w, "alerts", t->alerts);
                if (t->reason.n)
                        json_key_str(w, "reason", t->reason);
                json_end_object(w);
        }
        json_end_array(w);
        json_end_object(w);
}

static void put_result(const Backtest *b, const RulesBacktest *r, int64_t end_ms, Buf *out)
{
        JsonWriter w;
        json_writer_init(&w, out);
        json_begin_object(&w);
        put_time(&w, "start", b->start_ms, b->arena);
        put_time(&w, "end", end_ms, b->arena);
        json_key_bool(&w, "stepwise", r->stepwise);
        json_key(&w, STR("rules"));
        json_begin_array(&w);
        for (size_t i = 0; i < r->n; i++)
                put_rule(&w, &r->rules[i], b->start_ms, end_ms, b->arena);
        json_end_array(&w);
        put_notifications(&w, b);
        json_end_object(&w);
}

/* The earliest that the rules may be evaluated: see rules_backtest. */
enum { WARM_UP_MS = 25 * 3600 * 1000 };

bool app_backtest_json(const AppBacktestBase *base, RuleFile *files, size_t n, int64_t start_ms, int64_t end_ms,
                       const Cancel *cancel, Buf *out, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Backtest b = { .base = base, .arena = arena, .told.arena = arena, .start_ms = start_ms };
        RulesBacktest result;
        bool ok = take_config(&b, start_ms - WARM_UP_MS, err);
        take_paths(&b, files, n);
        RulesBacktestOptions options = { .engine = base->engine,
                                         .store = base->store,
                                         .start_ms = start_ms,
                                         .end_ms = end_ms,
                                         .external_labels = b.external_labels,
                                         .external_url = base->external_url,
                                         .default_interval_ms = b.default_interval_ms,
                                         .default_query_offset_ms = b.default_query_offset_ms,
                                         .resend_delay_ms = base->resend_delay_ms,
                                         .cancel = cancel };
        if (b.router)
                options.sink = (AlertSink){ put, &b };
        ok = ok && rules_backtest(&options, files, n, arena, &result, err);
        if (ok && b.router)
                advance(&b, end_ms);
        if (ok)
                put_result(&b, &result, end_ms, out);
        if (b.router)
                alert_router_free(b.router);
        return ok;
}

/* ---- the handler */

static void refuse(HttpResponse *resp, int status, const char *type, Str message)
{
        JsonWriter w;
        resp->status = status;
        resp->content_type = "application/json";
        json_writer_init(&w, &resp->body);
        json_begin_object(&w);
        json_key_cstr(&w, "status", "error");
        json_key_cstr(&w, "errorType", type);
        json_key_str(&w, "error", message);
        json_end_object(&w);
}

bool app_backtest_parse_time(Str text, int64_t *ret_ms)
{
        double seconds;
        if (rfc3339_parse(text, ret_ms))
                return true;
        if (!floats_parse(text, &seconds) || !(seconds > -1e11 && seconds < 1e11))
                return false;
        *ret_ms = (int64_t)(seconds * 1000);
        return true;
}

static bool read_times(const Clock *clock, const HttpRequest *req, int64_t *start_ms, int64_t *end_ms,
                       const char **ret_wrong)
{
        Str text;
        int64_t since_ms = 24 * INT64_C(3600) * 1000;
        *end_ms = clock_wall_ms(clock ? clock : clock_system());
        *ret_wrong = "end";
        if (http_request_param(req, STR("end"), &text) && text.n && !app_backtest_parse_time(text, end_ms))
                return false;
        *ret_wrong = "since";
        if (http_request_param(req, STR("since"), &text) && text.n && !duration_parse(text, &since_ms))
                return false;
        *start_ms = *end_ms - since_ms;
        *ret_wrong = "start";
        return !http_request_param(req, STR("start"), &text) || !text.n || app_backtest_parse_time(text, start_ms);
}

static bool pick(const AppBacktestBase *base, const HttpRequest *req, Str path, Str rule, RuleFile *ret)
{
        const PromqlFeatures *features = &promql_engine_options(base->engine)->features;
        Str group = { 0 };
        http_request_param(req, STR("group"), &group);
        const AppConfig *c = base->acquire ? base->acquire(base->ctx) : NULL;
        bool found = c && rules_pick(c->rule_files, c->n_rule_files, path, group, rule, features, req->arena, ret);
        if (c)
                base->release(base->ctx);
        return found;
}

/* The body's, or with `rule` those of that name which are in force. Answers itself where there are none. */
static bool read_rules(const AppBacktestBase *base, const HttpRequest *req, HttpResponse *resp, RuleFile *ret)
{
        RulesDialect dialect = { .features = promql_engine_options(base->engine)->features };
        Str path = STR("backtest.yml");
        Str rule;
        Diags diags;
        diags_init(&diags, req->arena);
        http_request_param(req, STR("file"), &path);
        if (http_request_param(req, STR("rule"), &rule) && rule.n) {
                if (req->body.n)
                        refuse(resp, 400, "bad_data",
                               STR("the body has rules, and \"rule\" names one that is in force: leave one of them out"));
                else if (!pick(base, req, path, rule, ret))
                        refuse(resp, 404, "not_found",
                               str_printf(req->arena,
                                          "no rule \"" STR_FMT "\" is in force in this \"group\" and \"file\"",
                                          STR_ARG(rule)));
                else
                        return true;
                return false;
        }
        if (rules_parse(req->body, path, &dialect, req->arena, &diags, ret))
                return true;
        Buf text = { .arena = req->arena };
        diags_print(&text, &diags);
        refuse(resp, 400, "bad_data", str_trim(buf_str(&text)));
        return false;
}

void app_backtest_handle(void *self, const HttpRequest *req, HttpResponse *resp)
{
        const AppBacktestBase *base = self;
        Str *settings;
        RuleFile file;
        Err err;
        int64_t start_ms, end_ms;
        const char *wrong;
        size_t n;
        if (!read_times(base->clock, req, &start_ms, &end_ms, &wrong)) {
                refuse(resp, 400, "bad_data", str_printf(req->arena, "invalid parameter \"%s\"", wrong));
                return;
        }
        if (!read_rules(base, req, resp, &file))
                return;
        size_t n_settings = http_request_params(req, STR("set"), &settings);
        bool ok = n_settings <= MOST_SETTINGS || err_set(&err, ERR_LIMIT, "more than %d times set", (int)MOST_SETTINGS);
        for (size_t i = 0; ok && i < n_settings; i++)
                ok = rules_override(&file, 1, settings[i], &promql_engine_options(base->engine)->features, req->arena,
                                    &n, &err);
        if (!ok) {
                refuse(resp, 400, "bad_data", str_of(err.msg));
                return;
        }
        Buf json = { .arena = req->arena };
        if (!app_backtest_json(base, &file, 1, start_ms, end_ms, req->cancel, &json, &err)) {
                bool limit = err.code == ERR_LIMIT;
                refuse(resp,
                       limit                     ? 422
                       : err.code == ERR_INVALID ? 400
                                                 : 503,
                       limit ? "execution" : "unavailable", str_of(err.msg));
                return;
        }
        resp->content_type = "application/json";
        buf_lit(&resp->body, "{\"status\":\"success\",\"data\":");
        buf_str_add(&resp->body, buf_str(&json));
        buf_char(&resp->body, '}');
}
