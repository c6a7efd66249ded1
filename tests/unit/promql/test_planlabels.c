#include "testing.h"

#include "promql/planlabels.h"

/* The labels of the first slot that are looked at, joined by commas; "*": all. */
static const char *looked_at(const char *text, Buf *out)
{
        AUTO(arena_free) Arena *arena = arena_new();
        PromqlFeatures features = promql_features_all();
        Expr *expr;
        Err err;
        assert_ok(ast_parse(str_of(text), arena, &features, &expr, NULL, &err), err);
        PlanArgs args = { .start_ms = 1000000, .end_ms = 2000000, .step_ms = 10000, .lookback_ms = 300000 };
        Plan plan;
        assert_ok(plan_build(expr, &args, arena, &plan, &err), err);
        planlabels_find(&plan, arena);
        buf_clear(out);
        for (size_t i = 0; plan.slots->only && i < plan.slots->only->n; i++)
                buf_printf(out, "%s" STR_FMT, i ? "," : "", STR_ARG(plan.slots->only->data[i]));
        if (!plan.slots->only)
                buf_lit(out, "*");
        return buf_cstr(out);
}

static void only_what_is_grouped_by(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "m", "*" },
                { "rate(m[5m])", "*" },
                { "sum(m)", "" },
                { "sum by (a, b) (m)", "a,b" },
                { "sum by (a) (rate(m[5m]))", "a" },
                { "sum by (a) (rate({__name__=~\"m|n\"}[5m]))", "*" },
                { "count by (a) ({__name__=~\"m|n\"})", "a" },
                { "sum without (a) (m)", "*" },
                { "topk by (a) (3, m)", "*" },
                { "count_values by (a) (\"v\", m)", "*" },
                { "quantile by (a) (0.5, m)", "a" },
                { "quantile by (a) (scalar(m), n)", "*" },
                { "sum by (a) (n * scalar(m))", "*" },
                { "sum by (a) (m) / sum by (b) (m)", "a,b" },
                { "sum by (a) (m) / m", "*" },
                { "m / sum by (a) (m)", "*" },
                { "sum by (a) (label_replace(m, \"a\", \"$1\", \"b\", \"(.*)\"))", "*" },
                { "sum by (a) (absent_over_time(m[5m]))", "*" },
                { "sum by (a) (max_over_time(m[5m:1m]))", "*" },
                { "max_over_time(sum by (a) (m)[5m:1m])", "a" },
                { "sum by (a) (info(m))", "*" },
                { "sum by (a) (-m)", "*" },
                { "sum by (a) (histogram_quantile(0.9, m))", "*" },
                { "histogram_quantile(0.9, sum by (le) (rate(m[5m])))", "le" },
        };
        AUTO(buf_done) Buf got = { 0 };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
                if (strcmp(looked_at(CASES[i][0], &got), CASES[i][1]) != 0)
                        fail_msg("%s: %s, not %s", CASES[i][0], buf_cstr(&got), CASES[i][1]);
}

static void one_name(void **state)
{
        (void)state;
        Matcher name = { .type = MATCH_EQ, .name = LABEL_NAME, .value = STR("m") },
                other = { .type = MATCH_EQ, .name = STR("a"), .value = STR("m") },
                empty = { .type = MATCH_EQ, .name = LABEL_NAME, .value = STR("") },
                not = { .type = MATCH_NE, .name = LABEL_NAME, .value = STR("m") };
        assert_true(planlabels_fix_name((Matchers){ &name, 1 }));
        assert_false(planlabels_fix_name((Matchers){ &other, 1 }));
        assert_false(planlabels_fix_name((Matchers){ &empty, 1 }));
        assert_false(planlabels_fix_name((Matchers){ &not, 1 }));
        assert_false(planlabels_fix_name((Matchers){ 0 }));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_what_is_grouped_by),
                cmocka_unit_test(one_name),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
