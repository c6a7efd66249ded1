#include "rules_fixture.h"

#define ALERT(expr, more) "groups: [{name: g, interval: 30s, rules: [{alert: A, expr: '" expr "', for: 5m" more "}]}]"

/* The names of the findings, in their order: "[missing-for][rate-as-ratio]". */
static Str lint(Fixture *f, const char *yaml)
{
        Diags diags;
        RuleFile file;
        Buf out = { .arena = f->arena };
        if (!fixture_parse(f, yaml, "rules.yml", &diags, &file))
                fail_msg(STR_FMT, STR_ARG(diags.list.data[0].message));
        size_t before = diags.list.len;
        size_t n = rules_lint(&file, 1, &diags);
        assert_int_equal(diags.list.len - before, n);
        assert_int_equal(diags.errors, 0);
        for (size_t i = before; i < diags.list.len; i++) {
                Str m = diags.list.data[i].message;
                buf_str_add(&out, str_sub(m, 0, str_find_char(m, ']') + 1));
                assert_true(diags.list.data[i].pos.line > 0);
        }
        return buf_str(&out);
}

static void what_is_most_likely_not_meant_is_found(void **state)
{
        (void)state;
        static const struct {
                const char *yaml, *found;
        } cases[] = {
                { ALERT("up == 0", ""), "" },
                { "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]", "[missing-for]" },
                { "groups: [{name: g, rules: [{alert: A, expr: up == 0, consecutive_failures: 3}]}]", "" },
                { "groups: [{name: g, rules: [{alert: A, expr: 'time() - max(x) > 3600'}]}]", "" },
                { "groups: [{name: g, rules: [{alert: A, expr: 'x - time() < 3600'}]}]", "" },
                { "groups: [{name: g, rules: [{alert: A, expr: 'max(slo:error:ratio_rate5m) > 0.01 and max(slo:error:ratio_rate1h) > 0.01'}]}]",
                  "" }, /* a long window is a wait too */
                { "groups: [{name: g, rules: [{alert: A, expr: 'x - y < 3600'}]}]", "[missing-for]" },
                { "groups: [{name: g, rules: [{alert: A, expr: 'increase(x[1h]) > 0'}]}]", "" },
                { "groups: [{name: g, rules: [{alert: A, expr: 'increase(x[1m]) > 0'}]}]", "[missing-for]" },
                { "groups: [{name: g, rules: [{alert: A, expr: 'ALERTS == 1 unless on(a) ALERTS{b=\"c\"} == 1'}]}]",
                  "" },
                { "groups: [{name: g, rules: [{alert: Watchdog, expr: vector(1)}]}]", "" },
                { "groups: [{name: g, interval: 2m, rules: [{alert: A, expr: up == 0, for: 30s}]}]",
                  "[for-below-interval]" },
                { "groups: [{name: g, interval: 10m, rules: [{record: r, expr: up}]}]", "[long-interval]" },
                { "groups: [{name: g, rules: [{record: r, expr: up}, {record: r, expr: down}]}]", "[duplicate-rules]" },
                { "groups: [{name: g, rules: [{record: r, expr: up}, {record: r, expr: up, labels: {a: b}}]}]", "" },
                { ALERT("rate(sum(x)[5m:]) > 1", ""), "[rate-of-sum]" },
                /* units */
                { ALERT("(1 - rate(errors_total[1h])) < 0.995", ""), "[rate-as-ratio]" },
                { ALERT("1 - sum(rate(errors_total[5m])) / sum(rate(all_total[5m])) < 0.9", ""), "" },
                { ALERT("1 - avg(rate(node_cpu_seconds_total[5m])) > 0.9", ""), "" }, /* seconds per second */
                { ALERT("rate(errors_total[5m]) > 0.1", ", annotations: {d: '{{ $value | humanizePercentage }}'}"),
                  "[rate-as-ratio]" },
                { ALERT("rate(e[5m]) / rate(a[5m]) > 0.1", ", annotations: {d: '{{ $value | humanizePercentage }}'}"),
                  "" },
                { ALERT("rate(errors_total[5m]) > 0.1", ", annotations: {d: '{{ $value | humanize }}'}"), "" },
                /* burn rates */
                { ALERT("1 - slo:availability:ratio_rate5m > (1 - 0.999) * 14.4", ""), "[single-window-burn-rate]" },
                { ALERT("1 - a:ratio_rate5m > 14.4 * 0.001 and 1 - a:ratio_rate1h > 14.4 * 0.001", ""), "" },
                { ALERT("errors:ratio > 14.4 * 0.001", ""), "[single-window-burn-rate]" },
                { ALERT("histogram_quantile(0.9, rate(x_bucket[5m])) > 1", ", labels: {slo: latency}"),
                  "[single-window-burn-rate]" },
                { ALERT("a:ratio_rate30d < 0.999", ", labels: {slo: availability}"), "" },
                { "groups: [{name: g, rules: [{alert: SlowAnswers, expr: 'rate(x[5m]) > 1', for: 1m}]}]", "" },
                /* labels */
                { ALERT("sum(x) > 1", ", annotations: {d: '{{ $labels.instance }}'}"), "[label-not-in-result]" },
                { ALERT("sum by (job) (x) > 1", ", annotations: {d: '{{ $labels.job }} {{ $labels.pod }}'}"),
                  "[label-not-in-result]" },
                { ALERT("sum without (job) (x) > 1", ", annotations: {d: '{{ $labels.pod }}'}"), "" },
                { ALERT("absent(up{job=\"a\"})", ", annotations: {d: '{{ $labels.job }}{{ $labels.instance }}'}"),
                  "[label-not-in-result]" },
                { ALERT("sum by (job) (x) / on(job) group_left(team) y > 1", ", labels: {l: '{{ $labels.team }}'}"),
                  "" },
                { ALERT("rate(x[5m]) > 1", ", annotations: {d: '{{ $labels.any }}'}"), "" },
                { ALERT("topk(3, sum by (job) (x)) > 1", ", annotations: {d: '{{ $labels.pod }}'}"),
                  "[label-not-in-result]" },
        };
        Fixture *f = fixture_new();
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Str found = lint(f, cases[i].yaml);
                if (!str_eq(found, str_of(cases[i].found)))
                        fail_msg("%s: found '" STR_FMT "', want '%s'", cases[i].yaml, STR_ARG(found), cases[i].found);
        }
        fixture_free(f);
}

