/* Invariants
 * 1. A series leaves memory only after the index has it, durably, and every chunk of it was synced before: the next checkpoint may leave it out.
 * 2. Its entry says how far its chunks reach, so that its samples in the log are not stored twice, nor judged otherwise than before.
 * 3. An id belongs to one set of labels for ever: labels that are not in memory are looked up here before they get an id. While a part of the
 *    index is damaged and not made anew, new labels are refused (headappend.c).
 * 4. An appender does not lose the series that it is about to use, though it takes no lock: a series is marked as leaving first, and goes when
 *    every appender that was open then has closed; one that was opened later sees the mark, and takes it back under the stripe.
 * 5. A new list of segments is published before series are removed: whoever finds a series nowhere and the list unchanged knows that there is none.
 *
 * Why ids that stay: parts and chunk files know series by id alone, and a selection must not have the same labels twice.
 * Why the newest sample says who is idle, not the clock: data that is loaded faster or later than it was measured behaves as it did then. */
#include "tsdb/cold.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/metric.h"
#include "base/num.h"
#include "store/labelcheck.h"
#include "tsdb/coldmend.h"
#include "tsdb/exemplars.h"
#include "tsdb/forget.h"
#include "tsdb/headappend.h"
#include "tsdb/keep.h"
#include "tsdb/leave.h"

METRIC_COUNTER(moved_out, "pharos_tsdb_series_cold_total", "Idle series that left memory for the index on disk.");
METRIC_COUNTER(merged, "pharos_tsdb_index_merges_total", "Merges of index segments.");
METRIC_COUNTER(mended, "pharos_tsdb_index_segments_mended_total", "Damaged index segments that were made anew.");

typedef struct ColdCandidate {
        IndexEntry entry;
        uint32_t slot;
} ColdCandidate;

/* What is over: see forget_is_over. */
typedef struct ColdAge {
        int64_t dead_before_ms, now_ms;
} ColdAge;

/* Where an entry of a merge stands. */
typedef struct ColdFound {
        size_t seg;
        uint32_t place;
} ColdFound;

/* A merge under way. */
struct ColdMerge {
        VEC(IndexSeg *) segs; /* referenced */
        VEC(uint32_t) next;   /* place in each */
        ManifestIds ids;      /* of what is written already */
        IndexBuild *build;
        Arena *arena;
        const uint64_t *without; /* ids to leave out, rising; borrowed from cold_forget */
        size_t n_without;
        bool only_dropped; /* of use when something is left out */
        size_t dropped;
};

int64_t cold_data_ms(const Tsdb *db, int64_t now_ms) { return MIN_OF(atomic_load(&db->max_ms), now_ms); }

/* How long the series is waited for. With one sample alone nobody knows how far they are apart; of a chunk that was closed for silence
 * it is known that this was asked before. */
static int64_t wait_ms(const Series *s)
{
        const XorChunk *c = &s->open;
        if (c->last_bits == SAMPLE_STALE_BITS)
                return COLD_STALE_MS;
        if (c->n == 0)
                return COLD_SOON_MS;
        if (c->n == 1 || c->code != XORCHUNK_CODE_FLOATS || c->delta_ms >= COLD_IDLE_MS / COLD_MISSED)
                return COLD_IDLE_MS;
        return MAX_OF(c->delta_ms * COLD_MISSED, (int64_t)COLD_SOON_MS);
}

bool cold_is_silent(const Series *s, int64_t data_ms)
{
        return s->open.last_ms != INT64_MIN && data_ms >= INT64_MIN + COLD_IDLE_MS &&
               s->open.last_ms < data_ms - wait_ms(s);
}

bool cold_is_idle(Tsdb *db, const Series *s, uint32_t slot, int64_t data_ms, uint64_t oldest_appender)
{
        uint64_t pend = __atomic_load_n(&s->pend, __ATOMIC_RELAXED);
        return s->open.n == 0 && cold_is_silent(s, data_ms) && !__atomic_load_n(&s->late, __ATOMIC_RELAXED) &&
               pend >> CATALOG_PEND_BITS < oldest_appender && !exemplars_has(db->exemplars, catalog_ref(s, slot));
}

/* ---- moving out */

