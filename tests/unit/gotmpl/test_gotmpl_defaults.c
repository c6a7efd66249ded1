#include "gotmpl/gotmpl.h"
#include "testing.h"

static Str run(Arena *arena, bool html, const char *name, bool firing)
{
        static const Str names[] = { STR_INIT("alertname"), STR_INIT("severity") },
                         values[] = { STR_INIT("Down"), STR_INIT("critical") }, note[] = { STR_INIT("summary") },
                         notes[] = { STR_INIT("a < b") };
        const TmplKv labels = { names, values, 2 }, group = { names, values, 1 }, annotations = { note, notes, 1 };
        TmplAlert alert = { .firing = firing,
                            .labels = labels,
                            .annotations = annotations,
                            .starts_at = tmpl_time(1, 0),
                            .ends_at = tmpl_time(TMPL_TIME_ZERO_S, 0),
                            .generator_url = STR("http://g.example.com") };
        TmplAlertData input = { .receiver = STR("team a"),
                                .external_url = STR("http://am.example.com"),
                                .firing = firing,
                                .alerts = &alert,
                                .alerts_n = 1,
                                .group_labels = group,
                                .common_labels = labels,
                                .common_annotations = annotations };
        TmplOptions options = { .funcs = gotmpl_alert_funcs, .html = html, .missing_key_zero = true };
        TmplSet *set = gotmpl_set_new(&options);
        TmplAlertCtx ctx = { 0 };
        Buf out = { .arena = arena };
        Err err;
        assert_ok(gotmpl_defaults_add(set, &err), err);
        TmplValue data = gotmpl_alert_data(&input, arena);
        assert_ok(gotmpl_run(set, str_of(name), &data, &ctx, arena, &out, &err), err);
        gotmpl_set_free(set);
        return buf_str(&out);
}

static void texts_are_what_was_recorded(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        assert_str(run(arena, false, "slack.default.title", true), "[FIRING:1] Down (critical)");
        assert_str(run(arena, false, "slack.default.title", false), "[RESOLVED] Down (critical)");
        assert_str(run(arena, false, "slack.default.titlelink", true),
                   "http://am.example.com/#/alerts?receiver=team+a");
        assert_str(run(arena, false, "opsgenie.default.description", true),
                   "a < b\nAlerts Firing:\nLabels:\n - alertname = Down\n - severity = critical\nAnnotations:\n"
                   " - summary = a < b\nSource: http://g.example.com\n\n");
        assert_str(run(arena, false, "webex.default.message", false),
                   "a < b\n\n\nAlerts Resolved:\nLabels:\n - alertname = Down\n - severity = critical\nAnnotations:\n"
                   " - summary = a < b\nSource: http://g.example.com\n\n\n");
        assert_str(run(arena, false, "jira.default.priority", true), "High");
        assert_true(gotmpl_defaults_has(STR("email.default.html")));
        assert_false(gotmpl_defaults_has(STR("email.default.pdf")));
}

static void the_mail_is_escaped(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Str html = run(arena, true, "email.default.html", true);
        assert_true(str_find(html, STR("summary = a &lt; b<br/>")) != SIZE_MAX);
        assert_true(str_find(html, STR("1 alert for alertname=Down")) != SIZE_MAX);
        assert_true(str_find(html, STR("[1] Firing")) != SIZE_MAX);
        assert_true(str_find(html, STR("Resolved")) == SIZE_MAX);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(texts_are_what_was_recorded),
                                            cmocka_unit_test(the_mail_is_escaped) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
