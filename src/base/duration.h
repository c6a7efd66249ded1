/* base/duration.h - Prometheus durations: 1y2w3d4h5m6s7ms, units in falling order, each once; "0" alone is zero. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Milliseconds; false when malformed or beyond 292 years. No sign. */
bool duration_parse(Str s, int64_t *ret_ms);
/* As Go's time.ParseDuration: 1m30s, 1.5h, -250ms, 10us; units in any order and as often as wanted, "0" alone is zero. */
bool duration_parse_go(Str s, int64_t *ret_ns);
/* As Prometheus prints it: "1h30m", "0s", "90d" prints "90d", "7d" prints "1w". A sign is printed for negatives. */
void duration_format(Buf *out, int64_t ms);
