/* Invariants
 * 1. Every chunk of a series rises strictly in time; chunks may overlap each other.
 * 2. A sample of wal is kept when it is later than everything in order that its series has, as the appender judged it.
 * 3. One set of labels is one series, under however many references the log knew it.
 *
 * Samples of the log wait in small batches and are then coded like chunks: a head of three hours takes some 2 bytes a sample. */
#include "interop/promhead.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/vec.h"
#include "interop/promblock.h"
#include "interop/promchunk.h"
#include "interop/promcur.h"
#include "interop/promrec.h"

enum { BATCH = 30, FILE_HEADER_BYTES = 8, CHUNK_HEADER_BYTES = 25 };

typedef struct HeadSeries {
        Labels labels;
        VEC(PromHeadChunk) chunks;
        VEC(PromRange) deletions;
        int64_t last_ms; /* the newest in-order sample */
        int64_t *t;      /* the batch that waits; NULL until the first */
        double *v;
        size_t n;
} HeadSeries;

typedef struct ChunkOfRef {
        uint64_t ref;
        PromHeadChunk chunk;
        size_t order;
} ChunkOfRef;

#define MAP_NAME SeriesOfRef
#define MAP_FN_PREFIX series_of_ref
#define MAP_KEY uint64_t
#define MAP_VAL size_t
#define MAP_HASH(k) hash_u64(k)
#define MAP_EQ(a, b) ((a) == (b))
#include "base/map.inc.h"

#define MAP_NAME SeriesOfLabels
#define MAP_FN_PREFIX series_of_labels
#define MAP_KEY Labels
#define MAP_VAL size_t
#define MAP_HASH(k) labels_hash(k)
#define MAP_EQ(a, b) labels_eq(a, b)
#include "base/map.inc.h"

struct PromHead {
        Arena *arena;
        Arena *scratch; /* of one record */
        VEC(HeadSeries) series;
        SeriesOfRef by_ref;
        SeriesOfLabels by_labels;
        VEC(ChunkOfRef) chunks; /* of chunks_head, sorted by ref, then order */
        int64_t min_valid_ms;
        bool late; /* reading wbl */
        Buf bytes; /* of the chunk being coded */
        PromHeadStats stats;
};

/* ---- chunks_head */

static void add_file_chunks(PromHead *head, Str file, const char *name)
{
        PromCursor c = promcur_of(str_sub(file, FILE_HEADER_BYTES, file.n));
        while (promcur_left(&c) > CHUNK_HEADER_BYTES) {
                const char *start = (const char *)c.p;
                ChunkOfRef row = { .ref = promcur_be64(&c), .order = head->chunks.len };
                if (row.ref == 0) /* files are longer than what was written */
                        return;
                row.chunk.min_ms = (int64_t)promcur_be64(&c);
                row.chunk.max_ms = (int64_t)promcur_be64(&c);
                row.chunk.encoding = promcur_u8(&c) & ~(unsigned)PROMHEAD_LATE_BIT;
                row.chunk.data = promcur_str(&c);
                size_t n = (size_t)((const char *)c.p - start);
                uint32_t crc = promcur_be32(&c);
                if (c.broken || hash_crc32c(0, start, n) != crc) {
                        if (!head->stats.wal.damaged++)
                                err_set(&head->stats.wal.first_damage, ERR_CORRUPT,
                                        "'%s' at %zu: a chunk has a wrong checksum", name, (size_t)(start - file.p));
                        return;
                }
                head->stats.head_chunks++;
                vec_push(&head->chunks, row);
        }
}

static int by_ref_and_order(const void *a, const void *b)
{
        const ChunkOfRef *x = a, *y = b;
        if (x->ref != y->ref)
                return x->ref < y->ref ? -1 : 1;
        return (x->order > y->order) - (x->order < y->order);
}

