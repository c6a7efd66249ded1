#include "testing.h"

#include "base/hash.h"
#include "os/fault.h"
#include "store/manifest.h"
#include "tempdir.h"

static const ManifestKind PARTS = {
        .magic = STR_INIT("pharos-parts"),
        .word = STR_INIT("part"),
        .suffix = STR_INIT(".part"),
        .version = 1,
        .replaces = true,
};

static const ManifestKind SEGMENTS = {
        .magic = STR_INIT("pharos-index"),
        .word = STR_INIT("segment"),
        .suffix = STR_INIT(".index"),
        .version = 3,
};

static ManifestParsed parse(const ManifestKind *kind, Str text, Manifest *m)
{
        manifest_done(m);
        *m = (Manifest){ 0 };
        return manifest_parse(kind, text, m);
}

/* With the checksum that belongs to it. */
static ManifestParsed parse_sealed(const ManifestKind *kind, const char *lines, Manifest *m)
{
        AUTO(buf_done) Buf text = { 0 };
        buf_printf(&text, "%scrc %08x\n", lines, hash_crc32c(0, lines, strlen(lines)));
        return parse(kind, buf_str(&text), m);
}

/* ---- text */

static void the_bytes_of_each_kind(void **state)
{
        (void)state;
        AUTO(manifest_done) Manifest m = { .next_id = 12, .replaced_floor = 9 };
        AUTO(buf_done) Buf out = { 0 };
        vec_push(&m.ids, 11);
        vec_push(&m.ids, 4);
        vec_push(&m.replaced, 7);
        manifest_print(&PARTS, &m, &out);
        assert_str(buf_str(&out),
                   "pharos-parts 1\nnext 12\nreplaced-floor 9\nreplaced 7\npart 11\npart 4\ncrc fb442997\n");
        vec_clear(&m.replaced);
        buf_clear(&out);
        manifest_print(&SEGMENTS, &m, &out);
        assert_str(buf_str(&out), "pharos-index 3\nnext 12\nsegment 11\nsegment 4\ncrc 762e0e00\n");
}

static void what_is_printed_is_read(void **state)
{
        (void)state;
        AUTO(manifest_done) Manifest m = { .next_id = UINT32_MAX, .replaced_floor = 70000 };
        AUTO(manifest_done) Manifest again = { 0 };
        AUTO(buf_done) Buf out = { 0 };
        for (uint32_t i = 1; i <= 500; i++) {
                vec_push(&m.ids, 1000 - i); /* not in order: as they stand in the list */
                vec_push(&m.replaced, i * 7);
        }
        buf_str_add(&out, STR("before "));
        manifest_print(&PARTS, &m, &out);
        assert_int_equal(parse(&PARTS, str_sub(buf_str(&out), 7, SIZE_MAX), &again), MANIFEST_OK);
        assert_int_equal(again.next_id, UINT32_MAX);
        assert_int_equal(again.replaced_floor, 70000);
        assert_int_equal(again.ids.len, 500);
        assert_memory_equal(again.ids.data, m.ids.data, 500 * sizeof *m.ids.data);
        assert_int_equal(again.replaced.len, 500);
        assert_memory_equal(again.replaced.data, m.replaced.data, 500 * sizeof *m.replaced.data);
}

static void every_flip_and_every_cut_is_noticed(void **state)
{
        (void)state;
        AUTO(manifest_done) Manifest m = { .next_id = 12, .replaced_floor = 9 };
        AUTO(manifest_done) Manifest got = { 0 };
        AUTO(buf_done) Buf out = { 0 };
        vec_push(&m.ids, 11);
        vec_push(&m.replaced, 7);
        manifest_print(&PARTS, &m, &out);
        for (size_t i = 0; i < out.n; i++) {
                for (unsigned bit = 0; bit < 8; bit++) {
                        out.p[i] = (char)(out.p[i] ^ 1 << bit);
                        assert_int_not_equal(parse(&PARTS, buf_str(&out), &got), MANIFEST_OK);
                        out.p[i] = (char)(out.p[i] ^ 1 << bit);
                }
                bool whole = i + 1 == out.n; /* the last line end says nothing */
                assert_int_equal(parse(&PARTS, str_n(out.p, i), &got), whole ? MANIFEST_OK : MANIFEST_DAMAGED);
        }
}

static void versions(void **state)
{
        (void)state;
        AUTO(manifest_done) Manifest m = { 0 };
        assert_int_equal(parse_sealed(&SEGMENTS, "pharos-index 3\nnext 1\n", &m), MANIFEST_OK);
        assert_int_equal(parse_sealed(&SEGMENTS, "pharos-index 1\nnext 1\n", &m), MANIFEST_OK);
        assert_int_equal(parse(&SEGMENTS, STR("pharos-index 4\nwhat a newer program writes"), &m), MANIFEST_NEWER);
        assert_int_equal(parse(&SEGMENTS, STR("pharos-index 255"), &m), MANIFEST_NEWER);
        assert_int_equal(parse(&SEGMENTS, STR("pharos-index 256\n"), &m), MANIFEST_DAMAGED); /* no version, damage */
        assert_int_equal(parse_sealed(&SEGMENTS, "pharos-index -1\nnext 1\n", &m), MANIFEST_DAMAGED);
        assert_int_equal(parse_sealed(&SEGMENTS, "pharos-index\nnext 1\n", &m), MANIFEST_DAMAGED);
        assert_int_equal(parse_sealed(&SEGMENTS, "pharos-parts 1\nnext 1\n", &m), MANIFEST_DAMAGED);
        assert_int_equal(parse(&SEGMENTS, STR(""), &m), MANIFEST_DAMAGED);
}

