/* The scraping parts of prometheus.yml as option tables, with upstream's checks across keys. */
#include <stddef.h>

#include "config/relabel_options.h"
#include "scrape/scrape_request.h"
#include "scrape/scrape_target.h"

#define NOT_YET "no effect in this version"
#define DISCOVERY "targets of this kind are not discovered in this version: list them under static_configs"

static const char *const validation_schemes[] = { "utf8", "legacy", NULL };
static const char *const escaping_schemes[] = { "allow-utf-8", "underscores", "dots", "values", NULL };
static const char *const schemes[] = { "http", "https", NULL };

static bool known_protocol(Str name)
{
        for (size_t i = 0; scrape_request_protocols[i]; i++)
                if (str_eq(name, str_of(scrape_request_protocols[i])))
                        return true;
        return false;
}

static bool unknown_protocol(const OptionCtx *ctx, YamlPos pos, Str name)
{
        return diags_error(ctx->diags, ctx->file, pos,
                           "unknown scrape protocol '" STR_FMT
                           "': supported are PrometheusProto, OpenMetricsText0.0.1, OpenMetricsText1.0.0, "
                           "PrometheusText0.0.4, PrometheusText1.0.0",
                           STR_ARG(name));
}

static bool parse_protocols(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        StrList *list = field;
        if (node->kind != YAML_SEQ)
                return diags_error(ctx->diags, ctx->file, node->pos, "scrape_protocols must be a list");
        if (node->n == 0)
                return diags_error(ctx->diags, ctx->file, node->pos, "scrape_protocols cannot be empty");
        Str *names = arena_array(ctx->arena, Str, node->n);
        for (size_t i = 0; i < node->n; i++) {
                names[i] = node->items[i]->text;
                if (!known_protocol(names[i]))
                        return unknown_protocol(ctx, node->items[i]->pos, names[i]);
                for (size_t k = 0; k < i; k++)
                        if (str_eq(names[k], names[i]))
                                return diags_error(ctx->diags, ctx->file, node->items[i]->pos,
                                                   "scrape protocol '" STR_FMT "' is listed twice", STR_ARG(names[i]));
        }
        *list = (StrList){ names, node->n };
        return true;
}

/* ---- global ---- */

#define AT(field) offsetof(ScrapeGlobal, field)
static const Option global_options[] = {
        { "scrape_interval", OPT_DURATION, AT(scrape_interval_ms), .def = "1m",
          .help = "How often targets are scraped.", .min = 1, .max = 3.1536e12 },
        { "scrape_timeout", OPT_DURATION, AT(scrape_timeout_ms), .def = "10s", .help = "How long a scrape may take." },
        { "evaluation_interval", OPT_DURATION, AT(evaluation_interval_ms), .def = "1m",
          .help = "How often rules are evaluated.", .min = 1, .max = 3.1536e12 },
        { "rule_query_offset", OPT_DURATION, AT(rule_query_offset_ms), .def = "0s",
          .help = "Evaluate rules this far in the past." },
        { "query_log_file", OPT_IGNORED, 0, .help = NOT_YET },
        { "scrape_failure_log_file", OPT_IGNORED, 0, .help = NOT_YET },
        { "external_labels", OPT_LABELS, AT(external_labels),
          .help = "Labels added to alerts and to what is sent elsewhere." },
        { "scrape_protocols", OPT_CUSTOM, AT(scrape_protocols), .parse = parse_protocols,
          .help = "Formats to ask targets for, best first." },
        { "body_size_limit", OPT_BYTES, AT(body_size_limit_bytes), .def = "0",
          .help = "Largest uncompressed answer of a target; 0: 256 MiB." },
        { "sample_limit", OPT_UINT, AT(sample_limit), .def = "0",
          .help = "Most samples of one scrape; above it the scrape fails. 0: none." },
        { "target_limit", OPT_UINT, AT(target_limit), .def = "0", .help = "Most targets of one job. 0: none." },
        { "label_limit", OPT_UINT, AT(label_limit), .def = "0", .help = "Most labels of one sample. 0: none." },
        { "label_name_length_limit", OPT_UINT, AT(label_name_length_limit), .def = "0",
          .help = "Longest label name. 0: none." },
        { "label_value_length_limit", OPT_UINT, AT(label_value_length_limit), .def = "0",
          .help = "Longest label value. 0: none." },
        { "keep_dropped_targets", OPT_UINT, AT(keep_dropped_targets), .def = "0",
          .help = "How many dropped targets a job remembers. 0: all." },
        { "metric_name_validation_scheme", OPT_ENUM, AT(name_validation), .def = "utf8", .values = validation_schemes,
          .help = "Which names are valid." },
        { "metric_name_escaping_scheme", OPT_ENUM, AT(name_escaping), .def = "allow-utf-8", .values = escaping_schemes,
          .help = "How targets are asked to escape names." },
        { "extra_scrape_metrics", OPT_BOOL, AT(extra_scrape_metrics), .def = "false",
          .help = "Also store the limits of each scrape as series." },
        { "scrape_native_histograms", OPT_BOOL, AT(native_histograms), .def = "false",
          .help = "Ask for native histograms." },
        { "convert_classic_histograms_to_nhcb", OPT_BOOL, AT(nhcb), .def = "false",
          .help = "Turn classic histograms into native ones." },
        { "always_scrape_classic_histograms", OPT_BOOL, AT(classic), .def = "false",
          .help = "Keep classic histograms beside native ones." },
        OPTION_END,
};
#undef AT

