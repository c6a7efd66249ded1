/* The duration grammar. Behind `offset` a bare literal, call or parenthesis ends the duration: `x offset 1m + 1` adds 1
 * to x. Inside [] arithmetic goes on. A plain literal never becomes a tree. */

#include "promql/parse.h"

enum { DUR_PREC_NONE, DUR_PREC_ADD, DUR_PREC_MUL, DUR_PREC_POW };

static const DurationExpr *parse_dur(Parse *p, int min_prec, const char *context);

static const DurationExpr *unexpected(Parse *p, const char *context)
{
        parse_unexpected(p, context, "number, duration, step(), or range()");
        return NULL;
}

static DurationExpr *new_node(Parse *p, DurOp op, SrcPos pos, const DurationExpr *lhs, const DurationExpr *rhs)
{
        DurationExpr *e = arena_new_of(p->arena, DurationExpr);
        *e = (DurationExpr){ .op = op, .height = 1, .lhs = lhs, .rhs = rhs, .pos = pos };
        e->constant = op != DUR_STEP && op != DUR_RANGE && (!lhs || lhs->constant) && (!rhs || rhs->constant);
        if ((lhs && !parse_grow(p, &e->height, lhs->height, pos)) ||
            (rhs && !parse_grow(p, &e->height, rhs->height, pos)))
                return NULL;
        return e;
}

/* Everything but a plain literal may be switched off. */
static const DurationExpr *gated(Parse *p, const DurationExpr *e)
{
        if (e && !p->features->duration_expr) {
                parse_fail(p, e->pos, "experimental duration expression is not enabled");
                return NULL;
        }
        return e;
}

static bool out_of_range(double seconds)
{
        const double max = 9223372036854775808.0 / 1e9;
        return !(seconds <= max && seconds >= -max);
}

static DurationExpr *parse_literal(Parse *p)
{
        DurationExpr *e = new_node(p, DUR_NUMBER, parse_pos(p->tok), NULL, NULL);
        if (!e || !parse_number_token(p, &e->seconds, &e->is_duration))
                return NULL;
        if (out_of_range(e->seconds)) {
                parse_fail(p, e->pos, "duration out of range");
                return NULL;
        }
        return e;
}

static bool expect(Parse *p, TokenType type, const char *context)
{
        return p->tok.type == type ? parse_advance(p) : unexpected(p, context) != NULL;
}

static const DurationExpr *parse_dur_call(Parse *p, const char *context)
{
        Token name = p->tok;
        const DurationExpr *lhs = NULL, *rhs = NULL;
        DurOp op = name.type == TOK_STEP     ? DUR_STEP
                   : name.type == TOK_RANGE  ? DUR_RANGE
                   : name.type == TOK_MIN_OF ? DUR_MIN
                                             : DUR_MAX;
        if (!parse_advance(p) || !expect(p, TOK_LPAREN, context))
                return NULL;
        if (op == DUR_MIN || op == DUR_MAX) {
                if (!(lhs = parse_dur(p, DUR_PREC_ADD, context)) || !expect(p, TOK_COMMA, context) ||
                    !(rhs = parse_dur(p, DUR_PREC_ADD, context)))
                        return NULL;
        }
        if (!expect(p, TOK_RPAREN, context))
                return NULL;
        return gated(p, new_node(p, op, (SrcPos){ name.start, p->last.end }, lhs, rhs));
}

static const DurationExpr *parse_dur_primary(Parse *p, const char *context)
{
        Token open = p->tok;
        if (open.type == TOK_NUMBER || open.type == TOK_DURATION)
                return parse_literal(p);
        if (open.type >= TOK_STEP && open.type <= TOK_MAX_OF)
                return parse_dur_call(p, context);
        if (open.type != TOK_LPAREN)
                return unexpected(p, context);
        if (!parse_advance(p))
                return NULL;
        const DurationExpr *inner = parse_dur(p, DUR_PREC_ADD, context);
        if (!inner || !expect(p, TOK_RPAREN, context))
                return NULL;
        return gated(p, new_node(p, DUR_PAREN, (SrcPos){ open.start, p->last.end }, NULL, inner));
}

