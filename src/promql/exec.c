/* Invariants:
 * 1. Row functions never allocate from a Stage: only who evaluates a node or consumes its rows does, one thread at a time. So
 *    arenas need no locks.
 * 2. Every byte that grows with the data (rows, columns, groups, labels) is charged before or right after it is taken;
 *    nothing is taken once the bill is over max_bytes.
 * 3. Cancellation is polled at least once per batch of rows (exec_stream.c), and once per EXEC_TICK rows of what is done beside. */
#include "promql/exec.h"

#include <stdlib.h>

#include "base/mem.h"

/* --- budget --- */

bool exec_check(Exec *x, Err *err)
{
        Err why;
        if (cancel_check(&x->timeout, &why))
                return true;
        return err_set(err, why.code, "query %s in expression evaluation",
                       why.code == ERR_TIMEOUT ? "timed out" : "was canceled");
}

bool exec_charge(Exec *x, uint64_t bytes, Err *err)
{
        uint64_t now = atomic_fetch_add_explicit(&x->bytes, bytes, memory_order_relaxed) + bytes;
        uint64_t peak = atomic_load_explicit(&x->bytes_peak, memory_order_relaxed);
        while (now > peak && !atomic_compare_exchange_weak_explicit(&x->bytes_peak, &peak, now, memory_order_relaxed,
                                                                    memory_order_relaxed))
                ;
        uint64_t total = atomic_fetch_add_explicit(x->total_bytes, bytes, memory_order_relaxed) + bytes;
        if (now <= x->options->max_bytes && total <= x->options->max_total_bytes)
                return true;
        if (now <= x->options->max_bytes)
                return err_set(
                        err, ERR_LIMIT,
                        "the running queries together would use more than %llu bytes of memory; try again later or "
                        "raise the memory limit of all queries",
                        (unsigned long long)x->options->max_total_bytes);
        return err_set(
                err, ERR_LIMIT,
                "query processing would use more than %llu bytes of memory; narrow the selectors, shorten the range or "
                "raise the query memory limit",
                (unsigned long long)x->options->max_bytes);
}

void exec_discharge(Exec *x, uint64_t bytes)
{
        atomic_fetch_sub_explicit(&x->bytes, bytes, memory_order_relaxed);
        atomic_fetch_sub_explicit(x->total_bytes, bytes, memory_order_relaxed);
}

bool exec_reserve(Exec *x, Stage *stage, uint64_t want, Err *err)
{
        uint64_t used = arena_used(stage->arena);
        uint64_t due = used > stage->charged ? used - stage->charged : 0;
        if (!exec_charge(x, due + want, err)) {
                exec_discharge(x, due + want);
                return false;
        }
        /* `want` is taken right after: it counts as used from now on, and is not billed again. */
        stage->charged += due + want;
        return true;
}

void exec_stage_begin(Stage *stage) { *stage = (Stage){ .arena = arena_new() }; }

void exec_stage_end(Exec *x, Stage *stage)
{
        exec_drop(x, stage->samples);
        exec_discharge(x, stage->charged);
        arena_free(stage->arena);
        *stage = (Stage){ 0 };
}

typedef struct Merge {
        Exec *x;
        size_t size, done;
        int (*cmp)(const void *a, const void *b, void *arg);
        void *arg;
} Merge;

/* [lo, mid) and [mid, hi) of `from`, each in order, become one in `to`. */
static bool merge(Merge *m, const char *from, char *to, size_t lo, size_t mid, size_t hi, Err *err)
{
        for (size_t i = lo, k = mid, at = lo; at < hi; at++) {
                if (!exec_goes_on(m->x, m->done++, err))
                        return false;
                bool left = k == hi || (i < mid && m->cmp(from + i * m->size, from + k * m->size, m->arg) <= 0);
                memcpy(to + at * m->size, from + (left ? i++ : k++) * m->size, m->size);
        }
        return true;
}

