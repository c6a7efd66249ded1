#include "os/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include "dir_fixture.h"

static void folders(void **state)
{
        Dir *dir = *state;
        const Fs *fs = fs_system();
        AUTO(arena_free) Arena *arena = arena_new();
        char path[160], other[160];
        Err err;
        snprintf(path, sizeof path, "%s/a/b/c", dir->path);
        assert_ok(fs->mkdir_all(fs, path, &err), err);
        assert_ok(fs->mkdir_all(fs, path, &err), err);
        snprintf(path, sizeof path, "%s/a/b/c/", dir->path);
        assert_ok(fs->mkdir_all(fs, path, &err), err);
        put(dir->file, "12345");
        snprintf(path, sizeof path, "%s/x/y", dir->path);
        assert_false(fs->mkdir_all(fs, path, &err));
        assert_contains(err.msg, "Not a directory");
        snprintf(path, sizeof path, "%s/a/f", dir->path);
        put(path, "123");
        uint64_t bytes;
        assert_ok(file_tree_bytes(fs, dir->path, &bytes, &err), err);
        assert_int_equal(bytes, 8);
        Str *names;
        size_t n;
        snprintf(path, sizeof path, "%s/a", dir->path);
        assert_ok(fs->list(fs, path, arena, &names, &n, &err), err);
        assert_int_equal(n, 2);
        assert_str(names[0], "b");
        assert_str(names[1], "f");
        assert_ok(fs->sync_dir(fs, path, &err), err);
        snprintf(other, sizeof other, "%s/z", dir->path);
        assert_ok(fs->rename(fs, path, other, &err), err);
        assert_false(fs->list(fs, path, arena, &names, &n, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_false(fs->sync_dir(fs, path, &err));
        assert_false(fs->rename(fs, path, other, &err));
        assert_false(fs->remove(fs, other, &err)); /* not empty */
        assert_ok(file_remove_tree(fs, other, &err), err);
        assert_ok(file_remove_tree(fs, other, &err), err);
        assert_false(file_tree_bytes(fs, other, &bytes, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void removing_a_tree_keeps_what_links_point_to(void **state)
{
        Dir *dir = *state;
        const Fs *fs = fs_system();
        char keep[160], tree[160], link_path[200];
        Err err;
        snprintf(keep, sizeof keep, "%s/keep", dir->path);
        snprintf(tree, sizeof tree, "%s/tree", dir->path);
        assert_ok(fs->mkdir_all(fs, keep, &err), err);
        assert_ok(fs->mkdir_all(fs, tree, &err), err);
        snprintf(link_path, sizeof link_path, "%s/f", keep);
        put(link_path, "kept");
        snprintf(link_path, sizeof link_path, "%s/link", tree);
        assert_int_equal(symlink(keep, link_path), 0);
        assert_ok(file_remove_tree(fs, tree, &err), err);
        snprintf(link_path, sizeof link_path, "%s/f", keep);
        assert_content(link_path, "kept");
}

static void deep_trees_are_refused(void **state)
{
        Dir *dir = *state;
        const Fs *fs = fs_system();
        AUTO(buf_done) Buf path = { 0 };
        Err err;
        buf_cstr_add(&path, dir->path);
        for (int i = 0; i < FILE_MAX_TREE_DEPTH; i++)
                buf_lit(&path, "/d");
        assert_ok(fs->mkdir_all(fs, buf_cstr(&path), &err), err);
        uint64_t bytes;
        assert_false(file_tree_bytes(fs, dir->path, &bytes, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        /* One level less works, so that the folder can be cleaned away. */
        assert_ok(fs->remove(fs, buf_cstr(&path), &err), err);
        assert_ok(file_tree_bytes(fs, dir->path, &bytes, &err), err);
}

static void reading_whole_files(void **state)
{
        Dir *dir = *state;
        AUTO(buf_done) Buf out = { 0 };
        Err err;
        AUTO(buf_done) Buf big = { 0 };
        for (int i = 0; i < 50000; i++)
                buf_printf(&big, "%d\n", i);
        put(dir->file, buf_cstr(&big));
        assert_ok(file_read_all(fs_system(), dir->file, big.n, &out, &err), err);
        assert_true(str_eq(buf_str(&out), buf_str(&big)));
        buf_clear(&out);
        buf_lit(&out, "kept");
        assert_false(file_read_all(fs_system(), dir->file, big.n - 1, &out, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_contains(err.msg, "longer than");
        assert_str(buf_str(&out), "kept");
        assert_false(file_read_all(fs_system(), "/tmp/pharos-no-such-file", 10, &out, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        /* The size of a /proc file is 0. */
        assert_ok(file_read_all(fs_system(), "/proc/self/status", 1 << 20, &out, &err), err);
        buf_clear(&out);
        /* A sysctl gives everything at its start and nothing behind: its three numbers come in one read or not at all. */
        assert_ok(file_read_all(fs_system(), "/proc/sys/fs/file-nr", 1 << 20, &out, &err), err);
        assert_contains(buf_cstr(&out), "\t");
        buf_clear(&out);
        assert_ok(file_read_all(fs_system(), "/proc/self/status", 1 << 20, &out, &err), err);
        assert_true(out.n > 100);
}

static void mapping_whole_files(void **state)
{
        Dir *dir = *state;
        FileMap map = { 0 };
        Err err;
        put(dir->file, "12345");
        assert_ok(file_map(fs_system(), dir->file, &map, &err), err);
        assert_int_equal(map.n, 5);
        assert_memory_equal(map.p, "12345", 5);
        fs_system()->unmap(fs_system(), map);
        put(dir->file, "");
        assert_ok(file_map(fs_system(), dir->file, &map, &err), err);
        assert_true(map.n == 0 && !map.p);
        assert_false(file_map(fs_system(), "/tmp/pharos-no-such-file", &map, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void pipes_can_be_read_too(void **state)
{
        (void)state;
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        AUTO(buf_done) Buf text = { 0 };
        for (int i = 0; i < 1000; i++)
                buf_printf(&text, "line %d\n", i);
        assert_int_equal(write(fds[1], text.p, text.n), text.n);
        close(fds[1]);
        char path[64];
        snprintf(path, sizeof path, "/proc/self/fd/%d", fds[0]);
        AUTO(buf_done) Buf out = { 0 };
        Err err;
        assert_ok(file_read_all(fs_system(), path, 1 << 20, &out, &err), err);
        assert_true(str_eq(buf_str(&out), buf_str(&text)));
        close(fds[0]);
}

static void atomic_writes_replace_whole(void **state)
{
        Dir *dir = *state;
        AUTO(arena_free) Arena *arena = arena_new();
        Err err;
        assert_ok(file_write_atomic(fs_system(), dir->file, STR("one"), &err), err);
        assert_content(dir->file, "one");
        assert_ok(file_write_atomic(fs_system(), dir->file, STR(""), &err), err);
        assert_content(dir->file, "");
        struct stat st;
        assert_int_equal(stat(dir->file, &st), 0);
        assert_int_equal(st.st_mode & 07, 0);
        Str *names;
        size_t n;
        assert_ok(fs_system()->list(fs_system(), dir->path, arena, &names, &n, &err), err);
        assert_int_equal(n, 1);
        assert_false(file_write_atomic(fs_system(), "/tmp/pharos-no-such-folder/x", STR("x"), &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
}

#define IN_DIR(fn) cmocka_unit_test_setup_teardown(fn, make_dir, drop_dir)

int main(void)
{
        const struct CMUnitTest tests[] = {
                IN_DIR(folders),
                IN_DIR(removing_a_tree_keeps_what_links_point_to),
                IN_DIR(deep_trees_are_refused),
                IN_DIR(reading_whole_files),
                IN_DIR(mapping_whole_files),
                cmocka_unit_test(pipes_can_be_read_too),
                IN_DIR(atomic_writes_replace_whole),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
