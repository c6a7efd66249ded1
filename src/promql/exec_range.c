/* Invariants:
 * 1. A row decodes its series (or evaluates its subquery) once for the whole grid; windows are two indices that only
 * grow.
 * 2. A subquery's points lie on absolute multiples of its step; those of all outer steps are one inner grid.
 * 3. The range of a selector with @ does not move: all windows are the same. */
#include "promql/exec.h"

#include <math.h>

#include "base/check.h"
#include "codec/floats.h"
#include "model/histops.h"
#include "promql/func_mixed.h"
#include "promql/func_rolled.h"
#include "promql/func_window.h"
#include "promql/rowkernel.h"

typedef struct RangeState {
        Exec *x;
        const PlanNode *call, *range; /* range: the selector or subquery */
        FunctionId fn;
        uint64_t owner;      /* of windows in a WindowCache */
        const Source *inner; /* of a subquery */
        Grid inner_grid, grid;
        size_t steps;
        int64_t *end_ms, *eval_ms; /* per step */
        int64_t back_ms, ahead_ms; /* how far windows reach: (end - back, end + ahead] */
        const double *p0, *p1;
        const StoreSeries *series; /* the input of a selector */
        const RowHead *heads;      /* of a subquery */
        bool bad_quantile;
} RangeState;

/* A subquery may leave samples out: what is known of a reset since the stored sample before says nothing then. */
static const Histogram *without_hint(Column *col, const Histogram *h)
{
        bool gauge = h->hint == HISTOGRAM_HINT_GAUGE;
        return gauge ? h : histops_with_hint(column_arena(col), h, HISTOGRAM_HINT_UNKNOWN);
}

/* Samples of input row i in w->col, without stale markers. */
static bool load(const RangeState *st, Worker *w, size_t i, Err *err)
{
        Column *col = &w->col;
        if (!st->inner) {
                int64_t min_ms = plan_add(plan_sub(st->end_ms[0], st->back_ms), 1);
                int64_t max_ms = plan_add(st->end_ms[st->steps - 1], st->ahead_ms);
                if (!exec_read(w, st->range->slot, i, min_ms, max_ms, col, err))
                        return false;
                if (!col->h && !rowkernel_any_special(col->v, col->n))
                        return true;
                if (st->range->counts_only)
                        exec_counts_only(col);
                exec_drop_stale(col);
                return true;
        }
        double *row = exec_buf_take(w, st->inner_grid.n);
        bool ok = exec_row(st->inner, w, i, row, err);
        column_clear(col);
        for (size_t k = 0; ok && k < st->inner_grid.n; k++)
                if (exec_is_hist(row[k]))
                        column_push_histogram(col, grid_time(&st->inner_grid, k), without_hint(col, exec_hist(row[k])));
                else if (!exec_absent(row[k]))
                        column_push(col, grid_time(&st->inner_grid, k), row[k]);
        exec_buf_give(w);
        return ok;
}

/* The windows over the samples of col, in w->windows. */
static void slide(const RangeState *st, Worker *w, Windows *win)
{
        const Column *col = &w->col;
        WindowCache *cache = &w->windows[st->owner % 2];
        bool known = windowcache_has(cache, st->owner, col->t, col->n);
        if (!known)
                windowcache_begin(cache, st->owner, col->t, col->n, st->steps);
        win->lo = cache->lo;
        win->hi = cache->hi;
        win->times = func_rate_known(st->fn) && !win->anchored && !win->smoothed ? &cache->rate : NULL;
        if (known)
                return;
        uint32_t a = 0, b = 0;
        cache->widest = 0;
        for (size_t s = 0; s < st->steps; s++) {
                int64_t from = plan_sub(st->end_ms[s], st->back_ms), to = plan_add(st->end_ms[s], st->ahead_ms);
                while (b < col->n && col->t[b] <= to)
                        b++;
                while (a < b && col->t[a] <= from)
                        a++;
                cache->lo[s] = a;
                cache->hi[s] = b;
                cache->widest = MAX_OF(cache->widest, (size_t)(b - a));
        }
        if (win->times)
                func_rate_prepare(st->fn, win, win->times);
}

