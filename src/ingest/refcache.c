/* Invariants
 * 1. The cache only saves work: a reference that the store does not know any more is resolved from the labels again.
 * 2. An entry is complete before its id can be read from the index or from another entry's `next`; key and n_bytes never change then.
 * 3. Entries live as long as their table, a table as long as a cursor that holds it: a cache that is full or has much that nobody sends
 *    any more is replaced, not changed in place. What requests that still hold the old one add to it is lost.
 *
 * Why by time and not by asking the store which references are alive: a sender that goes is seen here as soon as there. */
#include "ingest/refcache.h"

#include "base/mem.h"
#include "base/metric.h"

METRIC_GAUGE(cached, "pharos_ingest_remote_write_cached_series",
             "Series of remote write whose references are remembered.");
METRIC_COUNTER(forgotten, "pharos_ingest_remote_write_cached_series_forgotten_total",
               "Series of remote write that were not sent any more and whose references were forgotten.");

enum { FIRST_INDEX = 1024, MIN_ADDED = 1024 /* fewer new entries are not worth a look */ };

static void table_free(Snapshot *snap)
{
        RefTable *t = (RefTable *)snap;
        for (size_t i = 0; i < ARRAY_LEN(t->slabs) && t->slabs[i]; i++)
                mem_free(t->slabs[i]);
        mutex_lock(&t->mu);
        mem_free(t->index);
        mutex_unlock(&t->mu);
        mutex_done(&t->mu);
        mem_free(t);
}

static RefTable *table_new(int64_t epoch)
{
        RefTable *t = mem_new(RefTable);
        t->epoch = epoch;
        snapshot_init(&t->snap, table_free);
        mutex_init(&t->mu);
        return t;
}

void refcache_init(RefCache *c)
{
        snapshot_cell_init(&c->table);
        snapshot_publish(&c->table, &table_new(0)->snap);
}

void refcache_done(RefCache *c) { snapshot_cell_done(&c->table); }

/* Where the key is, or would be. */
static size_t probe(const RefTable *t, Hash128 key) REQUIRES(&t->mu)
{
        size_t mask = t->index_cap - 1;
        for (size_t i = key.lo & mask;; i = (i + 1) & mask) {
                if (!t->index[i])
                        return i;
                const RefEntry *e = refcache_at(t, t->index[i]);
                if (e->key.lo == key.lo && e->key.hi == key.hi)
                        return i;
        }
}

static void grow_index(RefTable *t) REQUIRES(&t->mu)
{
        mem_free(t->index);
        t->index_cap = t->index_cap ? t->index_cap * 2 : FIRST_INDEX;
        t->index = mem_new_array(uint32_t, t->index_cap);
        for (uint32_t id = 1; id <= t->n; id++)
                t->index[probe(t, refcache_at(t, id)->key)] = id;
}

/* Copies what is to be told of an entry; nothing follows it yet. */
static uint32_t add(RefTable *t, const RefEntry *what) REQUIRES(&t->mu)
{
        uint32_t id = t->n + 1;
        if (((size_t)id) * 4 >= t->index_cap * 3)
                grow_index(t);
        if (!t->slabs[id / REFCACHE_SLAB])
                __atomic_store_n(&t->slabs[id / REFCACHE_SLAB], mem_new(RefSlab), __ATOMIC_RELEASE);
        *refcache_at(t, id) = (RefEntry){ .key = what->key, .ref = what->ref, .n_bytes = what->n_bytes };
        t->n = id;
        t->index[probe(t, what->key)] = id;
        return id;
}

static void move_to(RefCursor *c, uint32_t id)
{
        if (c->at)
                __atomic_store_n(&refcache_at(c->table, c->at)->next, id, __ATOMIC_RELEASE);
        refcache_take(c, id);
}

/* ---- forgetting */

static uint8_t *seen_of(RefTable *t, uint32_t id) { return &t->slabs[id / REFCACHE_SLAB]->seen[id % REFCACHE_SLAB]; }

