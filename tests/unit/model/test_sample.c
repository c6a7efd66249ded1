#include "model/sample.h"
#include "testing.h"

static void the_two_nans_differ(void **state)
{
        (void)state;
        assert_true(sample_is_stale(sample_stale()));
        assert_false(sample_is_stale(sample_nan()));
        assert_true(sample_nan() != sample_nan());
        assert_double(bits_to_double(0x7ff0000000000002u), sample_stale());
}

static void column_grows_and_is_reused(void **state)
{
        (void)state;
        Column c = { 0 };
        for (int i = 0; i < 1000; i++)
                column_push(&c, i, i * 2);
        assert_int_equal(c.n, 1000);
        assert_int_equal(c.t[999], 999);
        assert_double(c.v[999], 1998);
        size_t cap = c.cap;
        column_clear(&c);
        column_reserve(&c, 500);
        assert_int_equal(c.cap, cap);
        column_reserve(&c, 100000);
        assert_true(c.cap >= 100000);
        column_done(&c);
        assert_null(c.t);
        column_done(&c);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(the_two_nans_differ),
                                            cmocka_unit_test(column_grows_and_is_reused) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
