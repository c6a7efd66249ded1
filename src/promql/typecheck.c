/* Invariants:
 * 1. Children are checked before their parents' own rules, left before right: the first error is upstream's first error.
 * 2. After success every binary node between anything but two vectors has no matching left, and every set operator is
 *    many-to-many: the evaluator does not look at clauses that mean nothing. */
#include "promql/functions.h"
#include "promql/parse.h"

static bool want_type(Parse *p, Expr *e, ValueType want, const char *context)
{
        if (!typecheck_expr(p, e))
                return false;
        if (e->type == want)
                return true;
        return parse_fail(p, e->pos, "expected type %s in %s, got %s", ast_value_type_name(want), context,
                          ast_value_type_name(e->type));
}

static bool check_aggregate(Parse *p, Expr *e)
{
        AggregateOp op = e->aggregate.op;
        if (!want_type(p, e->aggregate.expr, VALUE_VECTOR, "aggregation expression"))
                return false;
        if (!e->aggregate.param)
                return true;
        return want_type(p, e->aggregate.param, op == AGG_COUNT_VALUES ? VALUE_STRING : VALUE_SCALAR,
                         "aggregation parameter");
}

static bool check_matching_labels(Parse *p, const Expr *e)
{
        for (size_t i = 0; i < e->binary.labels.n && e->binary.on; i++)
                for (size_t k = 0; k < e->binary.include.n; k++)
                        if (str_eq(e->binary.labels.data[i], e->binary.include.data[k]))
                                return parse_fail(p, e->binary.op_pos,
                                                  "label %s must not occur in ON and GROUP clause at once",
                                                  parse_quoted(p, e->binary.labels.data[i]));
        return true;
}

static bool is_operand(const Expr *e) { return e->type == VALUE_SCALAR || e->type == VALUE_VECTOR; }

static bool check_matching(Parse *p, Expr *e)
{
        BinaryOp op = e->binary.op;
        bool fill = e->binary.fill_lhs_set || e->binary.fill_rhs_set;
        if (e->binary.lhs->type != VALUE_VECTOR || e->binary.rhs->type != VALUE_VECTOR) {
                if (e->binary.labels.n > 0)
                        return parse_fail(p, e->pos, "vector matching only allowed between instant vectors");
                if (fill)
                        return parse_fail(p, e->pos, "filling in missing series only allowed between instant vectors");
                e->binary.has_matching = e->binary.on = false;
                e->binary.card = CARD_ONE_TO_ONE;
                e->binary.include = (StrVec){ NULL, 0 };
        } else if (ast_is_set_op(op)) {
                if (e->binary.card == CARD_ONE_TO_MANY || e->binary.card == CARD_MANY_TO_ONE)
                        return parse_fail(p, e->pos, "no grouping allowed for \"%s\" operation",
                                          ast_binary_op_name(op));
                if (fill)
                        return parse_fail(p, e->pos, "filling in missing series not allowed for set operators");
                e->binary.card = CARD_MANY_TO_MANY;
        }
        return true;
}

static bool check_binary(Parse *p, Expr *e)
{
        Expr *lhs = e->binary.lhs, *rhs = e->binary.rhs;
        BinaryOp op = e->binary.op;
        if (!typecheck_expr(p, lhs) || !typecheck_expr(p, rhs))
                return false;
        if (e->binary.return_bool && !ast_is_comparison(op))
                return parse_fail(p, e->binary.op_pos, "bool modifier can only be used on comparison operators");
        if (ast_is_comparison(op) && !e->binary.return_bool && lhs->type == VALUE_SCALAR && rhs->type == VALUE_SCALAR)
                return parse_fail(p, e->binary.op_pos, "comparisons between scalars must use BOOL modifier");
        if (!check_matching_labels(p, e))
                return false;
        const char *msg = "binary expression must contain only scalar and instant vector types";
        if (!is_operand(lhs) || !is_operand(rhs))
                return parse_fail(p, is_operand(lhs) ? rhs->pos : lhs->pos, "%s", msg);
        if (!check_matching(p, e))
                return false;
        if ((lhs->type == VALUE_SCALAR || rhs->type == VALUE_SCALAR) && ast_is_set_op(op))
                return parse_fail(p, e->pos, "set operator \"%s\" not allowed in binary scalar expression",
                                  ast_binary_op_name(op));
        return true;
}

