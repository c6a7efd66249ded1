/* Invariants:
 * 1. An exchange is in `active` from its request line until the library completes it; a suspended connection is always
 * one of these, and somebody is bound to resume it: its worker, its stream's writer, the watch, or http_server_stop.
 * 2. Once `stopping` is set nothing is suspended any more, so the daemon is never stopped with a suspended connection.
 * 3. A request is refused before its body is read where its head tells, and the moment its body exceeds the limit.
 * Refused uploads are answered on the socket itself and drained by the watch, so that the client reads the answer, not
 * a reset.
 * 4. Lock order: server, hub, stream, then the library's own. No handler runs under a lock.
 *
 * Why libmicrohttpd behind our own checks: measured as fast as the best, it streams bodies and suspends connections;
 * what it lacks (a client that leaves while suspended, strict framing, early refusal in mid-body) is added here. */
#include "net/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/num.h"
#include "net/fdwatch.h"
#include "net/http_exchange.h"
#include "net/listen_addr.h"
#include "net/sse_client.h"
#include "os/clock.h"
#include "os/mutex.h"
#include "os/proc.h"

METRIC_FAMILY(requests, METRIC_KIND_COUNTER, "pharos_net_http_requests_total",
              "Requests answered, by route and status.", "route", "code");
METRIC_FAMILY(request_seconds, METRIC_KIND_HISTOGRAM, "pharos_net_http_request_seconds",
              "Time from the request line to the last byte of the answer, by route.", "route");
METRIC_GAUGE(in_flight, "pharos_net_http_requests_in_flight", "Requests that are being read, worked on or answered.");
METRIC_COUNTER(request_bytes, "pharos_net_http_request_bytes_total", "Bytes of request bodies as received.");
METRIC_COUNTER(response_bytes, "pharos_net_http_response_bytes_total",
               "Bytes of answer bodies as sent, without streams.");
METRIC_COUNTER(clients_gone, "pharos_net_http_clients_gone_total",
               "Clients that left before their answer was complete.");

struct HttpServer {
        Arena *arena; /* options, routes */
        HttpServerOptions options;
        ExchangeRules rules;
        RouteTable routes;
        RouteEntry unmatched;
        struct MHD_Daemon *daemon;
        FdWatch *watch;
        int listen_fd, port;
        Mutex mu;
        Cond quiet; /* jobs or active fell */
        Exchange *active GUARDED_BY(&mu);
        size_t n_active GUARDED_BY(&mu);
        size_t n_jobs GUARDED_BY(&mu);
        bool stopping GUARDED_BY(&mu);
};

/* ---- the life of an exchange in the library's callbacks */

static void *on_request_line(void *cls, const char *uri, struct MHD_Connection *conn)
{
        HttpServer *server = cls;
        MUTEX_SCOPE(&server->mu);
        Exchange *ex = http_exchange_new(server, &server->rules, conn, uri, server->stopping);
        ex->entry = &server->unmatched;
        cancel_init(&ex->cancel, clock_system(), server->options.timeout_ms);
        ex->next = server->active;
        if (ex->next)
                ex->next->prev = ex;
        server->active = ex;
        metric_set(in_flight, ++server->n_active);
        return ex;
}

