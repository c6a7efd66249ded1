/* A folder for one test, and files in it. */
#pragma once
#include "testing.h"

#include "base/buf.h"
#include "os/file.h"

typedef struct Dir {
        char path[64];
        char file[128];
} Dir;

static inline int make_dir(void **state)
{
        Dir *dir = malloc(sizeof *dir);
        assert_non_null(dir);
        strcpy(dir->path, "/tmp/pharos-file-XXXXXX");
        assert_non_null(mkdtemp(dir->path));
        snprintf(dir->file, sizeof dir->file, "%s/x", dir->path);
        *state = dir;
        return 0;
}

static inline int drop_dir(void **state)
{
        Dir *dir = *state;
        Err err;
        bool ok = file_remove_tree(fs_system(), dir->path, &err);
        free(dir);
        return ok ? 0 : -1;
}

static inline void put(const char *path, const char *text)
{
        Err err;
        File *f;
        const Fs *fs = fs_system();
        assert_ok(fs->open(fs, path, FILE_CREATE, &f, &err), err);
        assert_ok(fs->write(f, text, strlen(text), &err), err);
        fs->close(f);
}

static inline void assert_content(const char *path, const char *want)
{
        AUTO(buf_done) Buf out = { 0 };
        Err err;
        assert_ok(file_read_all(fs_system(), path, 1 << 20, &out, &err), err);
        assert_str(buf_str(&out), want);
}
