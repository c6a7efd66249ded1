#include "app/app_config.h"

#include <glob.h>
#include <stddef.h>

#include "app/app_defaults.h"
#include "base/duration.h"
#include "base/mem.h"
#include "base/num.h"
#include "config/expand.h"
#include "os/file.h"
#include "promql/ast.h"
#include "tsdb/tsdb.h"

enum { CONFIG_MAX_BYTES = 16 << 20 };

/* ---- pharos.yml ---- */

#define HOST(field) (offsetof(AppCollect, field))
static const Option collect_host_options[] = {
        { "enabled", OPT_BOOL, HOST(enabled), .def = "true", .help = "Collect this machine." },
        { "interval", OPT_DURATION, HOST(interval_ms), .def = "5s", .help = "How often.", .min = 100, .max = 86400000 },
        { "options", OPT_STRUCT, HOST(host), .table = &collect_host_table,
          .help = "What to read and what to leave out." },
        OPTION_END,
};
#undef HOST
static const OptionTable host_table = { "collect.host", collect_host_options, sizeof(AppCollect), NULL };

static const Option self_options[] = {
        { "enabled", OPT_BOOL, offsetof(AppSelf, enabled), .def = "true", .help = "Collect pharos itself." },
        { "interval", OPT_DURATION, offsetof(AppSelf, interval_ms), .def = "15s", .help = "How often.", .min = 100,
          .max = 86400000 },
        OPTION_END,
};
static const OptionTable self_table = { "collect.self", self_options, sizeof(AppSelf), NULL };

typedef struct CollectYaml {
        AppCollect host;
        AppSelf self;
} CollectYaml;
static const Option collect_options[] = {
        { "host", OPT_STRUCT, offsetof(CollectYaml, host), .table = &host_table,
          .help = "This machine, with node_exporter's metric names." },
        { "self", OPT_STRUCT, offsetof(CollectYaml, self), .table = &self_table, .help = "pharos' own metrics." },
        OPTION_END,
};
static const OptionTable collect_table = { "collect", collect_options, sizeof(CollectYaml), NULL };

enum { MAX_SERIES = 200000000, MAX_EXEMPLARS = 100000000 };
#define MIN_RETENTION_MS 60000.0
#define MAX_RETENTION_MS (100.0 * 366 * 86400000)

static void check_selector(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        AppRetention *rule = self;
        const YamlNode *selector = yaml_get(node, STR("selector"));
        Err err;
        if (selector && !ast_parse_matchers(rule->selector, ctx->arena, &rule->matchers, &err))
                diags_error(ctx->diags, ctx->file, selector->pos, "retention_rules: selector: %s", err.msg);
}

static const Option retention_options[] = {
        { "selector", OPT_STR, offsetof(AppRetention, selector), .required = true,
          .help = "Which series, such as {__name__=~\"debug_.*\"} or up{job=\"node\"}." },
        { "retention", OPT_DURATION, offsetof(AppRetention, retention_ms), .required = true, .min = MIN_RETENTION_MS,
          .max = MAX_RETENTION_MS, .help = "How long their samples are kept: shorter or longer than the rest." },
        OPTION_END,
};
static const OptionTable retention_table = { "storage.retention_rules", retention_options, sizeof(AppRetention),
                                             check_selector };

static const Option rollup_options[] = {
        { "resolution", OPT_DURATION, offsetof(AppRollup, resolution_ms), .required = true, .min = MIN_RETENTION_MS,
          .max = 86400000,
          .help = "One sample for every such stretch of time, and its count, sum, minimum and maximum." },
        { "retention", OPT_DURATION, offsetof(AppRollup, retention_ms), .required = true, .min = MIN_RETENTION_MS,
          .max = MAX_RETENTION_MS, .help = "How long they are kept." },
        OPTION_END,
};
static const OptionTable rollup_table = { "storage.rollups", rollup_options, sizeof(AppRollup), NULL };

