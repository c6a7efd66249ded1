/* gotmpl/tmpl_parse.c
 *
 * Invariants:
 * 1. A node's position is that of Go's parser for the same text: run-time messages print it.
 * 2. Nesting (control structures, parentheses) is at most PARSE_MAX_DEPTH: the recursion here and of whoever walks the
 *    tree is bounded by it.
 * 3. A failed parse leaves the caller's trees alone: new trees are collected and handed over at the end.
 * 4. The first mistake ends the parse; every function returns NULL or false from there on.
 *
 * Recursive descent with the look-ahead of upstream's grammar, over the token array. */
#include "gotmpl/tmpl_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codec/floats.h"
#include "gotmpl/tmpl_builtin.h"
#include "gotmpl/tmpl_lex.h"
#include "model/quote.h"

enum { PARSE_MAX_DEPTH = 100, PARSE_MAX_TEXT_BYTES = 4 << 20 };

typedef struct Parser {
        const TmplFunc *funcs;
        bool go_1_19, old_words;
        Str name, text;
        Arena *arena;
        TmplToken *tokens;
        size_t n, at;
        uint32_t line;        /* of the token looked at last: the line of messages */
        uint32_t action_line; /* where the current action starts; 0: none */
        unsigned depth, range_depth;
        VEC(Str) vars;
        TmplTreeVec trees;
        Err *err;
        bool failed;
} Parser;

typedef VEC(TmplNode *) NodeVec;

static TmplNode *parse_pipeline(Parser *p, const char *context, TmplTokenKind end);
static TmplNode *parse_item_list(Parser *p, TmplNode **ret_end);
static TmplNode *parse_action(Parser *p);

/* ---- errors and tokens */

static void *fail(Parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void *fail(Parser *p, const char *fmt, ...)
{
        if (p->failed)
                return NULL;
        char message[400];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(message, sizeof message, fmt, ap);
        va_end(ap);
        p->failed = true;
        err_set(p->err, ERR_INVALID, "template: " STR_FMT ":%u: %s", STR_ARG(p->name), p->line, message);
        return NULL;
}

static void *unexpected(Parser *p, const TmplToken *token, const char *context)
{
        Buf what = { .arena = p->arena };
        if (token->kind == TOKEN_RIGHT_PAREN && !p->old_words && p->tokens[p->n - 1].kind == TOKEN_ERROR &&
            token == &p->tokens[p->n - 2])
                token++; /* newer lexers keep the parenthesis that opens nothing */
        tmpl_lex_describe(&what, token);
        if (token->kind != TOKEN_ERROR)
                return fail(p, "unexpected " STR_FMT " in %s", STR_ARG(buf_str(&what)), context);
        if (p->action_line && p->action_line != token->line)
                return fail(p, STR_FMT "%s started at " STR_FMT ":%u", STR_ARG(buf_str(&what)),
                            str_ends(token->val, STR(" action")) ? "" : " in action", STR_ARG(p->name), p->action_line);
        return fail(p, STR_FMT, STR_ARG(buf_str(&what)));
}

static const TmplToken *peek(Parser *p)
{
        const TmplToken *t = &p->tokens[MIN_OF(p->at, p->n - 1)];
        p->line = t->line;
        return t;
}

static const TmplToken *next(Parser *p)
{
        const TmplToken *t = peek(p);
        p->at++;
        return t;
}

static const TmplToken *peek_non_space(Parser *p)
{
        while (peek(p)->kind == TOKEN_SPACE)
                p->at++;
        return peek(p);
}

static const TmplToken *next_non_space(Parser *p)
{
        peek_non_space(p);
        return next(p);
}

static const TmplToken *expect(Parser *p, TmplTokenKind kind, const char *context)
{
        const TmplToken *t = next_non_space(p);
        return t->kind == kind ? t : unexpected(p, t, context);
}

static TmplNode *node_new(Parser *p, TmplNodeKind kind, const TmplToken *at)
{
        TmplNode *node = arena_new_of(p->arena, TmplNode);
        node->kind = kind;
        node->pos = at->pos;
        node->line = at->line;
        return node;
}

static bool deeper(Parser *p)
{
        if (p->depth++ < PARSE_MAX_DEPTH)
                return true;
        fail(p, "nested deeper than %d levels", PARSE_MAX_DEPTH);
        return false;
}

/* ---- operands */

static bool parse_integer(Str text, int64_t *ret)
{
        bool negative = text.n && text.p[0] == '-';
        Str s = str_sub(text, text.n && (text.p[0] == '-' || text.p[0] == '+'), text.n);
        unsigned base = 10;
        if (s.n > 1 && s.p[0] == '0') {
                char c = s.p[1] | 0x20;
                base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
                s = str_sub(s, c == 'x' || c == 'b' || c == 'o' ? 2 : 1, s.n);
        }
        uint64_t v = 0;
        bool any = false;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (c == '_')
                        continue;
                unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
                if (d >= base || __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
                        return false;
                any = true;
        }
        if (!any || v > (uint64_t)INT64_MAX + negative)
                return false;
        *ret = (int64_t)(negative ? 0 - v : v);
        return true;
}

static bool parse_float(Str text, Arena *arena, double *ret)
{
        Buf plain = { .arena = arena };
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] != '_')
                        buf_char(&plain, text.p[i]);
        return floats_parse(buf_str(&plain), ret);
}

