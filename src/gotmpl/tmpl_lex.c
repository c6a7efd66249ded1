/* gotmpl/tmpl_lex.c
 *
 * Invariants:
 * 1. Every token but TOKEN_ERROR is a slice of the text: lexing allocates the token array and nothing else.
 * 2. Whatever the input, the array ends in one TOKEN_EOF or TOKEN_ERROR, and every step consumes at least one byte.
 *
 * The whole text is cut at once: the parser needs three tokens of look-ahead, and an array makes that an index. */
#include "gotmpl/tmpl_lex.h"

#include <string.h>

#include "base/utf8.h"
#include "base/vec.h"
#include "gotmpl/tmpl_fmt.h"
#include "model/quote.h"

typedef struct Lexer {
        Str text;
        size_t start, pos; /* the current token is [start, pos) */
        uint32_t line, start_line;
        int paren_depth;
        Arena *arena;
        VEC(TmplToken) tokens;
} Lexer;

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool tmpl_lex_is_alnum(uint32_t r)
{
        if (r < 0x80)
                return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') || r == '_';
        /* Letters are everywhere above Latin-1's signs but in these blocks of punctuation, symbols and spaces. */
        return r >= 0xaa && r != 0xab && r != 0xac && r != 0xad && r != 0xae && r != 0xaf &&
               !(r >= 0xb0 && r <= 0xb4) && !(r >= 0xb6 && r <= 0xb9) && !(r >= 0xbb && r <= 0xbf) && r != 0xd7 &&
               r != 0xf7 && !(r >= 0x2000 && r <= 0x2bff) && !(r >= 0x3000 && r <= 0x3004) &&
               !(r >= 0xe000 && r <= 0xf8ff) && !(r >= 0xfe00 && r <= 0xfe0f) && !(r >= 0xfff0 && r <= 0xffff) &&
               r < 0x1f000;
}

static bool at(const Lexer *l, const char *z)
{
        size_t n = strlen(z);
        return l->text.n - l->pos >= n && memcmp(l->text.p + l->pos, z, n) == 0;
}

static void ignore(Lexer *l)
{
        for (size_t i = l->start; i < l->pos; i++)
                l->line += l->text.p[i] == '\n';
        l->start = l->pos;
        l->start_line = l->line;
}

static void emit(Lexer *l, TmplTokenKind kind)
{
        vec_push(&l->tokens, (TmplToken){ kind, (uint32_t)l->start, l->start_line,
                                          str_n(l->text.p + l->start, l->pos - l->start) });
        ignore(l);
}

/* Always false: lexing ends. */
static bool fail(Lexer *l, Str message)
{
        vec_push(&l->tokens, (TmplToken){ TOKEN_ERROR, (uint32_t)l->start, l->start_line, message });
        return false;
}

/* The code point at pos and its length; a bad byte counts as U+FFFD. 0 at the end. */
static size_t peek(const Lexer *l, uint32_t *rune)
{
        if (l->pos >= l->text.n) {
                *rune = 0;
                return 0;
        }
        size_t n = utf8_decode(str_sub(l->text, l->pos, l->pos + 4), rune);
        if (n == 0) {
                *rune = UTF8_REPLACEMENT;
                n = 1;
        }
        return n;
}

static bool at_right_trim(const Lexer *l)
{
        return l->pos + 1 < l->text.n && is_space(l->text.p[l->pos]) && l->text.p[l->pos + 1] == '-';
}

static bool at_right_delim(const Lexer *l, bool *ret_trim)
{
        if (at_right_trim(l) && str_starts(str_sub(l->text, l->pos + 2, l->text.n), STR("}}"))) {
                *ret_trim = true;
                return true;
        }
        *ret_trim = false;
        return at(l, "}}");
}

static bool at_terminator(const Lexer *l)
{
        if (l->pos >= l->text.n)
                return true;
        char c = l->text.p[l->pos];
        return is_space(c) || (c && strchr(".,|:)(", c)) || at(l, "}}");
}

static void skip_space(Lexer *l)
{
        while (l->pos < l->text.n && is_space(l->text.p[l->pos]))
                l->pos++;
        ignore(l);
}

static bool bad_character(Lexer *l, const char *what)
{
        uint32_t r;
        peek(l, &r);
        Buf message = { .arena = l->arena };
        buf_cstr_add(&message, what);
        tmpl_fmt_unicode(&message, r, true);
        return fail(l, buf_str(&message));
}

