/* *.prom files of a folder, which scripts and cron jobs leave there.
 *
 * Invariants:
 * 1. A file counts as a whole: one that does not parse exposes nothing, and node_textfile_scrape_error is 1.
 * 2. A family of several files has one type and one help: a file that contradicts an earlier one loses that family. */
#include <stdlib.h>

#include "base/log.h"
#include "collect/host.h"
#include "collect/textfile.h"
#include "os/kernel.h"

typedef struct Source {
        TextfileFamily *family;
        Str path;
        bool refused;
} Source;

typedef struct FileTime {
        Str path;
        int64_t mtime_seconds;
} FileTime;

typedef struct Reading {
        Host *host;
        VEC(Source) sources; /* in the order of files */
        VEC(FileTime) times;
        bool error;
} Reading;

static void complain(Reading *r, const char *path, const Err *err)
{
        log_debug("textfile is not exposed", KV("file", path), KV("err", err));
        r->error = true;
}

static void read_file(Reading *r, const char *path)
{
        Host *host = r->host;
        Str text;
        TextfileFamilies families;
        int64_t mtime;
        Err err;
        if (!host_read(host, path, &text, &err) || !textfile_parse(text, host->arena, &families, &err) ||
            !kernel_mtime(path, &mtime, &err)) {
                complain(r, path, &err);
                return;
        }
        vec_each(f, &families)
                vec_push(&r->sources, (Source){ .family = *f, .path = str_of(path) });
        vec_push(&r->times, (FileTime){ str_of(path), mtime });
}

static void read_folder(Reading *r, Str dir)
{
        Host *host = r->host;
        Str *names;
        size_t n;
        Err err;
        if (!host->fs->list(host->fs, dir.p, host->arena, &names, &n, &err)) {
                complain(r, dir.p, &err);
                return;
        }
        while (dir.n > 1 && dir.p[dir.n - 1] == '/')
                dir.n--;
        for (size_t i = 0; i < n; i++)
                if (str_ends(names[i], STR(".prom")))
                        read_file(r, str_printf(host->arena, STR_FMT "/" STR_FMT, STR_ARG(dir), STR_ARG(names[i])).p);
}

static int by_family(const void *a, const void *b)
{
        const Source *x = a;
        const Source *y = b;
        int c = str_cmp(x->family->name, y->family->name);
        return c ? c : str_cmp(x->path, y->path);
}

/* n sources of one family. */
static void put_family(Reading *r, MetricSink *sink, Source *sources, size_t n)
{
        Host *host = r->host;
        Str help = { 0 };
        MetricType type = sources[0].family->type;
        Buf read_from = { .arena = host->arena };
        buf_lit(&read_from, "Metric read from ");
        for (size_t i = 0; i < n; i++) {
                const TextfileFamily *f = sources[i].family;
                bool other_help = f->help.n && help.n && !str_eq(f->help, help);
                if (other_help || f->type != type) {
                        Err err;
                        err_set(&err, ERR_INVALID, "'" STR_FMT "' has another %s than in '" STR_FMT "'",
                                STR_ARG(f->name), other_help ? "help" : "type", STR_ARG(sources[0].path));
                        complain(r, sources[i].path.p, &err);
                        sources[i].refused = true;
                        continue;
                }
                help = help.n ? help : f->help;
                if (i)
                        buf_lit(&read_from, ", ");
                buf_str_add(&read_from, sources[i].path);
        }
        metric_sink_family(sink, sources[0].family->name, type, help.n ? help : buf_str(&read_from));
        for (size_t i = 0; i < n; i++) {
                if (sources[i].refused)
                        continue;
                vec_each(s, &sources[i].family->samples)
                        metric_sink_suffixed(sink, s->suffix, s->labels, s->n, s->value);
        }
}

static void put_families(Reading *r, MetricSink *sink)
{
        Source *sources = r->sources.data;
        if (r->sources.len)
                qsort(sources, r->sources.len, sizeof *sources, by_family);
        for (size_t i = 0, n; i < r->sources.len; i += n) {
                for (n = 1; i + n < r->sources.len && str_eq(sources[i].family->name, sources[i + n].family->name);)
                        n++;
                put_family(r, sink, sources + i, n);
        }
}

static bool textfile_gather(void *self, MetricSink *sink, Err *err)
{
        (void)err;
        Host *host = self;
        Reading r = { .host = host, .sources = { .arena = host->arena }, .times = { .arena = host->arena } };
        Str pattern = str_dup(host->arena, host->options->textfile_directory);
        if (pattern.n) {
                Str *dirs;
                size_t n;
                kernel_glob(pattern.p, host->arena, &dirs, &n);
                for (size_t i = 0; i < n; i++)
                        read_folder(&r, dirs[i]);
                if (n == 0)
                        read_folder(&r, pattern);
        }
        put_families(&r, sink);
        metric_sink_family(sink, STR("node_textfile_mtime_seconds"), METRIC_TYPE_GAUGE,
                           STR("Unixtime mtime of textfiles successfully read."));
        vec_each(t, &r.times)
                metric_sink_put(sink, (double)t->mtime_seconds, { STR("file"), t->path });
        metric_sink_gauge(sink, STR("node_textfile_scrape_error"),
                          STR("1 if there was an error opening or reading a file, 0 otherwise."), r.error);
        return true;
}

const Collector host_textfile_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "textfile", .help = "Metrics that others leave in files." },
        .gather = textfile_gather,
};
