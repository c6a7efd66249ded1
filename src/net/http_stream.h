/* net/http_stream.h - private to the server: the body of an answer that is made while it is sent.
 *
 * One side puts bytes in from any thread, the HTTP library's thread takes them out; when there is nothing to take the
 * connection is parked (suspended) and the next byte wakes it. */
#pragma once
#include <microhttpd.h>
#include <stdbool.h>

#include "base/buf.h"
#include "os/mutex.h"

enum { HTTP_STREAM_MAX_PENDING = 256 * 1024, HTTP_STREAM_BLOCK_BYTES = 32 * 1024 };

typedef struct HttpStream {
        Mutex mu;
        Cond moved;                  /* bytes were taken, or nobody will take more */
        struct MHD_Connection *conn; /* immutable; valid until gone */
        bool parked GUARDED_BY(&mu);
        bool ended GUARDED_BY(&mu);   /* complete: what is pending is the rest */
        bool gone GUARDED_BY(&mu);    /* the client left, or the answer is over */
        bool stopped GUARDED_BY(&mu); /* the server stops: send what is there and close */
        Buf pending GUARDED_BY(&mu);
        size_t taken GUARDED_BY(&mu); /* of pending */
        /* Instead of pending: copies at most max bytes, 0 when there is nothing now. Called with mu held. */
        size_t (*take)(void *source, char *buf, size_t max) GUARDED_BY(&mu);
        void *source GUARDED_BY(&mu);
} HttpStream;

void http_stream_init(HttpStream *stream, struct MHD_Connection *conn, bool stopped);
void http_stream_done(HttpStream *stream);
/* The library's content reader; cls is the stream. */
ssize_t http_stream_read(void *cls, uint64_t pos, char *buf, size_t max);
/* Adds bytes and waits while more than HTTP_STREAM_MAX_PENDING are pending; false when nobody takes them any more. */
bool http_stream_put(HttpStream *stream, Str bytes);
void http_stream_end(HttpStream *stream);
/* The client left: wakes both sides. */
void http_stream_gone(HttpStream *stream);
void http_stream_stop(HttpStream *stream);
/* Lets the library ask again: after the source got something. mu is held. */
void http_stream_wake_locked(HttpStream *stream) REQUIRES(&stream->mu);
