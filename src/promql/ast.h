/* promql/ast.h - the syntax tree of a PromQL expression: immutable after parsing, shared by everyone who reads it.
 *
 * Every node knows its bytes in the source [pos.start, pos.end): errors and annotations point there. All memory belongs
 * to the arena that the parser was given. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "model/matcher.h"

typedef enum ValueType { VALUE_NONE, VALUE_SCALAR, VALUE_VECTOR, VALUE_MATRIX, VALUE_STRING } ValueType;
const char *ast_value_type_name(ValueType type); /* "scalar", "instant vector", "range vector", "string" */

typedef enum ExprKind {
        EXPR_NUMBER,
        EXPR_STRING,
        EXPR_SELECTOR, /* instant vector, or range vector when has_range */
        EXPR_SUBQUERY,
        EXPR_CALL,
        EXPR_AGGREGATE,
        EXPR_BINARY,
        EXPR_UNARY,
        EXPR_PAREN,
} ExprKind;

typedef enum BinaryOp {
        BIN_ADD,
        BIN_SUB,
        BIN_MUL,
        BIN_DIV,
        BIN_MOD,
        BIN_POW,
        BIN_ATAN2,
        BIN_EQ,
        BIN_NE,
        BIN_GT,
        BIN_LT,
        BIN_GE,
        BIN_LE,
        BIN_AND,
        BIN_OR,
        BIN_UNLESS,
        BIN_TRIM_UPPER /* </ */,
        BIN_TRIM_LOWER /* >/ */,
        BIN_OP_MAX_,
} BinaryOp;
const char *ast_binary_op_name(BinaryOp op);
static inline bool ast_is_comparison(BinaryOp op) { return op >= BIN_EQ && op <= BIN_LE; }
static inline bool ast_is_set_op(BinaryOp op) { return op >= BIN_AND && op <= BIN_UNLESS; }

typedef enum AggregateOp {
        AGG_SUM,
        AGG_AVG,
        AGG_COUNT,
        AGG_MIN,
        AGG_MAX,
        AGG_GROUP,
        AGG_STDDEV,
        AGG_STDVAR,
        AGG_TOPK,
        AGG_BOTTOMK,
        AGG_COUNT_VALUES,
        AGG_QUANTILE,
        AGG_LIMITK,
        AGG_LIMIT_RATIO,
        AGG_OP_MAX_,
} AggregateOp;
const char *ast_aggregate_op_name(AggregateOp op);

typedef struct SrcPos {
        uint32_t start, end; /* byte offsets */
} SrcPos;

typedef struct Expr Expr;
typedef struct Function Function; /* a row of the function table: promql/functions.h */
const char *ast_function_name(const Function *fn);

/* A time written as an expression ([5m], offset 2*1m, offset step()): folded to a number when constant, else a small
 * tree evaluated once the query's start, end and step are known. */
typedef struct DurationExpr DurationExpr;

/* `@ t`, `@ start()`, `@ end()` and `offset d`. */
typedef enum AtKind { AT_NONE, AT_TIME, AT_START, AT_END } AtKind;
typedef struct TimeShift {
        AtKind at;
        int64_t at_ms;
        int64_t offset_ms;
        const DurationExpr *offset_expr; /* NULL: offset_ms stands; else durexpr_eval (promql/durexpr.h) knows */
        const DurationExpr
                *offset_written; /* for printing only: an expression as it was written, also when it was constant */
} TimeShift;

typedef enum RangeMode { RANGE_PLAIN, RANGE_ANCHORED, RANGE_SMOOTHED } RangeMode;

typedef enum MatchCard {
        CARD_ONE_TO_ONE,
        CARD_MANY_TO_ONE /* group_left */,
        CARD_ONE_TO_MANY /* group_right */,
        CARD_MANY_TO_MANY
} MatchCard;

typedef struct StrVec {
        Str *data;
        size_t n;
} StrVec;

