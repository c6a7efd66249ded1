#include "app/app_self.h"

#include "base/attr.h"
#include "base/metric.h"
#include "os/proc.h"

static Tsdb *_Atomic watched; /* the store that the numbers are about; the registry calls without context */

static double read_cpu(void *ctx) { (void)ctx; return proc_cpu_seconds(); }
static double read_rss(void *ctx) { (void)ctx; return (double)proc_resident_bytes(); }
static double read_virtual(void *ctx) { (void)ctx; return (double)proc_virtual_bytes(); }
static double read_fds(void *ctx) { (void)ctx; return (double)proc_open_fds(); }
static double read_max_fds(void *ctx) { (void)ctx; return (double)proc_max_fds(); }
static double read_start(void *ctx) { (void)ctx; return proc_start_time_seconds(); }
static double read_threads(void *ctx) { (void)ctx; return (double)proc_threads(); }

static double read_stat(void *ctx)
{
        Tsdb *db = watched;
        TsdbStats s = { 0 };
        if (!db)
                return 0;
        tsdb_stats(db, &s);
        switch (*(const char *)ctx) {
        case 's':
                return (double)s.series;
        case 'd':
                return (double)s.disk_bytes;
        case 'c':
                return (double)s.wal_corruptions;
        default:
                return s.read_only;
        }
}

static char stat_keys[] = "sdcr"; /* what read_stat is asked for */

static MetricFamily families[] = {
        { .kind = METRIC_KIND_COUNTER, .name = "process_cpu_seconds_total", .help = "Processor time of this process, user and system.", .read = read_cpu },
        { .kind = METRIC_KIND_GAUGE, .name = "process_resident_memory_bytes", .help = "Memory of this process in RAM.", .read = read_rss },
        { .kind = METRIC_KIND_GAUGE, .name = "process_virtual_memory_bytes", .help = "Address space of this process.", .read = read_virtual },
        { .kind = METRIC_KIND_GAUGE, .name = "process_open_fds", .help = "Open file descriptors.", .read = read_fds },
        { .kind = METRIC_KIND_GAUGE, .name = "process_max_fds", .help = "Most file descriptors that may be open.", .read = read_max_fds },
        { .kind = METRIC_KIND_GAUGE, .name = "process_start_time_seconds", .help = "When the process started, since 1970.", .read = read_start },
        { .kind = METRIC_KIND_GAUGE, .name = "process_threads", .help = "Threads of this process.", .read = read_threads },
        { .kind = METRIC_KIND_GAUGE, .name = "pharos_tsdb_head_series", .help = "Series in the store.", .read = read_stat, .read_ctx = &stat_keys[0] },
        { .kind = METRIC_KIND_GAUGE, .name = "pharos_tsdb_storage_bytes", .help = "Bytes of the store on disk.", .read = read_stat, .read_ctx = &stat_keys[1] },
        { .kind = METRIC_KIND_GAUGE, .name = "pharos_tsdb_corrupt_records", .help = "Damaged records that the last start left out.", .read = read_stat, .read_ctx = &stat_keys[2] },
        { .kind = METRIC_KIND_GAUGE, .name = "pharos_tsdb_read_only", .help = "1 while the store refuses samples: the disk is full or failing.", .read = read_stat, .read_ctx = &stat_keys[3] },
};
METRIC_FAMILY(build_info, METRIC_KIND_GAUGE, "pharos_build_info", "1; the version is a label.", "version");

void app_self_start(Tsdb *db)
{
        watched = db;
        for (size_t i = 0; i < ARRAY_LEN(families); i++)
                metric_register(&families[i]);
        metric_set(metric_of(&build_info, STR(PHAROS_VERSION)), 1);
}

void app_self_stop(void) { watched = NULL; }