static void warn_quantiles(const RangeState *st, const double *out)
{
        for (size_t s = 0; s < st->steps; s++) {
                double q = st->p0[s];
                if (!exec_absent(out[s]) && (isnan(q) || q < 0 || q > 1))
                        annotations_bad_quantile(&st->x->annotations, st->call->expr->pos, plan_arg_pos(st->call, 0),
                                                 q);
        }
}

static bool bad_factor(const char *what, const char *name, double v, Err *err)
{
        AUTO(buf_done) Buf text = { 0 };
        if (isfinite(v))
                buf_printf(&text, "%f", v);
        else
                floats_format_f(&text, v);
        return err_set(err, EXEC_FAILED, "invalid %s factor. Expected: 0 < %s < 1, got: %s", what, name,
                       buf_cstr(&text));
}

/* Wherever there is anything to smooth, the factors must be right. */
static bool check_smoothing(const RangeState *st, const Windows *win, Err *err)
{
        for (size_t s = 0; s < st->steps; s++) {
                if (win->lo[s] == win->hi[s])
                        continue;
                double sf = st->p0[s], tf = st->p1[s];
                if (sf <= 0 || sf >= 1)
                        return bad_factor("smoothing", "sf", sf, err);
                if (tf <= 0 || tf >= 1)
                        return bad_factor("trend", "tf", tf, err);
        }
        return true;
}

static RowHead head_of(const RangeState *st, size_t i)
{
        return st->heads ? st->heads[i] : (RowHead){ .labels = st->series[i].labels };
}

static Labels labels_of(const RangeState *st, size_t i) { return head_of(st, i).labels; }

/* Where messages about the range point: upstream has no place of its own for a subquery's. */
static SrcPos range_pos(const RangeState *st)
{
        if (st->fn == FN_QUANTILE_OVER_TIME) /* the first argument, as upstream has it */
                return plan_arg_pos(st->call, 0);
        return st->inner ? (SrcPos){ 0 } : st->range->expr->pos;
}

static void warn_not_counter(const RangeState *st, Worker *w, Labels labels)
{
        static const Str suffixes[] = { STR_INIT("_total"), STR_INIT("_sum"), STR_INIT("_count"), STR_INIT("_bucket") };
        Str name = labels_get(labels, LABEL_NAME);
        SrcPos pos = range_pos(st);
        if (name.n == 0 || (st->series && name.p == w->counter_name.p && name.n == w->counter_name.n))
                return;
        bool by_label = st->x->options->features.type_and_unit_labels;
        if (!by_label) {
                for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
                        if (str_ends(name, suffixes[i])) {
                                if (st->series) /* whose strings stay where they are */
                                        w->counter_name = name;
                                return;
                        }
                if (w->warned_pos == pos.start + 1 && str_eq(name, w->warned_name))
                        return;
                w->warned_name = name;
                w->warned_pos = pos.start + 1;
        }
        AUTO(buf_done) Buf quoted = { 0 };
        quote_go(&quoted, name);
        if (!by_label) {
                annotations_info(&st->x->annotations, pos,
                                 "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: %s",
                                 buf_cstr(&quoted));
                return;
        }
        Str type = labels_get(labels, STR("__type__"));
        if (str_eq(type, STR("counter")) || str_eq(type, STR("histogram")))
                return;
        AUTO(buf_done) Buf type_quoted = { 0 };
        quote_go(&type_quoted, type);
        annotations_info(
                &st->x->annotations, pos,
                "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got %s: %s",
                buf_cstr(&type_quoted), buf_cstr(&quoted));
}

