#include "promql/ast.h"

#include "base/check.h"
#include "promql/astjson.h"
#include "promql/functions.h"
#include "promql/parse.h"
#include "promql/print.h"

const char *ast_value_type_name(ValueType type)
{
        switch (type) {
        case VALUE_NONE: return "none";
        case VALUE_SCALAR: return "scalar";
        case VALUE_VECTOR: return "instant vector";
        case VALUE_MATRIX: return "range vector";
        case VALUE_STRING: return "string";
        }
        return "none";
}

const char *ast_binary_op_name(BinaryOp op)
{
        static const char *const NAMES[BIN_OP_MAX_] = {
                [BIN_ADD] = "+",         [BIN_SUB] = "-",         [BIN_MUL] = "*",         [BIN_DIV] = "/",
                [BIN_MOD] = "%",         [BIN_POW] = "^",         [BIN_EQ] = "==",         [BIN_NE] = "!=",
                [BIN_GT] = ">",          [BIN_LT] = "<",          [BIN_GE] = ">=",         [BIN_LE] = "<=",
                [BIN_AND] = "and",       [BIN_OR] = "or",         [BIN_UNLESS] = "unless", [BIN_ATAN2] = "atan2",
                [BIN_TRIM_UPPER] = "</", [BIN_TRIM_LOWER] = ">/",
        };
        CHECK(op < BIN_OP_MAX_);
        return NAMES[op];
}

const char *ast_aggregate_op_name(AggregateOp op)
{
        static const char *const NAMES[AGG_OP_MAX_] = {
                [AGG_SUM] = "sum",
                [AGG_AVG] = "avg",
                [AGG_COUNT] = "count",
                [AGG_MIN] = "min",
                [AGG_MAX] = "max",
                [AGG_GROUP] = "group",
                [AGG_STDDEV] = "stddev",
                [AGG_STDVAR] = "stdvar",
                [AGG_TOPK] = "topk",
                [AGG_BOTTOMK] = "bottomk",
                [AGG_COUNT_VALUES] = "count_values",
                [AGG_QUANTILE] = "quantile",
                [AGG_LIMITK] = "limitk",
                [AGG_LIMIT_RATIO] = "limit_ratio",
        };
        CHECK(op < AGG_OP_MAX_);
        return NAMES[op];
}

const char *ast_function_name(const Function *fn) { return fn->name; }

PromqlFeatures promql_features_default(void) { return (PromqlFeatures){ .duration_expr = true }; }

PromqlFeatures promql_features_all(void)
{
        return (PromqlFeatures){ .experimental_functions = true,
                                 .duration_expr = true,
                                 .extended_range_selectors = true,
                                 .binop_fill_modifiers = true,
                                 .delayed_name_removal = true,
                                 .use_start_timestamps = true };
}

bool ast_parse_limited(Str text, Arena *arena, const PromqlFeatures *features, const PromqlLimits *limits, Expr **ret,
                       SrcPos *ret_pos, Err *err)
{
        size_t max_bytes = limits && limits->max_expr_bytes ? MIN_OF(limits->max_expr_bytes, (size_t)AST_MAX_EXPR_BYTES)
                                                            : AST_MAX_EXPR_BYTES;
        unsigned max_depth = limits && limits->max_depth ? MIN_OF(limits->max_depth, (unsigned)AST_MAX_DEPTH)
                                                         : AST_MAX_DEPTH;
        if (text.n > max_bytes) {
                if (ret_pos)
                        *ret_pos = (SrcPos){ 0, 0 };
                return err_set(err, ERR_LIMIT, "expression is too long: %zu bytes, at most %zu are allowed", text.n,
                               max_bytes);
        }
        Parse p;
        Expr *e = NULL;
        if (!parse_begin(&p, text, arena, features, max_depth, err) || !(e = parse_whole_expr(&p)) ||
            !typecheck_expr(&p, e)) {
                if (ret_pos)
                        *ret_pos = p.err_pos;
                return false;
        }
        *ret = e;
        return true;
}

