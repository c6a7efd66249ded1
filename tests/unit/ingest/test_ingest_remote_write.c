#include <unistd.h>

#include "../net/net_fixture.h"
#include "codec/proto.h"
#include "codec/snappy.h"
#include "ingest/ingest.h"
#include "os/file.h"
#include "os/thread.h"
#include "tsdb/tsdb.h"

#define NOW_MS INT64_C(1700000000000)

typedef struct World {
        char dir[64];
        Tsdb *db;
        ManualClock clock;
        IngestRemoteWrite *rw;
        Arena *arena;
        Buf message;
        Err err;
} World;

static int setup_with(void **state, size_t max_series)
{
        static World w;
        Err err;
        w = (World){ .arena = arena_new() };
        snprintf(w.dir, sizeof w.dir, "/tmp/pharos-rw-XXXXXX");
        assert_non_null(mkdtemp(w.dir));
        clock_manual_init(&w.clock, NOW_MS);
        TsdbOptions o = { .dir = w.dir, .clock = &w.clock.clock, .max_series = max_series };
        assert_ok(tsdb_open(&o, &w.db, &err), err);
        w.rw = ingest_remote_write_new(tsdb_engine(w.db), &w.clock.clock);
        *state = &w;
        return 0;
}

static int setup(void **state) { return setup_with(state, 0); }
static int setup_limited(void **state) { return setup_with(state, 1); }

static int teardown(void **state)
{
        World *w = *state;
        char command[128];
        ingest_remote_write_free(w->rw);
        tsdb_close(w->db);
        buf_done(&w->message);
        arena_free(w->arena);
        snprintf(command, sizeof command, "rm -rf %s", w->dir);
        assert_int_equal(system(command), 0);
        return 0;
}

/* ---- messages */

static void put_label(Buf *out, const char *name, const char *value)
{
        size_t at = proto_begin(out, 1);
        proto_put_bytes(out, 1, str_of(name));
        proto_put_bytes(out, 2, str_of(value));
        proto_end(out, at);
}

static void put_sample(Buf *out, int64_t t_ms, double v)
{
        size_t at = proto_begin(out, 2);
        proto_put_double(out, 1, v);
        proto_put_varint(out, 2, (uint64_t)t_ms);
        proto_end(out, at);
}

/* One series name{a="<a>"} with one sample. */
static void put_series(World *w, const char *name, const char *a, int64_t t_ms, double v)
{
        size_t at = proto_begin(&w->message, 1);
        put_label(&w->message, "__name__", name);
        put_label(&w->message, "a", a);
        put_sample(&w->message, t_ms, v);
        proto_end(&w->message, at);
}

static int send_message(World *w)
{
        AUTO(buf_done) Buf block = { 0 };
        snappy_encode(buf_str(&w->message), &block);
        buf_clear(&w->message);
        return ingest_remote_write_body(w->rw, buf_str(&block), w->arena, &w->err);
}

/* "a=1: t=v ...;" of every series of the store, in order, times relative to NOW_MS. */
static const char *content(World *w)
{
        AUTO(querier_close) Querier *q = NULL;
        StoreSelection all;
        SelectArgs args = { .min_ms = INT64_MIN / 2, .max_ms = INT64_MAX / 2, .sorted = true };
        Column c = { 0 };
        Buf out = { .arena = w->arena };
        assert_ok(store_querier(tsdb_engine(w->db), args.min_ms, args.max_ms, &q, &w->err), w->err);
        assert_ok(q->select(q, &args, w->arena, &all, &w->err), w->err);
        for (size_t i = 0; i < all.n; i++) {
                column_clear(&c);
                assert_ok(q->read(q, &all, i, args.min_ms, args.max_ms, &c, &w->err), w->err);
                if (!c.n)
                        continue;
                labels_print(&out, all.series[i].labels);
                for (size_t k = 0; k < c.n; k++)
                        buf_printf(&out, " %lld=%g", (long long)(c.t[k] - NOW_MS), c.v[k]);
                buf_char(&out, ';');
        }
        column_done(&c);
        return buf_cstr(&out);
}

