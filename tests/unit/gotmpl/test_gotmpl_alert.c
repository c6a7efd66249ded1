#include "tmpl_fixture.h"

#define NS INT64_C(1000000000)

static bool zone(void *self, Str name, int64_t unix_s, int32_t *ret_offset_s, char ret_abbreviation[12])
{
        (void)self;
        (void)unix_s;
        if (!str_eq(name, STR("Europe/Paris")))
                return false;
        *ret_offset_s = 3600;
        strcpy(ret_abbreviation, "CET");
        return true;
}

static void data_and_functions(void **state)
{
        (void)state;
        static const Str names[] = { STR_INIT("severity"), STR_INIT("alertname"), STR_INIT("b") },
                         values[] = { STR_INIT("page"), STR_INIT("Down"), STR_INIT("<2>") };
        const TmplKv labels = { names, values, 3 }, group = { names + 1, values + 1, 1 };
        TmplAlert alerts[] = {
                { true,
                  labels,
                  { 0 },
                  tmpl_time(1000, 0),
                  tmpl_time(TMPL_TIME_ZERO_S, 0),
                  STR("http://g.example.com"),
                  STR("f1") },
                { false, labels, { 0 }, tmpl_time(1000, 0), tmpl_time(2000, 0), STR("http://g.example.com"), STR("f2") }
        };
        TmplAlertData input = { .receiver = STR("team"),
                                .external_url = STR("http://am.example.com"),
                                .firing = true,
                                .alerts = alerts,
                                .alerts_n = 2,
                                .group_labels = group,
                                .common_labels = labels,
                                .notification_reason = STR("new") };
        static const Case cases[] = {
                { "{{ .Status }} {{ .Receiver }} {{ .NotificationReason }} {{ len .Alerts }} {{ len .Alerts.Firing }} {{ range .Alerts.Resolved }}{{ .Fingerprint }}{{ end }}",
                  "firing team new 2 1 f2" },
                { "{{ .CommonLabels }}|{{ .CommonLabels.SortedPairs }}|{{ .CommonLabels.Names }}|{{ .CommonLabels.Values.Join \"+\" }}",
                  "alertname=Down, b=<2>, severity=page|alertname=Down, b=<2>, severity=page|[alertname b severity]|Down+<2>+page" },
                { "{{ .CommonLabels.Remove .GroupLabels.Names }}|{{ .CommonLabels.none }}|{{ .CommonAnnotations }}|{{ len .CommonLabels }}",
                  "b=<2>, severity=page|||3" },
                { "{{ (index .Alerts 0).EndsAt.IsZero }} {{ (index .Alerts 1).EndsAt.Unix }} {{ since (index .Alerts 0).StartsAt | humanizeDuration }}",
                  "true 2000 34m 20s" },
                { "{{ title \"aBC dEF\" }} {{ trimSpace \" x \" }} {{ join \",\" (stringSlice \"a\" \"b\") }} {{ urlUnescape \"a%20b+c\" }}",
                  "Abc Def x a,b a b c" },
                { "{{ urlUnescape \"%zz\" }}",
                  "template: t:1:3: executing \"t\" at <urlUnescape \"%zz\">: error calling urlUnescape: invalid URL escape \"%zz\"" },
                { "{{ list 1 \"a\" }} {{ append (list 1) 2 3 }} {{ (dict \"a\" 1 \"b\" 2 \"a\" 3).a }} {{ toJson (dict \"k\" (list 1 2)) }}",
                  "[1 a] [1 2 3] 3 {\"k\":[1,2]}" },
                { "{{ dict 1 2 }}",
                  "template: t:1:3: executing \"t\" at <dict 1 2>: error calling dict: dict keys must be strings" },
                { "{{ date \"15:04 MST\" (tz \"Europe/Paris\" now) }} {{ (tz \"UTC\" now).Unix }}", "02:01 CET 3660" },
                { "{{ tz \"Mars/Olympus\" now }}",
                  "template: t:1:3: executing \"t\" at <tz \"Mars/Olympus\" now>: error calling tz: unknown time zone Mars/Olympus" },
                { "{{ base64encode \"a?>b\" }} {{ base64encode \"a\" | base64decode }} {{ base64decode \"YT8-Yg==\" }}",
                  "YT8-Yg== a a?>b" },
                { "{{ base64decode \"a*\" }}",
                  "template: t:1:3: executing \"t\" at <base64decode \"a*\">: error calling base64decode: illegal base64 data at input byte 2" },
                { "{{ toJson .GroupLabels }}{{ routeLabels \"x\" }}", "{\"alertname\":\"Down\"}" },
                { "{{ toJson .GroupLabels.SortedPairs }}", "[{\"Name\":\"alertname\",\"Value\":\"Down\"}]" },
                { "{{ .RouteLabels.team }}{{ len .RouteLabels }}{{ range .RouteLabels }}x{{ end }}", "0" },
                { "{{ toDate \"2006-01-02T15:04Z07:00\" \"2024-02-29T10:00+05:30\" }}",
                  "2024-02-29 10:00:00 +0530 +0530" },
        };
        AUTO(arena_free) Arena *arena = arena_new();
        TmplValue data = gotmpl_alert_data(&input, arena);
        TmplAlertCtx ctx = { .zone = zone };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                ctx.now_ms = strstr(cases[i].text, "since") ? 3060000 : 3660000;
                fixture_cases(&(TmplOptions){ .funcs = gotmpl_alert_funcs, .missing_key_zero = true }, &ctx, &data,
                              &cases[i], 1);
        }
        static const Case html[] = {
                { "<td>{{ .CommonLabels.b }}</td><a href=\"{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}\">{{ safeHtml \"<b>\" }}</a>",
                  "<td>&lt;2&gt;</td><a href=\"http://am.example.com/#/alerts?receiver=team\"><b></a>" },
                { "<a href=\"{{ safeUrl \"app://x\" }}\"><a href=\"{{ \"app://x\" }}\">",
                  "<a href=\"app://x\"><a href=\"#ZgotmplZ\">" },
        };
        fixture_cases(&(TmplOptions){ .funcs = gotmpl_alert_funcs, .html = true, .missing_key_zero = true }, &ctx,
                      &data, html, ARRAY_LEN(html));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(data_and_functions) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
