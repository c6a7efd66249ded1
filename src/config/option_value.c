/* Invariants
 * 1. A value is read as Go's yaml.v2 reads it into the same type: quotes make a string, a string takes any scalar as it
 * is written, and nothing else is converted.
 * 2. On failure exactly one error is reported and the field keeps its default. */
#include "config/option_value.h"

#include <math.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/num.h"
#include "base/utf8.h"
#include "codec/floats.h"

static bool wrong(const OptionCtx *ctx, const YamlNode *node, const char *key, const char *want)
{
        static const char *const kinds[] = {
                [YAML_NULL] = "nothing", [YAML_SCALAR] = "a value", [YAML_SEQ] = "a list", [YAML_MAP] = "a mapping"
        };
        if (node->kind != YAML_SCALAR)
                return diags_error(ctx->diags, ctx->file, node->pos, "'%s' needs %s, not %s", key, want,
                                   kinds[node->kind]);
        Str shown = str_sub(node->text, 0, 60);
        return diags_error(ctx->diags, ctx->file, node->pos, "'%s' needs %s, not %s'" STR_FMT "'", key, want,
                           node->quoted ? "the text " : "", STR_ARG(shown));
}

const char *option_value_nearest(Str name, const char *const *names, size_t n)
{
        enum { NEAR = 3 };
        unsigned best = (unsigned)MIN_OF((size_t)NEAR, name.n / 2) + 1;
        const char *found = NULL;
        for (size_t i = 0; i < n; i++) {
                unsigned d = str_distance(name, str_of(names[i]), NEAR);
                if (d < best) {
                        best = d;
                        found = names[i];
                }
        }
        return found;
}

static bool parse_bool(Str s, bool *ret)
{
        static const char *const yes[] = { "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON" };
        static const char *const no[] = { "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF" };
        for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
                bool is_yes = str_eq(s, str_of(yes[i]));
                if (is_yes || str_eq(s, str_of(no[i]))) {
                        *ret = is_yes;
                        return true;
                }
        }
        return false;
}

/* Digits of a base, digits grouped by '_' allowed. */
static bool parse_based(Str s, unsigned base, uint64_t *ret)
{
        uint64_t v = 0;
        size_t digits = 0;
        for (size_t i = 0; i < s.n; i++) {
                char c = s.p[i];
                if (c == '_')
                        continue;
                unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : ((unsigned)c | 0x20) - 'a' + 10;
                if (d >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
                    __builtin_add_overflow(v, (uint64_t)d, &v))
                        return false;
                digits++;
        }
        *ret = v;
        return digits > 0;
}

/* YAML 1.1 integers: 12, 1_000, 0x1f, 0b11, 0o17, 017; and floats without a fraction. */
static bool parse_int(Str s, bool *ret_negative, uint64_t *ret)
{
        Str all = s;
        bool negative = s.n && s.p[0] == '-';
        if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
                s = str_sub(s, 1, s.n);
        unsigned base = 10;
        if (s.n > 1 && s.p[0] == '0') {
                char c = s.p[1];
                base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
                s = str_sub(s, c == 'x' || c == 'b' || c == 'o' ? 2 : 1, s.n);
        }
        *ret_negative = negative;
        if (s.n && (s.p[0] >= '0' || base == 16) && parse_based(s, base, ret))
                return true;
        double f;
        if (!floats_parse(all, &f) || f != floor(f) || fabs(f) >= 0x1p63)
                return false;
        *ret = (uint64_t)fabs(f);
        return true;
}

static bool parse_float(Str s, double *ret)
{
        bool negative;
        uint64_t u;
        Str bare = s.n && (s.p[0] == '-' || s.p[0] == '+') ? str_sub(s, 1, s.n) : s;
        if (str_eq_fold(bare, STR(".inf")) || str_eq(bare, STR(".nan")) || str_eq(bare, STR(".NaN")) ||
            str_eq(bare, STR(".NAN"))) {
                double v = (bare.p[1] | 0x20) == 'i' ? (double)INFINITY : (double)NAN;
                *ret = s.p[0] == '-' ? -v : v;
                return true;
        }
        if (bare.n == 0 || !((bare.p[0] >= '0' && bare.p[0] <= '9') || bare.p[0] == '.'))
                return false; /* "inf" and "nan" are strings in YAML */
        if (floats_parse(s, ret))
                return true;
        if (!parse_int(s, &negative, &u))
                return false;
        *ret = negative ? -(double)u : (double)u;
        return true;
}

