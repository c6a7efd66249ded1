/* Invariants:
 * 1. What cannot be calculated is left out and said once: which types met, at the place of the whole operation.
 * 2. Results are new histograms; operands are seen by others. */
#include "promql/binophist.h"

#include "model/histops.h"
#include "model/histstat.h"
#include "promql/binop.h"

static double incompatible(const BinopHist *b, double lhs, double rhs)
{
        const char *op = ast_binary_op_name(b->expr->binary.op);
        annotations_info(&b->x->annotations, b->expr->pos,
                         "incompatible sample types encountered for binary operator \"%s\": %s %s %s", op,
                         exec_is_hist(lhs) ? "histogram" : "float", op, exec_is_hist(rhs) ? "histogram" : "float");
        return EXEC_ABSENT;
}

static double join(const BinopHist *b, const Histogram *lhs, const Histogram *rhs)
{
        bool add = b->expr->binary.op == BIN_ADD;
        HistNotes notes = { 0 };
        const Histogram *h = add ? histops_add(b->arena, lhs, rhs, &notes) : histops_sub(b->arena, lhs, rhs, &notes);
        Annotations *a = &b->x->annotations;
        SrcPos pos = b->expr->pos;
        if (!h) {
                annotations_warn(a, pos, "incompatible bucket layout encountered for binary operator %s",
                                 ast_binary_op_name(b->expr->binary.op));
                return EXEC_ABSENT;
        }
        if (notes.collision)
                annotations_warn(a, pos, "conflicting counter resets during histogram %s",
                                 add ? "addition" : "subtraction");
        if (notes.reconciled)
                annotations_info(a, pos, "mismatched custom buckets were reconciled during %s",
                                 add ? "addition" : "subtraction");
        return exec_box(h);
}

/* Both sides are histograms. */
static double both(const BinopHist *b, double lhs, double rhs)
{
        BinaryOp op = b->expr->binary.op;
        if (op == BIN_ADD || op == BIN_SUB)
                return join(b, exec_hist(lhs), exec_hist(rhs));
        if (op != BIN_EQ && op != BIN_NE)
                return incompatible(b, lhs, rhs);
        bool holds = histops_equal(b->arena, exec_hist(lhs), exec_hist(rhs)) == (op == BIN_EQ);
        if (b->expr->binary.return_bool)
                return holds;
        return holds ? lhs : EXEC_ABSENT;
}

static double plain(const BinopHist *b, double lhs, double rhs)
{
        BinaryOp op = b->expr->binary.op;
        double r = 0;
        if (op == BIN_TRIM_LOWER || op == BIN_TRIM_UPPER)
                return incompatible(b, lhs, rhs);
        bool keep = binop_sample(op, lhs, rhs, &r);
        if (b->expr->binary.return_bool)
                return keep;
        return keep ? r : EXEC_ABSENT;
}

double binophist_pair(const BinopHist *b, double lhs, double rhs)
{
        BinaryOp op = b->expr->binary.op;
        bool left = exec_is_hist(lhs), right = exec_is_hist(rhs);
        if (!left && !right)
                return plain(b, lhs, rhs);
        if (left && right)
                return both(b, lhs, rhs);
        if (op == BIN_MUL)
                return exec_box(left ? histops_mul(b->arena, exec_hist(lhs), rhs)
                                     : histops_mul(b->arena, exec_hist(rhs), lhs));
        if (left && op == BIN_DIV)
                return exec_box(histops_div(b->arena, exec_hist(lhs), rhs));
        if (left && (op == BIN_TRIM_UPPER || op == BIN_TRIM_LOWER))
                return exec_box(histstat_trim(b->arena, exec_hist(lhs), rhs, op == BIN_TRIM_UPPER));
        return incompatible(b, lhs, rhs);
}

void binophist_rows(const BinopHist *b, const double *lhs, const double *rhs, double *out, size_t n)
{
        for (size_t s = 0; s < n; s++)
                out[s] = exec_absent(lhs[s]) || exec_absent(rhs[s]) ? EXEC_ABSENT : binophist_pair(b, lhs[s], rhs[s]);
}
