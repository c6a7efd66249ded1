/* Reading a file of rule unit tests: promtool's keys through option tables.
 *
 * Invariant: a file with one error runs nothing; all its errors, and those of its rule files, come together. */
#include "app/app_ruletest.h"

#include <glob.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/rfc3339.h"
#include "codec/floats.h"
#include "config/option.h"

enum { DEFAULT_INTERVAL_MS = 60000 };

static void keep_pos(YamlPos *field, const YamlNode *node) { *field = node ? node->pos : (YamlPos){ 0 }; }

/* ---- exp_alerts */

typedef struct AlertYaml {
        Labels labels, annotations;
} AlertYaml;

static const Option alert_options[] = {
        { "exp_labels", OPT_TEXTS, offsetof(AlertYaml, labels), .help = "Its labels but alertname." },
        { "exp_annotations", OPT_TEXTS, offsetof(AlertYaml, annotations), .help = "Its annotations." },
        OPTION_END,
};
static const OptionTable alert_table = { "exp_alerts", alert_options, sizeof(AlertYaml), NULL };

/* ---- alert_rule_test */

typedef struct AlertCaseYaml {
        int64_t eval_time_ms;
        Str alertname;
        StructList expected;
        YamlPos pos;
} AlertCaseYaml;

static void keep_alert_case(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        keep_pos(&((AlertCaseYaml *)self)->pos, node);
}

static const Option alert_case_options[] = {
        { "eval_time", OPT_DURATION, offsetof(AlertCaseYaml, eval_time_ms), .help = "When, from the test's start." },
        { "alertname", OPT_STR, offsetof(AlertCaseYaml, alertname), .help = "The alert that is looked at." },
        { "exp_alerts", OPT_STRUCT_LIST, offsetof(AlertCaseYaml, expected), .table = &alert_table,
          .help = "What must fire then, and nothing else." },
        OPTION_END,
};
static const OptionTable alert_case_table = { "alert_rule_test", alert_case_options, sizeof(AlertCaseYaml),
                                              keep_alert_case };

/* ---- promql_expr_test */

/* .nan, .inf, +.inf and -.inf, in lower or upper case or with a capital. */
static bool parse_special(Str text, double *ret)
{
        static const char *const spellings[][2] = { { ".nan", "nan" },   { ".NaN", "nan" },   { ".NAN", "nan" },
                                                    { ".inf", "inf" },   { ".Inf", "inf" },   { ".INF", "inf" },
                                                    { "+.inf", "inf" },  { "+.Inf", "inf" },  { "+.INF", "inf" },
                                                    { "-.inf", "-inf" }, { "-.Inf", "-inf" }, { "-.INF", "-inf" } };
        for (size_t i = 0; i < ARRAY_LEN(spellings); i++)
                if (str_eq(text, str_of(spellings[i][0])))
                        return floats_parse(str_of(spellings[i][1]), ret);
        return false;
}

/* 0x1f, 0b11, 0o17, 017: whole numbers to another base. text has no sign. */
static bool parse_based(Str text, double *ret)
{
        static const char *const prefixes = "xXbBoO";
        static const double bases[] = { 16, 16, 2, 2, 8, 8 };
        if (text.n < 2 || text.p[0] != '0')
                return false;
        const char *prefix = text.p[1] ? strchr(prefixes, text.p[1]) : NULL;
        double base = prefix ? bases[prefix - prefixes] : 8;
        double v = 0;
        for (size_t i = prefix ? 2 : 1; i < text.n; i++) {
                const char *digits = "0123456789abcdef";
                const char *digit = strchr(digits, text.p[i] | (text.p[i] >= 'A' ? 0x20 : 0));
                if (!digit || (double)(int)(digit - digits) >= base)
                        return false;
                v = v * base + (double)(int)(digit - digits);
        }
        *ret = v;
        return !prefix || text.n > 2;
}

