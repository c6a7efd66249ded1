/* Invariants:
 * 1. What two parsers could read differently is refused, not guessed: both lengths, two lengths, unknown transfer
 * codings, several Hosts. The library accepts some of these, so they are checked here, on its list of headers.
 * 2. A path that reaches a route is decoded once, has no NUL and no "." or ".." segment: whatever a handler does with
 * it, it stays below its root. */

#include "base/num.h"
#include "net/http_coding.h"
#include "net/http_exchange.h"
#include "net/listen_addr.h"

static bool refuse(int *ret_status, const char **ret_why, int status, const char *why)
{
        *ret_status = status;
        *ret_why = why;
        return false;
}

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n, const char *value,
                                 size_t value_n)
{
        (void)kind;
        Exchange *ex = cls;
        Str name = str_dup(ex->arena, str_n(key, key_n));
        Str copy = value ? str_dup(ex->arena, str_n(value, value_n)) : (Str){ 0 };
        vec_push(&ex->fields, (HttpField){ name, str_trim(copy) });
        return MHD_YES;
}

Str http_request_header(const HttpRequest *req, Str name)
{
        Exchange *ex = req->impl;
        vec_each(f, &ex->fields)
                if (str_eq_fold(f->name, name))
                        return f->value;
        return (Str){ 0 };
}

static bool parse_method(const char *z, HttpMethod *ret)
{
        static const struct {
                const char *name;
                HttpMethod method;
        } METHODS[] = { { "GET", HTTP_GET }, { "HEAD", HTTP_HEAD },     { "POST", HTTP_POST },
                        { "PUT", HTTP_PUT }, { "DELETE", HTTP_DELETE }, { "OPTIONS", HTTP_OPTIONS } };
        for (size_t i = 0; i < ARRAY_LEN(METHODS); i++) {
                if (strcmp(z, METHODS[i].name) == 0) {
                        *ret = METHODS[i].method;
                        return true;
                }
        }
        return false;
}

typedef struct Framing {
        Str length, host;
        bool has_length, has_coding, has_host;
} Framing;

static bool check_field(const HttpField *f, Framing *framing, const char **ret_why)
{
        if (f->name.n == 0 || str_find_char(f->name, ' ') != SIZE_MAX || str_find_char(f->name, '\t') != SIZE_MAX) {
                *ret_why = "a header name is empty or contains a space";
        } else if (str_eq_fold(f->name, STR("Content-Length"))) {
                uint64_t n;
                bool digits = f->value.n > 0 && f->value.p[0] >= '0' && f->value.p[0] <= '9';
                if (!digits || !num_parse_u64(f->value, &n))
                        *ret_why = "Content-Length is not a number";
                else if (framing->has_length && !str_eq(framing->length, f->value))
                        *ret_why = "Content-Length is given twice with different values";
                framing->has_length = true;
                framing->length = f->value;
        } else if (str_eq_fold(f->name, STR("Transfer-Encoding"))) {
                if (framing->has_coding || !str_eq_fold(f->value, STR("chunked")))
                        *ret_why = "Transfer-Encoding must be chunked, once";
                framing->has_coding = true;
        } else if (str_eq_fold(f->name, STR("Host"))) {
                if (framing->has_host)
                        *ret_why = "Host is given twice";
                framing->has_host = true;
                framing->host = f->value;
        }
        return *ret_why == NULL;
}

static bool check_framing(Exchange *ex, const char *version, const char **ret_why)
{
        Framing framing = { 0 };
        *ret_why = NULL;
        ex->has_body = true; /* while unsure, do not read what follows as a request */
        vec_each(f, &ex->fields)
                if (!check_field(f, &framing, ret_why))
                        return false;
        if (framing.has_length && framing.has_coding)
                *ret_why = "Content-Length and Transfer-Encoding exclude each other";
        ex->has_body = framing.has_coding || (framing.has_length && !str_eq(framing.length, STR("0")));
        if (!framing.has_host && strcmp(version, "HTTP/1.0") != 0)
                *ret_why = "the Host header is missing";
        return *ret_why == NULL;
}

static bool has_dot_segment(Str path)
{
        Str part;
        while (str_split_next(&path, '/', &part))
                if (str_eq(part, STR(".")) || str_eq(part, STR("..")))
                        return true;
        return false;
}

static bool read_target(Exchange *ex, const char **ret_why)
{
        Str target = ex->target;
        if (!(target.n && target.p[0] == '/')) {
                size_t scheme = str_find(target, STR("://")); /* absolute form, as sent to a proxy */
                if (str_eq(target, STR("*")) && ex->req.method == HTTP_OPTIONS) {
                        target = STR("/");
                } else if (scheme == SIZE_MAX) {
                        *ret_why = "the request target does not start with '/'";
                        return false;
                } else {
                        target = str_sub(target, scheme + 3, target.n);
                        size_t slash = str_find_char(target, '/');
                        target = slash == SIZE_MAX ? STR("/") : str_sub(target, slash, target.n);
                }
        }
        Str path;
        (void)str_cut(target, '?', &path, &ex->req.query);
        if (!url_decode_strict(ex->arena, path, &ex->req.path)) {
                *ret_why = "the path has a bad escape or a NUL";
                return false;
        }
        if (has_dot_segment(ex->req.path)) {
                *ret_why = "the path has a '.' or '..' segment";
                return false;
        }
        return true;
}

