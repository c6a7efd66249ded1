/* Invariants:
 * 1. The connection is suspended exactly while `parked` is set, and both change together under mu: no wake-up is lost
 * and no connection is resumed twice.
 * 2. Nothing parks once ended, gone or stopped is set: the daemon is never stopped with a suspended connection.
 * 3. pending holds at most HTTP_STREAM_MAX_PENDING bytes and one put. */
#include "net/http_stream.h"

#include <string.h>

void http_stream_init(HttpStream *s, struct MHD_Connection *conn, bool stopped)
{
        *s = (HttpStream){ .conn = conn, .stopped = stopped };
        mutex_init(&s->mu);
        mutex_cond_init(&s->moved);
}

void http_stream_done(HttpStream *s)
{
        buf_done(&s->pending);
        mutex_cond_done(&s->moved);
        mutex_done(&s->mu);
}

static size_t take_pending(HttpStream *s, char *buf, size_t max) REQUIRES(&s->mu)
{
        size_t n = MIN_OF(max, s->pending.n - s->taken);
        if (n == 0)
                return 0;
        memcpy(buf, s->pending.p + s->taken, n);
        s->taken += n;
        if (s->taken == s->pending.n) {
                buf_clear(&s->pending);
                s->taken = 0;
        }
        mutex_cond_broadcast(&s->moved);
        return n;
}

ssize_t http_stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
        (void)pos;
        HttpStream *s = cls;
        MUTEX_SCOPE(&s->mu);
        if (s->gone)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        size_t n = s->take ? s->take(s->source, buf, max) : take_pending(s, buf, max);
        if (n > 0)
                return (ssize_t)n;
        if (s->ended || (s->stopped && s->take))
                return MHD_CONTENT_READER_END_OF_STREAM;
        if (s->stopped)
                return MHD_CONTENT_READER_END_WITH_ERROR; /* half a result must not look like a whole one */
        s->parked = true;
        MHD_suspend_connection(s->conn);
        return 0;
}

void http_stream_wake_locked(HttpStream *s)
{
        if (!s->parked)
                return;
        s->parked = false;
        MHD_resume_connection(s->conn);
}

bool http_stream_put(HttpStream *s, Str bytes)
{
        MUTEX_SCOPE(&s->mu);
        if (s->gone || s->stopped)
                return false;
        if (s->taken > 0) {
                s->pending.n -= s->taken;
                memmove(s->pending.p, s->pending.p + s->taken, s->pending.n);
                s->taken = 0;
        }
        buf_str_add(&s->pending, bytes);
        http_stream_wake_locked(s);
        while (s->pending.n - s->taken > HTTP_STREAM_MAX_PENDING && !s->gone && !s->stopped)
                mutex_cond_wait(&s->moved, &s->mu);
        return !s->gone && !s->stopped;
}

void http_stream_end(HttpStream *s)
{
        MUTEX_SCOPE(&s->mu);
        s->ended = true;
        http_stream_wake_locked(s);
}

void http_stream_gone(HttpStream *s)
{
        MUTEX_SCOPE(&s->mu);
        s->gone = true;
        mutex_cond_broadcast(&s->moved);
        http_stream_wake_locked(s);
}

void http_stream_stop(HttpStream *s)
{
        MUTEX_SCOPE(&s->mu);
        s->stopped = true;
        mutex_cond_broadcast(&s->moved);
        http_stream_wake_locked(s);
}
