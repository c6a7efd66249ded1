/* Invariants:
 * 1. At most max_concurrent queries evaluate, and small ones beside them; the others wait in the order in which they came, and leave
 *    the queue when their deadline passes or their caller goes away.
 * 2. The deadline counts from promql_exec's start: waiting is part of it.
 * 3. What a result holds lives in the caller's arena; everything else is gone when promql_exec returns.
 * 4. An answer is the same whether the cache knew some of its steps or none (rangecache.c).
 * 5. Results are sorted by labels; vectors of expressions with sort() or topk() keep the order of evaluation. */
#include "promql/promql.h"

#include <stdlib.h>

#include "base/metric.h"
#include "promql/exec.h"
#include "promql/explain_node.h"
#include "promql/planlabels.h"
#include "promql/rangecache.h"

METRIC_COUNTER(queries_total, "pharos_promql_queries_total", "Queries evaluated, whatever their outcome.");
METRIC_HISTOGRAM(query_seconds, "pharos_promql_query_duration_seconds", "Time of queries, waiting included.");

enum { QUEUE_POLL_MS = 50 }; /* how often a waiting query looks whether its caller is still there */

typedef struct Running {
        struct Running *next;
        Str text; /* of the query: borrowed while it runs */
        int64_t started_ms;
        _Atomic uint64_t samples;
        uint64_t ticket;
        bool admitted;
} Running;

struct PromqlEngine {
        PromqlOptions options;
        RangeCache *cache;
        _Atomic uint64_t bytes; /* on the bills of all running queries */
        Mutex mu;
        Cond turn;
        Running *running GUARDED_BY(&mu);
        size_t evaluating GUARDED_BY(&mu);
        uint64_t next_ticket GUARDED_BY(&mu);
};

PromqlEngine *promql_engine_new(const PromqlOptions *options)
{
        PromqlEngine *e = mem_new(PromqlEngine);
        PromqlOptions o = *options;
        if (!o.clock)
                o.clock = clock_system();
        if (o.lookback_ms <= 0)
                o.lookback_ms = INT64_C(5) * 60 * 1000;
        if (o.timeout_ms <= 0)
                o.timeout_ms = INT64_C(2) * 60 * 1000;
        if (o.max_samples == 0)
                o.max_samples = 50000000;
        if (o.max_bytes == 0)
                o.max_bytes = UINT64_C(1) << 30;
        if (o.max_total_bytes == 0)
                o.max_total_bytes = o.max_bytes < UINT64_MAX / 4 ? o.max_bytes * 4 : UINT64_MAX;
        if (o.default_step_ms <= 0)
                o.default_step_ms = INT64_C(60) * 1000;
        if (o.max_concurrent == 0)
                o.max_concurrent = 20;
        e->options = o;
        e->cache = rangecache_new(o.cache_bytes);
        mutex_init(&e->mu);
        mutex_cond_init(&e->turn);
        return e;
}

void promql_engine_free(PromqlEngine *e)
{
        if (!e)
                return;
        rangecache_free(e->cache);
        mutex_cond_done(&e->turn);
        mutex_done(&e->mu);
        mem_free(e);
}

const PromqlOptions *promql_engine_options(const PromqlEngine *e) { return &e->options; }

/* --- the gate --- */

/* Is this the oldest of those that wait? */
static bool is_first(const PromqlEngine *e, const Running *me) REQUIRES(e->mu)
{
        for (const Running *r = e->running; r; r = r->next)
                if (!r->admitted && r->ticket < me->ticket)
                        return false;
        return true;
}

static void leave_list(PromqlEngine *e, Running *me) REQUIRES(e->mu)
{
        for (Running **at = &e->running; *at; at = &(*at)->next)
                if (*at == me) {
                        *at = me->next;
                        break;
                }
        mutex_cond_broadcast(&e->turn);
}

