/* Invariants:
 * 1. An instant selector shows the newest sample in (t - lookback, t], unless that is a stale marker.
 * 2. A range reads (t - range, t]: left-open.
 * 3. A series is decoded once per row; the steps slide over it with one pointer. */
#include "model/histops.h"
#include "promql/exec.h"
#include "promql/func_mixed.h"
#include "promql/func_rolled.h"
#include "promql/planlabels.h"

typedef struct SelectState {
        Slot *slot;
        const PlanNode *node;
        Grid grid;
        int64_t lookback_ms;
} SelectState;

static bool select_series(Exec *x, Slot *slot, Err *err)
{
        SelectArgs args = { .matchers = slot->matchers,
                            .min_ms = func_rolled_from(x->querier, slot->min_ms),
                            .max_ms = slot->max_ms,
                            .only = slot->only,
                            .cancel = &x->timeout };
        return x->querier->select(x->querier, &args, x->root.arena, &slot->selection, err) ||
               err_wrap(err, "expanding series");
}

/* Labels that leave together with the name. */
static bool any_meta_labels(const StoreSelection *sel)
{
        for (size_t i = 0; i < sel->n; i++)
                for (size_t k = 0; k < sel->series[i].labels.n; k++) {
                        Str name = sel->series[i].labels.data[k].name;
                        if (exec_is_meta_name(name) && !str_eq(name, LABEL_NAME))
                                return true;
                }
        return false;
}

bool exec_select(Exec *x, Slot *slot, Err *err)
{
        if (slot->selected)
                return true;
        if (!exec_check(x, err) || !select_series(x, slot, err))
                return false;
        bool fixed = planlabels_fix_name(slot->matchers), meta = fixed && any_meta_labels(&slot->selection);
        slot->distinct = fixed && !meta;
        if (slot->only && meta) { /* without those, series may become equal: all their labels have to say */
                slot->only = NULL;
                if (!select_series(x, slot, err))
                        return false;
        }
        slot->selected = true;
        return exec_reserve(x, &x->root, 0, err);
}

static bool read_some(Worker *w, const Slot *slot, size_t i, const StoreRead *what, Column *col, Err *err)
{
        Querier *q = w->x->querier;
        if (!w->cursor && q->cursor)
                w->cursor = q->cursor(q);
        if (w->cursor)
                return w->cursor->read(w->cursor, &slot->selection, i, what, col, err);
        return q->read(q, &slot->selection, i, what->min_ms, what->max_ms, col, err);
}

static bool read_counted(Worker *w, const Slot *slot, size_t i, const StoreRead *what, Column *col, Err *err)
{
        Slot *counted = (Slot *)slot; /* its counters are atomic */
        const Clock *clock = clock_system();
        int64_t from = clock->mono_ns(clock);
        if (!read_some(w, slot, i, what, col, err))
                return false;
        atomic_fetch_add_explicit(&counted->read_ns, (uint64_t)(clock->mono_ns(clock) - from), memory_order_relaxed);
        atomic_fetch_add_explicit(&counted->samples, col->n, memory_order_relaxed);
        return true;
}

bool exec_read_some(Worker *w, const Slot *slot, size_t i, const StoreRead *what, Column *col, Err *err)
{
        column_clear(col);
        StoreRead some = *what;
        some.max_ms = MIN_OF(some.max_ms,
                             slot->max_ms); /* a subquery with @ is evaluated beyond what is selected for it */
        if (some.min_ms > some.max_ms)
                return true;
        bool ok = w->x->explain ? read_counted(w, slot, i, &some, col, err) : read_some(w, slot, i, &some, col, err);
        if (ok)
                w->samples_read += col->n;
        return ok;
}

bool exec_read(Worker *w, const Slot *slot, size_t i, int64_t min_ms, int64_t max_ms, Column *col, Err *err)
{
        return exec_read_some(w, slot, i, &(StoreRead){ .min_ms = min_ms, .max_ms = max_ms }, col, err);
}

/* The times that an instant selector reads on the grid. */
static void read_span(const SelectState *st, int64_t ahead_ms, int64_t *ret_min, int64_t *ret_max)
{
        const Grid *g = &st->grid;
        *ret_min = plan_add(plan_sub(plan_ref_time(st->node, g->start_ms), st->lookback_ms), 1);
        *ret_max = plan_add(plan_ref_time(st->node, grid_time(g, g->n - 1)), ahead_ms);
}

/* What is asked of the sample that a selector shows. */
typedef enum Facet { FACET_VALUE, FACET_TIME, FACET_INFO_TIME, FACET_START, FACET_PRESENCE } Facet;

/* A histogram of the column as a value of the row; the same sample is copied once. */
static double boxed(Worker *w, const Column *col, size_t i, size_t *io_last, double *io_box)
{
        if (*io_last != i) {
                exec_set_any_hists(w->x);
                *io_last = i;
                *io_box = exec_box(histogram_dup(exec_hist_arena(w), col->h[i]));
        }
        return *io_box;
}

