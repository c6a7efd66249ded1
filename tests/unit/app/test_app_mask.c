#include "app_fixture.h"

static const char *masked(Fixture *f, const char *text)
{
        AppConfig c = { .text = str_of(text) };
        return str_dupz(f->arena, app_config_masked(&c, f->arena));
}

static void no_secret_is_shown_in_any_form(void **state)
{
        (void)state;
        static const char *const texts[] = {
                "a: {password: HIDDEN}",
                "a:\n  password: HIDDEN\n",
                "a:\n  password: 'HIDDEN'\n",
                "a:\n  password: |\n    HIDDEN\n    HIDDEN\n",
                "a:\n  password: >-\n    HIDDEN\n",
                "a:\n  password:\n    HIDDEN\n",
                "a: {\"password\": \"HIDDEN\"}",
                "? password\n: HIDDEN\n",
                "x: &s HIDDEN-no\npassword: HIDDEN # HIDDEN\n# password: HIDDEN\n",
                "scrape_configs: [{authorization: {credentials: HIDDEN}}, {bearer_token: HIDDEN}, {basic_auth: {username: u, password: HIDDEN}}]",
                "a: {http_headers: {X: {secrets: [HIDDEN, HIDDEN]}}, oauth2: {client_secret: HIDDEN}, tls_config: {key: HIDDEN}}",
                "receivers: [{name: r, webhook_configs: [{url: 'http://x/HIDDEN'}], slack_configs: [{api_url: HIDDEN}], pagerduty_configs: [{routing_key: HIDDEN, service_key: HIDDEN}]}]",
                "alertmanager: {receivers: [{webhook_configs: [{url: HIDDEN}]}], global: {slack_api_url: HIDDEN, opsgenie_api_key: HIDDEN, smtp_auth_password: HIDDEN, smtp_auth_secret: HIDDEN}}",
                "remote_write: [{url: 'https://user:HIDDEN@x.example.com/write'}]",
                "a: {proxy_url: 'http://u:HIDDEN@proxy:1/'}",
                "receivers: [{telegram_configs: [{bot_token: HIDDEN}], pushover_configs: [{user_key: HIDDEN, token: HIDDEN}], opsgenie_configs: [{api_key: HIDDEN}]}]",
        };
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                Fixture *f = fixture_new();
                const char *got = masked(f, texts[i]);
                const char *at = strstr(got, "HIDDEN");
                if ((at && strncmp(at, "HIDDEN-no", 9) != 0) || !strstr(got, "<secret>"))
                        fail_msg("%s: %s", texts[i], got);
                fixture_free(f);
        }
}

static void the_rest_reads_as_it_was(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        static const char text[] =
                "global:\n  scrape_interval: 15s\nscrape_configs:\n  -\n    job_name: \"j: k\"\n    static_configs:\n      -\n        targets:\n"
                "          - \"h:1\"\n          - \"\"\nempty: []\nmap: {}\nnothing:\npassword_file: /etc/secret\nurl: \"http://x/\"\n\"odd key\": \"- a\\nb\"\n";
        assert_string_equal(masked(f, text), text);
        assert_string_equal(masked(f, masked(f, text)), text);
        assert_string_equal(masked(f, ""), "{}\n");
        assert_string_equal(masked(f, "[a]"), "{}\n");
        assert_string_equal(masked(f, "a: ["), "{}\n");
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(no_secret_is_shown_in_any_form),
                                            cmocka_unit_test(the_rest_reads_as_it_was) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
