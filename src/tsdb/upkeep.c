/* Invariants
 * 1. A WAL segment is dropped only when every open chunk began in a later one and every closed chunk was synced after that was seen:
 *    walk the series for the oldest first_segment, then write the states, then sync the chunk files, then commit the checkpoint.
 * 2. The files that a checkpoint lists as sealed were sealed before the states were written, so the states include them.
 *
 * Why a walk a minute: at 1 M series it costs some 50 ms, and no list of who is due needs to be kept per sample. */
#include "tsdb/upkeep.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/metric.h"
#include "store/labelcheck.h"
#include "tsdb/cold.h"
#include "tsdb/compact.h"
#include "tsdb/forget.h"
#include "tsdb/headappend.h"
#include "tsdb/headlate.h"
#include "tsdb/keep.h"
#include "tsdb/retention.h"
#include "tsdb/rollup.h"
#include "tsdb/walpack.h"
#include "tsdb/walrec.h"

METRIC_COUNTER(checkpoints, "pharos_tsdb_checkpoints_total", "Checkpoints that replaced write-ahead log segments.");
METRIC_COUNTER(sealed_files, "pharos_tsdb_chunk_files_sealed_total", "Chunk files that got their index.");
METRIC_COUNTER(failures, "pharos_tsdb_upkeep_failures_total", "Periodic work that failed and will be tried again.");

METRIC_FAMILY(memory, METRIC_KIND_GAUGE, "pharos_tsdb_memory_bytes",
              "What series in memory take, about: their records, label strings, postings, open chunks.", "what");
METRIC_GAUGE(heap_used, "pharos_heap_used_bytes", "Of the program's heap: in use.");
METRIC_GAUGE(
        heap_free, "pharos_heap_free_bytes",
        "Of the program's heap: free; given back to the system every ten minutes, as far as whole pages are free.");

enum { DEFAULT_SYNC_MS = 1000, CHECKPOINT_STEP = 4 * CATALOG_BLOCK };

typedef struct Walk {
        int64_t close_before_ms; /* windows that end here or earlier are closed */
        int64_t dead_before_ms;  /* series whose newest sample is older may be over (forget.h) */
        int64_t data_ms;         /* cold.h */
        uint64_t oldest_appender;
        bool close_all;
        uint32_t oldest_segment; /* result */
        uint64_t open_bytes;     /* result: memory of open chunks */
        int64_t open_min_ms;     /* result */
        VEC(uint32_t) dead;      /* result: candidates */
        VEC(uint32_t) cold;      /* result: candidates */
} Walk;

/* ---- the walk over all series */

static bool is_due(const Walk *w, Series *s)
{
        if (s->open.n == 0)
                return false;
        if (w->close_all)
                return true;
        bool quiet = !s->touched;
        s->touched = false;
        return quiet && (cold_is_silent(s, w->data_ms) ||
                         chunkset_window(s->open.first_ms) + CHUNKSET_WINDOW_MS <= w->close_before_ms);
}

static bool is_dead(const Walk *w, const Series *s)
{
        uint64_t pend = __atomic_load_n(&s->pend, __ATOMIC_RELAXED);
        return s->open.n == 0 && s->open.last_ms < w->dead_before_ms && pend >> CATALOG_PEND_BITS < w->oldest_appender;
}

/* With the slot's stripe held. */
static void walk_one(Tsdb *db, Walk *w, uint32_t slot)
{
        Series *s = catalog_at(db->catalog, slot);
        if (!__atomic_load_n(&s->live, __ATOMIC_ACQUIRE))
                return;
        if (is_due(w, s))
                head_close_chunk(db, s);
        if (is_dead(w, s))
                vec_push(&w->dead, slot);
        if (cold_is_idle(db, s, slot, w->data_ms, w->oldest_appender) && cold_may_go(db, s, w->oldest_appender))
                vec_push(&w->cold, slot);
        w->open_bytes += s->open.cap_bytes;
        if (s->open.n == 0)
                return;
        w->oldest_segment = MIN_OF(w->oldest_segment, s->first_segment);
        w->open_min_ms = MIN_OF(w->open_min_ms, s->open.first_ms);
}

static void walk_series(Tsdb *db, Walk *w)
{
        Catalog *c = db->catalog;
        uint32_t n = catalog_slots(c);
        for (uint32_t block = 0; block < n; block += CATALOG_BLOCK) {
                MUTEX_SCOPE(catalog_stripe(c, block));
                for (uint32_t slot = block; slot < n && slot < block + CATALOG_BLOCK; slot++)
                        walk_one(db, w, slot);
        }
}

/* ---- checkpoint */

