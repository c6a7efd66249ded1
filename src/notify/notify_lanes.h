/* notify/notify_lanes.h - NotifyLanes: how much of each integration is under way, so that no more is made than can be sent
 * soon. Private. Not thread-safe: its owner's lock covers it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/vec.h"

/* One integration of a receiver. Lives while it has messages, also over a reload. */
typedef struct NotifyLane {
        char *receiver; /* owned */
        size_t n_receiver, integration;
        size_t messages;    /* under way, also those that wait to be tried again */
        size_t busy, bytes; /* those that are being tried, and what they take */
} NotifyLane;

typedef struct NotifyLanes {
        VEC(NotifyLane *) list;
} NotifyLanes;

enum { NOTIFY_LANES_BUSY_MAX = 128, NOTIFY_LANES_BYTES_MAX = 4 << 20 };

void notify_lanes_done(NotifyLanes *lanes);
/* Whether one more may be made. */
bool notify_lanes_room(const NotifyLanes *lanes, Str receiver, size_t integration);
/* A message of so many bytes begins; being tried. Valid until it leaves. */
NotifyLane *notify_lanes_enter(NotifyLanes *lanes, Str receiver, size_t integration, size_t bytes);
/* It is (not) being tried now. */
void notify_lanes_try(NotifyLane *lane, size_t bytes);
void notify_lanes_rest(NotifyLane *lane, size_t bytes);
/* It is over; it was not being tried. The lane may be gone. */
void notify_lanes_leave(NotifyLanes *lanes, NotifyLane *lane);
