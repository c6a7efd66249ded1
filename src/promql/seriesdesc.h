/* promql/seriesdesc.h - the one-line description of a series and its values that test scripts and rule unit tests use:
 *     http_requests{job="api"} 0+10x100 _ stale -3 NaN {{schema:1 ...}}x3 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/labels.h"

typedef struct SequenceValue {
        double v;
        const struct Histogram *h; /* NULL: a float */
        bool omitted;              /* _ */
} SequenceValue;

typedef struct SeriesDesc {
        Labels labels;
        SequenceValue *values;
        size_t n;
} SeriesDesc;

enum { SERIESDESC_MAX_VALUES = 10000000 };

MUST_CHECK bool seriesdesc_parse(Str line, Arena *arena, SeriesDesc *ret, Err *err);
