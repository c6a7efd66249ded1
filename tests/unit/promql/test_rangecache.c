#include "query_fixture.h"

#include "base/mem.h"
#include "base/rand.h"
#include "os/clock.h"
#include "os/file.h"
#include "promql/rangecache.h"
#include "store/overlay.h"
#include "tsdb/tsdb.h"

/* --- two engines over one store: with a cache, and without --- */

typedef struct Twins {
        StoreEngine *store;
        PromqlEngine *with, *without;
        uint64_t cached, steps; /* of all questions */
} Twins;

static void twins_open(Twins *t, StoreEngine *store, uint64_t cache_bytes)
{
        PromqlOptions o = { .features = promql_features_default(), .cache_bytes = cache_bytes };
        o.features.experimental_functions = true;
        o.features.binop_fill_modifiers = true;
        *t = (Twins){ .store = store, .with = promql_engine_new(&o) };
        o.cache_bytes = 0;
        t->without = promql_engine_new(&o);
}

static void twins_close(Twins *t)
{
        promql_engine_free(t->with);
        promql_engine_free(t->without);
}

static const char *answer(PromqlEngine *engine, StoreEngine *store, PromqlQuery *q, Arena *arena, PromqlStats *ret)
{
        Buf out = { .arena = arena };
        Err err;
        Expr *expr;
        PromqlResult r = { 0 };
        q->range = true;
        assert_ok(ast_parse(q->text, arena, &promql_engine_options(engine)->features, &expr, NULL, &err), err);
        q->expr = expr;
        *ret = (PromqlStats){ 0 };
        if (!promql_exec(engine, store, q, arena, &r, &err)) {
                buf_printf(&out, "error: %s", err.msg);
                return buf_cstr(&out);
        }
        *ret = r.stats;
        for (size_t i = 0; i < r.n_series; i++) {
                const PromqlSeries *s = &r.series[i];
                labels_print(&out, s->labels);
                for (size_t k = 0; k < s->n; k++) {
                        uint64_t bits = bits_of_double(s->v[k]);
                        buf_printf(&out, " %lld:%llx", (long long)s->t[k], (unsigned long long)bits);
                        if (s->h && s->h[k])
                                histstat_print(&out, s->h[k]);
                }
                buf_char(&out, '\n');
        }
        for (size_t i = 0; i < r.n_annotations; i++)
                buf_str_add(&out, r.annotations[i].text), buf_char(&out, '\n');
        return buf_cstr(&out);
}

/* Both say the same, to the last bit. Returns the steps that came from the cache. */
static size_t ask(Twins *t, const char *text, int64_t start_ms, int64_t end_ms, int64_t step_ms)
{
        AUTO(arena_free) Arena *arena = arena_new();
        PromqlStats stats, ignored;
        PromqlQuery q = { .text = str_of(text), .start_ms = start_ms, .end_ms = end_ms, .step_ms = step_ms };
        const char *got = answer(t->with, t->store, &q, arena, &stats);
        const char *want = answer(t->without, t->store, &q, arena, &ignored);
        if (strcmp(got, want) != 0)
                fail_msg("%s from %lld to %lld by %lld, %zu steps kept:\n%s\ninstead of\n%s", text, (long long)start_ms,
                         (long long)end_ms, (long long)step_ms, stats.cached_steps, got, want);
        assert_int_equal(ignored.cached_steps, 0);
        t->cached += stats.cached_steps;
        t->steps += (uint64_t)((end_ms - start_ms) / step_ms + 1);
        return stats.cached_steps;
}

/* --- what it does --- */

static void put(MemStore *store, const char *name, int64_t t_ms, double v)
{
        Label l[] = { { LABEL_NAME, str_of(name) }, { STR("i"), STR("1") } };
        memstore_add(store, (Labels){ l, 2 }, t_ms, v);
}

