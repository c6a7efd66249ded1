/* Invariants:
 * 1. What is printed parses again, and that prints the same.
 * 2. The one-line form is upstream's String(): rule groups, the UI and other tools compare it. (Two deviations, where
 *    upstream's text does not read back: Inf as the base of a power, and min_of/max_of under their present names.)
 *
 * The pretty form splits a node over lines when its one-line form is longer than 100 bytes. Measuring is printing and
 * taking back, so a tree of n bytes and height h costs n*h at most; both are limited by the parser. */
#include "promql/print.h"

#include <math.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/duration.h"
#include "codec/floats.h"
#include "model/quote.h"
#include "promql/durexpr.h"
#include "promql/functions.h"

enum { MAX_LINE_BYTES = 100 };

static void print_label_list(Buf *out, StrVec labels)
{
        buf_char(out, '(');
        for (size_t i = 0; i < labels.n; i++) {
                if (i > 0)
                        buf_lit(out, ", ");
                if (labels_name_is_legacy_valid(labels.data[i]))
                        buf_str_add(out, labels.data[i]);
                else
                        quote_go(out, labels.data[i]);
        }
        buf_char(out, ')');
}

static void print_duration(Buf *out, int64_t ms, const DurationExpr *written)
{
        if (written)
                durexpr_print(out, written);
        else
                duration_format(out, ms);
}

static void print_offset(Buf *out, const TimeShift *shift)
{
        if (shift->offset_written || shift->offset_ms != 0) {
                buf_lit(out, " offset ");
                print_duration(out, shift->offset_ms, shift->offset_written);
        }
}

static void print_at(Buf *out, const TimeShift *shift)
{
        switch (shift->at) {
        case AT_NONE: break;
        case AT_START: buf_lit(out, " @ start()"); break;
        case AT_END: buf_lit(out, " @ end()"); break;
        case AT_TIME: {
                uint64_t ms = shift->at_ms < 0 ? 0 - (uint64_t)shift->at_ms : (uint64_t)shift->at_ms;
                buf_printf(out, " @ %s%llu.%03u", shift->at_ms < 0 ? "-" : "", (unsigned long long)(ms / 1000),
                           (unsigned)(ms % 1000));
                break;
        }
        }
}

