#include "app/app_export.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/app_tool.h"
#include "interop/promwrite.h"
#include "interop/textexport.h"

typedef struct ExportFlags {
        const char *to, *data, *match, *min_time, *max_time, *output;
} ExportFlags;

static bool on_progress(void *ctx, double done, const PromWriteStats *stats, Err *err)
{
        (void)err;
        app_tool_progress(ctx, "export", done, stats->samples);
        return true;
}

static bool to_file(void *ctx, Str bytes, Err *err)
{
        if (fwrite(bytes.p, 1, bytes.n, ctx) != bytes.n)
                return err_set(err, ERR_IO, "the output cannot be written");
        return true;
}

static bool export_blocks(const ExportFlags *f, const ToolStore *store, Matchers matchers, int64_t min_ms,
                          int64_t max_ms)
{
        int64_t drawn_ms = 0;
        PromWriteOptions options = { .fs = fs_system(),
                                     .dir = f->output,
                                     .matchers = matchers,
                                     .min_ms = min_ms,
                                     .max_ms = max_ms,
                                     .progress = on_progress,
                                     .ctx = &drawn_ms };
        PromWriteStats stats = { 0 };
        Err err;
        bool ok = promwrite_blocks(store->engine, &options, &stats, &err);
        app_tool_progress_end();
        if (!ok)
                fprintf(stderr, "pharos: %s\n", err.msg);
        fprintf(stderr, "exported %" PRIu64 " samples into %" PRIu64 " blocks in %s\n", stats.samples, stats.blocks,
                f->output);
        return ok;
}

static bool export_text(const ExportFlags *f, const ToolStore *store, TextExportOptions options)
{
        TextExportStats stats = { 0 };
        Err err;
        FILE *out = f->output && strcmp(f->output, "-") != 0 ? fopen(f->output, "w") : stdout;
        if (!out) {
                fprintf(stderr, "pharos: '%s' cannot be written\n", f->output);
                return false;
        }
        options.write = to_file;
        options.ctx = out;
        bool ok = textexport_run(store->engine, &options, &stats, &err);
        bool written = (out == stdout ? fflush(out) : fclose(out)) == 0;
        if (!ok)
                fprintf(stderr, "pharos: %s\n", err.msg);
        else if (!written)
                fprintf(stderr, "pharos: the output cannot be written\n");
        fprintf(stderr, "exported %" PRIu64 " samples of %" PRIu64 " series\n", stats.samples, stats.series);
        if (stats.histograms_left_out)
                fprintf(stderr,
                        "pharos: %" PRIu64 " histograms were left out: this format has no place for them; blocks has\n",
                        stats.histograms_left_out);
        if (stats.stale_left_out)
                fprintf(stderr, "pharos: %" PRIu64 " stale markers were left out: this format has no place for them\n",
                        stats.stale_left_out);
        return ok && written;
}

int app_export_run(int argc, char **argv)
{
        ExportFlags f = { .to = "openmetrics", .data = "data" };
        const ToolFlag flags[] = { { "to", TOOL_TEXT, &f.to },
                                   { "data", TOOL_TEXT, &f.data },
                                   { "match", TOOL_TEXT, &f.match },
                                   { "min-time", TOOL_TEXT, &f.min_time },
                                   { "max-time", TOOL_TEXT, &f.max_time },
                                   { "output", TOOL_TEXT, &f.output },
                                   { NULL, TOOL_BOOL, NULL } };
        AUTO(arena_free) Arena *arena = arena_new();
        TextExportOptions options = { 0 };
        ToolStore store;
        if (!app_tool_flags(&argc, argv, flags))
                return 2;
        bool blocks = strcmp(f.to, "blocks") == 0;
        if (argc != 0 || (!blocks && !textexport_format_parse(str_of(f.to), &options.format)) ||
            (blocks && !f.output)) {
                fprintf(stderr,
                        "usage: pharos export [--to openmetrics|jsonl|csv] [--data DIR] [--match SELECTOR] [--min-time T] "
                        "[--max-time T] [--output FILE]\n"
                        "       pharos export --to blocks --output DIR [...]\n");
                return 2;
        }
        if (!app_tool_matchers(f.match, arena, &options.matchers) || !app_tool_open(f.data, false, &store))
                return 1;
        bool ok = app_tool_time(f.min_time, store.min_ms, &options.min_ms) &&
                  app_tool_time(f.max_time, store.max_ms, &options.max_ms);
        if (ok && blocks)
                ok = export_blocks(&f, &store, options.matchers, options.min_ms, options.max_ms);
        else if (ok)
                ok = export_text(&f, &store, options);
        return app_tool_close(&store) && ok ? 0 : 1;
}
