/* Invariants:
 * 1. Every current firing alert that matches a rule's source side stands in `firing` under that rule's equal labels. Others
 *    may stand there too; who asks looks at the alert's current version, and takes out what no longer fires.
 * 2. A missing label equals a missing or empty one. */
#include "alert/alert_inhibit.h"

#include "base/hash.h"
#include "base/mem.h"

static bool copy_matchers(Matchers from, Arena *arena, Matchers *ret, Err *err)
{
        Matcher *to = arena_array(arena, Matcher, from.n);
        for (size_t i = 0; i < from.n; i++)
                if (!matcher_make_alert(arena, from.data[i].type, from.data[i].name, from.data[i].value, &to[i], err))
                        return false;
        *ret = (Matchers){ to, from.n };
        return true;
}

bool alert_inhibit_init(AlertInhibitor *in, const AlertInhibitRule *rules, size_t n, Arena *arena, Err *err)
{
        AlertInhibitRule *copy = arena_array(arena, AlertInhibitRule, n);
        *in = (AlertInhibitor){ .memory = arena, .rules = copy, .n = n };
        for (size_t i = 0; i < n; i++) {
                copy[i].name = str_dup(arena, rules[i].name);
                copy[i].equal = (StrList){ arena_array(arena, Str, rules[i].equal.n), rules[i].equal.n };
                for (size_t k = 0; k < rules[i].equal.n; k++)
                        copy[i].equal.data[k] = str_dup(arena, rules[i].equal.data[k]);
                if (!copy_matchers(rules[i].source, arena, &copy[i].source, err) ||
                    !copy_matchers(rules[i].target, arena, &copy[i].target, err)) {
                        alert_inhibit_done(in);
                        return false;
                }
                alert_index_add(&in->sources, (uint32_t)i, copy[i].source);
                alert_index_add(&in->targets, (uint32_t)i, copy[i].target);
        }
        return true;
}

void alert_inhibit_done(AlertInhibitor *in)
{
        for (SourceMapSlot *s = source_map_next(&in->firing, NULL); s; s = source_map_next(&in->firing, s)) {
                firing_set_done(s->val);
                mem_free(s->val);
        }
        source_map_done(&in->firing);
        alert_index_done(&in->sources);
        alert_index_done(&in->targets);
        *in = (AlertInhibitor){ 0 };
}

static uint64_t place_of(const AlertInhibitor *in, uint32_t rule, Labels labels)
{
        const StrList *equal = &in->rules[rule].equal;
        uint64_t h = hash_u64(rule + 1);
        for (size_t i = 0; i < equal->n; i++)
                h = hash_u64(h * 31 + hash_str(labels_get(labels, equal->data[i])));
        return h;
}

static bool equal_labels(const AlertInhibitRule *rule, const AlertText *a, Labels b)
{
        for (size_t i = 0; i < rule->equal.n; i++)
                if (!str_eq(alert_text_get(a, rule->equal.data[i]), labels_get(b, rule->equal.data[i])))
                        return false;
        return true;
}

typedef struct Standing {
        AlertInhibitor *in;
        StoredAlert *alert;
        Labels labels; /* its */
        bool leave;
} Standing;

static bool stand(void *arg, uint32_t rule)
{
        Standing *s = arg;
        if (!matchers_match(s->in->rules[rule].source, s->labels))
                return true;
        uint64_t place = place_of(s->in, rule, s->labels);
        if (s->leave) {
                FiringSet **set = source_map_get(&s->in->firing, place);
                if (!set)
                        return true;
                firing_set_remove(*set, s->alert->fingerprint);
                if (!(*set)->len) {
                        firing_set_done(*set);
                        mem_free(*set);
                        source_map_remove(&s->in->firing, place);
                }
                return true;
        }
        FiringSet **set = source_map_put(&s->in->firing, place, NULL);
        if (!*set)
                *set = mem_new(FiringSet);
        *firing_set_put(*set, s->alert->fingerprint, NULL) = true; /* the store has the current version */
        s->alert->marks.is_source = true;
        return true;
}

void alert_inhibit_put(AlertInhibitor *in, StoredAlert *alert, Labels labels, int64_t now_ms)
{
        Standing s = { in, alert, labels, false };
        if (in->n && !alert->marks.is_source && !alert_store_is_resolved(alert, now_ms))
                alert_index_each(&in->sources, labels, stand, &s);
}

void alert_inhibit_remove(AlertInhibitor *in, StoredAlert *alert)
{
        if (!alert->marks.is_source)
                return;
        AUTO(arena_free) Arena *scratch = arena_new();
        Standing s = { in, alert, alert_text_labels(alert->text, scratch), true };
        alert_index_each(&in->sources, s.labels, stand, &s);
        alert->marks.is_source = false;
}

typedef struct Asking {
        AlertInhibitor *in;
        const AlertStore *store;
        Labels labels;
        int64_t now_ms;
        uint64_t source;
        const AlertInhibitRule *rule; /* NULL: not found yet */
        VEC(StoredAlert *) over;      /* stand there, but fire no more */
} Asking;

/* It matches the rule's target side too: then it mutes nobody who matches both. */
static bool is_target(const AlertInhibitRule *rule, const StoredAlert *a)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        return matchers_match(rule->target, alert_text_labels(a->text, scratch));
}

static bool ask_rule(void *arg, uint32_t id)
{
        Asking *q = arg;
        const AlertInhibitRule *rule = &q->in->rules[id];
        FiringSet **set = source_map_get(&q->in->firing, place_of(q->in, id, q->labels));
        if (!set || !matchers_match(rule->target, q->labels))
                return true;
        bool both_sides = matchers_match(rule->source, q->labels);
        for (FiringSetSlot *s = firing_set_next(*set, NULL); s; s = firing_set_next(*set, s)) {
                StoredAlert *a = alert_set_get(&q->store->alerts, s->key);
                if (!a)
                        continue;
                if (alert_store_is_resolved(a, q->now_ms)) {
                        vec_push(&q->over, a);
                        continue;
                }
                if (!equal_labels(rule, a->text, q->labels) || (both_sides && is_target(rule, a)))
                        continue;
                q->source = s->key;
                q->rule = rule;
                return false;
        }
        return true;
}

bool alert_inhibit_mutes(AlertInhibitor *in, const AlertStore *store, Labels labels, int64_t now_ms,
                         uint64_t *ret_source, const AlertInhibitRule **ret_rule)
{
        Asking q = { .in = in, .store = store, .labels = labels, .now_ms = now_ms };
        if (!in->firing.len)
                return false;
        alert_index_each(&in->targets, labels, ask_rule, &q);
        vec_each(a, &q.over)
                alert_inhibit_remove(in, *a);
        vec_done(&q.over);
        *ret_source = q.source;
        *ret_rule = q.rule;
        return q.rule != NULL;
}
