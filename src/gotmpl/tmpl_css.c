/* gotmpl/tmpl_css.c
 *
 * Invariant: the output is never longer than the input but for characters that are none, which become U+FFFD. */
#include "gotmpl/tmpl_css.h"

#include <stdint.h>

#include "base/buf.h"
#include "base/utf8.h"

enum { CSS_ESCAPE_MAX_DIGITS = 6 };

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)(c | 0x20);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One white space ends an escape of digits. */
static size_t skip_one_space(Str s, size_t i)
{
        if (i + 1 < s.n && s.p[i] == '\r' && s.p[i + 1] == '\n')
                return i + 2;
        bool space = i < s.n && (s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r' && s.p[i] != '\v'));
        return space ? i + 1 : i;
}

Str tmpl_css_decode(Str s, Arena *arena)
{
        if (str_find_char(s, '\\') == SIZE_MAX)
                return s;
        Buf out = { .arena = arena };
        for (size_t i = 0; i < s.n;) {
                if (s.p[i] != '\\') {
                        buf_char(&out, s.p[i++]);
                        continue;
                }
                if (++i == s.n)
                        break;
                uint32_t r = 0;
                size_t n = 0;
                for (; n < CSS_ESCAPE_MAX_DIGITS && i + n < s.n && hex_digit(s.p[i + n]) >= 0; n++)
                        r = r * 16 + (uint32_t)hex_digit(s.p[i + n]);
                if (n && r > UINT32_C(0x10ffff)) {
                        r /= 16;
                        n--;
                }
                if (n) {
                        utf8_encode(&out, r >= 0xd800 && r < 0xe000 ? UTF8_REPLACEMENT : r);
                        i = skip_one_space(s, i + n);
                } else
                        buf_char(&out, s.p[i++]);
        }
        return buf_str(&out);
}
