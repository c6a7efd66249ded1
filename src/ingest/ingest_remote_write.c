/* The endpoint of remote write: snappy-compressed protobuf in, samples in the store.
 *
 * Invariants:
 * 1. What a request may use is bounded: MAX_DECODED_BYTES, told by the block's header before anything is allocated.
 * 2. Buffers of decoded messages are used again, at most one for each of the last SPARE_BUFFERS requests at once, none larger than
 *    SPARE_MAX_BYTES.
 * What is stored and what is refused: rwrun.c. */
#include <stdio.h>

#include "base/mem.h"
#include "base/metric.h"
#include "base/vec.h"
#include "codec/snappy.h"
#include "codec/snapstream.h"
#include "ingest/ingest.h"
#include "ingest/rwmeta.h"
#include "ingest/rwv1.h"
#include "ingest/rwv2.h"
#include "os/mutex.h"

enum {
        MAX_DECODED_BYTES = 32 << 20, /* as upstream */
        MAX_FUTURE_MS = 10 * 60 * 1000,
        SPARE_BUFFERS = 4,
        SPARE_MAX_BYTES = 4 << 20,
};

METRIC_COUNTER(samples, "pharos_ingest_remote_write_samples_total", "Samples accepted by remote write.");
METRIC_COUNTER(histograms, "pharos_ingest_remote_write_histograms_total",
               "Native histograms accepted by remote write.");
METRIC_COUNTER(exemplars, "pharos_ingest_remote_write_exemplars_total", "Exemplars accepted by remote write.");
METRIC_COUNTER(requests, "pharos_ingest_remote_write_requests_total", "Remote write requests.");

struct IngestRemoteWrite {
        StoreEngine *store;
        const Clock *clock;
        RefCache refs;
        RwMeta *meta;
        Mutex mu;
        VEC(Buf) spare GUARDED_BY(&mu);
};

IngestRemoteWrite *ingest_remote_write_new(StoreEngine *store, const Clock *clock)
{
        IngestRemoteWrite *rw = mem_new(IngestRemoteWrite);
        rw->store = store;
        rw->clock = clock;
        refcache_init(&rw->refs);
        rw->meta = rwmeta_new();
        mutex_init(&rw->mu);
        return rw;
}

LOCKS_UNCHECKED void ingest_remote_write_free(IngestRemoteWrite *rw)
{
        if (!rw)
                return;
        refcache_done(&rw->refs);
        rwmeta_free(rw->meta);
        vec_each(b, &rw->spare)
                buf_done(b);
        vec_done(&rw->spare);
        mutex_done(&rw->mu);
        mem_free(rw);
}

static Buf take_buffer(IngestRemoteWrite *rw)
{
        MUTEX_SCOPE(&rw->mu);
        return rw->spare.len ? vec_pop(&rw->spare) : (Buf){ 0 };
}

static void give_buffer(IngestRemoteWrite *rw, Buf buf)
{
        buf_clear(&buf);
        mutex_lock(&rw->mu);
        bool keep = buf.cap <= SPARE_MAX_BYTES && rw->spare.len < SPARE_BUFFERS;
        if (keep)
                vec_push(&rw->spare, buf);
        mutex_unlock(&rw->mu);
        if (!keep)
                buf_done(&buf);
}

/* ---- the endpoint ---- */

static void reply(HttpResponse *resp, int status, const char *reason, const char *text)
{
        rwrun_count(reason);
        resp->status = status;
        buf_printf(&resp->body, "%s\n", text);
}

/* The version of the message that the parameters of the Content-Type name; 1 when they name none, 0 when neither. */
static int version_of(Str params)
{
        for (Str part; str_split_next(&params, ';', &part);) {
                Str name;
                Str value;
                str_cut(str_trim(part), '=', &name, &value);
                if (!str_eq_fold(name, STR("proto")))
                        continue;
                if (str_eq(value, STR("prometheus.WriteRequest")))
                        return 1;
                return str_eq(value, STR("io.prometheus.write.v2.Request")) ? 2 : 0;
        }
        return 1;
}

/* The version, 0 when it was refused. */
static int check_headers(const HttpRequest *req, HttpResponse *resp)
{
        Str type = http_request_header(req, STR("Content-Type"));
        Str encoding = http_request_header(req, STR("Content-Encoding"));
        Str media;
        Str params;
        str_cut(type, ';', &media, &params);
        if (type.n && !str_eq_fold(str_trim(media), STR("application/x-protobuf"))) {
                reply(resp, 415, "content_type", "expected Content-Type application/x-protobuf");
                return 0;
        }
        int version = version_of(params);
        if (!version) {
                reply(resp, 415, "protocol",
                      "expected proto=prometheus.WriteRequest (1.0) or proto=io.prometheus.write.v2.Request (2.0)");
                return 0;
        }
        if (encoding.n && !str_eq_fold(encoding, STR("snappy"))) {
                reply(resp, 415, "content_encoding", "expected Content-Encoding snappy");
                return 0;
        }
        return version;
}