/* Text up to the next action; false at the end. */
static bool lex_text(Lexer *l)
{
        size_t open = str_find(str_sub(l->text, l->pos, l->text.n), STR("{{"));
        if (open == SIZE_MAX) {
                l->pos = l->text.n;
                if (l->pos > l->start)
                        emit(l, TOKEN_TEXT);
                emit(l, TOKEN_EOF);
                return false;
        }
        size_t end = l->pos + open;
        bool trim = end + 3 < l->text.n && l->text.p[end + 2] == '-' && is_space(l->text.p[end + 3]);
        l->pos = end;
        while (trim && l->pos > l->start && is_space(l->text.p[l->pos - 1]))
                l->pos--;
        if (l->pos > l->start)
                emit(l, TOKEN_TEXT);
        l->pos = end;
        ignore(l);
        return true;
}

static bool lex_comment(Lexer *l, size_t skip)
{
        l->pos += skip;
        size_t end = str_find(str_sub(l->text, l->pos, l->text.n), STR("*/"));
        if (end == SIZE_MAX)
                return fail(l, STR("unclosed comment"));
        l->pos += end + 2;
        bool trim;
        if (!at_right_delim(l, &trim))
                return fail(l, STR("comment ends before closing delimiter"));
        l->pos += trim ? 4 : 2;
        ignore(l);
        if (trim)
                skip_space(l);
        return true;
}

/* At "{{". */
static bool lex_left_delim(Lexer *l, bool *ret_comment)
{
        bool trim = l->pos + 3 < l->text.n && l->text.p[l->pos + 2] == '-' && is_space(l->text.p[l->pos + 3]);
        size_t skip = trim ? 4 : 2;
        *ret_comment = str_starts(str_sub(l->text, l->pos + skip, l->text.n), STR("/*"));
        if (*ret_comment)
                return lex_comment(l, skip);
        l->pos += 2;
        emit(l, TOKEN_LEFT_DELIM);
        l->pos += skip - 2;
        ignore(l);
        l->paren_depth = 0;
        return true;
}

static bool lex_quoted(Lexer *l, char quote, TmplTokenKind kind, const char *unterminated)
{
        for (l->pos++;; l->pos++) {
                if (l->pos >= l->text.n)
                        return fail(l, str_of(unterminated));
                char c = l->text.p[l->pos];
                if (c == quote)
                        break;
                if (kind == TOKEN_RAW_STRING)
                        continue;
                if (c == '\\' && ++l->pos < l->text.n)
                        c = l->text.p[l->pos];
                if (l->pos >= l->text.n || c == '\n')
                        return fail(l, str_of(unterminated));
        }
        l->pos++;
        emit(l, kind);
        return true;
}

static void scan_word(Lexer *l)
{
        uint32_t r;
        for (size_t n; (n = peek(l, &r)) && tmpl_lex_is_alnum(r);)
                l->pos += n;
}

static bool lex_field_or_variable(Lexer *l, TmplTokenKind kind)
{
        l->pos++;
        if (at_terminator(l)) {
                emit(l, kind == TOKEN_VARIABLE ? TOKEN_VARIABLE : TOKEN_DOT);
                return true;
        }
        scan_word(l);
        if (!at_terminator(l))
                return bad_character(l, "bad character ");
        emit(l, kind);
        return true;
}

static bool lex_identifier(Lexer *l)
{
        static const struct {
                const char *word;
                TmplTokenKind kind;
        } words[] = { { "block", TOKEN_BLOCK },
                      { "break", TOKEN_BREAK },
                      { "continue", TOKEN_CONTINUE },
                      { "define", TOKEN_DEFINE },
                      { "else", TOKEN_ELSE },
                      { "end", TOKEN_END },
                      { "if", TOKEN_IF },
                      { "nil", TOKEN_NIL },
                      { "range", TOKEN_RANGE },
                      { "template", TOKEN_TEMPLATE },
                      { "with", TOKEN_WITH },
                      { "true", TOKEN_BOOL },
                      { "false", TOKEN_BOOL } };
        scan_word(l);
        if (!at_terminator(l))
                return bad_character(l, "bad character ");
        Str word = str_n(l->text.p + l->start, l->pos - l->start);
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
                if (str_eq(word, str_of(words[i].word))) {
                        emit(l, words[i].kind);
                        return true;
                }
        emit(l, TOKEN_IDENTIFIER);
        return true;
}

static bool accept(Lexer *l, const char *set)
{
        if (l->pos >= l->text.n || !l->text.p[l->pos] || !strchr(set, l->text.p[l->pos]))
                return false;
        l->pos++;
        return true;
}

