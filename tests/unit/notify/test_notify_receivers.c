#include "notify_fixture.h"

static void integrations_are_named_and_keep_their_defaults(void **state)
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
        assert_false(r->integrations[0].options->send_resolved);
        assert_int_equal(r->integrations[0].options->timeout_ms, 2000);
        assert_false(r->integrations[0].options->http->follow_redirects);
        assert_true(r->integrations[1].options->http->follow_redirects);
        assert_true(r->integrations[1].options->send_resolved);
        assert_ptr_equal(r->integrations[2].kind, &notify_log_kind);
        assert_int_equal(all->data[1].n, 0);
        fixture_free(f);
}

/* Invariant 1. */
static void a_text_that_would_fail_is_reported_with_its_place(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Diags d;
        NotifyReceivers *all;
        assert_true(fixture_bind(f,
                                 "- name: pager\n"
                                 "  pagerduty_configs:\n"
                                 "  - routing_key: k\n"
                                 "    description: '{{ .Annotations.summary }}'\n"
                                 "- name: chat\n"
                                 "  discord_configs:\n"
                                 "  - webhook_url: 'http://x.example.com/'\n"
                                 "    title: '{{'\n",
                                 &d, &all));
        assert_int_equal(d.list.len, 2);
        assert_int_equal(d.list.data[0].level, DIAG_WARNING);
        assert_int_equal(d.list.data[0].pos.line, 4);
        assert_true(str_find(d.list.data[0].message, STR("can't evaluate field Annotations")) != SIZE_MAX);
        assert_true(str_find(d.list.data[0].message, STR(".CommonAnnotations")) != SIZE_MAX);
        assert_int_equal(d.list.data[1].pos.line, 8);
        fixture_free(f);
}

static void a_text_that_hangs_on_values_is_warned_about(void **state)
{
        (void)state;
        static const char *const texts[] = { "{{ slice .CommonLabels.host 0 3 }}",
                                             "{{ (index .CommonLabels.SortedPairs 9).Value }}",
                                             "{{ .CommonAnnotations.value | humanizeDuration }}" };
        static const char *const wrong[] = { "{{ .Annotations.summary }}", "{{ slice 5 0 1 }}", "{{ nope }}" };
        for (size_t i = 0; i < ARRAY_LEN(texts) + ARRAY_LEN(wrong); i++) {
                Fixture *f = fixture_new();
                Diags d;
                NotifyReceivers *all;
                bool doubtful = i < ARRAY_LEN(texts);
                f->bind.compat = ALERT_COMPAT_PHAROS;
                Str yaml = str_printf(f->arena,
                                      "[{name: a, slack_configs: [{api_url: 'http://127.0.0.1:1/', channel: '#c', "
                                      "text: '%s'}]}]",
                                      doubtful ? texts[i] : wrong[i - ARRAY_LEN(texts)]);
                assert_int_equal(fixture_bind(f, yaml.p, &d, &all), doubtful);
                assert_true(d.list.len > 0);
                assert_int_equal(d.list.data[0].level, doubtful ? DIAG_WARNING : DIAG_ERROR);
                fixture_free(f);
        }
}

static void a_mail_without_a_server_goes_to_this_machine(void **state)
{
        (void)state;
        static const char text[] = "[{name: ops, email_configs: [{to: a@example.com}]}]";
        Fixture *f = fixture_new();
        Diags d;
        NotifyReceivers *all;
        assert_true(fixture_bind(f, text, &d, &all));
        assert_int_equal(d.list.len, 2);
        assert_true(str_find(d.list.data[0].message, STR("localhost:25")) != SIZE_MAX);
        f->bind.strict = true;
        assert_false(fixture_bind(f, text, &d, &all));
        assert_str(d.list.data[0].message, "no global SMTP smarthost set");
        fixture_free(f);
}

static void secrets_may_name_variables(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        setenv("PHAROS_TEST_HOOK", "hooks/abc", 1);
        fixture_receivers(f, "[{name: hook, webhook_configs: [{url: 'URL/${PHAROS_TEST_HOOK}'}]},"
                             " {name: dollar, webhook_configs: [{url: 'URL/a$b{c}'}]}]");
        assert_true(fixture_send(f, "hook", "f", 5000).ok);
        assert_str(buf_str(&f->path), "/hooks/abc");
        assert_true(fixture_send(f, "dollar", "f", 5000).ok);
        assert_str(buf_str(&f->path), "/a$b{c}");
        unsetenv("PHAROS_TEST_HOOK");
        Diags d;
        NotifyReceivers *all;
        assert_true(fixture_bind(f, "[{name: a, webhook_configs: [{url: 'URL/${PHAROS_TEST_HOOK}'}]}]", &d, &all));
        assert_int_equal(d.list.len, 1);
        assert_true(str_find(d.list.data[0].message, STR("'PHAROS_TEST_HOOK'")) != SIZE_MAX);
        fixture_free(f);
}

