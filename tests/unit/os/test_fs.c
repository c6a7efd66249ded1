#include "os/file.h"

#include "dir_fixture.h"

static void modes(void **state)
{
        Dir *dir = *state;
        const Fs *fs = fs_system();
        File *f = (File *)0x1;
        Err err;
        assert_false(fs->open(fs, dir->file, FILE_READ, &f, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_contains(err.msg, dir->file);
        assert_false(fs->open(fs, dir->file, FILE_READ_WRITE, &f, &err));
        assert_ptr_equal(f, 0x1);
        assert_ok(fs->open(fs, dir->file, FILE_CREATE_NEW, &f, &err), err);
        assert_ok(fs->write(f, "abc", 3, &err), err);
        assert_ok(fs->sync(f, &err), err);
        fs->close(f);
        assert_false(fs->open(fs, dir->file, FILE_CREATE_NEW, &f, &err));
        assert_int_equal(err.code, ERR_EXISTS);
        assert_ok(fs->open(fs, dir->file, FILE_APPEND, &f, &err), err);
        assert_ok(fs->write(f, "def", 3, &err), err);
        fs->close(f);
        assert_content(dir->file, "abcdef");
        assert_ok(fs->open(fs, dir->file, FILE_READ_WRITE, &f, &err), err);
        assert_ok(fs->write(f, "X", 1, &err), err);
        assert_ok(fs->truncate(f, 4, &err), err);
        uint64_t size;
        assert_ok(fs->size(f, &size, &err), err);
        assert_int_equal(size, 4);
        fs->close(f);
        assert_content(dir->file, "Xbcd");
        assert_ok(fs->open(fs, dir->file, FILE_CREATE, &f, &err), err);
        fs->close(f);
        assert_content(dir->file, "");
        assert_false(fs->open(fs, dir->path, FILE_READ, &f, &err));
        assert_int_equal(err.code, ERR_IO);
        fs->close(NULL);
}

static void pread_is_short_only_at_the_end(void **state)
{
        Dir *dir = *state;
        const Fs *fs = fs_system();
        put(dir->file, "0123456789");
        File *f;
        Err err;
        char bytes[16];
        size_t n;
        assert_ok(fs->open(fs, dir->file, FILE_READ, &f, &err), err);
        assert_ok(fs->pread(f, 2, bytes, 3, &n, &err), err);
        assert_true(n == 3 && memcmp(bytes, "234", 3) == 0);
        assert_ok(fs->pread(f, 8, bytes, 16, &n, &err), err);
        assert_int_equal(n, 2);
        assert_ok(fs->pread(f, 100, bytes, 16, &n, &err), err);
        assert_int_equal(n, 0);
        assert_false(fs->write(f, "x", 1, &err)); /* opened for reading */
        assert_contains(err.msg, "write '/tmp/");
        fs->close(f);
}

static void a_map_outlives_its_file(void **state)
{
        Dir *dir = *state;
        const Fs *fs = fs_system();
        put(dir->file, "mapped");
        File *f;
        Err err;
        FileMap map;
        assert_ok(fs->open(fs, dir->file, FILE_READ, &f, &err), err);
        assert_ok(fs->map(f, &map, &err), err);
        fs->close(f);
        assert_ok(fs->remove(fs, dir->file, &err), err);
        assert_int_equal(map.n, 6);
        assert_memory_equal(map.p, "mapped", 6);
        fs->unmap(fs, map);
        put(dir->file, "");
        assert_ok(fs->open(fs, dir->file, FILE_READ, &f, &err), err);
        assert_ok(fs->map(f, &map, &err), err);
        fs->close(f);
        assert_true(map.p == NULL && map.n == 0);
        fs->unmap(fs, map);
}

static void a_lock_excludes_a_second_open(void **state)
{
        Dir *dir = *state;
        const Fs *fs = fs_system();
        put(dir->file, "");
        File *a, *b;
        Err err;
        assert_ok(fs->open(fs, dir->file, FILE_READ_WRITE, &a, &err), err);
        assert_ok(fs->open(fs, dir->file, FILE_READ_WRITE, &b, &err), err);
        assert_ok(fs->lock(a, &err), err);
        assert_false(fs->lock(b, &err));
        assert_int_equal(err.code, ERR_EXISTS);
        assert_contains(err.msg, "locked by another process");
        fs->close(a);
        assert_ok(fs->lock(b, &err), err);
        fs->close(b);
}

static void a_link_is_the_same_file_and_a_copy_is_not(void **state)
{
        Dir *dir = *state;
        const Fs *fs = fs_system();
        char linked[256], copied[256];
        AUTO(buf_done) Buf text = { 0 };
        Err err;
        File *f;
        snprintf(linked, sizeof linked, "%s.link", dir->file);
        snprintf(copied, sizeof copied, "%s.copy", dir->file);
        put(dir->file, "shared");
        assert_ok(fs->link(fs, dir->file, linked, &err), err);
        assert_false(fs->link(fs, dir->file, linked, &err));
        assert_int_equal(err.code, ERR_EXISTS);
        assert_ok(file_copy(fs, dir->file, copied, 4, &err), err);
        assert_false(file_copy(fs, dir->file, copied, 4, &err));
        assert_int_equal(err.code, ERR_EXISTS);
        assert_ok(fs->open(fs, dir->file, FILE_APPEND, &f, &err), err);
        assert_ok(fs->write(f, "!", 1, &err), err);
        fs->close(f);
        assert_ok(fs->remove(fs, dir->file, &err), err);
        assert_ok(file_read_all(fs, linked, 100, &text, &err), err);
        assert_string_equal(buf_cstr(&text), "shared!");
        buf_clear(&text);
        assert_ok(file_read_all(fs, copied, 100, &text, &err), err);
        assert_string_equal(buf_cstr(&text), "shar");
        assert_false(file_copy(fs, dir->file, copied, 4, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
}

#define IN_DIR(fn) cmocka_unit_test_setup_teardown(fn, make_dir, drop_dir)

int main(void)
{
        const struct CMUnitTest tests[] = { IN_DIR(modes), IN_DIR(pread_is_short_only_at_the_end),
                                            IN_DIR(a_map_outlives_its_file), IN_DIR(a_lock_excludes_a_second_open),
                                            IN_DIR(a_link_is_the_same_file_and_a_copy_is_not) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
