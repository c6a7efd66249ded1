#include "testing.h"

#include "promql/exec.h"
#include "promql/func_window.h"
#include "promql/rowkernel.h"

enum { N = 37 }; /* whole vectors and a rest */

static const double SPECIAL[] = { 0, -0.0, 1, -1, 1e308, -1e308, 5e-324, 1e16, 3.5, 0.1 };

/* Values of all kinds, with `absent` of 7 absent. */
static void fill(double *v, uint64_t seed, unsigned absent)
{
        for (size_t i = 0; i < N; i++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                uint64_t r = seed >> 33;
                v[i] = r % 7 < absent ? EXEC_ABSENT : SPECIAL[r / 7 % ARRAY_LEN(SPECIAL)];
                if (r / 128 % 11 == 0)
                        v[i] = r % 2 ? EXEC_NAN : EXEC_INF;
        }
}

static void assert_rows(const double *a, const double *b)
{
        for (size_t i = 0; i < N; i++) {
                assert_int_equal(exec_absent(a[i]), exec_absent(b[i]));
                if (a[i] == a[i] || b[i] == b[i])
                        assert_int_equal(bits_of_double(a[i]), bits_of_double(b[i]));
        }
}

/* Invariant 1: what the plain loop gives. */
static void folds_are_those_of_a_plain_loop(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed < 200; seed++) {
                double a[N], c[N] = { 0 }, x[N], want_a[N], want_c[N], low[N], high[N], count[N];
                fill(a, seed, 2);
                fill(x, seed + 1000, 2);
                memcpy(want_a, a, sizeof a);
                memcpy(low, a, sizeof a);
                memcpy(high, a, sizeof a);
                memcpy(count, a, sizeof a);
                memcpy(want_c, c, sizeof c);
                for (size_t i = 0; i < N; i++) {
                        Kahan k = { want_a[i], want_c[i] };
                        if (exec_absent(x[i]))
                                continue;
                        if (exec_absent(a[i]))
                                k = (Kahan){ x[i], 0 };
                        else
                                func_window_kahan_add(&k, x[i]);
                        want_a[i] = k.sum;
                        want_c[i] = k.c;
                }
                rowkernel_add(a, c, x, N);
                assert_rows(a, want_a);
                assert_rows(c, want_c);
                double want_low[N], want_high[N];
                memcpy(want_low, low, sizeof low);
                memcpy(want_high, high, sizeof high);
                for (size_t i = 0; i < N; i++) {
                        if (exec_absent(x[i]))
                                continue;
                        if (want_low[i] != want_low[i] || want_low[i] > x[i])
                                want_low[i] = x[i];
                        if (want_high[i] != want_high[i] || want_high[i] < x[i])
                                want_high[i] = x[i];
                }
                rowkernel_min(low, x, N);
                rowkernel_max(high, x, N);
                assert_rows(low, want_low);
                assert_rows(high, want_high);
        }
}

static void counting(void **state)
{
        (void)state;
        double a[] = { EXEC_ABSENT, EXEC_ABSENT, 4, 4 }, x[] = { EXEC_ABSENT, EXEC_NAN, 7, EXEC_ABSENT };
        rowkernel_count(a, x, 4);
        assert_true(exec_absent(a[0]));
        assert_double(a[1], 1);
        assert_double(a[2], 5);
        assert_double(a[3], 4);
        assert_int_equal(rowkernel_count_present(x, 4), 2);
}

static void means(void **state)
{
        (void)state;
        double a[N], c[N], n[N], want[N];
        for (size_t i = 0; i < N; i++) {
                a[i] = i % 5 == 0 ? EXEC_ABSENT : i % 7 == 0 ? EXEC_INF : (double)(i * i) / 3;
                c[i] = (double)i * 1e-17;
                n[i] = i % 5 == 0 ? 0 : (double)(i % 6 + 1);
                want[i] = exec_absent(a[i]) ? a[i] : a[i] / n[i] + c[i] / n[i];
        }
        rowkernel_mean(a, c, n, N);
        assert_memory_equal(a, want, sizeof want);
}

static void rates(void **state)
{
        (void)state;
        double v[N + 1], sampled[N], to_start[N], factor[N], increase[N], out[N];
        for (size_t i = 0; i <= N; i++)
                v[i] = i % 9 == 8 ? 3 : 1000 + (double)i / 3;
        for (size_t i = 0; i < N; i++) {
                sampled[i] = 60 + (double)i;
                to_start[i] = 7.5;
                factor[i] = (double)i / 7;
        }
        rowkernel_irate(v, v + 1, sampled, out, N);
        for (size_t i = 0; i < N; i++)
                assert_true(out[i] == (v[i + 1] < v[i] ? v[i + 1] : v[i + 1] - v[i]) / sampled[i]);
        assert_true(rowkernel_extrapolate(v, v + 1, sampled, to_start, factor, increase, out, N));
        for (size_t i = 0; i < N; i++) {
                assert_true(increase[i] == v[i + 1] - v[i]);
                assert_true(out[i] == increase[i] * factor[i]);
        }
        assert_false(
                rowkernel_extrapolate(v, v + 1, sampled, to_start, factor, increase, out, 8)); /* none began again */
        assert_true(rowkernel_extrapolate(v, v + 1, sampled, to_start, factor, increase, out, 9) ==
                    rowkernel_near_zero(v, increase, sampled, to_start, 9));
}

static void questions(void **state)
{
        (void)state;
        double v[N];
        for (size_t i = 0; i < N; i++)
                v[i] = (double)i;
        assert_false(rowkernel_any_special(v, N));
        assert_false(rowkernel_falls(v, N));
        for (size_t i = 0; i < N; i++) {
                double was = v[i];
                v[i] = i % 2 ? EXEC_ABSENT : -EXEC_INF;
                assert_true(rowkernel_any_special(v, N));
                v[i] = i ? -1 : 1e9;
                assert_true(rowkernel_falls(v, N));
                v[i] = was;
        }
        double big[] = { 1e308, EXEC_ABSENT }, more[] = { 1e308, 1e308 }, none[] = { EXEC_ABSENT, 1e308 };
        assert_true(rowkernel_add_overflows(big, more, 2));
        assert_false(rowkernel_add_overflows(big, none, 2));
}

static void counters_near_zero(void **state)
{
        (void)state;
        double first[] = { 100 }, increase[] = { 1 }, sampled[] = { 60 }, to_start[] = { 7 };
        assert_false(rowkernel_near_zero(first, increase, sampled, to_start, 1));
        first[0] = 0.1;
        assert_true(rowkernel_near_zero(first, increase, sampled, to_start, 1));
        increase[0] = 0;
        assert_false(rowkernel_near_zero(first, increase, sampled, to_start, 1));
        increase[0] = 5;
        first[0] = -1;
        assert_false(rowkernel_near_zero(first, increase, sampled, to_start, 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(folds_are_those_of_a_plain_loop),
                cmocka_unit_test(counting),
                cmocka_unit_test(means),
                cmocka_unit_test(rates),
                cmocka_unit_test(questions),
                cmocka_unit_test(counters_near_zero),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
