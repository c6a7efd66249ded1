#include "sync/snapshot.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "os/thread.h"
#include "testing.h"

typedef struct Plan {
        Snapshot snap;
        int a, b; /* always equal */
} Plan;

static _Atomic int alive;

static void plan_free(Snapshot *snap)
{
        Plan *plan = (Plan *)snap;
        plan->a = -1;
        mem_free(plan);
        atomic_fetch_sub(&alive, 1);
}

static Plan *plan_new(int v)
{
        Plan *plan = mem_new(Plan);
        snapshot_init(&plan->snap, plan_free);
        plan->a = plan->b = v;
        atomic_fetch_add(&alive, 1);
        return plan;
}

static void the_last_reference_frees(void **state)
{
        (void)state;
        SnapshotCell cell;
        snapshot_cell_init(&cell);
        assert_null(snapshot_get(&cell));
        snapshot_publish(&cell, &plan_new(1)->snap);
        Plan *one = (Plan *)snapshot_get(&cell);
        assert_true(snapshot_is_current(&cell, &one->snap));
        snapshot_publish(&cell, &plan_new(2)->snap);
        assert_false(snapshot_is_current(&cell, &one->snap));
        assert_int_equal(one->a, 1);
        assert_int_equal(alive, 2);
        snapshot_ref(&one->snap);
        snapshot_unref(&one->snap);
        assert_int_equal(alive, 2);
        snapshot_unref(&one->snap);
        assert_int_equal(alive, 1);
        {
                AUTO(snapshot_unref) Snapshot *two = snapshot_get(&cell);
                snapshot_publish(&cell, NULL);
                assert_int_equal(((Plan *)two)->a, 2);
        }
        assert_int_equal(alive, 0);
        assert_null(snapshot_get(&cell));
        snapshot_publish(&cell, &plan_new(3)->snap);
        snapshot_cell_done(&cell);
        assert_int_equal(alive, 0);
        snapshot_unref(NULL);
        assert_null(snapshot_ref(NULL));
}

typedef struct Shared {
        SnapshotCell cell;
        _Atomic bool stop;
        _Atomic long reads, torn;
} Shared;

static void read_always(void *arg)
{
        Shared *s = arg;
        while (!atomic_load(&s->stop)) {
                AUTO(snapshot_unref) Snapshot *snap = snapshot_get(&s->cell);
                const Plan *plan = (const Plan *)snap;
                if (plan->a != plan->b)
                        atomic_fetch_add(&s->torn, 1);
                atomic_fetch_add(&s->reads, 1);
        }
}

static void readers_never_see_half_a_plan(void **state)
{
        (void)state;
        Shared s = { 0 };
        snapshot_cell_init(&s.cell);
        snapshot_publish(&s.cell, &plan_new(0)->snap);
        Thread readers[3];
        Err err;
        for (int i = 0; i < 3; i++)
                assert_ok(thread_start(&readers[i], "read", read_always, &s, &err), err);
        for (int i = 1; i < 20000 || atomic_load(&s.reads) == 0; i++)
                snapshot_publish(&s.cell, &plan_new(i)->snap);
        atomic_store(&s.stop, true);
        for (int i = 0; i < 3; i++)
                thread_join(readers[i]);
        assert_int_equal(s.torn, 0);
        snapshot_cell_done(&s.cell);
        assert_int_equal(alive, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(the_last_reference_frees),
                                            cmocka_unit_test(readers_never_see_half_a_plan) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