static const Option storage_options[] = {
        { "retention", OPT_DURATION, offsetof(AppStorage, retention_ms), .def = "15d",
          .help = "How long samples are kept." },
        { "retention_rules", OPT_STRUCT_LIST, offsetof(AppStorage, retention_rules), .table = &retention_table,
          .help = "Series that are kept shorter or longer than that; the first rule whose selector matches counts." },
        { "rollups", OPT_STRUCT_LIST, offsetof(AppStorage, rollups), .table = &rollup_table,
          .help = "Roll-ups that take the place of samples past their retention, the finest first; up to 4. None: samples are "
                  "simply removed." },
        { "retention_size", OPT_BYTES, offsetof(AppStorage, retention_bytes), .def = "0",
          .help = "Most bytes on disk; the oldest go first. 0: no limit." },
        { "out_of_order_time_window", OPT_DURATION, offsetof(AppStorage, out_of_order_window_ms), .def = "0s",
          .help = "How much older than the newest sample a late one may be. 0: samples of a series only come in order." },
        { "max_series", OPT_UINT, offsetof(AppStorage, max_series), .def = "0", .max = MAX_SERIES,
          .help = "Most series in memory, as Prometheus counts its head: with samples of the last minutes, whether new or "
                  "back from the index of idle ones. Above it samples of others are refused. Idle ones do not count. 0: no limit." },
        { "max_series_per_metric", OPT_UINT, offsetof(AppStorage, max_series_per_metric), .def = "0", .max = MAX_SERIES,
          .help = "Most series in memory of one metric name; samples of new ones are refused above it. 0: no limit." },
        { "max_label_values", OPT_UINT, offsetof(AppStorage, max_label_values), .def = "0", .max = MAX_SERIES,
          .help = "Most different values of one label name among the series in memory; series with new ones are refused above it. 0: no limit." },
        { "max_exemplars", OPT_UINT, offsetof(AppStorage, max_exemplars), .def = "100000", .max = MAX_EXEMPLARS,
          .help = "The newest exemplars that are kept. 0: none." },
        OPTION_END,
};
/* Each is made of the one before. */
static void check_rollups(const AppStorage *s, const YamlNode *node, const OptionCtx *ctx)
{
        const AppRollup *r = s->rollups.data;
        if (s->rollups.n > TSDB_MAX_ROLLUPS)
                diags_error(ctx->diags, ctx->file, node->pos, "%zu rollups, the limit is %d", s->rollups.n,
                            TSDB_MAX_ROLLUPS);
        for (size_t i = 0; i < s->rollups.n; i++) {
                int64_t span_ms = i ? r[i - 1].resolution_ms : 1000;
                if (r[i].resolution_ms % span_ms || (i && r[i].resolution_ms <= span_ms))
                        diags_error(
                                ctx->diags, ctx->file, node->pos,
                                "rollups: a resolution must be a multiple of the one before, the finest first, and of 1s");
                if (r[i].retention_ms <= (i ? r[i - 1].retention_ms : s->retention_ms))
                        diags_error(ctx->diags, ctx->file, node->pos,
                                    "rollups: a retention must be longer than %s: it takes its place",
                                    i ? "that of the one before" : "'retention'");
        }
}

static void check_storage(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        const AppStorage *s = self;
        const YamlNode *rollups = yaml_get(node, STR("rollups"));
        if (rollups)
                check_rollups(s, rollups, ctx);
        const YamlNode *rules = yaml_get(node, STR("retention_rules"));
        if (rules && s->retention_rules.n > TSDB_MAX_RETENTIONS)
                diags_error(ctx->diags, ctx->file, rules->pos,
                            "%zu retention_rules, the limit is %d: join selectors with =~", s->retention_rules.n,
                            TSDB_MAX_RETENTIONS);
}

static const OptionTable storage_table = { "storage", storage_options, sizeof(AppStorage), check_storage };