static bool not_info(Labels labels, Err *err)
{
        AUTO(buf_done) Buf text = { 0 };
        exec_labels_print(&text, labels);
        return err_set(err, EXEC_FAILED, "this should be an info metric, with float samples: %s", buf_cstr(&text));
}

static bool instant_walk(const Source *src, Worker *w, size_t i, double *out, Facet facet, Err *err)
{
        const SelectState *st = src->state;
        size_t last = SIZE_MAX;
        double box = EXEC_ABSENT;
        int64_t min_ms, max_ms;
        read_span(st, 0, &min_ms, &max_ms);
        Column *col = &w->col;
        StoreRead what = { .min_ms = func_rolled_from(w->x->querier, min_ms),
                           .max_ms = max_ms,
                           .last_only = src->steps == 1 && !st->node->counts_only,
                           .presence = facet == FACET_PRESENCE };
        if (!exec_read_some(w, st->slot, i, &what, col, err))
                return false;
        func_rolled_say_shown(w->x, st->node->expr->pos, col);
        if (st->node->counts_only)
                exec_counts_only(col);
        size_t next = 0; /* the first sample after the reference time */
        for (size_t s = 0; s < src->steps; s++) {
                int64_t ref = plan_ref_time(st->node, grid_time(&st->grid, s));
                while (next < col->n && col->t[next] <= ref)
                        next++;
                bool have = next > 0 && !exec_is_stale(col, next - 1) &&
                            col->t[next - 1] > plan_sub(ref, st->lookback_ms + func_rolled_span_ms(col, next - 1));
                if (!have)
                        out[s] = EXEC_ABSENT;
                else if (facet == FACET_INFO_TIME && col->h && col->h[next - 1])
                        return not_info(src->heads[i].labels, err);
                else if (facet == FACET_TIME || facet == FACET_INFO_TIME)
                        out[s] = (double)col->t[next - 1] / 1000;
                else if (facet == FACET_START)
                        out[s] = col->st ? (double)col->st[next - 1] / 1000 : 0;
                else if (col->h && col->h[next - 1])
                        out[s] = boxed(w, col, next - 1, &last, &box);
                else
                        out[s] = exec_number(col->v[next - 1]);
        }
        if (facet != FACET_INFO_TIME) /* func_info.c counts those that are wanted */
                exec_count_row(&st->grid, out);
        return true;
}

static bool instant_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        return instant_walk(src, w, i, out, FACET_VALUE, err);
}

static bool presence_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        return instant_walk(src, w, i, out, FACET_PRESENCE, err);
}

static bool timestamp_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        return instant_walk(src, w, i, out, FACET_TIME, err);
}

static bool info_time_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        return instant_walk(src, w, i, out, FACET_INFO_TIME, err);
}

static bool start_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        return instant_walk(src, w, i, out, FACET_START, err);
}

void exec_drop_stale(Column *col)
{
        size_t n = 0, n_rolled = 0;
        for (size_t k = 0; k < col->n; k++) {
                if (exec_is_stale(col, k))
                        continue;
                if (k < col->n_rolled)
                        col->rolled[n_rolled++] = col->rolled[k];
                col->t[n] = col->t[k];
                if (col->h)
                        col->h[n] = col->h[k];
                if (col->st)
                        col->st[n] = col->st[k];
                col->v[n++] = exec_number(col->v[k]);
        }
        col->n = n;
        col->n_rolled = n_rolled;
}

/* Reset hints are all that is needed of the buckets then: they are left out, as upstream does not decode them. */
static void leave_buckets(Column *col)
{
        for (size_t k = 0; col->h && k < col->n; k++) {
                const Histogram *h = col->h[k];
                if (!h || histogram_is_stale(h))
                        continue;
                Histogram *slim = arena_new_of(column_arena(col), Histogram);
                *slim = (Histogram){
                        .schema = h->schema, .hint = h->hint, .integer = h->integer, .count = h->count, .sum = h->sum
                };
                col->h[k] = slim;
        }
}

void exec_counts_only(Column *col)
{
        for (size_t k = 0; col->h && k < col->n; k++) {
                if (!col->h[k] || col->h[k]->hint != HISTOGRAM_HINT_UNKNOWN)
                        continue;
                const Histogram *prev = k > 0 ? col->h[k - 1] : NULL;
                if (prev && histogram_is_stale(prev))
                        prev = NULL;
                HistogramHint hint = histops_hint_after(column_arena(col), prev, col->h[k]);
                if (hint != HISTOGRAM_HINT_UNKNOWN)
                        col->h[k] = histops_with_hint(column_arena(col), col->h[k], hint);
        }
        leave_buckets(col);
}

