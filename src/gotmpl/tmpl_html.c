/* gotmpl/tmpl_html.c
 *
 * Invariants:
 * 1. A value never changes the state: what it prints cannot leave the text, attribute, string or URL in which it stands.
 * 2. Only the template's own text moves the state, one byte at a time, so texts may be cut anywhere.
 * 3. Where in doubt the value becomes "ZgotmplZ", as upstream marks a refused value.
 *
 * Upstream analyses the template once and inserts escapers; here the state is followed while the template writes. That
 * needs no analysis of branches and calls, and costs a pass over the template's text in HTML mode only. */
#include "gotmpl/tmpl_html.h"

#include <string.h>

#include "gotmpl/tmpl_escape.h"

#define REFUSED "ZgotmplZ"

static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }
static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

static Str element(const TmplHtml *h) { return str_n(h->element, h->element_n); }

static void name_add(char *name, size_t cap, unsigned char *n, char c)
{
        if (*n < cap)
                name[(*n)++] = lower(c);
}

/* ---- what an attribute's value is */

static TmplHtmlSyntax attr_syntax(Str name)
{
        static const char *const urls[] = { "action",   "archive",  "background", "cite",   "classid",
                                            "codebase", "data",     "formaction", "href",   "icon",
                                            "longdesc", "manifest", "ping",       "poster", "profile",
                                            "src",      "srcset",   "usemap",     "xmlns" };
        if (str_starts(name, STR("data-")))
                name = str_sub(name, 5, name.n);
        size_t colon = str_find_char(name, ':');
        if (colon != SIZE_MAX) {
                if (str_eq(str_sub(name, 0, colon), STR("xmlns")))
                        return SYNTAX_URL;
                name = str_sub(name, colon + 1, name.n);
        }
        for (size_t i = 0; i < ARRAY_LEN(urls); i++)
                if (str_eq(name, str_of(urls[i])))
                        return SYNTAX_URL;
        if (str_eq(name, STR("style")))
                return SYNTAX_STYLE;
        if (str_eq(name, STR("srcdoc")))
                return SYNTAX_HTML;
        if (str_starts(name, STR("on")))
                return SYNTAX_SCRIPT;
        if (str_find(name, STR("src")) != SIZE_MAX || str_find(name, STR("uri")) != SIZE_MAX ||
            str_find(name, STR("url")) != SIZE_MAX)
                return SYNTAX_URL;
        return SYNTAX_PLAIN;
}

static void start_value(TmplHtml *h, char delim)
{
        h->state = HTML_VALUE;
        h->delim = delim;
        h->syntax = attr_syntax(str_n(h->attr, h->attr_n));
        h->code = CODE_TOP;
        h->url_part = URL_START;
        h->operand_before = h->escaped = false;
}

/* ---- following the text */

static void end_tag(TmplHtml *h)
{
        Str name = element(h);
        h->state = HTML_TEXT;
        if (h->closing)
                return;
        if (str_eq(name, STR("script")) || str_eq(name, STR("style"))) {
                h->state = HTML_RAW;
                h->syntax = str_eq(name, STR("style")) ? SYNTAX_STYLE : SYNTAX_SCRIPT;
                h->code = CODE_TOP;
                h->url_part = URL_START;
                h->operand_before = h->escaped = false;
                h->delim = 0;
        } else if (str_eq(name, STR("textarea")) || str_eq(name, STR("title")))
                h->state = HTML_RCDATA;
}

/* Inside a tag but outside of values. */
static void follow_tag(TmplHtml *h, char c)
{
        switch ((int)h->state) {
        case HTML_TAG_NAME:
                if (is_space(c) || c == '/')
                        h->state = HTML_TAG;
                else if (c == '>')
                        end_tag(h);
                else
                        name_add(h->element, sizeof h->element, &h->element_n, c);
                return;
        case HTML_ATTR_NAME:
                if (is_space(c))
                        h->state = HTML_AFTER_NAME;
                else if (c == '=')
                        h->state = HTML_BEFORE_VALUE;
                else if (c == '/')
                        h->state = HTML_TAG;
                else if (c == '>')
                        end_tag(h);
                else
                        name_add(h->attr, sizeof h->attr, &h->attr_n, c);
                return;
        case HTML_BEFORE_VALUE:
                if (c == '"' || c == '\'')
                        start_value(h, c);
                else if (c == '>')
                        end_tag(h);
                return;
        default: break;
        }
        if (h->state == HTML_AFTER_NAME && c == '=')
                h->state = HTML_BEFORE_VALUE;
        else if (c == '>')
                end_tag(h);
        else if (!is_space(c) && c != '/') {
                h->state = HTML_ATTR_NAME;
                h->attr_n = 0;
                name_add(h->attr, sizeof h->attr, &h->attr_n, c);
        }
}

