#include "base/arena.h"
#include "promql/ast.h"
#include "testing.h"

static Arena *arena;

static int setup(void **state)
{
        (void)state;
        arena = arena_new();
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        arena_free(arena);
        return 0;
}

static Expr *must_parse(const char *text)
{
        PromqlFeatures all = promql_features_all();
        Expr *e = NULL;
        Err err;
        SrcPos pos;
        if (!ast_parse(str_of(text), arena, &all, &e, &pos, &err))
                fail_msg("'%s': %u: %s", text, pos.start, err.msg);
        return e;
}

static void check_error(const char *text, const PromqlFeatures *features, const char *want)
{
        Expr *e;
        Err err;
        SrcPos pos = { 0, 0 };
        Buf b = { .arena = arena };
        if (ast_parse(str_of(text), arena, features, &e, &pos, &err))
                fail_msg("'%s' parsed", text);
        ast_format_error(&b, str_of(text), pos, err.msg);
        if (strcmp(buf_cstr(&b), want) != 0)
                fail_msg("'%s': got  '%s'\n want '%s'", text, b.p, want);
}

static void check_errors(const char *const (*cases)[2], size_t n)
{
        PromqlFeatures all = promql_features_all();
        for (size_t i = 0; i < n; i++)
                check_error(cases[i][0], &all, cases[i][1]);
}

/* The tree with every operator in parentheses. */
static void show(Buf *out, const Expr *e)
{
        if (e->kind == EXPR_BINARY) {
                buf_char(out, '(');
                show(out, e->binary.lhs);
                buf_printf(out, " %s ", ast_binary_op_name(e->binary.op));
                show(out, e->binary.rhs);
                buf_char(out, ')');
        } else if (e->kind == EXPR_UNARY) {
                buf_lit(out, "(-");
                show(out, e->unary.expr);
                buf_char(out, ')');
        } else {
                ast_print(out, e);
        }
}

static void operators_bind(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "a + b * c", "(a + (b * c))" },
                { "a * b + c", "((a * b) + c)" },
                { "a - b - c", "((a - b) - c)" },
                { "a ^ b ^ c", "(a ^ (b ^ c))" },
                { "a / b % c * d atan2 e", "((((a / b) % c) * d) atan2 e)" },
                { "-a ^ b", "(-(a ^ b))" },
                { "-a * b", "((-a) * b)" },
                { "-2 ^ 2", "(-(2 ^ 2))" },
                { "2 ^ -3 ^ 2", "(2 ^ (-(3 ^ 2)))" },
                { "2 ^ -3 * 4", "((2 ^ -3) * 4)" },
                { "a or b and c unless d", "(a or ((b and c) unless d))" },
                { "a and b or c", "((a and b) or c)" },
                { "a == bool b + c", "(a == (b + c))" },
                { "a > b < c", "((a > b) < c)" },
                { "a >/ 1 + 2 </ 3", "((a >/ (1 + 2)) </ 3)" },
                { "a or b > c", "(a or (b > c))" },
                { "1 + 2 * 3 ^ 4", "(1 + (2 * (3 ^ 4)))" },
                { "a offset 1m + 1m", "(a offset 1m + 1m)" },
                { "a offset -2 ^ 2", "(a offset -2s ^ 2)" },
                { "a AND b Or c UNLESS d", "((a and b) or (c unless d))" },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                Buf b = { .arena = arena };
                show(&b, must_parse(CASES[i][0]));
                assert_str(buf_str(&b), CASES[i][1]);
        }
}

static void check_pos(const Expr *e, const char *text, const char *want)
{
        assert_str(str_sub(str_of(text), e->pos.start, e->pos.end), want);
}