/* A number as YAML 1.1 has them. */
static bool parse_value(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        char text[64];
        size_t n = 0;
        double v;
        if (node->kind == YAML_NULL)
                return true;
        bool plain = node->kind == YAML_SCALAR && !node->quoted && node->text.n < sizeof text;
        for (size_t i = 0; plain && i < node->text.n; i++)
                if (node->text.p[i] != '_')
                        text[n++] = node->text.p[i];
        size_t sign = n && (text[0] == '-' || text[0] == '+');
        bool digits = n > sign && strchr("0123456789.", text[sign]);
        if (plain && n &&
            (parse_special(node->text, &v) || parse_based(str_n(text + sign, n - sign), &v) ||
             (digits && floats_parse(str_n(text + sign, n - sign), &v)))) {
                *(double *)field = text[0] == '-' && !isinf(v) ? -v : v;
                return true;
        }
        return diags_error(ctx->diags, ctx->file, node->pos, "'value' needs a number");
}

static const Option sample_options[] = {
        { "labels", OPT_STR, offsetof(AppRuletestSample, labels), .help = "Name and labels, as in PromQL." },
        { "value", OPT_CUSTOM, offsetof(AppRuletestSample, value), .parse = parse_value, .help = "Its value." },
        { "histogram", OPT_STR, offsetof(AppRuletestSample, histogram), .help = "Its value, {{...}}." },
        OPTION_END,
};
static const OptionTable sample_table = { "exp_samples", sample_options, sizeof(AppRuletestSample), NULL };

typedef struct ExprCaseYaml {
        Str expr;
        int64_t eval_time_ms;
        StructList expected;
        YamlPos pos;
} ExprCaseYaml;

static void keep_expr_case(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        keep_pos(&((ExprCaseYaml *)self)->pos, node);
}

static const Option expr_case_options[] = {
        { "expr", OPT_STR, offsetof(ExprCaseYaml, expr), .help = "The expression." },
        { "eval_time", OPT_DURATION, offsetof(ExprCaseYaml, eval_time_ms), .help = "When, from the test's start." },
        { "exp_samples", OPT_STRUCT_LIST, offsetof(ExprCaseYaml, expected), .table = &sample_table,
          .help = "What it must give." },
        OPTION_END,
};
static const OptionTable expr_case_table = { "promql_expr_test", expr_case_options, sizeof(ExprCaseYaml),
                                             keep_expr_case };

/* ---- input_series */

static void keep_series(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        keep_pos(&((AppRuletestSeries *)self)->pos, node);
}

static const Option series_options[] = {
        { "series", OPT_STR, offsetof(AppRuletestSeries, series), .help = "Name and labels." },
        { "values", OPT_STR, offsetof(AppRuletestSeries, values), .help = "Its values: 1 2 3+1x10 _ stale." },
        OPTION_END,
};
static const OptionTable series_table = { "input_series", series_options, sizeof(AppRuletestSeries), keep_series };

/* ---- tests */

typedef struct TestYaml {
        Str name, external_url;
        int64_t interval_ms, start_ms;
        StructList series, alerts, exprs;
        Labels external_labels;
        YamlPos pos;
} TestYaml;

/* Seconds since 1970, or a date as in RFC 3339. */
static bool parse_start(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        double seconds;
        if (node->kind == YAML_NULL)
                return true;
        if (node->kind == YAML_SCALAR && rfc3339_parse(node->text, field))
                return true;
        if (node->kind == YAML_SCALAR && floats_parse(node->text, &seconds) && fabs(seconds) < 9e15 / 1000) {
                *(int64_t *)field = (int64_t)llround(seconds * 1000);
                return true;
        }
        return diags_error(ctx->diags, ctx->file, node->pos,
                           "'start_timestamp' needs seconds since 1970 or a time like 2006-01-02T15:04:05Z");
}

static void keep_test(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        keep_pos(&((TestYaml *)self)->pos, node);
}

