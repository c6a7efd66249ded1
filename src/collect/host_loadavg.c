#include "collect/host.h"

#include "codec/floats.h"

static bool loadavg_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        const char *path = host_path(host, host->options->procfs, "loadavg");
        Str text, words[3];
        double load[3];
        if (!host_read(host, path, &text, err))
                return false;
        for (size_t i = 0; i < 3; i++)
                if (!host_next_word(&text, &words[i]) || !floats_parse(words[i], &load[i]))
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
