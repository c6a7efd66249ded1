#include "os/fault.h"

#include "testing.h"

static char dir[64], path[96], other[96];

static int make_dir(void **state)
{
        (void)state;
        strcpy(dir, "/tmp/pharos-fault-XXXXXX");
        assert_non_null(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/x", dir);
        snprintf(other, sizeof other, "%s/y", dir);
        return 0;
}

static int drop_dir(void **state)
{
        (void)state;
        Err err;
        return file_remove_tree(fs_system(), dir, &err) ? 0 : -1;
}

static void assert_content(const char *want)
{
        AUTO(buf_done) Buf out = { 0 };
        Err err;
        assert_ok(file_read_all(fs_system(), path, 1000, &out, &err), err);
        assert_str(buf_str(&out), want);
}

static void disarmed_it_passes_everything(void **state)
{
        (void)state;
        FaultFs fault;
        fault_fs_init(&fault, fs_system());
        const Fs *fs = &fault.fs;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf out = { 0 };
        Err err;
        File *f;
        FileMap map;
        Str *names;
        size_t n;
        uint64_t size;
        assert_ok(file_write_atomic(fs, path, STR("abc"), &err), err);
        assert_true(fault.operations == 4); /* write, sync, rename, sync of the folder */
        assert_ok(file_read_all(fs, path, 10, &out, &err), err);
        assert_str(buf_str(&out), "abc");
        assert_ok(fs->open(fs, path, FILE_READ_WRITE, &f, &err), err);
        assert_ok(fs->map(f, &map, &err), err);
        assert_int_equal(map.n, 3);
        fs->unmap(fs, map);
        assert_ok(fs->lock(f, &err), err);
        assert_ok(fs->truncate(f, 1, &err), err);
        assert_ok(fs->size(f, &size, &err), err);
        assert_int_equal(size, 1);
        fs->close(f);
        fs->close(NULL);
        assert_ok(fs->list(fs, dir, arena, &names, &n, &err), err);
        assert_int_equal(n, 1);
        assert_ok(fs->mkdir_all(fs, other, &err), err);
        assert_ok(file_remove_tree(fs, other, &err), err);
}

static void the_nth_operation_fails(void **state)
{
        (void)state;
        FaultFs fault;
        fault_fs_init(&fault, fs_system());
        const Fs *fs = &fault.fs;
        File *f;
        Err err;
        assert_ok(fs->open(fs, path, FILE_CREATE, &f, &err), err);
        fault_fs_arm(&fault, FAULT_WRITE, 3, false);
        assert_ok(fs->write(f, "a", 1, &err), err);
        assert_ok(fs->write(f, "b", 1, &err), err);
        assert_ok(fs->sync(f, &err), err);
        assert_false(fs->write(f, "c", 1, &err));
        assert_int_equal(err.code, ERR_IO);
        assert_ok(fs->write(f, "d", 1, &err), err);
        assert_true(fault.operations == 5);
        assert_content("abd");
        fault_fs_arm(&fault, FAULT_SYNC, 1, true);
        for (int i = 0; i < 3; i++)
                assert_false(fs->sync(f, &err));
        assert_false(fs->sync_dir(fs, dir, &err));
        fault_fs_arm(&fault, FAULT_NONE, 0, false);
        assert_ok(fs->sync(f, &err), err);
        fs->close(f);
}

static void short_writes_and_full_disks_leave_a_part(void **state)
{
        (void)state;
        FaultFs fault;
        fault_fs_init(&fault, fs_system());
        const Fs *fs = &fault.fs;
        File *f;
        Err err;
        assert_ok(fs->open(fs, path, FILE_CREATE, &f, &err), err);
        fault_fs_arm(&fault, FAULT_SHORT_WRITE, 1, false);
        assert_false(fs->write(f, "abcdef", 6, &err));
        assert_content("abc");
        fault_fs_arm(&fault, FAULT_ENOSPC, 5, true);
        assert_ok(fs->write(f, "1234", 4, &err), err);
        assert_false(fs->write(f, "5678", 4, &err));
        assert_contains(err.msg, "No space left");
        assert_content("abc12345");
        assert_false(fs->write(f, "9", 1, &err));
        assert_content("abc12345");
        fs->close(f);
}

static void opens_renames_and_removes_fail(void **state)
{
        (void)state;
        FaultFs fault;
        fault_fs_init(&fault, fs_system());
        const Fs *fs = &fault.fs;
        File *f;
        Err err;
        fault_fs_arm(&fault, FAULT_OPEN, 1, false);
        assert_false(fs->open(fs, path, FILE_CREATE, &f, &err));
        assert_false(fs_system()->open(fs_system(), path, FILE_READ, &f, &err));
        assert_ok(file_write_atomic(fs, path, STR("old"), &err), err);
        fault_fs_arm(&fault, FAULT_RENAME, 1, false);
        assert_false(fs->rename(fs, path, other, &err));
        fault_fs_arm(&fault, FAULT_REMOVE, 1, false);
        assert_false(fs->remove(fs, path, &err));
        assert_content("old");
        fault_fs_arm(&fault, FAULT_WRITE, 1, false);
        assert_ok(fs->open(fs, path, FILE_READ_WRITE, &f, &err), err);
        assert_false(fs->truncate(f, 0, &err));
        fs->close(f);
        assert_content("old");
}

/* Invariant 1 of os/file.c: whatever fails, the old content or the new is there. */
static void atomic_writes_survive_every_failure(void **state)
{
        (void)state;
        static const FaultKind kinds[] = { FAULT_WRITE,  FAULT_SHORT_WRITE, FAULT_SYNC,
                                           FAULT_RENAME, FAULT_OPEN,        FAULT_ENOSPC };
        Err err;
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
                for (int n = 1; n < 4; n++) {
                        assert_ok(file_write_atomic(fs_system(), path, STR("old"), &err), err);
                        FaultFs fault;
                        fault_fs_init(&fault, fs_system());
                        fault_fs_arm(&fault, kinds[k], n, true);
                        bool ok = file_write_atomic(&fault.fs, path, STR("newer"), &err);
                        AUTO(buf_done) Buf out = { 0 };
                        assert_ok(file_read_all(fs_system(), path, 1000, &out, &err), err);
                        bool is_new = str_eq(buf_str(&out), STR("newer"));
                        assert_true(is_new || str_eq(buf_str(&out), STR("old")));
                        assert_true(is_new || !ok);
                        File *f;
                        char tmp[128];
                        snprintf(tmp, sizeof tmp, "%s.tmp", path);
                        assert_false(fs_system()->open(fs_system(), tmp, FILE_READ, &f, &err));
                }
        }
}

#define IN_DIR(fn) cmocka_unit_test_setup_teardown(fn, make_dir, drop_dir)

int main(void)
{
        const struct CMUnitTest tests[] = {
                IN_DIR(disarmed_it_passes_everything),
                IN_DIR(the_nth_operation_fails),
                IN_DIR(short_writes_and_full_disks_leave_a_part),
                IN_DIR(opens_renames_and_removes_fail),
                IN_DIR(atomic_writes_survive_every_failure),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