/* In the order of AlertCompat. */
static const char *const compat_names[] = { "alertmanager-0.34", "alertmanager-0.25", "pharos", NULL };
typedef struct AlertingYaml {
        int compat;
} AlertingYaml;
static const Option alerting_options[] = {
        { "compat", OPT_ENUM, offsetof(AlertingYaml, compat), .values = compat_names, .def = "alertmanager-0.34",
          .help = "Whose behaviour is wanted where versions of Alertmanager differ; pharos: its known mistakes are not "
                  "repeated." },
        OPTION_END,
};
static const OptionTable alerting_table = { "alerting", alerting_options, sizeof(AlertingYaml), NULL };

typedef struct PharosYaml {
        CollectYaml collect;
        AppStorage storage;
        AlertingYaml alerting;
        const YamlNode *prometheus, *alertmanager;
        bool default_rules;
} PharosYaml;
static const Option pharos_options[] = {
        { "collect", OPT_STRUCT, offsetof(PharosYaml, collect), .table = &collect_table,
          .help = "What pharos measures by itself." },
        { "storage", OPT_STRUCT, offsetof(PharosYaml, storage), .table = &storage_table,
          .help = "How metrics are kept." },
        { "alerting", OPT_STRUCT, offsetof(PharosYaml, alerting), .table = &alerting_table,
          .help = "How alerts are routed and told." },
        { "prometheus", OPT_NODE, offsetof(PharosYaml, prometheus),
          .help = "A prometheus.yml: its path, or its content here." },
        { "alertmanager", OPT_NODE, offsetof(PharosYaml, alertmanager),
          .help = "An alertmanager.yml: its path, or its content here." },
        { "default_rules", OPT_BOOL, offsetof(PharosYaml, default_rules), .def = "true",
          .help = "Alert rules for this machine and for pharos itself." },
        OPTION_END,
};
static const OptionTable pharos_table = { "pharos", pharos_options, sizeof(PharosYaml), NULL };

/* ---- prometheus.yml ---- */

typedef struct TsdbYaml {
        int64_t out_of_order_window_ms;
        const YamlNode *retention;
} TsdbYaml;
static const Option tsdb_options[] = {
        { "out_of_order_time_window", OPT_DURATION, offsetof(TsdbYaml, out_of_order_window_ms), .def = "0s",
          .help = "How late a sample may come." },
        { "retention", OPT_NODE, offsetof(TsdbYaml, retention), .help = "time, size, percentage." },
        { "stale_series_compaction_threshold", OPT_IGNORED, 0,
          .help = "has no counterpart here: idle series cost little" },
        { "chunk_encoding", OPT_IGNORED, 0, .help = "has no counterpart here: the encoding is chosen by the data" },
        OPTION_END,
};
static const OptionTable tsdb_table = { "storage.tsdb", tsdb_options, sizeof(TsdbYaml), NULL };

typedef struct ExemplarsYaml {
        uint64_t max;
} ExemplarsYaml;
static const Option exemplars_options[] = {
        { "max_exemplars", OPT_UINT, offsetof(ExemplarsYaml, max), .def = "100000", .max = MAX_EXEMPLARS,
          .help = "The newest exemplars that are kept. 0: none." },
        OPTION_END,
};
static const OptionTable exemplars_table = { "storage.exemplars", exemplars_options, sizeof(ExemplarsYaml), NULL };

typedef struct PromStorageYaml {
        TsdbYaml tsdb;
        ExemplarsYaml exemplars;
} PromStorageYaml;
static const Option prom_storage_options[] = {
        { "tsdb", OPT_STRUCT, offsetof(PromStorageYaml, tsdb), .table = &tsdb_table, .help = "The metric store." },
        { "exemplars", OPT_STRUCT, offsetof(PromStorageYaml, exemplars), .table = &exemplars_table,
          .help = "The store of exemplars." },
        OPTION_END,
};
static const OptionTable prom_storage_table = { "storage", prom_storage_options, sizeof(PromStorageYaml), NULL };

