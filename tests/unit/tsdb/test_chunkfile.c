#include "rig.h"

#include "hexdoc.h"
#include "tsdb/chunkfile.h"

#define WINDOW INT64_C(1699999200000)
static char dir[64], path[96];

static int set_up(void **state)
{
        (void)state;
        strcpy(dir, TEST_DIR("pharos-chunks"));
        if (!mkdtemp(dir))
                return -1;
        snprintf(path, sizeof path, "%s/00000001.chunks", dir);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        Err err;
        return file_remove_tree(fs_system(), dir, &err) ? 0 : -1;
}

static void add(ChunkFile *f, uint64_t sid, int from, int n)
{
        XorChunk c;
        xorchunk_init(&c);
        for (int i = 0; i < n; i++)
                xorchunk_append(&c, WINDOW + (from + i) * 1000, (double)sid + from + i);
        chunkfile_append(f, sid, &c);
        xorchunk_done(&c);
}

static void check(ChunkFile *f, uint64_t sid, int64_t min, int64_t max, size_t n, uint64_t want_damaged)
{
        Column c = { 0 };
        uint64_t damaged = 0;
        Err err;
        assert_ok(chunkfile_read(f, sid, min, max, &c, &damaged, &err), err);
        assert_int_equal(damaged, want_damaged);
        assert_int_equal(c.n, n);
        for (size_t i = 0; i < c.n; i++)
                assert_double(c.v[i], (double)sid + (double)(c.t[i] - WINDOW) / 1000);
        column_done(&c);
}

enum { SERIES = 300 };
static void fill(ChunkFile *f)
{
        for (int from = 0; from < 300; from += 100)
                for (uint64_t sid = 5; sid < 5 + SERIES * 3; sid += 3)
                        add(f, sid, from, 100);
}

static void check_filled(ChunkFile *f)
{
        for (uint64_t sid = 0; sid < 5 + SERIES * 3 + 5; sid++) {
                bool there = sid >= 5 && (sid - 5) % 3 == 0 && sid < 5 + SERIES * 3;
                check(f, sid, INT64_MIN, INT64_MAX, there ? 300 : 0, 0);
                check(f, sid, WINDOW + 95000, WINDOW + 104999, there ? 10 : 0, 0);
        }
        check(f, UINT64_MAX, INT64_MIN, INT64_MAX, 0, 0);
        check(f, 5, WINDOW + 300000, INT64_MAX, 0, 0);
        assert_int_equal(chunkfile_chunks(f), SERIES * 3);
        assert_int_equal(chunkfile_samples(f), SERIES * 300);
        int64_t min, max;
        assert_true(chunkfile_range(f, &min, &max));
        assert_int_equal(min, WINDOW);
        assert_int_equal(max, WINDOW + 299000);
}

static ChunkFile *reopen(ChunkFile *f, ChunkFileDamage *damage)
{
        Err err;
        snapshot_unref(chunkfile_snapshot(f));
        assert_ok(chunkfile_open(fs_system(), path, 1, &f, damage, &err), err);
        return f;
}

static void reads_in_every_state(void **state)
{
        (void)state;
        Err err;
        ChunkFileDamage damage = { 0 };
        ChunkFile *f = chunkfile_new(fs_system(), path, 1, WINDOW, WINDOW + 7200000);
        fill(f);
        assert_true(chunkfile_waiting(f) > 0);
        check_filled(f); /* all in memory */
        assert_ok(chunkfile_flush(f, &err), err);
        assert_int_equal(chunkfile_waiting(f), 0);
        check_filled(f); /* all in the file */
        f = reopen(f, &damage);
        assert_false(chunkfile_is_sealed(f));
        check_filled(f); /* found by walking */
        add(f, 100000, 0, 5);
        assert_ok(chunkfile_sync(f, &err), err);
        check(f, 100000, INT64_MIN, INT64_MAX, 5, 0);
        f = reopen(f, &damage);
        check(f, 100000, INT64_MIN, INT64_MAX, 5, 0);
        assert_ok(chunkfile_seal(f, &err), err);
        check(f, 100000, INT64_MIN, INT64_MAX, 5, 0);
        check(f, 8, INT64_MIN, INT64_MAX, 300, 0);
        f = reopen(f, &damage);
        assert_true(chunkfile_is_sealed(f));
        check(f, 100000, INT64_MIN, INT64_MAX, 5, 0);
        check(f, 8, INT64_MIN, INT64_MAX, 300, 0);
        assert_int_equal(damage.records + damage.tail_bytes, 0);
        assert_true(chunkfile_is_quiet(f) || chunkfile_is_quiet(f));
        snapshot_unref(chunkfile_snapshot(f));
}

