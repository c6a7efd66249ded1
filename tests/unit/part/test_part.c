#include "partrig.h"

#include "../tsdb/hexdoc.h"

#include "base/bits.h"
#include "base/hash.h"

static void every_sample_comes_back(void **state)
{
        (void)state;
        static const size_t SAMPLES[] = { 1, 2, 240, 1024, 1025, 5000 };
        for (size_t k = 0; k < sizeof SAMPLES / sizeof *SAMPLES; k++) {
                PartRig r;
                PartDamage damage;
                partrig_init(&r);
                partrig_write(&r, 300, SAMPLES[k]);
                Part *p = partrig_open(&r, &damage);
                PartInfo info = part_info(p);
                assert_int_equal(info.series, 300);
                assert_int_equal(info.samples, 300 * SAMPLES[k]);
                assert_int_equal(damage.records + damage.index, 0);
                Column got = { 0 }, want = { 0 };
                uint64_t bad = 0;
                for (uint64_t sid = 0; sid < 610; sid++) {
                        column_clear(&got);
                        Labels labels;
                        bool known = sid >= 3 && sid % 2 && sid < 603;
                        assert_int_equal(part_read(p, sid, INT64_MIN, INT64_MAX, &got, &bad), known);
                        assert_int_equal(part_labels(p, sid, r.arena, &labels), known);
                        if (!known)
                                continue;
                        assert_true(labels_eq(labels, partrig_labels(r.arena, sid)));
                        partrig_fill(&want, sid, SAMPLES[k]);
                        partrig_equal(&got, &want);
                }
                assert_int_equal(bad, 0);
                part_verify(p, &damage);
                assert_int_equal(damage.records, 0);
                column_done(&got);
                column_done(&want);
                snapshot_unref(part_snapshot(p));
                partrig_done(&r);
        }
}

static void a_range_is_cut_out(void **state)
{
        (void)state;
        PartRig r;
        PartDamage damage;
        partrig_init(&r);
        partrig_write(&r, 10, 3000);
        Part *p = partrig_open(&r, &damage);
        Column got = { 0 }, all = { 0 }, want = { 0 };
        uint64_t bad = 0;
        for (int round = 0; round < 300; round++) {
                uint64_t sid = 3 + 2 * rand_below(&r.rand, 10);
                partrig_fill(&all, sid, 3000);
                size_t a = rand_below(&r.rand, 3000), b = rand_below(&r.rand, 3000);
                int64_t min = all.t[MIN_OF(a, b)] - (int64_t)rand_below(&r.rand, 2), max = all.t[MAX_OF(a, b)];
                column_clear(&got);
                column_clear(&want);
                column_push(&got, min - 5, 1); /* what is there stays */
                column_push(&want, min - 5, 1);
                for (size_t i = 0; i < all.n; i++)
                        if (all.t[i] >= min && all.t[i] <= max)
                                column_push(&want, all.t[i], all.v[i]);
                assert_true(part_read(p, sid, min, max, &got, &bad));
                partrig_equal(&got, &want);
        }
        assert_int_equal(bad, 0);
        column_done(&got);
        column_done(&all);
        column_done(&want);
        snapshot_unref(part_snapshot(p));
        partrig_done(&r);
}

