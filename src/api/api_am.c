/* A syntax error is found by a scan of its own, which knows what Go's decoder says; only broken bodies pay for it. */
#include "api/api_am.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api_am_time.h"
#include "base/utf8.h"
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
        bool old; /* the words of the decoder that Alertmanager 0.25 has */
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

/* The character as Go quotes it; the older decoder takes each byte for one. */
static const char *show(const Scan *c, char out[8])
{
        static const char *const named[] = {
                ['\a'] = "\\a", ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\v'] = "\\v",
                ['\f'] = "\\f", ['\r'] = "\\r", ['\''] = "\\'", ['\\'] = "\\\\"
        };
        unsigned char b = (unsigned char)c->s.p[c->at];
        uint32_t rune;
        size_t n = utf8_decode(str_sub(c->s, c->at, c->s.n), &rune);
        if (b < ARRAY_LEN(named) && named[b])
                snprintf(out, 8, "%s", named[b]);
        else if (b >= 0xa0 && c->old)
                snprintf(out, 8, "%c%c", 0xc0 | b >> 6, 0x80 | (b & 0x3f));
        else if (b >= 0x80 && !c->old && n > 1)
                snprintf(out, 8, "%.*s", (int)n, c->s.p + c->at);
        else if (b < ' ' || b >= 127)
                snprintf(out, 8, b >= 0x80 && c->old ? "\\u%04x" : "\\x%02x", b);
        else
                snprintf(out, 8, "%c", b);
        return out;
}

static bool wrong(Scan *c, const char *where)
{
        if (c->why[0])
                return false;
        if (c->at >= c->s.n) {
                snprintf(c->why, sizeof c->why, "unexpected EOF");
                return false;
        }
        char shown[8];
        snprintf(c->why, sizeof c->why, "invalid character '%s' %s", show(c, shown), where);
        return false;
}

/* The escape of a string that is none. Newer decoders show six bytes of an \\u. */
static bool wrong_escape(Scan *c, size_t start)
{
        bool hex = c->at > start + 1;
        size_t n = str_sub(c->s, start, start + (hex ? 6 : 2)).n;
        if (c->at >= c->s.n || c->old)
                return wrong(c, hex ? "in \\u hexadecimal character escape" : "in string escape code");
        snprintf(c->why, sizeof c->why, "invalid escape sequence `%.*s` in string", (int)n, c->s.p + start);
        return false;
}

static bool is_hex(char b) { return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F'); }

static bool scan_escape(Scan *c)
{
        size_t start = c->at++;
        if (c->at >= c->s.n || str_find_char(STR("bfnrt\\/\"u"), c->s.p[c->at]) == SIZE_MAX)
                return wrong_escape(c, start);
        for (size_t i = 0; c->s.p[start + 1] == 'u' && i < 4; i++) {
                c->at++;
                if (c->at >= c->s.n || !is_hex(c->s.p[c->at]))
                        return wrong_escape(c, start);
        }
        return true;
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
                        return wrong(c, c->old ? "in string literal" : "in string");
                if (b == '\\' && !scan_escape(c))
                        return false;
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

static bool next_is(const Scan *c, char b) { return c->at < c->s.n && c->s.p[c->at] == b; }

static bool is_digit(const Scan *c) { return c->at < c->s.n && c->s.p[c->at] >= '0' && c->s.p[c->at] <= '9'; }

static bool scan_digits(Scan *c, const char *where)
{
        if (!is_digit(c))
                return wrong(c, c->old ? where : "in numeric literal");
        while (is_digit(c))
                c->at++;
        return true;
}

static bool scan_number(Scan *c)
{
        c->at += c->s.p[c->at] == '-';
        if (next_is(c, '0'))
                c->at++;
        else if (!scan_digits(c, "in numeric literal"))
                return false;
        if (next_is(c, '.')) {
                c->at++;
                if (!scan_digits(c, "after decimal point in numeric literal"))
                        return false;
        }
        if (!next_is(c, 'e') && !next_is(c, 'E'))
                return true;
        c->at++;
        c->at += next_is(c, '+') || next_is(c, '-');
        return scan_digits(c, "in exponent of numeric literal");
}

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

/* Bytes that are no UTF-8 become U+FFFD each, as Go's decoder reads them. */
static Str cleaned(Str text, Arena *arena)
{
        Buf b = { .arena = arena };
        uint32_t rune;
        for (size_t at = 0; at < text.n;) {
                size_t n = utf8_decode(str_sub(text, at, text.n), &rune);
                utf8_encode(&b, n ? rune : 0xfffd);
                at += n ? n : 1;
        }
        return buf_str(&b);
}

bool api_am_body(const HttpRequest *req, HttpResponse *resp, const char *what, bool old, JsonValue **ret)
{
        Err err;
        if (!str_trim(req->body).n) {
                api_am_invalid(resp, 602, "%s in body is required", what);
                return false;
        }
        if (json_parse(req->body, req->arena, ret, &err))
                return true;
        Scan c = { .s = req->body, .old = old };
        /* What follows the first value is not looked at. */
        if (scan_value(&c) && json_parse(cleaned(str_sub(req->body, 0, c.at), req->arena), req->arena, ret, &err))
                return true;
        api_am_invalid(resp, 400, "parsing %s body from \"\" failed, because %s", what, c.why[0] ? c.why : err.msg);
        return false;
}

static void release(void *held) { http_held_release(held); }

AlertDone api_am_when_durable(HttpResponse *resp)
{
        HttpHeld *held = http_response_hold(resp);
        return held ? (AlertDone){ release, held } : (AlertDone){ 0 };
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

bool api_am_filter(const HttpRequest *req, HttpResponse *resp, AlertMatcherMode mode, const char *name, Matchers *ret)
{
        Str *texts;
        size_t n = http_request_params(req, str_of(name), &texts);
        Matcher *all = arena_array(req->arena, Matcher, n);
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

bool api_am_time(const JsonValue *object, const char *key, AlertCompat compat, int64_t *ret_ms)
{
        return api_am_time_parse(json_get_str(object, str_of(key)), compat == ALERT_COMPAT_AM_0_25, ret_ms);
}
