/* Invariants
 * 1. A series is removed from memory only when it has no open chunk, no late sample and no open appender that touched it.
 * 2. What is looked up without a lock is looked at again under the locks: a series that got a sample meanwhile (`touched`) stays.
 * 3. An id is never used twice: samples that come after a series was forgotten begin a new one. */
#include "tsdb/forget.h"

#include <stdlib.h>

#include "base/metric.h"
#include "base/num.h"
#include "store/labelcheck.h"
#include "tsdb/cold.h"
#include "tsdb/headlate.h"
#include "tsdb/keep.h"
#include "tsdb/leave.h"
#include "tsdb/rollup.h"

METRIC_COUNTER(removed, "pharos_tsdb_series_removed_total",
               "Series forgotten because nothing of them is inside the retention, or all of it was deleted.");

/* ---- by age */

int64_t forget_oldest_ms(const Tsdb *db, int64_t dead_before_ms, int64_t now_ms)
{
        return keep_has_rules(db->keep) ? MAX_OF(dead_before_ms, now_ms - keep_shortest_ms(db->keep)) : dead_before_ms;
}

bool forget_is_over(const Tsdb *db, Labels labels, int64_t last_ms, int64_t dead_before_ms, int64_t now_ms)
{
        if (last_ms < dead_before_ms)
                return true;
        if (!keep_has_rules(db->keep) || last_ms >= now_ms - keep_shortest_ms(db->keep))
                return false;
        int64_t kept_ms = keep_ms(db->keep, labels);
        if (rollup_takes(db->rollup, kept_ms))
                kept_ms = rollup_longest_ms(db->rollup, kept_ms);
        return last_ms < now_ms - kept_ms;
}

/* Nothing of it is in memory alone, and nobody is about to change that. */
static bool is_quiet(const Series *s, uint64_t oldest_appender)
{
        uint64_t pend = __atomic_load_n(&s->pend, __ATOMIC_RELAXED);
        return s->open.n == 0 && pend >> CATALOG_PEND_BITS < oldest_appender;
}

typedef struct Over {
        Tsdb *db;
        const uint32_t *slots;
        int64_t dead_before_ms, now_ms;
} Over;

static bool is_over(const void *ctx, size_t i, Series *s, uint64_t oldest_appender)
{
        const Over *o = ctx;
        Label pairs[LABELCHECK_MAX_LABELS];
        if (!is_quiet(s, oldest_appender) || !forget_is_over(o->db, catalog_labels(o->db->catalog, s, pairs),
                                                             s->open.last_ms, o->dead_before_ms, o->now_ms))
                return false;
        headlate_drop(o->db, o->slots[i]);
        return true;
}

void forget_over(Tsdb *db, const uint32_t *slots, size_t n, int64_t dead_before_ms, int64_t now_ms)
{
        Over o = { db, slots, dead_before_ms, now_ms };
        metric_add(removed, leave_memory(db, slots, n, is_over, &o));
}

/* ---- by deletion */

typedef VEC(uint64_t) Sids;
typedef VEC(uint32_t) Slots;

static bool in_chunks(Tsdb *db, uint64_t sid, Column *scratch)
{
        bool found = false;
        ChunkList *list = chunkset_list(db->chunks);
        for (size_t i = 0; i < list->n && !found; i++) {
                uint64_t damaged = 0;
                Err err;
                column_clear(scratch);
                found = !chunkfile_read(list->files[i], sid, INT64_MIN, INT64_MAX, scratch, &damaged, &err) ||
                        damaged || scratch->n;
        }
        snapshot_unref(&list->snap);
        return found;
}

/* Those of the deletions without a sample in any file; a file that cannot be read may have some. */
static void collect_empty(Tsdb *db, const Tombstone *items, size_t n, Sids *ret)
{
        Column scratch = { 0 };
        for (size_t i = 0; i < n; i++) {
                uint64_t sid = items[i].sid;
                if ((i == 0 || items[i - 1].sid != sid) && !partset_has(db->parts, sid, 1) &&
                    !rollup_has(db->rollup, sid) && !in_chunks(db, sid, &scratch))
                        vec_push(ret, sid);
        }
        column_done(&scratch);
}

static bool is_among(const Sids *sids, uint64_t sid)
{
        return sids->len && bsearch(&sid, sids->data, sids->len, sizeof sid, num_compare_u64);
}

/* Slots of deleted series, their `touched` cleared: whoever gets a sample from here on stays. */
static void collect_slots(Tsdb *db, const Tombstone *items, size_t n, Slots *ret)
{
        Catalog *c = db->catalog;
        Sids sids = { 0 };
        for (size_t i = 0; i < n; i++)
                vec_push(&sids, items[i].sid);
        for (uint32_t slot = 0; slot < catalog_slots(c); slot++) {
                Series *s = catalog_at(c, slot);
                MUTEX_SCOPE(catalog_stripe(c, slot));
                if (!__atomic_load_n(&s->live, __ATOMIC_ACQUIRE) || !is_among(&sids, s->sid))
                        continue;
                s->touched = false;
                vec_push(ret, slot);
        }
        vec_done(&sids);
}

static bool is_empty(const void *ctx, size_t i, Series *s, uint64_t oldest_appender)
{
        (void)i;
        return is_quiet(s, oldest_appender) && !s->touched && !__atomic_load_n(&s->late, __ATOMIC_RELAXED) &&
               is_among(ctx, s->sid);
}

bool forget_deleted(Tsdb *db, const Tombstone *items, size_t n, size_t *ret_hot, Err *err)
{
        Slots slots = { 0 };
        Sids empty = { 0 };
        collect_slots(db, items, n, &slots);
        collect_empty(db, items, n, &empty);
        /* The index first: otherwise a sample that comes between would bring the old series back from there. */
        bool ok = cold_forget(db, empty.data, empty.len, err);
        if (ok) {
                *ret_hot = leave_memory(db, slots.data, slots.len, is_empty, &empty);
                metric_add(removed, *ret_hot);
        }
        vec_done(&slots);
        vec_done(&empty);
        return ok;
}