static void accepts(void **state)
{
        World *w = *state;
        put_series(w, "x", "1", NOW_MS, 1);
        put_series(w, "x", "2", NOW_MS, 2);
        assert_int_equal(send_message(w), 204);
        put_series(w, "x", "1", NOW_MS, 1); /* sent again */
        put_series(w, "x", "1", NOW_MS + 1000, 3);
        assert_int_equal(send_message(w), 204);
        assert_string_equal(content(w), "x{a=\"1\"} 0=1 1000=3;x{a=\"2\"} 0=2;");
        assert_int_equal(send_message(w), 204); /* nothing at all */
}

static void conflict_rolls_back_all(void **state)
{
        World *w = *state;
        put_series(w, "x", "1", NOW_MS, 1);
        assert_int_equal(send_message(w), 204);
        for (int i = 0; i < 2; i++) {
                put_series(w, "y", "1", NOW_MS, 5);
                put_series(w, "x", "1", NOW_MS, 2);
                assert_int_equal(send_message(w), 400);
                assert_contains(w->err.msg,
                                "duplicate sample for timestamp: series x{a=\"1\"}, timestamp 1700000000000");
        }
        put_series(w, "y", "1", NOW_MS, 5);
        put_series(w, "x", "1", NOW_MS - 1000, 2);
        assert_int_equal(send_message(w), 400);
        assert_contains(w->err.msg, "out of order sample");
        assert_string_equal(content(w), "x{a=\"1\"} 0=1;");
        put_series(w, "y", "1", NOW_MS, 6); /* the reference of the rolled-back series is not trusted blindly */
        assert_int_equal(send_message(w), 204);
        assert_string_equal(content(w), "x{a=\"1\"} 0=1;y{a=\"1\"} 0=6;");
}

static void too_far_in_the_future(void **state)
{
        World *w = *state;
        put_series(w, "x", "1", NOW_MS + 11 * 60 * 1000, 1);
        assert_int_equal(send_message(w), 400);
        assert_contains(w->err.msg, "out of bounds");
        put_series(w, "x", "1", NOW_MS + 9 * 60 * 1000, 1);
        assert_int_equal(send_message(w), 204);
}

static void bad_labels_are_skipped(void **state)
{
        World *w = *state;
        for (int i = 0; i < 2; i++) {
                size_t at = proto_begin(&w->message, 1); /* no name */
                put_label(&w->message, "a", "1");
                put_sample(&w->message, NOW_MS, 1);
                proto_end(&w->message, at);
                put_series(w, "x\xff", "1", NOW_MS, 1);
                at = proto_begin(&w->message, 1); /* a name twice */
                put_label(&w->message, "__name__", "x");
                put_label(&w->message, "a", "1");
                put_label(&w->message, "a", "2");
                put_sample(&w->message, NOW_MS, 1);
                proto_end(&w->message, at);
                at = proto_begin(&w->message, 1); /* more labels than any store takes: sending again would not help */
                put_label(&w->message, "__name__", "many");
                for (int k = 0; k < 300; k++)
                        put_label(&w->message, str_printf(w->arena, "l%d", k).p, "v");
                put_sample(&w->message, NOW_MS, 1);
                proto_end(&w->message, at);
                put_series(w, "good", "1", NOW_MS + i, 1);
                assert_int_equal(send_message(w), 204);
        }
        assert_string_equal(content(w), "good{a=\"1\"} 0=1 1=1;");
}

