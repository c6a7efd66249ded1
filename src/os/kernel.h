/* os/kernel.h - questions about the machine that no file answers: file systems, the clock's discipline, its names.
 *
 * Thread-safe. kernel_statfs may block for as long as a dead network mount does. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef struct KernelFs {
        double size_bytes, free_bytes, avail_bytes; /* avail: to others than root */
        double files, files_free;
        bool readonly;
} KernelFs;

/* As adjtimex(2) tells it, in its own units: offset and jitter are nanoseconds or microseconds (nano says which),
 * frequencies are 2^-16 ppm. */
typedef struct KernelTimex {
        bool synchronized, nano;
        int64_t offset, frequency, max_error_us, estimated_error_us, constant, tick_us;
        int64_t pps_frequency, jitter, shift, stability, jitter_count, calibration_count, error_count, stability_count,
                tai;
        int32_t status;
} KernelTimex;

typedef struct KernelUname {
        Str sysname, release, version, machine, nodename, domainname; /* in the arena */
} KernelUname;

/* err->msg is the system's reason alone ("permission denied"), fit for a label. */
MUST_CHECK bool kernel_statfs(const char *path, KernelFs *ret, Err *err);
MUST_CHECK bool kernel_timex(KernelTimex *ret, Err *err);
MUST_CHECK bool kernel_uname(Arena *arena, KernelUname *ret, Err *err);
/* With every symbolic link resolved. */
MUST_CHECK bool kernel_realpath(const char *path, Arena *arena, Str *ret, Err *err);
/* When the file was changed last, in whole seconds since 1970. */
MUST_CHECK bool kernel_mtime(const char *path, int64_t *ret_seconds, Err *err);
bool kernel_is_dir(const char *path);
/* Paths that match a shell pattern, sorted; an empty list when there are none. */
void kernel_glob(const char *pattern, Arena *arena, Str **ret_paths, size_t *ret_n);
/* The local zone at that time: its short name (in arena) and seconds east of UTC. */
void kernel_zone(int64_t unix_seconds, Arena *arena, Str *ret_name, int64_t *ret_east_seconds);
uint64_t kernel_page_bytes(void);
