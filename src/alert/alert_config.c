/* alertmanager.yml: the route tree with inherited values filled in, receivers by name, and the checks across them. */
#include <stddef.h>
#include <stdlib.h>

#include "alert/alert.h"
#include "alert/alert_matchers.h"
#include "alert/alert_newer.h"
#include "base/duration.h"
#include "base/vec.h"

typedef struct RouteYaml {
        Str receiver;
        StrList group_by, matchers, mute_time_intervals, active_time_intervals;
        bool has_group_by, has_wait, has_interval, has_repeat, continue_matching;
        Labels match, match_re, labels;
        int64_t group_wait_ms, group_interval_ms, repeat_interval_ms;
        StructList routes;
        const YamlNode *node;
} RouteYaml;

typedef struct ReceiverYaml {
        Str name;
        const YamlNode *node;
} ReceiverYaml;

typedef struct InhibitYaml {
        Str name;
        Labels source_match, source_match_re, target_match, target_match_re;
        StrList source_matchers, target_matchers, equal;
        const YamlNode *node;
} InhibitYaml;

typedef struct FileYaml {
        StructList inhibit_rules;
        const YamlNode *global, *route, *receivers, *mute_time_intervals, *time_intervals, *tracing, *event_recorder;
        StrList templates;
} FileYaml;

static void keep_route_node(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        ((RouteYaml *)self)->node = node;
}

static const OptionTable route_table;
static const Option route_options[] = {
        { .key = "receiver",
          .kind = OPT_STR,
          .offset = offsetof(RouteYaml, receiver),
          .help = "Who is told; inherited." },
        { .key = "group_by",
          .kind = OPT_STR_LIST,
          .offset = offsetof(RouteYaml, group_by),
          .set_offset = offsetof(RouteYaml, has_group_by),
          .help = "Labels by which alerts are put into one notification; '...' is every label." },
        { .key = "continue",
          .kind = OPT_BOOL,
          .offset = offsetof(RouteYaml, continue_matching),
          .def = "false",
          .help = "Also try the later siblings of this route." },
        { .key = "match",
          .kind = OPT_TEXTS,
          .offset = offsetof(RouteYaml, match),
          .help = "Old form of matchers: label equals value." },
        { .key = "match_re",
          .kind = OPT_TEXTS,
          .offset = offsetof(RouteYaml, match_re),
          .help = "Old form of matchers: label matches regex." },
        { .key = "matchers",
          .kind = OPT_STR_LIST,
          .offset = offsetof(RouteYaml, matchers),
          .help = "Conditions such as severity=\"critical\"; all must hold." },
        { .key = "group_wait",
          .kind = OPT_DURATION,
          .offset = offsetof(RouteYaml, group_wait_ms),
          .set_offset = offsetof(RouteYaml, has_wait),
          .help = "Wait before the first notification of a group; default 30s." },
        { .key = "group_interval",
          .kind = OPT_DURATION,
          .offset = offsetof(RouteYaml, group_interval_ms),
          .set_offset = offsetof(RouteYaml, has_interval),
          .help = "Time between notifications about changes of a group; default 5m." },
        { .key = "repeat_interval",
          .kind = OPT_DURATION,
          .offset = offsetof(RouteYaml, repeat_interval_ms),
          .set_offset = offsetof(RouteYaml, has_repeat),
          .help = "Time before an unchanged group is told again; default 4h." },
        { .key = "routes",
          .kind = OPT_STRUCT_LIST,
          .offset = offsetof(RouteYaml, routes),
          .table = &route_table,
          .help = "Child routes, tried in order." },
        { .key = "labels",
          .kind = OPT_TEXTS,
          .offset = offsetof(RouteYaml, labels),
          .help = "Labels of the route, for templates." },
        { .key = "mute_time_intervals",
          .kind = OPT_STR_LIST,
          .offset = offsetof(RouteYaml, mute_time_intervals),
          .help = "Names of intervals in which nothing is sent." },
        { .key = "active_time_intervals",
          .kind = OPT_STR_LIST,
          .offset = offsetof(RouteYaml, active_time_intervals),
          .help = "Names of intervals outside of which nothing is sent." },
        OPTION_END,
};
static void keep_inhibit_node(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        ((InhibitYaml *)self)->node = node;
}

