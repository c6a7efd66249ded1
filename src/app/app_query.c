#include "app/app_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/app_queryprint.h"
#include "codec/json.h"
#include "net/http_client.h"
#include "net/url.h"

enum { DEFAULT_WIDTH = 100 }; /* of what is no terminal */

typedef struct QueryArgs {
        const char *url, *start, *end, *step, *time, *format;
        bool explain;
        char **rest;
        int n_rest;
} QueryArgs;

static bool read_args(int argc, char **argv, QueryArgs *ret)
{
        *ret = (QueryArgs){ .url = "http://127.0.0.1:9090", .format = "plain" };
        const struct {
                const char *name;
                const char **field;
        } valued[] = { { "--url", &ret->url },   { "--start", &ret->start }, { "--end", &ret->end },
                       { "--step", &ret->step }, { "--time", &ret->time },   { "--format", &ret->format } };
        int i = 0;
        for (; i < argc && argv[i][0] == '-' && argv[i][1] == '-'; i++) {
                bool known = false;
                if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--plot") == 0) {
                        ret->format = argv[i] + 2;
                        continue;
                }
                if (strcmp(argv[i], "--explain") == 0) {
                        ret->explain = true;
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

static bool wants_json(const QueryArgs *args) { return strcmp(args->format, "json") == 0; }

static unsigned terminal_width(void)
{
        struct winsize size = { 0 };
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                return size.ws_col;
        return DEFAULT_WIDTH;
}

static bool is_format(const char *name)
{
        static const char *const known[] = { "plain", "table", "csv", "json", "plot" };
        for (size_t i = 0; i < ARRAY_LEN(known); i++)
                if (strcmp(name, known[i]) == 0)
                        return true;
        fprintf(stderr, "pharos: unknown format '%s': plain, table, csv, json or plot\n", name);
        return false;
}

static bool print_answer(const QueryArgs *args, const JsonValue *data, Str body, Arena *arena)
{
        Buf out = { .arena = arena };
        if (wants_json(args))
                buf_printf(&out, STR_FMT "\n", STR_ARG(body));
        else if (args->explain)
                buf_str_add(&out, json_get_str(data, STR("tree")));
        else if (strcmp(args->format, "table") == 0)
                app_queryprint_table(&out, data, arena);
        else if (strcmp(args->format, "csv") == 0)
                app_queryprint_csv(&out, data);
        else if (strcmp(args->format, "plain") == 0)
                app_queryprint_plain(&out, data);
        else if (!app_queryprint_plot(&out, data, terminal_width(), isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
                                      arena)) {
                fprintf(stderr, "pharos: only a range can be drawn: give --start and --end\n");
                return false;
        }
        fwrite(out.p ? out.p : "", 1, out.n, stdout);
        return true;
}

int app_query_run(int argc, char **argv)
{
        QueryArgs args;
        if (!read_args(argc, argv, &args) || args.n_rest != 1 || !is_format(args.format)) {
                fprintf(stderr, "usage: pharos query [--url URL] [--format plain|table|csv|json|plot] [--explain]\n"
                                "                    [--time T | --start T --end T --step D] EXPR\n");
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
        const char *path = args.explain ? "/api/v1/query_explain"
                           : args.start ? "/api/v1/query_range"
                                        : "/api/v1/query";
        const JsonValue *data = ask(&args, path, buf_str(&form), arena, &body);
        return data && print_answer(&args, data, body, arena) ? 0 : 1;
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
        if (wants_json(&args)) {
                printf(STR_FMT "\n", STR_ARG(body));
                return 0;
        }
        for (size_t i = 0; data->kind == JSON_ARRAY && i < data->n; i++) {
                Buf line = { .arena = arena };
                app_queryprint_metric(&line, &data->items[i]);
                printf(STR_FMT "\n", STR_ARG(buf_str(&line)));
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
        if (wants_json(&args)) {
                printf(STR_FMT "\n", STR_ARG(body));
                return 0;
        }
        for (size_t i = 0; data->kind == JSON_ARRAY && i < data->n; i++)
                printf(STR_FMT "\n", STR_ARG(data->items[i].str));
        return 0;
}