/* Of every kind of series, and with blocks that lie between gaps. */
static void the_last_sample_is_what_reading_gives_last(void **state)
{
        (void)state;
        PartRig r;
        PartDamage damage;
        partrig_init(&r);
        partrig_write(&r, 10, 3000);
        Part *p = partrig_open(&r, &damage);
        Column got = { 0 }, all = { 0 };
        uint64_t bad = 0;
        for (int round = 0; round < 2000; round++) {
                uint64_t sid = 3 + rand_below(&r.rand, 22);
                int64_t max = INT64_C(1700000000000) + (int64_t)rand_below(&r.rand, 50000000) - 1000000;
                int64_t min = rand_below(&r.rand, 4) ? max - (int64_t)rand_below(&r.rand, 60000) : INT64_MIN;
                column_clear(&got);
                column_clear(&all);
                column_push(&got, -1, 1); /* what is there stays */
                assert_int_equal(part_last(p, sid, min, max, &got, &bad), part_read(p, sid, min, max, &all, &bad));
                assert_int_equal(got.n, all.n ? 2 : 1);
                if (all.n) {
                        assert_int_equal(got.t[1], all.t[all.n - 1]);
                        assert_double(got.v[1], all.v[all.n - 1]);
                }
        }
        assert_int_equal(bad, 0);
        column_done(&got);
        column_done(&all);
        snapshot_unref(part_snapshot(p));
        partrig_done(&r);
}

/* In any order of series, forwards and back, with ranges that change. */
static void a_cursor_reads_the_same(void **state)
{
        (void)state;
        static const size_t SAMPLES[] = { 1, 240, 3000 };
        for (size_t k = 0; k < ARRAY_LEN(SAMPLES); k++) {
                PartRig r;
                PartDamage damage;
                partrig_init(&r);
                partrig_write(&r, 100, SAMPLES[k]);
                Part *p = partrig_open(&r, &damage);
                PartCursor *cursor = part_cursor_new(p);
                Column got = { 0 }, want = { 0 }, all = { 0 };
                uint64_t bad = 0;
                PartRead what = { 0 };
                for (uint64_t round = 0; round < 1000; round++) {
                        uint64_t sid = round < 600 ? round % 210 : rand_below(&r.rand, 210);
                        if (round % 100 == 0) {
                                partrig_fill(&all, 3, SAMPLES[k]);
                                what.max_ms = all.t[rand_below(&r.rand, all.n)];
                                what.min_ms = what.max_ms - (int64_t)rand_below(&r.rand, 9000000);
                                what.last_only = rand_below(&r.rand, 2);
                                what.presence = rand_below(&r.rand, 2);
                        }
                        column_clear(&got);
                        column_clear(&want);
                        bool known = part_read(p, sid, what.min_ms, what.max_ms, &want, &bad);
                        assert_int_equal(part_cursor_read(cursor, sid, &what, &got, &bad), known);
                        assert_true(got.n == want.n || (what.last_only && got.n >= 1 && got.n < want.n));
                        size_t skip = want.n - got.n;
                        for (size_t i = what.last_only && got.n ? got.n - 1 : 0; i < got.n; i++) {
                                assert_int_equal(got.t[i], want.t[skip + i]);
                                if (what.presence)
                                        assert_int_equal(sample_is_stale(got.v[i]), sample_is_stale(want.v[skip + i]));
                                else
                                        assert_double(got.v[i], want.v[skip + i]);
                        }
                }
                assert_int_equal(bad, 0);
                assert_true(part_cursor_bytes(cursor) > 0);
                part_cursor_free(cursor);
                part_cursor_free(NULL);
                column_done(&got);
                column_done(&want);
                column_done(&all);
                snapshot_unref(part_snapshot(p));
                partrig_done(&r);
        }
}

static void series_are_walked_in_order(void **state)
{
        (void)state;
        PartRig r;
        PartDamage damage;
        partrig_init(&r);
        partrig_write(&r, 100, 5);
        Part *p = partrig_open(&r, &damage);
        uint64_t sid = 0, n = 0;
        for (; part_next_series(p, sid, &sid); sid++)
                assert_int_equal(sid, 3 + 2 * n++);
        assert_int_equal(n, 100);
        snapshot_unref(part_snapshot(p));
        partrig_done(&r);
}

