/* Invariants
 * 1. One pass from left to right, as Go's parser, so that of several mistakes the same one is reported.
 * 2. Recursion is bounded by REGEX_MAX_DEPTH groups; repeats cannot be stacked, so the tree is at most four levels of
 *    nodes a group deep and every walk over it may recurse.
 * 3. A repeat binds to the last code point: literals are merged only when their sequence ends. */
#include "model/regex_tree.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "model/regex_class.h"

enum { FLAG_FOLD = 1, FLAG_MULTILINE = 2, FLAG_DOT_NL = 4, FLAG_LAZY = 8 };

typedef struct Parser {
        RegexCursor c;
        unsigned flags;
        VEC(Str) names;
} Parser;

typedef VEC(RegexNode *) Nodes;

static RegexNode *new_node(Parser *p, RegexOp op)
{
        RegexNode *node = arena_new_of(p->c.arena, RegexNode);
        node->op = op;
        return node;
}

static RegexNode *new_parent(Parser *p, RegexOp op, const Nodes *subs)
{
        RegexNode *node = new_node(p, op);
        node->subs = subs->data;
        node->n = subs->len;
        return node;
}

static RegexNode *new_literal(Parser *p, uint32_t rune)
{
        RegexNode *node = new_node(p, REGEX_OP_LITERAL);
        node->fold = p->flags & FLAG_FOLD;
        Buf b = { .arena = p->c.arena };
        b.p = arena_raw(p->c.arena, 4, 1);
        b.cap = 4;
        if (rune >= 0xd800 && rune < 0xe000) {
                /* A lone surrogate is no text: it matches nothing, as an empty negated class does not. */
                node->op = REGEX_OP_CLASS;
                node->negated = true;
                node->text = STR("\\x{0}-\\x{10ffff}");
                return node;
        }
        utf8_encode(&b, rune);
        node->text = buf_str(&b);
        return node;
}

/* ---- sequences */

static bool mergeable(const RegexNode *a, const RegexNode *b)
{
        return a->op == REGEX_OP_LITERAL && b->op == REGEX_OP_LITERAL && a->fold == b->fold;
}

static RegexNode *finish_concat(Parser *p, Nodes *items)
{
        size_t kept = 0;
        for (size_t i = 0; i < items->len;) {
                size_t end = i + 1;
                size_t bytes = items->data[i]->text.n;
                while (end < items->len && mergeable(items->data[i], items->data[end]))
                        bytes += items->data[end++]->text.n;
                RegexNode *node = items->data[i];
                if (end - i > 1) {
                        char *text = arena_raw(p->c.arena, bytes, 1);
                        size_t n = 0;
                        for (size_t k = i; k < end; k++) {
                                memcpy(text + n, items->data[k]->text.p, items->data[k]->text.n);
                                n += items->data[k]->text.n;
                        }
                        node->text = str_n(text, n);
                }
                items->data[kept++] = node;
                i = end;
        }
        items->len = kept;
        if (kept == 0)
                return new_node(p, REGEX_OP_EMPTY);
        return kept == 1 ? items->data[0] : new_parent(p, REGEX_OP_CONCAT, items);
}

/* ---- repeats */

/* Whether nested counted repeats, multiplied, stay within n. */
static bool repeat_is_small(const RegexNode *node, int n)
{
        if (node->op == REGEX_OP_REPEAT) {
                int m = node->max < 0 ? node->min : node->max;
                if (node->max == 0)
                        return true;
                if (m > n)
                        return false;
                if (m > 0)
                        n /= m;
        }
        for (size_t i = 0; i < node->n; i++)
                if (!repeat_is_small(node->subs[i], n))
                        return false;
        return true;
}

/* Digits without leading zeros; -1: no number; above the limit: something above the limit. */
static int take_count(RegexCursor *c)
{
        if (!isdigit((unsigned char)regex_class_peek(c, 0)))
                return -1;
        if (regex_class_peek(c, 0) == '0' && isdigit((unsigned char)regex_class_peek(c, 1)))
                return -1;
        int n = 0;
        while (isdigit((unsigned char)regex_class_peek(c, 0))) {
                n = n > REGEX_MAX_REPEAT ? n : n * 10 + (c->pattern.p[c->at] - '0');
                c->at++;
        }
        return n;
}

