/* model/metadata.h - what a metric family says of itself. */
#pragma once
#include <stdbool.h>

#include "base/str.h"

typedef enum MetricType {
        METRIC_TYPE_UNKNOWN,
        METRIC_TYPE_COUNTER,
        METRIC_TYPE_GAUGE,
        METRIC_TYPE_HISTOGRAM,
        METRIC_TYPE_GAUGE_HISTOGRAM,
        METRIC_TYPE_SUMMARY,
        METRIC_TYPE_INFO,
        METRIC_TYPE_STATESET,
} MetricType;

typedef struct Metadata {
        MetricType type;
        Str help, unit; /* borrowed */
} Metadata;

/* "counter", "gauge", "unknown", ... as the API prints it. */
const char *metadata_type_name(MetricType type);
bool metadata_type_parse(Str s, MetricType *ret);
