/* The system's table of os/file.h.
 *
 * Invariants:
 * 1. Descriptors are close-on-exec; interrupted calls are repeated; a write is whole or an error.
 * 2. A failed call leaves the caller's outputs as they were and names the path. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "os/file.h"

/* What pharos stores is for its own user and group, whatever the umask. */
enum { NEW_FILE_MODE = 0640, NEW_DIR_MODE = 0750 };

struct File {
        int fd;
        char *path;
        uint64_t streamed; /* bytes read so far when the file has no offsets (a pipe) */
};

static int flags_of(FileMode mode)
{
        switch (mode) {
        case FILE_READ: return O_RDONLY;
        case FILE_APPEND: return O_WRONLY | O_APPEND | O_CREAT;
        case FILE_CREATE: return O_RDWR | O_CREAT | O_TRUNC;
        case FILE_CREATE_NEW: return O_RDWR | O_CREAT | O_EXCL;
        case FILE_READ_WRITE: return O_RDWR;
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
                        return err_sys(err, errno, "read '%s' at %" PRIu64, file->path, offset + done);
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

static bool system_link(const Fs *fs, const char *from, const char *to, Err *err)
{
        (void)fs;
        return link(from, to) == 0 || err_sys(err, errno, "link '%s' to '%s'", from, to);
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
                .open = system_open,
                .close = system_close,
                .write = system_write,
                .pread = system_pread,
                .sync = system_sync,
                .truncate = system_truncate,
                .size = system_size,
                .map = system_map,
                .unmap = system_unmap,
                .rename = system_rename,
                .link = system_link,
                .remove = system_remove,
                .mkdir_all = system_mkdir_all,
                .sync_dir = system_sync_dir,
                .list = system_list,
                .lock = system_lock,
        };
        return &system_fs;
}
