#include "app/app_self.h"

#include "base/attr.h"
#include "base/metric.h"
#include "os/proc.h"

static double read_cpu(void *ctx)
{
        (void)ctx;
        return proc_cpu_seconds();
}
static double read_rss(void *ctx)
{
        (void)ctx;
        return (double)proc_resident_bytes();
}
static double read_virtual(void *ctx)
{
        (void)ctx;
        return (double)proc_virtual_bytes();
}
static double read_fds(void *ctx)
{
        (void)ctx;
        return (double)proc_open_fds();
}
static double read_max_fds(void *ctx)
{
        (void)ctx;
        return (double)proc_max_fds();
}
static double read_start(void *ctx)
{
        (void)ctx;
        return proc_start_time_seconds();
}
static double read_threads(void *ctx)
{
        (void)ctx;
        return (double)proc_threads();
}

/* The registry links them: they cannot be constant. */
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
static MetricFamily families[] = {
        { .kind = METRIC_KIND_COUNTER,
          .name = "process_cpu_seconds_total",
          .help = "Processor time of this process, user and system.",
          .read = read_cpu },
        { .kind = METRIC_KIND_GAUGE,
          .name = "process_resident_memory_bytes",
          .help = "Memory of this process in RAM.",
          .read = read_rss },
        { .kind = METRIC_KIND_GAUGE,
          .name = "process_virtual_memory_bytes",
          .help = "Address space of this process.",
          .read = read_virtual },
        { .kind = METRIC_KIND_GAUGE, .name = "process_open_fds", .help = "Open file descriptors.", .read = read_fds },
        { .kind = METRIC_KIND_GAUGE,
          .name = "process_max_fds",
          .help = "Most file descriptors that may be open.",
          .read = read_max_fds },
        { .kind = METRIC_KIND_GAUGE,
          .name = "process_start_time_seconds",
          .help = "When the process started, since 1970.",
          .read = read_start },
        { .kind = METRIC_KIND_GAUGE,
          .name = "process_threads",
          .help = "Threads of this process.",
          .read = read_threads },
};
METRIC_FAMILY(build_info, METRIC_KIND_GAUGE, "pharos_build_info", "1; the version is a label.", "version");

void app_self_start(void)
{
        for (size_t i = 0; i < ARRAY_LEN(families); i++)
                metric_register(&families[i]);
        metric_set(metric_of(&build_info, STR(PHAROS_VERSION)), 1);
}
