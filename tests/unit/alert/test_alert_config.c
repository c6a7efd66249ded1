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

static void what_has_no_effect_yet_warns(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        AlertConfig c;
        Diags d;
        assert_true(fixture_bind(f,
                                 "route: {receiver: r, routes: [{mute_time_intervals: [n]}]}\nreceivers: [{name: r}]\n"
                                 "inhibit_rules: [{}]\ntime_intervals: [{name: n, time_intervals: []}]\n",
                                 &c, &d));
        assert_int_equal(d.list.len, 2);
        assert_int_equal(d.errors, 0);
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_is_read_and_inherited),
                cmocka_unit_test(what_upstream_refuses_is_refused_with_a_place),
                cmocka_unit_test(what_has_no_effect_yet_warns),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
