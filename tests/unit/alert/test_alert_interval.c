#include "alert_fixture.h"

#include "alert/alert_interval.h"

static bool bind(Fixture *f, AlertCompat compat, AlertIntervals *ret, Diags *diags, const char *span)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        Str text = str_printf(f->arena, "[{name: x, time_intervals: [%s]}]\n", span);
        assert_true(yaml_parse(text, f->arena, &docs, &n, &errors, &n_errors));
        diags_init(diags, f->arena);
        OptionCtx ctx = { .arena = f->arena, .diags = diags, .file = STR("am.yml"), .base_dir = STR(".") };
        *ret = (AlertIntervals){ 0 };
        return alert_interval_bind(docs[0], &ctx, compat, ret);
}

/* 2026-02-27 12:30 UTC, a Friday, one of the last two days of its month. */
#define FRIDAY INT64_C(1772195400000)
#define DAY_MS INT64_C(86400000)

static void all_fields_of_one_and_one_of_all(void **state)
{
        (void)state;
        static const struct {
                const char *span;
                int64_t at_ms;
                bool want;
        } cases[] = {
                { "{}", FRIDAY, true },
                { "", FRIDAY, false },
                { "{times: [{start_time: '12:30', end_time: '12:31'}]}", FRIDAY, true },
                { "{times: [{start_time: '12:00', end_time: '12:30'}]}", FRIDAY, false }, /* the end is left out */
                { "{times: [{start_time: '00:00', end_time: '24:00'}]}", FRIDAY, true },
                { "{weekdays: ['monday:Friday']}", FRIDAY, true },
                { "{weekdays: [saturday, sunday]}", FRIDAY, false },
                { "{weekdays: [saturday, sunday]}", FRIDAY + DAY_MS, true },
                { "{days_of_month: ['-2:-1']}", FRIDAY, true },
                { "{days_of_month: ['-1']}", FRIDAY, false },
                { "{days_of_month: ['25:31']}", FRIDAY, true },
                { "{days_of_month: ['29:31']}", FRIDAY, false }, /* begins behind this month's end */
                { "{days_of_month: ['1:-1']}", FRIDAY, true },
                { "{months: [february]}", FRIDAY, true },
                { "{months: ['1:3']}", FRIDAY, true },
                { "{months: ['march:december']}", FRIDAY, false },
                { "{years: ['2020:2025', '2027']}", FRIDAY, false },
                { "{years: ['2026']}", FRIDAY, true },
                { "{years: ['2026'], months: [may]}", FRIDAY, false },
                { "{years: ['2025']}, {weekdays: [friday]}", FRIDAY, true },
                { "{weekdays: [friday], location: Asia/Tokyo}", FRIDAY, true },
                { "{times: [{start_time: '21:30', end_time: '21:31'}], location: Asia/Tokyo}", FRIDAY, true },
                { "{weekdays: [friday], location: Pacific/Kiritimati}", FRIDAY, false }, /* Saturday there */
                { "{times: []}", FRIDAY, false },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Fixture *f = fixture_new();
                AlertIntervals all, copy;
                Diags d;
                Err err;
                if (!bind(f, ALERT_COMPAT_AM_0_34, &all, &d, cases[i].span))
                        fail_msg("%s: " STR_FMT, cases[i].span, STR_ARG(d.list.data[0].message));
                assert_ok(alert_interval_copy(&all, f->arena, &copy, &err), err);
                const AlertInterval *x = alert_interval_find(&copy, STR("x"));
                if (alert_interval_contains(x, cases[i].at_ms) != cases[i].want)
                        fail_msg("%s is %d", cases[i].span, !cases[i].want);
                assert_null(alert_interval_find(&copy, STR("y")));
                fixture_free(f);
        }
}

static void mistakes_are_named(void **state)
{
        (void)state;
        static const struct {
                const char *span, *want;
        } cases[] = {
                { "{times: [{start_time: '09:00', end_time: '09:00'}]}", "start time cannot be equal or greater" },
                { "{times: [{start_time: '9:00', end_time: '10:00'}]}", "couldn't parse timestamp 9:00" },
                { "{times: [{start_time: '09:60', end_time: '10:00'}]}", "couldn't parse timestamp 09:60" },
                { "{times: [{start_time: '09:00', end_time: '24:01'}]}", "couldn't parse timestamp 24:01" },
                { "{times: [{start_time: '09:00'}]}", "both start and end times" },
                { "{weekdays: ['saturday:sunday']}", "start day cannot be before end day" },
                { "{weekdays: [mon]}", "mon is not a valid weekday" },
                { "{weekdays: ['monday:tuesday:friday']}", "more than two ends" },
                { "{days_of_month: ['0']}", "0 is not a valid day of the month: out of range" },
                { "{days_of_month: ['-5:10']}", "end day must be negative" },
                { "{days_of_month: ['28:-28']}", "end day -28 is always before start day 28" },
                { "{months: [foo]}", "foo is not a valid month" },
                { "{years: ['2022:2020']}", "end year 2020 is before start year 2022" },
                { "{location: Nowhere}", "location: unknown time zone Nowhere" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Fixture *f = fixture_new();
                AlertIntervals all;
                Diags d;
                if (bind(f, ALERT_COMPAT_AM_0_34, &all, &d, cases[i].span))
                        fail_msg("accepted: %s", cases[i].span);
                assert_contains(str_dupz(f->arena, d.list.data[0].message), cases[i].want);
                fixture_free(f);
        }
}

static void a_month_that_never_comes_is_told(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertIntervals all;
        Diags d;
        assert_true(bind(f, ALERT_COMPAT_AM_0_34, &all, &d, "{months: ['13']}"));
        assert_int_equal(d.errors, 0);
        assert_contains(str_dupz(f->arena, d.list.data[0].message), "never comes");
        assert_false(bind(f, ALERT_COMPAT_PHAROS, &all, &d, "{months: ['13']}"));
        assert_contains(str_dupz(f->arena, d.list.data[0].message), "13 is not a valid month");
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(all_fields_of_one_and_one_of_all),
                                            cmocka_unit_test(mistakes_are_named),
                                            cmocka_unit_test(a_month_that_never_comes_is_told) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
