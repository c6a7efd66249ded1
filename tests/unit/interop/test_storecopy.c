#include "interop_data.h"

#include "interop/storecopy.h"

enum { START_MS = 1600000000 };

static void copies_everything(void **state)
{
        (void)state;
        AUTO(memstore_free) MemStore *from = data_store(START_MS);
        AUTO(memstore_free) MemStore *to = memstore_new();
        StoreCopyOptions options = { .min_ms = START_MS, .max_ms = START_MS + 6 * 3600000 };
        StoreCopyStats stats = { 0 };
        Err err;
        assert_ok(storecopy_run(memstore_engine(from), memstore_engine(to), &options, &stats, &err), err);
        data_same_stores(memstore_engine(from), memstore_engine(to), 0, INT64_MAX);
        assert_int_equal(stats.series, 7);
        assert_int_equal(stats.histograms, 40 + 40 + 12 + 1);
        assert_int_equal(stats.samples, 3 * 1200 + 93 + 1);
        assert_true(stats.done == 1);
        /* once more: everything is there already */
        StoreCopyStats again = { 0 };
        assert_ok(storecopy_run(memstore_engine(from), memstore_engine(to), &options, &again, &err), err);
        assert_int_equal(again.samples, 0);
        buf_done(&again.first_refused);
}

static void counts_what_is_refused(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *from = memstore_new();
        AUTO(memstore_free) MemStore *to = memstore_new();
        StoreCopyOptions options = { .min_ms = 0, .max_ms = 100 };
        StoreCopyStats stats = { 0 };
        Err err;
        memstore_add(from, data_labels(arena, "up", "job", "a"), 5, 1);
        memstore_add(from, data_labels(arena, "up", "job", "a"), 50, 1);
        memstore_add(to, data_labels(arena, "up", "job", "a"), 10, 1);
        assert_ok(storecopy_run(memstore_engine(from), memstore_engine(to), &options, &stats, &err), err);
        assert_int_equal(stats.samples, 1);
        assert_int_equal(stats.refused[APPEND_OUT_OF_ORDER], 1);
        assert_contains(buf_cstr(&stats.first_refused), "up{job=\"a\"} at 5 ms: out_of_order");
        buf_done(&stats.first_refused);
}

static bool stop(void *ctx, const StoreCopyStats *stats, Err *err)
{
        (void)ctx;
        (void)stats;
        return err_set(err, ERR_CANCELED, "enough");
}

static void progress_can_stop(void **state)
{
        (void)state;
        AUTO(memstore_free) MemStore *from = data_store(START_MS);
        AUTO(memstore_free) MemStore *to = memstore_new();
        StoreCopyOptions options = { .min_ms = 0, .max_ms = START_MS + 6 * 3600000, .progress = stop };
        StoreCopyStats stats = { 0 };
        Err err;
        assert_false(storecopy_run(memstore_engine(from), memstore_engine(to), &options, &stats, &err));
        assert_int_equal(err.code, ERR_CANCELED);
}

static void windows_of_negative_times(void **state)
{
        (void)state;
        assert_int_equal(storecopy_window(0), 0);
        assert_int_equal(storecopy_window(7199999), 0);
        assert_int_equal(storecopy_window(-1), -7200000);
        assert_int_equal(storecopy_window(-7200000), -7200000);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(copies_everything),
                                            cmocka_unit_test(counts_what_is_refused),
                                            cmocka_unit_test(progress_can_stop),
                                            cmocka_unit_test(windows_of_negative_times) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
