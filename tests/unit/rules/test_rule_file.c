#include "rules_fixture.h"

#include <unistd.h>

static void every_key_is_read(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Diags d;
        RuleFile file;
        bool ok = fixture_parse(f,
                                "groups:\n"
                                "- name: a\n"
                                "  interval: 10s\n"
                                "  query_offset: 1m\n"
                                "  limit: 7\n"
                                "  labels: {g: '1'}\n"
                                "  rules:\n"
                                "  - record: 'r:x'\n"
                                "    expr: sum(x)\n"
                                "    labels: {z: '1', a: ''}\n"
                                "  - alert: 'Any name'\n"
                                "    expr: 1\n"
                                "    for: 1m30s\n"
                                "    keep_firing_for: 2m\n"
                                "    labels: {severity: '{{ $value }}'}\n"
                                "    annotations: {s: t}\n"
                                "- name: b\n"
                                "---\n"
                                "groups:\n"
                                "- name: c\n",
                                "f.yml", &d, &file);
        assert_true(ok);
        assert_int_equal(file.n, 2);
        assert_str(d.list.data[0].message, "only the first of 2 documents is read");
        const RuleGroup *g = &file.groups[0];
        assert_str(g->name, "a");
        assert_str(g->file, "f.yml");
        assert_int_equal(g->interval_ms, 10000);
        assert_int_equal(g->query_offset_ms, 60000);
        assert_int_equal(g->limit, 7);
        assert_int_equal(g->labels.n, 1);
        assert_int_equal(g->n, 2);
        assert_false(g->rules[0].alerting);
        assert_str(g->rules[0].expr_text, "sum(x)");
        assert_non_null(g->rules[0].expr);
        assert_str(g->rules[0].labels.data[0].name, "a"); /* sorted, the empty one stays */
        assert_int_equal(g->rules[0].labels.n, 2);
        assert_true(g->rules[1].alerting);
        assert_int_equal(g->rules[1].for_ms, 90000);
        assert_int_equal(g->rules[1].keep_firing_for_ms, 120000);
        assert_int_equal(g->rules[1].pos.line, 11);
        assert_int_equal(file.groups[1].interval_ms, 0);
        assert_int_equal(file.groups[1].query_offset_ms, -1);
        assert_true(fixture_parse(f, "", "f.yml", &d, &file));
        assert_int_equal(file.n, 0);
        assert_true(fixture_parse(f, "groups:\n", "f.yml", &d, &file));
        fixture_free(f);
}

static void what_upstream_passes_over_is_passed_over(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Diags d;
        RuleFile file;
        assert_true(
                fixture_parse(f,
                              "groups: [{name: g, limit: -1, labels: , rules: [{record: r, expr: up, labels: , for: "
                              "0s, keep_firing_for: 0s}]}]",
                              "f.yml", &d, &file));
        assert_int_equal(file.groups[0].limit, 0);
        assert_false(fixture_parse(f, "groups: [{name: g, limit: many}]", "f.yml", &d, &file));
        assert_false(fixture_parse(f, "groups: [{name: g, labels: {__name__: x}}]", "f.yml", &d, &file));
        assert_false(fixture_parse(f, "groups: [{name: g, labels: {'': x}}]", "f.yml", &d, &file));
        fixture_free(f);
}

#define IN_GROUP(rule) "groups:\n- name: g\n  rules:\n  - " rule "\n"