static bool read_head_chunks(PromHead *head, const Fs *fs, const char *dir, Err *err)
{
        Str *names;
        size_t n;
        Str folder = str_printf(head->arena, "%s/chunks_head", dir);
        Err absent;
        if (!fs->list(fs, folder.p, head->arena, &names, &n, &absent)) {
                if (absent.code == ERR_NOT_FOUND)
                        return true;
                *err = absent;
                return false;
        }
        for (size_t i = 0; i < n; i++) {
                Str path = str_printf(head->arena, STR_FMT "/" STR_FMT, STR_ARG(folder), STR_ARG(names[i]));
                Str file;
                if (!promblock_map(fs, path.p, head->arena, &file, err))
                        return false;
                if (file.n < FILE_HEADER_BYTES)
                        continue; /* made, not yet written */
                if (bits_be32(file.p) != PROMHEAD_CHUNKS_MAGIC || file.p[4] != 1)
                        return err_set(err, ERR_CORRUPT, "'%s' is no file of head chunks of version 1", path.p);
                add_file_chunks(head, file, path.p);
        }
        if (head->chunks.len)
                qsort(head->chunks.data, head->chunks.len, sizeof *head->chunks.data, by_ref_and_order);
        return true;
}

/* ---- records */

static void code_batch(PromHead *head, HeadSeries *s)
{
        Column c = { .t = s->t, .v = s->v, .n = s->n };
        unsigned encoding;
        if (s->n == 0)
                return;
        buf_clear(&head->bytes);
        promchunk_encode(&c, 0, s->n, &head->bytes, &encoding);
        vec_push(&s->chunks, (PromHeadChunk){ .min_ms = s->t[0],
                                              .max_ms = s->t[s->n - 1],
                                              .data = str_dup(head->arena, buf_str(&head->bytes)),
                                              .encoding = encoding });
        s->n = 0;
}

static void code_histogram(PromHead *head, HeadSeries *s, int64_t t_ms, const Histogram *h)
{
        double none = 0;
        Column c = { .t = &t_ms, .v = &none, .h = &h, .n = 1 };
        unsigned encoding;
        code_batch(head, s);
        buf_clear(&head->bytes);
        promchunk_encode(&c, 0, 1, &head->bytes, &encoding);
        vec_push(&s->chunks, (PromHeadChunk){ .min_ms = t_ms,
                                              .max_ms = t_ms,
                                              .data = str_dup(head->arena, buf_str(&head->bytes)),
                                              .encoding = encoding });
}