/* The samples in each window, as upstream counts them. */
static void count_windows(const RangeState *st, const Column *col, const Windows *win)
{
        for (size_t s = 0; st->grid.looked_at && s < st->steps; s++) {
                uint64_t n = win->hi[s] - win->lo[s];
                for (size_t i = win->lo[s]; col->h && i < win->hi[s]; i++)
                        n += col->h[i] ? exec_hist_samples(col->h[i]) - 1 : 0;
                grid_count(&st->grid, s, n);
        }
}

static void run_mixed(const RangeState *st, Worker *w, size_t i, bool starts, const Windows *win, double *out)
{
        MixedCall m = { .x = st->x,
                        .w = w,
                        .col = &w->col,
                        .metric = labels_get(labels_of(st, i), LABEL_NAME),
                        .pos = range_pos(st),
                        .fn = st->fn,
                        .starts = starts };
        func_mixed_run(&m, win, out);
}

/* Is some value a number? */
static bool any_number(const double *row, size_t n)
{
        for (size_t s = 0; s < n; s++)
                if (!exec_absent(row[s]) && !exec_is_hist(row[s]))
                        return true;
        return false;
}

/* Functions that look at every sample of every window are run piece by piece, so that a query that nobody waits for ends soon. */
enum { PIECE_SAMPLES = 1 << 17 };

/* The steps of `win` from *io_from on that make up a piece; *io_from behind them. */
static Windows next_piece(const Windows *win, size_t *io_from)
{
        size_t from = *io_from, to = from;
        for (uint64_t samples = 0; to < win->steps && samples < PIECE_SAMPLES; to++)
                samples += 1 + (uint64_t)(win->hi[to] - win->lo[to]);
        Windows piece = *win;
        piece.lo += from;
        piece.hi += from;
        piece.end_ms += from;
        piece.eval_ms += from;
        piece.p0 = win->p0 ? win->p0 + from : NULL;
        piece.p1 = win->p1 ? win->p1 + from : NULL;
        piece.steps = to - from;
        *io_from = to;
        return piece;
}

static bool run_windows(const RangeState *st, Worker *w, size_t i, const Windows *win, double *out, Err *err)
{
        const Column *col = &w->col;
        bool starts = col->st && st->x->options->features.use_start_timestamps;
        if (win->times && !col->h && !starts) { /* a few samples of each window */
                func_window_run(st->fn, win, out);
                return true;
        }
        for (size_t from = 0; from < win->steps;) {
                double *at = out + from;
                Windows piece = next_piece(win, &from);
                if (!exec_check(st->x, err))
                        return false;
                if (col->h || starts)
                        run_mixed(st, w, i, starts, &piece, at);
                else
                        func_window_run(st->fn, &piece, at);
        }
        return true;
}

static bool range_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        const RangeState *st = src->state;
        if (!load(st, w, i, err))
                return false;
        const Column *col = &w->col;
        if (col->n == 0) {
                exec_fill_absent(out, st->steps);
                return true;
        }
        if (col->n >= UINT32_MAX)
                return err_set(err, ERR_LIMIT, "a series has more than %u samples in range", UINT32_MAX);
        RangeMode mode = st->inner ? RANGE_PLAIN : st->range->expr->selector.mode;
        Windows win = {
                .t = col->t,
                .v = col->v,
                .n = col->n,
                .end_ms = st->end_ms,
                .eval_ms = st->eval_ms,
                .steps = st->steps,
                .range_ms = st->range->range_ms,
                .p0 = st->p0,
                .p1 = st->p1,
                .scratch = exec_buf_take(w, 2 * col->n + 2),
                .anchored = mode == RANGE_ANCHORED,
                .smoothed = mode == RANGE_SMOOTHED,
        };
        slide(st, w, &win);
        count_windows(st, col, &win);
        if (col->n_rolled)
                func_rolled_say(st->x, range_pos(st), st->fn, col, &win);
        bool ok = true;
        if (!col->n_rolled || col->h || !func_rolled_run(st->fn, col, &win, out))
                ok = run_windows(st, w, i, &win, out, err);
        exec_buf_give(w);
        if (!ok)
                return false;
        w->widest = MAX_OF(w->widest, w->windows[st->owner % 2].widest);
        if (st->bad_quantile)
                warn_quantiles(st, out);
        if (st->fn == FN_DOUBLE_EXPONENTIAL_SMOOTHING && !check_smoothing(st, &win, err))
                return false;
        if ((st->fn == FN_RATE || st->fn == FN_INCREASE) && any_number(out, st->steps))
                warn_not_counter(st, w, labels_of(st, i));
        return true;
}

