#include "net_fixture.h"

static SseHub *hub;

static void events(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        http_response_sse(resp, hub, "hello", STR("{\"v\":1}"));
}

static const HttpRoute ROUTES[] = {
        { HTTP_GET, "/events", events },
        { HTTP_GET, "/pool-events", events, .on_pool = true },
};

static int open_stream(Net *net, const char *path, Buf *in)
{
        int fd = raw_connect(http_server_port(net->server));
        char request[128];
        int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
        raw_send(fd, str_n(request, (size_t)n));
        assert_true(raw_read_until(fd, in, "event: hello\ndata: {\"v\":1}\n\n"));
        return fd;
}

static void two_clients_see_the_same(void **state)
{
        (void)state;
        Net net;
        hub = sse_hub_new(8);
        net_start(&net, ROUTES, ARRAY_LEN(ROUTES));
        AUTO(buf_done) Buf in1 = { 0 };
        AUTO(buf_done) Buf in2 = { 0 };
        int fd1 = open_stream(&net, "/events", &in1);
        int fd2 = open_stream(&net, "/pool-events", &in2);
        assert_contains(buf_cstr(&in1), "Content-Type: text/event-stream");
        assert_contains(buf_cstr(&in1), "X-Accel-Buffering: no");
        assert_int_equal(sse_hub_clients(hub), 2);
        for (int i = 0; i < 100; i++) {
                char data[32];
                int n = snprintf(data, sizeof data, "{\"n\":%d}", i);
                sse_hub_publish(hub, "tick", str_n(data, (size_t)n));
        }
        sse_hub_publish(hub, "text", STR("two\nlines"));
        assert_true(raw_read_until(fd1, &in1, "event: text\ndata: two\ndata: lines\n\n"));
        assert_true(raw_read_until(fd2, &in2, "event: text\ndata: two\ndata: lines\n\n"));
        assert_contains(buf_cstr(&in1), "event: tick\ndata: {\"n\":0}\n\n");
        assert_contains(buf_cstr(&in2), "event: tick\ndata: {\"n\":99}\n\n");
        close(fd1);
        wait_until(sse_hub_clients(hub) == 1);
        sse_hub_publish(hub, "after", STR("1"));
        assert_true(raw_read_until(fd2, &in2, "event: after\n"));
        net_stop(&net);
        assert_true(raw_read_until(fd2, &in2, NULL)); /* ended, not reset */
        close(fd2);
        assert_int_equal(sse_hub_clients(hub), 0);
        sse_hub_publish(hub, "nobody", STR("1"));
        sse_hub_free(hub);
}

static void a_slow_client_loses_the_oldest(void **state)
{
        (void)state;
        Net net;
        hub = sse_hub_new(8);
        net_start(&net, ROUTES, ARRAY_LEN(ROUTES));
        AUTO(buf_done) Buf in = { 0 };
        int fd = open_stream(&net, "/events", &in);
        /* Far more than the queue and both socket buffers hold, while nobody reads. */
        AUTO(buf_done) Buf data = { 0 };
        for (int i = 0; i < 64 * 1024; i++)
                buf_char(&data, 'd');
        for (int i = 0; i < 600; i++)
                sse_hub_publish(hub, "big", buf_str(&data));
        sse_hub_publish(hub, "last", STR("1"));
        assert_true(raw_read_until(fd, &in, "event: last\n"));
        const char *dropped = strstr(buf_cstr(&in), "event: dropped\ndata: {\"dropped\":");
        assert_non_null(dropped);
        size_t lost = strtoul(dropped + strlen("event: dropped\ndata: {\"dropped\":"), NULL, 10);
        assert_true(lost > 0 && lost <= 600 - 255);
        close(fd);
        net_stop(&net);
        sse_hub_free(hub);
}

static void silence_is_filled(void **state)
{
        (void)state;
        Net net;
        hub = sse_hub_new(8);
        net_start_with(&net, (HttpServerOptions){ .sse_heartbeat_ms = 10 }, 1, 4, ROUTES, ARRAY_LEN(ROUTES));
        AUTO(buf_done) Buf in = { 0 };
        int fd = open_stream(&net, "/events", &in);
        assert_true(raw_read_until(fd, &in, ": still here\n\n"));
        buf_clear(&in);
        assert_true(raw_read_until(fd, &in, ": still here\n\n"));
        close(fd);
        net_stop(&net);
        sse_hub_free(hub);
}

static void a_full_hub_says_so(void **state)
{
        (void)state;
        Net net;
        hub = sse_hub_new(1);
        net_start(&net, ROUTES, ARRAY_LEN(ROUTES));
        AUTO(buf_done) Buf in = { 0 };
        AUTO(buf_done) Buf out = { 0 };
        int fd = open_stream(&net, "/pool-events", &in);
        HttpAnswer a = net_call(&net, "GET", "/events", STR(""), &out);
        assert_int_equal(a.status, 503);
        a = net_call(&net, "GET", "/pool-events", STR(""), &out);
        assert_int_equal(a.status, 503);
        assert_contains(buf_cstr(&out), "too many live views");
        /* The hub goes first: its streams end, the server lives on. */
        sse_hub_free(hub);
        assert_true(raw_read_until(fd, &in, "\r\n0\r\n\r\n"));
        close(fd);
        hub = sse_hub_new(1);
        fd = open_stream(&net, "/events", &in);
        close(fd);
        net_stop(&net);
        sse_hub_free(hub);
}

static void clients_come_and_go(void **state)
{
        (void)state;
        Net net;
        hub = sse_hub_new(100);
        net_start(&net, ROUTES, ARRAY_LEN(ROUTES));
        for (int round = 0; round < 5; round++) {
                int fds[20];
                for (int i = 0; i < 20; i++) {
                        AUTO(buf_done) Buf in = { 0 };
                        fds[i] = open_stream(&net, i % 2 ? "/events" : "/pool-events", &in);
                        sse_hub_publish(hub, "tick", STR("1"));
                }
                for (int i = 0; i < 20; i++) {
                        close(fds[i]);
                        sse_hub_publish(hub, "tick", STR("2"));
                }
        }
        wait_until(sse_hub_clients(hub) == 0);
        net_stop(&net);
        sse_hub_free(hub);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(two_clients_see_the_same), cmocka_unit_test(a_slow_client_loses_the_oldest),
                cmocka_unit_test(silence_is_filled),        cmocka_unit_test(a_full_hub_says_so),
                cmocka_unit_test(clients_come_and_go),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
