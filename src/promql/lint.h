/* promql/lint.h - what is legal in an expression but most likely not meant. Public. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "model/metadata.h"
#include "promql/ast.h"

typedef struct LintFinding {
        const char *id; /* "rate-of-gauge", ...: stable, for those who want to silence one */
        SrcPos pos;
        Str text; /* what is wrong, and what to write instead */
} LintFinding;

typedef struct LintOptions {
        /* The type of a metric family; METRIC_TYPE_UNKNOWN when it is not known. May be NULL: names alone are judged. */
        MetricType (*type_of)(void *arg, Str name);
        void *arg;
        bool for_alert; /* the expression of an alerting rule */
} LintOptions;

/* In the order of positions; lives in arena. */
void lint_check(const Expr *expr, const LintOptions *options, Arena *arena, LintFinding **ret, size_t *ret_n);
/* "line:col: text (id)" */
void lint_format(Buf *out, Str source, const LintFinding *finding);
