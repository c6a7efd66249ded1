/* Alerts of API v2: posting them, and reading them alone and in groups.
 *
 * Invariant: of a posted list, the valid alerts are stored whatever the others are. */
#include "api/api_am.h"
#include "api/api_am_decode.h"
#include "base/metric.h"
#include "base/rfc3339.h"
#include "codec/urlsyntax.h"
#include "model/quote.h"
#include "model/regex.h"

enum { FLUSH_BYTES = 256 << 10 };

METRIC_FAMILY(invalid, METRIC_KIND_COUNTER, "alertmanager_alerts_invalid_total", "Alerts that were refused.",
              "version");

/* ---- posting ---- */

/* A path, or a scheme and something behind it; all as net/url takes it. */
static bool is_uri(Str s)
{
        UrlSyntax parts;
        Err err;
        if (!urlsyntax_parse(s, &parts, &err))
                return false;
        if (s.n && s.p[0] == '/')
                return true;
        size_t i = 0;
        while (i < s.n && ((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
                           (i && ((s.p[i] >= '0' && s.p[i] <= '9') || str_find_char(STR("+-."), s.p[i]) != SIZE_MAX))))
                i++;
        return i > 0 && i + 1 < s.n && s.p[i] == ':';
}

/* What the schema asks for. */
static bool check_schema(const JsonValue *a, size_t i, HttpResponse *resp)
{
        Str url = json_get_str(a, STR("generatorURL"));
        if (url.n && !is_uri(url)) {
                api_am_invalid(resp, 601, "%zu.generatorURL in body must be of type uri: \"" STR_FMT "\"", i,
                               STR_ARG(str_sub(url, 0, 1000)));
                return false;
        }
        const JsonValue *labels = json_get(a, STR("labels"));
        if (!labels || labels->kind == JSON_NULL) {
                api_am_invalid(resp, 602, "%zu.labels in body is required", i);
                return false;
        }
        return true;
}

/* Empty values are no labels. False: *why says what is wrong with the set. */
static bool read_set(const JsonValue *set, AlertMatcherMode mode, bool keep_empty, Arena *arena, Labels *ret, Buf *why)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; set && set->kind == JSON_OBJECT && i < set->n; i++) {
                Str name = set->members[i].key;
                Str value = set->members[i].value.str;
                if (!keep_empty && !value.n)
                        continue;
                if (!alert_matchers_is_name(name, mode)) {
                        buf_lit(why, "invalid name ");
                        quote_go(why, str_sub(name, 0, 1000));
                        return false;
                }
                labels_builder_put(&lb, name, value);
        }
        *ret = labels_builder_build(&lb, arena);
        return true;
}

/* What the router says of its configuration. */
typedef struct Reading {
        AlertCompat compat;
        AlertMatcherMode matchers;
        int64_t now_ms;
} Reading;

static bool read_alert(const JsonValue *a, const Reading *how, Arena *arena, AlertMsg *ret, Buf *why)
{
        *ret = (AlertMsg){ .generator_url = json_get_str(a, STR("generatorURL")) };
        api_am_time(a, "startsAt", how->compat, &ret->starts_at_ms);
        api_am_time(a, "endsAt", how->compat, &ret->ends_at_ms);
        int64_t starts_ms = ret->starts_at_ms ? ret->starts_at_ms : ret->ends_at_ms ? ret->ends_at_ms : how->now_ms;
        size_t mark = why->n;
        if (mark)
                buf_lit(why, "; ");
        if (ret->ends_at_ms && ret->ends_at_ms < starts_ms) {
                buf_lit(why, "start time must be before end time");
                return false;
        }
        size_t before = why->n;
        buf_lit(why, "invalid label set: ");
        if (!read_set(json_get(a, STR("labels")), how->matchers, false, arena, &ret->labels, why))
                return false;
        why->n = before;
        if (!ret->labels.n) {
                buf_lit(why, "at least one label pair required");
                return false;
        }
        buf_lit(why, "invalid annotations: ");
        if (!read_set(json_get(a, STR("annotations")), how->matchers, true, arena, &ret->annotations, why))
                return false;
        why->n = mark;
        return true;
}

