#include "app_fixture.h"

#include "os/file.h"

#define PROM \
        "global: {scrape_interval: 7s, evaluation_interval: 9s, external_labels: {a: b}}\nrule_files: ['rules/*.yml', rules/one.yml]\nscrape_configs: [{job_name: j, static_configs: [{targets: ['h:1']}]}]\n"
#define AM \
        "route: {receiver: hook}\nreceivers: [{name: hook, webhook_configs: [{url: 'http://127.0.0.1:1/secret-path'}]}]\n"

static void nothing_is_said_and_this_machine_is_watched(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AppConfig *c = fixture_load(f, NULL);
        assert_non_null(c);
        assert_int_equal(f->diags.list.len, 0);
        assert_true(c->collect.enabled && c->self.enabled);
        assert_int_equal(c->collect.interval_ms, 5000);
        assert_int_equal(c->n_rule_files, 1);
        assert_str(c->alert.root->receiver, "log");
        assert_int_equal(c->storage.retention_ms, INT64_C(15) * 86400000);
        app_config_free(c);
        fixture_free(f);
}

static void check_loaded(const AppConfig *c)
{
        assert_int_equal(c->global.scrape_interval_ms, 7000);
        assert_int_equal(c->global.evaluation_interval_ms, 9000);
        assert_int_equal(c->n_scrape, 1);
        assert_int_equal(c->global.external_labels.n, 1);
}

static void sections_are_inline_or_paths(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        mkdir(str_printf(f->arena, "%s/rules", f->dir).p, 0700);
        fixture_file(f, "rules/one.yml", "groups: [{name: g}]\n");
        fixture_file(f, "rules/two.yml", "groups: [{name: g}]\n");
        fixture_file(f, "prometheus.yml", PROM);
        fixture_file(f, "am.yml", AM);
        AppConfig *c = fixture_load(
                f,
                fixture_file(
                        f, "pharos.yml",
                        "collect: {host: {enabled: false}}\nstorage: {retention: 3d, retention_rules: [{selector: '{__name__=~\"d.*\"}', retention: 2d}], rollups: [{resolution: 5m, retention: 90d}, {resolution: 1h, retention: 2y}]}\nprometheus: prometheus.yml\nalertmanager: am.yml\n"));
        assert_non_null(c);
        check_loaded(c);
        assert_int_equal(c->n_rule_files, 3); /* two, each once, and the default rules */
        assert_str(c->alert.root->receiver, "hook");
        assert_false(c->collect.enabled);
        assert_int_equal(c->storage.retention_ms, INT64_C(3) * 86400000);
        const AppRetention *rule = c->storage.retention_rules.data;
        assert_int_equal(c->storage.retention_rules.n, 1);
        const AppRollup *rollup = c->storage.rollups.data;
        assert_int_equal(c->storage.rollups.n, 2);
        assert_true(rollup[1].resolution_ms == 3600000 && rollup[1].retention_ms == INT64_C(730) * 86400000);
        assert_int_equal(rule->retention_ms, INT64_C(2) * 86400000);
        assert_int_equal(rule->matchers.n, 1);
        app_config_free(c);
        c = fixture_load(
                f,
                fixture_file(
                        f, "inline.yml",
                        "default_rules: false\nprometheus:\n  global: {scrape_interval: 7s, evaluation_interval: 9s, external_labels: {a: b}}\n"
                        "  rule_files: [rules/*.yml]\n  scrape_configs: [{job_name: j}]\nalertmanager:\n  route: {receiver: r}\n  receivers: [{name: r}]\n"));
        assert_non_null(c);
        check_loaded(c);
        assert_int_equal(c->n_rule_files, 2);
        assert_true(c->collect.enabled);
        app_config_free(c);
        fixture_free(f);
}