static bool is_leaving(const Series *s) { return __atomic_load_n(&s->leaving, __ATOMIC_RELAXED); }

bool cold_may_go(Tsdb *db, Series *s, uint64_t oldest_appender)
{
        if (is_leaving(s) && db->cold_mark < oldest_appender)
                return true;
        __atomic_store_n(&s->leaving, true, __ATOMIC_RELAXED);
        return false;
}

static int compare_candidates(const void *a, const void *b)
{
        const ColdCandidate *x = a, *y = b;
        return (x->entry.sid > y->entry.sid) - (x->entry.sid < y->entry.sid);
}

typedef VEC(ColdCandidate) Candidates;

static void collect(Tsdb *db, const uint32_t *slots, size_t n, int64_t data_ms, Candidates *ret)
{
        Catalog *c = db->catalog;
        uint64_t oldest = headappend_oldest(db);
        for (size_t i = 0; i < n; i++) {
                MUTEX_SCOPE(catalog_stripe(c, slots[i]));
                const Series *s = catalog_at(c, slots[i]);
                if (__atomic_load_n(&s->live, __ATOMIC_ACQUIRE) && is_leaving(s) &&
                    cold_is_idle(db, s, slots[i], data_ms, oldest))
                        vec_push(ret, (ColdCandidate){ { s->sid, s->open.last_ms, s->open.last_bits }, slots[i] });
        }
        if (ret->len)
                qsort(ret->data, ret->len, sizeof(ColdCandidate), compare_candidates);
}

/* Candidates [from, *to) as one segment. */
static bool index_some(Tsdb *db, const Candidates *all, size_t from, size_t *to, Err *err)
{
        Catalog *c = db->catalog;
        Label pairs[LABELCHECK_MAX_LABELS];
        AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
        size_t i = from;
        while (i < all->len && !indexbuild_is_full(b)) {
                size_t end = MIN_OF(i + LEAVE_STEP, all->len);
                pthread_rwlock_rdlock(&c->lock);
                for (; i < end && !indexbuild_is_full(b); i++) {
                        const Series *s = catalog_at(c, all->data[i].slot);
                        if (s->pairs && s->sid == all->data[i].entry.sid)
                                indexbuild_add(b, &all->data[i].entry, catalog_labels(c, s, pairs));
                }
                pthread_rwlock_unlock(&c->lock);
        }
        *to = i;
        ManifestIds ids = { 0 };
        bool ok = indexset_write(db->index, &b, &ids, err);
        if (ok && ids.len)
                ok = indexset_change(db->index, &(IndexChange){ .add = ids.data, .n_add = ids.len }, err);
        vec_done(&ids);
        return ok;
}

typedef struct Going {
        Tsdb *db;
        const ColdCandidate *candidates;
        int64_t data_ms;
} Going;

/* It did not get a sample meanwhile. */
static bool is_still_idle(const void *ctx, size_t i, Series *s, uint64_t oldest_appender)
{
        const Going *g = ctx;
        const ColdCandidate *x = &g->candidates[i];
        return is_leaving(s) && s->sid == x->entry.sid && s->open.last_ms == x->entry.last_ms &&
               cold_is_idle(g->db, s, x->slot, g->data_ms, oldest_appender);
}

/* Returns how many went. */
static size_t remove_some(Tsdb *db, const Candidates *all, size_t from, size_t to, int64_t data_ms)
{
        Going g = { db, all->data + from, data_ms };
        VEC(uint32_t) slots = { 0 };
        for (size_t i = from; i < to; i++)
                vec_push(&slots, all->data[i].slot);
        size_t gone = leave_memory(db, slots.data, slots.len, is_still_idle, &g);
        vec_done(&slots);
        return gone;
}

bool cold_move_out(Tsdb *db, const uint32_t *slots, size_t n, int64_t data_ms, Err *err)
{
        if (n < COLD_MIN_SERIES)
                return true;
        Candidates all = { 0 };
        size_t gone = 0;
        collect(db, slots, n, data_ms, &all);
        bool ok = chunkset_sync(db->chunks, err);
        for (size_t from = 0, to; ok && from < all.len && all.len >= COLD_MIN_SERIES; from = to) {
                ok = index_some(db, &all, from, &to, err);
                if (ok)
                        gone += remove_some(db, &all, from, to, data_ms);
        }
        vec_done(&all);
        metric_add(moved_out, gone);
        db->cold_untrimmed += gone;
        return ok || err_wrap(err, "move idle series out of memory");
}

