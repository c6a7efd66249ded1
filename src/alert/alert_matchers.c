/* Two grammars read matchers: the UTF-8 one (a token stream, Go string escapes) and the classic one (a pattern for each part
 * between commas). Both are tried: where both read a text but disagree, and where only the classic one reads it, the
 * classic one decides, so that old configurations keep their meaning. */
#include "alert/alert_matchers.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "model/regex.h"

enum { LONGEST_TEXT_BYTES = 64 << 10 };

/* The white space of Unicode, as Go's unicode.IsSpace. */
static bool is_space(uint32_t r)
{
        return (r >= 9 && r <= 13) || r == ' ' || r == 0x85 || r == 0xa0 || r == 0x1680 ||
               (r >= 0x2000 && r <= 0x200a) || r == 0x2028 || r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000;
}

/* Length of the code point at `at`; 0 at the end. Bad bytes count as one. */
static size_t rune_at(Str s, size_t at, uint32_t *ret)
{
        *ret = 0;
        if (at >= s.n)
                return 0;
        size_t n = utf8_decode(str_sub(s, at, s.n), ret);
        if (n)
                return n;
        *ret = UTF8_REPLACEMENT;
        return 1;
}

static void skip_space(Str s, size_t *at)
{
        uint32_t r;
        for (size_t n; (n = rune_at(s, *at, &r)) && is_space(r);)
                *at += n;
}

static bool read_operator(Str s, size_t *at, MatchType *ret)
{
        Str rest = str_sub(s, *at, s.n);
        static const struct {
                const char *text;
                MatchType type;
        } ops[] = { { "=~", MATCH_RE }, { "!~", MATCH_NRE }, { "!=", MATCH_NE }, { "=", MATCH_EQ } };
        for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
                if (str_starts(rest, str_of(ops[i].text))) {
                        *at += strlen(ops[i].text);
                        *ret = ops[i].type;
                        return true;
                }
        }
        return false;
}

/* ---- the UTF-8 grammar ---- */

static bool digits_value(Str s, size_t at, size_t n, unsigned base, uint32_t *ret)
{
        uint32_t v = 0;
        if (at + n > s.n)
                return false;
        for (size_t i = 0; i < n; i++) {
                char c = s.p[at + i];
                unsigned d = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                             : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                             : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                    : 99;
                if (d >= base)
                        return false;
                v = v * base + d;
        }
        *ret = v;
        return true;
}

/* Behind a backslash of a Go string. */
static bool read_escape(Str s, size_t *at, Buf *out)
{
        static const char from[] = "abfnrtv\\\"";
        static const char to[] = "\a\b\f\n\r\t\v\\\"";
        if (*at >= s.n)
                return false;
        char c = s.p[(*at)++];
        const char *known = memchr(from, c, sizeof from - 1);
        if (known) {
                buf_char(out, to[known - from]);
                return true;
        }
        bool octal = c >= '0' && c <= '7';
        size_t digits = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        uint32_t rune;
        *at -= octal;
        if (!digits || !digits_value(s, *at, digits, octal ? 8 : 16, &rune))
                return false;
        *at += digits;
        if (digits < 4) { /* a byte */
                if (rune > 255)
                        return false;
                buf_char(out, (char)rune);
                return true;
        }
        if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
                return false;
        utf8_encode(out, rune);
        return true;
}

static bool read_quoted(Str s, size_t *at, Arena *arena, Str *ret, Err *err)
{
        Buf out = { .arena = arena };
        size_t start = *at;
        buf_reserve(&out, 1);
        for ((*at)++; *at < s.n && s.p[*at] != '"';) {
                char c = s.p[(*at)++];
                if (c == '\n' || (c == '\\' && !read_escape(s, at, &out)))
                        return err_set(err, ERR_INVALID, "%zu:%zu: invalid quoted text", start, *at);
                if (c != '\\')
                        buf_char(&out, c);
        }
        if (*at >= s.n)
                return err_set(err, ERR_INVALID, "%zu:%zu: missing end \"", start, s.n);
        (*at)++;
        *ret = buf_str(&out);
        return utf8_valid(*ret) || err_set(err, ERR_INVALID, "%zu:%zu: not valid UTF-8", start, *at);
}

