#include "scrape/scrape_request.h"
#include "scrape/scrape_target.h"
#include "testing.h"

typedef struct Fixture {
        Arena *arena;
        Diags diags;
        OptionCtx ctx;
        ScrapeGlobal global;
        ScrapeConfig *configs;
        size_t n;
} Fixture;

static int setup(void **state)
{
        static Fixture f;
        f = (Fixture){ .arena = arena_new() };
        *state = &f;
        return 0;
}

static int teardown(void **state)
{
        arena_free(((Fixture *)*state)->arena);
        return 0;
}

static YamlNode *yaml(Fixture *f, const char *text)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n;
        size_t n_errors;
        assert_true(yaml_parse(str_of(text), f->arena, &docs, &n, &errors, &n_errors) && n == 1);
        return docs[0];
}

static bool load(Fixture *f, const char *global, const char *configs)
{
        diags_init(&f->diags, f->arena);
        f->ctx = (OptionCtx){ .arena = f->arena, .diags = &f->diags, .file = STR("p.yml"), .base_dir = STR(".") };
        bool ok = option_bind(yaml(f, global), &scrape_global_table, &f->global, &f->ctx);
        return scrape_configs_bind(yaml(f, configs), &f->global, &f->ctx, &f->configs, &f->n) && ok && !f->diags.errors;
}

static const char *complaints(Fixture *f)
{
        Buf out = { .arena = f->arena };
        diags_print(&out, &f->diags);
        return buf_cstr(&out);
}

static void defaults(void **state)
{
        Fixture *f = *state;
        assert_true(load(f, "{}", "[{job_name: a}, {job_name: b, scrape_interval: 5s}]"));
        const ScrapeConfig *a = &f->configs[0];
        assert_int_equal(f->n, 2);
        assert_int_equal(a->scrape_interval_ms, 60000);
        assert_int_equal(a->scrape_timeout_ms, 10000);
        assert_str(a->metrics_path, "/metrics");
        assert_str(a->scheme, "http");
        assert_true(a->honor_timestamps && a->enable_compression && a->http.follow_redirects);
        assert_false(a->honor_labels || a->track_timestamps_staleness || a->extra_scrape_metrics);
        assert_int_equal(f->configs[1].scrape_timeout_ms, 5000); /* no longer than the interval */
        assert_true(load(f, "{}", "[]"));
        assert_int_equal(f->n, 0);
}

static void jobs_inherit(void **state)
{
        Fixture *f = *state;
        assert_true(load(
                f,
                "{scrape_interval: 20s, scrape_timeout: 15s, sample_limit: 7, label_limit: 3, body_size_limit: 1MB, extra_scrape_metrics: true,"
                " metric_name_validation_scheme: legacy, scrape_protocols: [PrometheusText0.0.4]}",
                "[{job_name: a}, {job_name: b, sample_limit: 9, extra_scrape_metrics: false, metric_name_validation_scheme: utf8}]"));
        const ScrapeConfig *a = &f->configs[0];
        const ScrapeConfig *b = &f->configs[1];
        assert_int_equal(a->scrape_interval_ms, 20000);
        assert_int_equal(a->sample_limit, 7);
        assert_int_equal(a->label_limit, 3);
        assert_int_equal(a->body_size_limit_bytes, 1 << 20);
        assert_true(a->extra_scrape_metrics);
        assert_int_equal(a->name_validation, SCRAPE_NAMES_LEGACY);
        assert_int_equal(a->name_escaping, SCRAPE_ESCAPE_UNDERSCORES);
        assert_int_equal(b->sample_limit, 9);
        assert_false(b->extra_scrape_metrics);
        assert_int_equal(b->name_escaping, SCRAPE_ESCAPE_NOT);
        assert_str(b->scrape_protocols.data[0], "PrometheusText0.0.4");
}