void option_value_range(const Option *o, Buf *low, Buf *high)
{
        if (o->kind == OPT_DURATION) {
                duration_format(low, (int64_t)o->min);
                duration_format(high, (int64_t)o->max);
        } else {
                floats_format_f(low, o->min);
                floats_format_f(high, o->max);
        }
}

static bool in_range(const Option *o, double v, const YamlNode *node, const OptionCtx *ctx)
{
        if (!(o->max > o->min) || (v >= o->min && v <= o->max))
                return true;
        Buf low = { .arena = ctx->arena };
        Buf high = { .arena = ctx->arena };
        option_value_range(o, &low, &high);
        return diags_error(ctx->diags, ctx->file, node->pos, "'%s' must be between %s and %s, not " STR_FMT, o->key,
                           buf_cstr(&low), buf_cstr(&high), STR_ARG(node->text));
}

static bool bind_int(const YamlNode *node, const Option *o, void *field, const OptionCtx *ctx)
{
        bool negative = false;
        uint64_t v = 0;
        bool is_signed = o->kind == OPT_INT;
        uint64_t max = is_signed ? (uint64_t)INT64_MAX : UINT64_MAX;
        if (node->quoted || !parse_int(node->text, &negative, &v) || v > max || (negative && !is_signed && v))
                return wrong(ctx, node, o->key, is_signed ? "a whole number" : "a whole number from 0 on");
        if (!in_range(o, negative ? -(double)v : (double)v, node, ctx))
                return false;
        if (is_signed)
                *(int64_t *)field = negative ? -(int64_t)v : (int64_t)v;
        else
                *(uint64_t *)field = v;
        return true;
}

static bool bind_enum(const YamlNode *node, const Option *o, void *field, const OptionCtx *ctx)
{
        size_t n = 0;
        while (o->values[n])
                n++;
        for (size_t i = 0; i < n; i++) {
                if (str_eq(node->text, str_of(o->values[i]))) {
                        *(int *)field = (int)i;
                        return true;
                }
        }
        Buf list = { .arena = ctx->arena };
        for (size_t i = 0; i < n; i++)
                buf_printf(&list, "%s%s", i ? ", " : "", o->values[i]);
        const char *near = option_value_nearest(node->text, o->values, n);
        return diags_error(ctx->diags, ctx->file, node->pos, "'%s' is '" STR_FMT "', but must be one of: %s%s%s%s",
                           o->key, STR_ARG(str_sub(node->text, 0, 60)), buf_cstr(&list), near ? " (did you mean '" : "",
                           near ? near : "", near ? "'?)" : "");
}

static const char *const WANTS[] = {
        [OPT_BOOL] = "true or false",
        [OPT_INT] = "a whole number",
        [OPT_UINT] = "a whole number from 0 on",
        [OPT_FLOAT] = "a number",
        [OPT_STR] = "text",
        [OPT_SECRET] = "text",
        [OPT_DURATION] = "a duration such as 30s, 5m or 1h30m",
        [OPT_BYTES] = "a size such as 512KB or 10MB",
        [OPT_ENUM] = "one of its names",
};

static bool bind_float(const YamlNode *node, const Option *o, double *field, const OptionCtx *ctx)
{
        double v;
        if (node->quoted || !parse_float(node->text, &v))
                return wrong(ctx, node, o->key, WANTS[o->kind]);
        if (!in_range(o, v, node, ctx))
                return false;
        *field = v;
        return true;
}

static bool bind_duration(const YamlNode *node, const Option *o, int64_t *field, const OptionCtx *ctx)
{
        int64_t ms;
        if (!duration_parse(node->text, &ms))
                return wrong(ctx, node, o->key, WANTS[o->kind]);
        if (!in_range(o, (double)ms, node, ctx))
                return false;
        *field = ms;
        return true;
}

bool option_parse_go_duration(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        int64_t ns = 0;
        if (node->kind == YAML_NULL)
                return true;
        if (node->kind != YAML_SCALAR || !duration_parse_go(node->text, &ns))
                return diags_error(ctx->diags, ctx->file, node->pos,
                                   "'" STR_FMT "' is not a duration such as 30s, 1m30s or 1.5h",
                                   STR_ARG(str_sub(node->text, 0, 60)));
        *(int64_t *)field = ns > 0 ? MAX_OF(ns / 1000000, (int64_t)1) : ns / 1000000;
        return true;
}

bool option_parse_go_nanoseconds(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        uint64_t ns;
        bool negative;
        if (node->kind != YAML_SCALAR || node->quoted || !parse_int(node->text, &negative, &ns) || ns > INT64_MAX)
                return option_parse_go_duration(field, node, ctx);
        if (ns)
                diags_warn(ctx->diags, ctx->file, node->pos,
                           STR_FMT " without a unit is nanoseconds: write " STR_FMT "s for seconds",
                           STR_ARG(node->text), STR_ARG(node->text));
        int64_t ms = (int64_t)(ns / 1000000) + (ns > 0 && ns < 1000000);
        *(int64_t *)field = negative ? -ms : ms;
        return true;
}

