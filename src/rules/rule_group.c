/* Invariants:
 * 1. All rules of one evaluation see the same time; the results of each are committed before one that may read them runs.
 * 2. A rule that fails is marked and does not stop the others; its outputs of the time before get no stale markers.
 * 3. The definition (group, expressions) is immutable; what changes is under mu. */
#include "rules/rule_group.h"

#include <stdatomic.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metric.h"

METRIC_COUNTER(evaluations, "pharos_rules_evaluations_total", "Rules evaluated.");
METRIC_COUNTER(failures, "pharos_rules_evaluation_failures_total", "Rules whose evaluation failed.");
METRIC_HISTOGRAM(group_seconds, "pharos_rules_group_seconds", "Time to evaluate a group.");

/* Not with a builder: a rule's empty label takes the series' label away. */
static Labels merge_labels(Labels under, Labels over, Arena *arena)
{
        Label *all = arena_array(arena, Label, under.n + over.n);
        size_t n = 0;
        for (size_t i = 0, k = 0; i < under.n || k < over.n;) {
                int c = i == under.n ? 1 : k == over.n ? -1 : str_cmp(under.data[i].name, over.data[k].name);
                all[n++] = c < 0 ? under.data[i] : over.data[k];
                i += c <= 0;
                k += c >= 0;
        }
        return (Labels){ all, n };
}

/* It was parsed before, with the same features: a failure now leaves the rule without an expression, and says so. */
static const Expr *parse_again(Str name, Str text, const PromqlFeatures *features, Arena *arena)
{
        Expr *expr = NULL;
        Err err;
        if (text.n && !ast_parse(text, arena, features, &expr, NULL, &err))
                log_error("a rule's expression does not parse", KV("rule", name), KV("err", &err));
        return expr;
}

static void copy_rule(Rule *to, const Rule *from, const PromqlFeatures *features, Arena *arena)
{
        *to = *from;
        to->name = str_dup(arena, from->name);
        to->expr_text = str_dup(arena, from->expr_text);
        to->labels = labels_dup(arena, from->labels);
        to->annotations = labels_dup(arena, from->annotations);
        to->hold_text = str_dup(arena, from->hold_text);
        to->recovery_text = str_dup(arena, from->recovery_text);
        to->expr = parse_again(to->name, to->expr_text, features, arena);
        to->hold = parse_again(to->name, to->hold_text, features, arena);
        to->recovery = parse_again(to->name, to->recovery_text, features, arena);
}

void rule_group_copy(RuleGroup *to, const RuleGroup *from, const PromqlFeatures *features, Arena *arena)
{
        *to = *from;
        to->name = str_dup(arena, from->name);
        to->file = str_dup(arena, from->file);
        to->labels = labels_dup(arena, from->labels);
        to->rules = arena_array(arena, Rule, from->n);
        for (size_t i = 0; i < from->n; i++)
                copy_rule(&to->rules[i], &from->rules[i], features, arena);
}

static bool same_rule(const RuleRun *a, const RuleRun *b)
{
        return a->rule->alerting == b->rule->alerting && str_eq(a->rule->name, b->rule->name) &&
               labels_eq(a->labels, b->labels);
}

RuleGroupRun *rule_group_new(const RulesOptions *options, const RuleGroup *group, Labels external_labels,
                             int64_t interval_ms, int64_t query_offset_ms)
{
        RuleGroupRun *run = mem_new(RuleGroupRun);
        Arena *arena = arena_new();
        run->options = options;
        run->arena = arena;
        rule_group_copy(&run->group, group, &promql_engine_options(options->engine)->features, arena);
        run->external_labels = labels_dup(arena, external_labels);
        run->interval_ms = interval_ms;
        run->query_offset_ms = query_offset_ms;
        run->runs = mem_new_array(RuleRun, group->n);
        for (size_t i = 0; i < group->n; i++) {
                run->runs[i].rule = &run->group.rules[i];
                run->runs[i].labels = merge_labels(run->group.labels, run->group.rules[i].labels, arena);
                for (size_t k = 0; k < i; k++)
                        run->runs[i].namesake += same_rule(&run->runs[i], &run->runs[k]);
        }
        run->steps = rule_order_of(&run->group, arena);
        mutex_init(&run->mu);
        return run;
}

void rule_group_free(RuleGroupRun *run)
{
        for (size_t i = 0; i < run->group.n; i++) {
                rule_alerting_clear(&run->runs[i]);
                rule_output_clear(&run->runs[i]);
                mem_free(run->runs[i].last_error);
        }
        mem_free(run->runs);
        mutex_done(&run->mu);
        arena_free(run->arena);
        mem_free(run);
}

