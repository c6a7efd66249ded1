/* Invariants
 * 1. A commit that returned true is in the WAL; one that returned false left neither bytes nor samples.
 * 2. Samples enter the open chunks in WAL order and by the same rule as at replay: later than the newest, or dropped. So a replay ends
 *    in the state that was acknowledged.
 * 3. The definition of a series is in the WAL before, or in the same record as, its first sample.
 * 4. A series that an open appender has touched is not removed.
 *
 * Why one commit lock: encoding, one write(2) and applying cost about 50 ns a sample, far above what a machine's scrapes deliver, and
 * order in the log needs no further thought. append itself takes no lock for a known series; readers meet writers only at a stripe. */
#include "tsdb/head.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/metric.h"
#include "store/labelcheck.h"
#include "tsdb/walrec.h"

METRIC_COUNTER(appended, "pharos_tsdb_samples_appended_total", "Samples accepted and written.");
METRIC_FAMILY(rejected, METRIC_KIND_COUNTER, "pharos_tsdb_samples_rejected_total", "Samples refused, by reason.",
              "reason");
METRIC_COUNTER(late, "pharos_tsdb_samples_overtaken_total",
               "Samples accepted but overtaken by another writer before their commit.");
METRIC_COUNTER(created, "pharos_tsdb_series_created_total", "Series that were added.");
METRIC_COUNTER(commits, "pharos_tsdb_commits_total", "Batches written.");
METRIC_COUNTER(chunk_failures, "pharos_tsdb_chunk_write_failures_total",
               "Writes of chunk files that failed and will be tried again.");
METRIC_COUNTER(failed, "pharos_tsdb_commits_failed_total", "Batches refused because they could not be written.");

/* How many samples ahead memory is asked for: the record, and later the chunk that it points to. */
enum { PREFETCH_RECORDS = 16, PREFETCH_CHUNKS = 8 };

typedef struct PendingSample {
        SeriesRef ref;
        int64_t t_ms;
        double v;
} PendingSample;

struct HeadAppender {
        Appender face;
        Tsdb *db;
        HeadAppender *prev, *next;
        uint64_t id;
        int64_t min_ms, max_ms; /* what is in bounds */
        bool has_undefined;     /* perhaps a series that is not in the WAL yet */
        VEC(PendingSample) pending;
};

/* ---- one sample */

void head_close_chunk(Tsdb *db, Series *s)
{
        if (s->open.n == 0)
                return;
        chunkset_append(db->chunks, s->sid, &s->open);
        atomic_fetch_sub_explicit(&db->open_samples, s->open.n, memory_order_relaxed);
        atomic_fetch_sub_explicit(&db->open_chunks, 1, memory_order_relaxed);
        xorchunk_reset(&s->open);
}

void head_flush_chunks(Tsdb *db, uint64_t min_bytes)
{
        Err err;
        bool ok = chunkset_flush(db->chunks, min_bytes, &err);
        /* The chunks stay in memory and in the WAL: nothing is lost, but memory is not endless. */
        atomic_store(&db->chunks_stuck, !ok && chunkset_waiting(db->chunks) > CHUNKSET_MAX_WAITING_BYTES);
        metric_add(chunk_failures, !ok);
}

AppendResult head_judge(int64_t last_ms, uint64_t last_bits, int64_t t_ms, double v)
{
        if (LIKELY(t_ms > last_ms))
                return APPEND_OK;
        if (t_ms < last_ms)
                return APPEND_OUT_OF_ORDER;
        return bits_of_double(v) == last_bits ? APPEND_DUPLICATE : APPEND_CONFLICT;
}

/* Neighbours are of the same time: the division is for the first. */
static inline bool same_window(HeadRun *run, int64_t a_ms, int64_t b_ms)
{
        if (UNLIKELY((uint64_t)a_ms - (uint64_t)run->window_ms >= CHUNKSET_WINDOW_MS))
                run->window_ms = chunkset_window(a_ms);
        return (uint64_t)b_ms - (uint64_t)run->window_ms < CHUNKSET_WINDOW_MS;
}