/* Definitions and states of the series of one stripe. Caller holds the catalog lock. Returns how many there are. */
static size_t add_stripe(Catalog *c, uint32_t block, WalrecWriter *w, WalState *states, size_t *n_states)
{
        Label pairs[LABELCHECK_MAX_LABELS];
        size_t n_series = 0;
        MUTEX_SCOPE(catalog_stripe(c, block));
        for (uint32_t slot = block; slot < catalog_slots(c) && slot < block + CATALOG_BLOCK; slot++) {
                Series *s = catalog_at(c, slot);
                if (!s->live || !__atomic_load_n(&s->defined, __ATOMIC_RELAXED))
                        continue;
                n_series++;
                walrec_series(w, s->sid, catalog_labels(c, s, pairs));
                if (s->open.n == 0 && s->open.last_ms != INT64_MIN)
                        states[(*n_states)++] = (WalState){ s->sid, s->open.last_ms, s->open.last_bits };
                else if (s->open.n) /* what is before the open chunk is closed; its value does not matter any more */
                        states[(*n_states)++] = (WalState){ s->sid, s->open.first_ms - 1, 0 };
        }
        return n_series;
}

/* Those of some stripes, as one record. */
static bool write_block(Tsdb *db, WalCheckpointFile *file, uint32_t block, Buf *record, Err *err)
{
        Catalog *c = db->catalog;
        WalState states[CHECKPOINT_STEP];
        size_t n_states = 0, n_series = 0;
        WalrecWriter w;
        wal_begin_record(record);
        walrec_begin(&w, record, WALREC_SERIES);
        pthread_rwlock_rdlock(&c->lock);
        for (uint32_t k = 0; k < CHECKPOINT_STEP; k += CATALOG_BLOCK)
                n_series += add_stripe(c, block + k, &w, states, &n_states);
        pthread_rwlock_unlock(&c->lock);
        walrec_end(&w);
        walrec_begin(&w, record, WALREC_STATES);
        for (size_t i = 0; i < n_states; i++)
                walrec_state(&w, &states[i]);
        walrec_end(&w);
        walpack_pack(record);
        return n_series == 0 || wal_checkpoint_add(file, record, err);
}

static bool write_header(Tsdb *db, WalCheckpointFile *file, Buf *record, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        ChunkList *list = chunkset_list(db->chunks);
        uint32_t *sealed = arena_raw_array(arena, uint32_t, list->n);
        size_t n = 0;
        for (size_t i = 0; i < list->n; i++)
                if (chunkfile_is_sealed(list->files[i]))
                        sealed[n++] = chunkfile_id(list->files[i]);
        snapshot_unref(&list->snap);
        pthread_rwlock_rdlock(&db->catalog->lock);
        WalCheckpoint c = { .next_sid = db->catalog->next_sid, .sealed = sealed, .n_sealed = n };
        pthread_rwlock_unlock(&db->catalog->lock);
        WalrecWriter w;
        wal_begin_record(record);
        walrec_begin(&w, record, WALREC_CHECKPOINT);
        walrec_checkpoint(&w, &c);
        walrec_end(&w);
        return wal_checkpoint_add(file, record, err);
}

static bool checkpoint(Tsdb *db, uint32_t segment, Err *err)
{
        WalCheckpointFile *file;
        AUTO(buf_done) Buf record = { 0 };
        if (!wal_checkpoint_begin(db->wal, segment, &file, err))
                return false;
        bool ok = write_header(db, file, &record, err);
        for (uint32_t block = 0; ok && block < catalog_slots(db->catalog); block += CHECKPOINT_STEP)
                ok = write_block(db, file, block, &record, err);
        /* Before the segments go: the chunks that replace them are on the disk, and so is the log that goes on. */
        ok = ok && chunkset_sync(db->chunks, err) && wal_sync(db->wal, err);
        if (!ok) {
                wal_checkpoint_abort(file);
                return false;
        }
        if (!wal_checkpoint_commit(file, err))
                return false;
        db->oldest_segment = segment;
        chunkset_set_covered(db->chunks);
        metric_add(checkpoints, 1);
        return true;
}

/* ---- the periodic part */

static void note_failure(bool ok) { metric_add(failures, !ok); }

static void sync_wal(Tsdb *db, int64_t now_ms)
{
        int64_t interval = db->options.sync_interval_ms > 0 ? db->options.sync_interval_ms : DEFAULT_SYNC_MS;
        if (now_ms >= db->last_sync_ms && now_ms - db->last_sync_ms < interval)
                return;
        Err err;
        bool ok = wal_sync(db->wal, &err);
        if (ok)
                db->last_sync_ms = now_ms;
        else
                atomic_store(&db->write_failed, true);
        note_failure(ok);
}

