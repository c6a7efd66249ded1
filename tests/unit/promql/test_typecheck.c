#include "base/arena.h"
#include "promql/ast.h"
#include "testing.h"

static void type_errors_read_as_upstream(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "rate(x)",
                  "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector" },
                { "rate(5)", "1:6: parse error: expected type range vector in call to function \"rate\", got scalar" },
                { "abs(x[5m])",
                  "1:5: parse error: expected type instant vector in call to function \"abs\", got range vector" },
                { "label_join(x, \"a\", \"b\", 3)",
                  "1:25: parse error: expected type string in call to function \"label_join\", got scalar" },
                { "label_join(x, \"a\", \"b\", \"c\", \"d\", 3)",
                  "1:35: parse error: expected type string in call to function \"label_join\", got scalar" },
                { "rate()", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 0" },
                { "pi(1)", "1:1: parse error: expected 0 argument(s) in call to \"pi\", got 1" },
                { "round(x, 1, 2)", "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3" },
                { "label_join(x)",
                  "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", got 1" },
                { "hour(x, y)", "1:1: parse error: expected at most 1 argument(s) in call to \"hour\", got 2" },
                { "sum(5)", "1:5: parse error: expected type instant vector in aggregation expression, got scalar" },
                { "sum(x[5m])",
                  "1:5: parse error: expected type instant vector in aggregation expression, got range vector" },
                { "topk(x, y)", "1:6: parse error: expected type scalar in aggregation parameter, got instant vector" },
                { "count_values(5, y)",
                  "1:14: parse error: expected type string in aggregation parameter, got scalar" },
                { "1 == 2", "1:3: parse error: comparisons between scalars must use BOOL modifier" },
                { "(1) > ( 2 )", "1:5: parse error: comparisons between scalars must use BOOL modifier" },
                { "x + bool y", "1:3: parse error: bool modifier can only be used on comparison operators" },
                { "x and 1", "1:1: parse error: set operator \"and\" not allowed in binary scalar expression" },
                { "1 or 2", "1:1: parse error: set operator \"or\" not allowed in binary scalar expression" },
                { "x and on (a) 1", "1:1: parse error: vector matching only allowed between instant vectors" },
                { "1 + on (a) x", "1:1: parse error: vector matching only allowed between instant vectors" },
                { "1 + fill(0) x", "1:1: parse error: filling in missing series only allowed between instant vectors" },
                { "x or fill(0) y", "1:1: parse error: filling in missing series not allowed for set operators" },
                { "x and on (a) group_left y", "1:1: parse error: no grouping allowed for \"and\" operation" },
                { "x / on (a) group_left (a) y",
                  "1:3: parse error: label \"a\" must not occur in ON and GROUP clause at once" },
                { "x[5m] + 1",
                  "1:1: parse error: binary expression must contain only scalar and instant vector types" },
                { "1 + \"a\"",
                  "1:5: parse error: binary expression must contain only scalar and instant vector types" },
                { "-x[5m]",
                  "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"range vector\"" },
                { "-\"a\"",
                  "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"string\"" },
                { "1[5m:]", "1:1: parse error: subquery is only allowed on instant vector, got scalar instead" },
                { "x[5m][5m:]", "1:1: parse error: subquery is only allowed on instant vector, got matrix instead" },
                { "{}", "1:1: parse error: vector selector must contain at least one non-empty matcher" },
                { "{a=\"\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher" },
                { "{a=~\".*\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher" },
                { "{a!=\"b\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher" },
                { "x{__name__=\"y\"}", "1:1: parse error: metric name must not be set twice: \"x\" or \"y\"" },
                { "x{\"y\"}", "1:1: parse error: metric name must not be set twice: \"x\" or \"y\"" },
                { "info(x, 5)",
                  "1:1: parse error: expected type instant vector in call to function \"info\", got scalar" },
                { "info(x, y)", "1:9: parse error: expected label selectors only, got vector selector instead" },
                { "info(x, abs(y))", "1:9: parse error: expected label selectors only" },
                /* syntax errors win over type errors in front of them */
                { "rate(x) $", "1:9: parse error: unexpected character: '$'" },
        };
        PromqlFeatures all = promql_features_all();
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Expr *e;
                Err err;
                SrcPos pos;
                Buf b = { .arena = arena };
                Str text = str_of(CASES[i][0]);
                if (ast_parse(text, arena, &all, &e, &pos, &err))
                        fail_msg("'%s' parsed", CASES[i][0]);
                ast_format_error(&b, text, pos, err.msg);
                if (strcmp(buf_cstr(&b), CASES[i][1]) != 0)
                        fail_msg("'%s': got  '%s'\n want '%s'", CASES[i][0], b.p, CASES[i][1]);
        }
}

static void types_come_out(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                ValueType type;
        } CASES[] = {
                { "1 + 2", VALUE_SCALAR },
                { "1 + x", VALUE_VECTOR },
                { "\"a\"", VALUE_STRING },
                { "x[5m]", VALUE_MATRIX },
                { "x[5m:]", VALUE_MATRIX },
                { "(x[5m])", VALUE_MATRIX },
                { "time()", VALUE_SCALAR },
                { "vector(1)", VALUE_VECTOR },
                { "scalar(x) * 2", VALUE_SCALAR },
                { "-x", VALUE_VECTOR },
                { "1 == bool 2", VALUE_SCALAR },
                { "info(x, {})", VALUE_VECTOR },
                { "x offset 5m", VALUE_VECTOR },
                { "sum(x)", VALUE_VECTOR },
                { "{a=\"\", b=\"c\"}", VALUE_VECTOR },
                { "label_join(x, \"a\", \"b\")", VALUE_VECTOR },
                { "info(x, {a=~\".*\"})", VALUE_VECTOR },
        };
        PromqlFeatures all = promql_features_all();
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Expr *e;
                Err err;
                assert_ok(ast_parse(str_of(CASES[i].text), arena, &all, &e, NULL, &err), err);
                assert_int_equal(e->type, CASES[i].type);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(type_errors_read_as_upstream),
                                            cmocka_unit_test(types_come_out) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
