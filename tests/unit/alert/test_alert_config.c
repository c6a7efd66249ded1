#include "alert_fixture.h"

static AlertConfig must_bind(Fixture *f, const char *yaml)
{
        AlertConfig c;
        Diags d;
        if (!fixture_bind(f, yaml, &c, &d))
                fail_msg(STR_FMT, STR_ARG(d.list.data[0].message));
        return c;
}

static void every_key_is_read_and_inherited(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertConfig c = must_bind(
                f,
                "global: {resolve_timeout: 3m, smtp_smarthost: 'mail.example.com:25'}\n"
                "templates: ['a.tmpl', 'b/*.tmpl']\n"
                "route:\n"
                "  receiver: r\n"
                "  group_by: [b, a]\n"
                "  group_wait: 1s\n"
                "  labels: {team: x}\n"
                "  routes:\n"
                "  - matchers: [z=\"1\", 'a=~\"x|y\", b!=\"q\"']\n"
                "    match: {m: v}\n"
                "    match_re: {n: 'v.*'}\n"
                "    continue: true\n"
                "    group_interval: 2m\n"
                "    routes:\n"
                "    - {receiver: s, group_by: [], repeat_interval: 1d}\n"
                "  - {group_by: ['...']}\n"
                "receivers:\n"
                "- {name: r}\n"
                "- {name: s, webhook_configs: [{url: 'http://127.0.0.1/'}]}\n"
                "inhibit_rules: [{source_matchers: [a=b], target_matchers: [c=d], equal: [e]}]\n"
                "time_intervals: [{name: night, time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}]}]}]\n");
        assert_int_equal(c.resolve_timeout_ms, 180000);
        assert_int_equal(c.templates.n, 2);
        assert_int_equal(c.n_receivers, 2);
        assert_non_null(yaml_get(c.receivers[1].node, STR("webhook_configs")));
        const AlertRoute *root = c.root;
        assert_int_equal(root->group_wait_ms, 1000);
        assert_int_equal(root->group_interval_ms, 300000);
        assert_int_equal(root->repeat_interval_ms, 4 * 3600000);
        assert_int_equal(root->n, 2);
        const AlertRoute *one = &root->routes[0];
        assert_true(one->continue_matching);
        assert_str(one->receiver, "r");
        assert_int_equal(one->group_by.n, 2);
        assert_int_equal(one->group_interval_ms, 120000);
        assert_int_equal(one->matchers.n, 5); /* sorted by name */
        assert_str(one->matchers.data[0].name, "a");
        assert_str(one->matchers.data[4].name, "z");
        assert_false(one->routes[0].continue_matching);
        assert_str(one->routes[0].receiver, "s");
        assert_int_equal(one->routes[0].group_by.n, 0);
        assert_int_equal(one->routes[0].group_wait_ms, 1000);
        assert_int_equal(one->routes[0].repeat_interval_ms, 86400000);
        assert_int_equal(one->routes[0].matchers.n, 0);
        assert_true(root->routes[1].group_by_all);
        fixture_free(f);
}

static void what_upstream_refuses_is_refused_with_a_place(void **state)
{
        (void)state;
        static const struct {
                const char *yaml, *want;
                unsigned line;
        } cases[] = {
                { "receivers: [{name: r}]\n", "no routes", 1 },
                { "route: {group_by: [a]}\nreceivers: [{name: r}]\n", "default receiver", 1 },
                { "\nroute: {receiver: x}\nreceivers: [{name: r}]\n", "'x'", 2 },
                { "route: {receiver: r, matchers: [a=b]}\nreceivers: [{name: r}]\n",
                  "root route must not have any matchers", 1 },
                { "route: {receiver: r, match: {a: b}}\nreceivers: [{name: r}]\n",
                  "root route must not have any matchers", 1 },
                { "route: {receiver: r, continue: true}\nreceivers: [{name: r}]\n", "continue", 1 },
                { "route: {receiver: r, mute_time_intervals: [x]}\nreceivers: [{name: r}]\n", "time intervals", 1 },
                { "route: {receiver: r, group_by: [a, a]}\nreceivers: [{name: r}]\n", "duplicated label", 1 },
                { "route: {receiver: r, group_by: ['...', a]}\nreceivers: [{name: r}]\n", "wildcard", 1 },
                { "route: {receiver: r, group_interval: 0s}\nreceivers: [{name: r}]\n", "group_interval cannot be zero",
                  1 },
                { "route: {receiver: r, repeat_interval: 0s}\nreceivers: [{name: r}]\n",
                  "repeat_interval cannot be zero", 1 },
                { "route: {receiver: r}\nreceivers:\n- {name: r}\n- {name: r}\n", "not unique", 4 },
                { "route: {receiver: r}\nreceivers:\n- {webhook_configs: []}\n- {name: r}\n", "missing name", 3 },
                { "route:\n  receiver: r\n  routes:\n  - {matchers: ['a=~\"(\"']}\nreceivers: [{name: r}]\n", "a=~",
                  4 },
                { "route:\n  receiver: r\n  routes:\n  - {matchers: ['a']}\nreceivers: [{name: r}]\n", "'a'", 4 },
                { "route: {receiver: r, group_wiat: 1s}\nreceivers: [{name: r}]\n", "did you mean 'group_wait'", 1 },
                { "global: {resolve_timeout: soon}\nroute: {receiver: r}\nreceivers: [{name: r}]\n", "resolve_timeout",
                  1 },
                { "route: {receiver: r}\nreceivers: r\n", "must be a list", 2 },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Fixture *f = fixture_new();
                AlertConfig c;
                Diags d;
                if (fixture_bind(f, cases[i].yaml, &c, &d))
                        fail_msg("accepted: %s", cases[i].yaml);
                bool found = false;
                for (size_t k = 0; k < d.list.len; k++)
                        found |= str_find(d.list.data[k].message, str_of(cases[i].want)) != SIZE_MAX &&
                                 d.list.data[k].pos.line == cases[i].line;
                if (!found)
                        fail_msg("%s: %u: " STR_FMT, cases[i].yaml, d.list.data[0].pos.line,
                                 STR_ARG(d.list.data[0].message));
                fixture_free(f);
        }
}

