/* promql/explain.h - what a query did, node by node: series, samples, time, bytes. Public.
 *
 * Asked for with PromqlQuery.explain; the answer is in PromqlResult.nodes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "promql/ast.h"

/* One node of the plan. What a node took includes what its children took. */
typedef struct ExplainNode {
        const char *kind; /* "selector", "subquery", "call", "aggregation", "binary", "unary", "number", "string" */
        Str label;        /* "sum by (job)", "rate", "/ on (instance)"; selectors: as written */
        SrcPos pos;
        unsigned depth;   /* the root: 0 */
        size_t parent;    /* its index; the root's own is 0 */
        bool last;        /* of its parent's children */
        bool is_literal;  /* takes nothing: its numbers are zero */
        bool once;        /* the same at every step: evaluated at one */
        bool shared;      /* another selector has the same matchers: selected once for both */
        uint64_t series;  /* selectors: matched; others: rows that came out */
        uint64_t samples; /* read from the store; a shared selector's for all its users */
        uint64_t bytes;   /* on the query's bill when the node had been opened */
        double seconds;   /* of all threads together */
        double self_seconds;
} ExplainNode;

/* A tree drawn with lines, a node a line. */
void explain_print(Buf *out, const ExplainNode *nodes, size_t n);