static bool check_mode(const RangeState *st, Err *err)
{
        if (st->range->expr->kind != EXPR_SELECTOR || st->range->expr->selector.mode == RANGE_PLAIN)
                return true;
        bool rates = st->fn == FN_DELTA || st->fn == FN_INCREASE || st->fn == FN_RATE;
        const char *name = st->call->expr->call.fn->name;
        if (st->range->expr->selector.mode == RANGE_SMOOTHED)
                return rates ||
                       err_set(err, EXEC_FAILED,
                               "smoothed modifier can only be used with: delta, increase, rate - not with %s", name);
        return rates || st->fn == FN_CHANGES || st->fn == FN_RESETS ||
               err_set(err, EXEC_FAILED,
                       "anchored modifier can only be used with: changes, delta, increase, rate, resets - not with %s",
                       name);
}

static void set_times(RangeState *st, const Grid *grid, Stage *stage)
{
        st->grid = *grid;
        st->steps = grid->n;
        st->end_ms = arena_raw_array(stage->arena, int64_t, grid->n);
        st->eval_ms = arena_raw_array(stage->arena, int64_t, grid->n);
        for (size_t s = 0; s < grid->n; s++) {
                st->eval_ms[s] = grid_time(grid, s);
                st->end_ms[s] = plan_ref_time(st->range, st->eval_ms[s]);
        }
        st->back_ms = st->range->range_ms;
        if (st->range->expr->kind != EXPR_SELECTOR || st->range->expr->selector.mode == RANGE_PLAIN)
                return;
        st->back_ms = plan_add(st->back_ms, st->x->lookback_ms);
        if (st->range->expr->selector.mode == RANGE_SMOOTHED)
                st->ahead_ms = st->x->lookback_ms;
}

static bool set_args(RangeState *st, const Grid *grid, Stage *stage, Err *err)
{
        for (size_t k = 0; k < st->call->n_kids; k++) {
                const PlanNode *kid = st->call->kids[k];
                if (kid == st->range)
                        continue;
                double *values = exec_scalar_array(st->x, kid, grid, stage, err);
                if (!values)
                        return false;
                if (!st->p0)
                        st->p0 = values;
                else
                        st->p1 = values;
        }
        for (size_t s = 0; st->fn == FN_QUANTILE_OVER_TIME && st->p0 && s < grid->n; s++)
                st->bad_quantile = st->bad_quantile || isnan(st->p0[s]) || st->p0[s] < 0 || st->p0[s] > 1;
        return true;
}

bool exec_subquery_grid(Exec *x, const PlanNode *node, const Grid *outer, Grid *ret)
{
        int64_t step = node->step_ms > 0 ? node->step_ms : x->options->default_step_ms;
        int64_t after = plan_sub(plan_ref_time(node, outer->start_ms), node->range_ms);
        int64_t end = plan_add(plan_ref_time(node, grid_time(outer, outer->n - 1)), outer->tail_ms);
        if (node->has_at) /* looked at only up to its time, but what is to be said of the others is said */
                end = plan_add(end, grid_time(outer, outer->n - 1) - outer->start_ms);
        int64_t k = after / step - (after % step < 0);
        int64_t start;
        if (__builtin_mul_overflow(k + 1, step, &start) || start > end)
                return false;
        *ret = (Grid){ .start_ms = start, .step_ms = step, .n = (size_t)((end - start) / step) + 1 };
        ret->tail_ms = end - grid_time(ret, ret->n - 1);
        return true;
}

