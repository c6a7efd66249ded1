/* The reverse of model/quote.h, and the two forms of quoting that only error messages need. PromQL took over Go's literals
 * whole: \a, \x41, \101, \u and \U escapes, and raw strings in backquotes. */
#include "promql/goquote.h"

#include "base/utf8.h"
#include "model/quote.h"

void goquote_prefix(Buf *out, Str text, size_t max_runes)
{
        size_t end = 0;
        for (; end < text.n && max_runes > 0; max_runes--) {
                uint32_t rune;
                size_t n = utf8_decode(str_sub(text, end, text.n), &rune);
                end += n ? n : 1;
        }
        quote_go(out, str_sub(text, 0, end));
}

void goquote_rune(Buf *out, uint32_t rune)
{
        Buf text = { 0 };
        utf8_encode(&text, rune);
        size_t from = out->n;
        if (rune == '\'')
                buf_lit(out, "'\\''");
        else if (rune == '"')
                buf_lit(out, "'\"'");
        else
                quote_go(out, buf_str(&text));
        out->p[from] = out->p[out->n - 1] = '\'';
        buf_done(&text);
}

static int digit_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return 16;
}

/* Reads n digits at s.p[i]. */
static bool read_digits(Str s, size_t i, size_t n, uint32_t base, uint32_t *ret)
{
        uint32_t v = 0;
        if (i + n > s.n)
                return false;
        for (size_t k = 0; k < n; k++) {
                uint32_t d = (uint32_t)digit_value(s.p[i + k]);
                if (d >= base)
                        return false;
                v = v * base + d;
        }
        *ret = v;
        return true;
}

/* One escape at body.p[i], the backslash; returns its length, 0 when malformed. */
static size_t decode_escape(Str body, size_t i, char quote, Buf *out)
{
        static const char SHORT[] = "abfnrtv\\", MEANING[] = "\a\b\f\n\r\t\v\\";
        if (i + 1 >= body.n)
                return 0;
        char c = body.p[i + 1];
        const char *at = c ? strchr(SHORT, c) : NULL;
        uint32_t v = 0;
        if (at || c == quote) {
                buf_char(out, at ? MEANING[at - SHORT] : quote);
                return 2;
        }
        if (c >= '0' && c <= '7') {
                if (!read_digits(body, i + 1, 3, 8, &v) || v > 255)
                        return 0;
                buf_char(out, (char)v);
                return 4;
        }
        if (c == 'x') {
                if (!read_digits(body, i + 2, 2, 16, &v))
                        return 0;
                buf_char(out, (char)v);
                return 4;
        }
        size_t n = c == 'u' ? 4 : 8;
        if ((c != 'u' && c != 'U') || !read_digits(body, i + 2, n, 16, &v) || v > 0x10ffff ||
            (v >= 0xd800 && v < 0xe000))
                return 0;
        utf8_encode(out, v);
        return 2 + n;
}

bool goquote_decode(Str literal, Arena *arena, Str *ret)
{
        if (literal.n < 2 || literal.p[0] != literal.p[literal.n - 1])
                return false;
        char quote = literal.p[0];
        Str body = str_sub(literal, 1, literal.n - 1);
        if (quote == '`') {
                if (str_find_char(body, '`') != SIZE_MAX)
                        return false;
                *ret = str_dup(arena, body);
                return true;
        }
        if (quote != '"' && quote != '\'')
                return false;
        Buf out = { .arena = arena };
        for (size_t i = 0; i < body.n;) {
                char c = body.p[i];
                size_t n = 1;
                if (c == quote || c == '\n')
                        return false;
                if (c == '\\')
                        n = decode_escape(body, i, quote, &out);
                else
                        buf_char(&out, c);
                if (n == 0)
                        return false;
                i += n;
        }
        *ret = out.n > 0 ? buf_str(&out) : STR("");
        return true;
}
