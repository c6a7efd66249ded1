#include "app/app_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/app_client.h"
#include "app/app_queryprint.h"
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
        *ret = (QueryArgs){ .url = APP_CLIENT_URL, .format = "plain" };
        const AppClientFlag flags[] = { { "--url", &ret->url },   { "--start", &ret->start },
                                        { "--end", &ret->end },   { "--step", &ret->step },
                                        { "--time", &ret->time }, { "--format", &ret->format } };
        int i = 0;
        for (; i < argc && argv[i][0] == '-' && argv[i][1] == '-'; i++) {
                if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--plot") == 0)
                        ret->format = argv[i] + 2;
                else if (strcmp(argv[i], "--explain") == 0)
                        ret->explain = true;
                else if (!app_client_flag(flags, ARRAY_LEN(flags), argc, argv, &i))
                        return false;
        }
        ret->rest = argv + i;
        ret->n_rest = argc - i;
        return true;
}

/* The data of the answer; NULL: the error was printed. *ret_body is the whole text. */
static const JsonValue *ask(const QueryArgs *args, const char *path, Str query, Arena *arena, Str *ret_body)
{
        AppClientCall call = { .url = args->url, .path = path, .query = query };
        const JsonValue *data = NULL;
        Err err;
        if (!app_client_ask(&call, arena, &data, ret_body, &err))
                fprintf(stderr, "pharos: %s\n", err.msg);
        return data;
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
        app_client_param(&form, "query", str_of(args.rest[0]));
        app_client_param(&form, "time", str_of(args.time));
        app_client_param(&form, "start", str_of(args.start));
        app_client_param(&form, "end", str_of(args.end));
        app_client_param(&form, "step", str_of(args.step ? args.step : args.start ? "60" : NULL));
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
                app_client_param(&form, "match[]", str_of(args.rest[i]));
        app_client_param(&form, "start", str_of(args.start));
        app_client_param(&form, "end", str_of(args.end));
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
