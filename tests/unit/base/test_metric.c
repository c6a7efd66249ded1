#include "base/metric.h"
#include "testing.h"

METRIC_COUNTER(hits, "pharos_test_hits_total", "Hits.");
METRIC_HISTOGRAM(seconds, "pharos_test_seconds", "Seconds.");
METRIC_FAMILY(drops, METRIC_KIND_COUNTER, "pharos_test_drops_total", "Drops.", "reason");

static void text_holds_all_series(void **state)
{
        (void)state;
        metric_add(hits, 3);
        metric_add(metric_of(&drops, STR("full \"q\"")), 2);
        metric_add(metric_of(&drops, STR("full \"q\"")), 1);
        metric_observe(seconds, 0.02);
        metric_observe(seconds, 100);
        Buf b = { 0 };
        metric_write_text(&b);
        const char *text = buf_cstr(&b);
        assert_contains(text, "# TYPE pharos_test_hits_total counter\npharos_test_hits_total 3\n");
        assert_contains(text, "pharos_test_drops_total{reason=\"full \\\"q\\\"\"} 3\n");
        assert_contains(text, "pharos_test_seconds_bucket{le=\"0.025\"} 1\n");
        assert_contains(text, "pharos_test_seconds_bucket{le=\"1.0\"} 1\n");
        assert_contains(text, "pharos_test_seconds_bucket{le=\"+Inf\"} 2\n");
        assert_contains(text, "pharos_test_seconds_sum 100.02\n");
        buf_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(text_holds_all_series) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
