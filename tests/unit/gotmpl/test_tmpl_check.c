#include "testing.h"

#include "gotmpl/gotmpl.h"

static void texts_that_always_fail_are_found_before_their_time(void **state)
{
        (void)state;
        static const struct {
                const char *text, *error; /* NULL: fine */
        } cases[] = {
                { "plain", NULL },
                { "{{ $labels.instance }} {{ $value | humanize }}", NULL },
                { "{{ $labels.nope }}", NULL },
                { "{{ query \"up\" | first | value }}", NULL },
                { "{{ with query \"up\" }}{{ . | first | label \"x\" }}{{ end }}", NULL },
                { "{{ parseDuration $labels.every }}", NULL }, /* depends on the label */
                { "{{ .Nope }}", "write" },
                { "{{ .Nope }}", "can't evaluate field Nope" },
                { "{{ if gt $value 1 }}x{{ end }}", "1.0" },
                { "{{ if gt $value 5.0 }}{{ .Nope }}{{ end }}", "can't evaluate field Nope" },
                { "{{ if gt $value 0.0 }}a{{ else }}{{ $value.Nope }}{{ end }}", "can't evaluate field Nope" },
                { "{{ $value.Nope }}", "can't evaluate field Nope in type float64" },
                { "{{ $value.Count }} {{ with query \"h\" }}{{ (. | first | value).Sum }}{{ end }}",
                  NULL }, /* of a histogram */
                { "{{ toUpper $value }}", "wrong type for value" },
                { "{{ toUpper }}", "wrong number of args" },
                { "{{ if gt $value 5.0 }}{{ index $labels 3 }}{{ end }}", NULL },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Err err = { 0 };
                bool ok = gotmpl_try_rule(STR("t"), str_of(cases[i].text), &err);
                if (ok != !cases[i].error)
                        fail_msg("%s: %s", cases[i].text, ok ? "passes" : err.msg);
                if (!ok && !(i == 6 && strstr(err.msg, "a rule's text has")))
                        assert_contains(err.msg, cases[i].error);
        }
}

static TmplSet *trial_set(bool html)
{
        return gotmpl_set_new(&(TmplOptions){
                .funcs = gotmpl_alert_funcs, .html = html, .missing_key_zero = true, .every_branch = true });
}

static bool run(const TmplSet *set, const char *text, Err *err, const char *want)
{
        AUTO(arena_free) Arena *arena = arena_new();
        static const Str names[] = { STR_INIT("alertname") };
        static const Str values[] = { STR_INIT("A") };
        TmplKv kv = { names, values, 1 };
        TmplAlert alert = { .firing = true, .labels = kv };
        TmplAlertData data = { .firing = true, .alerts = &alert, .alerts_n = 1, .common_labels = kv };
        TmplValue dot = gotmpl_alert_data(&data, arena);
        TmplAlertCtx ctx = { 0 };
        Buf out = { .arena = arena };
        bool ok = gotmpl_run_text(set, STR(""), str_of(text), &dot, &ctx, arena, &out, err);
        if (ok && want)
                assert_str(buf_str(&out), want);
        return ok;
}

static void every_branch_is_tried_and_leaves_nothing(void **state)
{
        (void)state;
        for (int html = 0; html < 2; html++) {
                TmplSet *set = trial_set(html);
                Err err = { 0 };
                assert_ok(run(set, "{{ if eq .Status \"resolved\" }}<a href='x'>{{ else }}b{{ end }}c", &err, "bc"),
                          err);
                assert_ok(run(set, "{{ $x := 1 }}{{ if .ExternalURL }}{{ $y := 2 }}{{ end }}{{ $x }}", &err, "1"), err);
                assert_ok(run(set, "{{ if .ExternalURL }}{{ (index .Alerts 7).Labels }}{{ end }}d", &err, "d"), err);
                assert_ok(run(set, "{{ with .Alerts.Resolved }}{{ (index . 0).Labels.x }}{{ else }}e{{ end }}", &err,
                              "e"),
                          err);
                assert_false(run(set, "{{ if .ExternalURL }}{{ .Annotations.summary }}{{ end }}", &err, NULL));
                assert_str(gotmpl_hint(str_of(err.msg)), "write .CommonAnnotations, or {{ range .Alerts }} around it");
                assert_false(run(set, "{{ range .Alerts }}{{ .CommonLabels }}{{ end }}", &err, NULL));
                assert_contains(gotmpl_hint(str_of(err.msg)).p, "$.CommonLabels");
                assert_false(run(set,
                                 "{{ define \"r\" }}{{ if . }}{{ template \"r\" . }}{{ else }}{{ template \"r\" . }}"
                                 "{{ end }}{{ end }}{{ template \"r\" 1 }}",
                                 &err, NULL)); /* ends, whatever it is */
                gotmpl_set_free(set);
        }
        assert_int_equal(gotmpl_hint(STR("anything else")).n, 0);
}

static void labels_that_a_text_names(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        gotmpl_rule_labels(
                STR("{{ $labels.a }}{{ .Labels.b }}{{ if $labels.c }}{{ $labels.a }}{{ end }}"
                    "{{ range query \"x\" }}{{ .Labels.d }}{{ $.Labels.e }}{{ end }}{{ printf \"%s\" $labels.f }}"),
                arena, &names, &n);
        Buf all = { .arena = arena };
        for (size_t i = 0; i < n; i++)
                buf_str_add(&all, names[i]);
        assert_str(buf_str(&all), "abcef");
        gotmpl_rule_labels(STR("plain"), arena, &names, &n);
        assert_int_equal(n, 0);
        gotmpl_rule_labels(STR("{{ bad"), arena, &names, &n);
        assert_int_equal(n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_that_always_fail_are_found_before_their_time),
                cmocka_unit_test(every_branch_is_tried_and_leaves_nothing),
                cmocka_unit_test(labels_that_a_text_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
