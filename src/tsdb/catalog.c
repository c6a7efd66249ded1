/* Invariants
 * 1. table holds exactly the live slots; equal labels have one slot.
 * 2. A reference is valid for one life of a slot: removing adds one to gen. The first generation is random, so that references kept from
 *    an earlier run are not taken for ours.
 * 3. `live` is set last when adding, so that whoever sees a series sees all that it is born with, and cleared first when removing, under
 *    the stripe.
 * 4. The symbols of a live series are counted once per use in its pairs. */
#include "tsdb/catalog.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"

Catalog *catalog_new(void)
{
        Catalog *c = mem_new(Catalog);
        pthread_rwlockattr_t attr;
        pthread_rwlockattr_init(&attr);
        /* Readers come in crowds (a select per query): a writer must not wait for a moment without any. */
        pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        pthread_rwlock_init(&c->lock, &attr);
        pthread_rwlockattr_destroy(&attr);
        c->symbols = symtab_new();
        c->postings = postings_new(c->symbols);
        c->slabs = mem_new_array(Series *, CATALOG_MAX_SLABS);
        c->table_cap = 1024;
        c->table = mem_new_array(CatalogSlot, c->table_cap);
        c->next_sid = 1;
        for (size_t i = 0; i < CATALOG_STRIPES; i++)
                mutex_init(&c->stripes[i]);
        return c;
}

void catalog_free(Catalog *c)
{
        if (!c)
                return;
        for (uint32_t i = 0; i < c->n_slots; i++) {
                Series *s = catalog_at(c, i);
                xorchunk_done(&s->open);
                mem_free(s->pairs);
        }
        for (size_t i = 0; i < CATALOG_MAX_SLABS && c->slabs[i]; i++)
                mem_free(c->slabs[i]);
        for (size_t i = 0; i < CATALOG_STRIPES; i++)
                mutex_done(&c->stripes[i]);
        vec_done(&c->free_slots);
        postings_free(c->postings);
        symtab_unref(c->symbols);
        mem_free(c->slabs);
        mem_free(c->table);
        pthread_rwlock_destroy(&c->lock);
        mem_free(c);
}

/* ---- the table by labels */

static bool has_labels(const Catalog *c, const Series *s, Labels labels)
{
        if (s->n_pairs != labels.n)
                return false;
        for (size_t i = 0; i < labels.n; i++)
                if (!str_eq(symtab_str(c->symbols, s->pairs[i].value), labels.data[i].value) ||
                    !str_eq(symtab_str(c->symbols, s->pairs[i].name), labels.data[i].name))
                        return false;
        return true;
}

bool catalog_find(const Catalog *c, Labels labels, uint32_t hash, uint32_t *ret_slot)
{
        for (size_t i = hash & (c->table_cap - 1); c->table[i].slot; i = (i + 1) & (c->table_cap - 1)) {
                if (c->table[i].hash != hash || !has_labels(c, catalog_at(c, c->table[i].slot - 1), labels))
                        continue;
                *ret_slot = c->table[i].slot - 1;
                return true;
        }
        return false;
}

static void table_put(CatalogSlot *table, size_t cap, CatalogSlot item)
{
        size_t i = item.hash & (cap - 1);
        while (table[i].slot)
                i = (i + 1) & (cap - 1);
        table[i] = item;
}

static void table_grow(Catalog *c)
{
        size_t cap = c->table_cap * 2;
        CatalogSlot *table = mem_new_array(CatalogSlot, cap);
        for (size_t i = 0; i < c->table_cap; i++)
                if (c->table[i].slot)
                        table_put(table, cap, c->table[i]);
        mem_free(c->table);
        c->table = table;
        c->table_cap = cap;
}

static void table_remove(Catalog *c, uint32_t hash, uint32_t slot)
{
        size_t mask = c->table_cap - 1, hole = hash & mask;
        while (c->table[hole].slot != slot + 1)
                hole = (hole + 1) & mask;
        for (size_t i = (hole + 1) & mask; c->table[i].slot; i = (i + 1) & mask) {
                size_t home = c->table[i].hash & mask;
                if (((i - home) & mask) >= ((i - hole) & mask)) {
                        c->table[hole] = c->table[i];
                        hole = i;
                }
        }
        c->table[hole].slot = 0;
}

/* ---- adding and removing */

static uint32_t first_generation(void)
{
        uint32_t gen;
        rand_os_bytes(&gen, sizeof gen);
        return gen & INT32_MAX;
}