static void follow_string(TmplHtml *h, char c, char quote)
{
        if (h->escaped)
                h->escaped = false;
        else if (c == '\\')
                h->escaped = true;
        else if (c == quote) {
                h->code = CODE_TOP;
                h->operand_before = true;
        }
}

static void follow_script_top(TmplHtml *h, char c, char next)
{
        if (c == '"' || c == '\'' || c == '`') {
                h->code = c == '"' ? CODE_DOUBLE : c == '\'' ? CODE_SINGLE : CODE_BACKQUOTE;
                h->escaped = false;
        } else if (c == '/' && next == '/')
                h->code = CODE_LINE_COMMENT;
        else if (c == '/' && next == '*')
                h->code = CODE_BLOCK_COMMENT;
        else if (c == '/' && !h->operand_before)
                h->code = CODE_REGEXP;
        else if (!is_space(c))
                h->operand_before = is_letter(c) || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80 ||
                                    strchr("_$)]}", c) != NULL;
}

static void follow_style_top(TmplHtml *h, char c, char next, bool after_url)
{
        if (c == '"' || c == '\'') {
                h->code = c == '"' ? CODE_DOUBLE : CODE_SINGLE;
                h->escaped = false;
        } else if (c == '/' && next == '*')
                h->code = CODE_BLOCK_COMMENT;
        else if (c == '/' && next == '/')
                h->code = CODE_LINE_COMMENT;
        else if (c == '(' && after_url) {
                h->code = CODE_URL;
                h->url_part = URL_START;
        }
}

static void follow_url(TmplHtml *h, char c)
{
        if (c == '?' || c == '#')
                h->url_part = URL_QUERY;
        else if (!is_space(c) && h->url_part == URL_START)
                h->url_part = URL_BEFORE_QUERY;
}

/* One byte of a script or a style sheet; i: its place in the text. */
static void follow_code(TmplHtml *h, Str text, size_t i)
{
        char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : 0;
        switch (h->code) {
        case CODE_TOP:
                if (h->syntax == SYNTAX_SCRIPT)
                        follow_script_top(h, c, next);
                else
                        follow_style_top(h, c, next, i >= 3 && str_eq_fold(str_sub(text, i - 3, i), STR("url")));
                break;
        case CODE_DOUBLE: follow_string(h, c, '"'); break;
        case CODE_SINGLE: follow_string(h, c, '\''); break;
        case CODE_BACKQUOTE: follow_string(h, c, '`'); break;
        case CODE_REGEXP: follow_string(h, c, '/'); break;
        case CODE_LINE_COMMENT:
                if (c == '\n' || c == '\r')
                        h->code = CODE_TOP;
                break;
        case CODE_BLOCK_COMMENT:
                if (c == '/' && i && text.p[i - 1] == '*')
                        h->code = CODE_TOP;
                break;
        case CODE_URL:
                if (c == ')')
                        h->code = CODE_TOP;
                else
                        follow_url(h, c);
                break;
        default: break;
        }
}

/* A quote that is written as an entity inside an attribute's script: &quot; &#34; &apos; &#39; Returns its length. */
static size_t quote_entity(Str s, char *ret)
{
        static const struct {
                const char *text;
                char c;
        } entities[] = { { "&quot;", '"' }, { "&#34;", '"' }, { "&apos;", '\'' }, { "&#39;", '\'' } };
        for (size_t i = 0; i < ARRAY_LEN(entities); i++)
                if (str_starts(s, str_of(entities[i].text))) {
                        *ret = entities[i].c;
                        return strlen(entities[i].text);
                }
        return 0;
}

/* In an attribute's value; returns the bytes that it took. */
static size_t follow_value(TmplHtml *h, Str text, size_t i)
{
        char c = text.p[i];
        if (h->delim ? c == h->delim : is_space(c) || c == '>') {
                h->state = HTML_TAG;
                if (c == '>')
                        end_tag(h);
                return 1;
        }
        if (h->syntax == SYNTAX_URL)
                follow_url(h, c);
        else if (h->syntax == SYNTAX_SCRIPT || h->syntax == SYNTAX_STYLE) {
                char quote;
                size_t n = quote_entity(str_sub(text, i, text.n), &quote);
                if (n) {
                        follow_code(h, str_n(&quote, 1), 0);
                        return n;
                }
                follow_code(h, text, i);
        }
        return 1;
}

