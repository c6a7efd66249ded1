/* Invariants:
 * 1. The input of sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk and limitk is never held: each batch
 * of rows is folded and forgotten. quantile holds its input, because it needs all values of a step.
 * 2. Groups and the series inside them are visited in input order; ties are decided by it.
 * 3. The memory of an operator's state is charged before it is taken. */
#include "promql/exec.h"
#include "promql/gomath.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "codec/floats.h"
#include "model/histstat.h"
#include "promql/aggregate.h"
#include "promql/aggregate_hist.h"
#include "promql/func_window.h"
#include "promql/groupindex.h"

typedef struct Agg {
        Exec *x;
        const Expr *expr;
        const PlanNode *node;
        const Grid *grid;
        Stage *stage; /* of the result */
        Stage inner;  /* of the input */
        const Source *in;
        AggregateOp op;
        GroupIndex groups;
        size_t *group_of; /* per input row */
        const double *param;
        Accumulator *acc; /* per group */
        struct TopGroup *top;
        Stage *hist_stages; /* per step: histograms of the steps folded together with it as the first one; NULL: none */
        _Atomic bool hists_failed; /* over the budget */
} Agg;

static bool group_rows(Agg *a, Err *err)
{
        GroupRule rule = { .names = &a->expr->aggregate.grouping, .without = a->expr->aggregate.without };
        groupindex_init(&a->groups, a->stage->arena);
        a->group_of = arena_raw_array(a->inner.arena, size_t, a->in->n + 1);
        for (size_t i = 0; i < a->in->n; i++) {
                if (!exec_goes_on(a->x, i, err))
                        return false;
                a->group_of[i] = groupindex_of(&a->groups, a->in->heads[i].labels, &rule, NULL);
        }
        return exec_reserve(a->x, &a->inner, 0, err) && exec_reserve(a->x, a->stage, 0, err);
}

/* Heads of the groups; a name that leaves some row of a group leaves the group. */
static bool name_groups(const Agg *a, Source *out, Err *err)
{
        for (size_t g = 0; g < out->n; g++)
                out->heads[g].labels = a->groups.keys.data[g];
        for (size_t i = 0; i < a->in->n; i++) {
                if (!exec_goes_on(a->x, i, err))
                        return false;
                out->heads[a->group_of[i]].drop_name |= a->in->heads[i].drop_name;
        }
        return true;
}

/* Rows whose names must go and rows whose must not, in one input: then only rows that have a sample may decide. */
static bool mixed_names(const Source *in)
{
        for (size_t i = 1; i < in->n; i++)
                if (in->heads[i].drop_name != in->heads[0].drop_name)
                        return true;
        return false;
}

/* --- folding operators --- */

static AggregateHist hist_context(const Agg *a, Arena *arena)
{
        return (AggregateHist){ .x = a->x, .arena = arena, .pos = a->expr->aggregate.expr->pos };
}

static Arena *hist_arena(const Agg *a, size_t lo)
{
        if (!a->hist_stages[lo].arena)
                exec_stage_begin(&a->hist_stages[lo]);
        return a->hist_stages[lo].arena;
}

static void end_hist_stages(Agg *a)
{
        for (size_t s = 0; s < a->grid->n; s++)
                if (a->hist_stages[s].arena)
                        exec_stage_end(a->x, &a->hist_stages[s]);
}

static void fold_hists(Agg *a, size_t first, size_t n, double *const *rows, size_t lo, size_t hi)
{
        AggregateHist c = hist_context(a, hist_arena(a, lo));
        Stage *stage = &a->hist_stages[lo];
        Err over;
        for (size_t i = 0; i < n && !atomic_load_explicit(&a->hists_failed, memory_order_relaxed); i++) {
                c.metric = labels_get(a->in->heads[first + i].labels, LABEL_NAME);
                aggregate_hist_fold(&c, a->op, &a->acc[a->group_of[first + i]], rows[i], lo, hi);
                if (!exec_reserve(a->x, stage, 0, &over))
                        atomic_store_explicit(&a->hists_failed, true, memory_order_relaxed);
        }
}

