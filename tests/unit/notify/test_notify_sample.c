#include "capture_fixture.h"

/* What is sent for one firing alert. */
static void sends(const char *yaml, bool resolved, const char *want)
{
        Captured *c = captured_new(yaml);
        if (!captured_send(c, resolved))
                fail_msg("%s: %s", yaml, c->err.msg);
        if (!str_eq(c->requests, str_of(want)))
                fail_msg("%s\n  got  " STR_FMT "\n  want %s", yaml, STR_ARG(c->requests), want);
        captured_free(c);
}

static void chat_services_get_their_cards(void **state)
{
        (void)state;
        sends("msteams_configs: [{webhook_url: 'http://x.example.com/', title: T, summary: S, text: '{{ .Receiver }}'}]",
              false,
              "POST http://x.example.com/\n"
              "{\"@context\":\"http://schema.org/extensions\",\"type\":\"MessageCard\",\"title\":\"T\",\"summary\":\"S\","
              "\"text\":\"team\\\\.a\",\"themeColor\":\"8C1A1A\"}\n");
        sends("msteamsv2_configs: [{webhook_url: 'http://x.example.com/', title: T, text: X}]", true,
              "POST http://x.example.com/\n"
              "{\"type\":\"message\",\"attachments\":[{\"contentType\":\"application/vnd.microsoft.card.adaptive\","
              "\"contentUrl\":null,\"content\":{\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","
              "\"type\":\"AdaptiveCard\",\"version\":\"1.2\",\"body\":[{\"type\":\"TextBlock\",\"text\":\"T\","
              "\"weight\":\"Bolder\",\"size\":\"Medium\",\"wrap\":true,\"style\":\"heading\",\"color\":\"Good\"},"
              "{\"type\":\"TextBlock\",\"text\":\"X\",\"wrap\":true}],\"msteams\":{\"width\":\"full\"}}}]}\n");
        sends("rocketchat_configs: [{token: t, token_id: i, api_url: 'http://x.example.com', channel: '#c', short_fields: true, "
              "fields: [{title: F, value: V}], actions: [{text: A, url: 'http://y.example.com/'}]}]",
              false,
              "POST http://x.example.com/api/v1/chat.postMessage\nX-Auth-Token: t\nX-User-Id: i\n"
              "{\"channel\":\"#c\",\"attachments\":[{\"title\":\"[FIRING:1] Down (critical)\","
              "\"title_link\":\"http://am.example.com/#/alerts?receiver=team%5C.a\",\"color\":\"red\","
              "\"fields\":[{\"short\":true,\"title\":\"F\",\"value\":\"V\"}],\"actions\":[{\"type\":\"button\",\"text\":\"A\","
              "\"url\":\"http://y.example.com/\",\"is_webview\":false,\"msg_in_chat_window\":false}]}]}\n");
        sends("mattermost_configs: [{webhook_url: 'http://x.example.com/', attachments: [{title: A}], text: hello, "
              "priority: {priority: Urgent, requested_ack: true, persistent_notifications: true}, props: {card: c}}]",
              false,
              "POST http://x.example.com/\n"
              "{\"text\":\"hello\",\"username\":\"Alertmanager\",\"attachments\":[{\"title\":\"A\"}],\"props\":{\"card\":\"c\"},"
              "\"priority\":{\"priority\":\"urgent\",\"requested_ack\":true,\"persistent_notifications\":true}}\n");
        sends("discord_configs: [{webhook_url: 'http://x.example.com/', message: M, username: U}]", true,
              "POST http://x.example.com/\n"
              "{\"content\":\"\",\"embeds\":[{\"title\":\"[RESOLVED] Down (critical)\",\"description\":\"M\",\"color\":3066993}],"
              "\"username\":\"U\"}\n");
}

