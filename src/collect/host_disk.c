/* Block devices: traffic of /proc/diskstats, and what udev and sysfs know of each. */
#include "codec/floats.h"
#include "collect/host.h"

enum { DISK_FIRST_VALUE = 3, DISK_VALUES = 17 };

typedef struct DiskColumn {
        Str name, help;
        double unit;
        MetricType type;
} DiskColumn;

#define SECTOR_BYTES 512.0 /* of /proc/diskstats, whatever the device has */
#define TICK_SECONDS 0.001

static const DiskColumn *disk_columns(void)
{
#define ROW(name_, unit_, help_) { STR_INIT("node_disk_" name_), STR_INIT(help_), (unit_), METRIC_TYPE_COUNTER }
        static const DiskColumn columns[DISK_VALUES] = {
                ROW("reads_completed_total", 1, "The total number of reads completed successfully."),
                ROW("reads_merged_total", 1, "The total number of reads merged."),
                ROW("read_bytes_total", SECTOR_BYTES, "The total number of bytes read successfully."),
                ROW("read_time_seconds_total", TICK_SECONDS, "The total number of seconds spent by all reads."),
                ROW("writes_completed_total", 1, "The total number of writes completed successfully."),
                ROW("writes_merged_total", 1, "The number of writes merged."),
                ROW("written_bytes_total", SECTOR_BYTES, "The total number of bytes written successfully."),
                ROW("write_time_seconds_total", TICK_SECONDS,
                    "This is the total number of seconds spent by all writes."),
                { STR_INIT("node_disk_io_now"), STR_INIT("The number of I/Os currently in progress."), 1,
                  METRIC_TYPE_GAUGE },
                ROW("io_time_seconds_total", TICK_SECONDS, "Total seconds spent doing I/Os."),
                ROW("io_time_weighted_seconds_total", TICK_SECONDS, "The weighted # of seconds spent doing I/Os."),
                ROW("discards_completed_total", 1, "The total number of discards completed successfully."),
                ROW("discards_merged_total", 1, "The total number of discards merged."),
                ROW("discarded_sectors_total", 1, "The total number of sectors discarded successfully."),
                ROW("discard_time_seconds_total", TICK_SECONDS,
                    "This is the total number of seconds spent by all discards."),
                ROW("flush_requests_total", 1, "The total number of flush requests completed successfully."),
                ROW("flush_requests_time_seconds_total", TICK_SECONDS,
                    "This is the total number of seconds spent by all flush requests."),
        };
#undef ROW
        return columns;
}

typedef enum UdevKey {
        UDEV_ATA,
        UDEV_ATA_CACHE,
        UDEV_ATA_CACHE_ON,
        UDEV_ATA_RPM,
        UDEV_DM_LAYER,
        UDEV_DM_LV,
        UDEV_DM_NAME,
        UDEV_DM_UUID,
        UDEV_DM_VG,
        UDEV_FS_TYPE,
        UDEV_FS_USAGE,
        UDEV_FS_UUID,
        UDEV_FS_VERSION,
        UDEV_MODEL,
        UDEV_PATH,
        UDEV_REVISION,
        UDEV_SCSI_SERIAL,
        UDEV_SERIAL,
        UDEV_SERIAL_SHORT,
        UDEV_WWN,
        UDEV_KEYS
} UdevKey;

static void read_udev(Host *host, Str major, Str minor, Str *values)
{
        static const char *const keys[UDEV_KEYS] = {
                "ID_ATA",
                "ID_ATA_WRITE_CACHE",
                "ID_ATA_WRITE_CACHE_ENABLED",
                "ID_ATA_ROTATION_RATE_RPM",
                "DM_LV_LAYER",
                "DM_LV_NAME",
                "DM_NAME",
                "DM_UUID",
                "DM_VG_NAME",
                "ID_FS_TYPE",
                "ID_FS_USAGE",
                "ID_FS_UUID",
                "ID_FS_VERSION",
                "ID_MODEL",
                "ID_PATH",
                "ID_REVISION",
                "SCSI_IDENT_SERIAL",
                "ID_SERIAL",
                "ID_SERIAL_SHORT",
                "ID_WWN",
        };
        Str text;
        Err ignored;
        Str path = str_printf(host->arena, STR_FMT "/b" STR_FMT ":" STR_FMT, STR_ARG(host->options->udev),
                              STR_ARG(major), STR_ARG(minor));
        if (!host_read(host, path.p, &text, &ignored))
                return;
        for (Str line, key, value; host_next_line(&text, &line);) {
                if (!str_starts(line, STR("E:")) || !str_cut(str_sub(line, 2, line.n), '=', &key, &value))
                        continue;
                for (size_t i = 0; i < UDEV_KEYS; i++)
                        if (str_eq(key, str_of(keys[i])))
                                values[i] = value;
        }
}

