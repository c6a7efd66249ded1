/* Selectors, label lists and label sets: everything between braces, and the lists of grouping and matching labels.
 * The matcher of the name written in front comes last, so that "metric name set twice" names both. */
#include "base/utf8.h"
#include "promql/parse.h"

typedef VEC(Matcher) MatcherVec;

bool parse_is_metric_name(TokenType type)
{
        if (type >= TOK_AGGREGATE_FIRST && type <= TOK_AGGREGATE_LAST)
                return true;
        if (type >= TOK_PREPROCESSOR_FIRST && type <= TOK_PREPROCESSOR_LAST)
                return true;
        if (type >= TOK_FILL && type <= TOK_FILL_RIGHT)
                return true;
        return type == TOK_IDENTIFIER || type == TOK_METRIC || type == TOK_AND || type == TOK_OR ||
               type == TOK_UNLESS || type == TOK_OFFSET || type == TOK_BY || type == TOK_WITHOUT ||
               type == TOK_ANCHORED || type == TOK_SMOOTHED;
}

static bool is_match_op(TokenType type, MatchType *ret)
{
        if (type == TOK_EQL)
                *ret = MATCH_EQ;
        else if (type == TOK_NEQ)
                *ret = MATCH_NE;
        else if (type == TOK_EQL_REGEX)
                *ret = MATCH_RE;
        else if (type == TOK_NEQ_REGEX)
                *ret = MATCH_NRE;
        else
                return false;
        return true;
}

static bool add_matcher(Parse *p, MatcherVec *ms, MatchType type, Str name, Str value, SrcPos pos)
{
        Matcher m;
        if (!matcher_make(p->arena, type, name, value, &m, p->err)) {
                p->err_pos = pos;
                return false;
        }
        vec_push(ms, m);
        return true;
}

/* name op "value", "name" op "value", or "metric name". */
static bool parse_matcher(Parse *p, MatcherVec *ms)
{
        Token first = p->tok;
        Str name, value;
        MatchType type;
        if (first.type == TOK_STRING) {
                if (!parse_string_token(p, &name))
                        return false;
        } else if (first.type == TOK_IDENTIFIER) {
                name = lex_text(&p->lex, first);
                if (!parse_advance(p))
                        return false;
        } else {
                return parse_unexpected(p, "label matching", "identifier or \"}\"");
        }
        if (!is_match_op(p->tok.type, &type)) {
                if (first.type == TOK_IDENTIFIER)
                        return parse_unexpected(p, "label matching", "label matching operator");
                return add_matcher(p, ms, MATCH_EQ, LABEL_NAME, name, parse_pos(first));
        }
        if (!parse_advance(p))
                return false;
        if (p->tok.type != TOK_STRING)
                return parse_unexpected(p, "label matching", "string");
        if (!parse_string_token(p, &value))
                return false;
        return add_matcher(p, ms, type, name, value, (SrcPos){ first.start, p->last.end });
}

static bool parse_matchers(Parse *p, MatcherVec *ms)
{
        if (!parse_advance(p))
                return false;
        while (p->tok.type != TOK_RBRACE) {
                if (!parse_matcher(p, ms))
                        return false;
                if (p->tok.type == TOK_RBRACE)
                        break;
                if (p->tok.type != TOK_COMMA)
                        return parse_unexpected(p, "label matching", "\",\" or \"}\"");
                if (!parse_advance(p))
                        return false;
        }
        return parse_advance(p);
}

Expr *parse_selector(Parse *p, const Token *name)
{
        Expr *e = arena_new_of(p->arena, Expr);
        MatcherVec ms = { .arena = p->arena };
        e->kind = EXPR_SELECTOR;
        e->type = VALUE_VECTOR;
        e->height = 1;
        e->pos.start = name ? name->start : p->tok.start;
        if (p->tok.type == TOK_LBRACE && !parse_matchers(p, &ms))
                return NULL;
        e->pos.end = p->last.end;
        if (name) {
                e->selector.name = str_dup(p->arena, lex_text(&p->lex, *name));
                if (!add_matcher(p, &ms, MATCH_EQ, LABEL_NAME, e->selector.name, parse_pos(*name)))
                        return NULL;
        }
        e->selector.matchers = (Matchers){ ms.data, ms.len };
        return e;
}

/* Most keywords are fine label names between the parentheses of by, on, ... */
static bool is_label(TokenType type)
{
        return parse_is_metric_name(type) ? type != TOK_WITHOUT
                                          : type == TOK_BOOL || type == TOK_GROUP_LEFT || type == TOK_GROUP_RIGHT ||
                                                    type == TOK_IGNORING || type == TOK_ON || type == TOK_ATAN2;
}

static bool parse_grouping_label(Parse *p, Str *ret)
{
        SrcPos pos = parse_pos(p->tok);
        if (p->tok.type == TOK_STRING) {
                if (!parse_string_token(p, ret))
                        return false;
        } else if (is_label(p->tok.type)) {
                *ret = str_dup(p->arena, lex_text(&p->lex, p->tok));
                if (!parse_advance(p))
                        return false;
        } else {
                return parse_unexpected(p, "grouping opts", "label");
        }
        if (ret->n == 0 || !utf8_valid(*ret))
                return parse_fail(p, pos, "invalid label name for grouping: %s", parse_quoted(p, *ret));
        return true;
}

bool parse_grouping(Parse *p, StrVec *ret)
{
        VEC(Str) labels = { .arena = p->arena };
        if (p->tok.type != TOK_LPAREN)
                return parse_unexpected(p, "grouping opts", "\"(\"");
        if (!parse_advance(p))
                return false;
        while (p->tok.type != TOK_RPAREN) {
                Str label;
                if (!parse_grouping_label(p, &label))
                        return false;
                vec_push(&labels, label);
                if (p->tok.type == TOK_RPAREN)
                        break;
                if (p->tok.type != TOK_COMMA)
                        return parse_unexpected(p, "grouping opts", "\",\" or \")\"");
                if (!parse_advance(p))
                        return false;
        }
        *ret = (StrVec){ labels.data, labels.len };
        return parse_advance(p);
}

/* ---- label sets, for series descriptions ---- */

static bool parse_label(Parse *p, LabelsBuilder *labels)
{
        Token first = p->tok;
        Str name, value;
        if (first.type == TOK_STRING) {
                if (!parse_string_token(p, &name))
                        return false;
                if (p->tok.type != TOK_EQL) {
                        labels_builder_set(labels, LABEL_NAME, name);
                        return true;
                }
        } else if (first.type == TOK_IDENTIFIER) {
                name = str_dup(p->arena, lex_text(&p->lex, first));
                if (!parse_advance(p))
                        return false;
        } else {
                return parse_unexpected(p, "label set", "identifier or \"}\"");
        }
        if (p->tok.type != TOK_EQL)
                return parse_unexpected(p, "label set", "\"=\"");
        if (!parse_advance(p))
                return false;
        if (p->tok.type != TOK_STRING)
                return parse_unexpected(p, "label set", "string");
        if (!parse_string_token(p, &value))
                return false;
        labels_builder_set(labels, name, value);
        return true;
}

bool parse_label_set(Parse *p, LabelsBuilder *labels)
{
        if (!parse_advance(p))
                return false;
        while (p->tok.type != TOK_RBRACE) {
                if (!parse_label(p, labels))
                        return false;
                if (p->tok.type == TOK_RBRACE)
                        break;
                if (p->tok.type != TOK_COMMA)
                        return parse_unexpected(p, "label set", "\",\" or \"}\"");
                if (!parse_advance(p))
                        return false;
        }
        return true;
}