static void nodes_know_their_bytes(void **state)
{
        (void)state;
        const char *text = "sum by (job) ( rate(x{a=\"b\"}[5m] offset 1m) ) / on (job)  -(y) > bool 2";
        const Expr *e = must_parse(text);
        check_pos(e, text, text);
        assert_str(str_sub(str_of(text), e->binary.op_pos.start, e->binary.op_pos.end), "> bool");
        const Expr *div = e->binary.lhs;
        check_pos(div, text, "sum by (job) ( rate(x{a=\"b\"}[5m] offset 1m) ) / on (job)  -(y)");
        assert_str(str_sub(str_of(text), div->binary.op_pos.start, div->binary.op_pos.end), "/ on (job)");
        check_pos(div->binary.rhs, text, "-(y)");
        check_pos(div->binary.rhs->unary.expr, text, "(y)");
        const Expr *sum = div->binary.lhs;
        check_pos(sum, text, "sum by (job) ( rate(x{a=\"b\"}[5m] offset 1m) )");
        check_pos(sum->aggregate.expr, text, "rate(x{a=\"b\"}[5m] offset 1m)");
        check_pos(sum->aggregate.expr->call.args[0], text, "x{a=\"b\"}[5m] offset 1m");
        text = "topk(1, x) by (a)";
        check_pos(must_parse(text), text, text);
        text = "  x[1h:5m] @ 3  ";
        check_pos(must_parse(text), text, "x[1h:5m] @ 3");
        check_pos(must_parse("- 5"), "- 5", "- 5");
}

static void lines_and_columns(void **state)
{
        (void)state;
        unsigned line, col;
        ast_line_col(STR("ab\ncd\n"), 0, &line, &col);
        assert_int_equal(line * 100 + col, 101);
        ast_line_col(STR("ab\ncd\n"), 4, &line, &col);
        assert_int_equal(line * 100 + col, 202);
        ast_line_col(STR("ab\ncd\n"), 6, &line, &col);
        assert_int_equal(line * 100 + col, 301);
}

static void syntax_errors_read_as_upstream(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "", "unknown position: parse error: no expression found in input" },
                { "# only a comment", "1:1: parse error: no expression found in input" },
                { "foo and", "1:8: parse error: unexpected end of input" },
                { "1 +", "1:4: parse error: unexpected end of input" },
                { "foo bar", "1:5: parse error: unexpected identifier \"bar\"" },
                { "1 2", "1:3: parse error: unexpected number \"2\"" },
                { "*1", "1:1: parse error: unexpected <op:*>" },
                { "(1))", "1:5: parse error: unexpected right parenthesis ')'" },
                { "(a + on (b) group_left )", "1:24: parse error: unexpected \")\" in grouping opts, expected \"(\"" },
                { "1e * 2",
                  "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e\": invalid syntax" },
                { "((1)", "1:5: parse error: unclosed left parenthesis" },
                { "foo(", "1:5: parse error: unclosed left parenthesis" },
                { "999x", "1:1: parse error: bad number or duration syntax: \"999\"" },
                { "1 /", "1:4: parse error: unexpected end of input" },
                { "a =~ b", "1:3: parse error: unexpected character after '=': '~'" },
                { "a ! b", "1:3: parse error: unexpected character after '!': ' '" },
                { "a = b", "1:3: parse error: unexpected \"=\"" },
                { "a $ b", "1:3: parse error: unexpected character: '$'" },
                { "a \xc3\xa4", "1:3: parse error: unexpected character: '\xc3\xa4'" },
                { "a by b", "1:3: parse error: unexpected <by>" },
                { "sum(a,)", "1:6: parse error: trailing commas not allowed in function call args" },
                { "sum()", "1:1: parse error: no arguments for aggregate expression provided" },
                { "sum(1, x)",
                  "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2" },
                { "topk(x)",
                  "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1" },
                { "sum by (a) x", "1:12: parse error: unexpected identifier \"x\" in aggregation" },
                { "sum(x and)", "1:10: parse error: unexpected \")\" in aggregation" },
                { "sum by a (x)", "1:8: parse error: unexpected identifier \"a\" in grouping opts, expected \"(\"" },
                { "sum(x) by (1)", "1:12: parse error: unexpected number \"1\" in grouping opts, expected label" },
                { "sum(x) by (a b)",
                  "1:14: parse error: unexpected identifier \"b\" in grouping opts, expected \",\" or \")\"" },
                { "sum(x) by (\"\")", "1:12: parse error: invalid label name for grouping: \"\"" },
                { "sum(x) by (without)", "1:12: parse error: unexpected <without> in grouping opts, expected label" },
                { "a + on b", "1:8: parse error: unexpected identifier \"b\" in grouping opts, expected \"(\"" },
                { "a + group_left b", "1:5: parse error: unexpected <group_left>" },
                { "nope(x)", "1:1: parse error: unknown function with name \"nope\"" },
                { "nope(x) $", "1:1: parse error: unknown function with name \"nope\"" },
                { "a:b(x)", "1:4: parse error: unexpected \"(\"" },
                { "x{", "1:3: parse error: unexpected end of input inside braces" },
                { "x{a}", "1:4: parse error: unexpected \"}\" in label matching, expected label matching operator" },
                { "x{a=b}", "1:5: parse error: unexpected identifier \"b\" in label matching, expected string" },
                { "x{a=\"1\" b=\"2\"}",
                  "1:9: parse error: unexpected identifier \"b\" in label matching, expected \",\" or \"}\"" },
                { "x{,}", "1:3: parse error: unexpected \",\" in label matching, expected identifier or \"}\"" },
                { "x{a==\"b\"}", "1:5: parse error: unexpected \"=\" in label matching, expected string" },
                { "x{a?\"b\"}", "1:4: parse error: unexpected character inside braces: '?'" },
                { "x{a!\"b\"}", "1:4: parse error: unexpected character after '!' inside braces: '\"'" },
                { "{{}", "1:2: parse error: unexpected left brace '{'" },
                { "x}", "1:2: parse error: unexpected character: '}'" },
                { "\"abc", "1:1: parse error: unterminated quoted string" },
                { "`abc", "1:1: parse error: unterminated raw string" },
                { "\"a\nb\"", "1:1: parse error: unterminated quoted string" },
                { "\"\\q\"", "1:1: parse error: unknown escape sequence U+0071 'q'" },
                { "\"\\xz1\"", "1:1: parse error: illegal character U+007A 'z' in escape sequence" },
                { "\"\\ud800\"", "1:1: parse error: escape sequence is an invalid Unicode code point" },
                { "\"\xff\"", "1:1: parse error: invalid UTF-8 rune" },
                { "0xffffffffffffffffffff",
                  "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"0xffffffffffffffffffff\": invalid syntax" },
                { "1e999",
                  "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e999\": value out of range" },
                { "1__0", "1:1: parse error: bad number or duration syntax: \"1__\"" },
                { "1..2", "1:1: parse error: bad number or duration syntax: \"1..\"" },
                { "5mm", "1:1: parse error: bad number or duration syntax: \"5mm\"" },
                { "1m1h", "1:1: parse error: not a valid duration string: \"1m1h\"" },
                { "x\n+\n  $", "3:3: parse error: unexpected character: '$'" },
        };
        check_errors(CASES, ARRAY_LEN(CASES));
}

