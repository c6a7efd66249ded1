/* alert/alert_interval.h - named time intervals: when routes are muted or active. Immutable after binding. */
#pragma once
#include "config/option.h"
#include "model/notification.h"
#include "os/zone.h"

typedef struct AlertRange { /* both ends included, times: minutes with the end left out */
        int from, to;
} AlertRange;
typedef struct AlertRanges {
        const AlertRange *data;
        size_t n;
        bool given;
} AlertRanges;
/* All that is given must hold. */
typedef struct AlertSpan {
        AlertRanges times, weekdays, days, months, years;
        Str location;
        const Zone *zone;
} AlertSpan;
typedef struct AlertInterval {
        Str name;
        const AlertSpan *spans; /* one must hold */
        size_t n;
} AlertInterval;
typedef struct AlertIntervals {
        AlertInterval *data;
        size_t n;
} AlertIntervals;

/* Appends what `time_intervals` or `mute_time_intervals` holds (NULL: nothing) to the intervals. Lives in ctx->arena. */
bool alert_interval_bind(const YamlNode *list, const OptionCtx *ctx, AlertCompat compat, AlertIntervals *intervals);
bool alert_interval_contains(const AlertInterval *interval, int64_t now_ms);
const AlertInterval *alert_interval_find(const AlertIntervals *intervals, Str name); /* NULL: unknown */
/* A deep copy. Zones are loaded anew. */
MUST_CHECK bool alert_interval_copy(const AlertIntervals *from, Arena *arena, AlertIntervals *ret, Err *err);
void alert_interval_document(Buf *out);
