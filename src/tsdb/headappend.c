/* Invariants
 * 1. A commit that returned true is in the WAL; one that returned false left neither bytes nor samples.
 * 2. Samples enter the open chunks in WAL order and by the same rule as at replay: later than the newest, or dropped. So a replay ends
 *    in the state that was acknowledged.
 * 3. The definition of a series is in the WAL before, or in the same record as, its first sample.
 * 4. A series that an open appender has touched is not removed (leave.h).
 *
 * Why one commit lock: encoding, one write(2) and applying cost about 50 ns a sample, far above what a machine's scrapes deliver, and
 * order in the log needs no further thought. append itself takes no lock for a known series; readers meet writers only at a stripe.
 * Most of the cost of a sample is waiting for memory: the passes of a commit ask for records and chunks some samples ahead. */
#include "tsdb/headappend.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/metric.h"
#include "index/indexset.h"
#include "store/histcheck.h"
#include "store/labelcheck.h"
#include "tsdb/exemplars.h"
#include "tsdb/headlate.h"
#include "tsdb/histchunk.h"
#include "tsdb/keep.h"
#include "tsdb/walrec.h"

METRIC_COUNTER(appended, "pharos_tsdb_samples_appended_total", "Samples accepted and written.");
METRIC_FAMILY(rejected, METRIC_KIND_COUNTER, "pharos_tsdb_samples_rejected_total", "Samples refused, by reason.",
              "reason");
METRIC_COUNTER(overtaken, "pharos_tsdb_samples_overtaken_total",
               "Samples accepted but overtaken by another writer before their commit.");
METRIC_COUNTER(created, "pharos_tsdb_series_created_total", "Series that were added.");
METRIC_COUNTER(returned, "pharos_tsdb_series_returned_total", "Series that came back from the index of idle ones.");
METRIC_FAMILY(refused_series, METRIC_KIND_COUNTER, "pharos_tsdb_series_refused_total",
              "Samples of new series that were refused, by the limit that was reached.", "limit");
METRIC_COUNTER(commits, "pharos_tsdb_commits_total", "Batches written.");
METRIC_COUNTER(failed, "pharos_tsdb_commits_failed_total", "Batches refused because they could not be written.");
METRIC_COUNTER(exemplars_appended, "pharos_tsdb_exemplars_appended_total", "Exemplars accepted and written.");

/* How many samples ahead memory is asked for: the record, and later the chunk that it points to. */
enum { PREFETCH_RECORDS = 40, PREFETCH_CHUNKS = 8 };

/* Of PendingSample.ref, above the slot: what the sample is besides a float in order. */
enum { PEND_RICH = 1 << 30, PEND_LATE = 1 << 29, PEND_FLAGS = PEND_RICH | PEND_LATE };
_Static_assert((uint64_t)CATALOG_MAX_SLABS *CATALOG_SLAB < PEND_LATE, "slots and flags share 32 bits");

typedef struct PendingSample {
        SeriesRef ref; /* and flags; 0: dropped */
        int64_t t_ms;
        union {
                double v;
                size_t rich; /* PEND_RICH: index of the sample */
        };
} PendingSample;

typedef struct PendingExemplar {
        SeriesRef ref;
        Exemplar e;
} PendingExemplar;

struct HeadAppender {
        Appender face;
        Tsdb *db;
        HeadAppender *prev, *next;
        uint64_t id;
        int64_t min_ms, max_ms; /* what is in bounds */
        bool has_undefined;     /* perhaps a series that is not in the WAL yet */
        VEC(PendingSample) pending;
        VEC(StoreSample) rich;
        VEC(PendingExemplar) exemplars;
        Arena *arena; /* of the last two; NULL: not needed yet */
};

