#include "interop_data.h"

#include "interop/promdir.h"
#include "interop/promwrite.h"

enum { START_MS = 1600000000 };

static void export(const char *dir, MemStore *ms)
{
        PromWriteOptions options = { .fs = fs_system(), .dir = dir, .min_ms = 0, .max_ms = START_MS * 2LL };
        PromWriteStats stats = { 0 };
        Err err;
        assert_ok(promwrite_blocks(memstore_engine(ms), &options, &stats, &err), err);
}

/* Invariant 1: blocks and log overlap; each time comes once. */
static void blocks_and_head_are_one(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *a = memstore_new();
        AUTO(memstore_free) MemStore *b = memstore_new();
        AUTO(memstore_free) MemStore *want = memstore_new();
        Buf wal = { .arena = arena }, r = { .arena = arena };
        Labels up = data_labels(arena, "up", "job", "a");
        for (int i = 0; i < 400; i++) {
                if (i % 3 != 1)
                        memstore_add(a, up, i * 1000, i);
                if (i % 3 != 0)
                        memstore_add(b, up, i * 1000, i);
                memstore_add(want, up, i * 1000, i);
        }
        export(dir, a);
        export(dir, b);
        data_series_record(&r, 1, "up", "job", "a");
        data_wal_put(&wal, buf_str(&r), 0);
        buf_clear(&r);
        data_sample_record(&r, 1, 7200000, 1000, 0, 50);
        data_wal_put(&wal, buf_str(&r), 0);
        data_file(dir, "wal/00000000", buf_str(&wal));
        for (int i = 0; i < 50; i++)
                memstore_add(want, up, 7200000 + i * 1000, i);
        AUTO(promdir_free) PromDir *prom = NULL;
        Err err;
        assert_true(promdir_is(fs_system(), dir));
        assert_ok(promdir_open(fs_system(), dir, &prom, &err), err);
        data_same_stores(memstore_engine(want), promdir_engine(prom), INT64_MIN, INT64_MAX);
        data_same_stores(memstore_engine(want), promdir_engine(prom), 150500, 7201000);
        PromDirStats stats;
        promdir_stats(prom, &stats);
        assert_int_equal(stats.min_ms, 0);
        assert_int_equal(stats.max_ms, 7249000);
        assert_int_equal(stats.series, 1);
        data_dir_done(dir);
}

static void selects_by_matchers(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = data_store(START_MS);
        export(dir, ms);
        AUTO(promdir_free) PromDir *prom = NULL;
        AUTO(querier_close) Querier *q = NULL;
        Err err;
        Matcher m;
        Str *names;
        size_t n;
        StoreSelection sel;
        assert_ok(promdir_open(fs_system(), dir, &prom, &err), err);
        assert_ok(store_querier(promdir_engine(prom), 0, INT64_MAX, &q, &err), err);
        assert_ok(matcher_make(arena, MATCH_RE, STR("code"), STR("5.."), &m, &err), err);
        SelectArgs args = { .matchers = { &m, 1 }, .max_ms = INT64_MAX };
        assert_ok(q->select(q, &args, arena, &sel, &err), err);
        assert_int_equal(sel.n, 1);
        args.matchers.n = 0;
        args.max_series = 2;
        assert_false(q->select(q, &args, arena, &sel, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        args.max_series = 0;
        assert_ok(q->label_names(q, &args, 0, arena, &names, &n, &err), err);
        assert_int_equal(n, 5);
        assert_ok(q->label_values(q, STR("side"), &args, 0, arena, &names, &n, &err), err);
        assert_int_equal(n, 2);
        assert_str(names[0], "float");
        data_dir_done(dir);
}

static void nothing_can_be_written(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = data_store(START_MS);
        export(dir, ms);
        AUTO(promdir_free) PromDir *prom = NULL;
        Err err;
        SeriesRef ref = 0;
        assert_ok(promdir_open(fs_system(), dir, &prom, &err), err);
        Appender *a = store_appender(promdir_engine(prom));
        assert_int_equal(store_append(a, &ref, data_labels(arena, "x", NULL, NULL), 1, 1), APPEND_OUT_OF_BOUNDS);
        assert_false(store_commit(a, &err));
        store_rollback(store_appender(promdir_engine(prom)));
        data_dir_done(dir);
}

static void other_folders_are_refused(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        PromDir *prom;
        Err err;
        assert_false(promdir_is(fs_system(), dir));
        assert_false(promdir_open(fs_system(), dir, &prom, &err));
        assert_contains(err.msg, "no Prometheus data directory");
        assert_false(promdir_open(fs_system(), "/nonexistent", &prom, &err));
        data_dir_done(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(blocks_and_head_are_one),
                                            cmocka_unit_test(selects_by_matchers),
                                            cmocka_unit_test(nothing_can_be_written),
                                            cmocka_unit_test(other_folders_are_refused) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
