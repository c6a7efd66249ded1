#include "app_fixture.h"

#include "app/app_check.h"

/* What the command says is for people; what it answers is for scripts. */
static int check(char *a, char *b, char *c)
{
        char *argv[] = { a, b, c };
        int argc = c ? 3 : b ? 2 : 1;
        fflush(stdout);
        int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
        assert_non_null(freopen("/dev/null", "w", stdout));
        assert_non_null(freopen("/dev/null", "w", stderr));
        int status = app_check_run(argc, argv);
        fflush(stdout);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        close(out);
        close(err);
        return status;
}

/* A file that flags may name. */
static char *path_of(Fixture *f, const char *name, const char *text)
{
        return str_dupz(f->arena, str_of(fixture_file(f, name, text)));
}

static void the_exit_status_says_what_was_found(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        char fatal[] = "--lint-fatal", lint[] = "--lint", json[] = "--json", wrong[] = "--wrong";
        char *good = path_of(f, "good.yml", "groups: [{name: g, rules: [{record: r, expr: up}]}]");
        char *doubtful = path_of(f, "doubtful.yml", "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]");
        char *list = path_of(f, "list.yml", "- {alert: A, expr: up == 0}");
        char *bad = path_of(f, "bad.yml", "groups: [{name: g, rules: [{record: r, expr: 'up +'}]}]");
        assert_int_equal(check(good, NULL, NULL), 0);
        assert_int_equal(check(fatal, good, NULL), 0);
        assert_int_equal(check(doubtful, NULL, NULL), 0);
        assert_int_equal(check(lint, json, doubtful), 0);
        assert_int_equal(check(fatal, doubtful, NULL), 3);
        assert_int_equal(check(fatal, list, NULL), 3);
        assert_int_equal(check(fatal, bad, NULL), 1);
        assert_int_equal(check(wrong, good, NULL), 2);
        assert_int_equal(check(lint, NULL, NULL), 2);
        fixture_free(f);
}

static void rules_are_checked_as_promtool_does(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        char rules[] = "rules", fatal[] = "--lint-fatal", none[] = "--lint=none", all[] = "--lint=all";
        char ignore[] = "--ignore-unknown-fields", duplicates[] = "--lint=duplicate-rules";
        char *doubtful = path_of(f, "doubtful.yml", "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]");
        char *twice = path_of(f, "twice.yml",
                              "groups: [{name: g, rules: [{alert: A, expr: up == 0, for: 1m}, "
                              "{alert: A, expr: up == 1, for: 1m}]}]");
        char *own = path_of(f, "own.yml", "groups: [{name: g, team: a, rules: [{record: r, expr: up}]}]");
        char *list = path_of(f, "list.yml", "- {alert: A, expr: up == 0}");
        assert_int_equal(check(rules, doubtful, fatal), 0);
        assert_int_equal(check(rules, twice, NULL), 0);
        assert_int_equal(check(rules, twice, fatal), 3);
        assert_int_equal(check(fatal, twice, duplicates), 3);
        assert_int_equal(check(fatal, doubtful, duplicates), 0);
        assert_int_equal(check(fatal, twice, none), 0);
        assert_int_equal(check(fatal, doubtful, all), 3);
        assert_int_equal(check(rules, own, NULL), 1);
        assert_int_equal(check(rules, own, ignore), 0);
        assert_int_equal(check(rules, list, NULL), 1);
        fixture_free(f);
}

static void flags_say_how_a_rule_file_is_read(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        char legacy[] = "--legacy-names", feature[] = "--enable-feature=promql-experimental-functions";
        char *dash = path_of(f, "dash.yml", "- {alert: A, expr: up == 0, annotations: {ins-tance: a}}");
        char *mad = path_of(f, "mad.yml", "- {record: r, expr: 'mad_over_time(up[5m])'}");
        assert_int_equal(check(dash, NULL, NULL), 0);
        assert_int_equal(check(legacy, dash, NULL), 1);
        assert_int_equal(check(mad, NULL, NULL), 1);
        assert_int_equal(check(feature, mad, NULL), 0);
        char classic[] = "--enable-feature=classic-mode", strict[] = "--enable-feature=utf8-strict-mode";
        char *dashes = path_of(f, "am.yml",
                               "route: {receiver: r, routes: [{matchers: [a-b=c]}]}\n"
                               "receivers: [{name: r}]\n");
        char *empty = path_of(f, "am2.yml",
                              "route: {receiver: r, routes: [{matchers: [a=]}]}\n"
                              "receivers: [{name: r}]\n");
        assert_int_equal(check(dashes, empty, NULL), 0);
        assert_int_equal(check(classic, dashes, NULL), 1);
        assert_int_equal(check(classic, empty, NULL), 0);
        assert_int_equal(check(strict, dashes, NULL), 0);
        assert_int_equal(check(strict, empty, NULL), 1);
        fixture_free(f);
}

static void scrapes_that_are_too_far_apart_are_found(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RulesDialect dialect = { .features = promql_features_default() };
        Str kind;
        size_t found = 0;
        const char *path = fixture_file(
                f, "prometheus.yml",
                "scrape_configs:\n"
                "- {job_name: slow, scrape_interval: 10m, static_configs: [{targets: ['127.0.0.1:1']}]}\n"
                "- {job_name: fast, static_configs: [{targets: ['127.0.0.1:1']}]}\n");
        assert_true(app_config_check_file(path, &dialect, ALERT_MATCHERS_FALLBACK, false, &f->diags, &kind, &found));
        assert_int_equal(found, 1);
        assert_true(fixture_said(f, "prometheus.yml", 0, "[too-long-scrape-interval] job 'slow'"));
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_exit_status_says_what_was_found),
                cmocka_unit_test(rules_are_checked_as_promtool_does),
                cmocka_unit_test(flags_say_how_a_rule_file_is_read),
                cmocka_unit_test(scrapes_that_are_too_far_apart_are_found),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
