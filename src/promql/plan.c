/* Invariants:
 * 1. A node is invariant when none of the times it reads depends on the step: literals, selectors and subqueries with
 * @, and whatever is built from those alone; never a call that looks at the evaluation time. An aggregation is when its
 * argument is, whatever its parameter.
 * 2. A slot's [min_ms, max_ms] covers every time at which one of its selectors will read, so one select serves them
 * all.
 * 3. Times saturate at the ends of int64_t: no expression, however far in time, overflows. */
#include "promql/plan.h"

#include "promql/durexpr.h"
#include "promql/functions.h"

typedef struct Builder {
        const PlanArgs *args;
        Arena *arena;
        Plan *plan;
        Err *err;
} Builder;

/* The evaluation times a node will see. */
typedef struct Span {
        int64_t min_ms, max_ms;
        bool counts_only; /* something above asks histograms only for their count or sum */
        bool whole;       /* something above needs the whole ones */
} Span;

const Expr *plan_unwrap(const Expr *expr)
{
        while (expr && expr->kind == EXPR_PAREN)
                expr = expr->paren;
        return expr;
}

SrcPos plan_arg_pos(const PlanNode *call, size_t k)
{
        bool once = call->kids[k]->invariant && !call->invariant;
        return once ? call->expr->call.args[k]->pos : call->kids[k]->expr->pos;
}

/* Functions whose result depends on the evaluation time even when their arguments do not. */
static bool reads_eval_time(FunctionId id)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
        switch (id) {
        case FN_DAYS_IN_MONTH:
        case FN_DAY_OF_MONTH:
        case FN_DAY_OF_WEEK:
        case FN_DAY_OF_YEAR:
        case FN_HOUR:
        case FN_MINUTE:
        case FN_MONTH:
        case FN_YEAR:
        case FN_PREDICT_LINEAR:
        case FN_TIME:
        case FN_TIMESTAMP:
        case FN_START_TIMESTAMP: return true;
        default: return false;
        }
#pragma GCC diagnostic pop
}

static bool matchers_same(Matchers a, Matchers b)
{
        if (a.n != b.n)
                return false;
        for (size_t i = 0; i < a.n; i++)
                if (a.data[i].type != b.data[i].type || !str_eq(a.data[i].name, b.data[i].name) ||
                    !str_eq(a.data[i].value, b.data[i].value))
                        return false;
        return true;
}

static void cover(Plan *plan, int64_t min_ms, int64_t max_ms)
{
        plan->min_ms = MIN_OF(plan->min_ms, min_ms);
        plan->max_ms = MAX_OF(plan->max_ms, max_ms);
}

static Slot *slot_for(Builder *b, Matchers matchers, int64_t min_ms, int64_t max_ms)
{
        cover(b->plan, min_ms, max_ms);
        for (Slot *s = b->plan->slots; s; s = s->next) {
                if (!matchers_same(s->matchers, matchers))
                        continue;
                s->min_ms = MIN_OF(s->min_ms, min_ms);
                s->max_ms = MAX_OF(s->max_ms, max_ms);
                s->users++;
                return s;
        }
        Slot *s = arena_new_of(b->arena, Slot);
        *s = (Slot){ .matchers = matchers, .min_ms = min_ms, .max_ms = max_ms, .users = 1, .next = b->plan->slots };
        b->plan->slots = s;
        return s;
}

static bool duration(Builder *b, const DurationExpr *expr, bool positive, int64_t *io_ms)
{
        if (!expr)
                return true;
        return durexpr_eval(expr, b->args->start_ms, b->args->end_ms, b->args->step_ms, !positive, io_ms, b->err);
}

static bool resolve_shift(Builder *b, const TimeShift *shift, PlanNode *node)
{
        node->offset_ms = shift->offset_ms;
        node->has_at = shift->at != AT_NONE;
        node->at_ms = shift->at == AT_START ? b->args->start_ms : shift->at == AT_END ? b->args->end_ms : shift->at_ms;
        return duration(b, shift->offset_expr, false, &node->offset_ms);
}

