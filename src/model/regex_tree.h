/* model/regex_tree.h - RegexNode: a pattern in RE2 syntax as a tree, with the errors that Go's regexp/syntax gives. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef enum RegexOp {
        REGEX_OP_EMPTY,
        REGEX_OP_LITERAL,    /* text, at least one code point */
        REGEX_OP_CLASS,      /* text: the body of a PCRE2 class */
        REGEX_OP_ANY,        /* . with (?s) */
        REGEX_OP_ANY_NOT_NL, /* . without */
        REGEX_OP_BEGIN_LINE,
        REGEX_OP_END_LINE,
        REGEX_OP_BEGIN_TEXT,
        REGEX_OP_END_TEXT,
        REGEX_OP_WORD_BOUNDARY,
        REGEX_OP_NO_WORD_BOUNDARY,
        REGEX_OP_CAPTURE, /* subs[0] */
        REGEX_OP_CONCAT,
        REGEX_OP_ALT,
        REGEX_OP_REPEAT, /* subs[0], min, max */
} RegexOp;

typedef struct RegexRange {
        uint32_t from, to;
} RegexRange;

typedef struct RegexNode {
        RegexOp op;
        bool fold;    /* literals and classes: case-insensitive */
        bool lazy;    /* repeats: as few as possible */
        bool negated; /* classes */
        int min, max; /* repeats; max < 0: no bound */
        Str text;
        const RegexRange *ranges; /* classes: the same as text; NULL when it names Unicode properties */
        size_t ranges_n;
        struct RegexNode **subs;
        size_t n;
} RegexNode;

typedef struct RegexTree {
        RegexNode *root;
        const Str *names; /* names[i] of capture i + 1; empty when unnamed */
        size_t captures;
} RegexTree;

enum {
        REGEX_MAX_PATTERN_BYTES = 512 << 10,
        REGEX_MAX_REPEAT = 1000, /* also of nested repeats multiplied */
        REGEX_MAX_DEPTH = 1000,  /* nested groups */
};

/* The tree lives in arena and borrows nothing. dot_nl: start with (?s). */
MUST_CHECK bool regex_tree_parse(Arena *arena, Str pattern, bool dot_nl, RegexTree *ret, Err *err);
