/* The rules over what is stored, at the times at which they would have run.
 *
 * Invariants:
 * 1. Nothing is written to the store: results go to an overlay in memory. What is stored under the names that these rules
 *    write does not count from the first evaluation on.
 * 2. Time goes in windows; in a window, a rule is evaluated over the whole grid before the next one, groups that write before
 *    groups that read. Where rules read what they or later ones write, windows are single times instead: same results.
 * 3. The sink gets alerts by rising time, whatever the order of evaluation.
 * 4. Evaluation begins early enough that what fires at start_ms has served its `for` and its consecutive_failures, and that
 *    what a recovery expression holds has been seen to fire, if it did so less than 6 hours before. */
#include <stdlib.h>

#include "rules/rule_group.h"
#include "store/memstore.h"
#include "store/overlay.h"

enum {
        WINDOW_MS = 4 * 3600 * 1000,
        MOST_STEPS = 1000,
        LONGEST_WARM_UP_MS = 24 * 3600 * 1000,
        /* What holds a firing alert may have begun any time before. */
        HELD_WARM_UP_MS = 6 * 3600 * 1000,
};

typedef struct Sent {
        int64_t at_ms;
        size_t order;
        AlertMsg msg;
} Sent;

typedef VEC(RulesFiring) FiringVec;

typedef struct Backtest {
        const RulesBacktestOptions *options;
        Arena *arena; /* the result's */
        RulesReplay *replay;
        size_t n_groups;
        size_t *order;      /* of groups: writers first */
        int64_t *next_ms;   /* per group */
        size_t *first;      /* per group: its first rule in `firings` */
        FiringVec *firings; /* per rule */
        uint64_t *evaluations;
        size_t n_rules, n_firings;
        Arena *window; /* messages of this window */
        VEC(Sent) sent;
        bool stepwise;
        int64_t warm_ms; /* first evaluations */
} Backtest;

/* ---- who reads what */

typedef struct Reads {
        Str name;
        bool found;
} Reads;

static bool reads_name(void *arg, const Expr *e)
{
        Reads *r = arg;
        if (e->kind != EXPR_SELECTOR)
                return true;
        bool matches = true;
        for (size_t i = 0; i < e->selector.matchers.n && matches; i++) {
                const Matcher *m = &e->selector.matchers.data[i];
                if (str_eq(m->name, LABEL_NAME))
                        matches = matcher_matches(m, r->name);
        }
        r->found |= matches;
        return true;
}

static bool reads(const Rule *reader, const Rule *writer)
{
        static const Str alert_series[] = { STR_INIT("ALERTS"), STR_INIT("ALERTS_FOR_STATE") };
        const Expr *exprs[] = { reader->expr, reader->hold, reader->recovery };
        Reads r = { 0 };
        for (size_t i = 0; i < ARRAY_LEN(exprs); i++) {
                if (!exprs[i])
                        continue;
                for (size_t k = 0; k < (writer->alerting ? ARRAY_LEN(alert_series) : 1); k++) {
                        r.name = writer->alerting ? alert_series[k] : writer->name;
                        ast_walk(exprs[i], reads_name, &r);
                }
        }
        return r.found;
}

static bool group_reads(const RuleGroup *reader, const RuleGroup *writer)
{
        for (size_t i = 0; i < reader->n; i++)
                for (size_t k = 0; k < writer->n; k++)
                        if (reads(&reader->rules[i], &writer->rules[k]))
                                return true;
        return false;
}

/* A rule reads what it, or one behind it in its group, writes. */
static bool reads_ahead(const RuleGroup *g)
{
        for (size_t i = 0; i < g->n; i++)
                for (size_t k = i; k < g->n; k++)
                        if (reads(&g->rules[i], &g->rules[k]))
                                return true;
        return false;
}

static const RuleGroup *group_of(const Backtest *b, size_t i) { return &rules_replay_group(b->replay, i)->group; }

/* Writers before readers; false when there is no such order. */
static bool order_groups(Backtest *b, Arena *scratch)
{
        bool *placed = arena_array(scratch, bool, b->n_groups);
        size_t len = 0;
        for (size_t i = 0; i < b->n_groups; i++)
                if (reads_ahead(group_of(b, i)))
                        return false;
        while (len < b->n_groups) {
                size_t before = len;
                for (size_t i = 0; i < b->n_groups; i++) {
                        bool ready = !placed[i];
                        for (size_t k = 0; ready && k < b->n_groups; k++)
                                ready = k == i || placed[k] || !group_reads(group_of(b, i), group_of(b, k));
                        if (!ready)
                                continue;
                        placed[i] = true;
                        b->order[len++] = i;
                }
                if (len == before)
                        return false;
        }
        return true;
}

/* ---- what comes out */

