/* How full the file systems are. */
#include "collect/host.h"
#include "collect/host_mounts.h"

/* Process 1 sees the host's mounts, ours may be those of a container; but it may be hidden from us. */
static bool read_mounts(Host *host, HostMountList *ret, Err *err)
{
        Str text;
        Err first;
        size_t bad;
        const char *path = host_proc(host, "1/mountinfo");
        if (!host_read(host, path, &text, &first)) {
                path = host_proc(host, "self/mountinfo");
                if (!host_read(host, path, &text, err))
                        return false;
        }
        if (!host_mounts_parse(text, host->arena, ret, &bad, err))
                return err_wrap(err, "%s", path);
        if (bad > 0 && ret->len == 0)
                return err_set(err, ERR_INVALID, "'%s' has no line that is a mount", path);
        return true;
}

/* The host's path, when its root is mounted elsewhere for us. */
static Str strip_root(Str rootfs, Str mountpoint)
{
        if (str_eq(rootfs, STR("/")) || !str_starts(mountpoint, rootfs))
                return mountpoint;
        Str rest = str_sub(mountpoint, rootfs.n, mountpoint.n);
        return rest.n ? rest : STR("/");
}

static void put_mount(MetricSink *sink, const HostMount *m)
{
        const Label labels[] = { { STR("device"), m->device },
                                 { STR("mountpoint"), m->mountpoint },
                                 { STR("fstype"), m->fstype },
                                 { STR("device_error"), m->error } };
        const struct {
                Str name, help;
                double value;
        } rows[] = {
                { STR("node_filesystem_device_error"),
                  STR("Whether an error occurred while getting statistics for the given device."), !m->ok },
                { STR("node_filesystem_readonly"), STR("Filesystem read-only status."), m->readonly },
                { STR("node_filesystem_size_bytes"), STR("Filesystem size in bytes."), m->fs.size_bytes },
                { STR("node_filesystem_free_bytes"), STR("Filesystem free space in bytes."), m->fs.free_bytes },
                { STR("node_filesystem_avail_bytes"), STR("Filesystem space available to non-root users in bytes."),
                  m->fs.avail_bytes },
                { STR("node_filesystem_files"), STR("Filesystem total file nodes."), m->fs.files },
                { STR("node_filesystem_files_free"), STR("Filesystem total free file nodes."), m->fs.files_free },
        };
        enum { WITHOUT_FS = 2 };
        for (size_t i = 0; i < (m->ok ? ARRAY_LEN(rows) : WITHOUT_FS); i++) {
                metric_sink_family(sink, rows[i].name, METRIC_TYPE_GAUGE, rows[i].help);
                metric_sink_sample(sink, labels, ARRAY_LEN(labels), rows[i].value);
        }
        if (!m->ok)
                return;
        metric_sink_family(sink, STR("node_filesystem_mount_info"), METRIC_TYPE_GAUGE,
                           STR("Filesystem mount information."));
        metric_sink_put(sink, 1, { STR("device"), m->device }, { STR("major"), m->major }, { STR("minor"), m->minor },
                        { STR("mountpoint"), m->mountpoint });
}

static bool filesystem_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        HostMountList mounts;
        if (!read_mounts(host, &mounts, err))
                return false;
        vec_each(m, &mounts) {
                m->mountpoint = strip_root(host->options->rootfs, m->mountpoint);
                m->asked = !host_filter(host, HOST_FILTER_MOUNT_POINTS_EXCLUDE, m->mountpoint) &&
                           !host_filter(host, HOST_FILTER_FS_TYPES_EXCLUDE, m->fstype);
        }
        host_mounts_ask(host->mounts, host->options->rootfs, mounts.data, mounts.len, HOST_MOUNTS_TIMEOUT_MS,
                        host->arena);
        vec_each(m, &mounts)
                if (m->asked)
                        put_mount(sink, m);
        return true;
}

const Collector host_filesystem_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "filesystem", .help = "Size and free space of mounted file systems." },
        .gather = filesystem_gather,
};
