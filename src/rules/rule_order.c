/* Two rules depend on each other when one may read what the other writes, in either direction: a rule that reads a later one's
 * series sees those of the evaluation before. A rule's step is one behind the last step of the earlier rules that it depends
 * on; so every rule sees what it would see if all ran in their order.
 *
 * Invariants:
 * 1. Who reads series that cannot be told from its text (no name, a pattern for a name, a query inside an annotation)
 *    depends on everybody.
 * 2. Rules that write series of one name depend on each other: who is first matters.
 * 3. Rules of a group that has more than MOST_RULES go in their order: all pairs are looked at. */
#include "rules/rule_order.h"

#include <string.h>

#include "base/attr.h"
#include "base/vec.h"

enum { MOST_RULES = 1000 };

typedef struct Reads {
        VEC(Str) names;
        bool any;
} Reads;

static bool add_name(void *arg, const Expr *e)
{
        Reads *r = arg;
        if (e->kind == EXPR_CALL) /* it reads what is not written */
                r->any |= strcmp(ast_function_name(e->call.fn), "info") == 0;
        if (e->kind != EXPR_SELECTOR)
                return true;
        for (size_t i = 0; i < e->selector.matchers.n; i++) {
                const Matcher *m = &e->selector.matchers.data[i];
                if (str_eq(m->name, LABEL_NAME) && m->type == MATCH_EQ && m->value.n) {
                        vec_push(&r->names, m->value);
                        return true;
                }
        }
        r->any = true;
        return true;
}

static bool asks(Labels texts)
{
        for (size_t i = 0; i < texts.n; i++)
                if (str_find(texts.data[i].value, STR("query")) != SIZE_MAX)
                        return true;
        return false;
}

static Reads reads_of(const Rule *rule, Arena *arena)
{
        Reads r = { .names.arena = arena };
        const Expr *all[] = { rule->expr, rule->hold, rule->recovery };
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
                if (all[i])
                        ast_walk(all[i], add_name, &r);
        r.any |= rule->alerting && (asks(rule->annotations) || asks(rule->labels));
        return r;
}

static bool writes(const Rule *rule, Str name)
{
        return rule->alerting ? str_eq(name, STR("ALERTS")) || str_eq(name, STR("ALERTS_FOR_STATE"))
                              : str_eq(name, rule->name);
}

static bool reads_from(const Reads *reader, const Rule *writer)
{
        if (reader->any)
                return true;
        for (size_t i = 0; i < reader->names.len; i++)
                if (writes(writer, reader->names.data[i]))
                        return true;
        return false;
}

static bool depend(const RuleGroup *group, const Reads *reads, size_t i, size_t k)
{
        const Rule *a = &group->rules[i];
        const Rule *b = &group->rules[k];
        return (a->alerting == b->alerting && str_eq(a->name, b->name)) || reads_from(&reads[i], b) ||
               reads_from(&reads[k], a);
}

RuleSteps rule_order_of(const RuleGroup *group, Arena *arena)
{
        size_t n = group->n;
        AUTO(arena_free) Arena *scratch = arena_new();
        Reads *reads = arena_array(scratch, Reads, n);
        size_t *step = arena_array(scratch, size_t, n);
        RuleSteps ret = { .rules = arena_array(arena, size_t, n), .ends = arena_array(arena, size_t, n) };
        memset(step, 0, n * sizeof *step);
        for (size_t i = 0; i < n; i++) {
                reads[i] = reads_of(&group->rules[i], scratch);
                for (size_t k = 0; n <= MOST_RULES && k < i; k++)
                        if (step[k] >= step[i] && depend(group, reads, i, k))
                                step[i] = step[k] + 1;
                if (n > MOST_RULES)
                        step[i] = i;
                ret.n = MAX_OF(ret.n, step[i] + 1);
        }
        if (n > MOST_RULES) {
                for (size_t i = 0; i < n; i++) {
                        ret.rules[i] = i;
                        ret.ends[i] = i + 1;
                }
                return ret;
        }
        size_t at = 0;
        for (size_t s = 0; s < ret.n; s++) {
                for (size_t i = 0; i < n; i++)
                        if (step[i] == s)
                                ret.rules[at++] = i;
                ret.ends[s] = at;
        }
        return ret;
}
