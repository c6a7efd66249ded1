/* A message that waits to be tried again takes no room: others go meanwhile, so that some groups that a receiver refuses hold
 * up none that it takes.
 *
 * Invariants:
 * 1. bytes is the sum of those that are busy.
 * 2. A lane that is in the list has messages. */
#include "notify/notify_lanes.h"

#include "base/mem.h"

void notify_lanes_done(NotifyLanes *lanes)
{
        vec_each(lane, &lanes->list) {
                mem_free((*lane)->receiver);
                mem_free(*lane);
        }
        vec_done(&lanes->list);
}

static NotifyLane *find(const NotifyLanes *lanes, Str receiver, size_t integration)
{
        for (size_t i = 0; i < lanes->list.len; i++) {
                NotifyLane *lane = lanes->list.data[i];
                if (lane->integration == integration && str_eq(str_n(lane->receiver, lane->n_receiver), receiver))
                        return lane;
        }
        return NULL;
}

bool notify_lanes_room(const NotifyLanes *lanes, Str receiver, size_t integration)
{
        const NotifyLane *lane = find(lanes, receiver, integration);
        return !lane || (lane->busy < NOTIFY_LANES_BUSY_MAX && lane->bytes < NOTIFY_LANES_BYTES_MAX);
}

NotifyLane *notify_lanes_enter(NotifyLanes *lanes, Str receiver, size_t integration, size_t bytes)
{
        NotifyLane *lane = find(lanes, receiver, integration);
        if (!lane) {
                lane = mem_new(NotifyLane);
                lane->receiver = mem_strndup(receiver.p, receiver.n);
                lane->n_receiver = receiver.n;
                lane->integration = integration;
                vec_push(&lanes->list, lane);
        }
        lane->messages++;
        notify_lanes_try(lane, bytes);
        return lane;
}

void notify_lanes_try(NotifyLane *lane, size_t bytes)
{
        lane->busy++;
        lane->bytes += bytes;
}

void notify_lanes_rest(NotifyLane *lane, size_t bytes)
{
        lane->busy--;
        lane->bytes -= bytes;
}

void notify_lanes_leave(NotifyLanes *lanes, NotifyLane *lane)
{
        if (--lane->messages)
                return;
        for (size_t i = 0; i < lanes->list.len; i++) {
                if (lanes->list.data[i] != lane)
                        continue;
                lanes->list.data[i] = lanes->list.data[--lanes->list.len];
                mem_free(lane->receiver);
                mem_free(lane);
                return;
        }
}
