#include "promql/functions.h"
#include "testing.h"

/* Invariant 1: rows stand at their id and are sorted by name, so that both look-ups work. */
static void rows_are_sorted_and_at_their_ids(void **state)
{
        (void)state;
        unsigned experimental = 0;
        assert_int_equal(FN_MAX_, 90);
        for (unsigned id = 0; id < FN_MAX_; id++) {
                const Function *fn = functions_by_id((FunctionId)id);
                assert_int_equal(fn->id, id);
                assert_ptr_equal(functions_find(str_of(fn->name)), fn);
                if (id > 0)
                        assert_true(strcmp(functions_by_id((FunctionId)(id - 1))->name, fn->name) < 0);
                for (unsigned i = 0; i < fn->n_args; i++)
                        assert_int_not_equal(fn->args[i], VALUE_NONE);
                assert_true(fn->n_args <= FUNCTION_MAX_ARGS);
                experimental += fn->experimental;
        }
        assert_int_equal(experimental, 17);
        assert_null(functions_find(STR("holt_winters")));
        assert_null(functions_find(STR("")));
        assert_null(functions_find(STR("rat")));
        assert_int_equal(functions_find(STR("rate"))->id, FN_RATE);
        assert_int_equal(functions_find(STR("label_join"))->variadic, FUNCTION_VARIADIC_UNLIMITED);
        assert_int_equal(functions_find(STR("label_replace"))->n_args, 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(rows_are_sorted_and_at_their_ids) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
