/* net/http_call.h - private to the client: one call as an easy handle: options in, body collected, the outcome in
 * words. */
#pragma once
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "net/http_client.h"

struct HttpCall {
        CURL *easy;
        HttpClient *client;
        struct HttpCall *prev, *next; /* the client's active calls; loop thread */
        void (*done)(void *arg, const HttpAnswer *answer);
        void *arg;
        bool added, canceled; /* loop thread */
        bool too_large;
        Arena *arena;           /* strings of this call */
        Str ca_file, cert_file; /* for messages */
        Str shown;              /* "GET 'http://host/path'", redacted */
        struct curl_slist *headers, *connect_to, *proxy_headers;
        size_t max_body_bytes;
        int64_t timeout_ms, started_ns;
        Buf body, retry_after;
        Err early;      /* the options are wrong: never sent */
        int pem_fds[3]; /* of certificates given as text; 0: none */
        char curl_error[CURL_ERROR_SIZE];
};

HttpCall *http_call_new(void);
void http_call_free(HttpCall *call);
/* Forgets the request, keeps the handle and the buffers. */
void http_call_reset(HttpCall *call);
/* Sets the handle up; what is wrong with the options is in call->early. */
void http_call_prepare(HttpCall *call, const HttpCallOptions *options);
/* The answer borrows from call. */
void http_call_answer(HttpCall *call, CURLcode code, HttpAnswer *ret);
/* A PEM text as a file that libcurl can open, for as long as *ret_fd stays open. The path lives in arena. */
MUST_CHECK bool http_call_pem(Str pem, Arena *arena, int *ret_fd, const char **ret_path, Err *err);
