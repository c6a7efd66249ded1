/* Invariants:
 * 1. A step-invariant subtree is evaluated on a grid of one step and its rows repeated; the highest one wins, because
 * what is below it sees that one step only.
 * 2. Nothing here materialises: a node that must see all rows does so itself.
 *
 * exec_vector recurses as deep as the expression; the parser bounds that depth. */
#include "promql/exec.h"
#include "promql/explain_node.h"

#include <math.h>

#include "model/histops.h"
#include "promql/binop.h"

/* --- the same row at every step --- */

static bool repeat_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const Source *one = src->state;
        (void)w;
        (void)err;
        for (size_t s = 0; s < src->steps; s++)
                out[s] = one->rows[i][0];
        return true;
}

static Source *open_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);

static Source *repeat(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        Stage inner;
        exec_stage_begin(&inner);
        Grid first = exec_one_step(grid, inner.arena);
        Source *one = open_vector(x, node, &first, &inner, err);
        Source *rows = NULL;
        if (one && !exec_materialise(x, stage, one, true, &rows, err))
                rows = NULL;
        if (!rows) {
                exec_stage_end(x, &inner);
                return NULL;
        }
        Source *src = exec_source(stage, rows->n, grid->n);
        for (size_t i = 0; i < rows->n; i++)
                src->heads[i] = (RowHead){ labels_dup(stage->arena, rows->heads[i].labels), rows->heads[i].drop_name };
        src->state = rows;
        src->row = repeat_row;
        exec_count_each(grid, &first);
        exec_stage_end(x, &inner);
        return src;
}

/* --- unary minus --- */

static bool negate_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        if (!exec_row(src->state, w, i, out, err))
                return false;
        bool hists = exec_any_hists(w->x);
        for (size_t s = 0; s < src->steps; s++)
                if (hists && exec_is_hist(out[s]))
                        out[s] = exec_box(histops_mul(exec_hist_arena(w), exec_hist(out[s]), -1));
                else if (!exec_absent(out[s]))
                        out[s] = -out[s];
        return true;
}

static Source *unary(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        Source *in = exec_vector(x, node->kids[0], grid, stage, err);
        if (!in || !node->expr->unary.negative)
                return in;
        Source *src = exec_source(stage, in->n, grid->n);
        if (!exec_drop_names(x, stage, in, src, err))
                return NULL;
        src->state = in;
        src->row = negate_row;
        if (x->options->features.delayed_name_removal)
                return src;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}

/* --- vector(s): one row without labels --- */

static Source *scalar_as_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        Source *src = exec_source(stage, 1, grid->n);
        if (!exec_source_rows(x, stage, src, err) || !exec_scalar(x, node, grid, stage, src->rows[0], err))
                return NULL;
        return src;
}

/* timestamp(): a selector gives its samples' times, anything else the evaluation time where it has a sample. */
static bool eval_time_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const void *const *state = src->state;
        const Grid *grid = state[1];
        if (!exec_row(state[0], w, i, out, err))
                return false;
        for (size_t s = 0; s < src->steps; s++)
                if (!exec_absent(out[s]))
                        out[s] = (double)grid_time(grid, s) / 1000;
        return true;
}

static Source *timestamp_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        const PlanNode *arg = call->kids[0];
        if (arg->expr->kind == EXPR_SELECTOR)
                return exec_select_timestamps(x, arg, grid, stage, err);
        Source *in = exec_vector(x, arg, grid, stage, err);
        if (!in)
                return NULL;
        Source *src = exec_source(stage, in->n, grid->n);
        if (!exec_drop_names(x, stage, in, src, err))
                return NULL;
        Grid *copy = arena_new_of(stage->arena, Grid);
        *copy = *grid;
        const void **state = arena_array(stage->arena, const void *, 2);
        state[0] = in;
        state[1] = copy;
        src->state = state;
        src->row = eval_time_row;
        if (x->options->features.delayed_name_removal)
                return src;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}

/* start_timestamp(): only stored samples know when their counters started. */
static Source *start_timestamp_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        if (call->kids[0]->expr->kind == EXPR_SELECTOR)
                return exec_select_starts(x, call->kids[0], grid, stage, err);
        Source *in = exec_vector(x, call->kids[0], grid, stage, err);
        return in ? exec_source(stage, 0, grid->n) : NULL;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
