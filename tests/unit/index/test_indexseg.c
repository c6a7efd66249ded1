#include "indexrig.h"

#include "../tsdb/hexdoc.h"

#include "base/bits.h"
#include "base/hash.h"

static bool same_entry(const IndexEntry *a, const IndexEntry *b)
{
        return a->sid == b->sid && a->last_ms == b->last_ms && a->last_bits == b->last_bits;
}

/* Of some names alone: what all labels have of them. */
static void check_some_labels(IndexSeg *x, uint32_t place, Arena *arena, Labels all)
{
        static const Str NAMES[] = { STR_INIT("sid"), STR_INIT("pod"), STR_INIT("nothing"), STR_INIT("env") };
        IndexName names[ARRAY_LEN(NAMES)];
        size_t n = indexseg_find_names(x, NAMES, ARRAY_LEN(NAMES), names), seen = 0;
        Labels some;
        assert_true(n < ARRAY_LEN(NAMES) && indexseg_labels_of(x, place, names, n, arena, &some));
        for (size_t i = 0; i < all.n; i++)
                for (size_t k = 0; k < n; k++)
                        if (str_eq(all.data[i].name, names[k].name)) {
                                assert_true(seen < some.n && str_eq(some.data[seen].name, names[k].name));
                                assert_true(str_eq(some.data[seen++].value, all.data[i].value));
                        }
        assert_int_equal(seen, some.n);
}

/* Whether series sid is found by labels and by id, and as it was written. What is found is never wrong. */
static bool is_there(IndexRig *r, IndexSeg *x, uint64_t sid)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Labels want = indexrig_labels(arena, sid), got;
        IndexEntry e, expected = indexrig_entry(sid);
        uint32_t place;
        (void)r;
        bool by_labels = indexseg_find(x, want, indexseg_hash(want), &e);
        if (by_labels)
                assert_true(same_entry(&e, &expected));
        bool by_id = indexseg_place(x, sid, &place) && indexseg_entry(x, place, &e);
        if (by_id)
                assert_true(same_entry(&e, &expected));
        bool labels = by_id && indexseg_labels(x, place, arena, &got);
        if (labels)
                check_some_labels(x, place, arena, got);
        if (labels)
                assert_true(labels_eq(got, want));
        return by_labels && labels;
}

static void every_series_is_found(void **state)
{
        (void)state;
        static const size_t SERIES[] = { 1, 2, 255, 256, 257, 20000 };
        IndexRig r;
        indexrig_init(&r);
        for (size_t k = 0; k < ARRAY_LEN(SERIES); k++) {
                indexrig_write(r.path, 1, 3, 2, SERIES[k]);
                IndexSeg *x = indexrig_open(r.path);
                IndexSegInfo info = indexseg_info(x);
                assert_int_equal(info.series, SERIES[k]);
                assert_int_equal(info.min_sid, 3);
                assert_int_equal(info.max_sid, 1 + 2 * SERIES[k]);
                for (uint64_t sid = 0; sid < 2 * SERIES[k] + 6; sid++)
                        assert_int_equal(is_there(&r, x, sid), sid >= 3 && sid % 2 && sid <= info.max_sid);
                assert_false(indexseg_is_damaged(x));
                snapshot_unref(indexseg_snapshot(x));
        }
        indexrig_done(&r);
}

