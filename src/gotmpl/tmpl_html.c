/* gotmpl/tmpl_html.c
 *
 * Invariants:
 * 1. Only the template's own text moves the state, one text node at a time: what ends a node ends a token, as upstream.
 * 2. A step consumes text or changes the state, so following a text ends.
 * 3. Text that cannot be followed puts the context into HTML_ERROR, which nothing leaves.
 *
 * The same steps serve the check before a run (tmpl_htmlcheck.c) and the run itself, so both see the same places. */
#include "gotmpl/tmpl_html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gotmpl/tmpl_css.h"
#include "gotmpl/tmpl_htmlname.h"
#include "model/quote.h"

enum { CSS_MAX_REREAD_BYTES = 4096 /* upstream reads a string anew at each of its escapes */ };

static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

static size_t find_any(Str s, size_t from, const char *set)
{
        while (from < s.n && !(s.p[from] && strchr(set, s.p[from])))
                from++;
        return from;
}

static size_t skip_space(Str s, size_t i)
{
        while (i < s.n && is_space(s.p[i]))
                i++;
        return i;
}

static bool starts_fold(Str s, Str prefix) { return s.n >= prefix.n && str_eq_fold(str_sub(s, 0, prefix.n), prefix); }

void tmpl_html_fail(TmplHtml *h, const char *fmt, ...)
{
        char text[600];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        TmplHtmlError *error = arena_new_of(h->arena, TmplHtmlError);
        *error = (TmplHtmlError){ .text = str_dup(h->arena, str_of(text)) };
        *h = (TmplHtml){ .state = HTML_ERROR, .error = error, .arena = h->arena, .old = h->old };
}

static TmplHtml fresh(const TmplHtml *h, TmplHtmlState state, TmplHtmlElement element)
{
        return (TmplHtml){ .state = state, .element = element, .arena = h->arena, .old = h->old };
}

static Str quoted(const TmplHtml *h, Str s)
{
        Buf b = { .arena = h->arena };
        quote_go(&b, s);
        return buf_str(&b);
}

/* ---- tags */

/* Behind the name of a tag at i; i when there is none. */
static size_t tag_name(Str s, size_t i, TmplHtmlElement *ret)
{
        static const char *const names[] = { [ELEMENT_SCRIPT] = "script",
                                             [ELEMENT_STYLE] = "style",
                                             [ELEMENT_TEXTAREA] = "textarea",
                                             [ELEMENT_TITLE] = "title",
                                             [ELEMENT_META] = "meta" };
        *ret = ELEMENT_NONE;
        size_t j = i;
        if (i >= s.n || !is_letter(s.p[i]))
                return i;
        for (j++; j < s.n; j++) {
                if (is_letter(s.p[j]) || is_digit(s.p[j]))
                        continue;
                bool inside = (s.p[j] == ':' || s.p[j] == '-') && j + 1 < s.n &&
                              (is_letter(s.p[j + 1]) || is_digit(s.p[j + 1]));
                if (!inside)
                        break;
                j++;
        }
        for (size_t k = ELEMENT_SCRIPT; k < ARRAY_LEN(names); k++)
                if (str_eq_fold(str_sub(s, i, j), str_of(names[k])))
                        *ret = (TmplHtmlElement)k;
        return j;
}

static size_t step_text(TmplHtml *h, Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] != '<')
                        continue;
                if (i + 1 == s.n)
                        return s.n;
                if (str_starts(str_sub(s, i, s.n), STR("<!--"))) {
                        *h = fresh(h, HTML_COMMENT, ELEMENT_NONE);
                        return i + 4;
                }
                bool end = s.p[i + 1] == '/';
                if (end && i + 2 == s.n)
                        return s.n;
                size_t from = i + (end ? 2 : 1);
                TmplHtmlElement element;
                size_t j = tag_name(s, from, &element);
                if (j != from) {
                        if (h->old && element == ELEMENT_META)
                                element = ELEMENT_NONE;
                        *h = fresh(h, HTML_TAG, end ? ELEMENT_NONE : element);
                        return j;
                }
                i = j - 1;
        }
        return s.n;
}