void api_am_alerts_post(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        JsonValue *body;
        AlertCompat compat = alert_router_compat(ctx->alerts);
        bool old = compat == ALERT_COMPAT_AM_0_25;
        if (!api_am_body(req, resp, "alerts", old, &body))
                return;
        if (body->kind != JSON_ARRAY && body->kind != JSON_NULL) {
                api_am_invalid(resp, 400,
                               "parsing alerts body from \"\" failed, because json: cannot unmarshal %s into Go value "
                               "of type models.PostableAlerts",
                               api_am_decode_kind(body));
                return;
        }
        size_t n = body->kind == JSON_ARRAY ? body->n : 0;
        Buf why = { .arena = req->arena };
        JsonValue *items = arena_array(req->arena, JsonValue, n);
        for (size_t i = 0; i < n; i++) {
                items[i] = body->items[i];
                if (api_am_decode_alert(&items[i], old, &why))
                        continue;
                api_am_invalid(resp, 400, "parsing alerts body from \"\" failed, because " STR_FMT,
                               STR_ARG(buf_str(&why)));
                return;
        }
        for (size_t i = 0; i < n; i++)
                if (!check_schema(&items[i], i, resp))
                        return;
        AlertMsg *alerts = arena_array(req->arena, AlertMsg, n);
        size_t n_valid = 0;
        Reading how = { compat, alert_router_matchers(ctx->alerts), clock_wall_ms(ctx->clock) };
        for (size_t i = 0; i < n; i++)
                n_valid += read_alert(&items[i], &how, req->arena, &alerts[n_valid], &why);
        alert_router_put_then(ctx->alerts, alerts, n_valid, api_am_when_durable(resp));
        metric_add(metric_of(&invalid, STR("v2")), n - n_valid);
        if (why.n)
                api_am_error(resp, 400, STR_FMT, STR_ARG(str_sub(buf_str(&why), 0, 4000)));
}

/* ---- reading ---- */

static void put_names(JsonWriter *w, const char *key, const Str *names, size_t n)
{
        json_key(w, str_of(key));
        json_begin_array(w);
        for (size_t i = 0; i < n; i++)
                json_str(w, names[i]);
        json_end_array(w);
}

enum { FINGERPRINT_DIGITS = 16 };

static Str fingerprint_text(uint64_t fingerprint, char space[FINGERPRINT_DIGITS])
{
        for (int i = FINGERPRINT_DIGITS - 1; i >= 0; i--, fingerprint >>= 4)
                space[i] = "0123456789abcdef"[fingerprint & 15];
        return str_n(space, FINGERPRINT_DIGITS);
}

/* Members in upstream's order. */
static void put_alert(JsonWriter *w, const AlertSeen *a, const Str *muted_by, size_t n_muted_by, AlertCompat compat)
{
        char space[FINGERPRINT_DIGITS];
        json_begin_object(w);
        labels_put_json(w, "annotations", a->msg->annotations);
        api_am_put_time(w, "endsAt", a->msg->ends_at_ms);
        json_key_str(w, "fingerprint", fingerprint_text(a->fingerprint, space));
        json_key(w, STR("receivers"));
        json_begin_array(w);
        for (size_t i = 0; i < a->n_receivers; i++) {
                json_begin_object(w);
                json_key_str(w, "name", a->receivers[i]);
                json_end_object(w);
        }
        json_end_array(w);
        api_am_put_time(w, "startsAt", a->msg->starts_at_ms);
        json_key(w, STR("status"));
        json_begin_object(w);
        Str source = fingerprint_text(a->inhibited_by, space);
        put_names(w, "inhibitedBy", &source, a->inhibited_by != 0);
        if (compat != ALERT_COMPAT_AM_0_25)
                put_names(w, "mutedBy", muted_by, n_muted_by);
        put_names(w, "silencedBy", a->silenced_by, a->n_silenced_by);
        json_key_cstr(w, "state", alert_state_name(n_muted_by ? ALERT_SUPPRESSED : a->state));
        json_end_object(w);
        api_am_put_time(w, "updatedAt", a->msg->updated_at_ms);
        if (a->msg->generator_url.n)
                json_key_str(w, "generatorURL", a->msg->generator_url);
        labels_put_json(w, "labels", a->msg->labels);
        json_end_object(w);
}

static void free_regex(void *re) { regex_free(re); }

static bool read_wanted(const ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, AlertWanted *ret)
{
        Str receiver;
        AlertMatcherMode mode = alert_router_matchers(ctx->alerts);
        bool old = alert_router_compat(ctx->alerts) == ALERT_COMPAT_AM_0_25;
        *ret = (AlertWanted){ .active = api_am_flag(req, "active"),
                              .silenced = api_am_flag(req, "silenced"),
                              .inhibited = api_am_flag(req, "inhibited"),
                              .unprocessed = api_am_flag(req, "unprocessed"),
                              .muted = old || api_am_flag(req, "muted") };
        if (!api_am_filter(req, resp, mode, "filter", &ret->filter) ||
            (!old && !api_am_filter(req, resp, mode, "receiver_matchers", &ret->receiver_matchers)))
                return false;
        if (!http_request_param(req, STR("receiver"), &receiver) || !receiver.n)
                return true;
        Regex *re;
        Err err;
        Str anchored = str_printf(req->arena, "^(?:" STR_FMT ")$", STR_ARG(receiver));
        if (!regex_compile(anchored, REGEX_SEARCH, &re, &err)) {
                api_am_error(resp, 400, "failed to parse receiver param: %s", err.msg);
                return false;
        }
        arena_defer(req->arena, free_regex, re);
        ret->receiver = re;
        return true;
}

