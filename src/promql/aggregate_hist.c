/* Invariants:
 * 1. A step of a group that mixes floats and histograms has no sum and no average; one that mixes exponential and custom buckets
 *    neither. Both are said.
 * 2. Operators that need an order or a variance see floats only. */
#include "promql/aggregate_hist.h"

#include "promql/func_mixed.h"
#include "promql/mixedsum.h"

typedef struct Group {
        MixedSum sum;
        bool mixed; /* floats came, too */
        Str metric;
} Group;

static Group *group_of(double box) { return (Group *)(uintptr_t)exec_hist(box); }

static double new_group(const AggregateHist *c, const Histogram *first, bool average, bool mixed)
{
        Group *g = arena_new_of(c->arena, Group);
        g->mixed = mixed;
        g->metric = str_dup(c->arena, c->metric);
        mixedsum_begin(&g->sum, c->arena, first, average);
        return exec_box((const Histogram *)(uintptr_t)g);
}

static void add(const AggregateHist *c, AggregateOp op, const Accumulator *acc, const double *row, size_t s)
{
        double *at = &acc->a[s], v = row[s];
        if (!exec_is_hist(v)) {
                if (exec_is_hist(*at))
                        group_of(*at)->mixed = true;
                else
                        aggregate_fold(op, acc, row, s, s + 1);
        } else if (exec_is_hist(*at)) {
                mixedsum_add(&group_of(*at)->sum, exec_hist(v));
        } else {
                *at = new_group(c, exec_hist(v), op == AGG_AVG, !exec_absent(*at));
        }
}

void aggregate_hist_ignored(Exec *x, SrcPos pos, AggregateOp op)
{
        annotations_info(&x->annotations, pos, "ignored histogram in %s aggregation", ast_aggregate_op_name(op));
}

/* Step by step, histograms left out. */
static void fold_floats(const AggregateHist *c, AggregateOp op, const Accumulator *acc, const double *row, size_t lo,
                        size_t hi)
{
        bool ignored = false;
        for (size_t s = lo; s < hi; s++) {
                if (exec_is_hist(row[s]))
                        ignored = true;
                else
                        aggregate_fold(op, acc, row, s, s + 1);
        }
        if (ignored)
                aggregate_hist_ignored(c->x, c->pos, op);
}

void aggregate_hist_fold(const AggregateHist *c, AggregateOp op, const Accumulator *acc, const double *row, size_t lo,
                         size_t hi)
{
        bool any = false;
        for (size_t s = lo; s < hi && !any; s++)
                any = exec_is_hist(row[s]) || exec_is_hist(acc->a[s]);
        if (!any || op == AGG_COUNT || op == AGG_GROUP) {
                aggregate_fold(op, acc, row, lo, hi);
        } else if (op == AGG_SUM || op == AGG_AVG) {
                for (size_t s = lo; s < hi; s++)
                        if (!exec_absent(row[s]))
                                add(c, op, acc, row, s);
        } else {
                fold_floats(c, op, acc, row, lo, hi);
        }
}

static double finish(const AggregateHist *c, Group *g)
{
        if (g->mixed) {
                annotations_warn(&c->x->annotations, c->pos,
                                 "encountered a mix of histograms and floats in aggregation");
                return EXEC_ABSENT;
        }
        if (g->sum.incompatible)
                func_mixed_warn_schemas(c->x, c->pos, g->metric);
        mixedsum_say(&g->sum, c->x, c->pos);
        const Histogram *h = mixedsum_end(&g->sum);
        return h ? exec_box(h) : EXEC_ABSENT;
}

void aggregate_hist_finish(const AggregateHist *c, AggregateOp op, const Accumulator *acc, size_t lo, size_t hi)
{
        for (size_t s = lo; s < hi; s++)
                if (exec_is_hist(acc->a[s]))
                        acc->a[s] = finish(c, group_of(acc->a[s]));
                else
                        aggregate_finish(op, acc, s, s + 1);
}
