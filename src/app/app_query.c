#include "app/app_query.h"

#include <stdio.h>
#include <string.h>

#include "codec/json.h"
#include "model/labels.h"
#include "net/http_client.h"
#include "net/url.h"

typedef struct QueryArgs {
        const char *url, *start, *end, *step, *time;
        bool json;
        char **rest;
        int n_rest;
} QueryArgs;

static bool read_args(int argc, char **argv, QueryArgs *ret)
{
        *ret = (QueryArgs){ .url = "http://127.0.0.1:9090" };
        const struct {
                const char *name;
                const char **field;
        } valued[] = { { "--url", &ret->url },
                       { "--start", &ret->start },
                       { "--end", &ret->end },
                       { "--step", &ret->step },
                       { "--time", &ret->time } };
        int i = 0;
        for (; i < argc && argv[i][0] == '-' && argv[i][1] == '-'; i++) {
                bool known = false;
                if (strcmp(argv[i], "--json") == 0) {
                        ret->json = true;
                        continue;
                }
                for (size_t k = 0; k < ARRAY_LEN(valued) && !known; k++) {
                        if (strcmp(argv[i], valued[k].name) == 0 && i + 1 < argc) {
                                *valued[k].field = argv[++i];
                                known = true;
                        }
                }
                if (!known) {
                        fprintf(stderr, "pharos: unknown flag '%s', or its value is missing\n", argv[i]);
                        return false;
                }
        }
        ret->rest = argv + i;
        ret->n_rest = argc - i;
        return true;
}

