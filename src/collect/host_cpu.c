/* CPU time by mode, what the CPUs are, when they were throttled, how fast they run.
 *
 * Invariants:
 * 1. A CPU's counters never go back from one gather to the next, though the kernel's do (idle and iowait are estimates):
 *    the highest value seen stands. Only when idle falls by HOTPLUG_SECONDS or more is it another CPU, which starts anew.
 * 2. A CPU that vanished from /proc/stat vanishes from the output. */
#include "base/mem.h"
#include "base/num.h"
#include "codec/floats.h"
#include "collect/host.h"

enum { CPU_MODES = 8, CPU_VALUES = 10, CPU_MAX_INDEX = 65535, CPU_IDLE = 3 };
static const double ticks_per_second = 100; /* USER_HZ, fixed by the kernel's interface */
static const double hotplug_seconds = 3;

typedef struct CpuTimes {
        uint64_t seen;              /* the gather that last saw it; 0: never */
        double seconds[CPU_VALUES]; /* in the order of /proc/stat */
} CpuTimes;

typedef struct HostCpuHistory {
        CpuTimes *cpus;
        size_t n;
        uint64_t gathers;
} HostCpuHistory;

void host_cpu_history_free(struct HostCpuHistory *history)
{
        if (!history)
                return;
        mem_free(history->cpus);
        mem_free(history);
}

static CpuTimes *times_of(HostCpuHistory *history, size_t index)
{
        if (index >= history->n) {
                size_t n = index + 1;
                history->cpus = mem_realloc(history->cpus, n * sizeof *history->cpus);
                memset(history->cpus + history->n, 0, (n - history->n) * sizeof *history->cpus);
                history->n = n;
        }
        return &history->cpus[index];
}

static void remember(HostCpuHistory *history, size_t index, const double *seconds)
{
        CpuTimes *t = times_of(history, index);
        if (t->seen + 1 != history->gathers || t->seconds[CPU_IDLE] - seconds[CPU_IDLE] >= hotplug_seconds)
                memset(t->seconds, 0, sizeof t->seconds);
        for (size_t i = 0; i < CPU_VALUES; i++)
                if (seconds[i] > t->seconds[i])
                        t->seconds[i] = seconds[i];
        t->seen = history->gathers;
}

/* "cpu3 44490 19 21045 ...": false for every other line. Values that an old kernel lacks are 0. */
static bool parse_times(Str line, size_t *ret_index, double *ret_seconds)
{
        Str words[1 + CPU_VALUES];
        size_t n = host_words(line, words, ARRAY_LEN(words));
        uint64_t index;
        if (n < 5 || !str_starts(words[0], STR("cpu")) || !num_parse_u64(str_sub(words[0], 3, words[0].n), &index) ||
            index > CPU_MAX_INDEX)
                return false;
        for (size_t i = 0; i < CPU_VALUES; i++) {
                double ticks = 0;
                if (i + 1 < n && !host_number(words[i + 1], &ticks))
                        return false;
                ret_seconds[i] = ticks / ticks_per_second;
        }
        *ret_index = (size_t)index;
        return true;
}

static void put_times(Host *host, MetricSink *sink)
{
        static const char *const modes[CPU_MODES] = { "user",   "nice", "system",  "idle",
                                                      "iowait", "irq",  "softirq", "steal" };
        HostCpuHistory *history = host->cpu;
        for (size_t i = 0; i < history->n; i++) {
                const CpuTimes *t = &history->cpus[i];
                if (t->seen != history->gathers)
                        continue;
                Str cpu = str_printf(host->arena, "%zu", i);
                metric_sink_family(sink, STR("node_cpu_seconds_total"), METRIC_TYPE_COUNTER,
                                   STR("Seconds the CPUs spent in each mode."));
                for (size_t m = 0; m < CPU_MODES; m++)
                        metric_sink_put(sink, t->seconds[m], { STR("cpu"), cpu }, { STR("mode"), str_of(modes[m]) });
                metric_sink_family(sink, STR("node_cpu_guest_seconds_total"), METRIC_TYPE_COUNTER,
                                   STR("Seconds the CPUs spent in guests (VMs) for each mode."));
                metric_sink_put(sink, t->seconds[CPU_MODES], { STR("cpu"), cpu }, { STR("mode"), STR("user") });
                metric_sink_put(sink, t->seconds[CPU_MODES + 1], { STR("cpu"), cpu }, { STR("mode"), STR("nice") });
        }
}

static void put_listed(Host *host, MetricSink *sink, Str words, HostFilter filter, Str family, Str help, Str label)
{
        metric_sink_family(sink, family, METRIC_TYPE_GAUGE, help);
        for (Str word; host_next_word(&words, &word);)
                if (host_filter(host, filter, word))
                        metric_sink_put(sink, 1, { label, word });
}

typedef enum CpuField {
        CPU_PROCESSOR,
        CPU_VENDOR,
        CPU_FAMILY,
        CPU_MODEL,
        CPU_MODEL_NAME,
        CPU_STEPPING,
        CPU_MICROCODE,
        CPU_MHZ,
        CPU_CACHE,
        CPU_PACKAGE,
        CPU_CORE,
        CPU_FLAGS,
        CPU_BUGS,
        CPU_FIELDS
} CpuField;