static void begin_json(HttpResponse *resp, JsonWriter *w)
{
        resp->content_type = "application/json";
        json_writer_init(w, &resp->body);
}

/* Large answers go out in parts. False: the client is gone. */
static bool flush_some(HttpResponse *resp) { return resp->body.n < FLUSH_BYTES || http_response_flush(resp); }

/* An answer that is written as the router shows one thing after the other. */
typedef struct Answer {
        HttpResponse *resp;
        JsonWriter w;
        AlertCompat compat;
        Arena *arena;
} Answer;

static bool answer_alert(void *arg, const AlertSeen *seen)
{
        Answer *a = arg;
        put_alert(&a->w, seen, NULL, 0, a->compat);
        return flush_some(a->resp);
}

static bool answer_group(void *arg, const AlertGroupSeen *g)
{
        Answer *a = arg;
        bool more = true;
        json_begin_object(&a->w);
        json_key(&a->w, STR("alerts"));
        json_begin_array(&a->w);
        for (size_t i = 0; i < g->n && more; i++) {
                put_alert(&a->w, &g->alerts[i], g->muted_by, g->n_muted_by, a->compat);
                more = flush_some(a->resp);
        }
        json_end_array(&a->w);
        labels_put_json(&a->w, "labels", g->labels);
        json_key(&a->w, STR("receiver"));
        json_begin_object(&a->w);
        json_key_str(&a->w, "name", g->receiver);
        json_end_object(&a->w);
        json_end_object(&a->w);
        return more;
}

static void answer_list(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, bool groups)
{
        Answer a = { .resp = resp, .compat = alert_router_compat(ctx->alerts) };
        AlertWanted wanted;
        if (!read_wanted(ctx, req, resp, &wanted))
                return;
        begin_json(resp, &a.w);
        json_begin_array(&a.w);
        if (groups)
                alert_router_groups_each(ctx->alerts, &wanted, answer_group, &a);
        else
                alert_router_seen_each(ctx->alerts, &wanted, answer_alert, &a);
        json_end_array(&a.w);
        buf_char(&resp->body, '\n');
}

void api_am_alerts_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        answer_list(ctx, req, resp, false);
}

void api_am_groups_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        answer_list(ctx, req, resp, true);
}

/* ---- API v1, which 0.25 still had ---- */

static void put_null(JsonWriter *w, const char *key)
{
        json_key(w, str_of(key));
        json_null(w);
}

static void put_v1_alert(JsonWriter *w, const AlertSeen *a, Arena *arena)
{
        char space[FINGERPRINT_DIGITS];
        Buf starts = { .arena = arena };
        Buf ends = { .arena = arena };
        rfc3339_format(&starts, a->msg->starts_at_ms);
        rfc3339_format(&ends, a->msg->ends_at_ms);
        json_begin_object(w);
        labels_put_json(w, "labels", a->msg->labels);
        labels_put_json(w, "annotations", a->msg->annotations);
        json_key_str(w, "startsAt", buf_str(&starts));
        json_key_str(w, "endsAt", buf_str(&ends));
        json_key_str(w, "generatorURL", a->msg->generator_url);
        json_key(w, STR("status"));
        json_begin_object(w);
        json_key_cstr(w, "state", alert_state_name(a->state));
        Str source = fingerprint_text(a->inhibited_by, space);
        if (a->n_silenced_by)
                put_names(w, "silencedBy", a->silenced_by, a->n_silenced_by);
        else
                put_null(w, "silencedBy");
        if (a->inhibited_by)
                put_names(w, "inhibitedBy", &source, 1);
        else
                put_null(w, "inhibitedBy");
        json_end_object(w);
        put_names(w, "receivers", a->receivers, a->n_receivers);
        json_key_str(w, "fingerprint", fingerprint_text(a->fingerprint, space));
        json_end_object(w);
}

static bool answer_v1_alert(void *arg, const AlertSeen *seen)
{
        Answer *a = arg;
        put_v1_alert(&a->w, seen, a->arena);
        arena_reset(a->arena);
        return flush_some(a->resp);
}

void api_am_v1_alerts_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        Answer a = { .resp = resp, .compat = ALERT_COMPAT_AM_0_25, .arena = scratch };
        AlertWanted wanted;
        if (!read_wanted(ctx, req, resp, &wanted))
                return;
        begin_json(resp, &a.w);
        json_begin_object(&a.w);
        json_key_cstr(&a.w, "status", "success");
        json_key(&a.w, STR("data"));
        json_begin_array(&a.w);
        alert_router_seen_each(ctx->alerts, &wanted, answer_v1_alert, &a);
        json_end_array(&a.w);
        json_end_object(&a.w);
}
