/* gotmpl/tmpl_case.c
 *
 * Invariants:
 * 1. Independent of the process' locale: the C library's towupper is not.
 * 2. Bytes that are no UTF-8 become U+FFFD, as Go's functions do. */
#include "gotmpl/tmpl_case.h"

#include "base/utf8.h"
#include "gotmpl/tmpl_lex.h"

/* Letters [from, to] that come in pairs: PAIRS alternate upper, lower starting with an upper case one; otherwise the lower
 * case letter is `delta` above. */
enum { PAIRS = 0 };
static const struct {
        unsigned short from, to; /* of the upper case letters (PAIRS: of both) */
        short delta;
} ranges[] = {
        { 'A', 'Z', 32 }, { 0xc0, 0xd6, 32 }, { 0xd8, 0xde, 32 }, { 0x100, 0x12f, PAIRS }, { 0x132, 0x137, PAIRS }, { 0x139, 0x148, PAIRS }, { 0x14a, 0x177, PAIRS },
        { 0x178, 0x178, -121 }, { 0x179, 0x17e, PAIRS }, { 0x1cd, 0x1dc, PAIRS }, { 0x1de, 0x1ef, PAIRS }, { 0x1f8, 0x21f, PAIRS }, { 0x222, 0x233, PAIRS },
        { 0x386, 0x386, 38 }, { 0x388, 0x38a, 37 }, { 0x38c, 0x38c, 64 }, { 0x38e, 0x38f, 63 }, { 0x391, 0x3a1, 32 }, { 0x3a3, 0x3ab, 32 }, { 0x3d8, 0x3ef, PAIRS },
        { 0x400, 0x40f, 80 }, { 0x410, 0x42f, 32 }, { 0x460, 0x481, PAIRS }, { 0x48a, 0x4bf, PAIRS }, { 0x4c1, 0x4ce, PAIRS }, { 0x4d0, 0x52f, PAIRS },
        { 0x531, 0x556, 48 }, { 0x1e00, 0x1e95, PAIRS }, { 0x1ea0, 0x1eff, PAIRS }, { 0xff21, 0xff3a, 32 },
};

static uint32_t to_lower(uint32_t r)
{
        for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
                if (r >= ranges[i].from && r <= ranges[i].to)
                        return ranges[i].delta == PAIRS ? ((r - ranges[i].from) % 2 ? r : r + 1) : (uint32_t)((int)r + ranges[i].delta);
        return r;
}

static uint32_t to_upper(uint32_t r)
{
        if (r == 0x3c2)
                return 0x3a3; /* the sigma at a word's end */
        if (r == 0xb5)
                return 0x39c;
        if (r == 0x131)
                return 'I';
        if (r == 0x17f)
                return 'S';
        for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
                if (ranges[i].delta == PAIRS) {
                        if (r >= ranges[i].from && r <= ranges[i].to)
                                return (r - ranges[i].from) % 2 ? r - 1 : r;
                } else if ((int)r - ranges[i].delta >= ranges[i].from && (int)r - ranges[i].delta <= ranges[i].to)
                        return (uint32_t)((int)r - ranges[i].delta);
        }
        return r;
}

static uint32_t next_rune(Str *s)
{
        uint32_t r;
        size_t n = utf8_decode(*s, &r);
        if (n == 0) {
                r = UTF8_REPLACEMENT;
                n = 1;
        }
        *s = str_sub(*s, n, s->n);
        return r;
}

void tmpl_case_upper(Buf *out, Str s)
{
        while (s.n)
                utf8_encode(out, to_upper(next_rune(&s)));
}

void tmpl_case_lower(Buf *out, Str s)
{
        while (s.n)
                utf8_encode(out, to_lower(next_rune(&s)));
}

void tmpl_case_title(Buf *out, Str s, bool keep_rest)
{
        bool in_word = false;
        while (s.n) {
                uint32_t r = next_rune(&s);
                bool word = tmpl_lex_is_alnum(r);
                bool letter = word && !(r >= '0' && r <= '9') && r != '_';
                utf8_encode(out, !letter ? r : !in_word ? to_upper(r) : keep_rest ? r : to_lower(r));
                /* "it's" and "a.b" are one word: these signs do not end one between letters. */
                bool joins = r == '\'' || r == '.' || r == ':' || r == 0x2019 || r == 0xb7;
                uint32_t after = 0;
                if (joins && in_word && s.n)
                        utf8_decode(s, &after);
                in_word = letter || (in_word && word) || (joins && in_word && tmpl_lex_is_alnum(after) && !(after >= '0' && after <= '9'));
        }
}
