/* net/fdwatch.h - FdWatch: a thread that notices peers that leave while nobody reads their socket, drains sockets that
 * are about to close, and ticks.
 *
 * The HTTP library stops polling a suspended connection, so it cannot tell that the client left; and it closes a
 * refused upload at once, which resets the connection before the client has read the answer. Both are mended here. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum {
        FDWATCH_MAX_LINGERING = 64,      /* sockets being drained; further ones are closed at once */
        FDWATCH_LINGER_MS = 1000,        /* drained at most this long */
        FDWATCH_LINGER_BYTES = 16 << 20, /* and this much */
};

typedef struct FdWatch FdWatch;

/* Starts the thread. tick (may be NULL) runs on it at least every tick_ms. Returns owned. */
MUST_CHECK bool fdwatch_new(int64_t tick_ms, void (*tick)(void *arg), void *arg, FdWatch **ret, Err *err);
/* Closes what lingers. Nothing may be watched any more. */
void fdwatch_free(FdWatch *watch);
/* Calls gone(arg), once, on the watch's thread and under its lock, when the peer closed or reset. Borrows fd, which
 * must be open until fdwatch_remove. Returns an id, never 0. gone must be short and must not call back into the watch.
 */
uint64_t fdwatch_add(FdWatch *watch, int fd, void (*gone)(void *arg), void *arg);
/* When it returns, gone neither runs nor will. id 0 is fine. */
void fdwatch_remove(FdWatch *watch, uint64_t id);
/* Takes fd: says that no more will be sent, discards what still arrives, closes. */
void fdwatch_linger(FdWatch *watch, int fd);