static bool read_word(Str s, size_t *at, const char *what, Arena *arena, Str *ret, Err *err)
{
        skip_space(s, at);
        if (*at < s.n && s.p[*at] == '"')
                return read_quoted(s, at, arena, ret, err);
        size_t start = *at;
        uint32_t r;
        for (size_t n; (n = rune_at(s, *at, &r)) && !is_space(r) && (r > 127 || !strchr("{}!=~,\\\"'`", (int)r));)
                *at += n;
        *ret = str_sub(s, start, *at);
        if (*at == start)
                return err_set(err, ERR_INVALID, "%zu: expected %s", start, what);
        return utf8_valid(*ret) || err_set(err, ERR_INVALID, "%zu:%zu: not valid UTF-8", start, *at);
}

/* A pattern's error is told of the anchored form, which upstream compiles. */
static bool make(Arena *arena, MatchType type, Str name, Str value, Matcher *ret, Err *err)
{
        Regex *re = NULL;
        if (matcher_make_alert(arena, type, name, value, ret, err))
                return true;
        if (type == MATCH_RE || type == MATCH_NRE) {
                Err anchored;
                if (!regex_compile(str_printf(arena, "^(?:" STR_FMT ")$", STR_ARG(value)), REGEX_SEARCH, &re,
                                   &anchored))
                        *err = anchored;
                regex_free(re);
        }
        return false;
}

static bool read_matcher(Str s, size_t *at, Arena *arena, AlertMatcherVec *out, Err *err)
{
        Str name;
        Str value;
        MatchType type;
        Matcher m;
        if (!read_word(s, at, "label name", arena, &name, err))
                return false;
        skip_space(s, at);
        if (!read_operator(s, at, &type))
                return err_set(err, ERR_INVALID, "%zu: expected an operator such as '=', '!=', '=~' or '!~'", *at);
        if (!read_word(s, at, "label value", arena, &value, err) || !make(arena, type, name, value, &m, err))
                return false;
        vec_push(out, m);
        return true;
}

static bool parse_utf8(Str s, Arena *arena, AlertMatcherVec *out, Err *err)
{
        size_t at = 0;
        skip_space(s, &at);
        bool brace = at < s.n && s.p[at] == '{';
        at += brace;
        for (;;) {
                skip_space(s, &at);
                if (at >= s.n || s.p[at] == '}')
                        break;
                if (!read_matcher(s, &at, arena, out, err))
                        return false;
                skip_space(s, &at);
                if (at < s.n && s.p[at] == ',')
                        at++;
                else if (at < s.n && s.p[at] != '}')
                        return err_set(err, ERR_INVALID, "%zu: expected a comma or close brace", at);
        }
        if ((at < s.n) != brace)
                return err_set(err, ERR_INVALID, brace ? "%zu: expected close brace" : "%zu: there is no open brace",
                               at);
        at += brace;
        skip_space(s, &at);
        return at == s.n || err_set(err, ERR_INVALID, "%zu: expected the end of the text", at);
}

/* ---- the classic grammar ---- */

/* Where this part ends: at a comma that is not inside quotes. */
static size_t classic_end(Str s, size_t at)
{
        bool quoted = false;
        bool escaped = false;
        for (; at < s.n; at++) {
                char c = s.p[at];
                if (c == ',' && !quoted)
                        return at;
                if (c == '"' && !escaped)
                        quoted = !quoted;
                escaped = c == '\\' ? !escaped : false;
        }
        return s.n;
}

