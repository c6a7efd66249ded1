/* component/http_auth.h - from configured HTTP client keys to one request: credentials, TLS, headers. Files are read now,
 * so that rotated secrets are seen without a reload. */
#pragma once
#include "config/http_options.h"
#include "net/http_client.h"

/* Fills what options say into call (its headers are copied behind the ones that are there) and *ret_auth, which call
 * then points to. Strings live in arena or the configuration. ERR_UNSUPPORTED for oauth2 and
 * for certificates written inside the configuration. */
MUST_CHECK bool http_auth_fill(const HttpOptions *options, Arena *arena, HttpCallOptions *call, HttpAuthTls *ret_auth,
                               Err *err);
