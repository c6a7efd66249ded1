#include "testing.h"

#include <math.h>

#include "promql/exec.h"
#include "promql/func_window.h"

/* One window over everything, (end - range, end]. */
static double one(FunctionId fn, const int64_t *t, const double *v, size_t n, int64_t end_ms, int64_t range_ms,
                  double p0, double p1)
{
        uint32_t lo = 0, hi = (uint32_t)n;
        double scratch[64], out = 0;
        Windows w = { .t = t,
                      .v = v,
                      .n = n,
                      .lo = &lo,
                      .hi = &hi,
                      .end_ms = &end_ms,
                      .eval_ms = &end_ms,
                      .steps = 1,
                      .range_ms = range_ms,
                      .p0 = &p0,
                      .p1 = &p1,
                      .scratch = scratch };
        func_window_run(fn, &w, &out);
        return out;
}

static const int64_t T[] = { 10000, 20000, 30000, 40000, 50000 };

static void rate_extrapolates_to_both_ends_when_they_are_near(void **state)
{
        (void)state;
        const double v[] = { 10, 20, 30, 40, 50 };
        /* 40 over 40 s; both borders are 5 s away, less than 1.1 * 10 s: 40 * 50/40. */
        assert_double(one(FN_INCREASE, T, v, 5, 55000, 50000, 0, 0), 50);
        assert_double(one(FN_RATE, T, v, 5, 55000, 50000, 0, 0), 1);
}

static void rate_guesses_half_an_interval_when_a_border_is_far(void **state)
{
        (void)state;
        const double v[] = { 1000, 1010, 1020, 1030, 1040 };
        /* Start is 20 s away: 5 s are added; the end is near. 40 * (40 + 5 + 5) / 40. */
        assert_double(one(FN_INCREASE, T, v, 5, 55000, 65000, 0, 0), 50);
}

static void counters_never_start_below_zero(void **state)
{
        (void)state;
        const double v[] = { 2, 12, 22, 32, 42 };
        /* At this slope zero was 2 s before the first sample. 40 * (40 + 2 + 5) / 40. */
        assert_double(one(FN_INCREASE, T, v, 5, 55000, 50000, 0, 0), 47);
        assert_double(one(FN_DELTA, T, v, 5, 55000, 50000, 0, 0), 50);
}

static void resets_are_added_back(void **state)
{
        (void)state;
        const double v[] = { 10, 20, 5, 15, 1 };
        /* 1 - 10 + 20 + 15 = 26 over 40 s, near on both sides; zero point 40 * 10/26 s away. */
        assert_true(fabs(one(FN_INCREASE, T, v, 5, 55000, 50000, 0, 0) - 26.0 * 50 / 40) < 1e-12);
        assert_double(one(FN_RESETS, T, v, 5, 55000, 50000, 0, 0), 2);
        assert_double(one(FN_CHANGES, T, v, 5, 55000, 50000, 0, 0), 4);
}

static void two_samples_are_needed_for_a_rate(void **state)
{
        (void)state;
        const double v[] = { 10 };
        assert_true(exec_absent(one(FN_RATE, T, v, 1, 55000, 50000, 0, 0)));
        assert_true(exec_absent(one(FN_IRATE, T, v, 1, 55000, 50000, 0, 0)));
        assert_true(exec_absent(one(FN_DERIV, T, v, 1, 55000, 50000, 0, 0)));
        assert_double(one(FN_SUM_OVER_TIME, T, v, 1, 55000, 50000, 0, 0), 10);
}

static void last_two_samples(void **state)
{
        (void)state;
        const double up[] = { 1, 2, 3, 10, 30 }, down[] = { 1, 2, 3, 30, 10 };
        assert_double(one(FN_IRATE, T, up, 5, 55000, 50000, 0, 0), 2);
        assert_double(one(FN_IRATE, T, down, 5, 55000, 50000, 0, 0), 1); /* reset: from zero */
        assert_double(one(FN_IDELTA, T, down, 5, 55000, 50000, 0, 0), -20);
}

