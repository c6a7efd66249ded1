/* net/url.h - URLs: parts, percent coding, query strings. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { URL_MAX_BYTES = 64 * 1024 };

typedef struct Url {
        Str scheme, userinfo, host /* without brackets */, port, path, query, fragment; /* borrowed */
} Url;
/* Absolute URLs with a host: scheme://[user[:password]@]host[:port][/path][?query][#fragment]. Control characters and
 * spaces are refused, a port must be 0..65535, an IPv6 host stands in brackets. Nothing is decoded; messages never show
 * the userinfo. The parts are valid until text is. */
MUST_CHECK bool url_parse(Str text, Url *ret, Err *err);
/* Percent-decodes; '+' becomes a space when form is true; bad escapes stay as they are. Returns s itself when there is
 * nothing to decode. */
Str url_decode(Arena *arena, Str s, bool form);
/* As url_decode without form, but false at a bad escape and at %00. */
MUST_CHECK bool url_decode_strict(Arena *arena, Str s, Str *ret);
void url_encode_query(Buf *out, Str s); /* Go's url.QueryEscape */
void url_encode_path(Buf *out, Str s);  /* Go's url.PathEscape */
/* Removes user:password for messages and logs. */
Str url_redact(Arena *arena, Str url);

/* One name=value of a query string or a form. */
typedef struct UrlParam {
        Str name, value; /* decoded, in the arena or borrowed */
} UrlParam;
/* Walks a query string: false when nothing is left. Empty parts between '&' are skipped. */
bool url_query_next(Arena *arena, Str *rest, UrlParam *ret);