static void modifiers_are_checked(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "1 offset 5m",
                  "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery" },
                { "x offset 5m offset 5m", "1:1: parse error: offset may not be set multiple times" },
                { "x offset y",
                  "1:10: parse error: unexpected identifier \"y\" in offset, expected number, duration, step(), or range()" },
                { "1 @ 5",
                  "1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery" },
                { "x @ 5 @ 6", "1:1: parse error: @ <timestamp> may not be set multiple times" },
                { "x @ start() @ 6", "1:1: parse error: @ <timestamp> may not be set multiple times" },
                { "x @ y", "1:5: parse error: unexpected identifier \"y\" in @, expected timestamp" },
                { "x @ 1e19", "1:1: parse error: timestamp out of bounds for @ modifier: 10000000000000000000.000000" },
                { "x @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: inf" },
                { "1[5m]", "1:2: parse error: ranges only allowed for vector selectors" },
                { "x[5m][5m]", "1:6: parse error: ranges only allowed for vector selectors" },
                { "x offset 1m [5m]", "1:13: parse error: no offset modifiers allowed before range" },
                { "x @ 3 [5m]", "1:7: parse error: no @ modifiers allowed before range" },
                { "x[y]", "1:3: parse error: unexpected character in duration expression: 'y'" },
                { "x[5m y]", "1:6: parse error: unexpected character: 'y', expected ':'" },
                { "x[5m", "1:5: parse error: unclosed left bracket" },
                { "x[", "1:3: parse error: unexpected end of input in duration expression" },
                { "x[]",
                  "1:3: parse error: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()" },
                { "x[5m:5m:5m]", "1:8: parse error: unexpected colon ':'" },
                { "x[:5m]", "1:3: parse error: unexpected colon before duration in duration expression" },
                { "x[5m:5m 1m]", "1:9: parse error: unexpected duration \"1m\" in subquery selector, expected \"]\"" },
                { "x[5m 1m]",
                  "1:6: parse error: unexpected duration \"1m\" in subquery or range, expected \":\" or \"]\"" },
                { "x[0]", "1:3: parse error: duration must be greater than 0" },
                { "x[-5m]", "1:3: parse error: duration must be greater than 0" },
                { "x[5m-10m]", "1:3: parse error: duration must be greater than 0" },
                { "x[5m/0]", "1:5: parse error: division by zero" },
                { "x[5m%0]", "1:5: parse error: modulo by zero" },
                { "x[1e18]", "1:3: parse error: duration out of range" },
                { "x anchored smoothed", "1:1: parse error: anchored and smoothed modifiers cannot be used together" },
                { "x[5m:1m] smoothed", "1:1: parse error: smoothed modifier is not supported for subqueries" },
                { "1 anchored", "1:1: parse error: anchored modifier not implemented" },
        };
        check_errors(CASES, ARRAY_LEN(CASES));
}

