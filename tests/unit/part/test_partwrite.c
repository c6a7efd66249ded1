#include "partrig.h"

#include "os/fault.h"

static bool write_some(PartRig *r, const Fs *fs, Err *err)
{
        PartWriter *w;
        Column c = { 0 };
        if (!partwrite_begin(fs, r->path, 1, 0, &w, err))
                return false;
        bool ok = true;
        for (uint64_t sid = 1; sid < 4000 && ok; sid++) {
                partrig_fill(&c, sid, 300);
                ok = partwrite_series(w, sid, partrig_labels(r->arena, sid), &c, err);
        }
        column_done(&c);
        if (ok)
                return partwrite_commit(w, err);
        partwrite_abort(w);
        return false;
}

/* Whatever call fails: there is the whole part, or no file at all. */
static void a_failure_leaves_nothing_behind(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE, FAULT_SHORT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_OPEN };
        PartRig r;
        partrig_init(&r);
        size_t failures = 0;
        for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++)
                for (int64_t i = 1; i < 6; i++) {
                        FaultFs fault;
                        fault_fs_init(&fault, fs_system());
                        fault_fs_arm(&fault, KINDS[k], i, false);
                        Err err;
                        Str *names;
                        size_t n;
                        bool ok = write_some(&r, &fault.fs, &err);
                        failures += !ok;
                        Err second;
                        assert_ok(fs_system()->list(fs_system(), r.dir, r.arena, &names, &n, &second), second);
                        assert_int_equal(n, ok ? 1 : 0);
                        if (ok)
                                assert_ok(fs_system()->remove(fs_system(), r.path, &second), second);
                }
        assert_true(failures >= 5);
        partrig_done(&r);
}

static void times_are_shared(void **state)
{
        (void)state;
        PartRig r;
        partrig_init(&r);
        PartWriter *w;
        Err err;
        Column c = { 0 };
        assert_ok(partwrite_begin(fs_system(), r.path, 1, 0, &w, &err), err);
        for (uint64_t sid = 1; sid <= 1000; sid++) {
                column_clear(&c);
                for (int i = 0; i < 240; i++)
                        column_push(&c, INT64_C(1700000000000) + i * 15000 + (int64_t)(sid / 100) * 7, 1);
                assert_ok(partwrite_series(w, sid, partrig_labels(r.arena, sid), &c, &err), err);
        }
        PartWriterStats stats;
        partwrite_stats(w, &stats);
        assert_int_equal(stats.time_columns, 11);
        assert_int_equal(stats.blocks[FLOATVEC_CONSTANT], 1000);
        assert_ok(partwrite_commit(w, &err), err);
        PartDamage damage;
        Part *p = partrig_open(&r, &damage);
        assert_true(part_info(p).bytes < 1000 * 16);
        snapshot_unref(part_snapshot(p));
        column_done(&c);
        partrig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_failure_leaves_nothing_behind),
                                            cmocka_unit_test(times_are_shared) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
