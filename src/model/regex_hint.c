/* Invariants
 * 1. A set is exactly the strings that match: a part that cannot say so makes the whole "no set".
 * 2. A case-insensitive literal has no set and no prefix, unless it has no letters.
 * 3. The emitted pattern has no operator that RE2 lacks and means the same to PCRE2: every literal is escaped, classes
 * are spelled as ranges, $ is \z, and PCRE2's own idea of newlines, \s or end of subject is never used. */
#include "model/regex_hint.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/vec.h"

typedef VEC(Str) Strs;

static bool is_case_free(const RegexNode *node)
{
        if (!node->fold)
                return true;
        if (node->op == REGEX_OP_CLASS)
                return false;
        for (size_t i = 0; i < node->text.n; i++)
                if ((unsigned char)node->text.p[i] >= 0x80 || isalpha((unsigned char)node->text.p[i]))
                        return false;
        return true;
}

/* ---- sets */

static bool set_of(Arena *arena, const RegexNode *node, Strs *out);

static size_t bytes_of(Strs *set)
{
        size_t n = 0;
        vec_each(s, set)
                n += s->n;
        return n;
}

static bool class_set(Arena *arena, const RegexNode *node, Strs *out)
{
        if (!node->ranges || node->negated || !is_case_free(node))
                return false;
        size_t total = 0;
        for (size_t i = 0; i < node->ranges_n; i++) {
                total += (size_t)(node->ranges[i].to - node->ranges[i].from) + 1;
                if (total > REGEX_MAX_CROSS)
                        return false;
        }
        for (size_t i = 0; i < node->ranges_n; i++) {
                for (uint32_t r = node->ranges[i].from; r <= node->ranges[i].to; r++) {
                        if (r >= 0xd800 && r < 0xe000)
                                return false;
                        Buf b = { .p = arena_raw(arena, 4, 1), .cap = 4, .arena = arena };
                        utf8_encode(&b, r);
                        vec_push(out, buf_str(&b));
                }
        }
        return true;
}

/* left = every left followed by every right. */
static bool cross(Arena *arena, Strs *left, Strs *right)
{
        size_t n = left->len * right->len;
        bool plain = left->len == 1 || right->len == 1;
        if (n > (plain ? (size_t)REGEX_MAX_SET : (size_t)REGEX_MAX_CROSS) ||
            bytes_of(left) * right->len + bytes_of(right) * left->len > REGEX_MAX_SET_BYTES)
                return false;
        Strs out = { .arena = arena };
        vec_reserve(&out, n);
        vec_each(a, left) {
                vec_each(b, right) {
                        char *p = arena_raw(arena, a->n + b->n + 1, 1);
                        if (a->n)
                                memcpy(p, a->p, a->n);
                        if (b->n)
                                memcpy(p + a->n, b->p, b->n);
                        vec_push(&out, str_n(p, a->n + b->n));
                }
        }
        *left = out;
        return true;
}

static bool concat_set(Arena *arena, const RegexNode *const *subs, size_t n, Strs *out)
{
        Strs all = { .arena = arena };
        vec_push(&all, (Str){ 0 });
        for (size_t i = 0; i < n; i++) {
                Strs part = { .arena = arena };
                if (!set_of(arena, subs[i], &part) || !cross(arena, &all, &part))
                        return false;
        }
        *out = all;
        return true;
}

static bool alt_set(Arena *arena, const RegexNode *node, Strs *out)
{
        size_t bytes = 0;
        for (size_t i = 0; i < node->n; i++) {
                Strs part = { .arena = arena };
                if (!set_of(arena, node->subs[i], &part))
                        return false;
                bytes += bytes_of(&part);
                if (out->len + part.len > REGEX_MAX_SET || bytes > REGEX_MAX_SET_BYTES)
                        return false;
                vec_each(s, &part)
                        vec_push(out, *s);
        }
        return true;
}

static bool repeat_set(Arena *arena, const RegexNode *node, Strs *out)
{
        enum { MAX_TIMES = 8 };
        if (node->max < 0 || node->max > MAX_TIMES)
                return false;
        Strs one = { .arena = arena };
        if (!set_of(arena, node->subs[0], &one))
                return false;
        Strs times = { .arena = arena };
        vec_push(&times, (Str){ 0 });
        for (int i = 0; i <= node->max; i++) {
                if (i > 0 && !cross(arena, &times, &one))
                        return false;
                if (i < node->min)
                        continue;
                vec_each(s, &times)
                        vec_push(out, *s);
                if (out->len > REGEX_MAX_CROSS)
                        return false;
        }
        return true;
}

