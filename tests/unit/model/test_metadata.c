#include "model/metadata.h"
#include "testing.h"

static void names_round_trip(void **state)
{
        (void)state;
        for (MetricType t = METRIC_TYPE_UNKNOWN; t <= METRIC_TYPE_STATESET; t++) {
                MetricType back = METRIC_TYPE_UNKNOWN;
                assert_true(metadata_type_parse(str_of(metadata_type_name(t)), &back));
                assert_int_equal(back, t);
        }
        MetricType t = METRIC_TYPE_GAUGE;
        assert_false(metadata_type_parse(STR("Counter"), &t));
        assert_int_equal(t, METRIC_TYPE_GAUGE);
        assert_true(metadata_type_parse(STR("untyped"), &t));
        assert_int_equal(t, METRIC_TYPE_UNKNOWN);
        assert_string_equal(metadata_type_name(METRIC_TYPE_GAUGE_HISTOGRAM), "gaugehistogram");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(names_round_trip) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
