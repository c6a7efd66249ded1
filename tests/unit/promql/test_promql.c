#include "query_fixture.h"

#include "promql/exec.h"

static PromqlOptions defaults(void) { return (PromqlOptions){ .features = promql_features_default() }; }

static void load(Fixture *f)
{
        fixture_load(f, 60000,
                     "a_total{job=\"x\"} 0+60x10\n"
                     "a_total{job=\"y\"} 0+120x10\n"
                     "b_total{job=\"x\"} 5+5x10\n"
                     "gauge 1 _ 3 stale _ _ 7\n");
}

static void instant_range_scalar_string(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        fixture_open(&f, &o);
        load(&f);
        assert_string_equal(fixture_instant(&f, "a_total", 120000), "a_total{job=\"x\"} 120\na_total{job=\"y\"} 240\n");
        assert_string_equal(fixture_range(&f, "gauge", 0, 420000, 60000), "gauge 1 1 3 _ _ _ 7 7\n");
        assert_string_equal(fixture_instant(&f, "1 + 2 * 3", 0), "7\n");
        assert_string_equal(fixture_range(&f, "time()", 0, 120000, 60000), "{} 0 60 120\n");
        assert_string_equal(fixture_instant(&f, "'text'", 0), "text\n");
        assert_string_equal(fixture_instant(&f, "sum(rate(a_total[5m]))", 600000), "{} 3\n");
        assert_string_equal(fixture_range(&f, "a_total @ 120", 0, 120000, 60000),
                            "a_total{job=\"x\"} 120 120 120\na_total{job=\"y\"} 240 240 240\n");
        assert_string_equal(fixture_instant(&f, "gauge[3m]", 180000), "gauge 3\n");
        assert_string_equal(fixture_instant(&f, "a_total{job=\"x\"}[2m:1m] offset 1m", 180000),
                            "a_total{job=\"x\"} 60 120\n");
        assert_string_equal(fixture_instant(&f, "nothing", 0), "");
        fixture_close(&f);
}

static void lookback_is_left_open(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        fixture_open(&f, &o);
        fixture_load(&f, 1000, "m 1");
        assert_string_equal(fixture_instant(&f, "m", 299999), "m 1\n");
        assert_string_equal(fixture_instant(&f, "m", 300000), "");
        assert_string_equal(fixture_instant(&f, "count_over_time(m[10s])", 9999), "{} 1\n");
        assert_string_equal(fixture_instant(&f, "count_over_time(m[10s])", 10000), "");
        fixture_close(&f);
}

static void names_leave_at_once_or_at_the_end(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        fixture_open(&f, &o);
        load(&f);
        assert_string_equal(fixture_instant(&f, "sum by (__name__) (rate({job=\"x\"}[5m]))", 300000),
                            "error: vector cannot contain metrics with the same labelset\n");
        assert_string_equal(fixture_instant(&f, "abs({job=\"x\"})", 300000),
                            "error: vector cannot contain metrics with the same labelset\n");
        assert_string_equal(
                fixture_instant(&f,
                                "label_replace(rate(a_total{job=\"x\"}[5m]), \"n\", \"$1\", \"__name__\", \"(.*)\")",
                                300000),
                "{job=\"x\"} 1\n");
        promql_engine_free(f.engine);
        f.options.features.delayed_name_removal = true;
        f.engine = promql_engine_new(&f.options);
        assert_string_equal(
                fixture_instant(&f,
                                "label_replace(rate(a_total{job=\"x\"}[5m]), \"n\", \"$1\", \"__name__\", \"(.*)\")",
                                300000),
                "{job=\"x\", n=\"a_total\"} 1\n");
        assert_string_equal(fixture_instant(&f, "sum by (job) (rate({job=\"x\"}[5m]))", 240000),
                            "{job=\"x\"} 0.8833333333333334\n");
        fixture_close(&f);
}

static void annotations_have_positions(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        fixture_open(&f, &o);
        load(&f);
        assert_string_equal(fixture_instant(&f, "sum(\n  rate(gauge[10m])\n)", 120000),
                            "{} 0.005\nPromQL info: metric might not be a counter, name does not end in "
                            "_total/_sum/_count/_bucket: \"gauge\" (2:8)\n");
        assert_string_equal(fixture_instant(&f, "quantile(1.5, a_total)", 60000),
                            "{} +Inf\nPromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)\n");
        fixture_close(&f);
}

