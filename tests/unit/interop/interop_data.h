/* What the tests of this folder share: a store with every kind of sample, the comparison of two stores, records of a log. */
#pragma once
#include "testing.h"

#include "base/bits.h"
#include "base/hash.h"
#include "base/mem.h"
#include "codec/varint.h"
#include "os/file.h"
#include "store/memstore.h"

static inline Labels data_labels(Arena *arena, const char *name, const char *key, const char *value)
{
        Label *l = arena_array(arena, Label, 2);
        l[0] = (Label){ LABEL_NAME, str_of(name) };
        l[1] = (Label){ str_of(key), str_of(value) };
        return (Labels){ l, value ? 2 : 1 };
}

/* Bit patterns that codecs get wrong. */
static inline double data_hard_value(unsigned i)
{
        static const uint64_t bits[] = { 0,
                                         0x8000000000000000,
                                         0x7ff0000000000000,
                                         0xfff0000000000000,
                                         1,
                                         0x800fffffffffffff,
                                         0x7fefffffffffffff,
                                         SAMPLE_STALE_BITS,
                                         SAMPLE_NAN_BITS,
                                         0xfff8000000000123,
                                         0x3fd5555555555555,
                                         0x4340000000000001 };
        return bits_to_double(bits[i % ARRAY_LEN(bits)]);
}

/* A histogram of an own layout for each `layout`, its counts grow with k. */
static inline const Histogram *data_histogram(Arena *arena, unsigned layout, unsigned k, bool integer)
{
        Histogram *h = arena_new_of(arena, Histogram);
        uint32_t n = 3 + layout % 4;
        HistogramSpan *spans = arena_array(arena, HistogramSpan, 2);
        double *counts = arena_array(arena, double, n);
        spans[0] = (HistogramSpan){ -(int32_t)layout, 1 };
        spans[1] = (HistogramSpan){ 2, n - 1 };
        *h = (Histogram){ .integer = integer,
                          .schema = (int8_t)(layout % 5),
                          .zero_threshold = layout % 2 ? 0.001 : 0.5,
                          .zero_count = k + 1,
                          .sum = k * 1.25 - 3,
                          .hint = k ? HISTOGRAM_HINT_NOT_RESET : HISTOGRAM_HINT_UNKNOWN };
        for (uint32_t i = 0; i < n; i++)
                counts[i] = k * (i + 1) + i + (integer ? 0 : 0.25);
        h->count = h->zero_count;
        for (uint32_t i = 0; i < n; i++)
                h->count += counts[i];
        h->positive = (HistogramSide){ spans, counts, 2, n };
        if (layout % 3 == 0)
                h->negative = (HistogramSide){ spans, counts, 2, n };
        if (layout % 7 == 6) {
                double *custom = arena_array(arena, double, n + 2);
                for (uint32_t i = 0; i < n + 2; i++)
                        custom[i] = i == 1 ? 0.1 : i * 3.14159;
                spans[0].offset = 0;
                spans[1].offset = 0;
                h->schema = HISTOGRAM_CUSTOM_SCHEMA;
                h->custom = custom;
                h->n_custom = n + 2;
                h->zero_threshold = h->zero_count = 0;
                h->negative = (HistogramSide){ 0 };
        }
        return h;
}

static inline void data_put(Appender *a, Labels labels, int64_t t_ms, double v, const Histogram *h)
{
        SeriesRef ref = 0;
        StoreSample s = { .t_ms = t_ms, .v = v, .h = h };
        assert_int_equal(store_append_sample(a, &ref, labels, &s), APPEND_OK);
}

/* Floats, hard values, histograms that change, over five hours from start_ms on. */
static inline MemStore *data_store(int64_t start_ms)
{
        MemStore *ms = memstore_new();
        Err err;
        Arena *arena = arena_new();
        Appender *a = store_appender(memstore_engine(ms));
        for (unsigned i = 0; i < 1200; i++) {
                int64_t t = start_ms + i * 15000 + (i % 5 == 4 ? 7 : 0);
                data_put(a, data_labels(arena, "requests_total", "code", "200"), t, i * 3, NULL);
                data_put(a, data_labels(arena, "requests_total", "code", "500"), t, i / 7, NULL);
                data_put(a, data_labels(arena, "hard", "kind", "a \"b\\\n\xc3\xa9"), t, data_hard_value(i * i + i / 12),
                         NULL);
                if (i < 40)
                        data_put(a, data_labels(arena, "latency", "side", "int"), t, 0,
                                 data_histogram(arena, i / 10 * 3, i % 10, true));
                if (i < 40)
                        data_put(a, data_labels(arena, "latency", "side", "float"), t, 0,
                                 data_histogram(arena, i / 15 * 2, i % 15, false));
                if (i % 100 == 0)
                        data_put(a, data_labels(arena, "custom", "x", "y"), t, 0,
                                 data_histogram(arena, 6, i / 100, true));
                if (i == 700)
                        data_put(a, data_labels(arena, "lonely", NULL, NULL), t, -0.0, NULL);
        }
        Histogram stale = { .integer = true, .sum = sample_stale() };
        data_put(a, data_labels(arena, "latency", "side", "int"), start_ms + 41 * 15000, 0, &stale);
        assert_ok(store_commit(a, &err), err);
        arena_free(arena);
        return ms;
}

