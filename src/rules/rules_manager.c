/* The manager: which groups there are, when each is due, and one evaluation of each at a time.
 *
 * Invariants:
 * 1. A group evaluates at multiples of its interval plus a phase from its name: the same after a restart.
 * 2. A tick that comes while the group still runs is skipped and counted; evaluations never pile up.
 * 3. A group that was replaced finishes its evaluation first; its alerts move to the new one, none is lost or doubled. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/metric.h"
#include "rules/rule_group.h"
#include "rules/rule_state.h"
#include "rules/rules.h"

enum { NOTE_TICK_EVERY_MS = 15000, NOTE_TICK_PENDING_MS = 1000, IDLE_TICK_MS = 60000 };

METRIC_COUNTER(missed, "pharos_rules_group_iterations_missed_total",
               "Evaluations skipped because the one before still ran.");

typedef VEC(RuleGroupRun *) GroupVec;

typedef struct EvalJob {
        struct RulesManager *manager;
        RuleGroupRun *group;
        int64_t ts_ms;
} EvalJob;
typedef VEC(EvalJob *) JobVec;

struct RulesManager {
        RulesOptions options;
        Arena *arena; /* strings of options */
        Mutex mu;     /* guards groups, their next_ms, running, retired; running; totals */
        Cond idle;    /* running fell */
        GroupVec groups;
        size_t running;
        size_t firing, pending;
        bool applying; /* no evaluation starts */
        int64_t noted_tick_ms, start_ms, last_tick_ms;
        RuleMetrics *metrics;
};

RulesManager *rules_manager_new(const RulesOptions *options)
{
        RulesManager *m = mem_new(RulesManager);
        m->options = *options;
        m->arena = arena_new();
        m->options.external_url = str_dup(m->arena, options->external_url);
        if (!m->options.clock)
                m->options.clock = clock_system();
        if (!m->options.default_interval_ms)
                m->options.default_interval_ms = 60000;
        if (!m->options.resend_delay_ms)
                m->options.resend_delay_ms = 60000;
        if (!m->options.outage_tolerance_ms)
                m->options.outage_tolerance_ms = 3600000;
        m->start_ms = clock_wall_ms(m->options.clock);
        m->last_tick_ms = rule_state_last_tick(options->statedb);
        mutex_init(&m->mu);
        mutex_cond_init(&m->idle);
        m->metrics = rule_metrics_new();
        return m;
}

static void wait_idle(RulesManager *m) REQUIRES(&m->mu)
{
        while (m->running)
                mutex_cond_wait(&m->idle, &m->mu);
}

void rules_manager_free(RulesManager *m)
{
        if (!m)
                return;
        mutex_lock(&m->mu);
        wait_idle(m);
        mutex_unlock(&m->mu);
        vec_each(g, &m->groups)
                rule_group_free(*g);
        vec_done(&m->groups);
        mutex_done(&m->mu);
        mutex_cond_done(&m->idle);
        rule_metrics_free(m->metrics);
        arena_free(m->arena);
        mem_free(m);
}

static RuleGroupRun *take_same(GroupVec *old, const RuleGroupRun *g)
{
        vec_each(o, old) {
                RuleGroupRun *found = *o;
                if (found && str_eq(found->group.name, g->group.name) && str_eq(found->group.file, g->group.file)) {
                        *o = NULL;
                        return found;
                }
        }
        return NULL;
}

/* The new run of a group, with what the run before it knew. */
static RuleGroupRun *replace_group(RulesManager *m, const RuleGroup *group, Labels external_labels, GroupVec *old,
                                   int64_t now_ms)
{
        int64_t interval_ms = group->interval_ms ? group->interval_ms : m->options.default_interval_ms;
        int64_t offset_ms = group->query_offset_ms >= 0 ? group->query_offset_ms : m->options.default_query_offset_ms;
        RuleGroupRun *g = rule_group_new(&m->options, group, external_labels, interval_ms, offset_ms);
        g->start_ms = m->start_ms;
        g->last_tick_ms = m->last_tick_ms;
        g->hold_until_ms = m->start_ms + 2 * MAX_OF(interval_ms, m->options.default_interval_ms);
        g->stats = rule_metrics_add(m->metrics, g->group.file, g->group.name, interval_ms, group->n);
        RuleGroupRun *same = take_same(old, g);
        g->next_ms = same && same->interval_ms == interval_ms ? same->next_ms : rule_group_next_slot(g, now_ms);
        if (same) {
                rule_group_inherit(g, same);
                rule_group_end(same, now_ms - same->query_offset_ms);
                rule_group_free(same);
        }
        return g;
}

