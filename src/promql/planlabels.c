/* Invariants:
 * 1. A slot is narrowed only when all of its selectors are: what one user looks at, all get.
 * 2. Below a function that drops the metric name, series are narrowed only when a matcher fixes the name: then dropping it
 *    cannot make two of them equal, and nobody has to compare what was left out (exec_range.c looks at Slot.only). */
#include "promql/planlabels.h"

#include "promql/functions.h"

typedef struct Wanted {
        bool all;
        bool dropped; /* a function between here and the selector drops names */
        const StrVec *names;
} Wanted;

static const Wanted ALL = { .all = true };

static bool folds(AggregateOp op)
{
        return op == AGG_SUM || op == AGG_AVG || op == AGG_COUNT || op == AGG_MIN || op == AGG_MAX || op == AGG_GROUP ||
               op == AGG_STDDEV || op == AGG_STDVAR || op == AGG_QUANTILE;
}

bool planlabels_fix_name(Matchers matchers)
{
        for (size_t i = 0; i < matchers.n; i++)
                if (matchers.data[i].type == MATCH_EQ && str_eq(matchers.data[i].name, LABEL_NAME) &&
                    matchers.data[i].value.n)
                        return true;
        return false;
}

static void want(Slot *slot, Wanted wanted, Arena *arena)
{
        if (wanted.all || slot->all_labels || (wanted.dropped && !planlabels_fix_name(slot->matchers))) {
                slot->all_labels = true;
                slot->only = NULL;
                return;
        }
        StoreNames *both = arena_new_of(arena, StoreNames);
        size_t before = slot->only ? slot->only->n : 0;
        Str *names = arena_raw_array(arena, Str, before + wanted.names->n + 1);
        for (size_t i = 0; i < before; i++)
                names[both->n++] = slot->only->data[i];
        for (size_t i = 0; i < wanted.names->n; i++)
                names[both->n++] = wanted.names->data[i];
        both->data = names;
        slot->only = both;
}

/* A function of a range whose result has the labels of its argument. */
static bool keeps_labels(const PlanNode *call)
{
        FunctionId id = call->expr->call.fn->id;
        bool range = false;
        for (size_t k = 0; k < call->n_kids; k++)
                range = range || call->kids[k]->expr->type == VALUE_MATRIX;
        return range && id != FN_ABSENT_OVER_TIME && id != FN_INFO;
}

static void visit(const PlanNode *node, Wanted wanted, Arena *arena)
{
        const Expr *e = node->expr;
        Wanted below = ALL;
        if (e->kind == EXPR_SELECTOR) {
                want(node->slot, wanted, arena);
        } else if (e->kind == EXPR_AGGREGATE && !e->aggregate.without && folds(e->aggregate.op)) {
                below = (Wanted){ .names = &e->aggregate.grouping };
        } else if (e->kind == EXPR_CALL && keeps_labels(node)) {
                below = wanted;
                below.dropped = true;
        }
        for (size_t k = 0; k < node->n_kids; k++)
                visit(node->kids[k], node->kids[k]->expr->type == VALUE_SCALAR ? ALL : below, arena);
}

void planlabels_find(Plan *plan, Arena *arena) { visit(plan->root, ALL, arena); }