static inline SeriesRef pend_ref(const PendingSample *p) { return p->ref & ~(SeriesRef)PEND_FLAGS; }
static inline uint32_t pend_slot(const PendingSample *p) { return catalog_slot_of_ref(pend_ref(p)); }
static uint64_t pend_bits(const HeadAppender *a, const PendingSample *p)
{
        return p->ref & PEND_RICH ? histchunk_value_bits(&a->rich.data[p->rich]) : bits_of_double(p->v);
}
static Arena *arena_of(HeadAppender *a)
{
        if (!a->arena)
                a->arena = arena_new();
        return a->arena;
}

/* ---- append */

/* Remembers in the series that this appender's newest sample of it is the next one in the list. */
static uint64_t pend_value(const HeadAppender *a) { return a->id << CATALOG_PEND_BITS | a->pending.len; }

/* Why a new series with these labels is one too many; NULL: it is not. Caller holds the catalog's lock. */
static const char *limit_reached(const Tsdb *db, Labels labels)
{
        const TsdbOptions *o = &db->options;
        const Catalog *c = db->catalog;
        if (o->max_series && c->count >= o->max_series)
                return "max_series";
        for (size_t i = 0; i < labels.n && (o->max_label_values || o->max_series_per_metric); i++) {
                const Label *l = &labels.data[i];
                size_t values;
                uint64_t series;
                postings_count(c->postings, l->name, l->value, &values, &series);
                if (o->max_label_values && !series && values >= o->max_label_values)
                        return "max_label_values";
                if (o->max_series_per_metric && series >= o->max_series_per_metric && str_eq(l->name, LABEL_NAME))
                        return "max_series_per_metric";
        }
        return NULL;
}

/* Adds the series, as the index of cold series (NULL: it is not there) left it. Caller holds the catalog's lock for writing. */
static bool add_series(HeadAppender *a, Labels labels, uint32_t hash, const IndexEntry *cold, uint32_t *ret_slot)
{
        CatalogBirth birth = { .pend = a->id << CATALOG_PEND_BITS | HEAD_MAX_BATCH };
        if (cold)
                birth = (CatalogBirth){ cold->sid, birth.pend, true, cold->last_ms, cold->last_bits };
        if (!catalog_add(a->db->catalog, labels, hash, &birth, ret_slot))
                return false;
        metric_add(cold ? returned : created, 1);
        return true;
}

/* Caller holds the catalog's lock, for writing when `add`. False: the series is not there and was not added. */
static bool find_or_add(HeadAppender *a, Labels labels, uint32_t hash, const IndexEntry *cold, bool add,
                        const char **ret_limit, SeriesRef *ret)
{
        Catalog *c = a->db->catalog;
        uint32_t slot;
        bool found = catalog_find(c, labels, hash, &slot);
        *ret_limit = found ? NULL : limit_reached(a->db, labels);
        if (!found && add && !*ret_limit) {
                found = add_series(a, labels, hash, cold, &slot);
                *ret_limit = found ? NULL : "memory";
        }
        if (found)
                *ret = catalog_ref(catalog_at(c, slot), slot);
        return found;
}

/* Looks into the index of cold series, without a lock, then adds. False without a limit: the index changed meanwhile. */
static bool add_unless_cold(HeadAppender *a, Labels labels, uint32_t hash, const char **ret_limit, SeriesRef *ret)
{
        Tsdb *db = a->db;
        IndexList *list = indexset_list(db->index);
        IndexEntry entry;
        bool cold = indexset_find(list, labels, &entry), found = false;
        *ret_limit = !cold && indexset_is_damaged(list) ? "damaged_index" : NULL;
        if (!*ret_limit) {
                pthread_rwlock_wrlock(&db->catalog->lock);
                bool current = indexset_is_current(db->index, list);
                found = find_or_add(a, labels, hash, cold ? &entry : NULL, current, ret_limit, ret);
                pthread_rwlock_unlock(&db->catalog->lock);
        }
        snapshot_unref(&list->snap);
        return found;
}

