/* The kernel's own counters, each in a small file of /proc: load, interrupts and processes, file handles, entropy,
 * virtual memory, pressure, scheduling. */
#include "base/num.h"
#include "codec/floats.h"
#include "collect/host.h"

static bool loadavg_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        const char *path = host_proc(host, "loadavg");
        Str text, words[3];
        double load[3];
        if (!host_read(host, path, &text, err))
                return false;
        size_t n = host_words(text, words, 3);
        for (size_t i = 0; i < 3; i++)
                if (i >= n || !floats_parse(words[i], &load[i]))
                        return err_set(err, ERR_INVALID, "'%s' does not start with three numbers", path);
        metric_sink_gauge(sink, STR("node_load1"), STR("1m load average."), load[0]);
        metric_sink_gauge(sink, STR("node_load5"), STR("5m load average."), load[1]);
        metric_sink_gauge(sink, STR("node_load15"), STR("15m load average."), load[2]);
        return true;
}

const Collector host_loadavg_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "loadavg", .help = "Load averages." },
        .gather = loadavg_gather,
};

static void put_softirqs(MetricSink *sink, Str values)
{
        static const char *const vectors[] = { "hi",           "timer",   "net_tx", "net_rx",  "block",
                                               "block_iopoll", "tasklet", "sched",  "hrtimer", "rcu" };
        Str word;
        if (!host_next_word(&values, &word)) /* the sum */
                return;
        metric_sink_family(sink, STR("node_softirqs_total"), METRIC_TYPE_COUNTER, STR("Number of softirq calls."));
        double v;
        for (size_t i = 0; i < ARRAY_LEN(vectors) && host_next_word(&values, &word) && host_number(word, &v); i++)
                metric_sink_put(sink, v, { STR("vector"), str_of(vectors[i]) });
}

static bool stat_gather(void *self, MetricSink *sink, Err *err)
{
        static const struct {
                Str key, name, help;
                MetricType type;
        } rows[] = {
                { STR_INIT("intr"), STR_INIT("node_intr_total"), STR_INIT("Total number of interrupts serviced."),
                  METRIC_TYPE_COUNTER },
                { STR_INIT("ctxt"), STR_INIT("node_context_switches_total"),
                  STR_INIT("Total number of context switches."), METRIC_TYPE_COUNTER },
                { STR_INIT("processes"), STR_INIT("node_forks_total"), STR_INIT("Total number of forks."),
                  METRIC_TYPE_COUNTER },
                { STR_INIT("btime"), STR_INIT("node_boot_time_seconds"), STR_INIT("Node boot time, in unixtime."),
                  METRIC_TYPE_GAUGE },
                { STR_INIT("procs_running"), STR_INIT("node_procs_running"),
                  STR_INIT("Number of processes in runnable state."), METRIC_TYPE_GAUGE },
                { STR_INIT("procs_blocked"), STR_INIT("node_procs_blocked"),
                  STR_INIT("Number of processes blocked waiting for I/O to complete."), METRIC_TYPE_GAUGE },
        };
        Host *host = self;
        Str text;
        if (!host_read(host, host_proc(host, "stat"), &text, err))
                return false;
        for (Str line, key, word; host_next_line(&text, &line);) {
                if (!host_next_word(&line, &key))
                        continue;
                if (host->options->stat_softirq && str_eq(key, STR("softirq")))
                        put_softirqs(sink, line);
                double v;
                if (!host_next_word(&line, &word) || !host_number(word, &v))
                        continue;
                for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                        if (str_eq(key, rows[i].key))
                                metric_sink_single(sink, rows[i].name, rows[i].type, rows[i].help, v);
        }
        return true;
}

const Collector host_stat_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "stat",
                  .help = "Interrupts, context switches, forks, boot time, running and blocked processes." },
        .gather = stat_gather,
};

