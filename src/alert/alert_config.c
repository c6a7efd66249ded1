/* alertmanager.yml: the route tree with inherited values filled in, receivers by name, and the checks across them. */
#include <stddef.h>
#include <stdlib.h>

#include "alert/alert.h"
#include "alert/alert_matchers.h"
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

typedef struct GlobalYaml {
        int64_t resolve_timeout_ms;
} GlobalYaml;

typedef struct FileYaml {
        const YamlNode *global, *route, *receivers, *inhibit_rules, *mute_time_intervals, *time_intervals, *tracing,
                *event_recorder;
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
          .kind = OPT_LABELS,
          .offset = offsetof(RouteYaml, match),
          .help = "Old form of matchers: label equals value." },
        { .key = "match_re",
          .kind = OPT_LABELS,
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
          .kind = OPT_LABELS,
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
          .kind = OPT_NODE,
          .offset = offsetof(FileYaml, inhibit_rules),
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

static bool read_matchers(const OptionCtx *ctx, const RouteYaml *yaml, Matchers *ret)
{
        AlertMatcherVec all = { .arena = ctx->arena };
        Err err;
        Matcher m;
        bool ok = true;
        for (size_t i = 0; i < yaml->match.n; i++) {
                if (matcher_make(ctx->arena, MATCH_EQ, yaml->match.data[i].name, yaml->match.data[i].value, &m, &err))
                        vec_push(&all, m);
                else
                        ok = complain(ctx, yaml->node, err.msg, yaml->match.data[i].name);
        }
        for (size_t i = 0; i < yaml->match_re.n; i++) {
                /* Upstream keeps the anchors of this form in the route's key. */
                Str value = str_printf(ctx->arena, "^(?:" STR_FMT ")$", STR_ARG(yaml->match_re.data[i].value));
                if (matcher_make(ctx->arena, MATCH_RE, yaml->match_re.data[i].name, value, &m, &err))
                        vec_push(&all, m);
                else
                        ok = complain(ctx, yaml->node, err.msg, yaml->match_re.data[i].name);
        }
        for (size_t i = 0; i < yaml->matchers.n; i++)
                if (!alert_matchers_parse(yaml->matchers.data[i], ctx->arena, &all, &err))
                        ok = complain(ctx, yaml->node, err.msg, yaml->matchers.data[i]);
        if (all.len > 1)
                qsort(all.data, all.len, sizeof(Matcher), by_name_value);
        *ret = (Matchers){ all.data, all.len };
        return ok;
}

static bool read_group_by(const OptionCtx *ctx, const RouteYaml *yaml, AlertRoute *route)
{
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
                }
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

/* Fills in what the parent gives. */
static bool build_route(const OptionCtx *ctx, const RouteYaml *yaml, const AlertRoute *parent,
                        const AlertConfig *config, AlertRoute *route)
{
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
        if (yaml->has_group_by)
                ok &= read_group_by(ctx, yaml, route);
        ok &= read_matchers(ctx, yaml, &route->matchers);
        ok &= check_receiver(ctx, yaml->node, config, route->receiver);
        if (yaml->mute_time_intervals.n || yaml->active_time_intervals.n)
                diags_warn(ctx->diags, ctx->file, yaml->node->pos,
                           "time intervals of routes are read but not applied yet: this route is never muted");
        const RouteYaml *children = yaml->routes.data;
        route->routes = arena_array(ctx->arena, AlertRoute, yaml->routes.n);
        route->n = yaml->routes.n;
        for (size_t i = 0; i < yaml->routes.n; i++)
                ok &= build_route(ctx, &children[i], route, config, &route->routes[i]);
        return ok;
}

static bool read_root(const OptionCtx *ctx, const YamlNode *node, AlertConfig *config)
{
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
        if (yaml.match.n || yaml.match_re.n || yaml.matchers.n)
                ok = diags_error(ctx->diags, ctx->file, node->pos, "root route must not have any matchers");
        if (yaml.continue_matching)
                ok = diags_error(ctx->diags, ctx->file, node->pos, "cannot have continue in root route");
        if (yaml.mute_time_intervals.n || yaml.active_time_intervals.n)
                ok = diags_error(ctx->diags, ctx->file, node->pos,
                                 "root route must not have any mute or active time intervals");
        config->root = arena_new_of(ctx->arena, AlertRoute);
        return build_route(ctx, &yaml, &defaults, config, config->root) && ok;
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
                if (!name || name->kind != YAML_SCALAR || name->text.n == 0) {
                        ok = diags_error(ctx->diags, ctx->file, item->pos, "missing name in receiver");
                        continue;
                }
                for (size_t k = 0; k < config->n_receivers; k++)
                        if (str_eq(config->receivers[k].name, name->text))
                                ok = diags_error(ctx->diags, ctx->file, name->pos,
                                                 "notification config name '" STR_FMT "' is not unique",
                                                 STR_ARG(name->text));
                config->receivers[config->n_receivers++] = (AlertReceiver){ .name = name->text, .node = item };
        }
        return ok;
}

bool alert_config_bind(const YamlNode *root, const OptionCtx *ctx, AlertConfig *ret)
{
        FileYaml yaml;
        AlertConfig config = { .file = ctx->file, .resolve_timeout_ms = INT64_C(5) * 60 * 1000 };
        bool ok = option_bind(root, &file_table, &yaml, ctx);
        config.global = yaml.global;
        config.templates = yaml.templates;
        const YamlNode *timeout = yaml_get(yaml.global, STR("resolve_timeout"));
        if (timeout && (timeout->kind != YAML_SCALAR || !duration_parse(timeout->text, &config.resolve_timeout_ms)))
                ok = diags_error(ctx->diags, ctx->file, timeout->pos, "resolve_timeout is not a duration such as 5m");
        ok &= read_receivers(ctx, yaml.receivers, &config);
        ok &= read_root(ctx, yaml.route, &config);
        if (yaml.inhibit_rules && yaml.inhibit_rules->n)
                diags_warn(ctx->diags, ctx->file, yaml.inhibit_rules->pos,
                           "inhibit_rules are read but not applied yet: no alert is muted by another");
        if (ok)
                *ret = config;
        return ok;
}

void alert_config_document(Buf *out)
{
        option_document(out, &file_table);
        option_document(out, &route_table);
}