void rule_group_inherit(RuleGroupRun *run, RuleGroupRun *old)
{
        for (size_t i = 0; i < run->group.n; i++) {
                for (size_t k = 0; k < old->group.n; k++) {
                        RuleRun *from = &old->runs[k];
                        RuleRun *to = &run->runs[i];
                        if (to->namesake != from->namesake || !same_rule(to, from))
                                continue;
                        RuleRun fresh = *to;
                        *to = *from;
                        to->rule = fresh.rule;
                        to->labels = fresh.labels;
                        *from = (RuleRun){ .rule = from->rule, .labels = from->labels };
                        break;
                }
        }
        run->last_eval_ms = old->last_eval_ms;
}

/* A rule whose samples the store refuses is not well, though its evaluation did not fail. */
static void set_error(RuleRun *run, const Err *err)
{
        const char *text = err ? err->msg : run->refusal != APPEND_OK ? rule_output_refusal(run) : NULL;
        mem_free(run->last_error);
        run->last_error = text ? mem_strndup(text, strlen(text)) : NULL;
        run->health = text ? RULE_ERR : RULE_OK;
}

/* A scalar result counts as a vector of one sample without labels. */
static bool as_vector(PromqlResult *result, Arena *arena, Err *err)
{
        if (result->type == VALUE_VECTOR)
                return true;
        if (result->type != VALUE_SCALAR)
                return err_set(err, ERR_INVALID, "rule result is not a vector or scalar");
        PromqlSeries *one = arena_new_of(arena, PromqlSeries);
        one->v = arena_new_of(arena, double);
        one->t = arena_new_of(arena, int64_t);
        one->v[0] = result->scalar;
        one->t[0] = result->scalar_t_ms;
        one->n = 1;
        result->series = one;
        result->n_series = 1;
        return true;
}

static bool ask(const RulesOptions *o, const Expr *expr, Str text, int64_t t_ms, Arena *arena, PromqlResult *ret,
                Err *err)
{
        PromqlQuery query = { .expr = expr, .text = text, .start_ms = t_ms, .end_ms = t_ms };
        return promql_exec(o->engine, o->store, &query, arena, ret, err) && as_vector(ret, arena, err);
}

/* What to do with the results of the rule's expressions at one time. */
static bool take_results(RuleGroupRun *group, RuleRun *run, const PromqlResult *result, const PromqlResult *second,
                         int64_t ts_ms, Arena *arena, Err *err)
{
        int64_t query_ms = ts_ms - group->query_offset_ms;
        run->samples = result->n_series;
        run->refusal = APPEND_OK;
        Appender *appender = store_appender(group->options->store);
        bool ok = run->rule->alerting ? rule_alerting_eval(group, run, result, second, ts_ms, appender, arena, err)
                                      : rule_output_record(group, run, result, query_ms, appender, arena, err);
        if (!ok) {
                store_rollback(appender);
                return false;
        }
        rule_output_end_missing(run, query_ms, appender);
        return store_commit(appender, err) || err_wrap(err, "store the results");
}

static bool eval_rule(RuleGroupRun *group, RuleRun *run, int64_t ts_ms, Arena *arena, Err *err)
{
        const RulesOptions *o = group->options;
        if (!run->rule->expr)
                return err_set(err, ERR_INVALID, "the expression does not parse");
        int64_t query_ms = ts_ms - group->query_offset_ms;
        PromqlResult result;
        PromqlResult second;
        const PromqlResult *asked = NULL;
        if (!ask(o, run->rule->expr, run->rule->expr_text, query_ms, arena, &result, err))
                return false;
        const Expr *expr = run->rule->hold ? run->rule->hold : run->rule->recovery;
        if (expr && rule_alerting_any_fires(group, run)) {
                Str text = run->rule->hold ? run->rule->hold_text : run->rule->recovery_text;
                if (!ask(o, expr, text, query_ms, arena, &second, err))
                        return err_wrap(err, "recovery");
                asked = &second;
        }
        return take_results(group, run, &result, asked, ts_ms, arena, err);
}

static void restore(RuleGroupRun *group, RuleRun *run)
{
        const Clock *clock = group->options->clock;
        int64_t start_ns = clock->mono_ns(clock);
        rule_alerting_restore(group, run);
        MUTEX_SCOPE(&group->mu);
        if (group->stats)
                rule_metrics_restored(group->stats, (double)(clock->mono_ns(clock) - start_ns) * 1e-9);
}

