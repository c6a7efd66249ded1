#include "base/metric.h"
#include "codec/gzip.h"
#include "net_fixture.h"

static Gate entered, leave, canceled;

static void hello(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        buf_printf(&resp->body, "hello " STR_FMT "|" STR_FMT "|" STR_FMT, STR_ARG(req->path), STR_ARG(req->rest),
                   STR_ARG(req->query));
}

static void params(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        Str q;
        Str *match;
        if (http_request_param(req, STR("q"), &q))
                buf_printf(&resp->body, "q=" STR_FMT, STR_ARG(q));
        size_t n = http_request_params(req, STR("match[]"), &match);
        for (size_t i = 0; i < n; i++)
                buf_printf(&resp->body, " m=" STR_FMT, STR_ARG(match[i]));
}

static void length(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        buf_printf(&resp->body, "%zu", req->body.n);
}

static void hold(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        gate_add(&entered);
        int64_t deadline = deadline_ns();
        for (;;) {
                mutex_lock(&leave.mu);
                bool open = leave.count > 0;
                mutex_unlock(&leave.mu);
                if (open || clock_system()->mono_ns(clock_system()) > deadline)
                        break;
                if (cancel_is_raised(req->cancel)) {
                        gate_add(&canceled);
                        return;
                }
                poll(NULL, 0, 1); /* the work that a real handler would do */
        }
        buf_lit(&resp->body, "held");
}

enum { LATER = 8 };
static _Atomic(HttpHeld *) later_held[LATER];
static atomic_int n_later;

static void later(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        HttpHeld *h = http_response_hold(resp);
        buf_cstr_add(&resp->body, h ? "later" : "at once");
        if (!h)
                return;
        atomic_store(&later_held[atomic_fetch_add(&n_later, 1)], h);
        gate_add(&entered);
}

enum { STREAM_LINES = 100000, LINE_BYTES = 64 };

static void stream(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        http_response_header(resp, STR("X-Kind"), STR("stream"));
        for (int i = 0; i < STREAM_LINES; i++) {
                buf_printf(&resp->body, "%063d\n", i);
                if (resp->body.n > 60000 && !http_response_flush(resp)) {
                        gate_add(&canceled);
                        return;
                }
        }
}

static void page(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        static const char HTML[] = "<!doctype html><title>t</title>";
        resp->content_type = "text/html; charset=utf-8";
        http_response_static(resp, HTML, sizeof HTML - 1);
}

static void json(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        resp->content_type = "application/json";
        for (int i = 0; i < 1000; i++)
                buf_lit(&resp->body, "{\"a\":1}\n");
}

static bool is_empty(void *self, const HttpRequest *req)
{
        (void)self;
        return req->body.n == 0;
}

static void whether_small(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        buf_cstr_add(&resp->body, req->small ? "small" : "not small");
}

static const HttpRoute ROUTES[] = {
        { HTTP_GET, "/hello", hello },
        { HTTP_GET, "/files/*", hello },
        { HTTP_GET | HTTP_POST, "/api/params", params },
        { HTTP_POST | HTTP_PUT | HTTP_DELETE, "/length", length, .max_body_bytes = 4 << 20 },
        { HTTP_POST, "/raw", length, .keep_encoded = true },
        { HTTP_GET | HTTP_POST, "/pool/length", length, .on_pool = true },
        { HTTP_GET, "/hold", hold, .on_pool = true },
        { HTTP_GET, "/later", later },
        { HTTP_GET, "/pool/later", later, .on_pool = true },
        { HTTP_GET, "/stream", stream, .on_pool = true },
        { HTTP_GET | HTTP_POST, "/small", whether_small, .on_pool = true, .is_small = is_empty },
        { HTTP_GET, "/page", page },
        { HTTP_GET, "/json", json },
};

static int setup(void **state)
{
        static Net net;
        gate_init(&entered);
        gate_init(&leave);
        gate_init(&canceled);
        net_start(&net, ROUTES, ARRAY_LEN(ROUTES));
        *state = &net;
        return 0;
}

static int teardown(void **state)
{
        net_stop(*state);
        return 0;
}