static void odd_labels_come_back(void **state)
{
        (void)state;
        IndexRig r;
        indexrig_init(&r);
        AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
        static char long_value[70000];
        memset(long_value, 'x', sizeof long_value);
        Label many[256];
        for (size_t i = 0; i < ARRAY_LEN(many); i++)
                many[i] = (Label){ str_printf(r.arena, "n%03zu", i), STR("v") };
        const Label one[] = { { STR("\xc3\xa4"), { long_value, sizeof long_value } } };
        const Labels all[] = { { one, 1 }, { many, ARRAY_LEN(many) }, { many, 1 } };
        Err err;
        for (size_t i = 0; i < ARRAY_LEN(all); i++)
                indexbuild_add(b, &(IndexEntry){ i + 1, i == 0 ? INT64_MIN + 1 : INT64_MAX - 1, UINT64_MAX }, all[i]);
        assert_ok(indexbuild_write(b, fs_system(), r.path, 1, &err), err);
        IndexSeg *x = indexrig_open(r.path);
        for (size_t i = 0; i < ARRAY_LEN(all); i++) {
                IndexEntry e;
                Labels got;
                assert_true(indexseg_find(x, all[i], indexseg_hash(all[i]), &e));
                assert_int_equal(e.sid, i + 1);
                assert_true(e.last_ms == (i == 0 ? INT64_MIN + 1 : INT64_MAX - 1));
                assert_true(indexseg_labels(x, (uint32_t)i, r.arena, &got));
                assert_true(labels_eq(got, all[i]));
        }
        snapshot_unref(indexseg_snapshot(x));
        indexrig_done(&r);
}

typedef struct Salvaged {
        size_t n;
} Salvaged;

static void count_salvaged(void *ctx, const IndexEntry *e, Labels labels)
{
        AUTO(arena_free) Arena *arena = arena_new();
        IndexEntry want = indexrig_entry(e->sid);
        assert_true(same_entry(e, &want));
        assert_true(labels_eq(labels, indexrig_labels(arena, e->sid)));
        ((Salvaged *)ctx)->n++;
}

/* One flipped bit: what is found is right, and either the tables or the pages still have everything. */
static void flips_hide_and_never_lie(void **state)
{
        (void)state;
        enum { SERIES = 40 };
        IndexRig r;
        AUTO(buf_done) Buf file = { 0 };
        indexrig_init(&r);
        indexrig_write(r.path, 1, 1, 1, SERIES);
        tempdir_get(r.path, &file);
        for (size_t at = 0; at < file.n; at++) {
                char bit = (char)(1 << at % 8);
                IndexSeg *x;
                Err err;
                Salvaged s = { 0 };
                file.p[at] = (char)(file.p[at] ^ bit);
                tempdir_put(r.path, buf_str(&file));
                size_t found = 0;
                bool whole = false;
                if (indexseg_open(fs_system(), r.path, 1, &x, &err)) {
                        for (uint64_t sid = 1; sid <= SERIES; sid++)
                                found += is_there(&r, x, sid);
                        assert_true(found == SERIES || indexseg_is_damaged(x));
                        whole = indexseg_verify(x);
                        snapshot_unref(indexseg_snapshot(x));
                } else {
                        assert_true(err.code == ERR_CORRUPT || err.code == ERR_UNSUPPORTED);
                }
                bool bad = indexseg_salvage(buf_str(&file), count_salvaged, &s) > 0;
                assert_true(found == SERIES || s.n == SERIES);
                assert_true(s.n == SERIES || bad);
                assert_true(!whole || (found == SERIES && s.n == SERIES)); /* bytes that fill up say nothing */
                file.p[at] = (char)(file.p[at] ^ bit);
        }
        indexrig_done(&r);
}

static void cuts_leave_what_stands_before(void **state)
{
        (void)state;
        IndexRig r;
        AUTO(buf_done) Buf file = { 0 };
        indexrig_init(&r);
        indexrig_write(r.path, 1, 1, 1, 600);
        tempdir_get(r.path, &file);
        size_t most = 0;
        for (size_t n = 0; n < file.n; n += n < 400 ? 1 : 97) {
                IndexSeg *x;
                Err err;
                Salvaged s = { 0 };
                tempdir_put(r.path, str_n(file.p, n));
                assert_false(indexseg_open(fs_system(), r.path, 1, &x, &err));
                assert_int_equal(err.code, ERR_CORRUPT);
                indexseg_salvage(str_n(file.p, n), count_salvaged, &s);
                assert_true(s.n >= most);
                most = s.n;
        }
        assert_int_equal(most, 600);
        indexrig_done(&r);
}

