/* base/num.h - integers from text, checked, and their digits. Floating point text is codec/floats.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Whole string, decimal, optional sign (signed only); false when malformed or out of range. */
bool num_parse_u64(Str s, uint64_t *ret);
bool num_parse_i64(Str s, int64_t *ret);
/* "512", "10KB", "1.5GiB", "100MB": base 2 for every prefix, as Prometheus reads sizes. */
bool num_parse_bytes(Str s, uint64_t *ret);

/* How many decimal digits v has; 0 has one. */
unsigned num_count_digits(uint64_t v);
/* Writes exactly those n digits of v. */
void num_put_digits(char *p, uint64_t v, unsigned n);

/* For qsort and bsearch: rising uint64_t. */
int num_compare_u64(const void *a, const void *b);
