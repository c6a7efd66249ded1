#include <sys/un.h>

#include "net_fixture.h"
#include "os/thread.h"

static void echo(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        buf_printf(&resp->body,
                   "%d " STR_FMT " type=" STR_FMT " auth=" STR_FMT " agent=" STR_FMT " x=" STR_FMT " body=" STR_FMT,
                   req->method, STR_ARG(req->path), STR_ARG(http_request_header(req, STR("content-type"))),
                   STR_ARG(http_request_header(req, STR("authorization"))),
                   STR_ARG(http_request_header(req, STR("user-agent"))),
                   STR_ARG(http_request_header(req, STR("x-test"))), STR_ARG(req->body));
}

static void big(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        for (int i = 0; i < 20000; i++)
                buf_lit(&resp->body, "0123456789");
}

static void remote(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        buf_str_add(&resp->body, req->remote);
}

static void redirect(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        resp->status = 302;
        http_response_header(resp, STR("Location"), str_eq(req->path, STR("/loop")) ? STR("/loop") : STR("/echo"));
        http_response_header(resp, STR("Retry-After"), STR("99"));
}

static void busy(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        resp->status = 429;
        http_response_header(resp, STR("Retry-After"), STR("7"));
        buf_lit(&resp->body, "busy");
}

typedef struct Blocker {
        Gate entered, leave;
} Blocker;

static void block(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)req;
        (void)resp;
        Blocker *b = self;
        gate_add(&b->entered);
        gate_reached(&b->leave, 1);
}

static Blocker blocker;

static const HttpRoute ROUTES[] = {
        { HTTP_GET | HTTP_POST | HTTP_PUT | HTTP_DELETE, "/echo*", echo },
        { HTTP_GET, "/big", big },
        { HTTP_GET, "/remote", remote },
        { HTTP_GET, "/moved", redirect },
        { HTTP_GET, "/loop", redirect },
        { HTTP_GET, "/busy", busy },
        { HTTP_GET, "/block", block, &blocker, .on_pool = true },
};

static int setup(void **state)
{
        static Net net;
        gate_init(&blocker.entered);
        gate_init(&blocker.leave);
        net_start(&net, ROUTES, ARRAY_LEN(ROUTES));
        *state = &net;
        return 0;
}

static int teardown(void **state)
{
        gate_add(&blocker.leave);
        net_stop(*state);
        return 0;
}

static HttpAnswer call(Net *net, const char *path, HttpCallOptions o, Buf *out)
{
        char url[512];
        snprintf(url, sizeof url, "%s%s", net->base, path);
        o.url = str_of(url);
        HttpAnswer answer;
        buf_clear(out);
        http_client_call(net->client, &o, &answer, out);
        return answer;
}

static void methods_headers_and_bodies(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        HttpAnswer a = call(net, "/echo", (HttpCallOptions){ 0 }, &out);
        assert_true(a.ok);
        assert_int_equal(a.status, 200);
        assert_str(a.body, "1 /echo type= auth= agent=pharos/" PHAROS_VERSION " x= body=");
        assert_str(a.content_type, "text/plain; charset=utf-8");
        HttpHeader headers[] = { { STR("X-Test"), STR("yes") },
                                 { STR("Content-Type"), STR("a/b") },
                                 { STR("User-Agent"), STR("me") } };
        a = call(net, "/echo/x",
                 (HttpCallOptions){ .method = "POST", .body = STR("hello"), .headers = headers, .n_headers = 3 }, &out);
        assert_str(a.body, "4 /echo/x type=a/b auth= agent=me x=yes body=hello");
        a = call(net, "/echo", (HttpCallOptions){ .method = "PUT", .body = STR("p") }, &out);
        assert_contains(buf_cstr(&out), "8 /echo type= ");
        a = call(net, "/echo", (HttpCallOptions){ .method = "DELETE" }, &out);
        assert_contains(buf_cstr(&out), "16 /echo");
        a = call(net, "/echo", (HttpCallOptions){ .method = "POST" }, &out);
        assert_int_equal(a.status, 200);
        a = call(net, "/echo", (HttpCallOptions){ .method = "HEAD" }, &out);
        assert_int_equal(a.status, 200);
        assert_int_equal(a.body.n, 0);
}

