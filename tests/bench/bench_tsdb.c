/* Appends known series, replays the log, decodes everything; prints one line a figure. usage: bench_tsdb [series] [scrapes] [dir] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/rand.h"
#include "os/clock.h"
#include "os/file.h"
#include "sync/pool.h"
#include "tsdb/tsdb.h"

enum { LABELS = 10, BATCH = 1000, STEP_MS = 15000 };
static ManualClock manual;

static double now_s(void) { return (double)clock_system()->mono_ns(clock_system()) / 1e9; }

static void must(bool ok, const Err *err)
{
        if (ok)
                return;
        fprintf(stderr, "bench_tsdb: %s\n", err->msg);
        exit(1);
}

static long resident_bytes(void)
{
        long pages = 0, ignored;
        FILE *f = fopen("/proc/self/statm", "r");
        if (!f || fscanf(f, "%ld %ld", &ignored, &pages) != 2)
                pages = 0;
        if (f)
                fclose(f);
        return pages * sysconf(_SC_PAGESIZE);
}

/* A target has BATCH series; names, hosts and paths repeat as they do in real life. */
static Labels make_labels(Arena *arena, unsigned i)
{
        static const char *const NAMES[LABELS] = { "__name__", "cluster", "env",    "handler",   "instance",
                                                   "job",      "le",      "method", "namespace", "pod" };
        Label *l = arena_array(arena, Label, LABELS);
        for (int k = 0; k < LABELS; k++)
                l[k].name = str_of(NAMES[k]);
        unsigned target = i / BATCH, metric = i % BATCH;
        l[0].value = str_printf(arena, "http_request_duration_metric_%u", metric / 10);
        l[1].value = STR("eu-west-1");
        l[2].value = STR("production");
        l[3].value = str_printf(arena, "/api/v1/handler_%u", metric % 10);
        l[4].value = str_printf(arena, "10.0.%u.%u:9100", target / 250, target % 250);
        l[5].value = str_printf(arena, "service-%u", target % 20);
        l[6].value = STR("0.5");
        l[7].value = metric % 2 ? STR("GET") : STR("POST");
        l[8].value = STR("default");
        l[9].value = str_printf(arena, "service-%u-7f6c5d-%05u", target % 20, target);
        return (Labels){ l, LABELS };
}

/* Counters mostly, some gauges, some constants. */
static double value_of(unsigned i, unsigned scrape, Rand *rand)
{
        switch (i % 4) {
        case 0: return 1;
        case 1: return (double)((uint64_t)scrape * (i % 1000 + 1) + rand_below(rand, 20));
        case 2: return (double)((uint64_t)scrape * 1048576 + rand_below(rand, 100000));
        default: return (double)rand_below(rand, 10000) / 100;
        }
}

static void append_scrape(Tsdb *db, SeriesRef *refs, unsigned series, unsigned scrape, Rand *rand)
{
        AUTO(arena_free) Arena *arena = arena_new();
        int64_t base = clock_wall_ms(&manual.clock);
        for (unsigned from = 0; from < series; from += BATCH) {
                Appender *a = store_appender(tsdb_engine(db));
                for (unsigned i = from; i < series && i < from + BATCH; i++)
                        store_append(a, &refs[i], refs[i] ? (Labels){ 0 } : make_labels(arena, i),
                                     base + from / BATCH % 100, value_of(i, scrape, rand));
                Err err = { 0 };
                must(store_commit(a, &err), &err);
                arena_reset(arena);
        }
}

