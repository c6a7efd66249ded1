/* Invariants:
 * 1. The first error stops everything: it is the one that upstream would show, as it, too, shows only the first.
 * 2. No recursion deeper than max_depth, neither here (depth) nor in anybody who walks the result (height).
 * 3. Nothing is checked that needs types: that is typecheck.c, run only on syntactically sound trees, so that syntax
 *    errors always win over type errors.
 *
 * Why by hand and not a generated table: messages with positions, limits and the two places where the grammar depends on
 * context are plain code here. Precedence climbing handles binary operators. */
#include "promql/parse.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/duration.h"
#include "codec/floats.h"
#include "promql/functions.h"
#include "promql/goquote.h"

enum { PREC_NONE, PREC_OR, PREC_AND, PREC_COMPARE, PREC_ADD, PREC_MUL, PREC_POW };

static Expr *parse_binary(Parse *p, int min_prec);

bool parse_fail(Parse *p, SrcPos pos, const char *fmt, ...)
{
        char msg[sizeof p->err->msg];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(msg, sizeof msg, fmt, ap);
        va_end(ap);
        p->err_pos = pos;
        return err_set(p->err, ERR_INVALID, "%s", msg);
}

bool parse_unexpected(Parse *p, const char *context, const char *expected)
{
        Buf b = { .arena = p->arena };
        lex_describe(&p->lex, p->tok, &b);
        return parse_fail(p, parse_pos(p->tok), "unexpected " STR_FMT "%s%s%s%s", STR_ARG(buf_str(&b)),
                          context ? " in " : "", context ? context : "", expected ? ", expected " : "",
                          expected ? expected : "");
}

bool parse_unexpected_here(Parse *p) { return parse_unexpected(p, p->context, NULL); }

bool parse_advance(Parse *p)
{
        p->last = p->tok;
        p->tok = lex_next(&p->lex, p->err);
        p->err_pos = parse_pos(p->tok);
        return p->tok.type != TOK_ERROR;
}

bool parse_begin(Parse *p, Str text, Arena *arena, const PromqlFeatures *features, unsigned max_depth, Err *err)
{
        *p = (Parse){ .arena = arena, .features = features, .max_depth = max_depth, .err = err };
        lex_init(&p->lex, text);
        return parse_advance(p);
}

bool parse_expect(Parse *p, TokenType type)
{
        return p->tok.type == type ? parse_advance(p) : parse_unexpected_here(p);
}

const char *parse_quoted(const Parse *p, Str text)
{
        Buf b = { .arena = p->arena };
        goquote_prefix(&b, text, 100);
        return buf_cstr(&b);
}

static bool too_deep(Parse *p, SrcPos pos)
{
        parse_fail(p, pos, "expression is nested too deeply: at most %u levels", p->max_depth);
        p->err->code = ERR_LIMIT;
        return false;
}

bool parse_enter(Parse *p)
{
        if (p->depth >= p->max_depth)
                return too_deep(p, parse_pos(p->tok));
        p->depth++;
        return true;
}

bool parse_grow(Parse *p, uint16_t *height, uint16_t child, SrcPos pos)
{
        if (child >= p->max_depth)
                return too_deep(p, pos);
        if (*height <= child)
                *height = (uint16_t)(child + 1);
        return true;
}

static Expr *new_expr(Parse *p, ExprKind kind, SrcPos pos)
{
        Expr *e = arena_new_of(p->arena, Expr);
        e->kind = kind;
        e->pos = pos;
        e->height = 1;
        return e;
}

/* A number to its end, though none that fits: not a hexadecimal one without digits, nor one that ends in its exponent's sign. */
static bool looks_whole(Str text)
{
        char last = text.p[text.n - 1];
        return str_find_char(text, 'x') == SIZE_MAX && last != 'e' && last != 'E' && last != '+' && last != '-';
}

