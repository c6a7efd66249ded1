/* Not series of the registry, which never forgets one: a group that is gone must not go on being shown with its last time.
 *
 * Locks: `mu` guards the list; values are atomic. Nothing is called under it. */
#include "rules/rule_metrics.h"

#include <stdatomic.h>

#include "base/attr.h"
#include "base/bits.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/metric.h"
#include "base/vec.h"
#include "os/mutex.h"
#include "rules/rule_summary.h"

enum {
        INTERVAL,
        LAST_SECONDS,
        LAST_RULE_SECONDS,
        LAST_TIME,
        LAST_SAMPLES,
        RULES,
        ITERATIONS,
        MISSED,
        EVALUATIONS,
        FAILURES,
        RESTORE_SECONDS,
        N_VALUES
};

struct RuleGroupStats {
        struct RuleMetrics *owner;
        char *label;                           /* "file;group", as upstream names a group */
        atomic_uint_fast64_t values[N_VALUES]; /* counters as they are, the others as the bits of a double */
        bool kept;
};

struct RuleMetrics {
        Mutex mu;
        VEC(RuleGroupStats *) groups;
        RuleSummary *rule_seconds, *group_seconds;
};

static void write_values(void *ctx, const MetricFamily *family, Buf *out);
static void write_rule_seconds(void *ctx, const MetricFamily *family, Buf *out);
static void write_group_seconds(void *ctx, const MetricFamily *family, Buf *out);

#define GROUP_FAMILY(kind_, name_, help_, which_) \
        { .kind = METRIC_KIND_##kind_,            \
          .name = (name_),                        \
          .help = (help_),                        \
          .labels = { "rule_group" },             \
          .write = write_values,                  \
          .write_arg = (which_) }
static MetricFamily families[] /* NOLINT: of the registry */ = {
        GROUP_FAMILY(GAUGE, "prometheus_rule_group_interval_seconds", "The interval of a rule group.", INTERVAL),
        GROUP_FAMILY(GAUGE, "prometheus_rule_group_last_duration_seconds",
                     "The duration of the last evaluation of a rule group.", LAST_SECONDS),
        GROUP_FAMILY(GAUGE, "prometheus_rule_group_last_rule_duration_sum_seconds",
                     "The sum of the durations of the rules in the last evaluation of a rule group.",
                     LAST_RULE_SECONDS),
        GROUP_FAMILY(GAUGE, "prometheus_rule_group_last_evaluation_timestamp_seconds",
                     "The time of the last evaluation of a rule group.", LAST_TIME),
        GROUP_FAMILY(GAUGE, "prometheus_rule_group_last_evaluation_samples",
                     "The samples that the last evaluation of a rule group gave.", LAST_SAMPLES),
        GROUP_FAMILY(GAUGE, "prometheus_rule_group_rules", "The number of rules.", RULES),
        GROUP_FAMILY(COUNTER, "prometheus_rule_group_iterations_total",
                     "Evaluations of a rule group that were due, missed ones among them.", ITERATIONS),
        GROUP_FAMILY(COUNTER, "prometheus_rule_group_iterations_missed_total",
                     "Evaluations of a rule group that were skipped.", MISSED),
        GROUP_FAMILY(COUNTER, "prometheus_rule_evaluations_total", "Rules evaluated.", EVALUATIONS),
        GROUP_FAMILY(COUNTER, "prometheus_rule_evaluation_failures_total", "Rules whose evaluation failed.", FAILURES),
        GROUP_FAMILY(GAUGE, "prometheus_rule_group_last_restore_duration_seconds",
                     "The time that it took to look up a rule group's alerts after the last start.", RESTORE_SECONDS),
        { .kind = METRIC_KIND_SUMMARY,
          .name = "prometheus_rule_evaluation_duration_seconds",
          .help = "The duration of evaluations of rules.",
          .write = write_rule_seconds },
        { .kind = METRIC_KIND_SUMMARY,
          .name = "prometheus_rule_group_duration_seconds",
          .help = "The duration of evaluations of rule groups.",
          .write = write_group_seconds },
};

__attribute__((constructor)) static void register_families(void)
{
        for (size_t i = 0; i < ARRAY_LEN(families); i++)
                metric_register(&families[i]);
}

static void write_values(void *ctx, const MetricFamily *family, Buf *out)
{
        RuleMetrics *m = ctx;
        MUTEX_SCOPE(&m->mu);
        vec_each(g, &m->groups)
                metric_write_one(out, family, (*g)->label, atomic_load(&(*g)->values[family->write_arg]));
}

