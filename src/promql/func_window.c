/* Invariants:
 * 1. Every kernel gives, for each window, bit for bit what a loop over that window alone gives: where a running value
 * is kept from window to window it is one that has no rounding (counts, positions of resets, a monotonic queue).
 * 2. Cost is O(samples + steps) for the counting, extreme and rate kernels, O(window) a step for compensated sums and
 *    regressions: a sliding compensated sum would round differently. */
#include "promql/func_window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "promql/exec.h"
#include "promql/func_rate.h"
#include "promql/rowkernel.h"

typedef void (*Kernel)(const Windows *w, double *out);

/* --- order --- */

static int nan_first(const void *pa, const void *pb)
{
        double a = *(const double *)pa, b = *(const double *)pb;
        if (isnan(a) || isnan(b))
                return isnan(b) - isnan(a);
        return (a > b) - (a < b);
}

void func_window_sort(double *values, size_t n)
{
        if (n > 48) {
                qsort(values, n, sizeof *values, nan_first);
                return;
        }
        for (size_t i = 1; i < n; i++) {
                double v = values[i];
                size_t j = i;
                for (; j > 0 && (v < values[j - 1] || (isnan(v) && !isnan(values[j - 1]))); j--)
                        values[j] = values[j - 1];
                values[j] = v;
        }
}

static double quantile_sorted(double q, const double *values, size_t n)
{
        double rank = q * (double)(n - 1);
        double lower = fmax(0, floor(rank));
        double upper = fmin((double)(n - 1), lower + 1);
        double weight = rank - floor(rank);
        return values[(size_t)lower] * (1 - weight) + values[(size_t)upper] * weight;
}

/* True when the answer does not depend on the values. */
static bool quantile_trivial(double q, size_t n, double *ret)
{
        if (n == 0 || isnan(q))
                *ret = EXEC_NAN;
        else if (q < 0)
                *ret = -EXEC_INF;
        else if (q > 1)
                *ret = EXEC_INF;
        else
                return false;
        return true;
}

static void swap(double *a, double *b)
{
        double t = *a;
        *a = *b;
        *b = t;
}

/* Puts the value of rank k where it belongs: smaller ones before it, larger ones behind. No NaN. Hoare's selection with
 * the median of three; input that defeats it is sorted instead. */
static void select_rank(double *v, size_t n, size_t k)
{
        size_t lo = 0, hi = n - 1, patience = 64;
        while (lo < hi) {
                if (patience-- == 0) {
                        qsort(v + lo, hi - lo + 1, sizeof *v, nan_first);
                        return;
                }
                size_t mid = lo + (hi - lo) / 2;
                if (v[mid] < v[lo])
                        swap(&v[mid], &v[lo]);
                if (v[hi] < v[lo])
                        swap(&v[hi], &v[lo]);
                if (v[hi] < v[mid])
                        swap(&v[hi], &v[mid]);
                double pivot = v[mid];
                size_t i = lo, j = hi;
                for (;;) {
                        while (v[i] < pivot)
                                i++;
                        while (v[j] > pivot)
                                j--;
                        if (i >= j)
                                break;
                        swap(&v[i++], &v[j--]);
                }
                /* Up to j nothing is larger than the pivot, behind it nothing smaller. */
                if (k <= j)
                        hi = j;
                else
                        lo = j + 1;
        }
}

double func_window_quantile(double q, double *values, size_t n)
{
        double trivial;
        if (quantile_trivial(q, n, &trivial))
                return trivial;
        double rank = q * (double)(n - 1), weight = rank - floor(rank);
        size_t lower = (size_t)fmax(0, floor(rank)), upper = MIN_OF(lower + 1, n - 1), nans = 0;
        for (size_t i = 0; i < n; i++)
                if (isnan(values[i]))
                        swap(&values[nans++], &values[i]);
        if (lower < nans)
                return EXEC_NAN; /* NaN comes before all numbers */
        select_rank(values + nans, n - nans, lower - nans);
        double next = values[lower];
        if (upper > lower) {
                next = values[upper];
                for (size_t i = upper + 1; i < n; i++)
                        next = values[i] < next ? values[i] : next;
        }
        return values[lower] * (1 - weight) + next * weight;
}

/* --- rate, increase, delta; plain ranges: func_rate.c --- */

