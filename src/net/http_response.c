/* Invariants:
 * 1. Every answer that is made here carries the security headers; a handler may replace a header by setting it itself.
 * 2. A header whose name or value could break the answer apart is refused by the library's own check, not sent.
 *
 * Why compression happens where the handler ran: a large result is compressed on a worker, never on an epoll thread. */
#include "base/check.h"
#include "codec/json.h"
#include "net/http_coding.h"
#include "net/http_exchange.h"
#include "net/sse_client.h"

static const char CSP_HTML[] =
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'self'";
static const char CSP_OTHER[] = "default-src 'none'; frame-ancestors 'self'";

static const HttpField SECURITY[] = {
        { STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff") },
        { STR_INIT("Referrer-Policy"), STR_INIT("same-origin") },
        { STR_INIT("X-Frame-Options"), STR_INIT("SAMEORIGIN") },
};

void http_response_header(HttpResponse *resp, Str name, Str value)
{
        Exchange *ex = resp->impl;
        vec_push(&ex->out_fields, (HttpField){ str_dup(ex->arena, name), str_dup(ex->arena, value) });
}

void http_response_static(HttpResponse *resp, const void *p, size_t n)
{
        Exchange *ex = resp->impl;
        ex->static_body = str_n(p, n);
        ex->is_static = true;
}

bool http_response_flush(HttpResponse *resp)
{
        Exchange *ex = resp->impl;
        if (!ex->answer) {
                if (atomic_load(&ex->phase) != EXCHANGE_ON_POOL)
                        return true; /* on an epoll thread nobody could send meanwhile: the body is sent at the end */
                ex->streams = true;
                http_response_build(ex);
                http_server_resume(ex);
        }
        bool taken = http_stream_put(&ex->stream, buf_str(&resp->body));
        buf_clear(&resp->body);
        return taken;
}

void http_response_sse(HttpResponse *resp, SseHub *hub, const char *hello_event, Str hello_json)
{
        Exchange *ex = resp->impl;
        CHECK(!ex->sse && !ex->answer);
        SseClient *client = sse_client_new(&ex->stream);
        ex->sse = client;
        SseEvent *hello = sse_client_event(hello_event, hello_json);
        sse_client_push(client, hello);
        sse_client_event_unref(hello);
        if (!sse_hub_attach(hub, client)) {
                vec_push(&ex->out_fields, (HttpField){ STR("Retry-After"), STR("5") });
                http_response_error(ex, 503, "too many live views are open: close some, or try again");
                return;
        }
        ex->streams = true;
        resp->status = 200;
        resp->content_type = "text/event-stream";
        vec_push(&ex->out_fields, (HttpField){ STR("Cache-Control"), STR("no-store") });
        vec_push(&ex->out_fields,
                 (HttpField){ STR("X-Accel-Buffering"), STR("no") }); /* nginx would hold events back */
}

static const char *error_type(int status)
{
        switch (status) {
        case 404: return "not_found";
        case 503: return "unavailable";
        case 500: return "internal";
        default: return "bad_data";
        }
}

static bool wants_json(const Exchange *ex)
{
        return str_find(ex->target, STR("/api/")) != SIZE_MAX ||
               str_find(http_request_header(&ex->req, STR("Accept")), STR("application/json")) != SIZE_MAX;
}

void http_response_error(Exchange *ex, int status, const char *why)
{
        HttpResponse *resp = &ex->resp;
        resp->status = status;
        resp->no_compress = true;
        ex->is_static = false;
        buf_clear(&resp->body);
        if (wants_json(ex)) {
                resp->content_type = "application/json";
                buf_printf(&resp->body, "{\"status\":\"error\",\"errorType\":\"%s\",\"error\":", error_type(status));
                json_quote(&resp->body, str_of(why));
                buf_lit(&resp->body, "}\n");
        } else {
                resp->content_type = "text/plain; charset=utf-8";
                buf_printf(&resp->body, "%s\n", why);
        }
}

static bool has_field(Exchange *ex, Str name)
{
        vec_each(f, &ex->out_fields)
                if (str_eq_fold(f->name, name))
                        return true;
        return false;
}

static void default_field(Exchange *ex, Str name, Str value)
{
        if (!has_field(ex, name))
                vec_push(&ex->out_fields, (HttpField){ name, value });
}

static void add_cors(Exchange *ex)
{
        Str allowed = ex->rules->cors_origin;
        Str origin = http_request_header(&ex->req, STR("Origin"));
        if (allowed.n == 0 || (!str_eq(allowed, STR("*")) && !str_eq(allowed, origin)))
                return;
        default_field(ex, STR("Access-Control-Allow-Origin"), allowed);
        default_field(ex, STR("Access-Control-Expose-Headers"), STR("Date"));
        if (!str_eq(allowed, STR("*")))
                vec_push(&ex->out_fields, (HttpField){ STR("Vary"), STR("Origin") });
}

/* The fields that every answer has, after the handler's. */
static void add_common_fields(Exchange *ex)
{
        Str type = ex->resp.content_type ? str_of(ex->resp.content_type) : STR("text/plain; charset=utf-8");
        default_field(ex, STR("Content-Type"), type);
        for (size_t i = 0; i < ARRAY_LEN(SECURITY); i++)
                default_field(ex, SECURITY[i].name, SECURITY[i].value);
        bool html = str_starts(type, STR("text/html"));
        default_field(ex, STR("Content-Security-Policy"), str_of(html ? CSP_HTML : CSP_OTHER));
        add_cors(ex);
}

static Str coded_body(Exchange *ex, Str body)
{
        HttpResponse *resp = &ex->resp;
        if (resp->no_compress || body.n < HTTP_CODING_MIN_BYTES || has_field(ex, STR("Content-Encoding")) ||
            !http_coding_worthwhile(resp->content_type ? str_of(resp->content_type) : STR("text/plain")))
                return body;
        vec_push(&ex->out_fields, (HttpField){ STR("Vary"), STR("Accept-Encoding") });
        HttpCoding coding = http_coding_choose(http_request_header(&ex->req, STR("Accept-Encoding")));
        if (coding == HTTP_CODING_NONE || !http_coding_encode(coding, body, &ex->encoded))
                return body;
        vec_push(&ex->out_fields, (HttpField){ STR("Content-Encoding"), str_of(http_coding_name(coding)) });
        return buf_str(&ex->encoded);
}

void http_response_build(Exchange *ex)
{
        HttpResponse *resp = &ex->resp;
        if (resp->status == 0)
                resp->status = 200;
        if (resp->status < 100 || resp->status >= HTTP_ROUTE_CODES)
                resp->status = 500;
        ex->status = resp->status;
        if (ex->streams && (ex->req.method == HTTP_HEAD || ex->status == 204 || ex->status == 304)) {
                /* The library would send the last chunk's mark, which the client takes for the next answer. */
                ex->answer = MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
                http_stream_gone(&ex->stream);
        } else if (ex->streams) {
                ex->answer = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_STREAM_BLOCK_BYTES,
                                                               http_stream_read, &ex->stream, NULL);
        } else {
                Str body = coded_body(ex, ex->is_static ? ex->static_body : buf_str(&resp->body));
                ex->answer_bytes = body.n;
                ex->answer = MHD_create_response_from_buffer(body.n, (void *)body.p, MHD_RESPMEM_PERSISTENT);
        }
        CHECK(ex->answer); /* out of memory */
        add_common_fields(ex);
        vec_each(f, &ex->out_fields)
                MHD_add_response_header(ex->answer, str_dupz(ex->arena, f->name), str_dupz(ex->arena, f->value));
}

void http_response_raw(Exchange *ex, int status, const char *why, Buf *out)
{
        http_response_error(ex, status, why);
        add_common_fields(ex);
        Str body = buf_str(&ex->resp.body);
        ex->answer_bytes = body.n;
        ex->status = status;
        buf_printf(out, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: %zu\r\n", status,
                   MHD_get_reason_phrase_for((unsigned)status), body.n);
        vec_each(f, &ex->out_fields)
                buf_printf(out, STR_FMT ": " STR_FMT "\r\n", STR_ARG(f->name), STR_ARG(f->value));
        buf_lit(out, "\r\n");
        if (ex->req.method != HTTP_HEAD)
                buf_str_add(out, body);
}