static void a_newer_format_is_refused(void **state)
{
        (void)state;
        IndexRig r;
        AUTO(buf_done) Buf file = { 0 };
        IndexSeg *x;
        Err err;
        indexrig_init(&r);
        indexrig_write(r.path, 1, 1, 1, 3);
        tempdir_get(r.path, &file);
        bits_put_le32(file.p + 8, INDEXSEG_VERSION + 1);
        bits_put_le32(file.p + 28, hash_crc32c(0, file.p, 28));
        tempdir_put(r.path, buf_str(&file));
        assert_false(indexseg_open(fs_system(), r.path, 1, &x, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        assert_contains(err.msg, "version");
        indexrig_done(&r);
}

static void count_any(void *ctx, const IndexEntry *e, Labels labels)
{
        assert_true(e->sid && labels.n == 2);
        ((Salvaged *)ctx)->n++;
}

/* The documented example is what is written. */
static void the_documented_bytes(void **state)
{
        (void)state;
        IndexRig r;
        AUTO(buf_done) Buf file = { 0 };
        AUTO(buf_done) Buf want = { 0 };
        AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
        static const Label FIRST[] = { { STR_INIT("__name__"), STR_INIT("up") }, { STR_INIT("job"), STR_INIT("a") } };
        static const Label SECOND[] = { { STR_INIT("__name__"), STR_INIT("up") }, { STR_INIT("job"), STR_INIT("b") } };
        Err err;
        indexrig_init(&r);
        indexbuild_add(b, &(IndexEntry){ 7, INT64_C(1700000000000), bits_of_double(1) }, (Labels){ FIRST, 2 });
        indexbuild_add(b, &(IndexEntry){ 9, INT64_C(1700000015000), bits_of_double(0) }, (Labels){ SECOND, 2 });
        assert_ok(indexbuild_write(b, fs_system(), r.path, 1, &err), err);
        tempdir_get(r.path, &file);
        hexdoc_read("index.md", &want);
        /* The page is as zstd packs it; another version of it may pack otherwise: read what is documented. */
        tempdir_put(r.path, buf_str(&want));
        IndexSeg *x = indexrig_open(r.path);
        IndexEntry e;
        assert_true(indexseg_find(x, (Labels){ SECOND, 2 }, indexseg_hash((Labels){ SECOND, 2 }), &e));
        assert_int_equal(e.sid, 9);
        assert_int_equal(e.last_ms, INT64_C(1700000015000));
        assert_true(indexseg_find(x, (Labels){ FIRST, 2 }, indexseg_hash((Labels){ FIRST, 2 }), &e));
        assert_true(e.sid == 7 && e.last_ms == INT64_C(1700000000000) && e.last_bits == bits_of_double(1));
        assert_false(indexseg_is_damaged(x));
        snapshot_unref(indexseg_snapshot(x));
        Salvaged pages = { 0 };
        assert_int_equal(indexseg_salvage(buf_str(&want), count_any, &pages), 0);
        assert_int_equal(pages.n, 2);
        /* Pages depend on the version of zstd, the tables behind them do not. */
        const size_t tables = 0xb0;
        assert_true(want.n > tables + 200 && file.n > tables + 200);
        uint64_t at = bits_le64(want.p + want.n - 24), own = bits_le64(file.p + file.n - 24);
        assert_memory_equal(want.p + at - tables, file.p + own - tables, tables);
        indexrig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_series_is_found),     cmocka_unit_test(odd_labels_come_back),
                cmocka_unit_test(flips_hide_and_never_lie),  cmocka_unit_test(cuts_leave_what_stands_before),
                cmocka_unit_test(a_newer_format_is_refused), cmocka_unit_test(the_documented_bytes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
