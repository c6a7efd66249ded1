#include "testing.h"

#include <unistd.h>

#include "component/http_auth.h"

static HttpOptions bind(Arena *arena, const char *yaml)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n, n_errors;
        Diags d;
        HttpOptions o;
        diags_init(&d, arena);
        OptionCtx ctx = { .arena = arena, .diags = &d, .file = STR("f.yml"), .base_dir = STR("/tmp") };
        assert_true(yaml_parse(str_of(yaml), arena, &docs, &n, &errors, &n_errors));
        if (!option_bind(docs[0], &http_options_table, &o, &ctx))
                fail_msg(STR_FMT, STR_ARG(d.list.data[0].message));
        return o;
}

static void credentials_go_where_they_belong(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HttpCallOptions call = { 0 };
        HttpAuthTls auth;
        Err err;
        HttpOptions o = bind(arena, "{basic_auth: {username: u, password: p}}");
        assert_ok(http_auth_fill(&o, arena, &call, &auth, &err), err);
        assert_ptr_equal(call.auth, &auth);
        assert_str(auth.username, "u");
        assert_str(auth.password, "p");
        assert_false(call.no_redirects);
        o = bind(arena, "{bearer_token: t, follow_redirects: false, proxy_url: 'http://proxy.example.com:3128'}");
        assert_ok(http_auth_fill(&o, arena, &call, &auth, &err), err);
        assert_str(auth.bearer, "t");
        assert_str(auth.proxy_url, "http://proxy.example.com:3128");
        assert_true(call.no_redirects);
        call = (HttpCallOptions){ 0 };
        o = bind(arena, "{authorization: {type: Token, credentials: t}}");
        assert_ok(http_auth_fill(&o, arena, &call, &auth, &err), err);
        assert_int_equal(auth.bearer.n, 0);
        assert_int_equal(call.n_headers, 1);
        assert_str(call.headers[0].value, "Token t");
}

static void headers_come_behind_those_that_are_there(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HttpHeader mine[] = { { STR("Content-Type"), STR("text/x") } };
        HttpCallOptions call = { .headers = mine, .n_headers = 1 };
        HttpAuthTls auth;
        Err err;
        HttpOptions o = bind(
                arena,
                "{http_headers: {X-One: {values: [a, b]}, X-Two: {secrets: [c]}}, tls_config: {insecure_skip_verify: true, server_name: s, ca_file: ca.pem}}");
        assert_ok(http_auth_fill(&o, arena, &call, &auth, &err), err);
        assert_int_equal(call.n_headers, 4);
        assert_str(call.headers[0].name, "Content-Type");
        assert_str(call.headers[3].value, "c");
        assert_true(auth.insecure_skip_verify);
        assert_str(auth.server_name, "s");
        assert_str(auth.ca_file, "/tmp/ca.pem");
}

static void files_are_read_each_time(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        char path[] = "/tmp/pharos-secret-XXXXXX";
        int fd = mkstemp(path);
        assert_true(fd >= 0);
        Str yaml = str_printf(arena, "{basic_auth: {username: u, password_file: %s}}", path);
        HttpOptions o = bind(arena, yaml.p);
        HttpCallOptions call = { 0 };
        HttpAuthTls auth;
        Err err;
        assert_int_equal(write(fd, " one\n", 5), 5);
        assert_ok(http_auth_fill(&o, arena, &call, &auth, &err), err);
        assert_str(auth.password, "one");
        assert_int_equal(pwrite(fd, " two\n", 5, 0), 5);
        assert_ok(http_auth_fill(&o, arena, &call, &auth, &err), err);
        assert_str(auth.password, "two");
        close(fd);
        unlink(path);
        assert_false(http_auth_fill(&o, arena, &call, &auth, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_contains(err.msg, path);
        assert_str(auth.password, "two"); /* outputs are untouched */
}

static void what_cannot_be_done_is_said(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HttpCallOptions call = { 0 };
        HttpAuthTls auth;
        Err err;
        HttpOptions o = bind(arena, "{oauth2: {client_id: c, client_secret: s, token_url: 'http://t.example.com/'}}");
        assert_false(http_auth_fill(&o, arena, &call, &auth, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
}

static void tls_and_proxy_are_carried_over(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HttpCallOptions call = { 0 };
        HttpAuthTls auth;
        Err err;
        HttpOptions o = bind(arena,
                             "{tls_config: {ca: CA, cert: CERT, key: KEY, min_version: TLS12, max_version: TLS13}, "
                             "proxy_url: 'http://p.example.com/', no_proxy: 'a,b', "
                             "proxy_connect_header: {X-Proxy: [one, two]}}");
        assert_ok(http_auth_fill(&o, arena, &call, &auth, &err), err);
        assert_str(auth.ca, "CA");
        assert_str(auth.cert, "CERT");
        assert_str(auth.key, "KEY");
        assert_int_equal(auth.min_version, 12);
        assert_int_equal(auth.max_version, 13);
        assert_str(auth.proxy_url, "http://p.example.com/");
        assert_str(auth.no_proxy, "a,b");
        assert_int_equal(auth.n_proxy_headers, 2);
        assert_str(auth.proxy_headers[1].value, "two");
}

static void a_token_is_asked_for_and_read(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HttpAuthToken *t = arena_new_of(arena, HttpAuthToken);
        Err err;
        Str token;
        int64_t valid_ms;
        HttpOptions o = bind(arena, "{oauth2: {client_id: 'c d', client_secret: s, token_url: 'http://t.example.com/', "
                                    "scopes: [x, y], endpoint_params: {aud: me}}}");
        assert_ok(http_auth_oauth2(o.oauth2, arena, t, &err), err);
        assert_str(t->call.body, "grant_type=client_credentials&scope=x+y&aud=me");
        assert_str(t->call.auth->username, "c+d");
        assert_str(t->call.auth->password, "s");
        HttpAnswer a = { .ok = true, .status = 200, .body = STR("{\"access_token\":\"tok\",\"expires_in\":60}") };
        assert_ok(http_auth_token(&a, arena, &token, &valid_ms, &err), err);
        assert_str(token, "tok");
        assert_int_equal(valid_ms, 50000);
        a.body = STR("{}");
        assert_false(http_auth_token(&a, arena, &token, &valid_ms, &err));
        a.status = 401;
        assert_false(http_auth_token(&a, arena, &token, &valid_ms, &err));
        assert_contains(err.msg, "401");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(credentials_go_where_they_belong),
                cmocka_unit_test(headers_come_behind_those_that_are_there),
                cmocka_unit_test(files_are_read_each_time),
                cmocka_unit_test(what_cannot_be_done_is_said),
                cmocka_unit_test(tls_and_proxy_are_carried_over),
                cmocka_unit_test(a_token_is_asked_for_and_read),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
