#include "gotmpl/tmpl_time.h"

#include "gotmpl/tmpl_civil.h"
#include "tmpl_fixture.h"

#define NS INT64_C(1000000000)

static void layouts(void **state)
{
        (void)state;
        static const TmplZone paris = { 7200, "CEST" }, half = { -12600, "" };
        static const struct {
                int64_t s;
                uint32_t ns;
                const TmplZone *zone;
                const char *layout, *want;
        } cases[] = {
                { 1718451915, 123456789, NULL, "2006-01-02 15:04:05.999999999 -0700 MST",
                  "2024-06-15 11:45:15.123456789 +0000 UTC" },
                { 1718451915, 0, &paris, "2006-01-02T15:04:05Z07:00", "2024-06-15T13:45:15+02:00" },
                { 1718451915, 0, NULL, "2006-01-02T15:04:05Z07:00", "2024-06-15T11:45:15Z" },
                { 1718451915, 0, &half, "-0700 -07:00 -07 MST", "-0330 -03:30 -03 -0330" },
                { 1718451915, 0, NULL, "Monday Mon January Jan 1 2 _2 02 002 06 3 03 4 5 PM pm",
                  "Saturday Sat June Jun 6 15 15 15 167 24 11 11 45 15 AM am" },
                { 1709164800, 0, NULL, "2006-01-02 _2006 Janet", "2024-02-29 _2024 Janet" },
                { 5, 1000000, NULL, ".000 .999 ,0", ".001 .001 ,0" },
                { -1, 999999999, NULL, "2006-01-02 15:04:05.999999999", "1969-12-31 23:59:59.999999999" },
                { TMPL_TIME_ZERO_S, 0, NULL, "2006-01-02 15:04:05 Mon", "0001-01-01 00:00:00 Mon" },
                { 253402300799, 0, NULL, "2006-01-02", "9999-12-31" },
                { TMPL_TIME_ZERO_S - 1, 0, NULL, "2006-01-02", "0000-12-31" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(buf_done) Buf out = { 0 };
                TmplValue t = tmpl_time(cases[i].s, cases[i].ns);
                t.opaque = cases[i].zone;
                tmpl_time_format(&out, &t, str_of(cases[i].layout));
                assert_str(buf_str(&out), cases[i].want);
        }
}

static void layouts_read_what_they_write(void **state)
{
        (void)state;
        static const struct {
                const char *layout, *text, *want; /* NULL: refused */
        } cases[] = {
                { "2006-01-02T15:04:05Z07:00", "2024-06-15T13:45:15+02:00", "2024-06-15 13:45:15 +0200 +0200" },
                { "2006-01-02T15:04:05Z07:00", "2024-06-15T11:45:15.25Z", "2024-06-15 11:45:15.25 +0000 UTC" },
                { "2006-01-02 15:04:05.000", "2024-06-15 11:45:15.125", "2024-06-15 11:45:15.125 +0000 UTC" },
                { "Mon, _2 Jan 06 3:04 PM", "Sat,  5 oct 24 12:07 AM", "2024-10-05 00:07:00 +0000 UTC" },
                { "Monday January 2 2006 3pm", "Friday March 1 1968 3pm", "1968-03-01 15:00:00 +0000 UTC" },
                { "2006 002 MST -0700", "2024 060 CET +0100", "2024-02-29 00:00:00 +0100 CET" },
                { "06", "69", "1969-01-01 00:00:00 +0000 UTC" },
                { "2006-01-02", "2024-02-29", "2024-02-29 00:00:00 +0000 UTC" },
                { "2006-01-02", "2023-02-29", NULL },
                { "2006-01-02", "2024-13-01", NULL },
                { "2006-01-02", "2024-02-29 ", NULL },
                { "2006-01-02", "", NULL },
                { "15:04", "24:00", NULL },
                { "2006", "9999", "9999-01-01 00:00:00 +0000 UTC" },
                { "15Z07:00", "11", NULL },
                { "Jan", "Xyz", NULL },
        };
        AUTO(arena_free) Arena *arena = arena_new();
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(buf_done) Buf out = { 0 };
                TmplValue t;
                bool ok = tmpl_time_parse(str_of(cases[i].layout), str_of(cases[i].text), arena, &t);
                if (ok != !!cases[i].want)
                        fail_msg("'%s' as '%s': %d", cases[i].text, cases[i].layout, ok);
                if (!ok)
                        continue;
                tmpl_time_print(&out, &t);
                assert_str(buf_str(&out), cases[i].want);
        }
}

static void durations(void **state)
{
        (void)state;
        static const struct {
                int64_t ns;
                const char *want;
        } cases[] = { { 0, "0s" },
                      { 1, "1ns" },
                      { 1100, "1.1\xc2\xb5s" },
                      { 2200000, "2.2ms" },
                      { 3300 * NS / 1000, "3.3s" },
                      { 245 * NS, "4m5s" },
                      { 18367 * NS / 60 * 1, "5m6.116666666s" },
                      { 3600 * NS, "1h0m0s" },
                      { -NS, "-1s" },
                      { INT64_MIN, "-2562047h47m16.854775808s" } };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(buf_done) Buf out = { 0 };
                tmpl_time_print_duration(&out, cases[i].ns);
                assert_str(buf_str(&out), cases[i].want);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(layouts), cmocka_unit_test(layouts_read_what_they_write),
                                            cmocka_unit_test(durations) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
