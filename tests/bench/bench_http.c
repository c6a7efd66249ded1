/* Requests a second over loopback, keep-alive, one request under way per connection: a handler on the epoll threads and
 * one on the pool. Client threads share the machine with the server, so the figures are floors. Prints one JSON line
 * each. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_server.h"
#include "os/clock.h"
#include "os/thread.h"

enum { CLIENTS = 2, CONNECTIONS = 16, SECONDS = 2 };

static void answer(void *self, const HttpRequest *req, HttpResponse *resp)
{
        (void)self;
        (void)req;
        resp->content_type = "application/json";
        buf_lit(&resp->body, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}");
}

static const HttpRoute ROUTES[] = { { HTTP_GET, "/direct", answer }, { HTTP_GET, "/pool", answer, .on_pool = true } };

typedef struct Client {
        int port;
        const char *path;
        unsigned long done;
} Client;

static int open_connection(int port)
{
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct sockaddr_in addr = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0)
                exit(1);
        return fd;
}

/* Sends on all connections, then reads from all: as many requests under way as connections. */
static void run_client(void *arg)
{
        Client *c = arg;
        int fds[CONNECTIONS];
        char request[128];
        char reply[4096];
        int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", c->path);
        for (int i = 0; i < CONNECTIONS; i++)
                fds[i] = open_connection(c->port);
        int64_t end = clock_mono_ms(clock_system()) + SECONDS * 1000;
        while (clock_mono_ms(clock_system()) < end) {
                for (int i = 0; i < CONNECTIONS; i++)
                        if (send(fds[i], request, (size_t)n, MSG_NOSIGNAL) != n)
                                exit(1);
                for (int i = 0; i < CONNECTIONS; i++) {
                        size_t got = 0;
                        do {
                                ssize_t part = recv(fds[i], reply + got, sizeof reply - got, 0);
                                if (part <= 0)
                                        exit(1);
                                got += (size_t)part;
                        } while (got < 2 || memcmp(reply + got - 2, "}}", 2) != 0);
                        c->done++;
                }
        }
        for (int i = 0; i < CONNECTIONS; i++)
                close(fds[i]);
}

static double cpu_seconds(void)
{
        struct rusage u;
        getrusage(RUSAGE_SELF, &u);
        return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(void)
{
        Err err;
        HttpServer *server;
        Pool *pool = pool_new(2, 256);
        HttpServerOptions options = { .listen = "127.0.0.1:0", .pool = pool };
        if (!http_server_start(&options, ROUTES, ARRAY_LEN(ROUTES), &server, &err)) {
                fprintf(stderr, "%s\n", err.msg);
                return 1;
        }
        for (size_t r = 0; r < ARRAY_LEN(ROUTES); r++) {
                Client clients[CLIENTS];
                Thread threads[CLIENTS];
                double cpu = cpu_seconds();
                unsigned long done = 0;
                for (int i = 0; i < CLIENTS; i++) {
                        clients[i] = (Client){ http_server_port(server), ROUTES[r].path, 0 };
                        if (!thread_start(&threads[i], "bench", run_client, &clients[i], &err))
                                return 1;
                }
                for (int i = 0; i < CLIENTS; i++) {
                        thread_join(threads[i]);
                        done += clients[i].done;
                }
                cpu = cpu_seconds() - cpu;
                printf("{\"bench\":\"http%s\",\"requests_per_s\":%.0f,\"cpu_us_per_request_with_client\":%.1f}\n",
                       ROUTES[r].path, (double)done / SECONDS, cpu * 1e6 / (double)done);
        }
        http_server_stop(server);
        pool_free(pool);
        return 0;
}
