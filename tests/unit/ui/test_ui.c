#include "../net/net_fixture.h"
#include "ui/embedded.h"
#include "ui/ui.h"

static HttpAnswer get_as(Net *net, const char *path, const char *encoding, Buf *out)
{
        char url[256];
        snprintf(url, sizeof url, "%s%s", net->base, path);
        HttpHeader h[] = { { STR("Accept-Encoding"), str_of(encoding) } };
        HttpCallOptions o = { .url = str_of(url), .headers = h, .n_headers = encoding[0] ? 1 : 0 };
        HttpAnswer answer;
        buf_clear(out);
        assert_ok(http_client_call(net->client, &o, &answer, out), answer.err);
        return answer;
}

static void start(Net *net, const char *prefix)
{
        size_t n;
        const HttpRoute *routes = ui_routes(prefix, &n);
        net_start_with(net, (HttpServerOptions){ .route_prefix = prefix ? prefix : "/" }, 2, 8, routes, n);
}

static const EmbeddedFile *any_asset(void)
{
        for (size_t i = 0; i < embedded_files_n; i++)
                if (strncmp(embedded_files[i].path, "assets/", 7) == 0)
                        return &embedded_files[i];
        return NULL;
}

static void pages_and_fallback(void **state)
{
        (void)state;
        Net net;
        AUTO(buf_done) Buf out = { 0 };
        start(&net, NULL);
        const char *pages[] = { "/", "/index.html", "/query", "/a/b/c" };
        for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
                HttpAnswer a = get_as(&net, pages[i], "", &out);
                if (i == 1 && embedded_files_n == 0)
                        continue;
                assert_int_equal(a.status, i == 1 ? 404 : 200);
                if (i == 1)
                        continue;
                assert_str(a.content_type, "text/html; charset=utf-8");
                assert_contains(buf_cstr(&out), "<!doctype html>");
                if (embedded_files_n)
                        assert_contains(buf_cstr(&out), "<base href=\"/\"");
        }
        const char *unknown[] = { "/assets/none.js", "/assets/none", "/nothing.png", "/api/v1/nothing", "/-/nothing" };
        for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
                assert_int_equal(get_as(&net, unknown[i], "", &out).status, 404);
        net_stop(&net);
}

static void prefix(void **state)
{
        (void)state;
        Net net;
        AUTO(buf_done) Buf out = { 0 };
        start(&net, "/deep/er");
        HttpAnswer a = get_as(&net, "/deep/er/", "", &out);
        assert_int_equal(a.status, 200);
        if (embedded_files_n)
                assert_contains(buf_cstr(&out), "<base href=\"/deep/er/\"");
        net_stop(&net);
}

static void assets(void **state)
{
        (void)state;
        Net net;
        AUTO(buf_done) Buf out = { 0 };
        const EmbeddedFile *file = any_asset();
        if (!file)
                skip();
        char path[200];
        snprintf(path, sizeof path, "/%s", file->path);
        start(&net, NULL);
        HttpAnswer a = get_as(&net, path, "", &out);
        assert_int_equal(a.status, 200);
        assert_str(a.content_type, file->content_type);
        assert_int_equal(a.body.n, file->n);
        a = get_as(&net, path, "gzip", &out); /* as it is: nobody asked the client to decode */
        assert_int_equal(a.body.n, file->gzip_n);
        assert_memory_equal(a.body.p, file->gzip, file->gzip_n);
        a = get_as(&net, path, "gzip;q=0, identity", &out);
        assert_int_equal(a.body.n, file->n);
        net_stop(&net);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(pages_and_fallback), cmocka_unit_test(prefix),
                                            cmocka_unit_test(assets) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