/* A counter that was reset between the two samples grew from zero. */
static double interpolate(const Windows *w, size_t i, int64_t t, bool is_counter)
{
        double y1 = w->v[i], y2 = w->v[i + 1];
        if (is_counter && y2 < y1)
                y1 = 0;
        return y1 + (y2 - y1) * (double)(t - w->t[i]) / (double)(w->t[i + 1] - w->t[i]);
}

/* The last sample at or before the start of the range, or the window's first. */
static size_t anchor(const Windows *w, size_t s, int64_t start)
{
        size_t i = w->lo[s];
        while (i + 1 < (size_t)w->hi[s] - 1 && w->t[i + 1] <= start)
                i++;
        return i;
}

/* anchored and smoothed: the range's borders are samples or points of the line between samples; nothing is guessed. */
static double extended_rate(const Windows *w, size_t s, bool is_counter, bool is_rate)
{
        int64_t end = w->end_ms[s], start = end - w->range_ms;
        size_t first = anchor(w, s, start), last = (size_t)w->hi[s] - 1;
        if (w->smoothed) {
                size_t k = w->lo[s];
                while (k < last && w->t[k] < end)
                        k++;
                last = k;
        }
        if (w->t[last] <= start || (w->smoothed && w->t[first] > end))
                return EXEC_ABSENT;
        double left = w->v[first], right = w->v[last];
        if (w->smoothed && w->t[first] < start)
                left = interpolate(w, first, start, is_counter);
        if (w->smoothed && last > w->lo[s] && w->t[last] > end)
                right = interpolate(w, last - 1, end, is_counter);
        double result = right - left;
        if (is_counter) {
                size_t from = w->t[first] <= start ? first + 1 : first;
                size_t to = w->t[last] >= end ? last : last + 1;
                double prev = left;
                for (size_t i = from; i < to; i++) {
                        if (w->v[i] < prev)
                                result += prev;
                        prev = w->v[i];
                }
                if (right < prev)
                        result += prev;
        }
        return is_rate ? result / ((double)w->range_ms / 1000) : result;
}

static void plain_rate(FunctionId fn, const Windows *w, double *out)
{
        if (w->times) {
                func_rate_run(fn, w, w->times, out);
                return;
        }
        RateTimes times = { 0 };
        func_rate_prepare(fn, w, &times);
        func_rate_run(fn, w, &times, out);
        func_rate_done(&times);
}

static void any_rate(FunctionId fn, const Windows *w, double *out)
{
        if (!w->anchored && !w->smoothed) {
                plain_rate(fn, w, out);
                return;
        }
        for (size_t s = 0; s < w->steps; s++)
                out[s] = w->hi[s] > w->lo[s] ? extended_rate(w, s, fn != FN_DELTA, fn == FN_RATE) : EXEC_ABSENT;
}

static void k_rate(const Windows *w, double *out) { any_rate(FN_RATE, w, out); }
static void k_increase(const Windows *w, double *out) { any_rate(FN_INCREASE, w, out); }
static void k_delta(const Windows *w, double *out) { any_rate(FN_DELTA, w, out); }
static void k_irate(const Windows *w, double *out) { plain_rate(FN_IRATE, w, out); }
static void k_idelta(const Windows *w, double *out) { plain_rate(FN_IDELTA, w, out); }

/* --- sums --- */

// NOLINTBEGIN(bugprone-macro-parentheses): s, lo_ and hi_ are declared here
#define EACH_WINDOW(w, s, lo_, hi_)                                                                  \
        for (size_t s = 0, lo_, hi_; s < (w)->steps && (lo_ = (w)->lo[s], hi_ = (w)->hi[s], 1); s++) \
                if (lo_ == hi_)                                                                      \
                        out[s] = EXEC_ABSENT;                                                        \
                else
// NOLINTEND(bugprone-macro-parentheses)

static void k_sum(const Windows *w, double *out)
{
        EACH_WINDOW(w, s, lo, hi)
        {
                Kahan k = { 0 };
                for (size_t i = lo; i < hi; i++)
                        func_window_kahan_add(&k, w->v[i]);
                out[s] = isinf(k.sum) ? k.sum : k.sum + k.c;
        }
}