/* Takes the chunks of chunks_head that were written under this reference. */
static void adopt_chunks(PromHead *head, HeadSeries *s, uint64_t ref)
{
        size_t lo = 0, hi = head->chunks.len;
        while (lo < hi) {
                size_t mid = (lo + hi) / 2;
                if (head->chunks.data[mid].ref < ref)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        for (; lo < head->chunks.len && head->chunks.data[lo].ref == ref; lo++) {
                ChunkOfRef *row = &head->chunks.data[lo];
                if (row->order == SIZE_MAX)
                        continue;
                vec_push(&s->chunks, row->chunk);
                s->last_ms = MAX_OF(s->last_ms, row->chunk.max_ms);
                row->order = SIZE_MAX; /* taken */
        }
}

static void on_series(void *ctx, uint64_t ref, Labels labels)
{
        PromHead *head = ctx;
        if (series_of_ref_get(&head->by_ref, ref))
                return;
        const size_t *known = series_of_labels_get(&head->by_labels, labels);
        size_t i = known ? *known : head->series.len;
        if (!known) {
                HeadSeries fresh = { .labels = labels_dup(head->arena, labels), .last_ms = INT64_MIN };
                vec_push(&head->series, fresh);
                *series_of_labels_put(&head->by_labels, fresh.labels, NULL) = i;
        }
        *series_of_ref_put(&head->by_ref, ref, NULL) = i;
        adopt_chunks(head, &head->series.data[i], ref);
}

static HeadSeries *find(PromHead *head, uint64_t ref)
{
        const size_t *i = series_of_ref_get(&head->by_ref, ref);
        return i ? &head->series.data[*i] : NULL;
}

/* Whether the sample is to be kept; moves the series' newest time. */
static HeadSeries *accept(PromHead *head, uint64_t ref, int64_t t_ms)
{
        HeadSeries *s = find(head, ref);
        if (!s) {
                head->stats.orphan_samples++;
                return NULL;
        }
        if (head->late)
                return s;
        if (t_ms < head->min_valid_ms || t_ms <= s->last_ms)
                return NULL;
        s->last_ms = t_ms;
        return s;
}

static void on_sample(void *ctx, uint64_t ref, int64_t t_ms, double v)
{
        PromHead *head = ctx;
        HeadSeries *s = accept(head, ref, t_ms);
        if (!s)
                return;
        if (!s->t) {
                s->t = arena_raw_array(head->arena, int64_t, BATCH);
                s->v = arena_raw_array(head->arena, double, BATCH);
        }
        if (s->n == BATCH || (s->n && t_ms <= s->t[s->n - 1]))
                code_batch(head, s);
        s->t[s->n] = t_ms;
        s->v[s->n++] = v;
}

static void on_histogram(void *ctx, uint64_t ref, int64_t t_ms, const Histogram *h)
{
        PromHead *head = ctx;
        HeadSeries *s = accept(head, ref, t_ms);
        if (s)
                code_histogram(head, s, t_ms, h);
}

static void on_deletion(void *ctx, uint64_t ref, int64_t from_ms, int64_t to_ms)
{
        PromHead *head = ctx;
        HeadSeries *s = find(head, ref);
        if (s)
                vec_push(&s->deletions, (PromRange){ from_ms, to_ms });
}

static void on_exemplar(void *ctx, uint64_t ref, const Exemplar *exemplar)
{
        (void)ref;
        (void)exemplar;
        ((PromHead *)ctx)->stats.exemplars++;
}

static bool on_record(void *ctx, Str record, Err *err)
{
        static const PromRecSink face = { .series = on_series,
                                          .sample = on_sample,
                                          .histogram = on_histogram,
                                          .deletion = on_deletion,
                                          .exemplar = on_exemplar };
        PromHead *head = ctx;
        PromRecSink sink = face;
        Err why;
        (void)err;
        sink.ctx = head;
        if (!promrec_decode(record, &sink, head->scratch, &why)) {
                if (!head->stats.unknown_records && !head->stats.broken_records)
                        head->stats.first_unknown = why;
                if (why.code == ERR_UNSUPPORTED)
                        head->stats.unknown_records++;
                else
                        head->stats.broken_records++;
        }
        arena_reset(head->scratch);
        return true;
}

static void finish(PromHead *head)
{
        vec_each(s, &head->series)
                code_batch(head, s);
        vec_each(row, &head->chunks)
                head->stats.orphan_chunks += row->order != SIZE_MAX;
        vec_done(&head->chunks);
        series_of_ref_done(&head->by_ref);
        series_of_labels_done(&head->by_labels);
        buf_done(&head->bytes);
}

bool promhead_open(const Fs *fs, const char *dir, int64_t min_valid_ms, PromHead **ret, Err *err)
{
        AUTO(promhead_free) PromHead *head = mem_new(PromHead);
        head->arena = arena_new();
        head->scratch = arena_new();
        head->min_valid_ms = min_valid_ms;
        Str wal = str_printf(head->arena, "%s/wal", dir);
        Str wbl = str_printf(head->arena, "%s/wbl", dir);
        if (!read_head_chunks(head, fs, dir, err) || !promwal_read(fs, wal.p, on_record, head, &head->stats.wal, err))
                return false;
        vec_each(s, &head->series)
                code_batch(head, s);
        head->late = true;
        if (!promwal_read(fs, wbl.p, on_record, head, &head->stats.wal, err))
                return false;
        finish(head);
        *ret = TAKE(head);
        return true;
}

void promhead_free(PromHead *head)
{
        if (!head)
                return;
        vec_each(s, &head->series) {
                vec_done(&s->chunks);
                vec_done(&s->deletions);
        }
        vec_done(&head->series);
        vec_done(&head->chunks);
        series_of_ref_done(&head->by_ref);
        series_of_labels_done(&head->by_labels);
        buf_done(&head->bytes);
        arena_free(head->scratch);
        arena_free(head->arena);
        mem_free(head);
}

size_t promhead_n_series(const PromHead *head) { return head->series.len; }

PromHeadSeries promhead_series(const PromHead *head, size_t i)
{
        const HeadSeries *s = &head->series.data[i];
        return (PromHeadSeries){ .labels = s->labels,
                                 .chunks = s->chunks.data,
                                 .n_chunks = s->chunks.len,
                                 .deletions = s->deletions.data,
                                 .n_deletions = s->deletions.len };
}

const PromHeadStats *promhead_stats(const PromHead *head) { return &head->stats; }
