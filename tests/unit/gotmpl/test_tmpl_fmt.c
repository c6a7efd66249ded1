#include "gotmpl/tmpl_fmt.h"
#include "tmpl_fixture.h"

static void floats_print_as_in_go(void **state)
{
        (void)state;
        static const struct {
                double v;
                char verb;
                int precision;
                const char *want;
        } cases[] = {
                { 0, 'g', -1, "0" },
                { -0.0, 'g', -1, "-0" },
                { 1, 'g', -1, "1" },
                { 100000, 'g', -1, "100000" },
                { 1000000, 'g', -1, "1e+06" },
                { 123456789, 'g', -1, "1.23456789e+08" },
                { 0.0001, 'g', -1, "0.0001" },
                { 0.00001, 'g', -1, "1e-05" },
                { 0.1, 'g', -1, "0.1" },
                { 1e100, 'g', -1, "1e+100" },
                { -2.5, 'g', -1, "-2.5" },
                { 42.5, 'f', -1, "42.5" },
                { 1e21, 'f', -1, "1000000000000000000000" },
                { 0.001, 'f', -1, "0.001" },
                { 1.5, 'e', -1, "1.5e+00" },
                { 0, 'e', -1, "0e+00" },
                { 1e-7, 'E', -1, "1E-07" },
                { 1234.5678, 'g', 3, "1.23e+03" },
                { 2.5, 'f', 0, "2" },
                { 1e300 * 1e10, 'g', -1, "+Inf" },
                { -1e300 * 1e10, 'f', 2, "-Inf" },
                { 0.5, 'f', 6, "0.500000" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(buf_done) Buf out = { 0 };
                tmpl_fmt_float(&out, cases[i].v, cases[i].verb, cases[i].precision);
                assert_str(buf_str(&out), cases[i].want);
        }
}

static void values_print_as_in_go(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ .L }} {{ .M }} {{ .E }} {{ .Any }}", "[a b c] map[a:1 b:2] [] map[x:1 y:<nil>]" },
                { "{{ . }}", "{str 7 2.5 true [a b c] map[a:1 b:2] [] map[x:1 y:<nil>]}" },
                { "{{ printf \"%+v\" . }}",
                  "{S:str N:7 F:2.5 T:true L:[a b c] M:map[a:1 b:2] E:[] Any:map[x:1 y:<nil>]}" },
                { "{{ printf \"%T %T %T %T %T\" . .L .M .Any nil }}",
                  "main.Data []string map[string]string map[string]interface {} <nil>" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

static void deep_and_large_values_are_cut(void **state)
{
        (void)state;
        static TmplValue levels[200];
        levels[0] = tmpl_str(STR("x"));
        for (int i = 1; i < 200; i++)
                levels[i] = (TmplValue){ .kind = TMPL_LIST, .items = &levels[i - 1], .n = 1 };
        AUTO(buf_done) Buf out = { 0 };
        gotmpl_print(&out, &levels[199]);
        assert_contains(buf_cstr(&out), "...");
        buf_clear(&out);
        assert_false(tmpl_fmt_print(&out, 2, &(TmplValue){ .kind = TMPL_STRING, .s = STR("abc") }, 1, false));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(floats_print_as_in_go),
                                            cmocka_unit_test(values_print_as_in_go),
                                            cmocka_unit_test(deep_and_large_values_are_cut) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
