/* gotmpl/tmpl_htmlcheck.c
 *
 * Invariants:
 * 1. A template that is called from the same kind of place twice is followed once: what it ends in is remembered.
 * 2. A call of a template from within itself is taken to end where it began; the assumption is checked afterwards.
 * 3. The number of nodes that are followed is limited by the set's max_steps: loops in loops double the work. */
#include "gotmpl/tmpl_htmlcheck.h"

#include <string.h>

#include "base/vec.h"
#include "gotmpl/tmpl_htmlname.h"
#include "gotmpl/tmpl_htmlval.h"
#include "model/quote.h"

enum { CHECK_MAX_NEST = 1000 };

typedef struct Known {
        Str name;
        TmplHtml from, to;
        bool called;
} Known;

typedef struct Jump {
        TmplHtml at;
        bool is_break;
        const TmplNode *node;
} Jump;

typedef struct Check {
        const TmplSet *set;
        const TmplTree *tree;
        Arena *arena;
        VEC(Known) known;
        VEC(Jump) jumps; /* of the innermost loop: from jumps_base on */
        size_t jumps_base, steps;
        unsigned nest;
} Check;

static TmplHtml follow_list(Check *c, TmplHtml h, const TmplNode *list);

static TmplHtml error_at(const Check *c, TmplHtml h, const TmplNode *node, const char *text)
{
        tmpl_html_fail(&h, "%s", text);
        h.error->tree = c->tree;
        bool branch = node && (node->kind == NODE_IF || node->kind == NODE_WITH || node->kind == NODE_RANGE);
        h.error->node = branch ? node->pipe : node;
        return h;
}

static TmplHtml join(const Check *c, TmplHtml a, TmplHtml b, const TmplNode *node, const char *name)
{
        if (a.state == HTML_ERROR || b.state == HTML_DEAD)
                return a;
        if (b.state == HTML_ERROR || a.state == HTML_DEAD || tmpl_html_eq(&a, &b))
                return b;
        TmplHtml same = a;
        same.url_part = b.url_part;
        if (tmpl_html_eq(&same, &b)) {
                same.url_part = URL_UNKNOWN;
                return same;
        }
        same = a;
        same.slash = b.slash;
        if (tmpl_html_eq(&same, &b)) {
                same.slash = SLASH_UNKNOWN;
                return same;
        }
        TmplHtml x = tmpl_html_nudged(a), y = tmpl_html_nudged(b);
        if (!tmpl_html_eq(&x, &a) || !tmpl_html_eq(&y, &b)) {
                same = join(c, x, y, node, name);
                if (same.state != HTML_ERROR)
                        return same;
        }
        Buf text = { .arena = c->arena };
        buf_printf(&text, "{{%s}} branches end in different contexts: ", name);
        tmpl_htmlname_context(&text, &a);
        buf_lit(&text, ", ");
        tmpl_htmlname_context(&text, &b);
        buf_char(&text, 0);
        return error_at(c, a, node, text.p);
}

static void prefix_error(Check *c, TmplHtml *h, const char *prefix, uint32_t line)
{
        h->error->line = line;
        h->error->text = str_printf(c->arena, "%s" STR_FMT, prefix, STR_ARG(h->error->text));
}

/* {{break}} and {{continue}} go where the body ends. */
static TmplHtml join_jumps(Check *c, TmplHtml h)
{
        for (int breaks = 1; breaks >= 0; breaks--)
                for (size_t i = c->jumps_base; i < c->jumps.len && h.state != HTML_ERROR; i++) {
                        const Jump *jump = &c->jumps.data[i];
                        if (jump->is_break != breaks)
                                continue;
                        h = join(c, h, jump->at, jump->node, "range");
                        if (h.state == HTML_ERROR)
                                prefix_error(c, &h, breaks ? "at range loop break: " : "at range loop continue: ",
                                             jump->node->line);
                }
        return h;
}