static bool has_any(Str s, const char *set)
{
        for (size_t i = 0; i < s.n; i++)
                if (strchr(set, s.p[i]))
                        return true;
        return false;
}

static TmplNode *parse_number(Parser *p, const TmplToken *t)
{
        TmplNode *node = node_new(p, NODE_NUMBER, t);
        node->quoted = t->val;
        Buf quoted = { .arena = p->arena };
        quote_go(&quoted, t->val);
        if (t->kind == TOKEN_CHAR_CONSTANT) {
                uint32_t rune;
                if (!tmpl_lex_unquote_char(t->val, &rune))
                        return t->val.n <= 2 ? fail(p, "invalid syntax")
                                             : fail(p, "malformed character constant: " STR_FMT, STR_ARG(t->val));
                node->i = rune;
                node->f = rune;
                node->is_int = node->is_float = true;
                return node;
        }
        if (parse_integer(t->val, &node->i)) {
                node->f = (double)node->i;
                node->is_int = node->is_float = true;
                return node;
        }
        bool hex = has_any(t->val, "xX");
        if (!parse_float(t->val, p->arena, &node->f))
                return fail(p, "illegal number syntax: " STR_FMT, STR_ARG(buf_str(&quoted)));
        node->prefers_float = has_any(t->val, hex ? ".pP" : ".eE");
        if (!node->prefers_float)
                return fail(p, "integer overflow: " STR_FMT, STR_ARG(buf_str(&quoted)));
        node->is_float = true;
        if (node->f >= -0x1p63 && node->f < 0x1p63 && (double)(int64_t)node->f == node->f) {
                node->is_int = true;
                node->i = (int64_t)node->f;
        }
        return node;
}

static TmplNode *parse_string(Parser *p, const TmplToken *t)
{
        TmplNode *node = node_new(p, NODE_STRING, t);
        node->quoted = t->val;
        return tmpl_lex_unquote(t->val, p->arena, &node->text) ? node : fail(p, "invalid syntax");
}

static TmplNode *parse_variable(Parser *p, const TmplToken *t)
{
        for (size_t i = p->vars.len; i-- > 0;)
                if (str_eq(p->vars.data[i], t->val)) {
                        TmplNode *node = node_new(p, NODE_VARIABLE, t);
                        node->names = arena_array(p->arena, Str, 1);
                        node->names[0] = t->val;
                        node->names_n = 1;
                        return node;
                }
        Buf quoted = { .arena = p->arena };
        quote_go(&quoted, t->val);
        return fail(p, "undefined variable " STR_FMT, STR_ARG(buf_str(&quoted)));
}

static TmplNode *parse_ident(Parser *p, const TmplToken *t)
{
        TmplNode *node = node_new(p, NODE_IDENT, t);
        node->text = t->val;
        for (const TmplFunc *f = p->funcs; f && f->name && !node->func; f++)
                if (str_eq(t->val, str_of(f->name)))
                        node->func = f;
        if (!node->func)
                node->func = tmpl_builtin_find(t->val);
        Buf quoted = { .arena = p->arena };
        quote_go(&quoted, t->val);
        return node->func ? node : fail(p, "function " STR_FMT " not defined", STR_ARG(buf_str(&quoted)));
}