/* A table with the entries that were in use lately, in their order. */
static RefTable *renewed(RefTable *old, int64_t epoch) REQUIRES(&old->mu)
{
        RefTable *t = table_new(epoch);
        uint32_t *ids = mem_new_array(uint32_t, old->n + 1); /* from old to new; 0: forgotten */
        MUTEX_SCOPE(&t->mu);
        for (uint32_t id = 1; id <= old->n; id++) {
                uint8_t seen = __atomic_load_n(seen_of(old, id), __ATOMIC_RELAXED);
                if ((uint8_t)((uint8_t)epoch - seen) > 1)
                        continue;
                RefEntry *e = refcache_at(old, id);
                RefEntry copy = { .key = e->key,
                                  .ref = __atomic_load_n(&e->ref, __ATOMIC_RELAXED),
                                  .n_bytes = e->n_bytes };
                ids[id] = add(t, &copy);
                *seen_of(t, ids[id]) = seen;
        }
        for (uint32_t id = 1; id <= old->n; id++)
                if (ids[id])
                        refcache_at(t, ids[id])->next =
                                ids[__atomic_load_n(&refcache_at(old, id)->next, __ATOMIC_RELAXED)];
        mem_free(ids);
        t->n_first = t->n;
        metric_set(cached, t->n);
        metric_add(forgotten, old->n - t->n);
        return t;
}

/* Whether going through the entries may be worth it: much is new, so much may be old. */
static bool is_due(RefTable *t, int64_t epoch) REQUIRES(&t->mu)
{
        uint32_t added = t->n - t->n_first;
        return !t->renewed && epoch > t->epoch && added >= MIN_ADDED && added >= t->n / REFCACHE_ADDED;
}

RefCursor refcache_begin(RefCache *cache, int64_t now_ms)
{
        RefTable *t = (RefTable *)snapshot_get(&cache->table), *next = NULL;
        int64_t epoch = now_ms / REFCACHE_EPOCH_MS;
        if (UNLIKELY(epoch > t->epoch)) {
                MUTEX_SCOPE(&t->mu);
                if (is_due(t, epoch)) {
                        t->renewed = true;
                        next = renewed(t, epoch);
                }
        }
        if (next) {
                snapshot_ref(&next->snap);
                snapshot_publish(&cache->table, &next->snap);
                snapshot_unref(&t->snap);
                t = next;
        }
        return (RefCursor){ .cache = cache, .table = t, .epoch = epoch };
}

void refcache_end(RefCursor *cursor)
{
        snapshot_unref(&cursor->table->snap);
        cursor->table = NULL;
}

/* ---- finding and adding */

uint32_t refcache_find(RefCursor *c, Hash128 key)
{
        RefTable *t = c->table;
        mutex_lock(&t->mu);
        uint32_t id = t->index_cap ? t->index[probe(t, key)] : 0;
        mutex_unlock(&t->mu);
        if (id)
                move_to(c, id);
        return id;
}

void refcache_put(RefCursor *c, Hash128 key, size_t n_bytes, SeriesRef ref)
{
        RefTable *t = c->table;
        mutex_lock(&t->mu);
        uint32_t id = t->index_cap ? t->index[probe(t, key)] : 0;
        bool known = id != 0;
        if (known) {
                __atomic_store_n(&refcache_at(t, id)->ref, ref, __ATOMIC_RELAXED);
        } else if (t->n < REFCACHE_MAX - 1) {
                id = add(t, &(RefEntry){ .key = key, .ref = ref, .n_bytes = (uint32_t)n_bytes });
                metric_set(cached, t->n);
        }
        mutex_unlock(&t->mu);
        if (id) {
                move_to(c, id);
                c->fresh |= !known;
                return;
        }
        /* Full. Another request may have replaced it already; two new tables in a row do no harm. */
        RefCursor full = *c;
        snapshot_publish(&c->cache->table, &table_new(c->epoch)->snap);
        *c = refcache_begin(c->cache, full.epoch * REFCACHE_EPOCH_MS);
        refcache_end(&full);
}