static void lines_that_mean_nothing(void **state)
{
        (void)state;
        static const char *const BAD[] = { "part 1\n",      "replaced 1\n", "replaced-floor 1\n", "\n",
                                           "next\n",        "next x\n",     "next 4294967296\n",  "segment -1\n",
                                           "segment 1 2\n", " segment 1\n", "Segment 1\n",        "segment  1\n",
                                           "crc 00000000\n" };
        AUTO(manifest_done) Manifest m = { 0 };
        for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
                AUTO(buf_done) Buf text = { 0 };
                buf_printf(&text, "pharos-index 3\nnext 2\n%ssegment 1\n", BAD[i]);
                assert_int_equal(parse_sealed(&SEGMENTS, buf_cstr(&text), &m), MANIFEST_DAMAGED);
        }
        assert_int_equal(parse_sealed(&SEGMENTS, "pharos-index 3\nnext 2\nsegment 1\n", &m), MANIFEST_OK);
        AUTO(buf_done) Buf longer = { 0 };
        manifest_print(&SEGMENTS, &m, &longer);
        buf_str_add(&longer, STR("segment 2\n"));
        assert_int_equal(parse(&SEGMENTS, buf_str(&longer), &m), MANIFEST_DAMAGED);
}

/* ---- folders */

typedef struct Rig {
        char path[64];
        FaultFs fault;
        ManifestDir dir;
        Arena *arena;
} Rig;

static void rig_init(Rig *r)
{
        tempdir_make(r->path, "manifest");
        fault_fs_init(&r->fault, fs_system());
        manifest_dir_init(&r->dir, &PARTS, &r->fault.fs, r->path);
        r->arena = arena_new();
}

static void rig_done(Rig *r)
{
        manifest_dir_done(&r->dir);
        arena_free(r->arena);
        tempdir_remove(r->path);
}

static void put(Rig *r, const char *name, Str content)
{
        Err err;
        assert_ok(file_write_atomic(fs_system(), str_printf(r->arena, "%s/%s", r->path, name).p, content, &err), err);
}

/* The names in the folder, with spaces between. */
static const char *names(Rig *r)
{
        Str *list;
        size_t n;
        Err err;
        const char *all = "";
        assert_ok(fs_system()->list(fs_system(), r->path, r->arena, &list, &n, &err), err);
        for (size_t i = 0; i < n; i++)
                all = str_printf(r->arena, "%s%s" STR_FMT, all, i ? " " : "", STR_ARG(list[i])).p;
        return all;
}

/* The numbers that loading gives, with spaces between. */
static const char *load(Rig *r, bool *damaged, uint32_t *next_id)
{
        AUTO(manifest_done) Manifest m = { 0 };
        Err err;
        const char *all = "";
        assert_ok(manifest_load(&r->dir, &m, damaged, &err), err);
        vec_each(id, &m.ids)
                all = str_printf(r->arena, "%s%s%u", all, *all ? " " : "", *id).p;
        *next_id = m.next_id;
        return all;
}

static bool commit(Rig *r, const uint32_t *ids, size_t n, size_t n_added, Err *err)
{
        AUTO(manifest_done) Manifest m = { .next_id = 20 };
        for (size_t i = 0; i < n; i++)
                vec_push(&m.ids, ids[i]);
        return manifest_commit(&r->dir, &m, ids + n - n_added, n_added, err);
}

static void files_without_a_name_go(void **state)
{
        (void)state;
        Rig r;
        Err err;
        bool damaged;
        uint32_t next_id;
        rig_init(&r);
        assert_string_equal(load(&r, &damaged, &next_id), "");
        assert_true(!damaged && next_id == 1);
        put(&r, "00000002.part", STR("a"));
        put(&r, "00000030.part", STR("b"));
        put(&r, "00000003.part.tmp", STR("cut off"));
        put(&r, "00000004.part.bad", STR("set aside"));
        put(&r, "notes", STR("not ours"));
        put(&r, "4294967295.part", STR("no number of ours"));
        assert_ok(commit(&r, (uint32_t[]){ 5, 2 }, 2, 0, &err), err);
        assert_string_equal(load(&r, &damaged, &next_id), "5 2"); /* that 5 is absent is for who opens it to say */
        assert_false(damaged);
        assert_int_equal(next_id, 31);
        assert_string_equal(names(&r), "00000002.part 00000004.part.bad 4294967295.part MANIFEST notes");
        rig_done(&r);
}

