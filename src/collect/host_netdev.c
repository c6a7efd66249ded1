/* Network devices: traffic of /proc/net/dev, attributes of /sys/class/net. */
#include "base/num.h"
#include "collect/host.h"
#include "os/kernel.h"

enum { NETDEV_VALUES = 16 };

/* "  eth0: 1 2 3 ...": the name may hold colons (aliases) and touch its first number. */
static bool parse_device(Str line, Str *ret_name, double *ret_values)
{
        size_t colon = str_rfind_char(line, ':');
        if (colon == SIZE_MAX)
                return false;
        *ret_name = str_trim(str_sub(line, 0, colon));
        Str words[NETDEV_VALUES];
        Str rest = str_sub(line, colon + 1, line.n);
        if (ret_name->n == 0 || host_words(rest, words, NETDEV_VALUES) < NETDEV_VALUES)
                return false;
        for (size_t i = 0; i < NETDEV_VALUES; i++)
                if (!host_number(words[i], &ret_values[i]))
                        return false;
        return true;
}

static bool netdev_gather(void *self, MetricSink *sink, Err *err)
{
#define ROW(key) { STR_INIT("node_network_" key "_total"), STR_INIT("Network device statistic " key ".") }
        static const struct {
                Str name, help;
        } rows[NETDEV_VALUES] = {
                ROW("receive_bytes"),  ROW("receive_packets"),  ROW("receive_errs"),       ROW("receive_drop"),
                ROW("receive_fifo"),   ROW("receive_frame"),    ROW("receive_compressed"), ROW("receive_multicast"),
                ROW("transmit_bytes"), ROW("transmit_packets"), ROW("transmit_errs"),      ROW("transmit_drop"),
                ROW("transmit_fifo"),  ROW("transmit_colls"),   ROW("transmit_carrier"),   ROW("transmit_compressed"),
        };
#undef ROW
        Host *host = self;
        const char *path = host_proc(host, "net/dev");
        Str text, line;
        if (!host_read(host, path, &text, err))
                return false;
        bool ok = true;
        for (size_t n = 0; host_next_line(&text, &line); n++) {
                Str device;
                double values[NETDEV_VALUES];
                if (n < 2 || line.n == 0) /* the headings */
                        continue;
                if (!parse_device(line, &device, values)) {
                        ok = err_set(err, ERR_INVALID, "'%s' line %zu is no device with %d numbers", path, n + 1,
                                     NETDEV_VALUES);
                        continue;
                }
                if (host_filter(host, HOST_FILTER_NETDEV_EXCLUDE, device) ||
                    (host->filters[HOST_FILTER_NETDEV_INCLUDE] &&
                     !host_filter(host, HOST_FILTER_NETDEV_INCLUDE, device)))
                        continue;
                for (size_t i = 0; i < NETDEV_VALUES; i++) {
                        metric_sink_family(sink, rows[i].name, METRIC_TYPE_COUNTER, rows[i].help);
                        metric_sink_put(sink, values[i], { STR("device"), device });
                }
                double unhandled;
                Err ignored;
                if (host_read_double(host,
                                     host_sys(host, "class/net/" STR_FMT "/statistics/rx_nohandler", STR_ARG(device)),
                                     &unhandled, &ignored)) {
                        metric_sink_family(sink, STR("node_network_receive_nohandler_total"), METRIC_TYPE_COUNTER,
                                           STR("Network device statistic receive_nohandler."));
                        metric_sink_put(sink, unhandled, { STR("device"), device });
                }
        }
        return ok;
}

const Collector host_netdev_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "netdev", .help = "Traffic of network devices." },
        .gather = netdev_gather,
};

/* Decimal or 0x hexadecimal, with a sign. */
static bool parse_integer(Str s, int64_t *ret)
{
        uint64_t u;
        if (str_starts(s, STR("0x")) && host_hex(str_sub(s, 2, s.n), &u)) {
                *ret = (int64_t)u;
                return true;
        }
        return num_parse_i64(s, ret);
}

typedef struct NetclassColumn {
        const char *file;
        Str name, help;
        MetricType type;
} NetclassColumn;
enum { NETCLASS_COLUMNS = 16, NETCLASS_FLAGS = 6, FLAG_UP = 1 };

