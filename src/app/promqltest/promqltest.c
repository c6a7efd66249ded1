/* promqltest: runs PromQL conformance scripts. See usage(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/promqltest/ptrun.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/num.h"
#include "base/vec.h"
#include "os/file.h"

enum { MAX_SCRIPT_BYTES = 64 << 20, EXIT_SKIPPED = 77 /* meson and automake */ };

typedef struct Floor {
        Str file;
        uint64_t passes;
} Floor;

typedef struct Options {
        bool verbose, table;
        const char *floor_path, *corpus;
} Options;

typedef VEC(const char *) Paths;

typedef struct Row {
        const char *file;
        PtCounts counts;
} Row;

static void usage(FILE *out)
{
        fputs("usage: promqltest [-v] [-s] [--floor FILE] [--corpus FOLDER] SCRIPT|FOLDER...\n"
              "Runs PromQL test scripts (of a folder: every *.test) against the engine and an in-memory store.\n"
              "  -v            also print every eval that passes\n"
              "  -s            print a table of passes and failures by file\n"
              "  --corpus FOLDER  scripts in a folder below $PHAROS_SHARED; exit 77 (skipped) when it is not there\n"
              "  --floor FILE  lines of \"<script name> <minimum passes>\": exit 1 only when a script passes fewer\n"
              "Failures are printed as file:line: reason; the last line is \"N passed, N failed\"; exit 1 when any failed.\n",
              out);
}

static bool read_file(Arena *arena, const char *path, Str *ret)
{
        Buf b = { .arena = arena };
        Err err;
        if (!file_read_all(fs_system(), path, MAX_SCRIPT_BYTES, &b, &err)) {
                fprintf(stderr, "promqltest: %s\n", err.msg);
                return false;
        }
        *ret = buf_str(&b);
        return true;
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

static bool known_row(const Row *rows, size_t n, Str file)
{
        for (size_t i = 0; i < n; i++)
                if (str_eq(file, str_of(base_name(rows[i].file))))
                        return true;
        return false;
}

/* true when every script passes at least as often as the floor file says, and none that it names is missing. */
static bool above_floor(Str text, const Row *rows, size_t n)
{
        bool ok = true;
        for (Str line; str_split_next(&text, '\n', &line);) {
                Str file, count;
                uint64_t least = 0;
                line = str_trim(line);
                if (line.n == 0 || line.p[0] == '#')
                        continue;
                if (!str_cut(line, ' ', &file, &count) || !num_parse_u64(str_trim(count), &least)) {
                        printf("floor: cannot read '" STR_FMT "'\n", STR_ARG(line));
                        ok = false;
                        continue;
                }
                if (!known_row(rows, n, file)) {
                        printf("floor: '" STR_FMT "' was not run\n", STR_ARG(file));
                        ok = false;
                }
                for (size_t i = 0; i < n; i++) {
                        if (!str_eq(file, str_of(base_name(rows[i].file))) || rows[i].counts.passed >= least)
                                continue;
                        printf("floor: %s passes %zu, the floor is %llu\n", rows[i].file, rows[i].counts.passed,
                               (unsigned long long)least);
                        ok = false;
                }
        }
        return ok;
}

static void print_table(const Row *rows, size_t n)
{
        printf("%-28s %8s %8s\n", "file", "passed", "failed");
        for (size_t i = 0; i < n; i++)
                printf("%-28s %8zu %8zu\n", base_name(rows[i].file), rows[i].counts.passed, rows[i].counts.failed);
}

/* A file as it is, a folder as its *.test files. */
static bool add_path(Arena *arena, const char *path, Paths *paths)
{
        const Fs *fs = fs_system();
        Str *names;
        size_t n;
        Err err;
        if (str_ends(str_of(path), STR(".test"))) {
                vec_push(paths, path);
                return true;
        }
        if (!fs->list(fs, path, arena, &names, &n, &err)) {
                fprintf(stderr, "promqltest: %s\n", err.msg);
                return false;
        }
        for (size_t i = 0; i < n; i++)
                if (str_ends(names[i], STR(".test")))
                        vec_push(paths, str_printf(arena, "%s/" STR_FMT, path, STR_ARG(names[i])).p);
        return true;
}

static int run_files(const Options *options, Arena *arena, const Paths *paths)
{
        Str text, floor = { NULL, 0 };
        PtCounts total = { 0 };
        VEC(Row) rows = { .arena = arena };
        if (options->floor_path && !read_file(arena, options->floor_path, &floor))
                return 2;
        for (size_t i = 0; i < paths->len; i++) {
                if (!read_file(arena, paths->data[i], &text))
                        return 2;
                Row row = { paths->data[i], ptrun_script(paths->data[i], text, options->verbose) };
                total.passed += row.counts.passed;
                total.failed += row.counts.failed;
                vec_push(&rows, row);
        }
        if (options->table)
                print_table(rows.data, rows.len);
        bool ok = options->floor_path ? above_floor(floor, rows.data, rows.len) : total.failed == 0;
        printf("%zu passed, %zu failed\n", total.passed, total.failed);
        return ok ? 0 : 1;
}

/* Adds the corpus; false when it is not on this machine. */
static bool add_corpus(Arena *arena, const char *folder, Paths *paths)
{
        const char *shared = getenv("PHAROS_SHARED");
        const char *path = str_printf(arena, "%s/%s", shared ? shared : "", folder).p;
        if (shared && add_path(arena, path, paths))
                return true;
        printf("SKIPPED: THE CORPUS IS NOT HERE: no folder '%s' (set PHAROS_SHARED to where the corpora are)\n", path);
        return false;
}

int main(int argc, char **argv)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Options options = { 0 };
        Paths paths = { .arena = arena };
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "-v") == 0) {
                        options.verbose = true;
                } else if (strcmp(argv[i], "-s") == 0) {
                        options.table = true;
                } else if (strcmp(argv[i], "--floor") == 0 && i + 1 < argc) {
                        options.floor_path = argv[++i];
                } else if (strcmp(argv[i], "--corpus") == 0 && i + 1 < argc) {
                        if (!add_corpus(arena, argv[++i], &paths))
                                return EXIT_SKIPPED;
                } else if (argv[i][0] == '-') {
                        bool help = strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0;
                        usage(help ? stdout : stderr);
                        return help ? 0 : 2;
                } else if (!add_path(arena, argv[i], &paths)) {
                        return 2;
                }
        }
        if (paths.len == 0) {
                usage(stderr);
                return 2;
        }
        return run_files(&options, arena, &paths);
}
