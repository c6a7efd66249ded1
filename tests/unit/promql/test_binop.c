#include "testing.h"

#include <math.h>

#include "promql/binop.h"
#include "promql/exec.h"

static void scalars(void **state)
{
        (void)state;
        assert_double(binop_scalar(BIN_ADD, 1, 2), 3);
        assert_double(binop_scalar(BIN_MOD, -7, 3), -1); /* the sign of the dividend */
        assert_true(isnan(binop_scalar(BIN_MOD, 1, 0)));
        assert_double(binop_scalar(BIN_DIV, 1, 0), EXEC_INF);
        assert_double(binop_scalar(BIN_POW, 2, 10), 1024);
        assert_double(binop_scalar(BIN_ATAN2, 1, 1), atan2(1, 1));
        assert_double(binop_scalar(BIN_GT, 2, 1), 1);
        assert_double(binop_scalar(BIN_EQ, EXEC_NAN, EXEC_NAN), 0);
        assert_double(binop_scalar(BIN_NE, EXEC_NAN, EXEC_NAN), 1);
}

static void comparisons_keep_the_left_value(void **state)
{
        (void)state;
        double r = 0;
        assert_true(binop_sample(BIN_GT, 5, 3, &r));
        assert_double(r, 5);
        assert_false(binop_sample(BIN_LE, 5, 3, &r));
        assert_false(binop_sample(BIN_TRIM_UPPER, 5, 3, &r));
}

static void rows_match_single_samples(void **state)
{
        (void)state;
        double a[] = { 1, EXEC_ABSENT, 3, 4, EXEC_NAN }, b[] = { 2, 2, EXEC_ABSENT, 2, 2 }, out[5];
        for (unsigned op = 0; op <= BIN_LE; op++) {
                binop_rows((BinaryOp)op, false, a, b, out, 5);
                for (size_t i = 0; i < 5; i++) {
                        double want = EXEC_ABSENT, r = 0;
                        if (!exec_absent(a[i]) && !exec_absent(b[i]) && binop_sample((BinaryOp)op, a[i], b[i], &r))
                                want = r;
                        assert_int_equal(exec_absent(out[i]), exec_absent(want));
                        assert_true(out[i] == want || (isnan(out[i]) && isnan(want)));
                }
        }
        binop_rows(BIN_GT, true, a, b, out, 5);
        assert_double(out[0], 0);
        assert_double(out[3], 1);
        assert_true(exec_absent(out[1]));
}

static void names(void **state)
{
        (void)state;
        assert_true(binop_drops_name(BIN_ATAN2));
        assert_false(binop_drops_name(BIN_EQ));
        assert_false(binop_drops_name(BIN_OR));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(scalars),
                cmocka_unit_test(comparisons_keep_the_left_value),
                cmocka_unit_test(rows_match_single_samples),
                cmocka_unit_test(names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
