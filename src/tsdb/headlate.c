/* Invariants
 * 1. The samples of a series rise strictly; `late` of its record is set exactly while there are some.
 * 2. What leaves is in the chunk set before it is gone from here, under the stripe that a reader takes: it is found in one place or
 *    in both, never in neither.
 *
 * Lock order: a stripe, then mu, then ChunkSet's. Why a map beside the records: hardly any series ever has late samples. */
#include "tsdb/headlate.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/metric.h"
#include "tsdb/histchunk.h"

METRIC_COUNTER(taken, "pharos_tsdb_late_samples_total",
               "Samples taken although a newer one of their series was there.");

typedef struct LateSeries {
        VEC(StoreSample) samples;
        Arena *arena; /* of histograms */
        uint32_t segment;
        int64_t since_ms;
} LateSeries;

#define MAP_NAME LateMap
#define MAP_FN_PREFIX late_map
#define MAP_KEY uint32_t
#define MAP_VAL LateSeries *
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

struct HeadLate {
        Mutex mu;
        LateMap series GUARDED_BY(&mu);
};

HeadLate *headlate_new(void)
{
        HeadLate *l = mem_new(HeadLate);
        mutex_init(&l->mu);
        return l;
}

static void series_free(LateSeries *x)
{
        vec_done(&x->samples);
        if (x->arena)
                arena_free(x->arena);
        mem_free(x);
}

LOCKS_UNCHECKED void headlate_free(HeadLate *l)
{
        if (!l)
                return;
        for (LateMapSlot *s = late_map_next(&l->series, NULL); s; s = late_map_next(&l->series, s))
                series_free(s->val);
        late_map_done(&l->series);
        mutex_done(&l->mu);
        mem_free(l);
}