static bool classic_value(Str raw, Arena *arena, Str *ret, Err *err)
{
        Buf out = { .arena = arena };
        bool open = raw.n && raw.p[0] == '"'; /* a quote is still to be closed */
        buf_reserve(&out, 1);
        if (!utf8_valid(raw))
                return err_set(err, ERR_INVALID, "matcher value not valid UTF-8");
        for (size_t i = open; i < raw.n; i++) {
                char c = raw.p[i];
                if (c == '\\' && i + 1 < raw.n) {
                        c = raw.p[++i];
                        if (c == 'n')
                                c = '\n';
                        else if (c != '"' && c != '\\')
                                buf_char(&out, '\\');
                        buf_char(&out, c);
                } else if (c == '"') {
                        if (!open || i + 1 < raw.n)
                                return err_set(err, ERR_INVALID,
                                               "matcher value contains unescaped double quote: " STR_FMT, STR_ARG(raw));
                        open = false;
                } else {
                        buf_char(&out, c);
                }
        }
        if (open)
                return err_set(err, ERR_INVALID, "matcher value contains unescaped double quote: " STR_FMT,
                               STR_ARG(raw));
        *ret = buf_str(&out);
        return true;
}

static bool is_classic_name(char c, bool first)
{
        return c == '_' || c == ':' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (!first && c >= '0' && c <= '9');
}

static bool classic_matcher(Str part, Arena *arena, AlertMatcherVec *out, Err *err)
{
        size_t i = 0;
        MatchType type;
        Str whole = part;
        part = str_trim(part);
        while (i < part.n && is_classic_name(part.p[i], i == 0))
                i++;
        Str name = str_sub(part, 0, i);
        while (i < part.n && (part.p[i] == ' ' || (part.p[i] >= '\t' && part.p[i] <= '\r' && part.p[i] != '\v')))
                i++;
        if (name.n == 0 || !read_operator(part, &i, &type))
                return err_set(err, ERR_INVALID, "bad matcher format: " STR_FMT, STR_ARG(whole));
        Str value;
        Matcher m;
        if (!classic_value(str_trim(str_sub(part, i, part.n)), arena, &value, err) ||
            !make(arena, type, name, value, &m, err))
                return false;
        vec_push(out, m);
        return true;
}

static bool parse_classic(Str s, Arena *arena, AlertMatcherVec *out, Err *err)
{
        if (s.n && s.p[0] == '{')
                s = str_sub(s, 1, s.n);
        if (s.n && s.p[s.n - 1] == '}')
                s = str_sub(s, 0, s.n - 1);
        for (size_t at = 0; at < s.n;) {
                size_t end = classic_end(s, at);
                if (end == s.n && !str_trim(str_sub(s, at, end)).n)
                        break; /* white space behind the last comma */
                if (!classic_matcher(str_sub(s, at, end), arena, out, err))
                        return false;
                at = end + 1;
        }
        return true;
}

/* ---- both ---- */

static bool same(const AlertMatcherVec *a, const AlertMatcherVec *b)
{
        if (a->len != b->len)
                return false;
        for (size_t i = 0; i < a->len; i++) {
                const Matcher *x = &a->data[i];
                const Matcher *y = &b->data[i];
                if (x->type != y->type || !str_eq(x->name, y->name) || !str_eq(x->value, y->value))
                        return false;
        }
        return true;
}

bool alert_matchers_parse_mode(Str text, AlertMatcherMode mode, Arena *arena, AlertMatcherVec *out, Err *err)
{
        AlertMatcherVec utf8 = { .arena = arena };
        AlertMatcherVec classic = { .arena = arena };
        Err ignored;
        if (text.n > LONGEST_TEXT_BYTES)
                return err_set(err, ERR_LIMIT, "matchers are longer than %d bytes", LONGEST_TEXT_BYTES);
        bool utf8_ok = mode != ALERT_MATCHERS_CLASSIC &&
                       parse_utf8(text, arena, &utf8, mode == ALERT_MATCHERS_UTF8 ? err : &ignored);
        bool classic_ok = mode != ALERT_MATCHERS_UTF8 && parse_classic(text, arena, &classic, err);
        if (!utf8_ok && !classic_ok)
                return false; /* where both could be meant, the classic reading's error is told, as upstream does */
        const AlertMatcherVec *use = classic_ok && !(utf8_ok && same(&utf8, &classic)) ? &classic : &utf8;
        for (size_t i = 0; i < use->len; i++)
                vec_push(out, use->data[i]);
        return true;
}