static bool check_arg_count(Parse *p, const Expr *e)
{
        const Function *fn = e->call.fn;
        size_t n = e->call.n_args, least = fn->variadic ? fn->n_args - 1u : fn->n_args;
        size_t most = fn->variadic == FUNCTION_VARIADIC_UNLIMITED ? SIZE_MAX : least + fn->variadic;
        if (fn->variadic == 0 && n != least)
                return parse_fail(p, e->pos, "expected %zu argument(s) in call to \"%s\", got %zu", least, fn->name, n);
        if (n < least)
                return parse_fail(p, e->pos, "expected at least %zu argument(s) in call to \"%s\", got %zu", least,
                                  fn->name, n);
        if (n > most)
                return parse_fail(p, e->pos, "expected at most %zu argument(s) in call to \"%s\", got %zu", most,
                                  fn->name, n);
        return true;
}

/* The second argument of info() is a bare set of label matchers. */
static bool check_info_selector(Parse *p, const Expr *call, Expr *arg)
{
        if (arg->type != VALUE_VECTOR)
                return parse_fail(p, call->pos, "expected type %s in call to function \"info\", got %s",
                                  ast_value_type_name(VALUE_VECTOR), ast_value_type_name(arg->type));
        if (arg->kind != EXPR_SELECTOR)
                return parse_fail(p, arg->pos, "expected label selectors only");
        if (arg->selector.name.n > 0)
                return parse_fail(p, arg->pos, "expected label selectors only, got vector selector instead");
        arg->selector.may_be_empty = true;
        return true;
}

static bool check_call(Parse *p, Expr *e)
{
        const Function *fn = e->call.fn;
        if (!check_arg_count(p, e))
                return false;
        if (fn->id == FN_INFO && e->call.n_args > 1 && !check_info_selector(p, e, e->call.args[1]))
                return false;
        for (size_t i = 0; i < e->call.n_args; i++) {
                Expr *arg = e->call.args[i];
                ValueType want = fn->args[MIN_OF(i, fn->n_args - 1u)];
                if (!typecheck_expr(p, arg))
                        return false;
                if (arg->type != want)
                        return parse_fail(p, arg->pos, "expected type %s in call to function \"%s\", got %s",
                                          ast_value_type_name(want), fn->name, ast_value_type_name(arg->type));
        }
        return true;
}

static bool check_selector(Parse *p, const Expr *e)
{
        const Matchers ms = e->selector.matchers;
        if (e->selector.name.n > 0) {
                for (size_t i = 0; i + 1 < ms.n; i++)
                        if (str_eq(ms.data[i].name, LABEL_NAME))
                                return parse_fail(p, e->pos, "metric name must not be set twice: %s or %s",
                                                  parse_quoted(p, e->selector.name), parse_quoted(p, ms.data[i].value));
                return true;
        }
        for (size_t i = 0; i < ms.n; i++)
                if (!matcher_matches(&ms.data[i], STR("")))
                        return true;
        if (e->selector.may_be_empty)
                return true;
        return parse_fail(p, e->pos, "vector selector must contain at least one non-empty matcher");
}

/* Upstream names the raw type here. */
static const char *raw_type_name(ValueType type) { return type == VALUE_MATRIX ? "matrix" : ast_value_type_name(type); }

bool typecheck_expr(Parse *p, Expr *e)
{
        switch (e->kind) {
        case EXPR_NUMBER:
        case EXPR_STRING: return true;
        case EXPR_SELECTOR: return check_selector(p, e);
        case EXPR_CALL: return check_call(p, e);
        case EXPR_AGGREGATE: return check_aggregate(p, e);
        case EXPR_BINARY: return check_binary(p, e);
        case EXPR_PAREN: return typecheck_expr(p, e->paren);
        case EXPR_UNARY:
                if (!typecheck_expr(p, e->unary.expr))
                        return false;
                if (!is_operand(e->unary.expr))
                        return parse_fail(
                                p, e->pos,
                                "unary expression only allowed on expressions of type scalar or instant vector, got \"%s\"",
                                ast_value_type_name(e->unary.expr->type));
                return true;
        case EXPR_SUBQUERY: break;
        }
        if (!typecheck_expr(p, e->subquery.expr))
                return false;
        if (e->subquery.expr->type != VALUE_VECTOR)
                return parse_fail(p, e->pos, "subquery is only allowed on instant vector, got %s instead",
                                  raw_type_name(e->subquery.expr->type));
        return true;
}
