#include "api/api_reply.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/num.h"
#include "base/rfc3339.h"
#include "codec/floats.h"
#include "model/histstat.h"

enum { MAX_ANNOTATIONS = 10 }; /* of a kind in one answer */
#define MAX_DURATION_S 9.2e9   /* nanoseconds fit into 64 bits, as upstream's do */

static const struct {
        const char *name;
        int status;
} ERRORS[] = {
        [API_BAD_DATA] = { "bad_data", 400 },       [API_EXECUTION] = { "execution", 422 },
        [API_TIMEOUT] = { "timeout", 503 },         [API_CANCELED] = { "canceled", 499 },
        [API_NOT_FOUND] = { "not_found", 404 },     [API_INTERNAL] = { "internal", 500 },
        [API_UNAVAILABLE] = { "unavailable", 500 },
};

void api_reply_error(HttpResponse *resp, ApiError type, const char *fmt, ...)
{
        char msg[2048];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(msg, sizeof msg, fmt, ap);
        va_end(ap);
        JsonWriter w;
        buf_clear(&resp->body);
        resp->status = ERRORS[type].status;
        resp->content_type = "application/json";
        json_writer_init(&w, &resp->body);
        json_begin_object(&w);
        json_key_cstr(&w, "status", "error");
        json_key_cstr(&w, "errorType", ERRORS[type].name);
        json_key_cstr(&w, "error", msg);
        json_end_object(&w);
}

void api_reply_err(HttpResponse *resp, const Err *err)
{
        ApiError type = API_EXECUTION;
        if (err->code == ERR_TIMEOUT)
                type = API_TIMEOUT;
        else if (err->code == ERR_CANCELED)
                type = API_CANCELED;
        else if (err->code == ERR_NOT_FOUND)
                type = API_NOT_FOUND;
        else if (err->code == ERR_IO || err->code == ERR_CORRUPT)
                type = API_INTERNAL;
        else if (err->code == ERR_UNAVAILABLE)
                type = API_UNAVAILABLE;
        api_reply_error(resp, type, "%s", err->msg);
}

bool api_reply_bad_param(HttpResponse *resp, const char *name, const char *fmt, ...)
{
        char complaint[1900];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(complaint, sizeof complaint, fmt, ap);
        va_end(ap);
        api_reply_error(resp, API_BAD_DATA, "invalid parameter \"%s\": %s", name, complaint);
        return false;
}

void api_reply_begin(HttpResponse *resp, JsonWriter *w)
{
        resp->content_type = "application/json";
        json_writer_init(w, &resp->body);
        json_begin_object(w);
        json_key_cstr(w, "status", "success");
        json_key(w, STR("data"));
}

static void put_annotations(JsonWriter *w, const char *key, const PromqlAnnotation *all, size_t n, bool infos)
{
        size_t came = 0;
        for (size_t i = 0; i < n; i++) {
                if (all[i].is_info != infos || came++ >= MAX_ANNOTATIONS)
                        continue;
                if (came == 1) {
                        json_key(w, str_of(key));
                        json_begin_array(w);
                }
                json_str(w, all[i].text);
        }
        if (came > MAX_ANNOTATIONS) {
                char more[64];
                snprintf(more, sizeof more, "%zu more %s annotations omitted", came - MAX_ANNOTATIONS,
                         infos ? "info" : "warning");
                json_cstr(w, more);
        }
        if (came)
                json_end_array(w);
}

void api_reply_end(JsonWriter *w, const PromqlAnnotation *annotations, size_t n)
{
        put_annotations(w, "warnings", annotations, n, false);
        put_annotations(w, "infos", annotations, n, true);
        json_end_object(w);
}

/* ---- parameters ---- */

bool api_param_bool(const HttpRequest *req, HttpResponse *resp, const char *name, const char *complaint, bool *ret)
{
        static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
        static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };
        Str text;
        *ret = false;
        if (!http_request_param(req, str_of(name), &text) || text.n == 0)
                return true;
        for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
                *ret = str_eq(text, str_of(yes[i]));
                if (*ret || str_eq(text, str_of(no[i])))
                        return true;
        }
        return api_reply_bad_param(resp, name, "%sstrconv.ParseBool: parsing \"" STR_FMT "\": invalid syntax",
                                   complaint, STR_ARG(str_sub(text, 0, 100)));
}

