#include "tmpl_fixture.h"

#define AT(call, name) "template: t:1:3: executing \"t\" at <" call ">: error calling " name ": "

static void comparisons(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ eq .N 7 }}{{ eq .N 1 2 7 }}{{ ne .S \"str\" }}{{ eq .T true }}{{ eq nil nil }}{{ eq .Any.y nil }}",
                  "truetruefalsetruetruetrue" },
                { "{{ lt 1 2 }}{{ le 2.5 .F }}{{ gt \"b\" \"a\" }}{{ ge 1 2 }}", "truetruetruefalse" },
                { "{{ eq 1 1.0 }}", AT("eq 1 1.0", "eq") "incompatible types for comparison: int and float64" },
                { "{{ lt true false }}", AT("lt true false", "lt") "invalid type for comparison" },
                { "{{ lt .L .L }}", AT("lt .L .L", "lt") "invalid type for comparison" },
                { "{{ lt 1 \"a\" }}", AT("lt 1 \"a\"", "lt") "incompatible types for comparison: int and string" },
                { "{{ eq .L .L }}", AT("eq .L .L", "eq") "non-comparable type [a b c]: []string" },
                { "{{ eq 1 nil }}{{ ne nil 1 }}", "falsetrue" },
                { "{{ and 1 0 (index .L 99) }}{{ or 0 \"x\" (index .L 99) }}{{ and 1 .N }}{{ or 0 \"\" }}", "0x7" },
                { "{{ 5 | and 1 }}{{ 5 | or 0 }}{{ 5 | and 0 }}", "550" },
                { "{{ not 0 }}{{ not .L }}", "truefalse" },
                { "{{ and }}",
                  "template: t:1:3: executing \"t\" at <and>: wrong number of args for and: want at least 1 got 0" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

static void collections(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ len .L }}{{ len .M }}{{ len \"\xc3\xa9\" }}{{ len .E }}", "3220" },
                { "{{ len 3 }}", AT("len 3", "len") "len of type int" },
                { "{{ len nil }}", AT("len nil", "len") "len of nil pointer" },
                { "{{ index .L 0 }}{{ index .M \"a\" }}{{ index .M \"zz\" }}|{{ index .L }}", "a1|[a b c]" },
                { "{{ index .L 3 }}", AT("index .L 3", "index") "reflect: slice index out of range" },
                { "{{ index .L -1 }}", AT("index .L -1", "index") "index out of range: -1" },
                { "{{ index .L nil }}", AT("index .L nil", "index") "cannot index slice/array with nil" },
                { "{{ index .M 1 }}", AT("index .M 1", "index") "value has type int; should be string" },
                { "{{ index 1 1 }}", AT("index 1 1", "index") "can't index item of type int" },
                { "{{ index nil 1 }}", AT("index nil 1", "index") "index of untyped nil" },
                { "{{ slice .L 1 }}{{ slice .L 1 2 }}{{ slice \"abcd\" 1 3 }}{{ slice .L 0 1 2 }}{{ slice .E }}",
                  "[b c][b]bc[a][]" },
                { "{{ slice .L 2 1 }}", AT("slice .L 2 1", "slice") "invalid slice index: 2 > 1" },
                { "{{ slice \"abc\" 0 1 2 }}", AT("slice \"abc\" 0 1 2", "slice") "cannot 3-index slice a string" },
                { "{{ slice .M 1 }}", AT("slice .M 1", "slice") "can't slice item of type map[string]string" },
                { "{{ slice .L 0 9 }}", AT("slice .L 0 9", "slice") "index out of range: 9" },
                { "{{ call nil }}", AT("call nil", "call") "call of nil" },
                { "{{ call .S }}", AT("call .S", "call") "non-function .S of type string" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

static void texts(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ print 1 2 \"a\" \"b\" nil nil 3.5 }}", "1 2ab<nil> <nil> 3.5" },
                { "{{ println \"a\" 1 }}{{ println }}", "a 1\n\n" },
                { "{{ html \"<&'\\\"+>\" }}{{ html 1 2 }}", "&lt;&amp;&#39;&#34;+&gt;1 2" },
                { "{{ js \"a'b\\\\<\\u2028=\" }}", "a\\'b\\\\\\u003C\\u2028\\u003D" },
                { "{{ urlquery \"a b&\xc3\xa9~\" }}", "a+b%26%C3%A9~" },
                { "{{ printf \"%d\" }}", "%!d(MISSING)" },
                { "{{ printf 1 }}", "template: t:1:10: executing \"t\" at <1>: expected string; found 1" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

static void older_words(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ eq 1 1.0 }}",
                  "template: t:1:3: executing \"t\" at <eq 1 1.0>: error calling eq: incompatible types for comparison" },
                { "{{ call .S }}",
                  "template: t:1:3: executing \"t\" at <call .S>: error calling call: non-function of type string" },
                { "{{ range 3 }}x{{ end }}", "template: t:1:9: executing \"t\" at <3>: range can't iterate over 3" },
                { "{{ with 0 }}{{ else with 1 }}{{ end }}", "template: t:1: unexpected <with> in else" },
        };
        TmplValue data = fixture_data();
        fixture_cases(&(TmplOptions){ .go_1_19 = true, .old_words = true }, NULL, &data, cases, ARRAY_LEN(cases));
}

static void what_cannot_be_compared(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ eq .L .L }}",
                  "template: t:1:3: executing \"t\" at <eq .L .L>: error calling eq: non-comparable type [a b c]: []string" },
                { "{{ eq .L .M }}",
                  "template: t:1:3: executing \"t\" at <eq .L .M>: error calling eq: non-comparable types [a b c]: "
                  "[]string, map[string]string: map[a:1 b:2]" },
                { "{{ html 1 nil 2 }}|{{ js nil 1 \"a\" }}", "1&lt;no value&gt;2|\\u003Cno value\\u003E1a" },
        };
        fixture_plain(cases, ARRAY_LEN(cases));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(comparisons), cmocka_unit_test(collections),
                                            cmocka_unit_test(texts), cmocka_unit_test(older_words),
                                            cmocka_unit_test(what_cannot_be_compared) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
