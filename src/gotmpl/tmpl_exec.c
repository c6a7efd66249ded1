/* gotmpl/tmpl_exec.c
 *
 * Invariants:
 * 1. Every statement and every command is a step; steps, output bytes, arena bytes, nested template calls and recursion
 *    are limited, so a run ends whatever the template says.
 * 2. run->at is the node of which Go would say "at <...>" when a failure happens at this moment.
 * 3. A template sees its own variables only: [vars_base, len). Blocks pop what they pushed; plain actions do not.
 * 4. Running changes no tree and no set: one set serves many threads. */
#include "gotmpl/tmpl_exec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "gotmpl/tmpl_builtin.h"
#include "gotmpl/tmpl_eval.h"
#include "gotmpl/tmpl_fmt.h"
#include "gotmpl/tmpl_htmlval.h"
#include "model/quote.h"

enum {
        EXEC_MAX_NEST = 1000, /* C recursion: about 1 KiB of stack each */
        EXEC_CONTEXT_MAX_BYTES =
                160, /* longer expressions are cut in messages, so that the reason behind them survives */
        EXEC_POLL_STEPS = 256,
};

typedef enum Flow { FLOW_OK, FLOW_BREAK, FLOW_CONTINUE, FLOW_FAIL } Flow;

static Flow walk(TmplRun *run, const TmplValue *dot, const TmplNode *node);

/* ---- failing and limits */

static bool fail_v(TmplRun *run, ErrCode code, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);
static bool fail_v(TmplRun *run, ErrCode code, const char *fmt, va_list ap)
{
        char message[400];
        vsnprintf(message, sizeof message, fmt, ap);
        Buf where = { .arena = run->arena };
        if (run->at) {
                tmpl_node_location(&where, run->tree, run->at);
                buf_lit(&where, ": executing ");
                quote_go(&where, run->tree->name);
                buf_lit(&where, " at <");
                size_t from = where.n;
                tmpl_node_print(&where, run->at);
                if (where.n - from > EXEC_CONTEXT_MAX_BYTES) {
                        where.n = from + EXEC_CONTEXT_MAX_BYTES - 3;
                        buf_lit(&where, "...");
                }
                buf_char(&where, '>');
        } else
                buf_str_add(&where, run->tree->name);
        return err_set(run->err, code, "template: " STR_FMT ": %s", STR_ARG(buf_str(&where)), message);
}

bool tmpl_exec_fail(TmplRun *run, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        fail_v(run, ERR_INVALID, fmt, ap);
        va_end(ap);
        return false;
}

bool tmpl_exec_fail_code(TmplRun *run, ErrCode code, const char *fmt, ...)
{
        va_list ap;
        va_start(ap, fmt);
        fail_v(run, code, fmt, ap);
        va_end(ap);
        return false;
}

bool tmpl_exec_step(TmplRun *run)
{
        const TmplOptions *o = &run->set->options;
        if (++run->steps > o->max_steps)
                return tmpl_exec_fail_code(run, ERR_LIMIT, "the template takes more than %zu steps", o->max_steps);
        if (run->out->n - run->out_start > o->max_output_bytes)
                return tmpl_exec_fail_code(run, ERR_LIMIT, "the output is longer than %zu bytes", o->max_output_bytes);
        if (arena_used(run->arena) - run->arena_start > o->max_memory_bytes)
                return tmpl_exec_fail_code(run, ERR_LIMIT, "the template needs more than %zu bytes of memory",
                                           o->max_memory_bytes);
        if (run->steps % EXEC_POLL_STEPS == 0 && o->expired && o->expired(run->ctx))
                return tmpl_exec_fail_code(run, ERR_TIMEOUT, "the template takes too long");
        return true;
}

const TmplNode *tmpl_exec_at(const TmplRun *run) { return run->at; }

bool tmpl_exec_enter(TmplRun *run)
{
        if (run->nest < EXEC_MAX_NEST) {
                run->nest++;
                return true;
        }
        return tmpl_exec_fail_code(run, ERR_LIMIT, "nested deeper than %d levels", EXEC_MAX_NEST);
}

