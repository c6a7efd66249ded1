/* promql/exec.h - the evaluator's own nouns: Grid, Source, Worker, Exec. Private to promql/.
 *
 * A value of an instant-vector expression is a Source: rows that know their labels at once and their values when asked.
 * Row i is `double[steps]`; a step without a sample holds the stale marker's bits, which no evaluation can produce
 * (stale samples are filtered when a series is read, and arithmetic never makes a signalling NaN): see exec_absent.
 * A step with a native histogram holds a pointer to it, boxed in another signalling NaN: see exec_is_hist. So whoever
 * only moves values (joins, sets, sorting, materialising) need not know; whoever calculates asks exec_any_hists once a row.
 * Streaming rows are computed by any worker, one row at a time; materialised rows are simply there. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"
#include "model/quote.h"
#include "model/sample.h"
#include "promql/annotations.h"
#include "promql/functions.h"
#include "promql/plan.h"
#include "promql/promql.h"
#include "promql/windowcache.h"

/* The expression is fine but cannot be evaluated on this data (422). */
#define EXEC_FAILED ERR_UNSUPPORTED
#define EXEC_DUPLICATE_TEXT "vector cannot contain metrics with the same labelset"

static inline bool exec_absent(double v) { return sample_is_stale(v); }
#define EXEC_ABSENT sample_stale()
#define EXEC_NAN __builtin_nan("") /* <math.h>'s are floats */
#define EXEC_INF __builtin_inf()

/* A boxed histogram: the upper 16 bits say so, the others are the address. Samples pass through exec_number on their way
 * in, so a stored NaN cannot pretend to be one. */
#define EXEC_HIST_TAG 0x7ff4u
static inline bool exec_is_hist(double v) { return bits_of_double(v) >> 48 == EXEC_HIST_TAG; }
static inline const Histogram *exec_hist(double v)
{
        return (const Histogram *)(uintptr_t)(bits_of_double(v) & 0xffffffffffffu); /* NOLINT: it is one */
}
static inline double exec_box(const Histogram *h)
{
        return bits_to_double((uint64_t)EXEC_HIST_TAG << 48 | (uint64_t)(uintptr_t)h);
}
/* A number that was stored, safe to put into a row. */
static inline double exec_number(double v)
{
        return (bits_of_double(v) >> 48 & 0x7fffu) == EXEC_HIST_TAG ? sample_nan() : v;
}

/* The times at which an expression is evaluated: n >= 1. */
typedef struct Grid {
        int64_t start_ms, step_ms;
        size_t n;
        int64_t tail_ms; /* how far behind the last step upstream goes on: subqueries run until then, and say what there is to say */
        _Atomic uint64_t *looked_at; /* samples per step, as upstream counts them; NULL: nobody asks */
} Grid;
static inline int64_t grid_time(const Grid *g, size_t i) { return g->start_ms + (int64_t)i * g->step_ms; }

static inline void grid_count(const Grid *g, size_t step, uint64_t samples)
{
        if (g->looked_at)
                atomic_fetch_add_explicit(&g->looked_at[step], samples, memory_order_relaxed);
}

typedef struct Exec Exec;
typedef struct Worker Worker;
typedef struct Source Source;

typedef struct RowHead {
        Labels labels;
        bool drop_name; /* __name__, __type__ and __unit__ leave at the end (delayed name removal) */
} RowHead;

/* Fills out[0..steps). Thread-safe for different workers. */
typedef bool (*SourceRow)(const Source *src, Worker *w, size_t i, double *out, Err *err);

struct Source {
        size_t n, steps;
        RowHead *heads;
        double **rows; /* materialised; else NULL and: */
        SourceRow row;
        const void *state; /* of row */
};

/* Memory with the life of one materialising node: the arena and what of it is already on the query's bill. */
typedef struct Stage {
        Arena *arena;
        uint64_t charged;
        uint64_t samples; /* held until the stage ends */
} Stage;

/* Scratch of one worker: buffers nest like a stack. */
typedef struct WorkerBuf {
        double *p;
        size_t cap;
} WorkerBuf;
struct Worker {
        Exec *x;
        Worker *next;
        VEC(WorkerBuf) bufs;
        size_t depth;
        Column col;
        StoreCursor *cursor; /* opened with the first read; NULL too when the store has none */
        WindowCache
                windows[2]; /* by the parity of the owner: a subquery and what is inside it do not disturb each other */
        Arena *own_hists, **hists; /* see exec_hist_arena */
        Str warned_name;           /* the last name that got the "might not be a counter" info */
        uint32_t warned_pos;
        Str counter_name; /* the last name that ends as a counter's does */
        uint64_t charged, samples_read;
        uint64_t widest; /* samples of the widest window since whoever took the worker set it to 0 */
};

