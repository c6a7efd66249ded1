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
                      { "application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", 415 },
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
                T(headers),
                T(many_at_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
