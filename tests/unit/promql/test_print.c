#include "base/arena.h"
#include "promql/ast.h"
#include "testing.h"

/* Invariant 1 on the way: what is printed parses and prints the same. */
static void check(const char *text, const char *want)
{
        AUTO(arena_free) Arena *arena = arena_new();
        PromqlFeatures all = promql_features_all();
        Expr *e;
        Err err;
        Buf once = { .arena = arena }, twice = { .arena = arena };
        if (!ast_parse(str_of(text), arena, &all, &e, NULL, &err))
                fail_msg("'%s': %s", text, err.msg);
        ast_print(&once, e);
        assert_str(buf_str(&once), want);
        if (!ast_parse(buf_str(&once), arena, &all, &e, NULL, &err))
                fail_msg("'%s': %s", want, err.msg);
        ast_print(&twice, e);
        assert_str(buf_str(&twice), want);
}

static void one_line_is_normalised(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "sum(x)by(a)", "sum by (a) (x)" },
                { "sum by() (x)", "sum(x)" },
                { "sum without() (x)", "sum without () (x)" },
                { "topk(5,x)by(\"a b\",c)", "topk by (\"a b\", c) (5, x)" },
                { "count_values('v',x)", "count_values(\"v\", x)" },
                { "x{b=\"1\",a!~'z.*'}", "x{a!~\"z.*\",b=\"1\"}" },
                { "{__name__=\"x\"}", "{__name__=\"x\"}" },
                { "{\"x.y\", a=\"b\"}", "{__name__=\"x.y\",a=\"b\"}" },
                { "{\"l.x\"=\"b\"}", "{\"l.x\"=\"b\"}" },
                { "x{}", "x" },
                { "x[300s]", "x[5m]" },
                { "x[5m]offset 1h", "x[5m] offset 1h" },
                { "x offset -60 @ 5", "x @ 5.000 offset -1m" },
                { "x[5m] @ start() offset 1m", "x[5m] @ start() offset 1m" },
                { "x @ end() smoothed", "x @ end() smoothed" },
                { "x[5m] @ 1.5 anchored", "x[5m] anchored @ 1.500" },
                { "x @ -0.001", "x @ -0.001" },
                { "x[1h:]", "x[1h:]" },
                { "x[60m:60] @ 3 offset 1m", "x[1h:1m] @ 3.000 offset 1m" },
                { "x[5m+5m*2]", "x[5m + 5m * 2]" },
                { "x[(step()+1)^-2]", "x[(step() + 1) ^ -2]" },
                { "x[-(-5m)]", "x[-(-5m)]" },
                { "x[(5m)]", "x[(5m)]" },
                { "x offset -max_of(step(),1s)", "x offset -max_of(step(), 1s)" },
                { "x[min_of(5m, range()):step()]", "x[min_of(5m, range()):step()]" },
                { "a+b", "a + b" },
                { "a==bool b", "a == bool b" },
                { "a/on(x)group_left(y)b", "a / on (x) group_left (y) b" },
                { "a/on()b", "a / on () b" },
                { "a/ignoring()b", "a / b" },
                { "a/ignoring(x)group_right b", "a / ignoring (x) group_right () b" },
                { "a+fill(0)b", "a + fill (0) b" },
                { "a+fill_right(-Inf)fill_left(1e30)b", "a + fill_left (1e+30) fill_right (-Inf) b" },
                { "a and on(x)b", "a and on (x) b" },
                { "a</1", "a </ 1" },
                { "-(1+x)", "-(1 + x)" },
                { "- -x", "--x" },
                { "-5", "-5" },
                { "-5m", "-5m" },
                { "5400s", "1h30m" },
                { "0x10", "16" },
                { "1e3", "1000" },
                { "inf", "+Inf" },
                { "Inf^2", "Inf ^ 2" },
                { "-Inf", "-Inf" },
                { "nan", "NaN" },
                { "'a\"b\\n\\x00\\u00e4'", "\"a\\\"b\\n\\x00\xc3\xa4\"" },
                { "`a\\b`", "\"a\\\\b\"" },
                { "\"\\xff\"", "\"\\xff\"" },
                { "START()+Step()", "start() + step()" },
                { "label_replace(x,'a','b','c','d')", "label_replace(x, \"a\", \"b\", \"c\", \"d\")" },
                { "info(x,{})", "info(x, {})" },
                { "a # comment\n + # more\n b", "a + b" },
                { "((a))", "((a))" },
                { "SUM(x)", "sum(x)" },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
                check(CASES[i][0], CASES[i][1]);
}

static void pretty_splits_long_lines(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "sum by (a) (x)", "sum by (a) (x)" },
                { "sum by (job,instance) (rate(http_requests_total{job=\"api-server\",code=~\"5..\"}[5m])) / on (job) sum by (job) (rate(http_requests_total[5m]))",
                  "  sum by (job, instance) (rate(http_requests_total{code=~\"5..\",job=\"api-server\"}[5m]))\n"
                  "/ on (job)\n"
                  "  sum by (job) (rate(http_requests_total[5m]))" },
                { "histogram_quantile(0.9, sum by (le, job) (rate(http_request_duration_seconds_bucket{job=\"api-server\",handler=\"/metrics\"}[5m])))",
                  "histogram_quantile(\n"
                  "  0.9,\n"
                  "  sum by (le, job) (\n"
                  "    rate(http_request_duration_seconds_bucket{handler=\"/metrics\",job=\"api-server\"}[5m])\n"
                  "  )\n"
                  ")" },
                { "-(http_requests_total{job=\"api-server\",handler=\"/metrics\",code=\"200\"} + http_requests_total{job=\"api-server\",code=\"500\"})",
                  "-(\n"
                  "    http_requests_total{code=\"200\",handler=\"/metrics\",job=\"api-server\"}\n"
                  "  +\n"
                  "    http_requests_total{code=\"500\",job=\"api-server\"}\n"
                  ")" },
                { "topk(5, sum by (job, instance, handler) (rate(http_request_duration_seconds_count{job=\"api-server\",handler=\"/metrics\"}[5m])))",
                  "topk(\n"
                  "  5,\n"
                  "  sum by (job, instance, handler) (\n"
                  "    rate(http_request_duration_seconds_count{handler=\"/metrics\",job=\"api-server\"}[5m])\n"
                  "  )\n"
                  ")" },
        };
        PromqlFeatures all = promql_features_all();
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Expr *e;
                Err err;
                Buf b = { .arena = arena };
                assert_ok(ast_parse(str_of(CASES[i][0]), arena, &all, &e, NULL, &err), err);
                ast_pretty(&b, e);
                assert_str(buf_str(&b), CASES[i][1]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(one_line_is_normalised),
                                            cmocka_unit_test(pretty_splits_long_lines) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