static void moved(void *ctx, const RuleGroupRun *group, const RuleRun *run, const ActiveAlert *alert,
                  RuleAlertState from, int64_t ts_ms)
{
        Backtest *b = ctx;
        size_t g = 0;
        while (rules_replay_group(b->replay, g) != group)
                g++;
        FiringVec *all = &b->firings[b->first[g] + (size_t)(run - group->runs)];
        if (from == ALERT_PENDING) {
                if (b->n_firings++ < RULES_BACKTEST_MAX_FIRINGS)
                        vec_push(all, (RulesFiring){ .labels = labels_dup(b->arena, alert->labels),
                                                     .active_at_ms = alert->active_at_ms,
                                                     .fired_at_ms = ts_ms,
                                                     .value = alert->value });
                return;
        }
        for (size_t i = all->len; i-- > 0;)
                if (all->data[i].resolved_at_ms == 0 && labels_eq(all->data[i].labels, alert->labels)) {
                        all->data[i].resolved_at_ms = ts_ms;
                        return;
                }
}

static void collect(void *self, const AlertMsg *alerts, size_t n)
{
        Backtest *b = self;
        for (size_t i = 0; i < n; i++) {
                AlertMsg own = alerts[i];
                own.labels = labels_dup(b->window, own.labels);
                own.annotations = labels_dup(b->window, own.annotations);
                own.generator_url = str_dup(b->window, own.generator_url);
                vec_push(&b->sent, (Sent){ own.updated_at_ms, b->sent.len, own });
        }
}

static int by_time(const void *a, const void *b)
{
        const Sent *x = a;
        const Sent *y = b;
        if (x->at_ms != y->at_ms)
                return x->at_ms < y->at_ms ? -1 : 1;
        return x->order < y->order ? -1 : 1;
}

static void hand_over(Backtest *b)
{
        if (b->sent.len > 1)
                qsort(b->sent.data, b->sent.len, sizeof *b->sent.data, by_time);
        vec_each(s, &b->sent)
                b->options->sink.put(b->options->sink.self, &s->msg, 1);
        vec_clear(&b->sent);
        arena_reset(b->window);
}

/* ---- time */

static void eval_until(Backtest *b, size_t g, int64_t until_ms)
{
        RuleGroupRun *group = rules_replay_group(b->replay, g);
        while (b->next_ms[g] < until_ms) {
                size_t n = (size_t)((until_ms - 1 - b->next_ms[g]) / group->interval_ms) + 1;
                n = b->stepwise ? 1 : MIN_OF(n, (size_t)MOST_STEPS);
                rule_group_eval_range(group, b->next_ms[g], n);
                b->evaluations[g] += n;
                b->next_ms[g] += (int64_t)n * group->interval_ms;
        }
}

static bool pass_time(Backtest *b, Err *err)
{
        int64_t end_ms = b->options->end_ms + 1;
        for (int64_t t_ms = b->warm_ms; t_ms < end_ms;) {
                int64_t until_ms = MIN_OF(t_ms + WINDOW_MS, end_ms);
                /* One time of one group at a time: up to just behind the earliest that is due. */
                for (size_t i = 0; b->stepwise && i < b->n_groups; i++)
                        until_ms = MIN_OF(until_ms, MAX_OF(b->next_ms[i] + 1, t_ms + 1));
                for (size_t i = 0; i < b->n_groups; i++)
                        eval_until(b, b->order[i], until_ms);
                hand_over(b);
                if (!cancel_check(b->options->cancel, err))
                        return false;
                if (b->n_firings > RULES_BACKTEST_MAX_FIRINGS)
                        return err_set(err, ERR_LIMIT, "more than %d firings: choose a shorter time or fewer rules",
                                       (int)RULES_BACKTEST_MAX_FIRINGS);
                t_ms = until_ms;
        }
        return true;
}

static int64_t warm_up(const RuleFile *files, size_t n, int64_t default_interval_ms)
{
        int64_t longest_ms = 0;
        for (size_t f = 0; f < n; f++)
                for (size_t g = 0; g < files[f].n; g++)
                        for (size_t i = 0; i < files[f].groups[g].n; i++) {
                                const Rule *r = &files[f].groups[g].rules[i];
                                int64_t interval_ms = files[f].groups[g].interval_ms;
                                interval_ms = interval_ms ? interval_ms : default_interval_ms;
                                int64_t row_ms = (int64_t)r->consecutive_failures * interval_ms;
                                int64_t need_ms = MAX_OF(r->for_ms, row_ms) + r->keep_firing_for_ms;
                                if (r->hold || r->recovery)
                                        need_ms += HELD_WARM_UP_MS;
                                longest_ms = MAX_OF(longest_ms, need_ms);
                        }
        return MIN_OF(longest_ms, (int64_t)LONGEST_WARM_UP_MS);
}

static bool check_size(const Backtest *b, Err *err)
{
        double total = 0;
        for (size_t i = 0; i < b->n_groups; i++) {
                const RuleGroupRun *g = rules_replay_group(b->replay, i);
                total += (double)(b->options->end_ms - b->warm_ms) / (double)g->interval_ms * (double)g->group.n;
        }
        if (total <= (double)RULES_BACKTEST_MAX_EVALUATIONS)
                return true;
        return err_set(err, ERR_LIMIT, "%.0f evaluations, the limit is %d: choose a shorter time or longer intervals",
                       total, (int)RULES_BACKTEST_MAX_EVALUATIONS);
}

