/* What a group looks like from outside: a copy in the caller's arena. */
#include <stdlib.h>

#include "rules/rule_group.h"

const char *rules_state_name(RuleAlertState state)
{
        static const char *const names[] = { "inactive", "pending", "firing" };
        return names[state];
}

static int by_labels(const void *a, const void *b)
{
        return labels_cmp(((const RuleAlert *)a)->labels, ((const RuleAlert *)b)->labels);
}

static void copy_alerts(const RuleRun *run, Arena *arena, RuleStatus *ret)
{
        ret->alerts = arena_array(arena, RuleAlert, run->alerts.len);
        for (AlertMapSlot *s = alert_map_next(&run->alerts, NULL); s; s = alert_map_next(&run->alerts, s)) {
                const ActiveAlert *a = s->val;
                if (a->state == ALERT_INACTIVE)
                        continue;
                ret->alerts[ret->n_alerts++] = (RuleAlert){
                        .labels = labels_dup(arena, a->labels),
                        .annotations = labels_dup(arena, a->annotations),
                        .state = a->state,
                        .active_at_ms = a->active_at_ms,
                        .keep_firing_since_ms = a->keep_firing_since_ms,
                        .value = a->value,
                };
                ret->state = MAX_OF(ret->state, a->state);
        }
        if (ret->n_alerts > 1)
                qsort(ret->alerts, ret->n_alerts, sizeof *ret->alerts, by_labels);
}

static void copy_rule_status(const RuleRun *run, Arena *arena, RuleStatus *ret)
{
        *ret = (RuleStatus){
                .alerting = run->rule->alerting,
                .name = str_dup(arena, run->rule->name),
                .query = str_dup(arena, run->rule->expr_text),
                .labels = labels_dup(arena, run->labels),
                .annotations = labels_dup(arena, run->rule->annotations),
                .for_ms = run->rule->for_ms,
                .keep_firing_for_ms = run->rule->keep_firing_for_ms,
                .consecutive_failures = run->rule->consecutive_failures,
                .recovery = str_dup(arena,
                                    run->rule->recovery_text.n ? run->rule->recovery_text : run->rule->hold_text),
                .health = run->health,
                .last_error = str_dup(arena, str_of(run->last_error)),
                .eval_seconds = run->eval_seconds,
                .last_eval_ms = run->last_eval_ms,
        };
        copy_alerts(run, arena, ret);
}

void rule_status_of(RuleGroupRun *g, Arena *arena, RuleGroupStatus *ret)
{
        MUTEX_SCOPE(&g->mu);
        *ret = (RuleGroupStatus){
                .name = str_dup(arena, g->group.name),
                .file = str_dup(arena, g->group.file),
                .interval_ms = g->interval_ms,
                .last_eval_ms = g->last_eval_ms,
                .limit = g->group.limit,
                .eval_seconds = g->eval_seconds,
                .rules = arena_array(arena, RuleStatus, g->group.n),
                .n = g->group.n,
        };
        for (size_t k = 0; k < g->group.n; k++)
                copy_rule_status(&g->runs[k], arena, &ret->rules[k]);
}
