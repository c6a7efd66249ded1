#include "capture_fixture.h"

static void a_yes_is_more_than_a_status(void **state)
{
        (void)state;
        Captured *c = captured_new("slack_configs: [{api_url: 'http://x.example.com/', channel: c}]");
        assert_true(captured_send(c, false));
        c->answers[0] = "200 {\"ok\":false,\"error\":\"channel_not_found\"}";
        assert_false(captured_send(c, false));
        assert_contains(c->err.msg, "error response from Slack: channel_not_found");
        c->answers[0] = "200 nonsense";
        assert_false(captured_send(c, false));
        c->answers[0] = "404 no such hook";
        assert_false(captured_send(c, false));
        assert_contains(c->err.msg, "unexpected status code 404: no such hook");
        captured_free(c);
}

static void an_app_replaces_its_message(void **state)
{
        (void)state;
        Captured *c = captured_new(
                "slack_configs: [{app_token: xoxb, channel: c, update_message: true, message_text: m}]");
        c->answers[0] = "200 {\"ok\":true,\"channel\":\"C7\",\"ts\":\"12.5\"}";
        assert_true(captured_send(c, false));
        assert_true(
                str_starts(c->requests, STR("POST https://slack.com/api/chat.postMessage\nAuthorization: Bearer xoxb\n"
                                            "{\"channel\":\"c\",\"username\":\"Alertmanager\",\"text\":\"m\",")));
        assert_true(captured_send(c, false));
        assert_true(str_starts(c->requests, STR("POST https://slack.com/api/chat.update\n")));
        assert_true(str_find(c->requests, STR("{\"channel\":\"C7\",\"ts\":\"12.5\",\"username\"")) != SIZE_MAX);
        captured_free(c);
}

static void titles_are_cut(void **state)
{
        (void)state;
        Captured *c = captured_new(
                "slack_configs: [{api_url: 'http://x.example.com/', title: '{{ printf \"%1025d\" 1 }}'}]");
        assert_true(captured_send(c, false));
        assert_true(str_find(c->requests, STR(" \xe2\x80\xa6\",\"title_link\"")) != SIZE_MAX);
        captured_free(c);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_yes_is_more_than_a_status),
                                            cmocka_unit_test(an_app_replaces_its_message),
                                            cmocka_unit_test(titles_are_cut) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
