/* Invariants
 * 1. Series come sorted by the labels that the client sees, each at most once in a row: clients merge them.
 * 2. A frame holds chunks of one series, for clients look at its first one only; it ends once it is larger than REMOTEREAD_FRAME_BYTES.
 *    Memory is bounded by that and by one series' samples. */
#include "interop/remoteread.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/vec.h"
#include "codec/proto.h"
#include "codec/snappy.h"
#include "interop/promchunk.h"
#include "interop/promproto.h"

enum { ANSWER_SAMPLES = 0, ANSWER_CHUNKS = 1 };

/* ---- requests */

static bool read_matcher(Str bytes, Arena *arena, Matcher *ret, Err *err)
{
        static const MatchType types[] = { MATCH_EQ, MATCH_NE, MATCH_RE, MATCH_NRE };
        ProtoReader r = proto_reader(bytes);
        uint64_t type = 0;
        Str name = { 0 }, value = { 0 };
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 1)
                        type = proto_as_u64(&f);
                else if (f.number == 2)
                        name = f.bytes;
                else if (f.number == 3)
                        value = f.bytes;
        }
        if (!proto_done(&r, err))
                return false;
        if (type >= ARRAY_LEN(types))
                return err_set(err, ERR_INVALID, "a matcher has type %llu", (unsigned long long)type);
        return matcher_make(arena, types[type], name, value, ret, err);
}

static bool read_query(Str bytes, Arena *arena, RemoteReadQuery *ret, Err *err)
{
        ProtoReader r = proto_reader(bytes);
        VEC(Matcher) matchers = { .arena = arena };
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 1) {
                        ret->start_ms = proto_as_i64(&f);
                } else if (f.number == 2) {
                        ret->end_ms = proto_as_i64(&f);
                } else if (f.number == 3) {
                        if (matchers.len == REMOTEREAD_MAX_MATCHERS)
                                return err_set(err, ERR_LIMIT, "a query has more than %d matchers",
                                               REMOTEREAD_MAX_MATCHERS);
                        if (!read_matcher(f.bytes, arena, vec_add(&matchers), err))
                                return false;
                }
        }
        ret->matchers = (Matchers){ matchers.data, matchers.len };
        return proto_done(&r, err);
}

typedef struct Accepted {
        bool any, known, chunks; /* types were named; one of them is ours; the first of ours is a stream */
} Accepted;

static void read_accepted(const ProtoField *f, Accepted *a)
{
        ProtoPacked it = proto_packed(f, PROTO_VARINT);
        for (uint64_t type; proto_packed_next(&it, &type);) {
                a->any = true;
                if (a->known || (type != ANSWER_SAMPLES && type != ANSWER_CHUNKS))
                        continue;
                a->known = true;
                a->chunks = type == ANSWER_CHUNKS;
        }
}

bool remoteread_parse(Str block, Arena *arena, RemoteReadRequest *ret, Err *err)
{
        Buf message = { .arena = arena };
        VEC(RemoteReadQuery) queries = { .arena = arena };
        Accepted accepted = { 0 };
        if (!snappy_decode(block, REMOTEREAD_MAX_REQUEST_BYTES, &message, err))
                return false;
        ProtoReader r = proto_reader(buf_str(&message));
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 2)
                        read_accepted(&f, &accepted);
                if (f.number != 1)
                        continue;
                RemoteReadQuery q = { 0 };
                if (queries.len == REMOTEREAD_MAX_QUERIES)
                        return err_set(err, ERR_LIMIT, "more than %d queries", REMOTEREAD_MAX_QUERIES);
                if (!read_query(f.bytes, arena, &q, err))
                        return false;
                vec_push(&queries, q);
        }
        if (!proto_done(&r, err))
                return false;
        if (accepted.any && !accepted.known)
                return err_set(err, ERR_UNSUPPORTED,
                               "none of the accepted response types is SAMPLES or STREAMED_XOR_CHUNKS");
        *ret = (RemoteReadRequest){ .queries = queries.data, .n = queries.len, .chunks = accepted.chunks };
        return true;
}

void remoteread_strip_external(RemoteReadQuery *query, Labels external, Arena *arena)
{
        VEC(Matcher) kept = { .arena = arena };
        for (size_t i = 0; i < query->matchers.n; i++) {
                const Matcher *m = &query->matchers.data[i];
                Str value = labels_get(external, m->name);
                if (m->type == MATCH_EQ && value.n && str_eq(value, m->value))
                        continue;
                vec_push(&kept, *m);
        }
        query->matchers = (Matchers){ kept.data, kept.len };
}

/* ---- answers */

typedef struct ReadSeries {
        Labels labels; /* with the external ones */
        size_t i;      /* in the selection */
} ReadSeries;

static int by_labels(const void *a, const void *b)
{
        return labels_cmp(((const ReadSeries *)a)->labels, ((const ReadSeries *)b)->labels);
}

static Labels with_external(Labels labels, Labels external, Arena *arena)
{
        LabelsBuilder b;
        if (external.n == 0)
                return labels;
        labels_builder_init(&b, arena, labels);
        for (size_t i = 0; i < external.n; i++)
                if (!labels_has(labels, external.data[i].name))
                        labels_builder_set(&b, external.data[i].name, external.data[i].value);
        return labels_builder_build(&b, arena);
}

