/* Twenty queries at a time on a pool while samples come in, chunks are closed and everything moves to its final place: what they say
 * of the time before is, to the last bit, what a single one without a cache said before. */
#include "faultrig.h"

#include <stdatomic.h>

#include "codec/floats.h"
#include "os/thread.h"
#include "promql/promql.h"

enum {
        SERIES = 60,
        BEFORE = 240,
        LATER = 400,
        STEP_MS = 15000,
        ASKERS = 20,
        ROUNDS = 3,
        FLUSHES = 3,
        CACHE_BYTES = 64 << 10
};

static const char *const QUERIES[] = {
        "sum by (g) (rate(c_total[5m]))",
        "avg(c_total) - on () group_right () c_total",
        "quantile_over_time(0.9, c_total[10m])",
        "topk by (g) (2, c_total)",
        "max_over_time(sum by (g) (irate(c_total[1m]))[10m:30s])",
        "count by (g) (c_total > 100) or vector(1)",
        "histogram_quantile(0.9, sum by (le) (label_replace(c_total, \"le\", \"$1\", \"i\", \"(.*)\")))",
        "c_total{i=~\"1.*\"} and on (g) c_total{i=\"3\"} offset 5m",
};

typedef struct Rig {
        Tsdb *db;
        PromqlEngine *engine;
        const char *want[ARRAY_LEN(QUERIES)];
        _Atomic unsigned wrong, asked;
        _Atomic bool done;
} Rig;

static void put_step(Tsdb *db, SeriesRef *refs, int k)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Appender *app = store_appender(tsdb_engine(db));
        Err err;
        for (int i = 0; i < SERIES; i++) {
                Label l[] = { { LABEL_NAME, STR("c_total") },
                              { STR("g"), str_printf(arena, "%d", i % 5) },
                              { STR("i"), str_printf(arena, "%d", i) } };
                assert_int_equal(store_append(app, &refs[i], (Labels){ l, 3 }, FAULT_START_MS + (int64_t)k * STEP_MS,
                                              (double)((k * (i + 3)) % 997) * 1.1),
                                 APPEND_OK);
        }
        assert_ok(store_commit(app, &err), err);
}

/* The answer as text, in the arena. */
static const char *answer(PromqlEngine *engine, Tsdb *db, const char *text, Arena *arena)
{
        PromqlFeatures features = promql_features_default();
        Expr *expr;
        Err err;
        PromqlResult r;
        Buf out = { .arena = arena };
        PromqlQuery q = { .text = str_of(text),
                          .range = true,
                          .start_ms = FAULT_START_MS + 900000,
                          .end_ms = FAULT_START_MS + (int64_t)(BEFORE - 1) * STEP_MS,
                          .step_ms = 20000 };
        bool ok = ast_parse(str_of(text), arena, &features, &expr, NULL, &err);
        q.expr = expr;
        if (!ok || !promql_exec(engine, tsdb_engine(db), &q, arena, &r, &err)) {
                buf_printf(&out, "error: %s", err.msg);
                return buf_cstr(&out);
        }
        for (size_t i = 0; i < r.n_series; i++) {
                labels_print(&out, r.series[i].labels);
                for (size_t k = 0; k < r.series[i].n; k++) {
                        buf_char(&out, ' ');
                        floats_format_g(&out, r.series[i].v[k]);
                }
                buf_char(&out, '\n');
        }
        return buf_cstr(&out);
}

static void ask(void *arg)
{
        Rig *rig = arg;
        unsigned first = atomic_fetch_add(&rig->asked, 1);
        for (unsigned round = 0; round < ROUNDS; round++)
                for (size_t q = 0; q < ARRAY_LEN(QUERIES); q++) {
                        size_t which = (first + q) % ARRAY_LEN(QUERIES);
                        AUTO(arena_free) Arena *arena = arena_new();
                        if (strcmp(answer(rig->engine, rig->db, QUERIES[which], arena), rig->want[which]) != 0)
                                atomic_fetch_add(&rig->wrong, 1);
                        PromqlActive *active;
                        promql_active(rig->engine, arena, &active);
                }
}

static void upkeep(void *arg)
{
        Rig *rig = arg;
        Err err;
        for (int i = 0; i < FLUSHES && !atomic_load(&rig->done); i++) {
                tsdb_maintain(rig->db);
                if (!tsdb_flush(rig->db, &err))
                        atomic_fetch_add(&rig->wrong, 1);
        }
}

static void answers_stay_while_samples_come_in(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        char dir[64];
        fault_temp_dir(dir);
        clock_manual_init(&fault_clock, FAULT_START_MS + (int64_t)(BEFORE + LATER) * STEP_MS);
        Pool *pool = pool_new(3, 64);
        TsdbOptions options = fault_options(dir, NULL);
        options.pool = pool;
        Rig rig = { 0 };
        Err err;
        assert_ok(tsdb_open(&options, &rig.db, &err), err);
        SeriesRef refs[SERIES] = { 0 };
        for (int k = 0; k < BEFORE; k++)
                put_step(rig.db, refs, k);
        PromqlEngine *single = promql_engine_new(&(PromqlOptions){ .features = promql_features_default() });
        for (size_t q = 0; q < ARRAY_LEN(QUERIES); q++) {
                rig.want[q] = answer(single, rig.db, QUERIES[q], arena);
                assert_true(strlen(rig.want[q]) > 100);
                assert_true(strncmp(rig.want[q], "error", 5) != 0);
        }
        promql_engine_free(single);
        rig.engine = promql_engine_new(&(PromqlOptions){ .pool = pool,
                                                         .max_concurrent = ASKERS,
                                                         .cache_bytes = CACHE_BYTES,
                                                         .features = promql_features_default() });
        Thread askers[ASKERS], keeper;
        for (int i = 0; i < ASKERS; i++)
                assert_ok(thread_start(&askers[i], "asker", ask, &rig, &err), err);
        assert_ok(thread_start(&keeper, "keeper", upkeep, &rig, &err), err);
        for (int k = BEFORE; k < BEFORE + LATER; k++)
                put_step(rig.db, refs, k);
        for (int i = 0; i < ASKERS; i++)
                thread_join(askers[i]);
        atomic_store(&rig.done, true);
        thread_join(keeper);
        assert_int_equal(atomic_load(&rig.wrong), 0);
        promql_engine_free(rig.engine);
        tsdb_close(rig.db);
        pool_free(pool);
        fault_remove(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(answers_stay_while_samples_come_in) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