static void sums_are_compensated(void **state)
{
        (void)state;
        const double v[] = { 1, 1e100, 1, -1e100, 1 };
        assert_double(one(FN_SUM_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), 3);
        const double big[] = { 1.7e308, 1.7e308, 1.7e308, 1.7e308, 1.7e308 };
        assert_double(one(FN_SUM_OVER_TIME, T, big, 5, 55000, 50000, 0, 0), (double)INFINITY);
        assert_double(one(FN_AVG_OVER_TIME, T, big, 5, 55000, 50000, 0, 0), 1.7e308);
        assert_double(one(FN_AVG_OVER_TIME, T, v, 5, 55000, 50000, 0, 0),
                      1.0 / 5 + 2.0 / 5); /* sum 1, compensation 2 */
}

static void distributions(void **state)
{
        (void)state;
        const double v[] = { 5, 1, 4, 2, 3 };
        assert_double(one(FN_QUANTILE_OVER_TIME, T, v, 5, 55000, 50000, 0.5, 0), 3);
        assert_double(one(FN_QUANTILE_OVER_TIME, T, v, 5, 55000, 50000, 0.9, 0),
                      4 * (1 - (0.9 * 4 - 3)) + 5 * (0.9 * 4 - 3));
        assert_double(one(FN_QUANTILE_OVER_TIME, T, v, 5, 55000, 50000, -1, 0), -(double)INFINITY);
        assert_double(one(FN_QUANTILE_OVER_TIME, T, v, 5, 55000, 50000, 2, 0), (double)INFINITY);
        assert_true(isnan(one(FN_QUANTILE_OVER_TIME, T, v, 5, 55000, 50000, (double)NAN, 0)));
        assert_double(one(FN_MAD_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), 1);
        assert_double(one(FN_STDVAR_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), 2);
        assert_double(one(FN_STDDEV_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), sqrt(2));
}

static void extremes_skip_nan_unless_there_is_nothing_else(void **state)
{
        (void)state;
        const double v[] = { (double)NAN, 3, 1, 3, (double)NAN }, all[] = { (double)NAN, (double)NAN };
        assert_double(one(FN_MAX_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), 3);
        assert_double(one(FN_MIN_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), 1);
        assert_double(one(FN_TS_OF_MAX_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), 40); /* the last of equals */
        assert_double(one(FN_TS_OF_MIN_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), 30);
        assert_true(isnan(one(FN_MAX_OVER_TIME, T, all, 2, 55000, 50000, 0, 0)));
        assert_double(one(FN_TS_OF_FIRST_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), 10);
        assert_double(one(FN_TS_OF_LAST_OVER_TIME, T, v, 5, 55000, 50000, 0, 0), 50);
}

static void regressions(void **state)
{
        (void)state;
        const double v[] = { 0, 10, 20, 30, 40 }, flat[] = { 7, 7, 7, 7, 7 },
                     inf[] = { (double)INFINITY, (double)INFINITY };
        assert_double(one(FN_DERIV, T, v, 5, 55000, 50000, 0, 0), 1);
        assert_double(one(FN_PREDICT_LINEAR, T, v, 5, 50000, 50000, 60, 0), 100);
        assert_double(one(FN_DERIV, T, flat, 5, 55000, 50000, 0, 0), 0);
        assert_true(isnan(one(FN_DERIV, T, inf, 2, 55000, 50000, 0, 0)));
        /* By hand: s1 = 0, b = 10; each step hits the line exactly. */
        assert_double(one(FN_DOUBLE_EXPONENTIAL_SMOOTHING, T, v, 5, 55000, 50000, 0.5, 0.5), 40);
}