static void mistakes(void **state)
{
        Fixture *f = *state;
        static const struct {
                const char *global, *configs, *want;
        } cases[] = {
                { "{}", "[{job_name: ''}]", "1:2: error: job_name is empty" },
                { "{}", "[{}]", "job_name is empty" },
                { "{}", "[null]", "empty or null scrape config section" },
                { "{}", "{a: b}", "must be a list" },
                { "{}", "[{job_name: a},\n {job_name: a}]",
                  "p.yml:2:2: error: found multiple scrape configs with job name 'a'" },
                { "{}", "[{job_name: a, scheme: ftp}]", "neither http nor https" },
                { "{}", "[{job_name: a, scrape_timeout: 2m}]", "scrape timeout greater than scrape interval" },
                { "{scrape_interval: 5s, scrape_timeout: 6s}", "[]", "global scrape timeout greater" },
                { "{}", "[{job_name: a, scrape_interval: 1x}]", "scrape_interval" },
                { "{}", "[{job_name: a, nonsense: 1}]", "1:16: error: unknown key 'nonsense'" },
                { "{}", "[{job_name: a, scrape_protocols: []}]", "cannot be empty" },
                { "{}", "[{job_name: a, scrape_protocols: [X]}]", "unknown scrape protocol 'X'" },
                { "{}", "[{job_name: a, scrape_protocols: [PrometheusProto, PrometheusProto]}]", "listed twice" },
                { "{}", "[{job_name: a, fallback_scrape_protocol: X}]", "unknown scrape protocol 'X'" },
                { "{}", "[{job_name: a, static_configs: [null]}]", "empty or null entry in 'static_configs'" },
                { "{}", "[{job_name: a, static_configs: [{targets: ['']}]}]", "a target is empty" },
                { "{}", "[{job_name: a, static_configs: [{targets: ['http://x']}]}]",
                  "'http://x' is not a valid hostname" },
                { "{}",
                  "[{job_name: a, static_configs: [{targets: [h]}], relabel_configs: [{target_label: __address__, replacement: a/b}]}]",
                  "'a/b' is not a valid hostname" },
                { "{}", "[{job_name: a, relabel_configs: [{action: nonsense}]}]", "action" },
                { "{}", "[{job_name: a, basic_auth: {username: a}, bearer_token: b}]", "at most one of" },
                { "{}",
                  "[{job_name: a, metric_name_validation_scheme: legacy, metric_name_escaping_scheme: allow-utf-8}]",
                  "validation scheme is not set to UTF8" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                if (load(f, cases[i].global, cases[i].configs))
                        fail_msg("%s is taken", cases[i].configs);
                assert_contains(complaints(f), cases[i].want);
        }
        assert_true(load(f, "{}", "[{job_name: a, dns_sd_configs: [{names: [b]}]}]"));
        assert_contains(complaints(f), "warning");
}

/* ---- requests */

static void accept_header(void **state)
{
        Fixture *f = *state;
        StrList none = { 0 };
        Str protocols[] = { STR("PrometheusProto"), STR("PrometheusText1.0.0") };
        StrList some = { protocols, 2 };
        assert_str(
                scrape_request_accept(&none, SCRAPE_ESCAPE_NOT, f->arena),
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
                "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
        assert_str(scrape_request_accept(&some, SCRAPE_ESCAPE_DOTS, f->arena),
                   "text/plain;version=1.0.0;escaping=dots;q=0.3,*/*;q=0.2");
}

static void answer_format(void **state)
{
        (void)state;
        ExpoFormat format;
        Err err;
        assert_true(scrape_request_format(STR("text/plain"), (Str){ 0 }, &format, &err) && format == EXPO_TEXT);
        assert_true(scrape_request_format(STR("text/html"), STR("OpenMetricsText1.0.0"), &format, &err) &&
                    format == EXPO_OPENMETRICS);
        assert_true(scrape_request_format(STR(""), STR("PrometheusText0.0.4"), &format, &err) && format == EXPO_TEXT);
        assert_false(scrape_request_format(STR("text/html"), (Str){ 0 }, &format, &err));
        assert_string_equal(
                err.msg,
                "received unsupported Content-Type 'text/html' and no fallback_scrape_protocol specified for target");
}

/* ---- targets */

static TargetSpec spec;

static bool resolve(Fixture *f, const char *config, const char *address, Labels labels, Err *err)
{
        if (!load(f, "{}", config))
                fail_msg("%s", complaints(f));
        return scrape_target_resolve(&f->configs[0], &f->global, str_of(address), labels, f->arena, &spec, err);
}

static const char *text_of(Fixture *f, Labels labels)
{
        Buf out = { .arena = f->arena };
        labels_print(&out, labels);
        return buf_cstr(&out);
}

static void target_labels(void **state)
{
        Fixture *f = *state;
        Err err;
        Label extra[] = { { STR("zone"), STR("x") } };
        assert_ok(resolve(f, "[{job_name: a}]", "h:1", (Labels){ extra, 1 }, &err), err);
        assert_string_equal(text_of(f, spec.labels), "{instance=\"h:1\", job=\"a\", zone=\"x\"}");
        assert_string_equal(
                text_of(f, spec.discovered),
                "{__address__=\"h:1\", __metrics_path__=\"/metrics\", __scheme__=\"http\", __scrape_interval__=\"1m\","
                " __scrape_timeout__=\"10s\", job=\"a\", zone=\"x\"}");
        assert_str(spec.url, "http://h:1/metrics");
        assert_false(spec.dropped);
        Label own[] = { { STR("instance"), STR("me") }, { STR("job"), STR("mine") } };
        assert_ok(resolve(f, "[{job_name: a}]", "h:1", (Labels){ own, 2 }, &err), err);
        assert_string_equal(text_of(f, spec.labels), "{instance=\"me\", job=\"mine\"}");
}

static void target_urls(void **state)
{
        Fixture *f = *state;
        Err err;
        assert_ok(
                resolve(f,
                        "[{job_name: a, scheme: https, metrics_path: 'a b?c', params: {z: [1, 2], b: ['x y'], empty: ['']}}]",
                        "h", (Labels){ 0 }, &err),
                err);
        assert_str(spec.url, "https://h/a%20b%3Fc?b=x+y&empty=&z=1&z=2");
        assert_ok(
                resolve(f,
                        "[{job_name: a, params: {z: [1, 2], gone: [q]}, relabel_configs: [{target_label: __param_z, replacement: new},"
                        " {target_label: __param_add, replacement: '&'}, {regex: __param_gone, action: labeldrop}]}]",
                        "h", (Labels){ 0 }, &err),
                err);
        assert_str(spec.url, "http://h/metrics?add=%26&gone=q&z=new&z=2");
}

static void target_relabelling(void **state)
{
        Fixture *f = *state;
        Err err;
        assert_ok(
                resolve(f,
                        "[{job_name: a, relabel_configs: [{source_labels: [__address__], regex: 'h:.*', action: drop}]}]",
                        "h:1", (Labels){ 0 }, &err),
                err);
        assert_true(spec.dropped);
        assert_true(labels_has(spec.discovered, STR("__address__")));
        assert_ok(
                resolve(f,
                        "[{job_name: a, relabel_configs: [{target_label: __scrape_interval__, replacement: 5s}, {target_label: __scrape_timeout__, replacement: 3s}]}]",
                        "h:1", (Labels){ 0 }, &err),
                err);
        assert_int_equal(spec.interval_ms, 5000);
        assert_int_equal(spec.timeout_ms, 3000);
        static const struct {
                const char *label, *value, *want;
        } bad[] = { { "__scrape_interval__", "x", "scrape interval 'x' is not a positive duration" },
                    { "__scrape_interval__", "0s", "not a positive duration" },
                    { "__scrape_timeout__", "nope", "scrape timeout 'nope'" },
                    { "__scrape_timeout__", "2m", "cannot be greater than scrape interval" },
                    { "__address__", "", "no address is left" },
                    { "__address__", "http://x", "is not a valid hostname" } };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                Str config = str_printf(f->arena,
                                        "[{job_name: a, relabel_configs: [{target_label: %s, replacement: '%s'}]}]",
                                        bad[i].label, bad[i].value);
                assert_false(resolve(f, config.p, "h:1", (Labels){ 0 }, &err));
                assert_contains(err.msg, bad[i].want);
        }
        assert_true(load(
                f, "{}",
                "[{job_name: a, static_configs: [{targets: ['http://x']}], relabel_configs: [{target_label: __address__, replacement: x}]}]"));
        Label bytes[] = { { STR("l"), STR("\xff") } };
        assert_false(resolve(f, "[{job_name: a}]", "h:1", (Labels){ bytes, 1 }, &err));
        assert_contains(err.msg, "not UTF-8");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
                T(defaults),      T(jobs_inherit),  T(mistakes),    T(accept_header),
                T(answer_format), T(target_labels), T(target_urls), T(target_relabelling),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
