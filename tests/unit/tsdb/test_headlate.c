/* Samples out of order inside the window, against a model, with flushes and restarts. */
#include "rig.h"

#include "base/rand.h"
#include "tsdb/head.h"
#include "tsdb/headlate.h"

#define T0 RIG_START_MS
enum { HOUR_MS = 3600 * 1000, WINDOW_MS = 2 * HOUR_MS, SPAN = 3000, STEP_MS = 2000, WRITES = 4000 };

/* at_of[v]: where the value v was written. Of several values for one time any may be served, always the same number of samples. */
static void check(Rig *r, Labels labels, const double *model, const int *at_of, size_t n)
{
        Column c = { 0 };
        size_t k = 0;
        rig_read(r, labels, INT64_MIN, INT64_MAX, &c);
        for (size_t i = 0; i < n; i++) {
                if (model[i] == 0)
                        continue;
                if (k >= c.n || c.t[k] != T0 + (int64_t)i * STEP_MS || at_of[(int)c.v[k]] != (int)i)
                        fail_msg("sample at %zu is not there", i);
                k++;
        }
        assert_int_equal(k, c.n);
        column_done(&c);
}

static void any_order_is_read_in_order(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 3; seed++) {
                Rig r;
                rig_init(&r);
                r.options.out_of_order_window_ms = WINDOW_MS;
                rig_open(&r);
                Labels labels = rig_labels(&r, "x", 1);
                Rand rand;
                rand_init(&rand, seed);
                double *model = arena_array(r.arena, double, SPAN);
                int *at_of = arena_array(r.arena, int, WRITES + 1);
                int newest = 0;
                for (int i = 0; i < WRITES; i++) {
                        int at = newest + 3 - (int)rand_below(&rand, rand_below(&rand, 4) ? 6 : 1000);
                        at = at < 0 ? 0 : at >= SPAN ? SPAN - 1 : at;
                        if (at > newest)
                                clock_manual_advance_ms(&r.clock, (int64_t)(at - newest) * STEP_MS);
                        AppendResult got = rig_add(&r, labels, T0 + (int64_t)at * STEP_MS, i + 1);
                        if (model[at] == 0)
                                assert_int_equal(got, APPEND_OK);
                        at_of[i + 1] = at;
                        if (model[at] == 0 && got == APPEND_OK)
                                model[at] = i + 1;
                        newest = at > newest ? at : newest;
                        if (rand_below(&rand, 100) == 0)
                                tsdb_maintain(r.db);
                        if (rand_below(&rand, 400) == 0) {
                                Err err;
                                assert_ok(tsdb_flush(r.db, &err), err);
                        }
                        if (rand_below(&rand, 800) == 0)
                                rig_reopen(&r);
                }
                check(&r, labels, model, at_of, SPAN);
                rig_reopen(&r);
                check(&r, labels, model, at_of, SPAN);
                rig_done(&r);
        }
}

static void outside_the_window_is_refused(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.out_of_order_window_ms = 10000;
        rig_open(&r);
        Labels labels = rig_labels(&r, "x", 1), other = rig_labels(&r, "x", 2);
        assert_int_equal(rig_add(&r, labels, T0, 1), APPEND_OK);
        assert_int_equal(rig_add(&r, labels, T0 - 10000, 2), APPEND_OK);
        assert_int_equal(rig_add(&r, labels, T0 - 10001, 3), APPEND_OUT_OF_ORDER);
        assert_int_equal(rig_add(&r, labels, T0, 2), APPEND_CONFLICT);
        assert_int_equal(rig_add(&r, labels, T0, 1), APPEND_DUPLICATE);
        /* the newest sample of all counts, not of the series */
        assert_int_equal(rig_add(&r, other, T0 + 5000, 1), APPEND_OK);
        assert_int_equal(rig_add(&r, labels, T0 - 5001, 4), APPEND_OUT_OF_ORDER);
        assert_int_equal(rig_add(&r, labels, T0 - 5000, 4), APPEND_OK);
        /* the same time again: what came first stays */
        assert_int_equal(rig_add(&r, labels, T0 - 5000, 5), APPEND_OK);
        Column c = { 0 };
        rig_read(&r, labels, INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 3);
        assert_true(c.v[0] == 2 && c.v[1] == 4 && c.v[2] == 1);
        column_done(&c);
        rig_done(&r);
}

static void late_batches_and_histograms(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.out_of_order_window_ms = WINDOW_MS;
        rig_open(&r);
        Labels labels = rig_labels(&r, "x", 1);
        static const HistogramSpan spans[] = { { 0, 1 } };
        static const double counts[] = { 3 };
        Histogram h = { .integer = true, .count = 3, .positive = { spans, counts, 1, 1 } };
        Appender *a = store_appender(tsdb_engine(r.db));
        SeriesRef ref = 0;
        Err err;
        assert_int_equal(store_append(a, &ref, labels, T0, 9), APPEND_OK);
        for (int i = 300; i > 0; i--) { /* falling, in one batch, more than a series keeps */
                StoreSample s = { .t_ms = T0 - i, .v = i, .st_ms = i % 7, .h = i == 150 ? &h : NULL };
                assert_int_equal(store_append_sample(a, &ref, labels, &s), APPEND_OK);
        }
        assert_ok(store_commit(a, &err), err);
        for (int round = 0; round < 3; round++) {
                Column c = { 0 };
                rig_read(&r, labels, INT64_MIN, INT64_MAX, &c);
                assert_int_equal(c.n, 301);
                for (int i = 0; i < 300; i++) {
                        assert_int_equal(c.t[i], T0 - 300 + i);
                        assert_int_equal(c.st[i], (300 - i) % 7);
                        assert_true(i == 150 ? histogram_same(c.h[i], &h) : c.v[i] == 300 - i);
                }
                column_done(&c);
                if (round == 0)
                        assert_ok(tsdb_flush(r.db, &err), err);
                else
                        rig_reopen(&r);
        }
        rig_done(&r);
}

/* Of two samples of one time the one in the batch is served as long as it lies there; which one it is afterwards is for the chunks to
 * say. Who keeps answers must hear of that. */
static void a_batch_that_becomes_a_chunk_is_a_change(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.out_of_order_window_ms = WINDOW_MS;
        rig_open(&r);
        Labels labels = rig_labels(&r, "x", 1);
        for (int i = 0; i < 10; i++)
                assert_int_equal(rig_add(&r, labels, T0 + (int64_t)i * 60000, i + 1), APPEND_OK);
        assert_int_equal(rig_add(&r, labels, T0 + 90000, 100), APPEND_OK);
        assert_int_equal(rig_add(&r, labels, T0 + 330000, 101), APPEND_OK);
        assert_true(headlate_min_ms(r.db->late) == T0 + 90000);
        StoreEngine *e = tsdb_engine(r.db);
        StoreChanges before, after;
        e->changes(e, 0, &before);
        e->changes(e, before.mark, &after);
        assert_true(after.since_ms > T0 + 330000);
        headlate_close(r.db, clock_wall_ms(&r.clock.clock), true);
        e->changes(e, before.mark, &after);
        assert_true(after.since_ms <= T0 + 90000);
        assert_true(after.since_ms > T0);
        assert_true(headlate_min_ms(r.db->late) == INT64_MAX);
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(any_order_is_read_in_order),
                cmocka_unit_test(outside_the_window_is_refused),
                cmocka_unit_test(late_batches_and_histograms),
                cmocka_unit_test(a_batch_that_becomes_a_chunk_is_a_change),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
