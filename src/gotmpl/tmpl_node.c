/* gotmpl/tmpl_node.c
 *
 * Invariants:
 * 1. Printing a node gives text that parses to the same node. Recursion is bounded by the parser's depth limit. */
#include "gotmpl/tmpl_node.h"

#include <string.h>

const TmplTree *tmpl_node_find_tree(const TmplSet *set, Str name)
{
        for (; set; set = set->base)
                for (size_t i = 0; i < set->trees.len; i++)
                        if (str_eq(set->trees.data[i].name, name))
                                return &set->trees.data[i];
        return NULL;
}

bool tmpl_node_is_empty(const TmplNode *list)
{
        for (size_t i = 0; i < list->n; i++)
                if (list->kids[i]->kind != NODE_TEXT || str_trim(list->kids[i]->text).n)
                        return false;
        return true;
}

static void print_names(Buf *out, const TmplNode *node, size_t from)
{
        for (size_t i = from; i < node->names_n; i++) {
                buf_char(out, '.');
                buf_str_add(out, node->names[i]);
        }
}

static void print_pipe(Buf *out, const TmplNode *node)
{
        for (size_t i = 0; i < node->names_n; i++) {
                if (i)
                        buf_lit(out, ", ");
                buf_str_add(out, node->names[i]);
        }
        if (node->names_n)
                buf_cstr_add(out, node->flag ? " = " : " := ");
        for (size_t i = 0; i < node->n; i++) {
                if (i)
                        buf_lit(out, " | ");
                tmpl_node_print(out, node->kids[i]);
        }
}

static void print_in_parens(Buf *out, const TmplNode *node)
{
        bool parens = node->kind == NODE_PIPE;
        if (parens)
                buf_char(out, '(');
        tmpl_node_print(out, node);
        if (parens)
                buf_char(out, ')');
}

/* Statements are named by their head: a message has no room for their bodies. */
static void print_statement(Buf *out, const TmplNode *node, const char *word)
{
        buf_printf(out, "{{%s", word);
        if (node->kind == NODE_TEMPLATE)
                buf_printf(out, " \"" STR_FMT "\"", STR_ARG(node->text));
        if (node->pipe) {
                if (*word)
                        buf_char(out, ' ');
                print_pipe(out, node->pipe);
        }
        buf_lit(out, "}}");
}

void tmpl_node_print(Buf *out, const TmplNode *node)
{
        switch (node->kind) {
        case NODE_LIST:
                for (size_t i = 0; i < node->n; i++)
                        tmpl_node_print(out, node->kids[i]);
                break;
        case NODE_TEXT:
        case NODE_IDENT: buf_str_add(out, node->text); break;
        case NODE_ACTION: print_statement(out, node, ""); break;
        case NODE_IF: print_statement(out, node, "if"); break;
        case NODE_RANGE: print_statement(out, node, "range"); break;
        case NODE_WITH: print_statement(out, node, "with"); break;
        case NODE_TEMPLATE: print_statement(out, node, "template"); break;
        case NODE_BREAK: buf_lit(out, "{{break}}"); break;
        case NODE_CONTINUE: buf_lit(out, "{{continue}}"); break;
        case NODE_END: buf_lit(out, "{{end}}"); break;
        case NODE_ELSE: buf_lit(out, "{{else}}"); break;
        case NODE_PIPE: print_pipe(out, node); break;
        case NODE_COMMAND:
                for (size_t i = 0; i < node->n; i++) {
                        if (i)
                                buf_char(out, ' ');
                        print_in_parens(out, node->kids[i]);
                }
                break;
        case NODE_FIELD: print_names(out, node, 0); break;
        case NODE_CHAIN:
                print_in_parens(out, node->pipe);
                print_names(out, node, 0);
                break;
        case NODE_VARIABLE:
                buf_str_add(out, node->names[0]);
                print_names(out, node, 1);
                break;
        case NODE_DOT: buf_char(out, '.'); break;
        case NODE_NIL: buf_lit(out, "nil"); break;
        case NODE_BOOL: buf_cstr_add(out, node->flag ? "true" : "false"); break;
        case NODE_NUMBER:
        case NODE_STRING: buf_str_add(out, node->quoted); break;
        default: break;
        }
}

void tmpl_node_location(Buf *out, const TmplTree *tree, const TmplNode *node)
{
        size_t line = 1, line_start = 0, pos = MIN_OF((size_t)node->pos, tree->text.n);
        for (size_t i = 0; i < pos; i++)
                if (tree->text.p[i] == '\n') {
                        line++;
                        line_start = i + 1;
                }
        buf_printf(out, STR_FMT ":%zu:%zu", STR_ARG(tree->parse_name), line, pos - line_start);
}