/* Behind the attribute's name that begins at i; SIZE_MAX after an error. */
static size_t attr_name(TmplHtml *h, Str s, size_t i)
{
        size_t j = find_any(s, i, " \t\n\f\r=>'\"<");
        if (j == s.n || !strchr("'\"<", s.p[j]))
                return j;
        Str shown = str_sub(s, 0, s.n < 32 ? s.n : 32);
        tmpl_html_fail(h, STR_FMT " in attribute name: " STR_FMT, STR_ARG(quoted(h, str_sub(s, j, j + 1))),
                       STR_ARG(quoted(h, shown)));
        return SIZE_MAX;
}

static TmplHtmlAttr attr_of(const TmplHtml *h, Str name)
{
        char lower[32];
        size_t n = 0;
        for (; n < name.n && n < sizeof lower; n++)
                lower[n] = name.p[n] >= 'A' && name.p[n] <= 'Z' ? (char)(name.p[n] | 0x20) : name.p[n];
        Str s = str_n(lower, n);
        if (h->element == ELEMENT_SCRIPT && str_eq(s, STR("type")))
                return ATTR_SCRIPT_TYPE;
        if (h->element == ELEMENT_META && str_eq(s, STR("content")))
                return ATTR_META_CONTENT;
        bool other;
        return tmpl_htmlname_attr(s, &other);
}

static size_t step_tag(TmplHtml *h, Str s)
{
        static const TmplHtmlState contents[] = { HTML_TEXT, HTML_JS, HTML_CSS, HTML_RCDATA, HTML_RCDATA, HTML_TEXT };
        size_t i = skip_space(s, 0);
        if (i == s.n)
                return s.n;
        if (s.p[i] == '>') {
                TmplHtmlElement element = h->element == ELEMENT_META ? ELEMENT_NONE : h->element;
                *h = fresh(h, contents[h->element], element);
                return i + 1;
        }
        size_t j = attr_name(h, s, i);
        if (j == SIZE_MAX)
                return s.n;
        if (i == j) {
                tmpl_html_fail(h, "expected space, attr name, or end of tag, but got " STR_FMT,
                               STR_ARG(quoted(h, str_sub(s, i, s.n))));
                return s.n;
        }
        TmplHtmlAttr attr = attr_of(h, str_sub(s, i, j));
        *h = fresh(h, j == s.n ? HTML_ATTR_NAME : HTML_AFTER_NAME, h->element);
        h->attr = attr;
        return j;
}

static size_t step_attr_name(TmplHtml *h, Str s)
{
        size_t i = attr_name(h, s, 0);
        if (i == SIZE_MAX)
                return s.n;
        if (i != s.n)
                h->state = HTML_AFTER_NAME;
        return i;
}

static size_t step_after_name(TmplHtml *h, Str s)
{
        size_t i = skip_space(s, 0);
        if (i == s.n)
                return s.n;
        h->state = s.p[i] == '=' ? HTML_BEFORE_VALUE : HTML_TAG;
        return s.p[i] == '=' ? i + 1 : i;
}

static TmplHtmlState value_state(TmplHtmlAttr attr)
{
        static const TmplHtmlState states[] = { HTML_ATTR, HTML_JS,     HTML_ATTR,        HTML_CSS,
                                                HTML_URL,  HTML_SRCSET, HTML_META_CONTENT };
        return states[attr];
}

static size_t step_before_value(TmplHtml *h, Str s)
{
        size_t i = skip_space(s, 0);
        if (i == s.n)
                return s.n;
        h->delim = s.p[i] == '\'' ? DELIM_SINGLE : s.p[i] == '"' ? DELIM_DOUBLE : DELIM_SPACE;
        h->state = value_state(h->attr);
        return h->delim == DELIM_SPACE ? i : i + 1;
}

static size_t step_html_comment(TmplHtml *h, Str s)
{
        size_t i = str_find(s, STR("-->"));
        if (i == SIZE_MAX)
                return s.n;
        *h = fresh(h, HTML_TEXT, ELEMENT_NONE);
        return i + 3;
}

