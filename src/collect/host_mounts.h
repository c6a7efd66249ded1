/* collect/host_mounts.h - what is mounted, and how full it is, without waiting for a dead file server. Private to collect/.
 *
 * statfs(2) on a network mount may block for ever, and a thread that is blocked there cannot be ended. So those mounts are
 * asked on threads of their own, with one deadline for all; a mount that did not answer is not asked again before it did. */
#pragma once
#include "base/vec.h"
#include "os/clock.h"
#include "os/kernel.h"

enum {
        HOST_MOUNTS_MAX = 4096,       /* more lines of mountinfo are an error */
        HOST_MOUNTS_MAX_STUCK = 64,   /* threads that may hang at once; further mounts then count as stuck */
        HOST_MOUNTS_TIMEOUT_MS = 500, /* for all network mounts of a gather together */
};

typedef struct HostMount {
        Str device, mountpoint, fstype, major, minor;
        bool readonly;
        bool asked; /* by the caller: false: left out */
        bool ok;    /* fs is filled */
        KernelFs fs;
        Str error; /* why it is not ok: fit for a label */
} HostMount;

typedef VEC(HostMount) HostMountList;

/* Parses /proc/<pid>/mountinfo. Strings point into text or arena. Lines that are none are counted, not kept. */
MUST_CHECK bool host_mounts_parse(Str text, Arena *arena, HostMountList *ret, size_t *ret_bad, Err *err);

typedef struct HostMountGuard HostMountGuard;
typedef bool (*HostStatfs)(const char *path, KernelFs *ret, Err *err);
HostMountGuard *host_mounts_guard_new(HostStatfs statfs); /* kernel_statfs, or a test's */
/* Threads that hang keep what they need; the guard is gone for the caller. */
void host_mounts_guard_free(HostMountGuard *guard);
/* Fills ok, fs and error of every mount with .asked; paths are rootfs + mountpoint. */
void host_mounts_ask(HostMountGuard *guard, Str rootfs, HostMount *mounts, size_t n, int64_t timeout_ms, Arena *arena);
bool host_mounts_is_network(Str fstype);
