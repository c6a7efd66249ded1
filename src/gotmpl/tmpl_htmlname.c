/* gotmpl/tmpl_htmlname.c
 *
 * Invariant: the tables are upstream's; an attribute that none of them names is judged by what its name contains. */
#include "gotmpl/tmpl_htmlname.h"

#include <stdint.h>

#include "base/utf8.h"

enum { RUNE_END = 0x110000 };

TmplHtmlAttr tmpl_htmlname_attr(Str name, bool *other)
{
        static const char *const urls[] = { "action", "archive", "background", "cite",   "classid",  "codebase",
                                            "data",   "href",    "formaction", "icon",   "longdesc", "manifest",
                                            "poster", "profile", "src",        "usemap", "xmlns" };
        static const char *const unsafe[] = { "accept-charset", "async",       "challenge",  "charset",
                                              "content",        "crossorigin", "defer",      "enctype",
                                              "form",           "formenctype", "formmethod", "keytype",
                                              "formnovalidate", "language",    "http-equiv", "method",
                                              "novalidate",     "pattern",     "rel",        "sandbox",
                                              "type",           "value",       "srcdoc" };
        *other = false;
        size_t colon = str_find_char(name, ':');
        if (str_starts(name, STR("data-")))
                name = str_sub(name, 5, name.n);
        else if (colon != SIZE_MAX) {
                if (str_eq(str_sub(name, 0, colon), STR("xmlns")))
                        return ATTR_URL;
                name = str_sub(name, colon + 1, name.n);
        }
        for (size_t i = 0; i < ARRAY_LEN(urls); i++)
                if (str_eq(name, str_of(urls[i])))
                        return ATTR_URL;
        for (size_t i = 0; i < ARRAY_LEN(unsafe) && !*other; i++)
                *other = str_eq(name, str_of(unsafe[i]));
        if (*other || str_eq(name, STR("srclang")))
                return ATTR_NONE;
        if (str_eq(name, STR("style")))
                return ATTR_STYLE;
        if (str_eq(name, STR("srcset")))
                return ATTR_SRCSET;
        if (str_starts(name, STR("on")))
                return ATTR_SCRIPT;
        bool url = str_find(name, STR("src")) != SIZE_MAX || str_find(name, STR("uri")) != SIZE_MAX ||
                   str_find(name, STR("url")) != SIZE_MAX;
        return url ? ATTR_URL : ATTR_NONE;
}

bool tmpl_htmlname_is_script(Str s, bool old)
{
        static const char *const types[] = { "application/ecmascript",
                                             "application/javascript",
                                             "application/json",
                                             "application/x-ecmascript",
                                             "application/x-javascript",
                                             "text/ecmascript",
                                             "text/javascript",
                                             "text/jscript",
                                             "text/livescript",
                                             "text/x-ecmascript",
                                             "text/x-javascript",
                                             "application/ld+json",
                                             "module",
                                             "text/javascript1.0",
                                             "text/javascript1.1",
                                             "text/javascript1.2",
                                             "text/javascript1.3",
                                             "text/javascript1.4",
                                             "text/javascript1.5" };
        s = str_trim(str_sub(s, 0, str_find_char(s, ';') == SIZE_MAX ? s.n : str_find_char(s, ';')));
        for (size_t i = 0; i < ARRAY_LEN(types); i++)
                if (str_eq_fold(s, str_of(types[i])))
                        return true;
        return s.n == 0 && !old;
}

/* "&#39;" or "&#x27;"; returns its length, 0 when it is none. */
static size_t decode_number(Buf *out, Str s)
{
        bool hex = s.n > 2 && (s.p[2] | 0x20) == 'x';
        size_t from = hex ? 3 : 2, k = from;
        uint32_t r = 0;
        if (!str_starts(s, STR("&#")))
                return 0;
        for (; k < s.n; k++) {
                char c = (char)(s.p[k] | 0x20);
                bool digit = s.p[k] >= '0' && s.p[k] <= '9';
                if (!digit && !(hex && c >= 'a' && c <= 'f'))
                        break;
                uint32_t value = (uint32_t)(digit ? s.p[k] - '0' : c - 'a' + 10);
                r = r >= RUNE_END ? r : r * (hex ? 16 : 10) + value;
        }
        if (k == from)
                return 0;
        bool surrogate = r >= 0xd800 && r < 0xe000;
        utf8_encode(out, r && r < RUNE_END && !surrogate ? r : UTF8_REPLACEMENT);
        return k + (k < s.n && s.p[k] == ';');
}

Str tmpl_htmlname_decode(Str s, Arena *arena)
{
        static const struct {
                Str name;
                char c;
        } names[] = { { STR_INIT("&quot;"), '"' },
                      { STR_INIT("&apos;"), '\'' },
                      { STR_INIT("&amp;"), '&' },
                      { STR_INIT("&lt;"), '<' },
                      { STR_INIT("&gt;"), '>' } };
        Buf out = { .arena = arena };
        for (size_t i = 0; i < s.n;) {
                Str rest = str_sub(s, i, s.n);
                size_t n = decode_number(&out, rest);
                for (size_t k = 0; k < ARRAY_LEN(names) && !n; k++)
                        if (str_starts(rest, names[k].name)) {
                                buf_char(&out, names[k].c);
                                n = names[k].name.n;
                        }
                if (n)
                        i += n;
                else
                        buf_char(&out, s.p[i++]);
        }
        return buf_str(&out);
}

void tmpl_htmlname_context(Buf *out, const TmplHtml *h)
{
        static const char *const states[] = { "Text",
                                              "Tag",
                                              "AttrName",
                                              "AfterName",
                                              "BeforeValue",
                                              "HTMLCmt",
                                              "RCDATA",
                                              "Attr",
                                              "URL",
                                              "Srcset",
                                              "JS",
                                              "JSDqStr",
                                              "JSSqStr",
                                              "JSTmplLit",
                                              "JSRegexp",
                                              "JSBlockCmt",
                                              "JSLineCmt",
                                              "JSHTMLOpenCmt",
                                              "JSHTMLCloseCmt",
                                              "CSS",
                                              "CSSDqStr",
                                              "CSSSqStr",
                                              "CSSDqURL",
                                              "CSSSqURL",
                                              "CSSURL",
                                              "CSSBlockCmt",
                                              "CSSLineCmt",
                                              "MetaContent",
                                              "MetaContentURL",
                                              "Error",
                                              "Dead" };
        static const char *const delims[] = { "None", "DoubleQuote", "SingleQuote", "SpaceOrTagEnd" };
        static const char *const parts[] = { "None", "PreQuery", "QueryOrFrag", "Unknown" };
        static const char *const slashes[] = { "Regexp", "DivOp", "Unknown" };
        static const char *const attrs[] = { "None", "Script", "ScriptType", "Style", "URL", "Srcset", "MetaContent" };
        static const char *const elements[] = { "None", "Script", "Style", "Textarea", "Title", "Meta" };
        const char *state = h->old && h->state == HTML_JS_LITERAL ? "JSBqStr" : states[h->state];
        buf_printf(out, "{state%s delim%s urlPart%s jsCtx%s ", state, delims[h->delim], parts[h->url_part],
                   slashes[h->slash]);
        if (!h->old) {
                buf_char(out, '[');
                for (size_t i = 0; i < h->braces_n; i++)
                        buf_printf(out, i ? " %d" : "%d", h->braces[i]);
                buf_lit(out, "] ");
        }
        buf_printf(out, "attr%s element%s <nil>}", attrs[h->attr], elements[h->element]);
}
