#include "app/app_alerts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app_client.h"
#include "base/attr.h"
#include "model/fingerprint.h"
#include "model/matcher.h"

typedef struct AlertArgs {
        const char *url;
        const char *by, *comment, *length, *start, *end, *kind;
        bool json;
        char **rest;
        int n_rest;
} AlertArgs;

/* Flags may stand anywhere; the other words are gathered at the front of argv. */
static bool read_args(int argc, char **argv, AlertArgs *ret)
{
        *ret = (AlertArgs){ .url = APP_CLIENT_URL };
        const AppClientFlag flags[] = { { "--url", &ret->url },         { "--by", &ret->by },
                                        { "--comment", &ret->comment }, { "--for", &ret->length },
                                        { "--start", &ret->start },     { "--end", &ret->end },
                                        { "--kind", &ret->kind } };
        ret->rest = argv;
        for (int i = 0; i < argc; i++) {
                if (argv[i][0] != '-' || argv[i][1] != '-')
                        argv[ret->n_rest++] = argv[i];
                else if (strcmp(argv[i], "--json") == 0)
                        ret->json = true;
                else if (!app_client_flag(flags, ARRAY_LEN(flags), argc, argv, &i))
                        return false;
        }
        return true;
}

/* The data of the answer; NULL: the error was printed. *ret_body is the whole text. */
static const JsonValue *ask(const AlertArgs *args, const char *method, const char *path, Str query, Arena *arena,
                            Str *ret_body)
{
        AppClientCall call = { .url = args->url, .method = method, .path = path, .query = query };
        const JsonValue *data = NULL;
        Err err;
        if (!app_client_ask(&call, arena, &data, ret_body, &err))
                fprintf(stderr, "pharos: %s\n", err.msg);
        return data;
}

static void print_labels(const JsonValue *labels)
{
        for (size_t i = 0; labels && i < labels->n; i++)
                printf("%s" STR_FMT "=\"" STR_FMT "\"", i ? ", " : "{", STR_ARG(labels->members[i].key),
                       STR_ARG(labels->members[i].value.str));
        printf(labels && labels->n ? "}" : "{}");
}

static void print_text(const char *label, const JsonValue *object, const char *key)
{
        Str text = json_get_str(object, str_of(key));
        if (text.n)
                printf("%s" STR_FMT "\n", label, STR_ARG(text));
}

/* Of a silence. */
static void print_matchers(const JsonValue *list)
{
        static const char *const ops[] = { [MATCH_EQ] = "=", [MATCH_NE] = "!=", [MATCH_RE] = "=~", [MATCH_NRE] = "!~" };
        printf("  {");
        for (size_t i = 0; i < list->n; i++) {
                size_t type = (size_t)json_get_i64(&list->items[i], STR("type"));
                printf("%s" STR_FMT "%s\"" STR_FMT "\"", i ? ", " : "",
                       STR_ARG(json_get_str(&list->items[i], STR("name"))), type < ARRAY_LEN(ops) ? ops[type] : "?",
                       STR_ARG(json_get_str(&list->items[i], STR("value"))));
        }
        putchar('}');
}

/* about: of what it is is said too, the labels of an alert or else its subject. */
static void print_event(const JsonValue *e, bool about)
{
        static const char *const shown[] = { "receiver",   "integration", "reason",  "status", "by",
                                             "created_by", "silence",     "comment", "error" };
        const JsonValue *detail = json_get(e, STR("detail"));
        const JsonValue *labels = json_get(json_get(e, STR("labels")) ? e : detail, STR("labels"));
        printf("  %-24.*s  %-*.*s", STR_ARG(json_get_str(e, STR("time"))), about ? 12 : 0,
               STR_ARG(json_get_str(e, STR("kind"))));
        if (about && labels) {
                printf("  ");
                print_labels(labels);
        } else if (about) {
                printf("  " STR_FMT, STR_ARG(json_get_str(e, STR("subject"))));
        }
        if (json_get(detail, STR("matchers")))
                print_matchers(json_get(detail, STR("matchers")));
        for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
                Str text = json_get_str(detail, str_of(shown[i]));
                if (text.n)
                        printf("  %s=" STR_FMT, shown[i], STR_ARG(text));
        }
        int64_t answer = json_get_i64(detail, STR("answer"));
        if (answer)
                printf("  answer=%lld", (long long)answer);
        putchar('\n');
}

