#include "testing.h"

#include "promql/plan.h"

static Arena *arena;

static int begin(void **state)
{
        (void)state;
        arena = arena_new();
        return 0;
}

static int end(void **state)
{
        (void)state;
        arena_free(arena);
        return 0;
}

static Plan plan_of(const char *text)
{
        PromqlFeatures features = promql_features_all();
        Expr *expr;
        Err err;
        assert_ok(ast_parse(str_of(text), arena, &features, &expr, NULL, &err), err);
        PlanArgs args = { .start_ms = 1000000,
                          .end_ms = 2000000,
                          .step_ms = 10000,
                          .lookback_ms = 300000,
                          .default_step_ms = 60000 };
        Plan plan;
        assert_ok(plan_build(expr, &args, arena, &plan, &err), err);
        return plan;
}

static void invariant_parts(void **state)
{
        (void)state;
        assert_true(plan_of("1 + 2").root->invariant);
        assert_true(plan_of("sum(rate(m[5m] @ 10))").root->invariant);
        assert_true(plan_of("m @ start() + m @ end()").root->invariant);
        assert_false(plan_of("m @ 10 + m").root->invariant);
        assert_true(plan_of("topk(scalar(m), m @ 10)").root->invariant);
        assert_false(plan_of("topk(scalar(m @ 10), m)").root->invariant);
        assert_true(plan_of("m @ 10 + m").root->kids[0]->invariant);
        assert_false(plan_of("timestamp(m @ 10)").root->invariant);
        assert_false(plan_of("time()").root->invariant);
        assert_false(plan_of("predict_linear(m[5m] @ 10, 5)").root->invariant);
        assert_true(plan_of("max_over_time(m[5m:1m] @ 10)").root->invariant);
        assert_false(plan_of("max_over_time((m @ 10)[5m:1m])").root->invariant);
}

/* Invariant 2. */
static void slots_cover_all_users(void **state)
{
        (void)state;
        Plan p = plan_of("m{a=\"b\"} + rate(m{a=\"b\"}[10m]) + m offset 1m");
        assert_non_null(p.slots);
        assert_non_null(p.slots->next);
        assert_null(p.slots->next->next);
        assert_int_equal(p.slots->next->min_ms, 1000000 - 600000 + 1);
        assert_int_equal(p.slots->next->max_ms, 2000000);
        assert_int_equal(p.slots->min_ms, 1000000 - 60000 - 300000 + 1);
        assert_int_equal(p.slots->max_ms, 2000000 - 60000);
        assert_int_equal(p.min_ms, 1000000 - 600000 + 1);
}

static void subqueries_widen_what_is_inside(void **state)
{
        (void)state;
        Plan p = plan_of("max_over_time(rate(m[1m])[10m:30s] offset 5m)");
        assert_int_equal(p.root->kids[0]->step_ms, 30000);
        assert_int_equal(p.slots->min_ms, 1000000 - 300000 - 600000 - 60000 + 1);
        assert_int_equal(p.slots->max_ms, 2000000 - 300000);
        assert_int_equal(plan_of("max_over_time(m[10m:])").root->kids[0]->step_ms, 60000);
}

static void extended_ranges_read_further(void **state)
{
        (void)state;
        Plan p = plan_of("rate(m[1m] smoothed)");
        assert_int_equal(p.slots->min_ms, 1000000 - 60000 - 300000 + 1);
        assert_int_equal(p.slots->max_ms, 2000000 + 300000);
        p = plan_of("rate(m[1m] anchored)");
        assert_int_equal(p.slots->max_ms, 2000000);
}

/* Invariant 3. */
static void times_saturate(void **state)
{
        (void)state;
        assert_int_equal(plan_add(INT64_MAX, 1), INT64_MAX);
        assert_int_equal(plan_sub(INT64_MIN, 1), INT64_MIN);
        assert_int_equal(plan_sub(0, INT64_MIN), INT64_MAX);
        Plan p = plan_of("rate(m[290y] offset 290y)");
        assert_true(p.slots->min_ms < 0);
}

static void info_follows_its_argument(void **state)
{
        (void)state;
        Plan p = plan_of("info(last_over_time((m offset 1m)[10m:1m] @ 180))");
        assert_true(p.root->has_at);
        assert_int_equal(p.root->at_ms, 180000);
        assert_int_equal(p.root->offset_ms, 60000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(invariant_parts, begin, end),
                cmocka_unit_test_setup_teardown(slots_cover_all_users, begin, end),
                cmocka_unit_test_setup_teardown(subqueries_widen_what_is_inside, begin, end),
                cmocka_unit_test_setup_teardown(extended_ranges_read_further, begin, end),
                cmocka_unit_test_setup_teardown(times_saturate, begin, end),
                cmocka_unit_test_setup_teardown(info_follows_its_argument, begin, end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
