/* A log long enough for threads comes back as it was written, with histograms and new series in the middle. */
#include "rig.h"

#include "tsdb/head.h"
#include "tsdb/replayshard.h"

enum { SERIES = 1500, ROUNDS = 160, STEP_MS = 15000 };
#define T0 RIG_START_MS

/* Doubles that take eight bytes in the log. */
static double value_of(int series, int round) { return (series + 0.1) / 3.0 + round * 7.0; }

static void write_round(Rig *r, SeriesRef *refs, int round)
{
        Appender *a = store_appender(tsdb_engine(r->db));
        Err err;
        for (int i = 0; i < SERIES; i++)
                if (round >= 50 || i % 10 != 9) /* these come later */
                        assert_int_equal(store_append(a, &refs[i], rig_labels(r, "x", (unsigned)i),
                                                      T0 + (int64_t)round * STEP_MS, value_of(i, round)),
                                         APPEND_OK);
        if (round % 40 == 7) {
                SeriesRef ref = 0;
                StoreSample s = { .t_ms = T0 + (int64_t)round * STEP_MS, .v = 1, .st_ms = T0 };
                assert_int_equal(store_append_sample(a, &ref, rig_labels(r, "rich", 0), &s), APPEND_OK);
        }
        assert_ok(store_commit(a, &err), err);
}

static void check(Rig *r, int rounds)
{
        Column c = { 0 };
        for (int i = 0; i < SERIES; i += i < 600 ? 1 : 7) {
                int first = i % 10 == 9 ? 50 : 0;
                rig_read(r, rig_labels(r, "x", (unsigned)i), INT64_MIN, INT64_MAX, &c);
                assert_int_equal(c.n, rounds - first);
                for (size_t k = 0; k < c.n; k++) {
                        int round = first + (int)k;
                        if (c.t[k] != T0 + (int64_t)round * STEP_MS || c.v[k] != value_of(i, round))
                                fail_msg("series %d: sample %zu differs", i, k);
                }
        }
        rig_read(r, rig_labels(r, "rich", 0), INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 4);
        column_done(&c);
}

static void a_long_log_comes_back(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        SeriesRef *refs = arena_array(r.arena, SeriesRef, SERIES);
        for (int round = 0; round < ROUNDS; round++) {
                clock_manual_advance_ms(&r.clock, STEP_MS);
                write_round(&r, refs, round);
        }
        TsdbStats before = rig_stats(&r);
        assert_true(before.wal_bytes > 2 * REPLAYSHARD_ALONE_BYTES);
        check(&r, ROUNDS);
        /* as after kill -9 */
        AUTO(buf_done) Buf command = { 0 };
        Err err;
        buf_printf(&command, "cp -r %s %s-copy", r.dir, r.dir);
        assert_int_equal(system(buf_cstr(&command)), 0);
        tsdb_close(r.db);
        assert_ok(file_remove_tree(fs_system(), r.dir, &err), err);
        buf_clear(&command);
        buf_printf(&command, "mv %s-copy %s", r.dir, r.dir);
        assert_int_equal(system(buf_cstr(&command)), 0);
        rig_open(&r);
        check(&r, ROUNDS);
        TsdbStats after = rig_stats(&r);
        assert_int_equal(after.samples, before.samples);
        assert_int_equal(after.series, before.series);
        assert_int_equal(after.max_ms, before.max_ms);
        assert_int_equal(after.wal_corruptions, 0);
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_long_log_comes_back) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
