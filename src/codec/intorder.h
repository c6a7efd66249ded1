/* codec/intorder.h - which differences of integers take the fewest bits, judged by a sample of them. Pure; arithmetic wraps. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* 0: the values, 1: their differences, 2: the differences of those. */
unsigned intorder_choose(const int64_t *v, size_t n);