static void pagers_get_their_events(void **state)
{
        (void)state;
        sends("incidentio_configs: [{url: 'http://x.example.com/', alert_source_token: t}]", true,
              "POST http://x.example.com/\nAuthorization: Bearer t\n"
              "{\"receiver\":\"team\\\\.a\",\"status\":\"resolved\",\"alerts\":[{\"status\":\"resolved\",\"labels\":{\"alertname\":\"Down\","
              "\"severity\":\"critical\"},\"annotations\":{\"summary\":\"a \\u003c b\"},\"startsAt\":\"1970-01-01T00:00:01Z\","
              "\"endsAt\":\"1970-01-01T00:00:02Z\",\"generatorURL\":\"http://g.example.com/\",\"fingerprint\":\"4f000a279caba656\"}],"
              "\"groupLabels\":{\"alertname\":\"Down\"},\"commonLabels\":{\"alertname\":\"Down\",\"severity\":\"critical\"},"
              "\"commonAnnotations\":{\"summary\":\"a \\u003c b\"},\"externalURL\":\"http://am.example.com\",\"version\":\"1\","
              "\"groupKey\":\"{}:{alertname=\\\"Down\\\"}\",\"truncatedAlerts\":0}\n");
        sends("telegram_configs: [{bot_token: t, chat_id: -5, parse_mode: '', message: 'a < b', disable_notifications: true, "
              "message_thread_id: 7}]",
              false,
              "POST https://api.telegram.org/bott/sendMessage\n"
              "{\"chat_id\":\"-5\",\"disable_notification\":\"true\",\"disable_web_page_preview\":\"true\","
              "\"message_thread_id\":\"7\",\"text\":\"a \\u003c b\"}\n");
        /* Too long a text in HTML cannot be cut. */
        Captured *c = captured_new(
                "telegram_configs: [{bot_token: t, chat_id: 1, message: '{{ printf \"%5000d\" 1 }}'}]");
        assert_true(captured_send(c, false));
        assert_true(str_find(c->requests, STR("exceeds Telegram limits")) != SIZE_MAX);
        captured_free(c);
}

/* Texts that read as numbers, lists, ... are that. */
static void trees_keep_their_types(void **state)
{
        (void)state;
        sends("webhook_configs: [{url: 'http://x.example.com/{{ .Status }}', payload: {b: '{{ len .Alerts }}', a: [1, true, x, "
              "'{{ .Status }}', '[1, {k: v}]', ''], '{{ .Status }}': null, c: 1.5, d: '\"q\"', e: '12345678901234567890', "
              "f: '{\"port\": \"8080\", \"s\": \"\", \"t\": \"a: b\", \"u\": \"{\\\"v\\\": \\\"007\\\"}\"}'}}]",
              false,
              "POST http://x.example.com/firing\n"
              "{\"a\":[1,true,\"x\",\"firing\",[1,{\"k\":\"v\"}],null],\"b\":1,\"c\":1.5,\"d\":\"\\\"q\\\"\",\"e\":12345678901234567890,"
              "\"f\":{\"port\":8080,\"s\":null,\"t\":{\"a\":\"b\"},\"u\":{\"v\":7}},\"firing\":null}\n");
        Captured *c = captured_new(
                "pagerduty_configs: [{routing_key: k, details: {n: '{{ len .Alerts }}', deep: {x: ['1']}}}]");
        assert_true(captured_send(c, true));
        assert_true(str_find(c->requests,
                             STR("\"custom_details\":{\"deep\":{\"x\":[1]},\"firing\":[],\"n\":1,\"num_firing\":0,"
                                 "\"num_resolved\":1,\"resolved\":[{\"annotations\":{\"summary\":")) != SIZE_MAX);
        captured_free(c);
}

static void lists_of_opsgenie_are_cut_at_commas(void **state)
{
        (void)state;
        Captured *c = captured_new(
                "opsgenie_configs: [{api_key: k, api_url: 'http://x.example.com/', tags: ' a, b,,c ', actions: ' ', "
                "responders: [{name: 'x, y ', type: teams}]}]");
        assert_true(captured_send(c, false));
        assert_true(str_find(c->requests,
                             STR("\"responders\":[{\"name\":\"x\",\"type\":\"team\"},{\"name\":\" y\",\"type\":"
                                 "\"team\"}],\"tags\":[\"a\",\" b\",\"c\"]}")) != SIZE_MAX);
        captured_free(c);
}

