#include "base/num.h"
#include "testing.h"

static void integers_are_checked(void **state)
{
        (void)state;
        uint64_t u;
        int64_t i;
        assert_true(num_parse_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
        assert_false(num_parse_u64(STR("18446744073709551616"), &u));
        assert_false(num_parse_u64(STR(""), &u));
        assert_false(num_parse_u64(STR("1 "), &u));
        assert_true(num_parse_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
        assert_false(num_parse_i64(STR("9223372036854775808"), &i));
        assert_false(num_parse_i64(STR("-"), &i));
}

static void sizes_are_base_two(void **state)
{
        (void)state;
        uint64_t u;
        assert_true(num_parse_bytes(STR("1KB"), &u) && u == 1024);
        assert_true(num_parse_bytes(STR("1.5GiB"), &u) && u == 1610612736);
        assert_true(num_parse_bytes(STR("100"), &u) && u == 100);
        assert_false(num_parse_bytes(STR("10XB"), &u));
        assert_false(num_parse_bytes(STR("."), &u));
        assert_false(num_parse_bytes(STR("99999999EB"), &u));
}

static void u64_rise(void **state)
{
        (void)state;
        uint64_t v[] = { UINT64_MAX, 3, 0, UINT64_C(1) << 32, 3 };
        qsort(v, 5, sizeof *v, num_compare_u64);
        assert_true(v[0] == 0 && v[1] == 3 && v[2] == 3 && v[3] == UINT64_C(1) << 32 && v[4] == UINT64_MAX);
}

static void digits_are_those_of_the_c_library(void **state)
{
        (void)state;
        uint64_t v = 1;
        for (unsigned i = 0; i < 20; i++, v *= 10)
                for (uint64_t d = 0; d < 3; d++) {
                        char want[24], got[24] = { 0 };
                        uint64_t x = d == 2 ? v / 7 * 6 + 123456789 : v - d;
                        unsigned n = num_count_digits(x);
                        snprintf(want, sizeof want, "%llu", (unsigned long long)x);
                        assert_int_equal(n, strlen(want));
                        num_put_digits(got, x, n);
                        assert_string_equal(got, want);
                }
        assert_int_equal(num_count_digits(UINT64_MAX), 20);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(digits_are_those_of_the_c_library),
                                            cmocka_unit_test(integers_are_checked),
                                            cmocka_unit_test(sizes_are_base_two), cmocka_unit_test(u64_rise) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
