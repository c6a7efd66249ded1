/* Silences of API v2. */
#include "api/api_am.h"
#include "api/api_am_decode.h"
#include "model/regex.h"

/* What the schema asks for, in the order in which upstream's generated code complains. */
static bool check_matchers(const JsonValue *list, HttpResponse *resp)
{
        static const char *const needed[] = { "isRegex", "name", "value" };
        for (size_t i = 0; i < list->n; i++) {
                for (size_t k = 0; k < ARRAY_LEN(needed); k++) {
                        const JsonValue *v = json_get(&list->items[i], str_of(needed[k]));
                        if (v && v->kind != JSON_NULL)
                                continue;
                        api_am_invalid(resp, 602, "matchers.%zu.%s in body is required", i, needed[k]);
                        return false;
                }
        }
        return true;
}

static bool check_schema(const JsonValue *body, HttpResponse *resp)
{
        static const char *const needed[] = { "comment", "createdBy", "endsAt", "matchers", "startsAt" };
        for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
                const JsonValue *v = json_get(body, str_of(needed[i]));
                if (!v || v->kind == JSON_NULL) {
                        api_am_invalid(resp, 602, "%s in body is required", needed[i]);
                        return false;
                }
                if (v->kind != JSON_ARRAY)
                        continue;
                if (!v->n) {
                        api_am_invalid(resp, 612, "matchers in body should have at least 1 items");
                        return false;
                }
                if (!check_matchers(v, resp))
                        return false;
        }
        return true;
}

static bool read_matcher(const JsonValue *m, size_t i, bool old_words, Arena *arena, Matcher *ret, HttpResponse *resp)
{
        const char *start = old_words ? "silence invalid" : "invalid silence";
        const char *where = old_words ? "" : " in set 0";
        const JsonValue *is_equal = json_get(m, STR("isEqual"));
        bool negative = is_equal && is_equal->kind == JSON_BOOL && !is_equal->b;
        bool regex = json_get_bool(m, STR("isRegex"));
        Str value = json_get_str(m, STR("value"));
        MatchType type = regex ? (negative ? MATCH_NRE : MATCH_RE) : (negative ? MATCH_NE : MATCH_EQ);
        Regex *re = NULL;
        Err err;
        /* Compiled bare first: that is the pattern that upstream complains of. */
        if (regex && !regex_compile(value, REGEX_SEARCH, &re, &err)) {
                api_am_error(resp, 400,
                             "%s: invalid label matcher %zu%s: invalid regular expression \"" STR_FMT "\": %s", start,
                             i, where, STR_ARG(str_sub(value, 0, 1000)), err.msg);
                return false;
        }
        regex_free(re);
        if (matcher_make(arena, type, json_get_str(m, STR("name")), value, ret, &err))
                return true;
        api_am_error(resp, 400, "%s: invalid label matcher %zu%s: %s", start, i, where, err.msg);
        return false;
}

static bool read_silence(ApiContext *ctx, const JsonValue *body, Arena *arena, AlertSilence *ret, HttpResponse *resp)
{
        const JsonValue *list = json_get(body, STR("matchers"));
        Matcher *matchers = arena_array(arena, Matcher, list->n);
        AlertCompat compat = alert_router_compat(ctx->alerts);
        bool old_words = compat == ALERT_COMPAT_AM_0_25;
        Str id = json_get_str(body, STR("id"));
        *ret = (AlertSilence){ .matchers = { matchers, list->n },
                               .created_by = json_get_str(body, STR("createdBy")),
                               .comment = json_get_str(body, STR("comment")),
                               .annotations = labels_from_json(arena,
                                                               old_words ? NULL : json_get(body, STR("annotations"))) };
        api_am_time(body, "startsAt", compat, &ret->starts_at_ms);
        api_am_time(body, "endsAt", compat, &ret->ends_at_ms);
        if (ret->starts_at_ms >= ret->ends_at_ms) {
                api_am_error(resp, 400, "Failed to create silence: start time must be before end time");
                return false;
        }
        if (ret->ends_at_ms < clock_wall_ms(ctx->clock)) {
                api_am_error(resp, 400, "Failed to create silence: end time can't be in the past");
                return false;
        }
        if (id.n >= ALERT_SILENCE_ID_BYTES) {
                api_am_error(resp, 404, "silence not found");
                return false;
        }
        if (id.n)
                memcpy(ret->id, id.p, id.n);
        for (size_t i = 0; i < list->n; i++)
                if (!read_matcher(&list->items[i], i, old_words, arena, &matchers[i], resp))
                        return false;
        return true;
}

void api_am_silences_post(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        JsonValue *body;
        AlertSilence wanted;
        char id[ALERT_SILENCE_ID_BYTES];
        Err err;
        bool old = alert_router_compat(ctx->alerts) == ALERT_COMPAT_AM_0_25;
        Buf why = { .arena = req->arena };
        if (!api_am_body(req, resp, "silence", old, &body))
                return;
        if (!api_am_decode_silence(body, old, &why)) {
                api_am_invalid(resp, 400, "parsing silence body from \"\" failed, because " STR_FMT,
                               STR_ARG(buf_str(&why)));
                return;
        }
        if (!check_schema(body, resp) || !read_silence(ctx, body, req->arena, &wanted, resp))
                return;
        if (!alert_router_silence_set_then(ctx->alerts, &wanted, id, api_am_when_durable(resp), &err)) {
                api_am_error(resp, err.code == ERR_NOT_FOUND ? 404 : 400, "%s", err.msg);
                return;
        }
        JsonWriter w;
        resp->content_type = "application/json";
        json_writer_init(&w, &resp->body);
        json_begin_object(&w);
        json_key_cstr(&w, "silenceID", id);
        json_end_object(&w);
        buf_char(&resp->body, '\n');
}