static const DurationExpr *apply_sign(Parse *p, Token sign, const DurationExpr *e)
{
        if (e->op == DUR_NUMBER) {
                DurationExpr *n = arena_new_of(p->arena, DurationExpr);
                *n = *e;
                n->seconds = sign.type == TOK_SUB ? -e->seconds : e->seconds;
                n->pos.start = sign.start;
                return n;
        }
        return sign.type == TOK_SUB ? new_node(p, DUR_NEGATE, (SrcPos){ sign.start, e->pos.end }, NULL, e) : e;
}

static const DurationExpr *parse_dur_unary(Parse *p, const char *context)
{
        Token sign = p->tok;
        if (sign.type != TOK_ADD && sign.type != TOK_SUB)
                return parse_dur_primary(p, context);
        if (!parse_advance(p))
                return NULL;
        const DurationExpr *operand = parse_dur(p, DUR_PREC_POW, context);
        return operand ? apply_sign(p, sign, operand) : NULL;
}

static int dur_precedence(TokenType type)
{
        if (type == TOK_ADD || type == TOK_SUB)
                return DUR_PREC_ADD;
        if (type == TOK_MUL || type == TOK_DIV || type == TOK_MOD)
                return DUR_PREC_MUL;
        return type == TOK_POW ? DUR_PREC_POW : DUR_PREC_NONE;
}

static DurOp dur_op(TokenType type)
{
        static const struct {
                TokenType type;
                DurOp op;
        } OPS[] = { { TOK_ADD, DUR_ADD },
                    { TOK_SUB, DUR_SUB },
                    { TOK_MUL, DUR_MUL },
                    { TOK_DIV, DUR_DIV },
                    { TOK_MOD, DUR_MOD } };
        for (size_t i = 0; i < ARRAY_LEN(OPS); i++)
                if (OPS[i].type == type)
                        return OPS[i].op;
        return DUR_POW;
}

static const DurationExpr *parse_dur_operator(Parse *p, const DurationExpr *lhs, int prec, const char *context)
{
        Token tok = p->tok;
        DurOp op = dur_op(tok.type);
        if (!parse_advance(p))
                return NULL;
        const DurationExpr *rhs = parse_dur(p, op == DUR_POW ? prec : prec + 1, context);
        if (!rhs || !gated(p, lhs))
                return NULL;
        if ((op == DUR_DIV || op == DUR_MOD) && rhs->op == DUR_NUMBER && rhs->seconds == 0) {
                parse_fail(p, parse_pos(tok), op == DUR_DIV ? "division by zero" : "modulo by zero");
                return NULL;
        }
        return new_node(p, op, (SrcPos){ lhs->pos.start, rhs->pos.end }, lhs, rhs);
}

static const DurationExpr *parse_dur(Parse *p, int min_prec, const char *context)
{
        if (!parse_enter(p))
                return NULL;
        const DurationExpr *e = parse_dur_unary(p, context);
        for (int prec; e && (prec = dur_precedence(p->tok.type)) >= min_prec && prec != DUR_PREC_NONE;)
                e = parse_dur_operator(p, e, prec, context);
        parse_leave(p);
        return e;
}

static bool finish(Parse *p, const DurationExpr *e, bool allow_negative, ParsedDuration *ret)
{
        ParsedDuration d = { 0 };
        Err why;
        if (e->op == DUR_NUMBER) {
                if (!durexpr_seconds_to_ms(e->seconds, &d.ms))
                        return parse_fail(p, e->pos, "duration out of range");
                if (!allow_negative && d.ms <= 0)
                        return parse_fail(p, e->pos, "duration must be greater than 0");
        } else {
                d.written = e;
                if (!e->constant)
                        d.tree = e;
                else if (!durexpr_eval(e, 0, 0, 0, allow_negative, &d.ms, &why))
                        return parse_fail(p, e->pos, "%s", why.msg);
        }
        *ret = d;
        return true;
}

bool parse_range_duration(Parse *p, ParsedDuration *ret)
{
        const DurationExpr *e = parse_dur(p, DUR_PREC_ADD, "subquery or range selector");
        return e && finish(p, e, false, ret);
}

bool parse_offset_duration(Parse *p, ParsedDuration *ret)
{
        static const char CONTEXT[] = "offset";
        Token sign = p->tok;
        bool is_signed = sign.type == TOK_ADD || sign.type == TOK_SUB;
        if (is_signed && !parse_advance(p))
                return false;
        const DurationExpr *e = parse_dur_primary(p, CONTEXT);
        if (e && is_signed)
                e = apply_sign(p, sign, e);
        return e && finish(p, e, true, ret);
}
