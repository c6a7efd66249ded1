/* model/regex.h - Regex: RE2 syntax and meaning on PCRE2 with JIT and hard match limits.
 *
 * The pattern is first checked against RE2's grammar (no backreferences, no look-around, bounded repeats, sizes
 * limited), so that what upstream refuses is refused here with the same kind of message. Immutable after compile; match
 * functions are thread-safe. Literal, prefix and set-of-alternatives patterns are recognised and never reach PCRE2. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

typedef struct Regex Regex;

enum {
        REGEX_SEARCH = 0,   /* as Go's MatchString */
        REGEX_ANCHORED = 1, /* ^(?s:...)$, as matchers and relabelling */
        REGEX_WHOLE = 2,    /* ^(?:...)$, as matchers of alerts: a dot is no line break */
};

/* Returns owned (regex_free). */
MUST_CHECK bool regex_compile(Str pattern, int mode, Regex **ret, Err *err);
void regex_free(Regex *re);
DEFINE_AUTO(Regex *, regex_free);
bool regex_match(const Regex *re, Str s);
Str regex_pattern(const Regex *re); /* as given; valid as long as re */
/* Captures: groups[0] is the whole match; an unset group has p == NULL. Returns false when there is no match. Starts at
 * byte `from`. n_groups at most regex_groups(re) + 1. */
bool regex_find(const Regex *re, Str s, size_t from, Str *groups, size_t n_groups);
size_t regex_groups(const Regex *re);
/* Index of a named group, or 0. */
size_t regex_group_named(const Regex *re, Str name);
/* Go's Expand: $1 ${1} $name ${name} $$. Appends to out. */
void regex_expand(const Regex *re, Str template, const Str *groups, size_t n_groups, Buf *out);
/* Go's ReplaceAllString on the whole of s. */
void regex_replace_all(const Regex *re, Str s, Str template, Buf *out);

/* What the index may use: exact alternatives (the pattern matches these strings and nothing else), or a literal prefix.
 */
typedef struct RegexHints {
        const Str *set; /* NULL when it is not a finite set; valid as long as re */
        size_t set_n;
        Str prefix; /* every match starts with it; may be empty */
        bool matches_empty, matches_all /* .* */, matches_nonempty /* .+ */;
} RegexHints;
RegexHints regex_hints(const Regex *re);
