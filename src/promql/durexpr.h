/* promql/durexpr.h - durations written as expressions: numbers and durations, + - * / % ^, parentheses, step(), range(),
 * min_of(), max_of(). The tree is immutable and lives in the parser's arena. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "promql/ast.h"

typedef enum DurOp {
        DUR_NUMBER,
        DUR_STEP,
        DUR_RANGE,
        DUR_NEGATE,
        DUR_PAREN,
        DUR_ADD,
        DUR_SUB,
        DUR_MUL,
        DUR_DIV,
        DUR_MOD,
        DUR_POW,
        DUR_MIN,
        DUR_MAX,
} DurOp;

struct DurationExpr {
        DurOp op;
        uint16_t height;
        bool constant;                 /* no step() or range() below */
        bool is_duration;              /* DUR_NUMBER written as a duration */
        double seconds;                /* DUR_NUMBER */
        const DurationExpr *lhs, *rhs; /* unary operators have only rhs */
        SrcPos pos;
};

/* The value in milliseconds for a query over [start, end] with this step (instant queries: step 0). Ranges and steps must
 * be positive, offsets need not. */
MUST_CHECK bool durexpr_eval(const DurationExpr *expr, int64_t start_ms, int64_t end_ms, int64_t step_ms,
                             bool allow_negative, int64_t *ret_ms, Err *err);
/* Seconds to milliseconds as upstream rounds literals; false when out of range. */
bool durexpr_seconds_to_ms(double seconds, int64_t *ret_ms);
void durexpr_print(Buf *out, const DurationExpr *expr);
