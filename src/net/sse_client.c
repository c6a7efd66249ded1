/* Invariants:
 * 1. An event is sent whole or not at all: only events whose first byte was not yet taken can be dropped.
 * 2. A client that lost events is told how many before the next one: "event: dropped".
 *
 * Why the oldest is dropped: a page that falls behind wants the newest state; it reloads when told that it missed some.
 */
#include "net/sse_client.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/metric.h"
#include "os/clock.h"

METRIC_COUNTER(events_dropped, "pharos_net_sse_events_dropped_total", "Server-sent events that slow clients lost.");

static SseEvent *event_of(Str bytes)
{
        SseEvent *event = mem_alloc(sizeof *event + bytes.n);
        event->refs = 1;
        event->n = bytes.n;
        memcpy(event->p, bytes.p, bytes.n);
        return event;
}

SseEvent *sse_client_event(const char *name, Str data)
{
        AUTO(buf_done) Buf out = { 0 };
        buf_printf(&out, "event: %s\n", name);
        size_t start = 0;
        for (size_t i = 0; i <= data.n; i++) {
                if (i < data.n && data.p[i] != '\n' && data.p[i] != '\r')
                        continue;
                buf_lit(&out, "data: ");
                buf_str_add(&out, str_sub(data, start, i));
                buf_char(&out, '\n');
                start = i + 1;
        }
        buf_char(&out, '\n');
        return event_of(buf_str(&out));
}

void sse_client_event_unref(SseEvent *event)
{
        if (event && atomic_fetch_sub(&event->refs, 1) == 1)
                mem_free(event);
}

static bool next_event(SseClient *c)
{
        sse_client_event_unref(c->sending);
        c->sending = NULL;
        c->sent = 0;
        if (c->dropped > 0) {
                char data[64];
                int n = snprintf(data, sizeof data, "{\"dropped\":%llu}", (unsigned long long)c->dropped);
                c->sending = sse_client_event("dropped", str_n(data, (size_t)n));
                c->dropped = 0;
        } else if (c->len > 0) {
                c->sending = c->ring[c->head];
                c->head = (c->head + 1) % SSE_CLIENT_MAX_EVENTS;
                c->len--;
        }
        return c->sending != NULL;
}

/* The stream's source: runs with the stream's lock held. */
static size_t take(void *source, char *buf, size_t max)
{
        SseClient *c = source;
        size_t n = 0;
        while (n < max && ((c->sending && c->sent < c->sending->n) || next_event(c))) {
                size_t part = MIN_OF(max - n, c->sending->n - c->sent);
                memcpy(buf + n, c->sending->p + c->sent, part);
                c->sent += part;
                n += part;
        }
        return n;
}

SseClient *sse_client_new(HttpStream *stream)
{
        SseClient *c = mem_new(SseClient);
        c->stream = stream;
        c->last_ms = clock_mono_ms(clock_system());
        mutex_lock(&stream->mu);
        stream->take = take;
        stream->source = c;
        mutex_unlock(&stream->mu);
        return c;
}

void sse_client_free(SseClient *c)
{
        if (!c)
                return;
        sse_hub_leave(c);
        sse_client_event_unref(c->sending);
        for (size_t i = 0; i < c->len; i++)
                sse_client_event_unref(c->ring[(c->head + i) % SSE_CLIENT_MAX_EVENTS]);
        mem_free(c);
}

void sse_client_push(SseClient *c, SseEvent *event)
{
        MUTEX_SCOPE(&c->stream->mu);
        if (c->stream->gone || c->stream->ended)
                return;
        if (c->len == SSE_CLIENT_MAX_EVENTS) {
                sse_client_event_unref(c->ring[c->head]);
                c->head = (c->head + 1) % SSE_CLIENT_MAX_EVENTS;
                c->len--;
                c->dropped++;
                metric_add(events_dropped, 1);
        }
        atomic_fetch_add(&event->refs, 1);
        c->ring[(c->head + c->len++) % SSE_CLIENT_MAX_EVENTS] = event;
        c->last_ms = clock_mono_ms(clock_system());
        http_stream_wake_locked(c->stream);
}

void sse_client_heartbeat(SseClient *c, int64_t interval_ms)
{
        mutex_lock(&c->stream->mu);
        bool due = c->len == 0 && clock_mono_ms(clock_system()) - c->last_ms >= interval_ms;
        mutex_unlock(&c->stream->mu);
        if (!due)
                return;
        SseEvent *comment = event_of(STR(": still here\n\n"));
        sse_client_push(c, comment);
        sse_client_event_unref(comment);
}
