/* base/str.h - Str: a borrowed view of bytes. Owns nothing, may hold NUL, is passed by value. p may be NULL when n is 0. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/attr.h"

typedef struct Str {
        const char *p;
        size_t n;
} Str;

#define STR(lit) ((Str){ .p = "" lit, .n = sizeof(lit) - 1 })
#define STR_INIT(lit) { .p = "" lit, .n = sizeof(lit) - 1 } /* for static initialisers */
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p

static inline Str str_of(const char *z) { return (Str){ z, z ? strlen(z) : 0 }; }
static inline Str str_n(const char *p, size_t n) { return (Str){ p, n }; }
static inline bool str_eq(Str a, Str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }
/* Byte order, shorter first on a tie: Go's string order. */
static inline int str_cmp(Str a, Str b)
{
        size_t n = a.n < b.n ? a.n : b.n;
        int c = n ? memcmp(a.p, b.p, n) : 0;
        return c ? c : (a.n > b.n) - (a.n < b.n);
}
bool str_eq_fold(Str a, Str b); /* ASCII case-insensitive */
bool str_starts(Str s, Str prefix);
bool str_ends(Str s, Str suffix);
/* Index of the first occurrence, or SIZE_MAX. */
size_t str_find(Str s, Str needle);
size_t str_find_char(Str s, char c);
size_t str_rfind_char(Str s, char c);
/* Bytes [from, to), clamped to the string. */
Str str_sub(Str s, size_t from, size_t to);
Str str_trim(Str s); /* ASCII white space at both ends */
/* Cuts s at the first sep: *head before it, *tail behind it; false (head = s, tail empty) when there is none. */
bool str_cut(Str s, char sep, Str *head, Str *tail);
/* Iterates over the parts between sep: false when nothing is left. `rest` starts as the whole string. An empty string
 * has one (empty) part; *rest becomes {NULL, 0} after the last. */
bool str_split_next(Str *rest, char sep, Str *part);

/* Returns a copy that lives in arena, NUL-terminated behind its n bytes. */
Str str_dup(Arena *arena, Str s);
char *str_dupz(Arena *arena, Str s);
Str str_printf(Arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
Str str_lower(Arena *arena, Str s); /* ASCII */
/* Edit distance bounded by max (returns max + 1 above it): for "did you mean". */
unsigned str_distance(Str a, Str b, unsigned max);
