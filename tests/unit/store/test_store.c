#include "testing.h"

#include "store/store.h"

static void names_every_result(void **state)
{
        (void)state;
        for (int i = 0; i < APPEND_RESULT_MAX_; i++)
                for (int k = 0; k < i; k++)
                        assert_string_not_equal(append_result_name((AppendResult)i),
                                                append_result_name((AppendResult)k));
        assert_string_equal(append_result_name(APPEND_OUT_OF_ORDER), "out_of_order");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(names_every_result) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
