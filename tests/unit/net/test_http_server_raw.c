/* Requests that no client library would send. */
#include "net_fixture.h"

static Gate handled;

static void hello(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        gate_add(&handled);
        buf_printf(&resp->body, "[" STR_FMT "]%zu", STR_ARG(req->path), req->body.n);
}

static const HttpRoute ROUTES[] = {
        { HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE, "/*", hello },
        { HTTP_POST | HTTP_PUT | HTTP_DELETE, "/small", hello, .max_body_bytes = 1000 },
        { HTTP_POST, "/page", hello, .on_pool = true },
};

static int setup(void **state)
{
        static Net net;
        gate_init(&handled);
        net_start(&net, ROUTES, ARRAY_LEN(ROUTES));
        *state = &net;
        return 0;
}

static int teardown(void **state)
{
        net_stop(*state);
        return 0;
}

/* Sends the bytes, reads until the server closes. */
static void talk(Net *net, Str request, Buf *out)
{
        int fd = raw_connect(http_server_port(net->server));
        raw_send(fd, request);
        buf_clear(out);
        if (!raw_read_until(fd, out, NULL))
                fail_msg("no clean end after '" STR_FMT "'", STR_ARG(str_sub(request, 0, 100)));
        close(fd);
        buf_cstr(out);
}

typedef struct Case {
        const char *request, *want;
} Case;

static void talk_all(Net *net, const Case *cases, size_t n)
{
        AUTO(buf_done) Buf out = { 0 };
        for (size_t i = 0; i < n; i++) {
                talk(net, str_of(cases[i].request), &out);
                if (!str_starts(buf_str(&out), str_of(cases[i].want)) && !strstr(out.p, cases[i].want))
                        fail_msg("request '%s' got '%s', want '%s'", cases[i].request, out.p, cases[i].want);
        }
}

#define H " HTTP/1.1\r\nHost: localhost\r\n"