static void check_global(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        ScrapeGlobal *g = self;
        const YamlNode *timeout = yaml_get(node, STR("scrape_timeout"));
        if (g->scrape_timeout_ms > g->scrape_interval_ms && timeout)
                diags_error(ctx->diags, ctx->file, timeout->pos, "global scrape timeout greater than scrape interval");
        else if (g->scrape_timeout_ms > g->scrape_interval_ms)
                g->scrape_timeout_ms = g->scrape_interval_ms;
        if (g->name_validation == SCRAPE_NAMES_LEGACY && g->name_escaping == SCRAPE_ESCAPE_NOT &&
            yaml_get(node, STR("metric_name_escaping_scheme")))
                diags_error(ctx->diags, ctx->file, node->pos,
                            "utf8 metric names requested but validation scheme is not set to UTF8");
        for (size_t i = 0; i < g->external_labels.n; i++)
                if (!labels_name_is_legacy_valid(g->external_labels.data[i].name) &&
                    g->name_validation == SCRAPE_NAMES_LEGACY)
                        diags_error(ctx->diags, ctx->file, node->pos, "'" STR_FMT "' is not a valid label name",
                                    STR_ARG(g->external_labels.data[i].name));
}

const OptionTable scrape_global_table = { "global", global_options, sizeof(ScrapeGlobal), check_global };

/* ---- scrape_configs ---- */

static void check_group(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        const ScrapeTargetGroup *g = self;
        const YamlNode *targets = yaml_get(node, STR("targets"));
        if (!node)
                return;
        for (size_t i = 0; i < g->targets.n; i++) {
                YamlPos pos = targets && i < targets->n ? targets->items[i]->pos : node->pos;
                if (g->targets.data[i].n == 0)
                        diags_error(ctx->diags, ctx->file, pos, "a target is empty: write host:port");
        }
        for (size_t i = 0; i < g->labels.n; i++)
                if (g->labels.data[i].name.n == 0)
                        diags_error(ctx->diags, ctx->file, node->pos, "a label name is empty");
}

static const Option group_options[] = {
        { "targets", OPT_STR_LIST, offsetof(ScrapeTargetGroup, targets), .help = "host:port of each target." },
        { "labels", OPT_LABELS, offsetof(ScrapeTargetGroup, labels), .help = "Labels of all targets of this entry." },
        OPTION_END,
};
static const OptionTable group_table = { "static_config", group_options, sizeof(ScrapeTargetGroup), check_group };

