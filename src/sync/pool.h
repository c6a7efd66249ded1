/* sync/pool.h - Pool: the worker threads. A job is a function and an argument; a full queue is an outcome. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct Pool Pool;

/* Returns owned. threads 0: one per processor. */
Pool *pool_new(size_t threads, size_t queue_capacity);
/* Runs what is queued, then joins. */
void pool_free(Pool *pool);
size_t pool_threads(const Pool *pool);
/* False when the queue is full (counted as pharos_sync_pool_rejected_total): the caller says so to who asked. */
bool pool_submit(Pool *pool, void (*fn)(void *arg), void *arg);
/* Calls fn(arg, i) for every i in [0, n) on the workers and the calling thread; returns when all are done. May be called
 * from inside a job (the caller works too, so it cannot starve). A NULL pool runs everything in the caller. */
void pool_for_each(Pool *pool, size_t n, void (*fn)(void *arg, size_t i), void *arg);
