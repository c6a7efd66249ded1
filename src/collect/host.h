/* collect/host.h - Host: what the collectors of this machine share: where /proc and /sys are, one arena for one gather,
 * and reading small files. Private to collect/.
 *
 * A host collector is one row of host_collectors[] (collect.c). Its self is the Host: none has state of its own but for
 * the members below. What the helpers return lives until the end of the gather. */
#pragma once
#include "collect/collect.h"
#include "component/component.h"
#include "model/regex.h"

/* A file of /proc or /sys longer than this is an error of its collector. */
enum { HOST_MAX_FILE_BYTES = 16 << 20 };

typedef struct HostCpuState HostCpuState; /* host_cpu.c */
typedef struct HostMounts HostMounts;     /* host_mounts.c */

typedef struct Host {
        const CollectHostOptions *options; /* borrowed until free */
        const Fs *fs;
        const Clock *clock;
        Arena *arena; /* of one gather */
        Buf io;       /* the file being read */
        HostCpuState *cpu;
} Host;

extern const Collector host_time_collector, host_loadavg_collector;

/* The path below a root, as a C string: host_path(host, host->options->procfs, "stat"). */
const char *host_path(Host *host, Str root, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The whole file. ERR_NOT_FOUND when it is absent. */
MUST_CHECK bool host_read(Host *host, const char *path, Str *ret, Err *err);
/* The whole file without white space at both ends; empty when it cannot be read. */
Str host_read_word(Host *host, const char *path);
/* A file that holds one number. */
MUST_CHECK bool host_read_double(Host *host, const char *path, double *ret, Err *err);
/* False when s has no more words; words are separated by blanks, tabs and newlines. */
bool host_next_word(Str *s, Str *ret);
