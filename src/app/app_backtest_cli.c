/* `pharos rules backtest`: over a running server's data (--url) or a data folder that no server uses (--data), and the
 * picture of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/app_backtest.h"
#include "app/app_client.h"
#include "base/duration.h"
#include "base/rfc3339.h"
#include "os/file.h"
#include "tsdb/tsdb.h"

enum {
        MOST_SETTINGS = 100,
        MOST_ROWS = 20,
        DEFAULT_WIDTH = 100,
        MIN_WIDTH = 40,
        MAX_WIDTH = 300,
        MAX_RULE_BYTES = 16 << 20,
        CALL_TIMEOUT_MS = 30 * 60 * 1000
};

typedef struct Args {
        const char *url, *data, *config, *since, *start, *end;
        const char *settings[MOST_SETTINGS];
        int n_settings;
        bool json;
        const char *file;
} Args;

static int usage(void)
{
        fprintf(stderr,
                "usage: pharos rules backtest [--url URL | --data DIR [--config FILE]] [--since 30d | --start T --end T]\n"
                "                             [--set [RULE.]NAME=VALUE]... [--json] FILE\n"
                "When would the rules of FILE have fired, and how many notifications would have been sent?\n"
                "  --url     the server to ask; default http://127.0.0.1:9090\n"
                "  --data    read this data folder; no server may use it\n"
                "  --set     change the rules before: threshold, for, keep_firing_for, consecutive_failures, interval\n");
        return 2;
}

static bool read_args(int argc, char **argv, Args *args)
{
        *args = (Args){ .since = "1d" };
        const AppClientFlag flags[] = { { "--url", &args->url },       { "--data", &args->data },
                                        { "--config", &args->config }, { "--since", &args->since },
                                        { "--start", &args->start },   { "--end", &args->end } };
        for (int i = 0; i < argc; i++) {
                if (strncmp(argv[i], "--", 2) != 0) {
                        if (args->file)
                                return false;
                        args->file = argv[i];
                } else if (strcmp(argv[i], "--json") == 0) {
                        args->json = true;
                } else if (strcmp(argv[i], "--set") == 0 && i + 1 < argc && args->n_settings < MOST_SETTINGS) {
                        args->settings[args->n_settings++] = argv[++i];
                } else if (!app_client_flag(flags, ARRAY_LEN(flags), argc, argv, &i)) {
                        return false;
                }
        }
        return args->file && !(args->url && args->data);
}

/* ---- a running server */

/* The answer as text and its data as tree. */
static bool ask_server(const Args *args, Str text, Arena *arena, Str *ret_body, const JsonValue **ret, Err *err)
{
        Buf query = { .arena = arena };
        app_client_param(&query, "file", str_of(args->file));
        app_client_param(&query, "since", str_of(args->since));
        app_client_param(&query, "start", str_of(args->start));
        app_client_param(&query, "end", str_of(args->end));
        for (int i = 0; i < args->n_settings; i++)
                app_client_param(&query, "set", str_of(args->settings[i]));
        AppClientCall call = { .url = args->url ? args->url : APP_CLIENT_URL,
                               .method = "POST",
                               .path = "/api/pharos/v1/rules/backtest",
                               .query = buf_str(&query),
                               .yaml = text,
                               .timeout_ms = CALL_TIMEOUT_MS };
        return app_client_ask(&call, arena, ret, ret_body, err);
}

/* ---- a data folder */

static const AppConfig *acquire(void *ctx) { return ctx; }
static void release(void *ctx) { (void)ctx; }

static bool read_range(const Args *args, int64_t *start_ms, int64_t *end_ms, Err *err)
{
        int64_t since_ms;
        *end_ms = clock_wall_ms(clock_system());
        if (args->end && !app_backtest_parse_time(str_of(args->end), end_ms))
                return err_set(err, ERR_INVALID, "--end: '%s' is no time", args->end);
        if (!duration_parse(str_of(args->since), &since_ms))
                return err_set(err, ERR_INVALID, "--since: '%s' is no duration", args->since);
        *start_ms = *end_ms - since_ms;
        if (args->start && !app_backtest_parse_time(str_of(args->start), start_ms))
                return err_set(err, ERR_INVALID, "--start: '%s' is no time", args->start);
        return true;
}