/* Finds or adds the series of these labels and pins it for this appender. The newest offender is shed: what is there stays. */
static AppendResult resolve(HeadAppender *a, Labels labels, SeriesRef *ret)
{
        Catalog *c = a->db->catalog;
        AppendResult verdict = labelcheck_labels(labels, true);
        if (verdict != APPEND_OK)
                return verdict;
        uint32_t hash = catalog_hash(labels);
        const char *limit;
        pthread_rwlock_rdlock(&c->lock);
        bool found = find_or_add(a, labels, hash, NULL, false, &limit, ret);
        pthread_rwlock_unlock(&c->lock);
        while (!found && !limit)
                found = add_unless_cold(a, labels, hash, &limit, ret);
        if (limit)
                metric_add(metric_of(&refused_series, str_of(limit)), 1);
        return found ? APPEND_OK : APPEND_LIMIT;
}

/* Whether a sample that is older than the newest of its series may come in late. */
static bool in_window(const Tsdb *db, int64_t t_ms)
{
        int64_t window_ms = db->options.out_of_order_window_ms, max_ms = atomic_load(&db->max_ms);
        return window_ms > 0 && (max_ms < INT64_MIN + window_ms || t_ms >= max_ms - window_ms);
}

/* *ret_flags: PEND_LATE when the sample is accepted as a late one. */
static inline AppendResult judge(const HeadAppender *a, Series *s, int64_t t_ms, uint64_t bits, uint32_t *ret_flags)
{
        if (UNLIKELY(t_ms > a->max_ms || t_ms < a->min_ms))
                return APPEND_OUT_OF_BOUNDS;
        int64_t last_ms = __atomic_load_n(&s->open.last_ms, __ATOMIC_RELAXED);
        uint64_t last_bits = __atomic_load_n(&s->open.last_bits, __ATOMIC_RELAXED);
        uint64_t pend = __atomic_load_n(&s->pend, __ATOMIC_RELAXED);
        size_t own = pend & HEAD_MAX_BATCH;
        if (UNLIKELY(pend >> CATALOG_PEND_BITS == a->id && own < a->pending.len)) {
                last_ms = a->pending.data[own].t_ms;
                last_bits = pend_bits(a, &a->pending.data[own]);
        }
        AppendResult result = head_judge(last_ms, last_bits, t_ms, bits);
        *ret_flags = 0;
        if (LIKELY(result != APPEND_OUT_OF_ORDER) || !in_window(a->db, t_ms))
                return result;
        *ret_flags = PEND_LATE;
        return APPEND_OK;
}

/* A series that was about to leave memory stays. False: it has left. */
static bool keep_in_memory(HeadAppender *a, SeriesRef ref)
{
        Catalog *c = a->db->catalog;
        Series *s = catalog_of_ref(c, ref);
        if (!s)
                return false;
        MUTEX_SCOPE(catalog_stripe(c, catalog_slot_of_ref(ref)));
        if (catalog_of_ref(c, ref) != s)
                return false;
        __atomic_store_n(&s->leaving, false, __ATOMIC_RELAXED);
        return true;
}

/* The series of a reference that is unknown, stale, or names one that is about to leave. */
static AppendResult hold_series(HeadAppender *a, SeriesRef *ref, Labels labels, Series **ret)
{
        for (;;) {
                if (keep_in_memory(a, *ref) && (*ret = catalog_of_ref(a->db->catalog, *ref)))
                        return APPEND_OK;
                *ref = 0;
                AppendResult verdict = resolve(a, labels, ref);
                if (verdict != APPEND_OK)
                        return verdict;
        }
}