static bool select_series(RemoteReadRun *run, const RemoteReadQuery *query, Arena *arena, StoreSelection *sel,
                          ReadSeries **ret, Err *err)
{
        SelectArgs args = { .matchers = query->matchers,
                            .min_ms = query->start_ms,
                            .max_ms = query->end_ms,
                            .sorted = run->external.n == 0,
                            .cancel = run->cancel };
        if (!run->q->select(run->q, &args, arena, sel, err))
                return false;
        ReadSeries *series = arena_array(arena, ReadSeries, sel->n + 1);
        for (size_t i = 0; i < sel->n; i++)
                series[i] = (ReadSeries){ with_external(sel->series[i].labels, run->external, arena), i };
        if (run->external.n && sel->n)
                qsort(series, sel->n, sizeof *series, by_labels);
        *ret = series;
        return true;
}

/* The samples of the i-th series; counts them. */
static bool read_series(RemoteReadRun *run, const RemoteReadQuery *query, const StoreSelection *sel, size_t i,
                        Column *c, Err *err)
{
        column_clear(c);
        if (!cancel_check(run->cancel, err) || !run->q->read(run->q, sel, i, query->start_ms, query->end_ms, c, err))
                return false;
        run->samples += c->n;
        if (run->sample_limit && run->samples > run->sample_limit)
                return err_set(err, ERR_LIMIT, "exceeded sample limit (%llu)", (unsigned long long)run->sample_limit);
        return true;
}

static void put_samples(Buf *out, Labels labels, const Column *c)
{
        size_t begun = proto_begin(out, 1);
        promproto_labels(out, 1, labels);
        for (size_t k = 0; k < c->n; k++)
                if (!c->h || !c->h[k])
                        promproto_sample(out, 2, c->t[k], c->v[k]);
        for (size_t k = 0; c->h && k < c->n; k++)
                if (c->h[k])
                        promproto_histogram(out, 4, c->t[k], c->h[k]);
        proto_end(out, begun);
}

bool remoteread_samples(RemoteReadRun *run, const RemoteReadQuery *query, Buf *out, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        StoreSelection sel;
        ReadSeries *series;
        Column c = { 0 };
        bool ok = true;
        if (!select_series(run, query, arena, &sel, &series, err))
                return false;
        size_t begun = proto_begin(out, 1);
        for (size_t k = 0; ok && k < sel.n; k++) {
                ok = read_series(run, query, &sel, series[k].i, &c, err);
                if (ok && c.n)
                        put_samples(out, series[k].labels, &c);
        }
        proto_end(out, begun);
        column_done(&c);
        return ok;
}

/* One ChunkedReadResponse under way. */
typedef struct Frame {
        RemoteReadRun *run;
        size_t index;
        Buf message, framed;
        size_t series; /* begun */
} Frame;

static bool send_frame(Frame *f, Err *err)
{
        char crc[4];
        proto_put_varint(&f->message, 2, f->index);
        buf_clear(&f->framed);
        varint_add(&f->framed, f->message.n);
        bits_put_be32(crc, hash_crc32c(0, f->message.p, f->message.n));
        buf_add(&f->framed, crc, sizeof crc);
        buf_str_add(&f->framed, buf_str(&f->message));
        buf_clear(&f->message);
        return f->run->write(f->run->ctx, buf_str(&f->framed), err);
}

static void begin_series(Frame *f, Labels labels)
{
        f->series = proto_begin(&f->message, 1);
        promproto_labels(&f->message, 1, labels);
}

static bool stream_series(Frame *f, Labels labels, const Column *c, Buf *bytes, Err *err)
{
        begin_series(f, labels);
        for (size_t at = 0; at < c->n;) {
                unsigned encoding;
                buf_clear(bytes);
                size_t n = promchunk_encode(c, at, PROMCHUNK_ENCODED_SAMPLES, bytes, &encoding);
                size_t begun = proto_begin(&f->message, 2);
                proto_put_varint(&f->message, 1, (uint64_t)c->t[at]);
                proto_put_varint(&f->message, 2, (uint64_t)c->t[at + n - 1]);
                proto_put_varint(&f->message, 3, encoding);
                proto_put_bytes(&f->message, 4, buf_str(bytes));
                proto_end(&f->message, begun);
                at += n;
                if (f->message.n < REMOTEREAD_FRAME_BYTES || at == c->n)
                        continue;
                proto_end(&f->message, f->series); /* the series goes on in the next frame */
                if (!send_frame(f, err))
                        return false;
                begin_series(f, labels);
        }
        proto_end(&f->message, f->series);
        return send_frame(f, err);
}

bool remoteread_stream(RemoteReadRun *run, const RemoteReadQuery *query, size_t index, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        StoreSelection sel;
        ReadSeries *series;
        Column c = { 0 };
        Buf bytes = { 0 };
        Frame f = { .run = run, .index = index };
        if (!select_series(run, query, arena, &sel, &series, err))
                return false;
        bool ok = true;
        for (size_t k = 0; ok && k < sel.n; k++) {
                ok = read_series(run, query, &sel, series[k].i, &c, err);
                if (ok && c.n)
                        ok = stream_series(&f, series[k].labels, &c, &bytes, err);
        }
        buf_done(&f.message);
        buf_done(&f.framed);
        buf_done(&bytes);
        column_done(&c);
        return ok;
}
