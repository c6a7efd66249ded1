/* net/http_client.h - HTTP client: libcurl's multi interface on the loop; answers arrive as callbacks on the loop
 * thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "net/loop.h"

enum {
        HTTP_CLIENT_TIMEOUT_MS = 30 * 1000,
        HTTP_CLIENT_MAX_BODY_BYTES = 64 << 20,
        HTTP_CLIENT_MAX_REDIRECTS = 10,
        HTTP_CLIENT_MAX_CONNECTIONS = 256, /* kept open when http_client_new is told 0 */
        HTTP_CLIENT_MAX_AGE_S = 600,       /* an idle connection older than this is not used again */
};

typedef struct HttpClient HttpClient;
typedef struct HttpCall HttpCall; /* one request under way */

typedef struct HttpHeader {
        Str name, value;
} HttpHeader;

typedef struct HttpAuthTls { /* all optional; borrowed until the call ends */
        Str username, password, bearer;
        Str ca_file, cert_file, key_file, server_name;
        Str ca, cert, key; /* the same as PEM texts */
        bool insecure_skip_verify;
        int min_version, max_version; /* of TLS: 10 to 13; 0: any */
        Str proxy_url;
        Str no_proxy;                    /* hosts that are asked directly, separated by commas */
        bool proxy_from_environment;     /* HTTP_PROXY, HTTPS_PROXY, NO_PROXY; without this they do not count */
        const HttpHeader *proxy_headers; /* of CONNECT requests */
        size_t n_proxy_headers;
} HttpAuthTls;

typedef struct HttpCallOptions { /* borrowed until http_client_start returns, but for body: until done */
        const char *method;      /* "GET" when NULL */
        Str url;
        const HttpHeader *headers;
        size_t n_headers;
        Str body;
        const HttpAuthTls *auth; /* may be NULL */
        int64_t timeout_ms;      /* of the whole call; 0: 30 s */
        size_t max_body_bytes;   /* of the decoded answer; 0: 64 MiB; above it the call fails with ERR_LIMIT */
        bool accept_gzip;        /* asks for gzip and decodes it */
        bool no_redirects;
        bool secret_url;         /* messages show the host alone: path and query may hold tokens */
        const char *unix_socket; /* NULL: TCP */
} HttpCallOptions;

typedef struct HttpAnswer {
        bool ok; /* an answer came, whatever its status; else err says why */
        int status;
        Str body;      /* valid during the callback */
        Buf *body_buf; /* what holds body, when ok: done may move it out (*mine = *body_buf, *body_buf = (Buf){ 0 }) */
        Str content_type;
        Str retry_after;
        Err err;
        double seconds; /* from start to the last byte */
} HttpAnswer;

/* Keeps up to max_connections idle connections open: at least the number of targets asked in turn. */
MUST_CHECK bool http_client_new(Loop *loop, size_t max_connections, HttpClient **ret, Err *err);
/* Cancels what is under way (callbacks are not called). */
void http_client_free(HttpClient *client);
/* From any thread. The call is valid until done returned or it was canceled: off the loop thread that may be before
 * this returns. Failures of every kind reach done, as "GET 'http://host/path': connection refused" without userinfo.
 * done is called exactly once, on the loop thread, unless the call is canceled or the client freed. */
HttpCall *http_client_start(HttpClient *client, const HttpCallOptions *options,
                            void (*done)(void *arg, const HttpAnswer *answer), void *arg);
/* Loop thread only. */
void http_client_cancel(HttpClient *client, HttpCall *call);
/* For commands and tests: waits for the answer; *body_out (a Buf, or NULL)
 * receives the body; the answer's strings point into it and are valid until it changes. Not on the loop thread. */
bool http_client_call(HttpClient *client, const HttpCallOptions *options, HttpAnswer *ret, Buf *body_out);