/* Finds the series and judges; on APPEND_OK the sample is pending, and its value is the caller's to fill in. */
static inline AppendResult append_one(HeadAppender *a, SeriesRef *ref, Labels labels, int64_t t_ms, uint64_t bits,
                                      PendingSample **ret)
{
        Series *s = catalog_of_ref(a->db->catalog, *ref);
        if (UNLIKELY(!s || __atomic_load_n(&s->leaving, __ATOMIC_RELAXED))) {
                AppendResult verdict = hold_series(a, ref, labels, &s);
                if (verdict != APPEND_OK)
                        return verdict;
        }
        uint32_t flags;
        AppendResult result = judge(a, s, t_ms, bits, &flags);
        if (UNLIKELY(result != APPEND_OK))
                return result;
        if (UNLIKELY(a->pending.len == HEAD_MAX_BATCH))
                return APPEND_LIMIT;
        a->has_undefined |= __atomic_load_n(&s->defined, __ATOMIC_RELAXED) != CATALOG_DEFINED;
        if (LIKELY(!flags)) /* what came in order is what the next one is judged by */
                __atomic_store_n(&s->pend, pend_value(a), __ATOMIC_RELAXED);
        *ret = vec_add(&a->pending);
        **ret = (PendingSample){ .ref = *ref | flags, .t_ms = t_ms };
        return APPEND_OK;
}

static void count_rejected(AppendResult result)
{
        metric_add(metric_of(&rejected, str_of(append_result_name(result))), 1);
}

static AppendResult appender_append(Appender *face, SeriesRef *ref, Labels labels, int64_t t_ms, double v)
{
        PendingSample *p;
        AppendResult result = append_one((HeadAppender *)face, ref, labels, t_ms, bits_of_double(v), &p);
        if (LIKELY(result == APPEND_OK))
                p->v = v;
        else
                count_rejected(result);
        return result;
}

static AppendResult appender_append_sample(Appender *face, SeriesRef *ref, Labels labels, const StoreSample *sample)
{
        HeadAppender *a = (HeadAppender *)face;
        PendingSample *p;
        if (!sample->h && !sample->st_ms)
                return appender_append(face, ref, labels, sample->t_ms, sample->v);
        AppendResult result = sample->h && histcheck_why_not(sample->h) ? APPEND_BAD_HISTOGRAM : APPEND_OK;
        if (result == APPEND_OK)
                result = append_one(a, ref, labels, sample->t_ms, histchunk_value_bits(sample), &p);
        if (result != APPEND_OK) {
                count_rejected(result);
                return result;
        }
        StoreSample own = *sample;
        if (own.h)
                own.h = histogram_dup(arena_of(a), own.h);
        p->ref |= PEND_RICH;
        p->rich = a->rich.len;
        vec_push(&a->rich, own);
        return APPEND_OK;
}

static AppendResult appender_append_exemplar(Appender *face, SeriesRef ref, const Exemplar *exemplar)
{
        HeadAppender *a = (HeadAppender *)face;
        if (!catalog_of_ref(a->db->catalog, ref))
                return APPEND_BAD_LABELS;
        Exemplar own = *exemplar;
        if (!own.has_t)
                own.t_ms = clock_wall_ms(a->db->clock);
        own.has_t = true;
        AppendResult result = exemplars_judge(a->db->exemplars, ref, &own);
        if (result != APPEND_OK)
                return result;
        own.labels = labels_dup(arena_of(a), own.labels);
        vec_push(&a->exemplars, (PendingExemplar){ ref, own });
        return APPEND_OK;
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
                Series *s = catalog_of_ref(db->catalog, pend_ref(p));
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
        const char *record = (const char *)catalog_at(a->db->catalog, pend_slot(&a->pending.data[i]));
        __builtin_prefetch(record);
        __builtin_prefetch(record + sizeof(Series) - 1);
}

/* Histograms, start timestamps, late samples: as a chunk of one. */
static void encode_rich(const HeadAppender *a, WalrecWriter *w, const PendingSample *p, uint64_t sid)
{
        XorChunk c;
        StoreSample plain = { .t_ms = p->t_ms, .v = p->v };
        xorchunk_init(&c);
        histchunk_begin(&c);
        histchunk_append(&c, p->ref & PEND_RICH ? &a->rich.data[p->rich] : &plain);
        walrec_rich(w, sid, p->t_ms, (Str){ (const char *)c.p, xorchunk_bytes(&c) });
        xorchunk_done(&c);
}

static int section_of(const PendingSample *p)
{
        if (LIKELY(!(p->ref & PEND_FLAGS)))
                return WALREC_SAMPLES;
        return p->ref & PEND_LATE ? WALREC_LATE : WALREC_HISTOGRAMS;
}