/* The input: n series and their labels, which a selector's have in the selection. */
static bool open_input(RangeState *st, const Grid *grid, Stage *stage, size_t *ret_n, Err *err)
{
        if (st->range->expr->kind == EXPR_SELECTOR) {
                if (!exec_select(st->x, st->range->slot, err))
                        return false;
                const StoreSelection *sel = &st->range->slot->selection;
                st->series = sel->series;
                *ret_n = sel->n;
                return true;
        }
        *ret_n = 0;
        if (!exec_subquery_grid(st->x, st->range, grid, &st->inner_grid))
                return true;
        /* Every point of a row is held by each worker: refused before it is taken. */
        if (st->inner_grid.n > SIZE_MAX / 64 || !exec_reserve(st->x, stage, st->inner_grid.n * 2 * sizeof(double), err))
                return st->inner_grid.n <= SIZE_MAX / 64 ? false
                                                         : err_set(err, ERR_LIMIT, "a subquery has too many steps");
        if (!st->call && st->x->looked_at) /* the answer itself: what it looked at counts */
                st->inner_grid.looked_at = arena_array(stage->arena, _Atomic uint64_t, st->inner_grid.n);
        const PlanNode *inside = st->range->kids[0];
        st->inner = exec_vector(st->x, inside, &st->inner_grid, stage, err);
        if (!st->inner)
                return false;
        st->heads = st->inner->heads;
        *ret_n = st->inner->n;
        return true;
}

static bool keeps_name(FunctionId fn) { return fn == FN_LAST_OVER_TIME || fn == FN_FIRST_OVER_TIME; }

static Source *open_range(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        RangeState *st = arena_new_of(stage->arena, RangeState);
        *st = (RangeState){ .x = x, .call = call, .fn = call->expr->call.fn->id, .owner = ++x->window_owners };
        for (size_t k = 0; k < call->n_kids && !st->range; k++)
                if (call->kids[k]->expr->type == VALUE_MATRIX)
                        st->range = call->kids[k];
        CHECK(st->range); /* the types were checked */
        size_t n = 0;
        set_times(st, grid, stage);
        if (!set_args(st, grid, stage, err) || !check_mode(st, err) || !open_input(st, grid, stage, &n, err))
                return NULL;
        Source *src = exec_source(stage, n, grid->n);
        for (size_t i = 0; i < n; i++) {
                if (!exec_goes_on(x, i, err))
                        return NULL;
                RowHead head = head_of(st, i);
                src->heads[i] = keeps_name(st->fn) ? head : exec_drop_name(x, stage->arena, head);
        }
        src->state = st;
        src->row = range_row;
        return exec_reserve(x, stage, 0, err) ? src : NULL;
}

/* Dropping the names makes no two series equal. */
static bool is_distinct(const PlanNode *call)
{
        for (size_t k = 0; k < call->n_kids; k++)
                if (call->kids[k]->slot)
                        return call->kids[k]->slot->distinct;
        return false;
}

Source *exec_range_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err)
{
        Source *src = open_range(x, call, grid, stage, err);
        if (!src || x->options->features.delayed_name_removal || call->expr->call.fn->id == FN_ABSENT_OVER_TIME ||
            is_distinct(call))
                return src;
        Source *settled;
        return exec_settle(x, stage, src, &settled, err) ? settled : NULL;
}

/* --- a range vector as the answer --- */

static void put_series(Arena *arena, PromqlResult *ret, Labels labels, const Column *col)
{
        PromqlSeries *out = &ret->series[ret->n_series++];
        *out = (PromqlSeries){ .labels = labels, .n = col->n };
        out->t = arena_raw_array(arena, int64_t, col->n);
        out->v = arena_raw_array(arena, double, col->n);
        memcpy(out->t, col->t, col->n * sizeof *out->t);
        memcpy(out->v, col->v, col->n * sizeof *out->v);
        for (size_t i = 0; col->h && i < col->n; i++) {
                if (!col->h[i])
                        continue;
                if (!out->h)
                        out->h = arena_array(arena, const Histogram *, col->n);
                out->h[i] = histogram_dup(arena, col->h[i]);
        }
}

