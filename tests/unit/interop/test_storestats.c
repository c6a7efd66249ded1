#include "interop_data.h"

#include "interop/storestats.h"

static void counts_labels_and_churn(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        StoreStatsOptions options = { .min_ms = 0, .max_ms = 1000, .limit = 2 };
        StoreStats s;
        Err err;
        for (int i = 0; i < 3; i++) { /* b and c live for a tenth of the time */
                static const char *const jobs[] = { "a", "b", "c" };
                memstore_add(ms, data_labels(arena, "up", "job", jobs[i]), 0, i);
                memstore_add(ms, data_labels(arena, "up", "job", jobs[i]), i ? 100 : 1000, i);
        }
        memstore_add(ms, data_labels(arena, "once", NULL, NULL), 500, 1);
        memstore_add(ms, data_labels(arena, "later", NULL, NULL), 5000, 1);
        assert_ok(storestats_run(memstore_engine(ms), &options, arena, &s, &err), err);
        assert_int_equal(s.series, 4);
        assert_int_equal(s.samples, 7);
        assert_int_equal(s.label_names, 2);
        assert_int_equal(s.label_pairs, 5);
        assert_int_equal(s.postings, 7);
        assert_int_equal(s.series_by_pair.n, 2);
        assert_str(s.series_by_pair.data[0].name, "__name__=up");
        assert_int_equal(s.series_by_pair.data[0].value, 3);
        assert_str(s.churn_by_name.data[0].name, "__name__");
        assert_int_equal(s.churn_by_name.data[0].value, 2); /* 0.9 + 0.9 + 1 */
        assert_str(s.values_by_name.data[0].name, "job");
        assert_int_equal(s.values_by_name.data[0].value, 3);
        assert_str(s.bytes_by_name.data[0].name, "__name__");
        assert_int_equal(s.bytes_by_name.data[0].value, 6);
        assert_str(s.series_by_metric.data[0].name, "up");
}

static void an_empty_store_is_fine(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        StoreStatsOptions options = { .min_ms = INT64_MAX, .max_ms = INT64_MIN };
        StoreStats s;
        Err err;
        assert_ok(storestats_run(memstore_engine(ms), &options, arena, &s, &err), err);
        assert_int_equal(s.series, 0);
        options = (StoreStatsOptions){ .max_ms = 10 };
        assert_ok(storestats_run(memstore_engine(ms), &options, arena, &s, &err), err);
        assert_int_equal(s.series_by_pair.n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(counts_labels_and_churn),
                                            cmocka_unit_test(an_empty_store_is_fine) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
