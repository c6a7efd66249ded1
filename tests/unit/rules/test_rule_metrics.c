#include "base/metric.h"
#include "rules/rule_metrics.h"
#include "testing.h"

static const char *text(Arena *arena)
{
        Buf out = { .arena = arena };
        metric_write_text(&out);
        return str_dupz(arena, buf_str(&out));
}

static void groups_are_shown_while_they_are_there(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        RuleMetrics *m = rule_metrics_new();
        rule_metrics_begin(m);
        RuleGroupStats *a = rule_metrics_add(m, STR("r.yml"), STR("a \"x\""), 15000, 3);
        RuleGroupStats *b = rule_metrics_add(m, STR("r.yml"), STR("b"), 60000, 1);
        rule_metrics_end(m);
        rule_metrics_note(a, 1500, 0.25, 0.5, 7);
        rule_metrics_missed(a, 2);
        rule_metrics_count(b, 1500, 0.5, false);
        rule_metrics_count(b, 1500, 0.5, true);
        rule_metrics_restored(b, 0.5);
        const char *t = text(arena);
        assert_contains(t, "prometheus_rule_group_interval_seconds{rule_group=\"r.yml;a \\\"x\\\"\"} 15\n");
        assert_contains(t, "prometheus_rule_group_iterations_total{rule_group=\"r.yml;a \\\"x\\\"\"} 3\n");
        assert_contains(t, "prometheus_rule_group_iterations_missed_total{rule_group=\"r.yml;a \\\"x\\\"\"} 2\n");
        assert_contains(
                t, "prometheus_rule_group_last_evaluation_timestamp_seconds{rule_group=\"r.yml;a \\\"x\\\"\"} 1.5\n");
        assert_contains(t, "prometheus_rule_evaluations_total{rule_group=\"r.yml;b\"} 2\n");
        assert_contains(t, "prometheus_rule_evaluation_failures_total{rule_group=\"r.yml;b\"} 1\n");
        assert_contains(t, "prometheus_rule_group_last_restore_duration_seconds{rule_group=\"r.yml;b\"} 0.5\n");
        assert_contains(t, "# TYPE prometheus_rule_evaluation_duration_seconds summary\n");
        assert_contains(t, "prometheus_rule_evaluation_duration_seconds_sum 1\n");
        assert_contains(t, "prometheus_rule_evaluation_duration_seconds_count 2\n");
        assert_contains(t, "prometheus_rule_group_duration_seconds{quantile=\"0.01\"} 0.2");
        assert_contains(t, "prometheus_rule_group_duration_seconds_count 1\n");
        rule_metrics_begin(m);
        assert_ptr_equal(rule_metrics_add(m, STR("r.yml"), STR("b"), 30000, 1), b);
        rule_metrics_end(m);
        t = text(arena);
        assert_null(strstr(t, "a \\\"x"));
        assert_contains(t, "prometheus_rule_evaluations_total{rule_group=\"r.yml;b\"} 2\n");
        rule_metrics_free(m);
        assert_null(strstr(text(arena), "rule_group=\""));
        arena_free(arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(groups_are_shown_while_they_are_there) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