/* Go's ParseInt(s, 0, 64) for what the lexer lets through: decimal, 0x, and octal by a leading 0. */
static bool parse_int_base0(Str s, double *ret)
{
        uint64_t v = 0;
        unsigned base = 10;
        if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x') {
                base = 16;
                s = str_sub(s, 2, s.n);
        } else if (s.n > 1 && s.p[0] == '0') {
                base = 8;
        }
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                unsigned d = c >= '0' && c <= '9'                     ? (unsigned)(c - '0')
                             : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (unsigned)((c | 0x20) - 'a') + 10
                                                                      : 99;
                if (d >= base || __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v) ||
                    v > INT64_MAX)
                        return false;
        }
        *ret = (double)v;
        return s.n > 0;
}

bool parse_number_token(Parse *p, double *ret, bool *ret_is_duration)
{
        Token tok = p->tok;
        Str text = lex_text(&p->lex, tok);
        double v = 0;
        if (tok.type == TOK_DURATION) {
                int64_t ms = 0;
                if (!duration_parse(text, &ms))
                        return parse_fail(p, parse_pos(tok), "not a valid duration string: %s", parse_quoted(p, text));
                v = (double)ms / 1000;
        } else {
                Buf clean = { .arena = p->arena };
                for (size_t i = 0; i < text.n; i++)
                        if (text.p[i] != '_')
                                buf_char(&clean, text.p[i]);
                if (!parse_int_base0(buf_str(&clean), &v) && !floats_parse(buf_str(&clean), &v))
                        return parse_fail(p, parse_pos(tok), "error parsing number: strconv.ParseFloat: parsing %s: %s",
                                          parse_quoted(p, text),
                                          looks_whole(text) ? "value out of range" : "invalid syntax");
        }
        *ret = v;
        *ret_is_duration = tok.type == TOK_DURATION;
        return parse_advance(p);
}

bool parse_string_token(Parse *p, Str *ret)
{
        Str text = lex_text(&p->lex, p->tok);
        if (!goquote_decode(text, p->arena, ret))
                return parse_fail(p, parse_pos(p->tok), "error unquoting string %s: invalid syntax",
                                  parse_quoted(p, text));
        return parse_advance(p);
}

/* ---- primaries ---- */

static Expr *parse_number(Parse *p)
{
        Expr *e = new_expr(p, EXPR_NUMBER, parse_pos(p->tok));
        e->type = VALUE_SCALAR;
        return parse_number_token(p, &e->number, &e->is_duration) ? e : NULL;
}

static Expr *parse_string(Parse *p)
{
        Expr *e = new_expr(p, EXPR_STRING, parse_pos(p->tok));
        e->type = VALUE_STRING;
        return parse_string_token(p, &e->string) ? e : NULL;
}

static Expr *parse_paren(Parse *p)
{
        Expr *e = new_expr(p, EXPR_PAREN, parse_pos(p->tok));
        if (!parse_advance(p) || !(e->paren = parse_binary(p, PREC_OR)) || !parse_expect(p, TOK_RPAREN))
                return NULL;
        e->pos.end = p->last.end;
        e->type = e->paren->type;
        return parse_grow(p, &e->height, e->paren->height, e->pos) ? e : NULL;
}

static bool starts_expr(TokenType type)
{
        return type == TOK_LPAREN || type == TOK_LBRACE || type == TOK_NUMBER || type == TOK_DURATION ||
               type == TOK_STRING || type == TOK_ADD || type == TOK_SUB || parse_is_metric_name(type);
}

typedef VEC(Expr *) ExprVec;

/* ( arguments ) up to, but not over, the closing parenthesis: its caller checks before anything behind it is read. */
static bool parse_args(Parse *p, ExprVec *args)
{
        args->arena = p->arena;
        if (!parse_expect(p, TOK_LPAREN))
                return false;
        while (p->tok.type != TOK_RPAREN) {
                Expr *arg = parse_binary(p, PREC_OR);
                if (!arg)
                        return false;
                vec_push(args, arg);
                if (p->tok.type == TOK_RPAREN)
                        return true;
                Token comma = p->tok;
                if (!parse_expect(p, TOK_COMMA))
                        return false;
                if (!starts_expr(p->tok.type))
                        return parse_fail(p, parse_pos(comma), "trailing commas not allowed in function call args");
        }
        return true;
}

