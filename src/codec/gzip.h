/* codec/gzip.h - gzip and deflate in one piece, with a bound on the output. A face over zlib. */
#pragma once
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

typedef enum GzipFormat {
        GZIP_GZIP,    /* one or more members, as files and Content-Encoding: gzip have them */
        GZIP_DEFLATE, /* Content-Encoding: deflate: with the zlib header, and without it as some senders do */
} GzipFormat;

enum { GZIP_LEVEL_FAST = 1, GZIP_LEVEL_DEFAULT = 6, GZIP_LEVEL_BEST = 9 };

/* Appends the decoded bytes. ERR_LIMIT as soon as they are more than max_bytes, ERR_INVALID when the input is broken, cut
 * short or followed by something else; out keeps its content then. */
MUST_CHECK bool gzip_decode(GzipFormat format, Str in, size_t max_bytes, Buf *out, Err *err);
/* Appends one gzip member or zlib stream. */
void gzip_encode(GzipFormat format, Str in, int level, Buf *out);
