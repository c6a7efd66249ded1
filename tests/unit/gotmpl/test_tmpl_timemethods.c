#include "gotmpl/tmpl_timemethods.h"
#include "tmpl_fixture.h"

#define NS INT64_C(1000000000)

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
        TmplValue t = { .kind = TMPL_TIME, .i = 1718451915 * NS + NS / 2 };
        fixture_cases(&(TmplOptions){ 0 }, NULL, &t, cases, ARRAY_LEN(cases));
}

static void kinds_without_methods(void **state)
{
        (void)state;
        assert_null(tmpl_timemethods(TMPL_INT));
        assert_null(tmpl_timemethods(TMPL_STRUCT));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(what_templates_call),
                                            cmocka_unit_test(kinds_without_methods) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