static void evaluates_what_it_does_not_know(void **state)
{
        (void)state;
        AUTO(memstore_free) MemStore *store = memstore_new();
        memstore_set_out_of_order_window(store, 3600000);
        Twins t;
        twins_open(&t, memstore_engine(store), 1 << 20);
        for (int k = 0; k <= 60; k++)
                put(store, "m", k * 60000, k);
        assert_int_equal(ask(&t, "m", 0, 3600000, 60000), 0);
        assert_int_equal(ask(&t, "m", 0, 3600000, 60000), 61);
        assert_int_equal(ask(&t, " (m) ", 0, 3600000, 60000), 0);   /* not the same text */
        assert_int_equal(ask(&t, "m", 600000, 3600000, 60000), 51); /* begins later */
        assert_int_equal(ask(&t, "m", 610000, 3610000, 60000), 0);  /* other steps */
        assert_int_equal(ask(&t, "m", 600000, 3600000, 30000), 0);
        for (int k = 61; k <= 70; k++)
                put(store, "m", k * 60000, k);
        assert_int_equal(ask(&t, "m", 600000, 4200000, 60000), 51); /* 10 min .. 60 min stand */
        put(store, "m", 1830000, 7);                                /* late, between two steps */
        assert_int_equal(ask(&t, "m", 600000, 4200000, 60000), 21); /* 10 min .. 30 min do */
        assert_int_equal(ask(&t, "m", 0, 4200000, 60000), 0);       /* begins before */
        put(store, "other", 0, 1);
        assert_int_equal(ask(&t, "m", 0, 4200000, 60000), 0);
        twins_close(&t);
}

static void looks_ahead_and_back(void **state)
{
        (void)state;
        AUTO(memstore_free) MemStore *store = memstore_new();
        memstore_set_out_of_order_window(store, 36000000);
        Twins t;
        twins_open(&t, memstore_engine(store), 1 << 20);
        for (int k = 0; k <= 120; k++)
                put(store, "m_total", k * 60000, k);
        static const char *const ahead = "m_total offset -10m", *const back = "rate(m_total[5m] offset 20m)";
        ask(&t, ahead, 0, 7200000, 60000);
        ask(&t, back, 0, 7200000, 60000);
        put(store, "m_total", 3630000, 7);
        assert_int_equal(ask(&t, ahead, 0, 7200000, 60000), 51); /* 50 min looks at 60 min, 51 at 61 */
        assert_int_equal(ask(&t, back, 0, 7200000, 60000), 81);
        twins_close(&t);
}

static void leaves_alone_what_depends_on_the_whole_query(void **state)
{
        (void)state;
        static const char *const texts[] = {
                "m @ 60",
                "m @ end()",
                "sum_over_time(m[10m:1m] @ start())",
                "m * (time() - end())",
                "m + start()",
                "m + range()",
                "sum_over_time(m[step() * 2])",
                "m offset range()",
                "sum_over_time(m[range():1m])",
                "sum_over_time(m[10m:step()])",
                "info(m)",
                "m + fill(0) m",
                "label_replace(m, \"j\", \"1\", \"i\", \".*\")",
                "label_join(m, \"j\", \"\", \"i\")",
                "vector(1)",
                "time()",
                "rate(m[5m])", /* says that it is no counter */
        };
        AUTO(memstore_free) MemStore *store = memstore_new();
        Twins t;
        twins_open(&t, memstore_engine(store), 1 << 20);
        for (int k = 0; k <= 60; k++)
                put(store, "m", k * 60000, k);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
                for (int again = 0; again < 3; again++)
                        assert_int_equal(ask(&t, texts[i], 0, (60 + again) * 60000, 60000), 0);
        AUTO(memstore_free) MemStore *upper = memstore_new();
        AUTO(overlay_free) Overlay *over = overlay_new(t.store, memstore_engine(upper), 0, NULL, NULL);
        t.store = overlay_engine(over); /* does not tell of changes */
        for (int again = 0; again < 3; again++)
                assert_int_equal(ask(&t, "sum(m)", 0, 3600000, 60000), 0);
        twins_close(&t);
}

/* A memstore of which samples before an hour may go at any moment. */
static void goes_at_any_moment(StoreEngine *e, uint64_t mark, StoreChanges *ret)
{
        (void)e;
        *ret = (StoreChanges){ .mark = mark, .since_ms = INT64_MAX, .from_ms = 3600000 };
}

