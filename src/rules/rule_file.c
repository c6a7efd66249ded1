/* Reading rule files: the YAML shape through option tables, then what a table cannot say: names, expressions, templates.
 *
 * Invariants:
 * 1. Every complaint names the group and the rule, and points into the file; a bad expression also at its own column.
 * 2. A file with one error loads nothing; all its errors are reported together. */
#include <stddef.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "codec/floats.h"
#include "config/option.h"
#include "os/file.h"
#include "rules/rules.h"

enum { RULE_FILE_MAX_BYTES = 64 << 20 };

typedef struct RuleYaml {
        const YamlNode *record, *alert, *expr;
        int64_t for_ms, keep_firing_for_ms;
        Labels labels, annotations;
        uint64_t consecutive_failures;
        const YamlNode *recovery, *recovery_threshold;
        int64_t prediction_window_ms, prediction_range_ms;
        const YamlNode *node;
} RuleYaml;

typedef struct GroupYaml {
        Str name;
        int64_t interval_ms, query_offset_ms;
        bool has_query_offset;
        int64_t limit;
        Labels labels;
        StructList rules;
        const YamlNode *node;
} GroupYaml;

typedef struct FileYaml {
        StructList groups;
} FileYaml;

static void keep_rule_node(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        ((RuleYaml *)self)->node = node;
}

static void keep_group_node(void *self, const YamlNode *node, const OptionCtx *ctx)
{
        (void)ctx;
        ((GroupYaml *)self)->node = node;
}

static int by_name(const void *a, const void *b) { return str_cmp(((const Label *)a)->name, ((const Label *)b)->name); }

/* Labels of rules, field is a Labels: an empty text stays, it takes the series' label away. */
static bool parse_labels(void *field, const YamlNode *node, const OptionCtx *ctx)
{
        if (node->kind == YAML_NULL)
                return true;
        if (node->kind != YAML_MAP)
                return diags_error(ctx->diags, ctx->file, node->pos, "'labels' needs a mapping of names to texts");
        Label *all = arena_array(ctx->arena, Label, node->n);
        for (size_t i = 0; i < node->n; i++) {
                const YamlNode *value = node->pairs[i].value;
                if (value->kind != YAML_SCALAR && value->kind != YAML_NULL)
                        return diags_error(ctx->diags, ctx->file, value->pos, "label '" STR_FMT "' needs a text",
                                           STR_ARG(node->pairs[i].key));
                all[i] = (Label){ node->pairs[i].key, value->kind == YAML_NULL ? (Str){ 0 } : value->text };
        }
        if (node->n > 1)
                qsort(all, node->n, sizeof *all, by_name);
        *(Labels *)field = (Labels){ all, node->n };
        return true;
}

static const Option rule_options[] = {
        { .key = "record",
          .kind = OPT_NODE,
          .offset = offsetof(RuleYaml, record),
          .help = "Name of the series that a recording rule writes." },
        { .key = "alert", .kind = OPT_NODE, .offset = offsetof(RuleYaml, alert), .help = "Name of the alert." },
        { .key = "expr",
          .kind = OPT_NODE,
          .offset = offsetof(RuleYaml, expr),
          .help = "PromQL expression, evaluated at every interval of the group." },
        { .key = "for",
          .kind = OPT_DURATION,
          .offset = offsetof(RuleYaml, for_ms),
          .help = "How long the expression must hold before the alert fires." },
        { .key = "keep_firing_for",
          .kind = OPT_DURATION,
          .offset = offsetof(RuleYaml, keep_firing_for_ms),
          .help = "How long the alert goes on firing after the expression stopped to hold." },
        { .key = "labels",
          .kind = OPT_CUSTOM,
          .parse = parse_labels,
          .offset = offsetof(RuleYaml, labels),
          .help = "Labels to add or override; templates in alerting rules." },
        { .key = "annotations",
          .kind = OPT_TEXTS,
          .offset = offsetof(RuleYaml, annotations),
          .help = "Texts for people; templates." },
        { .key = "consecutive_failures",
          .kind = OPT_UINT,
          .offset = offsetof(RuleYaml, consecutive_failures),
          .max = 100000,
          .help = "Beyond upstream: the alert fires only after so many evaluations in a row, whatever `for` says." },
        { .key = "recovery",
          .kind = OPT_NODE,
          .offset = offsetof(RuleYaml, recovery),
          .help = "Beyond upstream: a firing alert goes on until this expression gives a series all of whose labels the alert's series has." },
        { .key = "recovery_threshold",
          .kind = OPT_NODE,
          .offset = offsetof(RuleYaml, recovery_threshold),
          .help = "Beyond upstream, for an `expr` that compares with a number: a firing alert goes on until the value is on the good side of this number." },
        { .key = "prediction_window",
          .kind = OPT_DURATION,
          .offset = offsetof(RuleYaml, prediction_window_ms),
          .help = "Beyond upstream, for an `expr` that compares with a number: it also holds when predict_linear says that it will within this time." },
        { .key = "prediction_range",
          .kind = OPT_DURATION,
          .offset = offsetof(RuleYaml, prediction_range_ms),
          .help = "How far back the prediction looks; default: prediction_window." },
        OPTION_END,
};
static const OptionTable rule_table = { "rule", rule_options, sizeof(RuleYaml), keep_rule_node };