bool http_request_read_head(Exchange *ex, const char *method, const char *version, int *ret_status,
                            const char **ret_why)
{
        MHD_get_connection_values_n(ex->conn, MHD_HEADER_KIND, add_field, ex);
        const union MHD_ConnectionInfo *peer = MHD_get_connection_info(ex->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        if (peer && peer->client_addr) {
                Buf remote = { .arena = ex->arena };
                listen_addr_format(&remote, peer->client_addr);
                ex->req.remote = buf_str(&remote);
        }
        ex->req.method = HTTP_GET;
        const char *why;
        if (!check_framing(ex, version, &why))
                return refuse(ret_status, ret_why, 400, why);
        if (!parse_method(method, &ex->req.method))
                return refuse(ret_status, ret_why, 501, "this method is not supported");
        if (!read_target(ex, &why))
                return refuse(ret_status, ret_why, 400, why);
        return true;
}

static bool strip_prefix(Exchange *ex, int *ret_status, const char **ret_why)
{
        Str prefix = ex->rules->prefix;
        Str path = ex->req.path;
        if (prefix.n == 0)
                return true;
        if (str_eq(path, STR("/")) || str_eq(path, prefix)) {
                Str query = ex->req.query;
                Str location = str_printf(ex->arena, STR_FMT "/%s" STR_FMT, STR_ARG(prefix), query.n ? "?" : "",
                                          STR_ARG(query));
                vec_push(&ex->out_fields, (HttpField){ STR("Location"), location });
                return refuse(ret_status, ret_why, 302, "moved below the route prefix");
        }
        if (!str_starts(path, prefix) || path.p[prefix.n] != '/')
                return refuse(ret_status, ret_why, 404, "not below the route prefix");
        ex->req.path = str_sub(path, prefix.n, path.n);
        return true;
}

bool http_request_check_rules(Exchange *ex, int *ret_status, const char **ret_why)
{
        const ExchangeRules *rules = ex->rules;
        HostOrigin origin = {
                .origin = http_request_header(&ex->req, STR("Origin")),
                .host = http_request_header(&ex->req, STR("Host")),
                .forwarded_host = http_request_header(&ex->req, STR("X-Forwarded-Host")),
                .fetch_site = http_request_header(&ex->req, STR("Sec-Fetch-Site")),
        };
        if (rules->check_host && origin.host.n > 0 && !hostcheck_is_ours(&rules->hosts, origin.host)) {
                *ret_why = str_dupz(ex->arena,
                                    str_printf(ex->arena,
                                               "host '" STR_FMT "' is not this machine: a server on loopback answers "
                                               "only to IP addresses, localhost, its hostname and its allowed hosts",
                                               STR_ARG(str_sub(origin.host, 0, 255))));
                *ret_status = 403;
                return false;
        }
        bool cors = rules->cors_origin.n > 0 &&
                    (str_eq(rules->cors_origin, STR("*")) || str_eq(rules->cors_origin, origin.origin));
        bool changes = ex->req.method & (HTTP_POST | HTTP_PUT | HTTP_DELETE);
        if (changes && !cors && !hostcheck_same_origin(&rules->hosts, &origin))
                return refuse(ret_status, ret_why, 403, "this request comes from a page of another site");
        return strip_prefix(ex, ret_status, ret_why);
}

bool http_request_decode_body(Exchange *ex, int *ret_status, const char **ret_why)
{
        Str encoding = http_request_header(&ex->req, STR("Content-Encoding"));
        ex->req.body = buf_str(&ex->body);
        if (ex->entry->route->keep_encoded || ex->body.n == 0)
                return true;
        HttpCoding coding;
        if (!http_coding_parse(encoding, &coding))
                return refuse(ret_status, ret_why, 415,
                              "this Content-Encoding is not supported: use gzip, deflate or zstd");
        Err err;
        if (coding == HTTP_CODING_NONE)
                return true;
        if (!http_coding_decode(coding, ex->req.body, ex->max_body_bytes, &ex->decoded, &err))
                return refuse(ret_status, ret_why, err.code == ERR_LIMIT ? 413 : 400,
                              str_dupz(ex->arena, str_of(err.msg)));
        ex->req.body = buf_str(&ex->decoded);
        return true;
}

static void parse_params(Exchange *ex)
{
        if (ex->params_parsed)
                return;
        ex->params_parsed = true;
        Str sources[2] = { { 0 }, ex->req.query };
        Str type;
        Str options;
        (void)str_cut(http_request_header(&ex->req, STR("Content-Type")), ';', &type, &options);
        if (str_eq_fold(str_trim(type), STR("application/x-www-form-urlencoded")))
                sources[0] = ex->req.body; /* before the query, as Go's Request.Form has them */
        for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
                UrlParam param;
                while (sources[i].n && url_query_next(ex->arena, &sources[i], &param))
                        vec_push(&ex->params, param);
        }
}

bool http_request_param(const HttpRequest *req, Str name, Str *ret)
{
        Exchange *ex = req->impl;
        parse_params(ex);
        vec_each(p, &ex->params) {
                if (str_eq(p->name, name)) {
                        *ret = p->value;
                        return true;
                }
        }
        return false;
}

size_t http_request_params(const HttpRequest *req, Str name, Str **ret)
{
        Exchange *ex = req->impl;
        parse_params(ex);
        VEC(Str) values = { .arena = ex->arena };
        vec_each(p, &ex->params)
                if (str_eq(p->name, name))
                        vec_push(&values, p->value);
        *ret = values.data;
        return values.len;
}
