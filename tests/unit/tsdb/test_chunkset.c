#include "rig.h"

#include "tsdb/chunkset.h"

static void add(ChunkSet *s, uint64_t sid, int64_t t)
{
        XorChunk c;
        xorchunk_init(&c);
        xorchunk_append(&c, t, 1);
        chunkset_append(s, sid, &c);
        xorchunk_done(&c);
}

static size_t files(ChunkSet *s)
{
        ChunkList *list = chunkset_list(s);
        size_t n = list->n;
        snapshot_unref(&list->snap);
        return n;
}

static void windows(void **state)
{
        (void)state;
        assert_int_equal(chunkset_window(0), 0);
        assert_int_equal(chunkset_window(7199999), 0);
        assert_int_equal(chunkset_window(7200000), 7200000);
        assert_int_equal(chunkset_window(-1), -7200000);
        assert_int_equal(chunkset_window(INT64_MIN), INT64_MIN);
}

static void seals_and_drops(void **state)
{
        (void)state;
        char dir[] = "/tmp/pharos-set-XXXXXX";
        assert_non_null(mkdtemp(dir));
        ChunkSet *s;
        ChunkFileDamage damage = { 0 };
        Err err;
        size_t n;
        int64_t floor = INT64_MIN;
        assert_ok(chunkset_open(fs_system(), dir, &s, &damage, &err), err);
        for (int64_t w = 0; w < 5; w++)
                for (uint64_t sid = 1; sid < 10; sid++)
                        add(s, sid, w * CHUNKSET_WINDOW_MS + 5);
        assert_int_equal(files(s), 5);
        assert_true(chunkset_waiting(s) > 0);
        assert_ok(chunkset_sync(s, &err), err);
        assert_int_equal(chunkset_waiting(s), 0);
        assert_true(chunkset_is_due(s, CHUNKSET_WINDOW_MS));
        assert_false(chunkset_is_due(s, CHUNKSET_WINDOW_MS - 1));
        assert_ok(chunkset_seal(s, 3 * (int64_t)CHUNKSET_WINDOW_MS, true, &n, &err), err);
        assert_int_equal(n, 0); /* just written */
        assert_ok(chunkset_seal(s, 3 * (int64_t)CHUNKSET_WINDOW_MS, true, &n, &err), err);
        assert_int_equal(n, 3);
        add(s, 1, 6); /* a straggler begins a second file of the first window */
        assert_int_equal(files(s), 6);
        assert_ok(chunkset_flush(s, 1, &err), err);
        chunkset_close(s);
        assert_ok(chunkset_open(fs_system(), dir, &s, &damage, &err), err);
        assert_int_equal(files(s), 6);
        assert_int_equal(damage.records + damage.tail_bytes, 0);
        ChunkList *held = chunkset_list(s);
        assert_ok(chunkset_drop(s, CHUNKSET_WINDOW_MS + 6, 0, &floor, &n, &err), err);
        assert_int_equal(n, 2);
        assert_int_equal(floor, INT64_MIN);
        assert_ok(chunkset_drop(s, INT64_MIN, 1, &floor, &n, &err), err);
        assert_int_equal(n, 1); /* what is not sealed stays */
        assert_int_equal(floor, 2 * (int64_t)CHUNKSET_WINDOW_MS + 6);
        /* Who holds the list still reads dropped files. */
        Column c = { 0 };
        uint64_t damaged = 0;
        assert_ok(chunkfile_read(held->files[0], 3, INT64_MIN, INT64_MAX, &c, &damaged, &err), err);
        assert_int_equal(c.n, 1);
        column_done(&c);
        snapshot_unref(&held->snap);
        chunkset_close(s);
        assert_ok(file_remove_tree(fs_system(), dir, &err), err);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(windows), cmocka_unit_test(seals_and_drops) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