static double average(const double *v, size_t n)
{
        Kahan k = { .sum = v[0] };
        bool incremental = false;
        for (size_t i = 1; i < n; i++) {
                double count = (double)(i + 1);
                if (!incremental) {
                        Kahan next = k;
                        func_window_kahan_add(&next, v[i]);
                        if (!isinf(next.sum)) {
                                k = next;
                                continue;
                        }
                        incremental = true;
                        k.sum /= count - 1;
                        k.c /= count - 1;
                }
                double q = (count - 1) / count;
                k.sum *= q;
                k.c *= q;
                func_window_kahan_add(&k, v[i] / count);
        }
        return incremental ? k.sum + k.c : k.sum / (double)n + k.c / (double)n;
}

static void k_avg(const Windows *w, double *out) { EACH_WINDOW(w, s, lo, hi) out[s] = average(w->v + lo, hi - lo); }

static double variance(const double *v, size_t n)
{
        Kahan mean = { 0 }, aux = { 0 };
        for (size_t i = 0; i < n; i++) {
                double delta = v[i] - (mean.sum + mean.c);
                func_window_kahan_add(&mean, delta / (double)(i + 1));
                func_window_kahan_add(&aux, delta * (v[i] - (mean.sum + mean.c)));
        }
        return (aux.sum + aux.c) / (double)n;
}

static void k_stdvar(const Windows *w, double *out) { EACH_WINDOW(w, s, lo, hi) out[s] = variance(w->v + lo, hi - lo); }

static void k_stddev(const Windows *w, double *out)
{
        EACH_WINDOW(w, s, lo, hi) out[s] = sqrt(variance(w->v + lo, hi - lo));
}

/* --- counts --- */

static void k_count(const Windows *w, double *out) { EACH_WINDOW(w, s, lo, hi) out[s] = (double)(hi - lo); }

static void k_present(const Windows *w, double *out) { EACH_WINDOW(w, s, lo, hi) out[s] = 1; }

static bool is_change(double a, double b) { return a != b && !(isnan(a) && isnan(b)); }
static bool is_reset(double a, double b) { return b < a; }

/* Pairs (i-1, i) inside the window for which `hit` holds; before[i] counts them up to i. */
static void count_pairs(const Windows *w, double *out, bool (*hit)(double, double))
{
        uint32_t *before = (uint32_t *)w->scratch, n = 0;
        for (size_t i = 0; i < w->n; i++) {
                n += i > 0 && hit(w->v[i - 1], w->v[i]);
                before[i] = n;
        }
        for (size_t s = 0; s < w->steps; s++) {
                size_t lo = w->lo[s], hi = w->hi[s];
                if (lo == hi) {
                        out[s] = EXEC_ABSENT;
                        continue;
                }
                if (w->anchored) {
                        int64_t start = w->end_ms[s] - w->range_ms;
                        if (w->t[hi - 1] <= start) {
                                out[s] = EXEC_ABSENT;
                                continue;
                        }
                        lo = anchor(w, s, start);
                }
                out[s] = before[hi - 1] - before[lo];
        }
}

static void k_changes(const Windows *w, double *out) { count_pairs(w, out, is_change); }
static void k_resets(const Windows *w, double *out) { count_pairs(w, out, is_reset); }

/* --- extremes: a queue of positions whose values get worse towards the back --- */

static bool better(double a, double b, bool want_max) { return want_max ? a > b : a < b; }

/* The extreme of n values, the half folded onto the other again and again. A zero or NaN may be another one than the queue's. */
static double fold_halves(const double *v, size_t n, bool want_max, double *scratch)
{
        memcpy(scratch, v, n * sizeof *v);
        for (size_t half; n > 1; n -= half) {
                half = n / 2;
                (want_max ? rowkernel_max : rowkernel_min)(scratch, scratch + n - half, half);
        }
        return scratch[0];
}

static void slide_extreme(const Windows *w, double *out, bool want_max)
{
        uint32_t *queue = (uint32_t *)w->scratch;
        size_t head = 0, tail = 0, next = 0;
        EACH_WINDOW(w, s, lo, hi)
        {
                for (; next < hi; next++) {
                        if (isnan(w->v[next]))
                                continue;
                        while (tail > head && !better(w->v[queue[tail - 1]], w->v[next], want_max))
                                tail--;
                        queue[tail++] = (uint32_t)next;
                }
                while (head < tail && queue[head] < lo)
                        head++;
                out[s] = head < tail ? w->v[queue[head]] : w->v[lo];
        }
}

