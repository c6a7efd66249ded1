/* gotmpl/tmpl_eval.c
 *
 * Invariants:
 * 1. Argument types are checked here, before a function runs, in the order and the words of Go: functions trust them.
 * 2. A failing function's message is wrapped with its name and the place; its error code is kept.
 * 3. Arguments live on this stack (up to FEW_ARGS) or in the run's arena: functions copy what they keep. */
#include "gotmpl/tmpl_eval.h"

#include <string.h>

#include "gotmpl/tmpl_builtin.h"
#include "gotmpl/tmpl_fmt.h"
#include "gotmpl/tmpl_timemethods.h"

enum { FEW_ARGS = 3, CALL_VARIADIC = -1 };

typedef struct Words { /* the words of a command: the function or operand itself, then its arguments */
        TmplNode *const *words;
        size_t n;
} Words;

/* What is called: a function or a method. */
typedef struct Callee {
        Str name;
        int min_args, max_args;
        TmplArgTypes types;
        const TmplFunc *func;     /* or */
        const TmplMethod *method; /* on */
        const TmplValue *self;
} Callee;

static bool eval_arg(TmplRun *run, const TmplValue *dot, char type, const TmplNode *node, TmplValue *ret);

static Str node_text(TmplRun *run, const TmplNode *node)
{
        Buf text = { .arena = run->arena };
        tmpl_node_print(&text, node);
        return str_sub(buf_str(&text), 0, 200);
}

/* ---- types */

static const char *type_name(char type)
{
        switch (type) {
        case 's': return "string";
        case 'i': return "int";
        case 'f': return "float64";
        case 'b': return "bool";
        case 'l': return "[]string";
        case 't': return "time.Time";
        case 'd': return "time.Duration";
        case 'x': return "[]interface {}";
        case 'm': return "map[string]interface {}";
        case 'q': return "template.queryResult";
        case 'p': return "*template.sample";
        default: return "interface {}";
        }
}

static bool can_be_nil(char type) { return strchr("alxmqp", type) != NULL; }

static char type_of_arg(TmplArgTypes types, size_t at)
{
        if (!types || !types[0])
                return 'a';
        size_t n = strlen(types);
        return types[MIN_OF(at, n - 1)];
}

static bool is_string_list(const TmplValue *v)
{
        for (size_t i = 0; i < v->n; i++)
                if (v->items[i].kind != TMPL_STRING)
                        return false;
        return v->kind == TMPL_LIST;
}

static bool has_type(const TmplValue *v, char type)
{
        switch (type) {
        case 's': return v->kind == TMPL_STRING && !v->safe_html && !v->safe_url;
        case 'i': return v->kind == TMPL_INT && !v->type;
        case 'f': return v->kind == TMPL_FLOAT;
        case 'b': return v->kind == TMPL_BOOL;
        case 'l': return is_string_list(v);
        case 'x': return v->kind == TMPL_LIST && !v->type;
        case 't': return v->kind == TMPL_TIME;
        case 'd': return v->kind == TMPL_DURATION;
        case 'm': return v->kind == TMPL_MAP;
        case 'q': return v->kind == TMPL_LIST && v->type && strcmp(v->type->go_name, type_name('q')) == 0;
        case 'p': return v->kind == TMPL_STRUCT && v->type && strcmp(v->type->go_name, type_name('p')) == 0;
        default: return true;
        }
}

static bool validate(TmplRun *run, char type, TmplValue *v)
{
        if (v->kind == TMPL_NIL) {
                if (!can_be_nil(type))
                        return tmpl_exec_fail(run, "invalid value; expected %s", type_name(type));
                if (type == 'l' || type == 'q' || type == 'x')
                        v->kind = TMPL_LIST;
                else if (type == 'm')
                        v->kind = TMPL_MAP;
                else if (type == 'p')
                        return tmpl_exec_fail(run, "nil pointer for an argument of type %s", type_name(type));
                return true;
        }
        if (has_type(v, type))
                return true;
        return tmpl_exec_fail(run, "wrong type for value; expected %s; got %s", type_name(type), tmpl_fmt_type(v));
}

static TmplValue ideal_constant(const TmplNode *node)
{
        return node->prefers_float || !node->is_int ? tmpl_float(node->f) : tmpl_int(node->i);
}

