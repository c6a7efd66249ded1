/* Invariants:
 * 1. Folding rows in an order gives bit for bit upstream's result for series in that order: Neumaier sums, Welford's
 *    variance, a mean that turns incremental where the sum would overflow.
 * 2. Steps are independent: different ranges may be folded by different threads. */
#include "promql/aggregate.h"

#include <math.h>

#include "promql/exec.h"
#include "promql/func_window.h"
#include "promql/rowkernel.h"

static void fold_sum(const Accumulator *acc, const double *row, size_t lo, size_t hi)
{
        rowkernel_add(acc->a + lo, acc->b + lo, row + lo, hi - lo);
}

static void add_to_mean(const Accumulator *acc, size_t s, double v)
{
        double n = acc->n[s] += 1;
        Kahan k = { acc->a[s], acc->b[s] };
        if (!acc->incremental[s]) {
                func_window_kahan_add(&k, v);
                if (!isinf(k.sum)) {
                        acc->a[s] = k.sum;
                        acc->b[s] = k.c;
                        return;
                }
                acc->incremental[s] = 1;
                k = (Kahan){ acc->a[s] / (n - 1), acc->b[s] / (n - 1) };
        }
        double q = (n - 1) / n;
        k = (Kahan){ q * k.sum, q * k.c };
        func_window_kahan_add(&k, v / n);
        acc->a[s] = k.sum;
        acc->b[s] = k.c;
}

static bool any_incremental(const Accumulator *acc, size_t lo, size_t hi)
{
        uint8_t any = 0;
        for (size_t s = lo; s < hi; s++)
                any |= acc->incremental[s];
        return any;
}

static void fold_avg(const Accumulator *acc, const double *row, size_t lo, size_t hi)
{
        /* Where no sum overflows, a mean is a sum and a count. */
        if (!any_incremental(acc, lo, hi) && !rowkernel_add_overflows(acc->a + lo, row + lo, hi - lo)) {
                rowkernel_count(acc->n + lo, row + lo, hi - lo);
                rowkernel_add(acc->a + lo, acc->b + lo, row + lo, hi - lo);
                return;
        }
        for (size_t s = lo; s < hi; s++) {
                if (exec_absent(row[s]))
                        continue;
                if (!exec_absent(acc->a[s])) {
                        add_to_mean(acc, s, row[s]);
                        continue;
                }
                acc->a[s] = row[s];
                acc->b[s] = 0;
                acc->n[s] = 1;
        }
}

static void fold_count(const Accumulator *acc, const double *row, size_t lo, size_t hi)
{
        rowkernel_count(acc->a + lo, row + lo, hi - lo);
}

static void fold_group(const Accumulator *acc, const double *row, size_t lo, size_t hi)
{
        for (size_t s = lo; s < hi; s++)
                if (!exec_absent(row[s]))
                        acc->a[s] = 1;
}

static void fold_min(const Accumulator *acc, const double *row, size_t lo, size_t hi)
{
        rowkernel_min(acc->a + lo, row + lo, hi - lo);
}

static void fold_max(const Accumulator *acc, const double *row, size_t lo, size_t hi)
{
        rowkernel_max(acc->a + lo, row + lo, hi - lo);
}

static void fold_variance(const Accumulator *acc, const double *row, size_t lo, size_t hi)
{
        for (size_t s = lo; s < hi; s++) {
                double v = row[s];
                if (exec_absent(v))
                        continue;
                if (exec_absent(acc->a[s])) {
                        acc->a[s] = isnan(v) || isinf(v) ? EXEC_NAN : 0;
                        acc->b[s] = v;
                        acc->n[s] = 1;
                        continue;
                }
                acc->n[s] += 1;
                double delta = v - acc->b[s];
                acc->b[s] += delta / acc->n[s];
                acc->a[s] += delta * (v - acc->b[s]);
        }
}

typedef struct Operator {
        void (*fold)(const Accumulator *acc, const double *row, size_t lo, size_t hi);
        unsigned arrays;
} Operator;

static const Operator OPERATORS[AGG_OP_MAX_] = {
        [AGG_SUM] = { fold_sum, 2 },         [AGG_AVG] = { fold_avg, 3 },         [AGG_COUNT] = { fold_count, 1 },
        [AGG_MIN] = { fold_min, 1 },         [AGG_MAX] = { fold_max, 1 },         [AGG_GROUP] = { fold_group, 1 },
        [AGG_STDDEV] = { fold_variance, 3 }, [AGG_STDVAR] = { fold_variance, 3 },
};

unsigned aggregate_arrays(AggregateOp op) { return OPERATORS[op].arrays; }

void aggregate_fold(AggregateOp op, const Accumulator *acc, const double *row, size_t lo, size_t hi)
{
        OPERATORS[op].fold(acc, row, lo, hi);
}

void aggregate_finish(AggregateOp op, const Accumulator *acc, size_t lo, size_t hi)
{
        if (aggregate_arrays(op) == 1)
                return;
        if (op == AGG_AVG && !any_incremental(acc, lo, hi)) {
                rowkernel_mean(acc->a + lo, acc->b + lo, acc->n + lo, hi - lo);
                return;
        }
        for (size_t s = lo; s < hi; s++) {
                if (exec_absent(acc->a[s]))
                        continue;
                if (op == AGG_SUM)
                        acc->a[s] += acc->b[s];
                else if (op == AGG_AVG)
                        acc->a[s] = acc->incremental[s] ? acc->a[s] + acc->b[s]
                                                        : acc->a[s] / acc->n[s] + acc->b[s] / acc->n[s];
                else
                        acc->a[s] = op == AGG_STDDEV ? sqrt(acc->a[s] / acc->n[s]) : acc->a[s] / acc->n[s];
        }
}