static void count_request(Exchange *ex)
{
        RouteEntry *e = ex->entry;
        int status = ex->status ? ex->status : 400; /* the library refused it */
        Str route = e->route ? str_of(e->route->path) : STR("none");
        Metric *by_code = atomic_load(&e->by_code[status]);
        if (!by_code) {
                char code[16];
                int n = snprintf(code, sizeof code, "%d", status);
                by_code = metric_of(&requests, route, str_n(code, (size_t)n));
                atomic_store(&e->by_code[status], by_code);
        }
        Metric *seconds = atomic_load(&e->seconds);
        if (!seconds) {
                seconds = metric_of(&request_seconds, route);
                atomic_store(&e->seconds, seconds);
        }
        metric_add(by_code, 1);
        metric_observe(seconds, (double)(clock_system()->mono_ns(clock_system()) - ex->started_ns) / 1e9);
        metric_add(request_bytes, ex->body.n);
        metric_add(response_bytes, ex->answer_bytes);
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode code)
{
        (void)conn;
        HttpServer *server = cls;
        Exchange *ex = TAKE(*con_cls);
        if (!ex)
                return;
        fdwatch_remove(server->watch, ex->watch_id);
        if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK) {
                cancel_raise(&ex->cancel);
                metric_add(clients_gone, 1);
        }
        http_stream_gone(&ex->stream);
        if (ex->sse)
                sse_hub_detach(ex->sse);
        if (ex->linger_fd >= 0) {
                fdwatch_linger(server->watch, ex->linger_fd);
                ex->linger_fd = -1;
        }
        count_request(ex);
        mutex_lock(&server->mu);
        if (ex->prev)
                ex->prev->next = ex->next;
        else
                server->active = ex->next;
        if (ex->next)
                ex->next->prev = ex->prev;
        metric_set(in_flight, --server->n_active);
        mutex_cond_broadcast(&server->quiet);
        mutex_unlock(&server->mu);
        http_exchange_unref(ex);
}

static void on_gone(void *arg)
{
        Exchange *ex = arg;
        cancel_raise(&ex->cancel);
        http_stream_gone(&ex->stream);
}