struct Exec {
        const PromqlOptions *options;
        int64_t lookback_ms, query_start_ms, query_end_ms, query_step_ms;
        Querier *querier;
        Cancel timeout; /* its parent: the caller's */
        Plan *plan;
        bool explain; /* nodes and slots count what they take */
        Annotations annotations;
        Stage root; /* selections and plan: lives as long as the query */
        _Atomic uint64_t bytes, bytes_peak, samples_now, samples_peak, samples_read;
        _Atomic uint64_t *total_bytes;    /* of all queries of the engine */
        _Atomic uint64_t *active_samples; /* shown on the status page; may be NULL */
        _Atomic uint64_t *looked_at;      /* of the query's own grid; NULL: nobody asks */
        size_t n_looked_at;
        _Atomic bool any_hists; /* some row has held a histogram; see exec_any_hists */
        Mutex mu;
        Worker *idle GUARDED_BY(&mu);
        uint64_t window_owners; /* given out; by the evaluating thread only */
};

/* --- budget: exec.c --- */
MUST_CHECK bool exec_check(Exec *x, Err *err); /* cancelled or late? */
enum {
        EXEC_TICK = 4096,
        EXEC_ROW_POINTS = 64,        /* what finding and reading a series costs, in points */
        EXEC_PARALLEL_POINTS = 8192, /* less work than this is not worth waking anybody */
};
/* The same for step i of a loop over rows that computes none of them: looks once in EXEC_TICK steps. */
MUST_CHECK static inline bool exec_goes_on(Exec *x, size_t i, Err *err)
{
        return i % EXEC_TICK != 0 || exec_check(x, err);
}
/* Sorts n items of `size` bytes. cmp: never 0 for two of them. Ends soon when the query is to end; the items are in any order then. */
MUST_CHECK bool exec_sort(Exec *x, void *items, size_t n, size_t size,
                          int (*cmp)(const void *a, const void *b, void *arg), void *arg, Err *err);
/* Bytes on the bill of the query and of all queries; they stay on it when they are too many. */
MUST_CHECK bool exec_charge(Exec *x, uint64_t bytes, Err *err);
void exec_discharge(Exec *x, uint64_t bytes);
/* Puts what the stage's arena holds, and `want` more bytes that it is about to, on the bill. */
MUST_CHECK bool exec_reserve(Exec *x, Stage *stage, uint64_t want, Err *err);
void exec_stage_begin(Stage *stage);
void exec_stage_end(Exec *x, Stage *stage);
/* Samples held at once, as upstream counts them. */
MUST_CHECK bool exec_hold(Exec *x, uint64_t samples, Err *err);
void exec_drop(Exec *x, uint64_t samples);
MUST_CHECK bool exec_stage_hold(Exec *x, Stage *stage, uint64_t samples, Err *err); /* dropped with the stage */
/* May so many be held for a moment, beside what is held now? */
MUST_CHECK bool exec_fits(Exec *x, uint64_t samples, Err *err);

/* How many samples upstream takes a histogram for. */
uint64_t exec_hist_samples(const Histogram *h);
/* Counts the samples that a row shows. */
void exec_count_row(const Grid *grid, const double *row);
/* A grid of one step in place of one whose steps are all the same: what is counted there is counted at each of its steps. */
Grid exec_one_step(const Grid *grid, Arena *arena);
void exec_count_each(const Grid *grid, const Grid *one);

/* --- workers --- */
Worker *exec_worker_take(Exec *x);
MUST_CHECK bool exec_worker_charge(Exec *x, Worker *w, Err *err); /* its scratch, as far as it has grown */
MUST_CHECK bool exec_worker_give(Exec *x, Worker *w, Err *err);
double *exec_buf_take(Worker *w, size_t n); /* valid until the matching give, whatever is taken in between */
void exec_buf_give(Worker *w);
void exec_workers_free(Exec *x);
/* Where a row function puts histograms that it makes: they live until the batch of rows was consumed, or until the worker is
 * given back when it was taken for something else. */
Arena *exec_hist_arena(Worker *w);
/* False: no value of this query so far is a histogram, so a row just computed has none. Who boxes the first one sets it. */
static inline bool exec_any_hists(const Exec *x) { return atomic_load_explicit(&x->any_hists, memory_order_relaxed); }
static inline void exec_set_any_hists(Exec *x)
{
        if (!exec_any_hists(x))
                atomic_store_explicit(&x->any_hists, true, memory_order_relaxed);
}
/* The row's histograms are copied to arena, so that they live as long as it. */
void exec_keep_hists(Arena *arena, double *row, size_t n);
/* Turns the boxes among series->v into series->h, copied to arena. */
void exec_output_hists(Arena *arena, PromqlSeries *series);

/* --- rows --- */
Source *exec_source(Stage *stage, size_t n, size_t steps); /* heads zeroed, no rows */
/* Materialised rows, every step absent. */
MUST_CHECK bool exec_source_rows(Exec *x, Stage *stage, Source *src, Err *err);
static inline void exec_fill_absent(double *out, size_t n)
{
        for (size_t i = 0; i < n; i++)
                out[i] = EXEC_ABSENT;
}
bool exec_row_empty(const double *row, size_t n);
MUST_CHECK static inline bool exec_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        if (!src->rows)
                return src->row(src, w, i, out, err);
        memcpy(out, src->rows[i], src->steps * sizeof *out);
        return true;
}