static void standard_files_are_known_by_their_keys(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AppConfig *c = fixture_load(f, fixture_file(f, "a.yml", PROM));
        assert_non_null(c);
        check_loaded(c);
        assert_false(c->collect.enabled);
        assert_true(fixture_said(f, "a.yml", 0, "nothing matches"));
        assert_str(c->alert.root->receiver, "log");
        app_config_free(c);
        c = fixture_load(f, fixture_file(f, "b.yml", AM));
        assert_non_null(c);
        assert_int_equal(c->n_scrape, 0);
        assert_true(c->global.evaluation_interval_ms > 0);
        assert_str(c->alert.root->receiver, "hook");
        app_config_free(c);
        static const char *const kinds[][2] = {
                { "groups: []\n", "rules" },   { PROM, "prometheus" },
                { AM, "alertmanager" },        { "global: {scrape_interval: 1s}\n", "prometheus" },
                { "collect: {}\n", "pharos" }, { "", "pharos" },
        };
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
                Str kind;
                assert_true(fixture_check(f, fixture_file(f, "c.yml", kinds[i][0]), &kind));
                assert_str(kind, kinds[i][1]);
        }
        fixture_free(f);
}

static void what_handbooks_quote_is_loaded(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AppConfig *c = fixture_load(
                f, fixture_file(f, "q.yml",
                                "prometheus_config:\n  scrape_interval: 7s\n  evaluation_interval: 9s\n"
                                "  external_labels: {a: b}\n  scrape_configs: [{job_name: j}]\n"
                                "  rules: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n"));
        assert_non_null(c);
        check_loaded(c);
        assert_int_equal(c->n_rule_files, 1);
        assert_str(c->rule_files[0].groups[0].rules[0].name, "A");
        app_config_free(c);
        fixture_file(f, "list.yml", "- {alert: B, expr: up == 0}\n- {alert: C, expr: up == 1}\n");
        c = fixture_load(f, fixture_file(f, "r.yml", "rule_files: [list.yml]\n"));
        assert_non_null(c);
        assert_int_equal(c->rule_files[0].groups[0].n, 2);
        app_config_free(c);
        static const char *const bad[][2] = {
                { "prometheus_config: []\n", "must be a mapping" },
                { "prometheus_config: {scrape_intervall: 7s}\n", "did you mean 'scrape_interval'" },
                { "prometheus_config: {global: {}, scrape_interval: 7s}\n", "unknown key 'scrape_interval'" },
                { "prometheus_config: {rules: [{name: g, rules: [{alert: A, expr: x(}]}]}\n", "could not parse" },
                { "prometheus_config: {}\nrules: []\n", "unknown key 'rules'" },
        };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                assert_null(fixture_load(f, fixture_file(f, "x.yml", bad[i][0])));
                if (!fixture_said(f, "x.yml", 0, bad[i][1]))
                        fail_msg("%s: " STR_FMT, bad[i][0], STR_ARG(f->diags.list.data[0].message));
        }
        fixture_free(f);
}