static bool bind_bytes(const YamlNode *node, const Option *o, uint64_t *field, const OptionCtx *ctx)
{
        uint64_t bytes;
        if (!num_parse_bytes(node->text, &bytes))
                return wrong(ctx, node, o->key, WANTS[o->kind]);
        if (!in_range(o, (double)bytes, node, ctx))
                return false;
        *field = bytes;
        return true;
}

bool option_value_scalar(const YamlNode *node, const Option *o, void *field, const OptionCtx *ctx)
{
        if (node->kind != YAML_SCALAR)
                return wrong(ctx, node, o->key, WANTS[o->kind]);
        if (o->kind == OPT_BOOL)
                return (!node->quoted && parse_bool(node->text, field)) || wrong(ctx, node, o->key, WANTS[o->kind]);
        if (o->kind == OPT_INT || o->kind == OPT_UINT)
                return bind_int(node, o, field, ctx);
        if (o->kind == OPT_FLOAT)
                return bind_float(node, o, field, ctx);
        if (o->kind == OPT_DURATION)
                return bind_duration(node, o, field, ctx);
        if (o->kind == OPT_BYTES)
                return bind_bytes(node, o, field, ctx);
        if (o->kind == OPT_ENUM)
                return bind_enum(node, o, field, ctx);
        *(Str *)field = node->text; /* Str, and Secret, which is one */
        return true;
}

bool option_value_str_list(const YamlNode *node, const char *key, StrList *ret, const OptionCtx *ctx)
{
        if (node->kind != YAML_SEQ)
                return wrong(ctx, node, key, "a list of texts");
        StrList list = { arena_array(ctx->arena, Str, node->n), node->n };
        bool ok = true;
        for (size_t i = 0; i < node->n; i++) {
                if (node->items[i]->kind == YAML_SCALAR)
                        list.data[i] = node->items[i]->text;
                else if (node->items[i]->kind != YAML_NULL) /* null is the empty text there */
                        ok = wrong(ctx, node->items[i], key, "texts in its list");
        }
        if (ok)
                *ret = list;
        return ok;
}

static int by_name(const void *a, const void *b) { return str_cmp(((const Label *)a)->name, ((const Label *)b)->name); }

bool option_value_labels(const YamlNode *node, const char *key, bool empty_too, Labels *ret, const OptionCtx *ctx)
{
        if (node->kind != YAML_MAP)
                return wrong(ctx, node, key, "a mapping of names to texts");
        Label *list = arena_alloc(ctx->arena, node->n * sizeof *list, _Alignof(Label));
        size_t n = 0;
        bool ok = true;
        for (size_t i = 0; i < node->n; i++) {
                const YamlPair *p = &node->pairs[i];
                Str text = p->value->kind == YAML_SCALAR ? p->value->text : (Str){ 0 };
                if (p->key.n == 0 || !utf8_valid(p->key))
                        ok = diags_error(ctx->diags, ctx->file, p->key_pos,
                                         "'%s' has a name that is empty or not UTF-8", key);
                else if (p->value->kind != YAML_SCALAR && p->value->kind != YAML_NULL)
                        ok = wrong(ctx, p->value, key, "texts in its mapping");
                else if (!utf8_valid(text))
                        ok = diags_error(ctx->diags, ctx->file, p->value->pos, "'%s' has a value that is not UTF-8",
                                         key);
                else if (text.n || empty_too)
                        list[n++] = (Label){ p->key, text };
        }
        if (n > 1)
                qsort(list, n, sizeof *list, by_name);
        if (ok)
                *ret = (Labels){ list, n };
        return ok;
}

bool option_value_params(const YamlNode *node, const char *key, ParamList *ret, const OptionCtx *ctx)
{
        if (node->kind != YAML_MAP)
                return wrong(ctx, node, key, "a mapping of names to lists of texts");
        ParamList list = { arena_alloc(ctx->arena, node->n * sizeof *list.data, _Alignof(max_align_t)), node->n };
        bool ok = true;
        for (size_t i = 0; i < node->n; i++) {
                list.data[i].name = node->pairs[i].key;
                if (node->pairs[i].value->kind != YAML_NULL)
                        ok = option_value_str_list(node->pairs[i].value, key, &list.data[i].values, ctx) && ok;
        }
        if (ok)
                *ret = list;
        return ok;
}