static bool set_of(Arena *arena, const RegexNode *node, Strs *out)
{
        switch (node->op) {
        case REGEX_OP_EMPTY: vec_push(out, (Str){ 0 }); return true;
        case REGEX_OP_LITERAL:
                if (!is_case_free(node))
                        return false;
                vec_push(out, node->text);
                return true;
        case REGEX_OP_CLASS: return class_set(arena, node, out);
        case REGEX_OP_CAPTURE: return set_of(arena, node->subs[0], out);
        case REGEX_OP_CONCAT: return concat_set(arena, (const RegexNode *const *)node->subs, node->n, out);
        case REGEX_OP_ALT: return alt_set(arena, node, out);
        case REGEX_OP_REPEAT: return repeat_set(arena, node, out);
        case REGEX_OP_ANY:
        case REGEX_OP_ANY_NOT_NL:
        case REGEX_OP_BEGIN_LINE:
        case REGEX_OP_END_LINE:
        case REGEX_OP_BEGIN_TEXT:
        case REGEX_OP_END_TEXT:
        case REGEX_OP_WORD_BOUNDARY:
        case REGEX_OP_NO_WORD_BOUNDARY: return false;
        }
        return false;
}

static int by_bytes(const void *a, const void *b)
{
        const Str *x = a;
        const Str *y = b;
        return str_cmp(*x, *y);
}

static RegexSet sorted_unique(Strs *strs)
{
        if (strs->len == 0)
                return (RegexSet){ 0 };
        qsort(strs->data, strs->len, sizeof *strs->data, by_bytes);
        size_t n = 1;
        for (size_t i = 1; i < strs->len; i++)
                if (!str_eq(strs->data[i], strs->data[n - 1]))
                        strs->data[n++] = strs->data[i];
        return (RegexSet){ strs->data, n };
}

/* ---- prefixes */

static Str common_prefix(Str a, Str b)
{
        size_t n = 0;
        while (n < a.n && n < b.n && a.p[n] == b.p[n])
                n++;
        return str_sub(a, 0, n);
}

static Str prefix_of(const RegexNode *node)
{
        switch (node->op) {
        case REGEX_OP_LITERAL: return is_case_free(node) ? node->text : (Str){ 0 };
        case REGEX_OP_CAPTURE: return prefix_of(node->subs[0]);
        case REGEX_OP_CONCAT:
                /* What does not consume may stand before the first part that does. */
                for (size_t i = 0; i < node->n; i++)
                        if (node->subs[i]->op != REGEX_OP_BEGIN_TEXT && node->subs[i]->op != REGEX_OP_EMPTY)
                                return prefix_of(node->subs[i]);
                return (Str){ 0 };
        case REGEX_OP_ALT: {
                Str p = prefix_of(node->subs[0]);
                for (size_t i = 1; i < node->n && p.n; i++)
                        p = common_prefix(p, prefix_of(node->subs[i]));
                return p;
        }
        case REGEX_OP_REPEAT: return node->min > 0 ? prefix_of(node->subs[0]) : (Str){ 0 };
        case REGEX_OP_EMPTY:
        case REGEX_OP_CLASS:
        case REGEX_OP_ANY:
        case REGEX_OP_ANY_NOT_NL:
        case REGEX_OP_BEGIN_LINE:
        case REGEX_OP_END_LINE:
        case REGEX_OP_BEGIN_TEXT:
        case REGEX_OP_END_TEXT:
        case REGEX_OP_WORD_BOUNDARY:
        case REGEX_OP_NO_WORD_BOUNDARY: break;
        }
        return (Str){ 0 };
}

/* ---- shapes */

static const RegexNode *without_captures(const RegexNode *node)
{
        while (node->op == REGEX_OP_CAPTURE)
                node = node->subs[0];
        return node;
}

static bool is_any_repeat(const RegexNode *node, int min)
{
        node = without_captures(node);
        return node->op == REGEX_OP_REPEAT && node->min == min && node->max < 0 && node->subs[0]->op == REGEX_OP_ANY;
}

static bool is_plain(const RegexNode *node) { return node->op == REGEX_OP_LITERAL && is_case_free(node); }

static void shape_of(RegexHint *hint, const RegexNode *const *parts, size_t n)
{
        if (n == 1 && is_any_repeat(parts[0], 0)) {
                hint->shape = REGEX_SHAPE_ALL;
        } else if (n == 1 && is_any_repeat(parts[0], 1)) {
                hint->shape = REGEX_SHAPE_NONEMPTY;
        } else if (n == 2 && is_plain(parts[0]) && (is_any_repeat(parts[1], 0) || is_any_repeat(parts[1], 1))) {
                hint->shape = is_any_repeat(parts[1], 0) ? REGEX_SHAPE_PREFIX : REGEX_SHAPE_PREFIX_NONEMPTY;
                hint->literal = parts[0]->text;
        } else if (n == 2 && is_any_repeat(parts[0], 0) && is_plain(parts[1])) {
                hint->shape = REGEX_SHAPE_SUFFIX;
                hint->literal = parts[1]->text;
        } else if (n == 3 && is_any_repeat(parts[0], 0) && is_plain(parts[1]) && is_any_repeat(parts[2], 0)) {
                hint->shape = REGEX_SHAPE_CONTAINS;
                hint->literal = parts[1]->text;
        }
}