static const Function *find_function(Parse *p, Token name)
{
        Str text = lex_text(&p->lex, name);
        bool keyword = name.type >= TOK_PREPROCESSOR_FIRST && name.type <= TOK_PREPROCESSOR_LAST;
        const Function *fn = functions_find(keyword ? str_lower(p->arena, text) : text);
        if (!fn) {
                parse_fail(p, parse_pos(name), "unknown function with name %s", parse_quoted(p, text));
                return NULL;
        }
        if ((fn->experimental && !p->features->experimental_functions) ||
            (fn->id == FN_START_TIMESTAMP && !p->features->use_start_timestamps)) {
                parse_fail(p, parse_pos(name), "function %s is not enabled", parse_quoted(p, text));
                return NULL;
        }
        return fn;
}

static Expr *parse_call(Parse *p, Token name)
{
        ExprVec args = { 0 };
        if (!parse_args(p, &args))
                return NULL;
        Expr *e = new_expr(p, EXPR_CALL, (SrcPos){ name.start, p->tok.end });
        e->call.fn = find_function(p, name);
        if (!e->call.fn || !parse_advance(p))
                return NULL;
        e->call.args = args.data;
        e->call.n_args = args.len;
        e->type = e->call.fn->result;
        for (size_t i = 0; i < args.len; i++)
                if (!parse_grow(p, &e->height, args.data[i]->height, e->pos))
                        return NULL;
        return e;
}

static bool has_param(AggregateOp op) { return op >= AGG_TOPK && op <= AGG_LIMIT_RATIO; }

static bool parse_aggregate_modifier(Parse *p, Expr *e)
{
        e->aggregate.without = p->tok.type == TOK_WITHOUT;
        return parse_advance(p) && parse_grouping(p, &e->aggregate.grouping);
}

static bool assemble_aggregate(Parse *p, Expr *e, const ExprVec *args)
{
        AggregateOp op = e->aggregate.op;
        size_t want = has_param(op) ? 2 : 1;
        if (args->len == 0)
                return parse_fail(p, e->pos, "no arguments for aggregate expression provided");
        if ((op == AGG_LIMITK || op == AGG_LIMIT_RATIO) && !p->features->experimental_functions)
                return parse_fail(
                        p, e->pos,
                        "%s() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
                        ast_aggregate_op_name(op));
        if (args->len != want)
                return parse_fail(p, e->pos,
                                  "wrong number of arguments for aggregate expression provided, expected %zu, got %zu",
                                  want, args->len);
        e->aggregate.param = want == 2 ? args->data[0] : NULL;
        e->aggregate.expr = args->data[want - 1];
        for (size_t i = 0; i < args->len; i++)
                if (!parse_grow(p, &e->height, args->data[i]->height, e->pos))
                        return false;
        return true;
}

static bool parse_aggregate_parts(Parse *p, Expr *e, ExprVec *args)
{
        bool modified = p->tok.type != TOK_LPAREN;
        if ((modified && !parse_aggregate_modifier(p, e)) || !parse_args(p, args) || !parse_advance(p))
                return false;
        if (!modified && (p->tok.type == TOK_BY || p->tok.type == TOK_WITHOUT) && !parse_aggregate_modifier(p, e))
                return false;
        e->pos.end = p->last.end;
        return true;
}

/* The operator has been read; ( or by or without follows. */
static Expr *parse_aggregate(Parse *p, Token op)
{
        Expr *e = new_expr(p, EXPR_AGGREGATE, parse_pos(op));
        e->type = VALUE_VECTOR;
        e->aggregate.op = (AggregateOp)(op.type - TOK_AGGREGATE_FIRST);
        const char *outer = p->context;
        p->context = "aggregation";
        ExprVec args = { 0 };
        bool ok = parse_aggregate_parts(p, e, &args);
        p->context = outer;
        return ok && assemble_aggregate(p, e, &args) ? e : NULL;
}