static void write_rule_seconds(void *ctx, const MetricFamily *family, Buf *out)
{
        static const double quantiles[] = { 0.5, 0.9, 0.99 };
        const RuleMetrics *m = ctx;
        rule_summary_write(m->rule_seconds, family->name, quantiles, ARRAY_LEN(quantiles), out);
}

static void write_group_seconds(void *ctx, const MetricFamily *family, Buf *out)
{
        static const double quantiles[] = { 0.01, 0.05, 0.5, 0.9, 0.99 };
        const RuleMetrics *m = ctx;
        rule_summary_write(m->group_seconds, family->name, quantiles, ARRAY_LEN(quantiles), out);
}

static void show(RuleMetrics *m)
{
        for (size_t i = 0; i < ARRAY_LEN(families); i++)
                metric_write_with(&families[i], m);
}

RuleMetrics *rule_metrics_new(void)
{
        RuleMetrics *m = mem_new(RuleMetrics);
        mutex_init(&m->mu);
        m->rule_seconds = rule_summary_new();
        m->group_seconds = rule_summary_new();
        show(m);
        return m;
}

static void free_stats(RuleGroupStats *stats)
{
        mem_free(stats->label);
        mem_free(stats);
}

void rule_metrics_free(RuleMetrics *m)
{
        for (size_t i = 0; i < ARRAY_LEN(families); i++)
                metric_write_without(&families[i], m);
        vec_each(g, &m->groups)
                free_stats(*g);
        vec_done(&m->groups);
        rule_summary_free(m->rule_seconds);
        rule_summary_free(m->group_seconds);
        mutex_done(&m->mu);
        mem_free(m);
}

void rule_metrics_begin(RuleMetrics *m)
{
        MUTEX_SCOPE(&m->mu);
        vec_each(g, &m->groups)
                (*g)->kept = false;
}

static void set(RuleGroupStats *stats, int which, double v) { atomic_store(&stats->values[which], bits_of_double(v)); }

RuleGroupStats *rule_metrics_add(RuleMetrics *m, Str file, Str group, int64_t interval_ms, size_t rules)
{
        Buf label = { 0 };
        RuleGroupStats *found = NULL;
        buf_printf(&label, STR_FMT ";" STR_FMT, STR_ARG(file), STR_ARG(group));
        mutex_lock(&m->mu);
        vec_each(g, &m->groups)
                if (!(*g)->kept && str_eq(str_of((*g)->label), buf_str(&label))) {
                        found = *g;
                        break;
                }
        if (!found) {
                found = mem_new(RuleGroupStats);
                found->owner = m;
                found->label = mem_strndup(label.p, label.n);
                vec_push(&m->groups, found);
        }
        found->kept = true;
        set(found, INTERVAL, (double)interval_ms / 1000);
        set(found, RULES, (double)rules);
        mutex_unlock(&m->mu);
        buf_done(&label);
        return found;
}

void rule_metrics_end(RuleMetrics *m)
{
        MUTEX_SCOPE(&m->mu);
        size_t n = 0;
        vec_each(g, &m->groups) {
                if ((*g)->kept)
                        m->groups.data[n++] = *g;
                else
                        free_stats(*g);
        }
        m->groups.len = n;
}

void rule_metrics_note(RuleGroupStats *stats, int64_t ts_ms, double seconds, double rule_seconds, size_t samples)
{
        set(stats, LAST_SECONDS, seconds);
        set(stats, LAST_RULE_SECONDS, rule_seconds);
        set(stats, LAST_TIME, (double)ts_ms / 1000);
        set(stats, LAST_SAMPLES, (double)samples);
        atomic_fetch_add(&stats->values[ITERATIONS], 1);
        rule_summary_observe(stats->owner->group_seconds, seconds, ts_ms);
}

void rule_metrics_restored(RuleGroupStats *stats, double seconds)
{
        set(stats, RESTORE_SECONDS, bits_to_double(atomic_load(&stats->values[RESTORE_SECONDS])) + seconds);
}

void rule_metrics_count(RuleGroupStats *stats, int64_t ts_ms, double seconds, bool failed)
{
        rule_summary_observe(stats->owner->rule_seconds, seconds, ts_ms);
        atomic_fetch_add(&stats->values[EVALUATIONS], 1);
        atomic_fetch_add(&stats->values[FAILURES], failed);
}

void rule_metrics_missed(RuleGroupStats *stats, uint64_t n)
{
        atomic_fetch_add(&stats->values[MISSED], n);
        atomic_fetch_add(&stats->values[ITERATIONS], n);
}
