/* The same samples in two stores: one keeps them, one keeps roll-ups of them. What may be told from roll-ups is told right. */
#include "promql/func_rolled.h"

#include <math.h>

#include "base/rand.h"
#include "os/clock.h"
#include "os/file.h"
#include "testing.h"
#include "tsdb/tsdb.h"

#define START_MS INT64_C(1700006400000) /* a whole hour */
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
enum { DAYS = 8, STEP_MS = 15000, SERIES = 5 };

typedef struct World {
        char dirs[2][64];
        ManualClock clock;
        Tsdb *dbs[2]; /* 0: all samples; 1: a day of samples, three days of five minutes, then hours */
        PromqlEngine *engine;
        Arena *arena;
        double values[SERIES];
        Rand rand;
} World;

static const char *const NAMES[SERIES] = { "gauge", "c_total", "slow", "ended", "level" };

static void open_db(World *w, int i)
{
        static const TsdbRollup rollups[] = { { 5 * MINUTE, 72 * HOUR }, { HOUR, 1000 * HOUR } };
        TsdbOptions o = { .dir = w->dirs[i], .clock = &w->clock.clock, .retention_ms = i ? 24 * HOUR : 1000 * HOUR };
        o.rollups = rollups;
        o.n_rollups = i ? 2 : 0;
        Err err;
        assert_ok(tsdb_open(&o, &w->dbs[i], &err), err);
}

static double next_value(World *w, size_t k, int64_t step)
{
        double *v = &w->values[k];
        switch (k) {
        case 0: return *v = (step % 997 == 0) ? __builtin_nan("") : rand_double(&w->rand) * 200 - 100;
        case 1: return *v = (step % 613 == 0) ? 0 : *v + (double)rand_below(&w->rand, 6);
        case 2: return *v = (double)(step / 40);
        case 3: return *v = step == 5760 * 2 + 3 ? sample_stale() : (double)step;
        default: return *v = *v == 0 ? 1000 : *v + rand_double(&w->rand) - 0.5;
        }
}

static void add_step(World *w, Appender *a[2], int64_t step)
{
        for (size_t k = 0; k < SERIES; k++) {
                if (k == 2 && step % 40) /* one in ten minutes */
                        continue;
                if (k == 3 && step > 5760 * 2 + 3)
                        continue;
                Label l[] = { { STR("__name__"), str_of(NAMES[k]) }, { STR("job"), STR("j") } };
                double v = next_value(w, k, step);
                int64_t t_ms = START_MS + 1000 + step * STEP_MS + (int64_t)k * 7;
                for (int i = 0; i < 2; i++) {
                        SeriesRef ref = 0;
                        assert_int_equal(store_append(a[i], &ref, (Labels){ l, 2 }, t_ms, v), APPEND_OK);
                }
        }
}

static void fill(World *w)
{
        Err err;
        int64_t step = 0;
        for (int64_t ms = 0; ms < DAYS * 24 * HOUR; ms += 10 * MINUTE) {
                Appender *a[2] = { store_appender(tsdb_engine(w->dbs[0])), store_appender(tsdb_engine(w->dbs[1])) };
                for (int i = 0; i < 40; i++)
                        add_step(w, a, step++);
                clock_manual_advance_ms(&w->clock, 10 * MINUTE);
                for (int i = 0; i < 2; i++) {
                        assert_ok(store_commit(a[i], &err), err);
                        tsdb_maintain(w->dbs[i]);
                        tsdb_maintain(w->dbs[i]);
                }
                if (ms == 100 * HOUR) {
                        tsdb_close(w->dbs[1]);
                        open_db(w, 1);
                }
        }
        for (int i = 0; i < 20; i++)
                tsdb_maintain(w->dbs[1]);
}

static int setup(void **state)
{
        World *w = calloc(1, sizeof *w);
        PromqlOptions promql = { .features = promql_features_default() };
        clock_manual_init(&w->clock, START_MS);
        rand_init(&w->rand, 42);
        w->arena = arena_new();
        w->engine = promql_engine_new(&promql);
        for (int i = 0; i < 2; i++) {
                strcpy(w->dirs[i], TEST_DIR("pharos-rolled"));
                assert_non_null(mkdtemp(w->dirs[i]));
                open_db(w, i);
        }
        fill(w);
        *state = w;
        return 0;
}

static int teardown(void **state)
{
        World *w = *state;
        Err err;
        for (int i = 0; i < 2; i++) {
                tsdb_close(w->dbs[i]);
                assert_ok(file_remove_tree(fs_system(), w->dirs[i], &err), err);
        }
        promql_engine_free(w->engine);
        arena_free(w->arena);
        free(w);
        return 0;
}

