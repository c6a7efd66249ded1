#include "model/quote.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/utf8.h"

/* Everything that Unicode calls control, format, surrogate, private use or separator (other than the ASCII space). */
static const struct {
        uint32_t from, to;
} HIDDEN[] = {
        { 0x00, 0x1f },        { 0x7f, 0xa0 },       { 0xad, 0xad },       { 0x600, 0x605 },     { 0x61c, 0x61c },
        { 0x6dd, 0x6dd },      { 0x70f, 0x70f },     { 0x890, 0x891 },     { 0x8e2, 0x8e2 },     { 0x1680, 0x1680 },
        { 0x180e, 0x180e },    { 0x2000, 0x200f },   { 0x2028, 0x202f },   { 0x205f, 0x206f },   { 0x3000, 0x3000 },
        { 0xd800, 0xf8ff },    { 0xfeff, 0xfeff },   { 0xfff0, 0xfffb },   { 0xfffe, 0xffff },   { 0x110bd, 0x110bd },
        { 0x110cd, 0x110cd },  { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe00ff },
        { 0xe01f0, 0x10ffff },
};

static bool is_printable(uint32_t rune)
{
        for (size_t i = 0; i < ARRAY_LEN(HIDDEN); i++)
                if (rune <= HIDDEN[i].to)
                        return rune < HIDDEN[i].from;
        return true;
}

static void put_short_escape(Buf *out, unsigned char c)
{
        static const char letters[] = "abtnvfr"; /* 7 to 13 */
        buf_char(out, '\\');
        if (c >= 7 && c <= 13)
                buf_char(out, letters[c - 7]);
        else if (c == '"' || c == '\\')
                buf_char(out, (char)c);
        else
                buf_printf(out, "x%02x", c);
}

void quote_go(Buf *out, Str s)
{
        buf_char(out, '"');
        size_t plain = 0; /* start of the run that needs no escape */
        for (size_t i = 0; i < s.n;) {
                unsigned char c = (unsigned char)s.p[i];
                if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
                        i++;
                        continue;
                }
                uint32_t rune = c;
                size_t n = c < 0x80 ? 1 : utf8_decode(str_n(s.p + i, s.n - i), &rune);
                if (n > 1 && is_printable(rune)) {
                        i += n;
                        continue;
                }
                buf_add(out, s.p + plain, i - plain);
                if (n <= 1)
                        put_short_escape(out, c);
                else
                        buf_printf(out, rune < 0x10000 ? "\\u%04x" : "\\U%08x", rune);
                i += n ? n : 1;
                plain = i;
        }
        if (plain < s.n)
                buf_add(out, s.p + plain, s.n - plain);
        buf_char(out, '"');
}