/* Decodes and appends piece by piece. */
static bool write_pieces(RwRun *run, Str block, Buf *window, Err *err)
{
        SnapStream s;
        size_t used = 0;
        if (!snapstream_begin(&s, block, MAX_DECODED_BYTES, window, err))
                return false;
        for (Str piece; snapstream_more(&s, used, &piece, err);)
                if (!rwv1_write(run, piece, snapstream_is_last(&s), &used, err))
                        return false;
        return !s.failed;
}

/* For the blocks that cannot be decoded in pieces, and for version 2, whose symbols may come last. */
static bool write_at_once(RwRun *run, int version, Str block, Buf *message, Err *err)
{
        size_t used;
        buf_clear(message);
        if (!snappy_decode(block, MAX_DECODED_BYTES, message, err))
                return false;
        if (version == 2)
                return rwv2_write(run, buf_str(message), err);
        memset(buf_reserve(message, RWV1_PAD_BYTES), 0, RWV1_PAD_BYTES);
        return rwv1_write(run, buf_str(message), true, &used, err);
}

static RwRun begin_run(IngestRemoteWrite *rw, int version, Arena *arena)
{
        int64_t now_ms = clock_wall_ms(rw->clock);
        return (RwRun){ .refs = refcache_begin(&rw->refs, now_ms),
                        .appender = store_appender(rw->store),
                        .arena = arena,
                        .meta = rw->meta,
                        .now_ms = now_ms,
                        .max_ms = now_ms + MAX_FUTURE_MS,
                        .partial = version == 2,
                        .told.arena = arena };
}

static void abandon_run(RwRun *run)
{
        refcache_end(&run->refs);
        store_rollback(run->appender);
}

static bool write_message(IngestRemoteWrite *rw, int version, Str block, RwRun *run, Arena *arena, Err *err)
{
        Buf buf = take_buffer(rw);
        bool ok = version == 1 ? write_pieces(run, block, &buf, err) : write_at_once(run, 2, block, &buf, err);
        if (!ok && version == 1 && err->code == ERR_UNSUPPORTED) {
                abandon_run(run);
                *run = begin_run(rw, version, arena);
                ok = write_at_once(run, 1, block, &buf, err);
        }
        give_buffer(rw, buf);
        return ok;
}

/* The status of a request that was stored, whole or not. */
static int finish(const RwRun *run, IngestWritten *ret, Err *err)
{
        *ret = (IngestWritten){ run->n_samples, run->n_histograms, run->n_exemplars, buf_str(&run->told) };
        metric_add(samples, run->n_samples);
        metric_add(histograms, run->n_histograms);
        metric_add(exemplars, run->n_exemplars);
        if (run->n_refused) {
                err_set(err, ERR_INVALID, "%llu refused, the rest is stored", (unsigned long long)run->n_refused);
                return 400;
        }
        if (!run->limited)
                return 204;
        err_set(err, ERR_LIMIT, "a series limit was reached: samples of new series were left out");
        return 429;
}

int ingest_remote_write_message(IngestRemoteWrite *rw, int version, Str block, Arena *arena, IngestWritten *ret_written,
                                Err *err)
{
        IngestWritten ignored;
        IngestWritten *written = ret_written ? ret_written : &ignored;
        *written = (IngestWritten){ 0 };
        RwRun run = begin_run(rw, version, arena);
        if (!write_message(rw, version, block, &run, arena, err)) {
                abandon_run(&run);
                rwrun_count("request");
                return err->code == ERR_LIMIT ? 413 : 400;
        }
        refcache_end(&run.refs);
        if (!store_commit(run.appender, err)) {
                rwrun_count("storage");
                return 503;
        }
        return finish(&run, written, err);
}

int ingest_remote_write_body(IngestRemoteWrite *rw, Str block, Arena *arena, Err *err)
{
        return ingest_remote_write_message(rw, 1, block, arena, NULL, err);
}

static void put_written(HttpResponse *resp, Str name, uint64_t n)
{
        char text[24];
        int len = snprintf(text, sizeof text, "%llu", (unsigned long long)n);
        http_response_header(resp, name, str_n(text, (size_t)len));
}

void ingest_remote_write_metadata(IngestRemoteWrite *rw, Str metric, Arena *arena, IngestMetadata **ret, size_t *ret_n)
{
        rwmeta_list(rw->meta, metric, arena, ret, ret_n);
}

void ingest_remote_write_handle(void *self, const HttpRequest *req, HttpResponse *resp)
{
        Err err;
        IngestWritten written;
        metric_add(requests, 1);
        int version = check_headers(req, resp);
        if (!version)
                return;
        resp->status = ingest_remote_write_message(self, version, req->body, req->arena, &written, &err);
        if (version == 2) {
                put_written(resp, STR("X-Prometheus-Remote-Write-Samples-Written"), written.samples);
                put_written(resp, STR("X-Prometheus-Remote-Write-Histograms-Written"), written.histograms);
                put_written(resp, STR("X-Prometheus-Remote-Write-Exemplars-Written"), written.exemplars);
        }
        if (resp->status != 204)
                buf_printf(&resp->body, "%s\n" STR_FMT, err.msg, STR_ARG(written.told));
        if (resp->status == 503)
                http_response_header(resp, STR("Retry-After"), STR("5"));
}