static const Option inhibit_options[] = {
        { .key = "name", .kind = OPT_STR, .offset = offsetof(InhibitYaml, name), .help = "For explanations." },
        { .key = "source_match",
          .kind = OPT_TEXTS,
          .offset = offsetof(InhibitYaml, source_match),
          .help = "Old form of source_matchers: label equals value." },
        { .key = "source_match_re",
          .kind = OPT_TEXTS,
          .offset = offsetof(InhibitYaml, source_match_re),
          .help = "Old form of source_matchers: label matches regex." },
        { .key = "source_matchers",
          .kind = OPT_STR_LIST,
          .offset = offsetof(InhibitYaml, source_matchers),
          .help = "Firing alerts that match all of these mute others." },
        { .key = "target_match",
          .kind = OPT_TEXTS,
          .offset = offsetof(InhibitYaml, target_match),
          .help = "Old form of target_matchers: label equals value." },
        { .key = "target_match_re",
          .kind = OPT_TEXTS,
          .offset = offsetof(InhibitYaml, target_match_re),
          .help = "Old form of target_matchers: label matches regex." },
        { .key = "target_matchers",
          .kind = OPT_STR_LIST,
          .offset = offsetof(InhibitYaml, target_matchers),
          .help = "Alerts that match all of these are muted." },
        { .key = "equal",
          .kind = OPT_STR_LIST,
          .offset = offsetof(InhibitYaml, equal),
          .help = "Labels that must have the same value on both sides; missing on both is the same." },
        OPTION_END,
};
static const OptionTable inhibit_table = { "inhibit_rules", inhibit_options, sizeof(InhibitYaml), keep_inhibit_node };

static const OptionTable route_table = { "route", route_options, sizeof(RouteYaml), keep_route_node };

static const Option file_options[] = {
        { .key = "global", .kind = OPT_NODE, .offset = offsetof(FileYaml, global), .help = "Defaults of receivers." },
        { .key = "route",
          .kind = OPT_NODE,
          .offset = offsetof(FileYaml, route),
          .help = "The root of the routing tree." },
        { .key = "receivers",
          .kind = OPT_NODE,
          .offset = offsetof(FileYaml, receivers),
          .help = "Who can be told, and how." },
        { .key = "templates",
          .kind = OPT_STR_LIST,
          .offset = offsetof(FileYaml, templates),
          .help = "Template files (globs), relative to this file." },
        { .key = "inhibit_rules",
          .kind = OPT_STRUCT_LIST,
          .offset = offsetof(FileYaml, inhibit_rules),
          .table = &inhibit_table,
          .null_entries = true,
          .help = "Which alerts mute which others." },
        { .key = "mute_time_intervals",
          .kind = OPT_NODE,
          .offset = offsetof(FileYaml, mute_time_intervals),
          .help = "Old name of time_intervals." },
        { .key = "time_intervals",
          .kind = OPT_NODE,
          .offset = offsetof(FileYaml, time_intervals),
          .help = "Named time intervals." },
        { .key = "tracing",
          .kind = OPT_NODE,
          .offset = offsetof(FileYaml, tracing),
          .help = "Where traces of notifications go." },
        { .key = "event_recorder",
          .kind = OPT_NODE,
          .offset = offsetof(FileYaml, event_recorder),
          .help = "Where events of alerts go." },
        OPTION_END,
};
static const OptionTable file_table = { "alertmanager", file_options, sizeof(FileYaml), NULL };

static bool complain(const OptionCtx *ctx, const YamlNode *node, const char *text, Str what)
{
        return diags_error(ctx->diags, ctx->file, node ? node->pos : (YamlPos){ 0 }, "%s '" STR_FMT "'", text,
                           STR_ARG(what));
}

static int by_name_value(const void *pa, const void *pb)
{
        const Matcher *a = pa;
        const Matcher *b = pb;
        int c = str_cmp(a->name, b->name);
        if (!c)
                c = str_cmp(a->value, b->value);
        return c ? c : (a->type > b->type) - (a->type < b->type);
}

/* One file being read. */
typedef struct Binder {
        const OptionCtx *ctx;
        AlertCompat compat;
        AlertConfig *config;
} Binder;

/* The three forms in which conditions are given. */
typedef struct Conditions {
        Labels match, match_re;
        StrList matchers;
        bool anchors; /* upstream keeps the anchors of match_re in a route's key */
} Conditions;

static bool is_name(const Binder *b, Str name) { return alert_matchers_is_name(name, b->config->matchers); }

static bool add_matcher(const Binder *b, const YamlNode *node, MatchType type, Label l, AlertMatcherVec *all)
{
        Err err;
        Matcher m;
        if (!labels_name_is_legacy_valid(l.name)) /* in these old forms at every level, as upstream */
                return complain(b->ctx, node, "invalid label name", l.name);
        if (!matcher_make_alert(b->ctx->arena, type, l.name, l.value, &m, &err))
                return complain(b->ctx, node, err.msg, l.name);
        vec_push(all, m);
        return true;
}