static void print_events(const JsonValue *events, bool about)
{
        for (size_t i = 0; events && i < events->n; i++)
                print_event(&events->items[i], about);
}

/* ---- explain ---- */

static void print_route(const JsonValue *r)
{
        const JsonValue *integrations = json_get(r, STR("integrations"));
        printf("route " STR_FMT " -> " STR_FMT "\n", STR_ARG(json_get_str(r, STR("route"))),
               STR_ARG(json_get_str(r, STR("receiver"))));
        print_text("  group       ", r, "group");
        print_text("  next flush  ", r, "nextFlush");
        print_text("  last told   ", r, "lastNotified");
        const JsonValue *muted = json_get(r, STR("mutedBy"));
        for (size_t i = 0; muted && i < muted->n; i++)
                printf("  muted by    " STR_FMT "\n", STR_ARG(muted->items[i].str));
        for (size_t i = 0; integrations && i < integrations->n; i++) {
                Str would = json_get_str(&integrations->items[i], STR("nextFlushWould"));
                bool nothing = str_eq(would, STR("none"));
                printf("  integration %zu: %s; the next flush would %s" STR_FMT "%s\n", i,
                       json_get_bool(&integrations->items[i], STR("toldThisFires")) ? "was told that it fires"
                       : json_get_bool(&integrations->items[i], STR("told"))        ? "was told of others of the group"
                                                                                    : "was told nothing",
                       nothing ? "send nothing" : "send it (", STR_ARG(nothing ? STR("") : would), nothing ? "" : ")");
        }
}

static void print_explanation(const JsonValue *x)
{
        const JsonValue *rule = json_get(x, STR("rule"));
        const JsonValue *routes = json_get(x, STR("routes"));
        print_labels(json_get(x, STR("labels")));
        printf("\n" STR_FMT "\n", STR_ARG(json_get_str(x, STR("summary"))));
        print_text("state        ", x, "state");
        print_text("since        ", x, "startsAt");
        if (rule)
                printf("rule         " STR_FMT ": " STR_FMT " (" STR_FMT ")\n",
                       STR_ARG(json_get_str(rule, STR("name"))), STR_ARG(json_get_str(rule, STR("query"))),
                       STR_ARG(json_get_str(rule, STR("state"))));
        print_text("seen by      ", json_get(x, STR("acknowledged")), "by");
        for (size_t i = 0; routes && i < routes->n; i++)
                print_route(&routes->items[i]);
        const JsonValue *events = json_get(x, STR("events"));
        puts(events && events->n ? "events" : "events       none of this alert or its groups");
        print_events(events, false);
}

/* A fingerprint, name=value for a label, or an alert's name alone, as amtool takes it. */
static bool which_params(const AlertArgs *args, const char *label, Buf *form)
{
        for (int i = 0; i < args->n_rest; i++) {
                Str word = str_of(args->rest[i]);
                uint64_t fingerprint;
                if (str_find_char(word, '=') != SIZE_MAX || str_find_char(word, '!') != SIZE_MAX)
                        app_client_param(form, label, word);
                else if (fingerprint_parse(word, &fingerprint))
                        app_client_param(form, "fingerprint", word);
                else
                        app_client_param(form, label, str_printf(form->arena, "alertname=" STR_FMT, STR_ARG(word)));
        }
        if (!args->n_rest)
                fprintf(stderr, "pharos: say which alert: its fingerprint, or %s\n",
                        strcmp(label, "label") == 0 ? "name=value for each of its labels" : "conditions on its labels");
        return args->n_rest > 0;
}

int app_alerts_explain_run(int argc, char **argv)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AlertArgs args;
        Buf form = { .arena = arena };
        Str body;
        if (argc > 0 && strcmp(argv[0], "alert") == 0) {
                argc--;
                argv++;
        }
        if (!read_args(argc, argv, &args) || !which_params(&args, "label", &form))
                return 2;
        const JsonValue *x = ask(&args, "GET", "/api/v1/alerts/explain", buf_str(&form), arena, &body);
        if (!x)
                return 1;
        if (args.json)
                printf(STR_FMT "\n", STR_ARG(body));
        else
                print_explanation(x);
        return 0;
}

/* ---- alerts ---- */