static int fd_of(const Exchange *ex)
{
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(ex->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
        return info ? info->connect_fd : -1;
}

void http_server_watch(Exchange *ex)
{
        if (ex->watch_id == 0)
                ex->watch_id = fdwatch_add(ex->server->watch, fd_of(ex), on_gone, ex);
}

static void unwatch(Exchange *ex)
{
        fdwatch_remove(ex->server->watch, ex->watch_id);
        ex->watch_id = 0;
}

void http_server_resume(Exchange *ex)
{
        atomic_store(&ex->phase, EXCHANGE_READY);
        MHD_resume_connection(ex->conn);
}

/* ---- answers */

static enum MHD_Result queue_answer(Exchange *ex)
{
        atomic_store(&ex->phase, EXCHANGE_ANSWERED);
        return MHD_queue_response(ex->conn, (unsigned)ex->status, ex->answer);
}

static enum MHD_Result answer_error(Exchange *ex, int status, const char *why)
{
        http_response_error(ex, status, why);
        http_response_build(ex);
        return queue_answer(ex);
}

/* For an answer to a head: queued when the library asks again. Queued at once it would close the connection. */
static enum MHD_Result answer_later(Exchange *ex)
{
        http_response_build(ex);
        atomic_store(&ex->phase, EXCHANGE_READY);
        return MHD_YES;
}

/* Answers on the socket and drops the connection: the library cannot answer in mid-body, and would reset the connection
 * under the answer. The copy of the descriptor keeps the socket alive for the watch to drain. */
static enum MHD_Result refuse_upload(Exchange *ex, int status, const char *why)
{
        AUTO(buf_done) Buf raw = { 0 };
        http_response_raw(ex, status, why, &raw);
        int fd = fd_of(ex);
        if (fd >= 0 && send(fd, raw.p, raw.n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)raw.n)
                ex->linger_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        atomic_store(&ex->phase, EXCHANGE_ANSWERED);
        return MHD_NO;
}

static enum MHD_Result refuse(Exchange *ex, int status, const char *why)
{
        if (ex->has_body)
                return refuse_upload(ex, status, why);
        if (status == 400)
                vec_push(&ex->out_fields, (HttpField){ STR("Connection"), STR("close") });
        http_response_error(ex, status, why);
        return answer_later(ex);
}

/* ---- running the handler */

static void call_handler(Exchange *ex)
{
        const HttpRoute *route = ex->entry->route;
        route->handle(route->self, &ex->req, &ex->resp);
}

static void hand_back(Exchange *ex)
{
        HttpServer *server = ex->server;
        if (atomic_fetch_sub(&ex->holds, 1) > 1)
                return;
        if (ex->answer) { /* streamed: what is left, and the end */
                IGNORE(http_stream_put(&ex->stream, buf_str(&ex->resp.body)));
                http_stream_end(&ex->stream);
        } else {
                http_response_build(ex);
                if (!ex->streams)
                        unwatch(ex);
                http_server_resume(ex);
        }
        http_exchange_unref(ex);
        mutex_lock(&server->mu);
        server->n_jobs--;
        mutex_cond_broadcast(&server->quiet);
        mutex_unlock(&server->mu);
}

static void run_job(void *arg)
{
        Exchange *ex = arg;
        call_handler(ex);
        hand_back(ex);
}

HttpHeld *http_response_hold(HttpResponse *resp)
{
        Exchange *ex = resp->impl;
        if (!ex || atomic_load(&ex->phase) != EXCHANGE_ON_POOL)
                return NULL;
        atomic_fetch_add(&ex->holds, 1);
        return (HttpHeld *)ex;
}

void http_held_release(HttpHeld *held) { hand_back((Exchange *)held); }

static enum MHD_Result run_on_pool(Exchange *ex)
{
        HttpServer *server = ex->server;
        mutex_lock(&server->mu);
        bool stopping = server->stopping;
        if (!stopping)
                server->n_jobs++;
        mutex_unlock(&server->mu);
        if (stopping)
                return answer_error(ex, 503, "the server is stopping");
        atomic_store(&ex->phase, EXCHANGE_ON_POOL);
        atomic_store(&ex->holds, 1);
        http_exchange_ref(ex);
        http_server_watch(ex);
        MHD_suspend_connection(ex->conn); /* before the job can resume it */
        if (pool_submit(server->options.pool, run_job, ex))
                return MHD_YES;
        unwatch(ex);
        vec_push(&ex->out_fields, (HttpField){ STR("Retry-After"), STR("1") });
        http_response_error(ex, 503, "too many requests are being worked on: try again in a second");
        http_response_build(ex);
        http_server_resume(ex);
        http_exchange_unref(ex);
        mutex_lock(&server->mu);
        server->n_jobs--;
        mutex_cond_broadcast(&server->quiet);
        mutex_unlock(&server->mu);
        return MHD_YES;
}

static enum MHD_Result run(Exchange *ex)
{
        int status;
        const char *why;
        if (!http_request_decode_body(ex, &status, &why))
                return answer_error(ex, status, why);
        const HttpRoute *route = ex->entry->route;
        ex->req.small = route->is_small && route->is_small(route->self, &ex->req);
        if (route->on_pool && !ex->req.small && ex->server->options.pool)
                return run_on_pool(ex);
        call_handler(ex);
        http_response_build(ex);
        if (ex->streams)
                http_server_watch(ex);
        return queue_answer(ex);
}

/* ---- reading the request */

static bool body_too_long(Exchange *ex)
{
        Str length = http_request_header(&ex->req, STR("Content-Length"));
        uint64_t n = 0;
        return length.n > 0 && (!num_parse_u64(length, &n) || n > ex->max_body_bytes);
}

static const char *too_long_text(Exchange *ex)
{
        return str_dupz(ex->arena, str_printf(ex->arena, "the body is larger than %zu bytes", ex->max_body_bytes));
}

static enum MHD_Result answer_preflight(Exchange *ex, unsigned allow)
{
        Str methods = http_route_allow(ex->arena, allow | HTTP_OPTIONS);
        vec_push(&ex->out_fields, (HttpField){ STR("Allow"), methods });
        if (ex->rules->cors_origin.n) {
                vec_push(&ex->out_fields, (HttpField){ STR("Access-Control-Allow-Methods"), methods });
                vec_push(&ex->out_fields, (HttpField){ STR("Access-Control-Allow-Headers"),
                                                       STR("Accept, Authorization, Content-Type, Origin") });
        }
        ex->resp.status = 204;
        return answer_later(ex);
}

static enum MHD_Result on_head(Exchange *ex, const char *method, const char *version)
{
        HttpServer *server = ex->server;
        int status;
        const char *why;
        if (!http_request_read_head(ex, method, version, &status, &why) || !http_request_check_rules(ex, &status, &why))
                return refuse(ex, status, why);
        unsigned allow = 0;
        RouteEntry *entry = http_route_find(&server->routes, ex->req.path, ex->req.method, &allow);
        if (!entry && ex->req.method == HTTP_OPTIONS && !ex->has_body && (allow || str_eq(ex->target, STR("*"))))
                return answer_preflight(ex, allow);
        if (!entry && allow) {
                vec_push(&ex->out_fields,
                         (HttpField){ STR("Allow"), http_route_allow(ex->arena, allow | HTTP_OPTIONS) });
                return refuse(ex, 405, "this method is not allowed here");
        }
        if (!entry)
                return refuse(ex, 404, "there is nothing here");
        ex->entry = entry;
        ex->max_body_bytes = entry->route->max_body_bytes ? entry->route->max_body_bytes : HTTP_SERVER_MAX_BODY_BYTES;
        if (entry->any_rest)
                ex->req.rest = str_sub(ex->req.path, entry->path.n, ex->req.path.n);
        if (body_too_long(ex))
                return refuse(ex, 413, too_long_text(ex));
        atomic_store(&ex->phase, EXCHANGE_BODY);
        return MHD_YES;
}

/* The library fixes the parameters. NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_n, void **con_cls)
{
        (void)cls;
        (void)conn;
        (void)url;
        Exchange *ex = *con_cls;
        switch (atomic_load(&ex->phase)) {
        case EXCHANGE_NEW: return on_head(ex, method, version);
        case EXCHANGE_BODY:
                if (*upload_n == 0)
                        return run(ex);
                if (*upload_n > ex->max_body_bytes - ex->body.n)
                        return refuse_upload(ex, 413, too_long_text(ex));
                buf_add(&ex->body, upload, *upload_n);
                *upload_n = 0;
                return MHD_YES;
        case EXCHANGE_READY: return queue_answer(ex);
        case EXCHANGE_ON_POOL:
        case EXCHANGE_ANSWERED: *upload_n = 0; return MHD_YES;
        }
        return MHD_NO;
}

/* ---- start and stop */

static void on_tick(void *arg)
{
        HttpServer *server = arg;
        MUTEX_SCOPE(&server->mu);
        for (Exchange *ex = server->active; ex; ex = ex->next)
                if (atomic_load(&ex->phase) == EXCHANGE_ANSWERED && ex->sse)
                        sse_client_heartbeat(ex->sse, server->options.sse_heartbeat_ms);
}

PRINTF_LIKE(2, 0) static void on_library_log(void *cls, const char *fmt, va_list args)
{
        (void)cls;
        char line[256];
        vsnprintf(line, sizeof line, fmt, args);
        log_debug("http library", KV("said", str_trim(str_of(line))));
}

/* Paths come decoded by us, once. */
static size_t keep_escapes(void *cls, struct MHD_Connection *conn, char *s)
{
        (void)cls;
        (void)conn;
        return strlen(s);
}

static void take_options(HttpServer *server, const HttpServerOptions *o)
{
        HttpServerOptions *own = &server->options;
        *own = *o;
        own->threads = o->threads ? o->threads : 2;
        own->max_connections = MAX_OF(o->max_connections ? o->max_connections : HTTP_SERVER_MAX_CONNECTIONS,
                                      own->threads);
        own->timeout_ms = o->timeout_ms ? o->timeout_ms : HTTP_SERVER_TIMEOUT_MS;
        own->sse_heartbeat_ms = o->sse_heartbeat_ms ? o->sse_heartbeat_ms : HTTP_SERVER_HEARTBEAT_MS;
        Str prefix = str_dup(server->arena, str_of(o->route_prefix));
        while (prefix.n > 0 && prefix.p[prefix.n - 1] == '/')
                prefix.n--;
        const char **allowed = arena_array(server->arena, const char *, o->n_allowed_hosts ? o->n_allowed_hosts : 1);
        for (size_t i = 0; i < o->n_allowed_hosts; i++)
                allowed[i] = str_dupz(server->arena, str_of(o->allowed_hosts[i]));
        server->rules = (ExchangeRules){
                .hosts = { .hostname = proc_hostname(server->arena),
                           .allowed = allowed,
                           .n_allowed = o->n_allowed_hosts },
                .prefix = prefix,
                .cors_origin = str_dup(server->arena, str_of(o->cors_origin)),
        };
}

static bool start_daemon(HttpServer *server, Err *err)
{
        const HttpServerOptions *o = &server->options;
        struct MHD_OptionItem pool[] = {
                { o->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)o->threads, NULL },
                { MHD_OPTION_END, 0, NULL },
        };
        server->daemon = MHD_start_daemon(
                MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL,
                NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET,
                server->listen_fd, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, server, MHD_OPTION_NOTIFY_COMPLETED,
                on_completed, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_SERVER_MAX_HEADER_BYTES, MHD_OPTION_CONNECTION_LIMIT,
                (unsigned)o->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)MAX_OF(o->timeout_ms / 1000, 1),
                MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
        if (!server->daemon)
                return err_sys(err, errno, "start http server on '%s'", o->listen);
        return true;
}