void tmpl_exec_leave(TmplRun *run) { run->nest--; }

/* ---- statements */

static bool print_value(TmplRun *run, const TmplNode *node, const TmplValue *v, TmplHtmlLast last)
{
        run->at = node;
        size_t max = run->out_start + run->set->options.max_output_bytes;
        bool fits;
        if (run->html) {
                Buf text = { .arena = run->arena };
                fits = v->kind == TMPL_NIL || tmpl_fmt_print(&text, run->set->options.max_output_bytes, v, 1, false);
                if (fits && !tmpl_htmlval_write(run->html, run->out, v, buf_str(&text), last, run->arena))
                        return tmpl_exec_fail(run, "this value cannot stand at this place of the HTML");
        } else if (v->kind == TMPL_NIL) {
                buf_lit(run->out, "<no value>");
                fits = true;
        } else
                fits = tmpl_fmt_print(run->out, max, v, 1, false);
        return (fits && run->out->n <= max) ||
               tmpl_exec_fail_code(run, ERR_LIMIT, "the output is longer than %zu bytes",
                                   run->set->options.max_output_bytes);
}

static Flow walk_list(TmplRun *run, const TmplValue *dot, const TmplNode *list)
{
        for (size_t i = 0; list && i < list->n; i++) {
                Flow flow = walk(run, dot, list->kids[i]);
                if (flow != FLOW_OK)
                        return flow;
        }
        return FLOW_OK;
}

/* What a function says of its arguments depends on data; the rest holds for every value of these types. */
static bool is_type_error(const Err *err)
{
        Str text = str_of(err->msg);
        return err->code == ERR_INVALID && (str_find(text, STR("error calling ")) == SIZE_MAX ||
                                            str_find(text, STR("types for comparison")) != SIZE_MAX);
}

/* The branch that this data does not take: only a mistake of types counts, and nothing of it stays. */
static Flow try_branch(TmplRun *run, const TmplValue *dot, const TmplNode *list)
{
        TmplRun before = *run;
        TmplHtml html = run->html ? *run->html : (TmplHtml){ 0 };
        size_t written = run->out->n;
        Flow flow = walk_list(run, dot, list);
        if (flow == FLOW_FAIL && is_type_error(run->err))
                return FLOW_FAIL;
        if (run->html)
                *run->html = html;
        run->out->n = written;
        run->vars.len = before.vars.len;
        run->tree = before.tree;
        run->vars_base = before.vars_base;
        run->depth = before.depth;
        run->nest = before.nest;
        run->at = before.at;
        return FLOW_OK;
}

static Flow walk_if_or_with(TmplRun *run, const TmplValue *dot, const TmplNode *node)
{
        size_t mark = run->vars.len;
        TmplValue value;
        if (!tmpl_eval_pipeline(run, dot, node->pipe, &value))
                return FLOW_FAIL;
        const TmplValue *inner = node->kind == NODE_WITH ? &value : dot;
        bool truth = gotmpl_truth(&value);
        if (run->set->options.every_branch && inner->kind != TMPL_NIL &&
            try_branch(run, truth ? dot : inner, truth ? node->else_list : node->list) == FLOW_FAIL)
                return FLOW_FAIL;
        Flow flow = truth ? walk_list(run, inner, node->list) : walk_list(run, dot, node->else_list);
        run->vars.len = mark;
        return flow;
}

/* The variable must be there: the parser saw its declaration. */
static void set_var(TmplRun *run, Str name, const TmplValue *value)
{
        for (size_t i = run->vars.len; i-- > run->vars_base;)
                if (str_eq(run->vars.data[i].name, name)) {
                        run->vars.data[i].value = *value;
                        return;
                }
}

static Flow one_iteration(TmplRun *run, const TmplNode *node, const TmplValue *index, const TmplValue *elem,
                          size_t mark)
{
        const TmplNode *pipe = node->pipe;
        CHECK(pipe->names_n <= 2);
        const TmplValue *values[2] = { pipe->names_n > 1 ? index : elem, elem };
        for (size_t i = 0; i < pipe->names_n; i++) {
                if (pipe->flag)
                        set_var(run, pipe->names[i], values[i]);
                else
                        run->vars.data[mark - pipe->names_n + i].value = *values[i];
        }
        Flow flow = walk_list(run, elem, node->list);
        run->vars.len = mark;
        return flow == FLOW_CONTINUE ? FLOW_OK : flow;
}