/* Invariant 1: what slides must equal what starts afresh. */
static void sliding_equals_starting_afresh(void **state)
{
        (void)state;
        enum { N = 300, WIDTH = 37 };
        static const FunctionId fns[] = { FN_MAX_OVER_TIME,  FN_MIN_OVER_TIME,    FN_QUANTILE_OVER_TIME,
                                          FN_RESETS,         FN_CHANGES,          FN_INCREASE,
                                          FN_SUM_OVER_TIME,  FN_STDDEV_OVER_TIME, FN_MAD_OVER_TIME,
                                          FN_COUNT_OVER_TIME };
        static int64_t t[N], end[N];
        static double v[N], q[N], scratch[2 * N + 2], out[N];
        static uint32_t lo[N], hi[N];
        uint64_t seed = 1;
        for (size_t i = 0; i < N; i++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                t[i] = (int64_t)i * 1000;
                v[i] = seed >> 60 == 0 ? (double)NAN : (double)(seed >> 33 & 31);
                q[i] = 0.73;
                lo[i] = i < WIDTH ? 0 : (uint32_t)(i - WIDTH);
                hi[i] = (uint32_t)i;
                end[i] = t[i];
        }
        for (size_t f = 0; f < ARRAY_LEN(fns); f++) {
                Windows w = { .t = t,
                              .v = v,
                              .n = N,
                              .lo = lo,
                              .hi = hi,
                              .end_ms = end,
                              .eval_ms = end,
                              .steps = N,
                              .range_ms = WIDTH * 1000,
                              .p0 = q,
                              .scratch = scratch };
                func_window_run(fns[f], &w, out);
                for (size_t s = 0; s < N; s++) {
                        double alone = 0;
                        Windows single = w;
                        single.lo = lo + s;
                        single.hi = hi + s;
                        single.end_ms = single.eval_ms = end + s;
                        single.steps = 1;
                        func_window_run(fns[f], &single, &alone);
                        if (!(isnan(alone) && isnan(out[s]) && exec_absent(alone) == exec_absent(out[s])))
                                assert_double(out[s], alone);
                }
        }
}

/* Zeros of both signs and NaN are equal to others, but not the same. */
static void one_extreme_has_the_bits_of_sliding(void **state)
{
        (void)state;
        enum { N = 9 };
        static const double VALUES[] = { 0.0, -0.0, NAN, 1, -1, INFINITY, -INFINITY };
        static const FunctionId fns[] = { FN_MAX_OVER_TIME, FN_MIN_OVER_TIME };
        uint64_t seed = 1;
        for (unsigned round = 0; round < 4000; round++) {
                int64_t t[N], end[] = { N, N };
                double v[N], scratch[2 * N + 2], alone = 1, twice[2];
                uint32_t lo[] = { 0, 0 }, n = 1 + round % N, hi[] = { n, n };
                for (uint32_t i = 0; i < n; i++) {
                        seed = seed * 6364136223846793005u + 1442695040888963407u;
                        t[i] = i;
                        v[i] = VALUES[(seed >> 33) % (round % ARRAY_LEN(VALUES) + 1)];
                }
                Windows w = { .t = t, .v = v, .n = n, .lo = lo, .hi = hi, .end_ms = end, .eval_ms = end };
                w.range_ms = N;
                w.scratch = scratch;
                w.steps = 1;
                func_window_run(fns[round % 2], &w, &alone);
                w.steps = 2;
                func_window_run(fns[round % 2], &w, twice);
                assert_true(bits_of_double(alone) == bits_of_double(twice[0]));
        }
}

static void quantile_of_many_equals_sorting(void **state)
{
        (void)state;
        enum { N = 1000 };
        static double a[N], b[N];
        uint64_t seed = 7;
        for (size_t i = 0; i < N; i++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                a[i] = b[i] = i % 97 == 3 ? (double)NAN : (double)(seed >> 40);
        }
        func_window_sort(b, N);
        for (double q = 0; q <= 1; q += 0.125) {
                double rank = q * (N - 1), lower = floor(rank), w = rank - lower;
                size_t i = (size_t)lower, k = MIN_OF(i + 1, (size_t)N - 1);
                double want = b[i] * (1 - w) + b[k] * w, got = func_window_quantile(q, a, N);
                assert_true((isnan(want) && isnan(got)) || want == got);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rate_extrapolates_to_both_ends_when_they_are_near),
                cmocka_unit_test(rate_guesses_half_an_interval_when_a_border_is_far),
                cmocka_unit_test(counters_never_start_below_zero),
                cmocka_unit_test(resets_are_added_back),
                cmocka_unit_test(two_samples_are_needed_for_a_rate),
                cmocka_unit_test(last_two_samples),
                cmocka_unit_test(sums_are_compensated),
                cmocka_unit_test(distributions),
                cmocka_unit_test(extremes_skip_nan_unless_there_is_nothing_else),
                cmocka_unit_test(regressions),
                cmocka_unit_test(sliding_equals_starting_afresh),
                cmocka_unit_test(one_extreme_has_the_bits_of_sliding),
                cmocka_unit_test(quantile_of_many_equals_sorting),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
