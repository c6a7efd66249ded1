#include "rules/rule_summary.h"

#include <math.h>

#include "testing.h"

enum { MINUTE_MS = 60000 };

static void near(double got, double want)
{
        if (!(fabs(got - want) <= 0.03 * want))
                fail_msg("%g is not near %g", got, want);
}

static void quantiles_are_near_the_values(void **state)
{
        (void)state;
        RuleSummary *s = rule_summary_new();
        assert_true(isnan(rule_summary_quantile(s, 0.5)));
        for (int i = 1; i <= 1000; i++)
                rule_summary_observe(s, (double)i / 1000, 5 * MINUTE_MS);
        near(rule_summary_quantile(s, 0.01), 0.01);
        near(rule_summary_quantile(s, 0.5), 0.5);
        near(rule_summary_quantile(s, 0.99), 0.99);
        rule_summary_free(s);
}

static void what_is_old_leaves_the_quantiles_and_stays_in_the_sum(void **state)
{
        (void)state;
        RuleSummary *s = rule_summary_new();
        Buf out = { 0 };
        static const double quantiles[] = { 0.5 };
        rule_summary_observe(s, 8, 20 * MINUTE_MS);
        for (int i = 0; i < 3; i++)
                rule_summary_observe(s, 2, 25 * MINUTE_MS);
        near(rule_summary_quantile(s, 1), 8);
        rule_summary_observe(s, 2, 31 * MINUTE_MS);
        near(rule_summary_quantile(s, 1), 2);
        rule_summary_observe(s, 4, 10 * MINUTE_MS); /* the clock was set back */
        near(rule_summary_quantile(s, 1), 4);
        rule_summary_observe(s, 1, 500 * MINUTE_MS);
        near(rule_summary_quantile(s, 1), 1);
        rule_summary_write(s, "x", quantiles, 1, &out);
        assert_contains(buf_cstr(&out), "x{quantile=\"0.5\"} 1.0");
        assert_contains(buf_cstr(&out), "\nx_sum 21\nx_count 7\n");
        buf_done(&out);
        rule_summary_free(s);
}

static void extremes_are_kept_at_the_ends(void **state)
{
        (void)state;
        RuleSummary *s = rule_summary_new();
        rule_summary_observe(s, 0, 0);
        rule_summary_observe(s, -1, 0);
        rule_summary_observe(s, 1e9, 0);
        assert_true(rule_summary_quantile(s, 0) < 1e-6);
        assert_true(rule_summary_quantile(s, 1) > 1000);
        rule_summary_free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(quantiles_are_near_the_values),
                cmocka_unit_test(what_is_old_leaves_the_quantiles_and_stays_in_the_sum),
                cmocka_unit_test(extremes_are_kept_at_the_ends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
