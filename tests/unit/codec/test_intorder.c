#include "testing.h"

#include "base/rand.h"
#include "codec/intorder.h"

enum { MOST = 1000 };
static int64_t v[MOST];

static void the_smallest_differences_are_chosen(void **state)
{
        (void)state;
        Rand r;
        rand_init(&r, 1);
        for (int i = 0; i < MOST; i++)
                v[i] = (int64_t)rand_below(&r, 1000);
        assert_int_equal(intorder_choose(v, MOST), 0);
        for (int i = 1; i < MOST; i++)
                v[i] += v[i - 1];
        assert_int_equal(intorder_choose(v, MOST), 1);
        for (int i = 1; i < MOST; i++)
                v[i] += v[i - 1];
        assert_int_equal(intorder_choose(v, MOST), 2);
}

static void few_and_extreme_values(void **state)
{
        (void)state;
        for (size_t n = 0; n < 3; n++)
                assert_int_equal(intorder_choose(v, n), 0);
        for (int i = 0; i < MOST; i++)
                v[i] = i % 2 ? INT64_MIN : INT64_MAX;
        assert_true(intorder_choose(v, MOST) <= 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(the_smallest_differences_are_chosen),
                                            cmocka_unit_test(few_and_extreme_values) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
