/* net/http_server.h - HTTP/1.1 server over libmicrohttpd: short handlers run on its epoll threads, long ones on the
 * pool with the connection suspended, streams by server-sent events. A client that leaves raises the request's Cancel.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "sync/cancel.h"
#include "sync/pool.h"

enum {
        HTTP_SERVER_MAX_BODY_BYTES = 1 << 20,    /* of a request, unless its route says otherwise: 413 */
        HTTP_SERVER_MAX_HEADER_BYTES = 64 << 10, /* request line and headers: 431 */
        HTTP_SERVER_MAX_CONNECTIONS = 512,
        HTTP_SERVER_TIMEOUT_MS = 5 * 60 * 1000,
        HTTP_SERVER_HEARTBEAT_MS = 15 * 1000, /* event streams that are silent this long send a comment */
        HTTP_SERVER_DRAIN_MS = 2000,          /* http_server_stop waits this long for answers to be read */
};

typedef struct HttpServer HttpServer;

typedef enum HttpMethod {
        HTTP_GET = 1,
        HTTP_HEAD = 2,
        HTTP_POST = 4,
        HTTP_PUT = 8,
        HTTP_DELETE = 16,
        HTTP_OPTIONS = 32
} HttpMethod;

typedef struct HttpRequest {
        Arena *arena; /* the request's lifetime */
        HttpMethod method;
        Str path;  /* decoded, without query and without the route prefix */
        Str query; /* raw, behind '?' */
        Str body; /* whole body, already gunzipped when Content-Encoding said gzip or deflate and the route allows it */
        Str remote;           /* "127.0.0.1:40312" */
        Str rest;             /* what a trailing '*' in the route matched */
        const Cancel *cancel; /* raised when the client leaves, late at the server's write timeout */
        bool small;           /* the route's is_small said so */
        void *impl;
} HttpRequest;
/* Empty when absent; name case-insensitive. */
Str http_request_header(const HttpRequest *req, Str name);
/* First value of a parameter of the query string or, for form-encoded POST, of the body; false when absent. */
bool http_request_param(const HttpRequest *req, Str name, Str *ret);
/* All its values. */
size_t http_request_params(const HttpRequest *req, Str name, Str **ret);

typedef struct HttpResponse {
        int status;               /* 200 unless set */
        Buf body;                 /* heap or arena */
        const char *content_type; /* default "text/plain; charset=utf-8" */
        bool no_compress;         /* else gzip (or zstd, when the client asks) from 1 KiB on */
        void *impl;
} HttpResponse;
void http_response_header(HttpResponse *resp, Str name, Str value); /* copied */
/* Static bytes that outlive the server instead of body. */
void http_response_static(HttpResponse *resp, const void *p, size_t n);
/* Sends what is in body so far as a chunk and empties it: for large results (on the pool; elsewhere it keeps the body).
 * Status and headers are fixed from the first call on. False: the client is gone. Blocks while the client reads slowly.
 */
MUST_CHECK bool http_response_flush(HttpResponse *resp);
/* For handlers on the pool whose answer is made, but waits for something that no worker should wait for: it is sent when the
 * handler has returned and http_held_release was called, once, from any thread. NULL where handlers run on the server's
 * threads: the answer is sent at their end. */
typedef struct HttpHeld HttpHeld;
HttpHeld *http_response_hold(HttpResponse *resp);
void http_held_release(HttpHeld *held);

typedef struct HttpRoute {
        unsigned methods; /* HttpMethod bits; others get 405 with Allow */
        const char *path; /* exact, or with a final '*' that matches the rest; ":x" parts are not supported */
        void (*handle)(void *self, const HttpRequest *req, HttpResponse *resp);
        void *self;
        bool on_pool; /* long work: runs on the worker pool, 503 + Retry-After when its queue is full */
        /* on_pool: whether this request costs less than handing it over, and cannot wait for anything; it is then answered on the thread
         * that read it (HttpRequest.small). NULL: never. */
        bool (*is_small)(void *self, const HttpRequest *req);
        size_t max_body_bytes; /* 0: 1 MiB; above it 413 */
        bool keep_encoded;     /* the handler wants the body as sent (remote write's snappy) */
} HttpRoute;

typedef struct HttpServerOptions {
        const char *listen;       /* "127.0.0.1:9090", "[::1]:0", ":9090" */
        const char *route_prefix; /* "/" or "/pharos" */
        size_t threads;           /* 0: 2 */
        size_t max_connections;   /* 0: 512 */
        int64_t timeout_ms;       /* idle connections; 0: 5 minutes */
        Pool *pool;
        const char *cors_origin; /* "https://grafana.example.com", "*"; NULL: none */
        /* Names that requests may use as Host when listening on loopback only, besides IP addresses, localhost and the
         * machine's hostname; also origins that may send changes. Others get 403: the answer to DNS rebinding. */
        const char *const *allowed_hosts;
        size_t n_allowed_hosts;
        int64_t sse_heartbeat_ms; /* 0: 15 s */
} HttpServerOptions;

/* Routes are matched longest first. The array is borrowed for the server's lifetime. A taken port is ERR_EXISTS and
 * says which address. */
MUST_CHECK bool http_server_start(const HttpServerOptions *options, const HttpRoute *routes, size_t n, HttpServer **ret,
                                  Err *err);
/* Waits for running handlers (raises their cancel), closes streams. */
void http_server_stop(HttpServer *server);
int http_server_port(const HttpServer *server);

/* ---- server-sent events: one hub, many listening clients; a slow client loses the oldest events and is told so. */
typedef struct SseHub SseHub;
SseHub *sse_hub_new(size_t max_clients);
void sse_hub_free(SseHub *hub);
/* From any thread; never blocks. */
void sse_hub_publish(SseHub *hub, const char *event, Str data_json);
/* A handler body: turns this response into a stream of the hub's events (503 when it is full). `hello` is sent first.
 */
void http_response_sse(HttpResponse *resp, SseHub *hub, const char *hello_event, Str hello_json);
size_t sse_hub_clients(const SseHub *hub);
