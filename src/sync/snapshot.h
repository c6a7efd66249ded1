/* sync/snapshot.h - Snapshot: an immutable object behind a reference count, and the place where the current one is found.
 *
 *     typedef struct Config { Snapshot snap; ...never written after publishing... } Config;   snap comes first
 *     Config *c = (Config *)snapshot_get(&current);  ...read...  snapshot_unref(&c->snap);
 *     snapshot_publish(&current, &next->snap);
 *
 * Readers never wait for a writer's work, only for the swap of a pointer. All functions are thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "os/mutex.h"

typedef struct Snapshot {
        _Atomic size_t refs;
        void (*free)(struct Snapshot *snap);
} Snapshot;

typedef struct SnapshotCell {
        Mutex mu;
        Snapshot *current GUARDED_BY(&mu); /* the cell holds one reference */
} SnapshotCell;

/* One reference, the caller's. free runs in the thread that drops the last one. */
void snapshot_init(Snapshot *snap, void (*free)(Snapshot *snap));
Snapshot *snapshot_ref(Snapshot *snap); /* NULL gives NULL */
void snapshot_unref(Snapshot *snap);    /* NULL is fine */
DEFINE_AUTO(Snapshot *, snapshot_unref);

void snapshot_cell_init(SnapshotCell *cell);
void snapshot_cell_done(SnapshotCell *cell); /* drops the current one */
/* Returns owned: a reference to the current snapshot, NULL before the first. */
Snapshot *snapshot_get(SnapshotCell *cell);
/* Is snap, which the caller holds, what the cell shows? Without the lock: what was published before the caller synchronised with the
 * publisher is seen. */
bool snapshot_is_current(SnapshotCell *cell, const Snapshot *snap);
/* Takes the caller's reference; readers of the old one keep it until they are done. NULL empties the cell. */
void snapshot_publish(SnapshotCell *cell, Snapshot *snap);
