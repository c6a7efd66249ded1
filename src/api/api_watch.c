#include "api/api_watch.h"

#include "api/api_reply.h"
#include "base/duration.h"
#include "base/hash.h"
#include "base/num.h"
#include "codec/floats.h"

/* ---- targets ---- */

static void put_duration(JsonWriter *w, const char *key, int64_t ms)
{
        Buf text = { 0 };
        duration_format(&text, ms);
        json_key_str(w, key, buf_str(&text));
        buf_done(&text);
}

static void put_target(JsonWriter *w, const ScrapeTargetStatus *t, Arena *arena)
{
        static const char *const health[] = { "unknown", "up", "down" };
        json_begin_object(w);
        json_key(w, STR("discoveredLabels"));
        api_put_labels(w, t->discovered);
        json_key(w, STR("labels"));
        api_put_labels(w, t->labels);
        json_key_str(w, "scrapePool", t->pool);
        json_key_str(w, "scrapeUrl", t->url);
        json_key_str(w, "globalUrl", t->global_url.n ? t->global_url : t->url);
        json_key_str(w, "lastError", t->last_error);
        json_key_str(w, "lastScrape", api_rfc3339(arena, t->last_scrape_ms));
        json_key_double(w, "lastScrapeDuration", t->last_seconds);
        json_key_cstr(w, "health", health[t->health]);
        put_duration(w, "scrapeInterval", t->interval_ms);
        put_duration(w, "scrapeTimeout", t->timeout_ms);
        json_key_u64(w, "samples", t->samples);
        json_end_object(w);
}

static void put_dropped(JsonWriter *w, const ScrapeStatus *s, Str pool)
{
        json_begin_array(w);
        for (size_t i = 0; i < s->n_dropped; i++) {
                if (pool.n && !str_eq(s->dropped[i].pool, pool))
                        continue;
                json_begin_object(w);
                json_key(w, STR("discoveredLabels"));
                api_put_labels(w, s->dropped[i].discovered);
                json_key_str(w, "scrapePool", s->dropped[i].pool);
                json_end_object(w);
        }
        json_end_array(w);
}

