/* gotmpl/tmpl_lex.h - the tokens of a template text. A mistake is a last token of kind TOKEN_ERROR, so that the parser
 * meets it where the reader would. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

typedef enum TmplTokenKind {
        TOKEN_ERROR, /* val: the message */
        TOKEN_EOF,
        TOKEN_TEXT,
        TOKEN_LEFT_DELIM,
        TOKEN_RIGHT_DELIM,
        TOKEN_SPACE,
        TOKEN_BOOL,
        TOKEN_CHAR, /* a printable character without meaning of its own, as a comma */
        TOKEN_CHAR_CONSTANT,
        TOKEN_ASSIGN,
        TOKEN_DECLARE,
        TOKEN_FIELD,
        TOKEN_IDENTIFIER,
        TOKEN_LEFT_PAREN,
        TOKEN_RIGHT_PAREN,
        TOKEN_NUMBER,
        TOKEN_PIPE,
        TOKEN_STRING,
        TOKEN_RAW_STRING,
        TOKEN_VARIABLE,
        TOKEN_DOT,
        /* keywords from here on */
        TOKEN_NIL,
        TOKEN_BLOCK,
        TOKEN_BREAK,
        TOKEN_CONTINUE,
        TOKEN_DEFINE,
        TOKEN_ELSE,
        TOKEN_END,
        TOKEN_IF,
        TOKEN_RANGE,
        TOKEN_TEMPLATE,
        TOKEN_WITH,
} TmplTokenKind;

typedef struct TmplToken {
        TmplTokenKind kind;
        uint32_t pos;  /* byte offset in the text */
        uint32_t line; /* 1-based */
        Str val;       /* part of the text, trimmed for TOKEN_TEXT */
} TmplToken;

/* All tokens of text, which is borrowed by them; the last one is TOKEN_EOF or TOKEN_ERROR. */
TmplToken *tmpl_lex(Str text, Arena *arena, size_t *ret_n);
/* As messages name a token: "x", <if>, EOF. */
void tmpl_lex_describe(Buf *out, const TmplToken *token);
/* strconv.Unquote of a "..." or `...` or '...' token (the first code point for '...'): false when malformed. */
bool tmpl_lex_unquote(Str quoted, Arena *arena, Str *ret);
bool tmpl_lex_unquote_char(Str quoted, uint32_t *ret);
/* A letter, a digit or an underscore, in any script. */
bool tmpl_lex_is_alnum(uint32_t rune);