static void inhibition_and_intervals_are_read(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertConfig c;
        Diags d;
        assert_true(fixture_bind(f,
                                 "route: {receiver: r, labels: {team: a, x: y}, routes: [{mute_time_intervals: [n], "
                                 "active_time_intervals: [m], labels: {team: b}}]}\n"
                                 "receivers: [{name: r, labels: {k: v}}]\n"
                                 "inhibit_rules: [{name: down, source_match: {a: b}, target_match_re: {c: d|e}, "
                                 "target_matchers: ['f!=g'], equal: [h, i]}]\n"
                                 "mute_time_intervals: [{name: m, time_intervals: []}]\n"
                                 "time_intervals: [{name: n, time_intervals: [{weekdays: [sunday]}]}]\n",
                                 &c, &d));
        assert_int_equal(d.list.len, 0);
        assert_int_equal(c.n_inhibit_rules, 1);
        assert_str(c.inhibit_rules[0].name, "down");
        assert_int_equal(c.inhibit_rules[0].source.n, 1);
        assert_int_equal(c.inhibit_rules[0].target.n, 2);
        assert_str(c.inhibit_rules[0].target.data[0].value, "d|e");
        assert_int_equal(c.inhibit_rules[0].equal.n, 2);
        assert_int_equal(c.intervals.n, 2);
        assert_int_equal(c.root->mute_intervals.n, 0);
        assert_str(c.root->routes[0].mute_intervals.data[0], "n");
        assert_str(c.root->routes[0].active_intervals.data[0], "m");
        assert_str(labels_get(c.root->routes[0].labels, STR("team")), "b"); /* a child's win */
        assert_str(labels_get(c.root->routes[0].labels, STR("x")), "y");
        assert_str(labels_get(c.receivers[0].labels, STR("k")), "v");
        fixture_free(f);
}

/* 0.25 knows no UTF-8 names, but a thirteenth month. */
static void what_is_empty_counts_as_upstream_counts_it(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertConfig c = must_bind(f, "route:\n"
                                     "  receiver: r\n"
                                     "  matchers: ['']\n"
                                     "  group_interval: null\n"
                                     "  routes:\n"
                                     "  - match: {team: '', env:}\n"
                                     "  - matchers: ['a=b, ', ' ']\n"
                                     "receivers: [{name: r}]\n");
        assert_int_equal(c.root->group_interval_ms, 300000);
        assert_int_equal(c.root->routes[0].matchers.n, 2); /* no label is a condition too */
        assert_str(c.root->routes[0].matchers.data[1].name, "team");
        assert_str(c.root->routes[0].matchers.data[1].value, "");
        assert_int_equal(c.root->routes[1].matchers.n, 1);
        fixture_free(f);
}

static void days_are_compared_as_upstream_compares_them(void **state)
{
        (void)state;
        static const struct {
                const char *days;
                bool good;
        } cases[] = { { "'10:-18'", true }, { "'10:-19'", false }, { "'1:-28'", false }, { "'28:-1'", false },
                      { "'-31:-1'", true }, { "'-4:-5'", false },  { "' 1'", false },    { "'1 : 2'", false } };
        Fixture *f = fixture_new();
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AlertConfig c;
                Diags d;
                Str yaml = str_printf(f->arena,
                                      "route: {receiver: r}\nreceivers: [{name: r}]\n"
                                      "time_intervals: [{name: a, time_intervals: [{days_of_month: [%s]}]}]\n",
                                      cases[i].days);
                if (fixture_bind(f, yaml.p, &c, &d) != cases[i].good)
                        fail_msg("%s", cases[i].days);
        }
        fixture_free(f);
}

