#include "testing.h"

#include <math.h>

#include "promql/gomath.h"

static void powers_round_as_products_of_squares_do(void **state)
{
        (void)state;
        assert_double(gomath_pow(2, 10), 1024);
        assert_double(gomath_pow(2, -2), 0.25);
        assert_double(gomath_pow(-2, 3), -8);
        assert_double(gomath_pow(9, 0.5), 3);
        assert_double(gomath_pow(4, -0.5), 0.5);
        /* What upstream answers; the C library's answers, which are closer, end in 612 and 03. */
        assert_true(gomath_pow(1.000001, 3600000) == 36.59816855906116);
        assert_true(gomath_pow(488.2, 31) == 2.220910347383389e+83);
        assert_true(gomath_pow(0.99, 3597) == 1.994320563897599e-16);
}

static void powers_of_what_is_special_are_those_of_the_standard(void **state)
{
        (void)state;
        assert_double(gomath_pow(0, -1), HUGE_VAL);
        assert_double(gomath_pow(-0.0, -1), -HUGE_VAL);
        assert_double(gomath_pow((double)NAN, 0), 1);
        assert_double(gomath_pow(1, (double)NAN), 1);
        assert_double(gomath_pow(-1, HUGE_VAL), 1);
        assert_true(isnan(gomath_pow(-8, 1.0 / 3)));
        assert_double(gomath_pow(10, 400), HUGE_VAL);
        assert_double(gomath_pow(10, -400), 0);
        assert_double(gomath_pow(-10, 1e18), HUGE_VAL);
        assert_double(gomath_pow(0.5, 1e18), 0);
        assert_double(gomath_pow(2, 1e300), HUGE_VAL);
        assert_double(gomath_pow(2, -1074), 0x1p-1074);
}

static void hyperbolic_functions_end_where_exp_does(void **state)
{
        (void)state;
        assert_double(gomath_sinh(710), HUGE_VAL);
        assert_double(gomath_sinh(-710), -HUGE_VAL);
        assert_double(gomath_cosh(-710), HUGE_VAL);
        assert_true(isfinite(gomath_cosh(709)));
        assert_double(gomath_sinh(709.44), HUGE_VAL);
        assert_true(isfinite(gomath_exp(709.43)));
        assert_double(gomath_exp(709.44), HUGE_VAL);
        assert_double(gomath_exp(-745.1), 0x1p-1074);
        assert_true(isnan(gomath_exp((double)NAN)));
        assert_true(isnan(gomath_sinh((double)NAN)));
        assert_double(gomath_sinh(0), 0);
}

static void the_deciding_infinity_wins_over_nan(void **state)
{
        (void)state;
        assert_double(gomath_min((double)NAN, -HUGE_VAL), -HUGE_VAL);
        assert_double(gomath_max(HUGE_VAL, (double)NAN), HUGE_VAL);
        assert_true(isnan(gomath_min((double)NAN, 1)));
        assert_true(isnan(gomath_max(-HUGE_VAL, (double)NAN)));
        assert_double(gomath_min(1, 2), 1);
        assert_double(gomath_max(1, 2), 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(powers_round_as_products_of_squares_do),
                cmocka_unit_test(powers_of_what_is_special_are_those_of_the_standard),
                cmocka_unit_test(hyperbolic_functions_end_where_exp_does),
                cmocka_unit_test(the_deciding_infinity_wins_over_nan),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
