/* net/http_coding.h - private to the server: content codings: which one a request names, which one an answer gets. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

typedef enum HttpCoding { HTTP_CODING_NONE, HTTP_CODING_GZIP, HTTP_CODING_DEFLATE, HTTP_CODING_ZSTD } HttpCoding;

enum { HTTP_CODING_MIN_BYTES = 1024 }; /* shorter answers are sent as they are */

/* A Content-Encoding header; empty and "identity" are none. */
bool http_coding_parse(Str header, HttpCoding *ret);
/* Appends the decoded bytes; ERR_LIMIT above max_bytes, ERR_INVALID when the bytes are not of that coding. */
MUST_CHECK bool http_coding_decode(HttpCoding coding, Str in, size_t max_bytes, Buf *out, Err *err);
/* The coding for an answer to a client with this Accept-Encoding: zstd, else gzip, else none. */
HttpCoding http_coding_choose(Str accept_encoding);
bool http_coding_encode(HttpCoding coding, Str in, Buf *out);
const char *http_coding_name(HttpCoding coding);
/* Text, JSON, scripts and the like; not what is compressed already. */
bool http_coding_worthwhile(Str content_type);