static void run_rule(RuleGroupRun *group, RuleRun *run, int64_t ts_ms)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Err err;
        if (run->rule->alerting && !run->restored)
                restore(group, run);
        mutex_lock(&group->mu);
        run->generation++;
        mutex_unlock(&group->mu);
        int64_t start_ns = group->options->clock->mono_ns(group->options->clock);
        bool ok = eval_rule(group, run, ts_ms, arena, &err);
        if (!group->replay)
                metric_add(evaluations, 1);
        if (!ok && !group->replay) {
                metric_add(failures, 1);
                log_warn("rule evaluation failed", KV("group", group->group.name), KV("rule", run->rule->name),
                         KV("err", &err));
        }
        mutex_lock(&group->mu);
        set_error(run, ok ? NULL : &err);
        run->last_eval_ms = ts_ms;
        run->failures += !ok;
        run->eval_seconds = (double)(group->options->clock->mono_ns(group->options->clock) - start_ns) * 1e-9;
        if (group->stats)
                rule_metrics_count(group->stats, ts_ms, run->eval_seconds, !ok);
        mutex_unlock(&group->mu);
        if (run->rule->alerting) {
                rule_alerting_save(group, run,
                                   ts_ms); /* before anybody is told: a crash in between repeats, it never forgets */
                rule_alerting_send(group, run, ts_ms, arena);
        }
}

static void count_states(RuleGroupRun *group)
{
        MUTEX_SCOPE(&group->mu);
        group->firing = group->pending = 0;
        for (size_t i = 0; i < group->group.n; i++) {
                const AlertMap *alerts = &group->runs[i].alerts;
                for (AlertMapSlot *s = alert_map_next(alerts, NULL); s; s = alert_map_next(alerts, s)) {
                        group->firing += s->val->state == ALERT_FIRING;
                        group->pending += s->val->state == ALERT_PENDING;
                }
        }
}

/* Rules of one step, taken by whoever is free. */
typedef struct StepJob {
        RuleGroupRun *group;
        const size_t *rules;
        size_t n;
        int64_t ts_ms;
        atomic_size_t next;
} StepJob;

static void take_rules(void *arg, size_t worker)
{
        (void)worker;
        StepJob *job = arg;
        for (size_t i; (i = atomic_fetch_add(&job->next, 1)) < job->n;)
                run_rule(job->group, &job->group->runs[job->rules[i]], job->ts_ms);
}

static void run_step(RuleGroupRun *group, const size_t *rules, size_t n, int64_t ts_ms)
{
        size_t most = group->replay ? 1 : MAX_OF(group->options->max_concurrent_evals, (size_t)1);
        StepJob job = { .group = group, .rules = rules, .n = n, .ts_ms = ts_ms };
        pool_for_each(most > 1 ? group->options->pool : NULL, MIN_OF(most, n), take_rules, &job);
}

static void note_stats(RuleGroupRun *group, int64_t ts_ms, double seconds)
{
        double rule_seconds = 0;
        size_t samples = 0;
        if (!group->stats)
                return;
        for (size_t i = 0; i < group->group.n; i++) {
                rule_seconds += group->runs[i].eval_seconds;
                samples += group->runs[i].samples;
        }
        rule_metrics_note(group->stats, ts_ms, seconds, rule_seconds, samples);
}

void rule_group_eval(RuleGroupRun *group, int64_t ts_ms)
{
        const Clock *clock = group->options->clock;
        int64_t start_ns = clock->mono_ns(clock);
        size_t at = 0;
        for (size_t s = 0; s < group->steps.n; s++) {
                run_step(group, &group->steps.rules[at], group->steps.ends[s] - at, ts_ms);
                at = group->steps.ends[s];
        }
        count_states(group);
        double seconds = (double)(clock->mono_ns(clock) - start_ns) * 1e-9;
        if (!group->replay)
                metric_observe(group_seconds, seconds);
        note_stats(group, ts_ms, seconds);
        MUTEX_SCOPE(&group->mu);
        group->eval_seconds = seconds;
        group->last_eval_ms = ts_ms;
}

/* ---- many times at once ---- */

/* A result over a grid, read step by step as the instant query of each step would give it. */
typedef struct Steps {
        PromqlResult range;
        size_t *at; /* per series: its next point */
        PromqlSeries *now;
} Steps;

static bool ask_range(RuleGroupRun *group, const Expr *expr, Str text, int64_t start_ms, size_t n, Arena *arena,
                      Steps *ret, Err *err)
{
        const RulesOptions *o = group->options;
        PromqlQuery query = { .expr = expr,
                              .text = text,
                              .range = true,
                              .start_ms = start_ms,
                              .end_ms = start_ms + (int64_t)(n - 1) * group->interval_ms,
                              .step_ms = group->interval_ms };
        if (!promql_exec(o->engine, o->store, &query, arena, &ret->range, err))
                return false;
        if (ret->range.type != VALUE_MATRIX)
                return err_set(err, ERR_INVALID, "rule result is not a vector or scalar");
        ret->at = arena_array(arena, size_t, ret->range.n_series);
        ret->now = arena_array(arena, PromqlSeries, ret->range.n_series);
        return true;
}

