/* Prometheus remote write 1.0: snappy-compressed protobuf, WriteRequest{1 timeseries{1 labels{1 name, 2 value},
 * 2 samples{1 value, 2 ms}, 3 exemplars, 4 histograms}, 3 metadata}.
 *
 * Invariants:
 * 1. A request is stored whole or not at all: the first refused sample rolls it back and is named in the 400.
 * 2. A series seen before costs one hash of its label bytes: the cache maps them to the store's reference. A reference
 *    that the store forgot is resolved again from the labels.
 * 3. Series with bad labels are skipped and counted, as upstream does; they never fail the others. So are native
 *    histograms, which are not stored in this version. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/vec.h"
#include "codec/proto.h"
#include "codec/snappy.h"
#include "ingest/ingest.h"
#include "os/mutex.h"
#include "store/labelcheck.h"

enum {
        MAX_DECODED_BYTES = 32 << 20, /* as upstream */
        MAX_LABELS = 512,
        CACHE_SHARDS = 16,
        CACHE_SHARD_MAX = 1 << 17, /* entries; a full shard is emptied: 2 Mi series in all */
        MAX_FUTURE_MS = 10 * 60 * 1000,
};

METRIC_COUNTER(samples, "pharos_ingest_remote_write_samples_total", "Samples accepted by remote write.");
METRIC_COUNTER(requests, "pharos_ingest_remote_write_requests_total", "Remote write requests.");
METRIC_FAMILY(refused, METRIC_KIND_COUNTER, "pharos_ingest_remote_write_rejected_total",
              "Requests and series that remote write refused, by reason.", "reason");

#define MAP_NAME RefMap
#define MAP_FN_PREFIX ref_map
#define MAP_KEY Hash128
#define MAP_VAL SeriesRef
#define MAP_HASH(k) (k).lo
#define MAP_EQ(a, b) ((a).lo == (b).lo && (a).hi == (b).hi)
#include "base/map.inc.h"

typedef struct CacheShard {
        Mutex mu;
        RefMap refs; /* guarded by mu */
} CacheShard;

struct IngestRemoteWrite {
        StoreEngine *store;
        const Clock *clock;
        CacheShard shards[CACHE_SHARDS];
};

IngestRemoteWrite *ingest_remote_write_new(StoreEngine *store, const Clock *clock)
{
        IngestRemoteWrite *rw = mem_new(IngestRemoteWrite);
        rw->store = store;
        rw->clock = clock;
        for (size_t i = 0; i < CACHE_SHARDS; i++)
                mutex_init(&rw->shards[i].mu);
        return rw;
}

void ingest_remote_write_free(IngestRemoteWrite *rw)
{
        if (!rw)
                return;
        for (size_t i = 0; i < CACHE_SHARDS; i++) {
                ref_map_done(&rw->shards[i].refs);
                mutex_done(&rw->shards[i].mu);
        }
        mem_free(rw);
}

static SeriesRef cache_get(IngestRemoteWrite *rw, Hash128 key)
{
        CacheShard *shard = &rw->shards[key.hi % CACHE_SHARDS];
        MUTEX_SCOPE(&shard->mu);
        const SeriesRef *ref = ref_map_get(&shard->refs, key);
        return ref ? *ref : 0;
}

static void cache_put(IngestRemoteWrite *rw, Hash128 key, SeriesRef ref)
{
        CacheShard *shard = &rw->shards[key.hi % CACHE_SHARDS];
        MUTEX_SCOPE(&shard->mu);
        if (shard->refs.len >= CACHE_SHARD_MAX)
                ref_map_clear(&shard->refs);
        *ref_map_put(&shard->refs, key, NULL) = ref;
}

/* ---- one series ---- */

static int by_name(const void *a, const void *b) { return str_cmp(((const Label *)a)->name, ((const Label *)b)->name); }

static bool read_label(Str bytes, Label *ret)
{
        ProtoReader r = proto_reader(bytes);
        Err err;
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 1)
                        ret->name = f.bytes;
                else if (f.number == 2)
                        ret->value = f.bytes;
        }
        return proto_done(&r, &err);
}