/* Small pieces of long-lived memory lie between what queries, merges and series that left had: freeing alone does not shrink the process. */
void cold_trim(Tsdb *db, int64_t now_ms)
{
        int64_t since_ms = now_ms - db->last_trim_ms;
        if (db->cold_untrimmed < COLD_TRIM_SERIES && since_ms >= 0 && since_ms < COLD_TRIM_MS)
                return;
        db->cold_untrimmed = 0;
        db->last_trim_ms = now_ms;
        mem_trim();
}

/* ---- merging */

void cold_give_up(Tsdb *db)
{
        ColdMerge *m = TAKE(db->cold_merge);
        if (!m)
                return;
        vec_each(x, &m->segs)
                snapshot_unref(indexseg_snapshot(*x));
        vec_done(&m->segs);
        vec_done(&m->next);
        vec_done(&m->ids); /* files that the manifest does not name are removed at the next start */
        indexbuild_free(m->build);
        arena_free(m->arena);
        mem_free(m);
}

/* Long labels count as more series, so that what is full of them is not merged for ever. */
static uint64_t weight_of(const IndexSeg *x)
{
        IndexSegInfo info = indexseg_info(x);
        return MAX_OF(info.series, info.bytes / (INDEXSEG_MAX_STRINGS / INDEXSEG_MAX_SERIES));
}

/* Segments of one size are within a factor of four. */
static unsigned size_of_weight(uint64_t weight)
{
        unsigned size = 0;
        while (weight / 4 >= COLD_MIN_SERIES) {
                weight /= 4;
                size++;
        }
        return size;
}

static ColdMerge *merge_new(IndexSeg *const *segs, size_t n)
{
        ColdMerge *m = mem_new(ColdMerge);
        for (size_t i = 0; i < n; i++) {
                snapshot_ref(indexseg_snapshot(segs[i]));
                vec_push(&m->segs, segs[i]);
                vec_push(&m->next, 0);
        }
        m->build = indexbuild_new();
        m->arena = arena_new();
        return m;
}

/* The oldest segments of the smallest size that has enough of them. */
static void begin_merge(Tsdb *db, const IndexList *list)
{
        IndexSeg *some[COLD_MERGE_SEGMENTS];
        size_t n = 0, taken = 0;
        for (unsigned size = 0; size < size_of_weight(INDEXSEG_MAX_SERIES / 2) && n < COLD_MERGE_SEGMENTS; size++) {
                n = 0;
                for (size_t i = list->n; i-- > 0 && n < COLD_MERGE_SEGMENTS;)
                        if (size_of_weight(weight_of(list->segs[i])) == size)
                                some[n++] = list->segs[i];
        }
        uint64_t weight = 0;
        for (; n == COLD_MERGE_SEGMENTS && taken < n; taken++) {
                weight += weight_of(some[taken]);
                if (taken >= 2 && weight > INDEXSEG_MAX_SERIES)
                        break;
        }
        if (taken)
                db->cold_merge = merge_new(some, taken);
}

/* Rules of retention look at labels: now and then all segments that may have something to drop are gone through, each once. */
static void note_purge(Tsdb *db, int64_t now_ms)
{
        int64_t every_ms = MAX_OF(keep_shortest_ms(db->keep) / COLD_PURGE_PARTS, (int64_t)COLD_PURGE_MS);
        if (!keep_has_rules(db->keep))
                return;
        if (db->cold_purge_ms == 0)
                db->cold_purge_ms = now_ms;
        if (now_ms - db->cold_purge_ms >= 0 && now_ms - db->cold_purge_ms < every_ms)
                return;
        db->cold_purge_ms = now_ms;
        db->cold_purge_from = 0;
        db->cold_purge_to = indexset_new_id(db->index);
}