static bool in_script_literal(TmplHtmlState s)
{
        return s == HTML_JS_DOUBLE || s == HTML_JS_SINGLE || s == HTML_JS_LITERAL || s == HTML_JS_REGEXP;
}

/* Where the element that is open ends: looked for once, not again at every token. */
typedef struct End {
        TmplHtmlElement element;
        size_t at;
} End;

/* Where "</script" and the like ends the element, from i; s.n when it does not. */
static size_t element_end(const TmplHtml *h, Str s, size_t i, End *known)
{
        static const char *const ends[] = { "", "</script", "</style", "</textarea", "</title", "" };
        if (h->element == ELEMENT_NONE || h->element == ELEMENT_META)
                return s.n;
        if (!h->old && h->element == ELEMENT_SCRIPT && (in_script_literal(h->state) || tmpl_html_is_comment(h->state)))
                return s.n;
        if (known->element == h->element && known->at >= i)
                return known->at;
        Str end = str_of(ends[h->element]);
        *known = (End){ h->element, s.n };
        for (; i + end.n < s.n && known->at == s.n; i++)
                if (s.p[i] == '<' && starts_fold(str_sub(s, i, s.n), end) && s.p[i + end.n] &&
                    strchr("> \t\n\f/", s.p[i + end.n]))
                        known->at = i;
        return known->at;
}

/* ---- values of attributes */

static void follow_url(TmplHtml *h, Str s)
{
        if (find_any(s, 0, "#?") < s.n)
                h->url_part = URL_QUERY;
        else if (skip_space(s, 0) != s.n && h->url_part == URL_START)
                h->url_part = URL_BEFORE_QUERY;
}

static size_t step_meta(TmplHtml *h, Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                if (h->state == HTML_META_CONTENT_URL && s.p[i] == ';') {
                        h->state = HTML_META_CONTENT;
                        return i + 1;
                }
                if (h->state == HTML_META_CONTENT && starts_fold(str_sub(s, i, s.n), STR("url"))) {
                        size_t j = skip_space(s, i + 3);
                        if (j < s.n && s.p[j] == '=') {
                                h->state = HTML_META_CONTENT_URL;
                                return j + 1;
                        }
                }
        }
        return s.n;
}

/* ---- scripts */

static bool is_identifier(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '$'; }

static bool is_word_before_regexp(Str s)
{
        static const char *const words[] = { "break",      "case", "continue", "delete", "do",  "else",   "finally",
                                             "instanceof", "in",   "return",   "throw",  "try", "typeof", "void" };
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (str_eq(s, str_of(words[i])))
                        return true;
        return false;
}

/* What a slash means behind this run of tokens. */
static TmplHtmlSlash slash_after(Str s, TmplHtmlSlash before)
{
        for (;;) {
                if (s.n && is_space(s.p[s.n - 1]))
                        s.n--;
                else if (s.n >= 3 && (str_eq(str_sub(s, s.n - 3, s.n), STR("\xe2\x80\xa8")) ||
                                      str_eq(str_sub(s, s.n - 3, s.n), STR("\xe2\x80\xa9"))))
                        s.n -= 3;
                else
                        break;
        }
        if (s.n == 0)
                return before;
        char c = s.p[s.n - 1];
        if (c == '+' || c == '-') {
                size_t same = 1;
                while (same < s.n && s.p[s.n - 1 - same] == c)
                        same++;
                return same % 2 ? SLASH_REGEXP : SLASH_DIVIDES;
        }
        if (c == '.')
                return s.n > 1 && is_digit(s.p[s.n - 2]) ? SLASH_DIVIDES : SLASH_REGEXP;
        if (c && strchr(",<>=*%&|^?!~([:;{}", c))
                return SLASH_REGEXP;
        size_t j = s.n;
        while (j && is_identifier(s.p[j - 1]))
                j--;
        return is_word_before_regexp(str_sub(s, j, s.n)) ? SLASH_REGEXP : SLASH_DIVIDES;
}