static bool filefd_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        const char *path = host_proc(host, "sys/fs/file-nr");
        Str text, words[3];
        double allocated, maximum;
        if (!host_read(host, path, &text, err))
                return false;
        if (host_words(text, words, 3) < 3 || !host_number(words[0], &allocated) || !host_number(words[2], &maximum))
                return err_set(err, ERR_INVALID, "'%s' does not hold three numbers", path);
        metric_sink_gauge(sink, STR("node_filefd_allocated"), STR("File descriptor statistics: allocated."), allocated);
        metric_sink_gauge(sink, STR("node_filefd_maximum"), STR("File descriptor statistics: maximum."), maximum);
        return true;
}

const Collector host_filefd_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "filefd", .help = "Open files of the whole machine." },
        .gather = filefd_gather,
};

static bool entropy_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        double available, size;
        if (!host_read_double(host, host_proc(host, "sys/kernel/random/entropy_avail"), &available, err))
                return false;
        metric_sink_gauge(sink, STR("node_entropy_available_bits"), STR("Bits of available entropy."), available);
        if (!host_read_double(host, host_proc(host, "sys/kernel/random/poolsize"), &size, err))
                return false;
        metric_sink_gauge(sink, STR("node_entropy_pool_size_bits"), STR("Bits of entropy pool."), size);
        return true;
}

const Collector host_entropy_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "entropy", .help = "The kernel's pool of randomness." },
        .gather = entropy_gather,
};

static bool vmstat_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        const char *path = host_proc(host, "vmstat");
        Str text;
        if (!host_read(host, path, &text, err))
                return false;
        for (Str line, words[2]; host_next_line(&text, &line);) {
                double v;
                if (host_words(line, words, 2) < 2 || !host_filter(host, HOST_FILTER_VMSTAT_FIELDS, words[0]))
                        continue;
                if (!host_number(words[1], &v))
                        return err_set(err, ERR_INVALID, "'%s': '" STR_FMT "' has no number", path, STR_ARG(words[0]));
                Str name = str_printf(host->arena, "node_vmstat_" STR_FMT, STR_ARG(words[0]));
                Str help = str_printf(host->arena, "/proc/vmstat information field " STR_FMT ".", STR_ARG(words[0]));
                metric_sink_single(sink, name, METRIC_TYPE_UNKNOWN, help, v);
        }
        return true;
}

const Collector host_vmstat_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "vmstat",
                  .help = "Paging, swapping, page faults, processes killed for memory." },
        .gather = vmstat_gather,
};

/* total=N of the line that starts with kind ("some", "full"), in seconds. */
static bool pressure_total(Str text, Str kind, double *ret_seconds)
{
        for (Str line, word; host_next_line(&text, &line);) {
                if (!host_next_word(&line, &word) || !str_eq(word, kind))
                        continue;
                while (host_next_word(&line, &word)) {
                        uint64_t us;
                        if (str_starts(word, STR("total=")) && num_parse_u64(str_sub(word, 6, word.n), &us)) {
                                *ret_seconds = (double)us / 1000.0 / 1000.0;
                                return true;
                        }
                }
        }
        return false;
}

static bool pressure_gather(void *self, MetricSink *sink, Err *err)
{
        static const struct {
                const char *resource;
                Str kind, name, help;
        } rows[] = {
                { "cpu", STR_INIT("some"), STR_INIT("node_pressure_cpu_waiting_seconds_total"),
                  STR_INIT("Total time in seconds that processes have waited for CPU time.") },
                { "io", STR_INIT("some"), STR_INIT("node_pressure_io_waiting_seconds_total"),
                  STR_INIT("Total time in seconds that processes have waited due to IO congestion.") },
                { "io", STR_INIT("full"), STR_INIT("node_pressure_io_stalled_seconds_total"),
                  STR_INIT("Total time in seconds no process could make progress due to IO congestion.") },
                { "memory", STR_INIT("some"), STR_INIT("node_pressure_memory_waiting_seconds_total"),
                  STR_INIT("Total time in seconds that processes have waited for memory.") },
                { "memory", STR_INIT("full"), STR_INIT("node_pressure_memory_stalled_seconds_total"),
                  STR_INIT("Total time in seconds no process could make progress due to memory congestion.") },
                { "irq", STR_INIT("full"), STR_INIT("node_pressure_irq_stalled_seconds_total"),
                  STR_INIT("Total time in seconds no process could make progress due to IRQ congestion.") },
        };
        Host *host = self;
        const char *read_resource = NULL;
        Str text = { 0 };
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const char *path = host_proc(host, "pressure/%s", rows[i].resource);
                if (rows[i].resource != read_resource && !host_read_optional(host, path, &text, err)) {
                        if (strcmp(rows[i].resource, "irq") == 0 && err->code == ERR_UNSUPPORTED)
                                return true; /* kernels before 6.1 know none of interrupts */
                        return false;
                }
                read_resource = rows[i].resource;
                double seconds;
                if (!pressure_total(text, rows[i].kind, &seconds))
                        return err_set(err, ERR_INVALID, "'%s' has no total of '" STR_FMT "'", path,
                                       STR_ARG(rows[i].kind));
                metric_sink_counter(sink, rows[i].name, rows[i].help, seconds);
        }
        return true;
}