static void routes_and_paths(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        assert_str(net_call(net, "GET", "/hello?a=b%20c", STR(""), &out).body, "hello /hello||a=b%20c");
        assert_str(net_call(net, "POST", "/small", STR("x"), &out).body, "not small");
        assert_str(net_call(net, "GET", "/small", STR(""), &out).body, "small");
        assert_str(net_call(net, "GET", "/files/a%2Fb", STR(""), &out).body, "hello /files/a/b|a/b|");
        HttpAnswer a = net_call(net, "HEAD", "/hello", STR(""), &out);
        assert_int_equal(a.status, 200);
        assert_int_equal(a.body.n, 0);
        a = net_call(net, "GET", "/nothing", STR(""), &out);
        assert_int_equal(a.status, 404);
        assert_str(a.body, "there is nothing here\n");
        a = net_call(net, "GET", "/api/nothing", STR(""), &out);
        assert_int_equal(a.status, 404);
        assert_str(a.body, "{\"status\":\"error\",\"errorType\":\"not_found\",\"error\":\"there is nothing here\"}\n");
        assert_int_equal(net_call(net, "POST", "/hello", STR("x"), &out).status, 405);
        assert_int_equal(net_call(net, "DELETE", "/hello", STR(""), &out).status, 405);
        assert_int_equal(net_call(net, "PATCH", "/hello", STR(""), &out).status, 501);
        assert_int_equal(net_call(net, "OPTIONS", "/hello", STR(""), &out).status, 204);
}

static void parameters(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        assert_str(
                net_call(net, "GET", "/api/params?q=up%7Ba%3D%22b%22%7D&match%5B%5D=x&match[]=y+z", STR(""), &out).body,
                "q=up{a=\"b\"} m=x m=y z");
        char url[128];
        snprintf(url, sizeof url, "%s/api/params?q=query", net->base);
        HttpHeader type = { STR("Content-Type"), STR("application/x-www-form-urlencoded; charset=utf-8") };
        HttpCallOptions o = {
                .method = "POST", .url = str_of(url), .headers = &type, .n_headers = 1, .body = STR("q=form&x=%2")
        };
        HttpAnswer a;
        buf_clear(&out);
        assert_ok(http_client_call(net->client, &o, &a, &out), a.err);
        assert_str(a.body, "q=form");
        o.n_headers = 0;
        buf_clear(&out);
        assert_ok(http_client_call(net->client, &o, &a, &out), a.err);
        assert_str(a.body, "q=query");
}

static HttpAnswer post(Net *net, const char *path, const char *encoding, Str body, Buf *out)
{
        char url[128];
        snprintf(url, sizeof url, "%s%s", net->base, path);
        HttpHeader header = { STR("Content-Encoding"), str_of(encoding) };
        HttpCallOptions o = {
                .method = "POST", .url = str_of(url), .headers = &header, .n_headers = encoding ? 1 : 0, .body = body
        };
        HttpAnswer a;
        buf_clear(out);
        http_client_call(net->client, &o, &a, out);
        return a;
}

static void bodies_are_decoded_within_the_limit(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        AUTO(buf_done) Buf plain = { 0 };
        AUTO(buf_done) Buf packed = { 0 };
        memset(buf_reserve(&plain, 8 << 20), 'a', 8 << 20);
        plain.n = 4 << 20;
        assert_str(post(net, "/length", NULL, buf_str(&plain), &out).body, "4194304");
        gzip_encode(GZIP_GZIP, buf_str(&plain), 6, &packed);
        assert_str(post(net, "/length", "gzip", buf_str(&packed), &out).body, "4194304");
        buf_clear(&packed);
        gzip_encode(GZIP_DEFLATE, buf_str(&plain), 6, &packed);
        assert_str(post(net, "/length", "deflate", buf_str(&packed), &out).body, "4194304");
        char want[32];
        snprintf(want, sizeof want, "%zu", packed.n);
        assert_str(post(net, "/raw", "deflate", buf_str(&packed), &out).body, want);
        plain.n++;
        buf_clear(&packed);
        gzip_encode(GZIP_GZIP, buf_str(&plain), 6, &packed);
        HttpAnswer a = post(net, "/length", "gzip", buf_str(&packed), &out);
        assert_int_equal(a.status, 413);
        assert_int_equal(post(net, "/length", "gzip", STR("not gzip"), &out).status, 400);
        assert_int_equal(post(net, "/length", "br", STR("x"), &out).status, 415);
        assert_int_equal(post(net, "/length", "snappy", STR("x"), &out).status, 415);
        assert_str(post(net, "/pool/length", NULL, str_n(plain.p, 1 << 20), &out).body, "1048576");
        assert_int_equal(post(net, "/pool/length", NULL, str_n(plain.p, (1 << 20) + 1), &out).status, 413);
}