static void put_info(Host *host, MetricSink *sink, const Str *f, bool first)
{
        if (f[CPU_PROCESSOR].n == 0)
                return;
        metric_sink_family(sink, STR("node_cpu_info"), METRIC_TYPE_GAUGE, STR("CPU information from /proc/cpuinfo."));
        metric_sink_put(sink, 1, { STR("package"), f[CPU_PACKAGE] }, { STR("core"), f[CPU_CORE] },
                        { STR("cpu"), f[CPU_PROCESSOR] }, { STR("vendor"), f[CPU_VENDOR] },
                        { STR("family"), f[CPU_FAMILY] }, { STR("model"), f[CPU_MODEL] },
                        { STR("model_name"), f[CPU_MODEL_NAME] }, { STR("microcode"), f[CPU_MICROCODE] },
                        { STR("stepping"), f[CPU_STEPPING] }, { STR("cachesize"), f[CPU_CACHE] });
        double mhz;
        metric_sink_family(sink, STR("node_cpu_frequency_hertz"), METRIC_TYPE_GAUGE, STR("CPU frequency in hertz."));
        if (floats_parse(f[CPU_MHZ], &mhz))
                metric_sink_put(sink, mhz * 1e6, { STR("package"), f[CPU_PACKAGE] }, { STR("core"), f[CPU_CORE] },
                                { STR("cpu"), f[CPU_PROCESSOR] });
        if (!first)
                return;
        put_listed(host, sink, f[CPU_FLAGS], HOST_FILTER_CPU_FLAGS_INCLUDE, STR("node_cpu_flag_info"),
                   STR("The flags of the first CPU in /proc/cpuinfo."), STR("flag"));
        put_listed(host, sink, f[CPU_BUGS], HOST_FILTER_CPU_BUGS_INCLUDE, STR("node_cpu_bug_info"),
                   STR("The bugs of the first CPU in /proc/cpuinfo."), STR("bug"));
}

static bool gather_info(Host *host, MetricSink *sink, Err *err)
{
        static const char *const keys[CPU_FIELDS] = { "processor",  "vendor_id",   "cpu family", "model",
                                                      "model name", "stepping",    "microcode",  "cpu MHz",
                                                      "cache size", "physical id", "core id",    "flags",
                                                      "bugs" };
        Str text;
        if (!host_read(host, host_proc(host, "cpuinfo"), &text, err))
                return false;
        Str fields[CPU_FIELDS] = { 0 };
        bool first = true;
        for (Str line, key, value; host_next_line(&text, &line);) {
                if (!str_cut(line, ':', &key, &value))
                        continue;
                key = str_trim(key);
                if (str_eq(key, STR("processor")) && fields[CPU_PROCESSOR].n) {
                        put_info(host, sink, fields, first);
                        memset(fields, 0, sizeof fields);
                        first = false;
                }
                for (size_t i = 0; i < CPU_FIELDS; i++)
                        if (str_eq(key, str_of(keys[i])))
                                fields[i] = str_trim(value);
        }
        put_info(host, sink, fields, first);
        return true;
}

/* "1,3-5,9" */
static void put_isolated(Host *host, MetricSink *sink)
{
        Str rest = host_read_word(host, host_sys(host, "devices/system/cpu/isolated"));
        if (rest.n == 0)
                return;
        metric_sink_family(sink, STR("node_cpu_isolated"), METRIC_TYPE_GAUGE,
                           STR("Whether each core is isolated, information from /sys/devices/system/cpu/isolated."));
        for (Str part, from, to; str_split_next(&rest, ',', &part);) {
                uint64_t lo, hi;
                bool range = str_cut(part, '-', &from, &to);
                if (!num_parse_u64(from, &lo) || !num_parse_u64(range ? to : from, &hi) || hi > CPU_MAX_INDEX)
                        continue;
                for (uint64_t i = lo; i <= hi; i++)
                        metric_sink_put(sink, 1,
                                        { STR("cpu"), str_printf(host->arena, "%llu", (unsigned long long)i) });
        }
}

