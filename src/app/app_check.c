#include "app/app_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app_config.h"
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

int app_check_run(int argc, char **argv)
{
        bool json = false;
        bool lint = false;
        bool lint_fatal = false;
        bool all_ok = true;
        size_t findings = 0;
        PromqlFeatures features = promql_features_default();
        Buf out = { 0 };
        JsonWriter w;
        json_writer_init(&w, &out);
        int first = 0;
        for (; first < argc && strncmp(argv[first], "--", 2) == 0; first++) {
                bool fatal = strcmp(argv[first], "--lint-fatal") == 0;
                if (strcmp(argv[first], "--json") == 0)
                        json = true;
                else if (fatal || strcmp(argv[first], "--lint") == 0)
                        lint = true;
                else
                        break;
                lint_fatal |= fatal;
        }
        if (first == argc || strncmp(argv[first], "--", 2) == 0) {
                fprintf(stderr, "usage: pharos check [--lint | --lint-fatal] [--json] FILE...\n"
                                "  --lint        also what is legal but most likely not meant\n"
                                "  --lint-fatal  exit 3 when there is some\n");
                return 2;
        }
        json_begin_array(&w);
        for (int i = first; i < argc; i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Diags diags;
                Str kind;
                diags_init(&diags, arena);
                size_t found = 0;
                bool ok = app_config_lint_file(argv[i], &features, &diags, &kind, lint ? &found : NULL);
                all_ok &= ok;
                findings += found;
                if (json)
                        put_json(&w, &diags, argv[i], kind, ok);
                else
                        print_plain(&diags, argv[i], kind, ok);
        }
        json_end_array(&w);
        if (json)
                printf("%.*s\n", (int)out.n, out.p);
        buf_done(&out);
        return !all_ok ? 1 : lint_fatal && findings ? 3 : 0;
}