/* *ret is NULL when the next token starts no operand; false on a mistake. */
static bool parse_term(Parser *p, TmplNode **ret)
{
        const TmplToken *t = next_non_space(p);
        *ret = NULL;
        switch ((int)t->kind) {
        case TOKEN_IDENTIFIER: *ret = parse_ident(p, t); break;
        case TOKEN_DOT: *ret = node_new(p, NODE_DOT, t); break;
        case TOKEN_NIL: *ret = node_new(p, NODE_NIL, t); break;
        case TOKEN_VARIABLE: *ret = parse_variable(p, t); break;
        case TOKEN_FIELD:
                *ret = node_new(p, NODE_FIELD, t);
                (*ret)->names = arena_array(p->arena, Str, 1);
                (*ret)->names[0] = str_sub(t->val, 1, t->val.n);
                (*ret)->names_n = 1;
                break;
        case TOKEN_BOOL:
                *ret = node_new(p, NODE_BOOL, t);
                (*ret)->flag = str_eq(t->val, STR("true"));
                break;
        case TOKEN_CHAR_CONSTANT:
        case TOKEN_NUMBER: *ret = parse_number(p, t); break;
        case TOKEN_LEFT_PAREN:
                if (!deeper(p))
                        return false;
                *ret = parse_pipeline(p, "parenthesized pipeline", TOKEN_RIGHT_PAREN);
                p->depth--;
                break;
        case TOKEN_STRING:
        case TOKEN_RAW_STRING: *ret = parse_string(p, t); break;
        default: p->at--; return true;
        }
        return !p->failed;
}

/* Fields behind an operand: (f x).Field, $v.Field, .A.B */
static bool parse_chain(Parser *p, TmplNode **node)
{
        const TmplToken *first = peek(p);
        VEC(Str) names = { .arena = p->arena };
        TmplNode *term = *node;
        bool extends = term->kind == NODE_FIELD || term->kind == NODE_VARIABLE;
        for (size_t i = 0; extends && i < term->names_n; i++)
                vec_push(&names, term->names[i]);
        while (peek(p)->kind == TOKEN_FIELD) {
                Str name = next(p)->val;
                vec_push(&names, str_sub(name, 1, name.n));
        }
        if (term->kind == NODE_BOOL || term->kind == NODE_STRING || term->kind == NODE_NUMBER ||
            term->kind == NODE_NIL || term->kind == NODE_DOT) {
                Buf what = { .arena = p->arena }, quoted = { .arena = p->arena };
                tmpl_node_print(&what, term);
                quote_go(&quoted, buf_str(&what));
                return fail(p, "unexpected . after term " STR_FMT, STR_ARG(buf_str(&quoted))) != NULL;
        }
        TmplNode *chain = node_new(p, extends ? term->kind : NODE_CHAIN, first);
        if (!extends)
                chain->pipe = term;
        chain->names = names.data;
        chain->names_n = names.len;
        *node = chain;
        return true;
}

static TmplNode *parse_command(Parser *p)
{
        TmplNode *cmd = node_new(p, NODE_COMMAND, peek_non_space(p));
        NodeVec args = { .arena = p->arena };
        for (;;) {
                TmplNode *operand;
                peek_non_space(p);
                if (!parse_term(p, &operand))
                        return NULL;
                if (operand) {
                        if (peek(p)->kind == TOKEN_FIELD && !parse_chain(p, &operand))
                                return NULL;
                        vec_push(&args, operand);
                }
                const TmplToken *t = next(p);
                if (t->kind == TOKEN_SPACE)
                        continue;
                if (t->kind == TOKEN_RIGHT_DELIM || t->kind == TOKEN_RIGHT_PAREN)
                        p->at--;
                else if (t->kind != TOKEN_PIPE)
                        return unexpected(p, t, "operand");
                break;
        }
        if (args.len == 0)
                return fail(p, "empty command");
        cmd->kids = args.data;
        cmd->n = args.len;
        return cmd;
}