/* The histograms of the result leave the arenas in which they were summed up. */
static bool finish_hists(Agg *a, Source *out, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AggregateHist c = hist_context(a, arena);
        bool ok = !atomic_load_explicit(&a->hists_failed, memory_order_relaxed);
        for (size_t g = 0; g < out->n && ok; g++) {
                aggregate_hist_finish(&c, a->op, &a->acc[g], 0, a->grid->n);
                exec_keep_hists(a->stage->arena, out->rows[g], a->grid->n);
                ok = exec_reserve(a->x, a->stage, 0, err);
        }
        /* Who went over the budget could not say so: this does. */
        return ok || exec_reserve(a->x, a->stage, a->x->options->max_bytes, err);
}

static void fold_steps(void *arg, size_t first, size_t n, double *const *rows, size_t lo, size_t hi)
{
        Agg *a = arg;
        if (exec_any_hists(a->x)) {
                fold_hists(a, first, n, rows, lo, hi);
                return;
        }
        for (size_t i = 0; i < n; i++)
                aggregate_fold(a->op, &a->acc[a->group_of[first + i]], rows[i], lo, hi);
}

static bool make_accumulators(Agg *a, Source *out, Err *err)
{
        unsigned arrays = aggregate_arrays(a->op);
        size_t steps = a->grid->n, n = out->n * steps;
        if (!exec_reserve(a->x, &a->inner, n * (arrays - 1) * sizeof(double) + (a->op == AGG_AVG ? n : 0), err))
                return false;
        Arena *arena = a->inner.arena;
        double *b = arrays > 1 ? arena_array(arena, double, n + 1) : NULL;
        double *counts = arrays > 2 ? arena_array(arena, double, n + 1) : NULL;
        uint8_t *incremental = a->op == AGG_AVG ? arena_array(arena, uint8_t, n + 1) : NULL;
        a->acc = arena_raw_array(arena, Accumulator, out->n + 1);
        for (size_t g = 0; g < out->n; g++) {
                if (!exec_goes_on(a->x, g, err))
                        return false;
                a->acc[g] = (Accumulator){ .a = out->rows[g],
                                           .b = b ? b + g * steps : NULL,
                                           .n = counts ? counts + g * steps : NULL,
                                           .incremental = incremental ? incremental + g * steps : NULL };
        }
        return true;
}

static Source *fold(Agg *a, Err *err)
{
        Source *out = exec_source(a->stage, a->groups.keys.len, a->grid->n);
        if (!name_groups(a, out, err) || !exec_source_rows(a->x, a->stage, out, err) || !make_accumulators(a, out, err))
                return NULL;
        bool ok = exec_stream(a->x, a->in, &(Sink){ .arg = a, .steps = fold_steps }, err);
        if (exec_any_hists(a->x)) {
                Err first = ok ? (Err){ 0 } : *err;
                if (!finish_hists(a, out, err) || !ok) {
                        *err = ok ? *err : first;
                        return NULL;
                }
                return out;
        }
        if (!ok)
                return NULL;
        for (size_t g = 0; g < out->n; g++) {
                if (!exec_goes_on(a->x, g, err))
                        return NULL;
                aggregate_finish(a->op, &a->acc[g], 0, a->grid->n);
        }
        return out;
}

/* --- topk, bottomk, limitk --- */

typedef struct TopItem {
        double v;
        uint32_t row;
} TopItem;

typedef struct TopGroup {
        TopItem *items; /* [step][k] */
        uint32_t *len;  /* [step] */
        size_t k;       /* room */
        size_t members;
} TopGroup;

/* The order of upstream's heap: the item to leave first on top; NaN leaves before everything. */
static bool leaves_first(AggregateOp op, double a, double b)
{
        if (isnan(a))
                return true;
        return op == AGG_BOTTOMK ? a > b : a < b;
}

static void sift_up(AggregateOp op, TopItem *h, size_t i)
{
        while (i > 0) {
                size_t up = (i - 1) / 2;
                if (!leaves_first(op, h[i].v, h[up].v))
                        return;
                TopItem t = h[i];
                h[i] = h[up];
                h[up] = t;
                i = up;
        }
}

