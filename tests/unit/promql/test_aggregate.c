#include "testing.h"

#include <math.h>

#include "promql/aggregate.h"
#include "promql/exec.h"

/* Folds values (absent ones included) at one step. */
static double over(AggregateOp op, const double *values, size_t n)
{
        double a = EXEC_ABSENT, b = 0, count = 0;
        uint8_t incremental = 0;
        Accumulator acc = { &a, &b, &count, &incremental };
        for (size_t i = 0; i < n; i++)
                aggregate_fold(op, &acc, &values[i], 0, 1);
        aggregate_finish(op, &acc, 0, 1);
        return a;
}

static void by_hand(void **state)
{
        (void)state;
        double v[] = { 4, EXEC_ABSENT, 1, 7, EXEC_ABSENT };
        assert_double(over(AGG_SUM, v, 5), 12);
        assert_double(over(AGG_AVG, v, 5), 4);
        assert_double(over(AGG_COUNT, v, 5), 3);
        assert_double(over(AGG_MIN, v, 5), 1);
        assert_double(over(AGG_MAX, v, 5), 7);
        assert_double(over(AGG_GROUP, v, 5), 1);
        assert_double(over(AGG_STDVAR, v, 5), 6);
        assert_double(over(AGG_STDDEV, v, 5), sqrt(6));
}

static void nothing_stays_absent(void **state)
{
        (void)state;
        double v[] = { EXEC_ABSENT, EXEC_ABSENT };
        for (unsigned op = 0; op < AGG_OP_MAX_; op++)
                if (aggregate_arrays((AggregateOp)op))
                        assert_true(exec_absent(over((AggregateOp)op, v, 2)));
}

/* Invariant 1. */
static void sums_are_compensated_and_means_do_not_overflow(void **state)
{
        (void)state;
        double v[] = { 1, 1e100, 1, -1e100 }, big[] = { 1.7e308, 1.7e308, 1.7e308 }, inf[] = { EXEC_INF, -EXEC_INF };
        assert_double(over(AGG_SUM, v, 4), 2);
        assert_double(over(AGG_AVG, v, 4), 0.5);
        assert_double(over(AGG_SUM, big, 3), EXEC_INF);
        assert_double(over(AGG_AVG, big, 3), 1.7e308);
        assert_true(isnan(over(AGG_SUM, inf, 2)));
        assert_true(isnan(over(AGG_STDDEV, inf, 2)));
}

static void nan_never_wins_an_extreme(void **state)
{
        (void)state;
        double v[] = { EXEC_NAN, 2, EXEC_NAN, 3 }, nan[] = { EXEC_NAN };
        assert_double(over(AGG_MAX, v, 4), 3);
        assert_double(over(AGG_MIN, v, 4), 2);
        assert_true(isnan(over(AGG_MAX, nan, 1)));
        assert_false(exec_absent(over(AGG_MAX, nan, 1)));
        assert_true(isnan(over(AGG_SUM, v, 4)));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(by_hand),
                cmocka_unit_test(nothing_stays_absent),
                cmocka_unit_test(sums_are_compensated_and_means_do_not_overflow),
                cmocka_unit_test(nan_never_wins_an_extreme),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