/* Reads everything: each series is right, or incomplete and counted. Returns how many samples there are. */
static size_t check_damaged(PartRig *r, Part *p, size_t series, size_t samples, uint64_t *bad)
{
        Column got = { 0 }, want = { 0 };
        size_t total = 0;
        for (uint64_t sid = 3; sid < 3 + 2 * series; sid += 2) {
                column_clear(&got);
                part_read(p, sid, INT64_MIN, INT64_MAX, &got, bad);
                partrig_fill(&want, sid, samples);
                size_t k = 0;
                for (size_t i = 0; i < got.n; i++) {
                        while (k < want.n && want.t[k] != got.t[i])
                                k++;
                        assert_true(k < want.n);
                        assert_double(got.v[i], want.v[k]);
                }
                total += got.n;
                Labels labels;
                if (part_labels(p, sid, r->arena, &labels))
                        assert_true(labels_eq(labels, partrig_labels(r->arena, sid)));
        }
        column_done(&got);
        column_done(&want);
        return total;
}

static void write_file(const char *path, Str bytes)
{
        File *f;
        Err err;
        assert_ok(fs_system()->open(fs_system(), path, FILE_CREATE, &f, &err), err);
        assert_ok(fs_system()->write(f, bytes.p, bytes.n, &err), err);
        fs_system()->close(f);
}

/* Every bit of a small part, one in each byte. */
static void a_flipped_bit_is_found_and_the_rest_is_served(void **state)
{
        (void)state;
        enum { SERIES = 100, SAMPLES = 40 };
        PartRig r;
        partrig_init(&r);
        partrig_write(&r, SERIES, SAMPLES);
        AUTO(buf_done) Buf file = { 0 };
        Err err;
        assert_ok(file_read_all(fs_system(), r.path, 1 << 24, &file, &err), err);
        size_t least = SIZE_MAX;
        for (size_t i = 0; i < file.n; i += 3) {
                file.p[i] ^= (char)(1 << (i % 8));
                write_file(r.path, buf_str(&file));
                file.p[i] ^= (char)(1 << (i % 8));
                PartDamage damage = { 0 };
                Part *p;
                if (!part_open(fs_system(), r.path, 1, &p, &damage, &err)) {
                        assert_int_equal(err.code, ERR_UNSUPPORTED);
                        continue;
                }
                uint64_t bad = 0;
                size_t total = check_damaged(&r, p, SERIES, SAMPLES, &bad);
                assert_true(total == SERIES * SAMPLES || bad > 0 || damage.records > 0);
                part_verify(p, &damage);
                if (i >= PART_HEADER_BYTES && i < file.n - PART_TRAILER_BYTES)
                        assert_true(damage.records > 0 || damage.index);
                least = MIN_OF(least, total);
                snapshot_unref(part_snapshot(p));
                arena_reset(r.arena);
        }
        assert_true(least >= (SERIES - 2 * PART_GROUP_SERIES) * SAMPLES);
        partrig_done(&r);
}

/* Cut at any place: an error, or what is left is right. */
static void a_cut_file_serves_what_is_left(void **state)
{
        (void)state;
        enum { SERIES = 100, SAMPLES = 40 };
        PartRig r;
        partrig_init(&r);
        partrig_write(&r, SERIES, SAMPLES);
        AUTO(buf_done) Buf file = { 0 };
        Err err;
        assert_ok(file_read_all(fs_system(), r.path, 1 << 24, &file, &err), err);
        for (size_t n = 0; n < file.n; n += 7) {
                write_file(r.path, (Str){ file.p, n });
                PartDamage damage = { 0 };
                Part *p;
                if (!part_open(fs_system(), r.path, 1, &p, &damage, &err)) {
                        assert_int_equal(err.code, ERR_CORRUPT);
                        continue;
                }
                assert_true(damage.index);
                uint64_t bad = 0;
                check_damaged(&r, p, SERIES, SAMPLES, &bad);
                assert_int_equal(part_info(p).samples, part_info(p).series * SAMPLES);
                snapshot_unref(part_snapshot(p));
                arena_reset(r.arena);
        }
        partrig_done(&r);
}

