/* promql/plan.h - Plan: what the evaluator adds to a syntax tree for one query: times resolved, equal selectors merged,
 * step-invariant parts marked. The tree itself is never touched. Private to promql/. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "promql/ast.h"
#include "store/store.h"

/* One distinct set of matchers: selected once, for the union of the times that its users need. */
typedef struct Slot {
        Matchers matchers;
        int64_t min_ms, max_ms;
        size_t users; /* selectors */
        bool selected;
        bool all_labels;        /* some user looks at all labels */
        const StoreNames *only; /* the labels that are looked at; NULL: all */
        bool distinct;          /* without their names its series are still different */
        StoreSelection selection;
        struct Slot *next;
        _Atomic uint64_t samples, read_ns; /* read; counted in queries that are explained */
} Slot;

/* What evaluating a node took, its children included. */
typedef struct NodeStats {
        _Atomic uint64_t ns, samples;
        uint64_t series, bytes; /* by the evaluating thread only */
} NodeStats;

typedef struct PlanNode PlanNode;
struct PlanNode {
        const Expr *expr; /* parentheses skipped */
        PlanNode *
                *kids; /* call: arguments; aggregate: expr, then param; binary: lhs, rhs; unary, subquery: the inside */
        size_t n_kids;
        bool invariant;                       /* the same at every step */
        int64_t range_ms, offset_ms, step_ms; /* selectors and subqueries */
        bool has_at;
        int64_t at_ms;
        Slot *slot;       /* selectors */
        NodeStats *stats; /* NULL: the query is not explained */
        bool counts_only; /* of histograms only sum and count are asked: see exec_counts_only */
};

typedef struct PlanArgs {
        int64_t start_ms, end_ms, step_ms; /* step 0: instant */
        int64_t lookback_ms, default_step_ms;
} PlanArgs;

typedef struct Plan {
        PlanNode *root;
        Slot *slots;
        bool has_order;         /* the order of rows means something: sort(), topk() */
        int64_t min_ms, max_ms; /* of all slots and of what info() reads; min > max: nothing is read */
} Plan;

/* Everything lives in arena. Fails when a time is not a valid duration. */
MUST_CHECK bool plan_build(const Expr *expr, const PlanArgs *args, Arena *arena, Plan *ret, Err *err);
/* Parentheses removed. */
const Expr *plan_unwrap(const Expr *expr);
/* Where messages about argument k of a call point: one that is evaluated once for all steps, because only others change, keeps
 * its parentheses, as upstream's. */
SrcPos plan_arg_pos(const PlanNode *call, size_t k);
/* Additions that stop at the ends of int64_t. */
static inline int64_t plan_add(int64_t a, int64_t b)
{
        int64_t r;
        return __builtin_add_overflow(a, b, &r) ? (b > 0 ? INT64_MAX : INT64_MIN) : r;
}
static inline int64_t plan_sub(int64_t a, int64_t b)
{
        int64_t r;
        return __builtin_sub_overflow(a, b, &r) ? (b < 0 ? INT64_MAX : INT64_MIN) : r;
}
/* The time a selector or subquery refers to when evaluated at t. */
static inline int64_t plan_ref_time(const PlanNode *node, int64_t t)
{
        return plan_sub(node->has_at ? node->at_ms : t, node->offset_ms);
}