/* Who consumes a source. Exactly one of the two is set. Rows arrive in batches, in row order, on any thread:
 * rows  is called batch after batch, at most EXEC_TICK rows at a time and never by two at once: what it does to arenas of the
 *       query's needs no lock;
 * steps is called once a batch and range of steps, ranges in parallel: each step is folded in row order whatever the
 *       number of threads, so floating point sums are those of a sequential loop. */
typedef struct Sink {
        void *arg;
        bool (*rows)(void *arg, size_t first, size_t n, double *const *rows, Err *err);
        void (*steps)(void *arg, size_t first, size_t n, double *const *rows, size_t lo, size_t hi);
        bool holds; /* the sink keeps the samples and counts them itself */
} Sink;
MUST_CHECK bool exec_stream(Exec *x, const Source *src, const Sink *sink, Err *err);
/* Computes every row for nobody: for what there is to say about them, and to count. */
MUST_CHECK bool exec_see(Exec *x, const Source *src, Err *err);
/* All rows at once; the result shares nothing with src but labels. Rows that are absent everywhere are left out when
 * skip_empty. */
MUST_CHECK bool exec_materialise(Exec *x, Stage *stage, const Source *src, bool skip_empty, Source **ret, Err *err);
/* Rows with equal labels become one; EXEC_DUPLICATE_TEXT when two have a sample at one step. Returns src itself when
 * labels are unique. */
MUST_CHECK bool exec_settle(Exec *x, Stage *stage, Source *src, Source **ret, Err *err);

/* --- labels --- */
bool exec_is_meta_name(Str name); /* __name__, __type__, __unit__ */
Labels exec_drop_meta(Arena *arena, Labels labels);
/* Head of a row whose function drops the metric name: at once, or marked, as the engine is set. */
RowHead exec_drop_name(Exec *x, Arena *arena, RowHead head);
/* The same for every row of `in`, into the heads of src, which has as many. */
MUST_CHECK bool exec_drop_names(Exec *x, Stage *stage, const Source *in, Source *src, Err *err);
/* Labels in `names` (keep) or not in them (without); borrowed strings, pairs in arena. */
Labels exec_labels_keep(Arena *arena, Labels labels, const StrVec *names);
Labels exec_labels_without(Arena *arena, Labels labels, const StrVec *names, bool drop_name);
/* As upstream's String(): {a="b", c="d"}. */
void exec_labels_print(Buf *out, Labels labels);

/* --- evaluation: exec_eval.c --- */
/* An instant vector on the grid. Lives as long as stage. NULL on failure. */
MUST_CHECK Source *exec_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
/* A scalar on the grid: out[grid->n], never absent. */
MUST_CHECK bool exec_scalar(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, double *out, Err *err);
/* The scalar argument as an array in stage. NULL on failure. */
double *exec_scalar_array(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
/* The grid on which a subquery evaluates its inside for the outer grid; false: no point at all. */
bool exec_subquery_grid(Exec *x, const PlanNode *node, const Grid *outer, Grid *ret);

/* --- node kinds, each in its file --- */
Source *exec_select_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
/* The same for those who only ask where there is a sample: numbers mean nothing. */
Source *exec_select_presence(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
/* timestamp() of a selector: the samples' own times in seconds. */
Source *exec_select_timestamps(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
/* The same with the labels untouched, for info series: histograms are an error. */
Source *exec_select_times(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
MUST_CHECK bool exec_select(Exec *x, Slot *slot, Err *err); /* fills slot->selection once */
/* As exec_read, for those who do not look at everything. */
MUST_CHECK bool exec_read_some(Worker *w, const Slot *slot, size_t i, const StoreRead *what, Column *col, Err *err);
/* timestamp()'s sibling: when the samples' counters started; 0 where that is unknown. */
Source *exec_select_starts(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
/* Reads series i into col, stale markers included. */
static inline bool exec_is_stale(const Column *col, size_t i)
{
        return col->h && col->h[i] ? histogram_is_stale(col->h[i]) : sample_is_stale(col->v[i]);
}
void exec_drop_stale(Column *col); /* removes the stale markers */
/* Histograms of which only count and sum are asked: they say whether the counter was reset since the sample before, and lose
 * their buckets. */
void exec_counts_only(Column *col);
MUST_CHECK bool exec_read(Worker *w, const Slot *slot, size_t i, int64_t min_ms, int64_t max_ms, Column *col, Err *err);
Source *exec_range_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err);
/* A range vector as the query's own answer: series with their raw times. */
MUST_CHECK bool exec_matrix(Exec *x, const PlanNode *node, int64_t t_ms, Arena *arena, PromqlResult *ret, Err *err);
Source *exec_aggregate(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
Source *binop_vector(Exec *x, const PlanNode *node, const Grid *grid, Stage *stage, Err *err);
Source *func_math_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err);
Source *func_label_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err);
Source *func_label_sort(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err);
Source *func_hist_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err);
Source *func_native_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err);
Source *func_info_call(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err);
Source *func_label_absent(Exec *x, const PlanNode *call, const Grid *grid, Stage *stage, Err *err);
