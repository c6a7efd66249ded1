/* Invariants:
 * 1. A finding is about one node and points at it; the same node gets the same finding once.
 * 2. What is not known is not complained about: a metric whose type neither metadata nor its name tells is left alone.
 * Recursion is bounded by the parser's limit of depth. */
#include "promql/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/vec.h"
#include "promql/functions.h"
#include "promql/plan.h"

typedef struct Linter {
        const LintOptions *options;
        Arena *arena;
        VEC(LintFinding) found;
} Linter;

static void report(Linter *l, const char *id, const Expr *at, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void report(Linter *l, const char *id, const Expr *at, const char *fmt, ...)
{
        va_list ap, again;
        va_start(ap, fmt);
        va_copy(again, ap);
        int n = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        CHECK(n >= 0);
        char *text = arena_raw_array(l->arena, char, (size_t)n + 1);
        vsnprintf(text, (size_t)n + 1, fmt, again);
        va_end(again);
        vec_push(&l->found, (LintFinding){ id, at->pos, { text, (size_t)n } });
}

/* --- what an expression is --- */

static bool is_call(const Expr *e, FunctionId id) { return e->kind == EXPR_CALL && e->call.fn->id == id; }

static bool is_rate(const Expr *e) { return is_call(e, FN_RATE) || is_call(e, FN_IRATE) || is_call(e, FN_INCREASE); }

static Str name_of(const Expr *selector)
{
        if (selector->selector.name.n)
                return selector->selector.name;
        for (size_t i = 0; i < selector->selector.matchers.n; i++) {
                const Matcher *m = &selector->selector.matchers.data[i];
                if (m->type == MATCH_EQ && str_eq(m->name, LABEL_NAME))
                        return m->value;
        }
        return (Str){ 0 };
}

static const Str PARTS[] = { STR_INIT("_total"), STR_INIT("_bucket"), STR_INIT("_count"), STR_INIT("_sum") };

/* Metadata is kept by family: of a histogram's or summary's parts and of a counter without _total too. */
static MetricType type_of(const Linter *l, Str name)
{
        if (!l->options->type_of || !name.n)
                return METRIC_TYPE_UNKNOWN;
        MetricType type = l->options->type_of(l->options->arg, name);
        for (size_t i = 0; i < ARRAY_LEN(PARTS) && type == METRIC_TYPE_UNKNOWN; i++)
                if (str_ends(name, PARTS[i]))
                        type = l->options->type_of(l->options->arg, str_sub(name, 0, name.n - PARTS[i].n));
        return type;
}

static bool counts(MetricType type, Str name)
{
        if (type == METRIC_TYPE_COUNTER)
                return true;
        bool part = str_ends(name, STR("_bucket")) || str_ends(name, STR("_count")) || str_ends(name, STR("_sum"));
        return part ? type == METRIC_TYPE_HISTOGRAM || type == METRIC_TYPE_SUMMARY
                    : type == METRIC_TYPE_UNKNOWN && str_ends(name, STR("_total"));
}

static bool has_label(const StrVec *names, Str label)
{
        for (size_t i = 0; i < names->n; i++)
                if (str_eq(names->data[i], label))
                        return true;
        return false;
}

/* --- calls --- */

static void check_rate(Linter *l, const Expr *e)
{
        const Expr *arg = plan_unwrap(e->call.args[0]);
        const char *fn = e->call.fn->name;
        if (arg->kind == EXPR_SUBQUERY) {
                const Expr *inside = plan_unwrap(arg->subquery.expr);
                if (inside->kind == EXPR_AGGREGATE && inside->aggregate.op == AGG_SUM)
                        report(l, "rate-of-sum", e, "%s() of a sum() misses counter resets: write sum(%s(...)) instead",
                               fn, fn);
                return;
        }
        if (arg->kind != EXPR_SELECTOR)
                return;
        Str name = name_of(arg);
        if (type_of(l, name) == METRIC_TYPE_GAUGE)
                report(l, "rate-of-gauge", e,
                       "%s() is for counters, and " STR_FMT " is a gauge: use deriv() or delta()", fn, STR_ARG(name));
        if (l->options->for_alert && is_call(e, FN_IRATE))
                report(l, "irate-in-alert", e,
                       "irate() looks at two samples only, so an alert on it flaps: use rate() over some minutes");
}

static void check_gauge_function(Linter *l, const Expr *e)
{
        const Expr *arg = plan_unwrap(e->call.args[0]);
        if (arg->kind != EXPR_SELECTOR)
                return;
        Str name = name_of(arg);
        if (counts(type_of(l, name), name))
                report(l, "gauge-function-of-counter", e,
                       "%s() is for gauges, and " STR_FMT " is a counter, which may be reset: use rate() or increase()",
                       e->call.fn->name, STR_ARG(name));
}

static void check_quantile(Linter *l, const Expr *e)
{
        const Expr *q = plan_unwrap(e->call.args[0]), *arg = plan_unwrap(e->call.args[1]);
        if (q->kind == EXPR_NUMBER && !(q->number >= 0 && q->number <= 1))
                report(l, "quantile-out-of-range", q, "a quantile is between 0 and 1: 0.95, not 95");
        const Expr *from = arg;
        if (arg->kind == EXPR_AGGREGATE) {
                from = plan_unwrap(arg->aggregate.expr);
                const Expr *selector = is_rate(from) ? plan_unwrap(from->call.args[0]) : from;
                bool classic = selector->kind == EXPR_SELECTOR && str_ends(name_of(selector), STR("_bucket"));
                if (classic && has_label(&arg->aggregate.grouping, STR("le")) == arg->aggregate.without)
                        report(l, "quantile-without-le", arg, "the buckets' label le is aggregated away: %s",
                               arg->aggregate.without ? "remove le from without (...)" : "write by (le, ...)");
        }
        if (from->kind == EXPR_SELECTOR && str_ends(name_of(from), STR("_bucket")))
                report(l, "quantile-of-counters", from,
                       "without rate() these are all observations since the process started: use rate(" STR_FMT "[5m])",
                       STR_ARG(name_of(from)));
}

static void check_call(Linter *l, const Expr *e)
{
        FunctionId id = e->call.fn->id;
        if (is_rate(e))
                check_rate(l, e);
        else if (id == FN_DELTA || id == FN_DERIV || id == FN_IDELTA || id == FN_PREDICT_LINEAR)
                check_gauge_function(l, e);
        else if (id == FN_HISTOGRAM_QUANTILE)
                check_quantile(l, e);
}

/* --- comparisons --- */

typedef enum Unit { UNIT_UNKNOWN, UNIT_RATIO, UNIT_RATE, UNIT_COUNTER } Unit;

/* What the numbers of an expression are, as far as it shows. */
static Unit unit_of(const Linter *l, const Expr *e)
{
        e = plan_unwrap(e);
        if (e->kind == EXPR_AGGREGATE) {
                AggregateOp op = e->aggregate.op;
                bool keeps = op == AGG_SUM || op == AGG_AVG || op == AGG_MIN || op == AGG_MAX || op == AGG_QUANTILE ||
                             op == AGG_TOPK || op == AGG_BOTTOMK;
                return keeps ? unit_of(l, e->aggregate.expr) : UNIT_UNKNOWN;
        }
        if (is_call(e, FN_RATE) || is_call(e, FN_IRATE))
                return UNIT_RATE;
        if (e->kind == EXPR_SELECTOR && e->type == VALUE_VECTOR) {
                Str name = name_of(e);
                if (str_ends(name, STR("_ratio")))
                        return UNIT_RATIO;
                return counts(type_of(l, name), name) ? UNIT_COUNTER : UNIT_UNKNOWN;
        }
        if (e->kind != EXPR_BINARY)
                return UNIT_UNKNOWN;
        Unit a = unit_of(l, e->binary.lhs), b = unit_of(l, e->binary.rhs);
        if (e->binary.op == BIN_DIV)
                return a == UNIT_RATE && b == UNIT_RATE ? UNIT_RATIO : UNIT_UNKNOWN;
        return e->binary.op == BIN_ADD || e->binary.op == BIN_SUB ? (a == b ? a : UNIT_UNKNOWN) : UNIT_UNKNOWN;
}

static void check_comparison(Linter *l, const Expr *e)
{
        Unit a = unit_of(l, e->binary.lhs), b = unit_of(l, e->binary.rhs);
        const Expr *number = plan_unwrap(e->binary.rhs);
        if ((a == UNIT_RATIO && b == UNIT_RATE) || (a == UNIT_RATE && b == UNIT_RATIO))
                report(l, "ratio-against-rate", e,
                       "a ratio is compared with a rate per second: divide both sides alike");
        if (a == UNIT_RATIO && number->kind == EXPR_NUMBER && number->number > 1 &&
            (e->binary.op == BIN_GT || e->binary.op == BIN_GE))
                report(l, "ratio-above-one", e,
                       "a ratio is hardly ever above 1: write 0.05 for 5 %%, or multiply the ratio by 100");
        if (a == UNIT_COUNTER && number->kind == EXPR_NUMBER && number->number != 0 && l->options->for_alert)
                report(l, "counter-against-number", e,
                       "a counter only grows until it is reset: compare rate() or increase() of it");
        bool equal = e->binary.op == BIN_EQ || e->binary.op == BIN_NE;
        if (equal && a == UNIT_RATE && number->kind == EXPR_NUMBER && number->number != 0)
                report(l, "equality-of-rate", e, "a rate is hardly ever exactly a number: compare with < or >");
}

/* --- aggregations, selectors --- */

static void check_aggregate(Linter *l, const Expr *e)
{
        const Expr *arg = plan_unwrap(e->aggregate.expr);
        if (arg->kind != EXPR_SELECTOR)
                return;
        Str name = name_of(arg);
        if (e->aggregate.op == AGG_SUM && l->options->for_alert && counts(type_of(l, name), name))
                report(l, "sum-of-counter", e,
                       "the sum of the counter " STR_FMT " falls when a target restarts: use sum(rate(" STR_FMT
                       "[5m]))",
                       STR_ARG(name), STR_ARG(name));
}

static void check_selector(Linter *l, const Expr *e)
{
        for (size_t i = 0; i < e->selector.matchers.n; i++) {
                const Matcher *m = &e->selector.matchers.data[i];
                bool regex = m->type == MATCH_RE || m->type == MATCH_NRE;
                if (!regex || m->value.n == 0)
                        continue;
                bool plain = true;
                for (size_t k = 0; k < m->value.n && plain; k++)
                        plain = !strchr(".*+?()[]{}|\\^$", m->value.p[k]);
                if (plain)
                        report(l, "regex-without-regex", e, STR_FMT "%s\"" STR_FMT "\" has nothing to expand: write %s",
                               STR_ARG(m->name), m->type == MATCH_RE ? "=~" : "!~", STR_ARG(m->value),
                               m->type == MATCH_RE ? "=" : "!=");
                else if (m->value.p[0] == '^' || m->value.p[m->value.n - 1] == '$')
                        report(l, "anchored-regex", e,
                               "the regular expression of " STR_FMT " matches whole values anyway: leave out ^ and $",
                               STR_ARG(m->name));
        }
}

static bool check_node(void *arg, const Expr *e)
{
        Linter *l = arg;
        switch (e->kind) {
        case EXPR_CALL: check_call(l, e); break;
        case EXPR_AGGREGATE: check_aggregate(l, e); break;
        case EXPR_SELECTOR: check_selector(l, e); break;
        case EXPR_BINARY:
                if (ast_is_comparison(e->binary.op))
                        check_comparison(l, e);
                break;
        case EXPR_NUMBER:
        case EXPR_STRING:
        case EXPR_SUBQUERY:
        case EXPR_UNARY:
        case EXPR_PAREN: break;
        }
        return true;
}

static int by_position(const void *pa, const void *pb)
{
        const LintFinding *a = pa, *b = pb;
        if (a->pos.start != b->pos.start)
                return a->pos.start < b->pos.start ? -1 : 1;
        return strcmp(a->id, b->id);
}

void lint_check(const Expr *expr, const LintOptions *options, Arena *arena, LintFinding **ret, size_t *ret_n)
{
        Linter l = { .options = options, .arena = arena };
        l.found.arena = arena;
        ast_walk(expr, check_node, &l);
        if (l.found.len)
                qsort(l.found.data, l.found.len, sizeof *l.found.data, by_position);
        *ret = l.found.data;
        *ret_n = l.found.len;
}

void lint_format(Buf *out, Str source, const LintFinding *finding)
{
        unsigned line, col;
        ast_line_col(source, finding->pos.start, &line, &col);
        buf_printf(out, "%u:%u: " STR_FMT " (%s)", line, col, STR_ARG(finding->text), finding->id);
}