void rules_manager_apply(RulesManager *m, const RuleFile *files, size_t n, Labels external_labels,
                         int64_t default_interval_ms, int64_t default_query_offset_ms)
{
        int64_t now_ms = clock_wall_ms(m->options.clock);
        GroupVec fresh = { 0 };
        mutex_lock(&m->mu);
        m->applying = true;
        wait_idle(m);
        if (default_interval_ms > 0)
                m->options.default_interval_ms = default_interval_ms;
        m->options.default_query_offset_ms = default_query_offset_ms;
        GroupVec old = m->groups;
        rule_metrics_begin(m->metrics);
        for (size_t f = 0; f < n; f++)
                for (size_t i = 0; i < files[f].n; i++)
                        vec_push(&fresh, replace_group(m, &files[f].groups[i], external_labels, &old, now_ms));
        vec_each(o, &old) {
                if (!*o)
                        continue;
                rule_group_end(*o, now_ms - (*o)->query_offset_ms);
                rule_group_free(*o);
        }
        vec_done(&old);
        rule_metrics_end(m->metrics);
        m->groups = fresh;
        rule_state_drop_unknown(m->options.statedb, fresh.data, fresh.len);
        m->applying = false;
        mutex_unlock(&m->mu);
}

static void finish_eval(RulesManager *m, RuleGroupRun *group)
{
        size_t firing = 0;
        size_t pending = 0;
        mutex_lock(&m->mu);
        group->running = false;
        vec_each(g, &m->groups) {
                MUTEX_SCOPE(&(*g)->mu);
                firing += (*g)->firing;
                pending += (*g)->pending;
        }
        bool changed = firing != m->firing || pending != m->pending;
        m->firing = firing;
        m->pending = pending;
        mutex_unlock(&m->mu);
        if (changed && m->options.on_change)
                m->options.on_change(m->options.on_change_ctx, firing, pending);
        mutex_lock(&m->mu);
        m->running--;
        mutex_cond_broadcast(&m->idle);
        mutex_unlock(&m->mu);
}

static void run_job(void *arg)
{
        EvalJob *job = arg;
        rule_group_eval(job->group, job->ts_ms);
        finish_eval(job->manager, job->group);
        mem_free(job);
}

static void count_missed(const RuleGroupRun *g, int64_t n)
{
        metric_add(missed, n);
        rule_metrics_missed(g->stats, (uint64_t)n);
}

/* Collects the groups that are due and moves their clocks on. */
static void collect_due(RulesManager *m, int64_t now_ms, JobVec *due)
{
        vec_each(it, &m->groups) {
                RuleGroupRun *g = *it;
                if (g->next_ms > now_ms + g->interval_ms) /* the clock was set back */
                        g->next_ms = rule_group_next_slot(g, now_ms);
                if (g->next_ms > now_ms || m->applying)
                        continue;
                int64_t slots = (now_ms - g->next_ms) / g->interval_ms;
                int64_t ts_ms = g->next_ms + slots * g->interval_ms;
                if (slots)
                        count_missed(g, slots);
                g->next_ms = ts_ms + g->interval_ms;
                if (g->running) {
                        count_missed(g, 1);
                        continue;
                }
                g->running = true;
                m->running++;
                EvalJob *job = mem_new(EvalJob);
                *job = (EvalJob){ m, g, ts_ms };
                vec_push(due, job);
        }
}

int64_t rules_manager_tick(RulesManager *m)
{
        int64_t now_ms = clock_wall_ms(m->options.clock);
        JobVec due = { 0 };
        mutex_lock(&m->mu);
        collect_due(m, now_ms, &due);
        /* While something is pending, its clock must survive a crash more exactly. */
        int64_t every_ms = m->pending ? NOTE_TICK_PENDING_MS : NOTE_TICK_EVERY_MS;
        bool note = due.len && (now_ms - m->noted_tick_ms >= every_ms || now_ms < m->noted_tick_ms);
        if (note)
                m->noted_tick_ms = now_ms;
        mutex_unlock(&m->mu);
        if (note)
                rule_state_note_tick(m->options.statedb, now_ms);
        vec_each(job, &due) {
                if (!m->options.pool || !pool_submit(m->options.pool, run_job, *job))
                        run_job(*job);
        }
        vec_done(&due);
        int64_t wait_ms = IDLE_TICK_MS;
        mutex_lock(&m->mu);
        vec_each(g, &m->groups)
                wait_ms = MIN_OF(wait_ms, (*g)->next_ms - now_ms);
        mutex_unlock(&m->mu);
        return MAX_OF(wait_ms, 1);
}

/* ---- status ---- */

static int by_file_and_name(const void *a, const void *b)
{
        const RuleGroupStatus *x = a;
        const RuleGroupStatus *y = b;
        int c = str_cmp(x->file, y->file);
        return c ? c : str_cmp(x->name, y->name);
}

void rules_manager_status(RulesManager *m, Arena *arena, RuleGroupStatus **ret, size_t *ret_n)
{
        MUTEX_SCOPE(&m->mu);
        RuleGroupStatus *all = arena_array(arena, RuleGroupStatus, m->groups.len);
        for (size_t i = 0; i < m->groups.len; i++)
                rule_status_of(m->groups.data[i], arena, &all[i]);
        if (m->groups.len > 1)
                qsort(all, m->groups.len, sizeof *all, by_file_and_name);
        *ret = all;
        *ret_n = m->groups.len;
}
