/* The network stack's counters: protocols, sockets, packet queues, neighbours, tracked connections. */
#include "collect/host.h"
#include "os/kernel.h"

static void put_netstat(Host *host, MetricSink *sink, Str protocol, Str field, Str value)
{
        Str key = str_printf(host->arena, STR_FMT "_" STR_FMT, STR_ARG(protocol), STR_ARG(field));
        double v;
        if (!host_filter(host, HOST_FILTER_NETSTAT_FIELDS, key) || !host_number(value, &v))
                return;
        Str name = str_printf(host->arena, "node_netstat_" STR_FMT, STR_ARG(key));
        Str help = str_printf(host->arena, "Statistic " STR_FMT STR_FMT ".", STR_ARG(protocol), STR_ARG(field));
        metric_sink_single(sink, name, METRIC_TYPE_UNKNOWN, help, v);
}

/* Pairs of lines: "Tcp: Name Name ..." and "Tcp: 1 2 ...". */
static bool gather_pairs(Host *host, MetricSink *sink, const char *path, Err *err)
{
        Str text;
        if (!host_read(host, path, &text, err))
                return false;
        for (Str names, values, protocol, other; host_next_line(&text, &names);) {
                if (names.n == 0)
                        continue;
                if (!host_next_line(&text, &values) || !host_next_word(&names, &protocol) ||
                    !host_next_word(&values, &other) || !str_eq(protocol, other) || !str_ends(protocol, STR(":")))
                        return err_set(err, ERR_INVALID, "'%s': lines do not come in pairs of names and values", path);
                protocol.n--;
                for (Str name, value; host_next_word(&names, &name) && host_next_word(&values, &value);)
                        put_netstat(host, sink, protocol, name, value);
        }
        return true;
}

/* "Ip6InOctets 460": the protocol ends with its 6. */
static bool gather_snmp6(Host *host, MetricSink *sink, Err *err)
{
        Str text;
        if (!host_read(host, host_proc(host, "net/snmp6"), &text, err))
                return err->code == ERR_NOT_FOUND; /* no IPv6 here */
        for (Str line, words[2]; host_next_line(&text, &line);) {
                if (host_words(line, words, 2) < 2)
                        continue;
                size_t six = str_find_char(words[0], '6');
                if (six != SIZE_MAX)
                        put_netstat(host, sink, str_sub(words[0], 0, six + 1), str_sub(words[0], six + 1, words[0].n),
                                    words[1]);
        }
        return true;
}

static bool netstat_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        return gather_pairs(host, sink, host_proc(host, "net/netstat"), err) &&
               gather_pairs(host, sink, host_proc(host, "net/snmp"), err) && gather_snmp6(host, sink, err);
}

const Collector host_netstat_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "netstat", .help = "Counters of IP, TCP, UDP and ICMP." },
        .gather = netstat_gather,
};

static void put_sockstat(Host *host, MetricSink *sink, Str protocol, Str state, double v)
{
        Str name = str_printf(host->arena, "node_sockstat_" STR_FMT "_" STR_FMT, STR_ARG(protocol), STR_ARG(state));
        Str help = str_printf(host->arena, "Number of " STR_FMT " sockets in state " STR_FMT ".", STR_ARG(protocol),
                              STR_ARG(state));
        metric_sink_gauge(sink, name, help, v);
}

