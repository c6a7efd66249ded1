/* A syntax error is found by a scan of its own, which knows what Go's decoder says; only broken bodies pay for it. */
#include "api/api_am.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rfc3339.h"
#include "os/zone.h"

static void reply_text(HttpResponse *resp, int status, const char *text, int code)
{
        JsonWriter w;
        buf_clear(&resp->body);
        resp->status = status;
        resp->content_type = "application/json";
        json_writer_init(&w, &resp->body);
        if (!code) {
                json_cstr(&w, text);
        } else {
                json_begin_object(&w);
                json_key_i64(&w, "code", code);
                json_key_cstr(&w, "message", text);
                json_end_object(&w);
        }
        buf_char(&resp->body, '\n');
}

void api_am_error(HttpResponse *resp, int status, const char *fmt, ...)
{
        char text[4096];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        reply_text(resp, status, text, 0);
}

void api_am_invalid(HttpResponse *resp, int code, const char *fmt, ...)
{
        char text[4096];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        reply_text(resp, code >= 600 ? 422 : code, text, code);
}

/* ---- what Go says of broken JSON ---- */

typedef struct Scan {
        Str s;
        size_t at;
        char why[128]; /* empty: none yet */
        unsigned depth;
} Scan;

static bool scan_value(Scan *c);

static void skip_space(Scan *c)
{
        while (c->at < c->s.n && str_find_char(STR(" \t\r\n"), c->s.p[c->at]) != SIZE_MAX)
                c->at++;
}

static bool wrong(Scan *c, const char *where)
{
        if (c->at >= c->s.n) {
                snprintf(c->why, sizeof c->why, "unexpected EOF");
                return false;
        }
        unsigned char b = (unsigned char)c->s.p[c->at];
        if (b == '\'')
                snprintf(c->why, sizeof c->why, "invalid character '\\'' %s", where);
        else if (b == '\n')
                snprintf(c->why, sizeof c->why, "invalid character '\\n' %s", where);
        else if (b < ' ' || b > 126)
                snprintf(c->why, sizeof c->why, "invalid character '\\x%02x' %s", b, where);
        else
                snprintf(c->why, sizeof c->why, "invalid character '%c' %s", b, where);
        return false;
}

static bool scan_string(Scan *c)
{
        for (c->at++; c->at < c->s.n; c->at++) {
                unsigned char b = (unsigned char)c->s.p[c->at];
                if (b == '"') {
                        c->at++;
                        return true;
                }
                if (b < ' ')
                        return wrong(c, "in string literal");
                if (b == '\\') {
                        c->at++;
                        if (c->at >= c->s.n || str_find_char(STR("bfnrt\\/\"u"), c->s.p[c->at]) == SIZE_MAX)
                                return wrong(c, "in string escape code");
                }
        }
        return wrong(c, "");
}

static bool scan_word(Scan *c, const char *word)
{
        for (size_t i = 0; word[i]; i++, c->at++) {
                char where[64];
                if (c->at < c->s.n && c->s.p[c->at] == word[i])
                        continue;
                snprintf(where, sizeof where, "in literal %s (expecting '%c')", word, word[i]);
                return wrong(c, where);
        }
        return true;
}

static bool scan_number(Scan *c)
{
        if (c->s.p[c->at] == '-') {
                c->at++;
                if (c->at >= c->s.n || c->s.p[c->at] < '0' || c->s.p[c->at] > '9')
                        return wrong(c, "in numeric literal");
        }
        while (c->at < c->s.n && str_find_char(STR("0123456789.eE+-"), c->s.p[c->at]) != SIZE_MAX)
                c->at++;
        return true;
}

static bool next_is(const Scan *c, char b) { return c->at < c->s.n && c->s.p[c->at] == b; }

static bool scan_key(Scan *c)
{
        if (!next_is(c, '"'))
                return wrong(c, "looking for beginning of object key string");
        if (!scan_string(c))
                return false;
        skip_space(c);
        if (!next_is(c, ':'))
                return wrong(c, "after object key");
        c->at++;
        return true;
}

/* [ and {: the parts, the commas between them and the end. */
static bool scan_parts(Scan *c, bool object)
{
        char end = object ? '}' : ']';
        c->at++;
        skip_space(c);
        if (next_is(c, end)) {
                c->at++;
                return true;
        }
        for (;;) {
                skip_space(c);
                if (object && !scan_key(c))
                        return false;
                if (!scan_value(c))
                        return false;
                skip_space(c);
                if (next_is(c, end)) {
                        c->at++;
                        return true;
                }
                if (!next_is(c, ','))
                        return wrong(c, object ? "after object key:value pair" : "after array element");
                c->at++;
        }
}

