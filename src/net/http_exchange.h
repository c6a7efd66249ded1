/* net/http_exchange.h - private to the server: Exchange, one request and its answer, from the request line to the last
 * byte. */
#pragma once
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"
#include "net/hostcheck.h"
#include "net/http_route.h"
#include "net/http_server.h"
#include "net/http_stream.h"
#include "net/url.h"
#include "sync/cancel.h"

typedef struct HttpField {
        Str name, value;
} HttpField;

typedef VEC(HttpField) HttpFields;

typedef enum ExchangePhase {
        EXCHANGE_NEW,      /* the request line was read */
        EXCHANGE_BODY,     /* the headers are fine, the body arrives */
        EXCHANGE_ON_POOL,  /* suspended; a worker runs the handler */
        EXCHANGE_READY,    /* an answer waits to be queued */
        EXCHANGE_ANSWERED, /* the library sends it */
} ExchangePhase;

/* What the server's options say about every answer; immutable. */
typedef struct ExchangeRules {
        HostCheck hosts;
        bool check_host;
        Str prefix;      /* "" or "/pharos" */
        Str cors_origin; /* empty: none */
} ExchangeRules;

struct SseClient;

/* Owned by the library's thread until it is suspended, by the worker until it resumes it, then by the library's thread
 * again; `stream` and `cancel` are shared, `prev` and `next` belong to the server's lock. */
typedef struct Exchange {
        HttpRequest req;
        HttpResponse resp;
        HttpServer *server;
        const ExchangeRules *rules;
        struct MHD_Connection *conn; /* valid until the library completes the request */
        Arena *arena;
        struct Exchange *prev, *next;
        _Atomic int refs;
        _Atomic int
                holds; /* on the pool: the handler and who holds its answer; the last one hands the connection back */
        _Atomic ExchangePhase phase;
        RouteEntry *entry;
        Cancel cancel;
        int64_t started_ns;
        Str target; /* as sent */
        HttpFields fields;
        VEC(UrlParam) params;
        bool params_parsed;
        bool has_body;
        size_t max_body_bytes;
        Buf body; /* as sent */
        Buf decoded;
        /* the answer */
        HttpFields out_fields;
        Str static_body;
        bool is_static;
        bool streams;
        int status; /* fixed when the answer is built; 0: none yet */
        struct MHD_Response *answer;
        Buf encoded;
        size_t answer_bytes;
        uint64_t watch_id;
        int linger_fd; /* -1: none */
        HttpStream stream;
        struct SseClient *sse; /* set by the handler, before the answer is built */
} Exchange;

Exchange *http_exchange_new(HttpServer *server, const ExchangeRules *rules, struct MHD_Connection *conn,
                            const char *target, bool stopped);
void http_exchange_ref(Exchange *ex);
void http_exchange_unref(Exchange *ex);

/* ---- http_request.c: reads and judges the head of a request. */
/* False: *ret_status and *ret_why say how to refuse. Fills method, path, query, fields, has_body. */
bool http_request_read_head(Exchange *ex, const char *method, const char *version, int *ret_status,
                            const char **ret_why);
/* Host, prefix and origin rules. A Location in ex->out_fields for 302. */
bool http_request_check_rules(Exchange *ex, int *ret_status, const char **ret_why);
/* Undoes Content-Encoding; sets req.body. */
bool http_request_decode_body(Exchange *ex, int *ret_status, const char **ret_why);

/* ---- http_response.c: makes the library's response. */
/* Replaces what the handler made by a short message, as JSON for API paths and clients that accept it. */
void http_response_error(Exchange *ex, int status, const char *why);
/* Body, coding and headers into ex->answer. */
void http_response_build(Exchange *ex);
/* The same answer as bytes, for connections that are closed without the library: status, why, Connection: close. */
void http_response_raw(Exchange *ex, int status, const char *why, Buf *out);

/* ---- http_server.c: hands a suspended connection back with ex->answer. */
void http_server_resume(Exchange *ex);
/* Watches the connection for a client that leaves. */
void http_server_watch(Exchange *ex);