static void credentials(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        HttpAuthTls basic = { .username = STR("me"), .password = STR("pw") };
        call(net, "/echo", (HttpCallOptions){ .auth = &basic }, &out);
        assert_contains(buf_cstr(&out), "auth=Basic bWU6cHc=");
        HttpAuthTls bearer = { .bearer = STR("tok") };
        call(net, "/echo", (HttpCallOptions){ .auth = &bearer }, &out);
        assert_contains(buf_cstr(&out), "auth=Bearer tok");
        HttpAuthTls named = { .server_name = STR("other.example.com") };
        HttpAnswer a = call(net, "/echo", (HttpCallOptions){ .auth = &named }, &out);
        assert_true(a.ok);
        assert_int_equal(a.status, 200);
        HttpAuthTls bad = { .bearer = STR("tok\r\nX: y") };
        a = call(net, "/echo", (HttpCallOptions){ .auth = &bad }, &out);
        assert_false(a.ok);
        assert_contains(a.err.msg, "line break");
        assert_null(strstr(a.err.msg, "tok"));
}

static void connections_are_used_again(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf first = { 0 };
        AUTO(buf_done) Buf again = { 0 };
        call(net, "/remote", (HttpCallOptions){ 0 }, &first);
        call(net, "/remote", (HttpCallOptions){ 0 }, &again);
        assert_true(str_starts(buf_str(&first), STR("127.0.0.1:")));
        assert_true(str_eq(buf_str(&first), buf_str(&again)));
}

static void limits(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        HttpAnswer a = call(net, "/big", (HttpCallOptions){ .max_body_bytes = 200000 }, &out);
        assert_true(a.ok);
        assert_int_equal(a.body.n, 200000);
        a = call(net, "/big", (HttpCallOptions){ .max_body_bytes = 199999 }, &out);
        assert_false(a.ok);
        assert_int_equal(a.err.code, ERR_LIMIT);
        assert_contains(a.err.msg, "body is larger than 199999 bytes");
        /* The sent bytes are few: the decoded ones count. */
        a = call(net, "/big", (HttpCallOptions){ .max_body_bytes = 100000, .accept_gzip = true }, &out);
        assert_int_equal(a.err.code, ERR_LIMIT);
        a = call(net, "/big", (HttpCallOptions){ .accept_gzip = true }, &out);
        assert_int_equal(a.body.n, 200000);
        assert_true(str_starts(a.body, STR("01234567890123456789")));
}

static void redirects(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        HttpAnswer a = call(net, "/moved", (HttpCallOptions){ 0 }, &out);
        assert_int_equal(a.status, 200);
        assert_int_equal(a.retry_after.n, 0);
        a = call(net, "/moved", (HttpCallOptions){ .no_redirects = true }, &out);
        assert_int_equal(a.status, 302);
        a = call(net, "/loop", (HttpCallOptions){ 0 }, &out);
        assert_false(a.ok);
        assert_contains(a.err.msg, "more than 10 redirects");
        a = call(net, "/busy", (HttpCallOptions){ 0 }, &out);
        assert_true(a.ok);
        assert_int_equal(a.status, 429);
        assert_str(a.retry_after, "7");
        assert_str(a.body, "busy");
}

static void failures_are_named(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        HttpAnswer a;
        int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound but not listening: refuses */
        struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof addr;
        assert_int_equal(bind(fd, (struct sockaddr *)&addr, n), 0);
        getsockname(fd, (struct sockaddr *)&addr, &n);
        char url[128];
        char want[128];
        snprintf(url, sizeof url, "http://user:hunter2@127.0.0.1:%d/m", ntohs(addr.sin_port));
        snprintf(want, sizeof want, "GET 'http://127.0.0.1:%d/m': connection refused", ntohs(addr.sin_port));
        HttpCallOptions o = { .url = str_of(url) };
        assert_false(http_client_call(net->client, &o, &a, &out));
        assert_string_equal(a.err.msg, want);
        assert_int_equal(a.err.code, ERR_UNAVAILABLE);
        close(fd);
        static const struct {
                const char *url, *method, *why;
        } CASES[] = {
                { "file:///etc/passwd", NULL, "no host" },
                { "ftp://127.0.0.1/x", NULL, "scheme 'ftp' is not supported" },
                { "127.0.0.1", NULL, "no scheme" },
                { "http://127.0.0.1:1/", "GE T", "bad method" },
                { "http://no-such-host.invalid/", NULL, "resolve host" },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                HttpCallOptions c = { .url = str_of(CASES[i].url), .method = CASES[i].method };
                assert_false(http_client_call(net->client, &c, &a, &out));
                assert_contains(a.err.msg, CASES[i].why);
        }
        HttpHeader evil = { STR("X"), STR("a\r\nY: b") };
        a = call(net, "/echo", (HttpCallOptions){ .headers = &evil, .n_headers = 1 }, &out);
        assert_contains(a.err.msg, "line break");
}

static void a_silent_server_times_out(void **state)
{
        Net *net = *state;
        AUTO(buf_done) Buf out = { 0 };
        HttpAnswer a = call(net, "/block", (HttpCallOptions){ .timeout_ms = 50 }, &out);
        assert_false(a.ok);
        assert_int_equal(a.err.code, ERR_TIMEOUT);
        assert_contains(a.err.msg, "timeout after 0.05 s");
}