/* "$v :=", "$v =", "$i, $e :=" at the start of a pipeline. */
static bool parse_declarations(Parser *p, TmplNode *pipe, const char *context)
{
        bool range = strcmp(context, "range") == 0;
        pipe->names = arena_array(p->arena, Str, 2);
        while (peek_non_space(p)->kind == TOKEN_VARIABLE) {
                size_t before = p->at;
                Str name = next(p)->val;
                const TmplToken *t = peek_non_space(p);
                bool comma = t->kind == TOKEN_CHAR && str_eq(t->val, STR(","));
                if (t->kind != TOKEN_ASSIGN && t->kind != TOKEN_DECLARE && !comma) {
                        p->at = before;
                        return true;
                }
                next(p);
                pipe->names[pipe->names_n++] = name;
                vec_push(&p->vars, name);
                if (!comma) {
                        pipe->flag = t->kind == TOKEN_ASSIGN;
                        return true;
                }
                if (!range || pipe->names_n == 2)
                        return fail(p, "too many declarations in %s", context) != NULL;
                TmplTokenKind kind = peek_non_space(p)->kind;
                if (kind != TOKEN_VARIABLE && kind != TOKEN_RIGHT_DELIM && kind != TOKEN_RIGHT_PAREN)
                        return fail(p, "range can only initialize variables") != NULL;
        }
        return true;
}

static bool starts_operand(TmplTokenKind kind)
{
        static const TmplTokenKind kinds[] = { TOKEN_BOOL,       TOKEN_CHAR_CONSTANT, TOKEN_DOT,       TOKEN_FIELD,
                                               TOKEN_IDENTIFIER, TOKEN_NUMBER,        TOKEN_NIL,       TOKEN_RAW_STRING,
                                               TOKEN_STRING,     TOKEN_VARIABLE,      TOKEN_LEFT_PAREN };
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
                if (kinds[i] == kind)
                        return true;
        return false;
}

static TmplNode *check_pipeline(Parser *p, TmplNode *pipe, const char *context)
{
        if (pipe->n == 0)
                return fail(p, "missing value for %s", context);
        for (size_t i = 1; i < pipe->n; i++) {
                TmplNodeKind kind = pipe->kids[i]->kids[0]->kind;
                if (kind == NODE_BOOL || kind == NODE_DOT || kind == NODE_NIL || kind == NODE_NUMBER ||
                    kind == NODE_STRING)
                        return fail(p, "non executable command in pipeline stage %zu", i + 1);
        }
        return pipe;
}

static TmplNode *parse_pipeline(Parser *p, const char *context, TmplTokenKind end)
{
        TmplNode *pipe = node_new(p, NODE_PIPE, peek_non_space(p));
        NodeVec cmds = { .arena = p->arena };
        if (!parse_declarations(p, pipe, context))
                return NULL;
        for (;;) {
                const TmplToken *t = next_non_space(p);
                if (t->kind == end) {
                        pipe->kids = cmds.data;
                        pipe->n = cmds.len;
                        return check_pipeline(p, pipe, context);
                }
                if (!starts_operand(t->kind))
                        return unexpected(p, t, context);
                p->at--;
                TmplNode *cmd = parse_command(p);
                if (!cmd)
                        return NULL;
                vec_push(&cmds, cmd);
        }
}

/* ---- statements */

static TmplNode *parse_control(Parser *p, const TmplToken *at, TmplNodeKind kind, const char *context)
{
        TmplNode *node = node_new(p, kind, at), *end;
        size_t vars = p->vars.len;
        if (!deeper(p))
                return NULL;
        node->pipe = parse_pipeline(p, context, TOKEN_RIGHT_DELIM);
        if (!node->pipe)
                return NULL;
        p->range_depth += kind == NODE_RANGE;
        node->list = parse_item_list(p, &end);
        p->range_depth -= kind == NODE_RANGE;
        if (!node->list)
                return NULL;
        if (end->kind == NODE_ELSE) {
                TmplTokenKind word = peek(p)->kind;
                if ((kind == NODE_IF && word == TOKEN_IF) || (kind == NODE_WITH && word == TOKEN_WITH)) {
                        /* "{{else if x}}" is "{{else}}{{if x}}" that shares the outer {{end}}. */
                        const TmplToken *t = next(p);
                        TmplNode *inner = parse_control(p, t, kind, context);
                        if (!inner)
                                return NULL;
                        node->else_list = node_new(p, NODE_LIST, t);
                        node->else_list->kids = arena_array(p->arena, TmplNode *, 1);
                        node->else_list->kids[0] = inner;
                        node->else_list->n = 1;
                } else {
                        node->else_list = parse_item_list(p, &end);
                        if (!node->else_list)
                                return NULL;
                        if (end->kind != NODE_END)
                                return fail(p, "expected end; found {{else}}");
                }
        }
        p->vars.len = vars;
        p->depth--;
        return node;
}

