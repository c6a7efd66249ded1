/* promql/planlabels.h - which labels of the selected series a query looks at, so that the store need not make the others. Private to
 * promql/. */
#pragma once
#include "promql/plan.h"

/* Sets Slot.only of slots whose every user is grouped `by` labels. What is made
 * lives in arena. */
void planlabels_find(Plan *plan, Arena *arena);
/* Is there one metric name that all series have? */
bool planlabels_fix_name(Matchers matchers);
