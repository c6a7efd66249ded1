/* tests/lib/tempdir.h - a folder that a test keeps its files in. */
#pragma once
#include "testing.h"

#include "base/buf.h"
#include "os/file.h"

/* A new, empty folder whose name begins with "pharos-" and then kind; where files cost least. */
static inline void tempdir_make(char path[64], const char *kind)
{
        snprintf(path, 64, "%s/pharos-%s-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", kind);
        assert_non_null(mkdtemp(path));
}

static inline void tempdir_remove(const char *path)
{
        Err err;
        assert_ok(file_remove_tree(fs_system(), path, &err), err);
}

/* How many names in it end so. */
static inline size_t tempdir_count(const char *path, const char *end)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n, found = 0;
        Err err;
        assert_ok(fs_system()->list(fs_system(), path, arena, &names, &n, &err), err);
        for (size_t i = 0; i < n; i++)
                found += str_ends(names[i], str_of(end));
        return found;
}

/* A whole file, without a sync. */
static inline void tempdir_put(const char *file, Str bytes)
{
        File *f;
        Err err;
        assert_ok(fs_system()->open(fs_system(), file, FILE_CREATE, &f, &err), err);
        assert_ok(fs_system()->write(f, bytes.p, bytes.n, &err), err);
        fs_system()->close(f);
}

/* Replaces what out holds. */
static inline void tempdir_get(const char *file, Buf *out)
{
        Err err;
        buf_clear(out);
        assert_ok(file_read_all(fs_system(), file, 1 << 30, out, &err), err);
}