typedef struct PrometheusYaml {
        ScrapeGlobal global;
        PromStorageYaml storage;
        StrList rule_files;
        const YamlNode *scrape_configs, *alerting;
} PrometheusYaml;
#define AT(field) offsetof(PrometheusYaml, field)
static const Option prometheus_options[] = {
        { "global", OPT_STRUCT, AT(global), .table = &scrape_global_table, .help = "Defaults of the rest." },
        { "runtime", OPT_IGNORED, 0, .help = "settings of the Go runtime have no counterpart here" },
        { "rule_files", OPT_STR_LIST, AT(rule_files), .help = "Rule files, as paths or globs." },
        { "scrape_config_files", OPT_IGNORED, 0,
          .help = "not read in this version: list the jobs under scrape_configs" },
        { "scrape_configs", OPT_NODE, AT(scrape_configs), .help = "What is scraped: a list of scrape_config." },
        { "alerting", OPT_NODE, AT(alerting),
          .help = "Other Alertmanagers that are told as well: alertmanagers, alert_relabel_configs. Alerts are routed in this process." },
        { "storage", OPT_STRUCT, AT(storage), .table = &prom_storage_table, .help = "How metrics are kept." },
        { "tracing", OPT_IGNORED, 0, .help = "pharos does not trace itself in this version" },
        { "remote_write", OPT_IGNORED, 0, .help = "samples are not sent elsewhere in this version" },
        { "remote_read", OPT_IGNORED, 0, .help = "samples are not read from elsewhere in this version" },
        { "otlp", OPT_IGNORED, 0, .help = "OTLP is not received in this version" },
        OPTION_END,
};
#undef AT
static const OptionTable prometheus_table = { "prometheus", prometheus_options, sizeof(PrometheusYaml), NULL };

typedef struct QuotedYaml {
        const YamlNode *block;
} QuotedYaml;
static const Option quoted_options[] = {
        { "prometheus_config", OPT_NODE, offsetof(QuotedYaml, block), .required = true,
          .help = "The keys of prometheus; those of global may stand beside them, and rules, a list of rule groups." },
        OPTION_END,
};
static const OptionTable quoted_table = { "prometheus_config", quoted_options, sizeof(QuotedYaml), NULL };

/* ---- loading ---- */

typedef struct Loader {
        AppConfig *config;
        Diags *diags;
        const PromqlFeatures *features;
        VEC(RuleFile) rules;
        AlertCompat compat;
        AlertMatcherMode matchers;
} Loader;

static Str folder_of(Arena *arena, Str path)
{
        size_t slash = str_rfind_char(path, '/');
        return slash == SIZE_MAX ? STR(".") : str_dup(arena, str_sub(path, 0, slash ? slash : 1));
}

static OptionCtx ctx_for(Loader *l, Str file)
{
        return (OptionCtx){ .arena = l->config->arena,
                            .diags = l->diags,
                            .file = file,
                            .base_dir = folder_of(l->config->arena, file) };
}

static void missing_variable(void *arg, Str name)
{
        const OptionCtx *ctx = arg;
        diags_warn(ctx->diags, ctx->file, (YamlPos){ 0 },
                   "external_labels name the environment variable '" STR_FMT "', which is not set", STR_ARG(name));
}

static bool is_loaded(const Loader *l, Str path)
{
        for (size_t i = 0; i < l->rules.len; i++)
                if (str_eq(l->rules.data[i].path, path))
                        return true;
        return false;
}

static RulesDialect rules_dialect(const Loader *l)
{
        return (RulesDialect){ .features = *l->features,
                               .legacy_names = l->config->global.name_validation == 1,
                               .strict_texts = l->compat == ALERT_COMPAT_PHAROS,
                               .fragments = true };
}