static TmplNode *parse_else(Parser *p, const TmplToken *at)
{
        const TmplToken *t = peek_non_space(p);
        if (t->kind != TOKEN_IF && (t->kind != TOKEN_WITH || p->go_1_19) && !expect(p, TOKEN_RIGHT_DELIM, "else"))
                return NULL;
        return node_new(p, NODE_ELSE, at);
}

static TmplNode *parse_loop_exit(Parser *p, const TmplToken *at, TmplNodeKind kind, const char *word)
{
        const TmplToken *t = next_non_space(p);
        if (t->kind != TOKEN_RIGHT_DELIM)
                return unexpected(p, t, word);
        if (p->range_depth == 0)
                return fail(p, "%s outside {{range}}", word);
        return node_new(p, kind, at);
}

static bool parse_template_name(Parser *p, const char *context, Str *ret)
{
        const TmplToken *t = next_non_space(p);
        if (t->kind != TOKEN_STRING && t->kind != TOKEN_RAW_STRING)
                return unexpected(p, t, context) != NULL;
        return tmpl_lex_unquote(t->val, p->arena, ret) || fail(p, "invalid syntax");
}

/* Adds a definition; two with a body under one name in one text are a mistake. */
static bool add_tree(Parser *p, Str name, TmplNode *root)
{
        TmplTree tree = { .name = name, .parse_name = p->name, .text = p->text, .root = root };
        for (size_t i = 0; i < p->trees.len; i++) {
                TmplTree *old = &p->trees.data[i];
                if (!str_eq(old->name, name))
                        continue;
                if (tmpl_node_is_empty(old->root))
                        *old = tree;
                else if (!tmpl_node_is_empty(root)) {
                        Buf quoted = { .arena = p->arena };
                        quote_go(&quoted, name);
                        return fail(p, "template: multiple definition of template " STR_FMT,
                                    STR_ARG(buf_str(&quoted))) != NULL;
                }
                return true;
        }
        vec_push(&p->trees, tree);
        return true;
}

/* The body of {{define}} and {{block}}: sees no variable but $, and no range around it. */
static bool parse_body(Parser *p, Str name, const char *context)
{
        __typeof__(p->vars) outer_vars = p->vars;
        unsigned outer_range = p->range_depth;
        __typeof__(p->vars) own = { .arena = p->arena };
        p->vars = own;
        vec_push(&p->vars, STR("$"));
        p->range_depth = 0;
        TmplNode *end = NULL;
        if (!deeper(p))
                return false;
        TmplNode *list = parse_item_list(p, &end);
        if (!list || !end)
                return false;
        if (end->kind != NODE_END)
                return fail(p, "unexpected {{else}} in %s", context) != NULL;
        p->vars = outer_vars;
        p->range_depth = outer_range;
        p->depth--;
        return add_tree(p, name, list);
}

static TmplNode *parse_template(Parser *p, bool block)
{
        const char *context = block ? "block clause" : "template clause";
        TmplNode *node = node_new(p, NODE_TEMPLATE, peek_non_space(p)); /* where its name stands, as Go counts */
        if (!parse_template_name(p, context, &node->text))
                return NULL;
        if (block || peek_non_space(p)->kind != TOKEN_RIGHT_DELIM) {
                node->pipe = parse_pipeline(p, context, TOKEN_RIGHT_DELIM);
                if (!node->pipe)
                        return NULL;
        } else
                next(p);
        return !block || parse_body(p, node->text, "block clause") ? node : NULL;
}

static TmplNode *parse_action(Parser *p)
{
        const TmplToken *t = next_non_space(p);
        switch ((int)t->kind) {
        case TOKEN_BLOCK: return parse_template(p, true);
        case TOKEN_BREAK: return parse_loop_exit(p, t, NODE_BREAK, "{{break}}");
        case TOKEN_CONTINUE: return parse_loop_exit(p, t, NODE_CONTINUE, "{{continue}}");
        case TOKEN_ELSE: return parse_else(p, t);
        case TOKEN_END: return expect(p, TOKEN_RIGHT_DELIM, "end") ? node_new(p, NODE_END, t) : NULL;
        case TOKEN_IF: return parse_control(p, t, NODE_IF, "if");
        case TOKEN_RANGE: return parse_control(p, t, NODE_RANGE, "range");
        case TOKEN_TEMPLATE: return parse_template(p, false);
        case TOKEN_WITH: return parse_control(p, t, NODE_WITH, "with");
        default: break;
        }
        p->at--;
        TmplNode *node = node_new(p, NODE_ACTION, peek(p));
        node->pipe = parse_pipeline(p, "command", TOKEN_RIGHT_DELIM);
        return node->pipe ? node : NULL;
}

