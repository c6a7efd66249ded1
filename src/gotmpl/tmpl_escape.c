/* gotmpl/tmpl_escape.c
 *
 * Invariants:
 * 1. The output of a function never contains a character that ends the context it is made for.
 * 2. Bytes that are no UTF-8 become U+FFFD where the target must be text (scripts, JSON), and stay bytes elsewhere. */
#include "gotmpl/tmpl_escape.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "gotmpl/tmpl_fmt.h"
#include "gotmpl/tmpl_time.h"

enum { JSON_MAX_NEST = 50, JSON_MAX_BYTES = 1 << 20 };

/* ---- HTML */

static const char *html_entity(char c)
{
        switch (c) {
        case '\0': return "\xef\xbf\xbd";
        case '"': return "&#34;";
        case '\'': return "&#39;";
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        default: return NULL;
        }
}

void tmpl_escape_html(Buf *out, Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                const char *entity = html_entity(s.p[i]);
                if (entity)
                        buf_cstr_add(out, entity);
                else
                        buf_char(out, s.p[i]);
        }
}

void tmpl_escape_html_node(Buf *out, Str s, bool keep_entities)
{
        for (size_t i = 0; i < s.n; i++) {
                const char *entity = s.p[i] == '&' && keep_entities ? NULL
                                     : s.p[i] == '+'                ? "&#43;"
                                                                    : html_entity(s.p[i]);
                if (entity)
                        buf_cstr_add(out, entity);
                else
                        buf_char(out, s.p[i]);
        }
}

/* Characters that some browsers take for the end of an unquoted value. */
static bool is_bad_rune(uint32_t r) { return (r >= 0xfdd0 && r <= 0xfdef) || (r >= 0xfff0 && r <= 0xffff); }

void tmpl_escape_html_unquoted(Buf *out, Str s, bool keep_entities)
{
        for (size_t n; s.n; s = str_sub(s, n, s.n)) {
                uint32_t r;
                char c = s.p[0];
                n = utf8_decode(s, &r);
                if (n == 0 || r == 0) {
                        r = UTF8_REPLACEMENT;
                        n = 1;
                }
                const char *entity = r >= 0x80 || (c == '&' && keep_entities) ? NULL : html_entity(c);
                if (is_bad_rune(r))
                        buf_printf(out, "&#x%x;", r);
                else if (entity)
                        buf_cstr_add(out, entity);
                else if (r < 0x80 && strchr("\t\n\v\f\r =`+", c))
                        buf_printf(out, "&#%d;", c);
                else
                        buf_add(out, s.p, n);
        }
}

/* ---- scripts */

void tmpl_escape_js(Buf *out, Str s)
{
        while (s.n) {
                uint32_t r;
                size_t n = utf8_decode(s, &r);
                if (n == 0) {
                        r = UTF8_REPLACEMENT;
                        n = 1;
                }
                if (r == '\\' || r == '\'' || r == '"') {
                        buf_char(out, '\\');
                        buf_char(out, (char)r);
                } else if (r < 0x80 ? r >= 0x20 && !strchr("<>&=", (int)r) : tmpl_fmt_is_printable(r))
                        buf_add(out, s.p, n);
                else
                        buf_printf(out, "\\u%04X", r);
                s = str_sub(s, n, s.n);
        }
}

/* coded: what becomes a number; slashed: what gets a backslash. */
static void js_text(Buf *out, Str s, const char *coded, const char *slashed)
{
        while (s.n) {
                uint32_t r;
                size_t n = utf8_decode(s, &r);
                if (n == 0) {
                        r = UTF8_REPLACEMENT;
                        n = 1;
                }
                static const char letters[] = "tnfr", codes[] = "\t\n\f\r";
                const char *code = r && r < 0x20 ? strchr(codes, (int)r) : NULL;
                if (code)
                        buf_printf(out, "\\%c", letters[code - codes]);
                else if (r && r < 0x80 && strchr(slashed, (int)r))
                        buf_printf(out, "\\%c", (char)r);
                else if (r == 0 || r == '\v' || r == 0x2028 || r == 0x2029 || (r < 0x80 && strchr(coded, (int)r)))
                        buf_printf(out, "\\u%04x", r);
                else
                        buf_add(out, s.p, n);
                s = str_sub(s, n, s.n);
        }
}

