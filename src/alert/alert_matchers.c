/* Two grammars read matchers: the UTF-8 one (a token stream, Go string escapes) and the classic one (a pattern per comma
 * part). A text that only the classic one reads is read by it, so that old configurations load. */
#include "alert/alert_matchers.h"

#include "base/buf.h"
#include "base/utf8.h"

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static bool is_bare(char c) { return !is_space(c) && !strchr("{}!=~,\\\"'`", c); }

static void skip_space(Str s, size_t *at)
{
        while (*at < s.n && is_space(s.p[*at]))
                (*at)++;
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

static bool hex_rune(Str s, size_t at, size_t digits, uint32_t *ret)
{
        uint32_t v = 0;
        if (at + digits > s.n)
                return false;
        for (size_t i = 0; i < digits; i++) {
                char c = s.p[at + i];
                uint32_t d = c >= '0' && c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 32) - 'a') + 10;
                if (d > 15)
                        return false;
                v = v << 4 | d;
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
        size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
        uint32_t rune;
        if (!digits || !hex_rune(s, *at, digits, &rune))
                return false;
        *at += digits;
        if (c == 'x')
                buf_char(out, (char)rune);
        else
                utf8_encode(out, rune);
        return true;
}

static bool read_quoted(Str s, size_t *at, Arena *arena, Str *ret)
{
        Buf out = { .arena = arena };
        buf_reserve(&out, 1);
        for ((*at)++; *at < s.n && s.p[*at] != '"';) {
                char c = s.p[(*at)++];
                if (c == '\n' || (c == '\\' && !read_escape(s, at, &out)))
                        return false;
                if (c != '\\')
                        buf_char(&out, c);
        }
        if (*at >= s.n)
                return false;
        (*at)++;
        *ret = buf_str(&out);
        return utf8_valid(*ret);
}

static bool read_word(Str s, size_t *at, Arena *arena, Str *ret)
{
        skip_space(s, at);
        if (*at < s.n && s.p[*at] == '"')
                return read_quoted(s, at, arena, ret);
        size_t start = *at;
        while (*at < s.n && is_bare(s.p[*at]))
                (*at)++;
        *ret = str_sub(s, start, *at);
        return *at > start && utf8_valid(*ret);
}

/* True when the text is well-formed in the UTF-8 grammar; regex errors are reported through err with *ret_syntax true. */
static bool parse_utf8(Str s, Arena *arena, AlertMatcherVec *out, bool *ret_syntax, Err *err)
{
        size_t at = 0;
        *ret_syntax = false;
        skip_space(s, &at);
        bool brace = at < s.n && s.p[at] == '{';
        at += brace;
        for (;;) {
                skip_space(s, &at);
                if (at >= s.n || s.p[at] == '}')
                        break;
                Str name;
                Str value;
                MatchType type;
                if (!read_word(s, &at, arena, &name))
                        return false;
                skip_space(s, &at);
                if (!read_operator(s, &at, &type) || !read_word(s, &at, arena, &value))
                        return false;
                Matcher m;
                *ret_syntax = true;
                if (!matcher_make(arena, type, name, value, &m, err))
                        return false;
                *ret_syntax = false;
                vec_push(out, m);
                skip_space(s, &at);
                if (at < s.n && s.p[at] == ',')
                        at++;
                else if (at < s.n && s.p[at] != '}')
                        return false;
        }
        if ((at < s.n && s.p[at] == '}') != brace)
                return false;
        at += brace;
        skip_space(s, &at);
        *ret_syntax = at == s.n;
        return at == s.n;
}

/* Where this classic part ends: at a comma that is not inside quotes. */
static size_t classic_end(Str s, size_t at)
{
        bool quoted = false;
        for (; at < s.n; at++) {
                if (s.p[at] == '\\')
                        at++;
                else if (s.p[at] == '"')
                        quoted = !quoted;
                else if (s.p[at] == ',' && !quoted)
                        return at;
        }
        return s.n;
}

static bool classic_value(Str raw, Arena *arena, Str *ret, Err *err)
{
        Buf out = { .arena = arena };
        buf_reserve(&out, 1);
        bool quoted = raw.n && raw.p[0] == '"';
        if (quoted && (raw.n < 2 || raw.p[raw.n - 1] != '"'))
                return err_set(err, ERR_INVALID, "matcher value contains unescaped double quote: " STR_FMT, STR_ARG(raw));
        if (quoted)
                raw = str_sub(raw, 1, raw.n - 1);
        for (size_t i = 0; i < raw.n; i++) {
                char c = raw.p[i];
                if (c == '"')
                        return err_set(err, ERR_INVALID, "matcher value contains unescaped double quote: " STR_FMT, STR_ARG(raw));
                if (c == '\\' && i + 1 < raw.n && strchr("n\"\\", raw.p[i + 1]))
                        c = raw.p[++i] == 'n' ? '\n' : raw.p[i];
                buf_char(&out, c);
        }
        *ret = buf_str(&out);
        return utf8_valid(*ret) || err_set(err, ERR_INVALID, "matcher value not valid UTF-8: " STR_FMT, STR_ARG(raw));
}

static bool parse_classic(Str s, Arena *arena, AlertMatcherVec *out, Err *err)
{
        s = str_trim(s);
        if (s.n && s.p[0] == '{')
                s = str_sub(s, 1, s.n);
        if (s.n && s.p[s.n - 1] == '}')
                s = str_sub(s, 0, s.n - 1);
        for (size_t at = 0; at < s.n;) {
                size_t end = classic_end(s, at);
                Str part = str_trim(str_sub(s, at, end));
                at = end + 1;
                if (part.n == 0)
                        continue;
                size_t i = 0;
                while (i < part.n && (part.p[i] == ':' || labels_name_is_legacy_valid(str_sub(part, 0, i + 1))))
                        i++;
                Str name = str_sub(part, 0, i);
                MatchType type;
                skip_space(part, &i);
                if (name.n == 0 || !read_operator(part, &i, &type))
                        return err_set(err, ERR_INVALID, "bad matcher format: " STR_FMT, STR_ARG(part));
                Str value;
                Matcher m;
                if (!classic_value(str_trim(str_sub(part, i, part.n)), arena, &value, err) || !matcher_make(arena, type, name, value, &m, err))
                        return false;
                vec_push(out, m);
        }
        return true;
}

bool alert_matchers_parse(Str text, Arena *arena, AlertMatcherVec *out, Err *err)
{
        size_t before = out->len;
        bool syntax;
        if (parse_utf8(text, arena, out, &syntax, err))
                return true;
        if (syntax)
                return false;
        out->len = before;
        if (parse_classic(text, arena, out, err))
                return true;
        out->len = before;
        return false;
}