static void leaves_alone_what_may_go_unsaid(void **state)
{
        (void)state;
        AUTO(memstore_free) MemStore *store = memstore_new();
        StoreEngine *engine = memstore_engine(store);
        Twins t;
        for (int k = 0; k <= 120; k++)
                put(store, "m", k * 60000, k);
        twins_open(&t, engine, 1 << 20);
        engine->changes = goes_at_any_moment;
        for (int again = 0; again < 3; again++)
                assert_int_equal(ask(&t, "sum(m)", 3600000, 7200000, 60000), 0); /* looks back before the hour */
        ask(&t, "sum(m)", 3900000, 7200000, 60000);
        assert_int_equal(ask(&t, "sum(m)", 3900000, 7200000, 60000), 56);
        twins_close(&t);
}

/* Names that leave at the end may leave equal labels behind: an error that no step has by itself. */
static void leaves_alone_names_that_leave_late(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *store = memstore_new();
        PromqlOptions o = { .features = promql_features_default(), .cache_bytes = 1 << 20 };
        o.features.delayed_name_removal = true;
        PromqlEngine *engine = promql_engine_new(&o);
        put(store, "m", 60000, 1);
        PromqlQuery q = { .text = STR("sum(m)"), .start_ms = 0, .end_ms = 600000, .step_ms = 60000 };
        PromqlStats stats;
        answer(engine, memstore_engine(store), &q, arena, &stats);
        answer(engine, memstore_engine(store), &q, arena, &stats);
        assert_int_equal(stats.cached_steps, 0);
        promql_engine_free(engine);
}

static void leaves_histograms_alone(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *store = memstore_new();
        RangeCache *cache = rangecache_new(1 << 20);
        PromqlOptions options = { .lookback_ms = 300000, .default_step_ms = 60000 };
        PromqlFeatures features = promql_features_default();
        PromqlQuery q = { .text = STR("m"), .range = true, .end_ms = 600000, .step_ms = 60000 };
        static const Histogram none;
        const Histogram *h[1] = { &none };
        int64_t t = 0;
        double v = 0;
        PromqlSeries series = { .t = &t, .v = &v, .n = 1, .h = h };
        PromqlResult r = { .type = VALUE_MATRIX, .series = &series, .n_series = 1 };
        Err err;
        Expr *expr;
        RangeUse use;
        assert_ok(ast_parse(q.text, arena, &features, &expr, NULL, &err), err);
        q.expr = expr;
        for (int with = 1; with >= 0; with--) {
                series.h = with ? h : NULL;
                assert_true(rangecache_begin(cache, &options, memstore_engine(store), &q, 300000, arena, &use));
                rangecache_merge(&use, arena, &r);
                rangecache_end(&use);
                assert_int_equal(rangecache_bytes(cache) == 0, with);
        }
        rangecache_free(cache);
}

static void can_be_passed_by(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *store = memstore_new();
        Twins t;
        PromqlStats stats;
        twins_open(&t, memstore_engine(store), 1 << 20);
        put(store, "m", 60000, 1);
        PromqlQuery q = { .text = STR("m"), .start_ms = 0, .end_ms = 600000, .step_ms = 60000 };
        answer(t.with, t.store, &q, arena, &stats);
        q.no_cache = true;
        answer(t.with, t.store, &q, arena, &stats);
        assert_int_equal(stats.cached_steps, 0);
        assert_int_equal(stats.cache_steps, 0);
        q.no_cache = false;
        q.count_samples = true;
        answer(t.with, t.store, &q, arena, &stats);
        assert_int_equal(stats.cached_steps, 0);
        assert_int_equal(stats.n_steps, 11);
        q.count_samples = false;
        q.explain = true; /* says what is known, and evaluates all */
        answer(t.with, t.store, &q, arena, &stats);
        assert_int_equal(stats.cached_steps, 11);
        assert_int_equal(stats.cache_steps, 11);
        assert_true(stats.samples_read > 0);
        q.explain = false;
        q.lookback_ms = 1000;
        answer(t.with, t.store, &q, arena, &stats);
        assert_int_equal(stats.cached_steps, 0);
        twins_close(&t);
}