static Source *vector_call(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        switch (node->expr->call.fn->id) {
        case FN_VECTOR: return scalar_as_vector(x, node->kids[0], grid, stage, err);
        case FN_TIMESTAMP: return timestamp_call(x, node, grid, stage, err);
        case FN_ABSENT:
        case FN_ABSENT_OVER_TIME: return func_label_absent(x, node, grid, stage, err);
        case FN_LABEL_REPLACE:
        case FN_LABEL_JOIN: return func_label_call(x, node, grid, stage, err);
        case FN_SORT:
        case FN_SORT_DESC:
        case FN_SORT_BY_LABEL:
        case FN_SORT_BY_LABEL_DESC: return func_label_sort(x, node, grid, stage, err);
        case FN_HISTOGRAM_QUANTILE:
        case FN_HISTOGRAM_QUANTILES:
        case FN_HISTOGRAM_FRACTION: return func_hist_call(x, node, grid, stage, err);
        case FN_HISTOGRAM_AVG:
        case FN_HISTOGRAM_COUNT:
        case FN_HISTOGRAM_SUM:
        case FN_HISTOGRAM_STDDEV:
        case FN_HISTOGRAM_STDVAR: return func_native_call(x, node, grid, stage, err);
        case FN_START_TIMESTAMP: return start_timestamp_call(x, node, grid, stage, err);
        case FN_INFO: return func_info_call(x, node, grid, stage, err);
        default: break;
        }
        for (size_t k = 0; k < node->n_kids; k++)
                if (node->kids[k]->expr->type == VALUE_MATRIX)
                        return exec_range_call(x, node, grid, stage, err);
        return func_math_call(x, node, grid, stage, err);
}
#pragma GCC diagnostic pop

static Source *open_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        if (!exec_check(x, err))
                return NULL;
        if (node->expr->type == VALUE_SCALAR)
                return scalar_as_vector(x, node, grid, stage, err);
        if (node->invariant && grid->n > 1)
                return repeat(x, node, grid, stage, err);
        switch (node->expr->kind) {
        case EXPR_SELECTOR: return exec_select_vector(x, node, grid, stage, err);
        case EXPR_CALL: return vector_call(x, node, grid, stage, err);
        case EXPR_AGGREGATE: return exec_aggregate(x, node, grid, stage, err);
        case EXPR_BINARY: return binop_vector(x, node, grid, stage, err);
        case EXPR_UNARY: return unary(x, node, grid, stage, err);
        case EXPR_NUMBER:
        case EXPR_STRING:
        case EXPR_SUBQUERY:
        case EXPR_PAREN: break;
        }
        err_set(err, ERR_INVALID, "expected an instant vector, got a %s", ast_value_type_name(node->expr->type));
        return NULL;
}

Source *exec_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        /* A scalar counts in exec_scalar. */
        if (!node->stats || node->expr->type == VALUE_SCALAR)
                return open_vector(x, node, grid, stage, err);
        ExplainMark mark;
        explain_opening(x, &mark);
        return explain_opened(x, node, &mark, stage, open_vector(x, node, grid, stage, err));
}

/* --- scalars --- */

typedef struct OnlyValue {
        double *out;
        uint32_t *count;
} OnlyValue;

static void only_steps(void *arg, size_t first, size_t n, double *const *rows, size_t lo, size_t hi)
{
        const OnlyValue *only = arg;
        (void)first;
        for (size_t i = 0; i < n; i++)
                for (size_t s = lo; s < hi; s++) {
                        if (exec_absent(rows[i][s]) || exec_is_hist(rows[i][s]))
                                continue;
                        only->out[s] = rows[i][s];
                        only->count[s]++;
                }
}

/* scalar(v): the only sample's value, else NaN. */
static bool scalar_of_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, double *out, Err *err)
{
        Stage inner;
        exec_stage_begin(&inner);
        OnlyValue only = { .out = out, .count = arena_array(stage->arena, uint32_t, grid->n) };
        Source *in = exec_vector(x, node, grid, &inner, err);
        bool ok = in && exec_stream(x, in, &(Sink){ .arg = &only, .steps = only_steps }, err);
        for (size_t s = 0; ok && s < grid->n; s++)
                if (only.count[s] != 1)
                        out[s] = sample_nan();
        exec_stage_end(x, &inner);
        return ok;
}

