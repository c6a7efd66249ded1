/* The host's collectors as one table, and one gather over it.
 *
 * Invariants:
 * 1. A collector that fails costs nothing but its own families: the others run, and the failure is one sample,
 *    node_scrape_collector_success{collector} 0. That a machine has nothing of the kind counts as 0 too, as upstream.
 * 2. Memory of a gather is one arena, emptied for the next: a gather that is repeated allocates next to nothing. */
#include "collect/collect.h"

#include <stddef.h>

#include "base/log.h"
#include "base/mem.h"
#include "collect/host.h"
#include "collect/host_mounts.h"

#define AT(field) offsetof(CollectHostOptions, field)
static const Option collect_host_options[] = {
        { "procfs", OPT_STR, AT(procfs), .def = "/proc", .help = "Where procfs is mounted." },
        { "sysfs", OPT_STR, AT(sysfs), .def = "/sys", .help = "Where sysfs is mounted." },
        { "rootfs", OPT_STR, AT(rootfs), .def = "/", .help = "Where the host's root is mounted." },
        { "udev", OPT_STR, AT(udev), .def = "/run/udev/data", .help = "Where udev keeps what it knows of devices." },
        { "textfile_directory", OPT_STR, AT(textfile_directory),
          .help = "Folder (or shell pattern) of *.prom files to expose; empty: none." },
        { "disabled", OPT_STR_LIST, AT(disabled), .help = "Collectors that are off, by name." },
        { "filesystem_mount_points_exclude", OPT_STR, AT(filesystem_mount_points_exclude),
          .def = "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
          .help = "Mount points that match are left out." },
        { "filesystem_fs_types_exclude", OPT_STR, AT(filesystem_fs_types_exclude),
          .def = "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|"
                 "proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$",
          .help = "Types of file systems that match are left out." },
        { "diskstats_device_exclude", OPT_STR, AT(diskstats_device_exclude),
          .def = "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$",
          .help = "Block devices that match are left out." },
        { "netdev_device_exclude", OPT_STR, AT(netdev_device_exclude),
          .help = "Network devices that match have no traffic counters." },
        { "netdev_device_include", OPT_STR, AT(netdev_device_include),
          .help = "Only network devices that match have traffic counters." },
        { "netclass_ignored_devices", OPT_STR, AT(netclass_ignored_devices), .def = "^$",
          .help = "Network devices that match have no attributes." },
        { "netclass_ignore_invalid_speed", OPT_BOOL, AT(netclass_ignore_invalid_speed), .def = "false",
          .help = "Leave out a speed of -1, which means unknown." },
        { "netstat_fields", OPT_STR, AT(netstat_fields),
          .def = "^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|"
                 "TCPSynRetrans|TCPTimeouts|TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)|"
                 "Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors))$",
          .help = "Counters of the protocols to expose, as Protocol_Field." },
        { "vmstat_fields", OPT_STR, AT(vmstat_fields), .def = "^(oom_kill|pgpg|pswp|pg.*fault).*",
          .help = "Fields of /proc/vmstat to expose." },
        { "arp_device_exclude", OPT_STR, AT(arp_device_exclude),
          .help = "Network devices whose neighbours are not counted." },
        { "hwmon_chip_include", OPT_STR, AT(hwmon_chip_include), .help = "Only sensor chips that match are read." },
        { "cpu_info", OPT_BOOL, AT(cpu_info), .def = "false", .help = "Expose what /proc/cpuinfo says, as labels." },
        { "cpu_flags_include", OPT_STR, AT(cpu_flags_include),
          .help = "Flags of the first CPU to expose (needs cpu_info)." },
        { "cpu_bugs_include", OPT_STR, AT(cpu_bugs_include),
          .help = "Bugs of the first CPU to expose (needs cpu_info)." },
        { "stat_softirq", OPT_BOOL, AT(stat_softirq), .def = "false", .help = "Expose soft interrupts by kind." },
        OPTION_END,
};

static const struct {
        const char *option;
        size_t offset;
} filter_options[HOST_FILTER_MAX_] = {
        [HOST_FILTER_ARP_EXCLUDE] = { "arp_device_exclude", AT(arp_device_exclude) },
        [HOST_FILTER_CPU_BUGS_INCLUDE] = { "cpu_bugs_include", AT(cpu_bugs_include) },
        [HOST_FILTER_CPU_FLAGS_INCLUDE] = { "cpu_flags_include", AT(cpu_flags_include) },
        [HOST_FILTER_DISKSTATS_EXCLUDE] = { "diskstats_device_exclude", AT(diskstats_device_exclude) },
        [HOST_FILTER_FS_TYPES_EXCLUDE] = { "filesystem_fs_types_exclude", AT(filesystem_fs_types_exclude) },
        [HOST_FILTER_HWMON_INCLUDE] = { "hwmon_chip_include", AT(hwmon_chip_include) },
        [HOST_FILTER_MOUNT_POINTS_EXCLUDE] = { "filesystem_mount_points_exclude", AT(filesystem_mount_points_exclude) },
        [HOST_FILTER_NETCLASS_IGNORED] = { "netclass_ignored_devices", AT(netclass_ignored_devices) },
        [HOST_FILTER_NETDEV_EXCLUDE] = { "netdev_device_exclude", AT(netdev_device_exclude) },
        [HOST_FILTER_NETDEV_INCLUDE] = { "netdev_device_include", AT(netdev_device_include) },
        [HOST_FILTER_NETSTAT_FIELDS] = { "netstat_fields", AT(netstat_fields) },
        [HOST_FILTER_VMSTAT_FIELDS] = { "vmstat_fields", AT(vmstat_fields) },
};
#undef AT