static void stays_within_its_bytes(void **state)
{
        (void)state;
        enum { ROOM = 64 << 10 };
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *store = memstore_new();
        RangeCache *cache = rangecache_new(ROOM);
        PromqlOptions options = { .lookback_ms = 300000, .default_step_ms = 60000 };
        put(store, "m", 60000, 1);
        size_t kept = 0;
        for (size_t i = 0; i < 2 * RANGECACHE_ENTRIES; i++) {
                PromqlFeatures features = promql_features_default();
                size_t points = i % 100 == 99 ? ROOM : i % 97 + 1;
                PromqlSeries series = { .t = arena_array(arena, int64_t, points),
                                        .v = arena_array(arena, double, points),
                                        .n = points };
                PromqlResult r = { .type = VALUE_MATRIX, .series = &series, .n_series = 1 };
                Expr *expr;
                Err err;
                RangeUse use;
                Str text = str_printf(arena, "m + %zu", i);
                assert_ok(ast_parse(text, arena, &features, &expr, NULL, &err), err);
                PromqlQuery q = { .expr = expr, .text = text, .range = true, .end_ms = 600000, .step_ms = 60000 };
                uint64_t before = rangecache_bytes(cache);
                assert_true(rangecache_begin(cache, &options, memstore_engine(store), &q, 300000, arena, &use));
                assert_int_equal(use.known, 0);
                rangecache_merge(&use, arena, &r);
                rangecache_end(&use);
                assert_true(rangecache_bytes(cache) <= ROOM);
                if (points == ROOM)
                        assert_int_equal(rangecache_bytes(cache), before);
                kept += rangecache_bytes(cache) > ROOM / 2;
        }
        assert_true(kept > RANGECACHE_ENTRIES);
        rangecache_free(cache);
}

/* --- random questions while samples come, late ones too, and go --- */

static const char *const QUESTIONS[] = {
        "a_total",
        "sum by (i) (a_total)",
        "sum(rate(a_total[2m]))",
        "rate(a_total[1m]) * 60",
        "avg without (i) (a_total offset 1m)",
        "a_total offset -90s",
        "topk(2, a_total)",
        "max_over_time(sum(rate(a_total[1m]))[3m:20s])",
        "max_over_time(sum(rate(a_total[1m]))[3m:20s] offset -1m)",
        "count by (j) ({__name__=~\"a.*\"})",
        "count_values(\"v\", a_total)",
        "absent(a_total{i=\"3\"})",
        "absent_over_time(b[90s])",
        "b or vector(1)",
        "b - on () group_right () a_total",
        "a_total / on (i, j) rate(a_total[5m])",
        "scalar(b) + a_total",
        "quantile(0.7, a_total)",
        "quantile_over_time(0.3, b[4m])",
        "timestamp(b)",
        "predict_linear(b[2m], 60)",
        "stddev(a_total) > 10",
        "hour(b) + time()",
        "deriv(b[1m])",
        "histogram_quantile(0.9, rate(a_total[3m]))",
        "limitk(1, a_total)",
        "sort_desc(a_total)",
        "last_over_time(a_total[30s])",
        "a_total > bool 50",
        "-a_total and b",
        "a_total unless b",
};

typedef struct Feed {
        StoreEngine *store;
        Rand rnd;
        int64_t now_ms;
        SeriesRef refs[16];
} Feed;

static void feed(Feed *f, bool late)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Appender *app = store_appender(f->store);
        Err err;
        f->now_ms += (int64_t)rand_below(&f->rnd, 30000);
        for (size_t i = 0; i < ARRAY_LEN(f->refs); i++) {
                if (rand_below(&f->rnd, 8) == 0 || (i % 5 == 3 && f->now_ms / 300000 % 2))
                        continue;
                bool b = i % 8 == 7;
                Label l[] = { { LABEL_NAME, b ? STR("b") : STR("a_total") },
                              { STR("i"), str_printf(arena, "%zu", i) },
                              { STR("j"), str_printf(arena, "%zu", i % 3) },
                              { STR("le"), i % 4 == 0 ? STR("+Inf") : str_printf(arena, "%zu", i) } };
                int64_t t_ms = f->now_ms - (int64_t)rand_below(&f->rnd, 3000);
                if (late && rand_below(&f->rnd, 12) == 0)
                        t_ms -= (int64_t)rand_below(&f->rnd, 900000);
                double v = rand_below(&f->rnd, 30) == 0 ? sample_stale() : (double)rand_below(&f->rnd, 1000) / 7;
                IGNORE(store_append(app, &f->refs[i], (Labels){ l, b ? 3 : 4 }, t_ms, v));
        }
        assert_ok(store_commit(app, &err), err);
}