static void odd_orders(void **state)
{
        World *w = *state;
        for (int i = 0; i < 2; i++) {
                size_t at = proto_begin(&w->message, 1); /* samples first */
                put_sample(&w->message, NOW_MS + i, 1);
                put_label(&w->message, "__name__", "first");
                proto_end(&w->message, at);
                at = proto_begin(&w->message, 1);
                put_sample(&w->message, NOW_MS + i, 2);
                put_label(&w->message, "__name__", "second");
                proto_end(&w->message, at);
                at = proto_begin(&w->message, 1); /* a label behind */
                put_label(&w->message, "__name__", "third");
                put_sample(&w->message, NOW_MS + i, 3);
                put_label(&w->message, "z", "9");
                proto_end(&w->message, at);
                at = proto_begin(&w->message, 1);
                put_label(&w->message, "__name__", "third");
                put_sample(&w->message, NOW_MS + i, 4);
                proto_end(&w->message, at);
                at = proto_begin(&w->message, 1); /* unsorted, and an empty value */
                put_label(&w->message, "b", "2");
                put_label(&w->message, "e", "");
                put_label(&w->message, "__name__", "unsorted");
                put_sample(&w->message, NOW_MS + i, 5);
                proto_end(&w->message, at);
                assert_int_equal(send_message(w), 204);
        }
        assert_string_equal(
                content(w),
                "first 0=1 1=1;second 0=2 1=2;third 0=4 1=4;third{z=\"9\"} 0=3 1=3;unsorted{b=\"2\"} 0=5 1=5;");
}

static void broken_bodies(void **state)
{
        World *w = *state;
        assert_int_equal(ingest_remote_write_body(w->rw, STR("\xff\xff\xff\xff\xff\xff"), w->arena, &w->err), 400);
        assert_int_equal(ingest_remote_write_body(w->rw, STR(""), w->arena, &w->err), 400);
        /* A block that says it is one byte over 32 MiB: refused by its header. */
        assert_int_equal(ingest_remote_write_body(w->rw, STR("\x81\x80\x80\x10\x00"), w->arena, &w->err), 413);
        buf_lit(&w->message, "\x0a\x05xx");
        assert_int_equal(send_message(w), 400);
        put_series(w, "x", "1", NOW_MS, 1);
        for (size_t n = 1; n < 30; n++) { /* cut anywhere */
                AUTO(buf_done) Buf block = { 0 };
                snappy_encode(str_sub(buf_str(&w->message), 0, n), &block);
                if (n < w->message.n)
                        assert_int_equal(ingest_remote_write_body(w->rw, buf_str(&block), w->arena, &w->err), 400);
        }
        assert_string_equal(content(w), "");
}

static void series_limit(void **state)
{
        World *w = *state;
        put_series(w, "x", "1", NOW_MS, 1);
        put_series(w, "x", "2", NOW_MS, 1);
        assert_int_equal(send_message(w), 429);
        assert_contains(w->err.msg, "series limit");
        assert_string_equal(content(w), "x{a=\"1\"} 0=1;");
}

/* ---- histograms and exemplars of version 1 */

static void put_histogram(Buf *out, uint32_t field, int64_t t_ms, uint64_t first)
{
        size_t at = proto_begin(out, field), in;
        proto_put_varint(out, 1, first + 5 + 2); /* count */
        proto_put_double(out, 3, 12.5);
        proto_put_sint(out, 4, 2);
        proto_put_double(out, 5, 0.001);
        proto_put_varint(out, 6, 2); /* zero count */
        in = proto_begin(out, 11);
        proto_put_sint(out, 1, -1);
        proto_put_varint(out, 2, 2);
        proto_end(out, in);
        in = proto_begin(out, 12); /* deltas, packed */
        varint_add_signed(out, (int64_t)first);
        varint_add_signed(out, 5 - (int64_t)first);
        proto_end(out, in);
        proto_put_varint(out, 15, (uint64_t)t_ms);
        proto_end(out, at);
}

static void put_exemplar(Buf *out, int64_t t_ms, double v)
{
        size_t at = proto_begin(out, 3);
        put_label(out, "trace_id", "abc");
        proto_put_double(out, 2, v);
        proto_put_varint(out, 3, (uint64_t)t_ms);
        proto_end(out, at);
}

