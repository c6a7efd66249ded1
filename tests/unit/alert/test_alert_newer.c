#include "alert_fixture.h"

#include "alert/alert_newer.h"

static bool fine(Fixture *f, const char *text, Diags *diags)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        assert_true(yaml_parse(str_of(text), f->arena, &docs, &n, &errors, &n_errors));
        diags_init(diags, f->arena);
        OptionCtx ctx = { .arena = f->arena, .diags = diags, .file = STR("am.yml"), .base_dir = STR(".") };
        return alert_newer_check(docs[0], &ctx);
}

static void keys_of_sections(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        static const struct {
                const char *text, *field; /* NULL: fine */
        } cases[] = {
                { "global: {smtp_auth_secret: x, http_config: {proxy_url: 'http://p'}}\n", NULL },
                { "global: {smtp_auth_secret_file: x}\n", "smtp_auth_secret_file" },
                { "global: {http_config: {basic_auth: {username_file: x}}}\n", "username_file" },
                { "route: {routes: [{routes: [{labels: {a: b}}]}]}\n", "labels" },
                { "receivers: [{jira_configs: []}]\n", "jira_configs" },
                { "receivers: [{pushover_configs: [{ttl: 1h}]}]\n", "ttl" },
                { "receivers: [{pagerduty_configs: [{details: {timeout: x, global: {labels: y}}}]}]\n", NULL },
                { "receivers: [{webhook_configs: [{http_config: {tls_config: {ca: x}}}]}]\n", "ca" },
                { "tracing:\n", "tracing" },
                { "inhibit_rules: [~, {name: x}, 5]\n", "name" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Diags diags;
                bool ok = fine(f, cases[i].text, &diags);
                assert_int_equal(ok, cases[i].field == NULL);
                if (!ok)
                        assert_contains(str_dupz(f->arena, diags.list.data[0].message), cases[i].field);
        }
        fixture_free(f);
}

static void a_token_needs_a_secret(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        Diags diags;
        assert_false(fine(f, "global: {http_config: {oauth2: {client_id: x}}}\n", &diags));
        assert_contains(str_dupz(f->arena, diags.list.data[0].message), "client_secret");
        assert_true(fine(f, "global: {http_config: {oauth2: {client_secret: x}}}\n", &diags));
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(keys_of_sections),
                                            cmocka_unit_test(a_token_needs_a_secret) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
