#include "testing.h"

#include "app/app_flags.h"

static bool parse(AppFlags *f, Err *err, int argc, ...)
{
        char *argv[16];
        va_list ap;
        va_start(ap, argc);
        for (int i = 0; i < argc; i++)
                argv[i] = va_arg(ap, char *);
        va_end(ap);
        return app_flags_parse(argc, argv, f, err);
}

static void defaults_are_prometheus(void **state)
{
        (void)state;
        AppFlags f;
        Err err;
        assert_ok(parse(&f, &err, 0), err);
        assert_null(f.config);
        assert_string_equal(f.listen, "127.0.0.1:9090");
        assert_int_equal(f.lookback_ms, 300000);
        assert_int_equal(f.query_max_samples, 50000000);
        assert_int_equal(f.for_outage_tolerance_ms, 3600000);
        assert_int_equal(f.resend_delay_ms, 60000);
        assert_int_equal(f.log_level, LOG_LV_INFO);
        assert_false(f.lifecycle);
        assert_int_equal(f.retention_ms, 0); /* the configuration's */
}

static void names_of_prometheus_and_our_own(void **state)
{
        (void)state;
        AppFlags f;
        Err err;
        assert_ok(parse(&f, &err, 8, "--config.file=a.yml", "--storage.tsdb.path", "/d", "--web.listen-address=:1",
                        "--web.enable-lifecycle", "--storage.tsdb.retention.time=30d",
                        "--storage.tsdb.retention.size=512MB", "-log.level=debug"),
                  err);
        assert_string_equal(f.config, "a.yml");
        assert_string_equal(f.data, "/d");
        assert_string_equal(f.listen, ":1");
        assert_true(f.lifecycle);
        assert_int_equal(f.retention_ms, INT64_C(30) * 86400000);
        assert_int_equal(f.retention_bytes, 512 << 20);
        assert_int_equal(f.log_level, LOG_LV_DEBUG);
        assert_ok(parse(&f, &err, 6, "--config", "b.yml", "--data=e", "--listen", "h:2", "--no-web.enable-lifecycle"),
                  err);
        assert_string_equal(f.config, "b.yml");
        assert_false(f.lifecycle);
        assert_ok(parse(&f, &err, 2, "--web.enable-lifecycle=false", "--log.format=json"), err);
        assert_false(f.lifecycle);
        assert_int_equal(f.log_format, LOG_FMT_JSON);
}

static void unit_files_start_unchanged(void **state)
{
        (void)state;
        AppFlags f;
        Err err;
        assert_ok(parse(&f, &err, 6, "--config.file=/etc/prometheus/prometheus.yml", "--web.console.libraries=/x",
                        "--web.console.templates", "/y", "--storage.tsdb.wal-compression",
                        "--web.enable-remote-write-receiver"),
                  err);
        assert_ok(parse(&f, &err, 4, "--config.file=/etc/alertmanager.yml", "--storage.path=/d",
                        "--cluster.listen-address=", "--data.retention=120h"),
                  err);
        assert_ok(
                parse(&f, &err, 1,
                      "--enable-feature=promql-experimental-functions,promql-duration-expr,memory-snapshot-on-shutdown"),
                err);
        assert_true(f.features.experimental_functions && f.features.duration_expr);
        assert_int_equal(f.matchers, ALERT_MATCHERS_FALLBACK);
        assert_ok(parse(&f, &err, 1, "--enable-feature=alert-names-in-metrics,classic-mode"), err);
        assert_int_equal(f.matchers, ALERT_MATCHERS_CLASSIC);
        assert_ok(parse(&f, &err, 1, "--enable-feature=utf8-strict-mode"), err);
        assert_int_equal(f.matchers, ALERT_MATCHERS_UTF8);
}

static void mistakes_name_the_flag(void **state)
{
        (void)state;
        static const struct {
                const char *arg, *want;
        } cases[] = {
                { "--confg=x", "did you mean '--config'" },
                { "--web.listen-adress=x", "did you mean '--web.listen-address'" },
                { "--enable-feature=promql-duration-exprs", "did you mean 'promql-duration-expr'" },
                { "--enable-feature=classic-mod", "did you mean 'classic-mode'" },
                { "--enable-feature=classic-mode,utf8-strict-mode", "exclude each other" },
                { "--something-else-entirely", "unknown flag '--something-else-entirely'; 'pharos help serve'" },
                { "--query.timeout=soon", "--query.timeout: 'soon' is not a duration" },
                { "--storage.tsdb.retention.size=big", "is not a size" },
                { "--query.max-samples=-1", "is not a valid value" },
                { "--log.level=loud", "is not a valid value" },
                { "--log.format=xml", "is not a valid value" },
                { "--web.enable-lifecycle=maybe", "is not a valid value" },
                { "--no-config", "unknown flag '--no-config'" },
                { "--config", "--config needs a value" },
                { "file.yml", "unexpected argument 'file.yml'" },
                { "--", "unknown flag" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AppFlags f = { .config = "untouched" };
                Err err;
                assert_false(parse(&f, &err, 1, cases[i].arg));
                assert_int_equal(err.code, ERR_INVALID);
                assert_contains(err.msg, cases[i].want);
                assert_string_equal(f.config, "untouched");
        }
}

static void help_and_list_name_every_flag(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AppFlags f;
        Err err;
        Buf help = { .arena = arena };
        Str *names, *values;
        size_t n, seen = 0;
        assert_ok(parse(&f, &err, 1, "--query.timeout=90s"), err);
        app_flags_help(&help);
        assert_contains(buf_cstr(&help), "--web.listen-address");
        app_flags_list(&f, arena, &names, &values, &n);
        for (size_t i = 0; i < n; i++) {
                if (str_eq(names[i], STR("query.timeout")))
                        assert_str(values[i], "1m30s");
                else if (str_eq(names[i], STR("log.level")))
                        assert_str(values[i], "info");
                else if (str_eq(names[i], STR("log.format")))
                        assert_str(values[i], "logfmt");
                else if (str_eq(names[i], STR("web.enable-admin-api")))
                        assert_str(values[i], "false");
                else
                        continue;
                seen++;
        }
        assert_int_equal(seen, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(defaults_are_prometheus),       cmocka_unit_test(names_of_prometheus_and_our_own),
                cmocka_unit_test(unit_files_start_unchanged),    cmocka_unit_test(mistakes_name_the_flag),
                cmocka_unit_test(help_and_list_name_every_flag),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