static void a_damaged_index_is_rebuilt(void **state)
{
        (void)state;
        Err err;
        ChunkFileDamage damage = { 0 };
        ChunkFile *f = chunkfile_new(fs_system(), path, 1, WINDOW, WINDOW + 7200000);
        fill(f);
        assert_ok(chunkfile_seal(f, &err), err);
        AUTO(buf_done) Buf bytes = { 0 };
        assert_ok(file_read_all(fs_system(), path, 1 << 24, &bytes, &err), err);
        bytes.p[bytes.n - CHUNKFILE_TRAILER_BYTES - 100] ^= 64;
        assert_ok(file_write_atomic(fs_system(), path, buf_str(&bytes), &err), err);
        f = reopen(f, &damage);
        assert_true(chunkfile_is_sealed(f));
        check_filled(f);
        snapshot_unref(chunkfile_snapshot(f));
}

static void a_torn_end_is_cut(void **state)
{
        (void)state;
        Err err;
        ChunkFileDamage damage = { 0 };
        ChunkFile *f = chunkfile_new(fs_system(), path, 1, WINDOW, WINDOW + 7200000);
        add(f, 1, 0, 10);
        add(f, 2, 0, 10);
        assert_ok(chunkfile_flush(f, &err), err);
        AUTO(buf_done) Buf bytes = { 0 };
        assert_ok(file_read_all(fs_system(), path, 1 << 24, &bytes, &err), err);
        bytes.n -= 3;
        assert_ok(file_write_atomic(fs_system(), path, buf_str(&bytes), &err), err);
        f = reopen(f, &damage);
        assert_true(damage.tail_bytes > 0);
        check(f, 1, INT64_MIN, INT64_MAX, 10, 0);
        check(f, 2, INT64_MIN, INT64_MAX, 0, 0);
        add(f, 2, 20, 10);
        assert_ok(chunkfile_seal(f, &err), err);
        damage = (ChunkFileDamage){ 0 };
        f = reopen(f, &damage);
        assert_int_equal(damage.records + damage.tail_bytes, 0);
        check(f, 2, INT64_MIN, INT64_MAX, 10, 0);
        snapshot_unref(chunkfile_snapshot(f));
}

static void the_documented_example(void **state)
{
        (void)state;
        AUTO(buf_done) Buf bytes = { 0 };
        Err err;
        ChunkFile *f;
        ChunkFileDamage damage = { 0 };
        hexdoc_read("chunks.md", &bytes);
        assert_ok(file_write_atomic(fs_system(), path, buf_str(&bytes), &err), err);
        assert_ok(chunkfile_open(fs_system(), path, 1, &f, &damage, &err), err);
        assert_true(chunkfile_is_sealed(f));
        assert_int_equal(chunkfile_window_ms(f), WINDOW);
        assert_int_equal(chunkfile_window_end_ms(f), WINDOW + 7200000);
        Column c = { 0 };
        uint64_t damaged = 0;
        assert_ok(chunkfile_read(f, 7, INT64_MIN, INT64_MAX, &c, &damaged, &err), err);
        assert_int_equal(c.n, 3);
        assert_int_equal(damaged, 0);
        assert_int_equal(c.t[2], 1700000030002);
        assert_double(c.v[1], 1.0);
        assert_double(c.v[2], 2.5);
        column_done(&c);
        snapshot_unref(chunkfile_snapshot(f));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(reads_in_every_state, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_damaged_index_is_rebuilt, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_torn_end_is_cut, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_documented_example, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