static const Option group_options[] = {
        { .key = "name",
          .kind = OPT_STR,
          .offset = offsetof(GroupYaml, name),
          .help = "Name of the group, unique in its file." },
        { .key = "interval",
          .kind = OPT_DURATION,
          .offset = offsetof(GroupYaml, interval_ms),
          .help = "How often its rules are evaluated; default: global.evaluation_interval." },
        { .key = "query_offset",
          .kind = OPT_DURATION,
          .offset = offsetof(GroupYaml, query_offset_ms),
          .set_offset = offsetof(GroupYaml, has_query_offset),
          .help = "Evaluate this far in the past, to wait for late data." },
        { .key = "limit",
          .kind = OPT_INT,
          .offset = offsetof(GroupYaml, limit),
          .def = "0",
          .help = "Most alerts or series that one rule may produce; 0: no limit." },
        { .key = "labels",
          .kind = OPT_CUSTOM,
          .parse = parse_labels,
          .offset = offsetof(GroupYaml, labels),
          .help = "Labels added to every rule of the group." },
        { .key = "rules",
          .kind = OPT_STRUCT_LIST,
          .offset = offsetof(GroupYaml, rules),
          .table = &rule_table,
          .help = "The rules, evaluated in order." },
        OPTION_END,
};
static const OptionTable group_table = { "group", group_options, sizeof(GroupYaml), keep_group_node };

static const Option file_options[] = {
        { .key = "groups",
          .kind = OPT_STRUCT_LIST,
          .offset = offsetof(FileYaml, groups),
          .table = &group_table,
          .help = "The rule groups." },
        OPTION_END,
};
static const OptionTable file_table = { "rule file", file_options, sizeof(FileYaml), NULL };

typedef struct RuleReader {
        const RulesDialect *dialect;
        const OptionCtx *ctx;
        const GroupYaml *group;
        size_t index; /* of the rule in its group, from 1 */
        Str rule_name;
        YamlPos pos;
} RuleReader;

static bool complain(const RuleReader *r, YamlPos pos, Str what)
{
        return diags_error(r->ctx->diags, r->ctx->file, pos.line ? pos : r->pos,
                           "group '" STR_FMT "', rule %zu, '" STR_FMT "': " STR_FMT, STR_ARG(r->group->name), r->index,
                           STR_ARG(r->rule_name), STR_ARG(what));
}

static Str scalar_text(const YamlNode *node) { return node && node->kind == YAML_SCALAR ? node->text : (Str){ 0 }; }

/* Where a byte of a scalar stands in the file: exact for one-line scalars; the line, and the column of the
 * text, for literal blocks; near it for folded ones. */