static TmplNode *parse_text_or_action(Parser *p)
{
        const TmplToken *t = next_non_space(p);
        if (t->kind == TOKEN_TEXT) {
                TmplNode *node = node_new(p, NODE_TEXT, t);
                node->text = t->val;
                return node;
        }
        if (t->kind != TOKEN_LEFT_DELIM)
                return unexpected(p, t, "input");
        p->action_line = t->line;
        TmplNode *node = parse_action(p);
        p->action_line = 0;
        return node;
}

/* Up to and including {{end}} or {{else}}, which *ret_end tells. */
static TmplNode *parse_item_list(Parser *p, TmplNode **ret_end)
{
        TmplNode *list = node_new(p, NODE_LIST, peek_non_space(p));
        NodeVec nodes = { .arena = p->arena };
        while (peek_non_space(p)->kind != TOKEN_EOF) {
                TmplNode *node = parse_text_or_action(p);
                if (!node)
                        return NULL;
                if (node->kind == NODE_END || node->kind == NODE_ELSE) {
                        list->kids = nodes.data;
                        list->n = nodes.len;
                        *ret_end = node;
                        return list;
                }
                vec_push(&nodes, node);
        }
        return fail(p, "unexpected EOF");
}

static bool parse_define(Parser *p)
{
        Str name;
        return parse_template_name(p, "define clause", &name) && expect(p, TOKEN_RIGHT_DELIM, "define clause") &&
               parse_body(p, name, "define clause");
}

static bool parse_top(Parser *p)
{
        TmplNode *root = node_new(p, NODE_LIST, peek(p));
        NodeVec nodes = { .arena = p->arena };
        while (peek(p)->kind != TOKEN_EOF) {
                if (peek(p)->kind == TOKEN_LEFT_DELIM) {
                        size_t before = p->at;
                        next(p);
                        if (next_non_space(p)->kind == TOKEN_DEFINE) {
                                if (!parse_define(p))
                                        return false;
                                continue;
                        }
                        p->at = before;
                }
                TmplNode *node = parse_text_or_action(p);
                if (!node)
                        return false;
                if (node->kind == NODE_END || node->kind == NODE_ELSE)
                        return fail(p, "unexpected %s", node->kind == NODE_END ? "{{end}}" : "{{else}}") != NULL;
                vec_push(&nodes, node);
        }
        root->kids = nodes.data;
        root->n = nodes.len;
        return add_tree(p, p->name, root);
}

bool tmpl_parse(const TmplOptions *options, Str name, Str text, Arena *arena, TmplTreeVec *trees, Err *err)
{
        if (text.n > PARSE_MAX_TEXT_BYTES)
                return err_set(err, ERR_LIMIT,
                               "template: " STR_FMT ": a text of %zu bytes is longer than the limit of %d",
                               STR_ARG(name), text.n, PARSE_MAX_TEXT_BYTES);
        Parser p = { .funcs = options->funcs,
                     .go_1_19 = options->go_1_19,
                     .old_words = options->old_words,
                     .name = name,
                     .text = text,
                     .arena = arena,
                     .line = 1,
                     .vars.arena = arena,
                     .trees.arena = arena,
                     .err = err };
        p.tokens = tmpl_lex(text, arena, &p.n);
        vec_push(&p.vars, STR("$"));
        if (!parse_top(&p))
                return false;
        for (size_t i = 0; i < p.trees.len; i++) {
                TmplTree *tree = &p.trees.data[i], *old = NULL;
                for (size_t j = 0; j < trees->len; j++)
                        if (str_eq(trees->data[j].name, tree->name))
                                old = &trees->data[j];
                if (!old)
                        vec_push(trees, *tree);
                else if (!tmpl_node_is_empty(tree->root))
                        *old = *tree;
        }
        return true;
}
