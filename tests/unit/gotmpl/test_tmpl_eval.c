#include "tmpl_fixture.h"

static void operands_and_fields(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ .M.a }}{{ .M.none }}|{{ .Any.x }}{{ .Any.none }}", "1|1<no value>" },
                { "{{ .Any.y }}", "<no value>" },
                { "{{ (index .L 1) }}{{ len (print .S .N) }}", "b4" },
                { "{{ $m := .M }}{{ $m.b }}{{ (print $m.a).x }}",
                  "template: t:1:36: executing \"t\" at <$m.a>: can't evaluate field x in type string" },
                { "{{ .S.x }}", "template: t:1:5: executing \"t\" at <.S.x>: can't evaluate field x in type string" },
                { "{{ .N 1 }}",
                  "template: t:1:3: executing \"t\" at <.N>: N has arguments but cannot be invoked as function" },
                { "{{ .M.a 1 }}", "template: t:1:5: executing \"t\" at <.M.a>: a is not a method but has arguments" },
                { "{{ \"x\" | .N }}",
                  "template: t:1:9: executing \"t\" at <.N>: N has arguments but cannot be invoked as function" },
                { "{{ $x := 1 }}{{ $x 2 }}",
                  "template: t:1:16: executing \"t\" at <$x>: can't give argument to non-function $x" },
                { "{{ (1) 2 }}",
                  "template: t:1:3: executing \"t\" at <(1) 2>: can't give argument to non-function (1)" },
                { "{{ nil.x }}", "template: t:1: unexpected . after term \"nil\"" },
                { "{{ 0x1F }} {{ 1_000 }} {{ 0o17 }} {{ 017 }} {{ 0b101 }} {{ 'a' }} {{ .5 }} {{ 1e3 }} {{ 0x1p4 }} {{ -9223372036854775808 }}",
                  "31 1000 15 15 5 97 0.5 1000 16 -9223372036854775808" },
                { "{{ 1.0 | printf \"%T\" }} {{ 1e3 | printf \"%T\" }} {{ 1 | printf \"%T\" }}",
                  "float64 float64 int" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

static bool take(void *ctx, TmplRun *run, const TmplValue *args, size_t n, TmplValue *ret, Err *err)
{
        (void)ctx;
        (void)run;
        if (n && args[0].kind == TMPL_STRING && str_eq(args[0].s, STR("fail")))
                return err_set(err, ERR_NOT_FOUND, "as told");
        *ret = tmpl_int((int64_t)n);
        return true;
}

static void argument_types_are_checked(void **state)
{
        (void)state;
        static const TmplFunc funcs[] = { { "s", 1, 1, take, "s" },    { "i", 1, 1, take, "i" },
                                          { "f", 1, 1, take, "f" },    { "b", 1, 1, take, "b" },
                                          { "l", 1, 1, take, "l" },    { "m", 1, 1, take, "m" },
                                          { "d", 1, 1, take, "d" },    { "v", 0, -1, take, "sa" },
                                          { "any", 1, 2, take, NULL }, { 0 } };
        static const Case cases[] = {
                { "{{ s 1 }}", "template: t:1:5: executing \"t\" at <1>: expected string; found 1" },
                { "{{ s .N }}",
                  "template: t:1:5: executing \"t\" at <.N>: wrong type for value; expected string; got int" },
                { "{{ s nil }}", "template: t:1:5: executing \"t\" at <nil>: cannot assign nil to string" },
                { "{{ s .Any.y }}", "template: t:1:9: executing \"t\" at <.Any.y>: invalid value; expected string" },
                { "{{ i 1.5 }}", "template: t:1:5: executing \"t\" at <1.5>: expected integer; found 1.5" },
                { "{{ i 1e3 }}", "1" },
                { "{{ f 1 }}", "1" },
                { "{{ f .N }}",
                  "template: t:1:5: executing \"t\" at <.N>: wrong type for value; expected float64; got int" },
                { "{{ f \"1\" }}", "template: t:1:5: executing \"t\" at <\"1\">: expected float; found \"1\"" },
                { "{{ b 1 }}", "template: t:1:5: executing \"t\" at <1>: expected bool; found 1" },
                { "{{ b true }}{{ l .L }}{{ l nil }}{{ m .M }}{{ d 5 }}", "11111" },
                { "{{ l \"x\" }}",
                  "template: t:1:5: executing \"t\" at <\"x\">: can't handle \"x\" for arg of type []string" },
                { "{{ l .M }}",
                  "template: t:1:5: executing \"t\" at <.M>: wrong type for value; expected []string; got map[string]string" },
                { "{{ s }}", "template: t:1:3: executing \"t\" at <s>: wrong number of args for s: want 1 got 0" },
                { "{{ \"a\" | s \"b\" }}",
                  "template: t:1:9: executing \"t\" at <s>: wrong number of args for s: want 1 got 2" },
                { "{{ v \"a\" 1 nil .L }}{{ v }}{{ 5 | v \"x\" }}", "402" },
                { "{{ any 1 2 }}", "2" },
                { "{{ any 1 2 3 }}",
                  "template: t:1:3: executing \"t\" at <any>: wrong number of args for any: want 2 got 3" },
                { "{{ v \"fail\" }}", "template: t:1:3: executing \"t\" at <v \"fail\">: error calling v: as told" },
                { "{{ len (v \"fail\" 1) }}",
                  "template: t:1:8: executing \"t\" at <v \"fail\" 1>: error calling v: as told" },
        };
        TmplValue data = fixture_data();
        fixture_cases(&(TmplOptions){ .funcs = funcs }, NULL, &data, cases, ARRAY_LEN(cases));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(operands_and_fields),
                                            cmocka_unit_test(argument_types_are_checked) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