/* Sorted; empty values left out. False: not labels. */
static bool read_labels(Str series, Arena *arena, Labels *ret)
{
        VEC(Label) pairs = { .arena = arena };
        ProtoReader r = proto_reader(series);
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number != 1)
                        continue;
                Label l = { { 0 }, { 0 } };
                if (pairs.len == MAX_LABELS || !read_label(f.bytes, &l))
                        return false;
                if (l.value.n)
                        vec_push(&pairs, l);
        }
        bool sorted = true;
        for (size_t i = 1; i < pairs.len && sorted; i++)
                sorted = str_cmp(pairs.data[i - 1].name, pairs.data[i].name) < 0;
        if (!sorted)
                qsort(pairs.data, pairs.len, sizeof(Label), by_name);
        *ret = (Labels){ pairs.data, pairs.len };
        return true;
}

typedef struct WriteRun {
        IngestRemoteWrite *rw;
        Appender *appender;
        Arena *arena;
        int64_t max_ms;
        uint64_t n_samples;
        bool limited; /* a series limit refused something: told as 429 after all */
} WriteRun;

static bool refuse(WriteRun *run, Str series, AppendResult result, int64_t t_ms, Err *err)
{
        static const char *const words[APPEND_RESULT_MAX_] = {
                [APPEND_CONFLICT] = "duplicate sample for timestamp",
                [APPEND_OUT_OF_ORDER] = "out of order sample",
                [APPEND_OUT_OF_BOUNDS] = "out of bounds",
        };
        Labels labels = { 0 };
        Buf text = { .arena = run->arena };
        metric_add(metric_of(&refused, str_of(append_result_name(result))), 1);
        if (read_labels(series, run->arena, &labels))
                labels_print(&text, labels);
        return err_set(err, ERR_INVALID, "%s: series " STR_FMT ", timestamp %lld",
                       words[result] ? words[result] : append_result_name(result),
                       STR_ARG(str_sub(buf_str(&text), 0, 300)), (long long)t_ms);
}

/* What is known of the series being written. */
typedef struct Known {
        Hash128 key;
        bool cached; /* key names it */
        SeriesRef ref;
} Known;

/* Appends one sample. *ret_skip: the series cannot be stored, leave out the rest of it. */
static bool append_one(WriteRun *run, Str series, Known *known, int64_t t_ms, double v, bool *ret_skip, Err *err)
{
        Labels labels = { 0 };
        bool had_ref = known->ref != 0;
        if (t_ms > run->max_ms)
                return refuse(run, series, APPEND_OUT_OF_BOUNDS, t_ms, err);
        if (!had_ref && !read_labels(series, run->arena, &labels))
                return err_set(err, ERR_INVALID, "a series has malformed labels, or more than %d", MAX_LABELS);
        /* Before the store is asked, so that its own limit can be told from a series that can never be stored. */
        AppendResult result = had_ref ? APPEND_OK : labelcheck_labels(labels, true);
        if (result == APPEND_OK) {
                result = store_append(run->appender, &known->ref, labels, t_ms, v);
                run->limited |= result == APPEND_LIMIT;
        }
        if (had_ref && result == APPEND_BAD_LABELS) { /* the store forgot the reference */
                known->ref = 0;
                return append_one(run, series, known, t_ms, v, ret_skip, err);
        }
        if (!had_ref && known->ref && known->cached)
                cache_put(run->rw, known->key, known->ref);
        switch (result) {
        case APPEND_OK:
        case APPEND_DUPLICATE: run->n_samples++; return true;
        case APPEND_BAD_LABELS:
        case APPEND_BAD_HISTOGRAM:
        case APPEND_LIMIT:
                metric_add(metric_of(&refused, str_of(append_result_name(result))), 1);
                *ret_skip = true;
                return true;
        case APPEND_CONFLICT:
        case APPEND_OUT_OF_ORDER:
        case APPEND_OUT_OF_BOUNDS:
        case APPEND_RESULT_MAX_: break;
        }
        return refuse(run, series, result, t_ms, err);
}

/* The label fields at the start of a series, as written: what names it. *ret_whole false: there are more of them behind
 * something else, which is legal and never seen; then the run does not name the series. */
static Str label_run(Str series, bool *ret_whole)
{
        ProtoReader r = proto_reader(series);
        const unsigned char *end = r.p;
        ProtoField f;
        bool more;
        while ((more = proto_next(&r, &f)) && f.number == 1)
                end = r.p;
        *ret_whole = true;
        for (; more; more = proto_next(&r, &f))
                *ret_whole &= f.number != 1;
        return str_n(series.p, (size_t)(end - (const unsigned char *)series.p));
}

static bool read_sample(Str bytes, int64_t *ret_t_ms, double *ret_v)
{
        ProtoReader r = proto_reader(bytes);
        Err err;
        *ret_t_ms = 0;
        *ret_v = 0;
        for (ProtoField f; proto_next(&r, &f);) {
                if (f.number == 1)
                        *ret_v = proto_as_double(&f);
                else if (f.number == 2)
                        *ret_t_ms = proto_as_i64(&f);
        }
        return proto_done(&r, &err);
}

