#include "interop_data.h"

#include "interop/promdir.h"
#include "interop/promwrite.h"

enum { START_MS = 1600000000 };

static uint64_t write_all(const char *dir, StoreEngine *from, int64_t min_ms, int64_t max_ms)
{
        PromWriteOptions options = { .fs = fs_system(), .dir = dir, .min_ms = min_ms, .max_ms = max_ms };
        PromWriteStats stats = { 0 };
        Err err;
        assert_ok(promwrite_blocks(from, &options, &stats, &err), err);
        return stats.blocks;
}

static void what_is_written_reads_back(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(memstore_free) MemStore *ms = data_store(START_MS);
        AUTO(promdir_free) PromDir *prom = NULL;
        Err err;
        assert_int_equal(write_all(dir, memstore_engine(ms), START_MS, START_MS + 5 * 3600000), 3);
        assert_ok(promdir_open(fs_system(), dir, &prom, &err), err);
        data_same_stores(memstore_engine(ms), promdir_engine(prom), 0, INT64_MAX);
        PromDirStats stats;
        promdir_stats(prom, &stats);
        assert_int_equal(stats.damaged_chunks, 0);
        assert_int_equal(stats.blocks, 3);
        assert_int_equal(stats.min_ms, START_MS);
        data_dir_done(dir);
}

static void writes_a_part_only(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(memstore_free) MemStore *ms = data_store(START_MS);
        AUTO(promdir_free) PromDir *prom = NULL;
        Err err;
        int64_t from = START_MS + 3600000, to = from + 600000;
        assert_int_equal(write_all(dir, memstore_engine(ms), from, to), 1);
        assert_ok(promdir_open(fs_system(), dir, &prom, &err), err);
        PromDirStats stats;
        promdir_stats(prom, &stats);
        assert_true(stats.min_ms >= from && stats.max_ms <= to);
        data_dir_done(dir);
}

/* Invariant 1: nothing with a block's name is left behind by a failure. */
static void failures_leave_no_block(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(memstore_free) MemStore *ms = data_store(START_MS);
        AUTO(arena_free) Arena *arena = arena_new();
        Cancel cancel;
        cancel_init(&cancel, clock_system(), 0);
        cancel_raise(&cancel);
        PromWriteOptions options = {
                .fs = fs_system(), .dir = dir, .min_ms = 0, .max_ms = INT64_MAX / 2, .cancel = &cancel
        };
        PromWriteStats stats = { 0 };
        Err err;
        assert_false(promwrite_blocks(memstore_engine(ms), &options, &stats, &err));
        Str *names;
        size_t n;
        assert_ok(fs_system()->list(fs_system(), dir, arena, &names, &n, &err), err);
        assert_int_equal(n, 1); /* wal */
        data_dir_done(dir);
}

static void an_empty_range_writes_nothing(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(memstore_free) MemStore *ms = data_store(START_MS);
        assert_int_equal(write_all(dir, memstore_engine(ms), 5, 4), 0);
        assert_int_equal(write_all(dir, memstore_engine(ms), 0, 7200000 * 3), 0);
        data_dir_done(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_written_reads_back),
                                            cmocka_unit_test(writes_a_part_only),
                                            cmocka_unit_test(failures_leave_no_block),
                                            cmocka_unit_test(an_empty_range_writes_nothing) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
