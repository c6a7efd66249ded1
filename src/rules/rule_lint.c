/* What is legal and yet most likely not meant. Findings are warnings, each with its name in brackets.
 *
 * Invariants:
 * 1. A finding says what will happen, and what to write instead.
 * 2. What cannot be known from the rules alone (which labels a series has, what a metric's unit is) is no finding. */
#include <stdlib.h>

#include "base/duration.h"
#include "promql/lint.h"
#include "rules/rules.h"

enum {
        LOOKBACK_MS = 5 * 60 * 1000,
        LONG_WINDOW_MS = 10 * 60 * 1000,
        LONG_BURN_WINDOW_MS = 6 * 3600 * 1000,
        MOST_WINDOWS = 16
};

typedef struct Lint {
        const RuleFile *file;
        const RuleGroup *group;
        const Rule *rule;
        Arena *arena;
        Diags *diags;
        size_t found;
} Lint;

#define FOUND(l, finding, fmt, ...)                                                                                  \
        ((l)->found++, diags_warn((l)->diags, (l)->group->file, (l)->rule->pos, "[" finding "] '" STR_FMT "': " fmt, \
                                  STR_ARG((l)->rule->name) __VA_OPT__(, ) __VA_ARGS__))

static const Expr *bare(const Expr *e)
{
        while (e->kind == EXPR_PAREN)
                e = e->paren;
        return e;
}

static bool is_number(const Expr *e, double v)
{
        e = bare(e);
        return e->kind == EXPR_NUMBER && e->number == v;
}

static bool calls(const Expr *e, const char *const *names, size_t n)
{
        if (e->kind != EXPR_CALL)
                return false;
        for (size_t i = 0; i < n; i++)
                if (str_eq(str_of(ast_function_name(e->call.fn)), str_of(names[i])))
                        return true;
        return false;
}

static bool is_rate(const Expr *e)
{
        static const char *const names[] = { "rate", "irate", "increase" };
        return calls(e, names, ARRAY_LEN(names));
}

/* ---- units: what a value is, as far as the expression says */

typedef enum Unit { UNIT_UNKNOWN, UNIT_PER_SECOND, UNIT_RATIO } Unit;

static Unit unit_of(const Expr *e)
{
        e = bare(e);
        if (is_rate(e)) /* a counter of seconds gives seconds per second, which is a ratio */
                return UNIT_PER_SECOND;
        if (e->kind == EXPR_AGGREGATE)
                return e->aggregate.op == AGG_COUNT || e->aggregate.op == AGG_COUNT_VALUES ? UNIT_UNKNOWN
                                                                                           : unit_of(e->aggregate.expr);
        if (e->kind != EXPR_BINARY)
                return UNIT_UNKNOWN;
        Unit left = unit_of(e->binary.lhs);
        Unit right = unit_of(e->binary.rhs);
        switch ((int)e->binary.op) {
        case BIN_DIV: return left == right && left != UNIT_UNKNOWN ? UNIT_RATIO : UNIT_UNKNOWN;
        case BIN_ADD:
        case BIN_SUB: return left == UNIT_UNKNOWN ? right : left;
        case BIN_GT:
        case BIN_GE:
        case BIN_LT:
        case BIN_LE:
        case BIN_AND:
        case BIN_UNLESS: return left;
        case BIN_OR: return left == right ? left : UNIT_UNKNOWN;
        default: return UNIT_UNKNOWN;
        }
}

/* The counter that the first rate reads; seconds over seconds are shares of time. */
static bool find_counter(void *arg, const Expr *e)
{
        Str *name = arg;
        if (e->kind == EXPR_SELECTOR && name->n == 0)
                *name = e->selector.name;
        return true;
}

static bool is_of_seconds(const Expr *e)
{
        Str name = { 0 };
        ast_walk(e, find_counter, &name);
        return str_find(name, STR("_seconds")) != SIZE_MAX && !str_ends(name, STR("_count"));
}

/* 1 - rate(...): a share minus events per second. */
static bool find_one_minus_rate(void *arg, const Expr *e)
{
        const Expr **found = arg;
        if (e->kind == EXPR_BINARY && e->binary.op == BIN_SUB &&
            (is_number(e->binary.lhs, 1) || is_number(e->binary.lhs, 100)) &&
            unit_of(e->binary.rhs) == UNIT_PER_SECOND && !is_of_seconds(e->binary.rhs))
                *found = e->binary.rhs;
        return true;
}

static bool shows_percentage(const Rule *rule)
{
        for (size_t i = 0; i < rule->annotations.n; i++) {
                Str text = rule->annotations.data[i].value;
                size_t at = str_find(text, STR("$value"));
                if (at != SIZE_MAX && str_find(str_sub(text, at, text.n), STR("humanizePercentage")) != SIZE_MAX)
                        return true;
        }
        return false;
}