static bool run_here(const Args *args, Str text, Arena *arena, Buf *out, Err *err)
{
        PromqlFeatures features = promql_features_default();
        RulesDialect dialect = { .features = features };
        AppConfig *config = NULL;
        Tsdb *db = NULL;
        RuleFile file;
        Diags diags;
        int64_t start_ms, end_ms;
        size_t n;
        diags_init(&diags, arena);
        bool ok = read_range(args, &start_ms, &end_ms, err);
        if (ok && !rules_parse(text, str_of(args->file), &dialect, arena, &diags, &file))
                ok = err_set(err, ERR_INVALID, "%s has errors: run 'pharos check %s'", args->file, args->file);
        for (int i = 0; ok && i < args->n_settings; i++)
                ok = rules_override(&file, 1, str_of(args->settings[i]), &features, arena, &n, err);
        if (ok && args->config && !(config = app_config_load(args->config, &features, ALERT_MATCHERS_FALLBACK, &diags)))
                ok = err_set(err, ERR_INVALID, "%s has errors: run 'pharos check %s'", args->config, args->config);
        const char *dir = str_printf(arena, "%s/metrics", args->data).p;
        if (!ok || !tsdb_open(&(TsdbOptions){ .dir = dir, .retention_ms = INT64_MAX / 4 }, &db, err)) {
                app_config_free(config);
                return false;
        }
        PromqlEngine *engine = promql_engine_new(&(PromqlOptions){ .features = features });
        AppBacktestBase base = { .engine = engine,
                                 .store = tsdb_engine(db),
                                 .acquire = config ? acquire : NULL,
                                 .release = release,
                                 .ctx = config };
        ok = app_backtest_json(&base, &file, 1, start_ms, end_ms, NULL, out, err);
        promql_engine_free(engine);
        tsdb_close(db);
        app_config_free(config);
        return ok;
}

/* ---- the picture */

static int64_t time_of(const JsonValue *object, const char *key)
{
        int64_t t_ms = 0;
        IGNORE(rfc3339_parse(json_get_str(object, str_of(key)), &t_ms));
        return t_ms;
}

static double number_of(const JsonValue *object, const char *key)
{
        const JsonValue *v = json_get(object, str_of(key));
        return v && v->kind == JSON_NUMBER ? v->num : 0;
}

static void put_duration(Buf *out, double seconds)
{
        duration_format(out, (int64_t)(seconds < 1 ? 0 : seconds) * 1000);
}

/* A cell is the most that it saw: firing, pending, nothing. */
static void plot_rule(Buf *out, const JsonValue *rule, int64_t start_ms, int64_t end_ms, size_t cells)
{
        static const char *const marks[] = { "\u00b7", "\u2592", "\u2588" };
        unsigned char seen[MAX_WIDTH] = { 0 };
        const JsonValue *all = json_get(rule, STR("firings"));
        double cell_ms = (double)(end_ms - start_ms + 1) / (double)cells;
        for (size_t i = 0; all && i < all->n; i++) {
                const JsonValue *f = &all->items[i];
                int64_t fired_ms = time_of(f, "firedAt");
                int64_t over_ms = time_of(f, "resolvedAt");
                const int64_t spans[2][2] = { { time_of(f, "activeAt"), fired_ms },
                                              { fired_ms, over_ms ? over_ms : end_ms } };
                for (int k = 0; k < 2; k++) {
                        double from = (double)(MAX_OF(spans[k][0], start_ms) - start_ms) / cell_ms;
                        double to = (double)(MIN_OF(spans[k][1], end_ms) - start_ms) / cell_ms;
                        for (size_t c = from > 0 ? (size_t)from : 0; c < cells && (double)c <= to && to >= 0; c++)
                                seen[c] = MAX_OF(seen[c], (unsigned char)(k + 1));
                }
        }
        for (size_t c = 0; c < cells; c++)
                buf_cstr_add(out, marks[seen[c]]);
}

static size_t longest_name(const JsonValue *rules)
{
        size_t longest = 4;
        for (size_t i = 0; rules && i < rules->n; i++)
                longest = MAX_OF(longest, json_get_str(&rules->items[i], STR("name")).n);
        return MIN_OF(longest, (size_t)32);
}