static size_t step_js_slash(TmplHtml *h, Str s, size_t i)
{
        char next = i + 1 < s.n ? s.p[i + 1] : 0;
        if (next == '/' || next == '*') {
                h->state = next == '/' ? HTML_JS_LINE_COMMENT : HTML_JS_BLOCK_COMMENT;
                return i + 2;
        }
        if (h->slash == SLASH_UNKNOWN) {
                Str shown = str_sub(s, i, s.n - i < 32 ? s.n : i + 32);
                tmpl_html_fail(h, "'/' could start a division or regexp: " STR_FMT, STR_ARG(quoted(h, shown)));
                return s.n;
        }
        if (h->slash == SLASH_REGEXP)
                h->state = HTML_JS_REGEXP;
        else
                h->slash = SLASH_REGEXP;
        return i + 1;
}

static void js_brace(TmplHtml *h, char c)
{
        if (h->braces_n == 0)
                return;
        int *open = &h->braces[h->braces_n - 1];
        *open += c == '{' ? 1 : -1;
        if (*open < 0) {
                h->braces_n--;
                h->state = HTML_JS_LITERAL;
        }
}

static size_t step_js(TmplHtml *h, Str s)
{
        size_t i = find_any(s, 0, h->old ? "\"`'/" : "\"`'/{}<-#");
        h->slash = slash_after(str_sub(s, 0, i), h->slash);
        if (i == s.n)
                return s.n;
        Str rest = str_sub(s, i, s.n);
        switch (s.p[i]) {
        case '"':
        case '\'':
        case '`':
                h->state = s.p[i] == '"' ? HTML_JS_DOUBLE : s.p[i] == '`' ? HTML_JS_LITERAL : HTML_JS_SINGLE;
                h->slash = SLASH_REGEXP;
                return i + 1;
        case '/': return step_js_slash(h, s, i);
        case '{':
        case '}': js_brace(h, s.p[i]); return i + 1;
        default: break;
        }
        if (str_starts(rest, STR("<!--"))) {
                h->state = HTML_JS_OPEN_COMMENT;
                return i + 4;
        }
        if (str_starts(rest, STR("-->"))) {
                h->state = HTML_JS_CLOSE_COMMENT;
                return i + 3;
        }
        if (str_starts(rest, STR("#!"))) {
                h->state = HTML_JS_LINE_COMMENT;
                return i + 2;
        }
        return i + 1;
}

static size_t unfinished_escape(TmplHtml *h, Str s, const char *language)
{
        tmpl_html_fail(h, "unfinished escape sequence in %s string: " STR_FMT, language, STR_ARG(quoted(h, s)));
        return s.n;
}

static size_t step_js_string(TmplHtml *h, Str s)
{
        const char *specials = h->state == HTML_JS_DOUBLE    ? "\\\""
                               : h->state == HTML_JS_SINGLE  ? "\\'"
                               : h->state == HTML_JS_LITERAL ? "`\\"
                                                             : "\\/[]";
        bool in_set = false;
        for (size_t i = find_any(s, 0, specials); i < s.n; i = find_any(s, i + 1, specials)) {
                char c = s.p[i];
                if (c == '\\') {
                        if (++i == s.n)
                                return unfinished_escape(h, s, "JS");
                } else if (c == '[' || c == ']')
                        in_set = c == '[';
                else if (c == '/' && !h->old && i && starts_fold(str_sub(s, i - 1, s.n), STR("</script")))
                        continue;
                else if (!in_set) {
                        h->state = HTML_JS;
                        h->slash = SLASH_DIVIDES;
                        return i + 1;
                }
        }
        if (in_set)
                tmpl_html_fail(h, "unfinished JS regexp charset: " STR_FMT, STR_ARG(quoted(h, s)));
        return s.n;
}

static size_t step_js_literal(TmplHtml *h, Str s)
{
        for (size_t i = find_any(s, 0, "`\\$"); i < s.n; i = find_any(s, i + 1, "`\\$")) {
                if (s.p[i] == '\\') {
                        if (++i == s.n)
                                return unfinished_escape(h, s, "JS");
                } else if (s.p[i] == '`') {
                        h->state = HTML_JS;
                        return i + 1;
                } else if (i + 1 < s.n && s.p[i + 1] == '{') {
                        if (h->braces_n == TMPL_HTML_MAX_BRACES) {
                                tmpl_html_fail(h, "template literals nest deeper than %d", TMPL_HTML_MAX_BRACES);
                                return s.n;
                        }
                        h->braces[h->braces_n++] = 0;
                        h->state = HTML_JS;
                        return i + 2;
                }
        }
        return s.n;
}

