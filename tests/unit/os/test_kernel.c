#include "os/kernel.h"

#include <unistd.h>

#include "os/file.h"
#include "testing.h"

static void test_statfs(void **state)
{
        (void)state;
        KernelFs fs = { 0 };
        Err err = { 0 };
        assert_ok(kernel_statfs("/tmp", &fs, &err), err);
        assert_true(fs.size_bytes > 0 && fs.free_bytes >= fs.avail_bytes && fs.size_bytes >= fs.free_bytes);
        assert_false(kernel_statfs("/nonexistent", &fs, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_str(str_of(err.msg), "no such file or directory");
}

static void test_uname_and_timex(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        KernelUname u;
        Err err = { 0 };
        assert_ok(kernel_uname(arena, &u, &err), err);
        assert_str(u.sysname, "Linux");
        assert_true(u.release.n > 0 && u.machine.n > 0);
        KernelTimex t = { 0 };
        if (kernel_timex(&t, &err))
                assert_true(t.tick_us >= 9000 && t.tick_us <= 11000); /* the kernel allows 10 % around 10 ms */
        else
                assert_int_equal(err.code, ERR_UNSUPPORTED);
}

static void test_paths(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        char dir[] = "/tmp/pharos-kernel-XXXXXX";
        assert_non_null(mkdtemp(dir));
        Str link = str_printf(arena, "%s/b-link", dir);
        Str folder = str_printf(arena, "%s/a-folder", dir);
        Err err = { 0 };
        assert_ok(fs_system()->mkdir_all(fs_system(), folder.p, &err), err);
        assert_int_equal(symlink("a-folder", link.p), 0);
        Str real;
        assert_ok(kernel_realpath(link.p, arena, &real, &err), err);
        assert_true(str_ends(real, STR("/a-folder")));
        assert_true(kernel_is_dir(link.p));
        assert_false(kernel_is_dir("/etc/passwd"));
        int64_t mtime = 0;
        assert_ok(kernel_mtime(folder.p, &mtime, &err), err);
        assert_true(mtime > 1500000000);
        assert_false(kernel_mtime("/nonexistent", &mtime, &err));
        Str *paths;
        size_t n;
        kernel_glob(str_printf(arena, "%s/*", dir).p, arena, &paths, &n);
        assert_int_equal(n, 2);
        assert_true(str_eq(paths[0], folder) && str_eq(paths[1], link));
        kernel_glob("/nonexistent/*", arena, &paths, &n);
        assert_int_equal(n, 0);
        assert_ok(file_remove_tree(fs_system(), dir, &err), err);
}

static void test_zone(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Str name;
        int64_t east = 1;
        setenv("TZ", "XYZ-5:30", 1);
        kernel_zone(1700000000, arena, &name, &east);
        assert_str(name, "XYZ");
        assert_int_equal(east, 19800);
        unsetenv("TZ");
        assert_true(kernel_page_bytes() >= 4096);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_statfs), cmocka_unit_test(test_uname_and_timex),
                                            cmocka_unit_test(test_paths), cmocka_unit_test(test_zone) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