static Expr *parse_name(Parse *p)
{
        Token name = p->tok;
        if (!parse_advance(p))
                return NULL;
        bool aggregate = name.type >= TOK_AGGREGATE_FIRST && name.type <= TOK_AGGREGATE_LAST;
        if (aggregate && (p->tok.type == TOK_LPAREN || p->tok.type == TOK_BY || p->tok.type == TOK_WITHOUT))
                return parse_aggregate(p, name);
        bool callable = name.type == TOK_IDENTIFIER ||
                        (name.type >= TOK_PREPROCESSOR_FIRST && name.type <= TOK_PREPROCESSOR_LAST);
        if (callable && p->tok.type == TOK_LPAREN)
                return parse_call(p, name);
        return parse_selector(p, &name);
}

static Expr *parse_primary(Parse *p)
{
        TokenType type = p->tok.type;
        if (type == TOK_LPAREN)
                return parse_paren(p);
        if (type == TOK_NUMBER || type == TOK_DURATION)
                return parse_number(p);
        if (type == TOK_STRING)
                return parse_string(p);
        if (type == TOK_LBRACE)
                return parse_selector(p, NULL);
        if (parse_is_metric_name(type))
                return parse_name(p);
        if (p->last.type == TOK_GROUP_LEFT || p->last.type == TOK_GROUP_RIGHT)
                parse_unexpected(p, "grouping opts", "\"(\"");
        else
                parse_unexpected_here(p);
        return NULL;
}

/* ---- what may follow a primary: ranges, subqueries, offset, @, anchored, smoothed ---- */

static Expr *make_range(Parse *p, Expr *e, Token open, const ParsedDuration *range)
{
        SrcPos pos = { open.start, p->tok.end };
        const char *msg = NULL;
        if (e->kind != EXPR_SELECTOR || e->selector.has_range)
                msg = "ranges only allowed for vector selectors";
        else if (e->selector.shift.offset_ms != 0 || e->selector.shift.offset_expr)
                msg = "no offset modifiers allowed before range";
        else if (e->selector.shift.at == AT_TIME)
                msg = "no @ modifiers allowed before range";
        if (msg) {
                parse_fail(p, pos, "%s", msg);
                return NULL;
        }
        e->type = VALUE_MATRIX;
        e->selector.has_range = true;
        e->selector.range_ms = range->ms;
        e->selector.range_expr = range->tree;
        e->selector.range_written = range->written;
        e->pos.end = p->tok.end;
        return parse_advance(p) ? e : NULL;
}

static Expr *parse_subquery(Parse *p, Expr *inner, const ParsedDuration *range)
{
        ParsedDuration step = { 0 };
        if (!parse_advance(p))
                return NULL;
        if (p->tok.type != TOK_RBRACKET) {
                TokenType t = p->tok.type;
                if (t != TOK_NUMBER && t != TOK_DURATION && t != TOK_LPAREN && t != TOK_ADD && t != TOK_SUB &&
                    (t < TOK_STEP || t > TOK_MAX_OF)) {
                        parse_unexpected(p, "subquery selector", "number, duration, step(), range(), or \"]\"");
                        return NULL;
                }
                if (!parse_range_duration(p, &step))
                        return NULL;
                if (p->tok.type != TOK_RBRACKET) {
                        parse_unexpected(p, "subquery selector", "\"]\"");
                        return NULL;
                }
        }
        Expr *e = new_expr(p, EXPR_SUBQUERY, (SrcPos){ inner->pos.start, p->tok.end });
        e->type = VALUE_MATRIX;
        e->subquery.expr = inner;
        e->subquery.range_ms = range->ms;
        e->subquery.range_expr = range->tree;
        e->subquery.range_written = range->written;
        e->subquery.step_ms = step.ms;
        e->subquery.step_expr = step.tree;
        e->subquery.step_written = step.written;
        return parse_grow(p, &e->height, inner->height, e->pos) && parse_advance(p) ? e : NULL;
}

