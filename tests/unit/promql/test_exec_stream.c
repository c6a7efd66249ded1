#include "testing.h"

#include "promql/exec.h"

enum { STEPS = 300, ROWS = 1000 };

static PromqlOptions OPTIONS;
static _Atomic uint64_t total_bytes;

static bool row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        (void)w, (void)err;
        for (size_t s = 0; s < src->steps; s++)
                out[s] = (i + s) % 5 == 0 ? EXEC_ABSENT : (double)(i * 7 + s) * 0.1;
        return true;
}

static bool failing_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        if (i == 700 || i == 300)
                return err_set(err, EXEC_FAILED, "row %zu", i);
        return row(src, w, i, out, err);
}

static bool boxed_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        (void)err;
        exec_set_any_hists(w->x);
        Histogram *h = arena_new_of(exec_hist_arena(w), Histogram);
        h->count = (double)i;
        for (size_t s = 0; s < src->steps; s++)
                out[s] = exec_box(h);
        return true;
}

/* Row 500 looks at a window of 1000 samples. */
static bool wide_row(const Source *src, Worker *w, size_t i, double *out, Err *err)
{
        if (i == 500)
                w->widest = 1000;
        return row(src, w, i, out, err);
}

typedef struct Run {
        Exec x;
        Stage stage;
        Pool *pool;
        Source *src;
} Run;

static void begin(Run *run, Pool *pool, SourceRow fn, size_t rows, size_t steps)
{
        OPTIONS = (PromqlOptions){
                .max_samples = UINT64_MAX, .max_bytes = 1 << 24, .max_total_bytes = UINT64_MAX, .pool = pool
        };
        run->x = (Exec){ .options = &OPTIONS, .total_bytes = &total_bytes };
        run->pool = pool;
        cancel_init(&run->x.timeout, clock_system(), 0);
        mutex_init(&run->x.mu);
        exec_stage_begin(&run->stage);
        run->src = exec_source(&run->stage, rows, steps);
        run->src->row = fn;
}

/* Nothing of the stream may be left. */
static void end(Run *run)
{
        exec_stage_end(&run->x, &run->stage);
        assert_int_equal(atomic_load(&run->x.samples_now), 0);
        exec_workers_free(&run->x);
        mutex_done(&run->x.mu);
        pool_free(run->pool);
}

static void fold(void *arg, size_t first, size_t n, double *const *rows, size_t lo, size_t hi)
{
        double *sums = arg;
        (void)first;
        for (size_t i = 0; i < n; i++)
                for (size_t s = lo; s < hi; s++)
                        if (!exec_absent(rows[i][s]))
                                sums[s] += rows[i][s];
}

/* Invariant 1: also of many ranges, of rows that are alone in a batch, and of materialised ones. */
static void folding_is_sequential_for_every_pool(void **state)
{
        (void)state;
        static double sums[100 * STEPS], want[100 * STEPS];
        static const size_t rows[] = { ROWS, 9, 40 }, steps[] = { STEPS, 1, 100 * STEPS };
        for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
                memset(want, 0, sizeof want);
                for (size_t i = 0; i < rows[k]; i++)
                        for (size_t s = 0; s < steps[k]; s++)
                                if ((i + s) % 5)
                                        want[s] += (double)(i * 7 + s) * 0.1;
                for (size_t threads = 0; threads < 12; threads += 1 + threads) {
                        Run run;
                        Err err;
                        begin(&run, threads ? pool_new(threads, 16) : NULL, row, rows[k], steps[k]);
                        OPTIONS.max_bytes = UINT64_MAX;
                        memset(sums, 0, sizeof sums);
                        assert_ok(exec_stream(&run.x, run.src, &(Sink){ .arg = sums, .steps = fold }, &err), err);
                        assert_memory_equal(sums, want, sizeof sums);
                        Source *held;
                        assert_ok(exec_materialise(&run.x, &run.stage, run.src, false, &held, &err), err);
                        assert_true(held->n == rows[k]);
                        memset(sums, 0, sizeof sums);
                        assert_ok(exec_stream(&run.x, held, &(Sink){ .arg = sums, .steps = fold }, &err), err);
                        assert_memory_equal(sums, want, sizeof sums);
                        end(&run);
                }
        }
}

