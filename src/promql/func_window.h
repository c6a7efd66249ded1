/* promql/func_window.h - the kernels of functions over range vectors: one series, all its windows, one pass.
 *
 * Pure: no engine, no memory but the scratch they are given. Private to promql/. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "promql/functions.h"

/* A series' floats in time order (no stale markers) and its windows: window s is samples [lo[s], hi[s]), lo and hi
 * never fall. Its range is (start_ms, end_ms] with end_ms[s] and start = end - range_ms. */
typedef struct Windows {
        const int64_t *t;
        const double *v;
        size_t n;
        const uint32_t *lo, *hi;
        const int64_t *end_ms; /* of the range; for predict_linear, eval_ms is the evaluation time itself */
        const int64_t *eval_ms;
        size_t steps;
        int64_t range_ms;
        const double *p0, *p1; /* scalar arguments per step, NULL when the function has none */
        double *scratch;       /* room for 2 * n + 2 doubles */
        bool anchored, smoothed;
        struct RateTimes *times; /* of func_rate.h, prepared for these times; NULL: computed on the spot */
} Windows;

/* Fills out[steps] with values or EXEC_ABSENT. `fn` must be a function over a range vector. */
void func_window_run(FunctionId fn, const Windows *w, double *out);
bool func_window_known(FunctionId fn);

/* sum and its compensation, Neumaier's variant, as upstream adds. */
typedef struct Kahan {
        double sum, c;
} Kahan;
static inline void func_window_kahan_add(Kahan *k, double inc)
{
        double t = k->sum + inc;
        if (__builtin_isinf(t))
                k->c = 0;
        else if (__builtin_fabs(k->sum) >= __builtin_fabs(inc))
                k->c += (k->sum - t) + inc;
        else
                k->c += (inc - t) + k->sum;
        k->sum = t;
}
/* Interpolated quantile of n values, whose order is lost. NaN sorts first. n 0 or q NaN: NaN. */
double func_window_quantile(double q, double *values, size_t n);
/* Sorts in place, NaN first. */
void func_window_sort(double *values, size_t n);