static void fill(double *out, size_t n, double v)
{
        for (size_t s = 0; s < n; s++)
                out[s] = v;
}

/* Both operands of a scalar operation: lhs in out, rhs in *ret_rhs. */
static bool scalar_pair(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, double *out, double **ret_rhs,
                        Err *err)
{
        *ret_rhs = exec_scalar_array(x, node->kids[1], grid, stage, err);
        return *ret_rhs && exec_scalar(x, node->kids[0], grid, stage, out, err);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
static bool scalar_call(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, double *out, Err *err)
{
        FunctionId id = node->expr->call.fn->id;
        double *rhs;
        switch (id) {
        case FN_PI: fill(out, grid->n, M_PI); return true;
        case FN_START: fill(out, grid->n, (double)x->query_start_ms / 1000); return true;
        case FN_END: fill(out, grid->n, (double)x->query_end_ms / 1000); return true;
        case FN_STEP: fill(out, grid->n, (double)x->query_step_ms / 1000); return true;
        case FN_RANGE: fill(out, grid->n, (double)(x->query_end_ms - x->query_start_ms) / 1000); return true;
        case FN_SCALAR: return scalar_of_vector(x, node->kids[0], grid, stage, out, err);
        case FN_TIME:
                for (size_t s = 0; s < grid->n; s++)
                        out[s] = (double)grid_time(grid, s) / 1000;
                return true;
        case FN_MAX_OF:
        case FN_MIN_OF:
                if (!scalar_pair(x, node, grid, stage, out, &rhs, err))
                        return false;
                for (size_t s = 0; s < grid->n; s++)
                        out[s] = isnan(out[s]) || isnan(rhs[s]) ? sample_nan()
                                 : id == FN_MAX_OF              ? fmax(out[s], rhs[s])
                                                                : fmin(out[s], rhs[s]);
                return true;
        default: return err_set(err, ERR_INVALID, "unknown scalar function '%s'", node->expr->call.fn->name);
        }
}
#pragma GCC diagnostic pop

static bool scalar_node(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, double *out, Err *err)
{
        double *rhs;
        switch (node->expr->kind) {
        case EXPR_NUMBER: fill(out, grid->n, node->expr->number); return true;
        case EXPR_CALL: return scalar_call(x, node, grid, stage, out, err);
        case EXPR_UNARY:
                if (!exec_scalar(x, node->kids[0], grid, stage, out, err))
                        return false;
                for (size_t s = 0; node->expr->unary.negative && s < grid->n; s++)
                        out[s] = -out[s];
                return true;
        case EXPR_BINARY:
                if (!scalar_pair(x, node, grid, stage, out, &rhs, err))
                        return false;
                for (size_t s = 0; s < grid->n; s++)
                        out[s] = binop_scalar(node->expr->binary.op, out[s], rhs[s]);
                return true;
        case EXPR_STRING:
        case EXPR_SELECTOR:
        case EXPR_SUBQUERY:
        case EXPR_AGGREGATE:
        case EXPR_PAREN: break;
        }
        return err_set(err, ERR_INVALID, "expected a scalar, got a %s", ast_value_type_name(node->expr->type));
}

static bool scalar_once(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, double *out, Err *err)
{
        if (!node->invariant || grid->n == 1)
                return scalar_node(x, node, grid, stage, out, err);
        Grid first = exec_one_step(grid, stage->arena);
        double v = 0;
        if (!scalar_node(x, node, &first, stage, &v, err))
                return false;
        exec_count_each(grid, &first);
        fill(out, grid->n, v);
        return true;
}

bool exec_scalar(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, double *out, Err *err)
{
        if (!node->stats)
                return scalar_once(x, node, grid, stage, out, err);
        ExplainMark mark;
        explain_opening(x, &mark);
        bool ok = scalar_once(x, node, grid, stage, out, err);
        explain_scalar(x, node, &mark);
        return ok;
}

double *exec_scalar_array(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        if (!exec_reserve(x, stage, grid->n * sizeof(double), err))
                return NULL;
        double *out = arena_raw_array(stage->arena, double, grid->n);
        return exec_scalar(x, node, grid, stage, out, err) ? out : NULL;
}
