#include "config/relabel_options.h"

#include "config/option_value.h"

typedef struct Bound {
        StrList source_labels;
        Str separator, regex, target_label, replacement;
        uint64_t modulus;
        int action;
        bool has_source_labels, has_regex;
} Bound;

/* Action names are read without regard to case. */
static bool parse_action(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        size_t n = 0;
        for (; relabel_action_names[n]; n++) {
                if (node->kind == YAML_SCALAR && str_eq_fold(node->text, str_of(relabel_action_names[n]))) {
                        *(int *)field = (int)n;
                        return true;
                }
        }
        if (node->kind != YAML_SCALAR || node->text.n == 0)
                return diags_error(ctx->diags, ctx->file, node->pos, "relabel action cannot be empty");
        const char *near = option_value_nearest(node->text, relabel_action_names, n);
        return diags_error(ctx->diags, ctx->file, node->pos, "unknown relabel action '" STR_FMT "'%s%s%s",
                           STR_ARG(str_sub(node->text, 0, 60)), near ? ": did you mean '" : "", near ? near : "",
                           near ? "'?" : "");
}

static const Option options[] = {
        { "source_labels", OPT_STR_LIST, offsetof(Bound, source_labels),
          .set_offset = offsetof(Bound, has_source_labels),
          .help = "Labels whose values are joined to the text that regex is matched against." },
        { "separator", OPT_STR, offsetof(Bound, separator), .def = ";",
          .help = "What stands between the joined values." },
        { "regex", OPT_STR, offsetof(Bound, regex), .def = "(.*)", .set_offset = offsetof(Bound, has_regex),
          .help = "RE2 expression that must match the whole text; a dot matches newlines too." },
        { "modulus", OPT_UINT, offsetof(Bound, modulus), .help = "hashmod: the number of shards." },
        { "target_label", OPT_STR, offsetof(Bound, target_label),
          .help = "The label that is written; $1 refers to the first group." },
        { "replacement", OPT_STR, offsetof(Bound, replacement), .def = "$1",
          .help = "The new value; an empty result removes the label." },
        { "action", OPT_CUSTOM, offsetof(Bound, action), .parse = parse_action,
          .help = "replace (the default), keep, drop, keepequal, dropequal, hashmod, labelmap, labeldrop, labelkeep, "
                  "lowercase or uppercase." },
        OPTION_END,
};
const OptionTable relabel_options_table = { .name = "relabel_config", .options = options, .size = sizeof(Bound) };

static bool parse_rule(const YamlNode *node, bool legacy, RelabelConfig *ret, const OptionCtx *ctx)
{
        Bound b;
        if (!option_bind(node, &relabel_options_table, &b, ctx))
                return false;
        RelabelRule rule = {
                .action = (RelabelAction)b.action,
                .source_labels = b.source_labels.data,
                .n_source_labels = b.source_labels.n,
                .separator = b.separator,
                .regex = b.regex,
                .target_label = b.target_label,
                .replacement = b.replacement,
                .modulus = b.modulus,
                .has_source_labels = b.has_source_labels,
                .has_regex = b.has_regex,
                .legacy_names = legacy,
        };
        Err err = { 0 };
        if (!relabel_compile(ctx->arena, &rule, ret, &err))
                return diags_error(ctx->diags, ctx->file, node->pos, "%s", err.msg);
        return true;
}

static bool parse_list(void *field, const YamlNode *node, bool legacy, const OptionCtx *ctx)
{
        RelabelConfigList *ret = field;
        if (node->kind == YAML_NULL)
                return true;
        if (node->kind != YAML_SEQ)
                return diags_error(ctx->diags, ctx->file, node->pos, "relabelling rules need a list");
        RelabelConfigList list = { arena_array(ctx->arena, RelabelConfig, node->n), node->n };
        bool ok = true;
        for (size_t i = 0; i < node->n; i++) {
                if (node->items[i]->kind == YAML_NULL)
                        ok = diags_error(ctx->diags, ctx->file, node->items[i]->pos, "empty or null relabelling rule");
                else
                        ok = parse_rule(node->items[i], legacy, &list.data[i], ctx) && ok;
        }
        if (ok)
                *ret = list;
        return ok;
}

bool relabel_options_parse(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        return parse_list(field, node, false, ctx);
}
bool relabel_options_parse_legacy(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        return parse_list(field, node, true, ctx);
}