static void sift_down(AggregateOp op, TopItem *h, size_t n)
{
        for (size_t i = 0;;) {
                size_t child = 2 * i + 1;
                if (child >= n)
                        return;
                if (child + 1 < n && leaves_first(op, h[child + 1].v, h[child].v))
                        child++;
                if (!leaves_first(op, h[child].v, h[i].v))
                        return;
                TopItem t = h[i];
                h[i] = h[child];
                h[child] = t;
                i = child;
        }
}

static void offer(AggregateOp op, TopItem *h, uint32_t *len, size_t k, TopItem item)
{
        if (*len < k) {
                h[(*len)++] = item;
                if (op != AGG_LIMITK)
                        sift_up(op, h, *len - 1);
                return;
        }
        if (op == AGG_LIMITK)
                return;
        bool wins = op == AGG_TOPK ? h[0].v < item.v : h[0].v > item.v;
        if (!wins && !(isnan(h[0].v) && !isnan(item.v)))
                return;
        h[0] = item;
        sift_down(op, h, *len);
}

static size_t k_at(const Agg *a, size_t s, size_t room)
{
        double k = a->param[s];
        return k < 1 ? 0 : k >= (double)room ? room : (size_t)k;
}

static void top_steps(void *arg, size_t first, size_t n, double *const *rows, size_t lo, size_t hi)
{
        const Agg *a = arg;
        bool hists = exec_any_hists(a->x) && a->op != AGG_LIMITK;
        for (size_t i = 0; i < n; i++) {
                const TopGroup *g = &a->top[a->group_of[first + i]];
                for (size_t s = lo; s < hi; s++) {
                        if (exec_absent(rows[i][s]))
                                continue;
                        if (hists && exec_is_hist(rows[i][s])) {
                                aggregate_hist_ignored(a->x, a->expr->pos, a->op);
                                continue;
                        }
                        size_t k = k_at(a, s, g->k);
                        double v = rows[i][s]; /* the rows may be another's: only the copy is changed */
                        if (k && g->len[s] < k && exec_is_hist(v))
                                exec_keep_hists(hist_arena(a, lo), &v, 1);
                        if (k)
                                offer(a->op, g->items + s * g->k, &g->len[s], k, (TopItem){ v, (uint32_t)(first + i) });
                }
        }
}

static bool make_tops(Agg *a, Err *err)
{
        size_t steps = a->grid->n, n = a->groups.keys.len;
        double max = 0;
        for (size_t s = 0; s < steps; s++)
                max = fmax(max, a->param[s]);
        Arena *arena = a->inner.arena;
        a->top = arena_array(arena, TopGroup, n + 1);
        for (size_t i = 0; i < a->in->n; i++)
                a->top[a->group_of[i]].members++;
        for (size_t g = 0; g < n; g++) {
                if (!exec_goes_on(a->x, g, err))
                        return false;
                TopGroup *top = &a->top[g];
                top->k = max >= (double)top->members ? top->members : (size_t)max;
                if (!exec_reserve(a->x, &a->inner, steps * (top->k * sizeof(TopItem) + sizeof(uint32_t)), err))
                        return false;
                top->items = arena_raw_array(arena, TopItem, steps * top->k + 1);
                top->len = arena_array(arena, uint32_t, steps);
        }
        return true;
}

static int best_first(const void *pa, const void *pb, void *op)
{
        const TopItem *a = pa, *b = pb;
        bool a_leaves = leaves_first(*(const AggregateOp *)op, a->v, b->v),
             b_leaves = leaves_first(*(const AggregateOp *)op, b->v, a->v);
        return a_leaves != b_leaves ? (a_leaves ? 1 : -1) : (a->row > b->row) - (a->row < b->row);
}

/* Best first. Few equal ones stay in the heap's order, as upstream's insertion sort leaves them. */
static bool sort_items(Exec *x, AggregateOp op, TopItem *h, size_t n, Err *err)
{
        if (n > 12)
                return exec_sort(x, h, n, sizeof *h, best_first, &op, err);
        for (size_t i = 1; i < n; i++)
                for (size_t j = i; j > 0 && leaves_first(op, h[j - 1].v, h[j].v); j--) {
                        TopItem t = h[j];
                        h[j] = h[j - 1];
                        h[j - 1] = t;
                }
        return true;
}

