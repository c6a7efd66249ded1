/* Invariants:
 * 1. Every call moves forward or returns TOK_EOF or TOK_ERROR; after those it is not called again.
 * 2. State changes belong to tokens, never to what the parser makes of them: one token of look-ahead is safe.
 * 3. TOK_STRING was checked escape by escape, TOK_NUMBER and TOK_DURATION only for their shape.
 *
 * The messages and the exact shape of numbers follow upstream, whose users search for them. */
#include "promql/lex.h"

#include "base/utf8.h"
#include "promql/goquote.h"

enum { RUNE_EOF = 0xFFFFFFFFu };

typedef struct Keyword {
        const char *word;
        TokenType type;
} Keyword;

static const Keyword KEYWORDS[] = {
        { "and", TOK_AND },
        { "or", TOK_OR },
        { "unless", TOK_UNLESS },
        { "atan2", TOK_ATAN2 },
        { "sum", TOK_SUM },
        { "avg", TOK_AVG },
        { "count", TOK_COUNT },
        { "min", TOK_MIN },
        { "max", TOK_MAX },
        { "group", TOK_GROUP },
        { "stddev", TOK_STDDEV },
        { "stdvar", TOK_STDVAR },
        { "topk", TOK_TOPK },
        { "bottomk", TOK_BOTTOMK },
        { "count_values", TOK_COUNT_VALUES },
        { "quantile", TOK_QUANTILE },
        { "limitk", TOK_LIMITK },
        { "limit_ratio", TOK_LIMIT_RATIO },
        { "offset", TOK_OFFSET },
        { "smoothed", TOK_SMOOTHED },
        { "anchored", TOK_ANCHORED },
        { "by", TOK_BY },
        { "without", TOK_WITHOUT },
        { "on", TOK_ON },
        { "ignoring", TOK_IGNORING },
        { "group_left", TOK_GROUP_LEFT },
        { "group_right", TOK_GROUP_RIGHT },
        { "fill", TOK_FILL },
        { "fill_left", TOK_FILL_LEFT },
        { "fill_right", TOK_FILL_RIGHT },
        { "bool", TOK_BOOL },
        { "start", TOK_START },
        { "end", TOK_END },
        { "step", TOK_STEP },
        { "range", TOK_RANGE },
        { "min_of", TOK_MIN_OF },
        { "max_of", TOK_MAX_OF },
        { "inf", TOK_NUMBER },
        { "nan", TOK_NUMBER },
};

