/* Invariants
 * 1. Nothing is read outside the block, and nothing written outside the window, whatever the bytes are.
 * 2. The window holds the last SNAPSTREAM_HISTORY bytes of output and what the reader has not used; SLACK bytes behind the limit of an
 *    element's start are there, so that copies may be rounded up.
 * 3. The window is made of bytes that were decoded: a header that promises much over a short body costs one window.
 *
 * Why beside the library: it decodes at once, and a message of some megabytes goes to memory and comes back while it is read; in pieces
 * of this size both stay in the cache, which halves the cost of a remote write. */
#include "codec/snapstream.h"

#include <string.h>

#include "base/attr.h"
#include "base/bits.h"
#include "codec/varint.h"

enum { LITERAL, COPY_1, COPY_2, COPY_4, MAX_COPY = 64, WIDE = 16, SLACK = 160 };
_Static_assert(MAX_COPY + WIDE + SNAPSTREAM_PAD <= SLACK,
               "an element that starts before the limit ends before the pad");

bool snapstream_begin(SnapStream *s, Str block, size_t max_bytes, Buf *window, Err *err)
{
        uint64_t n;
        const unsigned char *in = (const unsigned char *)block.p;
        size_t head = varint_get(in, block.n, &n);
        if (head == 0 || n > UINT32_MAX)
                return err_set(err, ERR_INVALID, "snappy: broken header");
        if (n > max_bytes)
                return err_set(err, ERR_LIMIT, "snappy: %zu bytes decoded, the limit is %zu", (size_t)n, max_bytes);
        buf_clear(window);
        buf_reserve(window, SNAPSTREAM_WINDOW);
        *s = (SnapStream){ .in = in + head, .in_end = in + block.n, .left = (size_t)n, .window = window };
        return true;
}

/* Room for new output: forgets what is behind the history, grows when that is not enough. */
static void make_room(SnapStream *s)
{
        Buf *w = s->window;
        size_t old = w->n > SNAPSTREAM_HISTORY ? w->n - SNAPSTREAM_HISTORY : 0;
        size_t drop = MIN_OF(old, s->at);
        if (drop) {
                memmove(w->p, w->p + drop, w->n - drop);
                w->n -= drop;
                s->at -= drop;
                s->slid = true;
        }
        if (w->cap - w->n < SNAPSTREAM_WINDOW / 4)
                buf_reserve(w, w->cap);
}

/* The place of the decoder, in registers. */
typedef struct Place {
        const unsigned char *in, *in_end;
        unsigned char *out, *start, *limit;
        size_t left, literal;
        bool far; /* a copy reached behind the window */
} Place;

static inline void copy_wide(unsigned char *to, const unsigned char *from) { memcpy(to, from, WIDE); }

static inline void take(Place *d, size_t in, size_t out)
{
        d->in += in;
        d->out += out;
        d->left -= out;
}

/* As much of the literal as there is room for. */
static inline bool put_literal(Place *d)
{
        if (UNLIKELY(d->literal > (size_t)(d->in_end - d->in) || d->literal > d->left))
                return false;
        size_t n = MIN_OF(d->literal, (size_t)(d->limit + MAX_COPY - d->out));
        memcpy(d->out, d->in, n);
        take(d, n, n);
        d->literal -= n;
        return true;
}

static inline bool begin_literal(Place *d, size_t n)
{
        size_t have = (size_t)(d->in_end - d->in);
        if (LIKELY(n <= WIDE && have >= WIDE && n <= d->left)) {
                copy_wide(d->out, d->in);
                take(d, n, n);
                return true;
        }
        if (n > 60) { /* the length comes in 1 to 4 bytes */
                size_t bytes = n - 60;
                if (have < bytes)
                        return false;
                n = 1;
                for (size_t i = 0; i < bytes; i++)
                        n += (size_t)d->in[i] << 8 * i;
                d->in += bytes;
        }
        d->literal = n;
        return put_literal(d);
}

static inline bool put_copy(Place *d, size_t offset, size_t n)
{
        size_t before = (size_t)(d->out - d->start);
        if (UNLIKELY(offset - 1 >= before || n > d->left)) {
                d->far = offset > before;
                return false;
        }
        const unsigned char *from = d->out - offset;
        if (LIKELY(offset >= WIDE))
                for (size_t i = 0; i < n; i += WIDE)
                        copy_wide(d->out + i, from + i);
        else
                for (size_t i = 0; i < n; i++)
                        d->out[i] = from[i];
        take(d, 0, n);
        return true;
}

/* One element; there is at least one byte of it. */
static inline bool put_element(Place *d)
{
        unsigned tag = *d->in++;
        size_t have = (size_t)(d->in_end - d->in), n = (tag >> 2) + 1;
        switch (tag & 3) {
        case COPY_2:
                if (UNLIKELY(have < 2))
                        return false;
                d->in += 2;
                return put_copy(d, bits_le16(d->in - 2), n);
        case LITERAL: return begin_literal(d, n);
        case COPY_1:
                if (UNLIKELY(have < 1))
                        return false;
                return put_copy(d, (size_t)(tag >> 5) << 8 | *d->in++, 4 + (tag >> 2 & 7));
        default:
                if (UNLIKELY(have < 4))
                        return false;
                d->in += 4;
                return put_copy(d, bits_le32(d->in - 4), n);
        }
}

static bool decode(SnapStream *s, Err *err)
{
        unsigned char *p = (unsigned char *)s->window->p;
        Place d = { s->in, s->in_end, p + s->window->n, p, p + s->window->cap - SLACK, s->left, s->literal, false };
        bool ok = !d.literal || put_literal(&d);
        while (ok && d.in < d.in_end && d.out < d.limit)
                ok = put_element(&d);
        s->in = d.in;
        s->left = d.left;
        s->literal = d.literal;
        s->window->n = (size_t)(d.out - p);
        bool ended = d.in == d.in_end && !d.literal;
        if (ok && ended == (d.left == 0))
                return true;
        s->failed = true;
        if (d.far && s->slid)
                return err_set(err, ERR_UNSUPPORTED, "snappy: a copy that reaches back further than %d bytes",
                               SNAPSTREAM_HISTORY);
        return err_set(err, ERR_INVALID, "snappy: broken block");
}

bool snapstream_more(SnapStream *s, size_t used, Str *ret, Err *err)
{
        s->at += used;
        if (s->failed || (s->left == 0 && s->started))
                return false;
        s->started = true;
        make_room(s);
        if (!decode(s, err))
                return false;
        memset(s->window->p + s->window->n, 0, SNAPSTREAM_PAD);
        *ret = (Str){ s->window->p + s->at, s->window->n - s->at };
        return true;
}