/* The rows that some group shows at some step, in the order of the answer, as heads; out_of: row -> 1 + its place. NULL on failure. */
static Source *top_rows(Agg *a, uint32_t *out_of, Err *err)
{
        size_t steps = a->grid->n;
        uint32_t *order = arena_raw_array(a->inner.arena, uint32_t, a->in->n + 1);
        uint32_t n = 0;
        for (size_t g = 0; g < a->groups.keys.len; g++) {
                if (!exec_goes_on(a->x, g, err))
                        return NULL;
                TopGroup *top = &a->top[g];
                for (size_t s = 0; s < steps; s++) {
                        TopItem *items = top->items + s * top->k;
                        if (steps == 1 && a->op != AGG_LIMITK && !sort_items(a->x, a->op, items, top->len[s], err))
                                return NULL;
                        for (size_t i = 0; i < top->len[s]; i++)
                                if (!out_of[items[i].row]) {
                                        order[n++] = items[i].row;
                                        out_of[items[i].row] = n;
                                }
                }
        }
        Source *out = exec_source(a->stage, n, steps);
        for (uint32_t i = 0; i < n; i++) {
                if (!exec_goes_on(a->x, i, err))
                        return NULL;
                out->heads[i] = a->in->heads[order[i]];
        }
        return out;
}

static Source *top_result(Agg *a, Err *err)
{
        size_t steps = a->grid->n;
        uint32_t *out_of = arena_array(a->inner.arena, uint32_t, a->in->n + 1);
        Source *out = top_rows(a, out_of, err);
        if (!out || !exec_source_rows(a->x, a->stage, out, err))
                return NULL;
        for (size_t g = 0; g < a->groups.keys.len; g++) {
                if (!exec_goes_on(a->x, g, err))
                        return NULL;
                for (size_t s = 0; s < steps; s++)
                        for (size_t i = 0; i < a->top[g].len[s]; i++) {
                                TopItem item = a->top[g].items[s * a->top[g].k + i];
                                out->rows[out_of[item.row] - 1][s] = item.v;
                        }
        }
        if (exec_any_hists(a->x))
                for (size_t i = 0; i < out->n; i++)
                        exec_keep_hists(a->stage->arena, out->rows[i], steps);
        return out;
}

/* Nothing is asked for; what there is to say about the input is said all the same. */
static Source *none(Agg *a, Err *err)
{
        if (!exec_see(a->x, a->in, err))
                return NULL;
        return exec_source(a->stage, 0, a->grid->n);
}

static Source *top(Agg *a, Err *err)
{
        double min = EXEC_INF, max = -EXEC_INF;
        bool nan = false;
        for (size_t s = 0; s < a->grid->n; s++) {
                nan = nan || isnan(a->param[s]);
                min = gomath_min(min, a->param[s]);
                max = gomath_max(max, a->param[s]);
        }
        AUTO(buf_done) Buf text = { 0 };
        if (nan)
                err_set(err, EXEC_FAILED, "Parameter value is NaN");
        else if (max < 1)
                return none(a, err);
        else if (min <= -0x1p63)
                floats_format_g(&text, min),
                        err_set(err, EXEC_FAILED, "Scalar value %s underflows int64", buf_cstr(&text));
        else if (max >= 0x1p63)
                floats_format_g(&text, max),
                        err_set(err, EXEC_FAILED, "Scalar value %s overflows int64", buf_cstr(&text));
        else if (make_tops(a, err) && exec_stream(a->x, a->in, &(Sink){ .arg = a, .steps = top_steps }, err))
                return top_result(a, err);
        return NULL;
}

/* --- limit_ratio --- */

static bool in_ratio(double r, double at)
{
        r = r > 1 ? 1 : r < -1 ? -1 : r;
        return r >= 0 ? at < r : at >= 1 + r;
}

