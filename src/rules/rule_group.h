/* rules/rule_group.h - RuleGroupRun: a group while it lives: its rules, their alerts and outputs, its clock. Private.
 *
 * One evaluation at a time; status may be read by others under mu. */
#pragma once
#include "os/mutex.h"
#include "rules/rule_metrics.h"
#include "rules/rule_order.h"
#include "rules/rules.h"

/* A series that a rule wrote last time: what it no longer writes gets a stale marker. */
typedef struct OutputSeries {
        SeriesRef ref;
        uint64_t generation;
        Arena *memory; /* holds the labels */
} OutputSeries;

#define MAP_NAME OutputMap
#define MAP_FN_PREFIX output_map
#define MAP_KEY Labels
#define MAP_VAL OutputSeries
#define MAP_HASH(k) labels_hash(k)
#define MAP_EQ(a, b) labels_eq(a, b)
#include "base/map.inc.h"

typedef struct ActiveAlert {
        Arena *memory; /* labels; annotations live in texts */
        Arena *texts;  /* annotations, replaced at every evaluation */
        Labels labels, annotations;
        Labels source; /* of the series that it came from, without its name; kept for rules with hysteresis alone */
        uint64_t hits; /* evaluations in a row that found it */
        RuleAlertState state;
        double value;
        int64_t active_at_ms, fired_at_ms, resolved_at_ms, last_sent_at_ms, valid_until_ms, keep_firing_since_ms;
        uint64_t generation;
        bool held; /* restored, not yet seen by an evaluation */
} ActiveAlert;

#define MAP_NAME AlertMap
#define MAP_FN_PREFIX alert_map
#define MAP_KEY Labels
#define MAP_VAL ActiveAlert *
#define MAP_HASH(k) labels_hash(k)
#define MAP_EQ(a, b) labels_eq(a, b)
#include "base/map.inc.h"

typedef struct RuleRun {
        const Rule *rule;
        Labels labels;   /* the group's under the rule's; empty values stay: they take a label away */
        size_t namesake; /* how many rules of the group before it have its name and labels */
        RuleHealth health;
        char *last_error; /* owned; NULL: none */
        double eval_seconds;
        int64_t last_eval_ms;
        uint64_t generation, failures;
        size_t samples;       /* in the last result */
        AppendResult refusal; /* of the last evaluation: why the store did not take a sample; APPEND_OK: it took all */
        OutputMap outputs;
        AlertMap alerts;
        bool restored;       /* alerts were looked up in the state database */
        uint64_t saved_hash; /* of the document last written */
} RuleRun;

typedef struct RuleWatch RuleWatch;
typedef struct RuleGroupRun {
        const RulesOptions *options; /* borrowed from the manager */
        Arena *arena;                /* the definition below */
        RuleGroup group;
        int64_t interval_ms, query_offset_ms;
        Labels external_labels;
        int64_t next_ms;                /* manager's: when it is due */
        int64_t hold_until_ms;          /* restored alerts do not resolve before this */
        int64_t start_ms, last_tick_ms; /* of this program; of the one before it */
        bool running, retired;          /* manager's, under its lock */
        bool replay;                    /* not the real thing: nothing is counted or logged */
        bool no_texts;                  /* annotations are not expanded */
        const RuleWatch *watch;         /* may be NULL; borrowed */
        Mutex mu;                       /* guards what follows and the alerts, outputs and texts of runs */
        RuleRun *runs;
        RuleSteps steps;
        RuleGroupStats *stats; /* the manager's; NULL: a replay */
        double eval_seconds;
        int64_t last_eval_ms;
        size_t firing, pending;
} RuleGroupRun;

/* Who wants to know of alerts that begin, fire and end. Called under the group's lock. */
struct RuleWatch {
        void (*moved)(void *ctx, const RuleGroupRun *group, const RuleRun *run, const ActiveAlert *alert,
                      RuleAlertState from, int64_t ts_ms);
        void *ctx;
};

/* A deep copy, living in arena. */
void rule_group_copy(RuleGroup *to, const RuleGroup *from, const PromqlFeatures *features, Arena *arena);
/* A deep copy of `group` in a run of its own. */
RuleGroupRun *rule_group_new(const RulesOptions *options, const RuleGroup *group, Labels external_labels,
                             int64_t interval_ms, int64_t query_offset_ms);
void rule_group_free(RuleGroupRun *run);
/* Moves alerts and outputs of rules that are the same (name and labels) out of `old`. */
void rule_group_inherit(RuleGroupRun *run, RuleGroupRun *old);
/* Evaluates every rule at ts_ms, in order. */
void rule_group_eval(RuleGroupRun *group, int64_t ts_ms);
/* Evaluates every rule at n times from ts_ms on, an interval apart, one rule after the other: the same results as n times
 * rule_group_eval when no rule reads what itself or one behind it writes. */
void rule_group_eval_range(RuleGroupRun *group, int64_t ts_ms, size_t n);
/* The first multiple of the interval, shifted by the group's phase, that is later than now. */
int64_t rule_group_next_slot(const RuleGroupRun *group, int64_t now_ms);
/* Stale markers for everything the group still has: it is gone from the configuration. */
void rule_group_end(RuleGroupRun *group, int64_t ts_ms);

/* rule_status.c: a copy for others. */
void rule_status_of(RuleGroupRun *group, Arena *arena, RuleGroupStatus *ret);

/* ---- one rule (rule_alerting.c, rule_output.c) */
/* Turns the vector into alert states; true outputs are written to appender. Fails the rule as a whole. second: the result of
 * the rule's hold or recovery expression; NULL: it has none, or nothing fires. */
MUST_CHECK bool rule_alerting_eval(RuleGroupRun *group, RuleRun *run, const PromqlResult *result,
                                   const PromqlResult *second, int64_t ts_ms, Appender *appender, Arena *arena,
                                   Err *err);
bool rule_alerting_any_fires(RuleGroupRun *group, const RuleRun *run);
/* Sends what needs sending to the sink. */
void rule_alerting_send(RuleGroupRun *group, RuleRun *run, int64_t ts_ms, Arena *arena);
/* Reads and writes the rule's alerts in the state database. */
void rule_alerting_restore(RuleGroupRun *group, RuleRun *run);
void rule_alerting_save(RuleGroupRun *group, RuleRun *run, int64_t ts_ms);
void rule_alerting_free(ActiveAlert *alert);
void rule_alerting_clear(RuleRun *run);

/* Appends one output sample (h NULL: v) and remembers the series. */
AppendResult rule_output_write(RuleRun *run, Labels labels, int64_t t_ms, double v, const Histogram *h,
                               Appender *appender);
const char *rule_output_refusal(const RuleRun *run);
/* Stale markers for the outputs that this generation did not write. */
void rule_output_end_missing(RuleRun *run, int64_t t_ms, Appender *appender);
void rule_output_clear(RuleRun *run);
MUST_CHECK bool rule_output_record(RuleGroupRun *group, RuleRun *run, const PromqlResult *result, int64_t ts_ms,
                                   Appender *appender, Arena *arena, Err *err);

/* rules_replay.c */
RuleGroupRun *rules_replay_group(RulesReplay *replay, size_t group);
