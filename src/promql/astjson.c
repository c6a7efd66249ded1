/* Invariants:
 * 1. Keys are in alphabetical order, as upstream's, so texts can be compared.
 * 2. Trees are deeper than JSON writers allow (AST_MAX_DEPTH), hence the writing by hand. */
#include "promql/astjson.h"

#include "codec/floats.h"
#include "codec/json.h"
#include "promql/functions.h"

static void key(Buf *out, const char *name)
{
        if (buf_str(out).p[out->n - 1] != '{')
                buf_char(out, ',');
        json_quote(out, str_of(name));
        buf_char(out, ':');
}

static void key_str(Buf *out, const char *name, Str value)
{
        key(out, name);
        json_quote(out, value);
}

static void key_bool(Buf *out, const char *name, bool value)
{
        key(out, name);
        buf_str_add(out, value ? STR("true") : STR("false"));
}

static void key_i64(Buf *out, const char *name, int64_t value)
{
        key(out, name);
        buf_i64(out, value);
}

static void key_expr(Buf *out, const char *name, const Expr *e)
{
        key(out, name);
        if (e)
                astjson_write(out, e);
        else
                buf_lit(out, "null");
}

static void key_names(Buf *out, const char *name, StrVec names)
{
        key(out, name);
        buf_char(out, '[');
        for (size_t i = 0; i < names.n; i++) {
                if (i)
                        buf_char(out, ',');
                json_quote(out, names.data[i]);
        }
        buf_char(out, ']');
}

static Str type_name(ValueType type)
{
        static const Str NAMES[] = { [VALUE_NONE] = STR_INIT("none"),
                                     [VALUE_SCALAR] = STR_INIT("scalar"),
                                     [VALUE_VECTOR] = STR_INIT("vector"),
                                     [VALUE_MATRIX] = STR_INIT("matrix"),
                                     [VALUE_STRING] = STR_INIT("string") };
        return NAMES[type];
}

static void key_shift(Buf *out, const TimeShift *shift)
{
        key(out, "startOrEnd");
        buf_str_add(out, shift->at == AT_START ? STR("\"start\"") : shift->at == AT_END ? STR("\"end\"") : STR("null"));
}

static void key_timestamp(Buf *out, const TimeShift *shift)
{
        key(out, "timestamp");
        if (shift->at == AT_TIME)
                buf_i64(out, shift->at_ms);
        else
                buf_lit(out, "null");
}

static void put_matchers(Buf *out, Matchers ms)
{
        static const Str TYPES[] = { [MATCH_EQ] = STR_INIT("="),
                                     [MATCH_NE] = STR_INIT("!="),
                                     [MATCH_RE] = STR_INIT("=~"),
                                     [MATCH_NRE] = STR_INIT("!~") };
        key(out, "matchers");
        buf_char(out, '[');
        for (size_t i = 0; i < ms.n; i++) {
                if (i)
                        buf_char(out, ',');
                buf_char(out, '{');
                key_str(out, "name", ms.data[i].name);
                key_str(out, "type", TYPES[ms.data[i].type]);
                key_str(out, "value", ms.data[i].value);
                buf_char(out, '}');
        }
        buf_char(out, ']');
}

static void put_selector(Buf *out, const Expr *e)
{
        if (e->selector.mode == RANGE_ANCHORED)
                key_bool(out, "anchored", true);
        put_matchers(out, e->selector.matchers);
        key_str(out, "name", e->selector.name);
        key_i64(out, "offset", e->selector.shift.offset_ms);
        if (e->selector.has_range)
                key_i64(out, "range", e->selector.range_ms);
        if (e->selector.mode == RANGE_SMOOTHED)
                key_bool(out, "smoothed", true);
        key_shift(out, &e->selector.shift);
        key_timestamp(out, &e->selector.shift);
        key_str(out, "type", e->selector.has_range ? STR("matrixSelector") : STR("vectorSelector"));
}

static void put_subquery(Buf *out, const Expr *e)
{
        key_expr(out, "expr", e->subquery.expr);
        key_i64(out, "offset", e->subquery.shift.offset_ms);
        key_i64(out, "range", e->subquery.range_ms);
        key_shift(out, &e->subquery.shift);
        key_i64(out, "step", e->subquery.step_ms);
        key_timestamp(out, &e->subquery.shift);
        key_str(out, "type", STR("subquery"));
}