static bool merge_all(Merge *m, char *items, char *room, size_t n, Err *err)
{
        char *from = items, *to = room;
        for (size_t run = EXEC_TICK; run < n; run *= 2) {
                for (size_t lo = 0; lo < n; lo += 2 * run)
                        if (!merge(m, from, to, lo, MIN_OF(lo + run, n), MIN_OF(lo + 2 * run, n), err))
                                return false;
                char *t = from;
                from = to;
                to = t;
        }
        if (from != items)
                memcpy(items, from, n * m->size);
        return true;
}

bool exec_sort(Exec *x, void *items, size_t n, size_t size, int (*cmp)(const void *a, const void *b, void *arg),
               void *arg, Err *err)
{
        Merge m = { .x = x, .size = size, .cmp = cmp, .arg = arg };
        for (size_t lo = 0; lo < n; lo += EXEC_TICK) {
                if (!exec_check(x, err))
                        return false;
                qsort_r((char *)items + lo * size, MIN_OF(n - lo, (size_t)EXEC_TICK), size, cmp, arg);
        }
        if (n <= EXEC_TICK)
                return true;
        bool ok = exec_charge(x, n * size, err);
        if (ok) {
                char *room = mem_alloc(n * size);
                ok = merge_all(&m, items, room, n, err);
                mem_free(room);
        }
        exec_discharge(x, n * size);
        return ok;
}

static bool too_many_samples(Err *err)
{
        return err_set(err, ERR_LIMIT, "query processing would load too many samples into memory in query execution");
}

bool exec_hold(Exec *x, uint64_t samples, Err *err)
{
        uint64_t now = atomic_fetch_add_explicit(&x->samples_now, samples, memory_order_relaxed) + samples;
        uint64_t peak = atomic_load_explicit(&x->samples_peak, memory_order_relaxed);
        while (now > peak && !atomic_compare_exchange_weak_explicit(&x->samples_peak, &peak, now, memory_order_relaxed,
                                                                    memory_order_relaxed))
                ;
        if (x->active_samples)
                atomic_store_explicit(x->active_samples, now, memory_order_relaxed);
        return now <= x->options->max_samples || too_many_samples(err);
}

bool exec_stage_hold(Exec *x, Stage *stage, uint64_t samples, Err *err)
{
        stage->samples += samples;
        return exec_hold(x, samples, err);
}

void exec_drop(Exec *x, uint64_t samples) { atomic_fetch_sub_explicit(&x->samples_now, samples, memory_order_relaxed); }

bool exec_fits(Exec *x, uint64_t samples, Err *err)
{
        uint64_t held = atomic_load_explicit(&x->samples_now, memory_order_relaxed);
        return held + samples <= x->options->max_samples || too_many_samples(err);
}

/* --- workers --- */

Worker *exec_worker_take(Exec *x)
{
        {
                MUTEX_SCOPE(&x->mu);
                Worker *w = x->idle;
                if (w) {
                        x->idle = w->next;
                        return w;
                }
        }
        Worker *w = mem_new(Worker);
        w->x = x;
        w->hists = &w->own_hists;
        return w;
}

bool exec_worker_charge(Exec *x, Worker *w, Err *err)
{
        uint64_t holds = w->col.cap * (sizeof *w->col.t + sizeof *w->col.v) + windowcache_bytes(&w->windows[0]) +
                         windowcache_bytes(&w->windows[1]);
        for (size_t i = 0; i < w->bufs.len; i++)
                holds += w->bufs.data[i].cap * sizeof(double);
        if (w->cursor)
                holds += w->cursor->bytes(w->cursor);
        uint64_t due = holds > w->charged ? holds - w->charged : 0;
        w->charged += due;
        return due == 0 || exec_charge(x, due, err);
}

bool exec_worker_give(Exec *x, Worker *w, Err *err)
{
        atomic_fetch_add_explicit(&x->samples_read, w->samples_read, memory_order_relaxed);
        w->samples_read = 0;
        w->depth = 0;
        w->widest = 0;
        w->warned_name = (Str){ 0 }; /* its bytes may belong to a stage that ends */
        w->hists = &w->own_hists;
        if (w->own_hists)
                arena_reset(w->own_hists);
        bool ok = exec_worker_charge(x, w, err);
        MUTEX_SCOPE(&x->mu);
        w->next = x->idle;
        x->idle = w;
        return ok;
}