/* A configuration with the receiver r, not bound yet. */
static const YamlNode *read_with_receiver(Fixture *f, const char *yaml, Diags *d, OptionCtx *ctx)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        diags_init(d, f->arena);
        *ctx = (OptionCtx){ .arena = f->arena, .diags = d, .file = STR("am.yml"), .base_dir = STR(".") };
        Str text = str_printf(f->arena, "%s\nreceivers: [{name: r}]\n", yaml);
        assert_true(yaml_parse(text, f->arena, &docs, &n, &errors, &n_errors));
        return docs[0];
}

static void versions_differ(void **state)
{
        (void)state;
        static const struct {
                const char *yaml;
                bool old, new;
        } cases[] = {
                { "route: {receiver: r, group_by: [-a]}", false, true },
                { "route: {receiver: r, routes: [{matchers: ['a-b=c']}]}", false, true },
                { "route: {receiver: r}\ninhibit_rules: [{equal: ['a b']}]", false, true },
                { "route: {receiver: r}\ninhibit_rules: [~]", true, true },
                { "route: {receiver: r, routes: [~]}", false, false },
                { "route: {receiver: r}\ntime_intervals: [{name: x, time_intervals: [{months: ['13']}]}]", true, true },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Fixture *f = fixture_new();
                AlertConfig c;
                Diags d;
                OptionCtx ctx;
                const YamlNode *doc = read_with_receiver(f, cases[i].yaml, &d, &ctx);
                assert_int_equal(alert_config_bind_as(doc, ALERT_COMPAT_AM_0_25, &ctx, &c), cases[i].old);
                assert_int_equal(alert_config_bind_as(doc, ALERT_COMPAT_AM_0_34, &ctx, &c), cases[i].new);
                fixture_free(f);
        }
}

static void modes_of_matchers_differ(void **state)
{
        (void)state;
        static const struct {
                const char *yaml;
                bool fallback, classic, utf8;
                bool told; /* a warning in the default mode */
        } cases[] = {
                { "route: {receiver: r, group_by: [-a]}", true, false, true, false },
                { "route: {receiver: r, routes: [{matchers: ['a-b=c']}]}", true, false, true, false },
                { "route: {receiver: r, routes: [{matchers: ['a=']}]}", true, true, false, true },
                { "route: {receiver: r}\ninhibit_rules: [{equal: ['a b']}]", true, false, true, false },
                { "route: {receiver: r}\ninhibit_rules: [{source_matchers: [a='b']}]", true, true, false, true },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Fixture *f = fixture_new();
                AlertConfig c;
                Diags d;
                OptionCtx ctx;
                const YamlNode *doc = read_with_receiver(f, cases[i].yaml, &d, &ctx);
                assert_int_equal(alert_config_bind_mode(doc, ALERT_COMPAT_AM_0_34, ALERT_MATCHERS_FALLBACK, &ctx, &c),
                                 cases[i].fallback);
                assert_int_equal(c.matchers, ALERT_MATCHERS_FALLBACK);
                assert_int_equal(d.list.len, cases[i].told);
                assert_int_equal(alert_config_bind_mode(doc, ALERT_COMPAT_AM_0_34, ALERT_MATCHERS_CLASSIC, &ctx, &c),
                                 cases[i].classic);
                assert_int_equal(alert_config_bind_mode(doc, ALERT_COMPAT_PHAROS, ALERT_MATCHERS_UTF8, &ctx, &c),
                                 cases[i].utf8);
                assert_int_equal(alert_config_bind_mode(doc, ALERT_COMPAT_AM_0_25, ALERT_MATCHERS_UTF8, &ctx, &c),
                                 cases[i].classic);
                assert_contains(d.list.data[d.list.len - 1].message.p,
                                cases[i].classic ? "utf8-strict-mode has no effect" : "");
                fixture_free(f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_is_read_and_inherited),
                cmocka_unit_test(what_upstream_refuses_is_refused_with_a_place),
                cmocka_unit_test(inhibition_and_intervals_are_read),
                cmocka_unit_test(modes_of_matchers_differ),
                cmocka_unit_test(what_is_empty_counts_as_upstream_counts_it),
                cmocka_unit_test(days_are_compared_as_upstream_compares_them),
                cmocka_unit_test(versions_differ),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
