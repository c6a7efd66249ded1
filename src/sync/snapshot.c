/* Invariants:
 * 1. A snapshot is freed exactly once, by whoever takes refs from 1 to 0, and nobody can reach it then: the cell's own
 *    reference keeps refs above 0 for as long as the cell shows it.
 * 2. free never runs under the cell's lock.
 * The mutex is what makes "read the pointer and count up" one step; a lock-free cell needs hazard pointers for the same,
 * and snapshots are taken once a query, not once a value. */
#include "sync/snapshot.h"

#include <stdatomic.h>

#include "base/check.h"

void snapshot_init(Snapshot *snap, void (*free)(Snapshot *snap))
{
        atomic_init(&snap->refs, 1);
        snap->free = free;
}

Snapshot *snapshot_ref(Snapshot *snap)
{
        if (snap)
                CHECK(atomic_fetch_add_explicit(&snap->refs, 1, memory_order_relaxed) > 0);
        return snap;
}

void snapshot_unref(Snapshot *snap)
{
        if (!snap)
                return;
        size_t before = atomic_fetch_sub_explicit(&snap->refs, 1, memory_order_acq_rel);
        CHECK(before > 0);
        if (before == 1)
                snap->free(snap);
}

void snapshot_cell_init(SnapshotCell *cell)
{
        mutex_init(&cell->mu);
        MUTEX_SCOPE(&cell->mu);
        cell->current = NULL;
}

void snapshot_cell_done(SnapshotCell *cell)
{
        snapshot_publish(cell, NULL);
        mutex_done(&cell->mu);
}

Snapshot *snapshot_get(SnapshotCell *cell)
{
        MUTEX_SCOPE(&cell->mu);
        return snapshot_ref(cell->current);
}

LOCKS_UNCHECKED bool snapshot_is_current(SnapshotCell *cell, const Snapshot *snap)
{
        return __atomic_load_n(&cell->current, __ATOMIC_ACQUIRE) == snap;
}

void snapshot_publish(SnapshotCell *cell, Snapshot *snap)
{
        mutex_lock(&cell->mu);
        Snapshot *old = cell->current;
        __atomic_store_n(&cell->current, snap, __ATOMIC_RELEASE);
        mutex_unlock(&cell->mu);
        snapshot_unref(old);
}
