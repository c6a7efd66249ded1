#include "collect/host.h"

static bool time_gather(void *self, MetricSink *sink, Err *err)
{
        (void)err;
        Host *host = self;
        metric_sink_gauge(sink, STR("node_time_seconds"), STR("System time in seconds since epoch (1970)."),
                          (double)host->clock->wall_ns(host->clock) / 1e9);
        return true;
}

const Collector host_time_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "time", .help = "The system's clock, its zone and its sources." },
        .gather = time_gather,
};
