/* model/matcher.h - Matcher: one condition on a label; an absent label counts as "". */
#pragma once
#include "model/labels.h"
#include "model/regex.h"

typedef enum MatchType { MATCH_EQ, MATCH_NE, MATCH_RE, MATCH_NRE } MatchType;

typedef struct Matcher {
        MatchType type;
        Str name, value;
        const Regex *re; /* MATCH_RE and MATCH_NRE; borrowed: lives as long as what made the matcher */
} Matcher;

typedef struct Matchers {
        const Matcher *data;
        size_t n;
} Matchers;

/* Compiles the regex when the type needs one; it is freed with the arena. Strings are copied into arena. */
MUST_CHECK bool matcher_make(Arena *arena, MatchType type, Str name, Str value, Matcher *ret, Err *err);
/* As Alertmanager's matchers are: a dot in the regex is no line break. */
MUST_CHECK bool matcher_make_alert(Arena *arena, MatchType type, Str name, Str value, Matcher *ret, Err *err);
bool matcher_matches(const Matcher *m, Str value);
bool matchers_match(Matchers ms, Labels labels);
/* name="value", name=~"value"; names quoted when not legacy-valid. */
void matcher_print(Buf *out, const Matcher *m);
