/* promql/binophist.h - binary operations in which a native histogram takes part. Private to promql/. */
#pragma once
#include "promql/exec.h"

/* Who calculates, for annotations and memory. */
typedef struct BinopHist {
        Exec *x;
        const Expr *expr;
        Arena *arena; /* where results live */
} BinopHist;

/* A pair of samples, either or both histograms or numbers, never absent: the result, absent when there is none. Comparisons keep
 * the left value. with as_bool they give 0 or 1. */
double binophist_pair(const BinopHist *b, double lhs, double rhs);
/* binop_rows for rows that may hold histograms. out may be lhs or rhs. */
void binophist_rows(const BinopHist *b, const double *lhs, const double *rhs, double *out, size_t n);
