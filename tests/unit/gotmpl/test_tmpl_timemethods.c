#include "gotmpl/tmpl_civil.h"
#include "gotmpl/tmpl_timemethods.h"
#include "tmpl_fixture.h"

static void what_templates_call(void **state)
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
        TmplValue t = tmpl_time(1718451915, 500000000);
        fixture_cases(&(TmplOptions){ 0 }, NULL, &t, cases, ARRAY_LEN(cases));
}

static void far_from_1970(void **state)
{
        (void)state;
        static const Case cases[] = {
                { "{{ .Add 3600000000000 }} {{ .AddDate 0 1 0 }} {{ .Add -1 }}",
                  "0001-01-01 01:00:00 +0000 UTC 0001-02-01 00:00:00 +0000 UTC 0000-12-31 23:59:59.999999999 +0000 UTC" },
                { "{{ .Truncate 7000000000 }} {{ (.Add 3600000000001).Round 60000000000 }} {{ (.Add -1).Truncate 60000000000 }}",
                  "0001-01-01 00:00:00 +0000 UTC 0001-01-01 01:00:00 +0000 UTC 0000-12-31 23:59:00 +0000 UTC" },
                { "{{ .UnixNano }} {{ .UnixMilli }} {{ .Sub (.Add 5) }} {{ (.AddDate 9998 0 0).Sub . }} {{ .Before (.Add 1) }}",
                  "-6795364578871345152 -62135596800000 -5ns 2562047h47m16.854775807s true" },
        };
        TmplValue t = tmpl_time(TMPL_TIME_ZERO_S, 0);
        fixture_cases(&(TmplOptions){ 0 }, NULL, &t, cases, ARRAY_LEN(cases));
        TmplValue last = tmpl_time(TMPL_CIVIL_MAX_S, 0);
        static const Case end[] = { { "{{ (.Add 9223372036854775807).Unix }}", "576460752303423488" } };
        fixture_cases(&(TmplOptions){ 0 }, NULL, &last, end, 1);
}

static void kinds_without_methods(void **state)
{
        (void)state;
        assert_null(tmpl_timemethods(TMPL_INT));
        assert_null(tmpl_timemethods(TMPL_STRUCT));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(what_templates_call), cmocka_unit_test(far_from_1970),
                                            cmocka_unit_test(kinds_without_methods) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