/* {n}, {n,}, {n,m}. False: not a repeat, the brace is a literal, the cursor has not moved. */
static bool take_bounds(RegexCursor *c, int *ret_min, int *ret_max)
{
        size_t start = c->at++;
        int min = take_count(c);
        int max = min;
        bool ok = min >= 0;
        if (ok && regex_class_peek(c, 0) == ',') {
                c->at++;
                if (regex_class_peek(c, 0) == '}')
                        max = -1;
                else
                        ok = (max = take_count(c)) >= 0;
        }
        if (!ok || regex_class_peek(c, 0) != '}') {
                c->at = start;
                return false;
        }
        c->at++;
        *ret_min = min;
        *ret_max = max;
        return true;
}

/* The operator started at `op`; last_repeat is where the operator directly before it began, or SIZE_MAX. */
static bool apply_repeat(Parser *p, Nodes *items, int min, int max, size_t op, size_t last_repeat)
{
        RegexCursor *c = &p->c;
        bool lazy = p->flags & FLAG_LAZY;
        if (regex_class_peek(c, 0) == '?') {
                c->at++;
                lazy = !lazy;
        }
        if (last_repeat != SIZE_MAX)
                return regex_class_fail(c, "invalid nested repetition operator", last_repeat, c->at);
        if (items->len == 0)
                return regex_class_fail(c, "missing argument to repetition operator", op, c->at);
        RegexNode *node = new_node(p, REGEX_OP_REPEAT);
        node->min = min;
        node->max = max;
        node->lazy = lazy;
        node->subs = arena_array(c->arena, RegexNode *, 1);
        node->subs[0] = *vec_last(items);
        node->n = 1;
        if ((min >= 2 || max >= 2) && !repeat_is_small(node, REGEX_MAX_REPEAT))
                return regex_class_fail(c, "invalid repeat count", op, c->at);
        *vec_last(items) = node;
        return true;
}

static bool take_repeat(Parser *p, Nodes *items, size_t last_repeat, bool *ret_taken)
{
        RegexCursor *c = &p->c;
        size_t op = c->at;
        int min = 0;
        int max = -1;
        *ret_taken = true;
        switch (regex_class_peek(c, 0)) {
        case '*': c->at++; break;
        case '+':
                min = 1;
                c->at++;
                break;
        case '?':
                max = 1;
                c->at++;
                break;
        case '{':
                if (!take_bounds(c, &min, &max)) {
                        *ret_taken = false;
                        return true;
                }
                if (min > REGEX_MAX_REPEAT || max > REGEX_MAX_REPEAT || (max >= 0 && min > max))
                        return regex_class_fail(c, "invalid repeat count", op, c->at);
                break;
        default: *ret_taken = false; return true;
        }
        return apply_repeat(p, items, min, max, op, last_repeat);
}

/* ---- groups */

static bool parse_alternation(Parser *p, unsigned depth, RegexNode **ret);

static bool is_capture_name(Str name)
{
        for (size_t i = 0; i < name.n; i++)
                if (!isalnum((unsigned char)name.p[i]) && name.p[i] != '_')
                        return false;
        return name.n > 0;
}

/* (?P<name> or (?<name>, from `start` on; skip is the length of what stands before the name. */
static bool take_group_name(RegexCursor *c, size_t skip, Str *ret)
{
        Str rest = str_sub(c->pattern, c->at, c->pattern.n);
        size_t end = str_find_char(rest, '>');
        if (end == SIZE_MAX)
                return regex_class_fail(c, "invalid named capture", c->at, c->pattern.n);
        Str name = str_sub(rest, skip, end);
        if (!is_capture_name(name))
                return regex_class_fail(c, "invalid named capture", c->at, c->at + end + 1);
        c->at += end + 1;
        *ret = name;
        return true;
}

