#include "app/app_import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/app_rwsend.h"
#include "app/app_tool.h"
#include "interop/storecopy.h"
#include "interop/textimport.h"
#include "scrape/expofmt.h"

enum { MAINTAIN_EVERY_SAMPLES = 2000000 };

typedef struct ImportFlags {
        const char *from, *data, *url, *match, *min_time, *max_time, *columns;
        bool header;
} ImportFlags;

typedef struct ImportRun {
        const ImportFlags *flags;
        Matchers matchers;
        ToolStore target; /* or */
        AppRwsend *remote;
        StoreEngine *engine; /* of one of them */
        StoreCopyStats stats;
        Stage *stage; /* of text */
        uint64_t repeated;
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

static bool copy(ImportRun *run, StoreEngine *from, int64_t min_ms, int64_t max_ms, Err *err)
{
        StoreCopyOptions options = { .matchers = run->matchers, .progress = on_progress, .ctx = run };
        if (!app_tool_time(run->flags->min_time, min_ms, &options.min_ms) ||
            !app_tool_time(run->flags->max_time, max_ms, &options.max_ms))
                return err_set(err, ERR_INVALID, "nothing was imported");
        options.min_ms = MAX_OF(options.min_ms, min_ms);
        options.max_ms = MIN_OF(options.max_ms, max_ms);
        return storecopy_run(from, run->engine, &options, &run->stats, err);
}

/* ---- text */

static bool drain(void *ctx, Err *err)
{
        ImportRun *run = ctx;
        int64_t min_ms, max_ms;
        if (!stage_range(run->stage, &min_ms, &max_ms))
                return true;
        bool ok = copy(run, stage_engine(run->stage, &run->repeated), min_ms, max_ms, err);
        stage_clear(run->stage);
        return ok;
}

typedef struct OmRun {
        const TextImportOptions *options;
        Arena *scratch; /* of the labels of a line */
        MetricType type;
        Str last; /* the series bytes of the line before: lines of a series follow each other, its labels are read once */
} OmRun;

static bool stage_line(OmRun *run, const ExpoItem *item, unsigned line, Err *err)
{
        const TextImportOptions *o = run->options;
        Labels labels;
        Err why;
        if (!item->has_t)
                return err_set(err, ERR_INVALID, "%s:%u:%zu: the sample has no timestamp", o->name, line,
                               item->series.n + 2);
        if (run->last.n && str_eq(run->last, item->series)) {
                stage_more(o->stage, item->t_ms, item->value);
        } else {
                arena_reset(run->scratch);
                if (!expofmt_labels(item->series, run->type, run->scratch, &labels, &why))
                        return err_set(err, ERR_INVALID, "%s:%u:1: %s", o->name, line, why.msg);
                if (!stage_put(o->stage, labels, item->t_ms, item->value))
                        return err_set(err, ERR_INVALID, "%s:%u:1: the sample has no labels, or one of them twice",
                                       o->name, line);
                run->last = item->series;
        }
        if (stage_samples(o->stage) < STAGE_MAX_SAMPLES)
                return true;
        run->last = (Str){ 0 };
        return o->drain(o->ctx, err);
}

static bool read_openmetrics(Str text, const TextImportOptions *o, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(arena_free) Arena *scratch = arena_new();
        OmRun run = { .options = o, .scratch = scratch };
        ExpoParser p;
        ExpoItem item;
        Err why;
        expofmt_init(&p, text, EXPO_OPENMETRICS, arena);
        for (;;) {
                ExpoKind kind = expofmt_next(&p, &item, &why);
                if (kind == EXPO_END)
                        return true;
                if (kind == EXPO_BAD) { /* "line 3: what" */
                        bool numbered = strncmp(why.msg, "line ", 5) == 0;
                        return err_set(err, ERR_INVALID, "%s:%s%s", o->name, numbered ? "" : " ",
                                       why.msg + (numbered ? 5 : 0));
                }
                if (kind == EXPO_TYPE) {
                        run.type = item.type;
                        run.last = (Str){ 0 };
                }
                if (kind == EXPO_SERIES && !stage_line(&run, &item, p.line, err))
                        return false;
        }
}

typedef bool ReadText(Str text, const TextImportOptions *options, Err *err);

static bool import_text(ImportRun *run, const char *path, ReadText *read)
{
        AUTO(arena_free) Arena *arena = arena_new();
        TextImportOptions options = { .name = path,
                                      .columns = run->flags->columns,
                                      .skip_header = run->flags->header,
                                      .stage = run->stage,
                                      .drain = drain,
                                      .ctx = run };
        Str text;
        Err err;
        bool ok = promblock_map(fs_system(), path, arena, &text, &err) && read(text, &options, &err) &&
                  drain(run, &err);
        app_tool_progress_end();
        if (!ok)
                fprintf(stderr, "pharos: %s\n", err.msg);
        stage_clear(run->stage);
        return ok;
}

static bool import_dir(ImportRun *run, const char *dir)
{
        ToolStore source;
        Err err;
        if (!app_tool_open(dir, false, &source))
                return false;
        bool ok = copy(run, source.engine, source.min_ms, source.max_ms, &err);
        app_tool_progress_end();
        if (!ok)
                fprintf(stderr, "pharos: %s: %s\n", dir, err.msg);
        return app_tool_close(&source) && ok;
}

/* ---- the command */

/* Says what came of it; true when everything was kept. */
static bool report(ImportRun *run)
{
        StoreCopyStats *s = &run->stats;
        uint64_t refused = s->histograms_unsupported;
        printf("imported %" PRIu64 " samples of %" PRIu64 " series", s->samples, s->series);
        if (s->histograms)
                printf(", %" PRIu64 " of them histograms", s->histograms);
        if (s->refused[APPEND_DUPLICATE])
                printf("; %" PRIu64 " were there already", s->refused[APPEND_DUPLICATE]);
        if (run->repeated)
                printf("; %" PRIu64 " were there twice, the first counts", run->repeated);
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
                fprintf(stderr, "pharos: the first: " STR_FMT "\n", STR_ARG(buf_str(&s->first_refused)));
        buf_done(&s->first_refused);
        return refused == 0;
}

static bool open_target(ImportRun *run)
{
        Err err;
        if (!run->flags->url) {
                if (!app_tool_open(run->flags->data, true, &run->target))
                        return false;
                run->engine = run->target.engine;
                return true;
        }
        if (!app_rwsend_new(run->flags->url, &run->remote, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                return false;
        }
        run->engine = app_rwsend_engine(run->remote);
        return true;
}

static bool close_target(ImportRun *run)
{
        Err err;
        bool ok = !run->target.tsdb || tsdb_flush(run->target.tsdb, &err);
        if (!ok)
                fprintf(stderr, "pharos: %s\n", err.msg);
        app_tool_close(&run->target);
        app_rwsend_free(run->remote);
        return ok;
}

static const struct ImportFormat {
        const char *name;
        ReadText *read; /* NULL: a data folder */
} FORMATS[] = { { "prometheus", NULL },
                { "pharos", NULL },
                { "openmetrics", read_openmetrics },
                { "jsonl", textimport_jsonl },
                { "csv", textimport_csv } };

int app_import_run(int argc, char **argv)
{
        ImportFlags f = { .from = "prometheus", .data = "data" };
        const ToolFlag flags[] = { { "from", TOOL_TEXT, &f.from },
                                   { "data", TOOL_TEXT, &f.data },
                                   { "url", TOOL_TEXT, &f.url },
                                   { "match", TOOL_TEXT, &f.match },
                                   { "min-time", TOOL_TEXT, &f.min_time },
                                   { "max-time", TOOL_TEXT, &f.max_time },
                                   { "columns", TOOL_TEXT, &f.columns },
                                   { "header", TOOL_BOOL, &f.header },
                                   { NULL, TOOL_BOOL, NULL } };
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(stage_free) Stage *stage = stage_new();
        ImportRun run = { .flags = &f, .stage = stage };
        const struct ImportFormat *format = NULL;
        if (!app_tool_flags(&argc, argv, flags))
                return 2;
        for (size_t i = 0; i < ARRAY_LEN(FORMATS); i++)
                if (strcmp(f.from, FORMATS[i].name) == 0)
                        format = &FORMATS[i];
        if (argc < 1 || !format) {
                fprintf(stderr,
                        "usage: pharos import [--from prometheus|pharos|openmetrics|jsonl|csv] [--data DATA | --url URL]\n"
                        "               [--match SELECTOR] [--min-time T] [--max-time T] [--columns LIST [--header]] "
                        "DIR|FILE...\n"
                        "--data is a data folder that no server has open; --url a running server.\n"
                        "--columns of a CSV: time[:unix_s|unix_ms|unix_us|unix_ns|rfc3339], metric, value[:NAME], "
                        "label:NAME, skip; without it the header says.\n");
                return 2;
        }
        if (!app_tool_matchers(f.match, arena, &run.matchers) || !open_target(&run))
                return 1;
        bool ok = true;
        for (int i = 0; ok && i < argc; i++)
                ok = format->read ? import_text(&run, argv[i], format->read) : import_dir(&run, argv[i]);
        ok = close_target(&run) && ok;
        return report(&run) && ok ? 0 : 1;
}
