/* codec/floats.h - floating point numbers as text, exactly as Go reads and writes them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Go's strconv.ParseFloat(s, 64) on the whole string: decimal, exponent, hex floats, Inf, +Inf, Infinity, NaN in any
 * case, underscores refused; out of range gives false. NaN has Go's bits, 0x7ff8000000000001. Decimal numbers take a fast exact path. */
bool floats_parse(Str s, double *ret);
/* strconv.FormatFloat(v, 'f', -1, 64): shortest digits that read back, no exponent. NaN, +Inf, -Inf. */
void floats_format_f(Buf *out, double v);
/* FormatFloat(v, 'g', -1, 64): exponent below 1e-4 and from 1e6 on (1e+06, 1.234567e+06): %g and %v of a float64 in Go.
 * (1e21 is the bound of the JSON form only.) */
enum { FLOATS_G_MAX_EXP10 = 6 };
void floats_format_g(Buf *out, double v);
/* FormatFloat(v, 'e', -1, 64): 1e+00. */
void floats_format_e(Buf *out, double v);
/* As the Prometheus JSON API: 'f' within [1e-6, 1e21), 'e' outside; not quoted. */
void floats_format_json(Buf *out, double v);
/* Shortest decimal digits of |v| (finite, not 0): digits[0..n) and exponent so that v = 0.d1d2... * 10^exp10. */
size_t floats_shortest(double v, char digits[17], int *ret_exp10);
