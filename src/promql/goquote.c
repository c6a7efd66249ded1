/* Why not the JSON or template escapes: PromQL took over Go's literals whole (\a, \x41, \101, \u, \U and raw strings), and
 * what String() prints must read back as the same bytes. Printability follows Go's classes for what queries hold in
 * practice: control, format, separator, private and unassigned-by-design code points are escaped. */
#include "promql/goquote.h"

#include "base/utf8.h"

typedef struct RuneRange {
        uint32_t lo, hi;
} RuneRange;

static const RuneRange UNPRINTABLE[] = {
        { 0x0, 0x1f },        { 0x7f, 0xa0 },       { 0xad, 0xad },       { 0x600, 0x605 },     { 0x61c, 0x61c },
        { 0x6dd, 0x6dd },     { 0x70f, 0x70f },     { 0x1680, 0x1680 },   { 0x180e, 0x180e },   { 0x2000, 0x200f },
        { 0x2028, 0x202f },   { 0x205f, 0x206f },   { 0x3000, 0x3000 },   { 0xd800, 0xf8ff },   { 0xfeff, 0xfeff },
        { 0xfff0, 0xfffb },   { 0xfffe, 0xffff },   { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }, { 0xf0000, 0x10ffff },
};

static bool printable(uint32_t rune)
{
        for (size_t i = 0; i < ARRAY_LEN(UNPRINTABLE); i++)
                if (rune >= UNPRINTABLE[i].lo && rune <= UNPRINTABLE[i].hi)
                        return false;
        return true;
}

static char short_escape(uint32_t rune)
{
        switch (rune) {
        case '\a': return 'a';
        case '\b': return 'b';
        case '\f': return 'f';
        case '\n': return 'n';
        case '\r': return 'r';
        case '\t': return 't';
        case '\v': return 'v';
        case '\\': return '\\';
        default: return 0;
        }
}

static void quote_rune(Buf *out, uint32_t rune, char quote)
{
        char esc = rune == (unsigned char)quote ? quote : short_escape(rune);
        if (esc) {
                buf_char(out, '\\');
                buf_char(out, esc);
        } else if (printable(rune)) {
                utf8_encode(out, rune);
        } else if (rune < 0x80) {
                buf_printf(out, "\\x%02x", (unsigned)rune);
        } else if (rune < 0x10000) {
                buf_printf(out, "\\u%04x", (unsigned)rune);
        } else {
                buf_printf(out, "\\U%08x", (unsigned)rune);
        }
}

void goquote_str(Buf *out, Str text, size_t max_runes)
{
        buf_char(out, '"');
        for (size_t i = 0; i < text.n && max_runes > 0; max_runes--) {
                uint32_t rune = 0;
                size_t n = utf8_decode(str_sub(text, i, text.n), &rune);
                if (n == 0) {
                        buf_printf(out, "\\x%02x", (unsigned)(unsigned char)text.p[i]);
                        n = 1;
                } else {
                        quote_rune(out, rune, '"');
                }
                i += n;
        }
        buf_char(out, '"');
}

void goquote_rune(Buf *out, uint32_t rune)
{
        buf_char(out, '\'');
        quote_rune(out, rune, '\'');
        buf_char(out, '\'');
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
        if ((c != 'u' && c != 'U') || !read_digits(body, i + 2, n, 16, &v) || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
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
        *ret = buf_str(&out);
        return true;
}