static Flow range_over(TmplRun *run, const TmplNode *node, const TmplValue *value, size_t mark)
{
        Flow flow = FLOW_OK;
        size_t *order = value->kind == TMPL_MAP ? tmpl_fmt_sorted_keys(value, run->arena) : NULL;
        int64_t n = value->kind == TMPL_INT ? value->i : (int64_t)value->n;
        TmplHtml place = run->html ? *run->html : (TmplHtml){ 0 };
        for (int64_t i = 0; i < n && flow == FLOW_OK; i++) {
                if (!tmpl_exec_step(run))
                        return FLOW_FAIL;
                if (run->html) /* html/template escapes a body once: for the place where its first round begins */
                        *run->html = place;
                TmplValue index = tmpl_int(i);
                const TmplValue *elem = &index;
                if (order) {
                        index = tmpl_str(value->keys[order[i]]);
                        elem = &value->items[order[i]];
                } else if (value->kind == TMPL_LIST)
                        elem = &value->items[i];
                flow = one_iteration(run, node, &index, elem, mark);
        }
        return flow == FLOW_BREAK ? FLOW_OK : flow;
}

/* "range $i = ...": a variable that nobody declared is found out only now. */
static bool check_assigned(TmplRun *run, const TmplNode *pipe)
{
        for (size_t i = 0; pipe->flag && i < pipe->names_n; i++) {
                bool found = false;
                for (size_t k = run->vars_base; k < run->vars.len; k++)
                        found |= str_eq(run->vars.data[k].name, pipe->names[i]);
                if (!found)
                        return tmpl_exec_fail(run, "undefined variable: " STR_FMT, STR_ARG(pipe->names[i]));
        }
        return true;
}

static Flow walk_range(TmplRun *run, const TmplValue *dot, const TmplNode *node)
{
        run->at = node;
        size_t outer = run->vars.len;
        TmplValue value;
        if (!tmpl_eval_pipeline(run, dot, node->pipe, &value) || !check_assigned(run, node->pipe))
                return FLOW_FAIL;
        Flow flow;
        bool integer = value.kind == TMPL_INT && !run->set->options.go_1_19;
        if (integer && node->pipe->names_n > 1) {
                tmpl_exec_fail(run, "can't use %lld to iterate over more than one variable", (long long)value.i);
                return FLOW_FAIL;
        }
        if (!integer && value.kind != TMPL_LIST && value.kind != TMPL_MAP && value.kind != TMPL_NIL) {
                Buf text = { .arena = run->arena };
                gotmpl_print(&text, &value);
                tmpl_exec_fail(run, "range can't iterate over " STR_FMT, STR_ARG(str_sub(buf_str(&text), 0, 200)));
                return FLOW_FAIL;
        }
        if (value.kind == TMPL_NIL || (integer ? value.i <= 0 : value.n == 0))
                flow = walk_list(run, dot, node->else_list);
        else
                flow = range_over(run, node, &value, run->vars.len);
        run->vars.len = outer;
        return flow;
}

static Flow walk_template(TmplRun *run, const TmplValue *dot, const TmplNode *node)
{
        run->at = node;
        const TmplTree *callee = tmpl_node_find_tree(run->set, node->text);
        if (!callee) {
                tmpl_exec_fail(run, "template \"" STR_FMT "\" not defined", STR_ARG(node->text));
                return FLOW_FAIL;
        }
        if (run->depth == run->set->options.max_depth) {
                tmpl_exec_fail_code(run, ERR_LIMIT, "exceeded maximum template depth (%u)",
                                    run->set->options.max_depth);
                return FLOW_FAIL;
        }
        TmplValue data = { 0 };
        if (node->pipe && !tmpl_eval_pipeline(run, dot, node->pipe, &data))
                return FLOW_FAIL;
        const TmplTree *caller = run->tree;
        size_t base = run->vars_base, len = run->vars.len;
        run->tree = callee;
        run->vars_base = len;
        vec_push(&run->vars, (TmplVar){ STR("$"), data });
        run->depth++;
        Flow flow = walk_list(run, &data, callee->root);
        run->depth--;
        run->vars.len = len;
        run->vars_base = base;
        if (flow != FLOW_FAIL)
                run->tree = caller;
        return flow;
}

