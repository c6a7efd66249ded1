/* Invariants:
 * 1. binop_sample keeps the left value of a comparison that holds; for a scalar on the left the caller puts the
 * vector's.
 * 2. A vector with a scalar is streamed: one row in, one row out. */
#include "promql/binop.h"

#include <math.h>

#include "promql/binophist.h"
#include "promql/exec.h"
#include "promql/gomath.h"
#include "promql/vecmatch.h"

bool binop_drops_name(BinaryOp op) { return op <= BIN_ATAN2; }

static bool compare(BinaryOp op, double a, double b)
{
        switch (op) {
        case BIN_EQ: return a == b;
        case BIN_NE: return a != b;
        case BIN_GT: return a > b;
        case BIN_LT: return a < b;
        case BIN_GE: return a >= b;
        case BIN_LE: return a <= b;
        case BIN_ADD:
        case BIN_SUB:
        case BIN_MUL:
        case BIN_DIV:
        case BIN_MOD:
        case BIN_POW:
        case BIN_ATAN2:
        case BIN_AND:
        case BIN_OR:
        case BIN_UNLESS:
        case BIN_TRIM_UPPER:
        case BIN_TRIM_LOWER:
        case BIN_OP_MAX_: break;
        }
        return false;
}

static double arithmetic(BinaryOp op, double a, double b)
{
        switch (op) {
        case BIN_ADD: return a + b;
        case BIN_SUB: return a - b;
        case BIN_MUL: return a * b;
        case BIN_DIV: return a / b;
        case BIN_MOD: return fmod(a, b);
        case BIN_POW: return gomath_pow(a, b);
        case BIN_ATAN2: return gomath_atan2(a, b);
        case BIN_EQ:
        case BIN_NE:
        case BIN_GT:
        case BIN_LT:
        case BIN_GE:
        case BIN_LE:
        case BIN_AND:
        case BIN_OR:
        case BIN_UNLESS:
        case BIN_TRIM_UPPER:
        case BIN_TRIM_LOWER:
        case BIN_OP_MAX_: break;
        }
        return EXEC_NAN;
}

double binop_scalar(BinaryOp op, double a, double b)
{
        return ast_is_comparison(op) ? compare(op, a, b) : arithmetic(op, a, b);
}

bool binop_sample(BinaryOp op, double a, double b, double *ret)
{
        if (op == BIN_TRIM_LOWER || op == BIN_TRIM_UPPER)
                return false; /* trims histograms only */
        if (!ast_is_comparison(op)) {
                *ret = arithmetic(op, a, b);
                return true;
        }
        *ret = a;
        return compare(op, a, b);
}

#define EACH_PAIR(expr_)               \
        for (size_t i = 0; i < n; i++) \
        out[i] = exec_absent(a[i]) || exec_absent(b[i]) ? EXEC_ABSENT : (expr_)

static double kept(BinaryOp op, bool as_bool, double a, double b)
{
        double r = 0;
        bool keep = binop_sample(op, a, b, &r);
        return as_bool ? keep : keep ? r : EXEC_ABSENT;
}

/* The four that everybody uses have loops of their own, without a choice inside. */
void binop_rows(BinaryOp op, bool as_bool, const double *a, const double *b, double *out, size_t n)
{
        if (op == BIN_ADD)
                EACH_PAIR(a[i] + b[i]);
        else if (op == BIN_SUB)
                EACH_PAIR(a[i] - b[i]);
        else if (op == BIN_MUL)
                EACH_PAIR(a[i] * b[i]);
        else if (op == BIN_DIV)
                EACH_PAIR(a[i] / b[i]);
        else
                EACH_PAIR(kept(op, as_bool, a[i], b[i]));
}

typedef struct WithScalar {
        Exec *x;
        const Expr *expr;
        const Source *in;
        const double *scalar;
        bool scalar_left;
} WithScalar;

/* The same for rows in which histograms may be. */
static void with_scalar_hists(const WithScalar *st, Worker *w, double *out, size_t n)
{
        BinopHist b = { .x = st->x, .expr = st->expr, .arena = exec_hist_arena(w) };
        BinaryOp op = st->expr->binary.op;
        bool keeps_right = st->scalar_left && ast_is_comparison(op) && !st->expr->binary.return_bool;
        for (size_t s = 0; s < n; s++) {
                if (exec_absent(out[s]))
                        continue;
                double r = st->scalar_left ? binophist_pair(&b, st->scalar[s], out[s])
                                           : binophist_pair(&b, out[s], st->scalar[s]);
                if (exec_absent(r) || !keeps_right)
                        out[s] = r;
        }
}

static bool with_scalar_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const WithScalar *st = src->state;
        BinaryOp op = st->expr->binary.op;
        bool as_bool = st->expr->binary.return_bool;
        if (!exec_row(st->in, w, i, out, err))
                return false;
        if (exec_any_hists(st->x) || op == BIN_TRIM_LOWER || op == BIN_TRIM_UPPER) {
                with_scalar_hists(st, w, out, src->steps);
                return true;
        }
        if (!st->scalar_left) {
                binop_rows(op, as_bool, out, st->scalar, out, src->steps);
        } else if (ast_is_comparison(op) && !as_bool) {
                /* The vector's value stays, also when it is written on the right. */
                for (size_t s = 0; s < src->steps; s++)
                        if (!exec_absent(out[s]) && !compare(op, st->scalar[s], out[s]))
                                out[s] = EXEC_ABSENT;
        } else {
                binop_rows(op, as_bool, st->scalar, out, out, src->steps);
        }
        return true;
}

static Source *with_scalar(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        bool scalar_left = node->kids[0]->expr->type == VALUE_SCALAR;
        const double *scalar = exec_scalar_array(x, node->kids[scalar_left ? 0 : 1], grid, stage, err);
        Source *in = scalar ? exec_vector(x, node->kids[scalar_left ? 1 : 0], grid, stage, err) : NULL;
        if (!in)
                return NULL;
        Source *src = exec_source(stage, in->n, grid->n);
        WithScalar *st = arena_new_of(stage->arena, WithScalar);
        *st = (WithScalar){ .x = x, .expr = node->expr, .in = in, .scalar = scalar, .scalar_left = scalar_left };
        bool drops = binop_drops_name(node->expr->binary.op) || node->expr->binary.return_bool;
        if (!drops)
                memcpy(src->heads, in->heads, in->n * sizeof *src->heads);
        else if (!exec_drop_names(x, stage, in, src, err))
                return NULL;
        src->state = st;
        src->row = with_scalar_row;
        if (!drops || x->options->features.delayed_name_removal)
                return exec_reserve(x, stage, 0, err) ? src : NULL;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}

Source *binop_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        if (node->kids[0]->expr->type == VALUE_SCALAR || node->kids[1]->expr->type == VALUE_SCALAR)
                return with_scalar(x, node, grid, stage, err);
        if (ast_is_set_op(node->expr->binary.op))
                return vecmatch_set(x, node, grid, stage, err);
        return vecmatch_join(x, node, grid, stage, err);
}