/* The sink keeps one sample a core and a package: hyperthreads say the same. */
static void put_throttles(Host *host, MetricSink *sink)
{
        Str *cpus;
        size_t n;
        host_list_numbered(host, host_sys(host, "devices/system/cpu"), STR("cpu"), &cpus, &n);
        VEC(Str) seen = { .arena = host->arena };
        for (size_t i = 0; i < n; i++) {
                Str package = host_read_word(
                        host, host_sys(host, "devices/system/cpu/cpu%s/topology/physical_package_id", cpus[i].p));
                Str core = host_read_word(host, host_sys(host, "devices/system/cpu/cpu%s/topology/core_id", cpus[i].p));
                uint64_t ignored;
                if (!num_parse_u64(package, &ignored) || !num_parse_u64(core, &ignored))
                        continue;
                double v;
                Err err;
                const char *path = host_sys(host, "devices/system/cpu/cpu%s/thermal_throttle/core_throttle_count",
                                            cpus[i].p);
                Str key = str_printf(host->arena, STR_FMT "/" STR_FMT, STR_ARG(package), STR_ARG(core));
                bool new_core = true, new_package = true;
                vec_each(s, &seen) {
                        new_core = new_core && !str_eq(*s, key);
                        new_package = new_package && !str_eq(*s, package);
                }
                if (new_core && host_read_double(host, path, &v, &err)) {
                        metric_sink_family(sink, STR("node_cpu_core_throttles_total"), METRIC_TYPE_COUNTER,
                                           STR("Number of times this CPU core has been throttled."));
                        metric_sink_put(sink, v, { STR("package"), package }, { STR("core"), core });
                        vec_push(&seen, key);
                }
                path = host_sys(host, "devices/system/cpu/cpu%s/thermal_throttle/package_throttle_count", cpus[i].p);
                if (new_package && host_read_double(host, path, &v, &err)) {
                        metric_sink_family(sink, STR("node_cpu_package_throttles_total"), METRIC_TYPE_COUNTER,
                                           STR("Number of times this CPU package has been throttled."));
                        metric_sink_put(sink, v, { STR("package"), package });
                        vec_push(&seen, package);
                }
        }
}

static bool cpu_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        if (!host->cpu)
                host->cpu = mem_new(HostCpuHistory);
        if (host->options->cpu_info && !gather_info(host, sink, err))
                return false;
        const char *path = host_proc(host, "stat");
        Str text;
        if (!host_read(host, path, &text, err))
                return false;
        host->cpu->gathers++;
        size_t found = 0;
        for (Str line; host_next_line(&text, &line);) {
                size_t index;
                double seconds[CPU_VALUES];
                if (!str_starts(line, STR("cpu")) || !parse_times(line, &index, seconds))
                        continue;
                remember(host->cpu, index, seconds);
                found++;
        }
        if (found == 0)
                return err_set(err, ERR_INVALID, "'%s' has no line for a CPU", path);
        put_times(host, sink);
        put_isolated(host, sink);
        put_throttles(host, sink);
        return true;
}

const Collector host_cpu_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "cpu", .help = "Time of each CPU by mode, throttling, isolation." },
        .gather = cpu_gather,
};

static void put_governors(Host *host, MetricSink *sink, Str cpu)
{
        Str current = host_read_word(host, host_sys(host, "devices/system/cpu/cpu%s/cpufreq/scaling_governor", cpu.p));
        Str available = host_read_word(
                host, host_sys(host, "devices/system/cpu/cpu%s/cpufreq/scaling_available_governors", cpu.p));
        if (current.n == 0)
                return;
        metric_sink_family(sink, STR("node_cpu_scaling_governor"), METRIC_TYPE_GAUGE,
                           STR("Current enabled CPU frequency governor."));
        for (Str word; host_next_word(&available, &word);)
                metric_sink_put(sink, str_eq(word, current), { STR("cpu"), cpu }, { STR("governor"), word });
}

static bool cpufreq_gather(void *self, MetricSink *sink, Err *err)
{
        static const struct {
                const char *file;
                Str name, help;
        } rows[] = {
                { "cpuinfo_cur_freq", STR_INIT("node_cpu_frequency_hertz"), STR_INIT("CPU frequency in hertz.") },
                { "cpuinfo_min_freq", STR_INIT("node_cpu_frequency_min_hertz"),
                  STR_INIT("Minimum CPU frequency in hertz.") },
                { "cpuinfo_max_freq", STR_INIT("node_cpu_frequency_max_hertz"),
                  STR_INIT("Maximum CPU frequency in hertz.") },
                { "scaling_cur_freq", STR_INIT("node_cpu_scaling_frequency_hertz"),
                  STR_INIT("Current scaled CPU frequency in hertz.") },
                { "scaling_min_freq", STR_INIT("node_cpu_scaling_frequency_min_hertz"),
                  STR_INIT("Minimum scaled CPU frequency in hertz.") },
                { "scaling_max_freq", STR_INIT("node_cpu_scaling_frequency_max_hertz"),
                  STR_INIT("Maximum scaled CPU frequency in hertz.") },
        };
        (void)err;
        Host *host = self;
        Str *cpus;
        size_t n;
        host_list_numbered(host, host_sys(host, "devices/system/cpu"), STR("cpu"), &cpus, &n);
        for (size_t c = 0; c < n; c++) {
                for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                        double khz;
                        Err ignored;
                        if (!host_read_double(
                                    host,
                                    host_sys(host, "devices/system/cpu/cpu%s/cpufreq/%s", cpus[c].p, rows[i].file),
                                    &khz, &ignored))
                                continue;
                        metric_sink_family(sink, rows[i].name, METRIC_TYPE_GAUGE, rows[i].help);
                        metric_sink_put(sink, khz * 1000, { STR("cpu"), cpus[c] });
                }
                put_governors(host, sink, cpus[c]);
        }
        return true;
}

const Collector host_cpufreq_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "cpufreq", .help = "Frequencies of the CPUs." },
        .gather = cpufreq_gather,
};