#define NOW_MS (START_MS + DAYS * 24 * HOUR)

static PromqlResult ask(World *w, int db, const char *text, int64_t t_ms)
{
        PromqlQuery q = { .text = str_of(text), .start_ms = t_ms, .end_ms = t_ms };
        PromqlFeatures features = promql_features_default();
        Expr *expr;
        SrcPos pos;
        PromqlResult r;
        Err err;
        assert_ok(ast_parse(q.text, w->arena, &features, &expr, &pos, &err), err);
        q.expr = expr;
        assert_ok(promql_exec(w->engine, tsdb_engine(w->dbs[db]), &q, w->arena, &r, &err), err);
        return r;
}

static bool says_rolled(const PromqlResult *r)
{
        for (size_t i = 0; i < r->n_annotations; i++)
                if (str_find(r->annotations[i].text, STR("roll-ups of")) != SIZE_MAX)
                        return true;
        return false;
}

/* Of the one series, NaN-safe; *ret_n 0 or 1. */
static double one(const PromqlResult *r, size_t *ret_n)
{
        *ret_n = r->n_series;
        assert_true(r->n_series <= 1);
        return r->n_series ? r->series[0].v[0] : 0;
}

static bool close_to(double a, double b, double share)
{
        return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= share * (fabs(a) + fabs(b));
}

static void compare(World *w, const char *fn, const char *name, int64_t range_ms, int64_t t_ms, double share)
{
        char text[128];
        size_t n[2];
        snprintf(text, sizeof text, "%s(%s[%llds])", fn, name, (long long)(range_ms / 1000));
        PromqlResult a = ask(w, 0, text, t_ms), b = ask(w, 1, text, t_ms);
        double x = one(&a, &n[0]), y = one(&b, &n[1]);
        if (n[0] != n[1] || !close_to(x, y, share))
                fail_msg("%s at %lld h: %zu %.17g, from roll-ups %zu %.17g", text, (long long)((t_ms - NOW_MS) / HOUR),
                         n[0], x, n[1], y);
        if (says_rolled(&b))
                fail_msg("%s at %lld h says that it is not exact", text, (long long)((t_ms - NOW_MS) / HOUR));
}

/* Windows that begin and end with stretches: in each zone, and over its borders. */
static void aligned_windows_are_exact(void **state)
{
        World *w = *state;
        static const char *const EXACT[] = { "max_over_time", "min_over_time", "count_over_time", "last_over_time",
                                             "present_over_time" };
        static const char *const ROUNDED[] = { "sum_over_time", "avg_over_time" };
        static const struct {
                int64_t range_ms, step_ms, from_ms; /* from: before now */
        } cases[] = {
                { HOUR, 5 * HOUR, 190 * HOUR },
                { 7 * HOUR, 11 * HOUR, 180 * HOUR },
                { 100 * HOUR, 13 * HOUR, 90 * HOUR },
                { 5 * MINUTE, 3 * HOUR + 5 * MINUTE, 70 * HOUR },
                { 20 * MINUTE, 3 * HOUR + 5 * MINUTE, 70 * HOUR },
                { 40 * MINUTE, 1 * HOUR + 5 * MINUTE, 30 * HOUR },
        };
        for (size_t c = 0; c < ARRAY_LEN(cases); c++)
                for (int64_t t_ms = NOW_MS - cases[c].from_ms; t_ms <= NOW_MS; t_ms += cases[c].step_ms) {
                        arena_reset(w->arena);
                        for (size_t k = 0; k < SERIES; k++) {
                                for (size_t f = 0; f < ARRAY_LEN(EXACT); f++)
                                        compare(w, EXACT[f], NAMES[k], cases[c].range_ms, t_ms, 0);
                                for (size_t f = 0; f < ARRAY_LEN(ROUNDED); f++)
                                        compare(w, ROUNDED[f], NAMES[k], cases[c].range_ms, t_ms, 1e-12);
                        }
                }
}