static YamlPos place_in(const YamlNode *node, Str text, SrcPos at)
{
        unsigned line;
        unsigned col;
        YamlPos pos = node->pos;
        ast_line_col(text, at.start, &line, &col);
        bool block = str_find_char(text, '\n') != SIZE_MAX;
        pos.line += line - 1;
        pos.col += col - 1 + (node->quoted && !block ? 1 : 0);
        return pos;
}

static bool is_text(const RuleReader *r, const char *key, const YamlNode *node)
{
        if (!node || (node->kind != YAML_MAP && node->kind != YAML_SEQ))
                return true;
        return complain(r, node->pos, str_printf(r->ctx->arena, "'%s' must be a text", key));
}

static bool read_expr(const RuleReader *r, const YamlNode *node, Rule *rule)
{
        Err err;
        SrcPos at = { 0 };
        Expr *expr;
        rule->expr_text = scalar_text(node);
        if (!is_text(r, "expr", node))
                return false;
        if (rule->expr_text.n == 0)
                return complain(r, (YamlPos){ 0 }, STR("field 'expr' must be set in rule"));
        if (ast_parse(rule->expr_text, r->ctx->arena, &r->dialect->features, &expr, &at, &err)) {
                rule->expr = expr;
                return true;
        }
        Buf text = { .arena = r->ctx->arena };
        buf_lit(&text, "could not parse expression: ");
        ast_format_error(&text, rule->expr_text, at, err.msg);
        return complain(r, place_in(node, rule->expr_text, at), buf_str(&text));
}

/* ---- what upstream does not have */

static bool parse_own(const RuleReader *r, Str text, const Expr **ret, Err *err)
{
        Expr *expr;
        if (!ast_parse(text, r->ctx->arena, &r->dialect->features, &expr, NULL, err))
                return false;
        *ret = expr;
        return true;
}

/* The comparison with a scalar that the expression is, or NULL. */
static const Expr *threshold_of(const Expr *expr, const Expr **ret_vector, const Expr **ret_number)
{
        while (expr->kind == EXPR_PAREN)
                expr = expr->paren;
        if (expr->kind != EXPR_BINARY || !ast_is_comparison(expr->binary.op) || expr->binary.return_bool)
                return NULL;
        bool right = expr->binary.rhs->type == VALUE_SCALAR && expr->binary.lhs->type == VALUE_VECTOR;
        bool left = expr->binary.lhs->type == VALUE_SCALAR && expr->binary.rhs->type == VALUE_VECTOR;
        *ret_number = right ? expr->binary.rhs : expr->binary.lhs;
        *ret_vector = right ? expr->binary.lhs : expr->binary.rhs;
        return right || left ? expr : NULL;
}

static Str source_of(Str text, const Expr *e) { return str_sub(text, e->pos.start, e->pos.end); }

/* "VECTOR OP NUMBER", the sides as they were written. */
static Str comparison(const RuleReader *r, const Expr *cmp, Str vector, Str number)
{
        bool right = cmp->binary.rhs->type == VALUE_SCALAR;
        const char *op = ast_binary_op_name(cmp->binary.op);
        return right ? str_printf(r->ctx->arena, STR_FMT " %s " STR_FMT, STR_ARG(vector), op, STR_ARG(number))
                     : str_printf(r->ctx->arena, STR_FMT " %s " STR_FMT, STR_ARG(number), op, STR_ARG(vector));
}

/* The comparison, true also when the trend says so. */
static Str with_prediction(const RuleReader *r, const RuleYaml *yaml, const Expr *cmp, Str vector, Str number)
{
        Arena *arena = r->ctx->arena;
        Str now = comparison(r, cmp, vector, number);
        if (yaml->prediction_window_ms == 0)
                return now;
        int64_t range_ms = yaml->prediction_range_ms ? yaml->prediction_range_ms : yaml->prediction_window_ms;
        Str predicted = str_printf(arena, "predict_linear((" STR_FMT ")[%lldms:], %lld.%03d)", STR_ARG(vector),
                                   (long long)range_ms, (long long)(yaml->prediction_window_ms / 1000),
                                   (int)(yaml->prediction_window_ms % 1000));
        Str later = comparison(r, cmp, predicted, number);
        return str_printf(arena, "(" STR_FMT ") or (" STR_FMT ")", STR_ARG(now), STR_ARG(later));
}

