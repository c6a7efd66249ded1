/* Whole-file helpers over any Fs; the real Fs is os/fs.c.
 *
 * Invariants:
 * 1. file_write_atomic: at every moment path holds the old content or the new, also after a power cut.
 * 2. file_remove_tree never follows a symbolic link: it removes the link.
 * 3. A failed call leaves the caller's outputs as they were. */
#include "os/file.h"

#include <string.h>

enum { READ_STEP_BYTES = 64 * 1024, COPY_STEP_BYTES = 1 << 20 };

bool file_read_all(const Fs *fs, const char *path, size_t max_bytes, Buf *out, Err *err)
{
        File *file;
        if (!fs->open(fs, path, FILE_READ, &file, err))
                return false;
        size_t before = out->n;
        uint64_t size = 0;
        bool ok = fs->size(file, &size, err);
        /* One byte more than the size says: its absence is the end. /proc says 0, and its files must be read in one go: a
         * sysctl gives nothing from anywhere but its start. */
        size_t step = size > 0 && size < max_bytes ? (size_t)size + 1 : READ_STEP_BYTES;
        for (size_t total = 0, n = 0; ok; total += n) {
                char *at = buf_reserve(out, step);
                ok = fs->pread(file, total, at, step, &n, err);
                if (!ok)
                        break;
                out->n += n;
                if (total + n > max_bytes)
                        ok = err_set(err, ERR_LIMIT, "'%s' is longer than %zu bytes", path, max_bytes);
                else if (n < step)
                        break;
                step = READ_STEP_BYTES;
        }
        fs->close(file);
        if (!ok)
                out->n = before;
        return ok;
}

static bool write_and_sync(const Fs *fs, const char *path, Str content, Err *err)
{
        File *file;
        if (!fs->open(fs, path, FILE_CREATE, &file, err))
                return false;
        bool ok = fs->write(file, content.p, content.n, err) && fs->sync(file, err);
        fs->close(file);
        return ok;
}

bool file_map(const Fs *fs, const char *path, FileMap *ret, Err *err)
{
        File *file;
        if (!fs->open(fs, path, FILE_READ, &file, err))
                return false;
        bool ok = fs->map(file, ret, err);
        fs->close(file);
        return ok;
}

bool file_write_atomic(const Fs *fs, const char *path, Str content, Err *err)
{
        AUTO(buf_done) Buf tmp = { 0 };
        buf_printf(&tmp, "%s.tmp", path);
        if (!write_and_sync(fs, buf_cstr(&tmp), content, err) || !fs->rename(fs, tmp.p, path, err)) {
                Err ignored;
                IGNORE(fs->remove(fs, tmp.p, &ignored));
                return false;
        }
        AUTO(buf_done) Buf dir = { 0 };
        const char *slash = strrchr(path, '/');
        if (slash)
                buf_add(&dir, path, slash == path ? 1 : (size_t)(slash - path));
        else
                buf_char(&dir, '.');
        return fs->sync_dir(fs, buf_cstr(&dir), err);
}

bool file_copy(const Fs *fs, const char *from, const char *to, uint64_t max_bytes, Err *err)
{
        AUTO(buf_done) Buf buf = { 0 };
        File *in, *out;
        if (!fs->open(fs, from, FILE_READ, &in, err))
                return false;
        if (!fs->open(fs, to, FILE_CREATE_NEW, &out, err)) {
                fs->close(in);
                return false;
        }
        char *p = buf_reserve(&buf, COPY_STEP_BYTES);
        bool ok = true, more = true;
        for (uint64_t at = 0; ok && more;) {
                size_t n = 0;
                ok = fs->pread(in, at, p, (size_t)MIN_OF((uint64_t)COPY_STEP_BYTES, max_bytes - at), &n, err) &&
                     (n == 0 || fs->write(out, p, n, err));
                at += n;
                more = n > 0 && at < max_bytes;
        }
        ok = ok && fs->sync(out, err);
        fs->close(in);
        fs->close(out);
        return ok;
}

/* Calls fn for every entry of the folder, with the entry's path. */
static bool each_entry(const Fs *fs, const char *dir, bool (*fn)(const Fs *, const char *, unsigned, void *, Err *),
                       unsigned depth, void *ctx, Err *err)
{
        if (depth >= FILE_MAX_TREE_DEPTH)
                return err_set(err, ERR_LIMIT, "'%s' is deeper than %d folders", dir, FILE_MAX_TREE_DEPTH);
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        if (!fs->list(fs, dir, arena, &names, &n, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                Str path = str_printf(arena, "%s/" STR_FMT, dir, STR_ARG(names[i]));
                if (!fn(fs, path.p, depth + 1, ctx, err))
                        return false;
        }
        return true;
}

/* Removing comes first: it takes files, links and empty folders, and only a folder with entries refuses. */
static bool remove_entry(const Fs *fs, const char *path, unsigned depth, void *ctx, Err *err)
{
        Err first;
        if (fs->remove(fs, path, &first) || first.code == ERR_NOT_FOUND)
                return true;
        Err inside;
        if (!each_entry(fs, path, remove_entry, depth, ctx, &inside)) {
                /* Not a folder, or one that cannot be read: then the first reason is the real one. */
                *err = inside.code == ERR_LIMIT ? inside : first;
                return false;
        }
        return fs->remove(fs, path, err);
}

bool file_remove_tree(const Fs *fs, const char *path, Err *err) { return remove_entry(fs, path, 0, NULL, err); }

/* Files come and go while we count: what vanished counts nothing. */
static bool count_entry(const Fs *fs, const char *path, unsigned depth, void *ctx, Err *err)
{
        uint64_t *total = ctx;
        File *file;
        Err why;
        if (fs->open(fs, path, FILE_READ, &file, &why)) {
                uint64_t size = 0;
                bool ok = fs->size(file, &size, err);
                fs->close(file);
                *total += size;
                return ok;
        }
        if (why.code == ERR_NOT_FOUND)
                return true;
        if (each_entry(fs, path, count_entry, depth, ctx, err))
                return true;
        return err->code == ERR_NOT_FOUND;
}

bool file_tree_bytes(const Fs *fs, const char *path, uint64_t *ret, Err *err)
{
        uint64_t total = 0;
        if (!each_entry(fs, path, count_entry, 0, &total, err))
                return false;
        *ret = total;
        return true;
}