static bool enter(PromqlEngine *e, Running *me, bool small, const Cancel *cancel, Err *err)
{
        MUTEX_SCOPE(&e->mu);
        me->ticket = e->next_ticket++;
        me->next = e->running;
        e->running = me;
        for (;;) {
                Err why;
                if (!cancel_check(cancel, &why)) {
                        leave_list(e, me);
                        return err_set(err, why.code, "query %s in query queue",
                                       why.code == ERR_TIMEOUT ? "timed out" : "was canceled");
                }
                if (small || (e->evaluating < e->options.max_concurrent && is_first(e, me)))
                        break;
                const Clock *clock = clock_system();
                mutex_cond_wait_until(&e->turn, &e->mu, clock->mono_ns(clock) + (int64_t)QUEUE_POLL_MS * 1000000);
        }
        me->admitted = true;
        e->evaluating++;
        mutex_cond_broadcast(&e->turn);
        return true;
}

static void leave(PromqlEngine *e, Running *me)
{
        MUTEX_SCOPE(&e->mu);
        e->evaluating--;
        leave_list(e, me);
}

size_t promql_active(PromqlEngine *e, Arena *arena, PromqlActive **ret)
{
        MUTEX_SCOPE(&e->mu);
        size_t n = 0, i = 0;
        for (Running *r = e->running; r; r = r->next)
                n++;
        *ret = arena_array(arena, PromqlActive, n + 1);
        for (Running *r = e->running; r; r = r->next)
                (*ret)[i++] = (PromqlActive){ .text = str_dup(arena, r->text),
                                              .started_ms = r->started_ms,
                                              .samples = atomic_load_explicit(&r->samples, memory_order_relaxed) };
        return n;
}

/* --- results --- */

static int series_by_labels(const void *a, const void *b, void *arg)
{
        (void)arg;
        return labels_cmp(((const PromqlSeries *)a)->labels, ((const PromqlSeries *)b)->labels);
}

typedef struct Output {
        Exec *x;
        const Source *src;
        Grid grid;
        Arena *arena;
        PromqlResult *ret;
} Output;

static bool output_rows(void *arg, size_t first, size_t n, double *const *rows, Err *err)
{
        Output *o = arg;
        uint64_t held = 0, before = arena_used(o->arena);
        for (size_t i = 0; i < n; i++) {
                size_t points = 0;
                for (size_t s = 0; s < o->grid.n; s++)
                        points += !exec_absent(rows[i][s]);
                if (points == 0)
                        continue;
                PromqlSeries *out = &o->ret->series[o->ret->n_series++];
                *out = (PromqlSeries){ .labels = labels_dup(o->arena, o->src->heads[first + i].labels), .n = points };
                out->t = arena_raw_array(o->arena, int64_t, points);
                out->v = arena_raw_array(o->arena, double, points);
                size_t k = 0;
                for (size_t s = 0; s < o->grid.n; s++) {
                        if (exec_absent(rows[i][s]))
                                continue;
                        out->t[k] = grid_time(&o->grid, s);
                        out->v[k++] = rows[i][s];
                }
                if (exec_any_hists(o->x))
                        exec_output_hists(o->arena, out);
                held += points;
        }
        Stage bill = { .arena = o->arena, .charged = before }; /* stays on the bill until the query ends */
        return exec_reserve(o->x, &bill, 0, err) && (!o->src->rows || exec_hold(o->x, held, err));
}

/* Names that were only marked leave now; what then has equal labels must not meet at a step. */
static bool finish_names(Exec *x, Stage *stage, Source *src, Source **ret, Err *err)
{
        bool any = false;
        for (size_t i = 0; i < src->n; i++) {
                if (!exec_goes_on(x, i, err))
                        return false;
                if (!src->heads[i].drop_name)
                        continue;
                any = true;
                src->heads[i].labels = exec_drop_meta(stage->arena, src->heads[i].labels);
        }
        *ret = src;
        if (!any || !x->options->features.delayed_name_removal)
                return true;
        return exec_settle(x, stage, src, ret, err);
}

static bool collect(Exec *x, Stage *stage, Source *src, const Grid *grid, Arena *arena, PromqlResult *ret, Err *err)
{
        if (!finish_names(x, stage, src, &src, err))
                return false;
        Output o = { .x = x, .src = src, .grid = *grid, .arena = arena, .ret = ret };
        ret->series = arena_raw_array(arena, PromqlSeries, src->n + 1);
        return exec_stream(x, src, &(Sink){ .arg = &o, .rows = output_rows }, err);
}