/* recovery_threshold must lie on the good side, where both are plain numbers. */
static bool check_side(const RuleReader *r, const YamlNode *node, const Expr *cmp, const Expr *number, double recovery)
{
        double sign = 1;
        if (number->kind == EXPR_UNARY) {
                sign = number->unary.negative ? -1 : 1;
                number = number->unary.expr;
        }
        if (number->kind != EXPR_NUMBER)
                return true;
        bool greater = cmp->binary.op == BIN_GT || cmp->binary.op == BIN_GE;
        bool less = cmp->binary.op == BIN_LT || cmp->binary.op == BIN_LE;
        if (cmp->binary.lhs->type == VALUE_SCALAR) {
                bool swap = greater;
                greater = less;
                less = swap;
        }
        double threshold = sign * number->number;
        if (!greater && !less)
                return complain(r, node->pos, STR("'recovery_threshold' needs an expression with <, <=, > or >="));
        if ((greater && recovery > threshold) || (less && recovery < threshold))
                return complain(
                        r, node->pos,
                        str_printf(
                                r->ctx->arena,
                                "'recovery_threshold' must be %s the threshold %g: the alert would end while it holds",
                                greater ? "at most" : "at least", threshold));
        return true;
}

static bool read_thresholds(const RuleReader *r, const RuleYaml *yaml, Rule *rule)
{
        const YamlNode *node = yaml->recovery_threshold;
        const Expr *vector = NULL;
        const Expr *number = NULL;
        double recovery = 0;
        Err err;
        if (!rule->expr || (!node && !yaml->prediction_window_ms))
                return true;
        const Expr *cmp = threshold_of(rule->expr, &vector, &number);
        if (!cmp)
                return complain(
                        r, node ? node->pos : (YamlPos){ 0 },
                        str_printf(r->ctx->arena,
                                   "'%s' needs an expression that compares a vector with a number, such as x > 5",
                                   node ? "recovery_threshold" : "prediction_window"));
        Str text = rule->expr_text;
        Str vector_text = source_of(text, vector);
        if (node && !floats_parse(scalar_text(node), &recovery))
                return complain(r, node->pos, STR("'recovery_threshold' must be a number"));
        if (node && !check_side(r, node, cmp, number, recovery))
                return false;
        if (node) {
                rule->hold_text = with_prediction(r, yaml, cmp, vector_text, scalar_text(node));
                if (!parse_own(r, rule->hold_text, &rule->hold, &err))
                        return complain(r, node->pos, str_of(str_dupz(r->ctx->arena, str_of(err.msg))));
        }
        if (yaml->prediction_window_ms) {
                rule->expr_text = with_prediction(r, yaml, cmp, vector_text, source_of(text, number));
                if (!parse_own(r, rule->expr_text, &rule->expr, &err))
                        return complain(r, (YamlPos){ 0 }, str_of(str_dupz(r->ctx->arena, str_of(err.msg))));
        }
        return true;
}

static bool read_recovery(const RuleReader *r, const RuleYaml *yaml, Rule *rule)
{
        const YamlNode *node = yaml->recovery;
        SrcPos at = { 0 };
        Expr *expr;
        Err err;
        if (!node)
                return true;
        if (yaml->recovery_threshold)
                return complain(r, node->pos, STR("only one of 'recovery' and 'recovery_threshold' can be set"));
        rule->recovery_text = scalar_text(node);
        if (!rule->recovery_text.n)
                return complain(r, node->pos, STR("'recovery' must be an expression"));
        if (ast_parse(rule->recovery_text, r->ctx->arena, &r->dialect->features, &expr, &at, &err)) {
                if (expr->type != VALUE_VECTOR)
                        return complain(r, node->pos, STR("'recovery' must give an instant vector"));
                rule->recovery = expr;
                return true;
        }
        Buf text = { .arena = r->ctx->arena };
        buf_lit(&text, "could not parse recovery: ");
        ast_format_error(&text, rule->recovery_text, at, err.msg);
        return complain(r, place_in(node, rule->recovery_text, at), buf_str(&text));
}