static void decode_all(Tsdb *db)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Err err = { 0 };
        Querier *q;
        StoreSelection sel;
        must(store_querier(tsdb_engine(db), 0, INT64_MAX, &q, &err), &err);
        SelectArgs args = { .min_ms = 0, .max_ms = INT64_MAX };
        double start = now_s();
        must(q->select(q, &args, arena, &sel, &err), &err);
        printf("select all: %zu series in %.3f s\n", sel.n, now_s() - start);
        Column c = { 0 };
        size_t samples = 0;
        double sum = 0;
        start = now_s();
        for (size_t i = 0; i < sel.n; i++) {
                column_clear(&c);
                must(q->read(q, &sel, i, 0, INT64_MAX, &c, &err), &err);
                samples += c.n;
                if (c.n)
                        sum += c.v[c.n - 1];
        }
        double t = now_s() - start;
        printf("decode: %zu samples in %.3f s, %.1f M/s (sum %g)\n", samples, t, (double)samples / t / 1e6, sum);
        column_done(&c);
        querier_close(q);
}

static void copy_with_cp(const char *from, const char *to)
{
        char command[1024];
        snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
        if (system(command) != 0)
                exit(1);
}

int main(int argc, char **argv)
{
        unsigned series = argc > 1 ? (unsigned)atoi(argv[1]) : 20000,
                 scrapes = argc > 2 ? (unsigned)atoi(argv[2]) : 250;
        char dir[200], copy[220];
        snprintf(dir, sizeof dir, "%s/bench-tsdb-%d", argc > 3 ? argv[3] : "/tmp", (int)getpid());
        snprintf(copy, sizeof copy, "%s.crashed", dir);
        clock_manual_init(&manual, INT64_C(1700000000000) / 7200000 * 7200000);
        TsdbOptions options = { .dir = dir, .clock = &manual.clock };
        Err err = { 0 };
        Tsdb *db;
        Rand rand;
        rand_init(&rand, 1);
        SeriesRef *refs = mem_new_array(SeriesRef, series);
        must(tsdb_open(&options, &db, &err), &err);
        long before = resident_bytes();
        double start = now_s();
        append_scrape(db, refs, series, 0, &rand);
        double created = now_s() - start;
        TsdbStats s;
        tsdb_stats(db, &s);
        printf("create: %u series in %.3f s, %.0f k/s; %.0f bytes/series counted, %.0f resident with one open chunk\n",
               series, created, series / created / 1e3, (double)s.head_bytes / series,
               (double)(resident_bytes() - before) / series);
        double appending = 0;
        for (unsigned k = 1; k < scrapes; k++) {
                clock_manual_advance_ms(&manual, STEP_MS);
                start = now_s();
                append_scrape(db, refs, series, k, &rand);
                appending += now_s() - start;
        }
        double n = (double)series * (scrapes - 1);
        tsdb_stats(db, &s);
        printf("append: %.0f samples in %.3f s, %.2f M/s; log %.2f bytes/sample; %.0f resident bytes/series\n", n,
               appending, n / appending / 1e6, (double)s.wal_bytes / n, (double)(resident_bytes() - before) / series);
        start = now_s();
        tsdb_maintain(db);
        printf("maintain: %.3f s\n", now_s() - start);
        decode_all(db);
        copy_with_cp(dir, copy);
        must(tsdb_flush(db, &err), &err);
        tsdb_stats(db, &s);
        printf("chunks: %.2f bytes/sample on disk\n", (double)(s.disk_bytes - s.wal_bytes) / (double)s.samples);
        tsdb_close(db);
        options.dir = copy;
        start = now_s();
        must(tsdb_open(&options, &db, &err), &err);
        double replay = now_s() - start;
        tsdb_stats(db, &s);
        printf("replay: %llu samples in %.3f s, %.1f M/s\n", (unsigned long long)s.samples, replay,
               (double)s.samples / replay / 1e6);
        tsdb_close(db);
        start = now_s();
        must(tsdb_open(&options, &db, &err), &err);
        printf("open after close: %.3f s\n", now_s() - start);
        decode_all(db);
        tsdb_close(db);
        mem_free(refs);
        must(file_remove_tree(fs_system(), dir, &err) && file_remove_tree(fs_system(), copy, &err), &err);
        return 0;
}
