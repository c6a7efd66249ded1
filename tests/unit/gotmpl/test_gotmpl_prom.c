#include "tmpl_fixture.h"

static bool query(void *self, Str expr, Arena *arena, TmplPromSample **ret, size_t *ret_n, Err *err)
{
        (void)self;
        if (!str_eq(expr, STR("up")))
                return err_set(err, ERR_INVALID, "bad query");
        TmplPromSample *s = arena_array(arena, TmplPromSample, 3);
        static Str names[] = { STR_INIT("i"), STR_INIT("__value__") };
        static Str values[][2] = { { STR_INIT("c"), STR_INIT("x") },
                                   { STR_INIT("a"), STR_INIT("y") },
                                   { STR_INIT("b"), STR_INIT("z") } };
        for (int i = 0; i < 3; i++)
                s[i] = (TmplPromSample){ names, values[i], 2, i };
        *ret = s;
        *ret_n = 3;
        return true;
}

static void functions(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ range query \"up\" | sortByLabel \"i\" }}{{ . | label \"i\" }}{{ . | value }}{{ strvalue . }} {{ end }}",
                  "a1y b2z c0x " },
                { "{{ (query \"up\" | first).Labels.i }}{{ with query \"up\" | first }}{{ .Value }}{{ .Labels.none }}{{ end }}",
                  "c0" },
                { "{{ query \"x\" }}",
                  "template: t:1:3: executing \"t\" at <query \"x\">: error calling query: bad query" },
                { "{{ first .L }}",
                  "template: t:1:9: executing \"t\" at <.L>: wrong type for value; expected template.queryResult; got []string" },
                { "{{ humanize 0.1 }} {{ humanize \"1e4\" }} {{ humanize -12345 }} {{ humanize 999.96 }} {{ humanize 999.99 }}",
                  "100m 10k -12.35k 1000 1000" },
                { "{{ humanize \"NaN\" }} {{ humanize \"Inf\" }} {{ humanize (toDuration 90) }}", "NaN +Inf 90" },
                { "{{ humanize .L }}",
                  "template: t:1:3: executing \"t\" at <humanize .L>: error calling humanize: can't convert []string to float" },
                { "{{ humanize1024 2048 }} {{ humanize1024 -1536 }} {{ humanize1024 1e30 }}",
                  "2ki -1.5ki 8.272e+05Yi" },
                { "{{ humanizeDuration 90061.7 }} {{ humanizeDuration 59.999 }} {{ humanizeDuration 0.0002 }} {{ humanizeDuration \"+Inf\" }}",
                  "1d 1h 1m 1s 60s 200us +Inf" },
                { "{{ humanizePercentage 0.12345 }} {{ humanizeTimestamp 0.1239 }}",
                  "12.35% 1970-01-01 00:00:00.123 +0000 UTC" },
                { "{{ (toTime 86400).Day }} {{ toDuration 1.5 }} {{ toDuration \"NaN\" }}",
                  "template: t:1:49: executing \"t\" at <toDuration \"NaN\">: error calling toDuration: value is NaN or Inf" },
                { "{{ toDuration 1e12 }}",
                  "template: t:1:3: executing \"t\" at <toDuration 1e12>: error calling toDuration: 1e+12 cannot be represented as a nanoseconds duration "
                  "since it overflows int64" },
                { "{{ now }} {{ parseDuration \"1d\" }} {{ parseDuration \"-5m\" }}", "1.5 86400 -300" },
                { "{{ stripPort \"[::1]:80\" }} {{ stripPort \"::1\" }} {{ stripPort \"h:1\" }} {{ stripPort \"h\" }}",
                  "::1 ::1 h h" },
                { "{{ stripDomain \"10.0.0.1:80\" }} {{ stripDomain \"a.b:80\" }} {{ stripDomain \"\" }}",
                  "10.0.0.1:80 a:80 " },
                { "{{ externalURL }} {{ pathPrefix }} {{ urlQueryEscape \"a b\" }}", "http://x.example.com/p /p a+b" },
                { "{{ title \"it's a.b c-d \xc3\xa9x\" }} {{ toUpper \"stra\xc3\x9f"
                  "e\" }} {{ toLower \"\xc3\x89\" }}",
                  "It's A.b C-D \xc3\x89x STRA\xc3\x9f"
                  "E \xc3\xa9" },
                { "{{ reReplaceAll \"(.)b\" \"$1-${1}$$\" \"abab\" }} {{ match \"b\" \"abc\" }}", "a-a$a-a$ true" },
                { "{{ args }}{{ (args 1 \"x\").arg1 }}{{ (args 1).arg7 }}", "map[]x<no value>" },
        };
        TmplPromCtx ctx = {
                .query = query, .external_url = STR("http://x.example.com/p"), .path_prefix = STR("/p"), .now_ms = 1500
        };
        TmplValue data = fixture_data();
        fixture_cases(&(TmplOptions){ .funcs = gotmpl_prom_funcs, .missing_key_zero = true }, &ctx, &data, cases,
                      ARRAY_LEN(cases));
}

static void bad_patterns_end_the_run(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        TmplPromCtx ctx = { 0 };
        TmplValue data = fixture_data();
        TmplOptions options = { .funcs = gotmpl_prom_funcs };
        assert_contains(str_dupz(arena, fixture_run(&options, &ctx, &data, "{{ match \"(\" \"x\" }}", arena)),
                        "error calling match: error parsing regexp: missing closing )");
        assert_contains(
                str_dupz(arena, fixture_run(&options, &ctx, &data, "{{ reReplaceAll \"(\" \"x\" \"y\" }}", arena)),
                "error calling reReplaceAll: ");
        assert_contains(str_dupz(arena, fixture_run(&options, &ctx, &data, "{{ query \"up\" }}", arena)),
                        "queries are not available here");
        assert_contains(str_dupz(arena, fixture_run(&options, &ctx, &data, "{{ externalURL }}", arena)),
                        "external URL is not known");
}

static void there_are_29_functions(void **state)
{
        (void)state;
        size_t n = 0;
        while (gotmpl_prom_funcs[n].name)
                n++;
        assert_int_equal(n, 29);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(functions), cmocka_unit_test(bad_patterns_end_the_run),
                                            cmocka_unit_test(there_are_29_functions) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