/* "TCP: inuse 4 orphan 0 ..." */
static bool gather_sockstat(Host *host, MetricSink *sink, const char *path, Err *err)
{
        static const char *const states[] = { "inuse", "orphan", "tw", "alloc", "mem", "memory" };
        Str text;
        if (!host_read(host, path, &text, err))
                return err->code == ERR_NOT_FOUND; /* this version of IP is off */
        for (Str line, protocol, rest, state, value; host_next_line(&text, &line);) {
                if (!str_cut(line, ':', &protocol, &rest))
                        continue;
                while (host_next_word(&rest, &state) && host_next_word(&rest, &value)) {
                        double v;
                        if (!host_number(value, &v))
                                return err_set(err, ERR_INVALID, "'%s': '" STR_FMT "' of " STR_FMT " is no number",
                                               path, STR_ARG(state), STR_ARG(protocol));
                        if (str_eq(protocol, STR("sockets")) && str_eq(state, STR("used")))
                                metric_sink_gauge(sink, STR("node_sockstat_sockets_used"),
                                                  STR("Number of IPv4 sockets in use."), v);
                        for (size_t i = 0; i < ARRAY_LEN(states); i++)
                                if (str_eq(state, str_of(states[i])))
                                        put_sockstat(host, sink, protocol, state, v);
                        if (str_eq(state, STR("mem")))
                                put_sockstat(host, sink, protocol, STR("mem_bytes"), v * (double)kernel_page_bytes());
                }
        }
        return true;
}

static bool sockstat_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        return gather_sockstat(host, sink, host_proc(host, "net/sockstat"), err) &&
               gather_sockstat(host, sink, host_proc(host, "net/sockstat6"), err);
}

const Collector host_sockstat_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "sockstat", .help = "Sockets in use." },
        .gather = sockstat_gather,
};

static bool softnet_gather(void *self, MetricSink *sink, Err *err)
{
        enum { MIN_COLUMNS = 9, CPU_COLUMN = 12, MAX_COLUMNS = 16 };
        static const struct {
                size_t column;
                Str name, help;
                MetricType type;
        } rows[] = {
                { 0, STR_INIT("node_softnet_processed_total"), STR_INIT("Number of processed packets."),
                  METRIC_TYPE_COUNTER },
                { 1, STR_INIT("node_softnet_dropped_total"), STR_INIT("Number of dropped packets."),
                  METRIC_TYPE_COUNTER },
                { 2, STR_INIT("node_softnet_times_squeezed_total"),
                  STR_INIT("Number of times processing packets ran out of quota."), METRIC_TYPE_COUNTER },
                { 8, STR_INIT("node_softnet_cpu_collision_total"),
                  STR_INIT("Number of collision occur while obtaining device lock while transmitting."),
                  METRIC_TYPE_COUNTER },
                { 9, STR_INIT("node_softnet_received_rps_total"),
                  STR_INIT("Number of times cpu woken up received_rps."), METRIC_TYPE_COUNTER },
                { 10, STR_INIT("node_softnet_flow_limit_count_total"),
                  STR_INIT("Number of times flow limit has been reached."), METRIC_TYPE_COUNTER },
                { 11, STR_INIT("node_softnet_backlog_len"), STR_INIT("Softnet backlog status."), METRIC_TYPE_GAUGE },
        };
        Host *host = self;
        const char *path = host_proc(host, "net/softnet_stat");
        Str text, line, words[MAX_COLUMNS];
        if (!host_read_optional(host, path, &text, err))
                return false;
        for (uint64_t number = 0; host_next_line(&text, &line); number++) {
                size_t n = host_words(line, words, MAX_COLUMNS);
                uint64_t cpu = number; /* old kernels leave out the CPU, and then count only those that are on */
                if (n < MIN_COLUMNS || (n > CPU_COLUMN && !host_hex(words[CPU_COLUMN], &cpu)))
                        return err_set(err, ERR_INVALID, "'%s' line %llu: not at least %d hexadecimal numbers", path,
                                       (unsigned long long)number + 1, MIN_COLUMNS);
                Str label = str_printf(host->arena, "%llu", (unsigned long long)cpu);
                for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                        uint64_t v = 0; /* a column that an old kernel lacks */
                        if (rows[i].column < n && !host_hex(words[rows[i].column], &v))
                                return err_set(err, ERR_INVALID, "'%s': '" STR_FMT "' is no hexadecimal number", path,
                                               STR_ARG(words[rows[i].column]));
                        metric_sink_family(sink, rows[i].name, rows[i].type, rows[i].help);
                        metric_sink_put(sink, (double)v, { STR("cpu"), label });
                }
        }
        return true;
}