static bool write_series(WriteRun *run, Str series, Err *err)
{
        bool whole;
        Str name = label_run(series, &whole);
        Known known = { .key = hash_bytes128(name.p, name.n), .cached = whole && name.n };
        if (known.cached)
                known.ref = cache_get(run->rw, known.key);
        bool skip = false;
        ProtoReader r = proto_reader(str_sub(series, name.n, series.n));
        for (ProtoField f; !skip && proto_next(&r, &f);) {
                int64_t t_ms;
                double v;
                if (f.number == 4)
                        metric_add(metric_of(&refused, STR("histogram")), 1);
                if (f.number != 2)
                        continue;
                if (!read_sample(f.bytes, &t_ms, &v))
                        return err_set(err, ERR_INVALID, "a sample is malformed");
                if (!append_one(run, series, &known, t_ms, v, &skip, err))
                        return false;
        }
        return skip || proto_done(&r, err);
}

static bool write_all(WriteRun *run, Str message, Err *err)
{
        ProtoReader r = proto_reader(message);
        for (ProtoField f; proto_next(&r, &f);)
                if (f.number == 1 && !write_series(run, f.bytes, err))
                        return false;
        return proto_done(&r, err);
}

/* ---- the endpoint ---- */

static void reply(HttpResponse *resp, int status, const char *reason, const char *text)
{
        metric_add(metric_of(&refused, str_of(reason)), 1);
        resp->status = status;
        buf_printf(&resp->body, "%s\n", text);
}

/* Whether the parameters of the Content-Type name version 1's message, or none. */
static bool is_write_request(Str params)
{
        for (Str part; str_split_next(&params, ';', &part);) {
                Str name;
                Str value;
                str_cut(str_trim(part), '=', &name, &value);
                if (str_eq_fold(name, STR("proto")) && !str_eq(value, STR("prometheus.WriteRequest")))
                        return false;
        }
        return true;
}

static bool check_headers(const HttpRequest *req, HttpResponse *resp)
{
        Str type = http_request_header(req, STR("Content-Type"));
        Str encoding = http_request_header(req, STR("Content-Encoding"));
        Str media;
        Str params;
        str_cut(type, ';', &media, &params);
        if (type.n && !str_eq_fold(str_trim(media), STR("application/x-protobuf"))) {
                reply(resp, 415, "content_type", "expected Content-Type application/x-protobuf");
                return false;
        }
        if (!is_write_request(params)) {
                reply(resp, 415, "protocol", "only prometheus.WriteRequest (remote write 1.0) is accepted");
                return false;
        }
        if (encoding.n && !str_eq_fold(encoding, STR("snappy"))) {
                reply(resp, 415, "content_encoding", "expected Content-Encoding snappy");
                return false;
        }
        return true;
}

int ingest_remote_write_body(IngestRemoteWrite *rw, Str block, Arena *arena, Err *err)
{
        AUTO(buf_done) Buf message = { 0 };
        if (!snappy_decode(block, MAX_DECODED_BYTES, &message, err)) {
                metric_add(metric_of(&refused, STR("snappy")), 1);
                return err->code == ERR_LIMIT ? 413 : 400;
        }
        WriteRun run = {
                .rw = rw,
                .appender = store_appender(rw->store),
                .arena = arena,
                .max_ms = clock_wall_ms(rw->clock) + MAX_FUTURE_MS,
        };
        if (!write_all(&run, buf_str(&message), err)) {
                store_rollback(run.appender);
                return 400;
        }
        if (!store_commit(run.appender, err)) {
                metric_add(metric_of(&refused, STR("storage")), 1);
                return 503;
        }
        metric_add(samples, run.n_samples);
        if (!run.limited)
                return 204;
        err_set(err, ERR_LIMIT, "a series limit was reached: samples of new series were left out");
        return 429;
}

void ingest_remote_write_handle(void *self, const HttpRequest *req, HttpResponse *resp)
{
        Err err;
        metric_add(requests, 1);
        if (!check_headers(req, resp))
                return;
        resp->status = ingest_remote_write_body(self, req->body, req->arena, &err);
        if (resp->status != 204)
                buf_printf(&resp->body, "%s\n", err.msg);
        if (resp->status == 503)
                http_response_header(resp, STR("Retry-After"), STR("5"));
}
