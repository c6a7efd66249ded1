/* sync/queue.h - Queue: a bounded first-in first-out queue of fixed-size items between any number of threads.
 *
 * Items are copied in and out; what they point to changes owner with them. All functions are thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Queue Queue;

typedef enum QueueResult { QUEUE_OK, QUEUE_FULL, QUEUE_EMPTY, QUEUE_CLOSED, QUEUE_TIMEOUT } QueueResult;

/* Returns owned. capacity > 0. */
Queue *queue_new(size_t item_bytes, size_t capacity);
/* No thread may still be inside a call. Items left are forgotten: the owner drains first when they own something. */
void queue_free(Queue *queue);
/* Copies *item in. QUEUE_FULL or QUEUE_CLOSED otherwise. */
QueueResult queue_try_push(Queue *queue, const void *item);
/* Waits for room. QUEUE_OK or QUEUE_CLOSED. */
QueueResult queue_push(Queue *queue, const void *item);
/* Copies the oldest item out. QUEUE_EMPTY, or QUEUE_CLOSED when nothing can come any more. */
QueueResult queue_try_pop(Queue *queue, void *ret_item);
/* Waits for an item. QUEUE_OK, or QUEUE_CLOSED after the last item of a closed queue. */
QueueResult queue_pop(Queue *queue, void *ret_item);
/* The same, QUEUE_TIMEOUT when nothing came until deadline (CLOCK_MONOTONIC). */
QueueResult queue_pop_until(Queue *queue, void *ret_item, int64_t deadline_mono_ns);
/* Refuses pushes from now on and wakes everybody; what is inside can still be taken. Twice is fine. */
void queue_close(Queue *queue);
size_t queue_len(Queue *queue); /* a moment's truth, for metrics */