static bool scan_value(Scan *c)
{
        skip_space(c);
        char b = c->at < c->s.n ? c->s.p[c->at] : 0;
        if (c->depth >= JSON_MAX_DEPTH) {
                snprintf(c->why, sizeof c->why, "exceeded max depth");
                return false;
        }
        if (b == '{' || b == '[') {
                c->depth++;
                bool ok = scan_parts(c, b == '{');
                c->depth--;
                return ok;
        }
        if (b == '"')
                return scan_string(c);
        if (b == 't' || b == 'f' || b == 'n')
                return scan_word(c, b == 't' ? "true" : b == 'f' ? "false" : "null");
        if (b == '-' || (b >= '0' && b <= '9'))
                return scan_number(c);
        return wrong(c, "looking for beginning of value");
}

bool api_am_body(const HttpRequest *req, HttpResponse *resp, const char *what, JsonValue **ret)
{
        Err err;
        if (!str_trim(req->body).n) {
                api_am_invalid(resp, 602, "%s in body is required", what);
                return false;
        }
        if (json_parse(req->body, req->arena, ret, &err))
                return true;
        Scan c = { .s = req->body };
        scan_value(&c);
        api_am_invalid(resp, 400, "parsing %s body from \"\" failed, because %s", what, c.why[0] ? c.why : err.msg);
        return false;
}

/* ---- parameters ---- */

bool api_am_flag(const HttpRequest *req, const char *name)
{
        /* What upstream's API takes for a yes; anything else is a no. */
        static const char *const yes[] = { "true", "1", "yes", "ok", "y", "on", "t", "selected", "checked", "enabled" };
        Str text;
        if (!http_request_param(req, str_of(name), &text) || !text.n)
                return true;
        for (size_t i = 0; i < ARRAY_LEN(yes); i++)
                if (str_eq_fold(text, str_of(yes[i])))
                        return true;
        return false;
}

bool api_am_filter(const HttpRequest *req, HttpResponse *resp, AlertCompat compat, const char *name, Matchers *ret)
{
        Str *texts;
        size_t n = http_request_params(req, str_of(name), &texts);
        Matcher *all = arena_array(req->arena, Matcher, n);
        AlertMatcherMode mode = compat == ALERT_COMPAT_AM_0_25 ? ALERT_MATCHERS_CLASSIC : ALERT_MATCHERS_FALLBACK;
        Err err;
        for (size_t i = 0; i < n; i++) {
                if (!alert_matchers_parse_one(texts[i], mode, req->arena, &all[i], &err)) {
                        api_am_error(resp, 400, "%s", err.msg);
                        return false;
                }
        }
        *ret = (Matchers){ all, n };
        return true;
}

/* ---- times ---- */

static void put_digits(char *p, int value, int digits)
{
        for (int i = digits - 1; i >= 0; i--, value /= 10)
                p[i] = (char)('0' + value % 10);
}

void api_am_put_time(JsonWriter *w, const char *key, int64_t t_ms)
{
        char text[] = "0001-01-01T00:00:00.000Z";
        int64_t ms = (t_ms % 1000 + 1000) % 1000;
        int64_t t_s = (t_ms - ms) / 1000;
        int64_t second = (t_s % 60 + 60) % 60;
        ZoneCivil c = zone_civil(NULL, t_s);
        if (t_ms && c.year >= 0 && c.year <= 9999) {
                put_digits(text, (int)c.year, 4);
                put_digits(text + 5, c.month, 2);
                put_digits(text + 8, c.day, 2);
                put_digits(text + 11, c.minute / 60, 2);
                put_digits(text + 14, c.minute % 60, 2);
                put_digits(text + 17, (int)second, 2);
                put_digits(text + 20, (int)ms, 3);
        }
        json_key_str(w, key, str_n(text, sizeof text - 1));
}

bool api_am_time(const JsonValue *object, const char *key, int64_t *ret_ms)
{
        const JsonValue *v = json_get(object, str_of(key));
        *ret_ms = 0;
        if (!v || v->kind == JSON_NULL || (v->kind == JSON_STRING && !v->str.n))
                return true;
        if (v->kind != JSON_STRING || !rfc3339_parse(v->str, ret_ms))
                return false;
        if (*ret_ms <= INT64_C(-62135596800000)) /* year 1: Go's zero time */
                *ret_ms = 0;
        return true;
}
