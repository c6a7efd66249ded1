/* Invariants:
 * 1. Rows are computed in any order by any thread, batch by batch, and consumed in row order, each step by one thread at a
 *    time: results are bit-identical for every number of threads, and equal to a sequential loop over the series.
 * 2. Who waits holds nothing that others wait for: all batches before the one that is missing are computed or being computed.
 * 3. The error of a stream is that of its first row that has one, whoever was faster.
 *
 * Why every batch is consumed as soon as it can be, by whoever notices: mostly that is the thread that computed it, while its
 * rows are in that processor's cache. Rows that go to another one cost more than computing them. */
#include "promql/exec.h"

#include "os/mutex.h"
#include "promql/rowkernel.h"
#include "sync/pool.h"

enum {
        BATCH_POINTS = 16384, /* points of one batch: they fit the inner caches; the pace of cancellation */
        MAX_BATCH_ROWS = 256, /* lanes are so far apart that series they read at a time share no lock in the store */
        MIN_BATCH_ROWS = 8,   /* when there are few rows to share */
        BATCHES_PER_LANE = 4, /* at least, with enough rows: to even out slow series */
        LANE_ROOM = 4,        /* batches that wait to be consumed before a lane waits for them */
        FOLD_STEPS = 64,      /* steps that one thread folds at a time: whole cache lines of every accumulator */
};

/* Room for consecutive rows, used again and again by one lane. */
typedef struct Batch {
        struct Batch *next; /* of the lane's free ones */
        size_t lane, index, first, n, ranges_left;
        double **rows;
        Arena *hists; /* made when needed: the histograms of its rows */
        uint64_t hist_bytes, samples;
        uint64_t peak; /* samples of its rows so far and of the window of the next one, at most */
} Batch;

/* Steps [lo, hi) are folded by one thread at a time, which is busy with batch `next`. */
typedef struct Range {
        size_t lo, hi, next;
        bool busy;
} Range;

typedef struct Stream {
        Exec *x;
        const Source *src;
        const Sink *sink;
        size_t batch_rows, n_batches, n_lanes, n_room, n_ranges;
        Batch *batches;
        uint64_t held; /* by who consumes for the first range */
        Mutex mu;
        Cond moved;
        Batch **free GUARDED_BY(&mu);  /* a list for each lane */
        Batch **ready GUARDED_BY(&mu); /* [index % n_room]; NULL: not computed yet */
        Range *ranges GUARDED_BY(&mu);
        size_t next GUARDED_BY(&mu); /* batch to compute */
        size_t end GUARDED_BY(&mu);  /* the first batch that failed, or all */
        Err err GUARDED_BY(&mu);     /* of that one */
} Stream;

static Pool *pool_for(const Exec *x, const Source *src)
{
        return src->n * (src->steps + EXEC_ROW_POINTS) >= EXEC_PARALLEL_POINTS ? x->options->pool : NULL;
}

/* --- materialised rows --- */

typedef struct Fold {
        const Source *src;
        const Sink *sink;
        size_t first, n;
} Fold;

static void fold_range(void *arg, size_t f)
{
        const Fold *fold = arg;
        size_t lo = f * FOLD_STEPS, hi = MIN_OF(lo + FOLD_STEPS, fold->src->steps);
        fold->sink->steps(fold->sink->arg, fold->first, fold->n, fold->src->rows + fold->first, lo, hi);
}

static bool stream_materialised(Exec *x, const Source *src, const Sink *sink, Err *err)
{
        Fold fold = { .src = src, .sink = sink };
        size_t chunk = MIN_OF(MAX_OF((size_t)BATCH_POINTS * 16 / src->steps, (size_t)1), (size_t)EXEC_TICK);
        for (; fold.first < src->n; fold.first += chunk) {
                fold.n = MIN_OF(chunk, src->n - fold.first);
                if (!exec_check(x, err))
                        return false;
                if (!sink->rows)
                        pool_for_each(pool_for(x, src), (src->steps + FOLD_STEPS - 1) / FOLD_STEPS, fold_range, &fold);
                else if (!sink->rows(sink->arg, fold.first, fold.n, src->rows + fold.first, err))
                        return false;
        }
        return true;
}

