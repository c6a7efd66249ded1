#include "interop_data.h"

#include "codec/snappy.h"
#include "codec/zstdio.h"
#include "interop/promwal.h"

typedef struct Seen {
        size_t n;
        size_t sizes[64];
        char first[64];
} Seen;

static bool see(void *ctx, Str record, Err *err)
{
        Seen *seen = ctx;
        (void)err;
        seen->sizes[seen->n] = record.n;
        seen->first[seen->n++] = record.p[0];
        return true;
}

static Str filled(Arena *arena, char c, size_t n)
{
        char *p = arena_raw_array(arena, char, n);
        memset(p, c, n);
        return str_n(p, n);
}

static void joins_and_unpacks(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf segment = { .arena = arena }, packed = { .arena = arena }, zstd = { .arena = arena };
        static const size_t sizes[] = { 10, 32761, 1, 32754, 100000, 5, 65536 };
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
                data_wal_put(&segment, filled(arena, (char)('a' + i), sizes[i]), 0);
        snappy_encode(filled(arena, 'y', 90000), &packed);
        data_wal_put(&segment, buf_str(&packed), 8);
        zstdio_encode(filled(arena, 'z', 70000), ZSTDIO_LEVEL_FAST, &zstd);
        data_wal_put(&segment, buf_str(&zstd), 16);
        PromWalStats stats = { 0 };
        Seen seen = { 0 };
        Err err;
        assert_ok(promwal_each(buf_str(&segment), "seg", see, &seen, &stats, &err), err);
        assert_int_equal(stats.damaged, 0);
        assert_int_equal(seen.n, ARRAY_LEN(sizes) + 2);
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
                assert_true(seen.sizes[i] == sizes[i] && seen.first[i] == (char)('a' + i));
        assert_int_equal(seen.sizes[seen.n - 2], 90000);
        assert_int_equal(seen.first[seen.n - 1], 'z');
}

/* Cut anywhere: what is whole comes out, the rest is damage or nothing. */
static void cuts_lose_only_their_record(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf segment = { .arena = arena };
        size_t ends[3];
        for (int i = 0; i < 3; i++) {
                data_wal_put(&segment, filled(arena, (char)('a' + i), 20), 0);
                ends[i] = segment.n;
        }
        for (size_t n = 0; n <= segment.n; n++) {
                PromWalStats stats = { 0 };
                Seen seen = { 0 };
                Err err;
                size_t whole = 0;
                for (int i = 0; i < 3; i++)
                        whole += ends[i] <= n;
                assert_ok(promwal_each(str_n(segment.p, n), "seg", see, &seen, &stats, &err), err);
                assert_int_equal(seen.n, whole);
                assert_int_equal(stats.damaged, n == 0 || n == ends[0] || n == ends[1] || n == ends[2] ? 0 : 1);
        }
        PromWalStats stats = { 0 };
        Seen seen = { 0 };
        Err err;
        segment.p[ends[0] + 10] ^= 1;
        assert_ok(promwal_each(buf_str(&segment), "seg", see, &seen, &stats, &err), err);
        assert_int_equal(seen.n, 1);
        assert_int_equal(stats.damaged, 1);
        assert_contains(stats.first_damage.msg, "'seg' at 27");
        segment.p[ends[0]] = 3; /* a middle without a beginning */
        seen = (Seen){ 0 };
        assert_ok(promwal_each(buf_str(&segment), "seg", see, &seen, &stats, &err), err);
        assert_int_equal(stats.damaged, 2);
}

static void checkpoints_come_first(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        static const struct {
                const char *file;
                char c;
        } files[] = { { "00000003", 'x' },
                      { "00000004", 'x' },
                      { "00000005", 'c' },
                      { "00000011", 'd' },
                      { "checkpoint.00000003/00000000", 'x' },
                      { "checkpoint.00000004/00000000", 'a' },
                      { "checkpoint.00000004/00000001", 'b' } };
        for (size_t i = 0; i < ARRAY_LEN(files); i++) {
                Buf segment = { .arena = arena };
                data_wal_put(&segment, filled(arena, files[i].c, 5), 0);
                data_file(dir, files[i].file, buf_str(&segment));
        }
        PromWalStats stats = { 0 };
        Seen seen = { 0 };
        Err err;
        assert_ok(promwal_read(fs_system(), dir, see, &seen, &stats, &err), err);
        assert_string_equal(seen.first, "abcd");
        assert_int_equal(stats.segments, 4);
        assert_ok(promwal_read(fs_system(), "/nonexistent/wal", see, &seen, &stats, &err), err);
        data_dir_done(dir);
}

static void an_unwritten_page_is_the_end(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf segment = { .arena = arena };
        PromWalStats stats = { 0 };
        Seen seen = { 0 };
        Err err;
        data_wal_put(&segment, STR("abc"), 0);
        buf_str_add(&segment, filled(arena, 0, 32768 - segment.n));
        buf_str_add(&segment, filled(arena, 0, 4096));
        assert_ok(promwal_each(buf_str(&segment), "seg", see, &seen, &stats, &err), err);
        assert_int_equal(seen.n, 1);
        assert_int_equal(stats.damaged, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(joins_and_unpacks),
                                            cmocka_unit_test(cuts_lose_only_their_record),
                                            cmocka_unit_test(checkpoints_come_first),
                                            cmocka_unit_test(an_unwritten_page_is_the_end) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