static bool add_matchers(const Binder *b, const YamlNode *node, Str text, AlertMatcherVec *all)
{
        Err err;
        Str suggestion;
        AlertMatcherMode mode = b->config->matchers;
        if (!alert_matchers_parse_mode(text, mode, b->ctx->arena, all, &err))
                return complain(b->ctx, node, err.msg, text);
        if (mode == ALERT_MATCHERS_FALLBACK && alert_matchers_disagree(text, b->ctx->arena, &suggestion))
                diags_warn(b->ctx->diags, b->ctx->file, node->pos,
                           "the UTF-8 grammar of matchers does not read `" STR_FMT
                           "` in the same way; the classic reading is used: write `" STR_FMT "`",
                           STR_ARG(text), STR_ARG(suggestion));
        return true;
}

static bool read_matchers(const Binder *b, const YamlNode *node, const Conditions *from, Matchers *ret)
{
        AlertMatcherVec all = { .arena = b->ctx->arena };
        bool ok = true;
        for (size_t i = 0; i < from->match.n; i++)
                ok &= add_matcher(b, node, MATCH_EQ, from->match.data[i], &all);
        for (size_t i = 0; i < from->match_re.n; i++) {
                Label l = from->match_re.data[i];
                if (from->anchors)
                        l.value = str_printf(b->ctx->arena, "^(?:" STR_FMT ")$", STR_ARG(l.value));
                ok &= add_matcher(b, node, MATCH_RE, l, &all);
        }
        for (size_t i = 0; i < from->matchers.n; i++)
                ok &= add_matchers(b, node, from->matchers.data[i], &all);
        if (all.len > 1)
                qsort(all.data, all.len, sizeof(Matcher), by_name_value);
        *ret = (Matchers){ all.data, all.len };
        return ok;
}

/* A regex that is null is no regex. */
static bool check_regexes(const Binder *b, const YamlNode *node, const char *key)
{
        const YamlNode *map = yaml_get(node, str_of(key));
        for (size_t i = 0; map && map->kind == YAML_MAP && i < map->n; i++)
                if (map->pairs[i].value->kind == YAML_NULL)
                        return complain(b->ctx, map, "invalid regexp value for", map->pairs[i].key);
        return true;
}

static bool read_group_by(const Binder *b, const RouteYaml *yaml, AlertRoute *route)
{
        const OptionCtx *ctx = b->ctx;
        route->group_by = yaml->group_by;
        route->group_by_all = false;
        for (size_t i = 0; i < yaml->group_by.n; i++) {
                Str name = yaml->group_by.data[i];
                if (str_eq(name, STR("..."))) {
                        route->group_by_all = true;
                        if (yaml->group_by.n > 1)
                                return complain(
                                        ctx, yaml->node,
                                        "cannot have wildcard group_by (`...`) and other labels at the same time:",
                                        name);
                } else if (!is_name(b, name))
                        return complain(ctx, yaml->node, "invalid label name in group_by list:", name);
                for (size_t k = 0; k < i; k++)
                        if (str_eq(yaml->group_by.data[k], name))
                                return complain(ctx, yaml->node, "duplicated label in group_by:", name);
        }
        return true;
}

static bool check_receiver(const OptionCtx *ctx, const YamlNode *node, const AlertConfig *config, Str name)
{
        for (size_t i = 0; i < config->n_receivers; i++)
                if (str_eq(config->receivers[i].name, name))
                        return true;
        return complain(ctx, node, "undefined receiver used in route: there is no receiver", name);
}

static bool check_intervals(const Binder *b, const YamlNode *node, StrList names)
{
        bool ok = true;
        for (size_t i = 0; i < names.n; i++)
                if (!alert_interval_find(&b->config->intervals, names.data[i]))
                        ok = complain(b->ctx, node, "undefined time interval used in route: there is no interval",
                                      names.data[i]);
        return ok;
}

/* A child's win. */
static Labels merge_labels(Arena *arena, Labels parent, Labels child)
{
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, parent);
        for (size_t i = 0; i < child.n; i++)
                labels_builder_set(&lb, child.data[i].name, child.data[i].value);
        return labels_builder_build(&lb, arena);
}