#define AT(field) offsetof(ScrapeConfig, field)
#define SD(kind) { kind "_sd_configs", OPT_IGNORED, 0, .help = DISCOVERY }
static const Option config_options[] = {
        { "job_name", OPT_STR, AT(job_name), .help = "Name of the job, unique; becomes the label job." },
        { "scrape_interval", OPT_DURATION, AT(scrape_interval_ms), .help = "How often; default: global." },
        { "scrape_timeout", OPT_DURATION, AT(scrape_timeout_ms),
          .help = "How long a scrape may take; default: global." },
        { "metrics_path", OPT_STR, AT(metrics_path), .def = "/metrics", .help = "Path of the metrics." },
        { "scheme", OPT_STR, AT(scheme), .def = "http", .help = "http or https." },
        { "params", OPT_MAP_OF_STR_LIST, AT(params), .help = "URL parameters." },
        { "honor_labels", OPT_BOOL, AT(honor_labels), .def = "false",
          .help = "Keep a scraped label where a target label has the same name." },
        { "honor_timestamps", OPT_BOOL, AT(honor_timestamps), .def = "true",
          .help = "Use the timestamps that the target gives." },
        { "track_timestamps_staleness", OPT_BOOL, AT(track_timestamps_staleness), .def = "false",
          .help = "Mark series with own timestamps stale when they go." },
        { "enable_compression", OPT_BOOL, AT(enable_compression), .def = "true", .help = "Ask for gzip." },
        { "extra_scrape_metrics", OPT_BOOL, AT(extra_scrape_metrics), .def = "false", .help = "As in global." },
        { "body_size_limit", OPT_BYTES, AT(body_size_limit_bytes), .def = "0", .help = "As in global." },
        { "sample_limit", OPT_UINT, AT(sample_limit), .def = "0", .help = "As in global." },
        { "target_limit", OPT_UINT, AT(target_limit), .def = "0", .help = "As in global." },
        { "label_limit", OPT_UINT, AT(label_limit), .def = "0", .help = "As in global." },
        { "label_name_length_limit", OPT_UINT, AT(label_name_length_limit), .def = "0", .help = "As in global." },
        { "label_value_length_limit", OPT_UINT, AT(label_value_length_limit), .def = "0", .help = "As in global." },
        { "native_histogram_bucket_limit", OPT_IGNORED, 0, .help = NOT_YET },
        { "native_histogram_min_bucket_factor", OPT_IGNORED, 0, .help = NOT_YET },
        { "keep_dropped_targets", OPT_UINT, AT(keep_dropped_targets), .def = "0", .help = "As in global." },
        { "static_configs", OPT_STRUCT_LIST, AT(static_configs), .table = &group_table,
          .help = "Targets listed here." },
        { "relabel_configs", OPT_CUSTOM, AT(relabel_configs), .parse = relabel_options_parse,
          .help = "Rewrite or drop targets before scraping." },
        { "metric_relabel_configs", OPT_CUSTOM, AT(metric_relabel_configs), .parse = relabel_options_parse,
          .help = "Rewrite or drop series before storing." },
        { "scrape_protocols", OPT_CUSTOM, AT(scrape_protocols), .parse = parse_protocols, .help = "As in global." },
        { "fallback_scrape_protocol", OPT_STR, AT(fallback_scrape_protocol),
          .help = "Format of answers without a usable Content-Type." },
        { "metric_name_validation_scheme", OPT_ENUM, AT(name_validation), .def = "utf8", .values = validation_schemes,
          .help = "As in global." },
        { "metric_name_escaping_scheme", OPT_ENUM, AT(name_escaping), .def = "allow-utf-8", .values = escaping_schemes,
          .help = "As in global." },
        { "scrape_native_histograms", OPT_BOOL, AT(native_histograms), .help = "As in global." },
        { "convert_classic_histograms_to_nhcb", OPT_BOOL, AT(nhcb), .help = "As in global." },
        { "always_scrape_classic_histograms", OPT_BOOL, AT(classic), .help = "As in global." },
        { "scrape_classic_histograms", OPT_BOOL, AT(classic), .help = "Old name of always_scrape_classic_histograms." },
        { "scrape_failure_log_file", OPT_IGNORED, 0, .help = NOT_YET },
        HTTP_OPTIONS_ROWS(ScrapeConfig, http),
        SD("aws"),
        SD("azure"),
        SD("consul"),
        SD("digitalocean"),
        SD("dns"),
        SD("docker"),
        SD("dockerswarm"),
        SD("ec2"),
        SD("ecs"),
        SD("elasticache"),
        SD("eureka"),
        SD("file"),
        SD("gce"),
        SD("hetzner"),
        SD("http"),
        SD("ionos"),
        SD("kubernetes"),
        SD("kuma"),
        SD("lightsail"),
        SD("linode"),
        SD("marathon"),
        SD("msk"),
        SD("nerve"),
        SD("nomad"),
        SD("oci"),
        SD("openstack"),
        SD("outscale"),
        SD("ovhcloud"),
        SD("puppetdb"),
        SD("rds"),
        SD("scaleway"),
        SD("serverset"),
        SD("stackit"),
        SD("triton"),
        SD("uyuni"),
        SD("vultr"),
        OPTION_END,
};
#undef SD
#undef AT