static void accept_run(Lexer *l, const char *set)
{
        while (accept(l, set)) {}
}

static bool scan_number(Lexer *l)
{
        const char *digits = "0123456789_", *exponent = "eE";
        accept(l, "+-");
        if (accept(l, "0")) {
                if (accept(l, "xX")) {
                        digits = "0123456789abcdefABCDEF_";
                        exponent = "pP";
                } else if (accept(l, "oO"))
                        digits = "01234567_";
                else if (accept(l, "bB"))
                        digits = "01_";
        }
        accept_run(l, digits);
        if (accept(l, "."))
                accept_run(l, digits);
        if (accept(l, exponent)) {
                accept(l, "+-");
                accept_run(l, "0123456789_");
        }
        accept(l, "i");
        uint32_t r;
        size_t n = peek(l, &r);
        if (n && tmpl_lex_is_alnum(r)) {
                l->pos += n;
                return false;
        }
        return true;
}

static bool lex_number(Lexer *l)
{
        bool ok = scan_number(l);
        /* "1+2" looks like a complex number, which templates here do not have. */
        if (ok && accept(l, "+-")) {
                scan_number(l);
                ok = false;
        }
        if (ok) {
                emit(l, TOKEN_NUMBER);
                return true;
        }
        Buf message = { .arena = l->arena };
        buf_cstr_add(&message, "bad number syntax: ");
        quote_go(&message, str_n(l->text.p + l->start, l->pos - l->start));
        return fail(l, buf_str(&message));
}

/* One token inside an action, which does not start with white space or the right delimiter. */
static bool lex_operand(Lexer *l)
{
        char c = l->text.p[l->pos];
        switch (c) {
        case '"': return lex_quoted(l, '"', TOKEN_STRING, "unterminated quoted string");
        case '`': return lex_quoted(l, '`', TOKEN_RAW_STRING, "unterminated raw quoted string");
        case '\'': return lex_quoted(l, '\'', TOKEN_CHAR_CONSTANT, "unterminated character constant");
        case '$': return lex_field_or_variable(l, TOKEN_VARIABLE);
        case '.':
                if (l->pos + 1 < l->text.n && (l->text.p[l->pos + 1] < '0' || l->text.p[l->pos + 1] > '9'))
                        return lex_field_or_variable(l, TOKEN_FIELD);
                return lex_number(l);
        case '+':
        case '-': return lex_number(l);
        default: break;
        }
        if (c >= '0' && c <= '9')
                return lex_number(l);
        uint32_t r;
        peek(l, &r);
        if (tmpl_lex_is_alnum(r))
                return lex_identifier(l);
        if (r >= 0x20 && r < 0x7f) {
                l->pos++;
                emit(l, TOKEN_CHAR);
                return true;
        }
        return bad_character(l, "unrecognized character in action: ");
}

static bool lex_punctuation(Lexer *l, bool *ret_more)
{
        char c = l->text.p[l->pos];
        *ret_more = true;
        if (is_space(c)) {
                bool trim;
                while (l->pos < l->text.n && is_space(l->text.p[l->pos]) && !(at_right_delim(l, &trim) && trim))
                        l->pos++;
                emit(l, TOKEN_SPACE);
                return true;
        }
        TmplTokenKind kind = c == '='   ? TOKEN_ASSIGN
                             : c == '|' ? TOKEN_PIPE
                             : c == '(' ? TOKEN_LEFT_PAREN
                             : c == ')' ? TOKEN_RIGHT_PAREN
                                        : TOKEN_ERROR;
        if (c == ':') {
                if (!at(l, ":="))
                        return fail(l, STR("expected :="));
                l->pos++;
                kind = TOKEN_DECLARE;
        }
        if (kind == TOKEN_ERROR) {
                *ret_more = false;
                return true;
        }
        l->pos++;
        emit(l, kind);
        l->paren_depth += (c == '(') - (c == ')');
        return l->paren_depth >= 0 || fail(l, STR("unexpected right paren"));
}

static bool lex_action(Lexer *l)
{
        for (;;) {
                bool trim, done_here;
                if (at_right_delim(l, &trim)) {
                        if (l->paren_depth)
                                return fail(l, STR("unclosed left paren"));
                        l->pos += trim ? 2 : 0;
                        ignore(l);
                        l->pos += 2;
                        emit(l, TOKEN_RIGHT_DELIM);
                        if (trim)
                                skip_space(l);
                        return true;
                }
                if (l->pos >= l->text.n)
                        return fail(l, STR("unclosed action"));
                if (!lex_punctuation(l, &done_here))
                        return false;
                if (!done_here && !lex_operand(l))
                        return false;
        }
}