// clang-format off
#define COLLECTORS(X) \
        X(arp) X(conntrack) X(cpu) X(cpufreq) X(diskstats) X(dmi) X(entropy) X(filefd) X(filesystem) \
        X(hwmon) X(loadavg) X(meminfo) X(netclass) X(netdev) X(netstat) X(os) X(pressure) X(schedstat) \
        X(sockstat) X(softnet) X(stat) X(textfile) X(thermal_zone) X(time) X(timex) X(udp_queues) X(uname) \
        X(vmstat)
// clang-format on
#define ROW(name) &host_##name##_collector,
static const Collector *const host_collectors[] = { COLLECTORS(ROW) };
#undef ROW
enum { N_COLLECTORS = ARRAY_LEN(host_collectors) };

struct CollectHost {
        Host host;
        bool off[N_COLLECTORS];
};

const char *const *collect_host_names(void)
{
#define NAME(name) #name,
        static const char *const names[] = { COLLECTORS(NAME) NULL };
#undef NAME
        return names;
}

static Str pattern_of(const CollectHostOptions *options, size_t filter)
{
        return *(const Str *)(const void *)((const char *)options + filter_options[filter].offset);
}

/* NULL: it is none, which component_unknown has said. */
static bool find_collector(Str name, size_t *ret, Err *err)
{
        const Component *rows[N_COLLECTORS];
        for (size_t i = 0; i < N_COLLECTORS; i++) {
                rows[i] = &host_collectors[i]->base;
                if (str_eq(name, str_of(rows[i]->name))) {
                        *ret = i;
                        return true;
                }
        }
        return component_unknown(rows, N_COLLECTORS, COMPONENT_COLLECTOR, name, err);
}

static void validate(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        const CollectHostOptions *options = self;
        Err err;
        for (size_t i = 0; i < HOST_FILTER_MAX_; i++) {
                AUTO(regex_free) Regex *re = NULL;
                if (!regex_compile(pattern_of(options, i), REGEX_SEARCH, &re, &err))
                        diags_error(ctx->diags, ctx->file, node->pos, "%s: %s", filter_options[i].option, err.msg);
        }
        for (size_t i = 0, at; i < options->disabled.n; i++)
                if (!find_collector(options->disabled.data[i], &at, &err))
                        diags_error(ctx->diags, ctx->file, node->pos, "disabled: %s", err.msg);
}

const OptionTable collect_host_table = { "collect.host.options", collect_host_options, sizeof(CollectHostOptions),
                                         validate };

bool collect_host_new(const CollectHostOptions *options, const Fs *fs, const Clock *clock, CollectHost **ret, Err *err)
{
        AUTO(collect_host_free) CollectHost *self = mem_new(CollectHost);
        self->host = (Host){ .options = options,
                             .fs = fs,
                             .clock = clock,
                             .arena = arena_new(),
                             .mounts = host_mounts_guard_new(kernel_statfs) };
        for (size_t i = 0, at; i < options->disabled.n; i++) {
                if (!find_collector(options->disabled.data[i], &at, err))
                        return false;
                self->off[at] = true;
        }
        for (size_t i = 0; i < HOST_FILTER_MAX_; i++) {
                Str pattern = pattern_of(options, i);
                if (pattern.n && !regex_compile(pattern, REGEX_SEARCH, &self->host.filters[i], err))
                        return err_wrap(err, "%s", filter_options[i].option);
        }
        *ret = TAKE(self);
        return true;
}

void collect_host_free(CollectHost *self)
{
        if (!self)
                return;
        for (size_t i = 0; i < HOST_FILTER_MAX_; i++)
                if (self->host.filters[i])
                        regex_free(self->host.filters[i]);
        host_cpu_history_free(self->host.cpu);
        host_mounts_guard_free(self->host.mounts);
        buf_done(&self->host.io);
        arena_free(self->host.arena);
        mem_free(self);
}

static bool run(CollectHost *self, const Collector *collector, MetricSink *sink)
{
        Err err = { 0 };
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
        double seconds[N_COLLECTORS] = { 0 };
        bool ok[N_COLLECTORS] = { 0 };
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
                                   STR("Duration of a collector scrape."));
                metric_sink_sample(&text.sink, &label, 1, seconds[i]);
                metric_sink_family(&text.sink, STR("node_scrape_collector_success"), METRIC_TYPE_GAUGE,
                                   STR("Whether a collector succeeded."));
                metric_sink_sample(&text.sink, &label, 1, ok[i] ? 1 : 0);
        }
        metric_sink_text_write(&text, out);
        return true;
}
