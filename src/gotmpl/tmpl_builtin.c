/* gotmpl/tmpl_builtin.c
 *
 * Invariants:
 * 1. Types decide as in Go: an integer and a float never compare, an untyped nil equals only nil.
 * 2. Error texts are Go's, without the "error calling x: " in front, which the caller adds. */
#include "gotmpl/tmpl_builtin.h"

#include "gotmpl/tmpl_escape.h"
#include "gotmpl/tmpl_exec.h"
#include "gotmpl/tmpl_fmt.h"
#include "gotmpl/tmpl_node.h"

enum { BUILTIN_MAX_STRING_BYTES = 1 << 20, SHOWN_BYTES = 4096 /* of a value in an error */ };

#define BUILTIN(name_) \
        static bool name_(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
#define UNUSED_ARGS() ((void)ctx, (void)run, (void)n, (void)err)

static bool too_long(Err *err)
{
        return err_set(err, ERR_LIMIT, "the text is longer than %d bytes", BUILTIN_MAX_STRING_BYTES);
}

/* ---- comparison */

typedef enum Basic { BASIC_NONE, BASIC_BOOL, BASIC_INT, BASIC_FLOAT, BASIC_STRING } Basic;

static Basic basic_of(const TmplValue *v)
{
        switch (v->kind) {
        case TMPL_BOOL: return BASIC_BOOL;
        case TMPL_INT:
        case TMPL_DURATION: return BASIC_INT;
        case TMPL_FLOAT: return BASIC_FLOAT;
        case TMPL_STRING: return BASIC_STRING;
        case TMPL_NIL:
        case TMPL_LIST:
        case TMPL_MAP:
        case TMPL_STRUCT:
        case TMPL_OPAQUE:
        case TMPL_TIME:
        default: return BASIC_NONE;
        }
}

static bool incompatible(const TmplRun *run, const TmplValue *a, const TmplValue *b, Err *err)
{
        if (gotmpl_has_old_words(run))
                return err_set(err, ERR_INVALID, "incompatible types for comparison");
        return err_set(err, ERR_INVALID, "incompatible types for comparison: %s and %s", tmpl_fmt_type(a),
                       tmpl_fmt_type(b));
}

/* "%s" of a value. */
static Str shown(TmplRun *run, const TmplValue *v)
{
        Buf text = { .arena = gotmpl_arena(run) };
        IGNORE(tmpl_fmt_printf(&text, SHOWN_BYTES, STR("%s"), v, 1));
        return buf_str(&text);
}

static bool is_comparable(const TmplValue *v)
{
        bool ok = v->kind != TMPL_LIST && v->kind != TMPL_MAP;
        for (size_t i = 0; ok && v->kind == TMPL_STRUCT && i < v->n; i++)
                ok = is_comparable(&v->items[i]);
        return ok;
}

static bool equal(TmplRun *run, const TmplValue *a, const TmplValue *b, bool *ret, Err *err);

/* What is not basic, nor nil. */
static bool equal_whole(TmplRun *run, const TmplValue *a, const TmplValue *b, bool *ret, Err *err)
{
        bool structs = (a->kind == TMPL_STRUCT || a->kind == TMPL_TIME) &&
                       (b->kind == TMPL_STRUCT || b->kind == TMPL_TIME);
        if (a->kind != b->kind && !structs)
                return err_set(err, ERR_INVALID, "non-comparable types " STR_FMT ": %s, %s: " STR_FMT,
                               STR_ARG(shown(run, a)), tmpl_fmt_type(a), tmpl_fmt_type(b), STR_ARG(shown(run, b)));
        if (!is_comparable(b))
                return err_set(err, ERR_INVALID, "non-comparable type " STR_FMT ": %s", STR_ARG(shown(run, b)),
                               tmpl_fmt_type(b));
        *ret = a->kind == b->kind && a->type == b->type && a->n == b->n;
        if (a->kind == TMPL_TIME)
                *ret = *ret && a->i == b->i && a->opaque == b->opaque;
        for (size_t i = 0; *ret && a->kind == TMPL_STRUCT && i < a->n; i++)
                if (!equal(run, &a->items[i], &b->items[i], ret, err))
                        return false;
        return true;
}

static bool equal(TmplRun *run, const TmplValue *a, const TmplValue *b, bool *ret, Err *err)
{
        Basic ka = basic_of(a), kb = basic_of(b);
        if (ka != kb) {
                if (a->kind != TMPL_NIL && b->kind != TMPL_NIL)
                        return incompatible(run, a, b, err);
                *ret = false;
                return true;
        }
        switch (ka) {
        case BASIC_BOOL: *ret = a->b == b->b; return true;
        case BASIC_INT: *ret = a->i == b->i; return true;
        case BASIC_FLOAT: *ret = a->f == b->f; return true;
        case BASIC_STRING: *ret = str_eq(a->s, b->s); return true;
        case BASIC_NONE:
        default: break;
        }
        if (a->kind == TMPL_NIL || b->kind == TMPL_NIL)
                *ret = a->kind == b->kind ||
                       (a->n == 0 && b->n == 0 &&
                        (a->kind == TMPL_LIST || a->kind == TMPL_MAP || b->kind == TMPL_LIST || b->kind == TMPL_MAP));
        else
                return equal_whole(run, a, b, ret, err);
        return true;
}

static bool less(const TmplRun *run, const TmplValue *a, const TmplValue *b, bool *ret, Err *err)
{
        Basic ka = basic_of(a), kb = basic_of(b);
        if (ka == BASIC_NONE || kb == BASIC_NONE)
                return err_set(err, ERR_INVALID, "invalid type for comparison");
        if (ka != kb)
                return incompatible(run, a, b, err);
        if (ka == BASIC_BOOL)
                return err_set(err, ERR_INVALID, "invalid type for comparison");
        *ret = ka == BASIC_INT ? a->i < b->i : ka == BASIC_FLOAT ? a->f < b->f : str_cmp(a->s, b->s) < 0;
        return true;
}

BUILTIN(builtin_eq)
{
        UNUSED_ARGS();
        bool same = false;
        if (n < 2)
                return err_set(err, ERR_INVALID, "missing argument for comparison");
        for (size_t i = 1; i < n && !same; i++)
                if (!equal(run, &args[0], &args[i], &same, err))
                        return false;
        *ret = tmpl_bool(same);
        return true;
}

BUILTIN(builtin_ne)
{
        UNUSED_ARGS();
        bool same;
        if (!equal(run, &args[0], &args[1], &same, err))
                return false;
        *ret = tmpl_bool(!same);
        return true;
}

BUILTIN(builtin_lt)
{
        UNUSED_ARGS();
        bool is;
        if (!less(run, &args[0], &args[1], &is, err))
                return false;
        *ret = tmpl_bool(is);
        return true;
}

/* As upstream: less or equal, which for NaN differs from "not greater". */
BUILTIN(builtin_le)
{
        UNUSED_ARGS();
        bool is;
        if (!less(run, &args[0], &args[1], &is, err) || (!is && !equal(run, &args[0], &args[1], &is, err)))
                return false;
        *ret = tmpl_bool(is);
        return true;
}

BUILTIN(builtin_gt)
{
        if (!builtin_le(ctx, run, args, n, ret, err))
                return false;
        ret->b = !ret->b;
        return true;
}

BUILTIN(builtin_ge)
{
        if (!builtin_lt(ctx, run, args, n, ret, err))
                return false;
        ret->b = !ret->b;
        return true;
}

BUILTIN(builtin_not)
{
        UNUSED_ARGS();
        *ret = tmpl_bool(!gotmpl_truth(&args[0]));
        return true;
}

/* ---- collections */

static const TmplType uint8_type = { .go_name = "uint8" };

BUILTIN(builtin_len)
{
        UNUSED_ARGS();
        const TmplValue *v = &args[0];
        if (v->kind == TMPL_NIL)
                return err_set(err, ERR_INVALID, "len of nil pointer");
        if (v->kind != TMPL_STRING && v->kind != TMPL_LIST && v->kind != TMPL_MAP)
                return err_set(err, ERR_INVALID, "len of type %s", /* of what a pointer leads to */
                               tmpl_fmt_type(v) + (tmpl_fmt_type(v)[0] == '*'));
        *ret = tmpl_int((int64_t)(v->kind == TMPL_STRING ? v->s.n : v->n));
        return true;
}

static bool position(const TmplValue *index, size_t max, size_t *ret, Err *err)
{
        if (index->kind == TMPL_NIL)
                return err_set(err, ERR_INVALID, "cannot index slice/array with nil");
        if (index->kind != TMPL_INT && index->kind != TMPL_DURATION)
                return err_set(err, ERR_INVALID, "cannot index slice/array with type %s", tmpl_fmt_type(index));
        if (index->i < 0 || (uint64_t)index->i > max)
                return err_set(err, ERR_INVALID, "index out of range: %lld", (long long)index->i);
        *ret = (size_t)index->i;
        return true;
}

static bool map_index(const TmplValue *map, const TmplValue *key, TmplValue *ret, Err *err)
{
        if (key->kind == TMPL_NIL)
                return err_set(err, ERR_INVALID, "value is nil; should be of type string");
        if (key->kind != TMPL_STRING)
                return err_set(err, ERR_INVALID, "value has type %s; should be string", tmpl_fmt_type(key));
        *ret = (TmplValue){ .kind = map->type ? map->type->elem_kind : TMPL_NIL };
        for (size_t i = 0; i < map->n; i++)
                if (str_eq(map->keys[i], key->s))
                        *ret = map->items[i];
        return true;
}

static bool sequence_index(const TmplValue *item, const TmplValue *key, TmplValue *ret, Err *err)
{
        bool list = item->kind == TMPL_LIST;
        size_t len = list ? item->n : item->s.n, at = 0;
        if (!position(key, len, &at, err))
                return false;
        if (at == len)
                return err_set(err, ERR_INVALID, "reflect: %s index out of range", list ? "slice" : "string");
        if (list)
                *ret = item->items[at];
        else
                *ret = (TmplValue){ .kind = TMPL_INT, .i = (unsigned char)item->s.p[at], .type = &uint8_type };
        return true;
}

BUILTIN(builtin_index)
{
        UNUSED_ARGS();
        TmplValue item = args[0], next;
        if (item.kind == TMPL_NIL)
                return err_set(err, ERR_INVALID, "index of untyped nil");
        for (size_t i = 1; i < n; i++) {
                if (item.kind == TMPL_MAP) {
                        if (!map_index(&item, &args[i], &next, err))
                                return false;
                } else if (item.kind == TMPL_LIST || item.kind == TMPL_STRING) {
                        if (!sequence_index(&item, &args[i], &next, err))
                                return false;
                } else if (item.kind == TMPL_NIL)
                        return err_set(err, ERR_INVALID, "index of nil pointer");
                else
                        return err_set(err, ERR_INVALID, "can't index item of type %s", /* of what a pointer leads to */
                                       tmpl_fmt_type(&item) + (tmpl_fmt_type(&item)[0] == '*'));
                item = next;
        }
        *ret = item;
        return true;
}

BUILTIN(builtin_slice)
{
        UNUSED_ARGS();
        const TmplValue *item = &args[0];
        if (item->kind == TMPL_NIL)
                return err_set(err, ERR_INVALID, "slice of untyped nil");
        if (n > 4)
                return err_set(err, ERR_INVALID, "too many slice indexes: %zu", n - 1);
        bool string = item->kind == TMPL_STRING;
        if (string && n == 4)
                return err_set(err, ERR_INVALID, "cannot 3-index slice a string");
        if (!string && item->kind != TMPL_LIST)
                return err_set(err, ERR_INVALID, "can't slice item of type %s", tmpl_fmt_type(item));
        size_t len = string ? item->s.n : item->n, at[3] = { 0, len, len };
        for (size_t i = 1; i < n; i++)
                if (!position(&args[i], len, &at[i - 1], err))
                        return false;
        if (at[0] > at[1])
                return err_set(err, ERR_INVALID, "invalid slice index: %zu > %zu", at[0], at[1]);
        if (at[1] > at[2])
                return err_set(err, ERR_INVALID, "invalid slice index: %zu > %zu", at[1], at[2]);
        *ret = *item;
        if (string)
                ret->s = str_sub(item->s, at[0], at[1]);
        else {
                ret->items = item->items ? item->items + at[0] : NULL;
                ret->n = at[1] - at[0];
        }
        return true;
}

/* ---- text */

static bool print_all(TmplRun *run, const TmplValue *args, size_t n, bool ln, TmplValue *ret, Err *err)
{
        Buf text = { .arena = gotmpl_arena(run) };
        if (!tmpl_fmt_print(&text, BUILTIN_MAX_STRING_BYTES, args, n, ln))
                return too_long(err);
        *ret = tmpl_str(buf_str(&text));
        return true;
}

BUILTIN(builtin_print)
{
        UNUSED_ARGS();
        return print_all(run, args, n, false, ret, err);
}

BUILTIN(builtin_println)
{
        UNUSED_ARGS();
        return print_all(run, args, n, true, ret, err);
}

BUILTIN(builtin_printf)
{
        UNUSED_ARGS();
        Buf text = { .arena = gotmpl_arena(run) };
        if (!tmpl_fmt_printf(&text, BUILTIN_MAX_STRING_BYTES, args[0].s, args + 1, n - 1) ||
            text.n > BUILTIN_MAX_STRING_BYTES)
                return too_long(err);
        *ret = tmpl_str(buf_str(&text));
        return true;
}

/* The arguments as one text (a nil is "<no value>"), escaped. */
static bool escape_all(TmplRun *run, const TmplValue *args, size_t n, void (*escape)(Buf *, Str), TmplValue *ret,
                       Err *err)
{
        Buf text = { .arena = gotmpl_arena(run) }, out = { .arena = gotmpl_arena(run) };
        TmplValue *all = arena_array(gotmpl_arena(run), TmplValue, n);
        for (size_t i = 0; i < n; i++)
                all[i] = args[i].kind == TMPL_NIL ? tmpl_str(STR("<no value>")) : args[i];
        args = all;
        if (!tmpl_fmt_print(&text, BUILTIN_MAX_STRING_BYTES, args, n, false))
                return too_long(err);
        escape(&out, buf_str(&text));
        *ret = tmpl_str(buf_str(&out));
        return true;
}

BUILTIN(builtin_html)
{
        UNUSED_ARGS();
        return escape_all(run, args, n, tmpl_escape_html, ret, err);
}

BUILTIN(builtin_js)
{
        UNUSED_ARGS();
        return escape_all(run, args, n, tmpl_escape_js, ret, err);
}

BUILTIN(builtin_urlquery)
{
        UNUSED_ARGS();
        return escape_all(run, args, n, tmpl_escape_query, ret, err);
}

BUILTIN(builtin_call)
{
        UNUSED_ARGS();
        (void)ret;
        if (args[0].kind == TMPL_NIL)
                return err_set(err, ERR_INVALID, "call of nil");
        if (gotmpl_has_old_words(run))
                return err_set(err, ERR_INVALID, "non-function of type %s", tmpl_fmt_type(&args[0]));
        Buf text = { .arena = gotmpl_arena(run) };
        if (tmpl_exec_at(run))
                tmpl_node_print(&text, tmpl_exec_at(run));
        else if (args[0].kind == TMPL_STRING)
                buf_str_add(&text, str_sub(args[0].s, 0, 200));
        else
                buf_printf(&text, "<%s Value>", tmpl_fmt_type(&args[0]));
        return err_set(err, ERR_INVALID, "non-function " STR_FMT " of type %s", STR_ARG(buf_str(&text)),
                       tmpl_fmt_type(&args[0]));
}

/* Never runs: see tmpl_builtin_kind. */
BUILTIN(builtin_logic)
{
        UNUSED_ARGS();
        *ret = args[0];
        return true;
}

static const TmplFunc builtins[] = {
        { "and", 1, -1, builtin_logic, "a" },
        { "or", 1, -1, builtin_logic, "a" },
        { "not", 1, 1, builtin_not, "a" },
        { "eq", 1, -1, builtin_eq, "a" },
        { "ne", 2, 2, builtin_ne, "a" },
        { "lt", 2, 2, builtin_lt, "a" },
        { "le", 2, 2, builtin_le, "a" },
        { "gt", 2, 2, builtin_gt, "a" },
        { "ge", 2, 2, builtin_ge, "a" },
        { "len", 1, 1, builtin_len, "a" },
        { "index", 1, -1, builtin_index, "a" },
        { "slice", 1, -1, builtin_slice, "a" },
        { "print", 0, -1, builtin_print, "a" },
        { "printf", 1, -1, builtin_printf, "sa" },
        { "println", 0, -1, builtin_println, "a" },
        { "html", 0, -1, builtin_html, "a" },
        { "js", 0, -1, builtin_js, "a" },
        { "urlquery", 0, -1, builtin_urlquery, "a" },
        { "call", 1, -1, builtin_call, "a" },
};

const TmplFunc *tmpl_builtin_find(Str name)
{
        for (size_t i = 0; i < ARRAY_LEN(builtins); i++)
                if (str_eq(name, str_of(builtins[i].name)))
                        return &builtins[i];
        return NULL;
}

TmplBuiltinKind tmpl_builtin_kind(const TmplFunc *func)
{
        return func == &builtins[0]                         ? TMPL_BUILTIN_AND
               : func == &builtins[1]                       ? TMPL_BUILTIN_OR
               : func == &builtins[ARRAY_LEN(builtins) - 1] ? TMPL_BUILTIN_CALL
                                                            : TMPL_BUILTIN_PLAIN;
}
