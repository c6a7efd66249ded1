#include "model/utf8name.h"

#include "base/utf8.h"
#include "model/labels.h"

static bool is_legal(uint32_t r, bool first)
{
        return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || r == '_' || r == ':' ||
               (!first && r >= '0' && r <= '9');
}

static size_t next_rune(Str name, size_t at, uint32_t *ret)
{
        *ret = UTF8_REPLACEMENT;
        size_t n = utf8_decode(str_n(name.p + at, name.n - at), ret);
        return n ? n : 1;
}

void utf8name_escape(Buf *out, Str name)
{
        if (name.n == 0 || labels_metric_is_legacy_valid(name)) {
                buf_str_add(out, name);
                return;
        }
        buf_lit(out, "U__");
        uint32_t r;
        for (size_t i = 0, n; i < name.n; i += n) {
                n = next_rune(name, i, &r);
                if (r == '_')
                        buf_lit(out, "__");
                else if (is_legal(r, i == 0))
                        buf_char(out, (char)r);
                else if (r == UTF8_REPLACEMENT && n == 1)
                        buf_lit(out, "_FFFD_");
                else
                        buf_printf(out, "_%x_", r);
        }
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)(c | 0x20);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind one underscore: up to six hex digits and an underscore. Returns the bytes taken, 0 when malformed. */
static size_t take_code(Str s, uint32_t *ret)
{
        enum { MAX_DIGITS = 6 };
        uint32_t v = 0;
        for (size_t i = 0; i < s.n && i <= MAX_DIGITS; i++) {
                if (s.p[i] == '_') {
                        *ret = v;
                        return v > 0x10ffff || (v >= 0xd800 && v < 0xe000) || i == 0 ? 0 : i + 1;
                }
                int d = i < MAX_DIGITS ? hex_digit(s.p[i]) : -1;
                if (d < 0)
                        return 0;
                v = v * 16 + (uint32_t)d;
        }
        return 0;
}

static bool unescape(Buf *out, Str s)
{
        for (size_t i = 0; i < s.n;) {
                if (s.p[i] != '_') {
                        buf_char(out, s.p[i++]);
                        continue;
                }
                i++;
                if (i < s.n && s.p[i] == '_') {
                        buf_char(out, '_');
                        i++;
                        continue;
                }
                uint32_t rune;
                size_t n = take_code(str_sub(s, i, s.n), &rune);
                if (n == 0)
                        return false;
                utf8_encode(out, rune);
                i += n;
        }
        return true;
}

void utf8name_unescape(Buf *out, Str name)
{
        size_t start = out->n;
        if (str_starts(name, STR("U__")) && unescape(out, str_sub(name, 3, name.n)))
                return;
        out->n = start;
        buf_str_add(out, name);
}

void utf8name_underscores(Buf *out, Str name)
{
        uint32_t r;
        for (size_t i = 0, n; i < name.n; i += n) {
                n = next_rune(name, i, &r);
                buf_char(out, is_legal(r, i == 0) ? (char)r : '_');
        }
}
