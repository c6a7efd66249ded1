/* app/app_ruletest.h - AppRuletest: a file of rule unit tests, in promtool's format, and the run of one of its tests. */
#pragma once
#include "config/diag.h"
#include "model/regex.h"
#include "promql/ast.h"
#include "rules/rules.h"

typedef struct AppRuletestSeries {
        Str series, values;
        YamlPos pos;
} AppRuletestSeries;

typedef struct AppRuletestAlert { /* one that must fire */
        Labels labels, annotations;
} AppRuletestAlert;

typedef struct AppRuletestAlertCase {
        int64_t eval_time_ms;
        Str alertname;
        AppRuletestAlert *expected;
        size_t n;
        YamlPos pos;
} AppRuletestAlertCase;

typedef struct AppRuletestSample {
        Str labels, histogram;
        double value; /* compared also beside a histogram, whose own is 0 */
} AppRuletestSample;

typedef struct AppRuletestExprCase {
        Str expr;
        int64_t eval_time_ms;
        AppRuletestSample *expected;
        size_t n;
        YamlPos pos;
} AppRuletestExprCase;

typedef struct AppRuletestGroup { /* one of the file's `tests` */
        Str name;
        int64_t interval_ms, start_ms;
        AppRuletestSeries *series;
        AppRuletestAlertCase *alerts;
        AppRuletestExprCase *exprs;
        size_t n_series, n_alerts, n_exprs;
        Labels external_labels;
        Str external_url;
        YamlPos pos;
        bool chosen; /* by AppRuletestOptions.run */
} AppRuletestGroup;

typedef struct AppRuletest {
        Str path;
        int64_t evaluation_interval_ms;
        bool fuzzy_compare;
        Str *group_order; /* names of rule groups that are evaluated first, in this order */
        size_t n_group_order;
        RuleFile *rules;
        size_t n_rules;
        AppRuletestGroup *tests;
        size_t n;
} AppRuletest;

typedef struct AppRuletestOptions {
        PromqlFeatures features;
        bool ignore_unknown; /* keys that the format of rule files does not have are passed over */
        bool diff;           /* differences line by line instead of both lists */
        Regex *const *run;   /* tests whose name one of them finds; none: all */
        size_t n_run;
} AppRuletestOptions;

/* Reads the file, and the rule files that it names when a test is chosen. All complaints go to diags; everything lives in arena. */
bool app_ruletest_load(const char *path, const AppRuletestOptions *options, Arena *arena, Diags *diags,
                       AppRuletest *ret);
/* Runs one test over a store of its own. What is not as expected is appended to failures, in promtool's words; returns how
 * many things that were. */
size_t app_ruletest_run(const AppRuletest *file, const AppRuletestGroup *test, const AppRuletestOptions *options,
                        Buf *failures);
