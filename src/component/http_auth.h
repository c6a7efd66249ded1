/* component/http_auth.h - from configured HTTP client keys to one request: credentials, TLS, headers. Files are read now,
 * so that rotated secrets are seen without a reload. */
#pragma once
#include "config/http_options.h"
#include "net/http_client.h"

/* Fills what options say into call (its headers are copied behind the ones that are there) and *ret_auth, which call
 * then points to. Strings live in arena. ERR_UNSUPPORTED for oauth2: who offers it asks for the token with
 * http_auth_oauth2, gives options without it here, and sets ret_auth->bearer. */
MUST_CHECK bool http_auth_fill(const HttpOptions *options, Arena *arena, HttpCallOptions *call, HttpAuthTls *ret_auth,
                               Err *err);
/* Certificates and checks alone; strings are copied to arena. */
void http_auth_tls(const HttpTlsOptions *options, Arena *arena, HttpAuthTls *ret);

/* The client credentials grant of OAuth 2.0. */
typedef struct HttpAuthToken {
        HttpCallOptions call; /* the request for a token; its strings live in the arena */
        HttpAuthTls auth;
        HttpHeader headers[2];
        Str cache_key; /* differs when anything that the token depends on differs */
} HttpAuthToken;
MUST_CHECK bool http_auth_oauth2(const HttpOauth2 *options, Arena *arena, HttpAuthToken *ret, Err *err);
/* Reads the answer: the token and for how long it may be used (an hour when it does not say). Strings live in arena. */
MUST_CHECK bool http_auth_token(const HttpAnswer *answer, Arena *arena, Str *ret_token, int64_t *ret_valid_ms,
                                Err *err);
