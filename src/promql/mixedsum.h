/* promql/mixedsum.h - MixedSum: the sum or the average of histograms, one after the other, as aggregations and *_over_time need it.
 * Private to promql/. */
#pragma once
#include "model/histops.h"
#include "promql/exec.h"

typedef struct MixedSum {
        HistSum sum;
        double n;
        bool average, incremental; /* incremental: the sum would overflow, it is a running mean */
        bool incompatible;         /* exponential and custom buckets met: there is no result */
        bool saw_reset, saw_no_reset;
        HistNotes notes;
} MixedSum;

void mixedsum_begin(MixedSum *s, Arena *arena, const Histogram *first, bool average);
void mixedsum_add(MixedSum *s, const Histogram *h);
/* Warns of hints that contradict each other, and says that bounds were reconciled. */
void mixedsum_say(const MixedSum *s, Exec *x, SrcPos pos);
/* NULL: no result. */
const Histogram *mixedsum_end(MixedSum *s);
