/* promql/aggregate_hist.h - accumulators of aggregation operators when histograms are among the samples. Private to promql/.
 *
 * A group's accumulator at a step holds numbers as in aggregate.h until the first histogram comes; then a box with the sum so
 * far, which nobody but this file may open before aggregate_hist_finish. */
#pragma once
#include "promql/aggregate.h"
#include "promql/exec.h"

typedef struct AggregateHist {
        Exec *x;
        Arena *arena; /* of the steps that are folded together */
        SrcPos pos;   /* of what is aggregated */
        Str metric;   /* of the row, for messages */
} AggregateHist;

/* aggregate_fold for rows that may hold histograms. */
void aggregate_hist_fold(const AggregateHist *c, AggregateOp op, const Accumulator *acc, const double *row, size_t lo,
                         size_t hi);
/* aggregate_finish; says what has to be said. Histograms of the result live in the arenas of the folds. */
void aggregate_hist_finish(const AggregateHist *c, AggregateOp op, const Accumulator *acc, size_t lo, size_t hi);
/* "ignored histogram in max aggregation". */
void aggregate_hist_ignored(Exec *x, SrcPos pos, AggregateOp op);
