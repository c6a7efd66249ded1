/* promql/explain_node.h - how the evaluator measures the nodes of a query that is explained. Private to promql/. */
#pragma once
#include "promql/exec.h"
#include "promql/explain.h"

typedef struct ExplainMark {
        int64_t ns;
        uint64_t samples, bytes;
} ExplainMark;

/* Gives every node of the tree its stats. */
void explain_begin(PlanNode *node, Arena *arena);
void explain_opening(const Exec *x, ExplainMark *ret);
/* The node was opened as src (NULL: it failed): returns a source that counts for the node. */
Source *explain_opened(const Exec *x, const PlanNode *node, const ExplainMark *mark, Stage *stage, Source *src);
void explain_scalar(const Exec *x, const PlanNode *node, const ExplainMark *mark);
/* Everything lives in arena. */
void explain_list(const Plan *plan, Arena *arena, ExplainNode **ret, size_t *ret_n);