static void mistakes_have_a_place(void **state)
{
        (void)state;
        static const char *const cases[][2] = {
                { "[{name: a, webhook_configs: [{}]}]", "one of url or url_file" },
                { "[{name: a, webhook_configs: [{url: 'http://x/', url_file: y}]}]", "at most one of" },
                { "[{name: a, webhook_configs: [{url: 'ftp://x/'}]}]", "unsupported scheme \"ftp\" for URL" },
                { "[{name: a, webhook_configs: [{url: 'x'}]}]", "unsupported scheme \"\" for URL" },
                { "[{name: a, webhook_configs: [{url: 'http:///x'}]}]", "missing host for URL" },
                { "[{name: a, slack_configs: [{channel: x}]}]", "no global Slack API URL" },
                { "[{name: a, slack_configs: [{api_url: 'http://x/', fields: [{title: a}]}]}]",
                  "missing value in Slack field" },
                { "[{name: a, slack_configs: [{api_url: 'http://x/', app_token: t}]}]",
                  "at most one of api_url/api_url_file" },
                { "[{name: a, pagerduty_configs: [{}]}]", "missing service or routing key" },
                { "[{name: a, opsgenie_configs: [{}]}]", "no global OpsGenie API Key" },
                { "[{name: a, opsgenie_configs: [{api_key: k, responders: [{name: b, type: x}]}]}]",
                  "does not match valid options" },
                { "[{name: a, victorops_configs: [{api_key: k}]}]", "missing Routing key" },
                { "[{name: a, pushover_configs: [{token: t}]}]", "one of user_key or user_key_file" },
                { "[{name: a, telegram_configs: [{bot_token: t}]}]", "missing chat_id" },
                { "[{name: a, telegram_configs: [{bot_token: t, chat_id: 1, parse_mode: x}]}]", "unknown parse_mode" },
                { "[{name: a, discord_configs: [{}]}]", "one of webhook_url or webhook_url_file" },
                { "[{name: a, msteams_configs: [{}]}]", "one of webhook_url or webhook_url_file" },
                { "[{name: a, msteamsv2_configs: [{}]}]", "one of webhook_url or webhook_url_file" },
                { "[{name: a, webex_configs: [{room_id: r}]}]", "missing webex_configs.http_config.authorization" },
                { "[{name: a, sns_configs: [{}]}]", "must provide either a Target ARN" },
                { "[{name: a, wechat_configs: [{api_secret: s}]}]", "no global Wechat CorpID set" },
                { "[{name: a, jira_configs: [{project: p}]}]", "missing issue_type" },
                { "[{name: a, rocketchat_configs: [{}]}]", "no global Rocketchat Token" },
                { "[{name: a, mattermost_configs: [{}]}]", "no global Mattermost" },
                { "[{name: a, incidentio_configs: [{url: 'http://x/', http_config: {}}]}]",
                  "at least one of alert_source_token" },
                { "[{name: a, email_configs: [{to: b, from: c@d, smarthost: x}]}]",
                  "address x: missing port in address" },
                { "[{name: a, email_configs: [{to: b, from: c@d, smarthost: '[x:25'}]}]", "missing ']' in address" },
                { "[{name: a, email_configs: [{to: b, from: c@d, smarthost: '[x]y:25'}]}]", "too many colons" },
                { "[{name: a, email_configs: [{to: b, from: c@d, smarthost: 'x]:25'}]}]", "unexpected ']' in address" },
                { "[{name: a, email_configs: [{to: b, from: c@d, smarthost: 'x:'}]}]", "port cannot be empty" },
                { "[{name: a, email_configs: [{to: b, from: c@d, smarthost: '::1:25'}]}]", "too many colons" },
                { "[{name: a, webhook_configs: [{url: 'http://x/', timeout: 1d}]}]", "'1d' is not a duration" },
                { "[{name: a, pushover_configs: [{user_key: a, token: b, retry: [1m]}]}]", "is not a duration" },
                { "[{name: a, email_configs: [{to: b, from: c@d, smarthost: 'x:1', headers: {Subject: a, subject: b}}]}]",
                  "duplicate header \"Subject\"" },
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
                cmocka_unit_test(integrations_are_named_and_keep_their_defaults),
                cmocka_unit_test(a_text_that_would_fail_is_reported_with_its_place),
                cmocka_unit_test(a_text_that_hangs_on_values_is_warned_about),
                cmocka_unit_test(a_mail_without_a_server_goes_to_this_machine),
                cmocka_unit_test(secrets_may_name_variables),
                cmocka_unit_test(mistakes_have_a_place),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
