/* Many writers, readers and the upkeep at once: no torn series, no lost batch. Worth most under the thread sanitizer. */
#include "rig.h"

#include "os/thread.h"
#include "sync/pool.h"
#include "tsdb/head.h"

enum { WRITERS = 3, READERS = 2, SERIES = 60, BATCHES = 300 };

typedef struct Crowd {
        Rig *rig;
        _Atomic unsigned next, writers_left;
} Crowd;

static Labels own_labels(Arena *arena, unsigned writer, unsigned i)
{
        Label *l = arena_array(arena, Label, 2);
        l[0] = (Label){ STR("__name__"), str_printf(arena, "w%u", writer) };
        l[1] = (Label){ STR("i"), str_printf(arena, "%u", i) };
        return (Labels){ l, 2 };
}

static void write_batches(void *arg)
{
        Crowd *crowd = arg;
        unsigned me = atomic_fetch_add(&crowd->next, 1);
        Arena *arena = arena_new();
        SeriesRef refs[SERIES] = { 0 };
        Err err;
        for (unsigned b = 0; b < BATCHES; b++) {
                Appender *a = store_appender(tsdb_engine(crowd->rig->db));
                for (unsigned i = 0; i < SERIES; i++) {
                        AppendResult got = store_append(a, &refs[i], own_labels(arena, me, i), RIG_START_MS + b, b);
                        assert_int_equal(got, APPEND_OK);
                        /* everybody also writes this one: the first wins, the rest is refused, in append or at commit */
                        if (i == 0) {
                                SeriesRef shared = 0;
                                store_append(a, &shared, own_labels(arena, 99, 0), RIG_START_MS + b, b);
                        }
                }
                assert_true(store_commit(a, &err));
                /* a series that nobody commits comes and goes */
                a = store_appender(tsdb_engine(crowd->rig->db));
                SeriesRef none = 0;
                store_append(a, &none, own_labels(arena, 1000 + me, b), RIG_START_MS, 1);
                store_rollback(a);
                arena_reset(arena);
        }
        arena_free(arena);
        atomic_fetch_sub(&crowd->writers_left, 1);
}

static void read_until_done(void *arg)
{
        Crowd *crowd = arg;
        Column c = { 0 };
        bool last;
        do {
                last = atomic_load(&crowd->writers_left) == 0;
                Arena *arena = arena_new();
                Querier *q;
                Err err;
                StoreSelection sel;
                SelectArgs args = { .min_ms = 0, .max_ms = INT64_MAX, .sorted = true };
                assert_true(store_querier(tsdb_engine(crowd->rig->db), 0, INT64_MAX, &q, &err));
                assert_true(q->select(q, &args, arena, &sel, &err));
                for (size_t i = 0; i < sel.n; i++) {
                        column_clear(&c);
                        assert_true(q->read(q, &sel, i, 0, INT64_MAX, &c, &err));
                        for (size_t k = 0; k < c.n; k++)
                                assert_true(c.t[k] == RIG_START_MS + (int64_t)k && c.v[k] == (double)k);
                }
                querier_close(q);
                arena_free(arena);
        } while (!last);
        column_done(&c);
}

static void keep_up(void *arg)
{
        Crowd *crowd = arg;
        Err err;
        for (unsigned round = 0; atomic_load(&crowd->writers_left); round++) {
                clock_manual_advance_ms(&crowd->rig->clock, HEAD_UPKEEP_MS);
                tsdb_maintain(crowd->rig->db);
                if (round % 8 == 0)
                        assert_true(tsdb_flush(crowd->rig->db, &err));
                TsdbStats s;
                tsdb_stats(crowd->rig->db, &s);
        }
}

static void a_crowd_sees_whole_series(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Crowd crowd = { .rig = &r, .writers_left = WRITERS };
        Thread threads[WRITERS + READERS + 1];
        size_t n = 0;
        Err err;
        for (int i = 0; i < WRITERS; i++)
                assert_ok(thread_start(&threads[n++], "writer", write_batches, &crowd, &err), err);
        for (int i = 0; i < READERS; i++)
                assert_ok(thread_start(&threads[n++], "reader", read_until_done, &crowd, &err), err);
        assert_ok(thread_start(&threads[n++], "upkeep", keep_up, &crowd, &err), err);
        for (size_t i = 0; i < n; i++)
                thread_join(threads[i]);
        clock_manual_advance_ms(&r.clock, 2 * HEAD_UPKEEP_MS);
        tsdb_maintain(r.db);
        assert_int_equal(rig_stats(&r).series, WRITERS * SERIES + 1);
        assert_int_equal(rig_stats(&r).samples, (WRITERS * SERIES + 1) * BATCHES);
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(a_crowd_sees_whole_series) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
