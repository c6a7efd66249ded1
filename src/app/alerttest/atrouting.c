#include "app/alerttest/atrouting.h"

#include "alert/alert.h"
#include "alert/alert_route.h"
#include "config/diag.h"

static void add_receiver(void *arg, const AlertRoute *route)
{
        Buf *out = arg;
        buf_char(out, ' ');
        buf_str_add(out, route->receiver);
}

static void check_case(AtRun *run, const JsonValue *c)
{
        Arena *arena = run->arena;
        Diags diags;
        AlertConfig config;
        Str file = json_get_str(c, STR("config"));
        const JsonValue *receivers = json_get(c, STR("receivers"));
        diags_init(&diags, arena);
        OptionCtx ctx = { .arena = arena, .diags = &diags, .file = file, .base_dir = STR(".") };
        YamlNode *root = option_load_file(atkind_sibling(run, file), arena, &diags);
        if (!root || !alert_config_bind(root, &ctx, &config)) {
                atkind_check(run, false, file, diags.list.len ? diags.list.data[0].message : STR("does not load"));
                return;
        }
        Buf got = { .arena = arena };
        Buf want = { .arena = arena };
        Buf what = { .arena = arena };
        Labels labels = atkind_labels(arena, json_get(c, STR("labels")));
        alert_route_match(config.root, labels, add_receiver, &got);
        for (size_t i = 0; receivers && i < receivers->n; i++)
                buf_printf(&want, " " STR_FMT, STR_ARG(receivers->items[i].str));
        buf_printf(&what, STR_FMT " ", STR_ARG(file));
        labels_print(&what, labels);
        buf_char(&got, ' ');
        buf_char(&want, ' ');
        atkind_check(
                run, str_eq(buf_str(&got), buf_str(&want)), buf_str(&what),
                str_printf(arena, "goes to" STR_FMT "want" STR_FMT, STR_ARG(buf_str(&got)), STR_ARG(buf_str(&want))));
}

void atrouting_run(AtRun *run)
{
        const JsonValue *cases = json_get(run->root, STR("cases"));
        for (size_t i = 0; i < cases->n; i++)
                check_case(run, &cases->items[i]);
}
