/* ingest/ingest.h - what is pushed to us: Prometheus remote write v1. */
#pragma once
#include <stdbool.h>

#include "net/http_server.h"
#include "os/clock.h"
#include "store/store.h"

typedef struct IngestRemoteWrite IngestRemoteWrite;
IngestRemoteWrite *ingest_remote_write_new(StoreEngine *store, const Clock *clock); /* returns owned */
void ingest_remote_write_free(IngestRemoteWrite *rw);
/* HttpRoute handler for POST /api/v1/write; self is the IngestRemoteWrite; keep_encoded, on_pool. */
void ingest_remote_write_handle(void *self, const HttpRequest *req, HttpResponse *resp);
/* What the handler does with a body: the HTTP status. 204: stored; 429: stored but for new series above the store's limit;
 * 400, 413, 503: nothing stored. err says why unless 204. */
int ingest_remote_write_body(IngestRemoteWrite *rw, Str snappy_block, Arena *arena, Err *err);