static bool read_extensions(const RuleReader *r, const RuleYaml *yaml, Rule *rule)
{
        bool any = yaml->consecutive_failures || yaml->recovery || yaml->recovery_threshold ||
                   yaml->prediction_window_ms || yaml->prediction_range_ms;
        rule->consecutive_failures = yaml->consecutive_failures;
        if (any && !rule->alerting)
                return complain(r, (YamlPos){ 0 },
                                STR("'recovery', 'consecutive_failures' and predictions belong to alerting rules"));
        if (yaml->prediction_range_ms && !yaml->prediction_window_ms)
                return complain(r, (YamlPos){ 0 }, STR("'prediction_range' needs 'prediction_window'"));
        bool ok = read_recovery(r, yaml, rule);
        return read_thresholds(r, yaml, rule) && ok;
}

static bool name_is_valid(const RuleReader *r, Str name)
{
        if (name.n == 0)
                return false;
        return r->dialect->legacy_names ? labels_name_is_legacy_valid(name) : utf8_valid(name);
}

static bool check_names(const RuleReader *r, const Rule *rule)
{
        bool ok = true;
        for (size_t i = 0; i < rule->labels.n; i++) {
                if (str_eq(rule->labels.data[i].name, LABEL_NAME) || !name_is_valid(r, rule->labels.data[i].name))
                        ok = complain(r, (YamlPos){ 0 },
                                      str_printf(r->ctx->arena, "invalid label name: '" STR_FMT "'",
                                                 STR_ARG(rule->labels.data[i].name)));
                if (!utf8_valid(rule->labels.data[i].value))
                        ok = complain(r, (YamlPos){ 0 }, STR("invalid label value: not UTF-8"));
        }
        for (size_t i = 0; i < rule->annotations.n; i++)
                if (!name_is_valid(r, rule->annotations.data[i].name))
                        ok = complain(r, (YamlPos){ 0 },
                                      str_printf(r->ctx->arena, "invalid annotation name: '" STR_FMT "'",
                                                 STR_ARG(rule->annotations.data[i].name)));
        return ok;
}

/* It parses, and fails whenever the alert fires: upstream sends the error instead of the text. */
static bool fails_later(const RuleReader *r, const char *kind, Str name, const char *why)
{
        Str what = str_printf(r->ctx->arena, "%s '" STR_FMT "' fails whenever the alert fires: %s", kind, STR_ARG(name),
                              why);
        if (r->dialect->strict_texts)
                return complain(r, (YamlPos){ 0 }, what);
        diags_warn(r->ctx->diags, r->ctx->file, r->pos, "group '" STR_FMT "', rule %zu, '" STR_FMT "': " STR_FMT,
                   STR_ARG(r->group->name), r->index, STR_ARG(r->rule_name), STR_ARG(what));
        return true;
}

static bool check_templates(const RuleReader *r, const char *kind, Labels texts)
{
        bool ok = true;
        for (size_t i = 0; i < texts.n; i++) {
                Err err;
                Str name = str_printf(r->ctx->arena, "__alert_" STR_FMT, STR_ARG(r->rule_name));
                if (!gotmpl_check_rule(name, texts.data[i].value, &err))
                        ok = complain(r, (YamlPos){ 0 },
                                      str_printf(r->ctx->arena, "%s '" STR_FMT "': %s", kind,
                                                 STR_ARG(texts.data[i].name), err.msg));
                else if (!gotmpl_try_rule(name, texts.data[i].value, &err))
                        ok &= fails_later(r, kind, texts.data[i].name, err.msg);
        }
        return ok;
}