const Collector host_pressure_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "pressure", .help = "Time lost to shortage of CPU, memory, IO." },
        .gather = pressure_gather,
};

static bool schedstat_gather(void *self, MetricSink *sink, Err *err)
{
        static const struct {
                Str name, help;
                double unit;
        } rows[] = {
                { STR_INIT("node_schedstat_running_seconds_total"),
                  STR_INIT("Number of seconds CPU spent running a process."), 1e9 },
                { STR_INIT("node_schedstat_waiting_seconds_total"),
                  STR_INIT("Number of seconds spent by processing waiting for this CPU."), 1e9 },
                { STR_INIT("node_schedstat_timeslices_total"), STR_INIT("Number of timeslices executed by CPU."), 1 },
        };
        enum { FIRST_FIELD = 7 };
        Host *host = self;
        Str text;
        if (!host_read_optional(host, host_proc(host, "schedstat"), &text, err))
                return false;
        for (Str line, words[FIRST_FIELD + ARRAY_LEN(rows)]; host_next_line(&text, &line);) {
                size_t n = host_words(line, words, ARRAY_LEN(words));
                if (n < ARRAY_LEN(words) || !str_starts(words[0], STR("cpu")))
                        continue;
                for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                        double v;
                        if (!host_number(words[FIRST_FIELD + i], &v))
                                continue;
                        metric_sink_family(sink, rows[i].name, METRIC_TYPE_COUNTER, rows[i].help);
                        metric_sink_put(sink, v / rows[i].unit, { STR("cpu"), str_sub(words[0], 3, words[0].n) });
                }
        }
        return true;
}

const Collector host_schedstat_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "schedstat", .help = "Time that processes ran and waited, by CPU." },
        .gather = schedstat_gather,
};

/* "Active(anon)" becomes Active_anon; other bytes that a name cannot have become '_'. */
static Str meminfo_name(Arena *arena, Str key, bool bytes)
{
        char *name = arena_raw(arena, key.n, 1);
        size_t n = 0;
        for (size_t i = 0; i < key.n; i++) {
                char c = key.p[i];
                bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                if (c != ')')
                        name[n++] = fine ? c : '_';
        }
        return str_printf(arena, "node_memory_" STR_FMT "%s", (int)n, name, bytes ? "_bytes" : "");
}

static bool meminfo_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        const char *path = host_proc(host, "meminfo");
        Str text;
        if (!host_read(host, path, &text, err))
                return false;
        for (Str line, key, rest; host_next_line(&text, &line);) {
                Str words[2];
                double v;
                if (!str_cut(line, ':', &key, &rest))
                        continue;
                size_t n = host_words(rest, words, 2);
                if (n == 0 || key.n == 0 || !host_number(words[0], &v))
                        return err_set(err, ERR_INVALID, "'%s': '" STR_FMT "' has no number", path, STR_ARG(key));
                bool kb = n == 2 && str_eq(words[1], STR("kB"));
                Str name = meminfo_name(host->arena, key, kb);
                Str help = str_printf(host->arena, "Memory information field " STR_FMT ".", (int)(name.n - 12),
                                      name.p + 12);
                metric_sink_gauge(sink, name, help, kb ? v * 1024 : v);
        }
        return true;
}

const Collector host_meminfo_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "meminfo", .help = "How memory is used." },
        .gather = meminfo_gather,
};
