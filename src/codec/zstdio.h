/* codec/zstdio.h - Zstandard frames in one piece, with a bound on the output. A face over libzstd. */
#pragma once
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Frames that need a larger window are refused (ERR_LIMIT): 8 MiB, what RFC 9659 asks of senders. */
enum { ZSTDIO_MAX_WINDOW_LOG = 23, ZSTDIO_LEVEL_FAST = 1, ZSTDIO_LEVEL_DEFAULT = 3 };

/* Appends the decoded bytes of all frames. ERR_LIMIT as soon as they are more than max_bytes, ERR_INVALID when the input is
 * broken or cut short; out keeps its content then. */
MUST_CHECK bool zstdio_decode(Str in, size_t max_bytes, Buf *out, Err *err);
/* Appends one frame with its size and checksum. */
void zstdio_encode(Str in, int level, Buf *out);
