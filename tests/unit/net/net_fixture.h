/* Shared by the tests of net/: a server with a client beside it, a gate that handlers wait at, raw sockets with a
 * deadline. */
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "os/clock.h"
#include "os/mutex.h"
#include "testing.h"

enum { WAIT_S = 30 };

static inline int64_t deadline_ns(void)
{
        return clock_system()->mono_ns(clock_system()) + WAIT_S * INT64_C(1000000000);
}

/* A counter that one thread raises and another waits for. */
typedef struct Gate {
        Mutex mu;
        Cond cond;
        int count;
} Gate;

static inline void gate_init(Gate *gate)
{
        *gate = (Gate){ 0 };
        mutex_init(&gate->mu);
        mutex_cond_init(&gate->cond);
}

static inline void gate_add(Gate *gate)
{
        mutex_lock(&gate->mu);
        gate->count++;
        mutex_cond_broadcast(&gate->cond);
        mutex_unlock(&gate->mu);
}

static inline int gate_count(Gate *gate)
{
        MUTEX_SCOPE(&gate->mu);
        return gate->count;
}

static inline bool gate_reached(Gate *gate, int want)
{
        int64_t deadline = deadline_ns();
        mutex_lock(&gate->mu);
        while (gate->count < want)
                if (!mutex_cond_wait_until(&gate->cond, &gate->mu, deadline))
                        break;
        bool ok = gate->count >= want;
        mutex_unlock(&gate->mu);
        return ok;
}

/* Polls until the condition holds: for counters of the code under test that nobody signals. */
#define wait_until(cond)                                                              \
        do {                                                                          \
                int64_t wait_deadline_ = deadline_ns();                               \
                while (!(cond)) {                                                     \
                        if (clock_system()->mono_ns(clock_system()) > wait_deadline_) \
                                fail_msg("waited %d s for %s", WAIT_S, #cond);        \
                        poll(NULL, 0, 1);                                             \
                }                                                                     \
        } while (0)

typedef struct Net {
        Loop *loop;
        HttpClient *client;
        HttpServer *server;
        Pool *pool;
        char base[64];
} Net;

static inline void net_start_with(Net *net, HttpServerOptions options, size_t threads, size_t queue,
                                  const HttpRoute *routes, size_t n)
{
        Err err;
        *net = (Net){ 0 };
        assert_ok(loop_new(&net->loop, &err), err);
        assert_ok(http_client_new(net->loop, 64, &net->client, &err), err);
        net->pool = pool_new(threads, queue);
        options.pool = net->pool;
        if (!options.listen)
                options.listen = "127.0.0.1:0";
        assert_ok(http_server_start(&options, routes, n, &net->server, &err), err);
        snprintf(net->base, sizeof net->base, "http://127.0.0.1:%d", http_server_port(net->server));
}

static inline void net_start(Net *net, const HttpRoute *routes, size_t n)
{
        net_start_with(net, (HttpServerOptions){ 0 }, 4, 64, routes, n);
}

static inline void net_stop(Net *net)
{
        http_client_free(net->client);
        http_server_stop(net->server);
        pool_free(net->pool);
        loop_free(net->loop);
}

static inline HttpAnswer net_call(Net *net, const char *method, const char *path, Str body, Buf *out)
{
        char url[512];
        snprintf(url, sizeof url, "%s%s", net->base, path);
        HttpAnswer answer;
        buf_clear(out);
        HttpCallOptions o = {
                .method = method, .url = str_of(url), .body = body, .timeout_ms = WAIT_S * 1000, .no_redirects = true
        };
        http_client_call(net->client, &o, &answer, out);
        return answer;
}

static inline int raw_connect(int port)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_in addr = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
        struct timeval tv = { .tv_sec = WAIT_S };
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
        return fd;
}

static inline void raw_send(int fd, Str bytes)
{
        while (bytes.n > 0) {
                ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
                if (n <= 0)
                        return; /* refused meanwhile */
                bytes = str_sub(bytes, (size_t)n, bytes.n);
        }
}

/* Reads until `until` was seen or the peer closed; false on a reset or timeout. */
static inline bool raw_read_until(int fd, Buf *out, const char *until)
{
        while (!until || str_find(buf_str(out), str_of(until)) == SIZE_MAX) {
                char *p = buf_reserve(out, 4096);
                ssize_t n = recv(fd, p, 4096, 0);
                if (n <= 0)
                        return n == 0 && !until;
                out->n += (size_t)n;
        }
        return true;
}
