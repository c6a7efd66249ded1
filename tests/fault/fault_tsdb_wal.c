/* Cuts the log at every byte and flips bits everywhere: what was acknowledged and is not damaged is served, what is damaged is counted. */
#include "faultrig.h"

#include "base/bits.h"
#include "base/hash.h"

static char source[64];
static unsigned char seen[FAULT_MAX_STEPS];
enum { STEPS = 12, WIDE_STEPS = 700 };

/* The only file below dir/sub whose name starts with prefix. */
static const char *the_file(Arena *arena, const char *dir, const char *sub, const char *prefix)
{
        Str *names;
        size_t n;
        Err err;
        const char *path = str_printf(arena, "%s/%s", dir, sub).p;
        assert_ok(fs_system()->list(fs_system(), path, arena, &names, &n, &err), err);
        for (size_t i = n; i-- > 0;)
                if (str_starts(names[i], str_of(prefix)))
                        return str_printf(arena, "%s/" STR_FMT, path, STR_ARG(names[i])).p;
        fail_msg("no %s* in %s", prefix, path);
        return NULL;
}

static void make_log(void)
{
        fault_temp_dir(source);
        Tsdb *db = fault_open(source, NULL);
        Err err;
        char copy[64];
        for (unsigned step = 0; step < STEPS; step++)
                assert_ok(fault_commit(db, step, &err), err);
        fault_temp_dir(copy);
        fault_copy_dir(source, copy);
        tsdb_close(db);
        fault_remove(source);
        strcpy(source, copy);
}

static void overwrite(const char *path, Str bytes)
{
        File *file;
        Err err;
        assert_ok(fs_system()->open(fs_system(), path, FILE_CREATE, &file, &err), err);
        assert_ok(fs_system()->write(file, bytes.p, bytes.n, &err), err);
        fs_system()->close(file);
}

/* Opens a copy of source in which `name` (below sub) has the given content. Returns the steps served; fills stats. */
static unsigned try_content(const char *sub, const char *prefix, Str content, TsdbStats *stats)
{
        AUTO(arena_free) Arena *arena = arena_new();
        char dir[64];
        fault_temp_dir(dir);
        fault_copy_dir(source, dir);
        overwrite(the_file(arena, dir, sub, prefix), content);
        Tsdb *db = fault_open(dir, NULL);
        unsigned n = fault_check(db, false, seen);
        tsdb_stats(db, stats);
        Err err;
        /* Life goes on: new samples are taken and seen. */
        assert_ok(fault_commit(db, STEPS + WIDE_STEPS, &err), err);
        unsigned char after[FAULT_MAX_STEPS];
        fault_check(db, false, after);
        assert_int_equal(after[STEPS + WIDE_STEPS], FAULT_SERIES);
        tsdb_close(db);
        fault_remove(dir);
        return n;
}

/* Makes the log of STEPS commits, and reads it. */
static void make_and_read_log(Buf *bytes)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Err err;
        make_log();
        assert_ok(file_read_all(fs_system(), the_file(arena, source, "wal", "wal-"), 1 << 20, bytes, &err), err);
}

static void cut_at_every_byte(void **state)
{
        (void)state;
        AUTO(buf_done) Buf bytes = { 0 };
        TsdbStats stats;
        make_and_read_log(&bytes);
        assert_int_equal(try_content("wal", "wal-", buf_str(&bytes), &stats), STEPS);
        assert_int_equal(stats.wal_corruptions, 0);
        unsigned last = STEPS, whole_cuts = 0;
        /* The last three records, then coarse steps down to the start. */
        for (size_t cut = bytes.n - 1; cut > 0; cut -= cut > bytes.n - 330 || cut < 40 ? 1 : 37) {
                unsigned n = try_content("wal", "wal-", (Str){ bytes.p, cut }, &stats);
                assert_true(n == last || n + 1 == last || cut <= bytes.n - 330);
                assert_true(n <= last);
                for (unsigned step = 0; step < n; step++)
                        assert_int_equal(seen[step], FAULT_SERIES);
                whole_cuts += stats.wal_corruptions == 0;
                last = n;
        }
        assert_true(last <= 1 && whole_cuts >= 2);
        fault_remove(source);
}

static void flipped_bits_in_the_log(void **state)
{
        (void)state;
        AUTO(buf_done) Buf bytes = { 0 };
        TsdbStats stats;
        Rand rand;
        rand_init(&rand, 1);
        make_and_read_log(&bytes);
        for (size_t at = 0; at < bytes.n; at += 1 + rand_below(&rand, 12)) {
                char old = bytes.p[at];
                bytes.p[at] ^= (char)(1 << rand_below(&rand, 8));
                unsigned n = try_content("wal", "wal-", buf_str(&bytes), &stats);
                assert_true(stats.wal_corruptions > 0);
                /* The first record defines the series: without it, nothing has a name. */
                bool in_first = at >= 20 && n < STEPS - 1;
                assert_true(n >= STEPS - 1 || in_first);
                bytes.p[at] = old;
        }
        fault_remove(source);
}

