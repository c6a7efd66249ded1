/* The host's collectors as one table, and one gather over it.
 *
 * Invariants:
 * 1. A collector that fails costs nothing but its own families: the others run, and the failure is one sample,
 *    node_scrape_collector_success{collector} 0.
 * 2. Memory of a gather is one arena, emptied for the next: a gather that is repeated allocates next to nothing. */
#include "collect/collect.h"

#include <stddef.h>

#include "base/log.h"
#include "base/mem.h"
#include "collect/host.h"

#define AT(field) offsetof(CollectHostOptions, field)
static const Option collect_host_options[] = {
        { "procfs", OPT_STR, AT(procfs), .def = "/proc", .help = "Where procfs is mounted." },
        { "sysfs", OPT_STR, AT(sysfs), .def = "/sys", .help = "Where sysfs is mounted." },
        { "rootfs", OPT_STR, AT(rootfs), .def = "/", .help = "Where the host's root is mounted." },
        { "udev", OPT_STR, AT(udev), .def = "/run/udev/data", .help = "Where udev keeps what it knows of devices." },
        { "textfile_directory", OPT_STR, AT(textfile_directory), .help = "Folder of *.prom files to expose; empty: none." },
        { "disabled", OPT_STR_LIST, AT(disabled), .help = "Collectors that are off, by name." },
        { "filesystem_mount_points_exclude", OPT_STR, AT(filesystem_mount_points_exclude),
          .def = "'^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)'",
          .help = "Mount points that match are left out." },
        { "filesystem_fs_types_exclude", OPT_STR, AT(filesystem_fs_types_exclude),
          .def = "'^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|"
                 "proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$'",
          .help = "Types of file systems that match are left out." },
        { "diskstats_device_exclude", OPT_STR, AT(diskstats_device_exclude),
          .def = "'^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$'", .help = "Block devices that match are left out." },
        { "netdev_device_exclude", OPT_STR, AT(netdev_device_exclude), .help = "Network devices that match have no traffic counters." },
        { "netclass_ignored_devices", OPT_STR, AT(netclass_ignored_devices), .def = "'^$'",
          .help = "Network devices that match have no attributes." },
        OPTION_END,
};
#undef AT
const OptionTable collect_host_table = { "collect.host.options", collect_host_options, sizeof(CollectHostOptions), NULL };

static const Collector *const host_collectors[] = {
        &host_loadavg_collector,
        &host_time_collector,
};
enum { N_COLLECTORS = ARRAY_LEN(host_collectors) };

struct CollectHost {
        Host host;
        bool off[N_COLLECTORS];
};

const char *const *collect_host_names(void)
{
        static const char *const names[] = { "loadavg", "time", NULL };
        return names;
}

static bool switch_off(CollectHost *self, Str name, Err *err)
{
        for (size_t i = 0; i < N_COLLECTORS; i++)
                if (str_eq(name, str_of(host_collectors[i]->base.name)))
                        return self->off[i] = true;
        const Component *rows[N_COLLECTORS];
        for (size_t i = 0; i < N_COLLECTORS; i++)
                rows[i] = &host_collectors[i]->base;
        return component_unknown(rows, N_COLLECTORS, COMPONENT_COLLECTOR, name, err);
}

bool collect_host_new(const CollectHostOptions *options, const Fs *fs, const Clock *clock, CollectHost **ret, Err *err)
{
        AUTO(collect_host_free) CollectHost *self = mem_new(CollectHost);
        self->host = (Host){ .options = options, .fs = fs, .clock = clock, .arena = arena_new() };
        for (size_t i = 0; i < options->disabled.n; i++)
                if (!switch_off(self, options->disabled.data[i], err))
                        return false;
        *ret = TAKE(self);
        return true;
}

void collect_host_free(CollectHost *self)
{
        if (!self)
                return;
        buf_done(&self->host.io);
        arena_free(self->host.arena);
        mem_free(self);
}

static bool run(CollectHost *self, const Collector *collector, MetricSink *sink)
{
        Err err;
        if (collector->gather(&self->host, sink, &err))
                return true;
        log_debug("collector failed", KV("collector", collector->base.name), KV("err", &err));
        return false;
}

bool collect_host_gather(void *arg, Buf *out, Err *err)
{
        (void)err;
        CollectHost *self = arg;
        Host *host = &self->host;
        arena_reset(host->arena);
        TextSink text;
        metric_sink_text_init(&text, host->arena);
        double seconds[N_COLLECTORS];
        bool ok[N_COLLECTORS];
        for (size_t i = 0; i < N_COLLECTORS; i++) {
                if (self->off[i])
                        continue;
                int64_t start = host->clock->mono_ns(host->clock);
                ok[i] = run(self, host_collectors[i], &text.sink);
                seconds[i] = (double)(host->clock->mono_ns(host->clock) - start) / 1e9;
        }
        for (size_t i = 0; i < N_COLLECTORS; i++) {
                if (self->off[i])
                        continue;
                Label label = { STR("collector"), str_of(host_collectors[i]->base.name) };
                metric_sink_family(&text.sink, STR("node_scrape_collector_duration_seconds"), METRIC_TYPE_GAUGE,
                                   STR("Time that the collector took."));
                metric_sink_sample(&text.sink, &label, 1, seconds[i]);
                metric_sink_family(&text.sink, STR("node_scrape_collector_success"), METRIC_TYPE_GAUGE,
                                   STR("Whether the collector succeeded."));
                metric_sink_sample(&text.sink, &label, 1, ok[i] ? 1 : 0);
        }
        metric_sink_text_write(&text, out);
        return true;
}