static void features_gate_syntax(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "limitk(1, x)",
                  "1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions" },
                { "info(x)", "1:1: parse error: function \"info\" is not enabled" },
                { "step()", "1:1: parse error: function \"step\" is not enabled" },
                { "start_timestamp(x)", "1:1: parse error: function \"start_timestamp\" is not enabled" },
                { "x[5m+5m]", "1:3: parse error: experimental duration expression is not enabled" },
                { "x[(5m)]", "1:3: parse error: experimental duration expression is not enabled" },
                { "x offset step()", "1:10: parse error: experimental duration expression is not enabled" },
                { "x[5m] anchored", "1:1: parse error: anchored modifier is experimental and not enabled" },
                { "x smoothed", "1:1: parse error: smoothed modifier is experimental and not enabled" },
                { "x + fill(0) y", "1:1: parse error: binop fill modifiers are experimental and not enabled" },
        };
        PromqlFeatures none = { 0 };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                check_error(CASES[i][0], &none, CASES[i][1]);
                must_parse(CASES[i][0]);
        }
        assert_true(promql_features_default().duration_expr);
        assert_false(promql_features_default().experimental_functions);
}

static Str repeat(const char *open, size_t n, const char *middle, const char *close)
{
        Buf b = { .arena = arena };
        for (size_t i = 0; i < n; i++)
                buf_cstr_add(&b, open);
        buf_cstr_add(&b, middle);
        for (size_t i = 0; i < n; i++)
                buf_cstr_add(&b, close);
        return buf_str(&b);
}