/* Milliseconds of the fraction alone are rounded, as upstream does it: rounding all of them may end at another one. */
static int64_t ms_of_seconds(double v)
{
        double whole, part = round(modf(v, &whole) * 1000) / 1000;
        int64_t nanos = (int64_t)(part * 1e9);
        return (int64_t)whole * 1000 + nanos / 1000000 - (nanos % 1000000 < 0);
}

bool api_parse_time(Str text, int64_t *ret_ms)
{
        double v;
        int64_t t_ms;
        if (floats_parse(text, &v)) {
                if (!isfinite(v) || fabs(v) > 9.2e15)
                        return false;
                t_ms = ms_of_seconds(v);
        } else if (str_eq(text,
                          STR("-292273086-05-16T16:47:06Z"))) { /* what Go clients send for "from the beginning" */
                t_ms = API_MIN_MS;
        } else if (str_eq(text, STR("292277025-08-18T07:12:54.999999999Z"))) {
                t_ms = API_MAX_MS;
        } else if (!rfc3339_parse(text, &t_ms)) {
                return false;
        }
        *ret_ms = MIN_OF(MAX_OF(t_ms, API_MIN_MS), API_MAX_MS);
        return true;
}

bool api_param_time(const HttpRequest *req, HttpResponse *resp, const char *name, int64_t fallback_ms, int64_t *ret_ms)
{
        Str text;
        if (!http_request_param(req, str_of(name), &text) || text.n == 0) {
                *ret_ms = fallback_ms;
                return true;
        }
        if (api_parse_time(text, ret_ms))
                return true;
        return api_reply_bad_param(resp, name,
                                   "invalid time value for '%s': cannot parse \"" STR_FMT "\" to a valid timestamp",
                                   name, STR_ARG(str_sub(text, 0, 200)));
}

bool api_param_time_needed(const HttpRequest *req, HttpResponse *resp, const char *name, int64_t *ret_ms)
{
        Str text = { 0 };
        if (http_request_param(req, str_of(name), &text) && api_parse_time(text, ret_ms))
                return true;
        return api_reply_bad_param(resp, name, "cannot parse \"" STR_FMT "\" to a valid timestamp",
                                   STR_ARG(str_sub(text, 0, 200)));
}

static bool says_something(Matchers set)
{
        for (size_t i = 0; i < set.n; i++)
                if (!matcher_matches(&set.data[i], STR("")))
                        return true;
        return false;
}

bool api_param_matchers(const HttpRequest *req, HttpResponse *resp, const char *prefix, Matchers **ret, size_t *ret_n)
{
        Str *texts;
        Err err;
        size_t n = http_request_params(req, STR("match[]"), &texts);
        Matchers *sets = arena_array(req->arena, Matchers, n);
        for (size_t i = 0; i < n; i++) {
                if (!ast_parse_matchers(texts[i], req->arena, &sets[i], &err)) {
                        api_reply_error(resp, API_BAD_DATA, "%s%s", prefix, err.msg);
                        return false;
                }
                if (!says_something(sets[i])) {
                        api_reply_error(resp, API_BAD_DATA, "%smatch[] must contain at least one non-empty matcher",
                                        prefix);
                        return false;
                }
        }
        *ret = sets;
        *ret_n = n;
        return true;
}

