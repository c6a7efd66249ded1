#include "tmpl_fixture.h"

static void mistakes_are_said_with_template_and_line(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "a\n{{ nope }}", "template: t:2: function \"nope\" not defined" },
                { "{{ $x }}", "template: t:1: undefined variable \"$x\"" },
                { "{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}", "template: t:1: undefined variable \"$x\"" },
                { "{{ if }}x{{ end }}", "template: t:1: missing value for if" },
                { "{{ if true }}x", "template: t:1: unexpected EOF" },
                { "{{ if true }}{{ else }}{{ else }}{{ end }}", "template: t:1: expected end; found {{else}}" },
                { "{{ end }}", "template: t:1: unexpected {{end}}" },
                { "{{ continue }}", "template: t:1: {{continue}} outside {{range}}" },
                { "{{ range .L }}{{ define \"x\" }}{{ end }}{{ end }}",
                  "template: t:1: unexpected <define> in command" },
                { "{{ $a, $b := 1 }}", "template: t:1: too many declarations in command" },
                { "{{ range $a, $b, $c := .L }}{{ end }}", "template: t:1: too many declarations in range" },
                { "{{ 1 | 2 }}", "template: t:1: non executable command in pipeline stage 2" },
                { "{{ 1.x }}", "template: t:1: bad number syntax: \"1.x\"" },
                { "{{ true.x }}", "template: t:1: unexpected . after term \"true\"" },
                { "{{ 99999999999999999999 }}", "template: t:1: integer overflow: \"99999999999999999999\"" },
                { "{{ + }}", "template: t:1: illegal number syntax: \"+\"" },
                { "{{ 'ab' }}", "template: t:1: malformed character constant: 'ab'" },
                { "{{ \"\\q\" }}", "template: t:1: invalid syntax" },
                { "{{ () }}", "template: t:1: missing value for parenthesized pipeline" },
                { "{{\n\n1", "template: t:3: unclosed action started at t:1" },
                { "{{ define \"a\" }}1{{ end }}{{ define \"a\" }}2{{ end }}",
                  "template: t:1: template: multiple definition of template \"a\"" },
                { "{{ define 1 }}{{ end }}", "template: t:1: unexpected \"1\" in define clause" },
                { "{{ abcdefghijklmn := 1 }}", "template: t:1: function \"abcdefghijklmn\" not defined" },
                { "{{ print, 1 }}", "template: t:1: unexpected \",\" in operand" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

static void nesting_is_limited(void **state)
{
        (void)state;
        AUTO(buf_done) Buf text = { 0 };
        for (int i = 0; i < 5000; i++)
                buf_lit(&text, "{{if 1}}");
        AUTO(arena_free) Arena *arena = arena_new();
        TmplValue nil = { 0 };
        assert_str(fixture_run(&(TmplOptions){ 0 }, NULL, &nil, buf_cstr(&text), arena),
                   "template: t:1: nested deeper than 100 levels");
        buf_clear(&text);
        buf_lit(&text, "{{");
        for (int i = 0; i < 5000; i++)
                buf_lit(&text, "(");
        assert_contains(str_dupz(arena, fixture_run(&(TmplOptions){ 0 }, NULL, &nil, buf_cstr(&text), arena)),
                        "nested deeper than 100 levels");
        buf_clear(&text);
        for (int i = 0; i < 90; i++)
                buf_lit(&text, "{{if 1}}");
        buf_lit(&text, "x");
        for (int i = 0; i < 90; i++)
                buf_lit(&text, "{{end}}");
        assert_str(fixture_run(&(TmplOptions){ 0 }, NULL, &nil, buf_cstr(&text), arena), "x");
}

static void later_definitions_replace_earlier_ones(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        TmplSet *set = gotmpl_set_new(&(TmplOptions){ 0 });
        Err err = { 0 };
        TmplValue nil = { 0 };
        Buf out = { .arena = arena };
        assert_ok(gotmpl_add(set, STR("one"), STR("{{define \"a\"}}1{{end}}{{define \"b\"}}old{{end}}"), &err), err);
        assert_ok(gotmpl_add(set, STR("two"), STR("{{define \"a\"}}2{{end}}{{define \"b\"}} \n {{end}}"), &err), err);
        assert_false(gotmpl_add(set, STR("three"), STR("{{define \"a\"}}3{{end}}{{"), &err)); /* leaves the set alone */
        assert_ok(gotmpl_run_text(set, STR(""), STR("{{template \"a\"}}{{template \"b\"}}"), &nil, NULL, arena, &out,
                                  &err),
                  err);
        assert_str(buf_str(&out), "2old"); /* an empty definition replaces nothing */
        buf_clear(&out);
        assert_ok(gotmpl_run_text(set, STR(""), STR("{{define \"a\"}}mine{{end}}{{template \"a\"}}"), &nil, NULL, arena,
                                  &out, &err),
                  err);
        assert_str(buf_str(&out), "mine");
        buf_clear(&out);
        assert_ok(gotmpl_run_text(set, STR(""), STR("{{template \"a\"}}"), &nil, NULL, arena, &out, &err), err);
        assert_str(buf_str(&out), "2");
        assert_true(gotmpl_has(set, STR("a")));
        assert_false(gotmpl_has(set, STR("three")));
        gotmpl_set_free(set);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(mistakes_are_said_with_template_and_line),
                                            cmocka_unit_test(nesting_is_limited),
                                            cmocka_unit_test(later_definitions_replace_earlier_ones) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
