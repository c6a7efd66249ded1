/* Invariants:
 * 1. What is not chosen to fail passes through to the wrapped Fs unchanged.
 * 2. A failed operation has no effect below, except FAULT_SHORT_WRITE and FAULT_ENOSPC, which leave a part, as a real
 *    disk does.
 * 3. operations counts every mutating call, failed or not: a test runs once to count, then fails at each point. */
#include "os/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/mem.h"

typedef struct FaultFile {
        FaultFs *fs;
        File *under;
} FaultFile;

static FaultFs *fault_of(const Fs *fs) { return (FaultFs *)(uintptr_t)fs; }

static FaultFile *file_of(File *file) { return (FaultFile *)(void *)file; }

/* True when this operation of the given kind must fail now. */
static bool strikes(FaultFs *fault, FaultKind kind)
{
        if (fault->kind != kind)
                return false;
        int64_t left = atomic_fetch_sub(&fault->countdown, 1) - 1;
        return left == 0 || (left < 0 && fault->sticky);
}

static void count(FaultFs *fault)
{
        atomic_fetch_add(&fault->operations, 1);
        if (strikes(fault, FAULT_KILL))
                raise(SIGKILL);
}

static bool fault_open(const Fs *fs, const char *path, FileMode mode, File **ret, Err *err)
{
        FaultFs *fault = fault_of(fs);
        if (strikes(fault, FAULT_OPEN))
                return err_sys(err, EMFILE, "open '%s'", path);
        File *under;
        if (!fault->under->open(fault->under, path, mode, &under, err))
                return false;
        FaultFile *file = mem_new(FaultFile);
        *file = (FaultFile){ .fs = fault, .under = under };
        *ret = (File *)(void *)file;
        return true;
}

static void fault_close(File *file)
{
        if (!file)
                return;
        FaultFile *f = file_of(file);
        f->fs->under->close(f->under);
        mem_free(f);
}

/* A full disk takes what still fits. */
static bool write_with_space(FaultFile *f, const void *p, size_t n, Err *err)
{
        int64_t left = atomic_fetch_sub(&f->fs->countdown, (int64_t)n);
        if (left >= (int64_t)n)
                return f->fs->under->write(f->under, p, n, err);
        if (left > 0 && !f->fs->under->write(f->under, p, (size_t)left, err))
                return false;
        return err_sys(err, ENOSPC, "write");
}

static bool fault_write(File *file, const void *p, size_t n, Err *err)
{
        FaultFile *f = file_of(file);
        count(f->fs);
        if (f->fs->kind == FAULT_ENOSPC)
                return write_with_space(f, p, n, err);
        if (strikes(f->fs, FAULT_WRITE))
                return err_sys(err, EIO, "write");
        if (strikes(f->fs, FAULT_SHORT_WRITE)) {
                if (!f->fs->under->write(f->under, p, n / 2, err))
                        return false;
                return err_sys(err, EIO, "write");
        }
        return f->fs->under->write(f->under, p, n, err);
}

static bool fault_pread(File *file, uint64_t offset, void *p, size_t n, size_t *ret_n, Err *err)
{
        return file_of(file)->fs->under->pread(file_of(file)->under, offset, p, n, ret_n, err);
}

static bool fault_sync(File *file, Err *err)
{
        FaultFile *f = file_of(file);
        count(f->fs);
        if (strikes(f->fs, FAULT_SYNC))
                return err_sys(err, EIO, "sync");
        return f->fs->under->sync(f->under, err);
}

static bool fault_truncate(File *file, uint64_t size, Err *err)
{
        FaultFile *f = file_of(file);
        count(f->fs);
        if (strikes(f->fs, FAULT_WRITE))
                return err_sys(err, EIO, "truncate");
        return f->fs->under->truncate(f->under, size, err);
}

static bool fault_size(File *file, uint64_t *ret, Err *err)
{
        return file_of(file)->fs->under->size(file_of(file)->under, ret, err);
}

static bool fault_map(File *file, FileMap *ret, Err *err)
{
        return file_of(file)->fs->under->map(file_of(file)->under, ret, err);
}

static void fault_unmap(const Fs *fs, FileMap map) { fault_of(fs)->under->unmap(fault_of(fs)->under, map); }

static bool fault_rename(const Fs *fs, const char *from, const char *to, Err *err)
{
        FaultFs *fault = fault_of(fs);
        count(fault);
        if (strikes(fault, FAULT_RENAME))
                return err_sys(err, EIO, "rename '%s' to '%s'", from, to);
        return fault->under->rename(fault->under, from, to, err);
}

static bool fault_link(const Fs *fs, const char *from, const char *to, Err *err)
{
        FaultFs *fault = fault_of(fs);
        count(fault);
        if (strikes(fault, FAULT_RENAME))
                return err_sys(err, EIO, "link '%s' to '%s'", from, to);
        return fault->under->link(fault->under, from, to, err);
}

static bool fault_remove(const Fs *fs, const char *path, Err *err)
{
        FaultFs *fault = fault_of(fs);
        count(fault);
        if (strikes(fault, FAULT_REMOVE))
                return err_sys(err, EIO, "remove '%s'", path);
        return fault->under->remove(fault->under, path, err);
}

static bool fault_mkdir_all(const Fs *fs, const char *path, Err *err)
{
        return fault_of(fs)->under->mkdir_all(fault_of(fs)->under, path, err);
}

static bool fault_sync_dir(const Fs *fs, const char *path, Err *err)
{
        FaultFs *fault = fault_of(fs);
        count(fault);
        if (strikes(fault, FAULT_SYNC))
                return err_sys(err, EIO, "sync '%s'", path);
        return fault->under->sync_dir(fault->under, path, err);
}

static bool fault_list(const Fs *fs, const char *path, Arena *arena, Str **ret_names, size_t *ret_n, Err *err)
{
        return fault_of(fs)->under->list(fault_of(fs)->under, path, arena, ret_names, ret_n, err);
}

static bool fault_lock(File *file, Err *err) { return file_of(file)->fs->under->lock(file_of(file)->under, err); }

void fault_fs_init(FaultFs *fault, const Fs *under)
{
        *fault = (FaultFs){
                .fs = { .open = fault_open,
                        .close = fault_close,
                        .write = fault_write,
                        .pread = fault_pread,
                        .sync = fault_sync,
                        .truncate = fault_truncate,
                        .size = fault_size,
                        .map = fault_map,
                        .unmap = fault_unmap,
                        .rename = fault_rename,
                        .link = fault_link,
                        .remove = fault_remove,
                        .mkdir_all = fault_mkdir_all,
                        .sync_dir = fault_sync_dir,
                        .list = fault_list,
                        .lock = fault_lock },
                .under = under,
        };
}

void fault_fs_arm(FaultFs *fault, FaultKind kind, int64_t countdown, bool sticky)
{
        fault->kind = kind;
        fault->countdown = countdown;
        fault->sticky = sticky;
        fault->operations = 0;
}
