/* collect/collect.h - the built-in exporters. This milestone: the host, through /proc and /sys, with node_exporter's names. */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/option.h"
#include "os/clock.h"
#include "os/file.h"

/* Patterns are RE2 and match anywhere in the name, as upstream's flags do; an empty exclude excludes nothing, an empty
 * include includes everything (cpu flags and bugs: nothing). */
typedef struct CollectHostOptions {
        Str procfs, sysfs, rootfs, udev; /* "/proc", "/sys", "/", "/run/udev/data" */
        Str textfile_directory;          /* may be a shell pattern; empty: none */
        StrList disabled;                /* collectors by name that are off */
        Str filesystem_mount_points_exclude, filesystem_fs_types_exclude, diskstats_device_exclude,
                netdev_device_exclude, netclass_ignored_devices;
        Str netdev_device_include, arp_device_exclude, hwmon_chip_include, netstat_fields, vmstat_fields,
                cpu_flags_include, cpu_bugs_include;
        bool cpu_info, stat_softirq, netclass_ignore_invalid_speed;
} CollectHostOptions;
extern const OptionTable collect_host_table;

typedef struct CollectHost CollectHost;
/* options, fs and clock are borrowed until free. Returns owned. ERR_INVALID: an unknown collector, a bad pattern. */
MUST_CHECK bool collect_host_new(const CollectHostOptions *options, const Fs *fs, const Clock *clock, CollectHost **ret,
                                 Err *err);
void collect_host_free(CollectHost *self);
DEFINE_AUTO(CollectHost *, collect_host_free);
/* Appends text exposition 0.0.4, families sorted; a collector that fails says so in node_scrape_collector_success and
 * does not stop the others. Never false. One call at a time. Matches ScrapeSource.gather. */
bool collect_host_gather(void *host, Buf *out, Err *err);
/* Names of the collectors, NULL-terminated. */
const char *const *collect_host_names(void);
