/* tsdb/sidmap.h - SidMap: series id -> u32, for ids that are given out one after the other: pages behind a small hash. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { SIDMAP_PAGE = 1024 };

#define MAP_NAME SidPages
#define MAP_FN_PREFIX sid_pages
#define MAP_KEY uint64_t
#define MAP_VAL uint32_t *
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/hash.h"
#include "base/map.inc.h"

/* Zero-initialised is empty. Not thread-safe. */
typedef struct SidMap {
        SidPages pages;
        uint64_t last_page; /* id / SIDMAP_PAGE of `last`: the next id is mostly a neighbour */
        uint32_t *last;
} SidMap;

void sidmap_done(SidMap *m);
void sidmap_put(SidMap *m, uint64_t sid, uint32_t value);
/* 0 when absent. Does not write to the map: concurrent reads are fine. */
uint32_t sidmap_get(const SidMap *m, uint64_t sid);
