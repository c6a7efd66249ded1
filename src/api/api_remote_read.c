/* Answers of samples are one compressed message; streams leave frame by frame, so that memory does not grow with the answer. */
#include "api/api_remote_read.h"

#include <stdatomic.h>

#include "base/metric.h"
#include "codec/snappy.h"
#include "interop/remoteread.h"

enum { FLUSH_BYTES = 128 << 10 };

METRIC_COUNTER(queries, "pharos_api_remote_read_queries_total", "Queries of remote read requests.");
METRIC_COUNTER(read_samples, "pharos_api_remote_read_samples_total", "Samples that remote read requests got.");

static void refuse(HttpResponse *resp, const Err *err)
{
        switch (err->code) {
        case ERR_INVALID:
        case ERR_LIMIT:
        case ERR_UNSUPPORTED: resp->status = 400; break;
        case ERR_CANCELED: resp->status = 499; break;
        case ERR_TIMEOUT: resp->status = 503; break;
        case ERR_NONE:
        case ERR_NOT_FOUND:
        case ERR_EXISTS:
        case ERR_CORRUPT:
        case ERR_IO:
        case ERR_UNAVAILABLE:
        case ERR_CODE_MAX_: resp->status = 500; break;
        }
        buf_clear(&resp->body);
        buf_printf(&resp->body, "%s\n", err->msg);
}

static bool send_frame(void *ctx, Str frame, Err *err)
{
        HttpResponse *resp = ctx;
        buf_str_add(&resp->body, frame);
        return resp->body.n < FLUSH_BYTES || http_response_flush(resp) ||
               err_set(err, ERR_CANCELED, "the client is gone");
}

static bool answer_samples(RemoteReadRun *run, const RemoteReadRequest *request, Arena *arena, HttpResponse *resp,
                           Err *err)
{
        Buf message = { .arena = arena };
        run->sample_limit = REMOTEREAD_SAMPLE_LIMIT;
        for (size_t i = 0; i < request->n; i++)
                if (!remoteread_samples(run, &request->queries[i], &message, err))
                        return false;
        resp->content_type = "application/x-protobuf";
        http_response_header(resp, STR("Content-Encoding"), STR("snappy"));
        snappy_encode(buf_str(&message), &resp->body);
        return true;
}

static bool answer_chunks(RemoteReadRun *run, const RemoteReadRequest *request, HttpResponse *resp, Err *err)
{
        resp->content_type = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
        run->write = send_frame;
        run->ctx = resp;
        for (size_t i = 0; i < request->n; i++)
                if (!remoteread_stream(run, &request->queries[i], i, err))
                        return false;
        return true;
}

/* The times that all queries together ask for. */
static void range_of(const RemoteReadRequest *request, int64_t *ret_min_ms, int64_t *ret_max_ms)
{
        *ret_min_ms = INT64_MAX;
        *ret_max_ms = INT64_MIN;
        for (size_t i = 0; i < request->n; i++) {
                *ret_min_ms = MIN_OF(*ret_min_ms, request->queries[i].start_ms);
                *ret_max_ms = MAX_OF(*ret_max_ms, request->queries[i].end_ms);
        }
}

static bool answer(ApiContext *ctx, const HttpRequest *req, HttpResponse *resp, Err *err)
{
        AUTO(querier_close) Querier *q = NULL;
        RemoteReadRequest request;
        int64_t min_ms, max_ms;
        if (!remoteread_parse(req->body, req->arena, &request, err))
                return false;
        RemoteReadRun run = { .cancel = req->cancel };
        if (ctx->external_labels)
                run.external = ctx->external_labels(ctx->app, req->arena);
        range_of(&request, &min_ms, &max_ms);
        if (!store_querier(ctx->store, min_ms, max_ms, &q, err))
                return false;
        run.q = q;
        for (size_t i = 0; i < request.n; i++)
                remoteread_strip_external(&request.queries[i], run.external, req->arena);
        metric_add(queries, request.n);
        bool ok = request.chunks ? answer_chunks(&run, &request, resp, err)
                                 : answer_samples(&run, &request, req->arena, resp, err);
        metric_add(read_samples, run.samples);
        return ok;
}

void api_remote_read(void *self, const HttpRequest *req, HttpResponse *resp)
{
        ApiContext *ctx = self;
        Err err;
        resp->no_compress = true;
        if (atomic_fetch_add(&ctx->remote_reads, 1) >= API_REMOTE_READ_CONCURRENCY) {
                resp->status = 503;
                http_response_header(resp, STR("Retry-After"), STR("1"));
                buf_lit(&resp->body, "too many remote reads at a time\n");
        } else if (!answer(ctx, req, resp, &err)) {
                refuse(resp, &err);
        }
        atomic_fetch_sub(&ctx->remote_reads, 1);
}