RegexHint regex_hint_of(Arena *arena, const RegexNode *root)
{
        const RegexNode *node = without_captures(root);
        RegexHint hint = { .prefix = prefix_of(node) };
        const RegexNode *const *parts = &node;
        size_t n = 1;
        if (node->op == REGEX_OP_CONCAT) {
                parts = (const RegexNode *const *)node->subs;
                n = node->n;
        }
        /* ^ and $ at the ends of a pattern that is anchored anyway say nothing. */
        for (; n > 0 && parts[0]->op == REGEX_OP_BEGIN_TEXT; n--)
                parts++;
        while (n > 0 && parts[n - 1]->op == REGEX_OP_END_TEXT)
                n--;
        Strs strs = { .arena = arena };
        /* One part needs no copying; several are multiplied out. */
        if (n == 1 ? set_of(arena, parts[0], &strs) : concat_set(arena, parts, n, &strs)) {
                hint.shape = REGEX_SHAPE_SET;
                hint.set = sorted_unique(&strs);
        } else {
                shape_of(&hint, parts, n);
        }
        return hint;
}

/* ---- PCRE2 */

static void emit_literal(Buf *out, const RegexNode *node)
{
        if (node->fold)
                buf_lit(out, "(?i:");
        for (size_t i = 0; i < node->text.n; i++) {
                unsigned char c = (unsigned char)node->text.p[i];
                if (c < 0x20 || c == 0x7f)
                        buf_printf(out, "\\x{%x}", c);
                else if (c < 0x80 && !isalnum(c) && c != '_')
                        buf_printf(out, "\\%c", c);
                else
                        buf_char(out, (char)c);
        }
        if (node->fold)
                buf_char(out, ')');
}

static void emit_class(Buf *out, const RegexNode *node)
{
        if (node->text.n == 0) { /* the class of nothing, or of everything */
                buf_cstr_add(out, node->negated ? "." : "[^\\x{0}-\\x{10ffff}]");
                return;
        }
        buf_printf(out, "%s[%s", node->fold ? "(?i:" : "", node->negated ? "^" : "");
        buf_str_add(out, node->text);
        buf_cstr_add(out, node->fold ? "])" : "]");
}

static bool is_one_code_point(Str text)
{
        uint32_t rune;
        return text.n > 0 && utf8_decode(text, &rune) == text.n;
}

static void emit_repeat(Buf *out, const RegexNode *node)
{
        const RegexNode *sub = node->subs[0];
        bool atom = sub->op == REGEX_OP_CLASS || sub->op == REGEX_OP_ANY || sub->op == REGEX_OP_ANY_NOT_NL ||
                    sub->op == REGEX_OP_CAPTURE ||
                    (sub->op == REGEX_OP_LITERAL && (sub->fold || is_one_code_point(sub->text)));
        if (!atom)
                buf_lit(out, "(?:");
        regex_hint_emit(out, sub);
        if (!atom)
                buf_char(out, ')');
        if (node->max < 0 && node->min <= 1)
                buf_char(out, node->min == 0 ? '*' : '+');
        else if (node->max < 0)
                buf_printf(out, "{%d,}", node->min);
        else if (node->min == 0 && node->max == 1)
                buf_char(out, '?');
        else
                buf_printf(out, "{%d,%d}", node->min, node->max);
        if (node->lazy)
                buf_char(out, '?');
}

static void emit_children(Buf *out, const RegexNode *node, const char *between)
{
        for (size_t i = 0; i < node->n; i++) {
                if (i)
                        buf_cstr_add(out, between);
                regex_hint_emit(out, node->subs[i]);
        }
}

void regex_hint_emit(Buf *out, const RegexNode *node)
{
        switch (node->op) {
        case REGEX_OP_EMPTY: break;
        case REGEX_OP_LITERAL: emit_literal(out, node); break;
        case REGEX_OP_CLASS: emit_class(out, node); break;
        case REGEX_OP_ANY: buf_char(out, '.'); break;
        case REGEX_OP_ANY_NOT_NL: buf_lit(out, "[^\\n]"); break;
        case REGEX_OP_BEGIN_LINE: /* PCRE2's own ^ does not match behind a last newline */
                buf_lit(out, "(?:\\A|(?<=\\n))");
                break;
        case REGEX_OP_END_LINE: buf_lit(out, "(?:\\z|(?=\\n))"); break;
        case REGEX_OP_BEGIN_TEXT: buf_lit(out, "\\A"); break;
        case REGEX_OP_END_TEXT: buf_lit(out, "\\z"); break;
        case REGEX_OP_WORD_BOUNDARY: buf_lit(out, "\\b"); break;
        case REGEX_OP_NO_WORD_BOUNDARY: buf_lit(out, "\\B"); break;
        case REGEX_OP_CAPTURE:
                buf_char(out, '(');
                emit_children(out, node, "");
                buf_char(out, ')');
                break;
        case REGEX_OP_CONCAT:
                /* An alternation inside a sequence came from a group that does not capture. */
                for (size_t i = 0; i < node->n; i++) {
                        bool alt = node->subs[i]->op == REGEX_OP_ALT;
                        buf_cstr_add(out, alt ? "(?:" : "");
                        regex_hint_emit(out, node->subs[i]);
                        buf_cstr_add(out, alt ? ")" : "");
                }
                break;
        case REGEX_OP_ALT: emit_children(out, node, "|"); break;
        case REGEX_OP_REPEAT: emit_repeat(out, node); break;
        }
}