/* In the order they came: a section for each run of one kind. Also finds out whom a stale reference meant: nobody, its sample is
 * dropped. */
static void encode_samples(HeadAppender *a)
{
        Tsdb *db = a->db;
        WalrecWriter w;
        int kind = WALREC_SAMPLES;
        walrec_begin(&w, &db->record, kind);
        for (size_t i = 0; i < a->pending.len; i++) {
                PendingSample *p = &a->pending.data[i];
                prefetch_record(a, i + PREFETCH_RECORDS);
                const Series *s = catalog_of_ref(db->catalog, pend_ref(p));
                if (UNLIKELY(!s)) {
                        p->ref = 0;
                        continue;
                }
                if (UNLIKELY(section_of(p) != kind)) {
                        walrec_end(&w);
                        walrec_begin(&w, &db->record, kind = section_of(p));
                }
                if (LIKELY(kind == WALREC_SAMPLES))
                        walrec_sample(&w, s->sid, p->t_ms, p->v);
                else
                        encode_rich(a, &w, p, s->sid);
        }
        walrec_end(&w);
}

static void encode_exemplars(HeadAppender *a)
{
        WalrecWriter w;
        if (!a->exemplars.len)
                return;
        walrec_begin(&w, &a->db->record, WALREC_EXEMPLARS);
        vec_each(x, &a->exemplars) {
                const Series *s = catalog_of_ref(a->db->catalog, x->ref);
                if (s)
                        walrec_exemplar(&w, s->sid, &x->e);
        }
        walrec_end(&w);
}

static void encode_series(Tsdb *db)
{
        WalrecWriter w;
        Label pairs[LABELCHECK_MAX_LABELS];
        walrec_begin(&w, &db->record, WALREC_SERIES);
        pthread_rwlock_rdlock(&db->catalog->lock);
        vec_each(s, &db->undefined)
                if ((*s)->pairs)
                        walrec_series(&w, (*s)->sid, catalog_labels(db->catalog, *s, pairs));
        pthread_rwlock_unlock(&db->catalog->lock);
        walrec_end(&w);
}

static void encode_batch(HeadAppender *a)
{
        wal_begin_record(&a->db->record);
        if (a->db->undefined.len)
                encode_series(a->db);
        encode_samples(a);
        encode_exemplars(a);
}

/* The end of the open chunk of sample i, where the next bits go. Caller holds the stripe of `slot`. */
static inline void prefetch_chunk(const HeadAppender *a, size_t i, uint32_t slot)
{
        if (i >= a->pending.len)
                return;
        uint32_t other = pend_slot(&a->pending.data[i]);
        if (other / CATALOG_BLOCK != slot / CATALOG_BLOCK)
                return;
        const XorChunk *open = &catalog_at(a->db->catalog, other)->open;
        if (open->p)
                __builtin_prefetch(open->p + open->bits / 8, 1);
}

static AppendResult apply_rich(const HeadAppender *a, const PendingSample *p, Series *s, uint32_t slot, HeadRun *run)
{
        StoreSample plain = { .t_ms = p->t_ms, .v = p->v };
        const StoreSample *sample = p->ref & PEND_RICH ? &a->rich.data[p->rich] : &plain;
        if (!(p->ref & PEND_LATE))
                return head_put_rich(a->db, s, sample, run);
        return headlate_put(a->db, s, slot, sample, run->segment);
}

