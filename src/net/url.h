/* net/url.h - URLs: parts, percent coding, query strings. */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

typedef struct Url {
        Str scheme, userinfo, host /* without brackets */, port, path, query, fragment; /* borrowed */
} Url;
MUST_CHECK bool url_parse(Str text, Url *ret, Err *err);
/* Percent-decodes; '+' becomes a space when form is true; bad escapes stay as they are. */
Str url_decode(Arena *arena, Str s, bool form);
void url_encode_query(Buf *out, Str s);  /* Go's url.QueryEscape */
void url_encode_path(Buf *out, Str s);   /* Go's url.PathEscape */
/* Removes user:password for messages and logs. */
Str url_redact(Arena *arena, Str url);