void tmpl_escape_js_string(Buf *out, Str s) { js_text(out, s, "\"'&<>+`", "\\/"); }
void tmpl_escape_js_literal(Buf *out, Str s) { js_text(out, s, "\"'&<>+`${}", "\\/"); }
void tmpl_escape_js_regexp(Buf *out, Str s)
{
        if (s.n == 0)
                buf_lit(out, "(?:)");
        js_text(out, s, "\"'&<>+", "\\/$()*-.?[]^{|}");
}

static void json_string(Buf *out, Str s)
{
        buf_char(out, '"');
        while (s.n) {
                uint32_t r;
                size_t n = utf8_decode(s, &r);
                if (n == 0)
                        buf_lit(out, "\\ufffd");
                else if (r == '"' || r == '\\')
                        buf_printf(out, "\\%c", (char)r);
                else if (r == '\n' || r == '\r' || r == '\t')
                        buf_cstr_add(out, r == '\n' ? "\\n" : r == '\r' ? "\\r" : "\\t");
                else if (r < 0x20 || r == '<' || r == '>' || r == '&' || r == 0x2028 || r == 0x2029)
                        buf_printf(out, "\\u%04x", r);
                else
                        buf_add(out, s.p, n);
                s = str_sub(s, n ? n : 1, s.n);
        }
        buf_char(out, '"');
}

/* Structures take their JSON names from their keys: the first letter lower-cased, as Alertmanager's tags do, where it has some. */
static void json_value(Buf *out, const TmplValue *v, unsigned depth);

static void json_members(Buf *out, const TmplValue *v, unsigned depth)
{
        bool list = v->kind == TMPL_LIST, sorted = v->kind == TMPL_MAP;
        bool named = v->kind == TMPL_STRUCT && !(v->type && v->type->plain_json);
        size_t *order = sorted ? tmpl_fmt_sorted_keys(v, NULL) : NULL;
        buf_char(out, list ? '[' : '{');
        for (size_t i = 0; i < v->n && out->n < JSON_MAX_BYTES; i++) {
                size_t at = order ? order[i] : i;
                if (i)
                        buf_char(out, ',');
                if (!list) {
                        Str key = v->keys[at];
                        if (named && str_eq(key, STR("NotificationReason")))
                                key = STR("notification_reason");
                        json_string(out, key);
                        if (named && key.n && key.p[0] >= 'A' && key.p[0] <= 'Z' &&
                            !(key.n > 1 && key.p[1] >= 'A' && key.p[1] <= 'Z'))
                                out->p[out->n - key.n - 1] = (char)(key.p[0] | 0x20);
                        buf_char(out, ':');
                }
                json_value(out, &v->items[at], depth + 1);
        }
        buf_char(out, list ? ']' : '}');
        mem_free(order);
}

static void json_value(Buf *out, const TmplValue *v, unsigned depth)
{
        if (depth > JSON_MAX_NEST || out->n > JSON_MAX_BYTES) {
                buf_lit(out, "null");
                return;
        }
        switch (v->kind) {
        case TMPL_BOOL: buf_cstr_add(out, v->b ? "true" : "false"); break;
        case TMPL_INT:
        case TMPL_DURATION: buf_i64(out, v->i); break;
        case TMPL_FLOAT:
                if (isfinite(v->f)) {
                        double a = fabs(v->f);
                        tmpl_fmt_float(out, v->f, a != 0 && (a < 1e-6 || a >= 1e21) ? 'e' : 'f', -1);
                } else
                        buf_lit(out, "null");
                break;
        case TMPL_STRING: json_string(out, v->s); break;
        case TMPL_TIME:
                buf_char(out, '"');
                tmpl_time_format(out, v, STR("2006-01-02T15:04:05.999999999Z07:00"));
                buf_char(out, '"');
                break;
        case TMPL_LIST:
        case TMPL_MAP:
        case TMPL_STRUCT: json_members(out, v, depth); break;
        case TMPL_OPAQUE: buf_lit(out, "{}"); break;
        case TMPL_NIL:
        default: buf_lit(out, "null");
        }
}