static const Option test_options[] = {
        { "name", OPT_STR, offsetof(TestYaml, name), .help = "What --run chooses by." },
        { "interval", OPT_DURATION, offsetof(TestYaml, interval_ms), .help = "The step of input_series." },
        { "start_timestamp", OPT_CUSTOM, offsetof(TestYaml, start_ms), .parse = parse_start,
          .help = "When the test starts; default 1970." },
        { "input_series", OPT_STRUCT_LIST, offsetof(TestYaml, series), .table = &series_table, .help = "The data." },
        { "alert_rule_test", OPT_STRUCT_LIST, offsetof(TestYaml, alerts), .table = &alert_case_table,
          .help = "Alerts that must fire." },
        { "promql_expr_test", OPT_STRUCT_LIST, offsetof(TestYaml, exprs), .table = &expr_case_table,
          .help = "Expressions and their results." },
        { "external_labels", OPT_LABELS, offsetof(TestYaml, external_labels), .help = "For templates." },
        { "external_url", OPT_STR, offsetof(TestYaml, external_url), .help = "For templates." },
        OPTION_END,
};
static const OptionTable test_table = { "tests", test_options, sizeof(TestYaml), keep_test };

/* ---- the file */

typedef struct FileYaml {
        StrList rule_files, group_order;
        int64_t evaluation_interval_ms;
        bool fuzzy_compare;
        StructList tests;
} FileYaml;

static const Option file_options[] = {
        { "rule_files", OPT_STR_LIST, offsetof(FileYaml, rule_files), .help = "Rule files, as paths or globs." },
        { "evaluation_interval", OPT_DURATION, offsetof(FileYaml, evaluation_interval_ms), .def = "1m",
          .help = "How often every group is evaluated." },
        { "group_eval_order", OPT_STR_LIST, offsetof(FileYaml, group_order),
          .help = "Groups to evaluate first, in this order." },
        { "fuzzy_compare", OPT_BOOL, offsetof(FileYaml, fuzzy_compare),
          .help = "Numbers may differ in their last bit." },
        { "tests", OPT_STRUCT_LIST, offsetof(FileYaml, tests), .table = &test_table, .help = "The tests." },
        OPTION_END,
};
static const OptionTable file_table = { "rule tests", file_options, sizeof(FileYaml), NULL };

typedef VEC(RuleFile) RuleFileVec;

static bool load_pattern(Str pattern, const OptionCtx *ctx, const AppRuletestOptions *options, RuleFileVec *rules)
{
        const char *pathz = str_dupz(ctx->arena, option_path(ctx, pattern));
        RulesDialect dialect = { .features = options->features, .ignore_unknown = options->ignore_unknown };
        glob_t found;
        bool ok = true;
        int rc = glob(pathz, 0, NULL, &found); /* NOLINT: only ~ would look into shared state */
        if (rc != 0) {
                diags_warn(ctx->diags, ctx->file, (YamlPos){ 0 },
                           "no rule file matches '" STR_FMT "': correct 'rule_files'", STR_ARG(pattern));
                return true;
        }
        for (size_t i = 0; i < found.gl_pathc; i++) {
                RuleFile file;
                const char *path = str_dupz(ctx->arena, str_of(found.gl_pathv[i]));
                if (rules_load_file(path, &dialect, ctx->arena, ctx->diags, &file))
                        vec_push(rules, file);
                else
                        ok = false;
        }
        globfree(&found);
        return ok;
}

static bool is_chosen(const AppRuletestOptions *options, Str name)
{
        for (size_t i = 0; i < options->n_run; i++)
                if (regex_match(options->run[i], name))
                        return true;
        return options->n_run == 0;
}

