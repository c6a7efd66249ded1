/* Invariants:
 * 1. Descriptors are close-on-exec; interrupted calls are repeated; a write is whole or an error.
 * 2. A failed call leaves the caller's outputs as they were and names the path.
 * 3. file_write_atomic: at every moment path holds the old content or the new, also after a power cut.
 * 4. file_remove_tree never follows a symbolic link: it removes the link. */
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"

/* What pharos stores is for its own user and group, whatever the umask. */
enum { NEW_FILE_MODE = 0640, NEW_DIR_MODE = 0750, READ_STEP_BYTES = 64 * 1024 };

struct File {
        int fd;
        char *path;
        uint64_t streamed; /* bytes read so far when the file has no offsets (a pipe) */
};

/* ---- the system's table */

static int flags_of(FileMode mode)
{
        switch (mode) {
        case FILE_READ:
                return O_RDONLY;
        case FILE_APPEND:
                return O_WRONLY | O_APPEND | O_CREAT;
        case FILE_CREATE:
                return O_RDWR | O_CREAT | O_TRUNC;
        case FILE_CREATE_NEW:
                return O_RDWR | O_CREAT | O_EXCL;
        case FILE_READ_WRITE:
                return O_RDWR;
        }
        return O_RDONLY;
}

static int open_retry(const char *path, int flags)
{
        int fd;
        do
                fd = open(path, flags | O_CLOEXEC, NEW_FILE_MODE);
        while (fd < 0 && errno == EINTR);
        return fd;
}

static bool system_open(const Fs *fs, const char *path, FileMode mode, File **ret, Err *err)
{
        (void)fs;
        int fd = open_retry(path, flags_of(mode));
        if (fd < 0)
                return err_sys(err, errno, "open '%s'", path);
        struct stat st;
        if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
                close(fd);
                return err_sys(err, EISDIR, "open '%s'", path);
        }
        File *file = mem_new(File);
        file->fd = fd;
        file->path = mem_strndup(path, strlen(path));
        *ret = file;
        return true;
}

static void system_close(File *file)
{
        if (!file)
                return;
        close(file->fd); /* not repeated: Linux has released the descriptor even when it says EINTR */
        mem_free(file->path);
        mem_free(file);
}

static bool system_write(File *file, const void *p, size_t n, Err *err)
{
        for (size_t done = 0; done < n;) {
                ssize_t k = write(file->fd, (const char *)p + done, n - done);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return err_sys(err, errno, "write '%s'", file->path);
                done += (size_t)k;
        }
        return true;
}

/* A pipe (process substitution, /dev/stdin) has no offsets: it can still be read from start to end. */
static ssize_t read_at(File *file, void *p, size_t n, uint64_t offset)
{
        ssize_t k = pread(file->fd, p, n, (off_t)offset);
        if (k >= 0 || errno != ESPIPE || offset != file->streamed)
                return k;
        k = read(file->fd, p, n);
        if (k > 0)
                file->streamed += (uint64_t)k;
        return k;
}

static bool system_pread(File *file, uint64_t offset, void *p, size_t n, size_t *ret_n, Err *err)
{
        size_t done = 0;
        while (done < n) {
                ssize_t k = read_at(file, (char *)p + done, n - done, offset + done);
                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return err_sys(err, errno, "read '%s' at %llu", file->path, (unsigned long long)(offset + done));
                if (k == 0)
                        break;
                done += (size_t)k;
        }
        *ret_n = done;
        return true;
}

static bool sync_fd(int fd, int (*fn)(int), const char *path, Err *err)
{
        int rc;
        do
                rc = fn(fd);
        while (rc != 0 && errno == EINTR);
        return rc == 0 || err_sys(err, errno, "sync '%s'", path);
}

static bool system_sync(File *file, Err *err) { return sync_fd(file->fd, fdatasync, file->path, err); }

static bool system_truncate(File *file, uint64_t size, Err *err)
{
        int rc;
        do
                rc = ftruncate(file->fd, (off_t)size);
        while (rc != 0 && errno == EINTR);
        return rc == 0 || err_sys(err, errno, "truncate '%s' to %llu", file->path, (unsigned long long)size);
}

static bool system_size(File *file, uint64_t *ret, Err *err)
{
        struct stat st;
        if (fstat(file->fd, &st) != 0)
                return err_sys(err, errno, "size of '%s'", file->path);
        *ret = (uint64_t)st.st_size;
        return true;
}

