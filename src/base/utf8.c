#include "base/utf8.h"

size_t utf8_decode(Str s, uint32_t *ret_rune)
{
        const unsigned char *b = (const unsigned char *)s.p;
        if (b[0] < 0x80) {
                *ret_rune = b[0];
                return 1;
        }
        size_t len = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
        if (b[0] < 0xc2 || b[0] > 0xf4 || s.n < len)
                return 0;
        uint32_t r = b[0] & (0xffu >> (len + 1));
        for (size_t i = 1; i < len; i++) {
                if ((b[i] & 0xc0) != 0x80)
                        return 0;
                r = r << 6 | (b[i] & 0x3fu);
        }
        if ((len == 3 && r < 0x800) || (len == 4 && r < 0x10000) || r > 0x10ffff || (r >= 0xd800 && r < 0xe000))
                return 0;
        *ret_rune = r;
        return len;
}

bool utf8_valid(Str s)
{
        size_t i = 0;
        while (i < s.n) {
                if ((unsigned char)s.p[i] < 0x80) {
                        i++;
                        continue;
                }
                uint32_t rune;
                size_t n = utf8_decode(str_sub(s, i, s.n), &rune);
                if (n == 0)
                        return false;
                i += n;
        }
        return true;
}

void utf8_encode(Buf *out, uint32_t r)
{
        if (r > 0x10ffff || (r >= 0xd800 && r < 0xe000))
                r = UTF8_REPLACEMENT;
        if (r < 0x80) {
                buf_char(out, (char)r);
        } else if (r < 0x800) {
                buf_char(out, (char)(0xc0 | r >> 6));
                buf_char(out, (char)(0x80 | (r & 0x3f)));
        } else if (r < 0x10000) {
                buf_char(out, (char)(0xe0 | r >> 12));
                buf_char(out, (char)(0x80 | (r >> 6 & 0x3f)));
                buf_char(out, (char)(0x80 | (r & 0x3f)));
        } else {
                buf_char(out, (char)(0xf0 | r >> 18));
                buf_char(out, (char)(0x80 | (r >> 12 & 0x3f)));
                buf_char(out, (char)(0x80 | (r >> 6 & 0x3f)));
                buf_char(out, (char)(0x80 | (r & 0x3f)));
        }
}

size_t utf8_length(Str s)
{
        size_t count = 0;
        for (size_t i = 0; i < s.n; count++) {
                uint32_t rune;
                size_t n = utf8_decode(str_sub(s, i, s.n), &rune);
                i += n ? n : 1;
        }
        return count;
}
