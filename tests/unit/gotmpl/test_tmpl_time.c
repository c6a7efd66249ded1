#include "gotmpl/tmpl_time.h"
#include "tmpl_fixture.h"

#define NS INT64_C(1000000000)

static void layouts(void **state)
{
        (void)state;
        static const TmplZone paris = { 7200, "CEST" }, half = { -12600, "" };
        static const struct {
                int64_t ns;
                const TmplZone *zone;
                const char *layout, *want;
        } cases[] = {
                { 1718451915 * NS + 123456789, NULL, "2006-01-02 15:04:05.999999999 -0700 MST",
                  "2024-06-15 11:45:15.123456789 +0000 UTC" },
                { 1718451915 * NS, &paris, "2006-01-02T15:04:05Z07:00", "2024-06-15T13:45:15+02:00" },
                { 1718451915 * NS, NULL, "2006-01-02T15:04:05Z07:00", "2024-06-15T11:45:15Z" },
                { 1718451915 * NS, &half, "-0700 -07:00 -07 MST", "-0330 -03:30 -03 -0330" },
                { 1718451915 * NS, NULL, "Monday Mon January Jan 1 2 _2 02 002 06 3 03 4 5 PM pm",
                  "Saturday Sat June Jun 6 15 15 15 167 24 11 11 45 15 AM am" },
                { 1709164800 * NS, NULL, "2006-01-02 _2006 Janet", "2024-02-29 _2024 Janet" },
                { 5 * NS + 1000000, NULL, ".000 .999 ,0", ".001 .001 ,0" },
                { -1, NULL, "2006-01-02 15:04:05.999999999", "1969-12-31 23:59:59.999999999" },
                { TMPL_TIME_ZERO, NULL, "2006-01-02 15:04:05 Mon", "0001-01-01 00:00:00 Mon" },
                { INT64_MAX, NULL, "2006", "2262" },
                { INT64_MIN + 1, NULL, "2006", "1677" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(buf_done) Buf out = { 0 };
                TmplValue t = { .kind = TMPL_TIME, .i = cases[i].ns, .opaque = cases[i].zone };
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
                { "2006-01-02T15:04:05Z07:00", "2024-06-15T13:45:15+02:00", "2024-06-15 11:45:15 +0000 UTC" },
                { "2006-01-02T15:04:05Z07:00", "2024-06-15T11:45:15.25Z", "2024-06-15 11:45:15.25 +0000 UTC" },
                { "2006-01-02 15:04:05.000", "2024-06-15 11:45:15.125", "2024-06-15 11:45:15.125 +0000 UTC" },
                { "Mon, _2 Jan 06 3:04 PM", "Sat,  5 oct 24 12:07 AM", "2024-10-05 00:07:00 +0000 UTC" },
                { "Monday January 2 2006 3pm", "Friday March 1 1968 3pm", "1968-03-01 15:00:00 +0000 UTC" },
                { "2006 002 MST -0700", "2024 060 CET +0100", "2024-02-28 23:00:00 +0000 UTC" },
                { "06", "69", "1969-01-01 00:00:00 +0000 UTC" },
                { "2006-01-02", "2024-02-29", "2024-02-29 00:00:00 +0000 UTC" },
                { "2006-01-02", "2023-02-29", NULL },
                { "2006-01-02", "2024-13-01", NULL },
                { "2006-01-02", "2024-02-29 ", NULL },
                { "2006-01-02", "", NULL },
                { "15:04", "24:00", NULL },
                { "2006", "9999", NULL }, /* beyond what nanoseconds can say */
                { "15Z07:00", "11", NULL },
                { "Jan", "Xyz", NULL },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(buf_done) Buf out = { 0 };
                TmplValue t = { .kind = TMPL_TIME };
                bool ok = tmpl_time_parse(str_of(cases[i].layout), str_of(cases[i].text), &t.i);
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

static void methods(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ .Unix }} {{ .UnixMilli }} {{ .UnixNano }} {{ .Year }} {{ .Month }} {{ .Day }} {{ .Hour }} {{ .Minute }} {{ .Second }} {{ .Nanosecond }}",
                  "1718451915 1718451915500 1718451915500000000 2024 June 15 11 45 15 500000000" },
                { "{{ .Weekday }} {{ .YearDay }} {{ printf \"%d\" .Month }} {{ .Month.String }}",
                  "Saturday 167 6 June" },
                { "{{ (.Add 1500000000).Second }} {{ .AddDate 0 1 20 }} {{ (.AddDate 0 -6 0).Format \"2006-01-02\" }}",
                  "17 2024-08-04 11:45:15.5 +0000 UTC 2023-12-15" },
                { "{{ .Sub (.Add 60000000000) }} {{ .Before (.Add 1) }} {{ .After . }} {{ .Equal . }} {{ .IsZero }} {{ .UTC.String }}",
                  "-1m0s true false true false 2024-06-15 11:45:15.5 +0000 UTC" },
                { "{{ $d := .Sub (.Add -5400500000000) }}{{ $d.Seconds }} {{ $d.Minutes }} {{ $d.Hours }} {{ $d.Milliseconds }} {{ $d.Round 60000000000 }} "
                  "{{ $d.Truncate 3600000000000 }} {{ $d.Abs }} {{ $d }}",
                  "5400.5 90.00833333333334 1.500138888888889 5400500 1h30m0s 1h0m0s 1h30m0.5s 1h30m0.5s" },
                { "{{ .Format 1 }}", "template: t:1:11: executing \"t\" at <1>: expected string; found 1" },
                { "{{ .Nope }}",
                  "template: t:1:3: executing \"t\" at <.Nope>: can't evaluate field Nope in type time.Time" },
                { "{{ .AddDate 999999999 0 0 }}",
                  "template: t:1:3: executing \"t\" at <.AddDate>: error calling AddDate: AddDate moves by at most 100000 years, months or days" },
        };
        TmplValue t = { .kind = TMPL_TIME, .i = 1718451915 * NS + NS / 2 };
        fixture_cases(&(TmplOptions){ 0 }, NULL, &t, cases, ARRAY_LEN(cases));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(layouts), cmocka_unit_test(layouts_read_what_they_write),
                                            cmocka_unit_test(durations), cmocka_unit_test(methods) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