static void without_a_manifest_every_file_counts(void **state)
{
        (void)state;
        Rig r;
        bool damaged;
        uint32_t next_id;
        rig_init(&r);
        put(&r, "00000009.part", STR("a"));
        put(&r, "00000002.part", STR("b"));
        put(&r, "00000002.part.tmp", STR("cut off"));
        assert_string_equal(load(&r, &damaged, &next_id), "2 9");
        assert_false(damaged);
        put(&r, "MANIFEST", STR("pharos-parts 1\nnext 70\npart 2\n"));
        assert_string_equal(load(&r, &damaged, &next_id), "2 9");
        assert_true(damaged);
        assert_int_equal(next_id, 10);
        assert_string_equal(names(&r), "00000002.part 00000009.part MANIFEST");
        rig_done(&r);
}

static void a_newer_program_keeps_its_files(void **state)
{
        (void)state;
        Rig r;
        AUTO(manifest_done) Manifest m = { 0 };
        bool damaged = false;
        Err err;
        rig_init(&r);
        put(&r, "MANIFEST", STR("pharos-parts 2\n"));
        put(&r, "00000001.part", STR("a"));
        assert_false(manifest_load(&r.dir, &m, &damaged, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        assert_contains(err.msg, "MANIFEST' has a newer format, this program reads version 1");
        assert_string_equal(names(&r), "00000001.part MANIFEST");
        rig_done(&r);
}

/* What the manifest on the disk names is there; loading removes what it does not name. Returns how many it names. */
static size_t check_restart(Rig *r)
{
        AUTO(manifest_done) Manifest m = { 0 };
        ManifestDir after;
        Str there = str_of(names(r));
        bool damaged;
        Err err;
        manifest_dir_init(&after, &PARTS, fs_system(), r->path);
        assert_ok(manifest_load(&after, &m, &damaged, &err), err);
        assert_false(damaged);
        vec_each(id, &m.ids)
                assert_true(str_find(there, str_printf(r->arena, "%08u.part", *id)) != SIZE_MAX);
        manifest_dir_done(&after);
        return m.ids.len;
}

/* One of a commit's calls fails. Returns whether the commit did, too. */
static bool try_commit(FaultKind kind, int64_t at)
{
        Rig r;
        Err err;
        bool damaged;
        uint32_t next_id;
        rig_init(&r);
        put(&r, "00000001.part", STR("a"));
        assert_ok(commit(&r, (uint32_t[]){ 1 }, 1, 1, &err), err);
        put(&r, "00000002.part", STR("b"));
        fault_fs_arm(&r.fault, kind, at, false);
        bool ok = commit(&r, (uint32_t[]){ 1, 2 }, 2, 1, &err);
        fault_fs_arm(&r.fault, FAULT_NONE, 0, false);
        size_t named = check_restart(&r);
        assert_true(named == 2 || (!ok && named == 1));
        put(&r, "00000003.part", STR("c"));
        assert_ok(commit(&r, (uint32_t[]){ 1, 3 }, 2, 1, &err), err);
        if (!ok)
                assert_string_equal(names(&r), "00000001.part 00000003.part MANIFEST");
        assert_string_equal(load(&r, &damaged, &next_id), "1 3");
        rig_done(&r);
        return !ok;
}

static void a_failed_commit_gives_its_files_up(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE, FAULT_SHORT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_OPEN };
        size_t failed = 0;
        for (size_t k = 0; k < ARRAY_LEN(KINDS); k++)
                for (int64_t at = 1; at < 4; at++)
                        failed += try_commit(KINDS[k], at);
        assert_true(failed >= 5);
}

static void paths(void **state)
{
        (void)state;
        Rig r;
        AUTO(buf_done) Buf path = { 0 };
        rig_init(&r);
        manifest_path(&r.dir, 7, &path);
        assert_string_equal(path.p, str_printf(r.arena, "%s/00000007.part", r.path).p);
        put(&r, "00000007.part", STR("a"));
        put(&r, "00000008.part", STR("b"));
        manifest_set_aside(&r.dir, path.p);
        manifest_set_aside(&r.dir, path.p); /* gone already: nothing to do */
        assert_string_equal(names(&r), "00000007.part.bad 00000008.part");
        manifest_remove(&r.dir, (uint32_t[]){ 7, 8 }, 2);
        assert_string_equal(names(&r), "00000007.part.bad");
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_bytes_of_each_kind),
                cmocka_unit_test(what_is_printed_is_read),
                cmocka_unit_test(every_flip_and_every_cut_is_noticed),
                cmocka_unit_test(versions),
                cmocka_unit_test(lines_that_mean_nothing),
                cmocka_unit_test(files_without_a_name_go),
                cmocka_unit_test(without_a_manifest_every_file_counts),
                cmocka_unit_test(a_newer_program_keeps_its_files),
                cmocka_unit_test(a_failed_commit_gives_its_files_up),
                cmocka_unit_test(paths),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