double *exec_buf_take(Worker *w, size_t n)
{
        if (w->depth == w->bufs.len)
                vec_push(&w->bufs, (WorkerBuf){ 0 });
        WorkerBuf *b = &w->bufs.data[w->depth++];
        if (b->cap < n) {
                mem_free(b->p);
                b->cap = n + n / 4 + 16;
                b->p = mem_alloc(b->cap * sizeof *b->p);
        }
        return b->p;
}

void exec_buf_give(Worker *w) { w->depth--; }

void exec_workers_free(Exec *x)
{
        MUTEX_SCOPE(&x->mu);
        for (Worker *w = x->idle, *next; w; w = next) {
                next = w->next;
                for (size_t i = 0; i < w->bufs.len; i++)
                        mem_free(w->bufs.data[i].p);
                vec_done(&w->bufs);
                if (w->cursor)
                        w->cursor->close(w->cursor);
                column_done(&w->col);
                windowcache_done(&w->windows[0]);
                windowcache_done(&w->windows[1]);
                arena_free(w->own_hists);
                mem_free(w);
        }
        x->idle = NULL;
}

/* --- what statistics count --- */

uint64_t exec_hist_samples(const Histogram *h)
{
        /* Upstream's in-memory size of one, in floats with their times. */
        enum { FIXED_BYTES = 168, POINT_BYTES = 16 };
        uint64_t parts = (uint64_t)h->positive.n_spans + h->negative.n_spans + h->positive.n_counts +
                         h->negative.n_counts + h->n_custom;
        return (FIXED_BYTES + 8 * parts + 8) / POINT_BYTES;
}

void exec_count_row(const Grid *grid, const double *row)
{
        for (size_t s = 0; grid->looked_at && s < grid->n; s++)
                if (!exec_absent(row[s]))
                        grid_count(grid, s, exec_is_hist(row[s]) ? exec_hist_samples(exec_hist(row[s])) : 1);
}

Grid exec_one_step(const Grid *grid, Arena *arena)
{
        Grid one = { .start_ms = grid->start_ms, .step_ms = grid->step_ms, .n = 1 };
        if (grid->looked_at)
                one.looked_at = arena_array(arena, _Atomic uint64_t, 1);
        return one;
}

void exec_count_each(const Grid *grid, const Grid *one)
{
        for (size_t s = 0; grid->looked_at && s < grid->n; s++)
                grid_count(grid, s, atomic_load_explicit(one->looked_at, memory_order_relaxed));
}

/* --- histograms --- */

Arena *exec_hist_arena(Worker *w)
{
        if (!*w->hists)
                *w->hists = arena_new();
        return *w->hists;
}

void exec_keep_hists(Arena *arena, double *row, size_t n)
{
        double last = EXEC_ABSENT, copy = last;
        for (size_t s = 0; s < n; s++) {
                if (!exec_is_hist(row[s]))
                        continue;
                if (bits_of_double(row[s]) != bits_of_double(last)) {
                        last = row[s];
                        copy = exec_box(histogram_dup(arena, exec_hist(last)));
                }
                row[s] = copy;
        }
}

void exec_output_hists(Arena *arena, PromqlSeries *series)
{
        for (size_t k = 0; k < series->n; k++) {
                if (!exec_is_hist(series->v[k]))
                        continue;
                if (!series->h)
                        series->h = arena_array(arena, const Histogram *, series->n);
                const Histogram *h = exec_hist(series->v[k]);
                series->h[k] = histogram_dup(arena, h);
                series->v[k] = 0;
        }
}

/* --- rows --- */

Source *exec_source(Stage *stage, size_t n, size_t steps)
{
        Source *src = arena_new_of(stage->arena, Source);
        src->n = n;
        src->steps = steps;
        src->heads = arena_array(stage->arena, RowHead, n ? n : 1);
        return src;
}