TmplToken *tmpl_lex(Str text, Arena *arena, size_t *ret_n)
{
        Lexer l = { .text = text, .line = 1, .start_line = 1, .arena = arena, .tokens.arena = arena };
        for (bool comment; lex_text(&l) && lex_left_delim(&l, &comment) && (comment || lex_action(&l));) {}
        *ret_n = l.tokens.len;
        return l.tokens.data;
}

void tmpl_lex_describe(Buf *out, const TmplToken *token)
{
        if (token->kind == TOKEN_EOF)
                buf_lit(out, "EOF");
        else if (token->kind == TOKEN_ERROR)
                buf_str_add(out, token->val);
        else if (token->kind >= TOKEN_NIL || token->kind == TOKEN_DOT)
                buf_printf(out, "<" STR_FMT ">", STR_ARG(token->val));
        else if (token->val.n > 10) {
                size_t n = 10;
                while (n > 6 && ((unsigned char)token->val.p[n] & 0xc0) == 0x80)
                        n--;
                quote_go(out, str_sub(token->val, 0, n));
                buf_lit(out, "...");
        } else
                quote_go(out, token->val);
}

/* ---- quoted text */

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n digits of the base at *s. */
static bool digits(Str *s, size_t n, unsigned base, uint32_t *ret)
{
        uint32_t v = 0;
        if (s->n < n)
                return false;
        for (size_t i = 0; i < n; i++) {
                int d = hex_digit(s->p[i]);
                if (d < 0 || (unsigned)d >= base)
                        return false;
                v = v * base + (uint32_t)d;
        }
        *s = str_sub(*s, n, s->n);
        *ret = v;
        return true;
}

/* One character behind which *s moves; *byte says that \x or an octal escape wrote a byte, no code point. */
static bool unquote_one(Str *s, char quote, uint32_t *ret, bool *byte)
{
        *byte = false;
        char c = s->p[0];
        if (c == quote && (quote == '\'' || quote == '"'))
                return false;
        if (c != '\\') {
                size_t n = utf8_decode(*s, ret);
                if (n == 0) {
                        *ret = (unsigned char)c;
                        *byte = true;
                        n = 1;
                }
                *s = str_sub(*s, n, s->n);
                return true;
        }
        if (s->n < 2)
                return false;
        c = s->p[1];
        *s = str_sub(*s, 2, s->n);
        static const char letters[] = "abfnrtv", codes[] = "\a\b\f\n\r\t\v";
        const char *letter = c ? strchr(letters, c) : NULL;
        if (letter) {
                *ret = (unsigned char)codes[letter - letters];
                return true;
        }
        if (c == '\\' || c == quote) {
                *ret = (unsigned char)c;
                return true;
        }
        if (c == 'x') {
                *byte = true;
                return digits(s, 2, 16, ret);
        }
        if (c == 'u' || c == 'U')
                return digits(s, c == 'u' ? 4 : 8, 16, ret) && *ret <= 0x10ffff && !(*ret >= 0xd800 && *ret < 0xe000);
        if (c >= '0' && c <= '7') {
                *byte = true;
                *s = (Str){ s->p - 1, s->n + 1 };
                return digits(s, 3, 8, ret) && *ret <= 255;
        }
        return false;
}

bool tmpl_lex_unquote(Str quoted, Arena *arena, Str *ret)
{
        if (quoted.n < 2)
                return false;
        Str s = str_sub(quoted, 1, quoted.n - 1);
        Buf out = { .arena = arena };
        if (quoted.p[0] == '`') {
                for (size_t i = 0; i < s.n; i++) /* Go drops carriage returns from raw strings */
                        if (s.p[i] != '\r')
                                buf_char(&out, s.p[i]);
                *ret = buf_str(&out);
                return true;
        }
        while (s.n) {
                uint32_t r;
                bool byte;
                if (!unquote_one(&s, quoted.p[0], &r, &byte))
                        return false;
                if (byte)
                        buf_char(&out, (char)r);
                else
                        utf8_encode(&out, r);
        }
        *ret = buf_str(&out);
        return true;
}

bool tmpl_lex_unquote_char(Str quoted, uint32_t *ret)
{
        if (quoted.n < 3)
                return false;
        Str s = str_sub(quoted, 1, quoted.n - 1);
        bool byte;
        return unquote_one(&s, '\'', ret, &byte) && s.n == 0;
}