static bool at_end_tag(const TmplHtml *h, Str text, size_t i)
{
        Str rest = str_sub(text, i, text.n);
        Str name = element(h);
        return rest.n >= 2 + name.n && rest.p[0] == '<' && rest.p[1] == '/' &&
               str_eq_fold(str_sub(rest, 2, 2 + name.n), name);
}

static void start_tag(TmplHtml *h, bool closing)
{
        h->state = HTML_TAG_NAME;
        h->closing = closing;
        h->element_n = 0;
}

/* Plain text at i; returns the bytes that it wrote or left out. */
static size_t text_byte(TmplHtml *h, Buf *out, Str text, size_t i)
{
        Str rest = str_sub(text, i, text.n);
        if (rest.p[0] != '<') {
                buf_char(out, rest.p[0]);
                return 1;
        }
        if (str_starts(rest, STR("<!--"))) {
                h->state = HTML_COMMENT;
                return 4;
        }
        bool closing = rest.n > 2 && rest.p[1] == '/' && is_letter(rest.p[2]);
        if (closing || (rest.n > 1 && is_letter(rest.p[1]))) {
                start_tag(h, closing);
                buf_cstr_add(out, closing ? "</" : "<");
                return closing ? 2 : 1;
        }
        bool doctype = rest.n >= 9 && str_eq_fold(str_sub(rest, 0, 9), STR("<!doctype"));
        buf_cstr_add(out, doctype ? "<" : "&lt;");
        return 1;
}

/* The content of <script> and <style>: comments are left out. */
static void raw_byte(TmplHtml *h, Buf *out, Str text, size_t i)
{
        TmplHtmlCode before = h->code;
        follow_code(h, text, i);
        bool comment = h->code == CODE_LINE_COMMENT || h->code == CODE_BLOCK_COMMENT;
        if (before == CODE_BLOCK_COMMENT) {
                h->newline |= text.p[i] == '\n' || text.p[i] == '\r';
                if (!comment)
                        buf_char(out, h->newline && h->syntax == SYNTAX_SCRIPT ? '\n' : ' ');
        } else if (comment)
                h->newline = false;
        else
                buf_char(out, text.p[i]);
}

void tmpl_html_text(TmplHtml *h, Buf *out, Str text)
{
        for (size_t i = 0; i < text.n;) {
                switch ((int)h->state) {
                case HTML_TEXT: i += text_byte(h, out, text, i); continue;
                case HTML_COMMENT:
                        if (str_starts(str_sub(text, i, text.n), STR("-->"))) {
                                h->state = HTML_TEXT;
                                i += 2;
                        }
                        i++;
                        continue;
                case HTML_RCDATA:
                case HTML_RAW:
                        if (at_end_tag(h, text, i)) {
                                start_tag(h, true);
                                buf_lit(out, "</");
                                i += 2;
                                continue;
                        }
                        if (h->state == HTML_RAW)
                                raw_byte(h, out, text, i);
                        else if (text.p[i] == '<')
                                buf_lit(out, "&lt;");
                        else
                                buf_char(out, text.p[i]);
                        i++;
                        continue;
                case HTML_BEFORE_VALUE:
                        if (!is_space(text.p[i]) && !strchr("\"'>", text.p[i]))
                                start_value(h, 0);
                        break;
                default: break;
                }
                size_t n = 1;
                if (h->state == HTML_VALUE)
                        n = follow_value(h, text, i);
                else
                        follow_tag(h, text.p[i]);
                buf_add(out, text.p + i, n);
                i += n;
        }
}

/* ---- escaping a value */