/* A literal as an argument of a type. */
static bool eval_literal(TmplRun *run, char type, const TmplNode *node, TmplValue *ret)
{
        const char *expected = NULL;
        switch (type) {
        case 's':
                expected = node->kind == NODE_STRING ? NULL : "string";
                *ret = tmpl_str(node->text);
                break;
        case 'i':
        case 'd':
                expected = node->kind == NODE_NUMBER && node->is_int ? NULL : "integer";
                *ret = tmpl_int(node->i);
                if (type == 'd')
                        ret->kind = TMPL_DURATION;
                break;
        case 'f':
                expected = node->kind == NODE_NUMBER && node->is_float ? NULL : "float";
                *ret = tmpl_float(node->f);
                break;
        case 'b':
                expected = node->kind == NODE_BOOL ? NULL : "bool";
                *ret = tmpl_bool(node->flag);
                break;
        case 'a':
                *ret = node->kind == NODE_STRING ? tmpl_str(node->text)
                       : node->kind == NODE_BOOL ? tmpl_bool(node->flag)
                                                 : ideal_constant(node);
                break;
        default:
                return tmpl_exec_fail(run, "can't handle " STR_FMT " for arg of type %s", STR_ARG(node_text(run, node)),
                                      type_name(type));
        }
        return !expected || tmpl_exec_fail(run, "expected %s; found " STR_FMT, expected, STR_ARG(node_text(run, node)));
}

/* ---- calls */

static bool check_count(TmplRun *run, const Callee *callee, size_t args, size_t all)
{
        bool variadic = callee->max_args == CALL_VARIADIC;
        if (variadic && all < (size_t)callee->min_args)
                return tmpl_exec_fail(run, "wrong number of args for " STR_FMT ": want at least %d got %zu",
                                      STR_ARG(callee->name), callee->min_args, args);
        if (!variadic && (all < (size_t)callee->min_args || all > (size_t)callee->max_args))
                return tmpl_exec_fail(run, "wrong number of args for " STR_FMT ": want %d got %zu",
                                      STR_ARG(callee->name),
                                      all < (size_t)callee->min_args ? callee->min_args : callee->max_args, all);
        return true;
}

/* and, or: stop at the first operand that decides. */
static bool short_circuit(TmplRun *run, const TmplValue *dot, bool is_or, Words w, const TmplValue *final,
                          TmplValue *ret)
{
        for (size_t i = 1; i < w.n; i++) {
                if (!eval_arg(run, dot, 'a', w.words[i], ret))
                        return false;
                if (gotmpl_truth(ret) == is_or)
                        return true;
        }
        if (final)
                *ret = *final;
        return true;
}

static bool call(TmplRun *run, const TmplValue *dot, const Callee *callee, const TmplNode *node, Words w,
                 const TmplValue *final, TmplValue *ret)
{
        size_t args = w.n ? w.n - 1 : 0, all = args + (final != NULL);
        if (!check_count(run, callee, args, all))
                return false;
        TmplBuiltinKind kind = callee->func ? tmpl_builtin_kind(callee->func) : TMPL_BUILTIN_PLAIN;
        if (kind == TMPL_BUILTIN_AND || kind == TMPL_BUILTIN_OR)
                return short_circuit(run, dot, kind == TMPL_BUILTIN_OR, w, final, ret);
        TmplValue few[FEW_ARGS], *argv = all <= FEW_ARGS ? few : arena_raw_array(run->arena, TmplValue, all);
        for (size_t i = 0; i < args; i++)
                if (!eval_arg(run, dot, type_of_arg(callee->types, i), w.words[i + 1], &argv[i]))
                        return false;
        if (final) {
                argv[args] = *final;
                if (!validate(run, type_of_arg(callee->types, args), &argv[args]))
                        return false;
        }
        Err err = { 0 };
        TmplValue result = { 0 };
        if (kind == TMPL_BUILTIN_CALL)
                run->at = args ? w.words[1] : NULL; /* it tells what is no function */
        if (callee->func ? callee->func->call(run->ctx, run, argv, all, &result, &err)
                         : callee->method->call(run, callee->self, argv, all, &result, &err)) {
                *ret = result;
                return true;
        }
        run->at = node;
        return tmpl_exec_fail_code(run, err.code, "error calling " STR_FMT ": %s", STR_ARG(callee->name), err.msg);
}

static bool call_function(TmplRun *run, const TmplValue *dot, const TmplNode *ident, const TmplNode *node, Words w,
                          const TmplValue *final, TmplValue *ret)
{
        run->at = ident;
        const TmplFunc *f = ident->func;
        Callee callee = {
                .name = ident->text, .min_args = f->min_args, .max_args = f->max_args, .types = f->arg_types, .func = f
        };
        return call(run, dot, &callee, node, w, final, ret);
}