/* Samples of the series x{a="1"}, and "exemplar time=value" of all of it. */
static const char *rich_content(World *w)
{
        AUTO(querier_close) Querier *q = NULL;
        StoreSelection all;
        Matcher m = { .type = MATCH_EQ, .name = STR("__name__"), .value = STR("x") };
        SelectArgs args = { .matchers = { &m, 1 }, .min_ms = 0, .max_ms = INT64_MAX, .sorted = true };
        Column c = { 0 };
        Buf out = { .arena = w->arena };
        ExemplarSeries *series;
        size_t n;
        assert_ok(store_querier(tsdb_engine(w->db), args.min_ms, args.max_ms, &q, &w->err), w->err);
        assert_ok(q->select(q, &args, w->arena, &all, &w->err), w->err);
        assert_int_equal(all.n, 1);
        assert_ok(q->read(q, &all, 0, args.min_ms, args.max_ms, &c, &w->err), w->err);
        for (size_t i = 0; i < c.n; i++) {
                buf_printf(&out, "%lld", (long long)(c.t[i] - NOW_MS));
                if (c.st && c.st[i])
                        buf_printf(&out, "(%lld)", (long long)(c.st[i] - NOW_MS));
                const Histogram *h = c.h ? c.h[i] : NULL;
                if (h)
                        buf_printf(&out, "=%s{n=%g sum=%g z=%g s=%d [%d]%g,%g} ", h->integer ? "int" : "float",
                                   h->count, h->sum, h->zero_count, h->schema, h->positive.spans[0].offset,
                                   h->positive.counts[0], h->positive.counts[1]);
                else
                        buf_printf(&out, "=%g ", c.v[i]);
        }
        assert_ok(q->exemplars(q, &args.matchers, 1, 0, INT64_MAX, w->arena, &series, &n, &w->err), w->err);
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < series[i].n; k++)
                        buf_printf(&out, "exemplar %lld=%g ", (long long)(series[i].data[k].t_ms - NOW_MS),
                                   series[i].data[k].v);
        column_done(&c);
        return buf_cstr(&out);
}

static void histograms_and_exemplars(void **state)
{
        World *w = *state;
        for (int i = 0; i < 3; i++) { /* new, cached, with a bad exemplar */
                size_t at = proto_begin(&w->message, 1);
                put_label(&w->message, "__name__", "x");
                put_label(&w->message, "a", "1");
                put_exemplar(&w->message, NOW_MS + (i == 2 ? 0 : i), 0.5);
                put_histogram(&w->message, 4, NOW_MS + i, 3 + (uint64_t)i);
                proto_end(&w->message, at);
                assert_int_equal(send_message(w), 204);
        }
        assert_string_equal(rich_content(w),
                            "0=int{n=10 sum=12.5 z=2 s=2 [-1]3,5} 1=int{n=11 sum=12.5 z=2 s=2 [-1]4,5} "
                            "2=int{n=12 sum=12.5 z=2 s=2 [-1]5,5} exemplar 0=0.5 exemplar 1=0.5 ");
        size_t at = proto_begin(&w->message, 1);
        put_label(&w->message, "__name__", "x");
        put_label(&w->message, "a", "1");
        size_t h = proto_begin(&w->message, 4); /* a count without buckets */
        proto_put_varint(&w->message, 1, 3);
        proto_put_varint(&w->message, 15, NOW_MS + 9);
        proto_end(&w->message, h);
        proto_end(&w->message, at);
        assert_int_equal(send_message(w), 400);
        assert_contains(w->err.msg, "invalid histogram: series x{a=\"1\"}, timestamp 1700000000009");
}

/* ---- version 2 */

typedef struct V2 {
        const char *symbols[32];
        size_t n;
} V2;

static uint32_t symbol(V2 *v, const char *s)
{
        for (size_t i = 0; i < v->n; i++)
                if (strcmp(v->symbols[i], s) == 0)
                        return (uint32_t)i;
        v->symbols[v->n] = s;
        return (uint32_t)v->n++;
}

static void put_refs(Buf *out, V2 *v, const char *const *strings, size_t n)
{
        size_t at = proto_begin(out, 1);
        for (size_t i = 0; i < n; i++)
                varint_add(out, symbol(v, strings[i]));
        proto_end(out, at);
}

static size_t begin_v2(World *w, V2 *v, const char *name, const char *a)
{
        size_t at = proto_begin(&w->message, 5);
        put_refs(&w->message, v, (const char *const[]){ "__name__", name, "a", a }, 4);
        return at;
}