static bool take_slot(Catalog *c, uint32_t *ret)
{
        if (c->free_slots.len) {
                *ret = vec_pop(&c->free_slots);
                return true;
        }
        uint32_t slot = c->n_slots;
        if (slot / CATALOG_SLAB == CATALOG_MAX_SLABS)
                return false;
        if (slot % CATALOG_SLAB == 0) {
                Series *slab = mem_new_array(Series, CATALOG_SLAB);
                uint32_t gen = first_generation();
                for (size_t i = 0; i < CATALOG_SLAB; i++) {
                        slab[i].gen = gen;
                        slab[i].open.last_ms = INT64_MIN;
                }
                __atomic_store_n(&c->slabs[slot / CATALOG_SLAB], slab, __ATOMIC_RELEASE);
        }
        __atomic_store_n(&c->n_slots, slot + 1, __ATOMIC_RELEASE);
        *ret = slot;
        return true;
}

static void release_pairs(Catalog *c, PostingsPair *pairs, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                symtab_release(c->symbols, pairs[i].name);
                symtab_release(c->symbols, pairs[i].value);
        }
        mem_free(pairs);
}

static PostingsPair *intern_pairs(Catalog *c, Labels labels)
{
        PostingsPair *pairs = mem_new_array(PostingsPair, labels.n);
        for (size_t i = 0; i < labels.n; i++) {
                pairs[i].name = symtab_intern(c->symbols, labels.data[i].name);
                pairs[i].value = pairs[i].name == SYMTAB_NONE ? SYMTAB_NONE
                                                              : symtab_intern(c->symbols, labels.data[i].value);
                if (pairs[i].value != SYMTAB_NONE)
                        continue;
                if (pairs[i].name != SYMTAB_NONE)
                        symtab_release(c->symbols, pairs[i].name);
                release_pairs(c, pairs, i);
                return NULL;
        }
        return pairs;
}

bool catalog_add(Catalog *c, Labels labels, uint32_t hash, const CatalogBirth *birth, uint32_t *ret_slot)
{
        PostingsPair *pairs = intern_pairs(c, labels);
        uint32_t slot;
        if (!pairs)
                return false;
        if (!take_slot(c, &slot)) {
                release_pairs(c, pairs, labels.n);
                return false;
        }
        Series *s = catalog_at(c, slot);
        mutex_lock(catalog_stripe(c, slot));
        xorchunk_init(&s->open);
        if (birth->has_last) {
                __atomic_store_n(&s->open.last_ms, birth->last_ms, __ATOMIC_RELAXED);
                __atomic_store_n(&s->open.last_bits, birth->last_bits, __ATOMIC_RELAXED);
        }
        s->sid = birth->sid ? birth->sid : c->next_sid;
        c->next_sid = MAX_OF(c->next_sid, s->sid + 1);
        s->pairs = pairs;
        s->n_pairs = (uint16_t)labels.n;
        s->hash = hash;
        s->touched = s->late = s->leaving = false;
        __atomic_store_n(&s->pend, birth->pend, __ATOMIC_RELAXED);
        __atomic_store_n(&s->defined, CATALOG_UNDEFINED, __ATOMIC_RELAXED);
        __atomic_store_n(&s->live, true, __ATOMIC_RELEASE);
        mutex_unlock(catalog_stripe(c, slot));
        postings_add(c->postings, slot, pairs, labels.n);
        if (++c->count * 4 >= c->table_cap * 3)
                table_grow(c);
        table_put(c->table, c->table_cap, (CatalogSlot){ hash, slot + 1 });
        c->label_pairs += labels.n;
        *ret_slot = slot;
        return true;
}

void catalog_remove(Catalog *c, uint32_t slot)
{
        Series *s = catalog_at(c, slot);
        table_remove(c, s->hash, slot);
        postings_remove(c->postings, slot, s->pairs, s->n_pairs);
        c->count--;
        c->label_pairs -= s->n_pairs;
        mutex_lock(catalog_stripe(c, slot));
        __atomic_store_n(&s->live, false, __ATOMIC_RELEASE);
        __atomic_store_n(&s->gen, (s->gen + 1) & INT32_MAX, __ATOMIC_RELEASE);
        xorchunk_reset(&s->open);
        PostingsPair *pairs = s->pairs;
        s->pairs = NULL;
        mutex_unlock(catalog_stripe(c, slot));
        release_pairs(c, pairs, s->n_pairs);
        vec_push(&c->free_slots, slot);
}

Labels catalog_labels(const Catalog *c, const Series *s, Label *pairs)
{
        for (size_t i = 0; i < s->n_pairs; i++)
                pairs[i] = (Label){ symtab_str(c->symbols, s->pairs[i].name),
                                    symtab_str(c->symbols, s->pairs[i].value) };
        return (Labels){ pairs, s->n_pairs };
}

size_t catalog_bytes(const Catalog *c)
{
        size_t slabs = (c->n_slots + CATALOG_SLAB - 1) / CATALOG_SLAB;
        return slabs * CATALOG_SLAB * sizeof(Series) + c->label_pairs * sizeof(PostingsPair) +
               c->table_cap * sizeof(CatalogSlot) + postings_bytes(c->postings) + symtab_bytes(c->symbols);
}
