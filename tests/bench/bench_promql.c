/* The query engine over 40,000 series of 240 samples each, all in memory: milliseconds of each query, best of five.
 *
 *     bench_promql [threads]      0: no pool
 *
 * Every run evaluates afresh: nothing is cached between queries. The store is a plain array, so that what is measured
 * is selection, windows, folding and matching, not decoding. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "promql/promql.h"
#include "store/memstore.h"

enum { INSTANCES = 100, CPUS = 50, MODES = 8, SAMPLES = 240, STEP_MS = 15000, RUNS = 5 };

static Str number(Arena *arena, const char *prefix, int i) { return str_printf(arena, "%s%03d", prefix, i); }

static void put(Appender *app, const Label *labels, size_t n, unsigned seed)
{
        SeriesRef ref = 0;
        double v = seed % 97;
        for (int k = 0; k < SAMPLES; k++) {
                v += (double)((seed * 2654435761u + (unsigned)k * 40503u) >> 20 & 63);
                if (k == 120 && seed % 50 == 0)
                        v = 0;
                if (store_append(app, &ref, (Labels){ labels, n }, (int64_t)k * STEP_MS, v) != APPEND_OK)
                        exit(1);
        }
}

static void load_cpu(Appender *app, Arena *arena, int inst)
{
        for (int cpu = 0; cpu < CPUS; cpu++)
                for (int mode = 0; mode < MODES; mode++) {
                        Label labels[] = { { LABEL_NAME, STR("node_cpu_seconds_total") },
                                           { STR("cpu"), number(arena, "", cpu) },
                                           { STR("instance"), number(arena, "host-", inst) },
                                           { STR("job"), STR("node") },
                                           { STR("mode"), number(arena, "mode-", mode) } };
                        put(app, labels, ARRAY_LEN(labels), (unsigned)(inst * 10007 + cpu * 101 + mode));
                }
}

static void load_rest(Appender *app, Arena *arena, int inst)
{
        static const char *const bounds[] = { "0.005", "0.01", "0.05", "0.1", "0.5", "1", "5", "+Inf" };
        Label info[] = { { LABEL_NAME, STR("node_uname_info") },
                         { STR("instance"), number(arena, "host-", inst) },
                         { STR("job"), STR("node") },
                         { STR("nodename"), number(arena, "name-", inst) } };
        put(app, info, ARRAY_LEN(info), (unsigned)inst);
        for (int path = 0; path < 50; path++)
                for (size_t b = 0; b < ARRAY_LEN(bounds); b++) {
                        Label labels[] = { { LABEL_NAME, STR("latency_bucket") },
                                           { STR("instance"), number(arena, "host-", inst) },
                                           { STR("le"), str_of(bounds[b]) },
                                           { STR("path"), number(arena, "/p", path) } };
                        put(app, labels, ARRAY_LEN(labels), (unsigned)(b * 13 + 1));
                }
}

static double run(PromqlEngine *engine, StoreEngine *store, const char *text, size_t *ret_series, uint64_t *ret_bytes)
{
        Arena *arena = arena_new();
        PromqlFeatures features = promql_features_default();
        Expr *expr;
        Err err;
        if (!ast_parse(str_of(text), arena, &features, &expr, NULL, &err)) {
                fprintf(stderr, "%s: %s\n", text, err.msg);
                exit(1);
        }
        PromqlQuery q = { .expr = expr,
                          .text = str_of(text),
                          .range = true,
                          .start_ms = 300000,
                          .end_ms = (SAMPLES - 1) * STEP_MS,
                          .step_ms = STEP_MS };
        PromqlResult result;
        int64_t from = clock_system()->mono_ns(clock_system());
        if (!promql_exec(engine, store, &q, arena, &result, &err)) {
                fprintf(stderr, "%s: %s\n", text, err.msg);
                exit(1);
        }
        double ms = (double)(clock_system()->mono_ns(clock_system()) - from) / 1e6;
        *ret_series = result.n_series;
        *ret_bytes = result.stats.bytes_peak;
        arena_free(arena);
        return ms;
}

int main(int argc, char **argv)
{
        static const char *const queries[] = {
                "sum by (mode) (rate(node_cpu_seconds_total[5m]))",
                "avg by (instance) (rate(node_cpu_seconds_total[5m]))",
                "sum(node_cpu_seconds_total)",
                "max by (instance) (quantile_over_time(0.9, node_cpu_seconds_total[5m]))",
                "sum(max_over_time(node_cpu_seconds_total[10m]))",
                "topk(10, rate(node_cpu_seconds_total[5m]))",
                "quantile by (mode) (0.95, rate(node_cpu_seconds_total[5m]))",
                "histogram_quantile(0.99, sum by (le, path) (rate(latency_bucket[5m])))",
                "histogram_quantile(0.99, rate(latency_bucket[5m]))",
                "sum by (nodename) (rate(node_cpu_seconds_total[5m]) * on (instance) group_left (nodename) "
                "node_uname_info)",
                "sum(rate(node_cpu_seconds_total[5m]) / (rate(node_cpu_seconds_total[5m]) + 1))",
        };
        int threads = argc > 1 ? atoi(argv[1]) : 0;
        Pool *pool = threads > 0 ? pool_new((size_t)threads, 256) : NULL;
        MemStore *ms = memstore_new();
        Arena *arena = arena_new();
        for (int inst = 0; inst < INSTANCES; inst++) {
                Appender *app = store_appender(memstore_engine(ms));
                Err err;
                load_cpu(app, arena, inst);
                load_rest(app, arena, inst);
                if (!store_commit(app, &err))
                        return 1;
        }
        PromqlOptions options = { .pool = pool, .features = promql_features_default() };
        PromqlEngine *engine = promql_engine_new(&options);
        printf("%zu series, %d threads\n", memstore_series(ms), threads);
        for (size_t q = 0; q < ARRAY_LEN(queries); q++) {
                double best = 1e9;
                size_t series = 0;
                uint64_t bytes = 0;
                for (int r = 0; r < RUNS; r++) {
                        double t = run(engine, memstore_engine(ms), queries[q], &series, &bytes);
                        best = t < best ? t : best;
                }
                printf("%8.1f ms  %6.1f MB  %6zu series  %s\n", best, (double)bytes / 1e6, series, queries[q]);
        }
        promql_engine_free(engine);
        arena_free(arena);
        memstore_free(ms);
        pool_free(pool);
        return 0;
}
