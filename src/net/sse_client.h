/* net/sse_client.h - private to the server: one listener of a hub: its bounded queue of events and what is being sent.
 */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "base/str.h"
#include "net/http_stream.h"

enum { SSE_CLIENT_MAX_EVENTS = 256 };

/* Bytes as sent, shared by all clients. */
typedef struct SseEvent {
        _Atomic int refs;
        size_t n;
        char p[];
} SseEvent;

typedef struct SseClient {
        HttpStream *stream; /* borrowed; its mu guards what follows up to hub */
        SseEvent *ring[SSE_CLIENT_MAX_EVENTS];
        size_t head, len;
        SseEvent *sending;
        size_t sent;                   /* of sending */
        uint64_t dropped;              /* since the client was told */
        int64_t last_ms;               /* when something was last queued */
        struct SseHub *hub;            /* holds a reference */
        struct SseClient *prev, *next; /* guarded by the hub's lock */
        bool attached;                 /* guarded by the hub's lock */
} SseClient;

/* "event: name\ndata: ...\n\n"; a line break in data starts a further data line. Returns owned. */
SseEvent *sse_client_event(const char *name, Str data);
void sse_client_event_unref(SseEvent *event);

SseClient *sse_client_new(HttpStream *stream);
void sse_client_free(SseClient *client); /* leaves its hub; NULL is fine */
/* Queues the event; a full queue loses its oldest. */
void sse_client_push(SseClient *client, SseEvent *event);
/* Sends a comment when nothing was sent for interval_ms, so that proxies keep the connection and a dead peer shows. */
void sse_client_heartbeat(SseClient *client, int64_t interval_ms);

/* ---- sse_hub.c */
/* False when the hub is full. */
bool sse_hub_attach(struct SseHub *hub, SseClient *client);
/* No more events; counted no longer. */
void sse_hub_detach(SseClient *client);
/* As detach, and drops the reference. */
void sse_hub_leave(SseClient *client);
