/* Invariants:
 * 1. A client is in the list exactly while `attached`; both change under mu.
 * 2. Clients hold a reference to the hub, so it may be freed before the connections are gone.
 * 3. Lock order: the hub's mu, then a stream's mu. publish never waits for a client: it only fills queues. */
#include "base/mem.h"
#include "base/metric.h"
#include "net/http_server.h"
#include "net/sse_client.h"
#include "os/mutex.h"

METRIC_COUNTER(events_published, "pharos_net_sse_events_total", "Server-sent events published.");

struct SseHub {
        _Atomic int refs;
        size_t max_clients;
        Mutex mu;
        SseClient *clients GUARDED_BY(&mu);
        size_t n GUARDED_BY(&mu);
        bool closed GUARDED_BY(&mu);
};

SseHub *sse_hub_new(size_t max_clients)
{
        SseHub *hub = mem_new(SseHub);
        hub->refs = 1;
        hub->max_clients = max_clients;
        mutex_init(&hub->mu);
        return hub;
}

static void unref(SseHub *hub)
{
        if (atomic_fetch_sub(&hub->refs, 1) != 1)
                return;
        mutex_done(&hub->mu);
        mem_free(hub);
}

static void unlink_locked(SseHub *hub, SseClient *c) REQUIRES(&hub->mu)
{
        if (c->prev)
                c->prev->next = c->next;
        else
                hub->clients = c->next;
        if (c->next)
                c->next->prev = c->prev;
        c->prev = c->next = NULL;
        c->attached = false;
        hub->n--;
}

void sse_hub_free(SseHub *hub)
{
        if (!hub)
                return;
        mutex_lock(&hub->mu);
        hub->closed = true;
        while (hub->clients) {
                http_stream_end(hub->clients->stream);
                unlink_locked(hub, hub->clients);
        }
        mutex_unlock(&hub->mu);
        unref(hub);
}

bool sse_hub_attach(SseHub *hub, SseClient *c)
{
        MUTEX_SCOPE(&hub->mu);
        if (hub->closed || hub->n >= hub->max_clients)
                return false;
        atomic_fetch_add(&hub->refs, 1);
        c->hub = hub;
        c->next = hub->clients;
        if (c->next)
                c->next->prev = c;
        hub->clients = c;
        c->attached = true;
        hub->n++;
        return true;
}

void sse_hub_detach(SseClient *c)
{
        if (!c->hub)
                return;
        MUTEX_SCOPE(&c->hub->mu);
        if (c->attached)
                unlink_locked(c->hub, c);
}

void sse_hub_leave(SseClient *c)
{
        SseHub *hub = c->hub;
        if (!hub)
                return;
        sse_hub_detach(c);
        c->hub = NULL;
        unref(hub);
}

void sse_hub_publish(SseHub *hub, const char *event, Str data_json)
{
        metric_add(events_published, 1);
        SseEvent *e = sse_client_event(event, data_json);
        mutex_lock(&hub->mu);
        for (SseClient *c = hub->clients; c; c = c->next)
                sse_client_push(c, e);
        mutex_unlock(&hub->mu);
        sse_client_event_unref(e);
}

size_t sse_hub_clients(const SseHub *hub)
{
        SseHub *h = (SseHub *)hub;
        MUTEX_SCOPE(&h->mu);
        return h->n;
}
