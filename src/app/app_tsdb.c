#include "app/app_tsdb.h"

#include <stdio.h>
#include <string.h>

#include "app/app_snapshot.h"
#include "app/app_tool.h"
#include "app/app_tsdb_look.h"
#include "interop/textexport.h"

static bool to_stdout(void *ctx, Str bytes, Err *err)
{
        (void)ctx;
        if (fwrite(bytes.p, 1, bytes.n, stdout) != bytes.n)
                return err_set(err, ERR_IO, "the output cannot be written");
        return true;
}

static int run_dump(int argc, char **argv)
{
        const char *min_time = NULL, *max_time = NULL, *match = NULL, *format = "dump";
        const ToolFlag flags[] = { { "min-time", TOOL_TEXT, &min_time },
                                   { "max-time", TOOL_TEXT, &max_time },
                                   { "match", TOOL_TEXT, &match },
                                   { "format", TOOL_TEXT, &format },
                                   { NULL, TOOL_BOOL, NULL } };
        AUTO(arena_free) Arena *arena = arena_new();
        TextExportOptions options = { .write = to_stdout };
        TextExportStats stats = { 0 };
        ToolStore store;
        Err err;
        if (!app_tool_flags(&argc, argv, flags))
                return 2;
        if (argc != 1 || !textexport_format_parse(str_of(format), &options.format)) {
                fprintf(stderr, "usage: pharos tsdb dump [--match SELECTOR] [--min-time T] [--max-time T] [--format "
                                "dump|openmetrics|jsonl|csv] DIR\n");
                return 2;
        }
        if (!app_tool_matchers(match, arena, &options.matchers) || !app_tool_open(argv[0], false, &store))
                return 1;
        bool ok = app_tool_time(min_time, store.min_ms, &options.min_ms) &&
                  app_tool_time(max_time, store.max_ms, &options.max_ms);
        if (ok && options.min_ms <= options.max_ms && !textexport_run(store.engine, &options, &stats, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                ok = false;
        }
        return app_tool_close(&store) && ok && fflush(stdout) == 0 ? 0 : 1;
}

static const struct TsdbCommand {
        const char *name, *args, *help;
        int (*run)(int argc, char **argv);
} COMMANDS[] = {
        { "list", "[-r | --json] DIR", "its blocks or parts: times, samples, sizes", app_tsdb_look_list },
        { "analyze", "[--limit N] [--match SELECTOR] [--json] DIR",
          "labels with the most series, values, bytes and churn", app_tsdb_look_analyze },
        { "verify", "[--json] DIR", "read everything and check it; exit 1 on damage", app_tsdb_look_verify },
        { "repair", "DIR", "cut torn ends, set damaged files aside", app_tsdb_look_repair },
        { "dump", "[--match SELECTOR] [--min-time T] [--max-time T] [--format F] DIR", "print every sample", run_dump },
        { "snapshot", "[--skip-head] [--url URL] DATA",
          "copy a data folder of pharos into DATA/snapshots, also one that a server has open", app_snapshot_run },
};

int app_tsdb_run(int argc, char **argv)
{
        for (size_t i = 0; argc > 0 && i < ARRAY_LEN(COMMANDS); i++)
                if (strcmp(argv[0], COMMANDS[i].name) == 0)
                        return COMMANDS[i].run(argc - 1, argv + 1);
        fprintf(stderr, "Looks into a data folder of pharos or Prometheus that no server has open, or copies one.\n\n");
        for (size_t i = 0; i < ARRAY_LEN(COMMANDS); i++)
                fprintf(stderr, "  pharos tsdb %s %s\n      %s\n", COMMANDS[i].name, COMMANDS[i].args,
                        COMMANDS[i].help);
        return 2;
}