/* Fills in what the parent gives. */
static bool build_route(const Binder *b, const RouteYaml *yaml, const AlertRoute *parent, AlertRoute *route)
{
        const OptionCtx *ctx = b->ctx;
        bool ok = true;
        *route = *parent;
        route->routes = NULL;
        route->n = 0;
        route->continue_matching = yaml->continue_matching;
        if (yaml->receiver.n)
                route->receiver = yaml->receiver;
        if (yaml->has_wait)
                route->group_wait_ms = yaml->group_wait_ms;
        if (yaml->has_interval)
                route->group_interval_ms = yaml->group_interval_ms;
        if (yaml->has_repeat)
                route->repeat_interval_ms = yaml->repeat_interval_ms;
        if (yaml->has_interval && yaml->group_interval_ms == 0)
                ok = complain(ctx, yaml->node, "group_interval cannot be zero in the route of", route->receiver);
        if (yaml->has_repeat && yaml->repeat_interval_ms == 0)
                ok = complain(ctx, yaml->node, "repeat_interval cannot be zero in the route of", route->receiver);
        if (yaml->has_group_by &&
            (yaml->group_by.n || b->compat != ALERT_COMPAT_AM_0_25)) /* an empty list was no list */
                ok &= read_group_by(b, yaml, route);
        ok &= read_matchers(b, yaml->node, &(Conditions){ yaml->match, yaml->match_re, yaml->matchers, true },
                            &route->matchers);
        ok &= check_regexes(b, yaml->node, "match_re");
        ok &= check_receiver(ctx, yaml->node, b->config, route->receiver);
        route->mute_intervals = yaml->mute_time_intervals;
        route->active_intervals = yaml->active_time_intervals;
        ok &= check_intervals(b, yaml->node, yaml->mute_time_intervals);
        ok &= check_intervals(b, yaml->node, yaml->active_time_intervals);
        route->labels = merge_labels(ctx->arena, parent->labels, yaml->labels);
        const RouteYaml *children = yaml->routes.data;
        route->routes = arena_array(ctx->arena, AlertRoute, yaml->routes.n);
        route->n = yaml->routes.n;
        for (size_t i = 0; i < yaml->routes.n; i++)
                ok &= build_route(b, &children[i], route, &route->routes[i]);
        return ok;
}

/* An empty text has none. */
static bool has_matchers(StrList texts)
{
        for (size_t i = 0; i < texts.n; i++)
                if (str_trim(texts.data[i]).n)
                        return true;
        return false;
}

static bool read_root(const Binder *b, const YamlNode *node)
{
        const OptionCtx *ctx = b->ctx;
        AlertConfig *config = b->config;
        static const AlertRoute defaults = { .group_wait_ms = 30000,
                                             .group_interval_ms = 300000,
                                             .repeat_interval_ms = INT64_C(4) * 3600000 };
        RouteYaml yaml;
        if (!node)
                return diags_error(ctx->diags, ctx->file, (YamlPos){ 1, 1 },
                                   "no routes provided: add a 'route' with a 'receiver'");
        bool ok = option_bind(node, &route_table, &yaml, ctx);
        yaml.node = node;
        if (!yaml.receiver.n)
                return diags_error(ctx->diags, ctx->file, node->pos, "root route must specify a default receiver");
        if (yaml.match.n || yaml.match_re.n || has_matchers(yaml.matchers))
                ok = diags_error(ctx->diags, ctx->file, node->pos, "root route must not have any matchers");
        if (yaml.continue_matching)
                ok = diags_error(ctx->diags, ctx->file, node->pos, "cannot have continue in root route");
        if (yaml.mute_time_intervals.n || yaml.active_time_intervals.n)
                ok = diags_error(ctx->diags, ctx->file, node->pos,
                                 "root route must not have any mute or active time intervals");
        config->root = arena_new_of(ctx->arena, AlertRoute);
        return build_route(b, &yaml, &defaults, config->root) && ok;
}

static Labels read_labels(Arena *arena, const YamlNode *receiver)
{
        const YamlNode *labels = yaml_get(receiver, STR("labels"));
        LabelsBuilder lb;
        labels_builder_init(&lb, arena, (Labels){ 0 });
        for (size_t i = 0; labels && labels->kind == YAML_MAP && i < labels->n; i++)
                labels_builder_set(&lb, labels->pairs[i].key, labels->pairs[i].value->text);
        return labels_builder_build(&lb, arena);
}

