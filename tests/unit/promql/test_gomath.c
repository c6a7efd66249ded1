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

static void logarithms_near_one_lose_digits_as_upstreams_do(void **state)
{
        (void)state;
        assert_true(gomath_log2(1.0000000018334292) == 2.6450792667276346e-09);
        assert_true(gomath_log2(0x1p-1074) == -1074 && gomath_log2(8) == 3 && gomath_log2(1) == 0);
        assert_double(gomath_log2(0), -HUGE_VAL);
        assert_double(gomath_log2(HUGE_VAL), HUGE_VAL);
        assert_true(isnan(gomath_log2(-1)) && isnan(gomath_log2((double)NAN)));
}

static void arcs_are_upstreams(void **state)
{
        (void)state;
        assert_true(gomath_acos(0.9999999999999386) == 3.504149919120181e-07);
        assert_double(gomath_acos(1), 0);
        assert_double(gomath_acos(-1), M_PI);
        assert_true(isnan(gomath_acos(1.5)) && isnan(gomath_asin(-1.5)) && isnan(gomath_asin((double)NAN)));
        assert_double(gomath_asin(-1), -M_PI_2);
        assert_double(gomath_asin(1), M_PI_2);
        assert_true(signbit(gomath_asin(-0.0)) && signbit(gomath_atan(-0.0)));
        assert_double(gomath_atan(HUGE_VAL), M_PI_2);
        assert_double(gomath_atan(-HUGE_VAL), -M_PI_2);
        assert_true(isnan(gomath_atan((double)NAN)));
        for (double v = -3; v < 3; v += 0.125) {
                assert_true(fabs(gomath_atan(v) - atan(v)) < 1e-15);
                assert_true(fabs(gomath_atan2(v, -2) - atan2(v, -2)) < 1e-15);
                assert_true(fabs(gomath_atan2(v, 2) - atan2(v, 2)) < 1e-15);
        }
        assert_double(gomath_atan2(-1e-250, -1e200), M_PI); /* the quotient is zero, and zero has no side */
        assert_double(gomath_atan2(-0.0, -1), -M_PI);
        assert_double(gomath_atan2(1, -HUGE_VAL), M_PI);
        assert_double(gomath_atan2(1, 0), M_PI_2);
        assert_true(isnan(gomath_atan2((double)NAN, 1)));
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
                cmocka_unit_test(logarithms_near_one_lose_digits_as_upstreams_do),
                cmocka_unit_test(arcs_are_upstreams),
                cmocka_unit_test(the_deciding_infinity_wins_over_nan),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