static bool is_space(uint32_t r) { return r == ' ' || r == '\t' || r == '\n' || r == '\r'; }
static bool is_digit(uint32_t r) { return r >= '0' && r <= '9'; }
static bool is_alpha(uint32_t r) { return r == '_' || (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z'); }
static bool is_alnum(uint32_t r) { return is_alpha(r) || is_digit(r); }

void lex_init(Lex *l, Str in) { *l = (Lex){ .in = in }; }

/* The rune at pos and its width; a bad byte is U+FFFD of width 1. */
static uint32_t rune_at(const Lex *l, uint32_t pos, uint32_t *ret_width)
{
        uint32_t rune = RUNE_EOF;
        *ret_width = 0;
        if (pos >= l->in.n)
                return RUNE_EOF;
        unsigned char c = (unsigned char)l->in.p[pos];
        if (c < 0x80) {
                *ret_width = 1;
                return c;
        }
        size_t n = utf8_decode(str_sub(l->in, pos, l->in.n), &rune);
        *ret_width = n ? (uint32_t)n : 1;
        return n ? rune : UTF8_REPLACEMENT;
}

static uint32_t peek(const Lex *l)
{
        uint32_t width;
        return rune_at(l, l->pos, &width);
}

static uint32_t take(Lex *l)
{
        uint32_t width;
        uint32_t r = rune_at(l, l->pos, &width);
        l->pos += width;
        return r;
}

static bool accept_any(Lex *l, const char *set)
{
        uint32_t r = peek(l);
        if (r == 0 || r >= 0x80 || !strchr(set, (int)r))
                return false;
        l->pos++;
        return true;
}

static bool next_is(const Lex *l, const char *set)
{
        uint32_t r = peek(l);
        return r != 0 && r < 0x80 && strchr(set, (int)r);
}

static Token emit(const Lex *l, TokenType type) { return (Token){ type, l->start, l->pos }; }

static Token fail(const Lex *l, Err *err, const char *msg)
{
        err_set(err, ERR_INVALID, "%s", msg);
        return (Token){ TOK_ERROR, l->start, (uint32_t)l->in.n };
}

/* msg 'r' */
static Token fail_rune(const Lex *l, Err *err, const char *msg, uint32_t r)
{
        Buf b = { 0 };
        if (r == RUNE_EOF)
                buf_cstr_add(&b, "end of input");
        else
                goquote_rune(&b, r);
        err_set(err, ERR_INVALID, "%s" STR_FMT, msg, STR_ARG(buf_str(&b)));
        buf_done(&b);
        return (Token){ TOK_ERROR, l->start, (uint32_t)l->in.n };
}

/* msg "what was read so far" */
static Token fail_text(const Lex *l, Err *err, const char *msg)
{
        Buf b = { 0 };
        goquote_prefix(&b, str_sub(l->in, l->start, l->pos), 80);
        err_set(err, ERR_INVALID, "%s" STR_FMT, msg, STR_ARG(buf_str(&b)));
        buf_done(&b);
        return (Token){ TOK_ERROR, l->start, (uint32_t)l->in.n };
}

/* "msg U+0071 'q'" */
static Token fail_code_point(const Lex *l, Err *err, const char *before, uint32_t r, const char *after)
{
        Buf b = { 0 };
        goquote_rune(&b, r);
        err_set(err, ERR_INVALID, "%s U+%04X " STR_FMT "%s", before, (unsigned)r, STR_ARG(buf_str(&b)), after);
        buf_done(&b);
        return (Token){ TOK_ERROR, l->start, (uint32_t)l->in.n };
}

static int digit_value(uint32_t c)
{
        if (is_digit(c))
                return (int)(c - '0');
        if (c >= 'a' && c <= 'f')
                return (int)(c - 'a') + 10;
        if (c >= 'A' && c <= 'F')
                return (int)(c - 'A') + 10;
        return 16;
}

/* n digits, of which c is the first. */
static bool lex_escape_digits(Lex *l, uint32_t c, int n, uint32_t base, uint32_t *ret_v, Token *ret, Err *err)
{
        uint32_t v = 0;
        for (; n > 0; n--) {
                uint32_t d = c == RUNE_EOF ? 16 : (uint32_t)digit_value(c);
                if (d >= base) {
                        *ret = c == RUNE_EOF ? fail(l, err, "escape sequence not terminated")
                                             : fail_code_point(l, err, "illegal character", c, " in escape sequence");
                        return false;
                }
                v = v * base + d;
                if (n > 1)
                        c = take(l);
        }
        *ret_v = v;
        return true;
}

/* The backslash has been read. true: the escape is fine. */
static bool lex_escape(Lex *l, uint32_t quote, Token *ret, Err *err)
{
        uint32_t c = take(l);
        int n = 3;
        uint32_t base = 8, max = 255, v;
        if (c == RUNE_EOF) {
                *ret = fail(l, err, "escape sequence not terminated");
                return false;
        }
        if (c == quote || (c < 0x80 && c && strchr("abfnrtv\\", (int)c)))
                return true;
        if (c == 'x' || c == 'u' || c == 'U') {
                n = c == 'x' ? 2 : c == 'u' ? 4 : 8;
                max = c == 'x' ? 255 : 0x10ffff;
                base = 16;
                c = take(l);
        } else if (c < '0' || c > '7') {
                *ret = fail_code_point(l, err, "unknown escape sequence", c, "");
                return false;
        }
        if (!lex_escape_digits(l, c, n, base, &v, ret, err))
                return false;
        if (v > max || (v >= 0xd800 && v < 0xe000)) {
                *ret = fail(l, err, "escape sequence is an invalid Unicode code point");
                return false;
        }
        return true;
}

/* The opening quote has been read. */
static Token lex_string(Lex *l, uint32_t quote, Err *err)
{
        bool raw = quote == '`';
        for (;;) {
                uint32_t c = take(l);
                Token bad;
                if (c == quote)
                        return emit(l, TOK_STRING);
                if (c == RUNE_EOF || (c == '\n' && !raw))
                        return fail(l, err, raw ? "unterminated raw string" : "unterminated quoted string");
                if (c == UTF8_REPLACEMENT)
                        return fail(l, err, "invalid UTF-8 rune");
                if (c == '\\' && !raw && !lex_escape(l, quote, &bad, err))
                        return bad;
        }
}

static bool accept_duration_rest(Lex *l)
{
        if (!accept_any(l, "smhdwy"))
                return false;
        accept_any(l, "s"); /* ms; hs and the like fail when the duration is parsed */
        while (is_digit(peek(l))) {
                while (is_digit(peek(l)))
                        l->pos++;
                if (!accept_any(l, "smhdw"))
                        return false;
                accept_any(l, "s");
        }
        if (!is_alnum(peek(l)))
                return true;
        take(l); /* the message shows the offending character */
        return false;
}

typedef struct Number {
        const char *digits;
        bool hex, dot, exponent;
} Number;

/* The next piece: a dot, an exponent's sign, a separator, or digits. */
static bool scan_number_part(Lex *l, Number *n)
{
        if ((next_is(l, ".") && n->dot) || (next_is(l, "eE") && n->exponent)) {
                l->pos++;
                return false;
        }
        if (accept_any(l, ".")) {
                n->dot = true;
                return !accept_any(l, "_.") && !n->hex;
        }
        if (accept_any(l, "eE")) {
                n->exponent = true;
                accept_any(l, "+-");
                return !accept_any(l, "._eE") && peek(l) != RUNE_EOF;
        }
        if (accept_any(l, "_"))
                return !accept_any(l, "._eE") && peek(l) != RUNE_EOF;
        while (accept_any(l, n->digits))
                ;
        return true;
}

/* Decimal with _ separators, fraction and exponent, or hexadecimal integers; what follows must not be alphanumeric. */
static bool scan_number(Lex *l)
{
        Number n = { .digits = "0123456789" };
        const char *any = "0123456789._eE";
        uint32_t from = l->pos;
        if (accept_any(l, "0") && accept_any(l, "xX")) {
                accept_any(l, "_");
                n = (Number){ .digits = "0123456789abcdefABCDEF", .hex = true };
                any = "0123456789abcdefABCDEF._eE";
        }
        accept_any(l, ".");
        accept_any(l, n.digits);
        while (next_is(l, any))
                if (!scan_number_part(l, &n))
                        return false;
        return l->pos != from && !is_alnum(peek(l));
}

static Token lex_number_or_duration(Lex *l, Err *err)
{
        l->pos = l->start;
        if (scan_number(l))
                return emit(l, TOK_NUMBER);
        if (accept_duration_rest(l))
                return emit(l, TOK_DURATION);
        return fail_text(l, err, "bad number or duration syntax: ");
}

static bool followed_by_paren(const Lex *l)
{
        uint32_t at = l->pos;
        while (at < l->in.n && is_space((unsigned char)l->in.p[at]))
                at++;
        return at < l->in.n && l->in.p[at] == '(';
}

static Token lex_word(Lex *l)
{
        bool colon = false;
        l->pos = l->start;
        for (uint32_t r = peek(l); is_alnum(r) || r == ':'; r = peek(l)) {
                colon = colon || r == ':';
                l->pos++;
        }
        Str word = str_sub(l->in, l->start, l->pos);
        for (size_t i = 0; i < ARRAY_LEN(KEYWORDS); i++) {
                if (!str_eq_fold(word, str_of(KEYWORDS[i].word)))
                        continue;
                TokenType type = KEYWORDS[i].type;
                /* fill, a young keyword, stays a metric name unless it is used as a modifier */
                if (type >= TOK_FILL && type <= TOK_FILL_RIGHT && !followed_by_paren(l))
                        return emit(l, TOK_IDENTIFIER);
                return emit(l, type);
        }
        return emit(l, colon ? TOK_METRIC : TOK_IDENTIFIER);
}

/* step, range, min_of and max_of in []; its first letter has been read. */
static bool lex_duration_word(Lex *l, Token *ret)
{
        while (is_alpha(peek(l)))
                l->pos++;
        Str word = str_sub(l->in, l->start, l->pos);
        for (size_t i = 0; i < ARRAY_LEN(KEYWORDS); i++) {
                TokenType type = KEYWORDS[i].type;
                if (type >= TOK_STEP && type <= TOK_MAX_OF && str_eq_fold(word, str_of(KEYWORDS[i].word))) {
                        *ret = emit(l, type);
                        return true;
                }
        }
        return false;
}

static Token lex_braces(Lex *l, Err *err)
{
        uint32_t r = take(l);
        switch (r) {
        case RUNE_EOF: return fail(l, err, "unexpected end of input inside braces");
        case ',': return emit(l, TOK_COMMA);
        case '"':
        case '\'':
        case '`': return lex_string(l, r, err);
        case '=': return emit(l, accept_any(l, "~") ? TOK_EQL_REGEX : TOK_EQL);
        case '!':
                if (accept_any(l, "~"))
                        return emit(l, TOK_NEQ_REGEX);
                if (accept_any(l, "="))
                        return emit(l, TOK_NEQ);
                return fail_rune(l, err, "unexpected character after '!' inside braces: ", peek(l));
        case '{': return fail_rune(l, err, "unexpected left brace ", r);
        case '}': l->state = LEX_STATEMENTS; return emit(l, TOK_RBRACE);
        default: break;
        }
        if (!is_alpha(r))
                return fail_rune(l, err, "unexpected character inside braces: ", r);
        while (is_alnum(peek(l)))
                l->pos++;
        return emit(l, TOK_IDENTIFIER);
}

static Token lex_close_paren(Lex *l, Err *err)
{
        if (--l->paren_depth < 0) {
                l->start = l->pos; /* upstream has read it when it finds that it is one too many */
                return fail_rune(l, err, "unexpected right parenthesis ", ')');
        }
        return emit(l, TOK_RPAREN);
}

static Token lex_close_bracket(Lex *l)
{
        l->bracket_open = false;
        l->state = LEX_STATEMENTS;
        return emit(l, TOK_RBRACKET);
}

/* Right behind [ and behind operators, where a duration must start. */
static Token lex_duration(Lex *l, Err *err)
{
        uint32_t r = take(l);
        Token tok;
        switch (r) {
        case RUNE_EOF: return fail(l, err, "unexpected end of input in duration expression");
        case ']': return lex_close_bracket(l);
        case ':':
                if (!l->got_duration)
                        return fail(l, err, "unexpected colon before duration in duration expression");
                if (l->got_colon)
                        return fail(l, err, "unexpected repeated colon in duration expression");
                l->got_colon = true;
                return emit(l, TOK_COLON);
        case '(': l->paren_depth++; return emit(l, TOK_LPAREN);
        case ')': return lex_close_paren(l, err);
        case '+': return emit(l, TOK_ADD);
        case '-': return emit(l, TOK_SUB);
        case '*': return emit(l, TOK_MUL);
        case '/': return emit(l, TOK_DIV);
        case '%': return emit(l, TOK_MOD);
        case '^': return emit(l, TOK_POW);
        case ',': return emit(l, TOK_COMMA);
        default: break;
        }
        if (is_alpha(r) && lex_duration_word(l, &tok)) {
                l->got_duration = true;
                return tok;
        }
        if (is_digit(r) || (r == '.' && is_digit(peek(l)))) {
                l->got_duration = true;
                l->state = LEX_STATEMENTS;
                return lex_number_or_duration(l, err);
        }
        return fail_rune(l, err, "unexpected character in duration expression: ", r);
}

static Token lex_in_bracket(Lex *l, uint32_t r, Err *err)
{
        Token tok;
        if (r == ':') {
                if (l->got_colon)
                        return fail_rune(l, err, "unexpected colon ", r);
                l->got_colon = true;
                return emit(l, TOK_COLON);
        }
        if (lex_duration_word(l, &tok))
                return tok;
        Buf b = { 0 };
        goquote_rune(&b, r);
        err_set(err, ERR_INVALID, "unexpected character: " STR_FMT ", expected ':'", STR_ARG(buf_str(&b)));
        buf_done(&b);
        return (Token){ TOK_ERROR, l->start, (uint32_t)l->in.n };
}

static Token lex_end(Lex *l, Err *err)
{
        if (l->paren_depth != 0)
                return fail(l, err, "unclosed left parenthesis");
        if (l->bracket_open)
                return fail(l, err, "unclosed left bracket");
        return emit(l, TOK_EOF);
}

/* Operators of more than one character. */
static Token lex_operator(Lex *l, uint32_t r, Err *err)
{
        switch (r) {
        case '=':
                if (accept_any(l, "="))
                        return emit(l, TOK_EQLC);
                if (peek(l) == '~')
                        return fail_rune(l, err, "unexpected character after '=': ", '~');
                return emit(l, TOK_EQL);
        case '!':
                if (accept_any(l, "="))
                        return emit(l, TOK_NEQ);
                return fail_rune(l, err, "unexpected character after '!': ", peek(l));
        case '<': return emit(l, accept_any(l, "=") ? TOK_LTE : accept_any(l, "/") ? TOK_TRIM_UPPER : TOK_LSS);
        default: return emit(l, accept_any(l, "=") ? TOK_GTE : accept_any(l, "/") ? TOK_TRIM_LOWER : TOK_GTR);
        }
}

static Token lex_statement(Lex *l, Err *err)
{
        uint32_t r = take(l);
        switch (r) {
        case RUNE_EOF: return lex_end(l, err);
        case ',': return emit(l, TOK_COMMA);
        case '*': return emit(l, TOK_MUL);
        case '/': return emit(l, TOK_DIV);
        case '%': return emit(l, TOK_MOD);
        case '+': return emit(l, TOK_ADD);
        case '-': return emit(l, TOK_SUB);
        case '^': return emit(l, TOK_POW);
        case '@': return emit(l, TOK_AT);
        case '=':
        case '!':
        case '<':
        case '>': return lex_operator(l, r, err);
        case '"':
        case '\'':
        case '`': return lex_string(l, r, err);
        case '(': l->paren_depth++; return emit(l, TOK_LPAREN);
        case ')': return lex_close_paren(l, err);
        case '{': l->state = LEX_BRACES; return emit(l, TOK_LBRACE);
        case '[':
                if (l->bracket_open)
                        return fail_rune(l, err, "unexpected left bracket ", r);
                l->bracket_open = true;
                l->got_colon = l->got_duration = false;
                l->state = LEX_DURATION;
                return emit(l, TOK_LBRACKET);
        case ']':
                if (!l->bracket_open)
                        return fail_rune(l, err, "unexpected right bracket ", r);
                return lex_close_bracket(l);
        default: break;
        }
        if (is_digit(r) || (r == '.' && is_digit(peek(l))))
                return lex_number_or_duration(l, err);
        if (!is_alpha(r) && r != ':')
                return fail_rune(l, err, "unexpected character: ", r);
        return l->bracket_open ? lex_in_bracket(l, r, err) : lex_word(l);
}

static void skip_blanks(Lex *l)
{
        for (;;) {
                while (l->pos < l->in.n && is_space((unsigned char)l->in.p[l->pos]))
                        l->pos++;
                if (l->pos >= l->in.n || l->in.p[l->pos] != '#')
                        return;
                while (l->pos < l->in.n && l->in.p[l->pos] != '\n' && l->in.p[l->pos] != '\r')
                        l->pos++;
        }
}

Token lex_next(Lex *l, Err *err)
{
        skip_blanks(l);
        l->start = l->pos;
        switch (l->state) {
        case LEX_BRACES: return lex_braces(l, err);
        case LEX_DURATION: return lex_duration(l, err);
        case LEX_STATEMENTS: break;
        }
        return lex_statement(l, err);
}

void lex_describe(const Lex *l, Token tok, Buf *out)
{
        Str text = lex_text(l, tok);
        if (tok.type == TOK_EOF) {
                buf_lit(out, "end of input");
                return;
        }
        if (tok.type >= TOK_IDENTIFIER && tok.type <= TOK_DURATION) {
                static const char *const KIND[] = { "identifier ", "metric identifier ", "string ", "number ",
                                                    "duration " };
                buf_cstr_add(out, KIND[tok.type - TOK_IDENTIFIER]);
        }
        if (tok.type >= TOK_KEYWORD_FIRST && tok.type <= TOK_KEYWORD_LAST) {
                buf_printf(out, "<" STR_FMT ">", STR_ARG(text));
        } else if (tok.type >= TOK_OPERATOR_FIRST && tok.type <= TOK_OPERATOR_LAST) {
                buf_printf(out, "<op:" STR_FMT ">", STR_ARG(text));
        } else if (tok.type >= TOK_AGGREGATE_FIRST && tok.type <= TOK_AGGREGATE_LAST) {
                buf_printf(out, "<aggr:" STR_FMT ">", STR_ARG(text));
        } else {
                bool is_name = tok.type == TOK_IDENTIFIER || tok.type == TOK_METRIC;
                bool cut = !is_name && text.n > 10;
                goquote_prefix(out, text, cut ? 10 : is_name ? 100 : SIZE_MAX);
                if (cut)
                        buf_lit(out, "...");
        }
}
