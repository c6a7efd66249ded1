/* Invariants
 * 1. A series' column is strictly rising in time.
 * 2. A batch becomes visible as a whole: samples wait in the appender and enter the columns under the write lock.
 * 3. A sample's fate is decided against the series as committed plus the appender's own earlier samples; what another
 *    appender committed meanwhile wins and the late one is dropped at commit.
 *
 * Why linear selects and plain arrays: the point of this engine is that one can see that it is right. */
#include "store/memstore.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/vec.h"
#include "model/histops.h"
#include "store/changelog.h"
#include "store/labelcheck.h"

typedef struct MemSeries {
        Labels labels; /* in the store's arena */
        Column samples;
} MemSeries;

#define MAP_NAME LabelMap
#define MAP_FN_PREFIX label_map
#define MAP_KEY Labels
#define MAP_VAL size_t /* index into series */
#define MAP_HASH(k) labels_hash(k)
#define MAP_EQ(a, b) labels_eq(a, b)
#include "base/map.inc.h"

struct MemStore {
        StoreEngine engine;
        ChangeLog log;
        pthread_rwlock_t lock; /* guards everything below */
        Arena *arena;
        VEC(MemSeries *) series;
        LabelMap by_labels;
        int64_t window_ms;
};

typedef struct MemPending {
        size_t series;
        StoreSample sample; /* its histogram lives in the appender's arena */
} MemPending;

#define MAP_NAME NewestMap
#define MAP_FN_PREFIX newest_map
#define MAP_KEY size_t
#define MAP_VAL StoreSample /* the appender's own newest sample of a series */
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

typedef struct MemAppender {
        Appender face;
        MemStore *ms;
        VEC(MemPending) pending;
        NewestMap newest;
        Arena *arena; /* NULL: no histogram came */
} MemAppender;

typedef struct MemQuerier {
        Querier face;
        MemStore *ms;
        int64_t min_ms, max_ms;
} MemQuerier;

/* ---- writing */