static bool load_rule_pattern(Loader *l, Str pattern, YamlPos pos, const OptionCtx *ctx)
{
        glob_t found;
        RulesDialect dialect = rules_dialect(l);
        Str path = option_path(ctx, pattern);
        char *pathz = str_dupz(ctx->arena, path);
        bool ok = true;
        int rc = glob(pathz, 0, NULL, &found); /* NOLINT: only ~ would look into shared state */
        if (rc == GLOB_NOMATCH || (rc == 0 && found.gl_pathc == 0)) {
                diags_warn(l->diags, ctx->file, pos, "rule_files: nothing matches '" STR_FMT "'", STR_ARG(path));
                return true;
        }
        if (rc != 0)
                return diags_error(l->diags, ctx->file, pos, "rule_files: cannot read '" STR_FMT "'", STR_ARG(path));
        for (size_t i = 0; i < found.gl_pathc; i++) {
                RuleFile file;
                if (is_loaded(l, str_of(found.gl_pathv[i]))) /* two patterns found it */
                        continue;
                if (rules_load_file(found.gl_pathv[i], &dialect, ctx->arena, l->diags, &file))
                        vec_push(&l->rules, file);
                else
                        ok = false;
        }
        globfree(&found);
        return ok;
}

static void read_retention(Loader *l, const YamlNode *node, const OptionCtx *ctx)
{
        const YamlNode *time = yaml_get(node, STR("time"));
        const YamlNode *size = yaml_get(node, STR("size"));
        if (time && !duration_parse(time->text, &l->config->storage.retention_ms))
                diags_error(ctx->diags, ctx->file, time->pos, "retention.time is not a duration such as 15d");
        if (size && !num_parse_bytes(size->text, &l->config->storage.retention_bytes))
                diags_error(ctx->diags, ctx->file, size->pos, "retention.size is not a size such as 10GB");
}

static bool bind_prometheus(Loader *l, const YamlNode *node, Str file)
{
        OptionCtx ctx = ctx_for(l, file);
        AppConfig *c = l->config;
        PrometheusYaml yaml;
        size_t before = l->diags->errors;
        option_bind(node, &prometheus_table, &yaml, &ctx);
        c->global = yaml.global;
        c->global.external_labels = expand_labels(ctx.arena, yaml.global.external_labels, expand_environment(),
                                                  missing_variable, &ctx);
        if (yaml.storage.tsdb.out_of_order_window_ms)
                c->storage.out_of_order_window_ms = yaml.storage.tsdb.out_of_order_window_ms;
        const YamlNode *storage = yaml_get(node, STR("storage"));
        if (storage && yaml_get(storage, STR("exemplars")))
                c->storage.max_exemplars = yaml.storage.exemplars.max;
        if (yaml.storage.tsdb.retention)
                read_retention(l, yaml.storage.tsdb.retention, &ctx);
        scrape_configs_bind(yaml.scrape_configs, &c->global, &ctx, &c->scrape, &c->n_scrape);
        rules_peers_bind(yaml.alerting, &ctx, &c->peers);
        const YamlNode *patterns = yaml_get(node, STR("rule_files"));
        for (size_t i = 0; i < yaml.rule_files.n; i++)
                load_rule_pattern(l, yaml.rule_files.data[i],
                                  patterns->kind == YAML_SEQ ? patterns->items[i]->pos : patterns->pos, &ctx);
        return l->diags->errors == before;
}

static bool bind_alertmanager(Loader *l, const YamlNode *node, Str file)
{
        OptionCtx ctx = ctx_for(l, file);
        AppConfig *c = l->config;
        if (!alert_config_bind_mode(node, l->compat, l->matchers, &ctx, &c->alert))
                return false;
        Str *names = arena_array(ctx.arena, Str, c->alert.n_receivers);
        const YamlNode **nodes = arena_array(ctx.arena, const YamlNode *, c->alert.n_receivers);
        for (size_t i = 0; i < c->alert.n_receivers; i++) {
                names[i] = c->alert.receivers[i].name;
                nodes[i] = c->alert.receivers[i].node;
        }
        NotifyBindOptions options = { .global = c->alert.global, .templates = c->alert.templates, .compat = l->compat };
        return notify_receivers_bind_with(names, nodes, c->alert.n_receivers, &options, &ctx, &c->receivers);
}

static YamlNode *parse_text(Loader *l, Str text, Str file)
{
        return option_parse(text, file, l->config->arena, l->diags);
}