static PlanNode *build(Builder *b, const Expr *expr, Span span);

static bool add_kids(Builder *b, PlanNode *node, Expr *const *exprs, size_t n, Span span)
{
        node->kids = arena_array(b->arena, PlanNode *, n ? n : 1);
        node->invariant = true;
        for (size_t i = 0; i < n; i++) {
                if (!(node->kids[i] = build(b, exprs[i], span)))
                        return false;
                node->invariant = node->invariant && node->kids[i]->invariant;
        }
        node->n_kids = n;
        return true;
}

static bool build_selector(Builder *b, PlanNode *node, Span span)
{
        const Expr *e = node->expr;
        node->range_ms = e->selector.range_ms;
        if (!resolve_shift(b, &e->selector.shift, node) || !duration(b, e->selector.range_expr, true, &node->range_ms))
                return false;
        node->invariant = node->has_at;
        node->counts_only = span.counts_only && !span.whole;
        int64_t lookback = b->args->lookback_ms;
        int64_t back = e->selector.has_range ? node->range_ms : lookback;
        int64_t ahead = 0;
        if (e->selector.mode != RANGE_PLAIN && e->selector.has_range)
                back = plan_add(back, lookback);
        if (e->selector.mode == RANGE_SMOOTHED)
                ahead = lookback;
        int64_t min_ms = plan_sub(plan_ref_time(node, span.min_ms), back);
        node->slot = slot_for(b, e->selector.matchers, plan_add(min_ms, 1),
                              plan_add(plan_ref_time(node, span.max_ms), ahead));
        return true;
}

static bool build_subquery(Builder *b, PlanNode *node, Span span)
{
        const Expr *e = node->expr;
        node->range_ms = e->subquery.range_ms;
        node->step_ms = e->subquery.step_ms;
        if (!resolve_shift(b, &e->subquery.shift, node) ||
            !duration(b, e->subquery.range_expr, true, &node->range_ms) ||
            !duration(b, e->subquery.step_expr, true, &node->step_ms))
                return false;
        if (node->step_ms <= 0)
                node->step_ms = b->args->default_step_ms;
        Span inner = { plan_sub(plan_ref_time(node, span.min_ms), node->range_ms), plan_ref_time(node, span.max_ms),
                       .whole = true };
        if (!add_kids(b, node, &node->expr->subquery.expr, 1, inner))
                return false;
        node->invariant = node->has_at;
        return true;
}

/* The leftmost selector at or below node, and in `shift` what it and the subqueries on the way to it do to the time. */
static const PlanNode *first_selector(const PlanNode *node, PlanNode *shift)
{
        PlanNode here = *shift;
        if (node->expr->kind == EXPR_SELECTOR || node->expr->kind == EXPR_SUBQUERY) {
                here.offset_ms = node->has_at ? node->offset_ms : plan_add(here.offset_ms, node->offset_ms);
                here.at_ms = node->has_at ? node->at_ms : here.at_ms;
                here.has_at = here.has_at || node->has_at;
        }
        const PlanNode *found = node->expr->kind == EXPR_SELECTOR ? node : NULL;
        for (size_t k = 0; k < node->n_kids && !found; k++) {
                PlanNode below = here;
                if ((found = first_selector(node->kids[k], &below)))
                        here = below;
        }
        if (found)
                *shift = here;
        return found;
}

/* The data labels of info() come from a second selector, which is not evaluated by itself: info series are looked up at
 * the times of the first selector in its argument. */
