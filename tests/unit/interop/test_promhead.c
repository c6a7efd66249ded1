#include "interop_data.h"

#include "interop/promchunk.h"
#include "interop/promhead.h"

/* chunks_head with a chunk of `ref`: n samples from t_ms on. */
static void put_head_chunk(Buf *file, uint64_t ref, int64_t t_ms, int n)
{
        Column c = { 0 };
        Buf data = { 0 };
        unsigned encoding;
        char head[8] = { 0x01, 0x30, (char)0xbc, (char)0x91, 1 }, crc[4];
        if (file->n == 0)
                buf_add(file, head, sizeof head);
        for (int i = 0; i < n; i++)
                column_push(&c, t_ms + i * 1000, i);
        promchunk_encode(&c, 0, 120, &data, &encoding);
        size_t start = file->n;
        data_be64(file, ref);
        data_be64(file, (uint64_t)t_ms);
        data_be64(file, (uint64_t)(t_ms + (n - 1) * 1000));
        buf_char(file, (char)encoding);
        varint_add(file, data.n);
        buf_str_add(file, buf_str(&data));
        bits_put_be32(crc, hash_crc32c(0, file->p + start, file->n - start));
        buf_add(file, crc, 4);
        buf_done(&data);
        column_done(&c);
}

static size_t count(const PromHeadSeries *s)
{
        Column c = { 0 };
        Err err;
        for (size_t i = 0; i < s->n_chunks; i++)
                assert_ok(promchunk_decode(s->chunks[i].encoding, s->chunks[i].data, INT64_MIN, INT64_MAX, &c, &err),
                          err);
        size_t n = c.n;
        column_done(&c);
        return n;
}

static void put_record(Buf *segment, Buf *record)
{
        data_wal_put(segment, buf_str(record), 0);
        buf_clear(record);
}

/* Invariant 2: 5 samples are in head chunks; of the log's 10, the first 5 are the same. */
static void the_log_goes_on_behind_the_chunks(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        Buf chunks = { .arena = arena }, wal = { .arena = arena }, wbl = { .arena = arena }, r = { .arena = arena };
        put_head_chunk(&chunks, 1, 10000, 5);
        put_head_chunk(&chunks, 99, 10000, 5); /* nobody's */
        char zeros[64] = { 0 };
        buf_add(&chunks, zeros, sizeof zeros);
        data_file(dir, "chunks_head/000001", buf_str(&chunks));
        data_series_record(&r, 1, "up", "job", "a");
        put_record(&wal, &r);
        data_sample_record(&r, 1, 10000, 1000, 0, 10);
        put_record(&wal, &r);
        data_sample_record(&r, 1, 19000, 1000, 5, 1); /* again */
        put_record(&wal, &r);
        data_series_record(&r, 7, "up", "job", "a"); /* the same under another reference */
        put_record(&wal, &r);
        data_sample_record(&r, 7, 20000, 1000, 0, 2);
        put_record(&wal, &r);
        data_sample_record(&r, 55, 20000, 1000, 0, 4); /* of a series that the log does not know */
        put_record(&wal, &r);
        buf_lit(&r, "\77");
        put_record(&wal, &r);
        buf_lit(&r, "\1abc");
        put_record(&wal, &r);
        buf_char(&r, 3);
        data_be64(&r, 7);
        varint_add_signed(&r, 1);
        varint_add_signed(&r, 2);
        put_record(&wal, &r);
        data_file(dir, "wal/00000000", buf_str(&wal));
        data_sample_record(&r, 7, 12500, 1000, 0, 3); /* late ones */
        put_record(&wbl, &r);
        data_file(dir, "wbl/00000000", buf_str(&wbl));
        AUTO(promhead_free) PromHead *head = NULL;
        Err err;
        assert_ok(promhead_open(fs_system(), dir, INT64_MIN, &head, &err), err);
        assert_int_equal(promhead_n_series(head), 1);
        PromHeadSeries s = promhead_series(head, 0);
        assert_int_equal(count(&s), 5 + 5 + 2 + 3);
        assert_int_equal(s.n_deletions, 1);
        const PromHeadStats *stats = promhead_stats(head);
        assert_int_equal(stats->head_chunks, 2);
        assert_int_equal(stats->orphan_chunks, 1);
        assert_int_equal(stats->orphan_samples, 4);
        assert_int_equal(stats->unknown_records, 1);
        assert_int_equal(stats->broken_records, 1);
        assert_int_equal(stats->wal.damaged, 0);
        data_dir_done(dir);
}

static void what_blocks_have_is_left_out(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        Buf wal = { .arena = arena }, r = { .arena = arena };
        data_series_record(&r, 1, "up", "job", "a");
        put_record(&wal, &r);
        data_sample_record(&r, 1, 1000, 1000, 0, 10);
        put_record(&wal, &r);
        data_file(dir, "wal/00000000", buf_str(&wal));
        AUTO(promhead_free) PromHead *head = NULL;
        Err err;
        assert_ok(promhead_open(fs_system(), dir, 8000, &head, &err), err);
        PromHeadSeries s = promhead_series(head, 0);
        assert_int_equal(count(&s), 3);
        data_dir_done(dir);
}

static void damaged_head_chunks_are_counted(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        Buf chunks = { .arena = arena };
        put_head_chunk(&chunks, 1, 10000, 5);
        chunks.p[40] ^= 1;
        data_file(dir, "chunks_head/000001", buf_str(&chunks));
        AUTO(promhead_free) PromHead *head = NULL;
        Err err;
        assert_ok(promhead_open(fs_system(), dir, INT64_MIN, &head, &err), err);
        assert_int_equal(promhead_stats(head)->wal.damaged, 1);
        assert_contains(promhead_stats(head)->wal.first_damage.msg, "000001' at 8");
        data_dir_done(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(the_log_goes_on_behind_the_chunks),
                                            cmocka_unit_test(what_blocks_have_is_left_out),
                                            cmocka_unit_test(damaged_head_chunks_are_counted) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
