/* alerttest: compares alerting with recorded behaviour. See usage().
 *
 * A golden file is a JSON object; which kind it is, its keys tell. Files that it names lie beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/alerttest/atapi.h"
#include "app/alerttest/atconfig.h"
#include "app/alerttest/atkind.h"
#include "app/alerttest/atmatchers.h"
#include "app/alerttest/atnotify.h"
#include "app/alerttest/atrouting.h"
#include "app/alerttest/atruletexts.h"
#include "app/alerttest/attemplates.h"
#include "app/alerttest/attimeline.h"
#include "base/attr.h"
#include "base/log.h"
#include "base/vec.h"
#include "os/file.h"

enum { LARGEST_GOLDEN_BYTES = 64 << 20, EXIT_SKIPPED = 77 };

/* The first row whose keys are all there runs the file; a dotted key is looked for in the first case. */
static const struct Kind {
        const char *name;
        const char *keys[3];
        void (*run)(AtRun *run);
} KINDS[] = {
        { "matchers", { "cases", "cases.input" }, atmatchers_run },
        { "api", { "exchanges" }, atapi_run },
        { "timeline", { "scenarios" }, attimeline_run },
        { "notify", { "posts", "requests" }, atnotify_run },
        { "config-check", { "own" }, atconfig_run },
        { "config-check", { "upstream_files" }, atconfig_run },
        { "routing", { "cases", "cases.receivers" }, atrouting_run },
        { "templates", { "data", "cases.template" }, attemplates_run },
        { "prom-templates", { "cases.template" }, atruletexts_run },
};

static void usage(FILE *out)
{
        fputs("usage: alerttest [-v] [--compat 0.25|0.34|pharos] [--corpus FOLDER] FILE.json...\n"
              "Runs golden files of alerting: ",
              out);
        for (size_t i = 0; i < ARRAY_LEN(KINDS); i++)
                fprintf(out, "%s%s", i ? ", " : "", KINDS[i].name);
        fputs(".\n"
              "  -v               also print every case that passes\n"
              "  --compat V       behave as this version; default 0.25, which was recorded\n"
              "  --corpus FOLDER  every */*.json in a folder below $PHAROS_SHARED; exit 77 (skipped) when it is not there\n"
              "Failures are printed as file: case: reason; the last line is \"N passed, N failed\"; exit 1 when any failed.\n",
              out);
}

static bool has_key(const JsonValue *root, const char *key)
{
        Str head, tail;
        if (!str_cut(str_of(key), '.', &head, &tail))
                return json_get(root, head) != NULL;
        const JsonValue *list = json_get(root, head);
        return list && list->kind == JSON_ARRAY && list->n && json_get(&list->items[0], tail);
}

static const struct Kind *kind_of(const JsonValue *root)
{
        for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
                bool all = true;
                for (size_t k = 0; k < ARRAY_LEN(KINDS[i].keys) && KINDS[i].keys[k]; k++)
                        all &= has_key(root, KINDS[i].keys[k]);
                if (all)
                        return &KINDS[i];
        }
        return NULL;
}

static bool run_file(const char *path, AtRun *total)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AtRun run = { .arena = arena, .path = path, .compat = total->compat, .verbose = total->verbose };
        Buf text = { .arena = arena };
        JsonValue *root;
        Err err;
        if (!file_read_all(fs_system(), path, LARGEST_GOLDEN_BYTES, &text, &err) ||
            !json_parse(buf_str(&text), arena, &root, &err)) {
                fprintf(stderr, "alerttest: %s: %s\n", path, err.msg);
                return false;
        }
        const struct Kind *kind = kind_of(root);
        if (!kind) {
                printf("%s: the keys are of no kind that is known\n", path);
                return false;
        }
        run.root = root;
        kind->run(&run);
        printf("%s (%s): %zu passed, %zu failed\n", path, kind->name, run.passed, run.failed);
        total->passed += run.passed;
        total->failed += run.failed;
        return true;
}

typedef VEC(const char *) Paths;

/* Adds the goldens of a corpus: folders of JSON files, of kinds that are known. False when it is not here. */
static bool add_corpus(Arena *arena, const char *folder, Paths *paths)
{
        const char *shared = getenv("PHAROS_SHARED");
        const char *path = str_printf(arena, "%s/%s", shared ? shared : "", folder).p;
        const Fs *fs = fs_system();
        Str *dirs, *names;
        size_t n_dirs, n;
        Err err;
        if (!shared || !fs->list(fs, path, arena, &dirs, &n_dirs, &err)) {
                printf("SKIPPED: THE CORPUS IS NOT HERE: no folder '%s' (set PHAROS_SHARED to where the corpora are)\n",
                       path);
                return false;
        }
        for (size_t i = 0; i < n_dirs; i++) {
                const char *dir = str_printf(arena, "%s/" STR_FMT, path, STR_ARG(dirs[i])).p;
                if (!fs->list(fs, dir, arena, &names, &n, &err))
                        continue;
                for (size_t k = 0; k < n; k++)
                        if (str_ends(names[k], STR(".json")) && !str_eq(names[k], STR("data.json")))
                                vec_push(paths, str_printf(arena, "%s/" STR_FMT, dir, STR_ARG(names[k])).p);
        }
        return true;
}

static bool read_compat(const char *text, AlertCompat *ret)
{
        static const char *const names[] = {
                [ALERT_COMPAT_AM_0_34] = "0.34", [ALERT_COMPAT_AM_0_25] = "0.25", [ALERT_COMPAT_PHAROS] = "pharos"
        };
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                if (strcmp(text, names[i]) != 0)
                        continue;
                *ret = (AlertCompat)i;
                return true;
        }
        return false;
}

/* The exit status, or -1 to go on. */
static int read_arguments(int argc, char **argv, Arena *arena, AtRun *total, Paths *paths)
{
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "-v") == 0) {
                        total->verbose = true;
                } else if (strcmp(argv[i], "--corpus") == 0 && i + 1 < argc) {
                        if (!add_corpus(arena, argv[++i], paths))
                                return EXIT_SKIPPED;
                } else if (strcmp(argv[i], "--compat") == 0 && i + 1 < argc &&
                           read_compat(argv[i + 1], &total->compat)) {
                        i++;
                } else if (argv[i][0] == '-') {
                        bool help = strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0;
                        usage(help ? stdout : stderr);
                        return help ? 0 : 2;
                } else {
                        vec_push(paths, argv[i]);
                }
        }
        if (paths->len == 0) {
                usage(stderr);
                return 2;
        }
        return -1;
}

int main(int argc, char **argv)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AtRun total = { .compat = ALERT_COMPAT_AM_0_25 };
        Paths paths = { .arena = arena };
        bool readable = true;
        log_configure(LOG_LV_OFF, LOG_FMT_LOGFMT);
        int status = read_arguments(argc, argv, arena, &total, &paths);
        if (status >= 0)
                return status;
        vec_each(path, &paths)
                readable &= run_file(*path, &total);
        printf("%zu passed, %zu failed\n", total.passed, total.failed);
        return readable ? total.failed != 0 : 2;
}