/* Not for the lock analysis: a stripe is held over a run of its samples. */
LOCKS_UNCHECKED static void apply_batch(HeadAppender *a, uint32_t segment)
{
        Tsdb *db = a->db;
        Mutex *held = NULL;
        HeadRun run = { .segment = segment };
        uint64_t kept = 0;
        int64_t max_ms = atomic_load(&db->max_ms), from_ms = INT64_MAX;
        Catalog *catalog = db->catalog;
        CHECK(catalog);
        for (size_t i = 0; i < a->pending.len; i++) {
                const PendingSample *p = &a->pending.data[i];
                if (UNLIKELY(!p->ref))
                        continue;
                uint32_t slot = pend_slot(p);
                Mutex *stripe = catalog_stripe(catalog, slot);
                if (UNLIKELY(stripe != held)) {
                        if (held)
                                mutex_unlock(held);
                        mutex_lock(held = stripe);
                }
                prefetch_record(a, i + PREFETCH_RECORDS);
                prefetch_chunk(a, i + PREFETCH_CHUNKS, slot);
                Series *s = catalog_at(catalog, slot);
                if (LIKELY(!(p->ref & PEND_FLAGS)))
                        kept += head_put(db, s, p->t_ms, p->v, &run) == APPEND_OK;
                else
                        kept += apply_rich(a, p, s, slot, &run) == APPEND_OK;
                max_ms = MAX_OF(max_ms, p->t_ms);
                from_ms = MIN_OF(from_ms, p->t_ms);
        }
        if (held)
                mutex_unlock(held);
        if (from_ms < INT64_MAX)
                changelog_note(&db->changes, from_ms);
        vec_each(x, &a->exemplars)
                exemplars_put(db->exemplars, x->ref, &x->e);
        metric_add(exemplars_appended, a->exemplars.len);
        atomic_fetch_add(&db->open_samples, kept);
        atomic_store(&db->max_ms, max_ms);
        metric_add(appended, kept);
        metric_add(overtaken, a->pending.len - kept);
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

static void appender_free(HeadAppender *a)
{
        vec_done(&a->pending);
        vec_done(&a->rich);
        vec_done(&a->exemplars);
        if (a->arena)
                arena_free(a->arena);
        mem_free(a);
}

static void unlink_appender(HeadAppender *a)
{
        Tsdb *db = a->db;
        vec_clear(&a->pending);
        vec_clear(&a->rich);
        vec_clear(&a->exemplars);
        if (a->arena)
                arena_free(TAKE(a->arena));
        mutex_lock(&db->appenders);
        *(a->prev ? &a->prev->next : &db->first) = a->next;
        *(a->next ? &a->next->prev : &db->last) = a->prev;
        bool keep = db->spare.len < HEAD_SPARE_APPENDERS && a->pending.cap <= HEAD_SPARE_SAMPLES &&
                    a->rich.cap <= HEAD_SPARE_SAMPLES / 4 && a->exemplars.cap <= HEAD_SPARE_SAMPLES / 4;
        if (keep)
                vec_push(&db->spare, a);
        mutex_unlock(&db->appenders);
        if (keep)
                return;
        appender_free(a);
}

static bool appender_commit(Appender *face, Err *err)
{
        HeadAppender *a = (HeadAppender *)face;
        Tsdb *db = a->db;
        bool ok = true;
        if (a->pending.len || a->exemplars.len) {
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

Appender *headappend_open(StoreEngine *engine)
{
        Tsdb *db = (Tsdb *)engine;
        int64_t now_ms = clock_wall_ms(db->clock);
        mutex_lock(&db->appenders);
        HeadAppender *a = db->spare.len ? vec_pop(&db->spare) : NULL;
        if (!a) {
                a = mem_new(HeadAppender);
                a->face = (Appender){ .append = appender_append,
                                      .append_sample = appender_append_sample,
                                      .append_exemplar = appender_append_exemplar,
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
        a->min_ms = now_ms - keep_longest_ms(db->keep);
        return &a->face;
}

void headappend_free_all(Tsdb *db)
{
        CHECK(!db->first); /* closed before the store */
        vec_each(a, &db->spare)
                appender_free(*a);
        vec_done(&db->spare);
}

uint64_t headappend_oldest(Tsdb *db)
{
        MUTEX_SCOPE(&db->appenders);
        return db->first ? db->first->id : db->next_appender_id + 1;
}

uint64_t headappend_newest(Tsdb *db)
{
        MUTEX_SCOPE(&db->appenders);
        return db->next_appender_id;
}
