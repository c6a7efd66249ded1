/* codec/snappy.h - Snappy blocks (not the framed stream), as remote write sends them. A face over libsnappy. */
#pragma once
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* Appends the decoded bytes. ERR_LIMIT when they are more than max_bytes: told by the block's own header, before
 * anything is allocated. ERR_INVALID when the block is broken; out keeps its content then. */
MUST_CHECK bool snappy_decode(Str block, size_t max_bytes, Buf *out, Err *err);
void snappy_encode(Str bytes, Buf *out);
