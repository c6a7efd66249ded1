#include "sync/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/metric.h"
#include "os/mutex.h"
#include "os/proc.h"
#include "testing.h"

typedef struct Gate {
        Mutex mu;
        Cond changed;
        bool open;
        int waiting;
        _Atomic int ran;
} Gate;

static void gate_init(Gate *g)
{
        *g = (Gate){ 0 };
        mutex_init(&g->mu);
        mutex_cond_init(&g->changed);
}

static void gate_done(Gate *g)
{
        mutex_cond_done(&g->changed);
        mutex_done(&g->mu);
}

static void wait_at_gate(void *arg)
{
        Gate *g = arg;
        mutex_lock(&g->mu);
        g->waiting++;
        mutex_cond_broadcast(&g->changed);
        while (!g->open)
                mutex_cond_wait(&g->changed, &g->mu);
        mutex_unlock(&g->mu);
        atomic_fetch_add(&g->ran, 1);
}

static void open_gate(Gate *g)
{
        MUTEX_SCOPE(&g->mu);
        g->open = true;
        mutex_cond_broadcast(&g->changed);
}

static void until_waiting(Gate *g, int n)
{
        MUTEX_SCOPE(&g->mu);
        while (g->waiting < n)
                mutex_cond_wait(&g->changed, &g->mu);
}

static void count_up(void *arg) { atomic_fetch_add((_Atomic int *)arg, 1); }

static void every_submitted_job_runs_once(void **state)
{
        (void)state;
        Pool *pool = pool_new(3, 10000);
        assert_int_equal(pool_threads(pool), 3);
        _Atomic int ran = 0;
        for (int i = 0; i < 5000; i++)
                assert_true(pool_submit(pool, count_up, &ran));
        pool_free(pool); /* runs what is queued */
        assert_int_equal(ran, 5000);
        pool_free(NULL);
}

static void a_full_queue_refuses_and_counts(void **state)
{
        (void)state;
        Gate g;
        gate_init(&g);
        Pool *pool = pool_new(1, 2);
        assert_true(pool_submit(pool, wait_at_gate, &g));
        until_waiting(&g, 1);
        assert_true(pool_submit(pool, wait_at_gate, &g));
        assert_true(pool_submit(pool, wait_at_gate, &g));
        assert_false(pool_submit(pool, wait_at_gate, &g));
        AUTO(buf_done) Buf text = { 0 };
        metric_write_text(&text);
        assert_contains(buf_cstr(&text), "pharos_sync_pool_rejected_total 1\n");
        open_gate(&g);
        pool_free(pool);
        assert_int_equal(g.ran, 3);
        gate_done(&g);
}

typedef struct Grid {
        Pool *pool;
        _Atomic int hits[500];
} Grid;

static void hit(void *arg, size_t i) { atomic_fetch_add(&((Grid *)arg)->hits[i], 1); }

static void for_each_calls_every_index_once(void **state)
{
        (void)state;
        Pool *pool = pool_new(4, 8);
        for (int round = 0; round < 200; round++) {
                Grid grid = { 0 };
                size_t n = (size_t)round * 2 + 1;
                pool_for_each(pool, n, hit, &grid);
                for (size_t i = 0; i < 500; i++)
                        assert_int_equal(grid.hits[i], i < n);
        }
        pool_for_each(pool, 0, hit, NULL);
        Grid grid = { 0 };
        pool_for_each(NULL, 500, hit, &grid);
        for (size_t i = 0; i < 500; i++)
                assert_int_equal(grid.hits[i], 1);
        pool_free(pool);
}

static void hit_row(void *arg, size_t i)
{
        Grid *grid = arg;
        (void)i;
        pool_for_each(grid->pool, 50, hit, grid);
}

static void for_each_nests_on_a_busy_pool(void **state)
{
        (void)state;
        Gate g;
        gate_init(&g);
        Pool *pool = pool_new(2, 1);
        assert_true(pool_submit(pool, wait_at_gate, &g));
        until_waiting(&g, 1);
        assert_true(pool_submit(pool, wait_at_gate, &g));
        until_waiting(&g, 2);
        /* All workers are stuck: the caller does everything, two levels deep. */
        Grid grid = { .pool = pool };
        pool_for_each(pool, 20, hit_row, &grid);
        for (size_t i = 0; i < 50; i++)
                assert_int_equal(grid.hits[i], 20);
        open_gate(&g);
        for (int round = 0; round < 20; round++)
                pool_for_each(pool, 20, hit_row, &grid);
        for (size_t i = 0; i < 50; i++)
                assert_int_equal(grid.hits[i], 20 * 21);
        pool_free(pool);
        gate_done(&g);
}

static void remember_name(void *arg) { pthread_getname_np(pthread_self(), arg, 16); }

static void workers_have_a_name(void **state)
{
        (void)state;
        char name[16] = "";
        Pool *pool = pool_new(0, 1);
        assert_int_equal(pool_threads(pool), proc_cpus());
        assert_true(pool_submit(pool, remember_name, name));
        pool_free(pool);
        assert_string_equal(name, "pharos-pool");
}

static void remember_cpus(void *arg)
{
        cpu_set_t set;
        pthread_getaffinity_np(pthread_self(), sizeof set, &set);
        atomic_store((_Atomic int *)arg, CPU_COUNT(&set));
}

static void jobs_after_a_loop_run_anywhere(void **state)
{
        (void)state;
        Pool *pool = pool_new(2, 8);
        for (int round = 0; round < 50; round++) {
                Grid grid = { 0 };
                _Atomic int cpus[2] = { 0 };
                pool_for_each(pool, 10, hit, &grid);
                for (int i = 0; i < 2; i++)
                        assert_true(pool_submit(pool, remember_cpus, &cpus[i]));
                for (int i = 0; i < 2; i++)
                        while (atomic_load(&cpus[i]) == 0)
                                sched_yield();
                assert_int_equal(cpus[0], proc_cpus());
                assert_int_equal(cpus[1], proc_cpus());
        }
        pool_free(pool);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_submitted_job_runs_once),
                cmocka_unit_test(a_full_queue_refuses_and_counts),
                cmocka_unit_test(for_each_calls_every_index_once),
                cmocka_unit_test(for_each_nests_on_a_busy_pool),
                cmocka_unit_test(workers_have_a_name),
                cmocka_unit_test(jobs_after_a_loop_run_anywhere),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
