/* model/regex_class.h - the small grammar inside a pattern: code points, escapes, character classes. For regex_tree. */
#pragma once
#include "model/regex_tree.h"

typedef struct RegexCursor {
        Arena *arena;
        Str pattern;
        size_t at;
        Err *err;
} RegexCursor;

static inline bool regex_class_more(const RegexCursor *c) { return c->at < c->pattern.n; }
/* The byte `ahead` positions on, or 0 behind the end. */
static inline char regex_class_peek(const RegexCursor *c, size_t ahead)
{
        return ahead < c->pattern.n - c->at ? c->pattern.p[c->at + ahead] : 0;
}
/* Fails with "error parsing regexp: what: `pattern[from, to)`". */
bool regex_class_fail(RegexCursor *c, const char *what, size_t from, size_t to);
/* Takes one code point; fails on bytes that are not UTF-8. */
bool regex_class_rune(RegexCursor *c, uint32_t *ret);
/* Takes an escape that stands for one code point; the cursor is on the backslash. */
bool regex_class_escape(RegexCursor *c, uint32_t *ret);
/* Takes \d \pL \p{Greek} ... when the cursor is on one (*ret_node is set), else leaves everything alone. */
bool regex_class_shorthand(RegexCursor *c, bool fold, RegexNode **ret_node);
/* Takes [...]; the cursor is on the bracket. */
bool regex_class_bracket(RegexCursor *c, bool fold, RegexNode **ret_node);
