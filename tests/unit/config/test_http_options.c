#include "config/http_options.h"

#include "bind_lib.h"

typedef struct Job {
        Str name;
        HttpOptions http;
} Job;
static void check_job(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        http_options_check(&((Job *)self)->http, node, ctx);
}
static const Option job_options[] = { { "job_name", OPT_STR, offsetof(Job, name) },
                                      HTTP_OPTIONS_ROWS(Job, http),
                                      OPTION_END };
static const OptionTable job_table = {
        .name = "scrape_config", .options = job_options, .size = sizeof(Job), .validate = check_job
};

static void keys_bind_inline_and_as_a_section(void **state)
{
        (void)state;
        Bind b;
        bind_begin(&b);
        Job job;
        assert_true(bind_text(&b, &job_table,
                              "job_name: x\nbasic_auth: {username: u, password_file: secret}\ntls_config: {ca_file: "
                              "/ca.pem, cert_file: c.pem, key: K, min_version: TLS12}\n"
                              "follow_redirects: false\nproxy_url: http://p:1\nproxy_connect_header: {X-A: [1, 2]}\n"
                              "http_headers:\n  X-Tenant: {values: [a], secrets: [b], files: [f]}\n",
                              &job));
        assert_str(job.http.basic_auth->username, "u");
        assert_str(job.http.basic_auth->password_file, "/etc/x/secret");
        assert_str(job.http.tls.ca_file, "/ca.pem");
        assert_str(job.http.tls.cert_file, "/etc/x/c.pem");
        assert_str(job.http.tls.key.text, "K");
        assert_int_equal(job.http.tls.min_version, HTTP_OPTIONS_TLS12);
        assert_false(job.http.follow_redirects);
        assert_true(job.http.enable_http2);
        assert_int_equal(job.http.proxy.connect_header.data[0].values.n, 2);
        assert_str(job.http.headers.data[0].name, "X-Tenant");
        assert_str(job.http.headers.data[0].files.data[0], "/etc/x/f");
        HttpOptions http;
        assert_true(bind_text(&b, &http_options_table, "bearer_token_file: tok\n", &http));
        assert_str(http.authorization->type, "Bearer");
        assert_str(http.authorization->credentials_file, "/etc/x/tok");
        assert_true(bind_text(&b, &http_options_table, "authorization: {type: ' Token ', credentials: x}\n", &http));
        assert_str(http.authorization->type, "Token");
        assert_true(bind_text(&b, &http_options_table,
                              "oauth2: {client_id: c, client_secret: s, token_url: http://t, scopes: [a]}\n", &http));
        assert_str(http.oauth2->token_url, "http://t");
        assert_true(bind_text(&b, &http_options_table, "", &http));
        assert_true(http.follow_redirects);
        bind_end(&b);
}

static void refused(const char *yaml, const char *want)
{
        Bind b;
        bind_begin(&b);
        Job job;
        assert_false(bind_text(&b, &job_table, yaml, &job));
        assert_contains(b.text.p, want);
        bind_end(&b);
}

static void what_excludes_each_other_is_refused(void **state)
{
        (void)state;
        refused("{bearer_token: 1234, bearer_token_file: f}",
                "at most one of bearer_token & bearer_token_file must be configured");
        refused("{bearer_token: 1234, basic_auth: {username: u}}",
                "at most one of basic_auth, oauth2, bearer_token & bearer_token_file");
        refused("{authorization: {}, bearer_token: 1}", "authorization is not compatible with bearer_token");
        refused("{authorization: {}, basic_auth: {username: u}}", "at most one of basic_auth, oauth2 & authorization");
        refused("{authorization: {type: Basic}}", "authorization type cannot be set to \"basic\"");
        refused("{authorization: {credentials: a, credentials_file: b}}",
                "at most one of authorization credentials & credentials_file");
        refused("{basic_auth: {username: a, username_file: b}}", "at most one of basic_auth username, username_file");
        refused("{basic_auth: {password: a, password_file: b}}", "at most one of basic_auth password, password_file");
        refused("{oauth2: {client_id: a}}", "oauth2 token_url must be configured");
        refused("{oauth2: {token_url: a}}", "oauth2 client_id must be configured");
        refused("{oauth2: {client_id: a, token_url: b, client_secret: c, client_secret_file: d}}",
                "at most one of oauth2 client_secret");
        refused("{tls_config: {ca: a, ca_file: b}}", "at most one of ca, ca_file");
        refused("{tls_config: {cert_file: b}}", "exactly one of key or key_file");
        refused("{tls_config: {key_file: b}}", "exactly one of cert or cert_file");
        refused("{tls_config: {min_version: TLS9}}", "'min_version' is 'TLS9'");
        refused("{tls_config: {min_version: TLS13, max_version: TLS12}}", "must be greater than or equal");
        refused("{no_proxy: a}", "if no_proxy is configured, proxy_url must also be configured");
        refused("{proxy_url: a, proxy_from_environment: true}", "proxy_url must not be configured");
        refused("{no_proxy: a, proxy_from_environment: true}", "no_proxy must not be configured");
        refused("{proxy_connect_header: {a: [b]}}", "proxy_url or proxy_from_environment must also be configured");
        refused("{http_headers: {Authorization: {values: [a]}}}", "setting header 'Authorization' is not allowed");
        refused("{http_headers: {X-a: {values: [a]}, x-A: {values: [b]}}}",
                "header 'x-A' is defined in multiple places");
        refused("{tls_config: {insecure_skip_verfy: true}}", "did you mean 'insecure_skip_verify'?");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys_bind_inline_and_as_a_section),
                cmocka_unit_test(what_excludes_each_other_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