/* What these rules write. */
static bool is_written_here(void *ctx, Labels labels)
{
        const Backtest *b = ctx;
        Str name = labels_get(labels, LABEL_NAME);
        for (size_t g = 0; g < b->n_groups; g++) {
                const RuleGroup *group = group_of(b, g);
                for (size_t i = 0; i < group->n; i++) {
                        const Rule *r = &group->rules[i];
                        if (!r->alerting ? str_eq(name, r->name)
                                         : str_starts(name, STR("ALERTS")) &&
                                                   str_eq(labels_get(labels, STR("alertname")), r->name))
                                return true;
                }
        }
        return false;
}

static void take_result(Backtest *b, RulesBacktest *ret)
{
        ret->rules = arena_array(b->arena, RulesBacktestRule, b->n_rules);
        ret->n = b->n_rules;
        ret->stepwise = b->stepwise;
        for (size_t g = 0; g < b->n_groups; g++) {
                const RuleGroupRun *group = rules_replay_group(b->replay, g);
                for (size_t i = 0; i < group->group.n; i++) {
                        const RuleRun *run = &group->runs[i];
                        FiringVec *all = &b->firings[b->first[g] + i];
                        size_t old = 0;
                        /* Over before the time that was asked for: of the warm-up alone. */
                        for (size_t k = 0; k < all->len; k++)
                                if (all->data[k].resolved_at_ms && all->data[k].resolved_at_ms <= b->options->start_ms)
                                        old++;
                                else
                                        all->data[k - old] = all->data[k];
                        all->len -= old;
                        ret->rules[b->first[g] + i] = (RulesBacktestRule){
                                .group = str_dup(b->arena, group->group.name),
                                .file = str_dup(b->arena, group->group.file),
                                .name = str_dup(b->arena, run->rule->name),
                                .expr = str_dup(b->arena, run->rule->expr_text),
                                .alerting = run->rule->alerting,
                                .evaluations = b->evaluations[g],
                                .failures = run->failures,
                                .last_error = str_dup(b->arena, str_of(run->last_error)),
                                .firings = all->data,
                                .n = all->len
                        };
                }
        }
}

static void prepare(Backtest *b, const RuleWatch *watch, Arena *scratch)
{
        b->n_groups = rules_replay_len(b->replay);
        b->order = arena_array(scratch, size_t, b->n_groups);
        b->next_ms = arena_array(scratch, int64_t, b->n_groups);
        b->first = arena_array(scratch, size_t, b->n_groups);
        b->evaluations = arena_array(scratch, uint64_t, b->n_groups);
        for (size_t i = 0; i < b->n_groups; i++) {
                RuleGroupRun *g = rules_replay_group(b->replay, i);
                g->watch = watch;
                g->no_texts = true;
                b->next_ms[i] = rule_group_next_slot(g, b->warm_ms - 1);
                b->first[i] = b->n_rules;
                b->n_rules += g->group.n;
        }
        b->firings = arena_array(b->arena, FiringVec, b->n_rules);
        for (size_t i = 0; i < b->n_rules; i++)
                b->firings[i].arena = b->arena;
        b->stepwise = !order_groups(b, scratch);
        for (size_t i = 0; b->stepwise && i < b->n_groups; i++)
                b->order[i] = i;
}

bool rules_backtest(const RulesBacktestOptions *options, const RuleFile *files, size_t n, Arena *arena,
                    RulesBacktest *ret, Err *err)
{
        AUTO(arena_free) Arena *scratch = arena_new();
        AUTO(arena_free) Arena *window = arena_new();
        AUTO(memstore_free) MemStore *upper = memstore_new();
        Backtest b = { .options = options, .arena = arena, .window = window, .sent.arena = scratch };
        RuleWatch watch = { moved, &b };
        b.warm_ms = options->start_ms - warm_up(files, n, options->default_interval_ms);
        AUTO(overlay_free)
        Overlay *overlay = overlay_new(options->store, memstore_engine(upper), b.warm_ms, is_written_here, &b);
        RulesOptions rules = { .engine = options->engine,
                               .store = overlay_engine(overlay),
                               .external_url = options->external_url,
                               .default_interval_ms = options->default_interval_ms,
                               .default_query_offset_ms = options->default_query_offset_ms,
                               .resend_delay_ms = options->resend_delay_ms };
        if (options->sink.put)
                rules.sink = (AlertSink){ collect, &b };
        if (options->end_ms < options->start_ms)
                return err_set(err, ERR_INVALID, "the end is before the start");
        AUTO(rules_replay_free) RulesReplay *replay = rules_replay_new(&rules, files, n, options->external_labels);
        b.replay = replay;
        prepare(&b, &watch, scratch);
        if (!check_size(&b, err) || !pass_time(&b, err))
                return false;
        take_result(&b, ret);
        return true;
}
