/* store/labelcheck.h - what every engine demands of a series' labels before it keeps them. */
#pragma once
#include <stdbool.h>

#include "model/labels.h"
#include "store/store.h"

enum {
        LABELCHECK_MAX_LABELS = 256,        /* pairs of one series */
        LABELCHECK_MAX_NAME_BYTES = 1024,   /* one label name */
        LABELCHECK_MAX_VALUE_BYTES = 65535, /* one label value */
};

/* APPEND_OK, APPEND_BAD_LABELS (none, unsorted, repeated or empty name, empty value, not UTF-8, or no metric name where
 * one is needed) or APPEND_LIMIT (one of the limits above). */
AppendResult labelcheck_labels(Labels labels, bool need_metric_name);
