#include "promql/lex.h"
#include "testing.h"

static void check(const char *text, const char *want)
{
        Lex lex;
        Err err = { 0 };
        Buf b = { 0 };
        lex_init(&lex, str_of(text));
        for (;;) {
                Token tok = lex_next(&lex, &err);
                assert_true(tok.start <= tok.end && tok.end <= strlen(text));
                if (tok.type == TOK_EOF)
                        break;
                if (b.n > 0)
                        buf_char(&b, ' ');
                if (tok.type == TOK_ERROR) {
                        buf_printf(&b, "ERROR(%s)", err.msg);
                        break;
                }
                lex_describe(&lex, tok, &b);
        }
        if (strcmp(buf_cstr(&b), want) != 0)
                fail_msg("'%s': got '%s', want '%s'", text, b.p, want);
        buf_done(&b);
}

static void tokens_are_named_as_upstream_names_them(void **state)
{
        (void)state;
        check("a a:b \"s\" 1 5m",
              "identifier \"a\" metric identifier \"a:b\" string \"\\\"s\\\"\" number \"1\" duration \"5m\"");
        check("\"a long string\"", "string \"\\\"a long st\"...");
        check("sum by start + ,", "<aggr:sum> <by> \"start\" <op:+> \",\"");
        check("( ) { } [ ]", "\"(\" \")\" \"{\" \"}\" \"[\" \"]\"");
        check("== != <= >= < > </ >/ = @ ^ atan2",
              "<op:==> <op:!=> <op:<=> <op:>=> <op:<> <op:>> <op:</> <op:>/> \"=\" <op:@> <op:^> <op:atan2>");
        check("", "");
        check(" # nothing", "");
}

static void state_follows_brackets_and_braces(void **state)
{
        (void)state;
        check("{sum=\"x\",by!~'y'}by",
              "\"{\" identifier \"sum\" \"=\" string \"\\\"x\\\"\" \",\" identifier \"by\" <op:!~> string \"'y'\" \"}\" <by>");
        check("x[5m:1m]:y",
              "identifier \"x\" \"[\" duration \"5m\" \":\" duration \"1m\" \"]\" metric identifier \":y\"");
        check("x[STEP()]", "identifier \"x\" \"[\" \"STEP\" \"(\" \")\" \"]\"");
        check("x[y]", "identifier \"x\" \"[\" ERROR(unexpected character in duration expression: 'y')");
        check("x[5m+z]",
              "identifier \"x\" \"[\" duration \"5m\" <op:+> ERROR(unexpected character: 'z', expected ':')");
        check("fill fill (", "identifier \"fill\" <fill> \"(\" ERROR(unclosed left parenthesis)");
        check("{a # comment }\n=\"b\"}", "\"{\" identifier \"a\" \"=\" string \"\\\"b\\\"\" \"}\"");
}

static void bad_bytes_are_errors(void **state)
{
        (void)state;
        check("\xff", "ERROR(unexpected character: '\xef\xbf\xbd')");
        check("\"\\\"", "ERROR(unterminated quoted string)");
        check("\"\\", "ERROR(escape sequence not terminated)");
        check("\"\\u12", "ERROR(escape sequence not terminated)");
        check("'\\\"'", "ERROR(unknown escape sequence U+0022 '\"')");
        check("0x1.5", "ERROR(bad number or duration syntax: \"0x1.\")");
        check("1e", "ERROR(bad number or duration syntax: \"1e\")");
        check("1_", "ERROR(bad number or duration syntax: \"1_\")");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tokens_are_named_as_upstream_names_them),
                cmocka_unit_test(state_follows_brackets_and_braces),
                cmocka_unit_test(bad_bytes_are_errors),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
