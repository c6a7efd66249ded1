/* rules/rule_summary.h - RuleSummary: how long something took, as quantiles of the last ten minutes, a sum and a count: what
 * upstream calls a summary. Private. Thread-safe. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct RuleSummary RuleSummary;
RuleSummary *rule_summary_new(void); /* returns owned */
void rule_summary_free(RuleSummary *summary);
/* now_ms may stand still or go back: it counts as of the newest then. */
void rule_summary_observe(RuleSummary *summary, double seconds, int64_t now_ms);
/* NAN: nothing was observed in the ten minutes before the newest. Within 3 % of the value. */
double rule_summary_quantile(RuleSummary *summary, double q);
/* NAME{quantile="Q"} V for each, NAME_sum, NAME_count. */
void rule_summary_write(RuleSummary *summary, const char *name, const double *quantiles, size_t n, Buf *out);
