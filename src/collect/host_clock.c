/* The clock: what it says, where it takes it from, and how well it is disciplined. */
#include "collect/host.h"
#include "os/kernel.h"

static bool time_gather(void *self, MetricSink *sink, Err *err)
{
        (void)err;
        Host *host = self;
        int64_t now_ns = host->clock->wall_ns(host->clock);
        metric_sink_gauge(sink, STR("node_time_seconds"), STR("System time in seconds since epoch (1970)."),
                          (double)now_ns / 1e9);
        Str zone;
        int64_t east_seconds;
        kernel_zone(now_ns / 1000000000, host->arena, &zone, &east_seconds);
        metric_sink_family(sink, STR("node_time_zone_offset_seconds"), METRIC_TYPE_GAUGE,
                           STR("Seconds that the local zone is east of UTC."));
        metric_sink_put(sink, (double)east_seconds, { STR("time_zone"), zone });

        const char *dir = host_sys(host, "devices/system/clocksource");
        Str *numbers;
        size_t n;
        host_list_numbered(host, dir, STR("clocksource"), &numbers, &n);
        for (size_t i = 0; i < n; i++) {
                Str device = numbers[i];
                Str available = host_read_word(
                        host,
                        host_sys(host, "devices/system/clocksource/clocksource%s/available_clocksource", device.p));
                Str current = host_read_word(
                        host, host_sys(host, "devices/system/clocksource/clocksource%s/current_clocksource", device.p));
                metric_sink_family(sink, STR("node_time_clocksource_available_info"), METRIC_TYPE_GAUGE,
                                   STR("Clock sources that the kernel could use."));
                for (Str word; host_next_word(&available, &word);)
                        metric_sink_put(sink, 1, { STR("device"), device }, { STR("clocksource"), word });
                metric_sink_family(sink, STR("node_time_clocksource_current_info"), METRIC_TYPE_GAUGE,
                                   STR("The clock source that the kernel uses."));
                if (current.n)
                        metric_sink_put(sink, 1, { STR("device"), device }, { STR("clocksource"), current });
        }
        return true;
}

const Collector host_time_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "time", .help = "The system's clock, its zone and its sources." },
        .gather = time_gather,
};

/* Beyond this, the kernel's offset is an overflow and no offset: discipline never lets it grow that far. */
static const double max_offset_seconds = 4;

static bool timex_gather(void *self, MetricSink *sink, Err *err)
{
        Host *host = self;
        KernelTimex t;
        if (!kernel_timex(&t, err))
                return false;
        const double unit = t.nano ? 1e9 : 1e6;
        const double ppm = 1e6 * 65536;
        double offset = (double)t.offset / unit;
        host->timex_overflows += offset > max_offset_seconds || offset < -max_offset_seconds;
        const struct {
                Str name, help;
                double value;
                bool counter;
        } rows[] = {
                { STR("node_timex_sync_status"),
                  STR("Whether the clock is synchronised to a reliable server (1 yes, 0 no)."), t.synchronized, false },
                { STR("node_timex_offset_seconds"), STR("Offset of the local clock to its reference."), offset, false },
                { STR("node_timex_offset_overflow_total"), STR("Readings whose offset was too large to be one."),
                  (double)host->timex_overflows, true },
                { STR("node_timex_frequency_adjustment_ratio"), STR("Adjustment of the local clock's frequency."),
                  1 + (double)t.frequency / ppm, false },
                { STR("node_timex_maxerror_seconds"), STR("Maximum error of the clock."), (double)t.max_error_us / 1e6,
                  false },
                { STR("node_timex_estimated_error_seconds"), STR("Estimated error of the clock."),
                  (double)t.estimated_error_us / 1e6, false },
                { STR("node_timex_status"), STR("The status bits of the clock's discipline."), t.status, false },
                { STR("node_timex_loop_time_constant"), STR("Time constant of the phase-locked loop."),
                  (double)t.constant, false },
                { STR("node_timex_tick_seconds"), STR("Seconds between ticks of the clock."), (double)t.tick_us / 1e6,
                  false },
                { STR("node_timex_pps_frequency_hertz"), STR("Frequency of the pulse per second."),
                  (double)t.pps_frequency / ppm, false },
                { STR("node_timex_pps_jitter_seconds"), STR("Jitter of the pulse per second."), (double)t.jitter / unit,
                  false },
                { STR("node_timex_pps_shift_seconds"), STR("Interval of the pulse per second."), (double)t.shift,
                  false },
                { STR("node_timex_pps_stability_hertz"),
                  STR("Average of recent frequency changes of the pulse per second."), (double)t.stability / ppm,
                  false },
                { STR("node_timex_pps_jitter_total"), STR("Pulses whose jitter was beyond the limit."),
                  (double)t.jitter_count, true },
                { STR("node_timex_pps_calibration_total"), STR("Calibration intervals of the pulse per second."),
                  (double)t.calibration_count, true },
                { STR("node_timex_pps_error_total"), STR("Calibration errors of the pulse per second."),
                  (double)t.error_count, true },
                { STR("node_timex_pps_stability_exceeded_total"), STR("Pulses whose stability was beyond the limit."),
                  (double)t.stability_count, true },
                { STR("node_timex_tai_offset_seconds"), STR("Offset of International Atomic Time."), (double)t.tai,
                  false },
        };
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
                metric_sink_single(sink, rows[i].name, rows[i].counter ? METRIC_TYPE_COUNTER : METRIC_TYPE_GAUGE,
                                   rows[i].help, rows[i].value);
        return true;
}

const Collector host_timex_collector = {
        .base = { COMPONENT_COLLECTOR, .name = "timex", .help = "How well the clock is disciplined." },
        .gather = timex_gather,
};