static size_t step_block_comment(TmplHtml *h, Str s)
{
        size_t i = str_find(s, STR("*/"));
        if (i == SIZE_MAX)
                return s.n;
        h->state = h->state == HTML_JS_BLOCK_COMMENT ? HTML_JS : HTML_CSS;
        return i + 2;
}

static size_t step_line_comment(TmplHtml *h, Str s)
{
        bool css = h->state == HTML_CSS_LINE_COMMENT;
        size_t i = find_any(s, 0, css ? "\n\f\r" : "\n\r");
        for (size_t k = 0; !css && k + 3 <= i; k++)
                if (str_starts(str_sub(s, k, s.n), STR("\xe2\x80\xa8")) ||
                    str_starts(str_sub(s, k, s.n), STR("\xe2\x80\xa9")))
                        i = k;
        if (i < s.n)
                h->state = css ? HTML_CSS : HTML_JS;
        return i;
}

/* ---- style sheets */

static size_t step_css_bracket(TmplHtml *h, Str s, size_t i)
{
        size_t before = i;
        while (before && is_space(s.p[before - 1]))
                before--;
        bool url = before >= 3 && str_eq_fold(str_sub(s, before - 3, before), STR("url"));
        char ahead = url && before > 3 ? s.p[before - 4] : 0;
        if (!url || is_letter(ahead) || is_digit(ahead) || ahead == '-' || ahead == '_' || (unsigned char)ahead >= 0x80)
                return 0;
        size_t j = skip_space(s, i + 1);
        char c = j < s.n ? s.p[j] : 0;
        h->state = c == '"' ? HTML_CSS_DOUBLE_URL : c == '\'' ? HTML_CSS_SINGLE_URL : HTML_CSS_URL;
        return h->state == HTML_CSS_URL ? j : j + 1;
}

static size_t step_css(TmplHtml *h, Str s)
{
        for (size_t i = find_any(s, 0, "(\"'/"); i < s.n; i = find_any(s, i + 1, "(\"'/")) {
                char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;
                if (c == '"' || c == '\'') {
                        h->state = c == '"' ? HTML_CSS_DOUBLE : HTML_CSS_SINGLE;
                        return i + 1;
                }
                if (c == '/' && (next == '/' || next == '*')) {
                        h->state = next == '/' ? HTML_CSS_LINE_COMMENT : HTML_CSS_BLOCK_COMMENT;
                        return i + 2;
                }
                size_t n = c == '(' ? step_css_bracket(h, s, i) : 0;
                if (n)
                        return n;
        }
        return s.n;
}

static size_t step_css_string(TmplHtml *h, Str s)
{
        bool bare = h->state == HTML_CSS_URL;
        bool twice = h->state == HTML_CSS_DOUBLE || h->state == HTML_CSS_DOUBLE_URL;
        const char *specials = bare ? "\\\t\n\f\r )" : twice ? "\\\"" : "\\'";
        size_t from = 0;
        for (size_t i = find_any(s, 0, specials); i < s.n; i = find_any(s, i + 1, specials)) {
                if (s.p[i] != '\\') {
                        h->state = HTML_CSS;
                        return i + 1;
                }
                if (++i == s.n)
                        return unfinished_escape(h, s, "CSS");
                follow_url(h, tmpl_css_decode(str_sub(s, i < CSS_MAX_REREAD_BYTES ? 0 : from, i + 1), h->arena));
                from = i + 1;
        }
        follow_url(h, tmpl_css_decode(str_sub(s, from, s.n), h->arena));
        return s.n;
}

/* ---- one step */