static void a_newer_format_is_refused(void **state)
{
        (void)state;
        PartRig r;
        partrig_init(&r);
        partrig_write(&r, 3, 3);
        AUTO(buf_done) Buf file = { 0 };
        Err err;
        assert_ok(file_read_all(fs_system(), r.path, 1 << 24, &file, &err), err);
        bits_put_le32(file.p + 8, PART_VERSION + 1);
        bits_put_le32(file.p + 28, hash_crc32c(0, file.p, 28));
        write_file(r.path, buf_str(&file));
        Part *p;
        PartDamage damage;
        assert_false(part_open(fs_system(), r.path, 1, &p, &damage, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        assert_contains(err.msg, "newer program");
        partrig_done(&r);
}

/* Written by the program when vectors had no runs: series 3, 5, 7 of partrig_fill. */
/* Series first, first + step, ... of 300 samples. */
static void an_old_part_is_read(const char *name, size_t series, uint64_t first, uint64_t step)
{
        PartRig r;
        PartDamage damage = { 0 };
        partrig_init(&r);
        AUTO(buf_done) Buf path = { 0 };
        const char *root = getenv("PHAROS_SOURCE");
        buf_printf(&path, "%s/tests/unit/part/%s", root ? root : ".", name);
        Part *p;
        Err err;
        assert_ok(part_open(fs_system(), buf_cstr(&path), 1, &p, &damage, &err), err);
        Column got = { 0 }, want = { 0 };
        uint64_t bad = 0;
        assert_int_equal(part_info(p).series, series);
        for (uint64_t sid = first; sid < first + series * step; sid += step) {
                Labels labels;
                column_clear(&got);
                assert_true(part_labels(p, sid, r.arena, &labels));
                assert_true(labels_eq(labels, partrig_labels(r.arena, sid)));
                partrig_fill(&want, sid, 300);
                assert_true(part_read(p, sid, INT64_MIN, INT64_MAX, &got, &bad));
                partrig_equal(&got, &want);
        }
        assert_int_equal(bad + damage.records + damage.index, 0);
        column_done(&got);
        column_done(&want);
        snapshot_unref(part_snapshot(p));
        partrig_done(&r);
}

static void parts_of_older_versions_are_read(void **state)
{
        (void)state;
        an_old_part_is_read("version1.part", 3, 3, 2);
        an_old_part_is_read("version2.part", 6, 3, 1);
}

static void the_documented_example(void **state)
{
        (void)state;
        PartRig r;
        PartDamage damage;
        AUTO(buf_done) Buf bytes = { 0 };
        partrig_init(&r);
        hexdoc_read("parts.md", &bytes);
        write_file(r.path, buf_str(&bytes));
        Part *p = partrig_open(&r, &damage);
        assert_int_equal(damage.records + damage.index, 0);
        Column c = { 0 };
        uint64_t bad = 0;
        Labels labels;
        assert_true(part_read(p, 7, INT64_MIN, INT64_MAX, &c, &bad));
        assert_int_equal(c.n, 3);
        assert_int_equal(c.t[2], INT64_C(1700000030002));
        assert_double(c.v[1], 2.5);
        assert_true(part_labels(p, 7, r.arena, &labels));
        assert_str(labels_get(labels, LABEL_NAME), "up");
        part_verify(p, &damage);
        assert_int_equal(damage.records, 0);
        column_done(&c);
        snapshot_unref(part_snapshot(p));
        partrig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_sample_comes_back),
                cmocka_unit_test(a_range_is_cut_out),
                cmocka_unit_test(the_last_sample_is_what_reading_gives_last),
                cmocka_unit_test(a_cursor_reads_the_same),
                cmocka_unit_test(series_are_walked_in_order),
                cmocka_unit_test(a_flipped_bit_is_found_and_the_rest_is_served),
                cmocka_unit_test(a_cut_file_serves_what_is_left),
                cmocka_unit_test(a_newer_format_is_refused),
                cmocka_unit_test(parts_of_older_versions_are_read),
                cmocka_unit_test(the_documented_example),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
