#include "query_fixture.h"

static Fixture f;

static int open_all(void **state)
{
        (void)state;
        fixture_open(&f, &(PromqlOptions){ .features = promql_features_all() });
        fixture_load(&f, 60000,
                     "m{job=\"a\",instance=\"1\"} 1+1x9\n"
                     "m{job=\"b\",instance=\"2\"} 1+1x9\n"
                     "target_info{job=\"a\",instance=\"1\",version=\"v1\"} 1 1 1 1 stale\n"
                     "target_info{job=\"a\",instance=\"1\",version=\"v2\"} _ _ _ _ 1+0x5\n"
                     "build_info{job=\"a\",instance=\"1\",rev=\"r\"} 1+0x9\n");
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        fixture_close(&f);
        return 0;
}

static void labels_follow_the_newest_info(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_range(&f, "info(m{job=\"a\"})", 180000, 300000, 60000),
                "m{instance=\"1\", job=\"a\", version=\"v1\"} 4\nm{instance=\"1\", job=\"a\", version=\"v2\"} _ 5 6\n");
}

static void series_without_info_pass_unless_a_matcher_needs_it(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "info(m{job=\"b\"})", 0), "m{instance=\"2\", job=\"b\"} 1\n");
        assert_string_equal(fixture_instant(&f, "info(m{job=\"b\"}, {version=~\".+\"})", 0), "");
        assert_string_equal(fixture_instant(&f, "info(m{job=\"b\"}, {version=~\".*\"})", 0),
                            "m{instance=\"2\", job=\"b\"} 1\n");
}

static void names_select_info_metrics(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "info(m{job=\"a\"}, {__name__=\"build_info\"})", 0),
                            "m{instance=\"1\", job=\"a\", rev=\"r\"} 1\n");
        assert_string_equal(fixture_instant(&f, "info(m{job=\"a\"}, {__name__=~\".*_info\",rev=\"r\"})", 0),
                            "m{instance=\"1\", job=\"a\", rev=\"r\"} 1\n");
        assert_string_equal(fixture_instant(&f, "info(build_info, {__name__=~\".*_info\"})", 0),
                            "build_info{instance=\"1\", job=\"a\", rev=\"r\"} 1\n");
}

static void modifiers_apply_to_info_as_well(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "info(m{job=\"a\"} @ 120)", 540000),
                            "m{instance=\"1\", job=\"a\", version=\"v1\"} 3\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(labels_follow_the_newest_info),
                cmocka_unit_test(series_without_info_pass_unless_a_matcher_needs_it),
                cmocka_unit_test(names_select_info_metrics),
                cmocka_unit_test(modifiers_apply_to_info_as_well),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