static size_t step(TmplHtml *h, Str s)
{
        switch (h->state) {
        case HTML_TEXT: return step_text(h, s);
        case HTML_TAG: return step_tag(h, s);
        case HTML_ATTR_NAME: return step_attr_name(h, s);
        case HTML_AFTER_NAME: return step_after_name(h, s);
        case HTML_BEFORE_VALUE: return step_before_value(h, s);
        case HTML_COMMENT: return step_html_comment(h, s);
        case HTML_URL:
        case HTML_SRCSET: follow_url(h, s); return s.n;
        case HTML_META_CONTENT:
        case HTML_META_CONTENT_URL: return step_meta(h, s);
        case HTML_JS: return step_js(h, s);
        case HTML_JS_LITERAL:
                if (!h->old)
                        return step_js_literal(h, s);
                return step_js_string(h, s);
        case HTML_JS_DOUBLE:
        case HTML_JS_SINGLE:
        case HTML_JS_REGEXP: return step_js_string(h, s);
        case HTML_JS_BLOCK_COMMENT:
        case HTML_CSS_BLOCK_COMMENT: return step_block_comment(h, s);
        case HTML_JS_LINE_COMMENT:
        case HTML_JS_OPEN_COMMENT:
        case HTML_JS_CLOSE_COMMENT:
        case HTML_CSS_LINE_COMMENT: return step_line_comment(h, s);
        case HTML_CSS: return step_css(h, s);
        case HTML_CSS_DOUBLE:
        case HTML_CSS_SINGLE:
        case HTML_CSS_DOUBLE_URL:
        case HTML_CSS_SINGLE_URL:
        case HTML_CSS_URL: return step_css_string(h, s);
        case HTML_RCDATA:
        case HTML_ATTR:
        case HTML_ERROR:
        case HTML_DEAD:
        default: return s.n;
        }
}

static size_t step_in_value(TmplHtml *h, Str s)
{
        static const char *const ends[] = { "", "\"", "'", " \t\n\f\r>" };
        size_t i = find_any(s, 0, ends[h->delim]);
        if (h->delim == DELIM_SPACE) {
                size_t j = find_any(str_sub(s, 0, i), 0, "\"'<=`");
                if (j < i) {
                        tmpl_html_fail(h, STR_FMT " in unquoted attr: " STR_FMT,
                                       STR_ARG(quoted(h, str_sub(s, j, j + 1))), STR_ARG(quoted(h, str_sub(s, 0, i))));
                        return s.n;
                }
        }
        if (i == s.n) {
                Str u = tmpl_htmlname_decode(s, h->arena);
                while (u.n)
                        u = str_sub(u, step(h, u), u.n);
                return s.n;
        }
        TmplHtmlElement element = h->element;
        if (h->state == HTML_ATTR && element == ELEMENT_SCRIPT && h->attr == ATTR_SCRIPT_TYPE &&
            !tmpl_htmlname_is_script(str_sub(s, 0, i), h->old))
                element = ELEMENT_NONE;
        if (h->delim != DELIM_SPACE)
                i++;
        *h = fresh(h, HTML_TAG, element);
        return i;
}

/* From i; returns the bytes that were consumed. */
static size_t step_after_text(TmplHtml *h, Str s, size_t i, End *known)
{
        if (h->delim != DELIM_NONE)
                return step_in_value(h, str_sub(s, i, s.n));
        size_t end = element_end(h, s, i, known);
        if (i == end) {
                *h = fresh(h, HTML_TEXT, ELEMENT_NONE);
                return 0;
        }
        return step(h, str_sub(s, i, end));
}

/* ---- writing the text */

static void write_text(Buf *out, Str s)
{
        for (size_t i = 0; i < s.n; i++)
                if (s.p[i] == '<' && !starts_fold(str_sub(s, i, s.n), STR("<!doctype")))
                        buf_lit(out, "&lt;");
                else
                        buf_char(out, s.p[i]);
}

static void write_literal(Buf *out, Str s)
{
        for (size_t i = 0; i < s.n; i++) {
                Str rest = str_sub(s, i, s.n);
                if (str_starts(rest, STR("<!--")) || starts_fold(rest, STR("<script")) ||
                    starts_fold(rest, STR("</script")))
                        buf_lit(out, "\\x3C");
                else
                        buf_char(out, s.p[i]);
        }
}