static Expr *parse_bracket(Parse *p, Expr *e)
{
        Token open = p->tok;
        ParsedDuration range;
        if (!parse_advance(p) || !parse_range_duration(p, &range))
                return NULL;
        if (p->tok.type == TOK_COLON)
                return parse_subquery(p, e, &range);
        if (p->tok.type != TOK_RBRACKET) {
                parse_unexpected(p, "subquery or range", "\":\" or \"]\"");
                return NULL;
        }
        return make_range(p, e, open, &range);
}

static TimeShift *shift_of(Expr *e)
{
        return e->kind == EXPR_SELECTOR ? &e->selector.shift : e->kind == EXPR_SUBQUERY ? &e->subquery.shift : NULL;
}

static Expr *parse_offset(Parse *p, Expr *e)
{
        ParsedDuration d;
        if (!parse_advance(p) || !parse_offset_duration(p, &d))
                return NULL;
        TimeShift *shift = shift_of(e);
        if (!shift) {
                parse_fail(
                        p, e->pos,
                        "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery");
                return NULL;
        }
        if (shift->offset_ms != 0 || shift->offset_expr) {
                parse_fail(p, e->pos, "offset may not be set multiple times");
                return NULL;
        }
        shift->offset_ms = d.ms;
        shift->offset_expr = d.tree;
        shift->offset_written = d.written;
        e->pos.end = p->last.end;
        return e;
}

static bool parse_at_time(Parse *p, const Expr *e, TimeShift *at)
{
        double v = 0;
        bool is_duration, negative = p->tok.type == TOK_SUB;
        if ((negative || p->tok.type == TOK_ADD) && !parse_advance(p))
                return false;
        if (p->tok.type != TOK_NUMBER && p->tok.type != TOK_DURATION)
                return parse_unexpected(p, "@", "timestamp");
        if (!parse_number_token(p, &v, &is_duration))
                return false;
        v = negative ? -v : v;
        double ms = round(v * 1000);
        if (!(fabs(ms) < 9223372036854775807.0))
                return parse_fail(p, e->pos, "timestamp out of bounds for @ modifier: %f", v);
        *at = (TimeShift){ .at = AT_TIME, .at_ms = (int64_t)ms };
        return true;
}

static bool parse_at_query_bound(Parse *p, TimeShift *at)
{
        *at = (TimeShift){ .at = p->tok.type == TOK_START ? AT_START : AT_END };
        if (!parse_advance(p))
                return false;
        if (p->tok.type != TOK_LPAREN)
                return parse_unexpected(p, "@", "timestamp");
        if (!parse_advance(p))
                return false;
        return p->tok.type == TOK_RPAREN ? parse_advance(p) : parse_unexpected(p, "@", "timestamp");
}

static Expr *parse_at(Parse *p, Expr *e)
{
        TimeShift at = { .at = AT_NONE };
        if (!parse_advance(p))
                return NULL;
        bool bound = p->tok.type == TOK_START || p->tok.type == TOK_END;
        if (!(bound ? parse_at_query_bound(p, &at) : parse_at_time(p, e, &at)))
                return NULL;
        TimeShift *shift = shift_of(e);
        if (!shift) {
                parse_fail(
                        p, e->pos,
                        "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery");
                return NULL;
        }
        if (shift->at != AT_NONE) {
                parse_fail(p, e->pos, "@ <timestamp> may not be set multiple times");
                return NULL;
        }
        shift->at = at.at;
        shift->at_ms = at.at_ms;
        e->pos.end = p->last.end;
        return e;
}

