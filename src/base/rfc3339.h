/* base/rfc3339.h - points in time as text, as Go reads and writes them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* 2006-01-02T15:04:05.678Z: UTC, the fraction without trailing zeros or none; 0 prints Go's zero time. */
void rfc3339_format(Buf *out, int64_t t_ms);
/* A date and time with "Z" or +hh:mm; fractions are rounded to milliseconds. Days of the month are checked. */
bool rfc3339_parse(Str s, int64_t *ret_ms);
