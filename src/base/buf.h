/* base/buf.h - Buf: growable bytes, owned by the heap or by an arena. Zero-initialised is an empty heap buffer. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/str.h"

typedef struct Buf {
        char *p; /* valid until the next growing call */
        size_t n, cap;
        Arena *arena; /* NULL: heap, released by buf_done */
} Buf;

void buf_done(Buf *buf); /* frees a heap buffer and empties it; harmless on arena buffers and twice */
static inline void auto_buf_done(Buf *buf) { buf_done(buf); }
static inline void buf_clear(Buf *buf) { buf->n = 0; }
static inline Str buf_str(const Buf *buf) { return (Str){ buf->p, buf->n }; }
/* Room for n more bytes behind p + n; returns where they start. */
char *buf_reserve(Buf *buf, size_t n) RETURNS_NONNULL;
/* Makes the content end in NUL (not counted in n) and returns it. */
const char *buf_cstr(Buf *buf) RETURNS_NONNULL;
void buf_add(Buf *buf, const void *p, size_t n);
static inline void buf_str_add(Buf *buf, Str s) { buf_add(buf, s.p, s.n); }
static inline void buf_cstr_add(Buf *buf, const char *z) { buf_add(buf, z, strlen(z)); }
#define buf_lit(buf, lit) buf_add((buf), "" lit, sizeof(lit) - 1)
static inline void buf_char(Buf *buf, char c)
{
        if (buf->n == buf->cap)
                buf_reserve(buf, 1);
        buf->p[buf->n++] = c;
}
void buf_printf(Buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_u64(Buf *buf, uint64_t v); /* decimal */
void buf_i64(Buf *buf, int64_t v);
