#include "interop_data.h"

#include "interop/stage.h"

static void sorts_and_drops_repeats(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(stage_free) Stage *stage = stage_new();
        AUTO(memstore_free) MemStore *want = memstore_new();
        Label reversed[] = { { STR("job"), STR("a") }, { STR("empty"), { 0 } }, { LABEL_NAME, STR("up") } };
        uint64_t repeated = 0;
        int64_t min_ms, max_ms;
        assert_false(stage_range(stage, &min_ms, &max_ms));
        for (int i = 99; i >= 0; i--)
                assert_true(stage_put(stage, (Labels){ reversed, 3 }, i * 10, i));
        stage_more(stage, 50, 77);
        for (int i = 0; i < 100; i++)
                memstore_add(want, data_labels(arena, "up", "job", "a"), i * 10, i);
        assert_int_equal(stage_samples(stage), 101);
        assert_true(stage_range(stage, &min_ms, &max_ms));
        assert_int_equal(max_ms, 990);
        data_same_stores(memstore_engine(want), stage_engine(stage, &repeated), INT64_MIN, INT64_MAX);
        data_same_stores(memstore_engine(want), stage_engine(stage, &repeated), 95, 105);
        assert_int_equal(repeated, 1);
        stage_clear(stage);
        assert_int_equal(stage_samples(stage), 0);
}

static void refuses_labels_that_are_none(void **state)
{
        (void)state;
        AUTO(stage_free) Stage *stage = stage_new();
        Label twice[] = { { STR("a"), STR("1") }, { STR("a"), STR("2") } };
        assert_false(stage_put(stage, (Labels){ twice, 2 }, 1, 1));
        assert_false(stage_put(stage, (Labels){ 0 }, 1, 1));
        assert_int_equal(stage_samples(stage), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(sorts_and_drops_repeats),
                                            cmocka_unit_test(refuses_labels_that_are_none) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