static double line(const Column *col, size_t a, int64_t t)
{
        return col->v[a] + (col->v[a + 1] - col->v[a]) * (double)(t - col->t[a]) / (double)(col->t[a + 1] - col->t[a]);
}

/* anchored, smoothed: points exactly on both borders, the samples strictly inside between them. */
static void extend(Column *col, int64_t start, int64_t end, bool smoothed)
{
        size_t last = col->n ? col->n - 1 : 0, first = 0;
        while (first + 1 < last && col->t[first + 1] <= start)
                first++;
        if (smoothed)
                for (last = 0; last + 1 < col->n && col->t[last] < end;)
                        last++;
        if (col->n == 0 || col->t[last] <= start || col->t[first] > end) {
                col->n = 0;
                return;
        }
        double left = smoothed && col->t[first] < start ? line(col, first, start) : col->v[first];
        double right = smoothed && last > 0 && col->t[last] > end ? line(col, last - 1, end) : col->v[last];
        size_t from = col->t[first] <= start ? first + 1 : first, to = col->t[last] >= end ? last : last + 1;
        Column out = { 0 };
        column_push(&out, start, left);
        for (size_t i = from; i < to; i++)
                column_push(&out, col->t[i], col->v[i]);
        column_push(&out, end, right);
        column_done(col);
        *col = out;
}

static bool matrix_rows(RangeState *st, Worker *w, size_t n, Arena *arena, PromqlResult *ret, Err *err)
{
        RangeMode mode = st->inner ? RANGE_PLAIN : st->range->expr->selector.mode;
        ret->series = arena_array(arena, PromqlSeries, n ? n : 1);
        ret->n_series = 0;
        for (size_t i = 0; i < n; i++) {
                if (!exec_check(st->x, err) || !load(st, w, i, err) || !exec_fits(st->x, w->widest, err))
                        return false;
                if (mode != RANGE_PLAIN)
                        extend(&w->col, st->end_ms[0] - st->range->range_ms, st->end_ms[0], mode == RANGE_SMOOTHED);
                if (w->col.n == 0)
                        continue;
                if (!exec_hold(st->x, w->col.n, err))
                        return false;
                RowHead head = head_of(st, i);
                Labels labels = head.drop_name ? exec_drop_meta(arena, head.labels) : head.labels;
                put_series(arena, ret, labels_dup(arena, labels), &w->col);
                for (size_t k = 0; !st->inner && k < w->col.n; k++)
                        grid_count(&st->grid, 0, w->col.h && w->col.h[k] ? exec_hist_samples(w->col.h[k]) : 1);
        }
        return true;
}

bool exec_matrix(Exec *x, const PlanNode *node, int64_t t_ms, Arena *arena, PromqlResult *ret, Err *err)
{
        Stage stage;
        exec_stage_begin(&stage);
        Grid grid = { .start_ms = t_ms, .step_ms = 1, .n = 1, .looked_at = x->looked_at };
        RangeState st = { .x = x, .range = node };
        size_t n = 0;
        set_times(&st, &grid, &stage);
        Worker *w = exec_worker_take(x);
        bool ok = open_input(&st, &grid, &stage, &n, err) && matrix_rows(&st, w, n, arena, ret, err);
        for (size_t k = 0; ok && st.inner_grid.looked_at && k < st.inner_grid.n; k++)
                grid_count(&grid, 0, atomic_load_explicit(&st.inner_grid.looked_at[k], memory_order_relaxed));
        Err over;
        if (!exec_worker_give(x, w, &over) && ok) {
                *err = over;
                ok = false;
        }
        exec_stage_end(x, &stage);
        return ok;
}
