/* rules/rules.h - rule files in Prometheus' format, and the manager that evaluates them.
 *
 * The manager is driven: rules_manager_tick evaluates the groups whose time has come and says when to call again; the
 * owner has a timer. Groups run on the pool; the rules of one group run in order at the group's scheduled time, or, where
 * nobody can tell the difference, some of them at once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "config/diag.h"
#include "config/option.h"
#include "gotmpl/gotmpl.h"
#include "model/alert_msg.h"
#include "net/http_client.h"
#include "os/clock.h"
#include "promql/promql.h"
#include "statedb/statedb.h"
#include "store/store.h"
#include "sync/pool.h"

typedef struct Rule {
        Str name; /* alert or record */
        bool alerting;
        Str expr_text;
        const Expr *expr;
        int64_t for_ms, keep_firing_for_ms;
        Labels labels, annotations; /* templates as written */
        YamlPos pos;
        /* Beyond upstream. expr_text is the whole of it: prediction_window is already worked in. */
        uint64_t consecutive_failures; /* fires only after so many evaluations in a row; 0: as 1 */
        Str hold_text;                 /* a firing alert goes on while this gives its series (recovery_threshold) */
        const Expr *hold;              /* NULL: none */
        Str recovery_text;             /* a firing alert goes on until this gives a series whose labels it has */
        const Expr *recovery;          /* NULL: none */
} Rule;
typedef struct RuleGroup {
        Str name, file;
        int64_t interval_ms;     /* 0: the manager's default */
        int64_t query_offset_ms; /* -1: the manager's default */
        uint64_t limit;
        Labels labels;
        Rule *rules;
        size_t n;
} RuleGroup;
typedef struct RuleFile {
        Str path;
        RuleGroup *groups;
        size_t n;
} RuleFile;

typedef struct RulesDialect {
        PromqlFeatures features;
        bool legacy_names;   /* label and metric names must be [a-zA-Z_]...: metric_name_validation_scheme: legacy */
        bool strict_texts;   /* a text that would fail whenever its alert fires is an error; else a warning */
        bool fragments;      /* a list of rules alone is taken for the rules of one group */
        bool ignore_unknown; /* keys that the format does not have are passed over */
} RulesDialect;

/* Parses and checks a rule file: keys, expressions (positions inside the expression), durations, templates, names,
 * duplicates. Only the first document is read, as upstream does. All complaints go to diags; false when there was an error.
 * Lives in arena. */
bool rules_parse(Str text, Str path, const RulesDialect *dialect, Arena *arena, Diags *diags, RuleFile *ret);
/* The same of a document that was read: {groups: [...]}. */
bool rules_bind(const YamlNode *doc, const RulesDialect *dialect, const OptionCtx *ctx, RuleFile *ret);
bool rules_load_file(const char *path, const RulesDialect *dialect, Arena *arena, Diags *diags, RuleFile *ret);

/* Legal and yet most likely not meant: warnings "[name] 'rule': what happens, and what to write instead". Returns how many.
 * Names: those of promql/lint.h, missing-for, for-below-interval, rate-as-ratio, single-window-burn-rate, label-not-in-result,
 * duplicate-rules, long-interval. */
size_t rules_lint(const RuleFile *files, size_t n, Diags *diags);

/* The keys of a rule file as Markdown. */
void rules_document(Buf *out);

typedef struct RulesOptions {
        PromqlEngine *engine;
        StoreEngine *store;
        Pool *pool; /* may be NULL */
        const Clock *clock;
        StateDb *statedb; /* alert states over restarts; may be NULL */
        AlertSink sink;   /* who gets firing and resolved alerts; put may be NULL */
        Labels external_labels;
        Str external_url;
        int64_t default_interval_ms, default_query_offset_ms;
        int64_t resend_delay_ms;     /* 0: 1 minute */
        int64_t outage_tolerance_ms; /* after a longer outage, pending alerts start anew; 0: 1 h */
        size_t max_concurrent_evals; /* rules of one group at a time that do not depend on each other; 0, 1: one */
        void (*on_change)(void *ctx, size_t firing, size_t pending); /* any thread; may be NULL */
        void *on_change_ctx;
} RulesOptions;

typedef struct RulesManager RulesManager;
RulesManager *rules_manager_new(const RulesOptions *options); /* returns owned */
void rules_manager_free(RulesManager *manager);               /* waits for running evaluations */
/* Replaces the rules; alert states of unchanged rules (by file, group, name, labels) are carried over, those of rules that
 * are gone are forgotten, also in the state database. Everything is copied out of the files. default_interval_ms 0 keeps the
 * interval as it is. Waits for running evaluations. */
void rules_manager_apply(RulesManager *manager, const RuleFile *files, size_t n, Labels external_labels,
                         int64_t default_interval_ms, int64_t default_query_offset_ms);
/* Starts the evaluations that are due by the clock (waits for them when there is no pool); returns the milliseconds until
 * the next is due. */
int64_t rules_manager_tick(RulesManager *manager);