static bool eval_vector(Exec *x, const Grid *grid, bool range, Arena *arena, PromqlResult *ret, Err *err)
{
        Stage stage;
        exec_stage_begin(&stage);
        Source *src = exec_vector(x, x->plan->root, grid, &stage, err);
        bool ok = src && collect(x, &stage, src, grid, arena, ret, err);
        exec_stage_end(x, &stage);
        if (ok && (range || !x->plan->has_order))
                ok = exec_sort(x, ret->series, ret->n_series, sizeof *ret->series, series_by_labels, NULL, err);
        ret->type = range ? VALUE_MATRIX : VALUE_VECTOR;
        return ok;
}

static bool eval_scalar(Exec *x, const Grid *grid, PromqlResult *ret, Err *err)
{
        Stage stage;
        exec_stage_begin(&stage);
        bool ok = exec_scalar(x, x->plan->root, grid, &stage, &ret->scalar, err);
        exec_stage_end(x, &stage);
        ret->type = VALUE_SCALAR;
        ret->scalar_t_ms = grid->start_ms;
        return ok;
}

static bool eval(Exec *x, const PromqlQuery *q, Arena *arena, PromqlResult *ret, Err *err)
{
        const Expr *e = x->plan->root->expr;
        Grid grid = { .start_ms = q->start_ms, .step_ms = q->range ? q->step_ms : 1, .n = 1 };
        if (q->range)
                grid.n = (size_t)(plan_sub(q->end_ms, q->start_ms) / q->step_ms) + 1;
        if (q->range)
                grid.tail_ms = plan_sub(q->end_ms, q->start_ms) % q->step_ms;
        /* A few arrays of one number per step are always needed. */
        if (grid.n > SIZE_MAX / 64)
                return err_set(err, ERR_LIMIT, "the query has too many steps");
        if (!exec_reserve(x, &x->root, grid.n * 3 * sizeof(double), err))
                return false;
        if (q->count_samples)
                grid.looked_at = x->looked_at = arena_array(x->root.arena, _Atomic uint64_t, grid.n);
        x->n_looked_at = grid.n;
        if (e->type == VALUE_STRING) {
                ret->type = VALUE_STRING;
                ret->string = str_dup(arena, e->string);
                ret->scalar_t_ms = q->start_ms;
                return true;
        }
        if (e->type == VALUE_MATRIX) {
                ret->type = VALUE_MATRIX;
                return exec_matrix(x, x->plan->root, q->start_ms, arena, ret, err) &&
                       exec_sort(x, ret->series, ret->n_series, sizeof *ret->series, series_by_labels, NULL, err);
        }
        if (e->type == VALUE_SCALAR && !q->range)
                return eval_scalar(x, &grid, ret, err);
        return eval_vector(x, &grid, q->range, arena, ret, err);
}

/* --- one query --- */

static bool check_query(const PromqlQuery *q, Err *err)
{
        if (!q->range)
                return true;
        if (q->step_ms <= 0)
                return err_set(err, ERR_INVALID, "zero or negative query resolution step widths are not accepted");
        if (q->end_ms < q->start_ms)
                return err_set(err, ERR_INVALID, "end timestamp must not be before start time");
        ValueType type = plan_unwrap(q->expr)->type;
        if (type != VALUE_SCALAR && type != VALUE_VECTOR)
                return err_set(err, ERR_INVALID,
                               "invalid expression type \"%s\" for range query, must be Scalar or instant Vector",
                               type == VALUE_MATRIX ? "range vector" : ast_value_type_name(type));
        return true;
}

static int64_t lookback_of(const PromqlOptions *o, const PromqlQuery *q)
{
        return q->lookback_ms > 0 ? q->lookback_ms : o->lookback_ms;
}