static void limits_are_said(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        o.max_samples = 20;
        fixture_open(&f, &o);
        load(&f);
        assert_string_equal(fixture_range(&f, "a_total", 0, 600000, 60000),
                            "error: query processing would load too many samples into memory in query execution\n");
        assert_int_equal(f.code, ERR_LIMIT);
        assert_string_equal(fixture_range(&f, "a_total{job=\"x\"}", 0, 60000, 60000), "a_total{job=\"x\"} 0 60\n");
        fixture_close(&f);
        o = defaults();
        o.max_bytes = 100000;
        fixture_open(&f, &o);
        load(&f);
        assert_contains(fixture_range(&f, "a_total", 0, 600000, 10),
                        "error: query processing would use more than 100000 bytes of memory");
        assert_int_equal(f.code, ERR_LIMIT);
        assert_contains(fixture_instant(&f, "count_over_time(vector(1)[100y:1ms])", 0),
                        "error: query processing would use more than");
        assert_string_equal(fixture_instant(&f, "a_total{job=\"x\"}", 0), "a_total{job=\"x\"} 0\n");
        assert_true(f.stats.bytes_peak > 0 && f.stats.bytes_peak <= 100000);
        fixture_close(&f);
        o = defaults();
        o.max_total_bytes = 100000;
        fixture_open(&f, &o);
        load(&f);
        assert_contains(fixture_range(&f, "a_total", 0, 600000, 10),
                        "error: the running queries together would use more than 100000 bytes of memory");
        assert_int_equal(f.code, ERR_LIMIT);
        /* What a query had taken is free again, whatever its end was. */
        for (int i = 0; i < 10; i++)
                assert_string_equal(fixture_instant(&f, "a_total{job=\"x\"}", 0), "a_total{job=\"x\"} 0\n");
        fixture_close(&f);
}

static void stats_count(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        fixture_open(&f, &o);
        load(&f);
        fixture_range(&f, "sum(a_total)", 0, 600000, 60000);
        assert_int_equal(f.stats.samples_read, 22);
        assert_int_equal(f.stats.series_selected, 2);
        assert_int_equal(f.stats.peak_samples, 22);
        /* Equal selectors are selected once. */
        fixture_range(&f, "a_total + a_total", 0, 600000, 60000);
        assert_int_equal(f.stats.series_selected, 2);
        fixture_close(&f);
}

static void late_and_canceled_queries_stop(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        Cancel cancel;
        cancel_init(&cancel, clock_system(), 0);
        cancel_raise(&cancel);
        fixture_open(&f, &o);
        load(&f);
        f.cancel = &cancel;
        assert_contains(fixture_instant(&f, "a_total", 0), "error: query was canceled");
        assert_int_equal(f.code, ERR_CANCELED);
        ManualClock clock;
        clock_manual_init(&clock, 1000);
        cancel_init(&cancel, &clock.clock, 1);
        clock_manual_advance_ms(&clock, 5);
        assert_contains(fixture_instant(&f, "a_total", 0), "error: query timed out");
        assert_int_equal(f.code, ERR_TIMEOUT);
        fixture_close(&f);
}

/* --- how much is done between two looks at the deadline --- */

enum { MANY = 20000, BATCH = 256 /* rows that a worker takes at a time */ };

/* A clock that stands still and counts who looks at it: a query with a deadline does, whenever it asks whether to go on. */
typedef struct CountingClock {
        Clock clock;
        const Cancel *cancel; /* raised with look number `raise_at` */
        size_t looks, idle_looks, reads, reads_since, most_reads, raise_at, reads_after;
        bool (*read)(Querier *q, const StoreSelection *selection, size_t i, int64_t min_ms, int64_t max_ms, Column *out,
                     Err *err);
        bool (*querier)(StoreEngine *e, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err);
} CountingClock;

static CountingClock looking;

static int64_t look(const Clock *clock)
{
        (void)clock;
        looking.idle_looks += looking.reads_since == 0;
        looking.reads_since = 0;
        if (++looking.looks == looking.raise_at)
                cancel_raise((Cancel *)looking.cancel);
        return 1;
}

static bool counted_read(Querier *q, const StoreSelection *selection, size_t i, int64_t min_ms, int64_t max_ms,
                         Column *out, Err *err)
{
        looking.reads++;
        looking.reads_since++;
        looking.most_reads = MAX_OF(looking.most_reads, looking.reads_since);
        looking.reads_after += looking.raise_at && looking.looks >= looking.raise_at;
        return looking.read(q, selection, i, min_ms, max_ms, out, err);
}