static bool build_info(Builder *b, PlanNode *node, Span span)
{
        if (!add_kids(b, node, node->expr->call.args, 1, span))
                return false;
        PlanNode shift = { 0 };
        if (first_selector(node->kids[0], &shift)) {
                node->has_at = shift.has_at;
                node->at_ms = shift.at_ms;
                node->offset_ms = shift.offset_ms;
        }
        cover(b->plan, plan_sub(plan_ref_time(node, span.min_ms), b->args->lookback_ms),
              plan_ref_time(node, span.max_ms));
        return true;
}

/* histogram_count() and its kin are content with less than the whole histogram, unless something else above them is not. */
static Span span_below(const Expr *e, Span span)
{
        if (e->kind == EXPR_BINARY && (e->binary.op == BIN_TRIM_LOWER || e->binary.op == BIN_TRIM_UPPER))
                span.whole = true;
        if (e->kind != EXPR_CALL)
                return span;
        FunctionId id = e->call.fn->id;
        if (id == FN_HISTOGRAM_COUNT || id == FN_HISTOGRAM_SUM || id == FN_HISTOGRAM_AVG)
                span.counts_only = true;
        else if (id == FN_HISTOGRAM_QUANTILE || id == FN_HISTOGRAM_QUANTILES || id == FN_HISTOGRAM_FRACTION)
                span.whole = true;
        return span;
}

static bool means_order(const Expr *e)
{
        if (e->kind == EXPR_AGGREGATE)
                return e->aggregate.op == AGG_TOPK || e->aggregate.op == AGG_BOTTOMK || e->aggregate.op == AGG_LIMITK;
        if (e->kind != EXPR_CALL)
                return false;
        FunctionId id = e->call.fn->id;
        return id == FN_SORT || id == FN_SORT_DESC || id == FN_SORT_BY_LABEL || id == FN_SORT_BY_LABEL_DESC;
}

static bool build_node(Builder *b, PlanNode *node, Span span)
{
        span = span_below(node->expr, span);
        const Expr *e = node->expr;
        b->plan->has_order = b->plan->has_order || means_order(e);
        switch (e->kind) {
        case EXPR_NUMBER:
        case EXPR_STRING: node->invariant = true; return true;
        case EXPR_SELECTOR: return build_selector(b, node, span);
        case EXPR_SUBQUERY: return build_subquery(b, node, span);
        case EXPR_CALL:
                if (e->call.fn->id == FN_INFO)
                        return build_info(b, node, span);
                if (!add_kids(b, node, e->call.args, e->call.n_args, span))
                        return false;
                node->invariant = node->invariant && !reads_eval_time(e->call.fn->id);
                return true;
        case EXPR_AGGREGATE: {
                Expr *both[2] = { e->aggregate.expr, e->aggregate.param };
                if (!add_kids(b, node, both, e->aggregate.param ? 2 : 1, span))
                        return false;
                node->invariant =
                        node->kids[0]->invariant; /* the parameter is that of the first step then, as upstream's */
                return true;
        }
        case EXPR_BINARY: {
                Expr *both[2] = { e->binary.lhs, e->binary.rhs };
                return add_kids(b, node, both, 2, span);
        }
        case EXPR_UNARY: return add_kids(b, node, &node->expr->unary.expr, 1, span);
        case EXPR_PAREN: break;
        }
        return err_set(b->err, ERR_INVALID, "unknown kind of expression");
}

static PlanNode *build(Builder *b, const Expr *expr, Span span)
{
        PlanNode *node = arena_new_of(b->arena, PlanNode);
        node->expr = plan_unwrap(expr);
        return build_node(b, node, span) ? node : NULL;
}

bool plan_build(const Expr *expr, const PlanArgs *args, Arena *arena, Plan *ret, Err *err)
{
        Plan plan = { .min_ms = INT64_MAX, .max_ms = INT64_MIN };
        Builder b = { .args = args, .arena = arena, .plan = &plan, .err = err };
        plan.root = build(&b, expr, (Span){ .min_ms = args->start_ms, .max_ms = args->end_ms });
        if (!plan.root)
                return false;
        *ret = plan;
        return true;
}
