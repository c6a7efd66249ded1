/* promql/gomath.h - gomath: the few mathematics whose answers differ from the C library's by more than a last digit in what upstream
 * is written in. */
#pragma once

/* x to the power of y. */
double gomath_pow(double x, double y);
/* Infinite as soon as exp() of the argument is. */
double gomath_sinh(double v);
double gomath_cosh(double v);
/* The infinity that decides whatever the other value is wins over NaN, which wins over all else. */
double gomath_min(double a, double b);
double gomath_max(double a, double b);