static int compare_strs(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

/* The matchers sorted by their text, without the one that the name in front stands for. */
static void print_matchers(Buf *out, const Expr *e)
{
        AUTO(arena_free) Arena *arena = arena_new();
        const Matchers ms = e->selector.matchers;
        Str *texts = arena_array(arena, Str, ms.n + 1);
        size_t n = 0;
        for (size_t i = 0; i < ms.n; i++) {
                const Matcher *m = &ms.data[i];
                if (m->type == MATCH_EQ && m->value.n > 0 && str_eq(m->name, LABEL_NAME) &&
                    str_eq(m->value, e->selector.name))
                        continue;
                Buf text = { .arena = arena };
                matcher_print(&text, m);
                texts[n++] = buf_str(&text);
        }
        if (n == 0)
                return;
        qsort(texts, n, sizeof *texts, compare_strs);
        buf_char(out, '{');
        for (size_t i = 0; i < n; i++) {
                if (i > 0)
                        buf_char(out, ',');
                buf_str_add(out, texts[i]);
        }
        buf_char(out, '}');
}

static void print_selector(Buf *out, const Expr *e)
{
        static const char *const MODES[] = {
                [RANGE_PLAIN] = "", [RANGE_ANCHORED] = " anchored", [RANGE_SMOOTHED] = " smoothed"
        };
        size_t from = out->n;
        buf_str_add(out, e->selector.name);
        print_matchers(out, e);
        if (out->n == from)
                buf_lit(out, "{}");
        if (e->selector.has_range) {
                buf_char(out, '[');
                print_duration(out, e->selector.range_ms, e->selector.range_written);
                buf_char(out, ']');
                buf_cstr_add(out, MODES[e->selector.mode]);
                print_at(out, &e->selector.shift);
        } else {
                print_at(out, &e->selector.shift);
                buf_cstr_add(out, MODES[e->selector.mode]);
        }
        print_offset(out, &e->selector.shift);
}

static void print_subquery_suffix(Buf *out, const Expr *e)
{
        buf_char(out, '[');
        print_duration(out, e->subquery.range_ms, e->subquery.range_written);
        buf_char(out, ':');
        if (e->subquery.step_ms != 0 || e->subquery.step_written)
                print_duration(out, e->subquery.step_ms, e->subquery.step_written);
        buf_char(out, ']');
        print_at(out, &e->subquery.shift);
        print_offset(out, &e->subquery.shift);
}

static void print_number(Buf *out, const Expr *e)
{
        int64_t ms;
        if (e->is_duration && durexpr_seconds_to_ms(e->number, &ms))
                duration_format(out, ms);
        else
                floats_format_f(out, e->number);
}

static void print_fill(Buf *out, const Expr *e)
{
        bool left = e->binary.fill_lhs_set, right = e->binary.fill_rhs_set;
        double l = e->binary.fill_lhs, r = e->binary.fill_rhs;
        bool same = left && right && bits_of_double(l) == bits_of_double(r);
        if (left) {
                buf_cstr_add(out, same ? " fill (" : " fill_left (");
                floats_format_g(out, l);
                buf_char(out, ')');
        }
        if (right && !same) {
                buf_lit(out, " fill_right (");
                floats_format_g(out, r);
                buf_char(out, ')');
        }
}

/* The operator and its clauses, without blanks around. */
static void print_operator(Buf *out, const Expr *e)
{
        bool grouped = e->binary.card == CARD_MANY_TO_ONE || e->binary.card == CARD_ONE_TO_MANY;
        buf_cstr_add(out, ast_binary_op_name(e->binary.op));
        if (e->binary.return_bool)
                buf_lit(out, " bool");
        if (e->binary.labels.n > 0 || e->binary.on || grouped) {
                buf_cstr_add(out, e->binary.on ? " on " : " ignoring ");
                print_label_list(out, e->binary.labels);
        }
        if (grouped) {
                buf_cstr_add(out, e->binary.card == CARD_MANY_TO_ONE ? " group_left " : " group_right ");
                print_label_list(out, e->binary.include);
        }
        print_fill(out, e);
}

/* "+Inf ^ 2" would read back as +(Inf ^ 2). */
static bool is_infinite_base(const Expr *e)
{
        const Expr *lhs = e->binary.lhs;
        return e->binary.op == BIN_POW && lhs->kind == EXPR_NUMBER && isinf(lhs->number) && lhs->number > 0;
}

static void print_binary(Buf *out, const Expr *e)
{
        if (is_infinite_base(e))
                buf_lit(out, "Inf");
        else
                print_expr(out, e->binary.lhs);
        buf_char(out, ' ');
        print_operator(out, e);
        buf_char(out, ' ');
        print_expr(out, e->binary.rhs);
}

/* "sum by (a) " or "sum" */
static void print_aggregate_head(Buf *out, const Expr *e)
{
        buf_cstr_add(out, ast_aggregate_op_name(e->aggregate.op));
        if (e->aggregate.without || e->aggregate.grouping.n > 0) {
                buf_cstr_add(out, e->aggregate.without ? " without " : " by ");
                print_label_list(out, e->aggregate.grouping);
                buf_char(out, ' ');
        }
}

static void print_aggregate(Buf *out, const Expr *e)
{
        print_aggregate_head(out, e);
        buf_char(out, '(');
        if (e->aggregate.param) {
                print_expr(out, e->aggregate.param);
                buf_lit(out, ", ");
        }
        print_expr(out, e->aggregate.expr);
        buf_char(out, ')');
}

static void print_call(Buf *out, const Expr *e)
{
        buf_cstr_add(out, e->call.fn->name);
        buf_char(out, '(');
        for (size_t i = 0; i < e->call.n_args; i++) {
                if (i > 0)
                        buf_lit(out, ", ");
                print_expr(out, e->call.args[i]);
        }
        buf_char(out, ')');
}

void print_expr(Buf *out, const Expr *e)
{
        switch (e->kind) {
        case EXPR_NUMBER: print_number(out, e); break;
        case EXPR_STRING: quote_go(out, e->string); break;
        case EXPR_SELECTOR: print_selector(out, e); break;
        case EXPR_SUBQUERY:
                print_expr(out, e->subquery.expr);
                print_subquery_suffix(out, e);
                break;
        case EXPR_CALL: print_call(out, e); break;
        case EXPR_AGGREGATE: print_aggregate(out, e); break;
        case EXPR_BINARY: print_binary(out, e); break;
        case EXPR_UNARY:
                buf_char(out, e->unary.negative ? '-' : '+');
                print_expr(out, e->unary.expr);
                break;
        case EXPR_PAREN:
                buf_char(out, '(');
                print_expr(out, e->paren);
                buf_char(out, ')');
                break;
        }
}

/* ---- pretty ---- */

static void pretty(Buf *out, const Expr *e, unsigned level);

static void indent(Buf *out, unsigned level)
{
        for (unsigned i = 0; i < level; i++)
                buf_lit(out, "  ");
}

static void pretty_aggregate(Buf *out, const Expr *e, unsigned level)
{
        indent(out, level);
        print_aggregate_head(out, e);
        buf_lit(out, "(\n");
        if (e->aggregate.param) {
                pretty(out, e->aggregate.param, level + 1);
                buf_lit(out, ",\n");
        }
        pretty(out, e->aggregate.expr, level + 1);
        buf_char(out, '\n');
        indent(out, level);
        buf_char(out, ')');
}

static void pretty_call(Buf *out, const Expr *e, unsigned level)
{
        indent(out, level);
        buf_cstr_add(out, e->call.fn->name);
        buf_lit(out, "(\n");
        for (size_t i = 0; i < e->call.n_args; i++) {
                if (i > 0)
                        buf_lit(out, ",\n");
                pretty(out, e->call.args[i], level + 1);
        }
        buf_char(out, '\n');
        indent(out, level);
        buf_char(out, ')');
}

static void pretty_binary(Buf *out, const Expr *e, unsigned level)
{
        if (is_infinite_base(e)) {
                indent(out, level + 1);
                buf_lit(out, "Inf");
        } else {
                pretty(out, e->binary.lhs, level + 1);
        }
        buf_char(out, '\n');
        indent(out, level);
        print_operator(out, e);
        buf_char(out, '\n');
        pretty(out, e->binary.rhs, level + 1);
}

/* Prints e, which is too long for one line. */
static void pretty_split(Buf *out, const Expr *e, unsigned level)
{
        switch (e->kind) {
        case EXPR_AGGREGATE: pretty_aggregate(out, e, level); break;
        case EXPR_CALL: pretty_call(out, e, level); break;
        case EXPR_BINARY: pretty_binary(out, e, level); break;
        case EXPR_PAREN:
                indent(out, level);
                buf_lit(out, "(\n");
                pretty(out, e->paren, level + 1);
                buf_char(out, '\n');
                indent(out, level);
                buf_char(out, ')');
                break;
        case EXPR_SUBQUERY:
                pretty(out, e->subquery.expr, level);
                print_subquery_suffix(out, e);
                break;
        case EXPR_NUMBER:
        case EXPR_STRING:
        case EXPR_SELECTOR:
        case EXPR_UNARY:
                indent(out, level);
                print_expr(out, e);
                break;
        }
}

static void pretty_unary(Buf *out, const Expr *e, unsigned level)
{
        indent(out, level);
        buf_char(out, e->unary.negative ? '-' : '+');
        size_t at = out->n, skip = 0;
        pretty(out, e->unary.expr, level);
        /* The sign stands where the operand's indentation would. */
        while (at + skip < out->n && out->p[at + skip] == ' ')
                skip++;
        memmove(out->p + at, out->p + at + skip, out->n - at - skip);
        out->n -= skip;
}

static void pretty(Buf *out, const Expr *e, unsigned level)
{
        if (e->kind == EXPR_UNARY) {
                pretty_unary(out, e, level);
                return;
        }
        size_t from = out->n;
        indent(out, level);
        size_t text = out->n;
        print_expr(out, e);
        if (out->n - text <= MAX_LINE_BYTES)
                return;
        out->n = from;
        pretty_split(out, e, level);
}

void print_pretty(Buf *out, const Expr *e) { pretty(out, e, 0); }
