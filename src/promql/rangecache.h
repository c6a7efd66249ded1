/* promql/rangecache.h - RangeCache: answers of range queries, kept step by step for the next one that asks the same. Private to promql/.
 *
 * A query that begins inside what is kept, on the same steps, takes from it what no sample has changed since (StoreEngine.changes), and
 * is evaluated for the steps behind only. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "promql/promql.h"

enum {
        RANGECACHE_ENTRIES = 512,
        RANGECACHE_MAX_KEY_BYTES = 16 << 10, /* longer expressions are not kept */
        RANGECACHE_SHARE = 4,                /* an answer takes at most one part in so many of the room */
};

typedef struct RangeCache RangeCache;
typedef struct RangeEntry RangeEntry;

RangeCache *rangecache_new(uint64_t max_bytes); /* returns owned; 0 bytes: keeps nothing */
void rangecache_free(RangeCache *cache);

/* One query's dealings with the cache. */
typedef struct RangeUse {
        RangeCache *cache;
        RangeEntry *entry; /* what is known; NULL: nothing */
        Str key;
        uint64_t mark;
        int64_t start_ms, last_ms; /* the query's first and last step */
        int64_t known_ms;          /* the last step that is known, if any */
        size_t known, steps;       /* steps that are known, of so many */
} RangeUse;

/* False: this query is not for the cache. Otherwise rangecache_end must follow. lookback_ms: the query's. What *ret borrows lives in arena. */
bool rangecache_begin(RangeCache *cache, const PromqlOptions *options, StoreEngine *store, const PromqlQuery *query,
                      int64_t lookback_ms, Arena *arena, RangeUse *ret);
/* Puts the known steps before those of *io, which is the answer for the others, and keeps the whole. */
void rangecache_merge(RangeUse *use, Arena *arena, PromqlResult *io);
void rangecache_end(RangeUse *use);
/* The first step that is not known; known < steps. */
static inline int64_t rangecache_next_ms(const RangeUse *use, int64_t step_ms)
{
        return use->known ? use->known_ms + step_ms : use->start_ms;
}
uint64_t rangecache_bytes(RangeCache *cache);
