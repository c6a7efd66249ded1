/* Invariants
 * 1. The cache only saves work: a reference that the store does not know any more is resolved from the labels again.
 * 2. An entry is complete before its id can be read from the index or from another entry's `next`; key and n_bytes never change then.
 * 3. Entries live as long as their table, a table as long as a cursor that holds it: a full cache is replaced, not emptied in place. */
#include "ingest/refcache.h"

#include "base/mem.h"

enum { FIRST_INDEX = 1024 };

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

static RefTable *table_new(void)
{
        RefTable *t = mem_new(RefTable);
        snapshot_init(&t->snap, table_free);
        mutex_init(&t->mu);
        return t;
}

void refcache_init(RefCache *c)
{
        snapshot_cell_init(&c->table);
        snapshot_publish(&c->table, &table_new()->snap);
}

void refcache_done(RefCache *c) { snapshot_cell_done(&c->table); }

RefCursor refcache_begin(RefCache *c) { return (RefCursor){ c, (RefTable *)snapshot_get(&c->table), 0 }; }

void refcache_end(RefCursor *cursor)
{
        snapshot_unref(&cursor->table->snap);
        cursor->table = NULL;
}

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

static uint32_t add(RefTable *t, Hash128 key, size_t n_bytes, SeriesRef ref) REQUIRES(&t->mu)
{
        uint32_t id = t->n + 1;
        if (!t->slabs[id / REFCACHE_SLAB])
                __atomic_store_n(&t->slabs[id / REFCACHE_SLAB], mem_new_array(RefEntry, REFCACHE_SLAB),
                                 __ATOMIC_RELEASE);
        *refcache_at(t, id) = (RefEntry){ .key = key, .ref = ref, .n_bytes = (uint32_t)n_bytes };
        t->n = id;
        t->index[probe(t, key)] = id;
        return id;
}

static void move_to(RefCursor *c, uint32_t id)
{
        if (c->at)
                __atomic_store_n(&refcache_at(c->table, c->at)->next, id, __ATOMIC_RELEASE);
        c->at = id;
}

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
        bool full = false;
        mutex_lock(&t->mu);
        if (((size_t)t->n + 1) * 4 >= t->index_cap * 3)
                grow_index(t);
        uint32_t id = t->index[probe(t, key)];
        if (id) {
                __atomic_store_n(&refcache_at(t, id)->ref, ref, __ATOMIC_RELAXED);
        } else if (t->n < REFCACHE_MAX - 1) {
                id = add(t, key, n_bytes, ref);
        } else {
                full = true;
        }
        mutex_unlock(&t->mu);
        if (id)
                move_to(c, id);
        if (!full)
                return;
        /* Another request may have replaced it already; two new tables in a row do no harm. */
        refcache_end(c);
        snapshot_publish(&c->cache->table, &table_new()->snap);
        *c = refcache_begin(c->cache);
}
