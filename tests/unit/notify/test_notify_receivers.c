#include "notify_fixture.h"

static void every_key_of_a_webhook_is_bound(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Diags d;
        NotifyReceivers *all;
        assert_true(fixture_bind(
                f,
                "[{name: a, labels: {x: y}, webhook_configs: [{url: 'https://x.example.com/h', send_resolved: false, max_alerts: 3, timeout: 2s, "
                "http_config: {follow_redirects: false}}, {url_file: u}], log_configs: [{send_resolved: false}], slack_configs: }, {name: b}]",
                &d, &all));
        assert_int_equal(d.list.len, 0);
        assert_int_equal(all->n, 2);
        const ReceiverBound *r = &all->data[0];
        assert_int_equal(r->n, 3);
        assert_str(r->integrations[0].name, "webhook[0]");
        assert_false(r->integrations[0].send_resolved);
        assert_int_equal(r->integrations[0].webhook.max_alerts, 3);
        assert_int_equal(r->integrations[0].webhook.timeout_ms, 2000);
        assert_false(r->integrations[0].webhook.http.follow_redirects);
        assert_str(r->integrations[1].webhook.url_file, "/tmp/u");
        assert_true(r->integrations[1].send_resolved);
        assert_int_equal(r->integrations[2].kind, INTEGRATION_LOG);
        assert_int_equal(all->data[1].n, 0);
        fixture_free(f);
}

static void what_is_not_delivered_yet_warns_by_name(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Diags d;
        NotifyReceivers *all;
        assert_true(fixture_bind(
                f,
                "[{name: ops, slack_configs: [{channel: x}], email_configs: [{to: a@example.com}], pagerduty_configs: [{}]}]",
                &d, &all));
        assert_int_equal(d.list.len, 3);
        assert_true(str_find(d.list.data[0].message, STR("'ops': slack is not delivered")) != SIZE_MAX);
        assert_int_equal(all->data[0].integrations[0].kind, INTEGRATION_UNSENT);
        assert_false(all->data[0].integrations[0].send_resolved); /* upstream's defaults: slack and email do not */
        assert_false(all->data[0].integrations[1].send_resolved);
        assert_true(all->data[0].integrations[2].send_resolved);
        fixture_free(f);
}

static void mistakes_have_a_place(void **state)
{
        (void)state;
        static const char *const cases[][2] = {
                { "[{name: a, webhook_configs: [{}]}]", "one of url or url_file" },
                { "[{name: a, webhook_configs: [{url: 'http://x/', url_file: y}]}]", "at most one of" },
                { "[{name: a, webhook_configs: [{url: 'ftp://x/'}]}]", "http://host" },
                { "[{name: a, webhook_configs: [{url: 'x'}]}]", "http://host" },
                { "[{name: a, webhook_configs: {url: 'http://x/'}}]", "must be a list" },
                { "[{name: a, webhook_configs: [{url: 'http://x/', max_alert: 1}]}]", "max_alerts" },
                { "[{name: a, webhok_configs: []}]", "unknown key 'webhok_configs'" },
                { "[{name: a, pigeon_configs: []}]", "unknown key 'pigeon_configs'" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Fixture *f = fixture_new();
                Diags d;
                NotifyReceivers *all;
                if (fixture_bind(f, cases[i][0], &d, &all))
                        fail_msg("accepted: %s", cases[i][0]);
                assert_int_equal(d.list.data[0].pos.line, 1);
                if (str_find(d.list.data[0].message, str_of(cases[i][1])) == SIZE_MAX)
                        fail_msg("%s: " STR_FMT, cases[i][0], STR_ARG(d.list.data[0].message));
                fixture_free(f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_key_of_a_webhook_is_bound),
                cmocka_unit_test(what_is_not_delivered_yet_warns_by_name),
                cmocka_unit_test(mistakes_have_a_place),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