/* A section is inline, or the path of a file. */
static const YamlNode *section(Loader *l, const YamlNode *node, const OptionCtx *ctx, Str *ret_file)
{
        *ret_file = ctx->file;
        if (node->kind != YAML_SCALAR)
                return node;
        *ret_file = option_path(ctx, node->text);
        return option_load_file(str_dupz(ctx->arena, *ret_file), ctx->arena, l->diags);
}

static bool add_default_rules(Loader *l)
{
        RulesDialect dialect = { .features = *l->features };
        RuleFile file;
        if (!rules_parse(app_defaults_rules(), STR("(default rules)"), &dialect, l->config->arena, l->diags, &file))
                return false;
        vec_push(&l->rules, file);
        return true;
}

static bool bind_pharos(Loader *l, const YamlNode *node, Str file)
{
        OptionCtx ctx = ctx_for(l, file);
        AppConfig *c = l->config;
        PharosYaml yaml;
        bool ok = option_bind(node, &pharos_table, &yaml, &ctx);
        c->collect = yaml.collect.host;
        c->self = yaml.collect.self;
        c->storage = yaml.storage;
        l->compat = (AlertCompat)yaml.alerting.compat;
        Str from = file;
        const YamlNode *prom = yaml.prometheus ? section(l, yaml.prometheus, &ctx, &from) : NULL;
        ok &= !yaml.prometheus || prom;
        ok &= bind_prometheus(l, prom ? prom : parse_text(l, app_defaults_prometheus(), STR("(defaults)")), from);
        const YamlNode *am = yaml.alertmanager ? section(l, yaml.alertmanager, &ctx, &from) : NULL;
        ok &= !yaml.alertmanager || am;
        ok &= bind_alertmanager(l, am ? am : parse_text(l, app_defaults_alertmanager(), STR("(defaults)")),
                                am ? from : file);
        if (yaml.default_rules)
                ok &= add_default_rules(l);
        return ok;
}

typedef enum FileKind { KIND_PHAROS, KIND_PROMETHEUS, KIND_ALERTMANAGER, KIND_RULES, KIND_QUOTED } FileKind;
static const char *const KIND_NAMES[] = { "pharos", "prometheus", "alertmanager", "rules", "prometheus" };

/* By the keys at the top. */
static FileKind kind_of(const YamlNode *root)
{
        static const struct {
                const char *key;
                FileKind kind;
        } keys[] = {
                { "collect", KIND_PHAROS },
                { "prometheus", KIND_PHAROS },
                { "alertmanager", KIND_PHAROS },
                { "groups", KIND_RULES },
                { "prometheus_config", KIND_QUOTED },
                { "scrape_configs", KIND_PROMETHEUS },
                { "rule_files", KIND_PROMETHEUS },
                { "remote_write", KIND_PROMETHEUS },
                { "scrape_config_files", KIND_PROMETHEUS },
                { "remote_read", KIND_PROMETHEUS },
                { "otlp", KIND_PROMETHEUS },
                { "tracing", KIND_PROMETHEUS },
                { "runtime", KIND_PROMETHEUS },
                { "alerting", KIND_PROMETHEUS },
                { "receivers", KIND_ALERTMANAGER },
                { "route", KIND_ALERTMANAGER },
                { "inhibit_rules", KIND_ALERTMANAGER },
        };
        const YamlNode *alerting = yaml_get(root, STR("alerting"));
        if (root->kind == YAML_SEQ) /* a list of rules, if anything */
                return KIND_RULES;
        if (alerting && yaml_get(alerting, STR("compat")))
                return KIND_PHAROS;
        for (size_t i = 0; i < ARRAY_LEN(keys); i++)
                if (yaml_get(root, str_of(keys[i].key)))
                        return keys[i].kind;
        const YamlNode *storage = yaml_get(root, STR("storage"));
        if (storage && (yaml_get(storage, STR("tsdb")) || yaml_get(storage, STR("exemplars"))))
                return KIND_PROMETHEUS;
        const YamlNode *global = yaml_get(root, STR("global"));
        if (global)
                return yaml_get(global, STR("resolve_timeout")) ? KIND_ALERTMANAGER : KIND_PROMETHEUS;
        return KIND_PHAROS;
}

