#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

static inline char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

bool str_eq_fold(Str a, Str b)
{
        if (a.n != b.n)
                return false;
        for (size_t i = 0; i < a.n; i++)
                if (lower(a.p[i]) != lower(b.p[i]))
                        return false;
        return true;
}

bool str_starts(Str s, Str prefix) { return s.n >= prefix.n && str_eq(str_n(s.p, prefix.n), prefix); }

bool str_ends(Str s, Str suffix) { return s.n >= suffix.n && str_eq(str_n(s.p + (s.n - suffix.n), suffix.n), suffix); }

size_t str_find(Str s, Str needle)
{
        if (needle.n == 0)
                return 0;
        if (s.n < needle.n)
                return SIZE_MAX;
        const char *at = memmem(s.p, s.n, needle.p, needle.n);
        return at ? (size_t)(at - s.p) : SIZE_MAX;
}

size_t str_find_char(Str s, char c)
{
        const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
        return at ? (size_t)(at - s.p) : SIZE_MAX;
}

size_t str_rfind_char(Str s, char c)
{
        const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
        return at ? (size_t)(at - s.p) : SIZE_MAX;
}

Str str_sub(Str s, size_t from, size_t to)
{
        if (to > s.n)
                to = s.n;
        if (from >= to)
                return (Str){ s.p, 0 };
        return (Str){ s.p + from, to - from };
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

Str str_trim(Str s)
{
        while (s.n && is_space(s.p[0]))
                s = str_sub(s, 1, s.n);
        while (s.n && is_space(s.p[s.n - 1]))
                s.n--;
        return s;
}

bool str_cut(Str s, char sep, Str *head, Str *tail)
{
        size_t at = str_find_char(s, sep);
        if (at == SIZE_MAX) {
                *head = s;
                *tail = (Str){ 0 };
                return false;
        }
        *head = str_sub(s, 0, at);
        *tail = (Str){ s.p + at + 1, s.n - at - 1 };
        return true;
}

bool str_split_next(Str *rest, char sep, Str *part)
{
        if (!rest->p)
                return false;
        Str head;
        Str tail;
        bool more = str_cut(*rest, sep, &head, &tail);
        *part = head;
        *rest = more ? tail : (Str){ 0 };
        return true;
}

Str str_dup(Arena *arena, Str s)
{
        char *p = arena_raw(arena, s.n + 1, 1);
        if (s.n)
                memcpy(p, s.p, s.n);
        p[s.n] = 0;
        return (Str){ p, s.n };
}

char *str_dupz(Arena *arena, Str s) { return (char *)(uintptr_t)str_dup(arena, s).p; }

Str str_printf(Arena *arena, const char *fmt, ...)
{
        va_list ap;
        va_list again;
        CHECK(fmt != NULL); /* gcc's sanitizer build believes that it may be */
        va_start(ap, fmt);
        va_copy(again, ap);
        int n = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        size_t len = n < 0 ? 0 : (size_t)n;
        char *p = arena_raw(arena, len + 1, 1);
        p[0] = 0;
        vsnprintf(p, len + 1, fmt, again);
        va_end(again);
        return (Str){ p, len };
}

Str str_lower(Arena *arena, Str s)
{
        char *p = arena_raw(arena, s.n + 1, 1);
        for (size_t i = 0; i < s.n; i++)
                p[i] = lower(s.p[i]);
        p[s.n] = 0;
        return (Str){ p, s.n };
}

unsigned str_distance(Str a, Str b, unsigned max)
{
        enum { LONGEST = 64 };
        if (a.n > LONGEST || b.n > LONGEST)
                return max + 1;
        unsigned row[LONGEST + 1];
        for (size_t j = 0; j <= b.n; j++)
                row[j] = (unsigned)j;
        for (size_t i = 1; i <= a.n; i++) {
                unsigned diagonal = row[0];
                row[0] = (unsigned)i;
                for (size_t j = 1; j <= b.n; j++) {
                        unsigned change = diagonal + (lower(a.p[i - 1]) != lower(b.p[j - 1]));
                        unsigned edge = 1 + MIN_OF(row[j], row[j - 1]);
                        diagonal = row[j];
                        row[j] = MIN_OF(change, edge);
                }
        }
        return row[b.n] > max ? max + 1 : row[b.n];
}
