/* ingest/refcache.h - RefCache: which series the bytes that name one stand for: a hash of the bytes -> the store's reference.
 *
 * Senders write their series in the same order again and again. So every entry remembers which one followed it last time, and a known
 * series costs one hash and one comparison with an entry that is already in the processor's cache. What has not been sent for a while is
 * forgotten when there is room to win: series come and go. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/hash.h"
#include "store/store.h"
#include "sync/snapshot.h"

enum {
        REFCACHE_SLAB = 4096,
        REFCACHE_MAX = 1 << 21,         /* entries; a full cache is emptied */
        REFCACHE_EPOCH_MS = 150 * 1000, /* an entry not seen in an epoch, nor in the one before, may be forgotten */
        REFCACHE_ADDED = 8, /* the cache is gone through when one of so many entries is new, at most once an epoch */
};

typedef struct RefEntry {
        Hash128 key;      /* never changes */
        uint64_t ref;     /* atomic: a SeriesRef */
        uint32_t n_bytes; /* of what was hashed; never changes */
        uint32_t next;    /* atomic: the id of the entry that followed, 0: none did */
} RefEntry;

typedef struct RefSlab {
        RefEntry entries[REFCACHE_SLAB];
        uint8_t seen[REFCACHE_SLAB]; /* atomic: the last bits of the epoch of the last use */
} RefSlab;

typedef struct RefTable {
        Snapshot snap;
        int64_t epoch; /* it was made in */
        Mutex mu;
        uint32_t *index GUARDED_BY(&mu); /* ids by key; open addressing */
        size_t index_cap GUARDED_BY(&mu);
        uint32_t n GUARDED_BY(&mu);       /* ids given out: 1 to n */
        uint32_t n_first GUARDED_BY(&mu); /* of these, there from the start */
        bool renewed GUARDED_BY(&mu);     /* another one takes its place */
        RefSlab *slabs[REFCACHE_MAX / REFCACHE_SLAB + 1];
} RefTable;

typedef struct RefCache {
        SnapshotCell table;
} RefCache;

/* One reader's place; used by one thread. */
typedef struct RefCursor {
        RefCache *cache;
        RefTable *table; /* a reference */
        int64_t epoch;
        uint32_t at; /* id of the entry found last, 0: none yet */
        bool fresh;  /* and it was not in use in this epoch before */
} RefCursor;

void refcache_init(RefCache *c);
void refcache_done(RefCache *c);
/* now_ms: of any clock that does not go back far. */
RefCursor refcache_begin(RefCache *c, int64_t now_ms);
void refcache_end(RefCursor *cursor);

static inline RefEntry *refcache_at(const RefTable *t, uint32_t id)
{
        return &__atomic_load_n(&t->slabs[id / REFCACHE_SLAB], __ATOMIC_RELAXED)->entries[id % REFCACHE_SLAB];
}
/* The entry becomes the cursor's place, and is in use. */
static inline void refcache_take(RefCursor *c, uint32_t id)
{
        RefSlab *slab = __atomic_load_n(&c->table->slabs[id / REFCACHE_SLAB], __ATOMIC_RELAXED);
        uint8_t *seen = &slab->seen[id % REFCACHE_SLAB];
        c->fresh = __atomic_load_n(seen, __ATOMIC_RELAXED) != (uint8_t)c->epoch;
        if (UNLIKELY(c->fresh))
                __atomic_store_n(seen, (uint8_t)c->epoch, __ATOMIC_RELAXED);
        c->at = id;
}
/* The id of the entry that followed the last one when it was met before; 0: nothing is expected. */
static inline uint32_t refcache_expected(const RefCursor *c)
{
        return c->at ? __atomic_load_n(&refcache_at(c->table, c->at)->next, __ATOMIC_ACQUIRE) : 0;
}
static inline SeriesRef refcache_ref(const RefCursor *c, uint32_t id)
{
        return __atomic_load_n(&refcache_at(c->table, id)->ref, __ATOMIC_RELAXED);
}
/* The entry of this key becomes the cursor's place. 0: there is none, the place is kept. */
uint32_t refcache_find(RefCursor *c, Hash128 key);
/* As find; adds what is missing and sets its reference. */
void refcache_put(RefCursor *c, Hash128 key, size_t n_bytes, SeriesRef ref);