/* Length and bytes, as upstream lays label strings out in memory. */
static void put_counted(Buf *out, Str s)
{
        buf_char(out, (char)MIN_OF(s.n, (size_t)255));
        if (s.n >= 255) {
                buf_char(out, (char)(s.n & 255));
                buf_char(out, (char)(s.n >> 8 & 255));
                buf_char(out, (char)(s.n >> 16 & 255));
        }
        buf_str_add(out, s);
}

/* The same labels come to the same place in every run and on every machine, and where upstream puts them. */
static double ratio_place(Labels labels)
{
        AUTO(buf_done) Buf bytes = { 0 };
        for (size_t i = 0; i < labels.n; i++) {
                put_counted(&bytes, labels.data[i].name);
                put_counted(&bytes, labels.data[i].value);
        }
        return (double)hash_xxh64(bytes.p, bytes.n) * 0x1p-64;
}

static Source *limit_ratio(Agg *a, Err *err)
{
        double min = EXEC_INF, max = -EXEC_INF;
        for (size_t s = 0; s < a->grid->n; s++) {
                if (isnan(a->param[s])) {
                        err_set(err, EXEC_FAILED, "Ratio value is NaN");
                        return NULL;
                }
                min = gomath_min(min, a->param[s]);
                max = gomath_max(max, a->param[s]);
        }
        AUTO(buf_done) Buf got = { 0 };
        SrcPos pos = a->node->kids[1]->expr->pos;
        if (max > 1) {
                floats_format_g(&got, max);
                annotations_warn(&a->x->annotations, pos,
                                 "ratio value should be between -1 and 1, got %s, capping to 1", buf_cstr(&got));
        }
        if (min < -1) {
                buf_clear(&got);
                floats_format_g(&got, min);
                annotations_warn(&a->x->annotations, pos,
                                 "ratio value should be between -1 and 1, got %s, capping to -1", buf_cstr(&got));
        }
        Source *out;
        if (!exec_materialise(a->x, a->stage, a->in, true, &out, err))
                return NULL;
        for (size_t i = 0; i < out->n; i++) {
                if (!exec_goes_on(a->x, i, err))
                        return NULL;
                double at = ratio_place(out->heads[i].labels);
                for (size_t s = 0; s < out->steps; s++)
                        if (a->param[s] == 0 || !in_ratio(a->param[s], at))
                                out->rows[i][s] = EXEC_ABSENT;
        }
        return out;
}

/* --- quantile --- */

typedef struct Quantiles {
        const Agg *a;
        const Source *in;
        Source *out;
        size_t *start, *members; /* rows of group g: members[start[g] .. start[g + 1]) */
        size_t widest;
} Quantiles;

enum { QUANTILE_STEPS = 8 };

static void quantile_batch(void *arg, size_t batch)
{
        const Quantiles *q = arg;
        Worker *w = exec_worker_take(q->a->x);
        double *values = exec_buf_take(w, q->widest);
        size_t end = MIN_OF((batch + 1) * QUANTILE_STEPS, q->in->steps);
        for (size_t s = batch * QUANTILE_STEPS; s < end; s++)
                for (size_t g = 0; g < q->out->n; g++) {
                        if (g % EXEC_TICK == 0 && cancel_is_raised(&q->a->x->timeout))
                                break;
                        size_t n = 0;
                        for (size_t m = q->start[g]; m < q->start[g + 1]; m++) {
                                double v = q->in->rows[q->members[m]][s];
                                if (exec_is_hist(v))
                                        aggregate_hist_ignored(q->a->x, q->a->expr->aggregate.expr->pos, q->a->op);
                                else if (!exec_absent(v))
                                        values[n++] = v;
                        }
                        if (n)
                                q->out->rows[g][s] = func_window_quantile(q->a->param[s], values, n);
                }
        Err over;
        IGNORE(exec_worker_give(q->a->x, w, &over));
}

