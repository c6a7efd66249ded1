#include "base/arena.h"
#include "promql/goquote.h"
#include "testing.h"

static void literals_decode(void **state)
{
        (void)state;
        static const struct {
                const char *literal, *value; /* value NULL: malformed */
        } CASES[] = {
                { "\"\"", "" },
                { "'a\"b'", "a\"b" },
                { "\"a'b\"", "a'b" },
                { "`a\\n`", "a\\n" },
                { "\"\\a\\b\\f\\n\\r\\t\\v\\\\\"", "\a\b\f\n\r\t\v\\" },
                { "'\\''", "'" },
                { "\"\\\"\"", "\"" },
                { "\"\\x41\\101\"", "AA" },
                { "\"\\u00e4\\U0001F600\"", "\xc3\xa4\xf0\x9f\x98\x80" },
                { "\"\\xff\"", "\xff" },
                { "\"", NULL },
                { "\"a", NULL },
                { "'a\"", NULL },
                { "\"\\'\"", NULL },
                { "\"\\q\"", NULL },
                { "\"\\x4\"", NULL },
                { "\"\\400\"", NULL },
                { "\"\\ud800\"", NULL },
                { "\"\\U00110000\"", NULL },
                { "\"a\nb\"", NULL },
                { "`a`b`", NULL },
                { "abc", NULL },
                { "\"\\\"", NULL },
                { "", NULL },
                { "`a\nb`", "a\nb" },
                { "\"\\u12\"", NULL },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Str value;
                bool ok = goquote_decode(str_of(CASES[i].literal), arena, &value);
                assert_int_equal(ok, CASES[i].value != NULL);
                if (ok)
                        assert_str(value, CASES[i].value);
        }
}

static void messages_quote(void **state)
{
        (void)state;
        Buf b = { 0 };
        goquote_rune(&b, 'x');
        goquote_rune(&b, '\'');
        goquote_rune(&b, '"');
        goquote_rune(&b, '\n');
        goquote_prefix(&b, STR("\xc3\xa4\xc3\xb6\xc3\xbc"), 2);
        goquote_prefix(&b, STR("ab"), 10);
        assert_str(buf_str(&b), "'x''\\'''\"''\\n'\"\xc3\xa4\xc3\xb6\"\"ab\"");
        buf_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(literals_decode), cmocka_unit_test(messages_quote) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
