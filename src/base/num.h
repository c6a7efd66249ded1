/* base/num.h - integers from text, checked. Floating point text is codec/floats.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* Whole string, decimal, optional sign (signed only); false when malformed or out of range. */
bool num_parse_u64(Str s, uint64_t *ret);
bool num_parse_i64(Str s, int64_t *ret);
/* "512", "10KB", "1.5GiB", "100MB": base 2 for every prefix, as Prometheus reads sizes. */
bool num_parse_bytes(Str s, uint64_t *ret);

/* For qsort and bsearch: rising uint64_t. */
int num_compare_u64(const void *a, const void *b);