static void release(HttpServer *server)
{
        fdwatch_free(server->watch);
        if (server->listen_fd >= 0)
                close(server->listen_fd);
        mutex_cond_done(&server->quiet);
        mutex_done(&server->mu);
        arena_free(server->arena);
        mem_free(server);
}

bool http_server_start(const HttpServerOptions *options, const HttpRoute *routes, size_t n, HttpServer **ret, Err *err)
{
        ListenAddr addr;
        if (!listen_addr_parse(options->listen, &addr, err))
                return false;
        if (options->route_prefix && options->route_prefix[0] != '/' && options->route_prefix[0] != 0)
                return err_set(err, ERR_INVALID, "route prefix '%s' does not start with '/'", options->route_prefix);
        HttpServer *server = mem_new(HttpServer);
        server->arena = arena_new();
        server->listen_fd = -1;
        mutex_init(&server->mu);
        mutex_cond_init(&server->quiet);
        take_options(server, options);
        server->rules.check_host = addr.loopback;
        http_route_init(&server->routes, server->arena, routes, n);
        int64_t tick_ms = MIN_OF(server->options.sse_heartbeat_ms, 1000);
        if (!listen_addr_open(&addr, options->listen, &server->listen_fd, &server->port, err) ||
            !fdwatch_new(tick_ms, on_tick, server, &server->watch, err) || !start_daemon(server, err)) {
                release(server);
                return false;
        }
        *ret = server;
        return true;
}

/* Tells everything that is under way to end; after this nothing new is suspended. */
static void begin_stop(HttpServer *server)
{
        MUTEX_SCOPE(&server->mu);
        server->stopping = true;
        for (Exchange *ex = server->active; ex; ex = ex->next) {
                cancel_raise(&ex->cancel);
                http_stream_stop(&ex->stream);
        }
}

void http_server_stop(HttpServer *server)
{
        if (!server)
                return;
        MHD_quiesce_daemon(server->daemon);
        begin_stop(server);
        int64_t deadline = clock_system()->mono_ns(clock_system()) + HTTP_SERVER_DRAIN_MS * INT64_C(1000000);
        mutex_lock(&server->mu);
        while (server->n_jobs > 0)
                mutex_cond_wait(&server->quiet, &server->mu);
        bool in_time = true;
        while (server->n_active > 0 && in_time)
                in_time = mutex_cond_wait_until(&server->quiet, &server->mu, deadline);
        mutex_unlock(&server->mu);
        MHD_stop_daemon(server->daemon);
        release(server);
}

int http_server_port(const HttpServer *server) { return server->port; }
