#include "interop_data.h"

#include "interop/promblock.h"
#include "interop/promwrite.h"

/* The index of a small written block. */
static Str index_bytes(Arena *arena, const char *dir)
{
        AUTO(memstore_free) MemStore *ms = memstore_new();
        PromWriteOptions options = { .fs = fs_system(), .dir = dir, .min_ms = 0, .max_ms = 1000 };
        PromWriteStats stats = { 0 };
        Err err;
        for (int i = 0; i < 3; i++) {
                static const char *const jobs[] = { "c", "a", "b" };
                memstore_add(ms, data_labels(arena, "up", "job", jobs[i]), 10 + i, i);
        }
        assert_ok(promwrite_blocks(memstore_engine(ms), &options, &stats, &err), err);
        Str *names;
        size_t n;
        Str bytes = { 0 };
        assert_ok(fs_system()->list(fs_system(), dir, arena, &names, &n, &err), err);
        for (size_t i = 0; i < n; i++)
                if (promblock_is_ulid(names[i]))
                        assert_ok(promblock_map(fs_system(),
                                                str_printf(arena, "%s/" STR_FMT "/index", dir, STR_ARG(names[i])).p,
                                                arena, &bytes, &err),
                                  err);
        return str_dup(arena, bytes);
}

static void lists_series_in_order(void **state)
{
        (void)state;
        char dir[64];
        AUTO(arena_free) Arena *arena = arena_new();
        Str bytes = index_bytes(arena, data_dir(dir));
        PromIndex ix;
        Err err;
        assert_ok(promindex_open(bytes, 0, arena, &ix, &err), err);
        assert_int_equal(promindex_n_series(&ix), 3);
        assert_int_equal(ix.version, 2);
        for (size_t i = 0; i < 3; i++) {
                Labels labels;
                PromChunkRef *chunks;
                size_t n;
                assert_ok(promindex_series(&ix, promindex_ref(&ix, i), arena, &labels, &chunks, &n, &err), err);
                char want[2] = { (char)('a' + i), 0 };
                assert_str(labels_get(labels, STR("job")), want);
                assert_int_equal(n, 1);
                assert_int_equal(chunks[0].min_ms, i == 2 ? 10 : (int)i + 11);
        }
        data_dir_done(dir);
}

/* Invariant 1, at every byte. */
static void damage_is_an_error(void **state)
{
        (void)state;
        char dir[64];
        AUTO(arena_free) Arena *arena = arena_new();
        Str good = index_bytes(arena, data_dir(dir));
        for (size_t i = 0; i < good.n; i++) {
                AUTO(arena_free) Arena *scratch = arena_new();
                PromIndex ix;
                Err err;
                Str bad = str_dup(scratch, good);
                ((char *)(uintptr_t)bad.p)[i] ^= 1;
                if (promindex_open(bad, 0, scratch, &ix, &err)) {
                        for (size_t k = 0; k < promindex_n_series(&ix); k++) {
                                Labels labels;
                                PromChunkRef *chunks;
                                size_t n;
                                IGNORE(promindex_series(&ix, promindex_ref(&ix, k), scratch, &labels, &chunks, &n,
                                                        &err));
                        }
                }
                if (promindex_open(str_sub(good, 0, i), 0, scratch, &ix, &err))
                        fail_msg("the first %zu bytes are taken for an index", i);
        }
        data_dir_done(dir);
}

static void a_lying_format_is_overruled(void **state)
{
        (void)state;
        char dir[64];
        AUTO(arena_free) Arena *arena = arena_new();
        Str bytes = index_bytes(arena, data_dir(dir));
        PromIndex ix;
        Labels labels;
        PromChunkRef *chunks;
        size_t n;
        Err err;
        ((char *)(uintptr_t)bytes.p)[4] = 1;
        assert_ok(promindex_open(bytes, 2, arena, &ix, &err), err);
        assert_ok(promindex_series(&ix, promindex_ref(&ix, 0), arena, &labels, &chunks, &n, &err), err);
        assert_str(labels_get(labels, STR("job")), "a");
        assert_ok(promindex_open(bytes, 0, arena, &ix, &err), err);
        assert_false(promindex_series(&ix, promindex_ref(&ix, 0), arena, &labels, &chunks, &n, &err));
        data_dir_done(dir);
}

static void newer_formats_are_named(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        char bytes[100] = { (char)0xba, (char)0xaa, (char)0xd7, 0, 3 };
        PromIndex ix;
        Err err;
        assert_false(promindex_open(str_n(bytes, sizeof bytes), 0, arena, &ix, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        assert_contains(err.msg, "format 3");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(lists_series_in_order),
                                            cmocka_unit_test(damage_is_an_error),
                                            cmocka_unit_test(a_lying_format_is_overruled),
                                            cmocka_unit_test(newer_formats_are_named) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