/* Resets are counted; an increase is off by at most what a stretch at each end of the window brings. */
static void counters_grow_as_they_did(void **state)
{
        World *w = *state;
        static const int64_t RANGES[] = { 2 * HOUR, 6 * HOUR, 48 * HOUR };
        for (size_t i = 0; i < ARRAY_LEN(RANGES); i++)
                for (int64_t t_ms = NOW_MS - 130 * HOUR; t_ms <= NOW_MS; t_ms += 7 * HOUR) {
                        arena_reset(w->arena);
                        char text[128];
                        size_t n[2];
                        int64_t span_ms = t_ms - RANGES[i] < NOW_MS - 72 * HOUR ? HOUR : 5 * MINUTE;
                        double share = 2 * (double)span_ms / (double)RANGES[i];
                        snprintf(text, sizeof text, "increase(c_total[%llds])", (long long)(RANGES[i] / 1000));
                        PromqlResult a = ask(w, 0, text, t_ms), b = ask(w, 1, text, t_ms);
                        double x = one(&a, &n[0]), y = one(&b, &n[1]);
                        if (n[0] != 1 || n[1] != 1 || fabs(x - y) > x * share)
                                fail_msg("%s at %lld h: %g, from roll-ups %g", text,
                                         (long long)((t_ms - NOW_MS) / HOUR), x, y);
                        if (t_ms <= NOW_MS - 30 * HOUR)
                                assert_true(says_rolled(&b));
                }
        /* Between two samples that are left, to the last digit. */
        PromqlResult a = ask(w, 0, "resets(c_total[90h])", NOW_MS - 90 * HOUR);
        PromqlResult b = ask(w, 1, "resets(c_total[90h])", NOW_MS - 90 * HOUR);
        assert_true(a.n_series == 1 && b.n_series == 1);
        assert_double(a.series[0].v[0], b.series[0].v[0]);
}

/* An instant selector shows a real sample, at most a stretch and the lookback old, and has no gaps; a series that ended has ended. */
static void selectors_show_real_samples_without_gaps(void **state)
{
        World *w = *state;
        for (int64_t t_ms = NOW_MS - 185 * HOUR; t_ms <= NOW_MS; t_ms += 17 * MINUTE) {
                arena_reset(w->arena);
                PromqlResult b = ask(w, 1, "timestamp(level)", t_ms);
                assert_int_equal(b.n_series, 1);
                int64_t at_ms = (int64_t)(b.series[0].v[0] * 1000 + 0.5);
                int64_t most_ms = t_ms < NOW_MS - 70 * HOUR ? HOUR : t_ms < NOW_MS - 23 * HOUR ? 5 * MINUTE : 0;
                assert_true(at_ms <= t_ms && at_ms > t_ms - most_ms - 5 * MINUTE);
                PromqlResult a = ask(w, 0, "level", at_ms), c = ask(w, 1, "level", t_ms);
                assert_true(a.n_series == 1 && c.n_series == 1);
                assert_double(a.series[0].v[0], c.series[0].v[0]);
        }
        int64_t ended_ms = START_MS + 48 * HOUR + 60000;
        assert_int_equal(ask(w, 1, "ended", ended_ms - 90 * MINUTE).n_series, 1);
        assert_int_equal(ask(w, 1, "ended", ended_ms + 2 * MINUTE).n_series, 0);
        assert_int_equal(ask(w, 1, "ended", ended_ms + 59 * MINUTE).n_series, 0);
}

static void what_is_not_exact_says_so(void **state)
{
        World *w = *state;
        int64_t old_ms = NOW_MS - 100 * HOUR;
        static const char *const YES[] = { "level", "rate(c_total[4h])", "stddev_over_time(level[2h])",
                                           "max_over_time(level[90m])" };
        for (size_t i = 0; i < ARRAY_LEN(YES); i++) {
                PromqlResult r = ask(w, 1, YES[i], old_ms);
                assert_true(says_rolled(&r));
                r = ask(w, 0, YES[i], old_ms);
                assert_false(says_rolled(&r));
                r = ask(w, 1, YES[i], NOW_MS);
                assert_false(says_rolled(&r));
        }
        PromqlResult r = ask(w, 1, "max_over_time(level[2h])", old_ms + 7 * MINUTE);
        assert_true(says_rolled(&r));
}

/* Less is kept, in few files. */
static void roll_ups_are_small(void **state)
{
        World *w = *state;
        TsdbStats all, rolled;
        tsdb_stats(w->dbs[0], &all);
        tsdb_stats(w->dbs[1], &rolled);
        assert_true(rolled.rollup_parts > 0 && rolled.rollup_parts < 60);
        assert_true(rolled.samples < all.samples / 3);
        assert_true(rolled.rollup_bytes < all.part_bytes / 2);
        assert_int_equal(rolled.chunk_corruptions, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(aligned_windows_are_exact),
                cmocka_unit_test(counters_grow_as_they_did),
                cmocka_unit_test(selectors_show_real_samples_without_gaps),
                cmocka_unit_test(what_is_not_exact_says_so),
                cmocka_unit_test(roll_ups_are_small),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