static void ask_something(Twins *t, Feed *f)
{
        int64_t step_ms = rand_below(&f->rnd, 4) == 0 ? 5000 : 15000;
        int64_t end_ms = (f->now_ms + (int64_t)rand_below(&f->rnd, 60000)) / step_ms * step_ms;
        int64_t length_ms = (int64_t)(1 + rand_below(&f->rnd, 2)) * 40 * step_ms;
        ask(t, QUESTIONS[rand_below(&f->rnd, ARRAY_LEN(QUESTIONS))], end_ms - length_ms, end_ms, step_ms);
}

static void is_equal_to_the_bit_while_samples_come_late(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 3; seed++) {
                AUTO(memstore_free) MemStore *store = memstore_new();
                memstore_set_out_of_order_window(store, 1800000);
                Twins t;
                /* The last one is too small for everything to stay. */
                twins_open(&t, memstore_engine(store), seed == 3 ? 100 << 10 : 8 << 20);
                Feed f = { .store = memstore_engine(store), .now_ms = 10000000 };
                rand_init(&f.rnd, seed);
                for (int i = 0; i < 2400; i++) {
                        if (i % 4 == 0)
                                feed(&f, seed > 1 && i % 64 == 0);
                        ask_something(&t, &f);
                }
                assert_true(t.cached > t.steps / 10);
                assert_true(t.cached < t.steps);
                twins_close(&t);
        }
}

static void disturb(Tsdb *db, Feed *f)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Matcher m;
        Err err;
        int64_t at_ms = f->now_ms - (int64_t)rand_below(&f->rnd, 1200000);
        switch (rand_below(&f->rnd, 4)) {
        case 0: assert_ok(tsdb_flush(db, &err), err); break;
        case 1: assert_ok(tsdb_clean_tombstones(db, &err), err); break;
        default:
                assert_ok(matcher_make(arena, MATCH_RE, STR("i"), STR("[1-3]"), &m, &err), err);
                assert_ok(tsdb_delete(db, (Matchers){ &m, 1 }, at_ms, at_ms + 30000, &err), err);
        }
}

/* Deletions, chunks of late samples, merges and retention over a real store. */
static void is_equal_to_the_bit_over_a_store_on_disk(void **state)
{
        (void)state;
        char dir[64];
        strcpy(dir, TEST_DIR("pharos-rangecache"));
        assert_non_null(mkdtemp(dir));
        ManualClock clock;
        clock_manual_init(&clock, INT64_C(1700000000000));
        TsdbOptions o = {
                .dir = dir, .clock = &clock.clock, .out_of_order_window_ms = 1800000, .retention_ms = 3 * 3600 * 1000
        };
        Tsdb *db;
        Err err;
        assert_ok(tsdb_open(&o, &db, &err), err);
        Twins t;
        twins_open(&t, tsdb_engine(db), 8 << 20);
        Feed f = { .store = tsdb_engine(db), .now_ms = INT64_C(1700000000000) };
        rand_init(&f.rnd, 11);
        for (int i = 0; i < 4400; i++) {
                if (i % 4 == 0)
                        feed(&f, i % 64 == 0);
                clock_manual_advance_ms(&clock, f.now_ms + 1000 - clock_wall_ms(&clock.clock));
                tsdb_maintain(db);
                if (rand_below(&f.rnd, 150) == 0)
                        disturb(db, &f);
                ask_something(&t, &f);
        }
        assert_true(t.cached > t.steps / 10);
        assert_true(t.cached < t.steps);
        twins_close(&t);
        tsdb_close(db);
        assert_ok(file_remove_tree(fs_system(), dir, &err), err);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(evaluates_what_it_does_not_know),
                cmocka_unit_test(looks_ahead_and_back),
                cmocka_unit_test(leaves_alone_what_depends_on_the_whole_query),
                cmocka_unit_test(leaves_alone_what_may_go_unsaid),
                cmocka_unit_test(leaves_alone_names_that_leave_late),
                cmocka_unit_test(leaves_histograms_alone),
                cmocka_unit_test(can_be_passed_by),
                cmocka_unit_test(stays_within_its_bytes),
                cmocka_unit_test(is_equal_to_the_bit_while_samples_come_late),
                cmocka_unit_test(is_equal_to_the_bit_over_a_store_on_disk),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
