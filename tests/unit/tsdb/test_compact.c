/* Flushes, merges, and parts that are written anew. What a crash in the middle leaves: tests/fault. */
#include "rig.h"

#include "os/fault.h"

enum { SERIES = 12, STEP_MS = 15000 };
static const int64_t HOUR_MS = 3600000;

static int64_t time_of(unsigned step) { return RIG_START_MS + (int64_t)step * STEP_MS; }

static void add_step(Rig *r, unsigned step)
{
        if (time_of(step) > clock_wall_ms(&r->clock.clock))
                clock_manual_advance_ms(&r->clock, time_of(step) - clock_wall_ms(&r->clock.clock));
        for (unsigned i = 0; i < SERIES; i++)
                assert_int_equal(rig_add(r, rig_labels(r, "m", i), time_of(step), step + i), APPEND_OK);
        if (step % 20 == 0)
                tsdb_maintain(r->db);
}

static void drop_series(Rig *r, const char *i, int64_t min_ms, int64_t max_ms)
{
        Err err;
        Matcher m = { .type = MATCH_EQ, .name = STR("i"), .value = str_of(i) };
        assert_ok(tsdb_delete(r->db, (Matchers){ &m, 1 }, min_ms, max_ms, &err), err);
}

static size_t samples_of(Rig *r, unsigned i)
{
        Column c = { 0 };
        rig_read(r, rig_labels(r, "m", i), INT64_MIN, INT64_MAX, &c);
        for (size_t k = 0; k < c.n; k++)
                assert_double(c.v[k], (double)((c.t[k] - RIG_START_MS) / STEP_MS + i));
        size_t n = c.n;
        column_done(&c);
        return n;
}

/* Without the file that hides them: they are not there. */
static void forget_tombstones(Rig *r)
{
        char path[128];
        Err err;
        tsdb_close(r->db);
        r->db = NULL;
        snprintf(path, sizeof path, "%s/tombstones", r->dir);
        assert_true(fs_system()->remove(fs_system(), path, &err) || err.code == ERR_NOT_FOUND);
        rig_open(r);
}

static void deleted_samples_leave_the_disk(void **state)
{
        (void)state;
        Rig r;
        Err err;
        rig_init(&r);
        r.options.out_of_order_window_ms = HOUR_MS;
        rig_open(&r);
        for (unsigned step = 0; step < 1000; step++)
                add_step(&r, step);
        assert_ok(tsdb_flush(r.db, &err), err);
        for (unsigned step = 1000; step < 2000; step++)
                add_step(&r, step);
        drop_series(&r, "3", INT64_MIN, INT64_MAX);       /* in parts, files, memory */
        drop_series(&r, "4", time_of(500), time_of(599)); /* in a part */
        drop_series(&r, "5", time_of(1990), INT64_MAX);   /* in memory */
        drop_series(&r, "6", time_of(90000), INT64_MAX);  /* nothing */
        uint64_t before = rig_stats(&r).samples;
        assert_int_equal(before, 2000 * SERIES);
        assert_ok(tsdb_clean_tombstones(r.db, &err), err);
        assert_int_equal(rig_stats(&r).samples, 2000 * SERIES - 2000 - 100 - 10);
        for (unsigned step = 2000; step < 2010; step++)
                add_step(&r, step);
        for (int again = 0; again < 2; again++) {
                for (unsigned i = 0; i < SERIES; i++)
                        assert_int_equal(samples_of(&r, i), i == 3 ? 10 : i == 4 ? 1910 : i == 5 ? 2000 : 2010);
                forget_tombstones(&r);
        }
        rig_done(&r);
}