static bool system_map(File *file, FileMap *ret, Err *err)
{
        uint64_t n = 0;
        if (!system_size(file, &n, err))
                return false;
        if (n == 0) {
                *ret = (FileMap){ NULL, 0 };
                return true;
        }
        void *p = mmap(NULL, (size_t)n, PROT_READ, MAP_SHARED, file->fd, 0);
        if (p == MAP_FAILED)
                return err_sys(err, errno, "map '%s'", file->path);
        *ret = (FileMap){ p, (size_t)n };
        return true;
}

static void system_unmap(const Fs *fs, FileMap map)
{
        (void)fs;
        if (map.p)
                munmap((void *)(uintptr_t)map.p, map.n);
}

static bool system_rename(const Fs *fs, const char *from, const char *to, Err *err)
{
        (void)fs;
        return rename(from, to) == 0 || err_sys(err, errno, "rename '%s' to '%s'", from, to);
}

static bool system_remove(const Fs *fs, const char *path, Err *err)
{
        (void)fs;
        return remove(path) == 0 || err_sys(err, errno, "remove '%s'", path);
}

/* Done when path is a folder afterwards, whoever made it. */
static bool make_dir(const char *path, Err *err)
{
        if (mkdir(path, NEW_DIR_MODE) == 0)
                return true;
        int errnum = errno;
        struct stat st;
        if (stat(path, &st) == 0) {
                if (S_ISDIR(st.st_mode))
                        return true;
                errnum = ENOTDIR;
        }
        return err_sys(err, errnum, "create folder '%s'", path);
}

static bool system_mkdir_all(const Fs *fs, const char *path, Err *err)
{
        (void)fs;
        AUTO(buf_done) Buf buf = { 0 };
        buf_cstr_add(&buf, path);
        buf_cstr(&buf);
        for (size_t i = 1; i < buf.n; i++) {
                if (buf.p[i] != '/')
                        continue;
                buf.p[i] = 0;
                bool ok = make_dir(buf.p, err);
                buf.p[i] = '/';
                if (!ok)
                        return false;
        }
        return make_dir(path, err);
}

static bool system_sync_dir(const Fs *fs, const char *path, Err *err)
{
        (void)fs;
        int fd = open_retry(path, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return err_sys(err, errno, "open folder '%s'", path);
        bool ok = sync_fd(fd, fsync, path, err);
        close(fd);
        return ok;
}

static int compare_names(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

static bool system_list(const Fs *fs, const char *path, Arena *arena, Str **ret_names, size_t *ret_n, Err *err)
{
        (void)fs;
        DIR *dir = opendir(path);
        if (!dir)
                return err_sys(err, errno, "list folder '%s'", path);
        VEC(Str) names = { .arena = arena };
        errno = 0;
        for (struct dirent *e; (e = readdir(dir)); errno = 0) {
                Str name = str_of(e->d_name);
                if (!str_eq(name, STR(".")) && !str_eq(name, STR("..")))
                        vec_push(&names, str_dup(arena, name));
        }
        int errnum = errno;
        closedir(dir);
        if (errnum)
                return err_sys(err, errnum, "list folder '%s'", path);
        if (names.len)
                qsort(names.data, names.len, sizeof *names.data, compare_names);
        *ret_names = names.data;
        *ret_n = names.len;
        return true;
}

static bool system_lock(File *file, Err *err)
{
        int rc;
        do
                rc = flock(file->fd, LOCK_EX | LOCK_NB);
        while (rc != 0 && errno == EINTR);
        if (rc != 0 && errno == EWOULDBLOCK)
                return err_set(err, ERR_EXISTS, "'%s' is locked by another process", file->path);
        return rc == 0 || err_sys(err, errno, "lock '%s'", file->path);
}

const Fs *fs_system(void)
{
        static const Fs system_fs = {
                .open = system_open,           .close = system_close,     .write = system_write,
                .pread = system_pread,         .sync = system_sync,       .truncate = system_truncate,
                .size = system_size,           .map = system_map,         .unmap = system_unmap,
                .rename = system_rename,       .remove = system_remove,   .mkdir_all = system_mkdir_all,
                .sync_dir = system_sync_dir,   .list = system_list,       .lock = system_lock,
        };
        return &system_fs;
}

/* ---- whole-file helpers */

bool file_read_all(const Fs *fs, const char *path, size_t max_bytes, Buf *out, Err *err)
{
        File *file;
        if (!fs->open(fs, path, FILE_READ, &file, err))
                return false;
        size_t before = out->n;
        uint64_t size = 0;
        bool ok = fs->size(file, &size, err);
        /* One byte more than the size says: its absence is the end. /proc says 0, so the size is only a first guess. */
        size_t step = size < max_bytes ? (size_t)size + 1 : READ_STEP_BYTES;
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
