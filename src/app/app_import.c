#include "app/app_import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/app_tool.h"
#include "interop/storecopy.h"

enum { MAINTAIN_EVERY_SAMPLES = 2000000 };

typedef struct ImportFlags {
        const char *from, *data, *url, *match, *min_time, *max_time;
} ImportFlags;

typedef struct ImportRun {
        const ImportFlags *flags;
        ToolStore target;
        int64_t drawn_ms;
        uint64_t maintained; /* samples when the target was last looked after */
} ImportRun;

static bool on_progress(void *ctx, const StoreCopyStats *stats, Err *err)
{
        ImportRun *run = ctx;
        (void)err;
        app_tool_progress(&run->drawn_ms, "import", stats->done, stats->samples);
        if (run->target.tsdb && stats->samples - run->maintained >= MAINTAIN_EVERY_SAMPLES) {
                run->maintained = stats->samples;
                tsdb_maintain(run->target.tsdb);
        }
        return true;
}

/* Says what came of it; true when everything was kept. */
static bool report(StoreCopyStats *s)
{
        uint64_t refused = s->histograms_unsupported;
        printf("imported %" PRIu64 " samples of %" PRIu64 " series", s->samples, s->series);
        if (s->histograms)
                printf(", %" PRIu64 " of them histograms", s->histograms);
        if (s->refused[APPEND_DUPLICATE])
                printf("; %" PRIu64 " were there already", s->refused[APPEND_DUPLICATE]);
        printf("\n");
        for (int i = 0; i < APPEND_RESULT_MAX_; i++) {
                if (i == APPEND_OK || i == APPEND_DUPLICATE || !s->refused[i])
                        continue;
                refused += s->refused[i];
                fprintf(stderr, "pharos: %" PRIu64 " samples were refused: %s\n", s->refused[i],
                        append_result_name((AppendResult)i));
        }
        if (s->histograms_unsupported)
                fprintf(stderr, "pharos: %" PRIu64 " histograms were left out: the target does not store them\n",
                        s->histograms_unsupported);
        if (s->first_refused.n)
                fprintf(stderr, "pharos: the first: " STR_FMT "\n", STR_ARG(s->first_refused));
        buf_done(&s->first_refused);
        return refused == 0;
}

static bool import_prometheus(ImportRun *run, const char *dir, StoreCopyStats *stats)
{
        const ImportFlags *f = run->flags;
        AUTO(arena_free) Arena *arena = arena_new();
        StoreCopyOptions options = { .progress = on_progress, .ctx = run };
        ToolStore source;
        Err err;
        if (!app_tool_matchers(f->match, arena, &options.matchers) || !app_tool_open(dir, false, &source))
                return false;
        bool ok = app_tool_time(f->min_time, source.min_ms, &options.min_ms) &&
                  app_tool_time(f->max_time, source.max_ms, &options.max_ms);
        if (ok && !storecopy_run(source.engine, run->target.engine, &options, stats, &err)) {
                app_tool_progress_end();
                fprintf(stderr, "pharos: %s: %s\n", dir, err.msg);
                ok = false;
        }
        app_tool_progress_end();
        return app_tool_close(&source) && ok;
}

int app_import_run(int argc, char **argv)
{
        ImportFlags f = { .from = "prometheus", .data = "data" };
        const ToolFlag flags[] = { { "from", TOOL_TEXT, &f.from },
                                   { "data", TOOL_TEXT, &f.data },
                                   { "url", TOOL_TEXT, &f.url },
                                   { "match", TOOL_TEXT, &f.match },
                                   { "min-time", TOOL_TEXT, &f.min_time },
                                   { "max-time", TOOL_TEXT, &f.max_time },
                                   { NULL, TOOL_BOOL, NULL } };
        ImportRun run = { .flags = &f };
        StoreCopyStats stats = { 0 };
        Err err;
        if (!app_tool_flags(&argc, argv, flags))
                return 2;
        if (argc != 1) {
                fprintf(stderr, "usage: pharos import [--from prometheus] [--data DATA | --url URL] [--match SELECTOR] "
                                "[--min-time T] [--max-time T] DIR\n");
                return 2;
        }
        if (!app_tool_open(f.data, true, &run.target))
                return 1;
        bool ok = import_prometheus(&run, argv[0], &stats);
        if (!tsdb_flush(run.target.tsdb, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                ok = false;
        }
        app_tool_close(&run.target);
        return report(&stats) && ok ? 0 : 1;
}