static bool check_recording(const RuleReader *r, const RuleYaml *yaml, const Rule *rule)
{
        bool ok = true;
        if (rule->annotations.n)
                ok = complain(r, (YamlPos){ 0 }, STR("invalid field 'annotations' in recording rule"));
        if (rule->for_ms)
                ok = complain(r, (YamlPos){ 0 }, STR("invalid field 'for' in recording rule"));
        if (rule->keep_firing_for_ms)
                ok = complain(r, (YamlPos){ 0 }, STR("invalid field 'keep_firing_for' in recording rule"));
        if (str_find_char(rule->name, '{') != SIZE_MAX || str_find_char(rule->name, '}') != SIZE_MAX)
                ok = complain(r, yaml->record->pos,
                              str_printf(r->ctx->arena,
                                         "braces present in the recording rule name; should it be in expr?: " STR_FMT,
                                         STR_ARG(rule->name)));
        else if (!(r->dialect->legacy_names ? labels_metric_is_legacy_valid(rule->name) : utf8_valid(rule->name)))
                ok = complain(r, yaml->record->pos,
                              str_printf(r->ctx->arena, "invalid recording rule name: " STR_FMT, STR_ARG(rule->name)));
        return ok;
}

static bool read_rule(RuleReader *r, const RuleYaml *yaml, Rule *rule)
{
        bool ok = true;
        Str record = scalar_text(yaml->record);
        Str alert = scalar_text(yaml->alert);
        *rule = (Rule){
                .name = alert.n ? alert : record,
                .alerting = alert.n != 0,
                .for_ms = yaml->for_ms,
                .keep_firing_for_ms = yaml->keep_firing_for_ms,
                .labels = yaml->labels,
                .annotations = yaml->annotations,
                .pos = yaml->node ? yaml->node->pos : (YamlPos){ 0 },
        };
        r->rule_name = rule->name;
        r->pos = rule->pos;
        ok = is_text(r, "record", yaml->record) && ok;
        ok = is_text(r, "alert", yaml->alert) && ok;
        if (record.n && alert.n)
                ok = complain(r, (YamlPos){ 0 }, STR("only one of 'record' and 'alert' must be set"));
        if (ok && !record.n && !alert.n)
                ok = complain(r, (YamlPos){ 0 }, STR("one of 'record' or 'alert' must be set"));
        ok &= read_expr(r, yaml->expr, rule);
        ok &= check_names(r, rule);
        ok &= read_extensions(r, yaml, rule);
        if (record.n && !alert.n)
                ok &= check_recording(r, yaml, rule);
        if (alert.n) {
                ok &= check_templates(r, "label", rule->labels);
                ok &= check_templates(r, "annotation", rule->annotations);
        }
        return ok;
}

static bool read_group(const RulesDialect *dialect, const OptionCtx *ctx, const GroupYaml *yaml, RuleGroup *group)
{
        const RuleYaml *rules = yaml->rules.data;
        RuleReader r = { .dialect = dialect, .ctx = ctx, .group = yaml };
        bool ok = true;
        *group = (RuleGroup){
                .name = yaml->name,
                .file = ctx->file,
                .interval_ms = yaml->interval_ms,
                .query_offset_ms = yaml->has_query_offset ? yaml->query_offset_ms : -1,
                .limit = yaml->limit > 0 ? (uint64_t)yaml->limit : 0, /* as upstream: below zero is no limit either */
                .labels = yaml->labels,
                .rules = arena_array(ctx->arena, Rule, yaml->rules.n),
                .n = yaml->rules.n,
        };
        if (yaml->name.n == 0)
                ok = diags_error(ctx->diags, ctx->file, yaml->node ? yaml->node->pos : (YamlPos){ 0 },
                                 "a group has no name: set 'name'");
        for (size_t i = 0; i < group->labels.n; i++)
                if (str_eq(group->labels.data[i].name, LABEL_NAME) || !name_is_valid(&r, group->labels.data[i].name))
                        ok = diags_error(ctx->diags, ctx->file, yaml->node ? yaml->node->pos : (YamlPos){ 0 },
                                         "group '" STR_FMT "': invalid label name: '" STR_FMT "'", STR_ARG(yaml->name),
                                         STR_ARG(group->labels.data[i].name));
        for (size_t i = 0; i < yaml->rules.n; i++) {
                r.index = i + 1;
                ok &= read_rule(&r, &rules[i], &group->rules[i]);
        }
        return ok;
}

