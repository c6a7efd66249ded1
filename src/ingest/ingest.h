/* ingest/ingest.h - what is pushed to us: Prometheus remote write, versions 1 and 2. */
#pragma once
#include <stdbool.h>

#include "model/metadata.h"
#include "net/http_server.h"
#include "os/clock.h"
#include "store/store.h"

typedef struct IngestRemoteWrite IngestRemoteWrite;
IngestRemoteWrite *ingest_remote_write_new(StoreEngine *store, const Clock *clock); /* returns owned */
void ingest_remote_write_free(IngestRemoteWrite *rw);
/* HttpRoute handler for POST /api/v1/write; self is the IngestRemoteWrite; keep_encoded, on_pool. */
void ingest_remote_write_handle(void *self, const HttpRequest *req, HttpResponse *resp);

typedef struct IngestMetadata {
        Str metric;
        Metadata meta;
} IngestMetadata;
/* What senders said lately of `metric` (empty: of every family), sorted by metric, living in arena. */
void ingest_remote_write_metadata(IngestRemoteWrite *rw, Str metric, Arena *arena, IngestMetadata **ret, size_t *ret_n);

/* Of one request; what the headers X-Prometheus-Remote-Write-*-Written say. */
typedef struct IngestWritten {
        uint64_t samples, histograms, exemplars;
        Str told; /* in the arena: what version 2 left out, a line each */
} IngestWritten;

/* What the handler does with a body of version 1 or 2: the HTTP status. 204: stored; 429: stored but for new series above the store's
 * limit; 400 of version 2: stored but for what err names; 400, 413, 503: nothing stored (ret_written says so). err says why unless
 * 204. ret_written may be NULL. */
int ingest_remote_write_message(IngestRemoteWrite *rw, int version, Str snappy_block, Arena *arena,
                                IngestWritten *ret_written, Err *err);
/* The same for version 1. */
int ingest_remote_write_body(IngestRemoteWrite *rw, Str snappy_block, Arena *arena, Err *err);