bool alert_matchers_parse(Str text, Arena *arena, AlertMatcherVec *out, Err *err)
{
        return alert_matchers_parse_mode(text, ALERT_MATCHERS_FALLBACK, arena, out, err);
}

/* With only the escapes that mean the same in both grammars. The name is a bare one: the classic grammar read it. */
static void put_plain(Buf *out, const Matcher *m)
{
        static const char *const operators[] = {
                [MATCH_EQ] = "=\"", [MATCH_NE] = "!=\"", [MATCH_RE] = "=~\"", [MATCH_NRE] = "!~\""
        };
        buf_str_add(out, m->name);
        buf_cstr_add(out, operators[m->type]);
        for (size_t i = 0; i < m->value.n; i++) {
                char c = m->value.p[i];
                if (c == '\n' || c == '"' || c == '\\')
                        buf_char(out, '\\');
                buf_char(out, c == '\n' ? 'n' : c);
        }
        buf_char(out, '"');
}

bool alert_matchers_disagree(Str text, Arena *arena, Str *ret_suggestion)
{
        AlertMatcherVec used = { .arena = arena };
        AlertMatcherVec utf8 = { .arena = arena };
        Buf out = { .arena = arena };
        Err ignored;
        if (!alert_matchers_parse(text, arena, &used, &ignored) ||
            (parse_utf8(text, arena, &utf8, &ignored) && same(&used, &utf8)))
                return false;
        buf_char(&out, '{');
        for (size_t i = 0; i < used.len; i++) {
                if (i)
                        buf_char(&out, ',');
                put_plain(&out, &used.data[i]);
        }
        buf_char(&out, '}');
        *ret_suggestion = buf_str(&out);
        return true;
}

bool alert_matchers_is_name(Str name, AlertMatcherMode mode)
{
        return mode == ALERT_MATCHERS_CLASSIC ? labels_name_is_legacy_valid(name) : name.n > 0 && utf8_valid(name);
}

bool alert_matchers_parse_one(Str text, AlertMatcherMode mode, Arena *arena, Matcher *ret, Err *err)
{
        AlertMatcherVec all = { .arena = arena };
        if (text.n > LONGEST_TEXT_BYTES)
                return err_set(err, ERR_LIMIT, "a matcher is longer than %d bytes", LONGEST_TEXT_BYTES);
        if (mode != ALERT_MATCHERS_CLASSIC && (str_starts(text, STR("{")) || str_ends(text, STR("}"))))
                return err_set(err, ERR_INVALID, "unexpected open or close brace: " STR_FMT, STR_ARG(text));
        AlertMatcherVec utf8 = { .arena = arena };
        Err ignored;
        bool utf8_ok = mode != ALERT_MATCHERS_CLASSIC &&
                       parse_utf8(text, arena, &utf8, mode == ALERT_MATCHERS_UTF8 ? err : &ignored);
        if (mode == ALERT_MATCHERS_UTF8 && utf8_ok && utf8.len == 0)
                return err_set(err, ERR_INVALID, "no matchers");
        if (mode == ALERT_MATCHERS_UTF8 && utf8_ok && utf8.len != 1)
                return err_set(err, ERR_INVALID, "expected 1 matcher, found %zu", utf8.len);
        utf8_ok = utf8_ok && utf8.len == 1;
        bool classic_ok = mode != ALERT_MATCHERS_UTF8 && classic_matcher(text, arena, &all, err);
        if (!utf8_ok && !classic_ok)
                return false;
        *ret = classic_ok && !(utf8_ok && same(&utf8, &all)) ? all.data[0] : utf8.data[0];
        return true;
}
