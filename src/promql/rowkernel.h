/* promql/rowkernel.h - loops over arrays of doubles that the compiler turns into vector code. Private to promql/.
 *
 * Pure functions. Each gives bit for bit what its plain loop gives, on every machine: lanes never meet. Compiled with
 * the vectoriser on; on x86-64 a twin for AVX2 is chosen at run time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is any value NaN (stale marker included) or infinite? */
bool rowkernel_any_special(const double *v, size_t n);
/* How many are not exec_absent. */
size_t rowkernel_count_present(const double *row, size_t n);
/* a and c are a Neumaier sum and its compensation per element, exec_absent in a: nothing yet; absent x are skipped. */
void rowkernel_add(double *restrict a, double *restrict c, const double *restrict x, size_t n);
/* True when adding x to a somewhere gives an infinity or NaN. */
bool rowkernel_add_overflows(const double *a, const double *x, size_t n);
void rowkernel_count(double *restrict a, const double *restrict x, size_t n); /* adds one where x is present */
/* Sums, their compensation and how many they are of become means. */
void rowkernel_mean(double *restrict a, const double *restrict c, const double *restrict n, size_t steps);
void rowkernel_min(double *restrict a, const double *restrict x, size_t n);
void rowkernel_max(double *restrict a, const double *restrict x, size_t n);
/* Is any value smaller than the one before it? */
bool rowkernel_falls(const double *v, size_t n);
/* Counters that began at `first`, grew by `increase` over `sampled` seconds: could one have been at zero less than
 * `to_start` seconds before its first sample? False: surely none. */
bool rowkernel_near_zero(const double *restrict first, const double *restrict increase, const double *restrict sampled,
                         const double *restrict to_start, size_t n);
/* increase = last - first, out = increase * factor; the answer is that of rowkernel_near_zero. */
bool rowkernel_extrapolate(const double *first, const double *last, const double *restrict sampled,
                           const double *restrict to_start, const double *restrict factor, double *restrict increase,
                           double *restrict out, size_t n);
/* What counters grew by from a to b, a second; those that fell began again at zero. */
void rowkernel_irate(const double *a, const double *b, const double *restrict seconds, double *restrict out, size_t n);