static void nesting_and_size_are_limited(void **state)
{
        (void)state;
        static const char *const SHAPES[][3] = {
                { "(", "x", ")" },    { "-", "x", "" },     { "sum(", "x", ")" }, { "", "x", "+x" },
                { "x^", "x", "" },    { "", "x", "[5m:]" }, { "x or ", "x", "" }, { "abs(", "x", ")" },
                { "", "x", " or x" }, { "x[(", "", "" },
        };
        PromqlFeatures all = promql_features_all();
        for (size_t i = 0; i < ARRAY_LEN(SHAPES); i++) {
                Expr *e;
                Err err;
                if (SHAPES[i][1][0] && i != 5)
                        assert_ok(ast_parse(repeat(SHAPES[i][0], 400, SHAPES[i][1], SHAPES[i][2]), arena, &all, &e,
                                            NULL, &err),
                                  err);
                assert_false(ast_parse(repeat(SHAPES[i][0], 10000, SHAPES[i][1], SHAPES[i][2]), arena, &all, &e, NULL,
                                       &err));
                if (SHAPES[i][1][0] && i != 5) {
                        assert_int_equal(err.code, ERR_LIMIT);
                        assert_string_equal(err.msg, "expression is nested too deeply: at most 1000 levels");
                }
        }
        Expr *e;
        Err err;
        Str deep = str_printf(arena, "x[" STR_FMT "]", STR_ARG(repeat("(", 10000, "5m", ")")));
        assert_false(ast_parse(deep, arena, &all, &e, NULL, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_false(ast_parse(repeat(" ", AST_MAX_EXPR_BYTES, "1", ""), arena, &all, &e, NULL, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_string_equal(err.msg, "expression is too long: 1048577 bytes, at most 1048576 are allowed");
        PromqlLimits tight = { .max_expr_bytes = 3, .max_depth = 2 };
        assert_false(ast_parse_limited(STR("1+12"), arena, &all, &tight, &e, NULL, &err));
        assert_ok(ast_parse_limited(STR("1+1"), arena, &all, &tight, &e, NULL, &err), err);
        assert_false(ast_parse_limited(STR("--x"), arena, &all, &tight, &e, NULL, &err));
}

static void numbers_read_as_go_reads_them(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                double want;
        } CASES[] = { { "1_000.5", 1000.5 }, { "0x8f", 143 },    { "0X_F", 15 },
                      { "010", 8 },          { "08", 8 },        { "1e3", 1000 },
                      { ".5", 0.5 },         { "1h30m", 5400 },  { "1ms", 0.001 },
                      { "-3", -3 },          { "- - 3", 3 },     { "+0x10", 16 },
                      { "5.", 5 },           { "1y", 31536000 }, { "9223372036854775808", 9223372036854775808.0 } };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                const Expr *e = must_parse(CASES[i].text);
                assert_int_equal(e->kind, EXPR_NUMBER);
                assert_double(e->number, CASES[i].want);
        }
        assert_true(must_parse("iNf")->number > 1e308);
        assert_true(must_parse("NAN")->number != must_parse("nan")->number);
}

static void keywords_are_names_where_they_can_be(void **state)
{
        (void)state;
        static const char *const CASES[] = {
                "sum",
                "by",
                "offset offset 5m",
                "and and or",
                "min{a=\"b\"}",
                "start",
                "end + start",
                "fill + fill",
                "step",
                "range[5m]",
                "anchored",
                "smoothed smoothed",
                "by{by=\"by\"}",
                "sum by (sum, by, on, bool, group_left, atan2, offset, end) (sum)",
                "max_of",
                "fill_left",
                "limitk(1, limitk)",
                "x{sum=\"1\", by=\"2\", inf=\"3\"}",
                "START()",
                "time",
                "unless unless unless",
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
                must_parse(CASES[i]);
}

static void durations_fold_or_stay_trees(void **state)
{
        (void)state;
        const Expr *e = must_parse("x[2m*(10+5)] offset -(20*500ms)");
        assert_int_equal(e->selector.range_ms, 1800000);
        assert_null(e->selector.range_expr);
        assert_non_null(e->selector.range_written);
        assert_int_equal(e->selector.shift.offset_ms, -10000);
        assert_null(e->selector.shift.offset_expr);
        e = must_parse("x[1800]");
        assert_int_equal(e->selector.range_ms, 1800000);
        assert_null(e->selector.range_written);
        e = must_parse("x[step()+1ms:min_of(step(), 1s)] offset range() @ end()");
        assert_non_null(e->subquery.range_expr);
        assert_non_null(e->subquery.step_expr);
        assert_non_null(e->subquery.shift.offset_expr);
        assert_int_equal(e->subquery.shift.at, AT_END);
        e = must_parse("x @ -1.5 offset 5");
        assert_int_equal(e->selector.shift.at_ms, -1500);
        assert_int_equal(e->selector.shift.offset_ms, 5000);
}

static void clauses_are_kept(void **state)
{
        (void)state;
        const Expr *e = must_parse("a / on (x, \"y z\",) group_left (w) fill_right (-1) fill_left(2) b");
        assert_true(e->binary.on && e->binary.has_matching);
        assert_int_equal(e->binary.card, CARD_MANY_TO_ONE);
        assert_int_equal(e->binary.labels.n, 2);
        assert_str(e->binary.labels.data[1], "y z");
        assert_str(e->binary.include.data[0], "w");
        assert_true(e->binary.fill_lhs_set && e->binary.fill_rhs_set);
        assert_double(e->binary.fill_lhs, 2);
        assert_double(e->binary.fill_rhs, -1);
        assert_int_equal(must_parse("a and b")->binary.card, CARD_MANY_TO_MANY);
        assert_int_equal(must_parse("a * ignoring () group_right b")->binary.card, CARD_ONE_TO_MANY);
        e = must_parse("a * on () 1");
        assert_false(e->binary.has_matching);
        e = must_parse("count_values without (i) (\"v\", m)");
        assert_true(e->aggregate.without);
        assert_str(e->aggregate.param->string, "v");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(operators_bind),
                TEST(nodes_know_their_bytes),
                TEST(lines_and_columns),
                TEST(syntax_errors_read_as_upstream),
                TEST(modifiers_are_checked),
                TEST(features_gate_syntax),
                TEST(nesting_and_size_are_limited),
                TEST(numbers_read_as_go_reads_them),
                TEST(keywords_are_names_where_they_can_be),
                TEST(durations_fold_or_stay_trees),
                TEST(clauses_are_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
