/* interop/remoteread.h - Prometheus' remote read: requests read, answers written, as samples or as a stream of chunks.
 *
 * Facts: Prometheus' public description of the protocol. A stream is frames of: length (varint), CRC-32C (4 bytes, big endian), message. */
#pragma once
#include <stdint.h>

#include "store/store.h"

enum {
        REMOTEREAD_MAX_REQUEST_BYTES = 32 << 20, /* unpacked */
        REMOTEREAD_MAX_QUERIES = 1000,
        REMOTEREAD_MAX_MATCHERS = 1000,
        REMOTEREAD_FRAME_BYTES = 1 << 20, /* after which a frame ends */
};
#define REMOTEREAD_SAMPLE_LIMIT 50000000 /* of an answer of samples, as upstream's default */

typedef struct RemoteReadQuery {
        int64_t start_ms, end_ms; /* inclusive */
        Matchers matchers;
} RemoteReadQuery;

typedef struct RemoteReadRequest {
        RemoteReadQuery *queries;
        size_t n;
        bool chunks; /* the client takes a stream of chunks, and prefers it */
} RemoteReadRequest;

/* block: a snappy block. ERR_INVALID, ERR_LIMIT (too large), ERR_UNSUPPORTED (no type of answer that we know). Strings live in arena. */
MUST_CHECK bool remoteread_parse(Str block, Arena *arena, RemoteReadRequest *ret, Err *err);
/* Removes the conditions that the external labels fulfil: series do not carry them here. */
void remoteread_strip_external(RemoteReadQuery *query, Labels external, Arena *arena);

typedef struct RemoteReadRun {
        Querier *q;
        Labels external; /* added to every series that does not have them itself */
        const Cancel *cancel;
        uint64_t samples, sample_limit;                /* counted up; 0: no limit, else ERR_LIMIT */
        bool (*write)(void *ctx, Str frame, Err *err); /* for streams */
        void *ctx;
} RemoteReadRun;

/* Appends the result of one query, a field of ReadResponse. Series sorted by labels. */
MUST_CHECK bool remoteread_samples(RemoteReadRun *run, const RemoteReadQuery *query, Buf *out, Err *err);
/* Writes the frames of one query. */
MUST_CHECK bool remoteread_stream(RemoteReadRun *run, const RemoteReadQuery *query, size_t index, Err *err);