static void warn_quantiles(const Agg *a)
{
        double min = EXEC_INF, max = -EXEC_INF;
        SrcPos by = a->node->expr->pos, pos = a->node->kids[1]->expr->pos;
        bool nan = false;
        for (size_t s = 0; s < a->grid->n; s++) {
                nan = nan || isnan(a->param[s]);
                min = gomath_min(min, a->param[s]);
                max = gomath_max(max, a->param[s]);
        }
        if (nan)
                annotations_bad_quantile(&a->x->annotations, by, pos, EXEC_NAN);
        if (max > 1)
                annotations_bad_quantile(&a->x->annotations, by, pos, max);
        if (min < 0)
                annotations_bad_quantile(&a->x->annotations, by, pos, min);
}

static Source *quantile(Agg *a, Err *err)
{
        warn_quantiles(a);
        Source *in;
        if (!exec_materialise(a->x, &a->inner, a->in, false, &in, err))
                return NULL;
        size_t n_groups = a->groups.keys.len;
        Quantiles q = { .a = a, .in = in, .out = exec_source(a->stage, n_groups, a->grid->n) };
        q.start = arena_array(a->inner.arena, size_t, n_groups + 2);
        q.members = arena_raw_array(a->inner.arena, size_t, in->n + 1);
        for (size_t i = 0; i < in->n; i++)
                q.start[a->group_of[i] + 2]++;
        for (size_t g = 0; g < n_groups; g++) {
                q.widest = MAX_OF(q.widest, q.start[g + 2]);
                q.start[g + 2] += q.start[g + 1];
        }
        for (size_t i = 0; i < in->n; i++)
                q.members[q.start[a->group_of[i] + 1]++] = i;
        if (!name_groups(a, q.out, err) || !exec_source_rows(a->x, a->stage, q.out, err))
                return NULL;
        pool_for_each(a->x->options->pool, (a->grid->n + QUANTILE_STEPS - 1) / QUANTILE_STEPS, quantile_batch, &q);
        return exec_check(a->x, err) ? q.out : NULL;
}

/* --- count_values --- */

typedef struct CountValues {
        Agg *a;
        Str label;
        GroupRule rule;
        StrVec names;
        GroupIndex results;
        VEC(double *) rows;
} CountValues;

static bool count_value(CountValues *c, Labels labels, double v, size_t *ret, Err *err)
{
        Agg *a = c->a;
        Buf text = { .arena = a->stage->arena };
        if (exec_is_hist(v))
                histstat_print(&text, exec_hist(v));
        else
                floats_format_f(&text, v);
        LabelsBuilder b;
        labels_builder_init(&b, a->stage->arena, labels);
        labels_builder_set(&b, c->label, buf_str(&text));
        bool fresh;
        *ret = groupindex_of(&c->results, labels_builder_build(&b, a->stage->arena), &c->rule, &fresh);
        if (!fresh)
                return true;
        if (!exec_reserve(a->x, a->stage, a->grid->n * sizeof(double), err))
                return false;
        double *row = arena_raw_array(a->stage->arena, double, a->grid->n);
        exec_fill_absent(row, a->grid->n);
        vec_push(&c->rows, row);
        return true;
}

static bool count_rows(void *arg, size_t first, size_t n, double *const *rows, Err *err)
{
        CountValues *c = arg;
        for (size_t i = 0; i < n; i++) {
                size_t at = SIZE_MAX;
                double last = 0;
                for (size_t s = 0; s < c->a->grid->n; s++) {
                        double v = rows[i][s];
                        if (exec_absent(v))
                                continue;
                        bool same = at != SIZE_MAX && bits_of_double(v) == bits_of_double(last);
                        if (!same && !count_value(c, c->a->in->heads[first + i].labels, v, &at, err))
                                return false;
                        last = v;
                        double *cell = &c->rows.data[at][s];
                        *cell = exec_absent(*cell) ? 1 : *cell + 1;
                }
        }
        return true;
}

static Str counted_label(const Agg *a) { return plan_unwrap(a->expr->aggregate.param)->string; }

/* Said before there is anything to count, as upstream. */
static bool check_counted_label(const Agg *a, Err *err)
{
        Str label = counted_label(a);
        if (label.n > 0 && utf8_valid(label))
                return true;
        AUTO(buf_done) Buf quoted = { 0 };
        quote_go(&quoted, label);
        return err_set(err, EXEC_FAILED, "invalid label name %s", buf_cstr(&quoted));
}