typedef struct Order {
        size_t next, stop_at;
        _Atomic int inside;
} Order;

static bool in_order(void *arg, size_t first, size_t n, double *const *rows, Err *err)
{
        Order *o = arg;
        assert_int_equal(atomic_fetch_add(&o->inside, 1), 0);
        for (size_t i = 0; i < n; i++) {
                assert_true(first + i == o->next++);
                if (exec_is_hist(rows[i][0]))
                        assert_true(exec_hist(rows[i][0])->count == (double)(first + i));
        }
        atomic_fetch_sub(&o->inside, 1);
        return o->next < o->stop_at || err_set(err, ERR_LIMIT, "enough");
}

static void rows_come_in_order_one_batch_at_a_time(void **state)
{
        (void)state;
        Run run;
        Err err;
        Order order = { .stop_at = SIZE_MAX };
        begin(&run, pool_new(4, 16), boxed_row, ROWS, STEPS);
        assert_ok(exec_stream(&run.x, run.src, &(Sink){ .arg = &order, .rows = in_order }, &err), err);
        assert_true(order.next == ROWS);
        assert_true(atomic_load(&run.x.samples_peak) == ROWS * STEPS);
        end(&run);
        assert_true(atomic_load(&run.x.bytes) < 1 << 16); /* workers; histograms are off the bill */
}

static void a_sink_ends_the_stream(void **state)
{
        (void)state;
        Run run;
        Err err;
        Order order = { .stop_at = 200 };
        begin(&run, pool_new(4, 16), boxed_row, ROWS, STEPS);
        assert_false(exec_stream(&run.x, run.src, &(Sink){ .arg = &order, .rows = in_order }, &err));
        assert_string_equal(err.msg, "enough");
        assert_true(order.next < 300);
        end(&run);
}

/* Invariant 3. */
static void the_first_failing_row_is_reported(void **state)
{
        (void)state;
        Run run;
        Err err;
        Source *out;
        begin(&run, pool_new(3, 16), failing_row, ROWS, STEPS);
        assert_false(exec_materialise(&run.x, &run.stage, run.src, false, &out, &err));
        assert_string_equal(err.msg, "row 300");
        end(&run);
}

/* Rows before the wide one hold 500 * 240 samples, for every number of threads and whatever a batch is. */
static void a_wide_window_counts_beside_what_is_held(void **state)
{
        (void)state;
        for (size_t threads = 1; threads < 6; threads++) {
                Run run;
                Err err;
                double sums[STEPS] = { 0 };
                begin(&run, pool_new(threads, 16), wide_row, 501, STEPS);
                Sink sink = { .arg = sums, .steps = fold };
                OPTIONS.max_samples = 500 * 240 + 1000;
                assert_ok(exec_stream(&run.x, run.src, &sink, &err), err);
                OPTIONS.max_samples = 500 * 240 + 999;
                assert_false(exec_stream(&run.x, run.src, &sink, &err));
                assert_contains(err.msg, "too many samples");
                end(&run);
        }
}

static void a_cancelled_stream_ends(void **state)
{
        (void)state;
        Run run;
        Err err;
        Order order = { .stop_at = SIZE_MAX };
        begin(&run, pool_new(2, 16), row, ROWS, STEPS);
        cancel_raise(&run.x.timeout);
        assert_false(exec_stream(&run.x, run.src, &(Sink){ .arg = &order, .rows = in_order }, &err));
        assert_int_equal(err.code, ERR_CANCELED);
        assert_true(order.next == 0);
        end(&run);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(folding_is_sequential_for_every_pool),
                cmocka_unit_test(rows_come_in_order_one_batch_at_a_time),
                cmocka_unit_test(a_sink_ends_the_stream),
                cmocka_unit_test(the_first_failing_row_is_reported),
                cmocka_unit_test(a_wide_window_counts_beside_what_is_held),
                cmocka_unit_test(a_cancelled_stream_ends),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
