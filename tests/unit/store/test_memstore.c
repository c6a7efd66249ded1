#include "testing.h"

#include "base/vec.h"
#include "store/memstore.h"

static Labels pair(Arena *arena, const char *name, const char *job)
{
        Label *l = arena_array(arena, Label, 2);
        l[0] = (Label){ STR("__name__"), str_of(name) };
        l[1] = (Label){ STR("job"), str_of(job) };
        return (Labels){ l, 2 };
}

static void judges_samples(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        Labels up = pair(arena, "up", "a");
        assert_int_equal(memstore_add(ms, up, 1000, 1), APPEND_OK);
        assert_int_equal(memstore_add(ms, up, 1000, 1), APPEND_DUPLICATE);
        assert_int_equal(memstore_add(ms, up, 1000, 2), APPEND_CONFLICT);
        assert_int_equal(memstore_add(ms, up, 999, 2), APPEND_OUT_OF_ORDER);
        memstore_set_out_of_order_window(ms, 100);
        assert_int_equal(memstore_add(ms, up, 950, 3), APPEND_OK);
        assert_int_equal(memstore_add(ms, up, 899, 3), APPEND_OUT_OF_ORDER);
        assert_int_equal(memstore_add(ms, (Labels){ 0 }, 2000, 2), APPEND_BAD_LABELS);
        assert_int_equal(memstore_series(ms), 1);
}

static void sees_its_own_batch(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        Labels up = pair(arena, "up", "a");
        Appender *a = store_appender(memstore_engine(ms));
        SeriesRef ref = 0;
        assert_int_equal(store_append(a, &ref, up, 1, 1), APPEND_OK);
        assert_int_equal(store_append(a, &ref, (Labels){ 0 }, 2, 2), APPEND_OK);
        assert_int_equal(store_append(a, &ref, (Labels){ 0 }, 2, 2), APPEND_DUPLICATE);
        assert_int_equal(store_append(a, &ref, (Labels){ 0 }, 2, 3), APPEND_CONFLICT);
        assert_int_equal(store_append(a, &ref, (Labels){ 0 }, 1, 3), APPEND_OUT_OF_ORDER);
        store_rollback(a);
        assert_int_equal(memstore_add(ms, up, 1, 7), APPEND_OK);
}

static void selects_and_reads(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        for (int i = 0; i < 10; i++) {
                memstore_add(ms, pair(arena, "up", "b"), i * 10, i);
                memstore_add(ms, pair(arena, "up", "a"), i * 10, -i);
        }
        memstore_add(ms, pair(arena, "old", "a"), -1000, 1);
        Err err;
        AUTO(querier_close) Querier *q = NULL;
        assert_ok(store_querier(memstore_engine(ms), 0, 100, &q, &err), err);
        Matcher m = { .type = MATCH_NE, .name = STR("job"), .value = STR("c") };
        SelectArgs args = { .matchers = { &m, 1 }, .min_ms = 0, .max_ms = 100, .sorted = true };
        StoreSelection sel;
        assert_ok(q->select(q, &args, arena, &sel, &err), err);
        assert_int_equal(sel.n, 2);
        assert_str(labels_get(sel.series[0].labels, STR("job")), "a");
        Column col = { 0 };
        assert_ok(q->read(q, &sel, 0, 20, 40, &col, &err), err);
        assert_int_equal(col.n, 3);
        assert_int_equal(col.t[0], 20);
        assert_double(col.v[2], -4.0);
        column_done(&col);
        args.max_series = 1;
        assert_false(q->select(q, &args, arena, &sel, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        args.max_series = 0;
        Str *strs;
        size_t n;
        assert_ok(q->label_values(q, STR("job"), &args, 0, arena, &strs, &n, &err), err);
        assert_int_equal(n, 2);
        assert_str(strs[1], "b");
        assert_ok(q->label_names(q, &args, 1, arena, &strs, &n, &err), err);
        assert_int_equal(n, 1);
        assert_str(strs[0], "__name__");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(judges_samples), cmocka_unit_test(sees_its_own_batch),
                                            cmocka_unit_test(selects_and_reads) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