static void check_units(Lint *l)
{
        const Expr *minus = NULL;
        ast_walk(l->rule->expr, find_one_minus_rate, &minus);
        if (minus)
                FOUND(l, "rate-as-ratio",
                      "subtracts events per second from a share: divide by the rate of all events, "
                      "1 - sum(rate(errors[5m])) / sum(rate(all[5m]))");
        else if (unit_of(l->rule->expr) == UNIT_PER_SECOND && !is_of_seconds(l->rule->expr) &&
                 shows_percentage(l->rule))
                FOUND(l, "rate-as-ratio",
                      "the value is events per second, and a text shows it as a percentage: divide by the rate of all "
                      "events, or show it with humanize");
}

/* ---- windows */

typedef struct Windows {
        int64_t ms[MOST_WINDOWS];
        size_t n;
} Windows;

static void add_window(Windows *w, int64_t ms)
{
        for (size_t i = 0; i < w->n; i++)
                if (w->ms[i] == ms)
                        return;
        if (w->n < MOST_WINDOWS)
                w->ms[w->n++] = ms;
}

/* Ranges, and those that recorded names end in: ratio_rate5m, burnrate1h. */
static bool find_windows(void *arg, const Expr *e)
{
        int64_t ms;
        if (e->kind == EXPR_SELECTOR && e->selector.has_range && e->selector.range_ms)
                add_window(arg, e->selector.range_ms);
        else if (e->kind == EXPR_SUBQUERY && e->subquery.range_ms)
                add_window(arg, e->subquery.range_ms);
        else if (e->kind == EXPR_SELECTOR) {
                Str name = e->selector.name;
                size_t at = name.n;
                while (at > 0 && (name.p[at - 1] < 'A' || name.p[at - 1] > 'Z') &&
                       ((name.p[at - 1] >= '0' && name.p[at - 1] <= '9') || at == name.n))
                        at--;
                Str tail = str_sub(name, at, name.n);
                if (at < name.n && tail.n > 1 && duration_parse(tail, &ms) && ms > 0)
                        add_window(arg, ms);
        }
        return true;
}

/* (1 - 0.999) * 14.4, or 14.4 * 0.001. */
static bool find_burn_factor(void *arg, const Expr *e)
{
        bool *found = arg;
        if (e->kind != EXPR_BINARY || e->binary.op != BIN_MUL)
                return true;
        const Expr *sides[2] = { bare(e->binary.lhs), bare(e->binary.rhs) };
        for (int i = 0; i < 2; i++) {
                const Expr *budget = sides[i];
                const Expr *factor = sides[1 - i];
                if (factor->kind != EXPR_NUMBER || factor->number < 1)
                        continue;
                bool share = budget->kind == EXPR_NUMBER && budget->number > 0 && budget->number <= 0.1;
                bool rest = budget->kind == EXPR_BINARY && budget->binary.op == BIN_SUB &&
                            is_number(budget->binary.lhs, 1) && bare(budget->binary.rhs)->kind == EXPR_NUMBER;
                *found |= share || rest;
        }
        return true;
}

static bool find_and(void *arg, const Expr *e)
{
        *(bool *)arg |= e->kind == EXPR_BINARY && e->binary.op == BIN_AND;
        return true;
}

/* What must hold over a long and over a short window. */
static bool joins_windows(const Expr *e)
{
        Windows windows = { 0 };
        bool both = false;
        ast_walk(e, find_and, &both);
        ast_walk(e, find_windows, &windows);
        return both && windows.n > 1;
}

static bool contains_fold(Str text, Str lower)
{
        for (size_t i = 0; i + lower.n <= text.n; i++)
                if (str_eq_fold(str_sub(text, i, i + lower.n), lower))
                        return true;
        return false;
}

static void check_burn_rate(Lint *l)
{
        Windows windows = { 0 };
        bool burn = contains_fold(l->rule->name, STR("burn"));
        bool both = false;
        bool slo = str_find(l->rule->name, STR("SLO")) != SIZE_MAX || labels_has(l->rule->labels, STR("slo"));
        ast_walk(l->rule->expr, find_burn_factor, &burn);
        ast_walk(l->rule->expr, find_and, &both);
        ast_walk(l->rule->expr, find_windows, &windows);
        if (both || windows.n > 1)
                return;
        if (burn)
                FOUND(l, "single-window-burn-rate",
                      "a burn rate over one window alone fires late or long after it is over: require a long and a short "
                      "window, such as 1h and 5m, with 'and'");
        else if (slo && windows.n == 1 && windows.ms[0] <= LONG_BURN_WINDOW_MS)
                FOUND(l, "single-window-burn-rate",
                      "an objective over one short window pages for every dip: alert on the burn rate over two windows, "
                      "such as 1h and 5m");
}

