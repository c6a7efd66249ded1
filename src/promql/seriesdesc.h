/* promql/seriesdesc.h - the one-line description of a series and its values that test scripts and rule unit tests use:
 *     http_requests{job="api"} 0+10x100 _ stale -3 NaN {{schema:1 ...}}x3
 *
 * Values: a number, `_` (no sample), `stale`; VxN is V and N repetitions (N+1 values), V+DxN and V-DxN count on by D,
 * _xN is N gaps. Native histograms are {{key:value ...}} with schema, sum, count, z_bucket, z_bucket_w, buckets, offset,
 * n_buckets, n_offset, custom_values, counter_reset_hint, each optional; their steps are histograms, too. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/labels.h"

typedef struct SequenceValue {
        double v;
        const struct Histogram *h; /* NULL: a float */
        bool omitted;              /* _ */
        bool hint_set;             /* the description says a counter reset hint */
} SequenceValue;

typedef struct SeriesDesc {
        Labels labels;
        SequenceValue *values;
        size_t n;
} SeriesDesc;

enum { SERIESDESC_MAX_VALUES = 10000000 };

/* Everything in *ret lives in arena. Messages say the column. */
MUST_CHECK bool seriesdesc_parse(Str line, Arena *arena, SeriesDesc *ret, Err *err);
/* Only the labels; *ret_rest is what follows them (a part of line). */
MUST_CHECK bool seriesdesc_parse_labels(Str line, Arena *arena, Labels *ret, Str *ret_rest, Err *err);
