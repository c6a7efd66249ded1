/* app/app_config.h - AppConfig: everything the configuration says, bound and checked, with its one lifetime.
 *
 * --config names a pharos.yml, or a bare prometheus.yml or alertmanager.yml (known by their keys). Without one, the
 * defaults watch this machine. Loading is all or nothing; every complaint has a place. */
#pragma once
#include "alert/alert.h"
#include "alert/alert_matchers.h"
#include "collect/collect.h"
#include "config/diag.h"
#include "notify/notify.h"
#include "rules/rules.h"
#include "scrape/scrape.h"

typedef struct AppCollect {
        bool enabled;
        int64_t interval_ms;
        CollectHostOptions host;
} AppCollect;

typedef struct AppSelf {
        bool enabled;
        int64_t interval_ms;
} AppSelf;

/* Series that the selector names are kept so long. */
typedef struct AppRetention {
        Str selector;
        int64_t retention_ms;
        Matchers matchers; /* of the selector */
} AppRetention;

/* What is kept of samples that are past their retention. */
typedef struct AppRollup {
        int64_t resolution_ms, retention_ms;
} AppRollup;

typedef struct AppStorage {
        int64_t retention_ms; /* 0: not said */
        uint64_t retention_bytes;
        StructList retention_rules; /* AppRetention */
        StructList rollups;         /* AppRollup */
        int64_t out_of_order_window_ms;
        uint64_t max_series, max_series_per_metric, max_label_values; /* 0: no limit */
        uint64_t max_exemplars;                                       /* 0: none */
} AppStorage;

typedef struct AppConfig {
        Arena *arena; /* holds all of this */
        Str path;     /* empty: the defaults */
        Str text;     /* as read, for the status page */
        AppCollect collect;
        AppSelf self;
        AppStorage storage;
        ScrapeGlobal global;
        ScrapeConfig *scrape;
        size_t n_scrape;
        RuleFile *rule_files;
        size_t n_rule_files;
        const RulesPeers *peers; /* other Alertmanagers */
        AlertConfig alert;
        NotifyReceivers *receivers;
} AppConfig;

/* path NULL: the defaults. The diags live in the configuration's arena when it loads, else in diags->arena. Returns NULL
 * when there was an error. */
AppConfig *app_config_load(const char *path, const PromqlFeatures *features, AlertMatcherMode matchers, Diags *diags);
void app_config_free(AppConfig *config);
/* Checks one file, whatever it is (as_rules: a rule file): pharos.yml, prometheus.yml, alertmanager.yml, or a rule file, which is read in
 * this dialect. ret_found
 * (NULL: not asked): what is legal but most likely not meant is warned about too (rules_lint, and what belongs to the configuration), and
 * counted. */
bool app_config_check_file(const char *path, const RulesDialect *dialect, AlertMatcherMode matchers, bool as_rules,
                           Diags *diags, Str *ret_kind, size_t *ret_found);
/* The text with values of secret keys replaced by <secret>. */
Str app_config_masked(const AppConfig *config, Arena *arena);
/* The reference of all options as Markdown. */
void app_config_document(Buf *out);