AppendResult head_put(Tsdb *db, Series *s, int64_t t_ms, double v, HeadRun *run)
{
        XorChunk *open = &s->open;
        AppendResult result = head_judge(open->last_ms, open->last_bits, t_ms, v);
        if (UNLIKELY(result != APPEND_OK))
                return result;
        if (open->n && (xorchunk_is_full(open) || !same_window(run, t_ms, open->first_ms)))
                head_close_chunk(db, s);
        if (open->n == 0) {
                s->first_segment = run->segment;
                atomic_fetch_add_explicit(&db->open_chunks, 1, memory_order_relaxed);
                if (t_ms < atomic_load_explicit(&db->open_min_ms, memory_order_relaxed))
                        atomic_store_explicit(&db->open_min_ms, t_ms, memory_order_relaxed);
        }
        s->touched = true;
        xorchunk_append(open, t_ms, v);
        return APPEND_OK;
}

/* ---- append */

/* Remembers in the series that this appender's newest sample of it is the next one in the list. */
static uint64_t pend_value(const HeadAppender *a) { return a->id << CATALOG_PEND_BITS | a->pending.len; }

/* Finds or adds the series of these labels and pins it for this appender. */
static AppendResult resolve(HeadAppender *a, Labels labels, SeriesRef *ret)
{
        Tsdb *db = a->db;
        Catalog *c = db->catalog;
        AppendResult verdict = labelcheck_labels(labels, true);
        if (verdict != APPEND_OK)
                return verdict;
        uint32_t hash = catalog_hash(labels), slot;
        pthread_rwlock_rdlock(&c->lock);
        bool found = catalog_find(c, labels, hash, &slot);
        if (found)
                *ret = catalog_ref(catalog_at(c, slot), slot);
        pthread_rwlock_unlock(&c->lock);
        if (found)
                return APPEND_OK;
        pthread_rwlock_wrlock(&c->lock);
        found = catalog_find(c, labels, hash, &slot);
        bool full = !found && db->options.max_series && c->count >= db->options.max_series;
        bool added = !found && !full &&
                     catalog_add(c, labels, hash, 0, a->id << CATALOG_PEND_BITS | HEAD_MAX_BATCH, &slot);
        if (found || added)
                *ret = catalog_ref(catalog_at(c, slot), slot);
        pthread_rwlock_unlock(&c->lock);
        if (added)
                metric_add(created, 1);
        return found || added ? APPEND_OK : APPEND_LIMIT;
}

static AppendResult judge(const HeadAppender *a, Series *s, int64_t t_ms, double v)
{
        if (UNLIKELY(t_ms > a->max_ms || t_ms < a->min_ms))
                return APPEND_OUT_OF_BOUNDS;
        int64_t last_ms = __atomic_load_n(&s->open.last_ms, __ATOMIC_RELAXED);
        uint64_t last_bits = __atomic_load_n(&s->open.last_bits, __ATOMIC_RELAXED);
        uint64_t pend = __atomic_load_n(&s->pend, __ATOMIC_RELAXED);
        size_t own = pend & HEAD_MAX_BATCH;
        if (UNLIKELY(pend >> CATALOG_PEND_BITS == a->id && own < a->pending.len)) {
                last_ms = a->pending.data[own].t_ms;
                last_bits = bits_of_double(a->pending.data[own].v);
        }
        return head_judge(last_ms, last_bits, t_ms, v);
}

static AppendResult append_one(HeadAppender *a, SeriesRef *ref, Labels labels, int64_t t_ms, double v)
{
        Series *s = catalog_of_ref(a->db->catalog, *ref);
        if (UNLIKELY(!s)) {
                *ref = 0;
                AppendResult verdict = resolve(a, labels, ref);
                if (verdict != APPEND_OK)
                        return verdict;
                s = catalog_of_ref(a->db->catalog, *ref);
                if (!s) /* removed in this very moment: it had been idle for the whole retention */
                        return APPEND_OUT_OF_BOUNDS;
        }
        AppendResult result = judge(a, s, t_ms, v);
        if (UNLIKELY(result != APPEND_OK))
                return result;
        if (UNLIKELY(a->pending.len == HEAD_MAX_BATCH))
                return APPEND_LIMIT;
        a->has_undefined |= __atomic_load_n(&s->defined, __ATOMIC_RELAXED) != CATALOG_DEFINED;
        __atomic_store_n(&s->pend, pend_value(a), __ATOMIC_RELAXED);
        vec_push(&a->pending, (PendingSample){ *ref, t_ms, v });
        return APPEND_OK;
}