/* ---- labels */

/* The labels that the result can have. known false: any. */
typedef struct Shape {
        bool known;
        VEC(Str) names;
} Shape;

static void add_matched_labels(Shape *shape, const Expr *e)
{
        const Expr *selector = bare(e);
        if (selector->kind != EXPR_SELECTOR)
                return;
        for (size_t i = 0; i < selector->selector.matchers.n; i++)
                if (selector->selector.matchers.data[i].type == MATCH_EQ)
                        vec_push(&shape->names, selector->selector.matchers.data[i].name);
}

static Shape shape_of(const Expr *e, Arena *arena);

static void add_names(Shape *shape, StrVec names)
{
        shape->known = true;
        for (size_t i = 0; i < names.n; i++)
                vec_push(&shape->names, names.data[i]);
}

static Shape shape_of_aggregate(const Expr *e, Arena *arena)
{
        Shape shape = { .names.arena = arena };
        AggregateOp op = e->aggregate.op;
        if (op == AGG_TOPK || op == AGG_BOTTOMK || op == AGG_LIMITK || op == AGG_LIMIT_RATIO)
                return shape_of(e->aggregate.expr, arena);
        if (!e->aggregate.without && op != AGG_COUNT_VALUES)
                add_names(&shape, e->aggregate.grouping);
        return shape;
}

static Shape shape_of_call(const Expr *e, Arena *arena)
{
        static const char *const absent[] = { "absent", "absent_over_time" };
        static const char *const constant[] = { "vector" };
        static const char *const relabel[] = { "label_replace", "label_join", "info" };
        Shape shape = { .names.arena = arena };
        if (calls(e, absent, ARRAY_LEN(absent)) && e->call.n_args) {
                shape.known = true;
                add_matched_labels(&shape, e->call.args[0]);
                return shape;
        }
        shape.known = calls(e, constant, ARRAY_LEN(constant));
        if (shape.known || calls(e, relabel, ARRAY_LEN(relabel)))
                return shape;
        for (size_t i = 0; i < e->call.n_args; i++)
                if (e->call.args[i]->type == VALUE_VECTOR)
                        return shape_of(e->call.args[i], arena);
        return shape;
}

static Shape shape_of_binary(const Expr *e, Arena *arena)
{
        Shape shape = { .names.arena = arena };
        if (e->binary.op == BIN_OR || e->binary.include.n || e->binary.card == CARD_ONE_TO_MANY)
                return shape;
        if (e->binary.lhs->type == VALUE_SCALAR)
                return shape_of(e->binary.rhs, arena);
        bool keeps_left = e->binary.rhs->type == VALUE_SCALAR || ast_is_set_op(e->binary.op) ||
                          e->binary.card == CARD_MANY_TO_ONE || !e->binary.on;
        if (keeps_left)
                return shape_of(e->binary.lhs, arena);
        add_names(&shape, e->binary.labels);
        return shape;
}

static Shape shape_of(const Expr *e, Arena *arena)
{
        e = bare(e);
        switch ((int)e->kind) {
        case EXPR_AGGREGATE: return shape_of_aggregate(e, arena);
        case EXPR_CALL: return shape_of_call(e, arena);
        case EXPR_BINARY: return shape_of_binary(e, arena);
        case EXPR_UNARY: return shape_of(e->unary.expr, arena);
        default: return (Shape){ .known = e->kind == EXPR_NUMBER, .names.arena = arena };
        }
}

static void check_text_labels(Lint *l, Labels texts, const Shape *shape)
{
        for (size_t i = 0; i < texts.n; i++) {
                Str *names;
                size_t n;
                gotmpl_rule_labels(texts.data[i].value, l->arena, &names, &n);
                for (size_t k = 0; k < n; k++) {
                        bool there = str_eq(names[k], STR("alertname"));
                        for (size_t s = 0; s < shape->names.len && !there; s++)
                                there = str_eq(shape->names.data[s], names[k]);
                        if (!there)
                                FOUND(l, "label-not-in-result",
                                      "'" STR_FMT "' shows $labels." STR_FMT
                                      ", which the expression drops: the text stays empty there; keep it with by (" STR_FMT
                                      ")",
                                      STR_ARG(texts.data[i].name), STR_ARG(names[k]), STR_ARG(names[k]));
                }
        }
}

static void check_texts(Lint *l)
{
        Shape shape = shape_of(l->rule->expr, l->arena);
        if (shape.known) {
                check_text_labels(l, l->rule->labels, &shape);
                check_text_labels(l, l->rule->annotations, &shape);
        }
}

/* ---- the rest */