/* The function html or urlquery at the end, when the place's own escaping does the same. */
static TmplHtmlLast last_escaper(const TmplRun *run, const TmplNode *pipe)
{
        const TmplNode *word = pipe->kids[pipe->n - 1]->kids[0];
        if (word->kind != NODE_IDENT || pipe->names_n)
                return LAST_OTHER;
        TmplHtmlLast last = str_eq(word->text, STR("html"))       ? LAST_HTML
                            : str_eq(word->text, STR("urlquery")) ? LAST_URLQUERY
                                                                  : LAST_OTHER;
        return tmpl_htmlval_replaces(run->html, last) ? last : LAST_OTHER;
}

static Flow walk_action(TmplRun *run, const TmplValue *dot, const TmplNode *node)
{
        TmplValue value;
        TmplNode shortened = *node->pipe, command, print;
        TmplNode *commands[1] = { &command };
        TmplHtmlLast last = run->html ? last_escaper(run, &shortened) : LAST_OTHER;
        if (last != LAST_OTHER && shortened.n > 1)
                shortened.n--;
        else if (last != LAST_OTHER && shortened.kids[0]->n > 1) { /* {{html .A .B}} becomes {{print .A .B}} */
                command = *shortened.kids[0];
                print = *command.kids[0];
                print.text = STR("print");
                print.func = tmpl_builtin_find(print.text);
                TmplNode **words = arena_array(run->arena, TmplNode *, command.n);
                memcpy(words, command.kids, command.n * sizeof *words);
                words[0] = &print;
                command.kids = words;
                shortened.kids = commands;
        }
        if (!tmpl_eval_pipeline(run, dot, &shortened, &value) ||
            (node->pipe->names_n == 0 && !print_value(run, node, &value, last)))
                return FLOW_FAIL;
        return FLOW_OK;
}

static Flow walk_node(TmplRun *run, const TmplValue *dot, const TmplNode *node)
{
        switch ((int)node->kind) {
        case NODE_TEXT:
                if (run->html)
                        tmpl_html_text(run->html, run->out, node->text);
                else
                        buf_str_add(run->out, node->text);
                return FLOW_OK;
        case NODE_ACTION: return walk_action(run, dot, node);
        case NODE_IF:
        case NODE_WITH: return walk_if_or_with(run, dot, node);
        case NODE_RANGE: return walk_range(run, dot, node);
        case NODE_TEMPLATE: return walk_template(run, dot, node);
        case NODE_BREAK: return FLOW_BREAK;
        case NODE_CONTINUE: return FLOW_CONTINUE;
        default: return walk_list(run, dot, node);
        }
}

static Flow walk(TmplRun *run, const TmplValue *dot, const TmplNode *node)
{
        run->at = node;
        if (!tmpl_exec_step(run) || !tmpl_exec_enter(run))
                return FLOW_FAIL;
        Flow flow = walk_node(run, dot, node);
        tmpl_exec_leave(run);
        return flow;
}

bool tmpl_exec(TmplRun *run, const TmplTree *tree, const TmplValue *data)
{
        run->tree = tree;
        run->out_start = run->out->n;
        run->arena_start = arena_used(run->arena);
        run->vars.arena = run->arena;
        vec_push(&run->vars, (TmplVar){ STR("$"), *data });
        Flow flow = walk_list(run, data, tree->root);
        if (flow == FLOW_FAIL)
                return false;
        if (run->out->n - run->out_start <= run->set->options.max_output_bytes)
                return true;
        return tmpl_exec_fail_code(run, ERR_LIMIT, "the output is longer than %zu bytes",
                                   run->set->options.max_output_bytes);
}