/* A segment with enough that is over to be written anew. */
static void begin_purge(Tsdb *db, const IndexList *list, int64_t dead_before_ms, int64_t now_ms)
{
        int64_t slack_ms = MAX_OF(keep_longest_ms(db->keep) / COLD_PURGE_PARTS, (int64_t)COLD_PURGE_MS);
        int64_t oldest_ms = forget_oldest_ms(db, dead_before_ms, now_ms);
        IndexSeg *pick = NULL;
        for (size_t i = 0; i < list->n; i++) {
                IndexSegInfo info = indexseg_info(list->segs[i]);
                bool asked = info.id >= db->cold_purge_from && info.id < db->cold_purge_to && info.min_ms < oldest_ms;
                if (dead_before_ms >= INT64_MIN + slack_ms && info.min_ms < dead_before_ms - slack_ms) {
                        pick = list->segs[i];
                        break;
                }
                if (asked && (!pick || info.id < indexseg_info(pick).id))
                        pick = list->segs[i];
        }
        if (!pick)
                return;
        db->cold_purge_from = MAX_OF(db->cold_purge_from, indexseg_info(pick).id + 1);
        db->cold_merge = merge_new(&pick, 1);
        db->cold_merge->only_dropped = true;
}

/* The entry with the least id, the newest of them; all that have it are done. False at the end, or where one is damaged. */
static bool next_entry(ColdMerge *m, IndexEntry *ret, size_t *ret_seg, uint32_t *ret_place)
{
        IndexEntry e[COLD_MERGE_SEGMENTS];
        bool any = false;
        for (size_t i = 0; i < m->segs.len; i++) {
                e[i].sid = UINT64_MAX;
                if (m->next.data[i] >= indexseg_info(m->segs.data[i]).series)
                        continue;
                if (!indexseg_entry(m->segs.data[i], m->next.data[i], &e[i]))
                        return false;
                if (!any || e[i].sid < ret->sid || (e[i].sid == ret->sid && e[i].last_ms > ret->last_ms)) {
                        *ret = e[i];
                        *ret_seg = i;
                        *ret_place = m->next.data[i];
                }
                any = true;
        }
        for (size_t i = 0; any && i < m->segs.len; i++)
                m->next.data[i] += e[i].sid == ret->sid;
        return any;
}

static bool finish_merge(Tsdb *db, Err *err)
{
        ColdMerge *m = db->cold_merge;
        if (m->only_dropped && m->dropped == 0) {
                cold_give_up(db);
                return true;
        }
        bool ok = indexset_write(db->index, &m->build, &m->ids, err);
        IndexChange change = { .add = m->ids.data, .n_add = m->ids.len, .drop = m->segs.data, .n_drop = m->segs.len };
        ok = ok && indexset_change(db->index, &change, err);
        cold_give_up(db);
        metric_add(merged, ok);
        return ok;
}

static bool is_damaged(const ColdMerge *m)
{
        bool damaged = false;
        for (size_t i = 0; i < m->segs.len; i++)
                damaged = damaged || indexseg_is_damaged(m->segs.data[i]);
        return damaged;
}

static bool is_left_out(const ColdMerge *m, uint64_t sid)
{
        return m->n_without && bsearch(&sid, m->without, m->n_without, sizeof sid, num_compare_u64);
}

/* One entry of the result, unless it is to go. */
static void merge_entry(Tsdb *db, ColdMerge *m, const IndexEntry *e, const ColdFound *at, const ColdAge *age)
{
        Labels labels;
        if (e->last_ms < age->dead_before_ms || is_left_out(m, e->sid)) {
                m->dropped++;
                return;
        }
        arena_reset(m->arena);
        if (!indexseg_labels(m->segs.data[at->seg], at->place, m->arena, &labels))
                return;
        if (forget_is_over(db, labels, e->last_ms, age->dead_before_ms, age->now_ms))
                m->dropped++;
        else
                indexbuild_add(m->build, e, labels);
}

static bool step_merge(Tsdb *db, const ColdAge *age, Err *err)
{
        ColdMerge *m = db->cold_merge;
        IndexEntry e;
        ColdFound at;
        for (size_t n = 0; n < COLD_MERGE_STEP_SERIES; n++) {
                bool more = next_entry(m, &e, &at.seg, &at.place);
                if (more && !is_damaged(m)) {
                        if (indexbuild_is_full(m->build) && !indexset_write(db->index, &m->build, &m->ids, err))
                                return false;
                        merge_entry(db, m, &e, &at, age);
                }
                if (is_damaged(m)) {
                        cold_give_up(db);
                        return true;
                }
                if (!more)
                        return finish_merge(db, err);
        }
        return true;
}

