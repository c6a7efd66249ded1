/* rules/rule_metrics.h - what is counted per group, under upstream's names (prometheus_rule_group_*). Private.
 *
 * The groups of one manager at a time are shown: the one made last. A group that a reload takes away is shown no more; one that
 * stays goes on counting. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

typedef struct RuleMetrics RuleMetrics;
typedef struct RuleGroupStats RuleGroupStats;

RuleMetrics *rule_metrics_new(void); /* returns owned */
void rule_metrics_free(RuleMetrics *metrics);
/* Forgets all groups that are not added again before rule_metrics_end. */
void rule_metrics_begin(RuleMetrics *metrics);
/* Borrowed from metrics, valid until a _begin after which it is not added again. */
RuleGroupStats *rule_metrics_add(RuleMetrics *metrics, Str file, Str group, int64_t interval_ms, size_t rules);
void rule_metrics_end(RuleMetrics *metrics);

/* One evaluation of the group, as of ts_ms, is over. */
void rule_metrics_note(RuleGroupStats *stats, int64_t ts_ms, double seconds, double rule_seconds, size_t samples);
/* One rule was evaluated, as of ts_ms. */
void rule_metrics_count(RuleGroupStats *stats, int64_t ts_ms, double seconds, bool failed);
/* Alerts of a rule were looked up after a start. One thread at a time per group. */
void rule_metrics_restored(RuleGroupStats *stats, double seconds);
void rule_metrics_missed(RuleGroupStats *stats, uint64_t n);
