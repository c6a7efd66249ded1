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
        bool rules;       /* `check rules`: promtool's verdicts */
        const char *only; /* of the findings; NULL: all */
        RulesDialect dialect;
        AlertMatcherMode matchers;
} CheckFlags;

static void usage(void)
{
        fprintf(stderr,
                "usage: pharos check [FLAG...] FILE...\n"
                "       pharos check rules [FLAG...] [FILE...]   as promtool; without a file: standard input\n"
                "       pharos check config [FLAG...] FILE...\n"
                "  --lint                  also what is legal but most likely not meant\n"
                "  --lint=NAME             none, all, or this finding alone; for rules: duplicate-rules unless said\n"
                "  --lint-fatal            exit 3 when there is some\n"
                "  --ignore-unknown-fields rule files: keys that the format does not have are passed over\n"
                "  --legacy-names          rule files: names as under metric_name_validation_scheme: legacy\n"
                "  --enable-feature=LIST   Prometheus' and Alertmanager's feature flags, as for serve\n"
                "  --json                  findings for programs\n");
}

static void read_lint(CheckFlags *flags, const char *value)
{
        flags->lint = strcmp(value, "none") != 0;
        flags->only = strcmp(value, "all") == 0 ? NULL : value;
}

static bool read_flag(CheckFlags *ret, const char *arg)
{
        Err err;
        Str flag = str_of(arg), list = STR("--enable-feature="), lint = STR("--lint=");
        if (str_eq(flag, STR("--json")))
                ret->json = true;
        else if (str_eq(flag, STR("--lint")))
                read_lint(ret, "all");
        else if (str_starts(flag, lint))
                read_lint(ret, arg + lint.n);
        else if (str_eq(flag, STR("--lint-fatal"))) {
                ret->lint_fatal = true;
                ret->lint |= !ret->rules;
        } else if (str_eq(flag, STR("--legacy-names")))
                ret->dialect.legacy_names = true;
        else if (str_eq(flag, STR("--ignore-unknown-fields")))
                ret->dialect.ignore_unknown = true;
        else if (!str_starts(flag, list))
                return false;
        else if (!app_flags_enable_features(&ret->dialect.features, &ret->matchers, str_sub(flag, list.n, flag.n),
                                            &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                return false;
        }
        return true;
}

/* Takes the flags out of argv, wherever they stand, and the word in front. Returns how many files are left at its front;
 * -1: usage was shown. */
static int read_flags(int argc, char **argv, CheckFlags *ret)
{
        int n = 0, i = 0;
        if (argc > 0 && strcmp(argv[0], "rules") == 0) {
                *ret = (CheckFlags){ .rules = true, .dialect = ret->dialect };
                ret->dialect.fragments = false;
                read_lint(ret, "duplicate-rules");
                i = 1;
        } else if (argc > 0 && strcmp(argv[0], "config") == 0)
                i = 1;
        for (; i < argc; i++) {
                if (strncmp(argv[i], "--", 2) != 0)
                        argv[n++] = argv[i];
                else if (!read_flag(ret, argv[i])) {
                        usage();
                        return -1;
                }
        }
        if (n > 0 || ret->rules)
                return n;
        usage();
        return -1;
}

/* Drops the findings of other names: they begin with it in brackets. Returns how many stay. */
static size_t keep_finding(Diags *diags, const char *name)
{
        size_t kept = 0, found = 0;
        Str prefix = str_printf(diags->arena, "[%s]", name);
        for (size_t i = 0; i < diags->list.len; i++) {
                const Diag *d = &diags->list.data[i];
                bool finding = d->level != DIAG_ERROR && str_starts(d->message, STR("["));
                bool wanted = finding && str_starts(d->message, prefix);
                found += wanted;
                if (!finding || wanted)
                        diags->list.data[kept++] = *d;
        }
        diags->list.len = kept;
        return found;
}

int app_check_run(int argc, char **argv)
{
        CheckFlags flags = { .dialect = { .features = promql_features_default(), .fragments = true } };
        bool all_ok = true;
        size_t findings = 0;
        AUTO(buf_done) Buf out = { 0 };
        JsonWriter w;
        static char stdin_path[] = "/dev/stdin";
        char *stdin_only[] = { stdin_path };
        int n = read_flags(argc, argv, &flags);
        if (n < 0)
                return 2;
        char **files = n ? argv : stdin_only;
        json_writer_init(&w, &out);
        json_begin_array(&w);
        for (int i = 0; i < MAX_OF(n, 1); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Diags diags;
                Str kind;
                diags_init(&diags, arena);
                size_t found = 0;
                bool ok = app_config_check_file(files[i], &flags.dialect, flags.matchers, flags.rules, &diags, &kind,
                                                flags.lint ? &found : NULL);
                if (flags.lint && flags.only)
                        found = keep_finding(&diags, flags.only);
                all_ok &= ok;
                findings += found;
                if (flags.json)
                        put_json(&w, &diags, files[i], kind, ok);
                else
                        print_plain(&diags, files[i], kind, ok);
        }
        json_end_array(&w);
        if (flags.json)
                printf("%.*s\n", (int)out.n, out.p);
        return !all_ok ? 1 : flags.lint_fatal && findings ? 3 : 0;
}