static Expr *parse_range_mode(Parse *p, Expr *e)
{
        RangeMode mode = p->tok.type == TOK_ANCHORED ? RANGE_ANCHORED : RANGE_SMOOTHED;
        const char *name = mode == RANGE_ANCHORED ? "anchored" : "smoothed";
        if (!p->features->extended_range_selectors)
                parse_fail(p, e->pos, "%s modifier is experimental and not enabled", name);
        else if (e->kind == EXPR_SUBQUERY)
                parse_fail(p, e->pos, "%s modifier is not supported for subqueries", name);
        else if (e->kind != EXPR_SELECTOR)
                parse_fail(p, e->pos, "%s modifier not implemented", name);
        else if (e->selector.mode != RANGE_PLAIN && e->selector.mode != mode)
                parse_fail(p, e->pos, "anchored and smoothed modifiers cannot be used together");
        else {
                e->selector.mode = mode;
                return parse_advance(p) ? e : NULL;
        }
        return NULL;
}

static Expr *parse_postfix(Parse *p)
{
        Expr *e = parse_primary(p);
        while (e) {
                TokenType type = p->tok.type;
                if (type == TOK_LBRACKET)
                        e = parse_bracket(p, e);
                else if (type == TOK_OFFSET)
                        e = parse_offset(p, e);
                else if (type == TOK_AT)
                        e = parse_at(p, e);
                else if (type == TOK_ANCHORED || type == TOK_SMOOTHED)
                        e = parse_range_mode(p, e);
                else
                        break;
        }
        return e;
}

/* ---- operators ---- */

static Expr *parse_unary_operand(Parse *p)
{
        Token op = p->tok;
        bool negative = op.type == TOK_SUB;
        if (!parse_advance(p))
                return NULL;
        Expr *operand = parse_binary(p, PREC_POW);
        if (!operand)
                return NULL;
        if (operand->kind == EXPR_NUMBER) {
                operand->number = negative ? -operand->number : operand->number;
                operand->pos.start = op.start;
                return operand;
        }
        Expr *e = new_expr(p, EXPR_UNARY, (SrcPos){ op.start, operand->pos.end });
        e->type = operand->type;
        e->unary.expr = operand;
        e->unary.negative = negative;
        return parse_grow(p, &e->height, operand->height, e->pos) ? e : NULL;
}

static Expr *parse_unary(Parse *p)
{
        if (p->tok.type != TOK_ADD && p->tok.type != TOK_SUB)
                return parse_postfix(p);
        return parse_unary_operand(p);
}

static int precedence_of(TokenType type)
{
        if (type == TOK_OR)
                return PREC_OR;
        if (type == TOK_AND || type == TOK_UNLESS)
                return PREC_AND;
        if ((type >= TOK_EQLC && type <= TOK_LTE) || type == TOK_TRIM_UPPER || type == TOK_TRIM_LOWER)
                return PREC_COMPARE;
        if (type == TOK_ADD || type == TOK_SUB)
                return PREC_ADD;
        if (type == TOK_MUL || type == TOK_DIV || type == TOK_MOD || type == TOK_ATAN2)
                return PREC_MUL;
        return type == TOK_POW ? PREC_POW : PREC_NONE;
}

/* ( number ) with an optional sign. */
static bool parse_fill_value(Parse *p, double *ret)
{
        bool is_duration;
        if (!parse_advance(p) || !parse_expect(p, TOK_LPAREN))
                return false;
        bool negative = p->tok.type == TOK_SUB;
        if ((negative || p->tok.type == TOK_ADD) && !parse_advance(p))
                return false;
        if (p->tok.type != TOK_NUMBER && p->tok.type != TOK_DURATION)
                return parse_unexpected_here(p);
        double v = 0;
        if (!parse_number_token(p, &v, &is_duration) || !parse_expect(p, TOK_RPAREN))
                return false;
        *ret = negative ? -v : v;
        return true;
}