const Collector host_softnet_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "softnet",
                  .help = "Packets that each CPU took from the network cards." },
        .gather = softnet_gather,
};

typedef struct DeviceCount {
        Str device;
        uint64_t n;
} DeviceCount;

static bool arp_gather(void *self, MetricSink *sink, Err *err)
{
        enum { DEVICE_COLUMN = 5 };
        Host *host = self;
        Str text, line, words[DEVICE_COLUMN + 1];
        if (!host_read(host, host_proc(host, "net/arp"), &text, err))
                return false;
        VEC(DeviceCount) counts = { .arena = host->arena };
        for (size_t i = 0; host_next_line(&text, &line); i++) {
                if (i == 0 || host_words(line, words, ARRAY_LEN(words)) < ARRAY_LEN(words))
                        continue;
                Str device = words[DEVICE_COLUMN];
                if (host_filter(host, HOST_FILTER_ARP_EXCLUDE, device))
                        continue;
                DeviceCount *found = NULL;
                vec_each(c, &counts)
                        found = str_eq(c->device, device) ? c : found;
                if (found)
                        found->n++;
                else
                        vec_push(&counts, (DeviceCount){ device, 1 });
        }
        metric_sink_family(sink, STR("node_arp_entries"), METRIC_TYPE_GAUGE, STR("ARP entries by device."));
        vec_each(c, &counts)
                metric_sink_put(sink, (double)c->n, { STR("device"), c->device });
        return true;
}

const Collector host_arp_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "arp", .help = "Known neighbours by network device." },
        .gather = arp_gather,
};

enum { CONNTRACK_COLUMNS = 8 };
static const struct {
        Str column, name, help;
} conntrack_rows[CONNTRACK_COLUMNS] = {
        { STR_INIT("found"), STR_INIT("node_nf_conntrack_stat_found"),
          STR_INIT("Number of searched entries which were successful.") },
        { STR_INIT("invalid"), STR_INIT("node_nf_conntrack_stat_invalid"),
          STR_INIT("Number of packets seen which can not be tracked.") },
        { STR_INIT("ignore"), STR_INIT("node_nf_conntrack_stat_ignore"),
          STR_INIT("Number of packets seen which are already connected to a conntrack entry.") },
        { STR_INIT("insert"), STR_INIT("node_nf_conntrack_stat_insert"),
          STR_INIT("Number of entries inserted into the list.") },
        { STR_INIT("insert_failed"), STR_INIT("node_nf_conntrack_stat_insert_failed"),
          STR_INIT("Number of entries for which list insertion was attempted but failed.") },
        { STR_INIT("drop"), STR_INIT("node_nf_conntrack_stat_drop"),
          STR_INIT("Number of packets dropped due to conntrack failure.") },
        { STR_INIT("early_drop"), STR_INIT("node_nf_conntrack_stat_early_drop"),
          STR_INIT(
                  "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.") },
        { STR_INIT("search_restart"), STR_INIT("node_nf_conntrack_stat_search_restart"),
          STR_INIT("Number of conntrack table lookups which had to be restarted due to hashtable resizes.") },
};

/* A heading, then a line of hexadecimal numbers for each CPU; which columns there are depends on the kernel. */
static bool gather_conntrack_stat(Host *host, MetricSink *sink, Err *err)
{
        const char *path = host_proc(host, "net/stat/nf_conntrack");
        Str text, line, names[HOST_MAX_WORDS], words[HOST_MAX_WORDS];
        if (!host_read_optional(host, path, &text, err))
                return false;
        uint64_t sums[CONNTRACK_COLUMNS] = { 0 };
        size_t columns = host_next_line(&text, &line) ? host_words(line, names, HOST_MAX_WORDS) : 0;
        while (host_next_line(&text, &line)) {
                size_t n = host_words(line, words, HOST_MAX_WORDS);
                for (size_t i = 0; i < n && i < columns; i++) {
                        uint64_t v;
                        if (!host_hex(words[i], &v))
                                return err_set(err, ERR_INVALID, "'%s': '" STR_FMT "' is no hexadecimal number", path,
                                               STR_ARG(words[i]));
                        for (size_t k = 0; k < CONNTRACK_COLUMNS; k++)
                                if (str_eq(names[i], conntrack_rows[k].column))
                                        sums[k] += v;
                }
        }
        for (size_t k = 0; k < CONNTRACK_COLUMNS; k++)
                metric_sink_gauge(sink, conntrack_rows[k].name, conntrack_rows[k].help, (double)sums[k]);
        return true;
}