/* --- rows that are computed --- */

static bool compute(const Stream *st, Worker *w, Batch *b, Err *err)
{
        if (!exec_check(st->x, err))
                return false;
        w->hists = &b->hists;
        b->samples = b->peak = 0;
        for (size_t k = 0; k < b->n; k++) {
                w->widest = 0;
                if (!st->src->row(st->src, w, b->first + k, b->rows[k], err))
                        return false;
                b->peak = MAX_OF(b->peak, b->samples + w->widest);
                b->samples += rowkernel_count_present(b->rows[k], st->src->steps);
        }
        if (!exec_worker_charge(st->x, w, err))
                return false;
        b->hist_bytes = b->hists ? arena_used(b->hists) : 0; /* from here on it is on the bill, fits or not */
        return exec_charge(st->x, b->hist_bytes, err);
}

/* Once a batch, in row order: what it held while it was computed, and what it adds. */
static bool hold(Stream *st, const Batch *b, Err *err)
{
        uint64_t adds = st->sink->holds ? 0 : b->samples;
        if (!exec_fits(st->x, b->peak, err))
                return false;
        st->held += adds;
        return exec_hold(st->x, adds, err);
}

static bool consume(Stream *st, const Range *r, const Batch *b, Err *err)
{
        const Sink *sink = st->sink;
        if (r->lo == 0 && !hold(st, b, err))
                return false;
        if (sink->rows)
                return sink->rows(sink->arg, b->first, b->n, b->rows, err);
        sink->steps(sink->arg, b->first, b->n, b->rows, r->lo, r->hi);
        return true;
}

static void fail(Stream *st, size_t index, const Err *err) REQUIRES(&st->mu);
static void fail(Stream *st, size_t index, const Err *err)
{
        if (index >= st->end)
                return;
        st->end = index;
        st->err = *err;
}

static void release(Stream *st, Batch *b) REQUIRES(&st->mu);
static void release(Stream *st, Batch *b)
{
        st->ready[b->index % st->n_room] = NULL;
        exec_discharge(st->x, b->hist_bytes);
        b->hist_bytes = 0;
        if (b->hists)
                arena_reset(b->hists);
        b->next = st->free[b->lane];
        st->free[b->lane] = b;
}

/* Consumes what is ready, unless somebody does already: then that one comes to it. */
static void consume_ready(Stream *st, Range *r) REQUIRES(&st->mu);
static void consume_ready(Stream *st, Range *r)
{
        if (r->busy)
                return;
        r->busy = true;
        for (; r->next < st->end; r->next++) {
                Batch *b = st->ready[r->next % st->n_room];
                if (!b || b->index != r->next)
                        break;
                Err err;
                mutex_unlock(&st->mu);
                bool ok = consume(st, r, b, &err);
                mutex_lock(&st->mu);
                if (!ok)
                        fail(st, b->index, &err);
                if (--b->ranges_left == 0)
                        release(st, b);
        }
        r->busy = false;
        mutex_cond_broadcast(&st->moved);
}

/* err: why the batch could not be computed, or NULL. */
static void put_batch(Stream *st, Batch *b, const Err *err)
{
        MUTEX_SCOPE(&st->mu);
        if (err)
                fail(st, b->index, err);
        b->ranges_left = st->n_ranges;
        st->ready[b->index % st->n_room] = b;
        for (size_t r = 0; r < st->n_ranges; r++)
                consume_ready(st, &st->ranges[r]);
}

/* NULL: none is left. */
static Batch *take_batch(Stream *st, size_t lane)
{
        MUTEX_SCOPE(&st->mu);
        while (st->next < st->end && !st->free[lane])
                mutex_cond_wait(&st->moved, &st->mu);
        if (st->next >= st->end)
                return NULL;
        Batch *b = st->free[lane];
        st->free[lane] = b->next;
        b->index = st->next++;
        b->first = b->index * st->batch_rows;
        b->n = MIN_OF(st->batch_rows, st->src->n - b->first);
        return b;
}