static PromqlResult step_at(Steps *s, int64_t t_ms)
{
        PromqlResult r = { .type = VALUE_VECTOR, .series = s->now };
        for (size_t i = 0; i < s->range.n_series; i++) {
                const PromqlSeries *all = &s->range.series[i];
                size_t at = s->at[i];
                if (at == all->n || all->t[at] != t_ms)
                        continue;
                s->now[r.n_series++] = (PromqlSeries){ .labels = all->labels,
                                                       .t = &all->t[at],
                                                       .v = &all->v[at],
                                                       .h = all->h ? &all->h[at] : NULL,
                                                       .n = 1 };
                s->at[i]++;
        }
        return r;
}

static bool uses_range_ends(void *arg, const Expr *e)
{
        const TimeShift *shift = e->kind == EXPR_SELECTOR   ? &e->selector.shift
                                 : e->kind == EXPR_SUBQUERY ? &e->subquery.shift
                                                            : NULL;
        bool *found = arg;
        *found |= shift && (shift->at == AT_START || shift->at == AT_END);
        if (e->kind == EXPR_CALL) {
                Str name = str_of(ast_function_name(e->call.fn));
                *found |= str_eq(name, STR("start")) || str_eq(name, STR("end")) || str_eq(name, STR("range")) ||
                          str_eq(name, STR("step"));
        }
        return true;
}

/* False: only one step at a time tells what happens: the grid would answer otherwise, or fails as a whole. */
static bool run_rule_range(RuleGroupRun *group, RuleRun *run, int64_t ts_ms, size_t n)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(arena_free) Arena *step_arena = arena_new();
        const Rule *rule = run->rule;
        const Expr *expr = rule->hold ? rule->hold : rule->recovery;
        int64_t start_ms = ts_ms - group->query_offset_ms;
        Steps first = { 0 };
        Steps second = { 0 };
        bool special = false;
        Err err;
        if (!rule->expr)
                return false;
        ast_walk(rule->expr, uses_range_ends, &special);
        if (expr)
                ast_walk(expr, uses_range_ends, &special);
        if (special || !ask_range(group, rule->expr, rule->expr_text, start_ms, n, arena, &first, &err) ||
            (expr && !ask_range(group, expr, rule->hold ? rule->hold_text : rule->recovery_text, start_ms, n, arena,
                                &second, &err)))
                return false;
        for (size_t k = 0; k < n; k++) {
                int64_t t_ms = (int64_t)k * group->interval_ms;
                PromqlResult now = step_at(&first, start_ms + t_ms);
                PromqlResult other = expr ? step_at(&second, start_ms + t_ms) : (PromqlResult){ 0 };
                arena_reset(step_arena);
                run->generation++;
                bool ok = take_results(group, run, &now, expr ? &other : NULL, ts_ms + t_ms, step_arena, &err);
                set_error(run, ok ? NULL : &err);
                run->last_eval_ms = ts_ms + t_ms;
                run->failures += !ok;
                if (rule->alerting)
                        rule_alerting_send(group, run, ts_ms + t_ms, step_arena);
        }
        return true;
}

void rule_group_eval_range(RuleGroupRun *group, int64_t ts_ms, size_t n)
{
        for (size_t i = 0; i < group->group.n; i++)
                if (n == 1 || !run_rule_range(group, &group->runs[i], ts_ms, n))
                        for (size_t k = 0; k < n; k++)
                                run_rule(group, &group->runs[i], ts_ms + (int64_t)k * group->interval_ms);
        group->last_eval_ms = ts_ms + (int64_t)(n - 1) * group->interval_ms;
}

void rule_group_end(RuleGroupRun *group, int64_t ts_ms)
{
        Appender *appender = store_appender(group->options->store);
        for (size_t i = 0; i < group->group.n; i++) {
                group->runs[i].generation++;
                rule_output_end_missing(&group->runs[i], ts_ms, appender);
        }
        Err err;
        if (!store_commit(appender, &err))
                log_warn("stale markers of a removed rule group are not stored", KV("group", group->group.name),
                         KV("err", &err));
}

int64_t rule_group_next_slot(const RuleGroupRun *g, int64_t now_ms)
{
        Buf key = { 0 };
        buf_printf(&key, STR_FMT ";" STR_FMT, STR_ARG(g->group.file), STR_ARG(g->group.name));
        int64_t phase = (int64_t)(hash_fnv1a(buf_str(&key)) % (uint64_t)g->interval_ms);
        buf_done(&key);
        int64_t slot = now_ms - (now_ms % g->interval_ms) + phase;
        return slot > now_ms ? slot : slot + g->interval_ms;
}