static bool conntrack_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        double entries, limit;
        if (!host_read_double(host, host_proc(host, "sys/net/netfilter/nf_conntrack_count"), &entries, err)) {
                if (err->code == ERR_NOT_FOUND)
                        err->code = ERR_UNSUPPORTED; /* the module is not loaded */
                return false;
        }
        metric_sink_gauge(sink, STR("node_nf_conntrack_entries"),
                          STR("Number of currently allocated flow entries for connection tracking."), entries);
        if (!host_read_double(host, host_proc(host, "sys/net/netfilter/nf_conntrack_max"), &limit, err))
                return false;
        metric_sink_gauge(sink, STR("node_nf_conntrack_entries_limit"),
                          STR("Maximum size of connection tracking table."), limit);
        return gather_conntrack_stat(host, sink, err);
}

const Collector host_conntrack_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "conntrack", .help = "Connections that the firewall tracks." },
        .gather = conntrack_gather,
};

/* "sl local_address rem_address st tx_queue:rx_queue ...": sums over all sockets. */
static bool sum_queues(Host *host, const char *path, uint64_t *ret_tx, uint64_t *ret_rx, Err *err)
{
        enum { QUEUE_COLUMN = 4 };
        Str text, line, words[QUEUE_COLUMN + 1];
        if (!host_read_optional(host, path, &text, err))
                return false;
        for (size_t i = 0; host_next_line(&text, &line); i++) {
                Str tx, rx;
                uint64_t t, r;
                if (i == 0 || host_words(line, words, ARRAY_LEN(words)) < ARRAY_LEN(words))
                        continue;
                if (!str_cut(words[QUEUE_COLUMN], ':', &tx, &rx) || !host_hex(tx, &t) || !host_hex(rx, &r))
                        return err_set(err, ERR_INVALID, "'%s' line %zu: '" STR_FMT "' are no queue lengths", path,
                                       i + 1, STR_ARG(words[QUEUE_COLUMN]));
                *ret_tx += t;
                *ret_rx += r;
        }
        return true;
}

static bool udp_queues_gather(void *self, MetricSink *sink, Err *err)
{
        static const struct {
                const char *file;
                Str ip;
        } rows[] = { { "net/udp", STR_INIT("v4") }, { "net/udp6", STR_INIT("v6") } };
        Host *host = self;
        size_t found = 0;
        metric_sink_family(sink, STR("node_udp_queues"), METRIC_TYPE_GAUGE,
                           STR("Number of allocated memory in the kernel for UDP datagrams in bytes."));
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                uint64_t tx = 0, rx = 0;
                if (!sum_queues(host, host_proc(host, "%s", rows[i].file), &tx, &rx, err)) {
                        if (err->code == ERR_UNSUPPORTED)
                                continue;
                        return false;
                }
                metric_sink_put(sink, (double)tx, { STR("queue"), STR("tx") }, { STR("ip"), rows[i].ip });
                metric_sink_put(sink, (double)rx, { STR("queue"), STR("rx") }, { STR("ip"), rows[i].ip });
                found++;
        }
        return found > 0; /* err is still that of the last file */
}

const Collector host_udp_queues_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "udp_queues", .help = "Bytes that wait in UDP sockets." },
        .gather = udp_queues_gather,
};