static PlanArgs args_of(const PromqlOptions *o, const PromqlQuery *q)
{
        return (PlanArgs){ .start_ms = q->start_ms,
                           .end_ms = q->range ? q->end_ms : q->start_ms,
                           .step_ms = q->range ? q->step_ms : 0,
                           .lookback_ms = lookback_of(o, q),
                           .default_step_ms = o->default_step_ms };
}

static bool prepare(Exec *x, StoreEngine *store, const PromqlQuery *q, Plan *plan, Err *err)
{
        PlanArgs args = args_of(x->options, q);
        x->query_start_ms = args.start_ms;
        x->query_end_ms = args.end_ms;
        x->query_step_ms = args.step_ms;
        if (!plan_build(q->expr, &args, x->root.arena, plan, err))
                return false;
        planlabels_find(plan, x->root.arena);
        x->plan = plan;
        x->explain = q->explain;
        if (q->explain)
                explain_begin(plan->root, x->root.arena);
        if (plan->min_ms > plan->max_ms)
                return true; /* nothing is read */
        if (!store_querier(store, plan->min_ms, plan->max_ms, &x->querier, err))
                return false;
        for (Slot *s = plan->slots; s; s = s->next)
                if (!exec_select(x, s, err))
                        return false;
        return true;
}

static double seconds_since(const Clock *clock, int64_t from_ns)
{
        return (double)(clock->mono_ns(clock) - from_ns) / 1e9;
}

static void fill_stats(Exec *x, Arena *arena, PromqlStats *stats)
{
        if (x->looked_at) {
                stats->n_steps = x->n_looked_at;
                stats->samples_per_step = arena_raw_array(arena, uint64_t, stats->n_steps);
                for (size_t s = 0; s < stats->n_steps; s++)
                        stats->samples += stats->samples_per_step[s] = atomic_load_explicit(&x->looked_at[s],
                                                                                            memory_order_relaxed);
        }
        stats->samples_read = atomic_load_explicit(&x->samples_read, memory_order_relaxed);
        stats->peak_samples = atomic_load_explicit(&x->samples_peak, memory_order_relaxed);
        stats->bytes_peak = atomic_load_explicit(&x->bytes_peak, memory_order_relaxed);
        for (const Slot *s = x->plan ? x->plan->slots : NULL; s; s = s->next)
                stats->series_selected += s->selection.n;
}

static bool evaluate(PromqlEngine *e, Exec *x, StoreEngine *store, const PromqlQuery *q, Arena *arena,
                     PromqlResult *out, Err *err)
{
        const Clock *clock = clock_system();
        Plan plan;
        int64_t from = clock->mono_ns(clock);
        exec_stage_begin(&x->root);
        bool ok = exec_check(x, err) && prepare(x, store, q, &plan, err);
        out->stats.prepare_seconds = seconds_since(clock, from);
        from = clock->mono_ns(clock);
        ok = ok && eval(x, q, arena, out, err);
        out->stats.eval_seconds = seconds_since(clock, from);
        fill_stats(x, arena, &out->stats);
        if (ok && q->explain)
                explain_list(&plan, arena, &out->nodes, &out->n_nodes);
        if (ok)
                annotations_list(&x->annotations, &out->annotations, &out->n_annotations);
        exec_workers_free(x); /* their cursors first */
        if (x->querier)
                querier_close(x->querier);
        exec_stage_end(x, &x->root);
        (void)e;
        return ok;
}

/* All steps of q, from the store. */
static bool exec_afresh(PromqlEngine *e, StoreEngine *store, const PromqlQuery *q, Arena *arena, PromqlResult *ret,
                        Err *err)
{
        const Clock *clock = clock_system();
        int64_t from = clock->mono_ns(clock);
        Running me = { .text = q->text, .started_ms = clock_wall_ms(e->options.clock) };
        Exec x = { .options = &e->options,
                   .active_samples = &me.samples,
                   .total_bytes = &e->bytes,
                   .lookback_ms = lookback_of(&e->options, q) };
        bool sooner = q->timeout_ms > 0 && q->timeout_ms < e->options.timeout_ms;
        cancel_init(&x.timeout, e->options.clock, sooner ? q->timeout_ms : e->options.timeout_ms);
        x.timeout.parent = q->cancel;
        PromqlResult out = { 0 };
        if (!enter(e, &me, q->small, &x.timeout, err))
                return false;
        out.stats.queue_seconds = seconds_since(clock, from);
        mutex_init(&x.mu);
        annotations_init(&x.annotations, arena, q->text);
        bool ok = evaluate(e, &x, store, q, arena, &out, err);
        annotations_done(&x.annotations);
        atomic_fetch_sub_explicit(&e->bytes, atomic_load_explicit(&x.bytes, memory_order_relaxed),
                                  memory_order_relaxed);
        mutex_done(&x.mu);
        leave(e, &me);
        if (ok)
                *ret = out;
        return ok;
}

