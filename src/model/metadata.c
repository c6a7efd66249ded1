#include "model/metadata.h"

#include "base/attr.h"

static const char *const NAMES[] = {
        [METRIC_TYPE_UNKNOWN] = "unknown", [METRIC_TYPE_COUNTER] = "counter",
        [METRIC_TYPE_GAUGE] = "gauge",     [METRIC_TYPE_HISTOGRAM] = "histogram",
        [METRIC_TYPE_SUMMARY] = "summary", [METRIC_TYPE_GAUGE_HISTOGRAM] = "gaugehistogram",
        [METRIC_TYPE_INFO] = "info",       [METRIC_TYPE_STATESET] = "stateset",
};

const char *metadata_type_name(MetricType type)
{
        return (size_t)type < ARRAY_LEN(NAMES) ? NAMES[type] : NAMES[METRIC_TYPE_UNKNOWN];
}

bool metadata_type_parse(Str s, MetricType *ret)
{
        /* "untyped" is how the text format 0.0.4 spells unknown. */
        if (str_eq(s, STR("untyped"))) {
                *ret = METRIC_TYPE_UNKNOWN;
                return true;
        }
        for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
                if (str_eq(s, str_of(NAMES[i]))) {
                        *ret = (MetricType)i;
                        return true;
                }
        }
        return false;
}