static const NetclassColumn *netclass_columns(void)
{
#define ROW(file, key, type) \
        { file, STR_INIT("node_network_" key), STR_INIT("Network device property: " key "."), METRIC_TYPE_##type }
        static const NetclassColumn columns[NETCLASS_COLUMNS] = {
                ROW("addr_assign_type", "address_assign_type", GAUGE),
                ROW("carrier", "carrier", GAUGE),
                ROW("carrier_changes", "carrier_changes_total", COUNTER),
                ROW("carrier_up_count", "carrier_up_changes_total", COUNTER),
                ROW("carrier_down_count", "carrier_down_changes_total", COUNTER),
                ROW("dev_id", "device_id", GAUGE),
                ROW("flags", "flags", GAUGE), /* NETCLASS_FLAGS */
                ROW("dormant", "dormant", GAUGE),
                ROW("ifindex", "iface_id", GAUGE),
                ROW("iflink", "iface_link", GAUGE),
                ROW("link_mode", "iface_link_mode", GAUGE),
                ROW("mtu", "mtu_bytes", GAUGE),
                ROW("name_assign_type", "name_assign_type", GAUGE),
                ROW("netdev_group", "net_dev_group", GAUGE),
                ROW("tx_queue_len", "transmit_queue_length", GAUGE),
                ROW("type", "protocol_type", GAUGE),
        };
#undef ROW
        return columns;
}

static Str attribute(Host *host, Str device, const char *file)
{
        return host_read_word(host, host_sys(host, "class/net/" STR_FMT "/%s", STR_ARG(device), file));
}

static void put_class(Host *host, MetricSink *sink, Str device)
{
        const NetclassColumn *columns = netclass_columns();
        Str admin = STR("unknown");
        for (size_t i = 0; i < NETCLASS_COLUMNS; i++) {
                int64_t v;
                if (!parse_integer(attribute(host, device, columns[i].file),
                                   &v)) /* the file is absent, or the device is down */
                        continue;
                if (i == NETCLASS_FLAGS)
                        admin = v & FLAG_UP ? STR("up") : STR("down");
                metric_sink_family(sink, columns[i].name, columns[i].type, columns[i].help);
                metric_sink_put(sink, (double)v, { STR("device"), device });
        }
        int64_t megabits;
        if (parse_integer(attribute(host, device, "speed"), &megabits) &&
            (megabits >= 0 || !host->options->netclass_ignore_invalid_speed)) {
                metric_sink_family(sink, STR("node_network_speed_bytes"), METRIC_TYPE_GAUGE,
                                   STR("Network device property: speed_bytes."));
                metric_sink_put(sink, (double)megabits * 1000 * 1000 / 8, { STR("device"), device });
        }
        Str state = attribute(host, device, "operstate");
        metric_sink_family(sink, STR("node_network_up"), METRIC_TYPE_GAUGE,
                           STR("Value is 1 if operstate is 'up', 0 otherwise."));
        metric_sink_put(sink, str_eq(state, STR("up")), { STR("device"), device });
        metric_sink_family(sink, STR("node_network_info"), METRIC_TYPE_GAUGE,
                           STR("Non-numeric data from /sys/class/net/<iface>, value is always 1."));
        metric_sink_put(sink, 1, { STR("device"), device }, { STR("address"), attribute(host, device, "address") },
                        { STR("broadcast"), attribute(host, device, "broadcast") },
                        { STR("duplex"), attribute(host, device, "duplex") }, { STR("operstate"), state },
                        { STR("adminstate"), admin }, { STR("ifalias"), attribute(host, device, "ifalias") });
}

static bool netclass_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        Str *devices;
        size_t n;
        if (!host->fs->list(host->fs, host_sys(host, "class/net"), host->arena, &devices, &n, err)) {
                if (err->code == ERR_NOT_FOUND)
                        err->code = ERR_UNSUPPORTED;
                return false;
        }
        for (size_t i = 0; i < n; i++)
                if (!host_filter(host, HOST_FILTER_NETCLASS_IGNORED, devices[i]) &&
                    kernel_is_dir(
                            host_sys(host, "class/net/" STR_FMT, STR_ARG(devices[i])))) /* bonding_masters is a file */
                        put_class(host, sink, devices[i]);
        return true;
}

const Collector host_netclass_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "netclass", .help = "Attributes of network devices." },
        .gather = netclass_gather,
};
