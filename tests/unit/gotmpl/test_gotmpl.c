#include "model/histogram.h"
#include "tmpl_fixture.h"

static Str expand_for(const char *text, const Histogram *h, Arena *arena, bool *ret_ok)
{
        static const Str names[] = { STR_INIT("job"), STR_INIT("instance") },
                         values[] = { STR_INIT("api"), STR_INIT("h:1") };
        static const Str ext_names[] = { STR_INIT("region") }, ext_values[] = { STR_INIT("eu") };
        TmplRuleData data = { names, values, 2, ext_names, ext_values, 1, STR("http://x.example.com"), 12.5, h };
        TmplPromCtx ctx = { .external_url = STR("http://x.example.com") };
        Str out = { 0 };
        Err err = { 0 };
        *ret_ok = gotmpl_expand_rule(STR("__alert_Down"), str_of(text), &data, &ctx, arena, &out, &err);
        return *ret_ok ? out : str_printf(arena, "%s", err.msg);
}

static Str expand(const char *text, Arena *arena, bool *ret_ok) { return expand_for(text, NULL, arena, ret_ok); }

static void a_value_may_be_a_histogram(void **state)
{
        (void)state;
        static const struct {
                const char *text, *want;
        } cases[] = {
                { "{{ $value }} {{ printf \"%v\" .Value }}",
                  "{count:3, sum:1.5, [-0.5,0.5]:3} {count:3, sum:1.5, [-0.5,0.5]:3}" },
                { "{{ $value.Count }} {{ $value.Sum }} {{ .Value.ZeroThreshold }}", "3 1.5 0.5" },
                { "{{ humanize $value }}",
                  "error executing template __alert_Down: template: __alert_Down:1:115: executing \"__alert_Down\" at <humanize $value>: error calling humanize: "
                  "can't convert *histogram.FloatHistogram to float" },
        };
        const Histogram h = { .count = 3, .sum = 1.5, .zero_count = 3, .zero_threshold = 0.5 };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                bool ok;
                assert_str(expand_for(cases[i].text, &h, arena, &ok), cases[i].want);
        }
}

static void rule_texts_expand(void **state)
{
        (void)state;
        static const struct {
                const char *text, *want;
                bool fails;
        } cases[] = {
                { "plain {x}", "plain {x}", false },
                { "", "", false },
                { "{{ $labels.job }} {{ $labels.none }}on {{ $externalLabels.region }} is {{ $value | printf \"%.1f\" }} ({{ $externalURL }})",
                  "api on eu is 12.5 (http://x.example.com)", false },
                { "{{ .Labels.instance }} {{ .Value }} {{ $labels }}", "h:1 12.5 map[instance:h:1 job:api]", false },
                { "{{ $value := 1 }}{{ $value }}", "1", false },
                { "{{ .X }}",
                  "error executing template __alert_Down: template: __alert_Down:1:115: executing \"__alert_Down\" at <.X>: can't evaluate field X in type struct { Labels "
                  "map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }",
                  true },
                { "{{ $labels.job", "error parsing template __alert_Down: template: __alert_Down:1: unclosed action",
                  true },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                bool ok;
                assert_str(expand(cases[i].text, arena, &ok), cases[i].want);
                assert_int_equal(ok, !cases[i].fails);
        }
}

static void rule_texts_are_checked_at_load(void **state)
{
        (void)state;
        Err err = { 0 };
        assert_ok(gotmpl_check_rule(STR("r"), STR("{{ $value | humanize }}"), &err), err);
        assert_ok(gotmpl_check_rule(STR("r"), STR("no template"), &err), err);
        assert_false(gotmpl_check_rule(STR("r"), STR("a\n{{ nope }}"), &err));
        assert_string_equal(err.msg, "template: r:2: function \"nope\" not defined");
        assert_int_equal(err.code, ERR_INVALID);
        AUTO(buf_done) Buf big = { 0 };
        memset(buf_reserve(&big, 5 << 20), '{', 5 << 20);
        big.n = 5 << 20;
        assert_false(gotmpl_check_rule(STR("r"), buf_str(&big), &err));
        assert_int_equal(err.code, ERR_LIMIT);
}

static void truth(void **state)
{
        (void)state;
        assert_false(gotmpl_truth(&(TmplValue){ 0 }));
        assert_false(gotmpl_truth(&(TmplValue){ .kind = TMPL_LIST }));
        assert_true(gotmpl_truth(&(TmplValue){ .kind = TMPL_STRUCT }));
        assert_true(gotmpl_truth(&(TmplValue){ .kind = TMPL_TIME, .i = TMPL_TIME_ZERO_S }));
        assert_false(gotmpl_truth(&(TmplValue){ .kind = TMPL_DURATION }));
        assert_true(gotmpl_truth(&(TmplValue){ .kind = TMPL_FLOAT, .f = 0.1 }));
}

static void as_the_prometheus_of_a_time(void **state)
{
        (void)state;
        static const struct {
                const char *text, *old, *now;
        } cases[] = {
                { "{{ title \"5m a.b _c\" }}", "5m A.B _c", "5M A.b _C" },
                { "{{ toTime 0 | printf \"%T\" }}", "*time.Time", "*time.Time" },
                { "{{ humanizeDuration 1e30 }}", "-106751991167300d -15h -30m -8s", "-106751991167300d -15h -30m -8s" },
                { "{{ humanize \"1_0\" }}", "10", "10" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                for (int old = 0; old < 2; old++) {
                        Arena *arena = arena_new();
                        TmplRuleData data = { .as_2_42 = old };
                        TmplPromCtx ctx = { 0 };
                        Str got;
                        Err err;
                        assert_ok(gotmpl_expand_rule(STR("t"), str_of(cases[i].text), &data, &ctx, arena, &got, &err),
                                  err);
                        assert_str(got, old ? cases[i].old : cases[i].now);
                        arena_free(arena);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(rule_texts_expand),
                                            cmocka_unit_test(a_value_may_be_a_histogram),
                                            cmocka_unit_test(rule_texts_are_checked_at_load), cmocka_unit_test(truth),
                                            cmocka_unit_test(as_the_prometheus_of_a_time) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