static void extreme(const Windows *w, double *out, bool want_max)
{
        bool one = w->steps == 1 && w->lo[0] < w->hi[0];
        if (one)
                out[0] = fold_halves(w->v + w->lo[0], w->hi[0] - w->lo[0], want_max, w->scratch);
        if (!one || out[0] == 0 || isnan(out[0]))
                slide_extreme(w, out, want_max);
}

static void k_max(const Windows *w, double *out) { extreme(w, out, true); }
static void k_min(const Windows *w, double *out) { extreme(w, out, false); }

static void ts_of_extreme(const Windows *w, double *out, bool want_max)
{
        EACH_WINDOW(w, s, lo, hi)
        {
                size_t at = lo;
                for (size_t i = lo; i < hi; i++) {
                        double v = w->v[i], best = w->v[at];
                        if ((want_max ? v >= best : v <= best) || isnan(best))
                                at = i;
                }
                out[s] = (double)w->t[at] / 1000;
        }
}

static void k_ts_of_max(const Windows *w, double *out) { ts_of_extreme(w, out, true); }
static void k_ts_of_min(const Windows *w, double *out) { ts_of_extreme(w, out, false); }

static void k_first(const Windows *w, double *out) { EACH_WINDOW(w, s, lo, hi) out[s] = w->v[lo]; }

static void k_last(const Windows *w, double *out) { EACH_WINDOW(w, s, lo, hi) out[s] = w->v[hi - 1]; }

static void k_ts_of_first(const Windows *w, double *out) { EACH_WINDOW(w, s, lo, hi) out[s] = (double)w->t[lo] / 1000; }

static void k_ts_of_last(const Windows *w, double *out)
{
        EACH_WINDOW(w, s, lo, hi) out[s] = (double)w->t[hi - 1] / 1000;
}

/* --- distributions --- */

static void insert_sorted(double *sorted, size_t *n, double v)
{
        size_t at = *n;
        if (isnan(v))
                at = 0;
        while (at > 0 && v < sorted[at - 1])
                at--;
        memmove(sorted + at + 1, sorted + at, (*n - at) * sizeof *sorted);
        sorted[at] = v;
        ++*n;
}

