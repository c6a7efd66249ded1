/* promql/vecmatch.h - operations between two vectors: joins (one to one, many to one) and sets. Private to promql/. */
#pragma once
#include "promql/exec.h"

Source *vecmatch_join(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
Source *vecmatch_set(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