static void answers_are_compressed(void **state)
{
        Net *net = *state;
        int fd = raw_connect(http_server_port(net->server));
        AUTO(buf_done) Buf in = { 0 };
        raw_send(fd,
                 STR("GET /json HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"));
        assert_true(raw_read_until(fd, &in, NULL));
        close(fd);
        assert_contains(buf_cstr(&in), "Content-Encoding: gzip\r\n");
        assert_contains(buf_cstr(&in), "Vary: Accept-Encoding\r\n");
        assert_true(in.n < 2000);
        fd = raw_connect(http_server_port(net->server));
        buf_clear(&in);
        raw_send(fd, STR("GET /json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        assert_true(raw_read_until(fd, &in, NULL));
        close(fd);
        assert_contains(buf_cstr(&in), "Vary: Accept-Encoding\r\n");
        assert_contains(buf_cstr(&in), "Content-Length: 8000\r\n");
}

static void every_answer_has_security_headers(void **state)
{
        Net *net = *state;
        static const char *const PATHS[] = { "/page", "/hello", "/nothing", "/stream" };
        for (size_t i = 0; i < ARRAY_LEN(PATHS); i++) {
                int fd = raw_connect(http_server_port(net->server));
                AUTO(buf_done) Buf in = { 0 };
                char request[128];
                int n = snprintf(request, sizeof request,
                                 "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", PATHS[i]);
                raw_send(fd, str_n(request, (size_t)n));
                assert_true(raw_read_until(fd, &in, "\r\n\r\n"));
                close(fd);
                assert_contains(buf_cstr(&in), "X-Content-Type-Options: nosniff\r\n");
                assert_contains(buf_cstr(&in), "Referrer-Policy: ");
                assert_contains(buf_cstr(&in), "frame-ancestors 'self'");
                if (i == 0)
                        assert_contains(buf_cstr(&in), "default-src 'self'");
        }
}

static void a_client_that_leaves_cancels(void **state)
{
        Net *net = *state;
        int before = gate_count(&canceled);
        int was = gate_count(&entered);
        int fd = raw_connect(http_server_port(net->server));
        raw_send(fd, STR("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_true(gate_reached(&entered, was + 1));
        int64_t left = clock_system()->mono_ns(clock_system());
        close(fd);
        assert_true(gate_reached(&canceled, before + 1));
        /* Promised are 100 ms; ten times that is still far from the deadline of a loaded machine. */
        assert_true(clock_system()->mono_ns(clock_system()) - left < INT64_C(1000000000));
}

static void streams_are_whole_and_bounded(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        HttpAnswer a = net_call(net, "GET", "/stream", STR(""), &out);
        assert_true(a.ok);
        assert_int_equal(a.body.n, STREAM_LINES * LINE_BYTES);
        for (int i = 0; i < STREAM_LINES; i += 999) {
                char want[LINE_BYTES + 1];
                snprintf(want, sizeof want, "%063d\n", i);
                assert_memory_equal(a.body.p + (size_t)i * LINE_BYTES, want, LINE_BYTES);
        }
        /* A client that reads one piece and leaves: the writer, which waits for room, learns it. */
        int before = gate_count(&canceled);
        int fd = raw_connect(http_server_port(net->server));
        AUTO(buf_done) Buf in = { 0 };
        raw_send(fd, STR("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_true(raw_read_until(fd, &in, "\n0"));
        close(fd);
        assert_true(gate_reached(&canceled, before + 1));
        /* HEAD of a stream has no body, not even an empty chunk: the next answer follows at once. */
        fd = raw_connect(http_server_port(net->server));
        buf_clear(&in);
        raw_send(fd, STR("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
                         "GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        assert_true(raw_read_until(fd, &in, NULL));
        close(fd);
        size_t end = str_find(buf_str(&in), STR("\r\n\r\n"));
        assert_true(end != SIZE_MAX);
        assert_true(str_starts(str_sub(buf_str(&in), end + 4, in.n), STR("HTTP/1.1 200 OK\r\n")));
        assert_contains(buf_cstr(&in), "hello /hello");
}

static void count_ok(void *arg, const HttpAnswer *answer)
{
        if (answer->ok && answer->status == 200 && str_eq(answer->body, STR("1000")))
                gate_add(arg);
        else
                print_error("status %d, %s, '" STR_FMT "' after %g s\n", answer->status,
                            answer->ok ? "ok" : answer->err.msg, STR_ARG(answer->body), answer->seconds);
}

static void two_hundred_requests_at_once(void **state)
{
        Net *net = *state;
        Gate done;
        gate_init(&done);
        static const char *const PATHS[] = { "/length", "/pool/length" };
        AUTO(buf_done) Buf body = { 0 };
        for (int i = 0; i < 1000; i++)
                buf_char(&body, 'x');
        for (int round = 0; round < 4; round++) {
                for (int i = 0; i < 50; i++) {
                        char url[128];
                        snprintf(url, sizeof url, "%s%s", net->base, PATHS[i % 2]);
                        HttpCallOptions o = { .method = "POST",
                                              .url = str_of(url),
                                              .body = buf_str(&body),
                                              .timeout_ms = WAIT_S * 1000 };
                        http_client_start(net->client, &o, count_ok, &done);
                }
                if (round % 2)
                        assert_true(gate_reached(&done, (round + 1) * 50));
        }
        assert_true(gate_reached(&done, 200));
}

static void count_later(void *arg, const HttpAnswer *answer)
{
        if (answer->ok && answer->status == 200 && str_eq(answer->body, STR("later")))
                gate_add(arg);
}

static void a_held_answer_waits_without_a_worker(void **state)
{
        (void)state;
        Net net;
        net_start_with(&net, (HttpServerOptions){ 0 }, 1, LATER, ROUTES, ARRAY_LEN(ROUTES));
        Gate done;
        gate_init(&done);
        int was = gate_count(&entered);
        char url[128];
        snprintf(url, sizeof url, "%s/pool/later", net.base);
        HttpCallOptions o = { .url = str_of(url), .timeout_ms = WAIT_S * 1000 };
        for (int i = 0; i < LATER; i++)
                http_client_start(net.client, &o, count_later, &done);
        assert_true(gate_reached(&entered, was + LATER)); /* one worker began them all */
        AUTO(buf_done) Buf out = { 0 };
        assert_str(net_call(&net, "GET", "/later", STR(""), &out).body, "at once");
        assert_int_equal(gate_count(&done), 0);
        for (int i = 0; i < LATER; i++)
                http_held_release(atomic_load(&later_held[i]));
        assert_true(gate_reached(&done, LATER));
        net_stop(&net);
}

static void count_503(void *arg, const HttpAnswer *answer)
{
        if (answer->ok && answer->status == 503 && str_eq(answer->retry_after, STR("1")))
                gate_add(arg);
}

static void a_full_pool_is_said(void **state)
{
        (void)state;
        Net net;
        net_start_with(&net, (HttpServerOptions){ 0 }, 1, 1, ROUTES, ARRAY_LEN(ROUTES));
        Gate refused;
        gate_init(&refused);
        int was = gate_count(&entered);
        char url[128];
        snprintf(url, sizeof url, "%s/hold", net.base);
        HttpCallOptions o = { .url = str_of(url), .timeout_ms = WAIT_S * 1000 };
        http_client_start(net.client, &o, count_503, &refused);
        assert_true(gate_reached(&entered, was + 1));
        for (int i = 0; i < 5; i++)
                http_client_start(net.client, &o, count_503, &refused);
        assert_true(gate_reached(&refused, 4)); /* one runs, one waits */
        AUTO(buf_done) Buf out = { 0 };
        assert_int_equal(net_call(&net, "POST", "/small", STR("x"), &out).status, 503);
        assert_str(net_call(&net, "POST", "/small", STR(""), &out).body, "small"); /* needs no worker */
        int before = gate_count(&canceled);
        net_stop(&net); /* the client goes first: what runs is canceled */
        assert_true(gate_count(&canceled) > before);
}

static void metrics_are_counted(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        net_call(net, "GET", "/hello", STR(""), &out);
        AUTO(buf_done) Buf text = { 0 };
        metric_write_text(&text);
        assert_contains(buf_cstr(&text), "pharos_net_http_requests_total{route=\"/hello\",code=\"200\"}");
        assert_contains(buf_cstr(&text), "pharos_net_http_request_seconds_count{route=\"/hello\"}");
        assert_contains(buf_cstr(&text), "pharos_net_http_requests_total{route=\"none\",code=\"404\"}");
        assert_contains(buf_cstr(&text), "pharos_net_http_request_bytes_total");
        assert_contains(buf_cstr(&text), "pharos_net_http_requests_in_flight");
}

static void a_prefix_is_stripped(void **state)
{
        (void)state;
        Net net;
        net_start_with(&net,
                       (HttpServerOptions){ .route_prefix = "/mon/", .cors_origin = "https://grafana.example.com" }, 1,
                       4, ROUTES, ARRAY_LEN(ROUTES));
        AUTO(buf_done) Buf out = { 0 };
        assert_str(net_call(&net, "GET", "/mon/hello?x", STR(""), &out).body, "hello /hello||x");
        assert_int_equal(net_call(&net, "GET", "/hello", STR(""), &out).status, 404);
        assert_int_equal(net_call(&net, "GET", "/monkey/hello", STR(""), &out).status, 404);
        assert_int_equal(net_call(&net, "GET", "/", STR(""), &out).status, 302);
        int fd = raw_connect(http_server_port(net.server));
        AUTO(buf_done) Buf in = { 0 };
        raw_send(fd, STR("GET /mon?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_true(raw_read_until(fd, &in, "\r\n\r\n"));
        assert_contains(buf_cstr(&in), "Location: /mon/?a=b\r\n");
        buf_clear(&in);
        raw_send(fd, STR("OPTIONS /mon/api/params HTTP/1.1\r\nHost: localhost\r\nOrigin: "
                         "https://grafana.example.com\r\nConnection: close\r\n\r\n"));
        assert_true(raw_read_until(fd, &in, NULL));
        close(fd);
        assert_contains(buf_cstr(&in), "204 No Content");
        assert_contains(buf_cstr(&in), "Access-Control-Allow-Origin: https://grafana.example.com\r\n");
        assert_contains(buf_cstr(&in), "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\r\n");
        net_stop(&net);
}

static void the_port_is_free_after_stop(void **state)
{
        (void)state;
        Net net;
        Err err;
        net_start_with(&net, (HttpServerOptions){ 0 }, 1, 4, ROUTES, ARRAY_LEN(ROUTES));
        AUTO(buf_done) Buf out = { 0 };
        char listen_text[64];
        snprintf(listen_text, sizeof listen_text, "127.0.0.1:%d", http_server_port(net.server));
        for (int i = 0; i < 3; i++) {
                assert_int_equal(net_call(&net, "GET", "/hello", STR(""), &out).status, 200);
                HttpServer *second = NULL;
                HttpServerOptions o = { .listen = listen_text };
                assert_false(http_server_start(&o, ROUTES, 1, &second, &err));
                assert_int_equal(err.code, ERR_EXISTS);
                assert_contains(err.msg, "address already in use; choose another with --listen");
                http_server_stop(net.server);
                o.pool = net.pool;
                assert_ok(http_server_start(&o, ROUTES, ARRAY_LEN(ROUTES), &net.server, &err), err);
        }
        net_stop(&net);
}

static void stop_ends_what_runs(void **state)
{
        (void)state;
        Net net;
        net_start_with(&net, (HttpServerOptions){ .threads = 1 }, 2, 4, ROUTES, ARRAY_LEN(ROUTES));
        int before = gate_count(&canceled);
        int was = gate_count(&entered);
        int held = raw_connect(http_server_port(net.server));
        raw_send(held, STR("GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        int stalled = raw_connect(http_server_port(net.server));
        raw_send(stalled, STR("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        AUTO(buf_done) Buf in = { 0 };
        assert_true(raw_read_until(stalled, &in, "\n0"));
        assert_true(gate_reached(&entered, was + 1));
        net_stop(&net);
        assert_int_equal(gate_count(&canceled), before + 2);
        close(held);
        close(stalled);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(routes_and_paths),
                cmocka_unit_test(parameters),
                cmocka_unit_test(bodies_are_decoded_within_the_limit),
                cmocka_unit_test(answers_are_compressed),
                cmocka_unit_test(every_answer_has_security_headers),
                cmocka_unit_test(a_client_that_leaves_cancels),
                cmocka_unit_test(streams_are_whole_and_bounded),
                cmocka_unit_test(two_hundred_requests_at_once),
                cmocka_unit_test(a_held_answer_waits_without_a_worker),
                cmocka_unit_test(a_full_pool_is_said),
                cmocka_unit_test(metrics_are_counted),
                cmocka_unit_test(a_prefix_is_stripped),
                cmocka_unit_test(the_port_is_free_after_stop),
                cmocka_unit_test(stop_ends_what_runs),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