static void put_v2_sample(World *w, int64_t t_ms, double value, int64_t start_ms)
{
        size_t at = proto_begin(&w->message, 2);
        proto_put_double(&w->message, 1, value);
        proto_put_varint(&w->message, 2, (uint64_t)t_ms);
        if (start_ms)
                proto_put_varint(&w->message, 3, (uint64_t)start_ms);
        proto_end(&w->message, at);
}

static int send_v2(World *w, V2 *v, IngestWritten *written)
{
        AUTO(buf_done) Buf block = { 0 };
        for (size_t i = 0; i < v->n; i++) /* behind the series: legal */
                proto_put_bytes(&w->message, 4, str_of(v->symbols[i]));
        snappy_encode(buf_str(&w->message), &block);
        buf_clear(&w->message);
        return ingest_remote_write_message(w->rw, 2, buf_str(&block), w->arena, written, &w->err);
}

static void version_2(void **state)
{
        World *w = *state;
        IngestWritten written;
        for (int i = 0; i < 3; i++) {
                V2 v = { .symbols = { "", i == 1 ? "shifts the numbers" : "x" }, .n = 2 };
                size_t at = begin_v2(w, &v, "x", "1");
                put_v2_sample(w, NOW_MS + 10 * i, i + 1, i == 1 ? NOW_MS - 50 : 0);
                if (i == 2)
                        proto_put_varint(&w->message, 6, (uint64_t)(NOW_MS - 70)); /* of the whole series */
                size_t e = proto_begin(&w->message, 4);
                put_refs(&w->message, &v, (const char *const[]){ "trace_id", "abc" }, 2);
                proto_put_double(&w->message, 2, 0.25);
                proto_put_varint(&w->message, 3, (uint64_t)NOW_MS + (uint64_t)i);
                proto_end(&w->message, e);
                proto_end(&w->message, at);
                assert_int_equal(send_v2(w, &v, &written), 204);
                assert_true(written.samples == 1 && written.exemplars == 1 && written.histograms == 0);
        }
        V2 v = { .symbols = { "" }, .n = 1 };
        size_t at = begin_v2(w, &v, "x", "1");
        put_histogram(&w->message, 3, NOW_MS + 100, 3);
        proto_end(&w->message, at);
        assert_int_equal(send_v2(w, &v, &written), 204);
        assert_true(written.histograms == 1);
        assert_string_equal(rich_content(w), "0=1 10(-50)=2 20(-70)=3 100=int{n=10 sum=12.5 z=2 s=2 [-1]3,5} "
                                             "exemplar 0=0.25 exemplar 1=0.25 exemplar 2=0.25 ");
}

static const char *metadata(World *w)
{
        IngestMetadata *all;
        size_t n;
        Buf out = { .arena = w->arena };
        ingest_remote_write_metadata(w->rw, (Str){ 0 }, w->arena, &all, &n);
        for (size_t i = 0; i < n; i++)
                buf_printf(&out, STR_FMT " %s '" STR_FMT "' '" STR_FMT "';", STR_ARG(all[i].metric),
                           metadata_type_name(all[i].meta.type), STR_ARG(all[i].meta.help), STR_ARG(all[i].meta.unit));
        return buf_cstr(&out);
}

static void put_metadata(World *w, uint64_t type, const char *family, const char *help, const char *unit)
{
        size_t at = proto_begin(&w->message, 3);
        proto_put_varint(&w->message, 1, type);
        proto_put_bytes(&w->message, 2, str_of(family));
        proto_put_bytes(&w->message, 4, str_of(help));
        proto_put_bytes(&w->message, 5, str_of(unit));
        proto_end(&w->message, at);
}

static void version_1_describes(void **state)
{
        World *w = *state;
        put_metadata(w, 1, "a_total", "What A did.", "");
        put_metadata(w, 3, "b_seconds", "How long B took.", "seconds");
        assert_int_equal(send_message(w), 204);
        put_series(w, "x", "1", NOW_MS, 1);
        put_metadata(w, 2, "x", "X.", "");
        put_metadata(w, 1, "a_total", "What A has done.", "");
        proto_put_bytes(&w->message, 3, STR("\xff\xff")); /* no message: passed over */
        assert_int_equal(send_message(w), 204);
        assert_string_equal(metadata(w), "a_total counter 'What A has done.' '';b_seconds histogram 'How long B took.' "
                                         "'seconds';x gauge 'X.' '';");
        assert_string_equal(content(w), "x{a=\"1\"} 0=1;");
}