/* The same for a series that has histograms. `at`: the first sample at or after ref. */
static double smoothed_hist(const Source *src, Worker *w, size_t i, size_t at, int64_t ref)
{
        const SelectState *st = src->state;
        const Column *col = &w->col;
        SrcPos pos = st->node->expr->pos;
        Str metric = labels_get(src->heads[i].labels, LABEL_NAME);
        size_t floats = 0, hists = 0, lo = at, hi = at;
        while (lo > 0 && col->t[lo - 1] > plan_sub(ref, st->lookback_ms))
                lo--;
        while (hi < col->n && col->t[hi] <= plan_add(ref, st->lookback_ms))
                hi++;
        for (size_t k = lo; k < hi; k++)
                *(col->h[k] ? &hists : &floats) += 1;
        if (floats && hists) {
                func_mixed_warn_mix(w->x, pos, metric);
                return EXEC_ABSENT;
        }
        bool exact = at < hi && col->t[at] == ref;
        if (!exact && lo == at)
                return EXEC_ABSENT;
        double share = exact || at == hi ? 0 : (double)(ref - col->t[at - 1]) / (double)(col->t[at] - col->t[at - 1]);
        size_t from = exact ? at : at - 1;
        if (floats)
                return exec_number(share == 0 ? col->v[from] : col->v[from] + (col->v[at] - col->v[from]) * share);
        Arena *arena = exec_hist_arena(w);
        const Histogram *a = col->h[from];
        const Histogram *h = share == 0
                                     ? histogram_dup(arena, a)
                                     : func_mixed_between(arena, a, col->h[at], share, a->hint != HISTOGRAM_HINT_GAUGE);
        if (!h) {
                func_mixed_warn_schemas(w->x, pos, metric);
                return EXEC_ABSENT;
        }
        exec_set_any_hists(w->x);
        return exec_box(h);
}

/* `smoothed`: a straight line between the neighbours in (t - lookback, t + lookback]; the last value is carried on. */
static bool smoothed_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const SelectState *st = src->state;
        int64_t min_ms, max_ms;
        read_span(st, st->lookback_ms, &min_ms, &max_ms);
        Column *col = &w->col;
        if (!exec_read(w, st->slot, i, min_ms, max_ms, col, err))
                return false;
        exec_drop_stale(col);
        size_t at = 0; /* the first sample at or after the reference time */
        for (size_t s = 0; s < src->steps; s++) {
                int64_t ref = plan_ref_time(st->node, grid_time(&st->grid, s));
                while (at < col->n && col->t[at] < ref)
                        at++;
                bool exact = at < col->n && col->t[at] == ref;
                bool prev = at > 0 && col->t[at - 1] > plan_sub(ref, st->lookback_ms);
                bool next = at < col->n && col->t[at] <= plan_add(ref, st->lookback_ms);
                if (col->h)
                        out[s] = smoothed_hist(src, w, i, at, ref);
                else if (exact)
                        out[s] = col->v[at];
                else if (prev && next)
                        out[s] = col->v[at - 1] + (col->v[at] - col->v[at - 1]) * (double)(ref - col->t[at - 1]) /
                                                          (double)(col->t[at] - col->t[at - 1]);
                else
                        out[s] = prev ? col->v[at - 1] : EXEC_ABSENT;
        }
        exec_count_row(&st->grid, out);
        return true;
}

static Source *select_source(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, SourceRow row, Err *err)
{
        if (!exec_select(x, node->slot, err))
                return NULL;
        const StoreSelection *sel = &node->slot->selection;
        Source *src = exec_source(stage, sel->n, grid->n);
        for (size_t i = 0; i < sel->n; i++) {
                if (!exec_goes_on(x, i, err))
                        return NULL;
                src->heads[i].labels = sel->series[i].labels;
        }
        SelectState *st = arena_new_of(stage->arena, SelectState);
        *st = (SelectState){ .slot = node->slot, .node = node, .grid = *grid, .lookback_ms = x->lookback_ms };
        src->state = st;
        src->row = row;
        return exec_reserve(x, stage, 0, err) ? src : NULL;
}

Source *exec_select_starts(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        Source *src = select_source(x, node, grid, stage, start_row, err);
        if (!src || !exec_drop_names(x, stage, src, src, err))
                return NULL;
        if (x->options->features.delayed_name_removal)
                return src;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}

Source *exec_select_times(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        return select_source(x, node, grid, stage, info_time_row, err);
}

Source *exec_select_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        bool smoothed = node->expr->selector.mode == RANGE_SMOOTHED;
        return select_source(x, node, grid, stage, smoothed ? smoothed_row : instant_row, err);
}

Source *exec_select_presence(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        bool smoothed = node->expr->selector.mode == RANGE_SMOOTHED;
        return select_source(x, node, grid, stage, smoothed ? smoothed_row : presence_row, err);
}

Source *exec_select_timestamps(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err)
{
        Source *src = select_source(x, node, grid, stage, timestamp_row, err);
        if (!src || !exec_drop_names(x, stage, src, src, err))
                return NULL;
        if (x->options->features.delayed_name_removal)
                return src;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}
