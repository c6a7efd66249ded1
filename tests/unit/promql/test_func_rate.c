#include "testing.h"

#include "promql/exec.h"
#include "promql/func_rate.h"

enum { N = 120, WIDTH = 8 };

/* What the documentation says, window by window. */
static double by_hand(FunctionId fn, const Windows *w, size_t s)
{
        size_t lo = w->lo[s], hi = w->hi[s];
        if (hi < lo + 2)
                return EXEC_ABSENT;
        const double *v = w->v;
        const int64_t *t = w->t;
        if (fn == FN_IDELTA)
                return v[hi - 1] - v[hi - 2];
        if (fn == FN_IRATE)
                return (v[hi - 1] < v[hi - 2] ? v[hi - 1] : v[hi - 1] - v[hi - 2]) /
                       ((double)(t[hi - 1] - t[hi - 2]) / 1000);
        double result = v[hi - 1] - v[lo];
        for (size_t i = lo + 1; fn != FN_DELTA && i < hi; i++)
                result += v[i] < v[i - 1] ? v[i - 1] : 0;
        double sampled = (double)(t[hi - 1] - t[lo]) / 1000, average = sampled / (double)(hi - 1 - lo);
        double to_start = (double)(t[lo] - (w->end_ms[s] - w->range_ms)) / 1000;
        double to_end = (double)(w->end_ms[s] - t[hi - 1]) / 1000;
        if (to_start >= average * 1.1)
                to_start = average / 2;
        if (to_end >= average * 1.1)
                to_end = average / 2;
        if (fn != FN_DELTA && result > 0 && v[lo] >= 0 && sampled * (v[lo] / result) < to_start)
                to_start = sampled * (v[lo] / result);
        double factor = (sampled + to_start + to_end) / sampled;
        if (fn == FN_RATE)
                factor /= (double)w->range_ms / 1000;
        return result * factor;
}

/* Invariants 1 and 2: small counters, counters from zero, resets, gaps, gauges that fall. */
static void equals_the_formula_bit_for_bit(void **state)
{
        (void)state;
        static const FunctionId fns[] = { FN_RATE, FN_INCREASE, FN_DELTA, FN_IRATE, FN_IDELTA };
        int64_t t[N], end[N];
        uint32_t lo[N], hi[N];
        double v[N], out[N], scratch[2 * N + 2];
        for (uint64_t seed = 0; seed < 60; seed++) {
                uint64_t r = seed + 1;
                for (size_t i = 0; i < N; i++) {
                        r = r * 6364136223846793005u + 1442695040888963407u;
                        t[i] = (int64_t)i * 15000 + (seed % 3 ? (int64_t)(r >> 60) : 0);
                        v[i] = i == 0 || (r >> 40) % (10 + seed) == 0 ? (double)(seed % 4 * 1000)
                                                                      : v[i - 1] + (double)(r >> 50) * 0.1;
                        hi[i] = (uint32_t)i + (i > 5 && i < 9 ? 0 : 1);
                        lo[i] = hi[i] > WIDTH ? hi[i] - WIDTH : 0;
                        if (i == 50)
                                lo[i] = hi[i];
                        end[i] = t[i] + 4000;
                }
                Windows w = { .t = t,
                              .v = v,
                              .n = N,
                              .lo = lo,
                              .hi = hi,
                              .end_ms = end,
                              .eval_ms = end,
                              .steps = N,
                              .range_ms = WIDTH * INT64_C(15000),
                              .scratch = scratch };
                for (size_t f = 0; f < ARRAY_LEN(fns); f++) {
                        RateTimes times = { 0 };
                        func_rate_prepare(fns[f], &w, &times);
                        func_rate_run(fns[f], &w, &times, out);
                        for (size_t s = 0; s < N; s++)
                                assert_int_equal(bits_of_double(out[s]), bits_of_double(by_hand(fns[f], &w, s)));
                        assert_true(func_rate_bytes(&times) > 0);
                        func_rate_done(&times);
                }
        }
}

static void knows_its_functions(void **state)
{
        (void)state;
        assert_true(func_rate_known(FN_IRATE));
        assert_false(func_rate_known(FN_CHANGES));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(equals_the_formula_bit_for_bit),
                cmocka_unit_test(knows_its_functions),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
