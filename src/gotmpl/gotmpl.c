/* gotmpl/gotmpl.c - sets of templates and their runs: the facade over lexer, parser and executor.
 *
 * Invariants:
 * 1. A set owns its texts and trees in one arena; a run never writes to it.
 * 2. A loose text is parsed into the run's arena as an overlay that shadows the set: its definitions end with the run. */
#include "gotmpl/gotmpl.h"

#include "base/mem.h"
#include "gotmpl/tmpl_check.h"
#include "gotmpl/tmpl_exec.h"
#include "gotmpl/tmpl_fmt.h"
#include "gotmpl/tmpl_html.h"
#include "gotmpl/tmpl_htmlcheck.h"
#include "gotmpl/tmpl_parse.h"
#include "gotmpl/tmpl_rule.h"

enum {
        DEFAULT_MAX_OUTPUT_BYTES = 1 << 20,
        DEFAULT_MAX_STEPS = 1000000,
        DEFAULT_MAX_DEPTH = 100,
        DEFAULT_MAX_MEMORY_BYTES = 32 << 20,
        PRINT_MAX_BYTES = 16 << 20,
};

static TmplOptions with_defaults(TmplOptions o)
{
        o.max_output_bytes = o.max_output_bytes ? o.max_output_bytes : DEFAULT_MAX_OUTPUT_BYTES;
        o.max_steps = o.max_steps ? o.max_steps : DEFAULT_MAX_STEPS;
        o.max_depth = o.max_depth ? o.max_depth : DEFAULT_MAX_DEPTH;
        o.max_memory_bytes = o.max_memory_bytes ? o.max_memory_bytes : DEFAULT_MAX_MEMORY_BYTES;
        return o;
}

TmplSet *gotmpl_set_new(const TmplOptions *options)
{
        TmplSet *set = mem_new(TmplSet);
        set->options = with_defaults(*options);
        set->arena = arena_new();
        set->trees.arena = set->arena;
        return set;
}

void gotmpl_set_free(TmplSet *set)
{
        arena_free(set->arena);
        mem_free(set);
}

bool gotmpl_add(TmplSet *set, Str name, Str text, Err *err)
{
        return tmpl_parse(&set->options, str_dup(set->arena, name), str_dup(set->arena, text), set->arena, &set->trees,
                          err);
}

bool gotmpl_has(const TmplSet *set, Str name) { return tmpl_node_find_tree(set, name) != NULL; }

static bool run_tree(const TmplSet *set, const TmplTree *tree, const TmplValue *data, void *ctx, Arena *arena, Buf *out,
                     Err *err)
{
        if (set->options.html && !tmpl_htmlcheck(set, tree, arena, err))
                return false;
        TmplHtml html = { .arena = arena, .old = set->options.go_1_19 };
        TmplRun run = {
                .set = set, .ctx = ctx, .arena = arena, .out = out, .err = err, .html = set->options.html ? &html : NULL
        };
        return tmpl_exec(&run, tree, data);
}

bool gotmpl_run(const TmplSet *set, Str name, const TmplValue *data, void *ctx, Arena *arena, Buf *out, Err *err)
{
        const TmplTree *tree = tmpl_node_find_tree(set, name);
        if (!tree)
                return err_set(err, ERR_NOT_FOUND, "template: no template \"" STR_FMT "\" is defined", STR_ARG(name));
        return run_tree(set, tree, data, ctx, arena, out, err);
}

/* As an overlay of the set that it was made with. */
static bool run_overlay(TmplSet *overlay, Str name, Str text, const TmplValue *data, void *ctx, Arena *arena, Buf *out,
                        Err *err)
{
        overlay->trees.arena = arena;
        if (!tmpl_parse(&overlay->options, name, text, arena, &overlay->trees, err))
                return false;
        const TmplTree *tree = tmpl_node_find_tree(overlay, name);
        return run_tree(overlay, tree, data, ctx, arena, out, err);
}

bool gotmpl_run_text(const TmplSet *set, Str name, Str text, const TmplValue *data, void *ctx, Arena *arena, Buf *out,
                     Err *err)
{
        TmplSet overlay = { .options = set->options, .base = set };
        return run_overlay(&overlay, name, text, data, ctx, arena, out, err);
}

bool gotmpl_try_text(const TmplSet *set, Str name, Str text, const TmplValue *data, void *ctx, Arena *arena, Buf *out,
                     Err *err)
{
        TmplSet overlay = { .options = set->options, .base = set };
        overlay.options.every_branch = true;
        return run_overlay(&overlay, name, text, data, ctx, arena, out, err);
}

Arena *gotmpl_arena(TmplRun *run) { return run->arena; }
bool gotmpl_is_html(const TmplRun *run) { return run->html != NULL; }
bool gotmpl_has_old_words(const TmplRun *run) { return run->set->options.old_words; }

void gotmpl_print(Buf *out, const TmplValue *value)
{
        if (value->kind == TMPL_NIL)
                buf_lit(out, "<no value>");
        else
                IGNORE(tmpl_fmt_print(out, out->n + PRINT_MAX_BYTES, value, 1, false));
}

bool gotmpl_truth(const TmplValue *v)
{
        switch (v->kind) {
        case TMPL_BOOL: return v->b;
        case TMPL_INT:
        case TMPL_DURATION: return v->i != 0;
        case TMPL_FLOAT: return v->f != 0;
        case TMPL_STRING: return v->s.n != 0;
        case TMPL_LIST:
        case TMPL_MAP: return v->n != 0;
        case TMPL_STRUCT:
        case TMPL_OPAQUE:
        case TMPL_TIME: return true;
        case TMPL_NIL:
        default: return false;
        }
}

bool gotmpl_expand_rule(Str name, Str text, const TmplRuleData *data, const TmplPromCtx *ctx, Arena *arena, Str *ret,
                        Err *err)
{
        return tmpl_rule_expand(name, text, data, ctx, arena, ret, err);
}

bool gotmpl_check_rule(Str name, Str text, Err *err) { return tmpl_rule_check(name, text, err); }
bool gotmpl_try_rule(Str name, Str text, Err *err) { return tmpl_check_try_rule(name, text, err); }
Str gotmpl_hint(Str error) { return tmpl_check_hint(error); }
void gotmpl_rule_labels(Str text, Arena *arena, Str **ret, size_t *ret_n)
{
        tmpl_check_labels(text, arena, ret, ret_n);
}
