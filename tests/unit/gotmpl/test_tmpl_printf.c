#include "tmpl_fixture.h"

static void verbs(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ printf \"%d|%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%o|%O|%b|%c|%q|%U|%#U\" 42 42 42 42 42 42 255 255 255 8 8 5 65 65 65 65 }}",
                  "42|   42|42   |00042|+42| 42|ff|FF|0xff|10|0o10|101|A|'A'|U+0041|U+0041 'A'" },
                { "{{ printf \"%06d|%.3d|%8.3d|%-06d|%x|%.0d\" -42 5 5 7 -255 0 }}",
                  "-00042|005|     005|7     |-ff|" },
                { "{{ printf \"%s|%5s|%-5s|%.2s|%q|%x|% x|%#q|%+q\" \"ab\" \"ab\" \"ab\" \"\xc3\xa9xy\" \"a\\\"b\" \"hi\" \"hi\" \"a\" \"\xc3\xa9\" }}",
                  "ab|   ab|ab   |\xc3\xa9x|\"a\\\"b\"|6869|68 69|`a`|\"\\u00e9\"" },
                { "{{ printf \"%f|%.2f|%8.2f|%-8.1f|%05.1f|%e|%g|%.3g|%G|%+.1f|% .1f\" 1.5 3.14159 3.14159 2.5 2.5 1234.5 0.1 1234.5678 1e-7 2.5 2.5 }}",
                  "1.500000|3.14|    3.14|2.5     |002.5|1.234500e+03|0.1|1.23e+03|1E-07|+2.5| 2.5" },
                { "{{ printf \"%08.3f|%6.2f%%\" -3.14159 99.9512 }}", "-003.142| 99.95%" },
                { "{{ printf \"%t|%5t|%v\" true false true }}", "true|false|true" },
                { "{{ printf \"%v %d %s %q\" .L .L .M .L }}",
                  "[a b c] [%!d(string=a) %!d(string=b) %!d(string=c)] map[a:1 b:2] [\"a\" \"b\" \"c\"]" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

static void mistakes_print_as_in_go(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ printf \"%d\" \"x\" }}", "%!d(string=x)" },
                { "{{ printf \"%s\" 5 }}", "%!s(int=5)" },
                { "{{ printf \"%d\" 1.5 }}", "%!d(float64=1.5)" },
                { "{{ printf \"%s\" nil }}", "%!s(<nil>)" },
                { "{{ printf \"%v\" nil }}", "<nil>" },
                { "{{ printf \"%!\" 1 }}", "%!!(int=1)" },
                { "{{ printf \"%\" 1 }}", "%!(NOVERB)%!(EXTRA int=1)" },
                { "{{ printf \"%d %d\" 1 }}", "1 %!d(MISSING)" },
                { "{{ printf \"x\" 1 \"a\" nil }}", "x%!(EXTRA int=1, string=a, <nil>)" },
                { "{{ printf \"%[2]d %[1]d\" 1 2 }}", "2 1" },
                { "{{ printf \"%[5]d\" 1 }}", "%!d(BADINDEX)" },
                { "{{ printf \"%[x]d\" 1 }}", "%!d(BADINDEX)" },
                { "{{ printf \"%*d|%-*d|%.*f\" 5 1 5 1 1 2.55 }}", "    1|1    |2.5" },
                { "{{ printf \"%*d\" \"a\" 1 }}", "%!(BADWIDTH)1" },
                { "{{ printf \"%.*d\" -1 1 }}", "%!(BADPREC)1" },
                { "{{ printf \"%t\" 1 }}", "%!t(int=1)" },
                { "{{ printf \"100%%\" }}", "100%" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

static void as_go_writes_it(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ printf \"%#v|%#v|%#v|%#v|%#v\" .S 5 1.5 true .M }}",
                  "\"str\"|5|1.5|true|map[string]string{\"a\":\"1\", \"b\":\"2\"}" },
                { "{{ printf \"%#v|%#6v\" .L \"a\" }}", "[]string{\"a\", \"b\", \"c\"}|   \"a\"" },
                { "{{ printf \"%x|%X|%b|%.2x|%x\" 1.5 -2.25 1.5 3.14 0.0 }}",
                  "0x1.8p+00|-0X1.2P+01|6755399441055744p-52|0x1.92p+01|0x0p+00" },
                { "{{ printf \"%#g|%#.3g|%#.0f|%#.0e\" 1.5 2.0 3.0 4.0 }}", "1.50000|2.00|3.|4.e+00" },
                { "{{ printf \"%-#*[1]v|%w\" \"a\" }}", "%!(BADWIDTH)\"a\"|%!w(MISSING)" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(verbs), cmocka_unit_test(mistakes_print_as_in_go),
                                            cmocka_unit_test(as_go_writes_it) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
