/* ASCII is done here; other scripts by the C library's C.UTF-8 tables, which do not depend on the user's locale. */
#include "model/casemap.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

#include "base/buf.h"
#include "base/utf8.h"

static locale_t utf8_locale; /* NOLINT: immutable once made; 0 when the system has none: then only ASCII changes */
static pthread_once_t once = PTHREAD_ONCE_INIT; /* NOLINT: guards it */

static void make_locale(void) { utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

__attribute__((destructor)) static void free_locale(void)
{
        if (utf8_locale)
                freelocale(utf8_locale);
        utf8_locale = (locale_t)0;
}

static bool is_ascii(Str s)
{
        unsigned char all = 0;
        for (size_t i = 0; i < s.n; i++)
                all |= (unsigned char)s.p[i];
        return all < 0x80;
}

static uint32_t map_rune(uint32_t r, bool upper)
{
        if (r < 0x80) {
                char from = upper ? 'a' : 'A';
                return r >= (uint32_t)from && r < (uint32_t)from + 26 ? r ^ 0x20 : r;
        }
        if (!utf8_locale)
                return r;
        return (uint32_t)(upper ? towupper_l((wint_t)r, utf8_locale) : towlower_l((wint_t)r, utf8_locale));
}

static Str map(Arena *arena, Str s, bool upper)
{
        char from = upper ? 'a' : 'A';
        bool ascii = is_ascii(s);
        size_t i = 0;
        while (i < s.n && ascii && !(s.p[i] >= from && s.p[i] < from + 26))
                i++;
        if (i == s.n)
                return s;
        if (!ascii)
                pthread_once(&once, make_locale);
        Buf out = { .p = arena_raw(arena, s.n + 8, 1), .cap = s.n + 8, .arena = arena };
        for (size_t at = 0; at < s.n;) {
                uint32_t r = UTF8_REPLACEMENT;
                size_t n = utf8_decode(str_n(s.p + at, s.n - at), &r);
                utf8_encode(&out, n ? map_rune(r, upper) : UTF8_REPLACEMENT);
                at += n ? n : 1;
        }
        return buf_str(&out);
}

Str casemap_lower(Arena *arena, Str s) { return map(arena, s, false); }
Str casemap_upper(Arena *arena, Str s) { return map(arena, s, true); }