static bool counted_querier(StoreEngine *e, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err)
{
        if (!looking.querier(e, min_ms, max_ms, ret, err))
                return false;
        looking.read = (*ret)->read;
        (*ret)->read = counted_read;
        return true;
}

static void forget_looks(const Cancel *cancel, size_t raise_at)
{
        looking.looks = looking.idle_looks = looking.reads = looking.reads_since = looking.most_reads = 0;
        looking.reads_after = 0;
        looking.cancel = cancel;
        looking.raise_at = raise_at;
}

static void load_many(Fixture *f)
{
        Appender *app = store_appender(memstore_engine(f->store));
        Err err;
        for (size_t i = 0; i < MANY; i++) {
                Label l[] = { { LABEL_NAME, STR("m") }, { STR("i"), str_printf(f->arena, "%zu", i * 7919 % MANY) } };
                SeriesRef ref = 0;
                assert_int_equal(store_append(app, &ref, (Labels){ l, 2 }, 0, (double)(i * 31 % 1000)), APPEND_OK);
        }
        assert_ok(store_commit(app, &err), err);
}

static void little_is_done_between_two_looks(void **state)
{
        (void)state;
        /* How often at least all rows are walked without computing any: sorted (and merged three times), grouped, matched ... */
        static const struct {
                const char *text;
                size_t walks;
        } cases[] = {
                { "m", 9 },
                { "sort(m)", 12 },
                { "sort_by_label(m, \"i\")", 12 },
                { "topk(20000, m)", 15 },
                { "m[5m]", 6 },
                { "count(m)", 7 },
                { "quantile(0.5, m)", 7 },
                { "sum by (i) (m)", 17 },
                { "label_replace(m, \"j\", \"$1\", \"i\", \"(.*)\")", 12 },
                { "label_join(m, \"j\", \"-\", \"i\", \"i\")", 12 },
                { "m * on (i) m", 14 },
                { "m and on (i) m", 13 },
                { "m or m", 20 },
                { "{i=~\".+\"} * 2", 12 },
                { "histogram_quantile(0.5, label_join(m, \"le\", \"\", \"i\"))", 16 },
                { "topk by (i) (1, m)", 13 },
                { "quantile by (i) (0.5, m)", 16 },
                { "count_values(\"v\", m)", 5 },
                { "count_values by (i) (\"v\", m)", 14 },
                { "limit_ratio(0.5, m)", 11 },
                { "-m", 12 },
                { "abs(m)", 12 },
                { "timestamp(m)", 11 },
                { "rate(m[5m])", 4 },
                { "info(label_join(m, \"instance\", \"\", \"i\"))", 4 },
        };
        Fixture f;
        PromqlOptions o = defaults();
        o.clock = &looking.clock;
        looking.clock = (Clock){ .wall_ns = look, .mono_ns = look };
        fixture_open(&f, &o);
        load_many(&f);
        StoreEngine *engine = memstore_engine(f.store);
        looking.querier = engine->querier;
        engine->querier = counted_querier;
        for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
                const char *text = cases[c].text;
                Cancel cancel;
                cancel_init(&cancel, clock_system(), 0);
                f.cancel = &cancel;
                forget_looks(&cancel, 0);
                fixture_instant(&f, text, 0);
                assert_int_equal(f.code, ERR_NONE);
                size_t looks = looking.looks, want = cases[c].walks * (MANY / EXEC_TICK);
                if (looking.idle_looks < want || looking.most_reads > BATCH)
                        fail_msg("%s: %zu looks without a read instead of %zu, %zu reads between two looks", text,
                                 looking.idle_looks, want, looking.most_reads);
                for (size_t k = 1; k <= 4; k++) {
                        cancel_init(&cancel, clock_system(), 0);
                        forget_looks(&cancel, MAX_OF(looks * k / 5, (size_t)4));
                        fixture_instant(&f, text, 0);
                        assert_int_equal(f.code, ERR_CANCELED);
                        assert_true(looking.reads_after <= BATCH);
                        assert_true(looking.looks <= looks);
                }
        }
        fixture_close(&f);
}

static void bad_queries_are_invalid(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        fixture_open(&f, &o);
        assert_contains(fixture_range(&f, "a[5m]", 0, 1000, 1000),
                        "error: invalid expression type \"range vector\" for range query");
        assert_int_equal(f.code, ERR_INVALID);
        assert_contains(fixture_range(&f, "a", 0, 1000, 0),
                        "error: zero or negative query resolution step widths are not accepted");
        assert_contains(fixture_range(&f, "a", 1000, 0, 1), "error: end timestamp must not be before start time");
        fixture_close(&f);
}