static Source *count_values(Agg *a, Err *err)
{
        Str label = counted_label(a);
        CountValues c = { .a = a, .label = label, .names = a->expr->aggregate.grouping };
        if (!a->expr->aggregate.without) {
                c.names.data = arena_raw_array(a->stage->arena, Str, c.names.n + 1);
                if (c.names.n)
                        memcpy(c.names.data, a->expr->aggregate.grouping.data, c.names.n * sizeof *c.names.data);
                c.names.data[c.names.n++] = label;
        }
        c.rule = (GroupRule){ .names = &c.names, .without = a->expr->aggregate.without };
        c.rows.arena = a->stage->arena;
        groupindex_init(&c.results, a->stage->arena);
        if (!exec_stream(a->x, a->in, &(Sink){ .arg = &c, .rows = count_rows }, err))
                return NULL;
        Source *out = exec_source(a->stage, c.rows.len, a->grid->n);
        out->rows = arena_array(a->stage->arena, double *, out->n + 1);
        for (size_t i = 0; i < out->n; i++) {
                if (!exec_goes_on(a->x, i, err))
                        return NULL;
                out->rows[i] = c.rows.data[i];
                out->heads[i].labels = c.results.keys.data[i];
        }
        return out;
}

/* --- --- */

/* count() and group() look at no value. */
static Source *open_kid(Agg *a, Err *err)
{
        const PlanNode *kid = a->node->kids[0];
        bool looks = a->op != AGG_COUNT && a->op != AGG_GROUP;
        bool plain = kid->expr->kind == EXPR_SELECTOR && !kid->stats && (!kid->invariant || a->grid->n == 1);
        return looks || !plain ? exec_vector(a->x, kid, a->grid, &a->inner, err)
                               : exec_select_presence(a->x, kid, a->grid, &a->inner, err);
}

static Source *run(Agg *a, Err *err)
{
        const PlanNode *node = a->node;
        if (a->op == AGG_COUNT_VALUES && !check_counted_label(a, err))
                return NULL;
        if (node->n_kids > 1 && a->op != AGG_COUNT_VALUES &&
            !(a->param = exec_scalar_array(a->x, node->kids[1], a->grid, &a->inner, err)))
                return NULL;
        Source *in = open_kid(a, err);
        if (!in)
                return NULL;
        if (mixed_names(in) && !exec_materialise(a->x, &a->inner, in, true, &in, err))
                return NULL;
        a->in = in;
        a->hist_stages = arena_array(a->inner.arena, Stage, a->grid->n);
        if (!group_rows(a, err))
                return NULL;
        switch (a->op) {
        case AGG_SUM:
        case AGG_AVG:
        case AGG_COUNT:
        case AGG_MIN:
        case AGG_MAX:
        case AGG_GROUP:
        case AGG_STDDEV:
        case AGG_STDVAR: return fold(a, err);
        case AGG_TOPK:
        case AGG_BOTTOMK:
        case AGG_LIMITK: return top(a, err);
        case AGG_COUNT_VALUES: return count_values(a, err);
        case AGG_QUANTILE: return quantile(a, err);
        case AGG_LIMIT_RATIO: return limit_ratio(a, err);
        case AGG_OP_MAX_: break;
        }
        err_set(err, ERR_INVALID, "unknown aggregation operator");
        return NULL;
}

Source *exec_aggregate(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        Agg a = {
                .x = x, .node = node, .expr = node->expr, .grid = grid, .stage = stage, .op = node->expr->aggregate.op
        };
        exec_stage_begin(&a.inner);
        Source *out = run(&a, err);
        /* The strings may belong to the input, which goes. */
        for (size_t i = 0; out && i < out->n; i++) {
                if (exec_goes_on(x, i, err))
                        out->heads[i].labels = labels_dup(stage->arena, out->heads[i].labels);
                else
                        out = NULL;
        }
        if (out && !exec_reserve(x, stage, 0, err))
                out = NULL;
        if (a.hist_stages)
                end_hist_stages(&a);
        exec_stage_end(x, &a.inner);
        return out;
}
