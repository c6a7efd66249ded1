#include "interop_data.h"

#include "interop/promdir.h"
#include "interop/promwrite.h"

static const char *write_block(const char *dir, Arena *arena, MemStore *ms)
{
        PromWriteOptions options = { .fs = fs_system(), .dir = dir, .min_ms = 0, .max_ms = 7199999 };
        PromWriteStats stats = { 0 };
        Err err;
        Str *names;
        size_t n;
        assert_ok(promwrite_blocks(memstore_engine(ms), &options, &stats, &err), err);
        assert_ok(fs_system()->list(fs_system(), dir, arena, &names, &n, &err), err);
        for (size_t i = 0; i < n; i++)
                if (promblock_is_ulid(names[i]))
                        return str_printf(arena, "%s/" STR_FMT, dir, STR_ARG(names[i])).p;
        fail_msg("no block was written");
        return NULL;
}

static MemStore *ten_samples(Arena *arena)
{
        MemStore *ms = memstore_new();
        for (int i = 0; i < 10; i++)
                memstore_add(ms, data_labels(arena, "up", NULL, NULL), i * 1000, i);
        return ms;
}

static void knows_ulids(void **state)
{
        (void)state;
        assert_true(promblock_is_ulid(STR("01DXXFZDYD1MQW6079WK0K6EDQ")));
        assert_false(promblock_is_ulid(STR("01DXXFZDYD1MQW6079WK0K6EDQ.tmp")));
        assert_false(promblock_is_ulid(STR("01DXXFZDYD1MQW6079WK0K6EDI")));
        assert_false(promblock_is_ulid(STR("chunks_head")));
}

static void deletions_hide_samples(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = ten_samples(arena);
        const char *block = write_block(dir, arena, ms);
        PromBlock b;
        Err err;
        assert_ok(promblock_open(fs_system(), block, arena, &b, &err), err);
        Buf rows = { .arena = arena }, file = { .arena = arena };
        varint_add(&rows, promindex_ref(&b.index, 0));
        varint_add_signed(&rows, 2500);
        varint_add_signed(&rows, 6000);
        char head[5] = { 0x01, 0x30, (char)0xba, 0x30, 1 }, crc[4];
        bits_put_be32(crc, hash_crc32c(0, rows.p, rows.n));
        buf_add(&file, head, 5);
        buf_str_add(&file, buf_str(&rows));
        buf_add(&file, crc, 4);
        data_file(block, "tombstones", buf_str(&file));
        AUTO(promdir_free) PromDir *prom = NULL;
        assert_ok(promdir_open(fs_system(), block, &prom, &err), err);
        AUTO(memstore_free) MemStore *want = memstore_new();
        for (int i = 0; i < 10; i++)
                if (i < 3 || i > 6)
                        memstore_add(want, data_labels(arena, "up", NULL, NULL), i * 1000, i);
        data_same_stores(memstore_engine(want), promdir_engine(prom), 0, 10000);
        file.p[6] ^= 1;
        data_file(block, "tombstones", buf_str(&file));
        assert_false(promblock_open(fs_system(), block, arena, &b, &err));
        assert_contains(err.msg, "tombstones");
        data_dir_done(dir);
}

/* Invariant 1. */
static void a_damaged_chunk_is_that_chunks_error(void **state)
{
        (void)state;
        char dir[64], path[256];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = ten_samples(arena);
        memstore_add(ms, data_labels(arena, "upper", NULL, NULL), 1, 1);
        const char *block = write_block(dir, arena, ms);
        Buf bytes = { .arena = arena };
        Err err;
        snprintf(path, sizeof path, "%s/chunks/000001", block);
        assert_ok(file_read_all(fs_system(), path, 1 << 20, &bytes, &err), err);
        bytes.p[14] ^= 4;
        data_file(block, "chunks/000001", buf_str(&bytes));
        AUTO(promdir_free) PromDir *prom = NULL;
        assert_ok(promdir_open(fs_system(), dir, &prom, &err), err);
        AUTO(querier_close) Querier *q = NULL;
        StoreSelection sel;
        Column c = { 0 };
        SelectArgs args = { .max_ms = 100000, .sorted = true };
        assert_ok(store_querier(promdir_engine(prom), 0, 100000, &q, &err), err);
        assert_ok(q->select(q, &args, arena, &sel, &err), err);
        assert_int_equal(sel.n, 2);
        assert_ok(q->read(q, &sel, 0, 0, 100000, &c, &err), err);
        assert_int_equal(c.n, 0);
        assert_ok(q->read(q, &sel, 1, 0, 100000, &c, &err), err);
        assert_int_equal(c.n, 1);
        PromDirStats stats;
        promdir_stats(prom, &stats);
        assert_int_equal(stats.damaged_chunks, 1);
        assert_contains(stats.first_damage.msg, "checksum");
        column_done(&c);
        data_dir_done(dir);
}

static void broken_meta_is_named(void **state)
{
        (void)state;
        char dir[64];
        data_dir(dir);
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = ten_samples(arena);
        const char *block = write_block(dir, arena, ms);
        PromBlock b;
        Err err;
        data_file(block, "meta.json", STR("{\"minTime\":1}"));
        assert_false(promblock_open(fs_system(), block, arena, &b, &err));
        assert_contains(err.msg, "maxTime");
        data_file(block, "meta.json", STR("{\"minTime\""));
        assert_false(promblock_open(fs_system(), block, arena, &b, &err));
        assert_contains(err.msg, "meta.json");
        data_dir_done(dir);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(knows_ulids), cmocka_unit_test(deletions_hide_samples),
                                            cmocka_unit_test(a_damaged_chunk_is_that_chunks_error),
                                            cmocka_unit_test(broken_meta_is_named) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