static void count_rejected(AppendResult result)
{
        metric_add(metric_of(&rejected, str_of(append_result_name(result))), 1);
}

static AppendResult appender_append(Appender *face, SeriesRef *ref, Labels labels, int64_t t_ms, double v)
{
        AppendResult result = append_one((HeadAppender *)face, ref, labels, t_ms, v);
        if (UNLIKELY(result != APPEND_OK))
                count_rejected(result);
        return result;
}

/* ---- commit */

/* The series that this batch must define first. */
static void collect_undefined(HeadAppender *a)
{
        Tsdb *db = a->db;
        vec_clear(&db->undefined);
        if (!a->has_undefined)
                return;
        vec_each(p, &a->pending) {
                Series *s = catalog_of_ref(db->catalog, p->ref);
                if (!s || __atomic_load_n(&s->defined, __ATOMIC_RELAXED) != CATALOG_UNDEFINED)
                        continue;
                __atomic_store_n(&s->defined, CATALOG_DEFINING, __ATOMIC_RELAXED);
                vec_push(&db->undefined, s);
        }
}

static void set_defined(Tsdb *db, uint8_t state)
{
        vec_each(s, &db->undefined)
                __atomic_store_n(&(*s)->defined, state, __ATOMIC_RELAXED);
}

static inline void prefetch_record(const HeadAppender *a, size_t i)
{
        if (i >= a->pending.len)
                return;
        const char *record = (const char *)catalog_at(a->db->catalog, catalog_slot_of_ref(a->pending.data[i].ref));
        __builtin_prefetch(record);
        __builtin_prefetch(record + sizeof(Series) - 1);
}

/* Also finds out whom a stale reference meant: nobody, its sample is dropped. */
static void encode_samples(HeadAppender *a, WalrecWriter *w)
{
        Tsdb *db = a->db;
        for (size_t i = 0; i < a->pending.len; i++) {
                PendingSample *p = &a->pending.data[i];
                prefetch_record(a, i + PREFETCH_RECORDS);
                const Series *s = catalog_of_ref(db->catalog, p->ref);
                if (LIKELY(s))
                        walrec_sample(w, s->sid, p->t_ms, p->v);
                else
                        p->ref = 0;
        }
}

static void encode_batch(HeadAppender *a)
{
        Tsdb *db = a->db;
        WalrecWriter w;
        wal_begin_record(&db->record);
        if (db->undefined.len) {
                Label pairs[LABELCHECK_MAX_LABELS];
                walrec_begin(&w, &db->record, WALREC_SERIES);
                pthread_rwlock_rdlock(&db->catalog->lock);
                vec_each(s, &db->undefined)
                        if ((*s)->pairs)
                                walrec_series(&w, (*s)->sid, catalog_labels(db->catalog, *s, pairs));
                pthread_rwlock_unlock(&db->catalog->lock);
                walrec_end(&w);
        }
        walrec_begin(&w, &db->record, WALREC_SAMPLES);
        encode_samples(a, &w);
        walrec_end(&w);
}

/* The end of the open chunk of sample i, where the next bits go. Caller holds the stripe of `slot`. */
static inline void prefetch_chunk(const HeadAppender *a, size_t i, uint32_t slot)
{
        if (i >= a->pending.len)
                return;
        uint32_t other = catalog_slot_of_ref(a->pending.data[i].ref);
        if (other / CATALOG_BLOCK != slot / CATALOG_BLOCK)
                return;
        const XorChunk *open = &catalog_at(a->db->catalog, other)->open;
        if (open->p)
                __builtin_prefetch(open->p + open->bits / 8, 1);
}