static inline void data_same_columns(const Column *a, const Column *b, const char *what)
{
        if (a->n != b->n)
                fail_msg("%s: %zu samples, not %zu", what, a->n, b->n);
        for (size_t i = 0; i < a->n; i++) {
                const Histogram *x = a->h ? a->h[i] : NULL, *y = b->h ? b->h[i] : NULL;
                if (a->t[i] != b->t[i] || !x != !y)
                        fail_msg("%s: sample %zu has another time or kind", what, i);
                if (x ? !histogram_same(x, y) : bits_of_double(a->v[i]) != bits_of_double(b->v[i]))
                        fail_msg("%s: sample %zu has another value", what, i);
        }
}

/* Every series and sample of both, in [min_ms, max_ms]. */
static inline void data_same_stores(StoreEngine *x, StoreEngine *y, int64_t min_ms, int64_t max_ms)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(querier_close) Querier *p = NULL;
        AUTO(querier_close) Querier *q = NULL;
        SelectArgs args = { .min_ms = min_ms, .max_ms = max_ms, .sorted = true };
        StoreSelection a, b;
        Err err;
        assert_ok(store_querier(x, min_ms, max_ms, &p, &err), err);
        assert_ok(store_querier(y, min_ms, max_ms, &q, &err), err);
        assert_ok(p->select(p, &args, arena, &a, &err), err);
        assert_ok(q->select(q, &args, arena, &b, &err), err);
        assert_int_equal(a.n, b.n);
        Column ca = { 0 }, cb = { 0 };
        for (size_t i = 0; i < a.n; i++) {
                Buf name = { .arena = arena };
                labels_print(&name, a.series[i].labels);
                if (!labels_eq(a.series[i].labels, b.series[i].labels))
                        fail_msg("series %zu is another: %s", i, buf_cstr(&name));
                column_clear(&ca);
                column_clear(&cb);
                assert_ok(p->read(p, &a, i, min_ms, max_ms, &ca, &err), err);
                assert_ok(q->read(q, &b, i, min_ms, max_ms, &cb, &err), err);
                data_same_columns(&ca, &cb, buf_cstr(&name));
        }
        column_done(&ca);
        column_done(&cb);
}

/* A new folder; gone with data_dir_done. */
static inline const char *data_dir(char ret[64])
{
        snprintf(ret, 64, "%s", TEST_DIR("pharos-interop"));
        assert_non_null(mkdtemp(ret));
        return ret;
}
static inline void data_dir_done(const char *dir)
{
        Err err;
        assert_ok(file_remove_tree(fs_system(), dir, &err), err);
}

static inline void data_file(const char *dir, const char *name, Str content)
{
        char path[256];
        Err err;
        snprintf(path, sizeof path, "%s/%s", dir, name);
        char *slash = strrchr(path, '/');
        *slash = 0;
        assert_ok(fs_system()->mkdir_all(fs_system(), path, &err), err);
        *slash = '/';
        assert_ok(file_write_atomic(fs_system(), path, content, &err), err);
}

/* ---- records and segments of a log */

static inline void data_be64(Buf *out, uint64_t v)
{
        char b[8];
        bits_put_be64(b, v);
        buf_add(out, b, 8);
}
static inline void data_str(Buf *out, const char *s)
{
        varint_add(out, strlen(s));
        buf_cstr_add(out, s);
}
static inline void data_series_record(Buf *out, uint64_t ref, const char *name, const char *key, const char *value)
{
        buf_char(out, 1);
        data_be64(out, ref);
        varint_add(out, 2);
        data_str(out, "__name__");
        data_str(out, name);
        data_str(out, key);
        data_str(out, value);
}
/* n samples of one series, step_ms apart. */
static inline void data_sample_record(Buf *out, uint64_t ref, int64_t t_ms, int64_t step_ms, double v, int n)
{
        buf_char(out, 2);
        data_be64(out, ref);
        data_be64(out, (uint64_t)t_ms);
        for (int i = 0; i < n; i++) {
                varint_add_signed(out, 0);
                varint_add_signed(out, i * step_ms);
                data_be64(out, bits_of_double(v + i));
        }
}
/* Appends the record as fragments; flags say how it is compressed. */
static inline void data_wal_put(Buf *segment, Str record, unsigned flags)
{
        size_t at = 0;
        do {
                size_t left = 32768 - segment->n % 32768;
                if (left <= 7) {
                        while (left--)
                                buf_char(segment, 0);
                        left = 32768;
                }
                size_t n = MIN_OF(left - 7, record.n - at);
                bool first = at == 0, last = at + n == record.n;
                char head[7] = { (char)(flags | (first && last ? 1u : first ? 2u : last ? 4u : 3u)) };
                bits_put_be16(head + 1, (uint16_t)n);
                bits_put_be32(head + 3, hash_crc32c(0, record.p + at, n));
                buf_add(segment, head, sizeof head);
                buf_add(segment, record.p + at, n);
                at += n;
        } while (at < record.n);
}
