#include "testing.h"

#include "promql/lint.h"

static MetricType type_of(void *arg, Str name)
{
        (void)arg;
        if (str_eq(name, STR("temperature")))
                return METRIC_TYPE_GAUGE;
        return str_eq(name, STR("requests")) ? METRIC_TYPE_COUNTER : METRIC_TYPE_UNKNOWN;
}

/* Findings as "line:col id" separated by spaces. */
static const char *lint(Arena *arena, const char *text, bool for_alert)
{
        PromqlFeatures features = promql_features_default();
        Expr *expr;
        Err err;
        LintFinding *found;
        size_t n;
        assert_ok(ast_parse(str_of(text), arena, &features, &expr, NULL, &err), err);
        lint_check(expr, &(LintOptions){ .type_of = type_of, .for_alert = for_alert }, arena, &found, &n);
        Buf out = { .arena = arena };
        for (size_t i = 0; i < n; i++) {
                unsigned line, col;
                ast_line_col(str_of(text), found[i].pos.start, &line, &col);
                buf_printf(&out, "%s%u:%u %s", i ? ", " : "", line, col, found[i].id);
                assert_true(found[i].text.n > 10);
        }
        return buf_cstr(&out);
}

static void findings(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                bool alert;
                const char *want;
        } cases[] = {
                { "1 +\n rate(temperature[5m])", false, "2:2 rate-of-gauge" },
                { "rate(requests[5m])", false, "" },
                { "rate(unknown_thing[5m])", false, "" },
                { "rate(sum(requests)[5m:1m])", false, "1:1 rate-of-sum" },
                { "sum(rate(requests[5m]))", false, "" },
                { "delta(requests[5m])", false, "1:1 gauge-function-of-counter" },
                { "deriv(a_total[5m])", false, "1:1 gauge-function-of-counter" },
                { "deriv(temperature[5m])", false, "" },
                { "histogram_quantile(0.9, sum by (job) (rate(x_bucket[5m])))", false, "1:25 quantile-without-le" },
                { "histogram_quantile(0.9, sum without (le) (rate(x_bucket[5m])))", false, "1:25 quantile-without-le" },
                { "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))", false, "" },
                { "histogram_quantile(0.9, sum(rate(native[5m])))", false, "" },
                { "histogram_quantile(95, sum by (le) (rate(x_bucket[5m])))", false, "1:20 quantile-out-of-range" },
                { "histogram_quantile(0.9, x_bucket)", false, "1:25 quantile-of-counters" },
                { "rate(a_total[1m]) / rate(b_total[1m]) > rate(b_total[1m])", false, "1:1 ratio-against-rate" },
                { "sum(rate(a_total[1m])) / sum(rate(b_total[1m])) > 5", false, "1:1 ratio-above-one" },
                { "sum(rate(a_total[1m])) / sum(rate(b_total[1m])) > 0.05", false, "" },
                { "irate(a_total[1m]) > 5", true, "1:1 irate-in-alert" },
                { "irate(a_total[1m]) > 5", false, "" },
                { "requests > 100", true, "1:1 counter-against-number" },
                { "requests > 100", false, "" },
                { "sum(requests) > 0", true, "1:1 sum-of-counter" },
                { "rate(a_total[1m]) == 5", false, "1:1 equality-of-rate" },
                { "up{job=~\"node\"}", false, "1:1 regex-without-regex" },
                { "up{job=~\"^node.*$\"}", false, "1:1 anchored-regex" },
                { "up{job=~\"a|b\"} == 0", true, "" },
        };
        AUTO(arena_free) Arena *arena = arena_new();
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                assert_string_equal(lint(arena, cases[i].text, cases[i].alert), cases[i].want);
}

static void formatted(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf out = { .arena = arena };
        lint_format(&out, STR("1\n+ a"), &(LintFinding){ "an-id", { 4, 5 }, STR("no good") });
        assert_string_equal(buf_cstr(&out), "2:3: no good (an-id)");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(findings), cmocka_unit_test(formatted) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