static void put_mapper(Host *host, MetricSink *sink, Str device, const Str *udev)
{
        metric_sink_family(sink, STR("node_disk_device_mapper_info"), METRIC_TYPE_GAUGE,
                           STR("Info about disk device mapper."));
        metric_sink_put(sink, 1, { STR("device"), device }, { STR("name"), udev[UDEV_DM_NAME] },
                        { STR("uuid"), udev[UDEV_DM_UUID] }, { STR("vg_name"), udev[UDEV_DM_VG] },
                        { STR("lv_name"), udev[UDEV_DM_LV] }, { STR("lv_layer"), udev[UDEV_DM_LAYER] });
        Str *slaves;
        size_t n;
        Err ignored;
        const char *dir = host_sys(host, "block/" STR_FMT "/slaves", STR_ARG(device));
        if (!host->fs->list(host->fs, dir, host->arena, &slaves, &n, &ignored))
                return;
        metric_sink_family(sink, STR("node_disk_device_mapper_backing_device_info"), METRIC_TYPE_GAUGE,
                           STR("Info about the underlying block devices of a device mapper device."));
        for (size_t i = 0; i < n; i++)
                metric_sink_put(sink, 1, { STR("device"), device }, { STR("backing_device"), slaves[i] });
}

static void put_ata(MetricSink *sink, Str device, const Str *udev)
{
        static const struct {
                UdevKey key;
                Str name, help;
        } rows[] = {
                { UDEV_ATA_CACHE, STR_INIT("node_disk_ata_write_cache"), STR_INIT("ATA disk has a write cache.") },
                { UDEV_ATA_CACHE_ON, STR_INIT("node_disk_ata_write_cache_enabled"),
                  STR_INIT("ATA disk has its write cache enabled.") },
                { UDEV_ATA_RPM, STR_INIT("node_disk_ata_rotation_rate_rpm"),
                  STR_INIT("ATA disk rotation rate in RPMs (0 for SSDs).") },
        };
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                double v;
                if (!floats_parse(udev[rows[i].key], &v))
                        continue;
                metric_sink_family(sink, rows[i].name, METRIC_TYPE_GAUGE, rows[i].help);
                metric_sink_put(sink, v, { STR("device"), device });
        }
}

static void put_device(Host *host, MetricSink *sink, const Str *words, size_t n)
{
        Str device = words[2];
        Str udev[UDEV_KEYS] = { 0 };
        read_udev(host, words[0], words[1], udev);
        Str serial = udev[UDEV_SCSI_SERIAL].n    ? udev[UDEV_SCSI_SERIAL]
                     : udev[UDEV_SERIAL_SHORT].n ? udev[UDEV_SERIAL_SHORT]
                                                 : udev[UDEV_SERIAL];
        Str rotational = host_read_word(host, host_sys(host, "block/" STR_FMT "/queue/rotational", STR_ARG(device)));
        metric_sink_family(sink, STR("node_disk_info"), METRIC_TYPE_GAUGE, STR("Info of /sys/block/<block_device>."));
        metric_sink_put(sink, 1, { STR("device"), device }, { STR("major"), words[0] }, { STR("minor"), words[1] },
                        { STR("path"), udev[UDEV_PATH] }, { STR("wwn"), udev[UDEV_WWN] },
                        { STR("model"), udev[UDEV_MODEL] }, { STR("serial"), serial },
                        { STR("revision"), udev[UDEV_REVISION] },
                        { STR("rotational"), rotational.n ? rotational : STR("0") });
        const DiskColumn *columns = disk_columns();
        for (size_t i = 0; i < DISK_VALUES && DISK_FIRST_VALUE + i < n; i++) {
                double v;
                if (!host_number(words[DISK_FIRST_VALUE + i], &v))
                        break;
                metric_sink_family(sink, columns[i].name, columns[i].type, columns[i].help);
                metric_sink_put(sink, v * columns[i].unit, { STR("device"), device });
        }
        if (udev[UDEV_FS_TYPE].n) {
                metric_sink_family(sink, STR("node_disk_filesystem_info"), METRIC_TYPE_GAUGE,
                                   STR("Info about disk filesystem."));
                metric_sink_put(sink, 1, { STR("device"), device }, { STR("type"), udev[UDEV_FS_TYPE] },
                                { STR("usage"), udev[UDEV_FS_USAGE] }, { STR("uuid"), udev[UDEV_FS_UUID] },
                                { STR("version"), udev[UDEV_FS_VERSION] });
        }
        if (udev[UDEV_DM_NAME].n)
                put_mapper(host, sink, device, udev);
        if (udev[UDEV_ATA].n)
                put_ata(sink, device, udev);
}

static bool diskstats_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        const char *path = host_proc(host, "diskstats");
        Str text;
        if (!host_read(host, path, &text, err))
                return false;
        bool ok = true;
        for (Str line, words[DISK_FIRST_VALUE + DISK_VALUES]; host_next_line(&text, &line);) {
                size_t n = host_words(line, words, ARRAY_LEN(words));
                if (n == 0)
                        continue;
                if (n <= DISK_FIRST_VALUE)
                        ok = err_set(err, ERR_INVALID, "'%s': a line of %zu words is no device", path, n);
                else if (!host_filter(host, HOST_FILTER_DISKSTATS_EXCLUDE, words[2]))
                        put_device(host, sink, words, n);
        }
        return ok;
}

const Collector host_diskstats_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "diskstats", .help = "Traffic of block devices." },
        .gather = diskstats_gather,
};