/* The place of the first sample at t_ms or later. */
static size_t place_of(const LateSeries *x, int64_t t_ms)
{
        size_t lo = 0, hi = x->samples.len;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                if (x->samples.data[mid].t_ms < t_ms)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

/* ---- closing */

static void append_chunk(Tsdb *db, uint64_t sid, const LateSeries *x, size_t from, size_t to)
{
        XorChunk c;
        bool rich = false;
        for (size_t i = from; i < to; i++)
                rich |= x->samples.data[i].h || x->samples.data[i].st_ms;
        xorchunk_init(&c);
        if (rich)
                histchunk_begin(&c);
        for (size_t i = from; i < to; i++) {
                const StoreSample *s = &x->samples.data[i];
                if (rich)
                        histchunk_append(&c, s);
                else
                        xorchunk_append(&c, s->t_ms, s->v);
        }
        chunkset_append(db->chunks, sid, &c);
        xorchunk_done(&c);
}

/* Into chunks, each inside a window; a histogram has one of its own, as it may be large. */
static void append_chunks(Tsdb *db, uint64_t sid, const LateSeries *x)
{
        for (size_t from = 0, to; from < x->samples.len; from = to) {
                const StoreSample *first = &x->samples.data[from];
                int64_t window_ms = chunkset_window(first->t_ms);
                for (to = from + 1; to < x->samples.len && !first->h && !x->samples.data[to].h; to++)
                        if (to - from == XORCHUNK_MAX_SAMPLES || chunkset_window(x->samples.data[to].t_ms) != window_ms)
                                break;
                append_chunk(db, sid, x, from, to);
        }
}

/* Takes the series out of the map. Caller holds the stripe. */
static LateSeries *take(Tsdb *db, uint32_t slot)
{
        LateSeries *const *at, *x = NULL;
        MUTEX_SCOPE(&db->late->mu);
        at = late_map_get(&db->late->series, slot);
        if (at) {
                x = *at;
                late_map_remove(&db->late->series, slot);
        }
        return x;
}

static void close_series(Tsdb *db, uint32_t slot)
{
        Series *s = catalog_at(db->catalog, slot);
        LateSeries *x = take(db, slot);
        __atomic_store_n(&s->late, false, __ATOMIC_RELAXED);
        if (!x)
                return;
        append_chunks(db, s->sid, x);
        /* Where a chunk has another sample of the same time, that one may be served from now on. */
        if (x->samples.len)
                changelog_note(&db->changes, x->samples.data[0].t_ms);
        atomic_fetch_sub_explicit(&db->open_samples, x->samples.len, memory_order_relaxed);
        series_free(x);
}

/* ---- the interface */

int64_t headlate_min_ms(HeadLate *l)
{
        int64_t min_ms = INT64_MAX;
        MUTEX_SCOPE(&l->mu);
        for (LateMapSlot *s = late_map_next(&l->series, NULL); s; s = late_map_next(&l->series, s))
                if (s->val->samples.len)
                        min_ms = MIN_OF(min_ms, s->val->samples.data[0].t_ms);
        return min_ms;
}

/* What is in chunks already is read before what comes later; only the open chunk is read after the chunks of late samples. */
static bool is_in_open_chunk(const Series *s, int64_t t_ms)
{
        const XorChunk *open = &s->open;
        if (open->n == 0 || t_ms < open->first_ms)
                return false;
        AUTO(buf_done) Buf stream = { 0 };
        Column c = { 0 };
        Err err;
        size_t n = xorchunk_bytes(open);
        memcpy(buf_reserve(&stream, n + XORCHUNK_PAD_BYTES), open->p, n);
        Str bytes = { stream.p, n };
        bool ok = open->code == XORCHUNK_CODE_HISTOGRAMS
                          ? histchunk_decode(bytes, open->n, open->first_ms, t_ms, t_ms, &c, &err)
                          : xorchunk_decode(bytes, open->n, open->first_ms, t_ms, t_ms, &c, &err);
        bool there = ok && c.n > 0;
        column_done(&c);
        return there;
}

AppendResult headlate_put(Tsdb *db, Series *s, uint32_t slot, const StoreSample *sample, uint32_t segment)
{
        if (is_in_open_chunk(s, sample->t_ms))
                return APPEND_DUPLICATE;
        mutex_lock(&db->late->mu);
        LateSeries **at = late_map_put(&db->late->series, slot, NULL);
        if (!*at) {
                *at = mem_new(LateSeries);
                (*at)->segment = segment;
                (*at)->since_ms = clock_wall_ms(db->clock);
        }
        LateSeries *x = *at;
        size_t i = place_of(x, sample->t_ms);
        bool there = i < x->samples.len && x->samples.data[i].t_ms == sample->t_ms;
        if (!there) {
                StoreSample own = *sample;
                if (own.h) {
                        if (!x->arena)
                                x->arena = arena_new();
                        own.h = histogram_dup(x->arena, own.h);
                }
                vec_push(&x->samples, own);
                memmove(x->samples.data + i + 1, x->samples.data + i, (x->samples.len - 1 - i) * sizeof own);
                x->samples.data[i] = own;
        }
        bool full = x->samples.len >= HEADLATE_FULL_SAMPLES;
        mutex_unlock(&db->late->mu);
        __atomic_store_n(&s->late, true, __ATOMIC_RELAXED);
        if (there)
                return APPEND_DUPLICATE;
        s->touched = true;
        atomic_fetch_add_explicit(&db->open_samples, 1, memory_order_relaxed);
        metric_add(taken, 1);
        if (full)
                close_series(db, slot);
        return APPEND_OK;
}

void headlate_read(Tsdb *db, uint32_t slot, int64_t min_ms, int64_t max_ms, Column *out)
{
        MUTEX_SCOPE(&db->late->mu);
        LateSeries *const *at = late_map_get(&db->late->series, slot);
        if (!at)
                return;
        const LateSeries *x = *at;
        for (size_t i = place_of(x, min_ms); i < x->samples.len && x->samples.data[i].t_ms <= max_ms; i++) {
                const StoreSample *s = &x->samples.data[i];
                if (s->h)
                        column_push_histogram(out, s->t_ms, histogram_dup(column_arena(out), s->h));
                else
                        column_push(out, s->t_ms, s->v);
                column_set_start(out, s->st_ms);
        }
}

void headlate_drop(Tsdb *db, uint32_t slot)
{
        LateSeries *x = take(db, slot);
        if (x)
                series_free(x);
}

/* The slots with late samples that are due; also the lowest segment of the others. */
static size_t due_slots(HeadLate *l, int64_t old_ms, bool all, Arena *arena, uint32_t **ret, uint32_t *segment)
{
        MUTEX_SCOPE(&l->mu);
        uint32_t *slots = arena_raw_array(arena, uint32_t, l->series.len);
        size_t n = 0;
        for (LateMapSlot *s = late_map_next(&l->series, NULL); s; s = late_map_next(&l->series, s)) {
                if (all || s->val->since_ms <= old_ms)
                        slots[n++] = s->key;
                else
                        *segment = MIN_OF(*segment, s->val->segment);
        }
        *ret = slots;
        return n;
}

uint32_t headlate_close(Tsdb *db, int64_t now_ms, bool all)
{
        AUTO(arena_free) Arena *arena = arena_new();
        uint32_t *slots, segment = UINT32_MAX;
        size_t n = due_slots(db->late, now_ms - HEADLATE_MAX_AGE_MS, all, arena, &slots, &segment);
        for (size_t i = 0; i < n; i++) {
                MUTEX_SCOPE(catalog_stripe(db->catalog, slots[i]));
                close_series(db, slots[i]);
        }
        return segment;
}