static void take_test(const TestYaml *yaml, const FileYaml *file, Arena *arena, AppRuletestGroup *ret)
{
        const AlertCaseYaml *alerts = yaml->alerts.data;
        const ExprCaseYaml *exprs = yaml->exprs.data;
        *ret = (AppRuletestGroup){
                .name = yaml->name,
                .interval_ms = yaml->interval_ms ? yaml->interval_ms : file->evaluation_interval_ms,
                .start_ms = yaml->start_ms,
                .series = yaml->series.data,
                .n_series = yaml->series.n,
                .alerts = arena_array(arena, AppRuletestAlertCase, yaml->alerts.n),
                .n_alerts = yaml->alerts.n,
                .exprs = arena_array(arena, AppRuletestExprCase, yaml->exprs.n),
                .n_exprs = yaml->exprs.n,
                .external_labels = yaml->external_labels,
                .external_url = yaml->external_url,
                .pos = yaml->pos,
        };
        for (size_t i = 0; i < yaml->alerts.n; i++) {
                const AlertYaml *expected = alerts[i].expected.data;
                AppRuletestAlertCase *c = &ret->alerts[i];
                *c = (AppRuletestAlertCase){ alerts[i].eval_time_ms, alerts[i].alertname,
                                             arena_array(arena, AppRuletestAlert, alerts[i].expected.n),
                                             alerts[i].expected.n, alerts[i].pos };
                for (size_t k = 0; k < c->n; k++)
                        c->expected[k] = (AppRuletestAlert){ expected[k].labels, expected[k].annotations };
        }
        for (size_t i = 0; i < yaml->exprs.n; i++)
                ret->exprs[i] = (AppRuletestExprCase){ exprs[i].expr, exprs[i].eval_time_ms, exprs[i].expected.data,
                                                       exprs[i].expected.n, exprs[i].pos };
}

static bool check_order(const StrList *order, const OptionCtx *ctx)
{
        for (size_t i = 0; i < order->n; i++)
                for (size_t k = 0; k < i; k++)
                        if (str_eq(order->data[i], order->data[k]))
                                return diags_error(ctx->diags, ctx->file, (YamlPos){ 0 },
                                                   "group name repeated in evaluation order: " STR_FMT,
                                                   STR_ARG(order->data[i]));
        return true;
}

bool app_ruletest_load(const char *path, const AppRuletestOptions *options, Arena *arena, Diags *diags,
                       AppRuletest *ret)
{
        size_t before = diags->errors;
        YamlNode *root = option_load_file(path, arena, diags);
        FileYaml yaml;
        RuleFileVec rules = { .arena = arena };
        if (!root)
                return false;
        size_t slash = str_rfind_char(str_of(path), '/');
        OptionCtx ctx = { .arena = arena,
                          .diags = diags,
                          .file = str_dup(arena, str_of(path)),
                          .base_dir = slash == SIZE_MAX ? STR(".")
                                                        : str_dup(arena, str_n(path, slash + (slash == 0))) };
        if (!option_bind(root, &file_table, &yaml, &ctx))
                return false;
        if (yaml.evaluation_interval_ms <= 0)
                yaml.evaluation_interval_ms = DEFAULT_INTERVAL_MS;
        check_order(&yaml.group_order, &ctx);
        const TestYaml *tests = yaml.tests.data;
        bool any = false;
        for (size_t i = 0; i < yaml.tests.n; i++)
                any |= is_chosen(options, tests[i].name);
        for (size_t i = 0; i < yaml.rule_files.n && any; i++)
                load_pattern(yaml.rule_files.data[i], &ctx, options, &rules);
        if (diags->errors != before)
                return false;
        *ret = (AppRuletest){
                .path = ctx.file,
                .evaluation_interval_ms = yaml.evaluation_interval_ms,
                .fuzzy_compare = yaml.fuzzy_compare,
                .group_order = yaml.group_order.data,
                .n_group_order = yaml.group_order.n,
                .rules = rules.data,
                .n_rules = rules.len,
                .tests = arena_array(arena, AppRuletestGroup, yaml.tests.n),
                .n = yaml.tests.n,
        };
        for (size_t i = 0; i < yaml.tests.n; i++) {
                take_test(&tests[i], &yaml, arena, &ret->tests[i]);
                ret->tests[i].chosen = is_chosen(options, tests[i].name);
        }
        return true;
}
