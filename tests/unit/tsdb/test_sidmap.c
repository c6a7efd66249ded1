#include "testing.h"

#include "tsdb/sidmap.h"

static void finds_what_was_put(void **state)
{
        (void)state;
        SidMap m = { 0 };
        assert_int_equal(sidmap_get(&m, 0), 0);
        for (uint64_t i = 1; i < 5000; i += 3)
                sidmap_put(&m, i, (uint32_t)i + 7);
        sidmap_put(&m, UINT64_MAX, 1);
        sidmap_put(&m, 1, 2);
        for (uint64_t i = 2; i < 5000; i++)
                assert_int_equal(sidmap_get(&m, i), i % 3 == 1 ? i + 7 : 0);
        assert_int_equal(sidmap_get(&m, 1), 2);
        assert_int_equal(sidmap_get(&m, UINT64_MAX), 1);
        assert_int_equal(sidmap_get(&m, UINT64_MAX - 1), 0);
        sidmap_done(&m);
        assert_int_equal(sidmap_get(&m, 1), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(finds_what_was_put) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
