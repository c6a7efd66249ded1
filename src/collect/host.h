/* collect/host.h - Host: what the collectors of this machine share: where /proc and /sys are, one arena for one gather,
 * and reading small files. Private to collect/.
 *
 * A host collector is one row of the table in collect.c. Its self is the Host: none has state of its own but for the
 * members below. What the helpers return lives until the end of the gather. */
#pragma once
#include "collect/collect.h"
#include "component/component.h"
#include "model/regex.h"

enum {
        HOST_MAX_FILE_BYTES = 16 << 20, /* a longer file of /proc or /sys is an error of its collector */
        HOST_MAX_WORDS = 64,            /* words of a line that host_words keeps */
};

/* One of the configured patterns. */
typedef enum HostFilter {
        HOST_FILTER_ARP_EXCLUDE,
        HOST_FILTER_CPU_BUGS_INCLUDE,
        HOST_FILTER_CPU_FLAGS_INCLUDE,
        HOST_FILTER_DISKSTATS_EXCLUDE,
        HOST_FILTER_FS_TYPES_EXCLUDE,
        HOST_FILTER_HWMON_INCLUDE,
        HOST_FILTER_MOUNT_POINTS_EXCLUDE,
        HOST_FILTER_NETCLASS_IGNORED,
        HOST_FILTER_NETDEV_EXCLUDE,
        HOST_FILTER_NETDEV_INCLUDE,
        HOST_FILTER_NETSTAT_FIELDS,
        HOST_FILTER_VMSTAT_FIELDS,
        HOST_FILTER_MAX_,
} HostFilter;

typedef struct Host {
        const CollectHostOptions *options; /* borrowed until free */
        const Fs *fs;
        const Clock *clock;
        Arena *arena;                     /* of one gather */
        Buf io;                           /* the file being read */
        Regex *filters[HOST_FILTER_MAX_]; /* NULL: the pattern is empty */
        struct HostCpuHistory *cpu;       /* owned; host_cpu.c */
        struct HostMountGuard *mounts;    /* shared with its threads; host_mounts.c */
        uint64_t timex_overflows;
} Host;

extern const Collector host_arp_collector, host_conntrack_collector, host_cpu_collector, host_cpufreq_collector,
        host_diskstats_collector, host_dmi_collector, host_entropy_collector, host_filefd_collector,
        host_filesystem_collector, host_hwmon_collector, host_loadavg_collector, host_meminfo_collector,
        host_netclass_collector, host_netdev_collector, host_netstat_collector, host_os_collector,
        host_pressure_collector, host_schedstat_collector, host_sockstat_collector, host_softnet_collector,
        host_stat_collector, host_textfile_collector, host_thermal_zone_collector, host_time_collector,
        host_timex_collector, host_udp_queues_collector, host_uname_collector, host_vmstat_collector;

/* A C string in the gather's arena: host_path(host, "%s/stat") - the roots below give the usual ones. */
const char *host_proc(Host *host, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *host_sys(Host *host, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The whole file. ERR_NOT_FOUND when it is absent. */
MUST_CHECK bool host_read(Host *host, const char *path, Str *ret, Err *err);
/* The same, but that the file is absent means that this machine has nothing of the kind: ERR_UNSUPPORTED. */
MUST_CHECK bool host_read_optional(Host *host, const char *path, Str *ret, Err *err);
/* The whole file without white space at both ends; p NULL when it cannot be read. */
Str host_read_word(Host *host, const char *path);
/* A file that holds one number and white space. */
MUST_CHECK bool host_read_double(Host *host, const char *path, double *ret, Err *err);
/* Entries of a folder that are prefix and digits ("cpu", "thermal_zone"), without the prefix, sorted by number; none when
 * it cannot be read. */
void host_list_numbered(Host *host, const char *dir, Str prefix, Str **ret_numbers, size_t *ret_n);
/* True when the pattern is there and matches. */
bool host_filter(const Host *host, HostFilter filter, Str s);

/* Cuts the next line off text, without its newline; false at the end. */
bool host_next_line(Str *text, Str *line);
/* Cuts the next word off s; words are separated by blanks and tabs. False when there is none. */
bool host_next_word(Str *s, Str *word);
/* The words of a line, at most max. */
size_t host_words(Str line, Str *words, size_t max);
/* An unsigned decimal number as a double, as counters of the kernel come; "-1" and the like are read as well. */
bool host_number(Str s, double *ret);
bool host_hex(Str s, uint64_t *ret);

void host_cpu_history_free(struct HostCpuHistory *history);
