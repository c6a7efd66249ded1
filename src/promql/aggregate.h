/* promql/aggregate.h - accumulators of aggregation operators: a group's values at every step. Private to promql/.
 *
 * One accumulator holds up to three numbers a step; absent in the first means that nothing was added yet. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "promql/ast.h"

typedef struct Accumulator {
        double *a;            /* the result after aggregate_finish */
        double *b, *n;        /* compensation or mean; count: NULL for operators that need none */
        uint8_t *incremental; /* avg: the sum would overflow, a is a running mean */
} Accumulator;

/* How many arrays of doubles the operator needs (1 to 3); 0: it is not a folding operator. */
unsigned aggregate_arrays(AggregateOp op);
/* Adds a row's samples at steps [lo, hi). */
void aggregate_fold(AggregateOp op, const Accumulator *acc, const double *row, size_t lo, size_t hi);
void aggregate_finish(AggregateOp op, const Accumulator *acc, size_t lo, size_t hi);