static bool read_receivers(const OptionCtx *ctx, const YamlNode *node, AlertConfig *config)
{
        bool ok = true;
        if (!node || node->kind == YAML_NULL)
                return true;
        if (node->kind != YAML_SEQ)
                return diags_error(ctx->diags, ctx->file, node->pos, "'receivers' must be a list");
        config->receivers = arena_array(ctx->arena, AlertReceiver, node->n);
        for (size_t i = 0; i < node->n; i++) {
                const YamlNode *item = node->items[i];
                const YamlNode *name = yaml_get(item, STR("name"));
                if (item->kind == YAML_NULL) {
                        diags_warn(ctx->diags, ctx->file, item->pos,
                                   "empty or null entry in 'receivers': it is passed over");
                        continue;
                }
                if (!name || name->kind != YAML_SCALAR || name->text.n == 0) {
                        ok = diags_error(ctx->diags, ctx->file, item->pos, "missing name in receiver");
                        continue;
                }
                for (size_t k = 0; k < config->n_receivers; k++)
                        if (str_eq(config->receivers[k].name, name->text))
                                ok = diags_error(ctx->diags, ctx->file, name->pos,
                                                 "notification config name '" STR_FMT "' is not unique",
                                                 STR_ARG(name->text));
                config->receivers[config->n_receivers++] = (AlertReceiver){ .name = name->text,
                                                                            .labels = read_labels(ctx->arena, item),
                                                                            .node = item };
        }
        return ok;
}

static bool read_inhibit_rules(const Binder *b, StructList list)
{
        const InhibitYaml *yaml = list.data;
        AlertInhibitRule *rules = arena_array(b->ctx->arena, AlertInhibitRule, list.n);
        bool ok = true;
        for (size_t i = 0; i < list.n; i++) {
                const InhibitYaml *y = &yaml[i];
                rules[i] = (AlertInhibitRule){ .name = y->name, .equal = y->equal };
                ok &= read_matchers(b, y->node,
                                    &(Conditions){ y->source_match, y->source_match_re, y->source_matchers, false },
                                    &rules[i].source);
                ok &= read_matchers(b, y->node,
                                    &(Conditions){ y->target_match, y->target_match_re, y->target_matchers, false },
                                    &rules[i].target);
                ok &= check_regexes(b, y->node, "source_match_re");
                ok &= check_regexes(b, y->node, "target_match_re");
                for (size_t k = 0; k < y->equal.n; k++)
                        if (!is_name(b, y->equal.data[k]))
                                ok = complain(b->ctx, y->node, "invalid label name in equal list:", y->equal.data[k]);
        }
        b->config->inhibit_rules = rules;
        b->config->n_inhibit_rules = list.n;
        return ok;
}

bool alert_config_bind_mode(const YamlNode *root, AlertCompat compat, AlertMatcherMode matchers, const OptionCtx *ctx,
                            AlertConfig *ret)
{
        FileYaml yaml;
        bool classic = compat == ALERT_COMPAT_AM_0_25;
        AlertConfig config = { .file = ctx->file,
                               .compat = compat,
                               .matchers = classic ? ALERT_MATCHERS_CLASSIC : matchers,
                               .resolve_timeout_ms = INT64_C(5) * 60 * 1000 };
        Binder b = { ctx, compat, &config };
        bool ok = option_bind(root, &file_table, &yaml, ctx);
        if (classic)
                ok &= alert_newer_check(root, ctx);
        if (classic && matchers == ALERT_MATCHERS_UTF8)
                diags_warn(ctx->diags, ctx->file, (YamlPos){ 0 },
                           "utf8-strict-mode has no effect: the version that alerting.compat asks for reads matchers "
                           "in the classic way only");
        config.global = yaml.global;
        config.templates = yaml.templates;
        const YamlNode *timeout = yaml_get(yaml.global, STR("resolve_timeout"));
        if (timeout && (timeout->kind != YAML_SCALAR || !duration_parse(timeout->text, &config.resolve_timeout_ms)))
                ok = diags_error(ctx->diags, ctx->file, timeout->pos, "resolve_timeout is not a duration such as 5m");
        ok &= read_receivers(ctx, yaml.receivers, &config);
        ok &= alert_interval_bind(yaml.mute_time_intervals, ctx, compat, &config.intervals);
        ok &= alert_interval_bind(yaml.time_intervals, ctx, compat, &config.intervals);
        ok &= read_inhibit_rules(&b, yaml.inhibit_rules);
        ok &= read_root(&b, yaml.route);
        if (ok)
                *ret = config;
        return ok;
}

bool alert_config_bind_as(const YamlNode *root, AlertCompat compat, const OptionCtx *ctx, AlertConfig *ret)
{
        return alert_config_bind_mode(root, compat, ALERT_MATCHERS_FALLBACK, ctx, ret);
}

bool alert_config_bind(const YamlNode *root, const OptionCtx *ctx, AlertConfig *ret)
{
        return alert_config_bind_as(root, ALERT_COMPAT_AM_0_34, ctx, ret);
}

void alert_config_document(Buf *out)
{
        option_document(out, &file_table);
        option_document(out, &route_table);
        alert_interval_document(out);
}