/* Nothing deleted, or deleted twice, or everything. */
static void cleaning_may_find_nothing_or_everything(void **state)
{
        (void)state;
        Rig r;
        Err err;
        rig_init(&r);
        rig_open(&r);
        assert_ok(tsdb_clean_tombstones(r.db, &err), err);
        for (unsigned step = 0; step < 600; step++)
                add_step(&r, step);
        assert_ok(tsdb_clean_tombstones(r.db, &err), err);
        Matcher m = { .type = MATCH_EQ, .name = STR("__name__"), .value = STR("m") };
        for (int i = 0; i < 2; i++)
                assert_ok(tsdb_delete(r.db, (Matchers){ &m, 1 }, INT64_MIN, INT64_MAX, &err), err);
        assert_ok(tsdb_clean_tombstones(r.db, &err), err);
        assert_int_equal(rig_stats(&r).samples, 0);
        assert_int_equal(rig_stats(&r).parts, 0);
        for (unsigned step = 600; step < 700; step++)
                add_step(&r, step);
        rig_reopen(&r);
        for (unsigned i = 0; i < SERIES; i++)
                assert_int_equal(samples_of(&r, i), 100);
        rig_done(&r);
}

/* Whatever fails on the way: what was not deleted is there, what was deleted is not seen. */
static void cleaning_may_fail_at_any_point(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE,  FAULT_SHORT_WRITE, FAULT_SYNC,
                                           FAULT_RENAME, FAULT_OPEN,        FAULT_REMOVE };
        Rig r;
        Err err;
        FaultFs fault;
        fault_fs_init(&fault, fs_system());
        for (size_t k = 0; k < ARRAY_LEN(KINDS); k++) {
                bool struck = true;
                for (int64_t at = 1; struck; at += 1 + at / 8) {
                        rig_init(&r);
                        r.options.fs = &fault.fs;
                        rig_open(&r);
                        for (unsigned step = 0; step < 30; step++)
                                add_step(&r, step);
                        assert_ok(tsdb_flush(r.db, &err), err);
                        for (unsigned step = 30; step < 60; step++)
                                add_step(&r, step);
                        drop_series(&r, "2", time_of(10), time_of(49));
                        fault_fs_arm(&fault, KINDS[k], at, false);
                        bool ok = tsdb_clean_tombstones(r.db, &err);
                        struck = fault.countdown <= 0;
                        fault_fs_arm(&fault, FAULT_NONE, 0, false);
                        for (int again = 0; again < 2; again++) {
                                for (unsigned i = 0; i < SERIES; i++)
                                        assert_int_equal(samples_of(&r, i), i == 2 ? 20 : 60);
                                clock_manual_advance_ms(&r.clock, 2 * 60000);
                                if (again == 0)
                                        rig_reopen(&r);
                        }
                        assert_true(ok || struck);
                        assert_ok(tsdb_clean_tombstones(r.db, &err), err);
                        assert_int_equal(rig_stats(&r).samples, 60 * SERIES - 40);
                        rig_done(&r);
                }
        }
}

/* Late data makes parts of its own, which merges bring together; every stretch ends as one part. */
static void merges_keep_every_sample_once(void **state)
{
        (void)state;
        Rig r;
        Err err;
        rig_init(&r);
        r.options.out_of_order_window_ms = 12 * HOUR_MS;
        rig_open(&r);
        for (unsigned step = 0; step < 6000; step += 2) {
                add_step(&r, step);
                if (step % 500 == 498)
                        assert_ok(tsdb_flush(r.db, &err), err);
                if (step >= 1001 && step % 4 == 0) /* the odd ones come two hours later */
                        for (unsigned i = 0; i < SERIES; i++)
                                rig_add(&r, rig_labels(&r, "m", i), time_of(step - 501), step - 501 + i);
        }
        assert_ok(tsdb_flush(r.db, &err), err);
        size_t n = samples_of(&r, 0);
        assert_true(n > 3000 + 1000);
        for (unsigned i = 1; i < SERIES; i++)
                assert_int_equal(samples_of(&r, i), n);
        assert_true(rig_stats(&r).parts <= 12);
        rig_reopen(&r);
        for (unsigned i = 0; i < SERIES; i++)
                assert_int_equal(samples_of(&r, i), n);
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(deleted_samples_leave_the_disk),
                cmocka_unit_test(cleaning_may_find_nothing_or_everything),
                cmocka_unit_test(cleaning_may_fail_at_any_point),
                cmocka_unit_test(merges_keep_every_sample_once),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