bool exec_source_rows(Exec *x, Stage *stage, Source *src, Err *err)
{
        size_t points = src->n * src->steps;
        if (!exec_reserve(x, stage, points * sizeof(double), err))
                return false;
        src->rows = arena_array(stage->arena, double *, src->n ? src->n : 1);
        double *block = arena_raw_array(stage->arena, double, points ? points : 1);
        exec_fill_absent(block, points);
        for (size_t i = 0; i < src->n; i++)
                src->rows[i] = block + i * src->steps;
        return true;
}

bool exec_row_empty(const double *row, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!exec_absent(row[i]))
                        return false;
        return true;
}

static bool see_rows(void *arg, size_t first, size_t n, double *const *rows, Err *err)
{
        (void)arg, (void)first, (void)n, (void)rows, (void)err;
        return true;
}

bool exec_see(Exec *x, const Source *src, Err *err) { return exec_stream(x, src, &(Sink){ .rows = see_rows }, err); }

typedef struct Gather {
        Exec *x;
        Stage *stage;
        const Source *src;
        Source *out;
        bool skip_empty;
} Gather;

static bool gather_rows(void *arg, size_t first, size_t n, double *const *rows, Err *err)
{
        Gather *g = arg;
        size_t bytes = g->src->steps * sizeof(double);
        uint64_t held = 0;
        for (size_t i = 0; i < n; i++) {
                if (g->skip_empty && exec_row_empty(rows[i], g->src->steps))
                        continue;
                double *copy = arena_raw_array(g->stage->arena, double, g->src->steps);
                memcpy(copy, rows[i], bytes);
                if (exec_any_hists(g->x))
                        exec_keep_hists(g->stage->arena, copy, g->src->steps);
                for (size_t s = 0; s < g->src->steps; s++)
                        held += !exec_absent(copy[s]);
                g->out->heads[g->out->n] = g->src->heads[first + i];
                g->out->rows[g->out->n++] = copy;
        }
        return exec_reserve(g->x, g->stage, 0, err) && exec_stage_hold(g->x, g->stage, held, err);
}

bool exec_materialise(Exec *x, Stage *stage, const Source *src, bool skip_empty, Source **ret, Err *err)
{
        Source *out = exec_source(stage, src->n, src->steps);
        out->rows = arena_array(stage->arena, double *, src->n ? src->n : 1);
        out->n = 0;
        Gather g = { .x = x, .stage = stage, .src = src, .out = out, .skip_empty = skip_empty };
        if (!exec_stream(x, src, &(Sink){ .arg = &g, .rows = gather_rows, .holds = true }, err))
                return false;
        *ret = out;
        return true;
}

/* --- equal label sets --- */

#define MAP_NAME SettleMap
#define MAP_FN_PREFIX settle_map
#define MAP_KEY Labels
#define MAP_VAL size_t
#define MAP_HASH(k) labels_hash(k)
#define MAP_EQ(a, b) labels_eq(a, b)
#include "base/map.inc.h"

static bool find_duplicates(Exec *x, const Source *src, bool *ret, Err *err)
{
        SettleMap map = { 0 };
        settle_map_reserve(&map, src->n); /* to grow a large map takes long */
        uint64_t bytes = map.cap * sizeof *map.slots;
        bool ok = exec_charge(x, bytes, err), fresh = true;
        for (size_t i = 0; ok && i < src->n && fresh; i++) {
                ok = exec_goes_on(x, i, err);
                settle_map_put(&map, src->heads[i].labels, &fresh);
        }
        settle_map_done(&map);
        exec_discharge(x, bytes);
        *ret = !fresh;
        return ok;
}

/* Adds row `from` to row `to`; false when both have a sample at one step. */
static bool merge_row(double *to, const double *from, size_t n)
{
        for (size_t s = 0; s < n; s++) {
                if (exec_absent(from[s]))
                        continue;
                if (!exec_absent(to[s]))
                        return false;
                to[s] = from[s];
        }
        return true;
}

