#include "base/arena.h"
#include "promql/ast.h"
#include "promql/durexpr.h"
#include "testing.h"

static void trees_evaluate_in_their_query(void **state)
{
        (void)state;
        /* over [50 s, 60 s], step 5 s */
        static const struct {
                const char *expr;
                int64_t ms;
        } CASES[] = {
                { "step()", 5000 },
                { "range()", 10000 },
                { "1+(step()-5)*2", 1000 },
                { "min_of(step()+1,1h)", 6000 },
                { "max_of(min_of(step()+1,1h),1ms)", 6000 },
                { "range()/4", 2500 },
                { "range()%3", 1000 },
                { "step()^2", 25000 },
                { "-(-step())", 5000 },
                { "step()*0.0007", 4 },
        };
        PromqlFeatures all = promql_features_all();
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Expr *e;
                Err err;
                int64_t ms = 0;
                assert_ok(ast_parse(str_printf(arena, "x[%s]", CASES[i].expr), arena, &all, &e, NULL, &err), err);
                assert_ok(durexpr_eval(e->selector.range_expr, 50000, 60000, 5000, false, &ms, &err), err);
                assert_int_equal(ms, CASES[i].ms);
        }
}

static void impossible_durations_are_errors(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "step()-5", "duration must be greater than 0" },
                { "-step()", "duration must be greater than 0" },
                { "1/(step()-5)", "division by zero" },
                { "1%(step()-5)", "modulo by zero" },
                { "step()^1000", "duration is out of range" },
                { "(step()-6)^0.5", "duration is out of range" },
        };
        PromqlFeatures all = promql_features_all();
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Expr *e;
                Err err;
                int64_t ms = 77;
                assert_ok(ast_parse(str_printf(arena, "x[%s]", CASES[i][0]), arena, &all, &e, NULL, &err), err);
                assert_false(durexpr_eval(e->selector.range_expr, 50000, 60000, 5000, false, &ms, &err));
                assert_string_equal(err.msg, CASES[i][1]);
                assert_int_equal(ms, 77);
        }
}

static void seconds_round_as_nanoseconds_do(void **state)
{
        (void)state;
        int64_t ms = 0;
        assert_true(durexpr_seconds_to_ms(0.0019999999999, &ms));
        assert_int_equal(ms, 2);
        assert_true(durexpr_seconds_to_ms(0.0019, &ms));
        assert_int_equal(ms, 1);
        assert_false(durexpr_seconds_to_ms(1e300, &ms));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(trees_evaluate_in_their_query),
                cmocka_unit_test(impossible_durations_are_errors),
                cmocka_unit_test(seconds_round_as_nanoseconds_do),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
