#include "query_fixture.h"

FIXTURE_OF("h {{count:4 sum:6 buckets:[1 2 1]}}x10\n"
           "g {{count:2 sum:3 buckets:[1 1]}}x10\n"
           "c {{schema:-53 count:3 sum:1 custom_values:[1] buckets:[1 2]}}x10\n"
           "f 2x10\n")

static void histograms_add_up(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "h + g", 600000), "{} {count:6, sum:9, (0.5,1]:2, (1,2]:3, (2,4]:1}\n");
        assert_string_equal(fixture_instant(&f, "h - g", 600000), "{} {count:2, sum:3, (1,2]:1, (2,4]:1}\n");
}

static void numbers_scale_histograms(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "h * f", 600000),
                            "{} {count:8, sum:12, (0.5,1]:2, (1,2]:4, (2,4]:2}\n");
        assert_string_equal(fixture_instant(&f, "2 * h", 600000),
                            "{} {count:8, sum:12, (0.5,1]:2, (1,2]:4, (2,4]:2}\n");
        assert_string_equal(fixture_instant(&f, "h / 2", 600000),
                            "{} {count:2, sum:3, (0.5,1]:0.5, (1,2]:1, (2,4]:0.5}\n");
        assert_string_equal(fixture_instant(&f, "-g", 600000), "{} {count:-2, sum:-3, (0.5,1]:-1, (1,2]:-1}\n");
}

static void equality_compares_whole_histograms(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "h == h", 600000), "h {count:4, sum:6, (0.5,1]:1, (1,2]:2, (2,4]:1}\n");
        assert_string_equal(fixture_instant(&f, "h != h", 600000), "");
        assert_string_equal(fixture_instant(&f, "h == bool ignoring() g", 600000), "{} 0\n");
        assert_string_equal(fixture_instant(&f, "h != bool g", 600000), "{} 1\n");
}

static void what_cannot_be_said_so(void **state)
{
        (void)state;
        assert_string_equal(
                fixture_instant(&f, "h * h", 600000),
                "PromQL info: incompatible sample types encountered for binary operator \"*\": histogram * histogram (1:1)\n");
        assert_string_equal(
                fixture_instant(&f, "f - h", 600000),
                "PromQL info: incompatible sample types encountered for binary operator \"-\": float - histogram (1:1)\n");
        assert_string_equal(
                fixture_instant(&f, "h > 2", 600000),
                "PromQL info: incompatible sample types encountered for binary operator \">\": histogram > float (1:1)\n");
        assert_string_equal(
                fixture_instant(&f, "f </ 2", 600000),
                "PromQL info: incompatible sample types encountered for binary operator \"</\": float </ float (1:1)\n");
        assert_string_equal(fixture_instant(&f, "h + c", 600000),
                            "PromQL warning: incompatible bucket layout encountered for binary operator + (1:1)\n");
}

static void trimming(void **state)
{
        (void)state;
        assert_string_equal(fixture_instant(&f, "h </ 2", 600000),
                            "h {count:3, sum:3.5355339059327378, (0.5,1]:1, (1,2]:2}\n");
        assert_string_equal(fixture_instant(&f, "h >/ f", 600000), "h {count:1, sum:2.8284271247461903, (2,4]:1}\n");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(histograms_add_up),
                cmocka_unit_test(numbers_scale_histograms),
                cmocka_unit_test(equality_compares_whole_histograms),
                cmocka_unit_test(what_cannot_be_said_so),
                cmocka_unit_test(trimming),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