static void rotate_wal(Tsdb *db)
{
        MUTEX_SCOPE(&db->commit);
        wal_rotate(db->wal);
}

static int64_t dead_before(const Tsdb *db, int64_t now_ms)
{
        int64_t dead_ms = now_ms - rollup_longest_ms(db->rollup, keep_longest_ms(db->keep));
        /* Roll-ups do not go for size. */
        return rollup_span_ms(db->rollup) ? dead_ms : MAX_OF(dead_ms, db->size_floor_ms);
}

static void move_out(Tsdb *db, Walk *w)
{
        Err err;
        note_failure(cold_move_out(db, w->cold.data, w->cold.len, w->data_ms, &err));
        vec_done(&w->cold);
        db->cold_mark = headappend_newest(db);
}

/* By the clock, and sooner when data comes faster than it was measured. */
static bool is_walk_due(const Tsdb *db, int64_t now_ms)
{
        int64_t since_ms = now_ms - db->last_upkeep_ms;
        if (since_ms < 0 || since_ms >= HEAD_UPKEEP_MS)
                return true;
        return since_ms >= HEAD_UPKEEP_SOONEST_MS &&
               cold_data_ms(db, now_ms) - db->last_upkeep_data_ms >= HEAD_UPKEEP_DATA_MS;
}

static void note_memory(Tsdb *db, uint64_t open_bytes)
{
        Catalog *c = db->catalog;
        pthread_rwlock_rdlock(&c->lock);
        size_t all = catalog_bytes(c), strings = symtab_bytes(c->symbols), postings = postings_bytes(c->postings);
        pthread_rwlock_unlock(&c->lock);
        MemStats heap = mem_stats();
        metric_set(metric_of(&memory, STR("series")), all - strings - postings);
        metric_set(metric_of(&memory, STR("strings")), strings);
        metric_set(metric_of(&memory, STR("postings")), postings);
        metric_set(metric_of(&memory, STR("open_chunks")), open_bytes);
        metric_set(heap_used, heap.used_bytes);
        metric_set(heap_free, heap.free_bytes);
}

static void upkeep_locked(Tsdb *db, int64_t now_ms)
{
        /* So that the segment with this window's last samples can go as soon as its chunks are sealed. */
        if (chunkset_is_due(db->chunks, now_ms - CHUNKSET_GRACE_MS))
                rotate_wal(db);
        int64_t dead_before_ms = dead_before(db, now_ms);
        Walk w = { .close_before_ms = now_ms - CHUNKSET_GRACE_MS,
                   .dead_before_ms = forget_oldest_ms(db, dead_before_ms, now_ms),
                   .data_ms = cold_data_ms(db, now_ms),
                   .oldest_appender = headappend_oldest(db),
                   .oldest_segment = wal_segment(db->wal),
                   .open_min_ms = INT64_MAX };
        w.oldest_segment = MIN_OF(w.oldest_segment, headlate_close(db, now_ms, false));
        walk_series(db, &w);
        atomic_store(&db->open_min_ms, w.open_min_ms);
        note_memory(db, w.open_bytes);
        forget_over(db, w.dead.data, w.dead.len, dead_before_ms, now_ms);
        vec_done(&w.dead);
        move_out(db, &w);
        head_flush_chunks(db, CHUNKSET_FLUSH_BYTES);
        size_t sealed = 0;
        Err err;
        note_failure(chunkset_seal(db->chunks, w.close_before_ms, true, &sealed, &err));
        metric_add(sealed_files, sealed);
        uint64_t droppable = (uint64_t)(w.oldest_segment - db->oldest_segment) * WAL_SEGMENT_BYTES;
        /* What was sealed moves on to parts when a checkpoint says so, also when nothing was logged since the last one. */
        bool waiting = chunkset_has_uncovered(db->chunks);
        if (waiting || (w.oldest_segment > db->oldest_segment && droppable >= HEAD_CHECKPOINT_BYTES))
                note_failure(checkpoint(db, w.oldest_segment, &err));
        note_failure(retention_run(db, now_ms, &err));
}

/* A bounded piece of flushing and merging: the share of a processor that a database at work gives to the one at rest. */
static void compact_some(Tsdb *db, int64_t now_ms)
{
        Err err;
        bool more = false;
        if (!compact_is_waiting(db->compact, now_ms))
                note_failure(compact_step(db->compact, now_ms, COMPACT_STEP_SAMPLES, &more, &err));
        if (!more)
                note_failure(rollup_step(db->rollup, now_ms, COMPACT_STEP_SAMPLES, &more, &err));
}