/* A list of rules, as documents quote them: the rules of a group of the file's name. */
static const YamlNode *wrap_fragment(const YamlNode *doc, const OptionCtx *ctx)
{
        Arena *arena = ctx->arena;
        const YamlNode *first = doc->kind == YAML_SEQ && doc->n ? doc->items[0] : NULL;
        if (!first || !(yaml_get(first, STR("alert")) || yaml_get(first, STR("record"))))
                return doc;
        YamlNode *nodes = arena_array(arena, YamlNode, 4);
        YamlPair *pairs = arena_array(arena, YamlPair, 3);
        YamlNode **items = arena_array(arena, YamlNode *, 1);
        nodes[0] = (YamlNode){ .kind = YAML_SCALAR, .quoted = true, .pos = doc->pos, .text = ctx->file };
        nodes[1] = *doc;
        pairs[0] = (YamlPair){ STR("name"), doc->pos, &nodes[0] };
        pairs[1] = (YamlPair){ STR("rules"), doc->pos, &nodes[1] };
        nodes[2] = (YamlNode){ .kind = YAML_MAP, .pos = doc->pos, .pairs = pairs, .n = 2 };
        items[0] = &nodes[2];
        nodes[3] = (YamlNode){ .kind = YAML_SEQ, .pos = doc->pos, .items = items, .n = 1 };
        pairs[2] = (YamlPair){ STR("groups"), doc->pos, &nodes[3] };
        YamlNode *whole = arena_new_of(arena, YamlNode);
        *whole = (YamlNode){ .kind = YAML_MAP, .pos = doc->pos, .pairs = &pairs[2], .n = 1 };
        return whole;
}

bool rules_bind(const YamlNode *doc, const RulesDialect *dialect, const OptionCtx *ctx, RuleFile *ret)
{
        FileYaml yaml;
        bool ok = option_bind(dialect->fragments ? wrap_fragment(doc, ctx) : doc, &file_table, &yaml, ctx);
        const GroupYaml *groups = yaml.groups.data;
        RuleGroup *all = arena_array(ctx->arena, RuleGroup, yaml.groups.n);
        for (size_t i = 0; i < yaml.groups.n; i++) {
                ok &= read_group(dialect, ctx, &groups[i], &all[i]);
                for (size_t k = 0; k < i; k++)
                        if (groups[i].name.n && str_eq(all[k].name, groups[i].name))
                                ok = diags_error(ctx->diags, ctx->file,
                                                 groups[i].node ? groups[i].node->pos : (YamlPos){ 0 },
                                                 "groupname: '" STR_FMT "' is repeated in the same file",
                                                 STR_ARG(groups[i].name));
        }
        if (ok)
                *ret = (RuleFile){ .path = ctx->file, .groups = all, .n = yaml.groups.n };
        return ok;
}

bool rules_parse(Str text, Str path, const RulesDialect *dialect, Arena *arena, Diags *diags, RuleFile *ret)
{
        OptionCtx ctx = {
                .arena = arena, .diags = diags, .file = str_dup(arena, path), .ignore_unknown = dialect->ignore_unknown
        };
        const YamlNode *doc = option_parse(text, ctx.file, arena, diags);
        return doc && rules_bind(doc, dialect, &ctx, ret);
}

bool rules_load_file(const char *path, const RulesDialect *dialect, Arena *arena, Diags *diags, RuleFile *ret)
{
        Buf text = { .arena = arena };
        Err err;
        if (!file_read_all(fs_system(), path, RULE_FILE_MAX_BYTES, &text, &err))
                return diags_error(diags, str_of(path), (YamlPos){ 0 }, "%s", err.msg);
        return rules_parse(buf_str(&text), str_of(path), dialect, arena, diags, ret);
}

void rules_document(Buf *out) { option_document(out, &file_table); }
