/* base/metric.h - pharos' own metrics: declared beside the code that they count, gathered in one registry.
 *
 *     METRIC_COUNTER(appended, "pharos_tsdb_samples_appended_total", "Samples accepted by the head.");
 *     metric_add(&appended, n);
 *     METRIC_FAMILY(dropped, METRIC_KIND_COUNTER, "pharos_scrape_samples_dropped_total", "Samples dropped, by reason.", "reason");
 *     metric_add(metric_of(&dropped, STR("duplicate")), 1);
 *
 * All functions are thread-safe; metric_add and metric_set are one atomic operation. Registration happens before main. */
#pragma once
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

typedef enum MetricKind {
        METRIC_KIND_COUNTER,
        METRIC_KIND_GAUGE,
        METRIC_KIND_HISTOGRAM,
        METRIC_KIND_SUMMARY
} MetricKind; /* summaries: with `write` alone */
enum { METRIC_MAX_LABELS = 3, METRIC_BUCKETS = 14 };

/* One series. Histogram buckets (seconds): 0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 10 60 +Inf. */
typedef struct Metric {
        struct Metric *next;
        _Atomic uint64_t bits;     /* counters: an integer; gauges: the bits of a double; histograms: the sum */
        _Atomic uint64_t *buckets; /* METRIC_BUCKETS + 1 counts, histograms only */
        const char *values[METRIC_MAX_LABELS];
} Metric;

typedef struct MetricFamily {
        struct MetricFamily *next;
        MetricKind kind;
        const char *name, *help;
        const char *labels[METRIC_MAX_LABELS]; /* NULL-terminated unless full */
        double (*read)(void *ctx);             /* gauges and counters computed when read; may be NULL */
        void *read_ctx;
        Metric *_Atomic series;
        /* For series that come and go: their owner writes them, with metric_write_one. */
        void (*write)(void *ctx, const struct MetricFamily *family, Buf *out);
        void *write_ctx; /* NULL: nothing is written */
        int write_arg;   /* the owner's */
} MetricFamily;

void metric_register(MetricFamily *family);
/* Finds or makes the series with these label values (as many as the family has labels). Never freed: keep them bounded. */
Metric *metric_with(MetricFamily *family, const Str *values);
#define metric_of(family, ...) metric_with((family), (const Str[METRIC_MAX_LABELS]){ __VA_ARGS__ })
void metric_inc_by(Metric *m, uint64_t n);            /* counters */
void metric_set_value(Metric *m, double v);           /* gauges */
void metric_observe_value(Metric *m, double seconds); /* histograms */
uint64_t metric_count(const Metric *m);               /* a counter's value, for tests and status pages */
/* Who writes a family's series from now on; and no more, when it is still ctx. write is called with the registry's lock held:
 * it registers nothing and asks for no series. Both wait for a call that runs. */
void metric_write_with(MetricFamily *family, void *ctx);
void metric_write_without(MetricFamily *family, const void *ctx);
/* One series of a family with one label; bits as in Metric. */
void metric_write_one(Buf *out, const MetricFamily *family, const char *value, uint64_t bits);
/* Text exposition 0.0.4 of the whole registry, families sorted by name. */
void metric_write_text(Buf *out);

/* A family without labels and its only series. NOLINT: these are the globals that the project has, the registry's. */
#define METRIC_ONE_(var, kind_, name_, help_)                                                                  \
        static MetricFamily var##_family /* NOLINT */ = { .kind = (kind_), .name = (name_), .help = (help_) }; \
        static Metric *var; /* NOLINT */                                                                       \
        __attribute__((constructor)) static void metric_register_##var(void)                                   \
        {                                                                                                      \
                metric_register(&var##_family);                                                                \
                var = metric_with(&var##_family, NULL); /* NOLINT(bugprone-macro-parentheses) */               \
        }                                                                                                      \
        _Static_assert(1, "")
#define METRIC_COUNTER(var, name, help) METRIC_ONE_(var, METRIC_KIND_COUNTER, name, help)
#define METRIC_GAUGE(var, name, help) METRIC_ONE_(var, METRIC_KIND_GAUGE, name, help)
#define METRIC_HISTOGRAM(var, name, help) METRIC_ONE_(var, METRIC_KIND_HISTOGRAM, name, help)
/* A family with up to three labels; the variable is the family itself, series come from metric_of(&var, ...). */
#define METRIC_FAMILY(var, kind_, name_, help_, ...)                                                    \
        static MetricFamily var /* NOLINT */ = {                                                        \
                .kind = (kind_), .name = (name_), .help = (help_), .labels = { __VA_ARGS__ }            \
        };                                                                                              \
        __attribute__((constructor)) static void metric_register_##var(void) { metric_register(&var); } \
        _Static_assert(1, "")
#define metric_add(m, n) metric_inc_by((m), (uint64_t)(n))
#define metric_set(m, v) metric_set_value((m), (double)(v))
#define metric_observe(m, v) metric_observe_value((m), (v))
