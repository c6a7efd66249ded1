/* promql/lex.h - tokens of PromQL. The lexer knows where it is (braces, brackets), as the language needs it to:
 * keywords are plain names inside {}, and [] holds durations. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* The order matters: the ranges below name the kind of a token in messages; aggregators are in AggregateOp's order. */
// clang-format off
typedef enum TokenType {
        TOK_EOF, TOK_ERROR,
        TOK_IDENTIFIER, TOK_METRIC /* a name with a colon */, TOK_STRING, TOK_NUMBER, TOK_DURATION,
        TOK_COMMA, TOK_EQL, TOK_COLON, TOK_LPAREN, TOK_RPAREN, TOK_LBRACE, TOK_RBRACE, TOK_LBRACKET, TOK_RBRACKET,
        TOK_OPERATOR_FIRST,
        TOK_ADD = TOK_OPERATOR_FIRST, TOK_SUB, TOK_MUL, TOK_DIV, TOK_MOD, TOK_POW, TOK_ATAN2,
        TOK_EQLC, TOK_NEQ, TOK_GTR, TOK_LSS, TOK_GTE, TOK_LTE, TOK_AND, TOK_OR, TOK_UNLESS, TOK_TRIM_UPPER, TOK_TRIM_LOWER,
        TOK_EQL_REGEX, TOK_NEQ_REGEX, TOK_AT,
        TOK_OPERATOR_LAST = TOK_AT,
        TOK_AGGREGATE_FIRST,
        TOK_SUM = TOK_AGGREGATE_FIRST, TOK_AVG, TOK_COUNT, TOK_MIN, TOK_MAX, TOK_GROUP, TOK_STDDEV, TOK_STDVAR, TOK_TOPK, TOK_BOTTOMK,
        TOK_COUNT_VALUES, TOK_QUANTILE, TOK_LIMITK, TOK_LIMIT_RATIO,
        TOK_AGGREGATE_LAST = TOK_LIMIT_RATIO,
        TOK_KEYWORD_FIRST,
        TOK_OFFSET = TOK_KEYWORD_FIRST, TOK_SMOOTHED, TOK_ANCHORED, TOK_BY, TOK_WITHOUT, TOK_ON, TOK_IGNORING, TOK_GROUP_LEFT,
        TOK_GROUP_RIGHT, TOK_FILL, TOK_FILL_LEFT, TOK_FILL_RIGHT, TOK_BOOL,
        TOK_KEYWORD_LAST = TOK_BOOL,
        TOK_PREPROCESSOR_FIRST,
        TOK_START = TOK_PREPROCESSOR_FIRST, TOK_END, TOK_STEP, TOK_RANGE, TOK_MIN_OF, TOK_MAX_OF,
        TOK_PREPROCESSOR_LAST = TOK_MAX_OF,
} TokenType;
// clang-format on

typedef struct Token {
        TokenType type;
        uint32_t start, end; /* byte offsets */
} Token;

typedef enum LexState { LEX_STATEMENTS, LEX_BRACES, LEX_DURATION } LexState;

typedef struct Lex {
        Str in;         /* borrowed */
        uint32_t pos;   /* next byte */
        uint32_t start; /* of the token being read */
        LexState state;
        int paren_depth;
        bool bracket_open, got_colon, got_duration;
} Lex;

void lex_init(Lex *lex, Str in);
/* The next token; comments are skipped. On TOK_ERROR err holds the message, and [start, end of input) is its place. */
Token lex_next(Lex *lex, Err *err);
static inline Str lex_text(const Lex *lex, Token tok) { return str_n(lex->in.p + tok.start, tok.end - tok.start); }
/* How messages name a token: identifier "foo", <op:+>, "(", end of input. */
void lex_describe(const Lex *lex, Token tok, Buf *out);
