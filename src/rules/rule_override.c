/* What-if: some rules of those in force, one setting changed, as `--set threshold=0.9` asks. */
#include "base/duration.h"
#include "base/num.h"
#include "codec/floats.h"
#include "rules/rule_group.h"
#include "rules/rules.h"

enum { MOST_THRESHOLDS = 8 };

/* The comparisons with a number that decide: through parentheses and `or`, and one side of `and` and `unless`. */
typedef struct Thresholds {
        const Expr *numbers[MOST_THRESHOLDS];
        size_t n;
} Thresholds;

static void find_thresholds(const Expr *e, Thresholds *ret)
{
        if (e->kind == EXPR_PAREN)
                find_thresholds(e->paren, ret);
        if (e->kind != EXPR_BINARY)
                return;
        if (ast_is_set_op(e->binary.op)) {
                find_thresholds(e->binary.lhs, ret);
                find_thresholds(e->binary.rhs, ret);
                return;
        }
        if (!ast_is_comparison(e->binary.op))
                return;
        const Expr *number = e->binary.rhs->type == VALUE_SCALAR ? e->binary.rhs : e->binary.lhs;
        if (number->type == VALUE_SCALAR && ret->n < MOST_THRESHOLDS)
                ret->numbers[ret->n++] = number;
}

static Str number_text(Str text, const Expr *number) { return str_sub(text, number->pos.start, number->pos.end); }

/* False without a failure: the rule has none. */
static bool set_threshold(Rule *rule, Str value, const PromqlFeatures *features, Arena *arena, bool *ret_has, Err *err)
{
        Thresholds t = { 0 };
        Buf text = { .arena = arena };
        Expr *expr;
        double v;
        size_t at = 0;
        *ret_has = false;
        if (!floats_parse(value, &v))
                return err_set(err, ERR_INVALID, "threshold: '" STR_FMT "' is not a number", STR_ARG(value));
        if (!rule->expr)
                return true;
        find_thresholds(rule->expr, &t);
        if (t.n == 0)
                return true;
        for (size_t i = 1; i < t.n; i++)
                if (!str_eq(number_text(rule->expr_text, t.numbers[i]), number_text(rule->expr_text, t.numbers[0])))
                        return err_set(err, ERR_INVALID,
                                       "rule '" STR_FMT "' has more than one threshold: change its expression instead",
                                       STR_ARG(rule->name));
        for (size_t i = 0; i < t.n; i++) { /* in the order of the text: comparisons do not nest here */
                buf_str_add(&text, str_sub(rule->expr_text, at, t.numbers[i]->pos.start));
                buf_str_add(&text, value);
                at = t.numbers[i]->pos.end;
        }
        buf_str_add(&text, str_sub(rule->expr_text, at, rule->expr_text.n));
        if (!ast_parse(buf_str(&text), arena, features, &expr, NULL, err))
                return false;
        rule->expr_text = buf_str(&text);
        rule->expr = expr;
        *ret_has = true;
        return true;
}

static bool set_duration(Str key, Str value, int64_t *field, Err *err)
{
        return duration_parse(value, field) ||
               err_set(err, ERR_INVALID, STR_FMT ": '" STR_FMT "' is not a duration such as 10m", STR_ARG(key),
                       STR_ARG(value));
}

static bool set_rule(Rule *rule, Str key, Str value, const PromqlFeatures *features, Arena *arena, bool *ret_has,
                     Err *err)
{
        *ret_has = true;
        if (str_eq(key, STR("threshold")))
                return set_threshold(rule, value, features, arena, ret_has, err);
        if (str_eq(key, STR("for")))
                return set_duration(key, value, &rule->for_ms, err);
        if (str_eq(key, STR("keep_firing_for")))
                return set_duration(key, value, &rule->keep_firing_for_ms, err);
        if (str_eq(key, STR("consecutive_failures")))
                return num_parse_u64(value, &rule->consecutive_failures) ||
                       err_set(err, ERR_INVALID, "consecutive_failures: '" STR_FMT "' is not a number", STR_ARG(value));
        return err_set(err, ERR_INVALID,
                       "'" STR_FMT
                       "' cannot be set: threshold, for, keep_firing_for, consecutive_failures and interval can",
                       STR_ARG(key));
}

typedef struct Setting {
        Str key, value, only; /* only: the rule or, for intervals, the group; empty: all */
        const PromqlFeatures *features;
        Arena *arena;
} Setting;

static bool set_group(RuleGroup *group, const Setting *s, size_t *changed, Err *err)
{
        if (str_eq(s->key, STR("interval"))) {
                if (s->only.n && !str_eq(s->only, group->name))
                        return true;
                ++*changed;
                return set_duration(s->key, s->value, &group->interval_ms, err);
        }
        for (size_t i = 0; i < group->n; i++) {
                Rule *rule = &group->rules[i];
                bool has;
                if (!rule->alerting || (s->only.n && !str_eq(s->only, rule->name)))
                        continue;
                if (!set_rule(rule, s->key, s->value, s->features, s->arena, &has, err))
                        return false;
                *changed += has;
        }
        return true;
}

bool rules_override(RuleFile *files, size_t n, Str setting, const PromqlFeatures *features, Arena *arena, size_t *ret_n,
                    Err *err)
{
        Setting s = { .features = features, .arena = arena };
        size_t changed = 0;
        if (!str_cut(setting, '=', &s.key, &s.value))
                return err_set(err, ERR_INVALID, "'" STR_FMT "' must be NAME=VALUE or RULE.NAME=VALUE",
                               STR_ARG(setting));
        size_t dot = str_rfind_char(s.key, '.');
        if (dot != SIZE_MAX) {
                s.only = str_sub(s.key, 0, dot);
                s.key = str_sub(s.key, dot + 1, s.key.n);
        }
        for (size_t f = 0; f < n; f++)
                for (size_t g = 0; g < files[f].n; g++)
                        if (!set_group(&files[f].groups[g], &s, &changed, err))
                                return false;
        if (changed == 0)
                return err_set(err, ERR_NOT_FOUND, "no rule has what '" STR_FMT "' would change", STR_ARG(setting));
        *ret_n = changed;
        return true;
}

static const RuleGroup *find_group(const RuleFile *files, size_t n, Str file, Str group)
{
        for (size_t f = 0; f < n; f++)
                for (size_t g = 0; g < files[f].n; g++)
                        if (str_eq(files[f].groups[g].name, group) && str_eq(files[f].groups[g].file, file))
                                return &files[f].groups[g];
        return NULL;
}

bool rules_pick(const RuleFile *files, size_t n, Str file, Str group, Str rule, const PromqlFeatures *features,
                Arena *arena, RuleFile *ret)
{
        const RuleGroup *found = find_group(files, n, file, group);
        RuleGroup *copy = arena_array(arena, RuleGroup, 1);
        size_t kept = 0;
        if (!found)
                return false;
        rule_group_copy(copy, found, features, arena);
        for (size_t i = 0; i < copy->n; i++)
                if (str_eq(copy->rules[i].name, rule))
                        copy->rules[kept++] = copy->rules[i];
        copy->n = kept;
        *ret = (RuleFile){ .path = copy->file, .groups = copy, .n = 1 };
        return kept > 0;
}