static void mistakes_point_into_the_file(void **state)
{
        (void)state;
        static const struct {
                const char *yaml, *want;
                unsigned line, col;
        } cases[] = {
                { IN_GROUP("{alert: A, expr: 'sum(x'}"), "unclosed left parenthesis", 4, 0 },
                { IN_GROUP("{alert: A, expr: sum(x) + rate(x)}"), "1:15: parse error", 4, 36 },
                { IN_GROUP("{alert: A, expr: 'sum(x) + rate(x)'}"), "1:15: parse error", 4, 37 },
                { IN_GROUP("alert: A\n    expr: |\n      sum(x)\n      + rate(x)"), "2:8: parse error", 7, 0 },
                { IN_GROUP("{alert: A}"), "field 'expr' must be set", 4, 5 },
                { IN_GROUP("{alert: A, expr: {a: b}}"), "'expr' must be a text", 4, 0 },
                { IN_GROUP("{expr: x}"), "one of 'record' or 'alert'", 4, 5 },
                { IN_GROUP("{alert: A, record: b, expr: x}"), "only one of 'record' and 'alert'", 4, 5 },
                { IN_GROUP("{record: b, expr: x, for: 1m}"), "invalid field 'for'", 4, 5 },
                { IN_GROUP("{record: b, expr: x, keep_firing_for: 1m}"), "invalid field 'keep_firing_for'", 4, 5 },
                { IN_GROUP("{record: b, expr: x, annotations: {a: b}}"), "invalid field 'annotations'", 4, 5 },
                { IN_GROUP("{record: 'b{a=\"c\"}', expr: x}"), "braces present", 4, 14 },
                { IN_GROUP("{alert: A, expr: x, labels: {__name__: b}}"), "invalid label name: '__name__'", 4, 5 },
                { IN_GROUP("{alert: A, expr: x, labels: {a: '{{ .x'}}"), "label 'a'", 4, 5 },
                { IN_GROUP("{alert: A, expr: x, annotations: {s: '{{ $nope }}'}}"), "annotation 's'", 4, 5 },
                { IN_GROUP("{alert: A, record: {a: b}, expr: x}"), "'record' must be a text", 4, 0 },
                { IN_GROUP("{alert: [A], expr: x}"), "'alert' must be a text", 4, 0 },
                { IN_GROUP("{alert: A, expr: x, labels: [a]}"), "'labels' needs a mapping", 4, 0 },
                { IN_GROUP("{alert: A, expr: x, labels: {a: [b]}}"), "label 'a' needs a text", 4, 0 },
                { IN_GROUP("{alert: A, expr: x, for: soon}"), "for", 4, 0 },
                { IN_GROUP("{alert: A, expr: x, annotation: {}}"), "did you mean 'annotations'", 4, 0 },
                { "groups:\n- name: g\n- name: g\n", "groupname: 'g' is repeated", 3, 3 },
                { "groups:\n- rules: []\n", "a group has no name", 2, 3 },
                { "groups: 3\n", "groups", 1, 0 },
                { "grups: []\n", "did you mean 'groups'", 1, 0 },
                { "groups: [\n", "", 0, 0 },
                { "groups:\n- name: g\n  name: h\n", "", 0, 0 },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Fixture *f = fixture_new();
                Diags d;
                RuleFile file;
                if (fixture_parse(f, cases[i].yaml, "f.yml", &d, &file))
                        fail_msg("accepted: %s", cases[i].yaml);
                bool found = false;
                for (size_t k = 0; k < d.list.len; k++) {
                        const Diag *it = &d.list.data[k];
                        found |= str_find(it->message, str_of(cases[i].want)) != SIZE_MAX &&
                                 (!cases[i].line || it->pos.line == cases[i].line) &&
                                 (!cases[i].col || it->pos.col == cases[i].col);
                }
                if (!found)
                        fail_msg("%s: %u:%u: " STR_FMT, cases[i].yaml, d.list.data[0].pos.line, d.list.data[0].pos.col,
                                 STR_ARG(d.list.data[0].message));
                fixture_free(f);
        }
}

/* Invariant 2. */
static void all_mistakes_are_reported_together(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Diags d;
        RuleFile file;
        assert_false(fixture_parse(
                f,
                "groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'x('}\n  - {record: r}\n  - {alert: C, expr: x, annotations: {a: '{{'}}\n",
                "f.yml", &d, &file));
        assert_int_equal(d.errors, 3);
        fixture_free(f);
}

static void legacy_names_are_narrower(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        static const char *const cases[] = {
                IN_GROUP("{alert: A, expr: x, labels: {'a b': c}}"),
                IN_GROUP("{alert: A, expr: x, annotations: {'a-b': c}}"),
                IN_GROUP("{record: 'a b', expr: x}"),
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                for (int legacy = 0; legacy < 2; legacy++) {
                        RulesDialect dialect = { .features = promql_features_default(), .legacy_names = legacy };
                        Diags d;
                        RuleFile file;
                        diags_init(&d, f->arena);
                        assert_int_equal(rules_parse(str_of(cases[i]), STR("f.yml"), &dialect, f->arena, &d, &file),
                                         !legacy);
                }
        }
        fixture_free(f);
}

static void files_are_read(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        RulesDialect dialect = { .features = promql_features_default() };
        Diags d;
        RuleFile file;
        char path[] = "/tmp/pharos-rules-XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "groups: [{name: g}]", 19), 19);
        close(fd);
        diags_init(&d, f->arena);
        assert_true(rules_load_file(path, &dialect, f->arena, &d, &file));
        assert_str(file.groups[0].file, path);
        unlink(path);
        assert_false(rules_load_file(path, &dialect, f->arena, &d, &file));
        assert_int_equal(d.errors, 1);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_is_read),
                cmocka_unit_test(what_upstream_passes_over_is_passed_over),
                cmocka_unit_test(mistakes_point_into_the_file),
                cmocka_unit_test(all_mistakes_are_reported_together),
                cmocka_unit_test(legacy_names_are_narrower),
                cmocka_unit_test(files_are_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