static void push_pair(YamlNode *map, YamlPair pair) { map->pairs[map->n++] = pair; }

/* A prometheus.yml as handbooks quote one: a block of its settings, those of `global` among them, with the rule groups in
 * their place. */
static bool bind_quoted(Loader *l, const YamlNode *root, Str file)
{
        OptionCtx ctx = ctx_for(l, file);
        QuotedYaml yaml;
        if (!option_bind(root, &quoted_table, &yaml, &ctx))
                return false;
        const YamlNode *block = yaml.block;
        if (block->kind != YAML_MAP)
                return diags_error(l->diags, file, block->pos, "prometheus_config must be a mapping");
        YamlNode *maps = arena_array(ctx.arena, YamlNode, 3);
        for (size_t i = 0; i < 3; i++)
                maps[i] = (YamlNode){ .kind = YAML_MAP,
                                      .pos = block->pos,
                                      .pairs = arena_array(ctx.arena, YamlPair, block->n + 1) };
        bool whole = yaml_get(block, STR("global")) != NULL;
        YamlNode *global = &maps[0], *rest = &maps[1], *rules = &maps[2];
        for (size_t i = 0; i < block->n; i++) {
                YamlPair pair = block->pairs[i];
                if (str_eq(pair.key, STR("rules")))
                        push_pair(rules, (YamlPair){ STR("groups"), pair.key_pos, pair.value });
                else
                        push_pair(whole || option_find(&prometheus_table, pair.key) ? rest : global, pair);
        }
        if (global->n)
                push_pair(rest, (YamlPair){ STR("global"), block->pos, global });
        bool ok = bind_prometheus(l, rest, file);
        RulesDialect dialect = rules_dialect(l);
        RuleFile groups;
        if (!rules_bind(rules, &dialect, &ctx, &groups))
                return false;
        vec_push(&l->rules, groups);
        return ok;
}

static bool bind_any(Loader *l, FileKind kind, const YamlNode *root, Str file)
{
        AppConfig *c = l->config;
        bool ok;
        switch (kind) {
        case KIND_PHAROS: return bind_pharos(l, root, file);
        case KIND_PROMETHEUS:
        case KIND_QUOTED:
                option_defaults(&storage_table, &c->storage, c->arena);
                ok = kind == KIND_QUOTED ? bind_quoted(l, root, file) : bind_prometheus(l, root, file);
                return bind_alertmanager(l, parse_text(l, app_defaults_alertmanager(), STR("(defaults)")),
                                         STR("(defaults)")) &&
                       ok;
        case KIND_ALERTMANAGER:
                option_defaults(&storage_table, &c->storage, c->arena);
                ok = bind_alertmanager(l, root, file);
                return bind_prometheus(l, parse_text(l, STR("{}"), file), STR("(defaults)")) && ok;
        case KIND_RULES: break;
        }
        return diags_error(l->diags, file, (YamlPos){ 1, 1 },
                           "this is a rule file, not a configuration: name it under rule_files of a prometheus.yml");
}

enum { LOOKBACK_MS = 5 * 60 * 1000 };

static Loader loader_new(const PromqlFeatures *features, AlertMatcherMode matchers, Diags *diags)
{
        AppConfig *c = mem_new(AppConfig);
        c->arena = arena_new();
        return (Loader){
                .config = c, .diags = diags, .features = features, .matchers = matchers, .rules.arena = c->arena
        };
}

static bool read_file(Loader *l, const char *path)
{
        Err err;
        Buf text = { .arena = l->config->arena };
        if (!file_read_all(fs_system(), path, CONFIG_MAX_BYTES, &text, &err))
                return diags_error(l->diags, str_of(path), (YamlPos){ 0 }, "%s", err.msg);
        l->config->text = buf_str(&text);
        return true;
}