bool ast_parse(Str text, Arena *arena, const PromqlFeatures *features, Expr **ret, SrcPos *ret_pos, Err *err)
{
        return ast_parse_limited(text, arena, features, NULL, ret, ret_pos, err);
}

/* The message of a failed parse with its position, for callers that have no place for a SrcPos. */
static bool with_position(const Parse *p, Str text, Err *err)
{
        Buf b = { .arena = p->arena };
        ast_format_error(&b, text, p->err_pos, err->msg);
        return err_set(err, err->code, STR_FMT, STR_ARG(buf_str(&b)));
}

bool ast_parse_matchers(Str text, Arena *arena, Matchers *ret, Err *err)
{
        const PromqlFeatures features = promql_features_default();
        if (text.n > AST_MAX_EXPR_BYTES)
                return err_set(err, ERR_LIMIT, "selector is too long: %zu bytes, at most %d are allowed", text.n,
                               AST_MAX_EXPR_BYTES);
        Parse p;
        Expr *e = NULL;
        if (!parse_begin(&p, text, arena, &features, AST_MAX_DEPTH, err))
                return with_position(&p, text, err);
        Token name = p.tok;
        bool named = parse_is_metric_name(name.type);
        if (!named && name.type != TOK_LBRACE) {
                parse_unexpected(&p, NULL, NULL);
                return with_position(&p, text, err);
        }
        if ((named && !parse_advance(&p)) || !(e = parse_selector(&p, named ? &name : NULL)))
                return with_position(&p, text, err);
        if (p.tok.type != TOK_EOF) {
                parse_unexpected(&p, NULL, NULL);
                return with_position(&p, text, err);
        }
        *ret = e->selector.matchers;
        return true;
}

void ast_line_col(Str text, uint32_t offset, unsigned *ret_line, unsigned *ret_col)
{
        unsigned line = 1;
        size_t line_start = 0, end = MIN_OF((size_t)offset, text.n);
        for (size_t i = 0; i < end; i++) {
                if (text.p[i] == '\n') {
                        line++;
                        line_start = i + 1;
                }
        }
        *ret_line = line;
        *ret_col = (unsigned)(offset - line_start) + 1;
}

void ast_format_error(Buf *out, Str text, SrcPos pos, const char *msg)
{
        unsigned line, col;
        if (text.n == 0) {
                buf_printf(out, "unknown position: parse error: %s", msg);
                return;
        }
        ast_line_col(text, pos.start, &line, &col);
        buf_printf(out, "%u:%u: parse error: %s", line, col, msg);
}

void ast_print(Buf *out, const Expr *expr) { print_expr(out, expr); }

void ast_pretty(Buf *out, const Expr *expr) { print_pretty(out, expr); }

void ast_walk(const Expr *e, bool (*fn)(void *arg, const Expr *expr), void *arg)
{
        if (!e || !fn(arg, e))
                return;
        switch (e->kind) {
        case EXPR_NUMBER:
        case EXPR_STRING:
        case EXPR_SELECTOR: break;
        case EXPR_SUBQUERY: ast_walk(e->subquery.expr, fn, arg); break;
        case EXPR_CALL:
                for (size_t i = 0; i < e->call.n_args; i++)
                        ast_walk(e->call.args[i], fn, arg);
                break;
        case EXPR_AGGREGATE:
                ast_walk(e->aggregate.param, fn, arg);
                ast_walk(e->aggregate.expr, fn, arg);
                break;
        case EXPR_BINARY:
                ast_walk(e->binary.lhs, fn, arg);
                ast_walk(e->binary.rhs, fn, arg);
                break;
        case EXPR_UNARY: ast_walk(e->unary.expr, fn, arg); break;
        case EXPR_PAREN: ast_walk(e->paren, fn, arg); break;
        }
}

void ast_json(Buf *out, const Expr *expr) { astjson_write(out, expr); }
