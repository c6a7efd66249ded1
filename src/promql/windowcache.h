/* promql/windowcache.h - WindowCache: the windows of the last series that a worker slid over. Private to promql/.
 *
 * Series that are scraped together have the same times, sample by sample: comparing them costs far less than sliding again. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "promql/func_rate.h"

/* Owned by one worker. Zero-initialised is empty. */
typedef struct WindowCache {
        uint64_t owner; /* whose windows: never given to two users in one query; 0: nobody's */
        int64_t *t;
        size_t n, cap;
        uint32_t *lo, *hi; /* per window */
        size_t windows_cap, widest;
        RateTimes rate;
} WindowCache;

/* True when the windows of these times are there. */
bool windowcache_has(const WindowCache *c, uint64_t owner, const int64_t *t, size_t n);
/* Remembers the times, and makes room for `windows` of lo and hi, which the caller fills. n < 2^32. */
void windowcache_begin(WindowCache *c, uint64_t owner, const int64_t *t, size_t n, size_t windows);
void windowcache_done(WindowCache *c);
size_t windowcache_bytes(const WindowCache *c);
