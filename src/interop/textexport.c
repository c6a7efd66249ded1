/* Invariants
 * 1. No more than a window of one series is in memory at a time.
 * 2. Text that textimport or expofmt reads back gives the same samples, but for what the header says is left out. */
#include "interop/textexport.h"

#include <math.h>
#include <stdlib.h>

#include "base/vec.h"
#include "codec/floats.h"
#include "interop/storecopy.h"
#include "model/histstat.h"
#include "model/quote.h"

enum { FLUSH_BYTES = 256 << 10 };

typedef struct ExportRun {
        const TextExportOptions *options;
        TextExportStats *stats;
        Buf out;
        Buf prefix;         /* of every line of the series */
        const Str *columns; /* label names of a CSV */
        size_t n_columns;
        Arena *scratch;
} ExportRun;

bool textexport_format_parse(Str s, TextExportFormat *ret)
{
        static const struct {
                const char *name;
                TextExportFormat format;
        } known[] = { { "dump", TEXTEXPORT_DUMP },
                      { "openmetrics", TEXTEXPORT_OPENMETRICS },
                      { "jsonl", TEXTEXPORT_JSONL },
                      { "json", TEXTEXPORT_JSONL },
                      { "csv", TEXTEXPORT_CSV } };
        for (size_t i = 0; i < ARRAY_LEN(known); i++) {
                if (str_eq(s, str_of(known[i].name))) {
                        *ret = known[i].format;
                        return true;
                }
        }
        return false;
}

void textexport_histogram(Buf *out, const Histogram *h, Arena *scratch)
{
        uint32_t n;
        const HistBucket *buckets = histstat_buckets(scratch, h, &n);
        buf_lit(out, "{count:");
        floats_format_g(out, h->count);
        buf_lit(out, ", sum:");
        floats_format_g(out, h->sum);
        for (uint32_t i = 0; i < n; i++) {
                if (buckets[i].count == 0)
                        continue;
                buf_cstr_add(out, buckets[i].lower_inclusive ? ", [" : ", (");
                floats_format_g(out, buckets[i].lower);
                buf_char(out, ',');
                floats_format_g(out, buckets[i].upper);
                buf_cstr_add(out, buckets[i].upper_inclusive ? "]:" : "):");
                floats_format_g(out, buckets[i].count);
        }
        buf_char(out, '}');
}

static bool flush(ExportRun *run, size_t at_least, Err *err)
{
        if (run->out.n < at_least || run->out.n == 0)
                return true;
        bool ok = run->options->write(run->options->ctx, buf_str(&run->out), err);
        buf_clear(&run->out);
        return ok && cancel_check(run->options->cancel, err);
}

/* ---- the part of a line that is the series' */

static void put_pair(Buf *out, Str name, Str value, bool legacy)
{
        if (legacy)
                buf_str_add(out, name);
        else
                quote_go(out, name);
        buf_char(out, '=');
        quote_go(out, value);
}

/* {__name__="up", job="x"} */
static void dump_prefix(Buf *out, Labels labels)
{
        buf_char(out, '{');
        for (size_t i = 0; i < labels.n; i++) {
                if (i)
                        buf_lit(out, ", ");
                put_pair(out, labels.data[i].name, labels.data[i].value,
                         labels_name_is_legacy_valid(labels.data[i].name));
        }
        buf_char(out, '}');
}

/* OpenMetrics knows three escapes. */
static void om_quote(Buf *out, Str s)
{
        buf_char(out, '"');
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] == '\n')
                        buf_lit(out, "\\n");
                else {
                        if (s.p[i] == '"' || s.p[i] == '\\')
                                buf_char(out, '\\');
                        buf_char(out, s.p[i]);
                }
        }
        buf_char(out, '"');
}

static void openmetrics_prefix(Buf *out, Labels labels)
{
        Str metric = labels_get(labels, LABEL_NAME);
        bool quoted = metric.n && !labels_metric_is_legacy_valid(metric), first = true;
        if (!quoted)
                buf_str_add(out, metric);
        if (quoted) {
                buf_char(out, '{');
                om_quote(out, metric);
                first = false;
        }
        for (size_t i = 0; i < labels.n; i++) {
                Label l = labels.data[i];
                if (str_eq(l.name, LABEL_NAME))
                        continue;
                buf_char(out, first ? '{' : ',');
                first = false;
                if (labels_name_is_legacy_valid(l.name))
                        buf_str_add(out, l.name);
                else
                        om_quote(out, l.name);
                buf_char(out, '=');
                om_quote(out, l.value);
        }
        if (!first)
                buf_char(out, '}');
        else if (metric.n == 0)
                buf_lit(out, "{}");
}

