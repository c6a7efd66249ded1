/* gotmpl/tmpl_check.c
 *
 * Invariants:
 * 1. A trial knows no real data: only what fails for every value of the types counts as a failure.
 * 2. Hints know the mistakes that people make with the two kinds of data, not Go. */
#include "gotmpl/tmpl_check.h"

#include "gotmpl/tmpl_node.h"
#include "gotmpl/tmpl_rule.h"
#include "model/histogram.h"

/* One sample without labels, whatever is asked. */
static bool any_query(void *self, Str expr, Arena *arena, TmplPromSample **ret, size_t *ret_n, Err *err)
{
        (void)expr;
        (void)err;
        *ret = arena_new_of(arena, TmplPromSample);
        (*ret)->v = 1;
        (*ret)->h = self;
        *ret_n = 1;
        return true;
}

bool tmpl_check_try_rule(Str name, Str text, Err *err)
{
        static const Str names[] = { STR_INIT("instance"), STR_INIT("job") };
        static const Str values[] = { STR_INIT("host.example.com:9100"), STR_INIT("example") };
        AUTO(arena_free) Arena *arena = arena_new();
        TmplRuleData data = { .label_names = names,
                              .label_values = values,
                              .labels_n = ARRAY_LEN(names),
                              .external_url = STR("http://pharos.example.com"),
                              .value = 1 };
        TmplPromCtx ctx = { .query = any_query, .external_url = data.external_url, .path_prefix = STR("/") };
        Str out;
        if (tmpl_rule_try(name, text, &data, &ctx, arena, &out, err))
                return true;
        Histogram h = { .count = 1, .sum = 1 };
        Err other;
        data.histogram = ctx.self = &h; /* a text for rules over histograms */
        if (tmpl_rule_try(name, text, &data, &ctx, arena, &out, &other))
                return true;
        Str said = str_of(err->msg);
        bool of_data = str_find(said, STR("error calling ")) != SIZE_MAX &&
                       str_find(said, STR("types for comparison")) == SIZE_MAX;
        if (of_data || err->code == ERR_LIMIT || str_find(said, STR("error parsing template")) != SIZE_MAX)
                return true;
        Str hint = tmpl_check_hint(said);
        if (hint.n)
                err_set(err, ERR_INVALID, STR_FMT "; " STR_FMT, STR_ARG(str_dup(arena, said)), STR_ARG(hint));
        return false;
}

Str tmpl_check_hint(Str error)
{
        static const struct {
                const char *part, *type, *hint;
        } hints[] = {
                { "field Annotations", "template.Data", "write .CommonAnnotations, or {{ range .Alerts }} around it" },
                { "field Labels", "template.Data",
                  "write .CommonLabels or .GroupLabels, or {{ range .Alerts }} around it" },
                { "field StartsAt", "template.Data", "write {{ range .Alerts }}{{ .StartsAt }}{{ end }}" },
                { "field EndsAt", "template.Data", "write {{ range .Alerts }}{{ .EndsAt }}{{ end }}" },
                { "field GeneratorURL", "template.Data", "write {{ range .Alerts }}{{ .GeneratorURL }}{{ end }}" },
                { "field Fingerprint", "template.Data", "write {{ range .Alerts }}{{ .Fingerprint }}{{ end }}" },
                { "field Value", "template.", "an alert has no value here: put it into an annotation of the rule" },
                { "field Common", "template.Alert",
                  "write $.CommonLabels or $.CommonAnnotations: inside a range, '.' is one alert" },
                { "field Group", "template.Alert", "write $.GroupLabels: inside a range, '.' is one alert" },
                { "field ExternalURL", "template.Alert", "write $.ExternalURL: inside a range, '.' is one alert" },
                { "field Receiver", "template.Alert", "write $.Receiver: inside a range, '.' is one alert" },
                { "field Alerts", "template.Alert", "write $.Alerts: inside a range, '.' is one alert" },
                { "", "template.Data",
                  "a group has .Status .Receiver .Alerts .GroupLabels .CommonLabels .CommonAnnotations .ExternalURL" },
                { "", "template.Alert",
                  "an alert has .Status .Labels .Annotations .StartsAt .EndsAt .GeneratorURL .Fingerprint" },
                { "", "in type struct { Labels", "a rule's text has .Labels .Value .ExternalLabels .ExternalURL" },
                { "types for comparison", "",
                  "$value is a float64: compare it with a number that has a point, such as 1.0" },
                { "undefined variable", "$labels",
                  "$labels is of rule files: here it is .CommonLabels, or .Labels inside {{ range .Alerts }}" },
                { "undefined variable", "$value", "$value is of rule files: put it into an annotation of the rule" },
        };
        for (size_t i = 0; i < ARRAY_LEN(hints); i++)
                if (str_find(error, str_of(hints[i].part)) != SIZE_MAX &&
                    str_find(error, str_of(hints[i].type)) != SIZE_MAX &&
                    (hints[i].part[0] || str_find(error, STR("can't evaluate field")) != SIZE_MAX))
                        return str_of(hints[i].hint);
        return (Str){ 0 };
}

/* ---- labels */

typedef struct LabelNames {
        Arena *arena;
        VEC(Str) names;
} LabelNames;

static void add_name(LabelNames *l, Str name)
{
        vec_each(known, &l->names)
                if (str_eq(*known, name))
                        return;
        vec_push(&l->names, str_dup(l->arena, name));
}

/* rebound: '.' is no longer the rule's data. */
static void visit(LabelNames *l, const TmplNode *node, bool rebound)
{
        if (!node)
                return;
        if (node->kind == NODE_VARIABLE && node->names_n > 1 && str_eq(node->names[0], STR("$labels")))
                add_name(l, node->names[1]);
        if (!rebound && node->kind == NODE_FIELD && node->names_n > 1 && str_eq(node->names[0], STR("Labels")))
                add_name(l, node->names[1]);
        if (node->kind == NODE_VARIABLE && node->names_n > 2 && str_eq(node->names[0], STR("$")) &&
            str_eq(node->names[1], STR("Labels")))
                add_name(l, node->names[2]);
        visit(l, node->pipe, rebound);
        for (size_t i = 0; i < node->n; i++)
                visit(l, node->kids[i], rebound);
        visit(l, node->list, rebound || node->kind == NODE_RANGE || node->kind == NODE_WITH);
        visit(l, node->else_list, rebound);
}

void tmpl_check_labels(Str text, Arena *arena, Str **ret, size_t *ret_n)
{
        LabelNames l = { .arena = arena, .names.arena = arena };
        TmplTreeVec trees = { .arena = arena };
        Err err;
        *ret = NULL;
        *ret_n = 0;
        if (!tmpl_rule_parse(STR("labels"), text, arena, &trees, &err))
                return;
        for (size_t i = 0; i < trees.len; i++)
                visit(&l, trees.data[i].root, false);
        *ret = l.names.data;
        *ret_n = l.names.len;
}
