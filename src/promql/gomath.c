/* Invariants:
 * 1. Powers are products of squares, rounded one by one: the C library's is right to the last digit, upstream's is off by one for
 * every doubling of the exponent, and 1.000001 ^ 3600000 differs in the eleventh digit.
 * 2. What is special (NaN, infinities, zeros) is as IEEE 754 and so the C library has it.
 * 3. Arcus functions are one rational approximation of the arc tangent, moved and mirrored in upstream's steps: acos close to 1 loses
 *    digits in one of them, and the last digit of an atan2 is shown in a warning. Logarithms of base 2 near 1 lose digits likewise. */
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

double gomath_log2(double v)
{
        int exponent;
        double part = frexp(v, &exponent);
        if (part == 0.5)
                return exponent - 1;
        return isfinite(v) ? log(part) * (1 / M_LN2) + exponent : log(v);
}

/* The arc tangent of 0 <= v <= 0.66. */
static double atan_small(double v)
{
        double z = v * v;
        double above = (((-8.750608600031904122785e-01 * z - 1.615753718733365076637e+01) * z -
                         7.500855792314704667340e+01) *
                                z -
                        1.228866684490136173410e+02) *
                               z -
                       6.485021904942025371773e+01;
        double below = ((((z + 2.485846490142306297962e+01) * z + 1.650270098316988542046e+02) * z +
                         4.328810604912902668951e+02) *
                                z +
                        4.853903996359136964868e+02) *
                               z +
                       1.945506571482613964425e+02;
        z = z * above / below;
        return v * z + v;
}

static double atan_positive(double v)
{
        const double beyond_half_pi = 6.123233995736765886130e-17, tan_3_pi_8 = 2.41421356237309504880;
        if (v <= 0.66)
                return atan_small(v);
        if (v > tan_3_pi_8)
                return M_PI_2 - atan_small(1 / v) + beyond_half_pi;
        return M_PI_4 + atan_small((v - 1) / (v + 1)) + 0.5 * beyond_half_pi;
}

double gomath_atan(double v) { return v == 0 ? v : copysign(atan_positive(fabs(v)), v); }

double gomath_asin(double v)
{
        double of = fabs(v);
        if (of == 0 || !(of <= 1))
                return asin(v);
        double other = sqrt(1 - of * of);
        return copysign(of > 0.7 ? M_PI_2 - atan_positive(other / of) : atan_positive(of / other), v);
}

double gomath_acos(double v) { return M_PI_2 - gomath_asin(v); }

double gomath_atan2(double y, double x)
{
        if (y == 0 || x == 0 || !isfinite(x) || !isfinite(y))
                return atan2(y, x);
        double angle = gomath_atan(y / x);
        if (x > 0)
                return angle;
        return angle <= 0 ? angle + M_PI : angle - M_PI;
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
