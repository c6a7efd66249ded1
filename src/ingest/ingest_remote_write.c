/* The endpoint of remote write: snappy-compressed protobuf in, samples in the store.
 *
 * Invariants:
 * 1. What a request may use is bounded: MAX_DECODED_BYTES, told by the block's header before anything is allocated.
 * 2. Buffers of decoded messages are used again, at most one for each of the last SPARE_BUFFERS requests at once, none larger than
 *    SPARE_MAX_BYTES.
 * What is stored and what is refused: rwrun.c. */
#include "base/mem.h"
#include "base/metric.h"
#include "base/vec.h"
#include "codec/snappy.h"
#include "codec/snapstream.h"
#include "ingest/ingest.h"
#include "ingest/rwv1.h"
#include "os/mutex.h"

enum {
        MAX_DECODED_BYTES = 32 << 20, /* as upstream */
        MAX_FUTURE_MS = 10 * 60 * 1000,
        SPARE_BUFFERS = 4,
        SPARE_MAX_BYTES = 4 << 20,
};

METRIC_COUNTER(samples, "pharos_ingest_remote_write_samples_total", "Samples accepted by remote write.");
METRIC_COUNTER(requests, "pharos_ingest_remote_write_requests_total", "Remote write requests.");

struct IngestRemoteWrite {
        StoreEngine *store;
        const Clock *clock;
        RefCache refs;
        Mutex mu;
        VEC(Buf) spare GUARDED_BY(&mu);
};

IngestRemoteWrite *ingest_remote_write_new(StoreEngine *store, const Clock *clock)
{
        IngestRemoteWrite *rw = mem_new(IngestRemoteWrite);
        rw->store = store;
        rw->clock = clock;
        refcache_init(&rw->refs);
        mutex_init(&rw->mu);
        return rw;
}

LOCKS_UNCHECKED void ingest_remote_write_free(IngestRemoteWrite *rw)
{
        if (!rw)
                return;
        refcache_done(&rw->refs);
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

/* For the blocks that cannot be decoded in pieces. */
static bool write_at_once(RwRun *run, Str block, Buf *message, Err *err)
{
        size_t used;
        buf_clear(message);
        if (!snappy_decode(block, MAX_DECODED_BYTES, message, err))
                return false;
        memset(buf_reserve(message, RWV1_PAD_BYTES), 0, RWV1_PAD_BYTES);
        return rwv1_write(run, buf_str(message), true, &used, err);
}

static RwRun begin_run(IngestRemoteWrite *rw, Arena *arena)
{
        return (RwRun){ .refs = refcache_begin(&rw->refs),
                        .appender = store_appender(rw->store),
                        .arena = arena,
                        .max_ms = clock_wall_ms(rw->clock) + MAX_FUTURE_MS };
}

static void abandon_run(RwRun *run)
{
        refcache_end(&run->refs);
        store_rollback(run->appender);
}

static int status_of(const Err *err) { return err->code == ERR_LIMIT ? 413 : 400; }

int ingest_remote_write_body(IngestRemoteWrite *rw, Str block, Arena *arena, Err *err)
{
        Buf buf = take_buffer(rw);
        RwRun run = begin_run(rw, arena);
        bool ok = write_pieces(&run, block, &buf, err);
        if (!ok && err->code == ERR_UNSUPPORTED) {
                abandon_run(&run);
                run = begin_run(rw, arena);
                ok = write_at_once(&run, block, &buf, err);
        }
        give_buffer(rw, buf);
        if (!ok) {
                abandon_run(&run);
                rwrun_count("request");
                return status_of(err);
        }
        refcache_end(&run.refs);
        if (!store_commit(run.appender, err)) {
                rwrun_count("storage");
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