static void check_config(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        ScrapeConfig *c = self;
        YamlPos pos = node ? node->pos : (YamlPos){ 0 };
        if (!node || node->kind == YAML_NULL) {
                diags_error(ctx->diags, ctx->file, pos, "empty or null scrape config section");
                return;
        }
        if (c->job_name.n == 0)
                diags_error(ctx->diags, ctx->file, pos, "job_name is empty: give the job a name");
        bool known = false;
        for (size_t i = 0; schemes[i]; i++)
                known |= str_eq(c->scheme, str_of(schemes[i]));
        if (!known)
                diags_error(ctx->diags, ctx->file, pos, "scheme '" STR_FMT "' is neither http nor https",
                            STR_ARG(c->scheme));
        const YamlNode *fallback = yaml_get(node, STR("fallback_scrape_protocol"));
        if (c->fallback_scrape_protocol.n && !known_protocol(c->fallback_scrape_protocol))
                unknown_protocol(ctx, fallback ? fallback->pos : pos, c->fallback_scrape_protocol);
        http_options_check(&c->http, node, ctx);
}

const OptionTable scrape_config_table = { "scrape_config", config_options, sizeof(ScrapeConfig), check_config };

static bool check_times(const ScrapeConfig *c, const ScrapeGlobal *global, const YamlNode *node, const OptionCtx *ctx)
{
        int64_t interval_ms = c->scrape_interval_ms ? c->scrape_interval_ms : global->scrape_interval_ms;
        if (c->scrape_timeout_ms > interval_ms)
                return diags_error(
                        ctx->diags, ctx->file, node->pos,
                        "scrape timeout greater than scrape interval for scrape config with job name '" STR_FMT "'",
                        STR_ARG(c->job_name));
        return true;
}

static bool has_key(const YamlNode *node, const char *key) { return yaml_get(node, str_of(key)) != NULL; }

static uint64_t limit_or(uint64_t own, uint64_t global) { return own ? own : global; }

/* What a job does not say is as in global. */
static void inherit(ScrapeConfig *c, const ScrapeGlobal *g, const YamlNode *node)
{
        if (!c->scrape_interval_ms)
                c->scrape_interval_ms = g->scrape_interval_ms;
        if (!c->scrape_timeout_ms)
                c->scrape_timeout_ms = MIN_OF(g->scrape_timeout_ms, c->scrape_interval_ms);
        c->body_size_limit_bytes = limit_or(c->body_size_limit_bytes, g->body_size_limit_bytes);
        c->sample_limit = limit_or(c->sample_limit, g->sample_limit);
        c->target_limit = limit_or(c->target_limit, g->target_limit);
        c->label_limit = limit_or(c->label_limit, g->label_limit);
        c->label_name_length_limit = limit_or(c->label_name_length_limit, g->label_name_length_limit);
        c->label_value_length_limit = limit_or(c->label_value_length_limit, g->label_value_length_limit);
        c->keep_dropped_targets = limit_or(c->keep_dropped_targets, g->keep_dropped_targets);
        if (!c->scrape_protocols.n)
                c->scrape_protocols = g->scrape_protocols;
        if (!has_key(node, "extra_scrape_metrics"))
                c->extra_scrape_metrics = g->extra_scrape_metrics;
        if (!has_key(node, "scrape_native_histograms"))
                c->native_histograms = g->native_histograms;
        if (!has_key(node, "convert_classic_histograms_to_nhcb"))
                c->nhcb = g->nhcb;
        if (!has_key(node, "always_scrape_classic_histograms") && !has_key(node, "scrape_classic_histograms"))
                c->classic = g->classic;
        if (!has_key(node, "metric_name_validation_scheme"))
                c->name_validation = g->name_validation;
        if (!has_key(node, "metric_name_escaping_scheme"))
                c->name_escaping = g->name_escaping;
}