/* Behind "(?": letters up to ':' (a group follows) or ')' (the flags hold from here on). */
static bool take_flags(Parser *p, size_t start, bool *ret_group)
{
        RegexCursor *c = &p->c;
        unsigned set = p->flags;
        bool minus = false;
        bool letter_since_minus = false;
        while (regex_class_more(c)) {
                uint32_t ch;
                if (!regex_class_rune(c, &ch))
                        return false;
                unsigned flag = ch == 'i'   ? FLAG_FOLD
                                : ch == 'm' ? FLAG_MULTILINE
                                : ch == 's' ? FLAG_DOT_NL
                                            : FLAG_LAZY;
                if (ch == 'i' || ch == 'm' || ch == 's' || ch == 'U') {
                        set = minus ? set & ~flag : set | flag;
                        letter_since_minus = true;
                } else if (ch == '-' && !minus) {
                        minus = true;
                        letter_since_minus = false;
                } else if ((ch == ':' || ch == ')') && (!minus || letter_since_minus)) {
                        p->flags = set;
                        *ret_group = ch == ':';
                        return true;
                } else {
                        break;
                }
        }
        return regex_class_fail(c, "invalid or unsupported Perl syntax", start, c->at);
}

static bool finish_group(Parser *p, unsigned depth, unsigned flags_outside, RegexNode **ret)
{
        RegexCursor *c = &p->c;
        if (!parse_alternation(p, depth + 1, ret))
                return false;
        if (!regex_class_more(c))
                return regex_class_fail(c, "missing closing )", 0, c->pattern.n);
        c->at++;
        p->flags = flags_outside;
        return true;
}

/* *ret stays NULL for a group that only sets flags. */
static bool parse_group(Parser *p, unsigned depth, RegexNode **ret)
{
        RegexCursor *c = &p->c;
        if (depth >= REGEX_MAX_DEPTH)
                return regex_class_fail(c, "expression nests too deeply", 0, c->pattern.n);
        size_t start = c->at;
        unsigned flags_outside = p->flags;
        Str name = { 0 };
        size_t left = c->pattern.n - c->at;
        if (regex_class_peek(c, 1) != '?') {
                c->at++;
        } else if (left > 4 && regex_class_peek(c, 2) == 'P' && regex_class_peek(c, 3) == '<') {
                if (!take_group_name(c, 4, &name))
                        return false;
        } else if (left > 3 && regex_class_peek(c, 2) == '<') {
                if (!take_group_name(c, 3, &name))
                        return false;
        } else {
                bool group = false;
                c->at += 2;
                if (!take_flags(p, start, &group))
                        return false;
                return !group || finish_group(p, depth, flags_outside, ret);
        }
        vec_push(&p->names, str_dup(c->arena, name));
        RegexNode *inner = NULL;
        if (!finish_group(p, depth, flags_outside, &inner))
                return false;
        RegexNode *node = new_node(p, REGEX_OP_CAPTURE);
        node->subs = arena_array(c->arena, RegexNode *, 1);
        node->subs[0] = inner;
        node->n = 1;
        *ret = node;
        return true;
}

/* ---- atoms */

static bool take_quoted(Parser *p, Nodes *items)
{
        RegexCursor *c = &p->c;
        c->at += 2;
        size_t end = str_find(str_sub(c->pattern, c->at, c->pattern.n), STR("\\E"));
        size_t stop = end == SIZE_MAX ? c->pattern.n : c->at + end;
        while (c->at < stop) {
                uint32_t rune;
                if (!regex_class_rune(c, &rune))
                        return false;
                vec_push(items, new_literal(p, rune));
        }
        if (end != SIZE_MAX)
                c->at += 2;
        return true;
}

static bool parse_backslash(Parser *p, Nodes *items)
{
        RegexCursor *c = &p->c;
        static const struct {
                char letter;
                RegexOp op;
        } marks[] = { { 'A', REGEX_OP_BEGIN_TEXT },
                      { 'z', REGEX_OP_END_TEXT },
                      { 'b', REGEX_OP_WORD_BOUNDARY },
                      { 'B', REGEX_OP_NO_WORD_BOUNDARY } };
        char letter = regex_class_peek(c, 1);
        for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
                if (letter != marks[i].letter)
                        continue;
                c->at += 2;
                vec_push(items, new_node(p, marks[i].op));
                return true;
        }
        if (letter == 'Q')
                return take_quoted(p, items);
        if (letter == 'C')
                return regex_class_fail(c, "invalid escape sequence", c->at, c->at + 2);
        RegexNode *node = NULL;
        if (!regex_class_shorthand(c, p->flags & FLAG_FOLD, &node))
                return false;
        if (!node) {
                uint32_t rune;
                if (!regex_class_escape(c, &rune))
                        return false;
                node = new_literal(p, rune);
        }
        vec_push(items, node);
        return true;
}

