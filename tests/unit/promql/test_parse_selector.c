#include "base/arena.h"
#include "promql/ast.h"
#include "testing.h"

static void lone_selectors(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "x", "__name__=\"x\"" },
                { "x{a=\"b\",c!=\"d\",e=~\"f.*\",g!~\"h\"}", "a=\"b\" c!=\"d\" e=~\"f.*\" g!~\"h\" __name__=\"x\"" },
                { "{}", "" },
                { " {\"x.y\", \"l z\"=\"v\"} ", "__name__=\"x.y\" \"l z\"=\"v\"" },
                { "sum{by=\"x\"}", "by=\"x\" __name__=\"sum\"" },
                { "a:b", "__name__=\"a:b\"" },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Matchers ms;
                Err err;
                Buf b = { .arena = arena };
                assert_ok(ast_parse_matchers(str_of(CASES[i][0]), arena, &ms, &err), err);
                for (size_t k = 0; k < ms.n; k++) {
                        if (k > 0)
                                buf_char(&b, ' ');
                        matcher_print(&b, &ms.data[k]);
                }
                assert_str(buf_str(&b), CASES[i][1]);
        }
}

static void what_is_not_a_lone_selector(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "x[5m]", "1:2: parse error: unexpected \"[\"" },
                { "x offset 5m", "1:3: parse error: unexpected <offset>" },
                { "x + y", "1:3: parse error: unexpected <op:+>" },
                { "5", "1:1: parse error: unexpected number \"5\"" },
                { "", "unknown position: parse error: unexpected end of input" },
                { "x{a=\"b\"", "1:8: parse error: unexpected end of input inside braces" },
                { "x(y)", "1:2: parse error: unexpected \"(\"" },
                { "$", "1:1: parse error: unexpected character: '$'" },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Matchers ms;
                Err err = { 0 };
                assert_false(ast_parse_matchers(str_of(CASES[i][0]), arena, &ms, &err));
                assert_string_equal(err.msg, CASES[i][1]);
        }
}

static void bad_patterns_point_at_their_matcher(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        PromqlFeatures all = promql_features_all();
        Expr *e;
        Err err;
        SrcPos pos;
        assert_false(ast_parse(STR("x{a=\"b\", c=~\"(\"}"), arena, &all, &e, &pos, &err));
        assert_int_equal(pos.start, 9);
        assert_contains(err.msg, "error parsing regexp");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lone_selectors),
                cmocka_unit_test(what_is_not_a_lone_selector),
                cmocka_unit_test(bad_patterns_point_at_their_matcher),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
