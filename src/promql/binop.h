/* promql/binop.h - binary operations on numbers. Private to promql/. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "promql/ast.h"

/* Scalar with scalar: comparisons give 0 or 1. */
double binop_scalar(BinaryOp op, double a, double b);
/* One pair of vector samples: *ret is the value, false means that a comparison drops the sample. */
bool binop_sample(BinaryOp op, double a, double b, double *ret);
/* Arithmetic changes what the metric means: its name goes. */
bool binop_drops_name(BinaryOp op);
/* out[i] = a[i] op b[i], absent where a side is absent or a comparison drops the sample (which else keeps a's value);
 * with as_bool comparisons give 0 or 1. out may be a or b. */
void binop_rows(BinaryOp op, bool as_bool, const double *a, const double *b, double *out, size_t n);
