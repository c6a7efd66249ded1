#include "app/app_client.h"

#include <stdio.h>
#include <string.h>

#include "net/http_client.h"
#include "net/url.h"

enum { TIMEOUT_MS = 120000 };

bool app_client_flag(const AppClientFlag *flags, size_t n_flags, int argc, char **argv, int *i)
{
        for (size_t k = 0; k < n_flags; k++) {
                if (strcmp(argv[*i], flags[k].name) == 0 && *i + 1 < argc) {
                        *flags[k].value = argv[++*i];
                        return true;
                }
        }
        if (strcmp(argv[*i], "--help") != 0)
                fprintf(stderr, "pharos: unknown flag '%s', or its value is missing\n", argv[*i]);
        return false;
}

void app_client_param(Buf *query, const char *name, Str value)
{
        if (!value.n)
                return;
        buf_char(query, query->n ? '&' : '?');
        url_encode_query(query, str_of(name));
        buf_char(query, '=');
        url_encode_query(query, value);
}

static bool call_server(const AppClientCall *call, Arena *arena, int *ret_status, Str *ret_body, Err *err)
{
        static const HttpHeader yaml = { STR_INIT("Content-Type"), STR_INIT("application/yaml") };
        Loop *loop = NULL;
        HttpClient *client = NULL;
        HttpAnswer answer = { 0 };
        Buf body = { .arena = arena };
        Str base = str_of(call->url);
        if (str_ends(base, STR("/")))
                base.n--;
        HttpCallOptions options = { .method = call->method,
                                    .url = str_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(base), call->path,
                                                      STR_ARG(call->query)),
                                    .headers = &yaml,
                                    .n_headers = call->yaml.n > 0,
                                    .body = call->yaml,
                                    .timeout_ms = call->timeout_ms ? call->timeout_ms : TIMEOUT_MS,
                                    .accept_gzip = true };
        if (!loop_new(&loop, err))
                return false;
        bool ok = http_client_new(loop, 1, &client, err);
        if (ok) {
                ok = http_client_call(client, &options, &answer, &body);
                if (!ok)
                        err_set(err, ERR_IO, "%s: %s", call->url, answer.err.msg);
                http_client_free(client);
        }
        loop_free(loop);
        *ret_status = answer.status;
        *ret_body = buf_str(&body);
        return ok;
}

bool app_client_ask(const AppClientCall *call, Arena *arena, const JsonValue **ret, Str *ret_body, Err *err)
{
        JsonValue *json = NULL;
        Err why;
        int status;
        if (!call_server(call, arena, &status, ret_body, err))
                return false;
        if (!json_parse(*ret_body, arena, &json, &why))
                return err_set(err, ERR_INVALID, "the answer of %s is not JSON (HTTP %d)", call->url, status);
        if (!str_eq(json_get_str(json, STR("status")), STR("success")))
                return err_set(err, ERR_INVALID, STR_FMT, STR_ARG(json_get_str(json, STR("error"))));
        *ret = json_get(json, STR("data"));
        return *ret || err_set(err, ERR_INVALID, "the answer of %s has no data", call->url);
}