static void must_not_run(void *arg, const HttpAnswer *answer)
{
        (void)answer;
        gate_add(arg);
}

typedef struct ToCancel {
        HttpClient *client;
        HttpCall *call;
        Str url;
        Gate *answered;
} ToCancel;

static void cancel_it(void *arg)
{
        ToCancel *c = arg;
        http_client_cancel(c->client, c->call);
        /* Started and canceled in one go: before the loop got to it. */
        HttpCallOptions o = { .url = c->url };
        http_client_cancel(c->client, http_client_start(c->client, &o, must_not_run, c->answered));
}

static void canceled_calls_stay_silent(void **state)
{
        Net *net = *state;
        Gate answered;
        gate_init(&answered);
        char url[128];
        snprintf(url, sizeof url, "%s/block", net->base);
        int entered = gate_count(&blocker.entered);
        HttpCallOptions o = { .url = str_of(url) };
        ToCancel c = { .client = net->client, .url = o.url, .answered = &answered };
        c.call = http_client_start(net->client, &o, must_not_run, &answered);
        assert_true(gate_reached(&blocker.entered, entered + 1));
        loop_call(net->loop, cancel_it, &c);
        /* Left under way: freeing the client must not call back either. */
        HttpClient *second;
        Err err;
        assert_ok(http_client_new(net->loop, 4, &second, &err), err);
        http_client_start(second, &o, must_not_run, &answered);
        http_client_free(second);
        AUTO(buf_done) Buf out = { 0 };
        call(net, "/echo", (HttpCallOptions){ 0 }, &out);
        assert_int_equal(gate_count(&answered), 0);
}

typedef struct Tally {
        Gate done;
        int wrong; /* loop thread */
        Loop *loop;
} Tally;

static void count_answer(void *arg, const HttpAnswer *answer)
{
        Tally *tally = arg;
        if (!loop_is_current(tally->loop) || !answer->ok || answer->status != 200 ||
            !str_starts(answer->body, STR("4 /echo")))
                tally->wrong++;
        gate_add(&tally->done);
}

static void many_calls_at_once(void **state)
{
        Net *net = *state;
        Tally tally = { .loop = net->loop };
        gate_init(&tally.done);
        char url[128];
        snprintf(url, sizeof url, "%s/echo", net->base);
        for (int i = 0; i < 200; i++) {
                HttpCallOptions o = {
                        .url = str_of(url), .method = "POST", .body = STR("x"), .timeout_ms = WAIT_S * 1000
                };
                http_client_start(net->client, &o, count_answer, &tally);
        }
        assert_true(gate_reached(&tally.done, 200));
        assert_int_equal(tally.wrong, 0);
}

typedef struct UnixServer {
        int fd;
        char path[108];
} UnixServer;

static void serve_unix(void *arg)
{
        UnixServer *server = arg;
        int fd = accept(server->fd, NULL, NULL);
        AUTO(buf_done) Buf in = { 0 };
        raw_read_until(fd, &in, "\r\n\r\n");
        raw_send(fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix"));
        close(fd);
}

static void unix_sockets(void **state)
{
        Net *net = *state;
        char dir[] = "/tmp/pharos-net-XXXXXX";
        assert_non_null(mkdtemp(dir));
        UnixServer server = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
        snprintf(server.path, sizeof server.path, "%s/s", dir);
        struct sockaddr_un addr = { .sun_family = AF_UNIX };
        memcpy(addr.sun_path, server.path, sizeof addr.sun_path);
        assert_int_equal(bind(server.fd, (struct sockaddr *)&addr, sizeof addr), 0);
        assert_int_equal(listen(server.fd, 1), 0);
        Thread thread;
        Err err;
        assert_ok(thread_start(&thread, "unix", serve_unix, &server, &err), err);
        AUTO(buf_done) Buf out = { 0 };
        HttpAnswer a;
        HttpCallOptions o = { .url = STR("http://docker/info"), .unix_socket = server.path };
        assert_ok(http_client_call(net->client, &o, &a, &out), a.err);
        assert_str(a.body, "unix");
        thread_join(thread);
        close(server.fd);
        unlink(server.path);
        rmdir(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(methods_headers_and_bodies),
                cmocka_unit_test(credentials),
                cmocka_unit_test(connections_are_used_again),
                cmocka_unit_test(limits),
                cmocka_unit_test(redirects),
                cmocka_unit_test(failures_are_named),
                cmocka_unit_test(canceled_calls_stay_silent),
                cmocka_unit_test(a_silent_server_times_out),
                cmocka_unit_test(many_calls_at_once),
                cmocka_unit_test(unix_sockets),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