static void csv_field(Buf *out, Str s)
{
        bool plain = true;
        for (size_t i = 0; i < s.n && plain; i++)
                plain = s.p[i] != ',' && s.p[i] != '"' && s.p[i] != '\n' && s.p[i] != '\r';
        if (plain) {
                buf_str_add(out, s);
                return;
        }
        buf_char(out, '"');
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] == '"')
                        buf_char(out, '"');
                buf_char(out, s.p[i]);
        }
        buf_char(out, '"');
}

static void make_prefix(ExportRun *run, Labels labels)
{
        Buf *out = &run->prefix;
        buf_clear(out);
        switch (run->options->format) {
        case TEXTEXPORT_DUMP: dump_prefix(out, labels); break;
        case TEXTEXPORT_OPENMETRICS: openmetrics_prefix(out, labels); break;
        case TEXTEXPORT_JSONL:
                buf_lit(out, "{\"metric\":");
                labels_print_json(out, labels);
                break;
        case TEXTEXPORT_CSV:
                for (size_t i = 0; i < run->n_columns; i++) {
                        csv_field(out, labels_get(labels, run->columns[i]));
                        buf_char(out, ',');
                }
                break;
        }
}

/* ---- samples */

static void put_seconds(Buf *out, int64_t t_ms)
{
        uint64_t abs = t_ms < 0 ? -(uint64_t)t_ms : (uint64_t)t_ms;
        if (t_ms < 0)
                buf_char(out, '-');
        buf_u64(out, abs / 1000);
        if (abs % 1000)
                buf_printf(out, ".%03u", (unsigned)(abs % 1000));
}