static void put_call(Buf *out, const Expr *e)
{
        const Function *fn = e->call.fn;
        key(out, "args");
        buf_char(out, '[');
        for (size_t i = 0; i < e->call.n_args; i++) {
                if (i)
                        buf_char(out, ',');
                astjson_write(out, e->call.args[i]);
        }
        buf_char(out, ']');
        key(out, "func");
        buf_char(out, '{');
        key(out, "argTypes");
        buf_char(out, '[');
        for (size_t i = 0; i < fn->n_args; i++) {
                if (i)
                        buf_char(out, ',');
                json_quote(out, type_name(fn->args[i]));
        }
        buf_char(out, ']');
        key_str(out, "name", str_of(fn->name));
        key_str(out, "returnType", type_name(fn->result));
        key_i64(out, "variadic", fn->variadic == FUNCTION_VARIADIC_UNLIMITED ? -1 : fn->variadic);
        buf_char(out, '}');
        key_str(out, "type", STR("call"));
}

static void put_fill(Buf *out, const char *name, bool set, double v)
{
        key(out, name);
        if (set)
                floats_format_f(out, v);
        else
                buf_lit(out, "null");
}

static void put_matching(Buf *out, const Expr *e)
{
        static const Str CARDS[] = { [CARD_ONE_TO_ONE] = STR_INIT("one-to-one"),
                                     [CARD_MANY_TO_ONE] = STR_INIT("many-to-one"),
                                     [CARD_ONE_TO_MANY] = STR_INIT("one-to-many"),
                                     [CARD_MANY_TO_MANY] = STR_INIT("many-to-many") };
        key(out, "matching");
        if (e->binary.lhs->type != VALUE_VECTOR || e->binary.rhs->type != VALUE_VECTOR) {
                buf_lit(out, "null");
                return;
        }
        buf_char(out, '{');
        key_str(out, "card", CARDS[e->binary.card]);
        if (e->binary.fill_lhs_set || e->binary.fill_rhs_set) {
                key(out, "fillValues");
                buf_char(out, '{');
                put_fill(out, "lhs", e->binary.fill_lhs_set, e->binary.fill_lhs);
                put_fill(out, "rhs", e->binary.fill_rhs_set, e->binary.fill_rhs);
                buf_char(out, '}');
        }
        key_names(out, "include", e->binary.include);
        key_names(out, "labels", e->binary.labels);
        key_bool(out, "on", e->binary.on);
        buf_char(out, '}');
}

static void put_binary(Buf *out, const Expr *e)
{
        key_bool(out, "bool", e->binary.return_bool);
        key_expr(out, "lhs", e->binary.lhs);
        put_matching(out, e);
        key_str(out, "op", str_of(ast_binary_op_name(e->binary.op)));
        key_expr(out, "rhs", e->binary.rhs);
        key_str(out, "type", STR("binaryExpr"));
}

static void put_aggregate(Buf *out, const Expr *e)
{
        key_expr(out, "expr", e->aggregate.expr);
        key_names(out, "grouping", e->aggregate.grouping);
        key_str(out, "op", str_of(ast_aggregate_op_name(e->aggregate.op)));
        key_expr(out, "param", e->aggregate.param);
        key_str(out, "type", STR("aggregation"));
        key_bool(out, "without", e->aggregate.without);
}

static void put_number(Buf *out, const Expr *e)
{
        AUTO(buf_done) Buf text = { 0 };
        floats_format_f(&text, e->number);
        key_str(out, "type", STR("numberLiteral"));
        key_str(out, "val", buf_str(&text));
}

void astjson_write(Buf *out, const Expr *e)
{
        buf_char(out, '{');
        switch (e->kind) {
        case EXPR_NUMBER: put_number(out, e); break;
        case EXPR_STRING:
                key_str(out, "type", STR("stringLiteral"));
                key_str(out, "val", e->string);
                break;
        case EXPR_SELECTOR: put_selector(out, e); break;
        case EXPR_SUBQUERY: put_subquery(out, e); break;
        case EXPR_CALL: put_call(out, e); break;
        case EXPR_AGGREGATE: put_aggregate(out, e); break;
        case EXPR_BINARY: put_binary(out, e); break;
        case EXPR_UNARY:
                key_expr(out, "expr", e->unary.expr);
                key_str(out, "op", e->unary.negative ? STR("-") : STR("+"));
                key_str(out, "type", STR("unaryExpr"));
                break;
        case EXPR_PAREN:
                key_expr(out, "expr", e->paren);
                key_str(out, "type", STR("parenExpr"));
                break;
        }
        buf_char(out, '}');
}