void upkeep_run(Tsdb *db)
{
        MUTEX_SCOPE(&db->upkeep);
        int64_t now_ms = clock_wall_ms(db->clock);
        sync_wal(db, now_ms);
        if (atomic_load(&db->chunks_stuck))
                head_flush_chunks(db, 1);
        if (is_walk_due(db, now_ms)) {
                db->last_upkeep_ms = now_ms;
                db->last_upkeep_data_ms = cold_data_ms(db, now_ms);
                upkeep_locked(db, now_ms);
        }
        Err err;
        note_failure(cold_step(db, dead_before(db, now_ms), now_ms, &err));
        compact_some(db, now_ms);
        cold_trim(db, now_ms);
}

/* Flushes and merges until nothing is left to do. */
static bool compact_all(Tsdb *db, Err *err)
{
        bool more = true;
        while (more) {
                int64_t now_ms = clock_wall_ms(db->clock);
                if (!compact_settle(db->compact, now_ms, &more, err) ||
                    (!more && !rollup_step(db->rollup, now_ms, COMPACT_STEP_SAMPLES, &more, err)))
                        return false;
                sync_wal(db, now_ms);
        }
        return true;
}

static bool flush_locked(Tsdb *db, bool to_parts, Err *err)
{
        rotate_wal(db);
        if (!wal_sync(db->wal, err))
                return err_wrap(err, "flush");
        Walk w = { .dead_before_ms = INT64_MIN,
                   .data_ms = INT64_MIN,
                   .close_all = true,
                   .oldest_segment = wal_segment(db->wal),
                   .open_min_ms = INT64_MAX };
        w.oldest_segment = MIN_OF(w.oldest_segment, headlate_close(db, 0, true));
        walk_series(db, &w);
        atomic_store(&db->open_min_ms, w.open_min_ms);
        vec_done(&w.dead);
        if (!chunkset_sync(db->chunks, err))
                return err_wrap(err, "flush");
        size_t sealed;
        int64_t now_ms = clock_wall_ms(db->clock);
        if (!chunkset_seal(db->chunks, to_parts ? INT64_MAX : now_ms - CHUNKSET_GRACE_MS, false, &sealed, err))
                return err_wrap(err, "flush");
        metric_add(sealed_files, sealed);
        if (!checkpoint(db, w.oldest_segment, err))
                return err_wrap(err, "flush");
        return !to_parts || compact_all(db, err);
}

bool upkeep_flush(Tsdb *db, bool to_parts, Err *err)
{
        MUTEX_SCOPE(&db->upkeep);
        return flush_locked(db, to_parts, err);
}

/* ---- deleted samples leave the disk */

static bool rewrite_parts(Tsdb *db, const Tombstone *items, size_t n, Err *err)
{
        PartList *list = partset_list(db->parts);
        Column scratch = { 0 };
        bool ok = true;
        for (size_t i = 0; i < list->n && ok; i++) {
                if (!tombstones_hide_some(items, n, list->parts[i], &scratch))
                        continue;
                int64_t now_ms = clock_wall_ms(db->clock);
                ok = compact_rewrite(db->compact, &list->parts[i], 1, now_ms, err);
                sync_wal(db, now_ms);
        }
        column_done(&scratch);
        snapshot_unref(&list->snap);
        return ok;
}

/* The flush writes what the log defines, without those that have gone. */
static bool forget_series(Tsdb *db, const Tombstone *items, size_t n, Err *err)
{
        size_t hot = 0;
        return forget_deleted(db, items, n, &hot, err) && (hot == 0 || flush_locked(db, false, err));
}

/* The list is taken first: what a tombstone of it hides was written before, so the flush moves it, and the log forgets it. The tombstones
 * go last: what a crash leaves undone is done the next time. */
bool upkeep_clean_tombstones(Tsdb *db, Err *err)
{
        MUTEX_SCOPE(&db->upkeep);
        AUTO(arena_free) Arena *arena = arena_new();
        Tombstone *items;
        size_t n;
        tombstones_list(db->tombstones, arena, &items, &n);
        return n == 0 ||
               (flush_locked(db, true, err) && rewrite_parts(db, items, n, err) &&
                rollup_clean(db->rollup, items, n, err) && forget_series(db, items, n, err) &&
                tombstones_forget(db->tombstones, items, n, err)) ||
               err_wrap(err, "clean tombstones");
}

bool upkeep_verify_index(Tsdb *db, Err *err)
{
        MUTEX_SCOPE(&db->upkeep);
        return cold_verify(db, err) || err_wrap(err, "verify the index of idle series");
}