static void put_json_value(Buf *out, double v)
{
        if (sample_is_stale(v))
                buf_lit(out, "null");
        else if (isnan(v))
                buf_lit(out, "\"NaN\"");
        else if (isinf(v))
                buf_cstr_add(out, v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        else
                floats_format_json(out, v);
}

static void put_jsonl(ExportRun *run, const Column *c)
{
        Buf *out = &run->out;
        bool first = true;
        for (int field = 0; field < 2; field++) {
                if (field == 0) {
                        buf_str_add(out, buf_str(&run->prefix));
                        buf_lit(out, ",\"values\":[");
                } else {
                        buf_lit(out, "],\"timestamps\":[");
                }
                first = true;
                for (size_t i = 0; i < c->n; i++) {
                        if (c->h && c->h[i])
                                continue;
                        if (!first)
                                buf_char(out, ',');
                        first = false;
                        if (field == 0)
                                put_json_value(out, c->v[i]);
                        else
                                buf_i64(out, c->t[i]);
                }
        }
        buf_lit(out, "]}\n");
}

static void put_line(ExportRun *run, const Column *c, size_t i)
{
        Buf *out = &run->out;
        const Histogram *h = c->h ? c->h[i] : NULL;
        buf_str_add(out, buf_str(&run->prefix));
        switch (run->options->format) {
        case TEXTEXPORT_DUMP:
                buf_char(out, ' ');
                if (h) {
                        textexport_histogram(out, h, run->scratch);
                        arena_reset(run->scratch);
                } else {
                        floats_format_g(out, c->v[i]);
                }
                buf_char(out, ' ');
                buf_i64(out, c->t[i]);
                break;
        case TEXTEXPORT_OPENMETRICS:
                buf_char(out, ' ');
                floats_format_g(out, c->v[i]);
                buf_char(out, ' ');
                put_seconds(out, c->t[i]);
                break;
        case TEXTEXPORT_CSV:
                buf_i64(out, c->t[i]);
                buf_char(out, ',');
                if (sample_is_stale(c->v[i]))
                        buf_lit(out, "StaleNaN");
                else
                        floats_format_g(out, c->v[i]);
                break;
        case TEXTEXPORT_JSONL: break;
        }
        buf_char(out, '\n');
}

/* False: nothing of it was written. */
static bool put_column(ExportRun *run, const Column *c)
{
        TextExportFormat format = run->options->format;
        uint64_t before = run->stats->samples;
        bool jsonl = format == TEXTEXPORT_JSONL;
        for (size_t i = 0; i < c->n; i++) {
                bool histogram = c->h && c->h[i];
                if (histogram && format != TEXTEXPORT_DUMP) {
                        run->stats->histograms_left_out++;
                        continue;
                }
                if (!histogram && format == TEXTEXPORT_OPENMETRICS && sample_is_stale(c->v[i])) {
                        run->stats->stale_left_out++;
                        continue;
                }
                if (!jsonl)
                        put_line(run, c, i);
                run->stats->samples++;
                run->stats->histograms += histogram;
        }
        if (jsonl && run->stats->samples > before)
                put_jsonl(run, c);
        return run->stats->samples > before;
}

static bool export_series(ExportRun *run, Querier *q, const StoreSelection *sel, size_t i, Column *c, Err *err)
{
        const TextExportOptions *o = run->options;
        bool any = false;
        make_prefix(run, sel->series[i].labels);
        for (int64_t at = storecopy_window(o->min_ms); at <= o->max_ms; at += STORECOPY_WINDOW_MS) {
                int64_t end = at > INT64_MAX - STORECOPY_WINDOW_MS ? INT64_MAX : at + STORECOPY_WINDOW_MS - 1;
                column_clear(c);
                if (!q->read(q, sel, i, MAX_OF(at, o->min_ms), MIN_OF(end, o->max_ms), c, err))
                        return false;
                any |= put_column(run, c);
                if (!flush(run, FLUSH_BYTES, err))
                        return false;
                if (end == INT64_MAX)
                        break;
        }
        run->stats->series += any;
        return true;
}

static int by_text(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

static void begin_csv(ExportRun *run, const StoreSelection *sel, Arena *arena)
{
        VEC(Str) names = { .arena = arena };
        for (size_t i = 0; i < sel->n; i++) {
                Labels labels = sel->series[i].labels;
                for (size_t k = 0; k < labels.n; k++) {
                        bool known = false;
                        for (size_t j = 0; j < names.len && !known; j++)
                                known = str_eq(names.data[j], labels.data[k].name);
                        if (!known)
                                vec_push(&names, labels.data[k].name);
                }
        }
        if (names.len)
                qsort(names.data, names.len, sizeof *names.data, by_text);
        run->columns = names.data;
        run->n_columns = names.len;
        for (size_t i = 0; i < names.len; i++) {
                csv_field(&run->out, names.data[i]);
                buf_char(&run->out, ',');
        }
        buf_lit(&run->out, "timestamp_ms,value\n");
}

static bool export_all(ExportRun *run, Querier *q, Err *err)
{
        const TextExportOptions *o = run->options;
        AUTO(arena_free) Arena *arena = arena_new();
        StoreSelection sel;
        SelectArgs args = {
                .matchers = o->matchers, .min_ms = o->min_ms, .max_ms = o->max_ms, .sorted = true, .cancel = o->cancel
        };
        if (!q->select(q, &args, arena, &sel, err))
                return false;
        if (o->format == TEXTEXPORT_CSV)
                begin_csv(run, &sel, arena);
        Column c = { 0 };
        bool ok = true;
        for (size_t i = 0; ok && i < sel.n; i++)
                ok = export_series(run, q, &sel, i, &c, err);
        column_done(&c);
        if (o->format == TEXTEXPORT_OPENMETRICS)
                buf_lit(&run->out, "# EOF\n");
        return ok && flush(run, 0, err);
}

bool textexport_run(StoreEngine *from, const TextExportOptions *options, TextExportStats *stats, Err *err)
{
        AUTO(querier_close) Querier *q = NULL;
        AUTO(arena_free) Arena *scratch = arena_new();
        ExportRun run = { .options = options, .stats = stats, .scratch = scratch };
        if (!store_querier(from, options->min_ms, options->max_ms, &q, err))
                return false;
        bool ok = export_all(&run, q, err);
        buf_done(&run.out);
        buf_done(&run.prefix);
        return ok;
}