/* Results do not depend on the number of threads: bit for bit. */
static void threads_do_not_change_results(void **state)
{
        (void)state;
        static const char *const queries[] = {
                "sum(rate(m_total[5m]))",
                "avg by (g) (m_total)",
                "stddev(m_total)",
                "topk(7, rate(m_total[3m]))",
                "bottomk by (g) (2, m_total)",
                "quantile by (g) (0.37, m_total)",
                "count_values(\"v\", m_total)",
                "sum by (g) (m_total / on (i) group_left n)",
                "m_total and on (i) n",
                "m_total unless on (i) (n > 150)",
                "max_over_time(rate(m_total[2m])[10m:30s])",
                "histogram_quantile(0.9, m_total)",
                "limitk(3, m_total)",
                "sort_desc(sum by (g) (m_total))",
                "sum(label_replace(m_total, \"z\", \"$1\", \"i\", \"(.).*\")) by (z)",
                "absent(m_total)",
                "rate(m_total[5m]) > 0.5 or n",
                "-m_total",
                "sum by (g) (rate(h[5m]))",
                "avg(h)",
                "sum(h)",
                "histogram_quantile(0.9, sum by (g) (increase(h[3m])))",
                "max_over_time(histogram_count(h)[5m:30s])",
                "limitk by (g) (3, h)",
                "h * 2 and on (i) n",
        };
        Pool *pools[] = { NULL, pool_new(2, 64), pool_new(4, 64) };
        Fixture f;
        PromqlOptions o = defaults();
        fixture_open(&f, &o);
        for (int i = 0; i < 400; i++) {
                Label m[] = { { LABEL_NAME, STR("m_total") },
                              { STR("g"), str_printf(f.arena, "%d", i % 7) },
                              { STR("i"), str_printf(f.arena, "%d", i) },
                              { STR("le"), str_printf(f.arena, "%d", i % 20) } };
                Label n[] = { { LABEL_NAME, STR("n") }, { STR("i"), str_printf(f.arena, "%d", i) } };
                for (int k = 0; k < 60; k++) {
                        assert_int_equal(memstore_add(f.store, (Labels){ m, 4 }, k * 15000,
                                                      (double)((i * 31 + k * 17) % 101) * 1.1),
                                         APPEND_OK);
                        if (i % 3)
                                assert_int_equal(memstore_add(f.store, (Labels){ n, 2 }, k * 15000, i + 0.1 * k),
                                                 APPEND_OK);
                }
        }
        for (int i = 0; i < 300; i++)
                fixture_load(
                        &f, 15000,
                        str_printf(
                                f.arena,
                                "h{g=\"%d\",i=\"%d\"} {{schema:%d count:%d.1 sum:%d.7 buckets:[%d 1.3 2]}}+{{schema:%d "
                                "count:3.3 sum:1.9 buckets:[1.1 0 2.2]}}x59",
                                i % 7, i, i % 3, i, i * 3, i, i % 3)
                                .p);
        for (size_t q = 0; q < ARRAY_LEN(queries); q++) {
                const char *first = NULL;
                for (size_t p = 0; p < ARRAY_LEN(pools); p++) {
                        f.options.pool = pools[p];
                        promql_engine_free(f.engine);
                        f.engine = promql_engine_new(&f.options);
                        const char *got = fixture_range(&f, queries[q], 0, 900000, 5000);
                        first = first ? first : got;
                        assert_true(strncmp(got, "error", 5) != 0);
                        if (strcmp(got, first) != 0)
                                fail_msg("%s differs with %zu threads", queries[q], pool_threads(pools[p]));
                }
        }
        fixture_close(&f);
        pool_free(pools[1]);
        pool_free(pools[2]);
}

typedef struct Asker {
        Fixture *f;
        _Atomic int ok;
} Asker;

static void ask(void *arg, size_t i)
{
        Asker *a = arg;
        Arena *arena = arena_new();
        PromqlFeatures features = promql_features_default();
        Expr *expr;
        Err err;
        PromqlResult r;
        (void)i;
        bool ok = ast_parse(STR("sum(a_total)"), arena, &features, &expr, NULL, &err);
        PromqlQuery q = {
                .expr = expr, .text = STR("sum(a_total)"), .range = true, .end_ms = 600000, .step_ms = 60000
        };
        ok = ok && promql_exec(a->f->engine, memstore_engine(a->f->store), &q, arena, &r, &err);
        PromqlActive *active;
        promql_active(a->f->engine, arena, &active);
        if (ok && r.n_series == 1 && r.series[0].v[10] == 1800)
                a->ok++;
        arena_free(arena);
}

