/* Fails every single write, sync, rename, open and remove in turn, and fills the disk at every point: a refused batch leaves nothing, an
 * accepted one stays, reading goes on, and the store recovers when the disk does. */
#include "faultrig.h"

static unsigned char seen[FAULT_MAX_STEPS];
enum { STEPS = 530, PERIOD = 20 };

/* dir becomes a copy as a kill -9 would leave it; the old folder goes. */
static void crash(char *dir, Tsdb *db)
{
        char old[64], copy[64];
        strcpy(old, dir);
        fault_temp_dir(copy);
        fault_copy_dir(old, copy);
        tsdb_close(db);
        fault_remove(old);
        strcpy(dir, copy);
}

/* A small life: commits, maintenance, flushes, a crash. dir becomes the folder that is in use at the end, left as after a crash. */
static void live(char *dir, FaultFs *fault, int64_t sync_interval_ms, bool *acked)
{
        TsdbOptions o = fault_options(NULL, &fault->fs);
        o.dir = dir;
        o.sync_interval_ms = sync_interval_ms;
        Tsdb *db = NULL;
        Err err;
        for (unsigned step = 0; step < STEPS; step++) {
                if (!db && !tsdb_open(&o, &db, &err)) {
                        assert_true(err.msg[0] != 0);
                        continue;
                }
                acked[step] = fault_commit(db, step, &err);
                if (!acked[step]) {
                        TsdbStats stats;
                        tsdb_stats(db, &stats);
                        assert_true(stats.read_only);
                        assert_true(err.msg[0] != 0);
                }
                if (step % PERIOD == 0)
                        tsdb_maintain(db);
                if (step % 100 == 50)
                        IGNORE(tsdb_flush(db, &err));
                if (step == STEPS / 3) {
                        crash(dir, db);
                        db = NULL;
                }
                if (step % 97 == 0 && db) { /* reading goes on whatever the disk does */
                        fault_check(db, true, seen);
                        for (unsigned k = 0; k <= step; k++)
                                assert_int_equal(seen[k], acked[k] ? FAULT_SERIES : 0);
                }
        }
        crash(dir, db);
}

static void check_after(const char *dir, bool once, const bool *acked)
{
        Tsdb *db = fault_open(dir, NULL);
        fault_check(db, true, seen);
        for (unsigned step = 0; step < STEPS; step++) {
                if (acked[step] && seen[step] != FAULT_SERIES)
                        fail_msg("step %u was acknowledged and is lost", step);
                if (!acked[step] && seen[step])
                        fail_msg("step %u was refused and is there", step);
        }
        Err err;
        assert_ok(fault_commit(db, STEPS, &err), err);
        TsdbStats stats;
        tsdb_stats(db, &stats);
        assert_false(stats.read_only);
        /* After a single failure everything can be cleaned up at once: no garbage stays behind. */
        if (once)
                assert_int_equal(stats.wal_corruptions + stats.chunk_corruptions, 0);
        tsdb_close(db);
}

static int64_t refused; /* batches, over all lives */

static int64_t one_life_synced(FaultKind kind, int64_t countdown, bool sticky, int64_t sync_interval_ms)
{
        char dir[64];
        static bool acked[STEPS];
        memset(acked, 0, sizeof acked);
        clock_manual_init(&fault_clock, FAULT_START_MS);
        fault_temp_dir(dir);
        FaultFs fault;
        fault_fs_init(&fault, fs_system());
        fault_fs_arm(&fault, kind, countdown, sticky);
        live(dir, &fault, sync_interval_ms, acked);
        check_after(dir, !sticky, acked);
        fault_remove(dir);
        for (size_t i = 0; i < STEPS; i++)
                refused += !acked[i];
        return fault.operations;
}

static int64_t one_life(FaultKind kind, int64_t countdown, bool sticky)
{
        return one_life_synced(kind, countdown, sticky, 1);
}

static void each_point(FaultKind kind, int64_t step)
{
        int64_t points = one_life(FAULT_NONE, 0, false);
        assert_true(points > 100);
        refused = 0;
        for (int64_t i = 1; i < points; i += i < 16 ? 1 : step)
                one_life(kind, i, false);
        assert_true(refused > 0 || kind == FAULT_SYNC);
}

static void failing_writes(void **state)
{
        (void)state;
        each_point(FAULT_WRITE, 9);
}
static void short_writes(void **state)
{
        (void)state;
        each_point(FAULT_SHORT_WRITE, 8);
}
static void failing_syncs(void **state)
{
        (void)state;
        each_point(FAULT_SYNC, 29);
}

/* With an fsync at every commit, a failed one refuses the batch. */
static void failing_syncs_of_commits(void **state)
{
        (void)state;
        refused = 0;
        for (int64_t i = 1; i < 500; i += 31)
                one_life_synced(FAULT_SYNC, i, false, -1);
        assert_true(refused > 10);
}

static void failing_renames_opens_and_removes(void **state)
{
        (void)state;
        for (int64_t i = 1; i < 12; i++) {
                one_life(FAULT_RENAME, i, false);
                one_life(FAULT_OPEN, i, false);
                one_life(FAULT_REMOVE, i, false);
        }
}

static void full_disk(void **state)
{
        (void)state;
        for (int64_t bytes = 0; bytes < 40000; bytes += bytes < 200 ? 23 : 4999)
                one_life(FAULT_ENOSPC, bytes, true);
        for (int64_t i = 1; i < 200; i += 57) {
                one_life(FAULT_WRITE, i, true);
                one_life(FAULT_SYNC, i, true);
        }
}

/* The disk is full for a while: batches are refused, then taken again, without a restart. */
static void recovers_without_a_restart(void **state)
{
        (void)state;
        char dir[64];
        clock_manual_init(&fault_clock, FAULT_START_MS);
        fault_temp_dir(dir);
        FaultFs fault;
        fault_fs_init(&fault, fs_system());
        Tsdb *db = fault_open(dir, &fault.fs);
        Err err;
        TsdbStats stats;
        assert_ok(fault_commit(db, 0, &err), err);
        fault_fs_arm(&fault, FAULT_ENOSPC, 100, true);
        for (unsigned step = 1; step < 5; step++)
                assert_false(fault_commit(db, step, &err));
        assert_contains(err.msg, "No space left");
        tsdb_stats(db, &stats);
        assert_true(stats.read_only);
        assert_int_equal(fault_check(db, true, seen), 1);
        fault_fs_arm(&fault, FAULT_NONE, 0, false);
        assert_ok(fault_commit(db, 5, &err), err);
        tsdb_stats(db, &stats);
        assert_false(stats.read_only);
        tsdb_close(db);
        db = fault_open(dir, NULL);
        assert_int_equal(fault_check(db, true, seen), 2);
        tsdb_close(db);
        fault_remove(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(recovers_without_a_restart),
                cmocka_unit_test(failing_writes),
                cmocka_unit_test(short_writes),
                cmocka_unit_test(failing_syncs),
                cmocka_unit_test(failing_syncs_of_commits),
                cmocka_unit_test(failing_renames_opens_and_removes),
                cmocka_unit_test(full_disk),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