static int run_ack(const AlertArgs *args, const char *method)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Buf form = { .arena = arena };
        Str body;
        if (!which_params(args, "filter", &form))
                return 2;
        app_client_param(&form, "by", str_of(args->by ? args->by : getenv("USER")));
        app_client_param(&form, "comment", str_of(args->comment));
        app_client_param(&form, "for", str_of(args->length));
        const JsonValue *x = ask(args, method, "/api/v1/alerts/ack", buf_str(&form), arena, &body);
        if (!x)
                return 1;
        printf("%lld alerts\n", (long long)json_get_i64(x, STR("alerts")));
        return 0;
}

static int run_acks(const AlertArgs *args)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str body;
        const JsonValue *x = ask(args, "GET", "/api/v1/alerts/ack", (Str){ 0 }, arena, &body);
        const JsonValue *list = json_get(x, STR("acknowledgements"));
        for (size_t i = 0; list && i < list->n && !args->json; i++) {
                printf(STR_FMT "  " STR_FMT "  " STR_FMT "  ", STR_ARG(json_get_str(&list->items[i], STR("at"))),
                       STR_ARG(json_get_str(&list->items[i], STR("by"))),
                       STR_ARG(json_get_str(&list->items[i], STR("comment"))));
                print_labels(json_get(&list->items[i], STR("labels")));
                putchar('\n');
        }
        if (x && args->json)
                printf(STR_FMT "\n", STR_ARG(body));
        return x ? 0 : 1;
}

static int run_history(const AlertArgs *args)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Buf form = { .arena = arena };
        Str body;
        if (args->n_rest)
                app_client_param(&form, "fingerprint", str_of(args->rest[0]));
        app_client_param(&form, "kind", str_of(args->kind));
        app_client_param(&form, "start", str_of(args->start));
        app_client_param(&form, "end", str_of(args->end));
        const JsonValue *x = ask(args, "GET", "/api/v1/alerts/history", buf_str(&form), arena, &body);
        if (!x)
                return 1;
        if (args->json)
                printf(STR_FMT "\n", STR_ARG(body));
        else
                print_events(json_get(x, STR("events")), args->n_rest == 0);
        return 0;
}

static double number(const JsonValue *object, Str key)
{
        const JsonValue *v = json_get(object, key);
        return v && v->kind == JSON_NUMBER ? v->num : 0;
}

static int run_noise(const AlertArgs *args)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Buf form = { .arena = arena };
        Str body;
        app_client_param(&form, "start", str_of(args->start));
        app_client_param(&form, "end", str_of(args->end));
        const JsonValue *x = ask(args, "GET", "/api/v1/alerts/noise", buf_str(&form), arena, &body);
        const JsonValue *rules = json_get(x, STR("rules"));
        if (!x)
                return 1;
        if (args->json) {
                printf(STR_FMT "\n", STR_ARG(body));
                return 0;
        }
        printf("%-40s %7s %9s %12s %12s %5s %8s\n", "alert", "fired", "resolved", "mean s", "pages/week", "acks",
               "flapping");
        for (size_t i = 0; rules && i < rules->n; i++) {
                const JsonValue *r = &rules->items[i];
                Str name = json_get_str(r, STR("alertname"));
                printf("%-40.*s %7.0f %9.0f %12.1f %12.1f %5.0f %8.0f\n", STR_ARG(name), number(r, STR("fired")),
                       number(r, STR("resolved")), number(r, STR("meanSecondsToResolve")),
                       number(r, STR("pagesPerWeek")), number(r, STR("acknowledged")), number(r, STR("flapping")));
        }
        return 0;
}

int app_alerts_run(int argc, char **argv)
{
        const char *what = argc > 0 ? argv[0] : "";
        AlertArgs args;
        if (argc > 0 && !read_args(argc - 1, argv + 1, &args))
                return 2;
        if (strcmp(what, "ack") == 0)
                return run_ack(&args, "POST");
        if (strcmp(what, "unack") == 0)
                return run_ack(&args, "DELETE");
        if (strcmp(what, "acks") == 0)
                return run_acks(&args);
        if (strcmp(what, "history") == 0)
                return run_history(&args);
        if (strcmp(what, "noise") == 0)
                return run_noise(&args);
        fprintf(stderr, "pharos: alerts what? ack, unack, acks, history or noise\n");
        return 2;
}
