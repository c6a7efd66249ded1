/* `upstream_files` names files two folders up with the verdict of 0.34; `own` holds configurations with the verdict of the
 * version that was recorded. */
#include "app/alerttest/atconfig.h"

#include "alert/alert.h"
#include "notify/notify.h"

/* Routes, then receivers, as the program loads them. */
static bool loads(AtRun *run, const YamlNode *root, AlertCompat compat, const OptionCtx *ctx)
{
        AlertConfig config;
        NotifyReceivers *receivers;
        if (!alert_config_bind_as(root, compat, ctx, &config))
                return false;
        Str *names = arena_array(run->arena, Str, config.n_receivers);
        const YamlNode **nodes = arena_array(run->arena, const YamlNode *, config.n_receivers);
        for (size_t i = 0; i < config.n_receivers; i++) {
                names[i] = config.receivers[i].name;
                nodes[i] = config.receivers[i].node;
        }
        NotifyBindOptions options = { .global = config.global,
                                      .templates = config.templates,
                                      .compat = compat,
                                      .strict = true,
                                      .no_trial = true };
        return notify_receivers_bind_with(names, nodes, config.n_receivers, &options, ctx, &receivers);
}

static void check(AtRun *run, Str name, const YamlNode *root, AlertCompat compat, Diags *diags, bool want)
{
        OptionCtx ctx = { .arena = run->arena, .diags = diags, .file = name, .base_dir = STR(".") };
        bool ok = root && loads(run, root, compat, &ctx) && diags->errors == 0;
        const Diag *first = NULL;
        vec_each(d, &diags->list)
                if (!first && d->level == DIAG_ERROR)
                        first = d;
        Str why = first ? first->message : STR("no error");
        atkind_check(run, ok == want, name,
                     str_printf(run->arena, "%s, wanted %s: " STR_FMT, ok ? "loads" : "is refused",
                                want ? "to load" : "to be refused", STR_ARG(why)));
}

static void check_file(AtRun *run, const JsonValue *c)
{
        Str file = json_get_str(c, STR("file"));
        Diags diags;
        diags_init(&diags, run->arena);
        Str path = str_printf(run->arena, "../../" STR_FMT, STR_ARG(file));
        check(run, file, option_load_file(atkind_sibling(run, path), run->arena, &diags), ALERT_COMPAT_AM_0_34, &diags,
              json_get_bool(c, STR("valid_in_0_34")));
}

static void check_text(AtRun *run, const JsonValue *c)
{
        YamlNode **docs;
        YamlError *errors;
        size_t n = 0;
        size_t n_errors;
        Diags diags;
        diags_init(&diags, run->arena);
        bool parsed = yaml_parse(json_get_str(c, STR("config")), run->arena, &docs, &n, &errors, &n_errors);
        check(run, json_get_str(c, STR("name")), parsed && n ? docs[0] : NULL, run->compat, &diags,
              json_get_bool(c, STR("valid")));
}

/* A configuration takes a megabyte, most of it templates: each case has memory of its own. */
static void check_each(AtRun *run, const JsonValue *cases, void (*check_one)(AtRun *run, const JsonValue *c))
{
        AUTO(arena_free) Arena *arena = arena_new();
        Arena *of_file = run->arena;
        run->arena = arena;
        for (size_t i = 0; cases && i < cases->n; i++) {
                check_one(run, &cases->items[i]);
                arena_reset(arena);
        }
        run->arena = of_file;
}

void atconfig_run(AtRun *run)
{
        check_each(run, json_get(run->root, STR("upstream_files")), check_file);
        check_each(run, json_get(run->root, STR("own")), check_text);
}
