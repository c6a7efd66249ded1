#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"

void buf_done(Buf *buf)
{
        if (!buf->arena)
                mem_free(buf->p);
        buf->p = NULL;
        buf->n = buf->cap = 0;
}

char *buf_reserve(Buf *buf, size_t n)
{
        if (buf->cap - buf->n < n || !buf->p) {
                size_t cap = buf->cap ? buf->cap * 2 : 256;
                while (cap - buf->n < n)
                        cap *= 2;
                if (buf->arena) {
                        char *p = arena_raw(buf->arena, cap, 1);
                        if (buf->p)
                                memcpy(p, buf->p, buf->n);
                        buf->p = p;
                } else {
                        buf->p = mem_realloc(buf->p, cap);
                }
                buf->cap = cap;
        }
        return buf->p + buf->n;
}

const char *buf_cstr(Buf *buf)
{
        *buf_reserve(buf, 1) = 0;
        return buf->p;
}

void buf_add(Buf *buf, const void *p, size_t n)
{
        if (n == 0)
                return;
        memcpy(buf_reserve(buf, n), p, n);
        buf->n += n;
}

void buf_printf(Buf *buf, const char *fmt, ...)
{
        va_list ap;
        va_list again;
        va_start(ap, fmt);
        va_copy(again, ap);
        char *at = buf_reserve(buf, 64);
        size_t room = buf->cap - buf->n;
        int n = vsnprintf(at, room, fmt, ap);
        va_end(ap);
        if (n > 0 && (size_t)n >= room) {
                at = buf_reserve(buf, (size_t)n + 1);
                vsnprintf(at, (size_t)n + 1, fmt, again);
        }
        va_end(again);
        if (n > 0)
                buf->n += (size_t)n;
}

void buf_u64(Buf *buf, uint64_t v)
{
        unsigned n = num_count_digits(v);
        num_put_digits(buf_reserve(buf, n), v, n);
        buf->n += n;
}

void buf_i64(Buf *buf, int64_t v)
{
        if (v < 0)
                buf_char(buf, '-');
        buf_u64(buf, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}