bool api_param_duration(const HttpRequest *req, HttpResponse *resp, const char *name, int64_t fallback_ms,
                        int64_t *ret_ms)
{
        Str text;
        double seconds;
        if (!http_request_param(req, str_of(name), &text) || text.n == 0) {
                *ret_ms = fallback_ms;
                return true;
        }
        bool number = floats_parse(text, &seconds);
        if (number && isnan(seconds))
                seconds = -1; /* upstream makes a negative number of it */
        bool fits = number && fabs(seconds) < MAX_DURATION_S;
        if (fits)
                *ret_ms = (int64_t)(seconds * 1000);
        if (fits || (!number && duration_parse(text, ret_ms)))
                return true;
        bool lookback = strcmp(name, "lookback_delta") == 0; /* has words of its own */
        api_reply_error(resp, API_BAD_DATA, "%s%s%s: cannot parse \"" STR_FMT "\" to a valid duration%s",
                        lookback ? "error parsing " : "invalid parameter \"",
                        lookback ? "lookback delta duration" : name, lookback ? "" : "\"",
                        STR_ARG(str_sub(text, 0, 200)), number ? ". It overflows int64" : "");
        return false;
}

bool api_param_limit(const HttpRequest *req, HttpResponse *resp, const char *name, uint64_t *ret)
{
        Str text;
        *ret = 0;
        int64_t v = 0;
        if (!http_request_param(req, str_of(name), &text) || text.n == 0)
                return true;
        if (!num_parse_i64(text, &v)) /* the words of Go's parser, which clients know */
                return api_reply_bad_param(resp, name, "strconv.Atoi: parsing \"" STR_FMT "\": invalid syntax",
                                           STR_ARG(str_sub(text, 0, 200)));
        if (v < 0)
                return api_reply_bad_param(resp, name, "%s must be non-negative", name);
        *ret = (uint64_t)v;
        return true;
}

/* ---- values ---- */

void api_put_time(Buf *out, int64_t t_ms)
{
        if (t_ms < 0) {
                buf_char(out, '-');
                t_ms = -t_ms;
        }
        buf_i64(out, t_ms / 1000);
        int fraction = (int)(t_ms % 1000);
        if (fraction) {
                char tmp[4] = { '.', (char)('0' + fraction / 100), (char)('0' + fraction / 10 % 10),
                                (char)('0' + fraction % 10) };
                buf_add(out, tmp, 4);
        }
}

void api_put_point(Buf *out, int64_t t_ms, double v)
{
        buf_char(out, '[');
        api_put_time(out, t_ms);
        buf_lit(out, ",\"");
        floats_format_json(out, v);
        buf_lit(out, "\"]");
}

static void put_quoted(Buf *out, double v)
{
        buf_char(out, '"');
        floats_format_json(out, v);
        buf_char(out, '"');
}

void api_put_histogram(Buf *out, int64_t t_ms, const Histogram *h)
{
        AUTO(arena_free) Arena *arena = arena_new();
        uint32_t n;
        const HistBucket *all = histstat_buckets(arena, h, &n);
        bool any = false;
        buf_char(out, '[');
        api_put_time(out, t_ms);
        buf_lit(out, ",{\"count\":");
        put_quoted(out, h->count);
        buf_lit(out, ",\"sum\":");
        put_quoted(out, h->sum);
        for (uint32_t i = 0; i < n; i++) {
                const HistBucket *b = &all[i];
                if (b->count == 0)
                        continue;
                if (any)
                        buf_char(out, ',');
                else
                        buf_lit(out, ",\"buckets\":[");
                any = true;
                const char *rule = b->lower_inclusive ? (b->upper_inclusive ? "[3," : "[1,")
                                                      : (b->upper_inclusive ? "[0," : "[2,");
                buf_str_add(out, str_of(rule));
                put_quoted(out, b->lower);
                buf_char(out, ',');
                put_quoted(out, b->upper);
                buf_char(out, ',');
                put_quoted(out, b->count);
                buf_char(out, ']');
        }
        if (any)
                buf_char(out, ']');
        buf_lit(out, "}]");
}

void api_put_labels(JsonWriter *w, Labels labels)
{
        json_begin_object(w);
        for (size_t i = 0; i < labels.n; i++) {
                json_key(w, labels.data[i].name);
                json_str(w, labels.data[i].value);
        }
        json_end_object(w);
}

Str api_rfc3339(Arena *arena, int64_t t_ms)
{
        Buf out = { .arena = arena };
        rfc3339_format(&out, t_ms);
        return buf_str(&out);
}
