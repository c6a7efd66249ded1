#include "app/app_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app_config.h"
#include "app/app_flags.h"
#include "codec/json.h"

static void print_plain(const Diags *diags, const char *path, Str kind, bool ok)
{
        bool colour = isatty(STDOUT_FILENO);
        for (size_t i = 0; i < diags->list.len; i++) {
                const Diag *d = &diags->list.data[i];
                bool error = d->level == DIAG_ERROR;
                printf(STR_FMT ":", STR_ARG(d->file));
                if (d->pos.line)
                        printf("%u:%u:", d->pos.line, d->pos.col);
                printf(" %s%s%s: " STR_FMT "\n", colour ? (error ? "\033[31m" : "\033[33m") : "",
                       error ? "error" : "warning", colour ? "\033[0m" : "", STR_ARG(d->message));
        }
        if (ok)
                printf("%s: ok (" STR_FMT ")\n", path, STR_ARG(kind));
}

static void put_json(JsonWriter *w, const Diags *diags, const char *path, Str kind, bool ok)
{
        json_begin_object(w);
        json_key_cstr(w, "path", path);
        json_key_str(w, "kind", kind);
        json_key_bool(w, "ok", ok);
        json_key(w, STR("findings"));
        json_begin_array(w);
        for (size_t i = 0; i < diags->list.len; i++) {
                const Diag *d = &diags->list.data[i];
                json_begin_object(w);
                json_key_str(w, "file", d->file);
                json_key_u64(w, "line", d->pos.line);
                json_key_u64(w, "col", d->pos.col);
                json_key_cstr(w, "level", d->level == DIAG_ERROR ? "error" : "warning");
                json_key_str(w, "message", d->message);
                json_end_object(w);
        }
        json_end_array(w);
        json_end_object(w);
}

typedef struct CheckFlags {
        bool json, lint, lint_fatal;
        RulesDialect dialect;
} CheckFlags;

/* Takes the flags at the front. Returns the number of the first file; -1: usage was shown. */
static int read_flags(int argc, char **argv, CheckFlags *ret)
{
        int i = 0;
        bool known = true;
        Err err;
        for (; i < argc && known && strncmp(argv[i], "--", 2) == 0; i++) {
                Str flag = str_of(argv[i]), list = STR("--enable-feature=");
                if (str_eq(flag, STR("--json"))) {
                        ret->json = true;
                } else if (str_eq(flag, STR("--lint")) || str_eq(flag, STR("--lint-fatal"))) {
                        ret->lint = true;
                        ret->lint_fatal |= str_eq(flag, STR("--lint-fatal"));
                } else if (str_eq(flag, STR("--legacy-names"))) {
                        ret->dialect.legacy_names = true;
                } else if (!str_starts(flag, list)) {
                        known = false;
                } else if (!app_flags_enable_features(&ret->dialect.features, str_sub(flag, list.n, flag.n), &err)) {
                        fprintf(stderr, "pharos: %s\n", err.msg);
                        return -1;
                }
        }
        if (known && i < argc)
                return i;
        fprintf(stderr, "usage: pharos check [FLAG...] FILE...\n"
                        "  --lint                  also what is legal but most likely not meant\n"
                        "  --lint-fatal            exit 3 when there is some\n"
                        "  --legacy-names          rule files: names as under metric_name_validation_scheme: legacy\n"
                        "  --enable-feature=LIST   Prometheus' feature flags, as for serve\n"
                        "  --json                  findings for programs\n");
        return -1;
}

int app_check_run(int argc, char **argv)
{
        CheckFlags flags = { .dialect = { .features = promql_features_default(), .fragments = true } };
        bool all_ok = true;
        size_t findings = 0;
        AUTO(buf_done) Buf out = { 0 };
        JsonWriter w;
        int first = read_flags(argc, argv, &flags);
        if (first < 0)
                return 2;
        json_writer_init(&w, &out);
        json_begin_array(&w);
        for (int i = first; i < argc; i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Diags diags;
                Str kind;
                diags_init(&diags, arena);
                size_t found = 0;
                bool ok = app_config_check_file(argv[i], &flags.dialect, &diags, &kind, flags.lint ? &found : NULL);
                all_ok &= ok;
                findings += found;
                if (flags.json)
                        put_json(&w, &diags, argv[i], kind, ok);
                else
                        print_plain(&diags, argv[i], kind, ok);
        }
        json_end_array(&w);
        if (flags.json)
                printf("%.*s\n", (int)out.n, out.p);
        return !all_ok ? 1 : flags.lint_fatal && findings ? 3 : 0;
}