/* Legacy names and unescaped UTF-8 exclude each other; legacy alone means underscores. */
static bool settle_names(ScrapeConfig *c, const YamlNode *node, const OptionCtx *ctx)
{
        if (c->name_validation != SCRAPE_NAMES_LEGACY || c->name_escaping != SCRAPE_ESCAPE_NOT)
                return true;
        const YamlNode *escaping = yaml_get(node, STR("metric_name_escaping_scheme"));
        if (escaping)
                return diags_error(ctx->diags, ctx->file, escaping->pos,
                                   "utf8 metric names requested but validation scheme is not set to UTF8");
        c->name_escaping = SCRAPE_ESCAPE_UNDERSCORES;
        return true;
}

/* What relabelling makes of the static targets must be one: an address that is wrong may be put right by it. */
static bool check_targets(const ScrapeConfig *c, const ScrapeGlobal *global, const YamlNode *node, const OptionCtx *ctx)
{
        AUTO(arena_free) Arena *arena = arena_new();
        const YamlNode *nodes = yaml_get(node, STR("static_configs"));
        const ScrapeTargetGroup *groups = c->static_configs.data;
        bool ok = true;
        for (size_t i = 0; i < c->static_configs.n; i++) {
                const YamlNode *targets = yaml_get(nodes->items[i], STR("targets"));
                for (size_t k = 0; k < groups[i].targets.n; k++) {
                        TargetSpec spec;
                        Err err;
                        if (!scrape_target_resolve(c, global, groups[i].targets.data[k], groups[i].labels, arena, &spec,
                                                   &err))
                                ok = diags_error(ctx->diags, ctx->file,
                                                 targets->kind == YAML_SEQ ? targets->items[k]->pos : targets->pos,
                                                 "%s", err.msg);
                }
        }
        return ok;
}

static bool bind_one(const YamlNode *node, const ScrapeGlobal *global, const OptionCtx *ctx, ScrapeConfig *c)
{
        if (node->kind == YAML_NULL)
                return diags_error(ctx->diags, ctx->file, node->pos, "empty or null scrape config section");
        bool ok = option_bind(node, &scrape_config_table, c, ctx);
        ok &= check_times(c, global, node, ctx);
        inherit(c, global, node);
        ok &= settle_names(c, node, ctx);
        return ok && check_targets(c, global, node, ctx);
}

bool scrape_configs_bind(const YamlNode *list, const ScrapeGlobal *global, const OptionCtx *ctx, ScrapeConfig **ret,
                         size_t *ret_n)
{
        bool ok = true;
        *ret = NULL;
        *ret_n = 0;
        if (!list || list->kind == YAML_NULL)
                return true;
        if (list->kind != YAML_SEQ)
                return diags_error(ctx->diags, ctx->file, list->pos, "scrape_configs must be a list");
        ScrapeConfig *all = arena_array(ctx->arena, ScrapeConfig, list->n);
        for (size_t i = 0; i < list->n; i++) {
                ok &= bind_one(list->items[i], global, ctx, &all[i]);
                for (size_t k = 0; k < i; k++)
                        if (all[i].job_name.n && str_eq(all[k].job_name, all[i].job_name))
                                ok = diags_error(ctx->diags, ctx->file, list->items[i]->pos,
                                                 "found multiple scrape configs with job name '" STR_FMT "'",
                                                 STR_ARG(all[i].job_name));
        }
        *ret = all;
        *ret_n = list->n;
        return ok;
}
