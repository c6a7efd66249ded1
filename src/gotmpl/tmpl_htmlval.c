/* gotmpl/tmpl_htmlval.c
 *
 * Invariants:
 * 1. What a value prints cannot leave the text, attribute, string or URL in which it stands.
 * 2. Where in doubt the value becomes "ZgotmplZ", as upstream marks a refused value.
 * 3. The first escaper of a place sees what kind of text the value is (safe HTML, safe URL); the next one sees plain text. */
#include "gotmpl/tmpl_htmlval.h"

#include <string.h>

#include "gotmpl/tmpl_css.h"
#include "gotmpl/tmpl_escape.h"
#include "gotmpl/tmpl_htmlname.h"

#define REFUSED "ZgotmplZ"

static bool is_url(TmplHtmlState s) { return s == HTML_URL || (s >= HTML_CSS_DOUBLE && s <= HTML_CSS_URL); }

static bool is_css_string(TmplHtmlState s) { return s == HTML_CSS_DOUBLE || s == HTML_CSS_SINGLE; }

bool tmpl_htmlval_replaces(const TmplHtml *h, TmplHtmlLast last)
{
        TmplHtml at = tmpl_html_nudged(*h);
        if (last == LAST_HTML)
                return at.state == HTML_TEXT || at.state == HTML_RCDATA || at.delim == DELIM_DOUBLE ||
                       at.delim == DELIM_SINGLE;
        return last == LAST_URLQUERY && is_url(at.state) && (at.url_part == URL_QUERY || !is_css_string(at.state));
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }
static bool is_name(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

/* A name of an attribute: lower-case letters and digits, and nothing that a browser runs or fetches. */
static void name_value(Buf *out, Str text, Arena *arena)
{
        char *p = arena_array(arena, char, text.n + 1);
        bool ok = text.n > 0;
        for (size_t i = 0; i < text.n; i++) {
                p[i] = lower(text.p[i]);
                ok = ok && is_name(p[i]);
        }
        Str name = str_n(p, text.n);
        bool other = false;
        ok = ok && tmpl_htmlname_attr(name, &other) == ATTR_NONE && !other;
        buf_str_add(out, ok ? name : STR(REFUSED));
}

static void url_value(const TmplHtml *h, Buf *out, const TmplValue *v, Str text, TmplHtmlLast last)
{
        bool safe = v->safe_url;
        if (h->url_part == URL_START) {
                if (!safe && !tmpl_escape_url_is_safe(text))
                        text = STR("#" REFUSED);
                safe = false;
        }
        if (last == LAST_URLQUERY)
                tmpl_escape_query(out, text);
        else if (h->url_part == URL_QUERY)
                tmpl_escape_url(out, text, safe);
        else if (is_css_string(h->state))
                tmpl_escape_css_string(out, text);
        else
                tmpl_escape_url(out, text, true);
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

static void srcset_element(Buf *out, Str s)
{
        size_t start = 0;
        while (start < s.n && is_space(s.p[start]))
                start++;
        size_t end = start;
        while (end < s.n && !is_space(s.p[end]))
                end++;
        bool ok = tmpl_escape_url_is_safe(str_sub(s, start, end));
        for (size_t i = end; i < s.n && ok; i++)
                ok = is_space(s.p[i]) || is_name(lower(s.p[i]));
        if (!ok) {
                buf_lit(out, "#" REFUSED);
                return;
        }
        buf_str_add(out, str_sub(s, 0, start));
        tmpl_escape_url(out, str_sub(s, start, end), true);
        buf_str_add(out, str_sub(s, end, s.n));
}

static void srcset_value(Buf *out, const TmplValue *v, Str text, Arena *arena)
{
        if (v->safe_url) {
                Buf url = { .arena = arena };
                tmpl_escape_url(&url, text, true);
                for (size_t i = 0; i < url.n; i++)
                        if (url.p[i] == ',')
                                buf_lit(out, "%2c");
                        else
                                buf_char(out, url.p[i]);
                return;
        }
        for (size_t from = 0;;) {
                size_t comma = str_find_char(str_sub(text, from, text.n), ',');
                if (comma == SIZE_MAX) {
                        srcset_element(out, str_sub(text, from, text.n));
                        return;
                }
                srcset_element(out, str_sub(text, from, from + comma));
                buf_char(out, ',');
                from += comma + 1;
        }
}

/* What the place itself asks for; false when only the attribute's quotes do. */
static bool inner_value(const TmplHtml *h, Buf *out, const TmplValue *v, Str text, TmplHtmlLast last, Arena *arena)
{
        if (tmpl_html_is_comment(h->state))
                return true;
        if (is_url(h->state)) {
                url_value(h, out, v, text, last);
                return true;
        }
        switch ((int)h->state) {
        case HTML_JS: tmpl_escape_js_value(out, v); return true;
        case HTML_JS_DOUBLE:
        case HTML_JS_SINGLE: tmpl_escape_js_string(out, text); return true;
        case HTML_JS_LITERAL: tmpl_escape_js_literal(out, text); return true;
        case HTML_JS_REGEXP: tmpl_escape_js_regexp(out, text); return true;
        case HTML_CSS: tmpl_escape_css_value(out, tmpl_css_decode(text, arena), h->old); return true;
        case HTML_SRCSET: srcset_value(out, v, text, arena); return true;
        case HTML_META_CONTENT_URL:
                buf_str_add(out, v->safe_url || tmpl_escape_url_is_safe(text) ? text : STR("#" REFUSED));
                return true;
        case HTML_ATTR_NAME: name_value(out, text, arena); return true;
        default: return false;
        }
}

static void quoted_value(const TmplHtml *h, Buf *out, Str text, bool safe, TmplHtmlLast last, Arena *arena)
{
        Buf stripped = { .arena = arena };
        bool refused = text.n == 0 && !h->old;
        if (safe && (h->delim != DELIM_NONE) && last != LAST_HTML) {
                tmpl_html_strip_tags(&stripped, text, arena);
                text = buf_str(&stripped);
        }
        if (last == LAST_HTML)
                tmpl_escape_html(out, text);
        else if (h->delim != DELIM_SPACE)
                tmpl_escape_html_node(out, text, safe);
        else if (refused)
                buf_lit(out, REFUSED);
        else
                tmpl_escape_html_unquoted(out, text, safe);
}

bool tmpl_htmlval_write(TmplHtml *h, Buf *out, const TmplValue *v, Str text, TmplHtmlLast last, Arena *arena)
{
        tmpl_htmlval_pass(h);
        if (h->state == HTML_ERROR || h->state == HTML_DEAD)
                return false;
        bool safe = v->safe_html;
        if (h->state == HTML_TEXT && safe && last != LAST_HTML) {
                buf_str_add(out, text);
                return true;
        }
        Buf inner = { .arena = arena };
        if (inner_value(h, &inner, v, text, last, arena)) {
                if (h->delim == DELIM_NONE) {
                        buf_str_add(out, buf_str(&inner));
                        return true;
                }
                text = buf_str(&inner);
                safe = false;
        }
        quoted_value(h, out, text, safe, last, arena);
        return true;
}

void tmpl_htmlval_pass(TmplHtml *h)
{
        *h = tmpl_html_nudged(*h);
        if (h->state == HTML_JS)
                h->slash = SLASH_DIVIDES;
}