static void send_described(World *w, int64_t t_ms, const char *help)
{
        V2 v = { .symbols = { "" }, .n = 1 };
        IngestWritten written;
        size_t at = begin_v2(w, &v, "x_bucket", "1");
        put_v2_sample(w, t_ms, 1, 0);
        size_t m = proto_begin(&w->message, 5);
        proto_put_varint(&w->message, 1, 3);
        proto_put_varint(&w->message, 3, symbol(&v, help));
        proto_put_varint(&w->message, 4, symbol(&v, "seconds"));
        proto_end(&w->message, m);
        proto_end(&w->message, at);
        assert_int_equal(send_v2(w, &v, &written), 204);
}

/* A series' metadata is read when it is new and then every few minutes, not with every sample. */
static void version_2_describes(void **state)
{
        World *w = *state;
        send_described(w, NOW_MS, "X.");
        assert_string_equal(metadata(w), "x histogram 'X.' 'seconds';");
        send_described(w, NOW_MS + 1000, "Y.");
        assert_string_equal(metadata(w), "x histogram 'X.' 'seconds';");
        clock_manual_advance_ms(&w->clock, 5 * 60000);
        send_described(w, NOW_MS + 5 * 60000, "Z.");
        assert_string_equal(metadata(w), "x histogram 'Z.' 'seconds';");
}

static void version_2_stores_what_it_can(void **state)
{
        World *w = *state;
        IngestWritten written;
        V2 v = { .symbols = { "" }, .n = 1 };
        put_series(w, "old", "1", NOW_MS, 1);
        assert_int_equal(send_message(w), 204);
        size_t at = begin_v2(w, &v, "good", "1");
        put_v2_sample(w, NOW_MS, 1, 0);
        proto_end(&w->message, at);
        at = begin_v2(w, &v, "old", "1");
        put_v2_sample(w, NOW_MS - 1, 1, 0); /* out of order */
        put_v2_sample(w, NOW_MS, 2, 0);     /* conflict */
        put_v2_sample(w, NOW_MS + 1, 3, 0); /* fine */
        proto_end(&w->message, at);
        at = begin_v2(w, &v, "empty", "1"); /* no samples */
        proto_end(&w->message, at);
        at = proto_begin(&w->message, 5); /* no name */
        put_refs(&w->message, &v, (const char *const[]){ "a", "1" }, 2);
        put_v2_sample(w, NOW_MS, 1, 0);
        proto_end(&w->message, at);
        at = proto_begin(&w->message, 5); /* an odd number of references, one out of range */
        proto_put_varint(&w->message, 1, 77);
        put_v2_sample(w, NOW_MS, 1, 0);
        proto_end(&w->message, at);
        at = begin_v2(w, &v, "good", "2");
        put_v2_sample(w, NOW_MS, 1, 0);
        proto_end(&w->message, at);
        assert_int_equal(send_v2(w, &v, &written), 400);
        assert_int_equal(written.samples, 3);
        const char *told = str_dupz(w->arena, written.told);
        assert_contains(w->err.msg, "5 refused");
        assert_contains(told, "out of order sample: series old{a=\"1\"}, timestamp 1699999999999");
        assert_contains(told, "duplicate sample for timestamp: series old");
        assert_contains(told, "neither a sample nor a histogram: series empty");
        assert_contains(told, "invalid labels: series {a=\"1\"}");
        assert_contains(told, "label references");
        assert_string_equal(content(w), "good{a=\"1\"} 0=1;good{a=\"2\"} 0=1;old{a=\"1\"} 0=1 1=3;");
        /* what is no message stores nothing */
        at = begin_v2(w, &v, "good", "3");
        put_v2_sample(w, NOW_MS, 1, 0);
        proto_end(&w->message, at);
        buf_lit(&w->message, "\x2a\x05xx");
        v.n = 0;
        assert_int_equal(send_v2(w, &v, &written), 400);
        assert_int_equal(written.samples, 0);
        V2 bad = { .symbols = { "not empty" }, .n = 1 };
        assert_int_equal(send_v2(w, &bad, &written), 400);
        assert_contains(w->err.msg, "first symbol");
        assert_string_equal(content(w), "good{a=\"1\"} 0=1;good{a=\"2\"} 0=1;old{a=\"1\"} 0=1 1=3;");
}

