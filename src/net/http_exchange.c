/* Why reference counted: a worker may still write a streamed answer when the library has already let go of the
 * connection. */
#include "net/http_exchange.h"

#include <unistd.h>

#include "base/mem.h"
#include "net/sse_client.h"
#include "os/clock.h"

Exchange *http_exchange_new(HttpServer *server, const ExchangeRules *rules, struct MHD_Connection *conn,
                            const char *target, bool stopped)
{
        Exchange *ex = mem_new(Exchange);
        ex->server = server;
        ex->rules = rules;
        ex->conn = conn;
        ex->arena = arena_new();
        ex->refs = 1;
        ex->linger_fd = -1;
        ex->started_ns = clock_system()->mono_ns(clock_system());
        ex->target = str_dup(ex->arena, str_of(target));
        ex->fields.arena = ex->arena;
        ex->params.arena = ex->arena;
        ex->out_fields.arena = ex->arena;
        ex->req.arena = ex->arena;
        ex->req.impl = ex;
        ex->req.cancel = &ex->cancel;
        ex->resp.impl = ex;
        http_stream_init(&ex->stream, conn, stopped);
        return ex;
}

void http_exchange_ref(Exchange *ex) { atomic_fetch_add(&ex->refs, 1); }

void http_exchange_unref(Exchange *ex)
{
        if (!ex || atomic_fetch_sub(&ex->refs, 1) != 1)
                return;
        if (ex->answer)
                MHD_destroy_response(ex->answer);
        if (ex->linger_fd >= 0)
                close(ex->linger_fd);
        sse_client_free(ex->sse);
        http_stream_done(&ex->stream);
        buf_done(&ex->resp.body);
        buf_done(&ex->body);
        buf_done(&ex->decoded);
        buf_done(&ex->encoded);
        arena_free(ex->arena);
        mem_free(ex);
}
