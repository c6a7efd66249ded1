/* What the template tests share: run a text on some data and compare the output, or the error when it fails. */
#pragma once
#include "gotmpl/gotmpl.h"
#include "testing.h"

typedef struct Case {
        const char *text, *want;
} Case;

/* .S "str" .N 7 .F 2.5 .T true .L [a b c] .M map[string]string{a:1 b:2} .E empty list .Any map[string]any{x:1 y:nil} */
static inline TmplValue fixture_data(void)
{
        static const TmplType string_map = { .go_name = "map[string]string", .elem_kind = TMPL_STRING };
        static const TmplType strings = { .go_name = "[]string" };
        static const TmplType data_type = { .go_name = "main.Data" };
        static TmplValue list[3], map[2], any[2], fields[8];
        static const Str map_keys[] = { STR_INIT("b"), STR_INIT("a") }, any_keys[] = { STR_INIT("x"), STR_INIT("y") };
        static const Str keys[] = { STR_INIT("S"), STR_INIT("N"), STR_INIT("F"), STR_INIT("T"),
                                    STR_INIT("L"), STR_INIT("M"), STR_INIT("E"), STR_INIT("Any") };
        list[0] = tmpl_str(STR("a"));
        list[1] = tmpl_str(STR("b"));
        list[2] = tmpl_str(STR("c"));
        map[0] = tmpl_str(STR("2"));
        map[1] = tmpl_str(STR("1"));
        any[0] = tmpl_int(1);
        any[1] = (TmplValue){ 0 };
        fields[0] = tmpl_str(STR("str"));
        fields[1] = tmpl_int(7);
        fields[2] = tmpl_float(2.5);
        fields[3] = tmpl_bool(true);
        fields[4] = (TmplValue){ .kind = TMPL_LIST, .items = list, .n = 3, .type = &strings };
        fields[5] = (TmplValue){ .kind = TMPL_MAP, .items = map, .keys = map_keys, .n = 2, .type = &string_map };
        fields[6] = (TmplValue){ .kind = TMPL_LIST, .type = &strings };
        fields[7] = (TmplValue){ .kind = TMPL_MAP, .items = any, .keys = any_keys, .n = 2 };
        return (TmplValue){ .kind = TMPL_STRUCT, .items = fields, .keys = keys, .n = 8, .type = &data_type };
}

static inline Str fixture_run(const TmplOptions *options, void *ctx, const TmplValue *data, const char *text,
                              Arena *arena)
{
        TmplSet *set = gotmpl_set_new(options);
        Buf out = { .arena = arena };
        Err err = { 0 };
        bool ok = gotmpl_add(set, STR("t"), str_of(text), &err) &&
                  gotmpl_run(set, STR("t"), data, ctx, arena, &out, &err);
        gotmpl_set_free(set);
        return ok ? buf_str(&out) : str_printf(arena, "%s", err.msg);
}

static inline void fixture_cases(const TmplOptions *options, void *ctx, const TmplValue *data, const Case *cases,
                                 size_t n)
{
        for (size_t i = 0; i < n; i++) {
                Arena *arena = arena_new();
                Str got = fixture_run(options, ctx, data, cases[i].text, arena);
                if (!str_eq(got, str_of(cases[i].want)))
                        fail_msg("%s\n  got  '" STR_FMT "'\n  want '%s'", cases[i].text, STR_ARG(got), cases[i].want);
                arena_free(arena);
        }
}

/* The built-in functions and missingkey=zero, on fixture_data. */
static inline void fixture_plain(const Case *cases, size_t n)
{
        TmplValue data = fixture_data();
        fixture_cases(&(TmplOptions){ .missing_key_zero = true }, NULL, &data, cases, n);
}
