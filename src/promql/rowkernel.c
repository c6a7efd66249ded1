/* Invariants:
 * 1. No loop carries a value from one element to the next except bits that are ORed and counts of integers: the width of the
 *    vectors cannot be seen in a result.
 * 2. A body is written once, free of branches, and compiled for each target. */
#include "promql/rowkernel.h"

#include "base/bits.h"
#include "model/sample.h"

#define EXPONENT_BITS 0x7ff0000000000000u
#define MARGIN (1 + 1e-9) /* far more than the rounding of three products */

#if defined(__x86_64__)
#define HAS_AVX2_TWIN 1
#define IS_FAST() __builtin_cpu_supports("avx2")
#endif

/* Defines name() with this body, and on x86-64 its twin. */
#if defined(HAS_AVX2_TWIN)
#define TWINS(Type, name, params, args)                                                             \
        __attribute__((target("avx2"))) static Type name##_avx2 params { return name##_body args; } \
        Type name params { return IS_FAST() ? name##_avx2 args : name##_body args; }
#else
#define TWINS(Type, name, params, args) \
        Type name params { return name##_body args; }
#endif
#define BODY __attribute__((always_inline)) static inline

BODY bool is_absent(double v) { return bits_of_double(v) == SAMPLE_STALE_BITS; }
BODY double pick(bool c, double yes, double no) { return c ? yes : no; }

BODY bool rowkernel_any_special_body(const double *v, size_t n)
{
        uint64_t any = 0;
        for (size_t i = 0; i < n; i++)
                any |= (bits_of_double(v[i]) & EXPONENT_BITS) == EXPONENT_BITS;
        return any != 0;
}
TWINS(bool, rowkernel_any_special, (const double *v, size_t n), (v, n))

BODY size_t rowkernel_count_present_body(const double *row, size_t n)
{
        size_t present = 0;
        for (size_t i = 0; i < n; i++)
                present += bits_of_double(row[i]) != SAMPLE_STALE_BITS;
        return present;
}
TWINS(size_t, rowkernel_count_present, (const double *row, size_t n), (row, n))

BODY void rowkernel_add_body(double *restrict a, double *restrict c, const double *restrict x, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                double sum = a[i], comp = c[i], inc = x[i];
                bool none = is_absent(sum), skip = is_absent(inc);
                double t = sum + inc;
                bool larger = __builtin_fabs(sum) >= __builtin_fabs(inc);
                double big = pick(larger, sum, inc), small = pick(larger, inc, sum);
                double next = comp + ((big - t) + small);
                next = pick(__builtin_fabs(t) == __builtin_inf(), 0, next);
                t = pick(none, inc, t);
                next = pick(none, 0, next);
                a[i] = pick(skip, sum, t);
                c[i] = pick(skip, comp, next);
        }
}
TWINS(void, rowkernel_add, (double *restrict a, double *restrict c, const double *restrict x, size_t n), (a, c, x, n))

BODY bool rowkernel_add_overflows_body(const double *a, const double *x, size_t n)
{
        uint64_t any = 0;
        for (size_t i = 0; i < n; i++) {
                uint64_t left = !is_absent(a[i]), right = !is_absent(x[i]);
                uint64_t special = (bits_of_double(a[i] + x[i]) & EXPONENT_BITS) == EXPONENT_BITS;
                any |= left & right & special;
        }
        return any != 0;
}
TWINS(bool, rowkernel_add_overflows, (const double *a, const double *x, size_t n), (a, x, n))

BODY void rowkernel_count_body(double *restrict a, const double *restrict x, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                double more = pick(is_absent(a[i]), 1, a[i] + 1);
                a[i] = pick(is_absent(x[i]), a[i], more);
        }
}
TWINS(void, rowkernel_count, (double *restrict a, const double *restrict x, size_t n), (a, x, n))

BODY void rowkernel_mean_body(double *restrict a, const double *restrict c, const double *restrict n, size_t steps)
{
        for (size_t i = 0; i < steps; i++) {
                double mean = a[i] / n[i] + c[i] / n[i];
                a[i] = pick(is_absent(a[i]), a[i], mean);
        }
}
TWINS(void, rowkernel_mean, (double *restrict a, const double *restrict c, const double *restrict n, size_t steps),
      (a, c, n, steps))

BODY void rowkernel_min_body(double *restrict a, const double *restrict x, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                double best = pick(a[i] <= x[i], a[i], x[i]);
                best = pick((x[i] != x[i]) & (a[i] == a[i]), a[i], best);
                a[i] = pick(is_absent(x[i]), a[i], best);
        }
}
TWINS(void, rowkernel_min, (double *restrict a, const double *restrict x, size_t n), (a, x, n))

BODY void rowkernel_max_body(double *restrict a, const double *restrict x, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                double best = pick(a[i] >= x[i], a[i], x[i]);
                best = pick((x[i] != x[i]) & (a[i] == a[i]), a[i], best);
                a[i] = pick(is_absent(x[i]), a[i], best);
        }
}
TWINS(void, rowkernel_max, (double *restrict a, const double *restrict x, size_t n), (a, x, n))

BODY bool may_have_begun(double first, double increase, double sampled, double to_start)
{
        return (increase > 0) & (first >= 0) & !(sampled * first > to_start * increase * MARGIN);
}

BODY bool rowkernel_near_zero_body(const double *restrict first, const double *restrict increase,
                                   const double *restrict sampled, const double *restrict to_start, size_t n)
{
        uint64_t any = 0;
        for (size_t i = 0; i < n; i++)
                any |= may_have_begun(first[i], increase[i], sampled[i], to_start[i]);
        return any != 0;
}
TWINS(bool, rowkernel_near_zero,
      (const double *restrict first, const double *restrict increase, const double *restrict sampled,
       const double *restrict to_start, size_t n),
      (first, increase, sampled, to_start, n))

BODY bool rowkernel_extrapolate_body(const double *first, const double *last, const double *restrict sampled,
                                     const double *restrict to_start, const double *restrict factor,
                                     double *restrict increase, double *restrict out, size_t n)
{
        uint64_t any = 0;
        for (size_t i = 0; i < n; i++) {
                double more = last[i] - first[i];
                increase[i] = more;
                out[i] = more * factor[i];
                any |= may_have_begun(first[i], more, sampled[i], to_start[i]);
        }
        return any != 0;
}
TWINS(bool, rowkernel_extrapolate,
      (const double *first, const double *last, const double *restrict sampled, const double *restrict to_start,
       const double *restrict factor, double *restrict increase, double *restrict out, size_t n),
      (first, last, sampled, to_start, factor, increase, out, n))

BODY void rowkernel_irate_body(const double *a, const double *b, const double *restrict seconds, double *restrict out,
                               size_t n)
{
        for (size_t i = 0; i < n; i++)
                out[i] = pick(b[i] < a[i], b[i], b[i] - a[i]) / seconds[i];
}
TWINS(void, rowkernel_irate,
      (const double *a, const double *b, const double *restrict seconds, double *restrict out, size_t n),
      (a, b, seconds, out, n))

BODY bool rowkernel_falls_body(const double *v, size_t n)
{
        uint64_t any = 0;
        for (size_t i = 1; i < n; i++)
                any |= v[i] < v[i - 1];
        return any != 0;
}
TWINS(bool, rowkernel_falls, (const double *v, size_t n), (v, n))