static void texts_that_always_fail_warn_or_refuse(void **state)
{
        (void)state;
        const char *yaml = ALERT("up == 0", ", annotations: {d: '{{ .Nope }}'}");
        Fixture *f = fixture_new();
        RulesDialect dialect = { .features = promql_features_default() };
        RuleFile file;
        Diags diags;
        diags_init(&diags, f->arena);
        assert_true(rules_parse(str_of(yaml), STR("r.yml"), &dialect, f->arena, &diags, &file));
        assert_int_equal(diags.list.len, 1);
        assert_contains(str_dupz(f->arena, diags.list.data[0].message),
                        "annotation 'd' fails whenever the alert fires");
        diags_init(&diags, f->arena);
        dialect.strict_texts = true;
        assert_false(rules_parse(str_of(yaml), STR("r.yml"), &dialect, f->arena, &diags, &file));
        assert_int_equal(diags.errors, 1);
        fixture_free(f);
}

static void a_list_of_rules_is_a_file_when_asked_for(void **state)
{
        (void)state;
        const char *yaml = "    - alert: A\n      expr: up == 0\n    - record: r\n      expr: 'up +'\n";
        Fixture *f = fixture_new();
        RulesDialect dialect = { .features = promql_features_default(), .fragments = true };
        RuleFile file;
        Diags diags;
        diags_init(&diags, f->arena);
        assert_false(rules_parse(str_of(yaml), STR("r.yml"), &dialect, f->arena, &diags, &file));
        assert_int_equal(diags.errors, 1);
        assert_int_equal(diags.list.data[0].pos.line, 4);
        dialect.fragments = false;
        assert_false(rules_parse(str_of(yaml), STR("r.yml"), &dialect, f->arena, &diags, &file));
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_most_likely_not_meant_is_found),
                cmocka_unit_test(texts_that_always_fail_warn_or_refuse),
                cmocka_unit_test(a_list_of_rules_is_a_file_when_asked_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
