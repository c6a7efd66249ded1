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
        assert_int_equal(memstore_add(ms, up, 2000, 2), APPEND_OK);
        assert_int_equal(memstore_add(ms, up, 1000, 1), APPEND_OUT_OF_ORDER); /* although it is there */
        memstore_set_out_of_order_window(ms, 100);
        assert_int_equal(memstore_add(ms, up, 1950, 3), APPEND_OK);
        assert_int_equal(memstore_add(ms, up, 1899, 3), APPEND_OUT_OF_ORDER);
        assert_int_equal(memstore_add(ms, up, 1950, 3), APPEND_DUPLICATE);
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

static AppendResult add_sample(MemStore *ms, Labels labels, const StoreSample *sample)
{
        Appender *a = store_appender(memstore_engine(ms));
        SeriesRef ref = 0;
        Err err;
        AppendResult result = store_append_sample(a, &ref, labels, sample);
        assert_ok(store_commit(a, &err), err);
        return result;
}

/* What readers know of counter resets, and the start timestamps, come back in the order of time. */
static void keeps_histograms_and_starts(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        Labels h = pair(arena, "h", "a");
        double few[] = { 1, 2 }, many[] = { 2, 2 };
        HistogramSpan span = { 0, 2 };
        Histogram x = { .count = 3, .positive = { &span, few, 1, 2 } },
                  y = { .count = 4, .positive = { &span, many, 1, 2 } };
        memstore_set_out_of_order_window(ms, 1000);
        assert_int_equal(add_sample(ms, h, &(StoreSample){ .t_ms = 1, .h = &x, .st_ms = 0 }), APPEND_OK);
        assert_int_equal(add_sample(ms, h, &(StoreSample){ .t_ms = 2, .h = &y, .st_ms = 1 }), APPEND_OK);
        assert_int_equal(add_sample(ms, h, &(StoreSample){ .t_ms = 2, .h = &y }), APPEND_DUPLICATE);
        assert_int_equal(add_sample(ms, h, &(StoreSample){ .t_ms = 2, .h = &x }), APPEND_CONFLICT);
        assert_int_equal(add_sample(ms, h, &(StoreSample){ .t_ms = 2, .v = 4 }), APPEND_CONFLICT);
        assert_int_equal(add_sample(ms, h, &(StoreSample){ .t_ms = 4, .h = &x }), APPEND_OK);
        assert_int_equal(add_sample(ms, h, &(StoreSample){ .t_ms = 3, .v = 7 }), APPEND_OK);
        x.positive.n_counts = 1;
        assert_int_equal(add_sample(ms, h, &(StoreSample){ .t_ms = 9, .h = &x }), APPEND_BAD_HISTOGRAM);
        Querier *q;
        Err err;
        StoreSelection sel;
        Column col = { 0 };
        assert_ok(store_querier(memstore_engine(ms), 0, 10, &q, &err), err);
        assert_ok(q->select(q, &(SelectArgs){ .min_ms = 0, .max_ms = 10 }, arena, &sel, &err), err);
        assert_ok(q->read(q, &sel, 0, 0, 10, &col, &err), err);
        assert_int_equal(col.n, 4);
        assert_int_equal(col.h[0]->hint, HISTOGRAM_HINT_UNKNOWN);
        assert_int_equal(col.h[1]->hint, HISTOGRAM_HINT_NOT_RESET);
        assert_null(col.h[2]);
        assert_true(col.v[2] == 7);
        assert_int_equal(col.h[3]->hint, HISTOGRAM_HINT_UNKNOWN); /* it fell */
        assert_int_equal(col.st[1], 1);
        assert_int_equal(col.st[2], 0);
        column_done(&col);
        querier_close(q);
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
                                            cmocka_unit_test(keeps_histograms_and_starts),
                                            cmocka_unit_test(selects_and_reads) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
