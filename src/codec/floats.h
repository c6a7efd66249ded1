/* codec/floats.h - floating point numbers as text, exactly as Go reads and writes them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/* Go's strconv.ParseFloat(s, 64) on the whole string: decimal, exponent, hex floats, Inf, +Inf, Infinity, NaN in any
 * case, underscores refused; out of range gives false. Decimal numbers up to 19 digits take a fast exact path. */
bool floats_parse(Str s, double *ret);
/* strconv.FormatFloat(v, 'f', -1, 64): shortest digits that read back, no exponent. NaN, +Inf, -Inf. */
void floats_format_f(Buf *out, double v);
/* FormatFloat(v, 'g', -1, 64): exponent below 1e-4 and from 1e21 on (%v of a float64 in Go). */
void floats_format_g(Buf *out, double v);
/* FormatFloat(v, 'e', -1, 64): 1e+00. */
void floats_format_e(Buf *out, double v);
/* As the Prometheus JSON API: 'f' within [1e-6, 1e21), 'e' outside; not quoted. */
void floats_format_json(Buf *out, double v);
/* Shortest decimal digits of |v| (finite, not 0): digits[0..n) and exponent so that v = 0.d1d2... * 10^exp10. */
size_t floats_shortest(double v, char digits[17], int *ret_exp10);
