#include "tmpl_fixture.h"

static void statements(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ range .L }}{{ . }}{{ else }}none{{ end }}", "abc" },
                { "{{ range .E }}{{ . }}{{ else }}none{{ end }}", "none" },
                { "{{ range $i, $e := .L }}{{ $i }}{{ $e }}{{ end }}", "0a1b2c" },
                { "{{ range $k, $v := .M }}{{ $k }}{{ $v }}{{ end }}", "a1b2" },
                { "{{ range 3 }}{{ . }}{{ end }}", "012" },
                { "{{ range $i := 3 }}{{ $i }}{{ end }}", "012" },
                { "{{ range 0 }}x{{ else }}none{{ end }}", "none" },
                { "{{ range $i, $e := 3 }}x{{ end }}",
                  "template: t:1:19: executing \"t\" at <3>: can't use 3 to iterate over more than one variable" },
                { "{{ range .L }}{{ if eq . \"b\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "ac" },
                { "{{ range .L }}{{ range .L }}{{ end }}{{ end }}",
                  "template: t:1:23: executing \"t\" at <.L>: can't evaluate field L in type string" },
                { "{{ range .L }}{{ range $.L }}{{ break }}{{ end }}{{ . }}{{ end }}", "abc" },
                { "{{ $x := \"\" }}{{ range $x = .L }}{{ end }}{{ $x }}", "c" },
                { "{{ range nil }}{{ end }}", "template: t:1:9: executing \"t\" at <nil>: nil is not a command" },
                { "{{ with .S }}{{ . }}{{ else }}no{{ end }}", "str" },
                { "{{ with .E }}x{{ else with .N }}{{ . }}{{ else }}no{{ end }}", "7" },
                { "{{ if .E }}1{{ else if .N }}2{{ else }}3{{ end }}", "2" },
                { "{{ with $x := .N }}{{ $x }}{{ end }}", "7" },
                { "{{ block \"b\" .N }}<{{ . }}>{{ end }}{{ template \"b\" 1 }}", "<7><1>" },
                { "{{ define \"d\" }}{{ $ }}{{ end }}{{ $y := 1 }}{{ template \"d\" .S }}", "str" },
                { "{{ define \"d\" }}{{ .X }}{{ end }}\n{{ template \"d\" . }}",
                  "template: t:1:19: executing \"d\" at <.X>: can't evaluate field X in type main.Data" },
                { "{{ template \"none\" }}",
                  "template: t:1:12: executing \"t\" at <{{template \"none\"}}>: template \"none\" not defined" },
                { "a\n  {{- /* gone */ -}}  \nb", "ab" },
                { "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}", "32" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

static bool never(void *ctx)
{
        ++*(int *)ctx;
        return true;
}

static ErrCode run_code(const TmplOptions *options, void *ctx, const char *text, char msg[508])
{
        AUTO(arena_free) Arena *arena = arena_new();
        TmplSet *set = gotmpl_set_new(options);
        Buf out = { .arena = arena };
        Err err = { 0 };
        TmplValue data = fixture_data();
        assert_ok(gotmpl_add(set, STR("t"), str_of(text), &err), err);
        bool ok = gotmpl_run(set, STR("t"), &data, ctx, arena, &out, &err);
        gotmpl_set_free(set);
        memcpy(msg, err.msg, 508);
        return ok ? ERR_NONE : err.code;
}

static void every_limit_ends_the_run(void **state)
{
        (void)state;
        char msg[508];
        assert_int_equal(run_code(&(TmplOptions){ .max_steps = 1000 }, NULL, "{{ range 2000 }}{{ end }}", msg),
                         ERR_LIMIT);
        assert_contains(msg, "more than 1000 steps");
        assert_int_equal(
                run_code(&(TmplOptions){ 0 }, NULL, "{{ range 1000000 }}{{ range 1000000 }}{{ end }}{{ end }}", msg),
                ERR_LIMIT);
        assert_int_equal(run_code(&(TmplOptions){ .max_output_bytes = 100 }, NULL, "{{ range 200 }}x{{ end }}", msg),
                         ERR_LIMIT);
        assert_contains(msg, "longer than 100 bytes");
        assert_int_equal(run_code(&(TmplOptions){ .max_output_bytes = 100 }, NULL, "{{ printf \"%200d\" 1 }}", msg),
                         ERR_LIMIT);
        assert_int_equal(run_code(&(TmplOptions){ .max_output_bytes = 3 }, NULL, "abcd", msg), ERR_LIMIT);
        assert_int_equal(run_code(&(TmplOptions){ .max_output_bytes = 4 }, NULL, "abcd", msg), ERR_NONE);
        assert_int_equal(run_code(&(TmplOptions){ 0 }, NULL,
                                  "{{ define \"r\" }}{{ template \"r\" }}{{ end }}{{ template \"r\" }}", msg),
                         ERR_LIMIT);
        assert_contains(msg, "exceeded maximum template depth (100)");
        assert_int_equal(
                run_code(&(TmplOptions){ .max_depth = 100000 }, NULL,
                         "{{ define \"r\" }}{{ if 1 }}{{ template \"r\" }}{{ end }}{{ end }}{{ template \"r\" }}", msg),
                ERR_LIMIT);
        assert_contains(msg, "nested deeper");
        /* Doubling a text twenty times over. */
        assert_int_equal(run_code(&(TmplOptions){ 0 }, NULL,
                                  "{{ $x := \"0123456789\" }}{{ range 40 }}{{ $x = print $x $x }}{{ end }}", msg),
                         ERR_LIMIT);
        assert_int_equal(run_code(&(TmplOptions){ .max_memory_bytes = 100000 }, NULL,
                                  "{{ range 10000 }}{{ $x := printf \"%100d\" 1 }}{{ end }}", msg),
                         ERR_LIMIT);
        assert_contains(msg, "bytes of memory");
        int polled = 0;
        assert_int_equal(run_code(&(TmplOptions){ .expired = never }, &polled, "{{ range 100000 }}{{ end }}", msg),
                         ERR_TIMEOUT);
        assert_int_equal(polled, 1);
}

static void a_set_runs_again_and_again(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        TmplSet *set = gotmpl_set_new(&(TmplOptions){ 0 });
        Err err = { 0 };
        TmplValue data = fixture_data();
        assert_ok(gotmpl_add(set, STR("t"), STR("{{ $x := .N }}{{ range .L }}{{ $x }}{{ end }}"), &err), err);
        for (int i = 0; i < 3; i++) {
                Buf out = { .arena = arena };
                assert_ok(gotmpl_run(set, STR("t"), &data, NULL, arena, &out, &err), err);
                assert_str(buf_str(&out), "777");
        }
        Buf out = { .arena = arena };
        assert_false(gotmpl_run(set, STR("other"), &data, NULL, arena, &out, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        gotmpl_set_free(set);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(statements), cmocka_unit_test(every_limit_ends_the_run),
                                            cmocka_unit_test(a_set_runs_again_and_again) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