/* ---- fields */

static const TmplMethod *find_method(const TmplValue *v, Str name)
{
        const TmplMethod *m = v->type && v->type->methods ? v->type->methods : tmpl_timemethods(v->kind);
        for (; m && m->name; m++)
                if (str_eq(name, str_of(m->name)))
                        return m;
        return NULL;
}

static bool map_entry(TmplRun *run, const TmplValue *map, Str name, TmplValue *ret)
{
        for (size_t i = map->n; i-- > 0;)
                if (str_eq(map->keys[i], name)) {
                        *ret = map->items[i];
                        return true;
                }
        *ret = (TmplValue){ 0 };
        if (run->set->options.missing_key_zero && map->type)
                ret->kind = map->type->elem_kind;
        return true;
}

static bool too_many_results(TmplRun *run, const TmplMethod *m)
{
        if (run->set->options.old_words)
                return tmpl_exec_fail(run, "can't call method/function \"%s\" with %d results", m->name, m->results);
        if (m->results == 2)
                return tmpl_exec_fail(
                        run, "invalid function signature for %s: second return value should be error; is int", m->name);
        return tmpl_exec_fail(run, "function %s has %d return values; should be 1 or 2", m->name, m->results);
}

/* args: the words behind the field when it is the last of its chain, else none. */
static bool eval_field(TmplRun *run, const TmplValue *dot, Str name, const TmplNode *node, Words w,
                       const TmplValue *final, const TmplValue *receiver, TmplValue *ret)
{
        if (receiver->kind == TMPL_NIL) {
                *ret = (TmplValue){ 0 };
                return true;
        }
        const TmplMethod *m = find_method(receiver, name);
        if (m && m->since_1_20 && run->set->options.go_1_19)
                m = NULL;
        if (m && m->results > 1)
                return too_many_results(run, m);
        if (m) {
                Callee callee = { .name = name,
                                  .min_args = m->min_args,
                                  .max_args = m->max_args,
                                  .types = m->arg_types,
                                  .method = m,
                                  .self = receiver };
                return call(run, dot, &callee, node, w, final, ret);
        }
        bool has_args = w.n > 1 || final;
        if (receiver->kind == TMPL_MAP) {
                if (has_args)
                        return tmpl_exec_fail(run, STR_FMT " is not a method but has arguments", STR_ARG(name));
                return map_entry(run, receiver, name, ret);
        }
        for (size_t i = 0; receiver->kind == TMPL_STRUCT && i < receiver->n; i++)
                if (str_eq(receiver->keys[i], name)) {
                        if (has_args)
                                return tmpl_exec_fail(run, STR_FMT " has arguments but cannot be invoked as function",
                                                      STR_ARG(name));
                        *ret = receiver->items[i];
                        return true;
                }
        return tmpl_exec_fail(run, "can't evaluate field " STR_FMT " in type %s", STR_ARG(name),
                              tmpl_fmt_type(receiver));
}

static bool eval_field_chain(TmplRun *run, const TmplValue *dot, const TmplValue *receiver, const TmplNode *node,
                             size_t from, Words w, const TmplValue *final, TmplValue *ret)
{
        TmplValue value = *receiver;
        for (size_t i = from; i < node->names_n; i++) {
                bool last = i + 1 == node->names_n;
                TmplValue next;
                if (!eval_field(run, dot, node->names[i], node, last ? w : (Words){ 0 }, last ? final : NULL, &value,
                                &next))
                        return false;
                value = next;
        }
        *ret = value;
        return true;
}

static bool not_a_function(TmplRun *run, const TmplNode *first, Words w, const TmplValue *final)
{
        if (w.n <= 1 && !final)
                return true;
        Buf text = { .arena = run->arena };
        bool parens = first->kind == NODE_PIPE && !run->set->options.old_words;
        buf_cstr_add(&text, parens ? "(" : "");
        buf_str_add(&text, node_text(run, first));
        buf_cstr_add(&text, parens ? ")" : "");
        return tmpl_exec_fail(run, "can't give argument to non-function " STR_FMT, STR_ARG(buf_str(&text)));
}

static bool eval_variable(TmplRun *run, const TmplValue *dot, const TmplNode *node, Words w, const TmplValue *final,
                          TmplValue *ret)
{
        run->at = node;
        for (size_t i = run->vars.len; i-- > run->vars_base;) {
                if (!str_eq(run->vars.data[i].name, node->names[0]))
                        continue;
                TmplValue value = run->vars.data[i].value;
                if (node->names_n > 1)
                        return eval_field_chain(run, dot, &value, node, 1, w, final, ret);
                if (!not_a_function(run, node, w, final))
                        return false;
                *ret = value;
                return true;
        }
        return tmpl_exec_fail(run, "undefined variable: " STR_FMT, STR_ARG(node->names[0]));
}