static void list_firings(Buf *out, const JsonValue *rules)
{
        size_t shown = 0;
        size_t all = 0;
        for (size_t i = 0; rules && i < rules->n; i++) {
                const JsonValue *firings = json_get(&rules->items[i], STR("firings"));
                for (size_t k = 0; firings && k < firings->n; k++) {
                        const JsonValue *f = &firings->items[k];
                        const JsonValue *labels = json_get(f, STR("labels"));
                        if (all++ >= MOST_ROWS)
                                continue;
                        if (!shown++)
                                buf_lit(out, "\nfired at              for       value       alert\n");
                        int64_t fired_ms = time_of(f, "firedAt");
                        int64_t over_ms = time_of(f, "resolvedAt");
                        Buf lasted = { .arena = out->arena };
                        if (over_ms)
                                put_duration(&lasted, (double)(over_ms - fired_ms) / 1000);
                        else
                                buf_lit(&lasted, "(still)");
                        buf_printf(out, "%-21.*s %-9.*s %-11.*s ", STR_ARG(json_get_str(f, STR("firedAt"))),
                                   STR_ARG(buf_str(&lasted)), STR_ARG(json_get_str(f, STR("value"))));
                        buf_str_add(out, json_get_str(&rules->items[i], STR("name")));
                        for (size_t l = 0; labels && l < labels->n; l++)
                                if (!str_eq(labels->members[l].key, STR("alertname")))
                                        buf_printf(out, " " STR_FMT "=" STR_FMT, STR_ARG(labels->members[l].key),
                                                   STR_ARG(labels->members[l].value.str));
                        buf_char(out, '\n');
                }
        }
        if (all > shown)
                buf_printf(out, "... and %zu more: --json has them all\n", all - shown);
}

void app_backtest_plot(const JsonValue *result, size_t width, Buf *out)
{
        const JsonValue *rules = json_get(result, STR("rules"));
        const JsonValue *told = json_get(result, STR("notifications"));
        int64_t start_ms = time_of(result, "start");
        int64_t end_ms = time_of(result, "end");
        size_t name_width = longest_name(rules);
        width = MIN_OF(MAX_OF(width, (size_t)MIN_WIDTH + name_width), (size_t)MAX_WIDTH);
        size_t cells = width - name_width - 26;
        buf_printf(out, STR_FMT " to " STR_FMT "   (\u2588 firing, \u2592 pending)\n\n",
                   STR_ARG(json_get_str(result, STR("start"))), STR_ARG(json_get_str(result, STR("end"))));
        for (size_t i = 0; rules && i < rules->n; i++) {
                const JsonValue *r = &rules->items[i];
                Str name = json_get_str(r, STR("name"));
                double failures = number_of(r, "failures");
                if (str_eq(json_get_str(r, STR("type")), STR("alerting"))) {
                        buf_printf(out, "%-*.*s ", (int)name_width, (int)MIN_OF(name.n, name_width), name.p);
                        plot_rule(out, r, start_ms, end_ms, cells);
                        buf_printf(out, " %4.0f times ", number_of(r, "fired"));
                        put_duration(out, number_of(r, "firingSeconds"));
                        buf_char(out, '\n');
                }
                if (failures > 0)
                        buf_printf(out, "  %.0f evaluations of " STR_FMT " failed: " STR_FMT "\n", failures,
                                   STR_ARG(name), STR_ARG(json_get_str(r, STR("lastError"))));
        }
        list_firings(out, rules);
        if (!told || told->kind != JSON_OBJECT) {
                buf_lit(out, "\nNo routes are known here: nobody would have been told.\n");
                return;
        }
        buf_printf(out, "\n%.0f notifications, %.0f of them of firing alerts", number_of(told, "total"),
                   number_of(told, "pages"));
        const JsonValue *receivers = json_get(told, STR("receivers"));
        for (size_t i = 0; receivers && i < receivers->n; i++)
                buf_printf(out, "%s" STR_FMT " %.0f", i ? ", " : ": ",
                           STR_ARG(json_get_str(&receivers->items[i], STR("receiver"))),
                           number_of(&receivers->items[i], "notifications"));
        buf_char(out, '\n');
}

static size_t terminal_width(void)
{
        struct winsize size;
        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : DEFAULT_WIDTH;
}

int app_backtest_run(int argc, char **argv)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Args args;
        Buf text = { .arena = arena };
        Buf json = { .arena = arena };
        Buf out = { .arena = arena };
        Str body = { 0 };
        JsonValue *tree = NULL;
        const JsonValue *result = NULL;
        Err err;
        if (argc < 1 || strcmp(argv[0], "backtest") != 0 || !read_args(argc - 1, argv + 1, &args))
                return usage();
        bool ok = file_read_all(fs_system(), args.file, MAX_RULE_BYTES, &text, &err);
        if (ok && args.data) {
                ok = run_here(&args, buf_str(&text), arena, &json, &err) &&
                     json_parse(buf_str(&json), arena, &tree, &err);
                body = buf_str(&json);
                result = tree;
        } else if (ok) {
                ok = ask_server(&args, buf_str(&text), arena, &body, &result, &err);
        }
        if (!ok) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                return 1;
        }
        if (args.json)
                printf(STR_FMT "\n", STR_ARG(body));
        else {
                app_backtest_plot(result, terminal_width(), &out);
                fwrite(out.p, 1, out.n, stdout);
        }
        return 0;
}
