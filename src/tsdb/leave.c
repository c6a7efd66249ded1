/* Invariants
 * 1. What was looked up without a lock is asked again under the locks: the answer holds until the series is gone.
 * 2. A free slot is never asked about. */
#include "tsdb/leave.h"

#include "tsdb/headappend.h"
#include "tsdb/symtab.h"

size_t leave_memory(Tsdb *db, const uint32_t *slots, size_t n, LeaveAsk *may_go, const void *ctx)
{
        Catalog *c = db->catalog;
        size_t gone = 0;
        for (size_t i = 0; i < n; i += LEAVE_STEP) {
                MUTEX_SCOPE(&db->commit);
                pthread_rwlock_wrlock(&c->lock);
                uint64_t oldest = headappend_oldest(db);
                for (size_t k = i; k < n && k < i + LEAVE_STEP; k++) {
                        Series *s = catalog_at(c, slots[k]);
                        mutex_lock(catalog_stripe(c, slots[k]));
                        bool goes = s->live && may_go(ctx, k, s, oldest);
                        mutex_unlock(catalog_stripe(c, slots[k]));
                        if (goes)
                                catalog_remove(c, slots[k]);
                        gone += goes;
                }
                symtab_sweep(c->symbols);
                pthread_rwlock_unlock(&c->lock);
        }
        return gone;
}