static void remove_sorted(double *sorted, size_t *n, double v)
{
        size_t lo = 0, hi = *n;
        while (!isnan(v) && lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                if (isnan(sorted[mid]) || sorted[mid] < v)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        memmove(sorted + lo, sorted + lo + 1, (*n - lo - 1) * sizeof *sorted);
        --*n;
}

/* Small moves keep the sorted window from step to step; when it turns over, sorting afresh is cheaper. */
static void k_quantile(const Windows *w, double *out)
{
        double *sorted = w->scratch;
        size_t n = 0, from = 0, to = 0;
        EACH_WINDOW(w, s, lo, hi)
        {
                if (quantile_trivial(w->p0[s], hi - lo, &out[s]))
                        continue;
                if (lo >= to || (hi - to) + (lo - from) > (hi - lo) / 4 + 2) {
                        n = hi - lo;
                        memcpy(sorted, w->v + lo, n * sizeof *sorted);
                        func_window_sort(sorted, n);
                } else {
                        for (; from < lo; from++)
                                remove_sorted(sorted, &n, w->v[from]);
                        for (; to < hi; to++)
                                insert_sorted(sorted, &n, w->v[to]);
                }
                from = lo;
                to = hi;
                out[s] = quantile_sorted(w->p0[s], sorted, n);
        }
}

static void k_mad(const Windows *w, double *out)
{
        EACH_WINDOW(w, s, lo, hi)
        {
                double *tmp = w->scratch;
                size_t n = hi - lo;
                memcpy(tmp, w->v + lo, n * sizeof *tmp);
                func_window_sort(tmp, n);
                if (isnan(tmp[0])) { /* NaN sorts first */
                        out[s] = EXEC_NAN;
                        continue;
                }
                double median = func_window_quantile(0.5, tmp, n);
                for (size_t i = 0; i < n; i++)
                        tmp[i] = fabs(w->v[lo + i] - median);
                out[s] = func_window_quantile(0.5, tmp, n);
        }
}

/* --- regressions --- */

static void regress(const Windows *w, size_t lo, size_t hi, int64_t at_ms, double *ret_slope, double *ret_intercept)
{
        Kahan x = { 0 }, y = { 0 }, xy = { 0 }, x2 = { 0 };
        bool constant = true;
        for (size_t i = lo; i < hi; i++) {
                constant = constant && w->v[i] == w->v[lo];
                double dx = (double)(w->t[i] - at_ms) / 1e3;
                func_window_kahan_add(&x, dx);
                func_window_kahan_add(&y, w->v[i]);
                func_window_kahan_add(&xy, dx * w->v[i]);
                func_window_kahan_add(&x2, dx * dx);
        }
        if (constant) {
                bool inf = isinf(w->v[lo]);
                *ret_slope = inf ? EXEC_NAN : 0;
                *ret_intercept = inf ? EXEC_NAN : w->v[lo];
                return;
        }
        double n = (double)(hi - lo);
        double sx = x.sum + x.c, sy = y.sum + y.c;
        double cov = (xy.sum + xy.c) - sx * sy / n;
        double var = (x2.sum + x2.c) - sx * sx / n;
        *ret_slope = cov / var;
        *ret_intercept = sy / n - *ret_slope * sx / n;
}

static void k_deriv(const Windows *w, double *out)
{
        for (size_t s = 0; s < w->steps; s++) {
                double intercept;
                if (w->hi[s] < w->lo[s] + 2)
                        out[s] = EXEC_ABSENT;
                else
                        regress(w, w->lo[s], w->hi[s], w->t[w->lo[s]], &out[s], &intercept);
        }
}

static void k_predict(const Windows *w, double *out)
{
        for (size_t s = 0; s < w->steps; s++) {
                if (w->hi[s] < w->lo[s] + 2) {
                        out[s] = EXEC_ABSENT;
                        continue;
                }
                double slope, intercept;
                regress(w, w->lo[s], w->hi[s], w->eval_ms[s], &slope, &intercept);
                out[s] = slope * w->p0[s] + intercept;
        }
}

static void k_smooth(const Windows *w, double *out)
{
        for (size_t s = 0; s < w->steps; s++) {
                size_t lo = w->lo[s], hi = w->hi[s];
                if (hi < lo + 2) {
                        out[s] = EXEC_ABSENT;
                        continue;
                }
                double sf = w->p0[s], tf = w->p1[s];
                double s0 = 0, s1 = w->v[lo], b = w->v[lo + 1] - w->v[lo];
                for (size_t i = lo + 1; i < hi; i++) {
                        double scaled = sf * w->v[i];
                        if (i > lo + 1)
                                b = tf * (s1 - s0) + (1 - tf) * b;
                        double y = (1 - sf) * (s1 + b);
                        s0 = s1;
                        s1 = scaled + y;
                }
                out[s] = s1;
        }
}

static const Kernel KERNELS[FN_MAX_] = {
        [FN_RATE] = k_rate,
        [FN_INCREASE] = k_increase,
        [FN_DELTA] = k_delta,
        [FN_IRATE] = k_irate,
        [FN_IDELTA] = k_idelta,
        [FN_SUM_OVER_TIME] = k_sum,
        [FN_AVG_OVER_TIME] = k_avg,
        [FN_STDVAR_OVER_TIME] = k_stdvar,
        [FN_STDDEV_OVER_TIME] = k_stddev,
        [FN_COUNT_OVER_TIME] = k_count,
        [FN_PRESENT_OVER_TIME] = k_present,
        [FN_ABSENT_OVER_TIME] = k_present,
        [FN_CHANGES] = k_changes,
        [FN_RESETS] = k_resets,
        [FN_MAX_OVER_TIME] = k_max,
        [FN_MIN_OVER_TIME] = k_min,
        [FN_TS_OF_MAX_OVER_TIME] = k_ts_of_max,
        [FN_TS_OF_MIN_OVER_TIME] = k_ts_of_min,
        [FN_FIRST_OVER_TIME] = k_first,
        [FN_LAST_OVER_TIME] = k_last,
        [FN_TS_OF_FIRST_OVER_TIME] = k_ts_of_first,
        [FN_TS_OF_LAST_OVER_TIME] = k_ts_of_last,
        [FN_QUANTILE_OVER_TIME] = k_quantile,
        [FN_MAD_OVER_TIME] = k_mad,
        [FN_DERIV] = k_deriv,
        [FN_PREDICT_LINEAR] = k_predict,
        [FN_DOUBLE_EXPONENTIAL_SMOOTHING] = k_smooth,
};

bool func_window_known(FunctionId fn) { return KERNELS[fn] != NULL; }
void func_window_run(FunctionId fn, const Windows *w, double *out) { KERNELS[fn](w, out); }