/* Not for the lock analysis: a stripe is held over a run of its samples. */
LOCKS_UNCHECKED static void apply_batch(HeadAppender *a, uint32_t segment)
{
        Tsdb *db = a->db;
        Mutex *held = NULL;
        HeadRun run = { .segment = segment };
        uint64_t kept = 0;
        int64_t max_ms = atomic_load(&db->max_ms);
        Catalog *catalog = db->catalog;
        CHECK(catalog);
        for (size_t i = 0; i < a->pending.len; i++) {
                const PendingSample *p = &a->pending.data[i];
                if (UNLIKELY(!p->ref))
                        continue;
                uint32_t slot = catalog_slot_of_ref(p->ref);
                Mutex *stripe = catalog_stripe(catalog, slot);
                if (UNLIKELY(stripe != held)) {
                        if (held)
                                mutex_unlock(held);
                        mutex_lock(held = stripe);
                }
                prefetch_record(a, i + PREFETCH_RECORDS);
                prefetch_chunk(a, i + PREFETCH_CHUNKS, slot);
                kept += head_put(db, catalog_at(catalog, slot), p->t_ms, p->v, &run) == APPEND_OK;
                max_ms = MAX_OF(max_ms, p->t_ms);
        }
        if (held)
                mutex_unlock(held);
        atomic_fetch_add(&db->open_samples, kept);
        atomic_store(&db->max_ms, max_ms);
        metric_add(appended, kept);
        metric_add(late, a->pending.len - kept);
}

static bool write_batch(HeadAppender *a, Err *err)
{
        Tsdb *db = a->db;
        if (atomic_load(&db->chunks_stuck))
                return err_set(
                        err, ERR_IO,
                        "%d MiB of chunks wait for '%s/chunks', which takes no writes: free space or replace the disk",
                        CHUNKSET_MAX_WAITING_BYTES >> 20, db->dir);
        collect_undefined(a);
        encode_batch(a);
        if (!wal_append(db->wal, &db->record, db->options.sync_interval_ms < 0, err)) {
                set_defined(db, CATALOG_UNDEFINED);
                return false;
        }
        set_defined(db, CATALOG_DEFINED);
        apply_batch(a, wal_segment(db->wal));
        return true;
}

static void unlink_appender(HeadAppender *a)
{
        Tsdb *db = a->db;
        vec_clear(&a->pending);
        mutex_lock(&db->appenders);
        *(a->prev ? &a->prev->next : &db->first) = a->next;
        *(a->next ? &a->next->prev : &db->last) = a->prev;
        bool keep = db->spare.len < HEAD_SPARE_APPENDERS && a->pending.cap <= HEAD_SPARE_SAMPLES;
        if (keep)
                vec_push(&db->spare, a);
        mutex_unlock(&db->appenders);
        if (keep)
                return;
        vec_done(&a->pending);
        mem_free(a);
}

static bool appender_commit(Appender *face, Err *err)
{
        HeadAppender *a = (HeadAppender *)face;
        Tsdb *db = a->db;
        bool ok = true;
        if (a->pending.len) {
                mutex_lock(&db->commit);
                ok = write_batch(a, err);
                mutex_unlock(&db->commit);
                atomic_store(&db->write_failed, !ok);
                metric_add(ok ? commits : failed, 1);
                if (chunkset_wants_flush(db->chunks))
                        head_flush_chunks(db, 1);
        }
        unlink_appender(a);
        return ok;
}

static void appender_rollback(Appender *face) { unlink_appender((HeadAppender *)face); }

/* ---- appenders */

Appender *head_appender(StoreEngine *engine)
{
        Tsdb *db = (Tsdb *)engine;
        int64_t now_ms = clock_wall_ms(db->clock);
        mutex_lock(&db->appenders);
        HeadAppender *a = db->spare.len ? vec_pop(&db->spare) : NULL;
        if (!a) {
                a = mem_new(HeadAppender);
                a->face = (Appender){ .append = appender_append,
                                      .commit = appender_commit,
                                      .rollback = appender_rollback };
                a->db = db;
        }
        a->id = ++db->next_appender_id;
        a->prev = db->last;
        a->next = NULL;
        *(db->last ? &db->last->next : &db->first) = a;
        db->last = a;
        mutex_unlock(&db->appenders);
        a->has_undefined = false;
        a->max_ms = now_ms + HEAD_FUTURE_MS;
        a->min_ms = now_ms - db->options.retention_ms;
        return &a->face;
}

void head_free_appenders(Tsdb *db)
{
        CHECK(!db->first); /* closed before the store */
        vec_each(a, &db->spare) {
                vec_done(&(*a)->pending);
                mem_free(*a);
        }
        vec_done(&db->spare);
}

uint64_t head_oldest_appender(Tsdb *db)
{
        MUTEX_SCOPE(&db->appenders);
        return db->first ? db->first->id : db->next_appender_id + 1;
}
