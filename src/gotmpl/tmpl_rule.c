/* gotmpl/tmpl_rule.c
 *
 * Invariants:
 * 1. The prelude is put in front of the text, not into the run's variables: positions in messages count it, as upstream's
 *    do, and a text may redeclare $value.
 * 2. A text without "{{" is its own expansion: most labels never reach the parser. */
#include "gotmpl/tmpl_rule.h"

#include "gotmpl/tmpl_parse.h"
#include "model/histstat.h"

#define PRELUDE \
        "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"

static const TmplType string_map_type = { .go_name = "map[string]string", .elem_kind = TMPL_STRING };
static const TmplType data_type_2_42 = {
        .go_name =
                "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value float64 }"
};

static const TmplType data_type = {
        .go_name =
                "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }"
};

static const TmplOptions parse_options = { .funcs = gotmpl_prom_funcs };

static bool is_plain(Str text) { return str_find(text, STR("{{")) == SIZE_MAX; }

TmplValue tmpl_rule_string_map(const Str *names, const Str *values, size_t n, Arena *arena)
{
        TmplValue *items = arena_array(arena, TmplValue, n);
        for (size_t i = 0; i < n; i++)
                items[i] = tmpl_str(values[i]);
        return (TmplValue){ .kind = TMPL_MAP, .items = items, .keys = names, .n = n, .type = &string_map_type };
}

static Str with_prelude(Str text, Arena *arena)
{
        Buf whole = { .arena = arena };
        buf_reserve(&whole, sizeof PRELUDE + text.n);
        buf_lit(&whole, PRELUDE);
        buf_str_add(&whole, text);
        return buf_str(&whole);
}

static void print_histogram(Buf *out, const TmplValue *value) { histstat_print(out, value->opaque); }

TmplValue tmpl_rule_sample(double v, const Histogram *h, Arena *arena)
{
        static const TmplType type = { .go_name = "*histogram.FloatHistogram", .print = print_histogram };
        static const Str keys[] = { STR_INIT("Schema"), STR_INIT("ZeroThreshold"), STR_INIT("ZeroCount"),
                                    STR_INIT("Count"), STR_INIT("Sum") };
        if (!h)
                return tmpl_float(v);
        TmplValue *fields = arena_array(arena, TmplValue, ARRAY_LEN(keys));
        fields[0] = tmpl_int(h->schema);
        fields[1] = tmpl_float(h->zero_threshold);
        fields[2] = tmpl_float(h->zero_count);
        fields[3] = tmpl_float(h->count);
        fields[4] = tmpl_float(h->sum);
        return (TmplValue){
                .kind = TMPL_STRUCT, .items = fields, .keys = keys, .n = ARRAY_LEN(keys), .type = &type, .opaque = h
        };
}

static bool expand(Str name, Str text, const TmplRuleData *data, const TmplPromCtx *ctx, bool every_branch,
                   Arena *arena, Str *ret, Err *err)
{
        static const Str keys[] = { STR_INIT("Labels"), STR_INIT("ExternalLabels"), STR_INIT("ExternalURL"),
                                    STR_INIT("Value") };
        if (is_plain(text)) {
                *ret = str_dup(arena, text);
                return true;
        }
        TmplValue *fields = arena_array(arena, TmplValue, 4);
        fields[0] = tmpl_rule_string_map(data->label_names, data->label_values, data->labels_n, arena);
        fields[1] = tmpl_rule_string_map(data->external_names, data->external_values, data->external_n, arena);
        fields[2] = tmpl_str(data->external_url);
        fields[3] = tmpl_rule_sample(data->value, data->histogram, arena);
        TmplValue dot = { .kind = TMPL_STRUCT,
                          .items = fields,
                          .keys = keys,
                          .n = 4,
                          .type = data->as_2_42 ? &data_type_2_42 : &data_type };
        TmplSet *set = gotmpl_set_new(&(TmplOptions){ .funcs = gotmpl_prom_funcs,
                                                      .missing_key_zero = true,
                                                      .go_1_19 = data->as_2_42,
                                                      .old_words = data->as_2_42,
                                                      .every_branch = every_branch });
        TmplPromCtx own = *ctx;
        Buf out = { .arena = arena };
        bool ok = gotmpl_add(set, name, with_prelude(text, arena), err);
        if (!ok)
                err_wrap(err, "error parsing template " STR_FMT, STR_ARG(name));
        else if (!(ok = gotmpl_run(set, name, &dot, &own, arena, &out, err)))
                err_wrap(err, "error executing template " STR_FMT, STR_ARG(name));
        gotmpl_set_free(set);
        if (ok)
                *ret = buf_str(&out);
        return ok;
}

bool tmpl_rule_expand(Str name, Str text, const TmplRuleData *data, const TmplPromCtx *ctx, Arena *arena, Str *ret,
                      Err *err)
{
        return expand(name, text, data, ctx, false, arena, ret, err);
}

bool tmpl_rule_try(Str name, Str text, const TmplRuleData *data, const TmplPromCtx *ctx, Arena *arena, Str *ret,
                   Err *err)
{
        return expand(name, text, data, ctx, true, arena, ret, err);
}

bool tmpl_rule_parse(Str name, Str text, Arena *arena, TmplTreeVec *trees, Err *err)
{
        return is_plain(text) || tmpl_parse(&parse_options, name, with_prelude(text, arena), arena, trees, err);
}

bool tmpl_rule_check(Str name, Str text, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        TmplTreeVec trees = { .arena = arena };
        return tmpl_rule_parse(name, text, arena, &trees, err);
}
