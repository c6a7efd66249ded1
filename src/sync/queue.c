/* Invariants:
 * 1. len <= capacity; the oldest item is at head; items leave in the order in which they came.
 * 2. closed never goes back; after it, len only falls.
 * A mutex and two conditions: the items are jobs, batches, requests - thousands a second, not millions - and the lock is
 * held for one memcpy. */
#include "sync/queue.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "os/mutex.h"

struct Queue {
        size_t item_bytes, capacity; /* never change */
        Cond not_empty, not_full;
        Mutex mu;
        size_t head GUARDED_BY(&mu);
        size_t len GUARDED_BY(&mu);
        bool closed GUARDED_BY(&mu);
        char *ring; /* its bytes are guarded by mu */
};

Queue *queue_new(size_t item_bytes, size_t capacity)
{
        CHECK(item_bytes > 0 && capacity > 0);
        Queue *q = mem_new(Queue);
        mutex_init(&q->mu);
        mutex_cond_init(&q->not_empty);
        mutex_cond_init(&q->not_full);
        q->item_bytes = item_bytes;
        q->capacity = capacity;
        q->ring = mem_zalloc_array(capacity, item_bytes);
        return q;
}

void queue_free(Queue *q)
{
        if (!q)
                return;
        mutex_cond_done(&q->not_full);
        mutex_cond_done(&q->not_empty);
        mutex_done(&q->mu);
        mem_free(q->ring);
        mem_free(q);
}

static void put_locked(Queue *q, const void *item) REQUIRES(&q->mu)
{
        size_t at = (q->head + q->len) % q->capacity;
        memcpy(q->ring + at * q->item_bytes, item, q->item_bytes);
        q->len++;
        mutex_cond_signal(&q->not_empty);
}

static void take_locked(Queue *q, void *ret_item) REQUIRES(&q->mu)
{
        memcpy(ret_item, q->ring + q->head * q->item_bytes, q->item_bytes);
        q->head = (q->head + 1) % q->capacity;
        q->len--;
        mutex_cond_signal(&q->not_full);
}

QueueResult queue_try_push(Queue *q, const void *item)
{
        MUTEX_SCOPE(&q->mu);
        if (q->closed)
                return QUEUE_CLOSED;
        if (q->len == q->capacity)
                return QUEUE_FULL;
        put_locked(q, item);
        return QUEUE_OK;
}

QueueResult queue_push(Queue *q, const void *item)
{
        MUTEX_SCOPE(&q->mu);
        while (!q->closed && q->len == q->capacity)
                mutex_cond_wait(&q->not_full, &q->mu);
        if (q->closed)
                return QUEUE_CLOSED;
        put_locked(q, item);
        return QUEUE_OK;
}

QueueResult queue_try_pop(Queue *q, void *ret_item)
{
        MUTEX_SCOPE(&q->mu);
        if (q->len == 0)
                return q->closed ? QUEUE_CLOSED : QUEUE_EMPTY;
        take_locked(q, ret_item);
        return QUEUE_OK;
}

QueueResult queue_pop(Queue *q, void *ret_item)
{
        MUTEX_SCOPE(&q->mu);
        while (!q->closed && q->len == 0)
                mutex_cond_wait(&q->not_empty, &q->mu);
        if (q->len == 0)
                return QUEUE_CLOSED;
        take_locked(q, ret_item);
        return QUEUE_OK;
}

QueueResult queue_pop_until(Queue *q, void *ret_item, int64_t deadline_mono_ns)
{
        MUTEX_SCOPE(&q->mu);
        bool in_time = true;
        while (in_time && !q->closed && q->len == 0)
                in_time = mutex_cond_wait_until(&q->not_empty, &q->mu, deadline_mono_ns);
        if (q->len == 0)
                return q->closed ? QUEUE_CLOSED : QUEUE_TIMEOUT;
        take_locked(q, ret_item);
        return QUEUE_OK;
}

void queue_close(Queue *q)
{
        MUTEX_SCOPE(&q->mu);
        q->closed = true;
        mutex_cond_broadcast(&q->not_empty);
        mutex_cond_broadcast(&q->not_full);
}

size_t queue_len(Queue *q)
{
        MUTEX_SCOPE(&q->mu);
        return q->len;
}