static bool eval_chain(TmplRun *run, const TmplValue *dot, const TmplNode *node, Words w, const TmplValue *final,
                       TmplValue *ret)
{
        run->at = node;
        TmplValue value;
        return eval_arg(run, dot, 'a', node->pipe, &value) &&
               eval_field_chain(run, dot, &value, node, 0, w, final, ret);
}

/* ---- commands */

/* An operand as an argument, of any type. */
static bool eval_operand(TmplRun *run, const TmplValue *dot, const TmplNode *node, TmplValue *ret)
{
        Words alone = { 0 };
        switch ((int)node->kind) {
        case NODE_DOT: *ret = *dot; return true;
        case NODE_FIELD: return eval_field_chain(run, dot, dot, node, 0, alone, NULL, ret);
        case NODE_VARIABLE: return eval_variable(run, dot, node, alone, NULL, ret);
        case NODE_PIPE: return tmpl_eval_pipeline(run, dot, node, ret);
        case NODE_IDENT: return call_function(run, dot, node, node, alone, NULL, ret);
        default: return eval_chain(run, dot, node, alone, NULL, ret);
        }
}

static bool eval_arg(TmplRun *run, const TmplValue *dot, char type, const TmplNode *node, TmplValue *ret)
{
        run->at = node;
        switch ((int)node->kind) {
        case NODE_NIL:
                if (!can_be_nil(type))
                        return tmpl_exec_fail(run, "cannot assign nil to %s", type_name(type));
                *ret = (TmplValue){ 0 };
                return validate(run, type, ret);
        case NODE_BOOL:
        case NODE_NUMBER:
        case NODE_STRING: return eval_literal(run, type, node, ret);
        default: return eval_operand(run, dot, node, ret) && validate(run, type, ret);
        }
}

static bool eval_command(TmplRun *run, const TmplValue *dot, const TmplNode *cmd, const TmplValue *final,
                         TmplValue *ret)
{
        const TmplNode *first = cmd->kids[0];
        Words w = { cmd->kids, cmd->n };
        if (!tmpl_exec_step(run))
                return false;
        switch ((int)first->kind) {
        case NODE_FIELD: run->at = first; return eval_field_chain(run, dot, dot, first, 0, w, final, ret);
        case NODE_CHAIN: return eval_chain(run, dot, first, w, final, ret);
        case NODE_IDENT: return call_function(run, dot, first, cmd, w, final, ret);
        case NODE_PIPE: return not_a_function(run, first, w, final) && tmpl_eval_pipeline(run, dot, first, ret);
        case NODE_VARIABLE: return eval_variable(run, dot, first, w, final, ret);
        default: break;
        }
        run->at = first;
        if (!not_a_function(run, first, w, final))
                return false;
        switch ((int)first->kind) {
        case NODE_BOOL: *ret = tmpl_bool(first->flag); return true;
        case NODE_DOT: *ret = *dot; return true;
        case NODE_NUMBER: *ret = ideal_constant(first); return true;
        case NODE_STRING: *ret = tmpl_str(first->text); return true;
        default: return tmpl_exec_fail(run, "nil is not a command");
        }
}

static void assign(TmplRun *run, const TmplNode *pipe, const TmplValue *value)
{
        for (size_t i = 0; i < pipe->names_n; i++) {
                if (!pipe->flag) {
                        vec_push(&run->vars, (TmplVar){ pipe->names[i], *value });
                        continue;
                }
                for (size_t at = run->vars.len; at-- > run->vars_base;)
                        if (str_eq(run->vars.data[at].name, pipe->names[i])) {
                                run->vars.data[at].value = *value;
                                break;
                        }
        }
}

bool tmpl_eval_pipeline(TmplRun *run, const TmplValue *dot, const TmplNode *pipe, TmplValue *ret)
{
        TmplValue value = { 0 }, next;
        if (!pipe) {
                *ret = value;
                return true;
        }
        run->at = pipe;
        if (!tmpl_exec_enter(run))
                return false;
        for (size_t i = 0; i < pipe->n; i++) {
                if (!eval_command(run, dot, pipe->kids[i], i ? &value : NULL, &next))
                        return false;
                value = next;
        }
        tmpl_exec_leave(run);
        assign(run, pipe, &value);
        *ret = value;
        return true;
}
