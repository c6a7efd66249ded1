/* Invariants:
 * 1. Powers are products of squares, rounded one by one: the C library's is right to the last digit, upstream's is off by one for
 * every doubling of the exponent, and 1.000001 ^ 3600000 differs in the eleventh digit.
 * 2. What is special (NaN, infinities, zeros) is as IEEE 754 and so the C library has it. */
#include "promql/gomath.h"

#include <math.h>
#include <stdint.h>

/* Beyond this many doublings every result is 0 or infinite. */
enum { FAR_EXPONENT = 1 << 12 };

/* base ^ n, times *io_factor, as *io_factor * 2 ^ *ret. */
static void multiply_squares(double base, uint64_t n, double *io_factor, int *ret)
{
        int exponent, sum = 0;
        double square = frexp(base, &exponent);
        for (; n; n >>= 1) {
                if (exponent > FAR_EXPONENT || exponent < -FAR_EXPONENT) {
                        sum += exponent;
                        break;
                }
                if (n % 2) {
                        *io_factor *= square;
                        sum += exponent;
                }
                square *= square;
                exponent *= 2;
                if (square < 0.5) {
                        square *= 2;
                        exponent--;
                }
        }
        *ret = sum;
}

double gomath_pow(double x, double y)
{
        double whole, part = modf(fabs(y), &whole);
        if (!isfinite(x) || !isfinite(y) || x == 0 || y == 0 || (x < 0 && part != 0) || whole >= 0x1p63)
                return pow(x, y);
        if (fabs(y) == 0.5)
                return y > 0 ? sqrt(x) : 1 / sqrt(x);
        if (part > 0.5) {
                part -= 1;
                whole += 1;
        }
        double factor = part != 0 ? exp(part * log(x)) : 1;
        int exponent;
        multiply_squares(x, (uint64_t)whole, &factor, &exponent);
        return y < 0 ? ldexp(1 / factor, -exponent) : ldexp(factor, exponent);
}

double gomath_exp(double v) { return rint(v * 0x1.71547652b82fep+0) >= 1024 ? HUGE_VAL : exp(v); }
double gomath_sinh(double v) { return isinf(gomath_exp(fabs(v))) ? copysign(HUGE_VAL, v) : sinh(v); }
double gomath_cosh(double v) { return isinf(gomath_exp(fabs(v))) ? HUGE_VAL : cosh(v); }

double gomath_min(double a, double b)
{
        return a == -HUGE_VAL || b == -HUGE_VAL ? -HUGE_VAL : isnan(a) || isnan(b) ? (double)NAN : fmin(a, b);
}

double gomath_max(double a, double b)
{
        return a == HUGE_VAL || b == HUGE_VAL ? HUGE_VAL : isnan(a) || isnan(b) ? (double)NAN : fmax(a, b);
}
