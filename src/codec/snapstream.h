/* codec/snapstream.h - SnapStream: a Snappy block decoded piece by piece into a window that fits the processor's cache, for readers
 * that take a message from front to back. (codec/snappy.h decodes a block at once.)
 *
 *     if (!snapstream_begin(&s, block, limit, &window, err)) ...
 *     for (Str piece; snapstream_more(&s, used, &piece, err);) used = ...bytes of piece that are done with...;
 *     if (s.failed) ... */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
        SNAPSTREAM_HISTORY = 64 << 10, /* how far back a copy may reach: encoders work in pieces of this size */
        SNAPSTREAM_WINDOW = 256 << 10, /* grows only when a reader wants more at once */
        SNAPSTREAM_PAD = 16,           /* readable zero bytes behind every piece */
};

typedef struct SnapStream {
        const unsigned char *in, *in_end;
        size_t left;    /* bytes of output to come */
        size_t literal; /* bytes of the literal at hand to come */
        size_t at;      /* start of the piece given last */
        bool started;
        bool slid; /* history was thrown away */
        bool failed;
        Buf *window;
} SnapStream;

/* Borrows block and window (a heap buffer, used again from call to call) until the last call. ERR_LIMIT when the block says that it
 * holds more than max_bytes, before anything is allocated. */
MUST_CHECK bool snapstream_begin(SnapStream *s, Str block, size_t max_bytes, Buf *window, Err *err);
/* The bytes of the last piece that were not used, and more behind them; valid until the next call. False at the end, which comes
 * when everything was given, and at errors (failed): ERR_INVALID for a broken block, ERR_UNSUPPORTED for one whose copies reach back
 * further than SNAPSTREAM_HISTORY, which is legal and which no known encoder writes: decode it at once. */
MUST_CHECK bool snapstream_more(SnapStream *s, size_t used, Str *ret, Err *err);
/* True when the piece given last is the end of the message. */
static inline bool snapstream_is_last(const SnapStream *s) { return s->left == 0; }
