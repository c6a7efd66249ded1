/* promql/gomath.h - gomath: the few mathematics whose answers differ from the C library's by more than a last digit in what upstream
 * is written in. */
#pragma once

/* x to the power of y. */
double gomath_pow(double x, double y);
/* Of values near 1 less exact than the C library's. */
double gomath_log2(double v);
/* To the last digit as upstream's; acos close to 1, and atan2 of what is too small to divide, differ in more than that. */
double gomath_asin(double v);
double gomath_acos(double v);
double gomath_atan(double v);
double gomath_atan2(double y, double x);
/* Infinite from the power of two on that is nearest to 2 ^ 1024: 709.44, where the C library goes on to 709.78. */
double gomath_exp(double v);
/* Infinite as soon as gomath_exp of the argument is. */
double gomath_sinh(double v);
double gomath_cosh(double v);
/* The infinity that decides whatever the other value is wins over NaN, which wins over all else. */
double gomath_min(double a, double b);
double gomath_max(double a, double b);