AppConfig *app_config_load(const char *path, const PromqlFeatures *features, AlertMatcherMode matchers, Diags *diags)
{
        Loader l = loader_new(features, matchers, diags);
        Str file = path ? str_dup(l.config->arena, str_of(path)) : STR("(defaults)");
        bool ok = true;
        size_t before = diags->errors;
        if (path) {
                l.config->path = file;
                ok = read_file(&l, path);
        } else {
                l.config->text = STR("{}\n");
        }
        const YamlNode *root = ok ? parse_text(&l, l.config->text, file) : NULL;
        ok = root && bind_any(&l, kind_of(root), root, file) && diags->errors == before;
        if (!ok) {
                app_config_free(l.config);
                return NULL;
        }
        l.config->rule_files = l.rules.data;
        l.config->n_rule_files = l.rules.len;
        return l.config;
}

void app_config_free(AppConfig *config)
{
        if (!config)
                return;
        arena_free(config->arena);
        mem_free(config);
}

/* Scrapes further apart than queries look back leave gaps. */
static size_t lint_intervals(const Loader *l, Str file)
{
        const AppConfig *c = l->config;
        size_t found = 0;
        for (size_t i = 0; i < c->n_scrape; i++) {
                int64_t interval_ms = c->scrape[i].scrape_interval_ms ? c->scrape[i].scrape_interval_ms
                                                                      : c->global.scrape_interval_ms;
                if (interval_ms <= LOOKBACK_MS)
                        continue;
                found++;
                diags_warn(
                        l->diags, file, (YamlPos){ 0 },
                        "[too-long-scrape-interval] job '" STR_FMT
                        "' is scraped every %lld minutes: 5 minutes after each scrape its series are gone from queries",
                        STR_ARG(c->scrape[i].job_name), (long long)(interval_ms / 60000));
        }
        return found;
}

bool app_config_check_file(const char *path, const RulesDialect *dialect, AlertMatcherMode matchers, bool as_rules,
                           Diags *diags, Str *ret_kind, size_t *ret_found)
{
        Loader l = loader_new(&dialect->features, matchers, diags);
        size_t before = diags->errors;
        Str file = str_dup(diags->arena, str_of(path));
        const YamlNode *root = read_file(&l, path) ? parse_text(&l, l.config->text, file) : NULL;
        *ret_kind = STR("unreadable");
        if (root) {
                FileKind kind = as_rules ? KIND_RULES : kind_of(root);
                OptionCtx ctx = ctx_for(&l, file);
                RuleFile rules;
                ctx.ignore_unknown = dialect->ignore_unknown;
                *ret_kind = str_of(KIND_NAMES[kind]);
                if (kind != KIND_RULES)
                        bind_any(&l, kind, root, file);
                else if (rules_bind(root, dialect, &ctx, &rules))
                        vec_push(&l.rules, rules);
                if (ret_found && diags->errors == before)
                        *ret_found = rules_lint(l.rules.data, l.rules.len, diags) + lint_intervals(&l, file);
        }
        app_config_free(l.config);
        return diags->errors == before;
}

/* ---- the reference ---- */

void app_config_document(Buf *out)
{
        buf_lit(out,
                "# Configuration reference\n\n"
                "Generated from the tables that read the configuration: `pharos help config > docs/configuration.md`.\n\n"
                "`pharos.yml` is the native file. Its sections `prometheus` and `alertmanager` hold the standard files, inline or as a path.\n"
                "A bare `prometheus.yml` or `alertmanager.yml` is accepted as well: it is known by its keys.\n"
                "A rule file may be a list of rules alone: they are one group then, named after the file.\n\n");
        option_document(out, &pharos_table);
        option_document(out, &prometheus_table);
        option_document(out, &quoted_table);
        option_document(out, &scrape_config_table);
        rules_document(out);
        rules_forward_document(out);
        alert_config_document(out);
        notify_document(out);
}