typedef enum RuleAlertState { ALERT_INACTIVE, ALERT_PENDING, ALERT_FIRING } RuleAlertState;
const char *rules_state_name(RuleAlertState state);
typedef enum RuleHealth { RULE_UNKNOWN, RULE_OK, RULE_ERR } RuleHealth;
typedef struct RuleAlert {
        Labels labels, annotations;
        RuleAlertState state;
        int64_t active_at_ms, keep_firing_since_ms; /* 0: not set */
        double value;
} RuleAlert;
typedef struct RuleStatus {
        bool alerting;
        Str name, query;
        Labels labels, annotations;
        int64_t for_ms, keep_firing_for_ms;
        uint64_t consecutive_failures; /* 0: not said */
        Str recovery;                  /* what ends it, or keeps it: see Rule; empty: not said */
        RuleHealth health;
        Str last_error;
        double eval_seconds;
        int64_t last_eval_ms;
        RuleAlertState state;
        RuleAlert *alerts;
        size_t n_alerts;
} RuleStatus;
typedef struct RuleGroupStatus {
        Str name, file;
        int64_t interval_ms, last_eval_ms;
        uint64_t limit;
        double eval_seconds;
        RuleStatus *rules;
        size_t n;
} RuleGroupStatus;
/* A copy of everything, living in arena; groups sorted by file and name, as upstream shows them. */
void rules_manager_status(RulesManager *manager, Arena *arena, RuleGroupStatus **ret, size_t *ret_n);

/* ---- evaluation at given times, with neither manager nor pool nor database: unit tests of rules, backtests. What rules
 * write goes to options->store, their alerts to options->sink; nothing is counted or logged. One thread. */
typedef struct RulesReplay RulesReplay;
/* Copies the rules; groups come in the order of the files. Returns owned. */
RulesReplay *rules_replay_new(const RulesOptions *options, const RuleFile *files, size_t n, Labels external_labels);
void rules_replay_free(RulesReplay *replay);
DEFINE_AUTO(RulesReplay *, rules_replay_free);
size_t rules_replay_len(const RulesReplay *replay); /* of groups */
int64_t rules_replay_interval_ms(const RulesReplay *replay, size_t group);
/* Evaluates one group as of ts_ms; errors are in the status. Times rise. */
void rules_replay_eval(RulesReplay *replay, size_t group, int64_t ts_ms);
/* A copy living in arena; groups by index. */
void rules_replay_status(RulesReplay *replay, size_t group, Arena *arena, RuleGroupStatus *ret);

/* ---- backtest: when would each alert have fired? Groups run at the times at which the manager would run them. */
typedef struct RulesBacktestOptions {
        PromqlEngine *engine;
        StoreEngine
                *store; /* only read: what the rules record goes to memory, and hides what is stored under its names */
        int64_t start_ms, end_ms;
        Labels external_labels;
        Str external_url;
        int64_t default_interval_ms, default_query_offset_ms, resend_delay_ms; /* 0: as the manager's */
        /* What the router would have got, by rising time; it begins before start_ms, so that what fired then is known. Its time
         * is updated_at_ms. put may be NULL. */
        AlertSink sink;
        const Cancel *cancel; /* may be NULL */
} RulesBacktestOptions;
enum { RULES_BACKTEST_MAX_EVALUATIONS = 50000000, RULES_BACKTEST_MAX_FIRINGS = 100000 };
typedef struct RulesFiring {
        Labels labels;                                     /* without external ones */
        int64_t active_at_ms, fired_at_ms, resolved_at_ms; /* resolved 0: it still fires at the end */
        double value;                                      /* when it fired */
} RulesFiring;
typedef struct RulesBacktestRule {
        Str group, file, name, expr;
        bool alerting;
        uint64_t evaluations, failures;
        Str last_error;
        RulesFiring *firings; /* by rising fired_at_ms */
        size_t n;
} RulesBacktestRule;
typedef struct RulesBacktest {
        RulesBacktestRule *rules; /* in the order of the files */
        size_t n;
        bool stepwise; /* rules read what rules behind them write: every time was evaluated alone */
} RulesBacktest;
/* Everything in *ret lives in arena. ERR_LIMIT: too long a time for these intervals, or too many firings. */
MUST_CHECK bool rules_backtest(const RulesBacktestOptions *options, const RuleFile *files, size_t n, Arena *arena,
                               RulesBacktest *ret, Err *err);
/* Changes the rules before a backtest: "threshold=0.9", "HighLatency.for=10m"; threshold (the number that
 * the expression compares with), for, keep_firing_for, consecutive_failures, interval (of the groups). Without a rule's name: all
 * alerting rules that have it. *ret_n: how many changed; none is an error. New texts live in arena. */
MUST_CHECK bool rules_override(RuleFile *files, size_t n, Str setting, const PromqlFeatures *features, Arena *arena,
                               size_t *ret_n, Err *err);
/* A file with those rules of one group alone that have this name, copied; expressions may be changed. False: no such group, or no such rule. */
MUST_CHECK bool rules_pick(const RuleFile *files, size_t n, Str file, Str group, Str rule,
                           const PromqlFeatures *features, Arena *arena, RuleFile *ret);

/* ---- Alertmanagers elsewhere: what a prometheus.yml lists below `alerting`. */
typedef struct RulesPeers RulesPeers;
/* alerting may be NULL: there are none. Lives in ctx->arena. */
bool rules_peers_bind(const YamlNode *alerting, const OptionCtx *ctx, const RulesPeers **ret);
typedef struct RulesForward RulesForward;
/* A sink that hands everything to next (put may be NULL) and sends it to the Alertmanagers applied. Returns owned. */
RulesForward *rules_forward_new(HttpClient *client, AlertSink next);
void rules_forward_free(RulesForward *forward); /* after the client's end, or when nothing is under way */
/* Borrowed until the next apply. Queues of Alertmanagers that stay are kept. */
void rules_forward_apply(RulesForward *forward, const RulesPeers *peers);
AlertSink rules_forward_sink(RulesForward *forward);
/* Where alerts are sent. */
void rules_forward_urls(RulesForward *forward, Arena *arena, Str **ret, size_t *ret_n);
/* The keys of an entry of `alertmanagers` as Markdown. */
void rules_forward_document(Buf *out);