static bool parse_fill(Parse *p, Expr *e)
{
        if (p->tok.type == TOK_FILL) {
                if (!parse_fill_value(p, &e->binary.fill_lhs))
                        return false;
                e->binary.fill_rhs = e->binary.fill_lhs;
                e->binary.fill_lhs_set = e->binary.fill_rhs_set = true;
                return true;
        }
        while ((p->tok.type == TOK_FILL_LEFT && !e->binary.fill_lhs_set) ||
               (p->tok.type == TOK_FILL_RIGHT && !e->binary.fill_rhs_set)) {
                bool left = p->tok.type == TOK_FILL_LEFT;
                if (!parse_fill_value(p, left ? &e->binary.fill_lhs : &e->binary.fill_rhs))
                        return false;
                *(left ? &e->binary.fill_lhs_set : &e->binary.fill_rhs_set) = true;
        }
        return true;
}

/* bool, on/ignoring, group_left/right, fill: in this order, each optional. */
static bool parse_modifiers(Parse *p, Expr *e)
{
        if (p->tok.type == TOK_BOOL) {
                e->binary.return_bool = true;
                if (!parse_advance(p))
                        return false;
        }
        if (p->tok.type == TOK_ON || p->tok.type == TOK_IGNORING) {
                e->binary.has_matching = true;
                e->binary.on = p->tok.type == TOK_ON;
                if (!parse_advance(p) || !parse_grouping(p, &e->binary.labels))
                        return false;
                if (p->tok.type == TOK_GROUP_LEFT || p->tok.type == TOK_GROUP_RIGHT) {
                        e->binary.card = p->tok.type == TOK_GROUP_LEFT ? CARD_MANY_TO_ONE : CARD_ONE_TO_MANY;
                        if (!parse_advance(p) || (p->tok.type == TOK_LPAREN && !parse_grouping(p, &e->binary.include)))
                                return false;
                }
        }
        return parse_fill(p, e);
}

static Expr *parse_operator(Parse *p, Expr *lhs, int prec)
{
        Token op = p->tok;
        Expr *e = new_expr(p, EXPR_BINARY, lhs->pos);
        e->binary.op = (BinaryOp)(op.type - TOK_OPERATOR_FIRST);
        e->binary.lhs = lhs;
        if (!parse_advance(p) || !parse_modifiers(p, e))
                return NULL;
        e->binary.op_pos = (SrcPos){ op.start, p->last.end };
        e->binary.rhs = parse_binary(p, op.type == TOK_POW ? prec : prec + 1);
        if (!e->binary.rhs)
                return NULL;
        e->pos.end = e->binary.rhs->pos.end;
        if ((e->binary.fill_lhs_set || e->binary.fill_rhs_set) && !p->features->binop_fill_modifiers) {
                parse_fail(p, e->pos, "binop fill modifiers are experimental and not enabled");
                return NULL;
        }
        bool scalar = e->binary.lhs->type == VALUE_SCALAR && e->binary.rhs->type == VALUE_SCALAR;
        e->type = scalar ? VALUE_SCALAR : VALUE_VECTOR;
        return parse_grow(p, &e->height, lhs->height, e->pos) &&
                               parse_grow(p, &e->height, e->binary.rhs->height, e->pos)
                       ? e
                       : NULL;
}

static Expr *parse_binary(Parse *p, int min_prec)
{
        if (!parse_enter(p))
                return NULL;
        Expr *e = parse_unary(p);
        for (int prec; e && (prec = precedence_of(p->tok.type)) >= min_prec && prec != PREC_NONE;)
                e = parse_operator(p, e, prec);
        parse_leave(p);
        return e;
}

Expr *parse_whole_expr(Parse *p)
{
        if (p->tok.type == TOK_EOF) {
                parse_fail(p, (SrcPos){ 0, 0 }, "no expression found in input");
                return NULL;
        }
        Expr *e = parse_binary(p, PREC_OR);
        if (e && p->tok.type != TOK_EOF) {
                parse_unexpected_here(p);
                return NULL;
        }
        return e;
}
