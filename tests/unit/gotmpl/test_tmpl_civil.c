#include "testing.h"

#include <time.h>

#include "base/rand.h"
#include "gotmpl/tmpl_civil.h"

/* Against the C library, over more than 1,000 years. */
static void moments_and_dates(void **state)
{
        (void)state;
        Rand rand;
        rand_init(&rand, 3);
        for (int i = 0; i < 20000; i++) {
                time_t s = (time_t)(rand_below(&rand, UINT64_C(18000000000)))-INT64_C(9000000000);
                struct tm want;
                TmplValue v = tmpl_time(s, 7);
                TmplCivil c = tmpl_civil_of(&v);
                assert_non_null(gmtime_r(&s, &want));
                assert_true(c.unix_s == s && c.ns == 7 && c.offset_s == 0);
                assert_int_equal(c.year, want.tm_year + 1900);
                assert_int_equal(c.month, want.tm_mon + 1);
                assert_int_equal(c.day, want.tm_mday);
                assert_int_equal(c.hour * 3600 + c.minute * 60 + c.second,
                                 want.tm_hour * 3600 + want.tm_min * 60 + want.tm_sec);
                assert_int_equal(c.weekday, want.tm_wday);
                assert_int_equal(c.yearday, want.tm_yday + 1);
                assert_int_equal(tmpl_civil_days(c.year, c.month, c.day) * 86400,
                                 s - (c.hour * 3600 + c.minute * 60 + c.second));
        }
}

static void zones_and_the_beginning(void **state)
{
        (void)state;
        static const TmplZone west = { -12600, "W" };
        TmplValue v = tmpl_time(-1, 999999999);
        v.opaque = &west;
        TmplCivil c = tmpl_civil_of(&v);
        assert_true(c.year == 1969 && c.month == 12 && c.day == 31 && c.hour == 20 && c.minute == 29 && c.second == 59);
        assert_true(c.ns == 999999999 && c.unix_s == -1);
        assert_string_equal(c.zone, "W");
        v = tmpl_time(TMPL_TIME_ZERO_S, 0);
        c = tmpl_civil_of(&v);
        assert_true(c.year == 1 && c.month == 1 && c.day == 1 && c.hour == 0 && c.ns == 0 && c.weekday == 1);
}

static void what_is_too_much_counts_on(void **state)
{
        (void)state;
        assert_int_equal(tmpl_civil_days(1970, 1, 1), 0);
        assert_int_equal(tmpl_civil_days(1970, 14, 1), tmpl_civil_days(1971, 2, 1));
        assert_int_equal(tmpl_civil_days(1970, -1, 1), tmpl_civil_days(1969, 11, 1));
        assert_int_equal(tmpl_civil_days(2024, 2, 30), tmpl_civil_days(2024, 3, 1));
        assert_int_equal(tmpl_civil_days(2024, 3, 0), tmpl_civil_days(2024, 2, 29));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(moments_and_dates),
                cmocka_unit_test(zones_and_the_beginning),
                cmocka_unit_test(what_is_too_much_counts_on),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