/* ---- reading ---- */

static void put_silence(JsonWriter *w, const AlertSilence *s, int64_t now_ms)
{
        json_begin_object(w);
        json_key_cstr(w, "id", s->id);
        json_key(w, STR("status"));
        json_begin_object(w);
        json_key_cstr(w, "state", alert_silence_state_name(alert_silence_state(s, now_ms)));
        json_end_object(w);
        api_am_put_time(w, "updatedAt", s->updated_at_ms);
        if (s->annotations.n)
                labels_put_json(w, "annotations", s->annotations);
        json_key_str(w, "comment", s->comment);
        json_key_str(w, "createdBy", s->created_by);
        api_am_put_time(w, "endsAt", s->ends_at_ms);
        json_key(w, STR("matchers"));
        json_begin_array(w);
        for (size_t i = 0; i < s->matchers.n; i++) {
                const Matcher *m = &s->matchers.data[i];
                json_begin_object(w);
                json_key_bool(w, "isEqual", m->type == MATCH_EQ || m->type == MATCH_RE);
                json_key_bool(w, "isRegex", m->type == MATCH_RE || m->type == MATCH_NRE);
                json_key_str(w, "name", m->name);
                json_key_str(w, "value", m->value);
                json_end_object(w);
        }
        json_end_array(w);
        api_am_put_time(w, "startsAt", s->starts_at_ms);
        json_end_object(w);
}

/* A filter names one of the silence's own conditions. */
static bool has_all(const AlertSilence *s, Matchers filter)
{
        for (size_t i = 0; i < filter.n; i++) {
                const Matcher *f = &filter.data[i];
                bool found = false;
                for (size_t k = 0; k < s->matchers.n; k++) {
                        const Matcher *m = &s->matchers.data[k];
                        found |= m->type == f->type && str_eq(m->name, f->name) && str_eq(m->value, f->value);
                }
                if (!found)
                        return false;
        }
        return true;
}

void api_am_silences_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp)
{
        AlertSilence *all;
        size_t n;
        Matchers filter;
        JsonWriter w;
        if (!api_am_filter(req, resp, alert_router_matchers(ctx->alerts), "filter", &filter))
                return;
        bool old = alert_router_compat(ctx->alerts) == ALERT_COMPAT_AM_0_25;
        bool wanted[] = { [ALERT_SILENCE_PENDING] = old || api_am_flag(req, "pending"),
                          [ALERT_SILENCE_ACTIVE] = old || api_am_flag(req, "active"),
                          [ALERT_SILENCE_EXPIRED] = old || api_am_flag(req, "expired") };
        alert_router_silences(ctx->alerts, req->arena, &all, &n);
        int64_t now_ms = clock_wall_ms(ctx->clock);
        resp->content_type = "application/json";
        json_writer_init(&w, &resp->body);
        json_begin_array(&w);
        for (size_t i = 0; i < n; i++)
                if (wanted[alert_silence_state(&all[i], now_ms)] && has_all(&all[i], filter))
                        put_silence(&w, &all[i], now_ms);
        json_end_array(&w);
        buf_char(&resp->body, '\n');
}

static bool is_uuid(Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                bool dash = i == 8 || i == 13 || i == 18 || i == 23;
                bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
                if (dash ? c != '-' : !hex)
                        return false;
        }
        return s.n == ALERT_SILENCE_ID_BYTES - 1;
}

static bool check_id(HttpResponse *resp, Str id)
{
        if (is_uuid(id))
                return true;
        api_am_invalid(resp, 601, "silenceID in path must be of type uuid: \"" STR_FMT "\"",
                       STR_ARG(str_sub(id, 0, 1000)));
        return false;
}

void api_am_silence_get(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, Str id)
{
        AlertSilence s;
        JsonWriter w;
        Err err;
        if (!check_id(resp, id))
                return;
        if (!alert_router_silence_get(ctx->alerts, str_lower(req->arena, id), req->arena, &s, &err)) {
                resp->status = 404;
                return;
        }
        resp->content_type = "application/json";
        json_writer_init(&w, &resp->body);
        put_silence(&w, &s, clock_wall_ms(ctx->clock));
        buf_char(&resp->body, '\n');
}

void api_am_silence_delete(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, Str id)
{
        Err err;
        if (!check_id(resp, id) ||
            alert_router_silence_expire_then(ctx->alerts, str_lower(req->arena, id), api_am_when_durable(resp), &err))
                return;
        if (alert_router_compat(ctx->alerts) == ALERT_COMPAT_AM_0_25)
                api_am_error(resp, 500, "%s", err.msg);
        else
                resp->status = 404;
}
