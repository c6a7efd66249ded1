/* model/regex_hint.h - what a pattern's tree says without running it: finite sets of strings, literal prefixes, and the
 * same pattern written for PCRE2. For regex.c. */
#pragma once
#include "base/buf.h"
#include "model/regex_tree.h"

typedef struct RegexSet {
        Str *data; /* sorted, unique */
        size_t n;
} RegexSet;

enum {
        REGEX_MAX_CROSS = 256, /* strings that come from combining classes, optional parts and alternatives */
        REGEX_MAX_SET = 65536, /* strings of a plain alternation */
        REGEX_MAX_SET_BYTES = 4 << 20,
};

typedef enum RegexShape {
        REGEX_SHAPE_OTHER,
        REGEX_SHAPE_SET,             /* set */
        REGEX_SHAPE_ALL,             /* .* */
        REGEX_SHAPE_NONEMPTY,        /* .+ */
        REGEX_SHAPE_PREFIX,          /* lit.* */
        REGEX_SHAPE_PREFIX_NONEMPTY, /* lit.+ */
        REGEX_SHAPE_SUFFIX,          /* .*lit */
        REGEX_SHAPE_CONTAINS,        /* .*lit.* */
} RegexShape;

typedef struct RegexHint {
        RegexShape shape;
        RegexSet set;
        Str literal; /* of PREFIX, SUFFIX, CONTAINS */
        Str prefix;  /* every match starts with it */
} RegexHint;

/* For a pattern that must match the whole subject. Everything lives in arena. */
RegexHint regex_hint_of(Arena *arena, const RegexNode *root);
/* The pattern for PCRE2 with PCRE2_UTF and PCRE2_DOTALL; the captures keep their numbers. */
void regex_hint_emit(Buf *out, const RegexNode *node);