static void one_mistake_refuses_everything_and_has_a_place(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        mkdir(str_printf(f->arena, "%s/rules", f->dir).p, 0700);
        fixture_file(f, "rules/bad.yml", "groups:\n- name: g\n  rules: [{alert: A, expr: 'x('}]\n");
        fixture_file(f, "prom.yml", PROM);
        fixture_file(f, "am.yml", "route: {receiver: nobody}\nreceivers: [{name: r}]\n");
        static const struct {
                const char *text, *file, *want;
                unsigned line;
        } cases[] = {
                { "prometheus: prom.yml\n", "rules/bad.yml", "could not parse expression", 3 },
                { "alertmanager: am.yml\n", "am.yml", "undefined receiver", 1 },
                { "prometheus: gone.yml\n", "gone.yml", "", 0 },
                { "prometheus: [a]\n", "x.yml", "", 1 },
                { "colect: {}\n", "x.yml", "did you mean 'collect'", 1 },
                { "collect: {host: {interval: 0s}}\n", "x.yml", "interval", 1 },
                { "storage: {retention: long}\n", "x.yml", "retention", 1 },
                { "storage:\n  retention_rules:\n  - {selector: 'slo{', retention: 2d}\n", "x.yml", "1:5: parse error",
                  3 },
                { "storage: {retention_rules: [{selector: x}]}\n", "x.yml", "needs the key 'retention'", 1 },
                { "storage: {retention_rules: [{selector: x, retention: 1s}]}\n", "x.yml", "between 1m and", 1 },
                { "storage: {rollups: [{resolution: 5m, retention: 10d}]}\n", "x.yml", "longer than 'retention'", 1 },
                { "storage:\n  rollups:\n  - {resolution: 5m, retention: 90d}\n  - {resolution: 7m, retention: 100d}\n",
                  "x.yml", "multiple of the one before", 3 },
                { "storage: {rollups: [{resolution: 1s, retention: 90d}]}\n", "x.yml", "between 1m and", 1 },
                { "a: [\n", "x.yml", "", 0 },
                { "groups: []\n", "x.yml", "this is a rule file", 1 },
                { "scrape_configs: [{job_name: j}, {job_name: j}]\n", "x.yml", "j", 1 },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const char *path = fixture_file(f, "x.yml", cases[i].text);
                assert_null(fixture_load(f, path));
                if (!fixture_said(f, cases[i].file, cases[i].line, cases[i].want))
                        fail_msg("%s: " STR_FMT ":%u: " STR_FMT, cases[i].text, STR_ARG(f->diags.list.data[0].file),
                                 f->diags.list.data[0].pos.line, STR_ARG(f->diags.list.data[0].message));
        }
        assert_null(fixture_load(f, "/nowhere/x.yml"));
        assert_true(fixture_said(f, "x.yml", 0, "/nowhere/x.yml"));
        fixture_free(f);
}

/* The reference in docs/ is what the tables say. */
static void the_reference_is_up_to_date(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf want = { .arena = arena }, got = { .arena = arena };
        Err err;
        const char *source = getenv("PHAROS_SOURCE");
        if (!source)
                skip();
        app_config_document(&want);
        assert_ok(file_read_all(fs_system(), str_printf(arena, "%s/docs/configuration.md", source).p, 16 << 20, &got,
                                &err),
                  err);
        if (!str_eq(buf_str(&want), buf_str(&got)))
                fail_msg(
                        "docs/configuration.md is not what the tables say: pharos help config > docs/configuration.md");
}

/* The systems that were asked for. */
static void the_seeds_load(void **state)
{
        (void)state;
        static const char *const files[] = { "marine-safety/prometheus/prometheus.yml",
                                             "marine-safety/alertmanager/alertmanager.yml",
                                             "openpolicy/prometheus-config.yaml",
                                             "datapunk-lake/prometheus-config.yaml",
                                             "openpolicy/alerts-critical.yaml",
                                             "marine-safety/prometheus/rules/marine_safety_critical.yml",
                                             "marine-safety/prometheus/rules/slo_alerts.yml",
                                             "marine-safety/prometheus/rules/slo_recording_rules.yml" };
        const char *shared = getenv("PHAROS_SHARED");
        Fixture *f = fixture_new();
        if (!shared || access(str_printf(f->arena, "%s/seeds", shared).p, R_OK) != 0) {
                fixture_free(f);
                skip();
        }
        for (size_t i = 0; i < ARRAY_LEN(files); i++) {
                Str kind;
                if (!fixture_check(f, str_printf(f->arena, "%s/seeds/%s", shared, files[i]).p, &kind))
                        fail_msg("%s: " STR_FMT, files[i], STR_ARG(f->diags.list.data[0].message));
        }
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_is_said_and_this_machine_is_watched),
                cmocka_unit_test(sections_are_inline_or_paths),
                cmocka_unit_test(standard_files_are_known_by_their_keys),
                cmocka_unit_test(what_handbooks_quote_is_loaded),
                cmocka_unit_test(one_mistake_refuses_everything_and_has_a_place),
                cmocka_unit_test(the_reference_is_up_to_date),
                cmocka_unit_test(the_seeds_load),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
