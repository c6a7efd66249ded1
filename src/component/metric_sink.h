/* component/metric_sink.h - MetricSink: where collectors push what they measure, without knowing what becomes of it.
 *
 *     metric_sink_family(sink, STR("node_cpu_seconds_total"), METRIC_TYPE_COUNTER, STR("Seconds the CPUs spent in each
 * mode.")); metric_sink_put(sink, seconds, { STR("cpu"), STR("0") }, { STR("mode"), STR("idle") });
 *
 * A family may be named again later: the samples join, the first type and help stay. All strings are borrowed for the
 * call only. Labels need no order, have no empty values and no __name__; a name that comes twice keeps its last value.
 * One thread at a time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"
#include "model/labels.h"
#include "model/metadata.h"

typedef struct MetricSink MetricSink;
struct MetricSink {
        void (*family)(MetricSink *sink, Str name, MetricType type, Str help);
        /* suffix goes behind the family's name: "_bucket", "_sum", "_count", usually empty. */
        void (*sample)(MetricSink *sink, Str suffix, const Label *labels, size_t n, double value);
};

/* The family of the samples that follow. */
static inline void metric_sink_family(MetricSink *sink, Str name, MetricType type, Str help)
{
        sink->family(sink, name, type, help);
}
static inline void metric_sink_sample(MetricSink *sink, const Label *labels, size_t n, double value)
{
        sink->sample(sink, (Str){ 0 }, labels, n, value);
}
/* Of a histogram or summary. */
static inline void metric_sink_suffixed(MetricSink *sink, Str suffix, const Label *labels, size_t n, double value)
{
        sink->sample(sink, suffix, labels, n, value);
}
/* metric_sink_put(sink, value, { name, value }, ...): at least one label. */
#define metric_sink_put(sink, value, ...)                          \
        metric_sink_sample((sink), (const Label[]){ __VA_ARGS__ }, \
                           sizeof((const Label[]){ __VA_ARGS__ }) / sizeof(Label), (value))
/* A family with one sample without labels. */
static inline void metric_sink_single(MetricSink *sink, Str name, MetricType type, Str help, double value)
{
        metric_sink_family(sink, name, type, help);
        metric_sink_sample(sink, NULL, 0, value);
}
static inline void metric_sink_gauge(MetricSink *sink, Str name, Str help, double value)
{
        metric_sink_single(sink, name, METRIC_TYPE_GAUGE, help, value);
}
static inline void metric_sink_counter(MetricSink *sink, Str name, Str help, double value)
{
        metric_sink_single(sink, name, METRIC_TYPE_COUNTER, help, value);
}

/* ---- TextSink: text exposition 0.0.4 as client libraries write it: families sorted by name, samples by label values,
 * labels by name, numbers as Go's %g. Types that the format lacks are written as untyped. */
typedef struct TextSink {
        MetricSink sink; /* first: a TextSink is a MetricSink */
        Arena *arena;
        VEC(struct TextFamily *) families;
        struct TextFamily *current;
        struct TextFamilyMap *by_name;
        size_t repeated; /* samples that another one with the same name and labels replaced */
} TextSink;

/* What is pushed is kept in arena until it is written. */
void metric_sink_text_init(TextSink *text, Arena *arena);
/* Appends everything pushed so far. Families without samples are left out. */
void metric_sink_text_write(TextSink *text, Buf *out);

/* ---- CallbackSink: every sample as (Labels with __name__, value), for appending without text. */
typedef struct CallbackSink {
        MetricSink sink; /* first */
        /* labels are valid during the call. */
        void (*on_sample)(void *arg, Labels labels, double value);
        /* For metadata; may be NULL. Called for every naming of a family, also a repeated one. */
        void (*on_family)(void *arg, Str name, const Metadata *metadata);
        void *arg;
        Arena *scratch; /* owned; reset with every family */
        Str name;
        size_t ignored; /* samples before the first family */
} CallbackSink;

void metric_sink_callback_init(CallbackSink *callback, void (*on_sample)(void *arg, Labels labels, double value),
                               void (*on_family)(void *arg, Str name, const Metadata *metadata), void *arg);
void metric_sink_callback_done(CallbackSink *callback);
