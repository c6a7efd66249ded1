#include "gotmpl/tmpl_lex.h"
#include "tmpl_fixture.h"

static void tokens_are_slices_with_positions(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        size_t n;
        TmplToken *t = tmpl_lex(STR("a\n{{ $x.y := `r` | f 1 }}z"), arena, &n);
        static const TmplTokenKind kinds[] = { TOKEN_TEXT,        TOKEN_LEFT_DELIM, TOKEN_SPACE,   TOKEN_VARIABLE,
                                               TOKEN_FIELD,       TOKEN_SPACE,      TOKEN_DECLARE, TOKEN_SPACE,
                                               TOKEN_RAW_STRING,  TOKEN_SPACE,      TOKEN_PIPE,    TOKEN_SPACE,
                                               TOKEN_IDENTIFIER,  TOKEN_SPACE,      TOKEN_NUMBER,  TOKEN_SPACE,
                                               TOKEN_RIGHT_DELIM, TOKEN_TEXT,       TOKEN_EOF };
        assert_int_equal(n, ARRAY_LEN(kinds));
        for (size_t i = 0; i < n; i++)
                assert_int_equal(t[i].kind, kinds[i]);
        assert_str(t[0].val, "a\n");
        assert_int_equal(t[3].pos, 5);
        assert_int_equal(t[3].line, 2);
        assert_str(t[4].val, ".y");
}

static void mistakes_end_in_an_error_token(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{", "unclosed action" },
                { "{{ \"a", "unterminated quoted string" },
                { "{{ \"a\n\" }}", "unterminated quoted string" },
                { "{{ `a", "unterminated raw quoted string" },
                { "{{ 'a", "unterminated character constant" },
                { "{{/* a", "unclosed comment" },
                { "{{/* a */ }", "comment ends before closing delimiter" },
                { "{{ (1 }}", "unclosed left paren" },
                { "{{ ) }}", "unexpected right paren" },
                { "{{ : }}", "expected :=" },
                { "{{ 1x }}", "bad number syntax: \"1x\"" },
                { "{{ 1+2 }}", "bad number syntax: \"1+2\"" },
                { "{{ a@b }}", "bad character U+0040 '@'" },
                { "{{ \x01 }}", "unrecognized character in action: U+0001" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                size_t n;
                TmplToken *t = tmpl_lex(str_of(cases[i].text), arena, &n);
                if (t[n - 1].kind != TOKEN_ERROR)
                        fail_msg("no error in %s", cases[i].text);
                assert_str(t[n - 1].val, cases[i].want);
        }
}

static void quoted_text_is_unquoted(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Str s;
        assert_true(tmpl_lex_unquote(STR("\"a\\t\\x41\\101\\u00e9\\U0001F600\\\"\""), arena, &s));
        assert_str(s, "a\tAA\xc3\xa9\xf0\x9f\x98\x80\"");
        assert_true(tmpl_lex_unquote(STR("`a\\n\r`"), arena, &s));
        assert_str(s, "a\\n");
        static const char *const bad[] = { "\"\\q\"",   "\"\\'\"",         "\"\\x4\"", "\"\\ud800\"",
                                           "\"\\400\"", "\"\\U00110000\"", "\"" };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                assert_false(tmpl_lex_unquote(str_of(bad[i]), arena, &s));
        uint32_t r;
        assert_true(tmpl_lex_unquote_char(STR("'\xc3\xa9'"), &r));
        assert_int_equal(r, 0xe9);
        assert_false(tmpl_lex_unquote_char(STR("'ab'"), &r));
        assert_false(tmpl_lex_unquote_char(STR("''"), &r));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(tokens_are_slices_with_positions),
                                            cmocka_unit_test(mistakes_end_in_an_error_token),
                                            cmocka_unit_test(quoted_text_is_unquoted) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