/* What '.', '^' and '$' mean under the flags. */
static RegexOp op_of(const Parser *p, char c)
{
        bool multiline = p->flags & FLAG_MULTILINE;
        if (c == '.')
                return p->flags & FLAG_DOT_NL ? REGEX_OP_ANY : REGEX_OP_ANY_NOT_NL;
        if (c == '^')
                return multiline ? REGEX_OP_BEGIN_LINE : REGEX_OP_BEGIN_TEXT;
        return multiline ? REGEX_OP_END_LINE : REGEX_OP_END_TEXT;
}

static bool parse_atom(Parser *p, unsigned depth, Nodes *items)
{
        RegexCursor *c = &p->c;
        RegexNode *node = NULL;
        switch (regex_class_peek(c, 0)) {
        case '(':
                if (!parse_group(p, depth, &node))
                        return false;
                if (node)
                        vec_push(items, node);
                return true;
        case '[':
                if (!regex_class_bracket(c, p->flags & FLAG_FOLD, &node))
                        return false;
                vec_push(items, node);
                return true;
        case '\\': return parse_backslash(p, items);
        case '.':
        case '^':
        case '$':
                vec_push(items, new_node(p, op_of(p, regex_class_peek(c, 0))));
                c->at++;
                return true;
        default: {
                uint32_t rune;
                if (!regex_class_rune(c, &rune))
                        return false;
                vec_push(items, new_literal(p, rune));
                return true;
        }
        }
}

static bool parse_concat(Parser *p, unsigned depth, RegexNode **ret)
{
        RegexCursor *c = &p->c;
        Nodes items = { .arena = c->arena };
        size_t last_repeat = SIZE_MAX;
        while (regex_class_more(c)) {
                char ch = regex_class_peek(c, 0);
                if (ch == '|' || (ch == ')' && depth > 0))
                        break;
                if (ch == ')')
                        return regex_class_fail(c, "unexpected )", 0, c->pattern.n);
                size_t start = c->at;
                bool repeat;
                if (!take_repeat(p, &items, last_repeat, &repeat))
                        return false;
                last_repeat = repeat ? start : SIZE_MAX;
                if (!repeat && !parse_atom(p, depth, &items))
                        return false;
        }
        *ret = finish_concat(p, &items);
        return true;
}

static bool parse_alternation(Parser *p, unsigned depth, RegexNode **ret)
{
        Nodes branches = { .arena = p->c.arena };
        for (;;) {
                RegexNode *branch = NULL;
                if (!parse_concat(p, depth, &branch))
                        return false;
                vec_push(&branches, branch);
                if (regex_class_peek(&p->c, 0) != '|')
                        break;
                p->c.at++;
        }
        *ret = branches.len == 1 ? branches.data[0] : new_parent(p, REGEX_OP_ALT, &branches);
        return true;
}

bool regex_tree_parse(Arena *arena, Str pattern, bool dot_nl, RegexTree *ret, Err *err)
{
        if (pattern.n > REGEX_MAX_PATTERN_BYTES)
                return err_set(err, ERR_LIMIT, "error parsing regexp: expression too large: %zu bytes, at most %d",
                               pattern.n, REGEX_MAX_PATTERN_BYTES);
        Parser p = { .c = { .arena = arena, .pattern = pattern, .err = err }, .flags = dot_nl ? FLAG_DOT_NL : 0 };
        p.names.arena = arena;
        RegexNode *root = NULL;
        if (!parse_alternation(&p, 0, &root))
                return false;
        *ret = (RegexTree){ .root = root, .names = p.names.data, .captures = p.names.len };
        return true;
}