void api_watch_targets(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Str state = { 0 };
        Str pool = { 0 };
        ScrapeStatus s;
        http_request_param(req, STR("state"), &state);
        http_request_param(req, STR("scrapePool"), &pool);
        bool active = !str_eq_fold(state, STR("dropped"));
        bool dropped = !str_eq_fold(state, STR("active"));
        scrape_manager_status(ctx->scrape, req->arena, &s);
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key(&w, STR("activeTargets"));
        json_begin_array(&w);
        for (size_t i = 0; active && i < s.n_active; i++)
                if (!pool.n || str_eq(s.active[i].pool, pool))
                        put_target(&w, &s.active[i], req->arena);
        json_end_array(&w);
        json_key(&w, STR("droppedTargets"));
        if (!dropped)
                s.n_dropped = 0;
        put_dropped(&w, &s, pool);
        json_key(&w, STR("droppedTargetCounts"));
        json_begin_object(&w);
        for (size_t i = 0; dropped && i < s.n_pools; i++) {
                json_key(&w, s.pools[i]);
                json_u64(&w, s.pool_dropped[i]);
        }
        json_end_object(&w);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_watch_target_metadata(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Str metric = { 0 };
        Str match = { 0 };
        Matchers matchers = { 0 };
        uint64_t limit;
        ScrapeMetadata *all;
        size_t n;
        Err err;
        if (!api_param_limit(req, resp, "limit", &limit))
                return;
        http_request_param(req, STR("metric"), &metric);
        if (http_request_param(req, STR("match_target"), &match) && match.n &&
            !ast_parse_matchers(match, req->arena, &matchers, &err)) {
                api_reply_bad_param(resp, "match_target", "%s", err.msg);
                return;
        }
        scrape_manager_metadata(ctx->scrape, metric, req->arena, &all, &n);
        JsonWriter w;
        uint64_t written = 0;
        api_reply_begin(resp, &w);
        json_begin_array(&w);
        for (size_t i = 0; i < n && !(limit && written >= limit); i++) {
                if (!matchers_match(matchers, all[i].target))
                        continue;
                written++;
                json_begin_object(&w);
                json_key(&w, STR("target"));
                api_put_labels(&w, all[i].target);
                if (!metric.n)
                        json_key_str(&w, "metric", all[i].metric);
                json_key_cstr(&w, "type", metadata_type_name(all[i].meta.type));
                json_key_str(&w, "help", all[i].meta.help);
                json_key_str(&w, "unit", all[i].meta.unit);
                json_end_object(&w);
        }
        json_end_array(&w);
        api_reply_end(&w, NULL, 0);
}

void api_watch_scrape_pools(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        ScrapeStatus s;
        scrape_manager_status(ctx->scrape, req->arena, &s);
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key(&w, STR("scrapePools"));
        json_begin_array(&w);
        for (size_t i = 0; i < s.n_pools; i++)
                json_str(&w, s.pools[i]);
        json_end_array(&w);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

/* ---- rules and alerts ---- */

static void put_alert(JsonWriter *w, const RuleAlert *a, Arena *arena)
{
        Buf value = { .arena = arena };
        floats_format_e(&value, a->value);
        json_begin_object(w);
        json_key(w, STR("labels"));
        api_put_labels(w, a->labels);
        json_key(w, STR("annotations"));
        api_put_labels(w, a->annotations);
        json_key_cstr(w, "state", rules_state_name(a->state));
        json_key_str(w, "activeAt", api_rfc3339(arena, a->active_at_ms));
        if (a->keep_firing_since_ms)
                json_key_str(w, "keepFiringSince", api_rfc3339(arena, a->keep_firing_since_ms));
        json_key_str(w, "value", buf_str(&value));
        json_end_object(w);
}

static void put_rule(JsonWriter *w, const RuleStatus *r, bool with_alerts, Arena *arena)
{
        static const char *const health[] = { "unknown", "ok", "err" };
        json_begin_object(w);
        if (r->alerting)
                json_key_cstr(w, "state", rules_state_name(r->state));
        json_key_str(w, "name", r->name);
        json_key_str(w, "query", r->query);
        if (r->alerting) {
                json_key_double(w, "duration", (double)r->for_ms / 1000);
                json_key_double(w, "keepFiringFor", (double)r->keep_firing_for_ms / 1000);
                if (r->consecutive_failures)
                        json_key_u64(w, "consecutiveFailures", r->consecutive_failures);
                if (r->recovery.n)
                        json_key_str(w, "recovery", r->recovery);
        }
        json_key(w, STR("labels"));
        api_put_labels(w, r->labels);
        if (r->alerting) {
                json_key(w, STR("annotations"));
                api_put_labels(w, r->annotations);
                json_key(w, STR("alerts"));
                if (with_alerts) {
                        json_begin_array(w);
                        for (size_t i = 0; i < r->n_alerts; i++)
                                put_alert(w, &r->alerts[i], arena);
                        json_end_array(w);
                } else
                        json_null(w);
        }
        json_key_cstr(w, "health", health[r->health]);
        if (r->last_error.n)
                json_key_str(w, "lastError", r->last_error);
        json_key_double(w, "evaluationTime", r->eval_seconds);
        json_key_str(w, "lastEvaluation", api_rfc3339(arena, r->last_eval_ms));
        json_key_cstr(w, "type", r->alerting ? "alerting" : "recording");
        json_end_object(w);
}

typedef struct RuleFilter {
        bool alerts, records, with_alerts;
        Str *names, *groups, *files;
        size_t n_names, n_groups, n_files;
        Matchers *sets;
        size_t n_sets;
        uint64_t group_limit;
        Str token;
} RuleFilter;

static bool in_list(Str s, const Str *list, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (str_eq(s, list[i]))
                        return true;
        return n == 0;
}

/* group_limit and group_next_token, in upstream's words. */
static bool read_page(const HttpRequest *req, HttpResponse *resp, RuleFilter *f)
{
        Str text = { 0 };
        int64_t limit;
        http_request_param(req, STR("group_limit"), &text);
        if (text.n && !num_parse_i64(text, &limit))
                return api_reply_bad_param(
                        resp, "group_limit",
                        "group_limit needs to be a valid number: strconv.ParseInt: parsing \"" STR_FMT
                        "\": invalid syntax",
                        STR_ARG(str_sub(text, 0, 100)));
        if (text.n && limit <= 0)
                return api_reply_bad_param(resp, "group_limit", "group_limit needs to be greater than 0");
        f->group_limit = text.n ? (uint64_t)limit : 0;
        if (f->token.n && !f->group_limit)
                return api_reply_bad_param(resp, "group_next_token",
                                           "group_limit needs to be present in order to paginate over the groups");
        return true;
}

static bool read_filter(const HttpRequest *req, HttpResponse *resp, RuleFilter *f)
{
        Str type = { 0 };
        http_request_param(req, STR("type"), &type);
        http_request_param(req, STR("group_next_token"), &f->token);
        if (type.n && !str_eq_fold(type, STR("alert")) && !str_eq_fold(type, STR("record")))
                return api_reply_bad_param(resp, "type", "not supported value \"" STR_FMT "\"", STR_ARG(type));
        f->alerts = !str_eq_fold(type, STR("record"));
        f->records = !str_eq_fold(type, STR("alert"));
        bool without;
        if (!api_param_bool(req, resp, "exclude_alerts", "error converting exclude_alerts: ", &without))
                return false;
        f->with_alerts = !without;
        f->n_names = http_request_params(req, STR("rule_name[]"), &f->names);
        f->n_groups = http_request_params(req, STR("rule_group[]"), &f->groups);
        f->n_files = http_request_params(req, STR("file[]"), &f->files);
        if (!api_param_matchers(req, resp, API_BAD_MATCH, &f->sets, &f->n_sets))
                return false;
        return read_page(req, resp, f);
}

static bool rule_passes(const RuleFilter *f, const RuleStatus *r)
{
        if (!(r->alerting ? f->alerts : f->records) || !in_list(r->name, f->names, f->n_names))
                return false;
        for (size_t i = 0; i < f->n_sets; i++)
                if (matchers_match(f->sets[i], r->labels))
                        return true;
        return f->n_sets == 0;
}

static Str group_token(const RuleGroupStatus *g, Arena *arena)
{
        return str_printf(arena, "%016llx",
                          (unsigned long long)hash_fnv1a(
                                  str_printf(arena, STR_FMT ";" STR_FMT, STR_ARG(g->file), STR_ARG(g->name))));
}

static void put_group(JsonWriter *w, const RuleGroupStatus *g, const RuleFilter *f, Arena *arena)
{
        json_begin_object(w);
        json_key_str(w, "name", g->name);
        json_key_str(w, "file", g->file);
        json_key(w, STR("rules"));
        json_begin_array(w);
        for (size_t i = 0; i < g->n; i++)
                if (rule_passes(f, &g->rules[i]))
                        put_rule(w, &g->rules[i], f->with_alerts, arena);
        json_end_array(w);
        json_key_double(w, "interval", (double)g->interval_ms / 1000);
        json_key_u64(w, "limit", g->limit);
        json_key_double(w, "evaluationTime", g->eval_seconds);
        json_key_str(w, "lastEvaluation", api_rfc3339(arena, g->last_eval_ms));
        json_end_object(w);
}

static bool group_passes(const RuleGroupStatus *g, const RuleFilter *f)
{
        if (!in_list(g->name, f->groups, f->n_groups) || !in_list(g->file, f->files, f->n_files))
                return false;
        for (size_t i = 0; i < g->n; i++)
                if (rule_passes(f, &g->rules[i]))
                        return true;
        return false; /* nothing of it is left to show */
}

/* Where the page starts: behind everything before the group that the token names. False: no group has it. */
static bool page_start(const RuleGroupStatus *groups, size_t n, Str token, Arena *arena, size_t *ret)
{
        *ret = 0;
        for (; token.n && *ret < n; (*ret)++)
                if (str_eq(group_token(&groups[*ret], arena), token))
                        return true;
        return token.n == 0;
}

void api_watch_rules(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        RuleFilter filter = { 0 };
        RuleGroupStatus *groups;
        size_t n;
        size_t i;
        if (!read_filter(req, resp, &filter))
                return;
        rules_manager_status(ctx->rules, req->arena, &groups, &n);
        if (!page_start(groups, n, filter.token, req->arena, &i)) {
                api_reply_bad_param(resp, "group_next_token",
                                    "invalid group_next_token '" STR_FMT "'. were rule groups changed?",
                                    STR_ARG(str_sub(filter.token, 0, 100)));
                return;
        }
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key(&w, STR("groups"));
        json_begin_array(&w);
        uint64_t written = 0;
        Str next = { 0 };
        for (; i < n && !next.n; i++) {
                if (!group_passes(&groups[i], &filter))
                        continue;
                if (filter.group_limit && written++ == filter.group_limit)
                        next = group_token(&groups[i], req->arena);
                else
                        put_group(&w, &groups[i], &filter, req->arena);
        }
        json_end_array(&w);
        if (next.n)
                json_key_str(&w, "groupNextToken", next);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_watch_alerts(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        RuleGroupStatus *groups;
        size_t n;
        rules_manager_status(ctx->rules, req->arena, &groups, &n);
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key(&w, STR("alerts"));
        json_begin_array(&w);
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < groups[i].n; k++)
                        for (size_t a = 0; a < groups[i].rules[k].n_alerts; a++)
                                put_alert(&w, &groups[i].rules[k].alerts[a], req->arena);
        json_end_array(&w);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_watch_alertmanagers(void *self, const HttpRequest *req, HttpResponse *resp)
{
        const ApiContext *ctx = self;
        Str *urls = NULL;
        size_t n = 0;
        if (ctx->forward)
                rules_forward_urls(ctx->forward, req->arena, &urls, &n);
        JsonWriter w;
        api_reply_begin(resp, &w);
        json_begin_object(&w);
        json_key(&w, STR("activeAlertmanagers"));
        json_begin_array(&w);
        for (size_t i = 0; i < n; i++) {
                json_begin_object(&w);
                json_key_str(&w, "url", urls[i]);
                json_end_object(&w);
        }
        json_end_array(&w);
        json_key(&w, STR("droppedAlertmanagers"));
        json_begin_array(&w);
        json_end_array(&w);
        json_end_object(&w);
        api_reply_end(&w, NULL, 0);
}

void api_watch_alert_groups(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        AlertGroupStatus *groups;
        size_t n;
        JsonWriter w;
        alert_router_groups(ctx->alerts, req->arena, &groups, &n);
        api_reply_begin(resp, &w);
        json_begin_array(&w);
        for (size_t i = 0; i < n; i++) {
                json_begin_object(&w);
                json_key_str(&w, "receiver", groups[i].receiver);
                json_key_str(&w, "key", groups[i].key);
                json_key(&w, STR("labels"));
                api_put_labels(&w, groups[i].labels);
                json_key_str(&w, "lastNotified", api_rfc3339(req->arena, groups[i].last_notified_ms));
                json_key_str(&w, "nextFlush", api_rfc3339(req->arena, groups[i].next_flush_ms));
                json_key(&w, STR("alerts"));
                json_begin_array(&w);
                for (size_t k = 0; k < groups[i].n; k++) {
                        const AlertMsg *a = &groups[i].alerts[k];
                        json_begin_object(&w);
                        json_key(&w, STR("labels"));
                        api_put_labels(&w, a->labels);
                        json_key(&w, STR("annotations"));
                        api_put_labels(&w, a->annotations);
                        json_key_str(&w, "startsAt", api_rfc3339(req->arena, a->starts_at_ms));
                        json_key_str(&w, "endsAt", api_rfc3339(req->arena, a->ends_at_ms));
                        json_key_str(&w, "generatorURL", a->generator_url);
                        json_end_object(&w);
                }
                json_end_array(&w);
                json_end_object(&w);
        }
        json_end_array(&w);
        api_reply_end(&w, NULL, 0);
}