static void more_queries_than_the_gate_admits_wait_their_turn(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        o.max_concurrent = 1;
        Pool *pool = pool_new(3, 64);
        o.pool = pool;
        fixture_open(&f, &o);
        load(&f);
        Asker a = { .f = &f };
        pool_for_each(pool, 40, ask, &a);
        assert_int_equal(a.ok, 40);
        fixture_close(&f);
        pool_free(pool);
}

/* An engine that can tell how many series there are, and asks a small query of its own when it is read. */
typedef struct Told {
        StoreEngine face;
        Fixture *f;
        size_t series, asked;
} Told;

static size_t tell(StoreEngine *e, Matchers matchers, int64_t min_ms)
{
        (void)matchers;
        (void)min_ms;
        return ((Told *)e)->series;
}

static bool told_querier(StoreEngine *e, int64_t min_ms, int64_t max_ms, Querier **ret, Err *err)
{
        Told *t = (Told *)e;
        StoreEngine *below = memstore_engine(t->f->store);
        Expr *expr;
        PromqlResult r;
        assert_true(ast_parse(STR("1"), t->f->arena, &t->f->options.features, &expr, NULL, err));
        PromqlQuery q = { .expr = expr, .text = STR("1"), .small = true };
        t->asked += promql_exec(t->f->engine, below, &q, t->f->arena, &r, err);
        return store_querier(below, min_ms, max_ms, ret, err);
}

static PromqlQuery query_of(Fixture *f, const char *text)
{
        Expr *expr;
        Err err;
        assert_ok(ast_parse(str_of(text), f->arena, &f->options.features, &expr, NULL, &err), err);
        return (PromqlQuery){ .expr = expr, .text = str_of(text), .end_ms = 60000, .step_ms = 60000 };
}

static bool is_small(Told *t, const char *text)
{
        PromqlQuery q = query_of(t->f, text);
        return promql_is_small(t->f->engine, &t->face, &q, t->f->arena);
}

static void what_is_small_is_known_before(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        fixture_open(&f, &o);
        Told t = { .face = { .querier = told_querier, .at_most = tell }, .f = &f, .series = 20 };
        assert_true(is_small(&t, "1 + 1"));
        assert_true(is_small(&t, "sum by (i) (a_total)"));
        assert_true(is_small(&t, "rate(a_total[5m])"));
        assert_false(is_small(&t, "rate(a_total[5m]) / rate(b_total[5m])"));
        assert_false(is_small(&t, "rate(a_total[1h])"));
        assert_false(is_small(&t, "max_over_time(a_total[1d])"));
        assert_false(is_small(&t, "max_over_time(vector(1)[1h:1s])"));
        PromqlQuery q = query_of(&f, "a_total");
        assert_false(promql_is_small(f.engine, memstore_engine(f.store), &q, f.arena));
        q.range = true;
        assert_false(promql_is_small(f.engine, &t.face, &q, f.arena));
        t.series = 200;
        assert_false(is_small(&t, "a_total"));
        t.series = SIZE_MAX;
        assert_false(is_small(&t, "a_total"));
        assert_int_equal(t.asked, 0);
        fixture_close(&f);
}

static void small_queries_do_not_wait(void **state)
{
        (void)state;
        Fixture f;
        PromqlOptions o = defaults();
        o.max_concurrent = 1;
        fixture_open(&f, &o);
        load(&f);
        Told t = { .face = { .querier = told_querier }, .f = &f };
        PromqlQuery q = query_of(&f, "a_total");
        PromqlResult r;
        Err err;
        assert_ok(promql_exec(f.engine, &t.face, &q, f.arena, &r, &err), err);
        assert_int_equal(t.asked, 1);
        fixture_close(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(instant_range_scalar_string),
                cmocka_unit_test(lookback_is_left_open),
                cmocka_unit_test(names_leave_at_once_or_at_the_end),
                cmocka_unit_test(annotations_have_positions),
                cmocka_unit_test(limits_are_said),
                cmocka_unit_test(stats_count),
                cmocka_unit_test(late_and_canceled_queries_stop),
                cmocka_unit_test(little_is_done_between_two_looks),
                cmocka_unit_test(bad_queries_are_invalid),
                cmocka_unit_test(threads_do_not_change_results),
                cmocka_unit_test(more_queries_than_the_gate_admits_wait_their_turn),
                cmocka_unit_test(what_is_small_is_known_before),
                cmocka_unit_test(small_queries_do_not_wait),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