static TmplHtml follow_loop_body(Check *c, TmplHtml h, const TmplNode *node)
{
        size_t base = c->jumps_base;
        c->jumps_base = c->jumps.len;
        TmplHtml once = follow_list(c, h, node->list);
        if (once.state != HTML_ERROR)
                once = join_jumps(c, once);
        c->jumps.len = c->jumps_base;
        if (once.state != HTML_ERROR) {
                TmplHtml twice = follow_list(c, once, node->list);
                once = join(c, once, twice, node, "range");
                if (once.state == HTML_ERROR)
                        prefix_error(c, &once, "on range loop re-entry: ", node->line);
                else
                        once = join_jumps(c, once);
                c->jumps.len = c->jumps_base;
        }
        c->jumps_base = base;
        return once;
}

static TmplHtml follow_branch(Check *c, TmplHtml h, const TmplNode *node)
{
        bool loop = node->kind == NODE_RANGE;
        TmplHtml a = loop ? follow_loop_body(c, h, node) : follow_list(c, h, node->list);
        if (loop && a.state == HTML_ERROR)
                return a;
        TmplHtml b = follow_list(c, h, node->else_list);
        return join(c, a, b, node, loop ? "range" : node->kind == NODE_IF ? "if" : "with");
}

static TmplHtml action_error(const Check *c, TmplHtml h, const TmplNode *node, const char *text)
{
        Buf whole = { .arena = c->arena };
        buf_lit(&whole, "{{");
        tmpl_node_print(&whole, node->pipe);
        buf_printf(&whole, "}} appears in %s", text);
        buf_char(&whole, 0);
        return error_at(c, h, node, whole.p);
}

static TmplHtml follow_action(const Check *c, TmplHtml h, const TmplNode *node)
{
        const TmplNode *pipe = node->pipe;
        if (pipe->names_n)
                return h;
        h = tmpl_html_nudged(h);
        for (size_t i = 0; i < pipe->n; i++) {
                const TmplNode *word = pipe->kids[i]->kids[0];
                if (word->kind != NODE_IDENT ||
                    (!str_eq(word->text, STR("html")) && !str_eq(word->text, STR("urlquery"))))
                        continue;
                bool unquoted = h.state == HTML_ATTR && h.delim == DELIM_SPACE && str_eq(word->text, STR("html"));
                if (i + 1 < pipe->n || unquoted)
                        return error_at(c, h, node,
                                        str_eq(word->text, STR("html"))
                                                ? "predefined escaper \"html\" disallowed in template"
                                                : "predefined escaper \"urlquery\" disallowed in template");
        }
        bool url = h.state == HTML_URL || (h.state >= HTML_CSS_DOUBLE && h.state <= HTML_CSS_URL);
        if (url && h.url_part == URL_UNKNOWN)
                return action_error(c, h, node, "an ambiguous context within a URL");
        if (h.old && h.state == HTML_JS_LITERAL)
                return action_error(c, h, node, "a JS template literal");
        if (h.state != HTML_ERROR)
                tmpl_htmlval_pass(&h);
        return h;
}

static Known *find_known(Check *c, Str name, const TmplHtml *from)
{
        for (size_t i = 0; i < c->known.len; i++)
                if (str_eq(c->known.data[i].name, name) && tmpl_html_eq(&c->known.data[i].from, from))
                        return &c->known.data[i];
        return NULL;
}

/* One try: the body from h, while calls of the same template from `from` are taken to end in h. */
static TmplHtml follow_body(Check *c, const TmplTree *tree, const TmplHtml *from, TmplHtml h, bool *ret_ok)
{
        const TmplTree *caller = c->tree;
        size_t at = (size_t)(find_known(c, tree->name, from) - c->known.data), len = c->known.len;
        c->known.data[at].to = h;
        c->known.data[at].called = false;
        size_t base = c->jumps_base;
        c->jumps_base = c->jumps.len;
        c->tree = tree;
        TmplHtml to = follow_list(c, h, tree->root);
        c->tree = caller;
        c->jumps_base = base;
        *ret_ok = to.state != HTML_ERROR && (!c->known.data[at].called || tmpl_html_eq(&h, &to));
        if (!*ret_ok)
                c->known.len = len;
        return to;
}