struct Expr {
        ExprKind kind;
        ValueType type;
        SrcPos pos;
        uint16_t height;  /* of the tree below, 1 for a leaf; at most AST_MAX_DEPTH, so recursion over a tree is safe */
        bool is_duration; /* a number written as a duration (5m): prints as one */
        union {
                double number;
                Str string;
                struct {
                        Str name;          /* the metric name as written in front, or empty */
                        Matchers matchers; /* all, including __name__ */
                        bool has_range;
                        int64_t range_ms;
                        const DurationExpr *range_expr;
                        TimeShift shift;
                        RangeMode mode;
                        const DurationExpr *range_written; /* as in TimeShift.offset_written */
                        bool may_be_empty;                 /* info()'s second argument: {} is fine */
                } selector;
                struct {
                        Expr *expr;
                        int64_t range_ms, step_ms; /* step 0: the engine's default */
                        const DurationExpr *range_expr, *step_expr;
                        TimeShift shift;
                        const DurationExpr *range_written, *step_written;
                } subquery;
                struct {
                        const Function *fn;
                        Expr **args;
                        size_t n_args;
                } call;
                struct {
                        AggregateOp op;
                        Expr *expr, *param; /* param NULL when the operator has none */
                        StrVec grouping;
                        bool without;
                } aggregate;
                struct {
                        BinaryOp op;
                        Expr *lhs, *rhs;
                        bool return_bool;
                        bool has_matching; /* on, ignoring or group_* was written */
                        bool on;           /* on(labels), else ignoring(labels) */
                        MatchCard card;
                        StrVec labels, include;
                        bool fill_lhs_set, fill_rhs_set;
                        double fill_lhs, fill_rhs;
                        SrcPos op_pos;
                } binary;
                struct {
                        Expr *expr;
                        bool negative;
                } unary;
                Expr *paren;
        };
};

/* What newer syntax is accepted; named as upstream's feature flags. */
typedef struct PromqlFeatures {
        bool experimental_functions, duration_expr, extended_range_selectors, binop_fill_modifiers,
                delayed_name_removal, use_start_timestamps, type_and_unit_labels;
} PromqlFeatures;
/* Production defaults of upstream: only duration expressions on. */
PromqlFeatures promql_features_default(void);
PromqlFeatures promql_features_all(void); /* what the test corpus assumes: all but type_and_unit_labels */

enum { AST_MAX_EXPR_BYTES = 1 << 20, AST_MAX_DEPTH = 1000 };
/* Smaller limits than those two; larger ones are not honoured. */
typedef struct PromqlLimits {
        size_t max_expr_bytes; /* 0: 1 MiB */
        unsigned max_depth;    /* 0: 1000 */
} PromqlLimits;

/* Parses and type-checks. On failure err->msg is upstream's text without position and *ret_pos (may be NULL) says where.
 * The message with position as users see it is "<line>:<col>: parse error: <text>" (ast_format_error). */
MUST_CHECK bool ast_parse(Str text, Arena *arena, const PromqlFeatures *features, Expr **ret, SrcPos *ret_pos,
                          Err *err);
MUST_CHECK bool ast_parse_limited(Str text, Arena *arena, const PromqlFeatures *features, const PromqlLimits *limits,
                                  Expr **ret, SrcPos *ret_pos, Err *err);
/* A lone selector such as match[] takes: name{...}; no range, no modifiers; {} parses. err->msg has the position in front. */
MUST_CHECK bool ast_parse_matchers(Str text, Arena *arena, Matchers *ret, Err *err);
/* 1-based line and column (in bytes, as upstream) of an offset. */
void ast_line_col(Str text, uint32_t offset, unsigned *ret_line, unsigned *ret_col);
/* "1:5: parse error: unexpected ..." */
void ast_format_error(Buf *out, Str text, SrcPos pos, const char *msg);
/* One line, normalised as upstream's String(). */
void ast_print(Buf *out, const Expr *expr);
/* Pretty, as /format_query and promtool promql format. */
void ast_pretty(Buf *out, const Expr *expr);
/* As JSON, in the shape of upstream's /parse_query. */
void ast_json(Buf *out, const Expr *expr);
/* Calls fn for every node, parents first; fn returns false to skip the children. */
void ast_walk(const Expr *expr, bool (*fn)(void *arg, const Expr *expr), void *arg);