static void times_are_shown_in_zones(void **state)
{
        (void)state;
        sends("webhook_configs: [{url: 'http://x.example.com/', payload: {t: '{{ date \"15:04 MST\" (tz \"UTC\" (index .Alerts "
              "0).StartsAt) }}'}}]",
              false, "POST http://x.example.com/\n{\"t\":\"00:00 UTC\"}\n");
}

static void too_large_an_event_loses_its_details(void **state)
{
        (void)state;
        Captured *c = captured_new(
                "pagerduty_configs: [{routing_key: k, details: {big: '{{ printf \"%600000d\" 1 }}'}}]");
        assert_true(captured_send(c, false));
        assert_true(str_find(c->requests, STR("exceeds the maximum size of 512KB")) != SIZE_MAX);
        assert_true(c->requests.n < 2000);
        captured_free(c);
}

static void a_session_of_aws_is_signed(void **state)
{
        (void)state;
        Captured *c = captured_new("sns_configs: [{topic_arn: 'arn:aws:sns:eu-1:1:t.fifo', message: m, subject: '', "
                                   "sigv4: {region: eu-1, access_key: AK, secret_key: SK}}]");
        assert_true(captured_send(c, false));
        assert_true(
                str_starts(c->requests, STR("POST https://sns.eu-1.amazonaws.com/\nAuthorization: AWS4-HMAC-SHA256 "
                                            "Credential=AK/20231114/eu-1/sns/aws4_request, "
                                            "SignedHeaders=content-length;content-type;host;x-amz-date, Signature=")));
        assert_true(str_find(c->requests,
                             STR("X-Amz-Date: 20231114T221320Z\nAction=Publish&Message=m&MessageDeduplicationId=")) !=
                    SIZE_MAX);
        captured_free(c);
}

static void tokens_of_wechat_are_kept(void **state)
{
        (void)state;
        Captured *c = captured_new(
                "wechat_configs: [{corp_id: c, api_secret: s, api_url: 'http://x.example.com/', message: m, "
                "send_resolved: true}]");
        c->answers[0] = "200 {\"access_token\":\"tok\"}";
        c->answers[1] = "200 {\"errcode\":0}";
        assert_true(captured_send(c, false));
        assert_int_equal(c->n, 2);
        c->answers[0] = "200 {\"errcode\":42001,\"errmsg\":\"expired\"}";
        assert_false(captured_send(c, false)); /* to be tried again, with another token */
        assert_int_equal(c->n, 1);
        assert_contains(c->err.msg, "expired");
        c->answers[0] = "200 {\"errmsg\":\"no\"}";
        assert_false(captured_send(c, false));
        assert_contains(c->err.msg, "invalid APISecret");
        captured_free(c);
}

static void samples_reach_every_kind(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Notification n;
        notify_sample(arena, STR("r"), false, &n);
        assert_int_equal(n.n_alerts, 2);
        assert_false(n.resolved);
        assert_str(labels_get(n.common_labels, STR("severity")), "critical");
        notify_sample(arena, STR("r"), true, &n);
        assert_true(n.resolved);
        for (size_t i = 0; i < notify_kinds_n; i++) {
                assert_non_null(notify_kinds[i]->base.table);
                assert_int_equal(notify_kinds[i]->base.kind, COMPONENT_NOTIFIER);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(chat_services_get_their_cards), cmocka_unit_test(pagers_get_their_events),
                cmocka_unit_test(trees_keep_their_types),        cmocka_unit_test(lists_of_opsgenie_are_cut_at_commas),
                cmocka_unit_test(times_are_shown_in_zones),      cmocka_unit_test(too_large_an_event_loses_its_details),
                cmocka_unit_test(a_session_of_aws_is_signed),    cmocka_unit_test(tokens_of_wechat_are_kept),
                cmocka_unit_test(samples_reach_every_kind)
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
