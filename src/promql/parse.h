/* promql/parse.h - the recursive-descent parser behind ast_parse, split over parse.c (expressions), parse_selector.c
 * (selectors, label lists) and parse_duration.c ([...] and offset). Private to promql/. */
#pragma once
#include <stdbool.h>

#include "model/labels.h"
#include "promql/ast.h"
#include "promql/durexpr.h"
#include "promql/lex.h"

typedef struct Parse {
        Lex lex;
        Token tok;  /* the look-ahead */
        Token last; /* the one before it */
        Arena *arena;
        const PromqlFeatures *features;
        unsigned depth, max_depth;
        const char *context; /* what the innermost open construct is called in messages, or NULL */
        Err *err;
        SrcPos err_pos; /* valid after a failure */
} Parse;

/* Functions return false or NULL on failure: err and err_pos are set, and parsing stops. */
MUST_CHECK bool parse_begin(Parse *p, Str text, Arena *arena, const PromqlFeatures *features, unsigned max_depth,
                            Err *err);
MUST_CHECK bool parse_advance(Parse *p);
bool parse_fail(Parse *p, SrcPos pos, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* "unexpected <look-ahead> in <context>, expected <expected>"; both may be NULL. */
bool parse_unexpected(Parse *p, const char *context, const char *expected);
/* The same with p->context. */
bool parse_unexpected_here(Parse *p);
MUST_CHECK bool parse_expect(Parse *p, TokenType type);
static inline SrcPos parse_pos(Token tok) { return (SrcPos){ tok.start, tok.end }; }
/* A quoted copy for messages, in p->arena. */
const char *parse_quoted(const Parse *p, Str text);
/* Counts one level of recursion; parse_leave undoes it. */
MUST_CHECK bool parse_enter(Parse *p);
static inline void parse_leave(Parse *p) { p->depth--; }
/* Raises *height to one above child's; false when the limit is passed. */
MUST_CHECK bool parse_grow(Parse *p, uint16_t *height, uint16_t child, SrcPos pos);

Expr *parse_whole_expr(Parse *p);
MUST_CHECK bool parse_number_token(Parse *p, double *ret,
                                   bool *ret_is_duration); /* consumes TOK_NUMBER or TOK_DURATION */
MUST_CHECK bool parse_string_token(Parse *p, Str *ret);    /* consumes TOK_STRING */

/* parse_selector.c */
bool parse_is_metric_name(TokenType type);
/* name is the token in front, already consumed, or NULL; the look-ahead may be {. */
Expr *parse_selector(Parse *p, const Token *name);
MUST_CHECK bool parse_grouping(Parse *p, StrVec *ret);
/* {a="b", "c"="d", "name"} with the look-ahead at {. Stops with } as the look-ahead, so that nothing behind it is read. */
MUST_CHECK bool parse_label_set(Parse *p, LabelsBuilder *labels);

/* parse_duration.c */
typedef struct ParsedDuration {
        int64_t ms;
        const DurationExpr *tree;    /* NULL when constant: ms stands */
        const DurationExpr *written; /* NULL when it was a plain literal */
} ParsedDuration;
MUST_CHECK bool parse_range_duration(Parse *p, ParsedDuration *ret); /* must be positive */
MUST_CHECK bool parse_offset_duration(Parse *p, ParsedDuration *ret);

/* typecheck.c */
MUST_CHECK bool typecheck_expr(Parse *p, Expr *expr);