static TmplHtml follow_tree(Check *c, TmplHtml h, const TmplTree *tree)
{
        TmplHtml from = h;
        vec_push(&c->known, (Known){ .name = tree->name, .from = from });
        bool ok;
        TmplHtml to = follow_body(c, tree, &from, h, &ok);
        if (!ok) {
                TmplHtml again = follow_body(c, tree, &from, to, &ok);
                if (ok)
                        to = again;
        }
        if (!ok && to.state != HTML_ERROR)
                to = error_at(
                        c, to, NULL,
                        str_dupz(c->arena, str_printf(c->arena, "cannot compute output context for template " STR_FMT,
                                                      STR_ARG(tree->name))));
        Known *known = find_known(c, tree->name, &from);
        if (known)
                known->to = to;
        return to;
}

static TmplHtml follow_call(Check *c, TmplHtml h, const TmplNode *node)
{
        Known *known = find_known(c, node->text, &h);
        if (known) {
                known->called = true;
                return known->to;
        }
        const TmplTree *tree = tmpl_node_find_tree(c->set, node->text);
        if (!tree) {
                Buf text = { .arena = c->arena };
                buf_lit(&text, "no such template ");
                quote_go(&text, node->text);
                buf_char(&text, 0);
                return error_at(c, h, node, text.p);
        }
        return follow_tree(c, h, tree);
}

static TmplHtml follow_node(Check *c, TmplHtml h, const TmplNode *node)
{
        switch ((int)node->kind) {
        case NODE_TEXT: tmpl_html_text(&h, NULL, node->text); return h;
        case NODE_ACTION: return follow_action(c, h, node);
        case NODE_IF:
        case NODE_WITH:
        case NODE_RANGE: return follow_branch(c, h, node);
        case NODE_TEMPLATE: return follow_call(c, h, node);
        case NODE_BREAK:
        case NODE_CONTINUE:
                vec_push(&c->jumps, (Jump){ h, node->kind == NODE_BREAK, node });
                return (TmplHtml){ .state = HTML_DEAD, .arena = h.arena, .old = h.old };
        case NODE_LIST: return follow_list(c, h, node);
        default: return h;
        }
}

static TmplHtml follow_list(Check *c, TmplHtml h, const TmplNode *list)
{
        if (c->nest == CHECK_MAX_NEST)
                return error_at(c, h, NULL, "nested too deep");
        c->nest++;
        for (size_t i = 0; list && i < list->n && h.state != HTML_DEAD; i++) {
                if (++c->steps > c->set->options.max_steps) {
                        h = error_at(c, h, NULL, "following the branches takes too many steps");
                        break;
                }
                h = follow_node(c, h, list->kids[i]);
        }
        c->nest--;
        return h;
}

bool tmpl_htmlcheck(const TmplSet *set, const TmplTree *tree, Arena *arena, Err *err)
{
        Check c = { .set = set, .arena = arena, .known.arena = arena, .jumps.arena = arena };
        TmplHtml h = follow_tree(&c, (TmplHtml){ .arena = arena, .old = set->options.go_1_19 }, tree);
        if (h.state == HTML_TEXT)
                return true;
        Buf text = { .arena = arena };
        buf_lit(&text, "html/template:");
        if (h.state != HTML_ERROR) {
                if (tree->name.n)
                        buf_printf(&text, STR_FMT ":", STR_ARG(tree->name));
                buf_lit(&text, " ends in a non-text context: ");
                tmpl_htmlname_context(&text, &h);
        } else {
                const TmplHtmlError *e = h.error;
                if (e->node)
                        tmpl_node_location(&text, e->tree, e->node);
                else if (e->line)
                        buf_printf(&text, STR_FMT ":%u", STR_ARG(tree->name), e->line);
                else
                        buf_str_add(&text, tree->name);
                buf_cstr_add(&text, e->node || e->line || tree->name.n ? ": " : " ");
                buf_str_add(&text, e->text);
        }
        return err_set(err, ERR_INVALID, STR_FMT, STR_ARG(buf_str(&text)));
}
