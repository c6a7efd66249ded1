#include "interop_data.h"

#include "codec/proto.h"
#include "codec/snappy.h"
#include "interop/promchunk.h"
#include "interop/remoteread.h"

enum { START_MS = 1600000000 };

/* A request of one query, as a client writes it. */
static Str request(Arena *arena, int64_t from, int64_t to, uint64_t type, const char *name, const char *value,
                   const char *accepted)
{
        Buf m = { .arena = arena }, packed = { .arena = arena };
        size_t q = proto_begin(&m, 1);
        proto_put_varint(&m, 1, (uint64_t)from);
        proto_put_varint(&m, 2, (uint64_t)to);
        size_t matcher = proto_begin(&m, 3);
        proto_put_varint(&m, 1, type);
        proto_put_bytes(&m, 2, str_of(name));
        proto_put_bytes(&m, 3, str_of(value));
        proto_end(&m, matcher);
        proto_put_bytes(&m, 4, STR("hints are not read"));
        proto_end(&m, q);
        if (accepted)
                proto_put_bytes(&m, 2, str_of(accepted));
        snappy_encode(buf_str(&m), &packed);
        return buf_str(&packed);
}

static void reads_requests(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        RemoteReadRequest r;
        Err err;
        assert_ok(remoteread_parse(request(arena, -5, 10, 2, "job", "a.*", "\1"), arena, &r, &err), err);
        assert_int_equal(r.n, 1);
        assert_true(r.chunks);
        assert_int_equal(r.queries[0].start_ms, -5);
        assert_int_equal(r.queries[0].matchers.n, 1);
        assert_int_equal(r.queries[0].matchers.data[0].type, MATCH_RE);
        assert_true(matcher_matches(&r.queries[0].matchers.data[0], STR("abc")));
        assert_ok(remoteread_parse(request(arena, 0, 1, 0, "job", "a", "\7\1"), arena, &r, &err), err);
        assert_true(r.chunks);
        assert_ok(remoteread_parse(request(arena, 0, 1, 0, "job", "a", NULL), arena, &r, &err), err);
        assert_false(r.chunks);
        assert_false(remoteread_parse(request(arena, 0, 1, 0, "job", "a", "\7"), arena, &r, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        assert_false(remoteread_parse(request(arena, 0, 1, 9, "job", "a", NULL), arena, &r, &err));
        assert_false(remoteread_parse(request(arena, 0, 1, 2, "job", "(", NULL), arena, &r, &err));
        assert_false(remoteread_parse(STR("\xff\xff\xff"), arena, &r, &err));
        Str good = request(arena, 0, 1, 0, "job", "a", "\1");
        for (size_t i = 0; i < good.n; i++)
                IGNORE(remoteread_parse(str_sub(good, 0, i), arena, &r, &err));
}

static bool keep(void *ctx, Str frame, Err *err)
{
        (void)err;
        buf_str_add(ctx, frame);
        return true;
}

/* Reads the frames of one query back into a store. */
static size_t read_stream(Str stream, MemStore *into, Arena *arena)
{
        size_t frames = 0;
        Err err;
        Appender *a = store_appender(memstore_engine(into));
        while (stream.n) {
                uint64_t n;
                size_t used = varint_get((const unsigned char *)stream.p, stream.n, &n);
                Str message = str_sub(stream, used + 4, used + 4 + n);
                assert_int_equal(bits_be32(stream.p + used), hash_crc32c(0, message.p, message.n));
                stream = str_sub(stream, used + 4 + n, stream.n);
                frames++;
                ProtoReader r = proto_reader(message);
                int series = 0;
                for (ProtoField f; proto_next(&r, &f);) {
                        if (f.number == 2) {
                                assert_int_equal(f.value, 3);
                                continue;
                        }
                        series++;
                        Label pairs[8];
                        size_t n_pairs = 0;
                        ProtoReader s = proto_reader(f.bytes);
                        for (ProtoField g; proto_next(&s, &g);) {
                                ProtoReader inner = proto_reader(g.bytes);
                                Str a_name = { 0 }, data = { 0 };
                                uint64_t encoding = 0;
                                for (ProtoField h; proto_next(&inner, &h);) {
                                        if (h.number == 1)
                                                a_name = h.bytes;
                                        if (h.number == 2 && g.number == 1)
                                                pairs[n_pairs++] = (Label){ a_name, h.bytes };
                                        if (h.number == 3)
                                                encoding = h.value;
                                        if (h.number == 4)
                                                data = h.bytes;
                                }
                                if (g.number != 2)
                                        continue;
                                Column c = { 0 };
                                assert_ok(promchunk_decode((unsigned)encoding, data, INT64_MIN, INT64_MAX, &c, &err),
                                          err);
                                for (size_t i = 0; i < c.n; i++)
                                        data_put(a, (Labels){ pairs, n_pairs }, c.t[i], c.v[i], c.h ? c.h[i] : NULL);
                                column_done(&c);
                        }
                }
                assert_int_equal(series, 1); /* clients look at the first only */
        }
        assert_ok(store_commit(a, &err), err);
        (void)arena;
        return frames;
}

static void streams_every_sample(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = data_store(START_MS);
        AUTO(memstore_free) MemStore *back = memstore_new();
        AUTO(querier_close) Querier *q = NULL;
        Buf out = { .arena = arena };
        Err err;
        assert_ok(store_querier(memstore_engine(ms), 0, INT64_MAX, &q, &err), err);
        RemoteReadRun run = { .q = q, .write = keep, .ctx = &out };
        RemoteReadQuery query = { .start_ms = 0, .end_ms = INT64_MAX };
        assert_ok(remoteread_stream(&run, &query, 3, &err), err);
        assert_int_equal(read_stream(buf_str(&out), back, arena), 7);
        data_same_stores(memstore_engine(ms), memstore_engine(back), INT64_MIN, INT64_MAX);
}

static void external_labels_come_and_go(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        AUTO(querier_close) Querier *q = NULL;
        Buf out = { .arena = arena };
        Err err;
        memstore_add(ms, data_labels(arena, "up", "zone", "own"), 5, 1);
        memstore_add(ms, data_labels(arena, "up", "a", "b"), 5, 2);
        assert_ok(store_querier(memstore_engine(ms), 0, 10, &q, &err), err);
        Label external[] = { { STR("zone"), STR("eu") } };
        Matcher m[2];
        assert_ok(matcher_make(arena, MATCH_EQ, STR("zone"), STR("eu"), &m[0], &err), err);
        assert_ok(matcher_make(arena, MATCH_EQ, STR("__name__"), STR("up"), &m[1], &err), err);
        RemoteReadQuery query = { .start_ms = 0, .end_ms = 10, .matchers = { m, 2 } };
        RemoteReadRun run = { .q = q, .external = { external, 1 }, .sample_limit = 2 };
        remoteread_strip_external(&query, run.external, arena);
        assert_int_equal(query.matchers.n, 1);
        assert_ok(remoteread_samples(&run, &query, &out, &err), err);
        assert_true(str_find(buf_str(&out), STR("zone\x12\x02"
                                                "eu")) != SIZE_MAX);
        assert_true(str_find(buf_str(&out), STR("zone\x12\x03own")) != SIZE_MAX);
        assert_int_equal(run.samples, 2);
        assert_false(remoteread_samples(&run, &query, &out, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_contains(err.msg, "exceeded sample limit (2)");
}

/* Bytes worked out from the protocol's definition. */
static void samples_as_published(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        AUTO(querier_close) Querier *q = NULL;
        Buf out = { .arena = arena };
        Err err;
        memstore_add(ms, data_labels(arena, "up", NULL, NULL), 5, 1.5);
        assert_ok(store_querier(memstore_engine(ms), 0, 10, &q, &err), err);
        RemoteReadQuery query = { .start_ms = 0, .end_ms = 10 };
        RemoteReadRun run = { .q = q };
        assert_ok(remoteread_samples(&run, &query, &out, &err), err);
        static const char want[] =
                "\x0a\x1f\x0a\x1d\x0a\x0e\x0a\x08__name__\x12\x02up\x12\x0b\x09\0\0\0\0\0\0\xf8\x3f\x10\x05";
        assert_int_equal(out.n, sizeof want - 1);
        assert_memory_equal(out.p, want, sizeof want - 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(reads_requests), cmocka_unit_test(streams_every_sample),
                                            cmocka_unit_test(external_labels_come_and_go),
                                            cmocka_unit_test(samples_as_published) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