/* First index with t >= t_ms. */
static size_t column_find(const Column *c, int64_t t_ms)
{
        size_t lo = 0, hi = c->n;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                if (c->t[mid] < t_ms)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

static AppendResult same_time(double v, const Histogram *h, const StoreSample *s)
{
        bool same = h && s->h ? histogram_same(h, s->h) : !h && !s->h && bits_of_double(v) == bits_of_double(s->v);
        return same ? APPEND_DUPLICATE : APPEND_CONFLICT;
}

static AppendResult judge(const MemStore *ms, const Column *c, const StoreSample *s)
{
        if (c->n == 0 || s->t_ms > c->t[c->n - 1])
                return APPEND_OK;
        if (s->t_ms < c->t[c->n - 1] - ms->window_ms)
                return APPEND_OUT_OF_ORDER;
        size_t at = column_find(c, s->t_ms);
        return c->t[at] == s->t_ms ? same_time(c->v[at], c->h ? c->h[at] : NULL, s) : APPEND_OK;
}

/* The hint that a reader gets, who knows of a counter reset only that none happened since a sample of the same shape. */
static HistogramHint read_hint(Arena *scratch, const Histogram *prev, const Histogram *h)
{
        if (h->hint == HISTOGRAM_HINT_GAUGE)
                return HISTOGRAM_HINT_GAUGE;
        if (!prev || prev->hint == HISTOGRAM_HINT_GAUGE || h->hint == HISTOGRAM_HINT_RESET ||
            histogram_is_stale(prev) != histogram_is_stale(h) || prev->schema != h->schema ||
            prev->zero_threshold != h->zero_threshold || !histcells_same_bounds(prev, h))
                return HISTOGRAM_HINT_UNKNOWN;
        Histogram plain = *h;
        plain.hint = HISTOGRAM_HINT_UNKNOWN;
        return histops_is_reset(scratch, prev, &plain) ? HISTOGRAM_HINT_UNKNOWN : HISTOGRAM_HINT_NOT_RESET;
}

/* Moves the element pushed last to `at`, those from there on one place up. */
static void move_last(void *array, size_t size, size_t at, size_t n)
{
        unsigned char *p = array, last[sizeof(int64_t)];
        memcpy(last, p + (n - 1) * size, size);
        memmove(p + (at + 1) * size, p + at * size, (n - 1 - at) * size);
        memcpy(p + at * size, last, size);
}

static void insert_sample(MemStore *ms, Column *c, const StoreSample *s)
{
        size_t at = column_find(c, s->t_ms);
        if (s->h) {
                AUTO(arena_free) Arena *scratch = arena_new();
                Histogram *own = histogram_dup(ms->arena, s->h);
                own->hint = (uint8_t)read_hint(scratch, at > 0 && c->h ? c->h[at - 1] : NULL, own);
                column_push_histogram(c, s->t_ms, own);
        } else {
                column_push(c, s->t_ms, s->v);
        }
        column_set_start(c, s->st_ms);
        move_last(c->t, sizeof(int64_t), at, c->n);
        move_last(c->v, sizeof(double), at, c->n);
        if (c->h)
                move_last((void *)c->h, sizeof(const Histogram *), at, c->n);
        if (c->st)
                move_last(c->st, sizeof(int64_t), at, c->n);
}

static size_t series_of(MemStore *ms, Labels labels)
{
        const size_t *known = label_map_get(&ms->by_labels, labels);
        if (known)
                return *known;
        MemSeries *s = arena_new_of(ms->arena, MemSeries);
        s->labels = labels_dup(ms->arena, labels);
        vec_push(&ms->series, s);
        *label_map_put(&ms->by_labels, s->labels, NULL) = ms->series.len - 1;
        return ms->series.len - 1;
}

/* Spans and counts that belong together, a known schema, rising bounds. */
static bool is_sound(const Histogram *h)
{
        const HistogramSide *sides[2] = { &h->positive, &h->negative };
        for (int k = 0; k < 2; k++) {
                uint64_t n = 0;
                for (uint32_t i = 0; i < sides[k]->n_spans; i++)
                        n += sides[k]->spans[i].n;
                if (n != sides[k]->n_counts)
                        return false;
        }
        for (uint32_t i = 1; i < h->n_custom; i++)
                if (!(h->custom[i - 1] < h->custom[i]))
                        return false;
        bool custom = h->schema == HISTOGRAM_CUSTOM_SCHEMA;
        return custom || (h->schema >= HISTOGRAM_MIN_SCHEMA && h->schema <= HISTOGRAM_MAX_SCHEMA && h->n_custom == 0);
}

static void keep_pending(MemAppender *a, size_t series, const StoreSample *sample)
{
        StoreSample own = *sample;
        if (own.h) {
                if (!a->arena)
                        a->arena = arena_new();
                own.h = histogram_dup(a->arena, own.h);
        }
        vec_push(&a->pending, (MemPending){ series, own });
        bool fresh;
        StoreSample *newest = newest_map_put(&a->newest, series, &fresh);
        if (fresh || own.t_ms > newest->t_ms)
                *newest = own;
}

static AppendResult mem_append_sample(Appender *face, SeriesRef *ref, Labels labels, const StoreSample *sample)
{
        MemAppender *a = (MemAppender *)face;
        MemStore *ms = a->ms;
        if (labels.n) {
                AppendResult verdict = labelcheck_labels(labels, false);
                if (verdict != APPEND_OK)
                        return verdict;
        }
        if (sample->h && !is_sound(sample->h))
                return APPEND_BAD_HISTOGRAM;
        pthread_rwlock_wrlock(&ms->lock);
        AppendResult result = APPEND_BAD_LABELS;
        size_t i = (size_t)*ref - 1;
        bool known = *ref != 0 && i < ms->series.len;
        if (labels.n && !(known && labels_eq(ms->series.data[i]->labels, labels))) {
                i = series_of(ms, labels);
                known = true;
        }
        if (known) {
                *ref = (SeriesRef)i + 1;
                result = judge(ms, &ms->series.data[i]->samples, sample);
                const StoreSample *own = newest_map_get(&a->newest, i);
                if (result == APPEND_OK && own && own->t_ms == sample->t_ms)
                        result = same_time(own->v, own->h, sample);
                else if (result == APPEND_OK && own && sample->t_ms < own->t_ms - ms->window_ms)
                        result = APPEND_OUT_OF_ORDER;
        }
        pthread_rwlock_unlock(&ms->lock);
        if (result == APPEND_OK)
                keep_pending(a, i, sample);
        return result;
}

static AppendResult mem_append(Appender *face, SeriesRef *ref, Labels labels, int64_t t_ms, double v)
{
        return mem_append_sample(face, ref, labels, &(StoreSample){ .t_ms = t_ms, .v = v });
}

static void mem_rollback(Appender *face)
{
        MemAppender *a = (MemAppender *)face;
        vec_done(&a->pending);
        newest_map_done(&a->newest);
        arena_free(a->arena);
        mem_free(a);
}

static bool mem_commit(Appender *face, Err *err)
{
        (void)err;
        MemAppender *a = (MemAppender *)face;
        int64_t from_ms = INT64_MAX;
        pthread_rwlock_wrlock(&a->ms->lock);
        vec_each(p, &a->pending) {
                Column *c = &a->ms->series.data[p->series]->samples;
                if (judge(a->ms, c, &p->sample) != APPEND_OK)
                        continue;
                insert_sample(a->ms, c, &p->sample);
                from_ms = MIN_OF(from_ms, p->sample.t_ms);
        }
        pthread_rwlock_unlock(&a->ms->lock);
        if (a->pending.len)
                changelog_note(&a->ms->log, from_ms);
        mem_rollback(face);
        return true;
}

static Appender *mem_appender(StoreEngine *engine)
{
        MemAppender *a = mem_new(MemAppender);
        a->face = (Appender){
                .append = mem_append, .append_sample = mem_append_sample, .commit = mem_commit, .rollback = mem_rollback
        };
        a->ms = (MemStore *)engine;
        return &a->face;
}

/* ---- reading */

static int compare_series(const void *a, const void *b)
{
        return labels_cmp(((const StoreSeries *)a)->labels, ((const StoreSeries *)b)->labels);
}

static bool in_range(const MemSeries *s, int64_t min_ms, int64_t max_ms)
{
        size_t at = column_find(&s->samples, min_ms);
        return at < s->samples.n && s->samples.t[at] <= max_ms;
}

static bool mem_select(Querier *face, const SelectArgs *args, Arena *arena, StoreSelection *ret, Err *err)
{
        MemStore *ms = ((MemQuerier *)face)->ms;
        if (!cancel_check(args->cancel, err))
                return false;
        VEC(StoreSeries) found = { .arena = arena };
        pthread_rwlock_rdlock(&ms->lock);
        for (size_t i = 0; i < ms->series.len; i++) {
                const MemSeries *s = ms->series.data[i];
                if (in_range(s, args->min_ms, args->max_ms) && matchers_match(args->matchers, s->labels))
                        vec_push(&found, (StoreSeries){ labels_dup(arena, s->labels), i });
        }
        pthread_rwlock_unlock(&ms->lock);
        if (args->max_series && found.len > args->max_series)
                return err_set(err, ERR_LIMIT, "the selection has %zu series, the limit is %zu", found.len,
                               args->max_series);
        if (args->sorted && found.len)
                qsort(found.data, found.len, sizeof *found.data, compare_series);
        *ret = (StoreSelection){ .series = found.data, .n = found.len };
        return true;
}

static void read_floats(const Column *c, size_t from, size_t to, Column *out)
{
        column_reserve(out, to - from);
        if (to > from) {
                memcpy(&out->t[out->n], &c->t[from], (to - from) * sizeof *c->t);
                memcpy(&out->v[out->n], &c->v[from], (to - from) * sizeof *c->v);
        }
        out->n += to - from;
}

static void read_slowly(const Column *c, size_t from, size_t to, Column *out)
{
        for (size_t i = from; i < to; i++) {
                if (c->h && c->h[i])
                        column_push_histogram(out, c->t[i], histogram_dup(column_arena(out), c->h[i]));
                else
                        column_push(out, c->t[i], c->v[i]);
                if (c->st)
                        column_set_start(out, c->st[i]);
        }
}

static bool mem_read(Querier *face, const StoreSelection *selection, size_t i, int64_t min_ms, int64_t max_ms,
                     Column *out, Err *err)
{
        (void)err;
        MemStore *ms = ((MemQuerier *)face)->ms;
        CHECK(i < selection->n);
        pthread_rwlock_rdlock(&ms->lock);
        const Column *c = &ms->series.data[selection->series[i].id]->samples;
        size_t from = column_find(c, min_ms), to = from;
        while (to < c->n && c->t[to] <= max_ms)
                to++;
        if (c->h || c->st || out->h || out->st)
                read_slowly(c, from, to, out);
        else
                read_floats(c, from, to, out);
        pthread_rwlock_unlock(&ms->lock);
        return true;
}

static void mem_close(Querier *q) { mem_free(q); }

static bool mem_querier(StoreEngine *engine, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err)
{
        (void)err;
        MemQuerier *q = mem_new(MemQuerier);
        q->face = (Querier){ .select = mem_select,
                             .read = mem_read,
                             .label_names = store_names_by_select,
                             .label_values = store_values_by_select,
                             .close = mem_close };
        q->ms = (MemStore *)engine;
        q->min_ms = min_ms;
        q->max_ms = max_ms;
        *ret = &q->face;
        return true;
}

static void mem_changes(StoreEngine *engine, uint64_t mark, StoreChanges *ret)
{
        MemStore *ms = (MemStore *)engine;
        ret->mark = changelog_now(&ms->log);
        ret->since_ms = changelog_since(&ms->log, mark);
        ret->from_ms = INT64_MIN;
}

/* ---- life */

MemStore *memstore_new(void)
{
        MemStore *ms = mem_new(MemStore);
        ms->engine = (StoreEngine){ .appender = mem_appender, .querier = mem_querier, .changes = mem_changes };
        changelog_init(&ms->log);
        pthread_rwlock_init(&ms->lock, NULL);
        ms->arena = arena_new();
        return ms;
}

void memstore_clear(MemStore *ms)
{
        vec_each(s, &ms->series)
                column_done(&(*s)->samples);
        vec_done(&ms->series);
        label_map_done(&ms->by_labels);
        arena_reset(ms->arena);
        changelog_note(&ms->log, INT64_MIN);
}

void memstore_free(MemStore *ms)
{
        if (!ms)
                return;
        memstore_clear(ms);
        arena_free(ms->arena);
        pthread_rwlock_destroy(&ms->lock);
        changelog_done(&ms->log);
        mem_free(ms);
}

StoreEngine *memstore_engine(MemStore *ms) { return &ms->engine; }
void memstore_set_out_of_order_window(MemStore *ms, int64_t window_ms) { ms->window_ms = window_ms; }

AppendResult memstore_add(MemStore *ms, Labels labels, int64_t t_ms, double v)
{
        Appender *a = store_appender(&ms->engine);
        SeriesRef ref = 0;
        AppendResult result = store_append(a, &ref, labels, t_ms, v);
        Err err;
        CHECK(store_commit(a, &err));
        return result;
}

size_t memstore_series(MemStore *ms)
{
        pthread_rwlock_rdlock(&ms->lock);
        size_t n = ms->series.len;
        pthread_rwlock_unlock(&ms->lock);
        return n;
}
