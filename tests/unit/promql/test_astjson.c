#include "testing.h"

#include "promql/ast.h"

static const char *json_of(Arena *arena, const char *text)
{
        PromqlFeatures all = promql_features_all();
        Expr *e;
        Err err;
        Buf out = { .arena = arena };
        assert_ok(ast_parse(str_of(text), arena, &all, &e, NULL, &err), err);
        ast_json(&out, e);
        return buf_cstr(&out);
}

#define SELECTOR(name)                                                                                   \
        "{\"matchers\":[{\"name\":\"__name__\",\"type\":\"=\",\"value\":\"" name "\"}],\"name\":\"" name \
        "\",\"offset\":0,\"startOrEnd\":null,\"timestamp\":null,\"type\":\"vectorSelector\"}"

static void every_kind_of_node(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "1.5", "{\"type\":\"numberLiteral\",\"val\":\"1.5\"}" },
                { "\"a\\\"b\"", "{\"type\":\"stringLiteral\",\"val\":\"a\\\"b\"}" },
                { "a", SELECTOR("a") },
                { "(a)", "{\"expr\":" SELECTOR("a") ",\"type\":\"parenExpr\"}" },
                { "-a", "{\"expr\":" SELECTOR("a") ",\"op\":\"-\",\"type\":\"unaryExpr\"}" },
                { "a[5m] @ 3 offset 1m",
                  "{\"matchers\":[{\"name\":\"__name__\",\"type\":\"=\",\"value\":\"a\"}],\"name\":\"a\",\"offset\":60000,\"range\":"
                  "300000,\"startOrEnd\":null,\"timestamp\":3000,\"type\":\"matrixSelector\"}" },
                { "a[1h:5m] @ end()",
                  "{\"expr\":" SELECTOR("a") ",\"offset\":0,\"range\":3600000,\"startOrEnd\":\"end\",\"step\":"
                                             "300000,\"timestamp\":null,\"type\":\"subquery\"}" },
                { "sum without (x) (a)",
                  "{\"expr\":" SELECTOR("a") ",\"grouping\":[\"x\"],\"op\":\"sum\",\"param\":null,\"type\":"
                                             "\"aggregation\",\"without\":true}" },
                { "a + on(x) group_left(y) b",
                  "{\"bool\":false,\"lhs\":" SELECTOR(
                          "a") ",\"matching\":{\"card\":\"many-to-one\",\"include\":[\"y\"],\"labels\":["
                               "\"x\"],\"on\":true},\"op\":\"+\",\"rhs\":" SELECTOR("b") ",\"type\":\"binaryExpr\"}" },
                { "1 > bool 2",
                  "{\"bool\":true,\"lhs\":{\"type\":\"numberLiteral\",\"val\":\"1\"},\"matching\":null,\"op\":\">\",\"rhs\":{\"type\":"
                  "\"numberLiteral\",\"val\":\"2\"},\"type\":\"binaryExpr\"}" },
                { "label_join(a, \"x\", \"\")",
                  "{\"args\":[" SELECTOR(
                          "a") ",{\"type\":\"stringLiteral\",\"val\":\"x\"},{\"type\":\"stringLiteral\",\"val\":\"\"}],"
                               "\"func\":{\"argTypes\":[\"vector\",\"string\",\"string\",\"string\"],\"name\":\"label_"
                               "join\",\"returnType\":\"vector\",\"variadic\":-1},\"type\":\"call\"}" },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                assert_string_equal(json_of(arena, CASES[i][0]), CASES[i][1]);
        }
}

static void deep_trees(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        char text[2 * 400 + 2];
        memset(text, '(', 400);
        text[400] = '1';
        memset(text + 401, ')', 400);
        text[801] = '\0';
        assert_contains(json_of(arena, text), "parenExpr");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(every_kind_of_node), cmocka_unit_test(deep_trees) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