/* Several chunks a series, one file sealed, one not. */
static void make_chunks(bool sealed)
{
        fault_temp_dir(source);
        Tsdb *db = fault_open(source, NULL);
        Err err;
        for (unsigned step = 0; step < WIDE_STEPS; step++)
                assert_ok(fault_commit(db, step, &err), err);
        if (sealed)
                clock_manual_advance_ms(&fault_clock, INT64_C(4) * 3600000);
        tsdb_close(db);
}

static void flip_chunk_file(const char *prefix)
{
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(buf_done) Buf bytes = { 0 };
        Err err;
        TsdbStats stats;
        Rand rand;
        rand_init(&rand, 2);
        assert_ok(file_read_all(fs_system(), the_file(arena, source, "chunks", prefix), 1 << 20, &bytes, &err), err);
        assert_int_equal(try_content("chunks", prefix, buf_str(&bytes), &stats), WIDE_STEPS);
        assert_int_equal(stats.chunk_corruptions, 0);
        unsigned full = 0, tries = 0;
        for (size_t at = 0; at < bytes.n;
             at += at < 100 || at + 100 > bytes.n ? 7 : 1 + rand_below(&rand, bytes.n / 60)) {
                char old = bytes.p[at];
                bytes.p[at] ^= (char)(1 << rand_below(&rand, 8));
                unsigned n = try_content("chunks", prefix, buf_str(&bytes), &stats);
                bytes.p[at] = old;
                /* One chunk of one series is lost at most: every step is still there for the others. */
                assert_int_equal(n, WIDE_STEPS);
                unsigned missing = 0;
                for (unsigned step = 0; step < WIDE_STEPS; step++)
                        missing += FAULT_SERIES - seen[step];
                assert_true(missing <= 240);
                assert_true(missing == 0 || stats.chunk_corruptions > 0);
                full += missing == 0;
                tries++;
        }
        assert_true(tries > 50 && full < tries);
}

static void flipped_bits_in_chunk_files(void **state)
{
        (void)state;
        make_chunks(true);
        flip_chunk_file("00000001");
        fault_remove(source);
}

static void torn_chunk_file_is_filled_from_the_log(void **state)
{
        (void)state;
        fault_temp_dir(source);
        Tsdb *db = fault_open(source, NULL);
        Err err;
        for (unsigned step = 0; step < WIDE_STEPS; step++)
                assert_ok(fault_commit(db, step, &err), err);
        char copy[64];
        fault_temp_dir(copy);
        fault_copy_dir(source, copy);
        tsdb_close(db);
        fault_remove(source);
        strcpy(source, copy);
        /* As after a power cut: the log was synced, the chunk files were not (they may be shorter or absent). */
        TsdbStats stats;
        db = fault_open(source, NULL);
        assert_int_equal(fault_check(db, true, seen), WIDE_STEPS);
        tsdb_stats(db, &stats);
        assert_int_equal(stats.wal_corruptions + stats.chunk_corruptions, 0);
        tsdb_close(db);
        fault_remove(source);
}

static void newer_versions_are_refused(void **state)
{
        (void)state;
        make_chunks(true);
        AUTO(arena_free) Arena *arena = arena_new();
        static const char *const FILES[][2] = { { "wal", "checkpoint-" }, { "chunks", "00000001" } };
        for (size_t i = 0; i < ARRAY_LEN(FILES); i++) {
                AUTO(buf_done) Buf bytes = { 0 };
                Err err;
                const char *path = the_file(arena, source, FILES[i][0], FILES[i][1]);
                assert_ok(file_read_all(fs_system(), path, 1 << 20, &bytes, &err), err);
                AUTO(buf_done) Buf old = { 0 };
                buf_add(&old, bytes.p, bytes.n);
                size_t crc_at = i == 0 ? 16 : 28;
                bits_put_le32(bytes.p + 8, 9);
                bits_put_le32(bytes.p + crc_at, hash_crc32c(0, bytes.p, crc_at));
                overwrite(path, buf_str(&bytes));
                TsdbOptions o = fault_options(source, NULL);
                Tsdb *db;
                assert_false(tsdb_open(&o, &db, &err));
                assert_int_equal(err.code, ERR_UNSUPPORTED);
                assert_contains(err.msg, path);
                assert_contains(err.msg, "version 9");
                overwrite(path, buf_str(&old));
        }
        fault_remove(source);
}

int main(void)
{
        clock_manual_init(&fault_clock, FAULT_START_MS);
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cut_at_every_byte),           cmocka_unit_test(flipped_bits_in_the_log),
                cmocka_unit_test(flipped_bits_in_chunk_files), cmocka_unit_test(torn_chunk_file_is_filled_from_the_log),
                cmocka_unit_test(newer_versions_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