static void ambiguous_framing_is_refused(void **state)
{
        static const Case CASES[] = {
                { "POST /" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400" },
                { "POST /" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "HTTP/1.1 400" },
                { "POST /" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "HTTP/1.1 400" },
                { "POST /" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400" },
                { "POST /" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400" },
                { "POST /" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  "HTTP/1.1 400" },
                { "POST /" H "Content-Length: -1\r\n\r\n", "HTTP/1.1 400" },
                { "POST /" H "Content-Length: +5\r\n\r\nhello", "HTTP/1.1 400" },
                { "POST /" H "Content-Length: 5x\r\n\r\nhello", "HTTP/1.1 400" },
                { "POST /" H "Content-Length: 0x5\r\n\r\nhello", "HTTP/1.1 400" },
                { "POST /" H "Content-Length: 99999999999999999999\r\n\r\nhello", "HTTP/1.1 4" },
                { "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400" },
                { "GET /" H "Host: other\r\n\r\n", "HTTP/1.1 400" },
                { "POST /" H "Connection: close\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "[/]5" },
                { "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200" },
        };
        talk_all(*state, CASES, ARRAY_LEN(CASES));
}

static void bad_paths_are_refused(void **state)
{
        static const Case CASES[] = {
                { "GET /%zz" H "Connection: close\r\n\r\n", "HTTP/1.1 400" },
                { "GET /%4" H "Connection: close\r\n\r\n", "HTTP/1.1 400" },
                { "GET /a%00b" H "Connection: close\r\n\r\n", "HTTP/1.1 400" },
                { "GET /../etc/passwd" H "Connection: close\r\n\r\n", "HTTP/1.1 400" },
                { "GET /a/%2e%2e/b" H "Connection: close\r\n\r\n", "HTTP/1.1 400" },
                { "GET /a%2f..%2fb" H "Connection: close\r\n\r\n", "HTTP/1.1 400" },
                { "GET /./a" H "Connection: close\r\n\r\n", "HTTP/1.1 400" },
                { "GET noslash" H "Connection: close\r\n\r\n", "HTTP/1.1 400" },
                { "GET http://localhost/abs?x" H "Connection: close\r\n\r\n", "[/abs]0" },
                { "GET /%41..b" H "Connection: close\r\n\r\n", "[/A..b]0" },
                { "GET /?q=%zz" H "Connection: close\r\n\r\n", "[/]0" },
                { "BREW /" H "Connection: close\r\n\r\n", "HTTP/1.1 501" },
        };
        talk_all(*state, CASES, ARRAY_LEN(CASES));
}

static void foreign_hosts_and_pages_are_refused(void **state)
{
        static const Case CASES[] = {
                { "GET / HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n",
                  "host 'evil.example:80' is not this machine" },
                { "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n", "HTTP/1.1 200" },
                { "POST /" H "Origin: http://evil.example\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 403" },
                { "POST /" H "Origin: http://evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                  "HTTP/1.1 403" },
                { "POST /" H "Origin: http://localhost\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
                  "HTTP/1.1 200" },
                { "GET /" H "Origin: http://evil.example\r\nConnection: close\r\n\r\n", "HTTP/1.1 200" },
        };
        talk_all(*state, CASES, ARRAY_LEN(CASES));
}

static void long_headers_are_431(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf request = { 0 };
        AUTO(buf_done) Buf out = { 0 };
        buf_lit(&request, "GET /" H "X-Long: ");
        for (int i = 0; i < 100000; i++)
                buf_char(&request, 'x');
        buf_lit(&request, "\r\n\r\n");
        int fd = raw_connect(http_server_port(net->server));
        raw_send(fd, buf_str(&request));
        assert_true(raw_read_until(fd, &out, "\r\n"));
        close(fd);
        assert_contains(buf_cstr(&out), "HTTP/1.1 431");
        buf_clear(&request); /* 30 KB still pass */
        buf_lit(&request, "GET /" H "Connection: close\r\nX-Long: ");
        for (int i = 0; i < 30000; i++)
                buf_char(&request, 'x');
        buf_lit(&request, "\r\n\r\n");
        talk(net, buf_str(&request), &out);
        assert_contains(buf_cstr(&out), "HTTP/1.1 200");
}

static uint64_t resident_bytes(void)
{
        FILE *f = fopen("/proc/self/statm", "re");
        unsigned long size;
        unsigned long resident = 0;
        assert_non_null(f);
        assert_int_equal(fscanf(f, "%lu %lu", &size, &resident), 2);
        fclose(f);
        return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void huge_uploads_are_refused_early(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        AUTO(buf_done) Buf block = { 0 };
        memset(buf_reserve(&block, 1 << 20), 'x', 1 << 20);
        block.n = 1 << 20;
        int before = gate_count(&handled);
        uint64_t resident = resident_bytes();
        /* A declared length: answered from the head alone. */
        int fd = raw_connect(http_server_port(net->server));
        raw_send(fd, STR("POST /small" H "Content-Length: 104857600\r\n\r\n"));
        assert_true(raw_read_until(fd, &out, "larger than 1000 bytes"));
        assert_contains(buf_cstr(&out), "HTTP/1.1 413");
        for (int i = 0; i < 100; i++) /* sent nevertheless: drained or refused, never kept */
                raw_send(fd, buf_str(&block));
        close(fd);
        /* Chunked: answered by the chunk that exceeds, while the client still sends. */
        fd = raw_connect(http_server_port(net->server));
        raw_send(fd, STR("POST /small" H "Transfer-Encoding: chunked\r\n\r\n6400000\r\n"));
        for (int i = 0; i < 4; i++)
                raw_send(fd, buf_str(&block));
        buf_clear(&out);
        assert_true(raw_read_until(fd, &out, NULL));
        close(fd);
        assert_contains(buf_cstr(&out), "HTTP/1.1 413");
        assert_contains(buf_cstr(&out), "Connection: close");
        assert_contains(buf_cstr(&out), "larger than 1000 bytes");
        static const char *const METHODS[] = { "PUT", "DELETE" };
        for (size_t i = 0; i < ARRAY_LEN(METHODS); i++) {
                char request[128];
                int n = snprintf(request, sizeof request, "%s /small" H "Content-Length: 1001\r\n\r\n", METHODS[i]);
                talk(net, str_n(request, (size_t)n), &out);
                assert_contains(buf_cstr(&out), "HTTP/1.1 413");
        }
        assert_int_equal(gate_count(&handled), before);
        assert_true(resident_bytes() < resident + (32 << 20));
}

static void continue_is_answered(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        int fd = raw_connect(http_server_port(net->server));
        raw_send(fd, STR("POST /small" H "Content-Length: 1000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"));
        assert_true(raw_read_until(fd, &out, "\r\n\r\n"));
        assert_contains(buf_cstr(&out), "HTTP/1.1 100 Continue");
        char body[1000];
        memset(body, 'x', sizeof body);
        raw_send(fd, str_n(body, sizeof body));
        assert_true(raw_read_until(fd, &out, "[/small]1000"));
        close(fd);
        fd = raw_connect(http_server_port(net->server));
        raw_send(fd, STR("POST /small" H "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n"));
        buf_clear(&out);
        assert_true(raw_read_until(fd, &out, "larger"));
        assert_null(strstr(buf_cstr(&out), "100 Continue"));
        assert_contains(buf_cstr(&out), "HTTP/1.1 413");
        close(fd);
}

/* One connection, many requests: refusals without a body keep it, pipelined requests are answered in order. */
static void connections_are_kept(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        int fd = raw_connect(http_server_port(net->server));
        raw_send(fd,
                 STR("GET /1" H "\r\nOPTIONS /2" H "\r\nPOST /page" H "Content-Length: 3\r\n\r\nabcGET /4" H "\r\n"));
        assert_true(raw_read_until(fd, &out, "[/4]0"));
        const char *p1 = strstr(buf_cstr(&out), "[/1]0");
        const char *p2 = strstr(out.p, "204 No Content");
        const char *p3 = strstr(out.p, "[/page]3");
        assert_true(p1 && p2 && p3 && p1 < p2 && p2 < p3);
        close(fd);
}

/* Half a request, then nothing: the connection closes and nothing is handled. */
static void cut_requests_are_harmless(void **state)
{
        Net *net = *state;
        static const char WHOLE[] = "POST /page" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n";
        int before = gate_count(&handled);
        AUTO(buf_done) Buf out = { 0 };
        for (size_t n = 1; n < sizeof WHOLE; n++) {
                int fd = raw_connect(http_server_port(net->server));
                raw_send(fd, str_n(WHOLE, n));
                close(fd);
        }
        assert_int_equal(gate_count(&handled), before);
        talk(net, STR("GET /" H "Connection: close\r\n\r\n"), &out);
        assert_contains(buf_cstr(&out), "200 OK");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ambiguous_framing_is_refused),
                cmocka_unit_test(bad_paths_are_refused),
                cmocka_unit_test(foreign_hosts_and_pages_are_refused),
                cmocka_unit_test(long_headers_are_431),
                cmocka_unit_test(huge_uploads_are_refused_early),
                cmocka_unit_test(continue_is_answered),
                cmocka_unit_test(connections_are_kept),
                cmocka_unit_test(cut_requests_are_harmless),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
