/* collect/collect.h - the built-in exporters. This milestone: the host, through /proc and /sys, with node_exporter's names. */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/option.h"
#include "os/clock.h"
#include "os/file.h"

typedef struct CollectHostOptions {
        Str procfs, sysfs, rootfs, udev; /* "/proc", "/sys", "/", "/run/udev/data" */
        Str textfile_directory;    /* empty: none */
        StrList disabled;          /* collectors by name that are off */
        Str filesystem_mount_points_exclude, filesystem_fs_types_exclude, diskstats_device_exclude, netdev_device_exclude, netclass_ignored_devices;
} CollectHostOptions;
extern const OptionTable collect_host_table;

typedef struct CollectHost CollectHost;
MUST_CHECK bool collect_host_new(const CollectHostOptions *options, const Fs *fs, const Clock *clock, CollectHost **ret, Err *err);
void collect_host_free(CollectHost *host);
DEFINE_AUTO(CollectHost *, collect_host_free);
/* Appends text exposition 0.0.4, families sorted; a collector that fails says so in node_scrape_collector_success and
 * does not stop the others. One call at a time. Matches ScrapeSource.gather. */
bool collect_host_gather(void *host, Buf *out, Err *err);
/* Names of the collectors, NULL-terminated. */
const char *const *collect_host_names(void);