/* Posts a form and returns the parsed envelope's data; NULL: the error was printed. */
static const JsonValue *ask(const QueryArgs *args, const char *path, Str form, Arena *arena, Str *ret_body)
{
        Loop *loop = NULL;
        HttpClient *client = NULL;
        Err err;
        HttpAnswer answer = { 0 };
        Buf body = { 0 };
        JsonValue *json = NULL;
        if (!loop_new(&loop, &err) || !http_client_new(loop, 4, &client, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                return NULL;
        }
        Str base = str_of(args->url);
        Str url = str_printf(arena, STR_FMT "%s?" STR_FMT,
                             STR_ARG(str_ends(base, STR("/")) ? str_sub(base, 0, base.n - 1) : base), path,
                             STR_ARG(form));
        HttpCallOptions call = { .url = url, .timeout_ms = 120000, .accept_gzip = true };
        bool ok = http_client_call(client, &call, &answer, &body);
        *ret_body = str_dup(arena, buf_str(&body));
        buf_done(&body);
        http_client_free(client);
        loop_free(loop);
        if (!ok || !answer.ok) {
                fprintf(stderr, "pharos: %s: %s\n", args->url, answer.err.msg);
                return NULL;
        }
        if (!json_parse(*ret_body, arena, &json, &err)) {
                fprintf(stderr, "pharos: the answer of %s is not JSON (HTTP %d)\n", args->url, answer.status);
                return NULL;
        }
        if (!str_eq(json_get_str(json, STR("status")), STR("success"))) {
                fprintf(stderr, "pharos: " STR_FMT "\n", STR_ARG(json_get_str(json, STR("error"))));
                return NULL;
        }
        return json_get(json, STR("data"));
}

static void add_param(Buf *form, const char *name, const char *value)
{
        if (!value)
                return;
        if (form->n)
                buf_char(form, '&');
        url_encode_query(form, str_of(name));
        buf_char(form, '=');
        url_encode_query(form, str_of(value));
}

static void print_metric(const JsonValue *metric)
{
        Buf out = { 0 };
        Str name = json_get_str(metric, LABEL_NAME);
        buf_str_add(&out, name);
        bool first = true;
        for (size_t i = 0; metric && i < metric->n; i++) {
                if (str_eq(metric->members[i].key, LABEL_NAME))
                        continue;
                buf_printf(&out, "%s" STR_FMT "=\"" STR_FMT "\"", first ? "{" : ", ", STR_ARG(metric->members[i].key),
                           STR_ARG(metric->members[i].value.str));
                first = false;
        }
        if (!first || !name.n)
                buf_cstr_add(&out, first ? "{}" : "}");
        fwrite(out.p, 1, out.n, stdout);
        buf_done(&out);
}

static void print_point(const JsonValue *point)
{
        if (point && point->kind == JSON_ARRAY && point->n == 2)
                printf(STR_FMT " @[" STR_FMT "]\n", STR_ARG(point->items[1].str), STR_ARG(point->items[0].str));
}

static void print_result(const JsonValue *data)
{
        const JsonValue *result = json_get(data, STR("result"));
        Str type = json_get_str(data, STR("resultType"));
        if (str_eq(type, STR("scalar")) || str_eq(type, STR("string"))) {
                print_point(result);
                return;
        }
        for (size_t i = 0; result && result->kind == JSON_ARRAY && i < result->n; i++) {
                const JsonValue *values = json_get(&result->items[i], STR("values"));
                print_metric(json_get(&result->items[i], STR("metric")));
                printf(values ? " =>\n" : " => ");
                if (!values)
                        print_point(json_get(&result->items[i], STR("value")));
                for (size_t k = 0; values && k < values->n; k++)
                        print_point(&values->items[k]);
        }
}

int app_query_run(int argc, char **argv)
{
        QueryArgs args;
        if (!read_args(argc, argv, &args) || args.n_rest != 1) {
                fprintf(stderr,
                        "usage: pharos query [--url URL] [--json] [--time T | --start T --end T --step D] EXPR\n");
                return 2;
        }
        AUTO(arena_free) Arena *arena = arena_new();
        Buf form = { .arena = arena };
        Str body;
        add_param(&form, "query", args.rest[0]);
        add_param(&form, "time", args.time);
        add_param(&form, "start", args.start);
        add_param(&form, "end", args.end);
        add_param(&form, "step", args.step ? args.step : args.start ? "60" : NULL);
        const JsonValue *data = ask(&args, args.start ? "/api/v1/query_range" : "/api/v1/query", buf_str(&form), arena,
                                    &body);
        if (!data)
                return 1;
        if (args.json)
                printf(STR_FMT "\n", STR_ARG(body));
        else
                print_result(data);
        return 0;
}

int app_query_series_run(int argc, char **argv)
{
        QueryArgs args;
        if (!read_args(argc, argv, &args) || args.n_rest == 0) {
                fprintf(stderr, "usage: pharos series [--url URL] [--json] MATCH...\n");
                return 2;
        }
        AUTO(arena_free) Arena *arena = arena_new();
        Buf form = { .arena = arena };
        Str body;
        for (int i = 0; i < args.n_rest; i++)
                add_param(&form, "match[]", args.rest[i]);
        add_param(&form, "start", args.start);
        add_param(&form, "end", args.end);
        const JsonValue *data = ask(&args, "/api/v1/series", buf_str(&form), arena, &body);
        if (!data)
                return 1;
        if (args.json) {
                printf(STR_FMT "\n", STR_ARG(body));
                return 0;
        }
        for (size_t i = 0; data->kind == JSON_ARRAY && i < data->n; i++) {
                print_metric(&data->items[i]);
                printf("\n");
        }
        return 0;
}

int app_query_labels_run(int argc, char **argv)
{
        QueryArgs args;
        if (!read_args(argc, argv, &args) || args.n_rest > 1) {
                fprintf(stderr, "usage: pharos labels [--url URL] [--json] [NAME]\n");
                return 2;
        }
        AUTO(arena_free) Arena *arena = arena_new();
        Str body;
        Buf path = { .arena = arena };
        buf_lit(&path, "/api/v1/label");
        if (args.n_rest) {
                buf_char(&path, '/');
                url_encode_path(&path, str_of(args.rest[0]));
                buf_lit(&path, "/values");
        } else {
                buf_char(&path, 's');
        }
        const JsonValue *data = ask(&args, buf_cstr(&path), (Str){ 0 }, arena, &body);
        if (!data)
                return 1;
        if (args.json) {
                printf(STR_FMT "\n", STR_ARG(body));
                return 0;
        }
        for (size_t i = 0; data->kind == JSON_ARRAY && i < data->n; i++)
                printf(STR_FMT "\n", STR_ARG(data->items[i].str));
        return 0;
}
