/* Invariants
 * 1. host_mounts_ask returns within its timeout (plus what local file systems take), whatever servers do.
 * 2. At most one thread hangs at a mount, at most HOST_MOUNTS_MAX_STUCK in all.
 * 3. A job is freed by whoever is last: its thread or the guard.
 *
 * A thread for each asking of a network mount costs some 30 microseconds; a machine has a handful of those. */
#include "collect/host_mounts.h"

#include <time.h>

#include "base/mem.h"
#include "os/mutex.h"
#include "os/thread.h"

typedef struct Job {
        struct Job *next; /* in guard->stuck */
        HostMountGuard *guard;
        char *path;
        bool done, ok, abandoned; /* abandoned: the asker went on without it */
        KernelFs fs;
        char error[128];
} Job;

struct HostMountGuard {
        HostStatfs statfs;
        Mutex mu;
        Cond changed;
        size_t refs; /* the owner and every running thread */
        Job *stuck;  /* abandoned and not done */
        size_t n_stuck;
};

/* ---- mountinfo */

/* \040 and its like: three octal digits. */
static Str unescape(Arena *arena, Str s)
{
        if (str_find_char(s, '\\') == SIZE_MAX)
                return s;
        char *out = arena_raw(arena, s.n, 1);
        size_t n = 0;
        for (size_t i = 0; i < s.n; i++) {
                const char *p = s.p + i;
                bool octal = p[0] == '\\' && i + 3 < s.n && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' &&
                             p[3] >= '0' && p[3] <= '7';
                int c = octal ? (p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0') : *p;
                out[n++] = (char)c;
                i += octal ? 3 : 0;
        }
        return str_n(out, n);
}

static bool has_ro(Str options)
{
        for (Str part; str_split_next(&options, ',', &part);)
                if (str_eq(part, STR("ro")))
                        return true;
        return false;
}

/* 36 35 98:0 /root /mountpoint rw,noatime master:1 - ext3 /dev/root rw,errors=continue: any number of fields before "-". */
static bool parse_line(Str line, Arena *arena, HostMount *ret)
{
        enum { NUMBER = 2, MOUNTPOINT = 4, OPTIONS = 5, FIXED = 6 };
        Str before[FIXED], after[3], word;
        size_t n = 0;
        bool dash = false;
        while (!dash && str_split_next(&line, ' ', &word)) {
                dash = n >= FIXED && str_eq(word, STR("-"));
                if (n < FIXED && word.n) /* a doubled blank, as some tools write it */
                        before[n++] = word;
        }
        if (!dash)
                return false;
        for (size_t i = 0; i < 3; i++)
                if (!str_split_next(&line, ' ', &after[i]))
                        return false;
        HostMount m = { .device = unescape(arena, after[1]),
                        .fstype = unescape(arena, after[0]),
                        .mountpoint = unescape(arena, before[MOUNTPOINT]) };
        if (!str_cut(before[NUMBER], ':', &m.major, &m.minor))
                return false;
        m.readonly = has_ro(before[OPTIONS]) || has_ro(after[2]);
        *ret = m;
        return true;
}

bool host_mounts_parse(Str text, Arena *arena, HostMountList *ret, size_t *ret_bad, Err *err)
{
        size_t bad = 0;
        HostMountList list = { .arena = arena };
        for (Str line; str_split_next(&text, '\n', &line);) {
                HostMount m;
                if (line.n == 0)
                        continue;
                if (!parse_line(line, arena, &m)) {
                        bad++;
                        continue;
                }
                if (list.len == HOST_MOUNTS_MAX)
                        return err_set(err, ERR_LIMIT, "more than %d mounts", HOST_MOUNTS_MAX);
                vec_push(&list, m);
        }
        *ret = list;
        *ret_bad = bad;
        return true;
}

bool host_mounts_is_network(Str fstype)
{
        static const char *const types[] = { "nfs",    "nfs4",   "cifs",     "smb3", "smbfs",     "ncpfs",
                                             "ceph",   "9p",     "afs",      "coda", "glusterfs", "lustre",
                                             "beegfs", "gpfs",   "ocfs2",    "gfs2", "pvfs2",     "orangefs",
                                             "davfs",  "autofs", "virtiofs", "fuse" };
        for (size_t i = 0; i < ARRAY_LEN(types); i++)
                if (str_eq(fstype, str_of(types[i])))
                        return true;
        return str_starts(fstype, STR("fuse."));
}

/* ---- asking */

HostMountGuard *host_mounts_guard_new(HostStatfs statfs)
{
        HostMountGuard *guard = mem_new(HostMountGuard);
        guard->statfs = statfs;
        guard->refs = 1;
        mutex_init(&guard->mu);
        mutex_cond_init(&guard->changed);
        return guard;
}

/* Called with the lock, which is gone afterwards. */
static void unref_locked(HostMountGuard *guard) RELEASES(&guard->mu)
{
        bool last = --guard->refs == 0;
        mutex_unlock(&guard->mu);
        if (!last)
                return;
        mutex_cond_done(&guard->changed);
        mutex_done(&guard->mu);
        mem_free(guard);
}

void host_mounts_guard_free(HostMountGuard *guard)
{
        if (!guard)
                return;
        mutex_lock(&guard->mu);
        unref_locked(guard);
}

static void free_job(Job *job)
{
        mem_free(job->path);
        mem_free(job);
}

static void drop_stuck(HostMountGuard *guard, Job *job)
{
        for (Job **at = &guard->stuck; *at; at = &(*at)->next) {
                if (*at != job)
                        continue;
                *at = job->next;
                guard->n_stuck--;
                return;
        }
}

static void run_job(void *arg)
{
        Job *job = arg;
        HostMountGuard *guard = job->guard;
        KernelFs fs = { 0 };
        Err err = { 0 };
        bool ok = guard->statfs(job->path, &fs, &err);
        mutex_lock(&guard->mu);
        job->done = true;
        job->ok = ok;
        job->fs = fs;
        if (!ok)
                memcpy(job->error, err.msg, sizeof job->error - 1);
        if (job->abandoned) {
                drop_stuck(guard, job);
                free_job(job);
        } else {
                mutex_cond_broadcast(&guard->changed);
        }
        unref_locked(guard);
}

static bool is_stuck(HostMountGuard *guard, Str path)
{
        for (const Job *job = guard->stuck; job; job = job->next)
                if (str_eq(str_of(job->path), path))
                        return true;
        return false;
}

/* NULL: it is stuck, or too many are. */
static Job *start_job(HostMountGuard *guard, Str path)
{
        mutex_lock(&guard->mu);
        bool refuse = guard->n_stuck >= HOST_MOUNTS_MAX_STUCK || is_stuck(guard, path);
        if (!refuse)
                guard->refs++;
        mutex_unlock(&guard->mu);
        if (refuse)
                return NULL;
        Job *job = mem_new(Job);
        job->guard = guard;
        job->path = mem_strndup(path.p, path.n);
        Thread thread;
        Err ignored;
        if (thread_start(&thread, "mount", run_job, job, &ignored)) {
                pthread_detach(thread.id); /* it may never end */
                return job;
        }
        free_job(job);
        mutex_lock(&guard->mu);
        guard->refs--;
        mutex_unlock(&guard->mu);
        return NULL;
}

static int64_t mono_ns(void) { return clock_system()->mono_ns(clock_system()); }

static void finish_job(HostMountGuard *guard, Job *job, HostMount *mount, int64_t deadline_ns, Arena *arena)
{
        mutex_lock(&guard->mu);
        while (!job->done && mutex_cond_wait_until(&guard->changed, &guard->mu, deadline_ns))
                ;
        if (job->done) {
                mount->ok = job->ok;
                mount->fs = job->fs;
                if (!job->ok)
                        mount->error = str_dup(arena, str_of(job->error));
                free_job(job);
        } else {
                mount->error = STR("mountpoint timeout");
                job->abandoned = true;
                job->next = guard->stuck;
                guard->stuck = job;
                guard->n_stuck++;
        }
        mutex_unlock(&guard->mu);
}

static Str path_of(Arena *arena, Str rootfs, Str mountpoint)
{
        if (rootfs.n == 0 || str_eq(rootfs, STR("/")))
                return str_dup(arena, mountpoint);
        return str_printf(arena, STR_FMT STR_FMT, STR_ARG(rootfs), STR_ARG(mountpoint));
}

/* Below a network mount, even a local file system is reached through the server. */
static bool is_guarded(const HostMount *mounts, size_t n, const HostMount *m)
{
        if (host_mounts_is_network(m->fstype))
                return true;
        for (size_t i = 0; i < n; i++) {
                Str above = mounts[i].mountpoint;
                if (host_mounts_is_network(mounts[i].fstype) && str_starts(m->mountpoint, above) &&
                    m->mountpoint.n > above.n && m->mountpoint.p[above.n] == '/')
                        return true;
        }
        return false;
}

void host_mounts_ask(HostMountGuard *guard, Str rootfs, HostMount *mounts, size_t n, int64_t timeout_ms, Arena *arena)
{
        int64_t deadline_ns = mono_ns() + timeout_ms * 1000000;
        Job **jobs = arena_array(arena, Job *, n + 1);
        for (size_t i = 0; i < n; i++) { /* first start them all */
                if (!mounts[i].asked || !is_guarded(mounts, n, &mounts[i]))
                        continue;
                jobs[i] = start_job(guard, path_of(arena, rootfs, mounts[i].mountpoint));
                if (!jobs[i])
                        mounts[i].error = STR("mountpoint timeout");
        }
        for (size_t i = 0; i < n; i++) {
                HostMount *m = &mounts[i];
                Err err;
                if (!m->asked || jobs[i] || m->error.n)
                        continue;
                m->ok = guard->statfs(path_of(arena, rootfs, m->mountpoint).p, &m->fs, &err);
                if (!m->ok)
                        m->error = str_dup(arena, str_of(err.msg));
        }
        for (size_t i = 0; i < n; i++)
                if (jobs[i])
                        finish_job(guard, jobs[i], &mounts[i], deadline_ns, arena);
}