/* The steps that the cache does not know are evaluated. */
static bool exec_rest(PromqlEngine *e, StoreEngine *store, const PromqlQuery *q, RangeUse *use, Arena *arena,
                      PromqlResult *ret, Err *err)
{
        PromqlQuery rest = *q;
        PromqlResult out = { .type = VALUE_MATRIX };
        if (!q->explain && use->known < use->steps)
                rest.start_ms = rangecache_next_ms(use, q->step_ms);
        if ((q->explain || use->known < use->steps) && !exec_afresh(e, store, &rest, arena, &out, err))
                return false;
        if (!q->explain)
                rangecache_merge(use, arena, &out);
        out.stats.cache_steps = use->steps;
        out.stats.cached_steps = use->known;
        *ret = out;
        return true;
}

bool promql_exec(PromqlEngine *e, StoreEngine *store, const PromqlQuery *q, Arena *arena, PromqlResult *ret, Err *err)
{
        if (!check_query(q, err))
                return false;
        const Clock *clock = clock_system();
        int64_t from = clock->mono_ns(clock);
        RangeUse use;
        bool ok;
        metric_add(queries_total, 1);
        if (!q->no_cache && !q->count_samples &&
            rangecache_begin(e->cache, &e->options, store, q, lookback_of(&e->options, q), arena, &use)) {
                ok = exec_rest(e, store, q, &use, arena, ret, err);
                rangecache_end(&use);
        } else {
                ok = exec_afresh(e, store, q, arena, ret, err);
        }
        metric_observe(query_seconds, seconds_since(clock, from));
        return ok;
}

/* --- small queries --- */

/* What is below a node, in points, if a sample came every second; more than EXEC_PARALLEL_POINTS: too much, or not known. */
static uint64_t weight_of(const PlanNode *node, StoreEngine *store, int64_t lookback_ms)
{
        enum { TOO_MUCH = EXEC_PARALLEL_POINTS + 1 };
        const Expr *e = node->expr;
        uint64_t points = 1;
        if (e->kind == EXPR_SUBQUERY || (e->kind == EXPR_CALL && e->call.fn->id == FN_INFO))
                return TOO_MUCH;
        if (node->slot) {
                bool plain = e->selector.mode == RANGE_PLAIN;
                int64_t range_ms = plain ? node->range_ms
                                         : plan_add(node->range_ms, plan_add(lookback_ms, lookback_ms));
                uint64_t each = EXEC_ROW_POINTS + 1 + (uint64_t)range_ms / 1000;
                size_t n = store->at_most(store, node->slot->matchers, node->slot->min_ms);
                if (each > EXEC_PARALLEL_POINTS || n >= EXEC_PARALLEL_POINTS / each)
                        return TOO_MUCH;
                points += (n + 1) * each; /* also one that finds nothing has been looked for */
        }
        for (size_t k = 0; k < node->n_kids && points <= EXEC_PARALLEL_POINTS; k++)
                points += weight_of(node->kids[k], store, lookback_ms);
        return points;
}

bool promql_is_small(const PromqlEngine *e, StoreEngine *store, const PromqlQuery *q, Arena *arena)
{
        Plan plan;
        Err err;
        PlanArgs args = args_of(&e->options, q);
        return !q->range && store->at_most && plan_build(q->expr, &args, arena, &plan, &err) &&
               weight_of(plan.root, store, args.lookback_ms) <= EXEC_PARALLEL_POINTS;
}
