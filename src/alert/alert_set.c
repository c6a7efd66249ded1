/* Invariants:
 * 1. cap is 0 or a power of two, and a quarter of the places is free: searches end.
 * 2. Between an alert's place by hash and where it stands, no place is free. */
#include "alert/alert_set.h"

#include "alert/alert_store.h"
#include "base/hash.h"
#include "base/mem.h"

enum { LEAST_PLACES = 4 };

static size_t place_of(const AlertSet *set, uint64_t fingerprint)
{
        size_t i = hash_u64(fingerprint) & (set->cap - 1);
        while (set->slots[i] && set->slots[i]->fingerprint != fingerprint)
                i = (i + 1) & (set->cap - 1);
        return i;
}

void alert_set_done(AlertSet *set)
{
        mem_free((void *)set->slots);
        *set = (AlertSet){ 0 };
}

StoredAlert *alert_set_get(const AlertSet *set, uint64_t fingerprint)
{
        return set->cap ? set->slots[place_of(set, fingerprint)] : NULL;
}

static void grow(AlertSet *set)
{
        AlertSet old = *set;
        set->cap = old.cap ? old.cap * 2 : LEAST_PLACES;
        set->slots = mem_new_array(StoredAlert *, set->cap);
        for (size_t i = 0; i < old.cap; i++)
                if (old.slots[i])
                        set->slots[place_of(set, old.slots[i]->fingerprint)] = old.slots[i];
        mem_free((void *)old.slots);
}

StoredAlert *alert_set_put(AlertSet *set, StoredAlert *alert)
{
        if (set->len * 4 >= set->cap * 3)
                grow(set);
        size_t i = place_of(set, alert->fingerprint);
        StoredAlert *old = set->slots[i];
        set->slots[i] = alert;
        set->len += !old;
        return old;
}

StoredAlert *alert_set_remove(AlertSet *set, uint64_t fingerprint)
{
        if (!set->cap)
                return NULL;
        size_t hole = place_of(set, fingerprint);
        StoredAlert *gone = set->slots[hole];
        if (!gone)
                return NULL;
        set->len--;
        /* Those behind the hole move up unless that would be before their own place. */
        for (size_t i = (hole + 1) & (set->cap - 1); set->slots[i]; i = (i + 1) & (set->cap - 1)) {
                size_t home = hash_u64(set->slots[i]->fingerprint) & (set->cap - 1);
                if (((i - home) & (set->cap - 1)) < ((i - hole) & (set->cap - 1)))
                        continue;
                set->slots[hole] = set->slots[i];
                hole = i;
        }
        set->slots[hole] = NULL;
        return gone;
}

StoredAlert *alert_set_next(const AlertSet *set, size_t *at)
{
        while (*at < set->cap) {
                StoredAlert *a = set->slots[(*at)++];
                if (a)
                        return a;
        }
        return NULL;
}
