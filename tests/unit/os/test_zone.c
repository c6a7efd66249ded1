#include "testing.h"

#include "os/zone.h"

static int32_t offset(const char *name, int64_t unix_s, char *abbreviation)
{
        AUTO(arena_free) Arena *arena = arena_new();
        const Zone *z;
        Err err;
        assert_ok(zone_load(str_of(name), arena, &z, &err), err);
        return zone_offset(z, unix_s, abbreviation);
}

static void zones_have_summers(void **state)
{
        (void)state;
        char abbreviation[ZONE_ABBREVIATION_BYTES];
        assert_int_equal(offset("", 0, abbreviation), 0);
        assert_string_equal(abbreviation, "UTC");
        assert_int_equal(offset("Europe/Paris", 1767225600, abbreviation), 3600); /* 2026-01-01 */
        assert_string_equal(abbreviation, "CET");
        assert_int_equal(offset("Europe/Paris", 1782864000, abbreviation), 7200); /* 2026-07-01 */
        assert_string_equal(abbreviation, "CEST");
        assert_int_equal(offset("America/New_York", 1772953200 - 1, NULL), -18000); /* 2026-03-08 07:00 UTC */
        assert_int_equal(offset("America/New_York", 1772953200, NULL), -14400);
        assert_int_equal(offset("Asia/Kolkata", 1767225600, NULL), 19800);
        /* Behind the last change of the file, and south of the equator. */
        assert_int_equal(offset("Europe/Paris", 4102444800, NULL), 3600);      /* 2100-01-01 */
        assert_int_equal(offset("Europe/Paris", 4118083200, NULL), 7200);      /* 2100-07-01 */
        assert_int_equal(offset("Australia/Sydney", 4102444800, NULL), 39600); /* 2100-01-01 */
        assert_int_equal(offset("Australia/Sydney", 4118083200, NULL), 36000); /* 2100-07-01 */
        assert_int_equal(offset("Asia/Kolkata", INT64_C(100) << 32, NULL), 19800);
        assert_true(offset("Europe/Paris", INT64_MIN / 4, NULL) != 0); /* local mean time */
}

static void names_stay_in_the_database(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        const Zone *z;
        Err err;
        static const char *const bad[] = { "Nowhere/City", "../etc/passwd", "/etc/localtime", "Europe/Par is", "a.b" };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                assert_false(zone_load(str_of(bad[i]), arena, &z, &err));
                assert_contains(err.msg, "unknown time zone");
        }
        assert_ok(zone_load(STR("Local"), arena, &z, &err), err);
}

static void damaged_files_are_refused(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        const Zone *z;
        Err err;
        char text[44 + 20] = "TZif";
        assert_false(zone_parse(STR(""), arena, &z, &err));
        assert_false(zone_parse(STR("TZif"), arena, &z, &err));
        assert_false(zone_parse(str_n(text, sizeof text), arena, &z, &err)); /* no types */
        text[39] = 1;
        text[43] = 4;
        assert_ok(zone_parse(str_n(text, sizeof text), arena, &z, &err), err);
        assert_int_equal(zone_offset(z, 0, NULL), 0);
        text[4] = '2'; /* the second block is missing */
        assert_false(zone_parse(str_n(text, sizeof text), arena, &z, &err));
        text[4] = 0;
        text[35] = 100; /* more changes than bytes */
        assert_false(zone_parse(str_n(text, sizeof text), arena, &z, &err));
}

static void a_moment_has_a_civil_time(void **state)
{
        (void)state;
        ZoneCivil c = zone_civil(NULL, 951782400); /* 2000-02-29 00:00, a Tuesday */
        assert_int_equal(c.year, 2000);
        assert_int_equal(c.month, 2);
        assert_int_equal(c.day, 29);
        assert_int_equal(c.weekday, 2);
        assert_int_equal(c.month_days, 29);
        c = zone_civil(NULL, -1); /* 1969-12-31 23:59, a Wednesday */
        assert_int_equal(c.year, 1969);
        assert_int_equal(c.minute, 24 * 60 - 1);
        assert_int_equal(c.weekday, 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(zones_have_summers),
                                            cmocka_unit_test(names_stay_in_the_database),
                                            cmocka_unit_test(damaged_files_are_refused),
                                            cmocka_unit_test(a_moment_has_a_civil_time) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
