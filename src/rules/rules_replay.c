/* The rules without their manager: the caller is the clock. */
#include "base/mem.h"
#include "rules/rule_group.h"

struct RulesReplay {
        RulesOptions options;
        RuleGroupRun **groups;
        size_t n;
};

RulesReplay *rules_replay_new(const RulesOptions *options, const RuleFile *files, size_t n, Labels external_labels)
{
        RulesReplay *r = mem_new(RulesReplay);
        r->options = *options;
        r->options.statedb = NULL;
        r->options.pool = NULL;
        if (!r->options.clock)
                r->options.clock = clock_system();
        if (!r->options.default_interval_ms)
                r->options.default_interval_ms = 60000;
        if (!r->options.resend_delay_ms)
                r->options.resend_delay_ms = 60000;
        size_t all = 0;
        for (size_t f = 0; f < n; f++)
                all += files[f].n;
        r->groups = mem_new_array(RuleGroupRun *, all);
        for (size_t f = 0; f < n; f++)
                for (size_t i = 0; i < files[f].n; i++) {
                        const RuleGroup *g = &files[f].groups[i];
                        int64_t interval_ms = g->interval_ms ? g->interval_ms : r->options.default_interval_ms;
                        int64_t offset_ms = g->query_offset_ms >= 0 ? g->query_offset_ms
                                                                    : r->options.default_query_offset_ms;
                        r->groups[r->n] = rule_group_new(&r->options, g, external_labels, interval_ms, offset_ms);
                        r->groups[r->n++]->replay = true;
                }
        return r;
}

void rules_replay_free(RulesReplay *r)
{
        if (!r)
                return;
        for (size_t i = 0; i < r->n; i++)
                rule_group_free(r->groups[i]);
        mem_free(r->groups);
        mem_free(r);
}

size_t rules_replay_len(const RulesReplay *r) { return r->n; }

int64_t rules_replay_interval_ms(const RulesReplay *r, size_t group) { return r->groups[group]->interval_ms; }

void rules_replay_eval(RulesReplay *r, size_t group, int64_t ts_ms) { rule_group_eval(r->groups[group], ts_ms); }

void rules_replay_status(RulesReplay *r, size_t group, Arena *arena, RuleGroupStatus *ret)
{
        rule_status_of(r->groups[group], arena, ret);
}

RuleGroupRun *rules_replay_group(RulesReplay *r, size_t group) { return r->groups[group]; }