void tmpl_escape_json(Buf *out, const TmplValue *v)
{
        Buf own = { 0 }; /* its own: the size limit counts this value alone */
        json_value(&own, v, 0);
        buf_str_add(out, buf_str(&own));
        buf_done(&own);
}

void tmpl_escape_js_value(Buf *out, const TmplValue *v)
{
        Buf json = { 0 }, text = { 0 };
        bool prints_itself = v->kind == TMPL_DURATION || (v->type && v->type->print);
        if (prints_itself && tmpl_fmt_print(&text, JSON_MAX_BYTES, v, 1, false))
                json_string(&json, buf_str(&text));
        else
                json_value(&json, v, 0);
        buf_done(&text);
        Str s = buf_str(&json);
        /* A space keeps a number or a word from growing together with the script around it. */
        bool word = s.n && s.p[0] != '"' && s.p[0] != '[' && s.p[0] != '{';
        if (word)
                buf_char(out, ' ');
        buf_str_add(out, s);
        if (word)
                buf_char(out, ' ');
        buf_done(&json);
}

/* ---- URLs */

static bool is_unreserved(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}
static bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

void tmpl_escape_query(Buf *out, Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (is_unreserved(c))
                        buf_char(out, c);
                else if (c == ' ')
                        buf_char(out, '+');
                else
                        buf_printf(out, "%%%02X", (unsigned char)c);
        }
}

void tmpl_escape_url(Buf *out, Str s, bool norm)
{
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                bool keep = is_unreserved(c) || (norm && c && strchr("!#$&*+,/:;=?@[]", c)) ||
                            (norm && c == '%' && i + 2 < s.n && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2]));
                if (keep)
                        buf_char(out, c);
                else
                        buf_printf(out, "%%%02x", (unsigned char)c);
        }
}

bool tmpl_escape_url_is_safe(Str s)
{
        size_t colon = str_find_char(s, ':');
        if (colon == SIZE_MAX || str_find_char(str_sub(s, 0, colon), '/') != SIZE_MAX)
                return true;
        Str scheme = str_sub(s, 0, colon);
        return str_eq_fold(scheme, STR("http")) || str_eq_fold(scheme, STR("https")) ||
               str_eq_fold(scheme, STR("mailto"));
}

/* ---- style sheets */

void tmpl_escape_css_string(Buf *out, Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (c == '\\')
                        buf_lit(out, "\\\\");
                else if (c && !strchr("\t\n\f\r\"&'()+/:;<>{}", c))
                        buf_char(out, c);
                else {
                        buf_printf(out, "\\%x", (unsigned)c);
                        if (i + 1 == s.n || is_hex(s.p[i + 1]) || (s.p[i + 1] && strchr("\t\n\f\r ", s.p[i + 1])))
                                buf_char(out, ' ');
                }
        }
}

void tmpl_escape_css_value(Buf *out, Str s, bool angles)
{
        Buf id = { 0 };
        bool ok = true;
        for (size_t i = 0; i < s.n && ok; i++) {
                unsigned char c = (unsigned char)s.p[i];
                ok = c && !strchr("\"'()/;@[\\]`{}", c) && (angles || (c != '<' && c != '>'));
                if (c == '-' && i && s.p[i - 1] == '-')
                        ok = false; /* the end of an HTML comment */
                if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
                        buf_char(&id, (char)(c | 0x20));
        }
        if (ok && (str_find(buf_str(&id), STR("expression")) != SIZE_MAX ||
                   str_find(buf_str(&id), STR("mozbinding")) != SIZE_MAX))
                ok = false;
        if (ok)
                buf_str_add(out, s);
        else
                buf_lit(out, "ZgotmplZ");
        buf_done(&id);
}
