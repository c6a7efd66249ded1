/* scrape/scrape_target.h - from a discovered address to what is scraped: labels, relabelling, URL. Private. */
#pragma once
#include "scrape/scrape.h"

typedef struct TargetSpec {
        bool dropped;      /* by relabelling, or without an address */
        Labels labels;     /* attached to samples: without __ names */
        Labels discovered; /* before relabelling */
        Str url;
        int64_t interval_ms, timeout_ms;
} TargetSpec;

/* Everything lives in arena. False: the labels make no target (bad interval, bad label value); err says why. */
MUST_CHECK bool scrape_target_resolve(const ScrapeConfig *config, const ScrapeGlobal *global, Str address,
                                      Labels group_labels, Arena *arena, TargetSpec *ret, Err *err);