/* ---- over HTTP */

static void headers(void **state)
{
        World *w = *state;
        Net net;
        HttpRoute routes[] = { { .methods = HTTP_POST,
                                 .path = "/w",
                                 .handle = ingest_remote_write_handle,
                                 .self = w->rw,
                                 .on_pool = true,
                                 .keep_encoded = true } };
        static const struct {
                const char *type, *encoding;
                int status;
        } cases[] = { { "application/x-protobuf", "snappy", 204 },
                      { "application/x-protobuf; proto=prometheus.WriteRequest", "snappy", 204 },
                      { "application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", 204 },
                      { "application/x-protobuf;proto=other", "snappy", 415 },
                      { "application/json", "snappy", 415 },
                      { "application/x-protobuf", "gzip", 415 } };
        AUTO(buf_done) Buf block = { 0 };
        AUTO(buf_done) Buf out = { 0 };
        put_series(w, "x", "1", NOW_MS, 1);
        snappy_encode(buf_str(&w->message), &block);
        net_start(&net, routes, 1);
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                HttpHeader h[] = { { STR("Content-Type"), str_of(cases[i].type) },
                                   { STR("Content-Encoding"), str_of(cases[i].encoding) } };
                char url[100];
                snprintf(url, sizeof url, "%s/w", net.base);
                HttpCallOptions o = {
                        .method = "POST", .url = str_of(url), .headers = h, .n_headers = 2, .body = buf_str(&block)
                };
                HttpAnswer answer;
                assert_ok(http_client_call(net.client, &o, &answer, &out), answer.err);
                if (answer.status != cases[i].status)
                        fail_msg("%s, %s: %d", cases[i].type, cases[i].encoding, answer.status);
                assert_true(answer.status == 204 || answer.body.n > 10);
        }
        net_stop(&net);
        assert_string_equal(content(w), "x{a=\"1\"} 0=1;");
}

enum { WRITERS = 4, ROUNDS = 40, SERIES = 20 };

static World *shared;
static _Atomic int failures;

static void write_many(void *arg)
{
        uintptr_t id = (uintptr_t)arg;
        World own = { .rw = shared->rw, .arena = arena_new() };
        for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < SERIES; i++) {
                        char a[32];
                        snprintf(a, sizeof a, "%d",
                                 id % 2 ? i
                                        : i + (int)(id + 1) *
                                                          1000); /* two writers share their series and send the same */
                        put_series(&own, "x", a, NOW_MS + round, round);
                }
                int status = send_message(&own);
                failures += status != 204 && !(status == 400 && strstr(own.err.msg, "out of order"));
        }
        buf_done(&own.message);
        arena_free(own.arena);
}

static void many_at_once(void **state)
{
        Thread threads[WRITERS];
        Err err;
        shared = *state;
        for (uintptr_t i = 0; i < WRITERS; i++)
                assert_ok(thread_start(&threads[i], "writer", write_many, (void *)i, &err), err);
        for (int i = 0; i < WRITERS; i++)
                thread_join(threads[i]);
        assert_int_equal(failures, 0);
        TsdbStats s;
        tsdb_stats(shared->db, &s);
        assert_int_equal(s.series, 3 * SERIES);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
                T(accepts),
                T(conflict_rolls_back_all),
                T(too_far_in_the_future),
                T(bad_labels_are_skipped),
                T(odd_orders),
                T(broken_bodies),
                cmocka_unit_test_setup_teardown(series_limit, setup_limited, teardown),
                T(histograms_and_exemplars),
                T(version_2),
                T(version_1_describes),
                T(version_2_describes),
                T(version_2_stores_what_it_can),
                T(headers),
                T(many_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