/* As the name of an element or attribute: letters and digits, and nothing that a browser runs or fetches. */
static void name_value(TmplHtml *h, Buf *out, Str text)
{
        bool ok = text.n > 0;
        for (size_t i = 0; i < text.n && ok; i++)
                ok = is_letter(text.p[i]) || (text.p[i] >= '0' && text.p[i] <= '9');
        if (h->state != HTML_TAG_NAME && h->state != HTML_ATTR_NAME) {
                h->state = HTML_ATTR_NAME;
                h->attr_n = 0;
        }
        Str name = ok ? text : STR(REFUSED);
        if (h->state == HTML_ATTR_NAME) {
                TmplHtml whole = *h;
                for (size_t i = 0; i < name.n; i++)
                        name_add(whole.attr, sizeof whole.attr, &whole.attr_n, name.p[i]);
                if (attr_syntax(str_n(whole.attr, whole.attr_n)) != SYNTAX_PLAIN)
                        name = STR(REFUSED);
        }
        for (size_t i = 0; i < name.n; i++) {
                if (h->state == HTML_TAG_NAME)
                        name_add(h->element, sizeof h->element, &h->element_n, name.p[i]);
                else
                        name_add(h->attr, sizeof h->attr, &h->attr_n, name.p[i]);
        }
        buf_str_add(out, name);
}

static void url_value(Buf *out, TmplHtmlUrlPart part, const TmplValue *v, Str text)
{
        if (part == URL_QUERY)
                tmpl_escape_url(out, text, v->safe_url);
        else if (part == URL_START && !v->safe_url && !tmpl_escape_url_is_safe(text))
                buf_lit(out, "#" REFUSED);
        else
                tmpl_escape_url(out, text, true);
}

static void code_value(const TmplHtml *h, Buf *out, const TmplValue *v, Str text)
{
        switch (h->code) {
        case CODE_LINE_COMMENT:
        case CODE_BLOCK_COMMENT: return;
        case CODE_URL: url_value(out, h->url_part, v, text); return;
        case CODE_TOP:
                if (h->syntax == SYNTAX_STYLE)
                        tmpl_escape_css_value(out, text);
                else
                        tmpl_escape_js_value(out, v);
                return;
        case CODE_DOUBLE:
        case CODE_SINGLE:
        case CODE_BACKQUOTE:
        case CODE_REGEXP:
        default:
                if (h->syntax == SYNTAX_STYLE)
                        tmpl_escape_css_string(out, text);
                else
                        tmpl_escape_js_string(out, text);
        }
}

/* In an attribute: first for what the attribute means, then for the quotes around it. */
static void attr_value(const TmplHtml *h, Buf *out, const TmplValue *v, Str text, Arena *arena)
{
        Buf inner = { .arena = arena };
        bool keep_entities = false;
        switch (h->syntax) {
        case SYNTAX_URL: url_value(&inner, h->url_part, v, text); break;
        case SYNTAX_SCRIPT:
        case SYNTAX_STYLE: code_value(h, &inner, v, text); break;
        case SYNTAX_HTML:
                if (v->safe_html)
                        buf_str_add(&inner, text);
                else
                        tmpl_escape_html_node(&inner, text, false);
                break;
        case SYNTAX_PLAIN:
        default:
                keep_entities = v->safe_html;
                if (v->safe_html)
                        tmpl_escape_strip_tags(&inner, text);
                else
                        buf_str_add(&inner, text);
        }
        Str s = buf_str(&inner);
        if (h->delim)
                tmpl_escape_html_node(out, s, keep_entities);
        else if (s.n)
                tmpl_escape_html_unquoted(out, s, keep_entities);
        else
                buf_lit(out, REFUSED);
}

bool tmpl_html_value(TmplHtml *h, Buf *out, const TmplValue *v, Str text, Arena *arena)
{
        if (h->state == HTML_BEFORE_VALUE)
                start_value(h, 0);
        switch (h->state) {
        case HTML_TEXT:
                if (v->safe_html)
                        buf_str_add(out, text);
                else
                        tmpl_escape_html_node(out, text, false);
                break;
        case HTML_COMMENT: break;
        case HTML_TAG_NAME:
        case HTML_TAG:
        case HTML_ATTR_NAME:
        case HTML_AFTER_NAME: name_value(h, out, text); break;
        case HTML_VALUE:
                attr_value(h, out, v, text, arena);
                if (h->syntax == SYNTAX_SCRIPT && h->code == CODE_TOP)
                        h->operand_before = true;
                break;
        case HTML_RCDATA: tmpl_escape_html_node(out, text, v->safe_html); break;
        case HTML_RAW:
                code_value(h, out, v, text);
                if (h->code == CODE_TOP)
                        h->operand_before = true;
                break;
        case HTML_BEFORE_VALUE:
        default: return false;
        }
        return true;
}
