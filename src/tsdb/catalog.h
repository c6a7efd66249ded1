/* tsdb/catalog.h - Catalog: every series that is known: its record, its labels, and how to find it by reference or by labels.
 *
 * Locks, in this order: `lock` (labels, symbols, postings, adding and removing series), then a stripe (what changes in a record
 * with every sample). Records never move; a freed slot is used again under a new generation. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "model/labels.h"
#include "os/mutex.h"
#include "store/store.h"
#include "tsdb/postings.h"
#include "tsdb/symtab.h"
#include "tsdb/xorchunk.h"

enum {
        CATALOG_SLAB = 1024,         /* records that are allocated together */
        CATALOG_MAX_SLABS = 1 << 18, /* 268 million series */
        CATALOG_BLOCK = 64, /* neighbours that share a stripe: many of a commit, few of two readers side by side */
        CATALOG_STRIPES = 64,
        CATALOG_PEND_BITS = 24, /* of Series.pend: index of the newest pending sample */
};

/* Whether a series' labels are in the WAL. */
typedef enum CatalogDefined { CATALOG_UNDEFINED, CATALOG_DEFINED, CATALOG_DEFINING } CatalogDefined;

typedef struct Series {
        XorChunk open;          /* guarded by the stripe; last_ms and last_bits also read with atomic loads */
        uint64_t sid;           /* stored id; set before `live` */
        uint64_t pend;          /* atomic: appender id << CATALOG_PEND_BITS | index of its newest pending sample */
        PostingsPair *pairs;    /* owned; guarded by lock */
        uint32_t gen;           /* atomic */
        uint32_t first_segment; /* WAL segment with the open chunk's first sample; guarded by the stripe */
        uint32_t hash;
        uint16_t n_pairs;
        bool live;       /* atomic */
        uint8_t defined; /* atomic: CatalogDefined; written under the commit lock */
        bool late;       /* has samples in headlate.h; atomic, written under the stripe */
        bool touched;    /* got a sample since the last upkeep; guarded by the stripe */
        bool leaving;    /* cold.c: goes soon unless somebody wants it; atomic, written under the stripe */
} Series;

/* What a series is born with. */
typedef struct CatalogBirth {
        uint64_t sid;  /* 0: the next free one */
        uint64_t pend; /* Series.pend */
        bool has_last; /* it returns: its newest sample so far is the one of the next two */
        int64_t last_ms;
        uint64_t last_bits;
} CatalogBirth;

typedef struct CatalogSlot {
        uint32_t hash, slot; /* slot + 1; 0: empty */
} CatalogSlot;

typedef struct Catalog {
        pthread_rwlock_t lock;
        Symtab *symbols;
        Postings *postings;
        Series **slabs;   /* entries set atomically, never changed */
        uint32_t n_slots; /* atomic */
        VEC(uint32_t) free_slots;
        CatalogSlot *table; /* by labels */
        size_t table_cap, count;
        uint64_t next_sid;
        size_t label_pairs; /* of all series */
        Mutex stripes[CATALOG_STRIPES];
} Catalog;

Catalog *catalog_new(void);
void catalog_free(Catalog *c);

static inline Series *catalog_at(const Catalog *c, uint32_t slot)
{
        return &__atomic_load_n(&c->slabs[slot / CATALOG_SLAB], __ATOMIC_ACQUIRE)[slot % CATALOG_SLAB];
}
static inline uint32_t catalog_slots(const Catalog *c) { return __atomic_load_n(&c->n_slots, __ATOMIC_ACQUIRE); }
static inline uint32_t catalog_slot_of_ref(SeriesRef ref) { return (uint32_t)ref - 1; }
static inline SeriesRef catalog_ref(const Series *s, uint32_t slot)
{
        return (SeriesRef)__atomic_load_n(&s->gen, __ATOMIC_RELAXED) << 32 | (slot + 1);
}
/* NULL when the reference names no living series. Without a lock: the series may go at any time, see catalog_remove. */
static inline Series *catalog_of_ref(const Catalog *c, SeriesRef ref)
{
        uint32_t slot = catalog_slot_of_ref(ref);
        if (UNLIKELY((uint32_t)ref == 0 || slot >= catalog_slots(c)))
                return NULL;
        Series *s = catalog_at(c, slot);
        bool same = __atomic_load_n(&s->gen, __ATOMIC_ACQUIRE) == ref >> 32;
        return LIKELY(same && __atomic_load_n(&s->live, __ATOMIC_ACQUIRE)) ? s : NULL;
}
static inline Mutex *catalog_stripe(Catalog *c, uint32_t slot)
{
        return &c->stripes[slot / CATALOG_BLOCK % CATALOG_STRIPES];
}

/* All of these: caller holds lock, for writing where the name says add or remove. */
bool catalog_find(const Catalog *c, Labels labels, uint32_t hash, uint32_t *ret_slot);
/* Labels are not yet there. False when slots or symbols are used up. */
bool catalog_add(Catalog *c, Labels labels, uint32_t hash, const CatalogBirth *birth, uint32_t *ret_slot);
void catalog_remove(Catalog *c, uint32_t slot);
/* Fills pairs (room for n_pairs) with strings that live as long as the series, or as the arena of a symtab_pin. */
Labels catalog_labels(const Catalog *c, const Series *s, Label *pairs);
size_t catalog_bytes(const Catalog *c); /* memory, estimated, without open chunks */
static inline uint32_t catalog_hash(Labels labels) { return (uint32_t)(labels_hash(labels) >> 16); }