static void run_lane(void *arg, size_t lane)
{
        Stream *st = arg;
        Batch *b = take_batch(st, lane);
        if (!b)
                return;
        Worker *w = exec_worker_take(st->x);
        for (; b; b = take_batch(st, lane)) {
                Err err;
                bool ok = compute(st, w, b, &err);
                put_batch(st, b, ok ? NULL : &err);
        }
        Err charged; /* after each batch: there is nothing left to complain of */
        IGNORE(exec_worker_give(st->x, w, &charged));
}

static void plan_batches(Stream *st)
{
        const Source *src = st->src;
        Pool *pool = pool_for(st->x, src);
        size_t lanes = pool ? pool_threads(pool) + 1 : 1; /* the caller works, too */
        size_t share = MAX_OF(src->n / (lanes * BATCHES_PER_LANE), (size_t)MIN_BATCH_ROWS);
        size_t fit = MIN_OF(MAX_OF(BATCH_POINTS / src->steps, (size_t)1), (size_t)MAX_BATCH_ROWS);
        st->batch_rows = lanes > 1 ? MIN_OF(fit, share) : fit;
        st->n_batches = (src->n + st->batch_rows - 1) / st->batch_rows;
        st->n_lanes = MIN_OF(lanes, st->n_batches);
        st->n_room = st->n_lanes > 1 ? st->n_lanes * LANE_ROOM : 1;
        /* One thread keeps up with the rows of a few. */
        st->n_ranges = st->sink->rows ? 1 : MAX_OF(MIN_OF(st->n_lanes / 2, src->steps / FOLD_STEPS), (size_t)1);
}

static bool make_room(Stream *st, Stage *stage, Err *err)
{
        size_t rows = st->n_room * st->batch_rows, steps = st->src->steps;
        if (!exec_reserve(st->x, stage, rows * steps * sizeof(double), err))
                return false;
        Arena *arena = stage->arena;
        double *points = arena_raw_array(arena, double, rows *steps);
        double **all = arena_raw_array(arena, double *, rows);
        for (size_t i = 0; i < rows; i++)
                all[i] = points + i * steps;
        st->batches = arena_array(arena, Batch, st->n_room);
        MUTEX_SCOPE(&st->mu);
        st->end = st->n_batches;
        st->free = arena_array(arena, Batch *, st->n_lanes);
        st->ready = arena_array(arena, Batch *, st->n_room);
        for (size_t i = 0; i < st->n_room; i++) {
                Batch *b = &st->batches[i];
                b->rows = all + i * st->batch_rows;
                b->lane = i % st->n_lanes;
                b->next = st->free[b->lane];
                st->free[b->lane] = b;
        }
        st->ranges = arena_array(arena, Range, st->n_ranges);
        for (size_t r = 0; r < st->n_ranges; r++)
                st->ranges[r] = (Range){ .lo = steps * r / st->n_ranges, .hi = steps * (r + 1) / st->n_ranges };
        return true;
}

static bool run(Stream *st, Err *err)
{
        pool_for_each(st->n_lanes > 1 ? st->x->options->pool : NULL, st->n_lanes, run_lane, st);
        exec_drop(st->x, st->held);
        for (size_t i = 0; i < st->n_room; i++) {
                exec_discharge(st->x, st->batches[i].hist_bytes);
                arena_free(st->batches[i].hists);
        }
        MUTEX_SCOPE(&st->mu);
        if (st->end == st->n_batches)
                return true;
        *err = st->err;
        return false;
}

bool exec_stream(Exec *x, const Source *src, const Sink *sink, Err *err)
{
        if (src->n == 0)
                return true;
        if (src->rows)
                return stream_materialised(x, src, sink, err);
        Stage stage;
        exec_stage_begin(&stage);
        Stream st = { .x = x, .src = src, .sink = sink };
        mutex_init(&st.mu);
        mutex_cond_init(&st.moved);
        plan_batches(&st);
        bool ok = make_room(&st, &stage, err) && run(&st, err);
        mutex_cond_done(&st.moved);
        mutex_done(&st.mu);
        exec_stage_end(x, &stage);
        return ok;
}
