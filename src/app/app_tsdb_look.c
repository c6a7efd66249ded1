#include "app/app_tsdb_look.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/app_tool.h"
#include "base/duration.h"
#include "codec/json.h"
#include "interop/storestats.h"
#include "part/part.h"

/* One row of a list: a block of Prometheus, a part of pharos, or what is not at rest yet. */
typedef struct LookRow {
        Str name;
        int64_t min_ms, max_ms;
        uint64_t samples, chunks, series, bytes;
} LookRow;
typedef VEC(LookRow) LookRows;

/* What is under way: where the parts go, and how many damaged records, and parts that do not open, there were. */
typedef struct PartLook {
        Arena *arena;
        LookRows *rows;
        bool verify;
        uint64_t bad;
} PartLook;

static void look_at_part(PartLook *look, Str path, Str name)
{
        Part *part;
        PartDamage damage = { 0 };
        Err err;
        if (!part_open(fs_system(), path.p, 0, &part, &damage, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                look->bad++;
                return;
        }
        if (look->verify)
                part_verify(part, &damage);
        if (damage.records || damage.index)
                fprintf(stderr, "pharos: '%s': %" PRIu64 " damaged records%s\n", path.p, damage.records,
                        damage.index ? ", and the index" : "");
        look->bad += damage.records + damage.index;
        PartInfo info = part_info(part);
        vec_push(look->rows, (LookRow){ .name = name,
                                        .min_ms = info.min_ms,
                                        .max_ms = info.max_ms,
                                        .samples = info.samples,
                                        .chunks = info.blocks,
                                        .series = info.series,
                                        .bytes = info.bytes });
        snapshot_unref(part_snapshot(part));
}

/* False when there is no such folder. prefix: of the names. */
static bool look_at_folder(PartLook *look, Str folder, Str prefix)
{
        Str *names;
        size_t n;
        Err err;
        if (!fs_system()->list(fs_system(), folder.p, look->arena, &names, &n, &err))
                return false;
        for (size_t i = 0; i < n; i++)
                if (str_ends(names[i], STR(".part")))
                        look_at_part(look,
                                     str_printf(look->arena, STR_FMT "/" STR_FMT, STR_ARG(folder), STR_ARG(names[i])),
                                     str_printf(look->arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(names[i])));
        return true;
}

/* dir is DATA, or its folder metrics. */
static void each_part(PartLook *look, const char *dir)
{
        if (!look_at_folder(look, str_printf(look->arena, "%s/metrics/parts", dir), STR("")))
                look_at_folder(look, str_printf(look->arena, "%s/parts", dir), STR(""));
}

static void each_rollup(PartLook *look, const char *dir)
{
        Str *names;
        size_t n = 0;
        Err err;
        Str folder = str_printf(look->arena, "%s/metrics/rollups", dir);
        if (!fs_system()->list(fs_system(), folder.p, look->arena, &names, &n, &err)) {
                folder = str_printf(look->arena, "%s/rollups", dir);
                if (!fs_system()->list(fs_system(), folder.p, look->arena, &names, &n, &err))
                        return;
        }
        for (size_t i = 0; i < n; i++)
                look_at_folder(look, str_printf(look->arena, STR_FMT "/" STR_FMT, STR_ARG(folder), STR_ARG(names[i])),
                               str_printf(look->arena, "rollups/" STR_FMT "/", STR_ARG(names[i])));
}

static void prometheus_rows(const PromDir *prom, size_t n, LookRows *rows)
{
        for (size_t i = 0; i < n; i++) {
                const PromBlock *b = promdir_block(prom, i);
                vec_push(rows, (LookRow){ .name = b->ulid,
                                          .min_ms = b->min_ms,
                                          .max_ms = b->max_ms,
                                          .samples = b->stats.samples,
                                          .chunks = b->stats.chunks,
                                          .series = b->stats.series,
                                          .bytes = b->stats.bytes });
        }
}

static void rest_row(const ToolStore *store, LookRows *rows)
{
        TsdbStats s;
        tsdb_stats(store->tsdb, &s);
        uint64_t at_rest = 0;
        vec_each(r, rows)
                at_rest += r->samples;
        if (s.samples <= at_rest)
                return;
        vec_push(rows, (LookRow){ .name = STR("(not at rest)"),
                                  .min_ms = s.min_ms,
                                  .max_ms = s.max_ms,
                                  .samples = s.samples - at_rest,
                                  .chunks = s.chunks,
                                  .series = s.series,
                                  .bytes = s.disk_bytes - MIN_OF(s.disk_bytes, s.part_bytes + s.index_bytes) });
}

/* The index has no samples: its files stand beside the rest. */
static void index_row(const ToolStore *store, LookRows *rows)
{
        TsdbStats s;
        tsdb_stats(store->tsdb, &s);
        if (s.index_segments == 0)
                return;
        vec_push(rows, (LookRow){ .name = STR("(index of idle series)"),
                                  .min_ms = s.min_ms,
                                  .max_ms = s.max_ms,
                                  .series = s.cold_series,
                                  .bytes = s.index_bytes });
}

static void put_time(int64_t t_ms, bool human, char *ret, size_t n)
{
        time_t seconds = (time_t)(t_ms / 1000);
        struct tm tm;
        if (human && gmtime_r(&seconds, &tm))
                strftime(ret, n, "%Y-%m-%d %H:%M:%S +0000 UTC", &tm);
        else
                snprintf(ret, n, "%" PRId64, t_ms);
}

static void put_bytes(uint64_t bytes, bool human, char *ret, size_t n)
{
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
        double v = (double)bytes;
        size_t unit = 0;
        while (human && v >= 1024 && unit + 1 < ARRAY_LEN(units)) {
                v /= 1024;
                unit++;
        }
        if (human)
                snprintf(ret, n, unit ? "%.1f%s" : "%.0f%s", v, units[unit]);
        else
                snprintf(ret, n, "%" PRIu64, bytes);
}

static void print_rows(LookRows *rows, bool human)
{
        int wide = human ? 29 : 14;
        printf("%-26s  %-*s %-*s %-10s  %-12s %-12s %-12s %s\n", "BLOCK", wide, "MIN TIME", wide, "MAX TIME",
               "DURATION", "NUM SAMPLES", "NUM CHUNKS", "NUM SERIES", "SIZE");
        vec_each(r, rows) {
                char from[40], to[40], size[32], name[64];
                Buf duration = { 0 };
                put_time(r->min_ms, human, from, sizeof from);
                put_time(r->max_ms, human, to, sizeof to);
                put_bytes(r->bytes, human, size, sizeof size);
                snprintf(name, sizeof name, STR_FMT, STR_ARG(r->name));
                duration_format(&duration, (r->max_ms - r->min_ms) / 1000 * 1000);
                printf("%-26s  %-*s %-*s %-10s  %-12" PRIu64 " %-12" PRIu64 " %-12" PRIu64 " %s\n", name, wide, from,
                       wide, to, buf_cstr(&duration), r->samples, r->chunks, r->series, size);
                buf_done(&duration);
        }
}

static void print_json(Buf *out)
{
        buf_char(out, '\n');
        fwrite(out->p, 1, out->n, stdout);
}

static void rows_as_json(LookRows *rows, Arena *arena)
{
        Buf out = { .arena = arena };
        JsonWriter w;
        json_writer_init(&w, &out);
        json_begin_array(&w);
        vec_each(r, rows) {
                json_begin_object(&w);
                json_key_str(&w, "name", r->name);
                json_key_i64(&w, "minTime", r->min_ms);
                json_key_i64(&w, "maxTime", r->max_ms);
                json_key_u64(&w, "numSamples", r->samples);
                json_key_u64(&w, "numChunks", r->chunks);
                json_key_u64(&w, "numSeries", r->series);
                json_key_u64(&w, "bytes", r->bytes);
                json_end_object(&w);
        }
        json_end_array(&w);
        print_json(&out);
}

static int by_time(const void *a, const void *b)
{
        const LookRow *x = a, *y = b;
        if (x->min_ms != y->min_ms)
                return x->min_ms < y->min_ms ? -1 : 1;
        return str_cmp(x->name, y->name);
}

int app_tsdb_look_list(int argc, char **argv)
{
        bool human = false, json = false;
        const ToolFlag flags[] = { { "human-readable", TOOL_BOOL, &human },
                                   { "json", TOOL_BOOL, &json },
                                   { NULL, TOOL_BOOL, NULL } };
        AUTO(arena_free) Arena *arena = arena_new();
        LookRows rows = { .arena = arena };
        ToolStore store;
        uint64_t bad = 0;
        if (!app_tool_flags(&argc, argv, flags))
                return 2;
        if (argc == 2 && strcmp(argv[0], "-r") == 0) { /* as promtool's */
                human = true;
                argv++;
                argc--;
        }
        if (argc != 1) {
                fprintf(stderr, "usage: pharos tsdb list [-r | --human-readable | --json] DIR\n");
                return 2;
        }
        if (!app_tool_open(argv[0], false, &store))
                return 1;
        if (store.prom) {
                PromDirStats s;
                promdir_stats(store.prom, &s);
                prometheus_rows(store.prom, s.blocks, &rows);
        } else {
                PartLook look = { .arena = arena, .rows = &rows };
                each_part(&look, argv[0]);
                rest_row(&store, &rows);
                index_row(&store, &rows);
                each_rollup(&look, argv[0]);
                bad += look.bad;
        }
        if (rows.len)
                qsort(rows.data, rows.len, sizeof *rows.data, by_time);
        if (json)
                rows_as_json(&rows, arena);
        else
                print_rows(&rows, human);
        return app_tool_close(&store) && bad == 0 ? 0 : 1;
}

/* ---- analyze */

static void print_list(const char *title, StoreStatsList list)
{
        printf("\n%s:\n", title);
        for (size_t i = 0; i < list.n; i++)
                printf("%" PRIu64 " " STR_FMT "\n", list.data[i].value, STR_ARG(list.data[i].name));
}

static void json_list(JsonWriter *w, const char *key, StoreStatsList list)
{
        json_key(w, str_of(key));
        json_begin_array(w);
        for (size_t i = 0; i < list.n; i++) {
                json_begin_object(w);
                json_key_str(w, "name", list.data[i].name);
                json_key_u64(w, "value", list.data[i].value);
                json_end_object(w);
        }
        json_end_array(w);
}

static void stats_as_json(const StoreStats *s, int64_t min_ms, int64_t max_ms, Arena *arena)
{
        Buf out = { .arena = arena };
        JsonWriter w;
        json_writer_init(&w, &out);
        json_begin_object(&w);
        json_key_i64(&w, "minTime", min_ms);
        json_key_i64(&w, "maxTime", max_ms);
        json_key_u64(&w, "numSeries", s->series);
        json_key_u64(&w, "numSamples", s->samples);
        json_key_u64(&w, "numHistograms", s->histograms);
        json_key_u64(&w, "labelNames", s->label_names);
        json_key_u64(&w, "labelPairs", s->label_pairs);
        json_key_u64(&w, "postingsEntries", s->postings);
        json_list(&w, "churnByLabelPair", s->churn_by_pair);
        json_list(&w, "churnByLabelName", s->churn_by_name);
        json_list(&w, "seriesCountByLabelPair", s->series_by_pair);
        json_list(&w, "valueBytesByLabelName", s->bytes_by_name);
        json_list(&w, "valueCountByLabelName", s->values_by_name);
        json_list(&w, "seriesCountByMetricName", s->series_by_metric);
        json_end_object(&w);
        print_json(&out);
}

static void print_stats(const char *dir, const StoreStats *s, int64_t min_ms, int64_t max_ms)
{
        Buf duration = { 0 };
        if (min_ms <= max_ms)
                duration_format(&duration, (max_ms - min_ms) / 1000 * 1000);
        printf("Folder: %s\nDuration: %s\nTotal Series: %" PRIu64 "\nTotal Samples: %" PRIu64 " (%" PRIu64
               " histograms)\n",
               dir, buf_cstr(&duration), s->series, s->samples, s->histograms);
        printf("Label names: %" PRIu64 "\nPostings (unique label pairs): %" PRIu64
               "\nPostings entries (total label pairs): %" PRIu64 "\n",
               s->label_names, s->label_pairs, s->postings);
        print_list("Label pairs most involved in churning", s->churn_by_pair);
        print_list("Label names most involved in churning", s->churn_by_name);
        print_list("Most common label pairs", s->series_by_pair);
        print_list("Label names with highest cumulative label value length", s->bytes_by_name);
        print_list("Highest cardinality labels", s->values_by_name);
        print_list("Highest cardinality metric names", s->series_by_metric);
        buf_done(&duration);
}

int app_tsdb_look_analyze(int argc, char **argv)
{
        const char *limit = "20", *match = NULL, *min_time = NULL, *max_time = NULL;
        bool json = false;
        const ToolFlag flags[] = { { "limit", TOOL_TEXT, &limit },       { "match", TOOL_TEXT, &match },
                                   { "min-time", TOOL_TEXT, &min_time }, { "max-time", TOOL_TEXT, &max_time },
                                   { "json", TOOL_BOOL, &json },         { NULL, TOOL_BOOL, NULL } };
        AUTO(arena_free) Arena *arena = arena_new();
        StoreStatsOptions options = { 0 };
        StoreStats stats;
        ToolStore store;
        Err err;
        if (!app_tool_flags(&argc, argv, flags))
                return 2;
        if (argc != 1) {
                fprintf(stderr,
                        "usage: pharos tsdb analyze [--limit N] [--match SELECTOR] [--min-time T] [--max-time T] [--json] DIR\n");
                return 2;
        }
        options.limit = strtoul(limit, NULL, 10);
        if (!app_tool_matchers(match, arena, &options.matchers) || !app_tool_open(argv[0], false, &store))
                return 1;
        bool ok = app_tool_time(min_time, store.min_ms, &options.min_ms) &&
                  app_tool_time(max_time, store.max_ms, &options.max_ms);
        if (ok && !storestats_run(store.engine, &options, arena, &stats, &err)) {
                fprintf(stderr, "pharos: %s\n", err.msg);
                ok = false;
        }
        if (ok && json)
                stats_as_json(&stats, options.min_ms, options.max_ms, arena);
        else if (ok)
                print_stats(argv[0], &stats, options.min_ms, options.max_ms);
        return app_tool_close(&store) && ok ? 0 : 1;
}

/* ---- verify, repair */

/* Damage that a pharos store met so far; says it. */
static uint64_t tell_tsdb_damage(Tsdb *tsdb)
{
        TsdbStats s;
        tsdb_stats(tsdb, &s);
        if (s.wal_corruptions)
                fprintf(stderr,
                        "pharos: %" PRIu64
                        " torn or bad records of the log: what was acknowledged before them is there\n",
                        s.wal_corruptions);
        if (s.chunk_corruptions)
                fprintf(stderr,
                        "pharos: %" PRIu64
                        " damaged stretches of stored samples or labels: they are skipped, or made anew\n",
                        s.chunk_corruptions);
        return s.wal_corruptions + s.chunk_corruptions;
}

int app_tsdb_look_verify(int argc, char **argv)
{
        bool json = false;
        const ToolFlag flags[] = { { "json", TOOL_BOOL, &json }, { NULL, TOOL_BOOL, NULL } };
        AUTO(arena_free) Arena *arena = arena_new();
        LookRows rows = { .arena = arena };
        StoreStats stats = { 0 };
        ToolStore store;
        Err err;
        uint64_t bad = 0;
        if (!app_tool_flags(&argc, argv, flags))
                return 2;
        if (argc != 1) {
                fprintf(stderr, "usage: pharos tsdb verify [--json] DIR\n");
                return 2;
        }
        if (!app_tool_open(argv[0], false, &store))
                return 1;
        StoreStatsOptions options = { .min_ms = store.min_ms, .max_ms = store.max_ms };
        bool ok = storestats_run(store.engine, &options, arena, &stats, &err); /* reads everything */
        if (!ok)
                fprintf(stderr, "pharos: %s\n", err.msg);
        if (store.tsdb) {
                if (!tsdb_verify_index(store.tsdb, &err)) {
                        fprintf(stderr, "pharos: %s\n", err.msg);
                        bad++;
                }
                bad += tell_tsdb_damage(store.tsdb);
                PartLook look = { .arena = arena, .rows = &rows, .verify = true };
                each_part(&look, argv[0]);
                each_rollup(&look, argv[0]);
                bad += look.bad;
        }
        bool clean = app_tool_close(&store) && ok && bad == 0;
        if (json)
                printf("{\"ok\":%s,\"series\":%" PRIu64 ",\"samples\":%" PRIu64 "}\n", clean ? "true" : "false",
                       stats.series, stats.samples);
        else
                printf("%s: %" PRIu64 " samples of %" PRIu64 " series can be read\n", clean ? "sound" : "DAMAGED",
                       stats.samples, stats.series);
        return clean ? 0 : 1;
}

int app_tsdb_look_repair(int argc, char **argv)
{
        ToolStore store;
        Err err;
        if (argc != 1 || argv[0][0] == '-') {
                fprintf(stderr,
                        "usage: pharos tsdb repair DIR\n"
                        "Cuts torn ends, sets damaged files aside as *.bad, and writes everything that can be read anew.\n");
                return 2;
        }
        if (!app_tool_open(argv[0], false, &store))
                return 1;
        if (store.prom) {
                fprintf(stderr,
                        "pharos: '%s' is Prometheus' and is not changed: pharos export --data DIR --to blocks --output NEW "
                        "writes what can be read\n",
                        argv[0]);
                app_tool_close(&store);
                return 1;
        }
        bool ok = tsdb_verify_index(store.tsdb, &err);
        uint64_t bad = tell_tsdb_damage(store.tsdb);
        ok = ok && tsdb_flush(store.tsdb, &err);
        if (!ok)
                fprintf(stderr, "pharos: %s\n", err.msg);
        app_tool_close(&store);
        if (ok)
                printf("%s\n", bad ? "repaired: what was damaged is set aside" : "nothing to repair");
        return ok ? 0 : 1;
}
