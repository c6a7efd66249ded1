/* sync/cancel.h - Cancel: one request's "stop now": a flag that anyone may raise and a deadline. Polled, never blocking. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "os/clock.h"

typedef struct Cancel {
        _Atomic bool raised;      /* set by any thread */
        int64_t deadline_mono_ns; /* 0: none; set before sharing */
        const Clock *clock;
        const struct Cancel *parent; /* what stops it stops this; NULL: none; set before sharing */
} Cancel;

void cancel_init(Cancel *cancel, const Clock *clock, int64_t timeout_ms /* 0: no deadline */);
void cancel_raise(Cancel *cancel);
/* True when raised or late; a NULL cancel never is. Cheap enough for every few thousand values. */
bool cancel_is_raised(const Cancel *cancel);
/* ERR_CANCELED or ERR_TIMEOUT with the words that users see; false = stop (returned for one-line use). */
MUST_CHECK bool cancel_check(const Cancel *cancel, Err *err);