bool exec_settle(Exec *x, Stage *stage, Source *src, Source **ret, Err *err)
{
        Source *all;
        bool repeats = false;
        if (src->n > 1 && !find_duplicates(x, src, &repeats, err))
                return false;
        if (!repeats) {
                *ret = src;
                return true;
        }
        if (!exec_materialise(x, stage, src, true, &all, err))
                return false;
        SettleMap map = { .arena = stage->arena };
        size_t n = 0;
        for (size_t i = 0; i < all->n; i++) {
                bool fresh = false;
                if (!exec_goes_on(x, i, err))
                        return false;
                size_t *at = settle_map_put(&map, all->heads[i].labels, &fresh);
                if (fresh) {
                        *at = n;
                        all->heads[n] = all->heads[i];
                        all->rows[n++] = all->rows[i];
                        continue;
                }
                if (!merge_row(all->rows[*at], all->rows[i], all->steps))
                        return err_set(err, EXEC_FAILED, EXEC_DUPLICATE_TEXT);
        }
        all->n = n;
        *ret = all;
        return exec_reserve(x, stage, 0, err);
}

/* --- labels --- */

bool exec_is_meta_name(Str name)
{
        return name.n == LABEL_NAME.n && name.p[0] == '_' &&
               (str_eq(name, LABEL_NAME) || str_eq(name, STR("__type__")) || str_eq(name, STR("__unit__")));
}

Labels exec_drop_meta(Arena *arena, Labels labels)
{
        size_t keep = 0;
        for (size_t i = 0; i < labels.n; i++)
                keep += !exec_is_meta_name(labels.data[i].name);
        if (keep == labels.n)
                return labels;
        if (keep + 1 == labels.n && exec_is_meta_name(labels.data[0].name))
                return (Labels){ labels.data + 1, keep };
        Label *out = arena_raw_array(arena, Label, keep ? keep : 1);
        size_t n = 0;
        for (size_t i = 0; i < labels.n; i++)
                if (!exec_is_meta_name(labels.data[i].name))
                        out[n++] = labels.data[i];
        return (Labels){ out, n };
}

RowHead exec_drop_name(Exec *x, Arena *arena, RowHead head)
{
        if (!x->options->features.delayed_name_removal)
                head.labels = exec_drop_meta(arena, head.labels);
        head.drop_name = true;
        return head;
}

bool exec_drop_names(Exec *x, Stage *stage, const Source *in, Source *src, Err *err)
{
        for (size_t i = 0; i < in->n; i++) {
                if (!exec_goes_on(x, i, err))
                        return false;
                src->heads[i] = exec_drop_name(x, stage->arena, in->heads[i]);
        }
        return true;
}

static bool listed(const StrVec *names, Str name)
{
        for (size_t i = 0; i < names->n; i++)
                if (str_eq(names->data[i], name))
                        return true;
        return false;
}

static Labels filter(Arena *arena, Labels labels, const StrVec *names, bool keep_listed, bool drop_name)
{
        Label *out = arena_raw_array(arena, Label, labels.n ? labels.n : 1);
        size_t n = 0;
        for (size_t i = 0; i < labels.n; i++) {
                if (listed(names, labels.data[i].name) != keep_listed)
                        continue;
                if (drop_name && str_eq(labels.data[i].name, LABEL_NAME))
                        continue;
                out[n++] = labels.data[i];
        }
        return (Labels){ out, n };
}

Labels exec_labels_keep(Arena *arena, Labels labels, const StrVec *names)
{
        if (names->n == 0)
                return (Labels){ 0 };
        return filter(arena, labels, names, true, false);
}

Labels exec_labels_without(Arena *arena, Labels labels, const StrVec *names, bool drop_name)
{
        return filter(arena, labels, names, false, drop_name);
}

void exec_labels_print(Buf *out, Labels labels)
{
        buf_char(out, '{');
        for (size_t i = 0; i < labels.n; i++) {
                if (i)
                        buf_lit(out, ", ");
                if (labels_name_is_legacy_valid(labels.data[i].name))
                        buf_str_add(out, labels.data[i].name);
                else
                        quote_go(out, labels.data[i].name);
                buf_char(out, '=');
                quote_go(out, labels.data[i].value);
        }
        buf_char(out, '}');
}