/* One bad scrape shows in it: not in what other rules waited for, nor in a long window. */
static bool find_brief(void *arg, const Expr *e)
{
        *(bool *)arg |= e->kind == EXPR_SELECTOR && !str_eq(e->selector.name, STR("ALERTS")) &&
                        !(e->selector.has_range && e->selector.range_ms >= LONG_WINDOW_MS);
        return true;
}

static bool is_time(const Expr *e)
{
        static const char *const names[] = { "time" };
        return calls(bare(e), names, ARRAY_LEN(names));
}

/* time() - x > 3600, or x - time() < 3600: its threshold is a wait already. */
static bool compares_age(const Expr *e)
{
        e = bare(e);
        if (e->kind != EXPR_BINARY || !ast_is_comparison(e->binary.op))
                return false;
        const Expr *age = bare(e->binary.lhs->type == VALUE_SCALAR ? e->binary.rhs : e->binary.lhs);
        return age->kind == EXPR_BINARY && age->binary.op == BIN_SUB &&
               (is_time(age->binary.lhs) || is_time(age->binary.rhs));
}

static void check_for(Lint *l)
{
        const Rule *r = l->rule;
        bool brief = false;
        ast_walk(r->expr, find_brief, &brief);
        int64_t interval_ms = l->group->interval_ms;
        if (brief && !compares_age(r->expr) && !joins_windows(r->expr) && r->for_ms == 0 && r->consecutive_failures < 2)
                FOUND(l, "missing-for",
                      "fires at the first evaluation that finds it, also for one bad scrape: set 'for'");
        else if (r->for_ms > 0 && interval_ms > r->for_ms)
                FOUND(l, "for-below-interval",
                      "'for' is shorter than the group's interval: it waits for one more evaluation, whatever it says");
}

/* What promql/ finds in the expression by itself. */
static void check_expr(Lint *l)
{
        LintFinding *all;
        size_t n;
        lint_check(l->rule->expr, &(LintOptions){ .for_alert = l->rule->alerting }, l->arena, &all, &n);
        for (size_t i = 0; i < n; i++) {
                l->found++;
                diags_warn(l->diags, l->group->file, l->rule->pos, "[%s] '" STR_FMT "': " STR_FMT, all[i].id,
                           STR_ARG(l->rule->name), STR_ARG(all[i].text));
        }
}

static void check_rule(Lint *l)
{
        check_expr(l);
        if (!l->rule->alerting)
                return;
        check_for(l);
        check_units(l);
        check_burn_rate(l);
        check_texts(l);
}

static bool same(const Rule *a, Labels a_group, const Rule *b, Labels b_group)
{
        return a->alerting == b->alerting && str_eq(a->name, b->name) && labels_eq(a->labels, b->labels) &&
               labels_eq(a_group, b_group);
}

/* Of all files: two rules that write the same series overwrite each other, two equal alerts fight over one identity. */
static void check_duplicates(const RuleFile *files, size_t n, Lint *l)
{
        VEC(Lint) all = { .arena = l->arena };
        for (size_t f = 0; f < n; f++)
                for (size_t g = 0; g < files[f].n; g++)
                        for (size_t i = 0; i < files[f].groups[g].n; i++) {
                                Lint at = *l;
                                at.group = &files[f].groups[g];
                                at.rule = &at.group->rules[i];
                                for (size_t k = 0; k < all.len; k++) {
                                        const Lint *o = &all.data[k];
                                        if (!same(at.rule, at.group->labels, o->rule, o->group->labels))
                                                continue;
                                        l->group = at.group;
                                        l->rule = at.rule;
                                        FOUND(l, "duplicate-rules",
                                              "has the name and the labels of the rule at " STR_FMT
                                              ":%u: the same series from both; give one another label",
                                              STR_ARG(o->group->file), o->rule->pos.line);
                                        break;
                                }
                                vec_push(&all, at);
                        }
}

size_t rules_lint(const RuleFile *files, size_t n, Diags *diags)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Lint l = { .arena = arena, .diags = diags };
        for (size_t f = 0; f < n; f++)
                for (size_t g = 0; g < files[f].n; g++) {
                        l.group = &files[f].groups[g];
                        for (size_t i = 0; i < l.group->n; i++) {
                                l.rule = &l.group->rules[i];
                                if (i == 0 && l.group->interval_ms > LOOKBACK_MS)
                                        FOUND(&l, "long-interval",
                                              "its group runs every %lld minutes: 5 minutes after each, what it writes is gone "
                                              "from queries; set 'interval' to 5m or less",
                                              (long long)(l.group->interval_ms / 60000));
                                if (l.rule->expr)
                                        check_rule(&l);
                        }
                }
        check_duplicates(files, n, &l);
        return l.found;
}