/* Where the tag or comment begins that the piece ends with. */
static size_t last_tag(Str piece)
{
        size_t at = piece.n;
        while (at && piece.p[at - 1] != '<')
                at--;
        return at ? at - 1 : 0;
}

static void write_piece(const TmplHtml *before, const TmplHtml *after, Buf *out, Str piece)
{
        size_t end = piece.n;
        bool in_text = before->state == HTML_TEXT || before->state == HTML_RCDATA;
        if (tmpl_html_is_comment(before->state) && before->delim == DELIM_NONE) {
                if (before->state == HTML_CSS_BLOCK_COMMENT)
                        buf_char(out, ' ');
                else if (before->state == HTML_JS_BLOCK_COMMENT)
                        buf_char(out, find_any(piece, 0, "\n\r") < piece.n ? '\n' : ' ');
                return;
        }
        if (before->state != after->state && tmpl_html_is_comment(after->state) && after->delim == DELIM_NONE) {
                bool html_like = after->state == HTML_COMMENT || after->state == HTML_JS_OPEN_COMMENT;
                end -= html_like ? 4 : after->state == HTML_JS_CLOSE_COMMENT ? 3 : 2;
        }
        Str kept = str_sub(piece, 0, end);
        if (in_text) {
                size_t tag = before->state != after->state ? last_tag(piece) : piece.n;
                write_text(out, str_sub(piece, 0, tag));
                buf_str_add(out, str_sub(kept, tag, kept.n));
        } else if (!before->old && in_script_literal(before->state))
                write_literal(out, kept);
        else
                buf_str_add(out, kept);
}

void tmpl_html_text(TmplHtml *h, Buf *out, Str text)
{
        End end = { 0 };
        for (size_t i = 0; i < text.n;) {
                TmplHtml before = *h;
                size_t n = step_after_text(h, text, i, &end);
                if (out)
                        write_piece(&before, h, out, str_sub(text, i, i + n));
                i += n;
        }
}

void tmpl_html_strip_tags(Buf *out, Str s, Arena *arena)
{
        TmplHtml h = { .arena = arena };
        End known = { 0 };
        for (size_t i = 0; i < s.n;) {
                TmplHtml before = h;
                Str rest = str_sub(s, i, s.n);
                if (h.element != ELEMENT_NONE && h.state >= HTML_JS)
                        h.state = HTML_RCDATA;
                bool text = h.state == HTML_TEXT || h.state == HTML_RCDATA;
                size_t n = step_after_text(&h, s, i, &known);
                size_t end = n;
                if (text && h.state != before.state && h.state != HTML_ERROR)
                        while (end && rest.p[end - 1] != '<')
                                end--;
                if (text)
                        buf_add(out, rest.p, end == n || !end ? end : end - 1);
                i += n;
        }
}

/* ---- contexts */

TmplHtml tmpl_html_nudged(TmplHtml h)
{
        switch ((int)h.state) {
        case HTML_TAG: h.state = HTML_ATTR_NAME; break;
        case HTML_BEFORE_VALUE:
                h.state = value_state(h.attr);
                h.delim = DELIM_SPACE;
                h.attr = ATTR_NONE;
                break;
        case HTML_AFTER_NAME:
                h.state = HTML_ATTR_NAME;
                h.attr = ATTR_NONE;
                break;
        default: break;
        }
        return h;
}

bool tmpl_html_eq(const TmplHtml *a, const TmplHtml *b)
{
        return a->state == b->state && a->delim == b->delim && a->url_part == b->url_part && a->slash == b->slash &&
               a->attr == b->attr && a->element == b->element && a->error == b->error && a->braces_n == b->braces_n &&
               memcmp(a->braces, b->braces, a->braces_n * sizeof a->braces[0]) == 0;
}

bool tmpl_html_is_comment(TmplHtmlState s)
{
        return s == HTML_COMMENT || (s >= HTML_JS_BLOCK_COMMENT && s <= HTML_JS_CLOSE_COMMENT) ||
               s == HTML_CSS_BLOCK_COMMENT || s == HTML_CSS_LINE_COMMENT;
}
