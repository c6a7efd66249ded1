/* store/histcheck.h - what a store demands of a native histogram before it keeps it. */
#pragma once
#include "model/histogram.h"

enum {
        HISTCHECK_MAX_BUCKETS = 2048, /* of both sides together */
        HISTCHECK_MAX_SPANS = 1024,   /* of both sides together */
        HISTCHECK_MAX_BOUNDS = 1024,  /* of custom buckets */
};

/* NULL when it makes sense: spans and counts that belong together, no negative count, a known schema, rising bounds, and (integer
 * histograms) a count that is the sum of the buckets. Else why not, in words. */
const char *histcheck_why_not(const Histogram *h);