/* Segments without a living series. */
static bool drop_dead(Tsdb *db, int64_t dead_before_ms, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        IndexList *list = indexset_list(db->index);
        IndexSeg **dead = arena_array(arena, IndexSeg *, list->n + 1);
        size_t n = 0;
        while (n < list->n && indexseg_info(list->segs[list->n - 1 - n]).max_ms < dead_before_ms) {
                dead[n] = list->segs[list->n - 1 - n];
                n++;
        }
        if (n)
                cold_give_up(db);
        bool ok = n == 0 || indexset_change(db->index, &(IndexChange){ .drop = dead, .n_drop = n }, err);
        snapshot_unref(&list->snap);
        return ok;
}

static bool mend(Tsdb *db, Err *err)
{
        IndexList *list = indexset_list(db->index);
        bool damaged = indexset_is_damaged(list);
        snapshot_unref(&list->snap);
        if (!damaged)
                return true;
        cold_give_up(db);
        IndexDamage damage = { 0 };
        bool ok = indexset_mend(db->index, &damage, err);
        atomic_fetch_add(&db->chunk_corruptions, damage.segments);
        metric_add(mended, damage.segments);
        return ok && (!damage.lost || coldmend_from_parts(db, err));
}

bool cold_verify(Tsdb *db, Err *err)
{
        indexset_verify(db->index);
        return mend(db, err) && coldmend_from_parts(db, err);
}

bool cold_step(Tsdb *db, int64_t dead_before_ms, int64_t now_ms, Err *err)
{
        ColdAge age = { dead_before_ms, now_ms };
        if (!mend(db, err) || !drop_dead(db, dead_before_ms, err))
                return err_wrap(err, "index of idle series");
        note_purge(db, now_ms);
        IndexList *list = indexset_list(db->index);
        if (!db->cold_merge)
                begin_merge(db, list);
        if (!db->cold_merge)
                begin_purge(db, list, dead_before_ms, now_ms);
        snapshot_unref(&list->snap);
        if (!db->cold_merge || step_merge(db, &age, err))
                return true;
        cold_give_up(db);
        return err_wrap(err, "merge the index of idle series");
}

static bool has_any(IndexSeg *x, const uint64_t *sids, size_t n)
{
        uint32_t place;
        for (size_t i = 0; i < n; i++)
                if (indexseg_place(x, sids[i], &place))
                        return true;
        return false;
}

bool cold_forget(Tsdb *db, const uint64_t *sids, size_t n, Err *err)
{
        const ColdAge age = { INT64_MIN, clock_wall_ms(db->clock) };
        bool ok = true;
        cold_give_up(db);
        IndexList *list = indexset_list(db->index);
        for (size_t i = 0; i < list->n && ok; i++) {
                if (!has_any(list->segs[i], sids, n))
                        continue;
                db->cold_merge = merge_new(&list->segs[i], 1);
                db->cold_merge->without = sids;
                db->cold_merge->n_without = n;
                while (ok && db->cold_merge)
                        ok = step_merge(db, &age, err);
                cold_give_up(db);
        }
        snapshot_unref(&list->snap);
        return ok || err_wrap(err, "index of idle series");
}

/* ---- asking */

bool cold_covers(Tsdb *db, uint64_t sid, int64_t t_ms)
{
        IndexList *list = indexset_list(db->index);
        IndexEntry e;
        bool covers = list->n && indexset_find_sid(list, sid, NULL, &e, NULL) && e.last_ms >= t_ms;
        snapshot_unref(&list->snap);
        return covers;
}

bool cold_labels(Tsdb *db, uint64_t sid, Arena *arena, Labels *ret)
{
        IndexList *list = indexset_list(db->index);
        IndexEntry e;
        AUTO(arena_free) Arena *scratch = arena_new();
        Labels labels;
        bool found = list->n && indexset_find_sid(list, sid, scratch, &e, &labels);
        if (found)
                *ret = labels_dup(arena, labels);
        snapshot_unref(&list->snap);
        return found;
}
