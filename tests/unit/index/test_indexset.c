#include "indexrig.h"

#include "os/fault.h"

static IndexSet *open_set(IndexRig *r, const Fs *fs, IndexDamage *damage)
{
        IndexSet *s;
        Err err;
        *damage = (IndexDamage){ 0 };
        assert_ok(indexset_open(fs, r->dir, &s, damage, &err), err);
        return s;
}

static uint32_t add(IndexSet *s, uint64_t first, uint64_t step, size_t n)
{
        AUTO(buf_done) Buf path = { 0 };
        Err err;
        uint32_t id = indexset_new_id(s);
        indexset_path(s, id, &path);
        indexrig_write(path.p, id, first, step, n);
        assert_ok(indexset_change(s, &(IndexChange){ .add = &id, .n_add = 1 }, &err), err);
        return id;
}

/* How many of the series 1..n are found. */
static size_t count_found(IndexSet *s, uint64_t n)
{
        IndexList *list = indexset_list(s);
        size_t found = 0;
        for (uint64_t sid = 1; sid <= n; sid++) {
                AUTO(arena_free) Arena *arena = arena_new();
                IndexEntry e, by_id;
                Labels labels;
                if (!indexset_find(list, indexrig_labels(arena, sid), &e))
                        continue;
                found++;
                assert_int_equal(e.sid, sid);
                assert_true(indexset_find_sid(list, sid, arena, &by_id, &labels));
                assert_true(by_id.last_ms == e.last_ms && labels_eq(labels, indexrig_labels(arena, sid)));
        }
        snapshot_unref(&list->snap);
        return found;
}

static void segments_come_and_go(void **state)
{
        (void)state;
        IndexRig r;
        IndexDamage damage;
        Err err;
        indexrig_init(&r);
        IndexSet *s = open_set(&r, fs_system(), &damage);
        IndexList *old = indexset_list(s);
        add(s, 1, 2, 50);
        assert_false(indexset_is_current(s, old));
        snapshot_unref(&old->snap);
        add(s, 2, 2, 50);
        assert_int_equal(count_found(s, 200), 100);
        indexset_close(s);
        s = open_set(&r, fs_system(), &damage);
        assert_int_equal(damage.segments + damage.manifest, 0);
        assert_int_equal(count_found(s, 200), 100);
        IndexList *list = indexset_list(s);
        assert_int_equal(list->n, 2);
        assert_int_equal(indexset_max_sid(list), 100);
        IndexSeg *drop = indexseg_info(list->segs[0]).min_sid == 1 ? list->segs[0] : list->segs[1];
        assert_ok(indexset_change(s, &(IndexChange){ .drop = &drop, .n_drop = 1 }, &err), err);
        snapshot_unref(&list->snap);
        assert_int_equal(count_found(s, 200), 50);
        assert_int_equal(tempdir_count(r.dir, ".index"), 1);
        indexset_close(s);
        indexrig_done(&r);
}

static void the_newest_entry_counts(void **state)
{
        (void)state;
        IndexRig r;
        IndexDamage damage;
        Err err;
        indexrig_init(&r);
        IndexSet *s = open_set(&r, fs_system(), &damage);
        static const int64_t TIMES[] = { 500, 900, 700 };
        for (size_t i = 0; i < ARRAY_LEN(TIMES); i++) {
                AUTO(indexbuild_free) IndexBuild *b = indexbuild_new();
                AUTO(buf_done) Buf path = { 0 };
                uint32_t id = indexset_new_id(s);
                indexbuild_add(b, &(IndexEntry){ 4, TIMES[i], (uint64_t)TIMES[i] }, indexrig_labels(r.arena, 4));
                indexbuild_add(b, &(IndexEntry){ 5 + i, 10000, 0 }, indexrig_labels(r.arena, 5 + i));
                indexset_path(s, id, &path);
                assert_ok(indexbuild_write(b, fs_system(), path.p, id, &err), err);
                assert_ok(indexset_change(s, &(IndexChange){ .add = &id, .n_add = 1 }, &err), err);
        }
        IndexList *list = indexset_list(s);
        IndexEntry e;
        assert_true(indexset_find(list, indexrig_labels(r.arena, 4), &e));
        assert_true(e.last_ms == 900 && e.last_bits == 900);
        assert_true(indexset_find_sid(list, 4, r.arena, &e, NULL));
        assert_true(e.last_ms == 900);
        snapshot_unref(&list->snap);
        indexset_close(s);
        indexrig_done(&r);
}

/* Every byte of a segment flipped: nothing is lost, the set mends itself, at the start or when a read finds out. */
static void flips_are_mended(void **state)
{
        (void)state;
        enum { SERIES = 30 };
        IndexRig r;
        IndexDamage damage;
        AUTO(buf_done) Buf file = { 0 };
        AUTO(buf_done) Buf path = { 0 };
        Err err;
        indexrig_init(&r);
        IndexSet *s = open_set(&r, fs_system(), &damage);
        add(s, 1, 1, SERIES);
        indexset_close(s);
        tempdir_get(r.path, &file);
        for (size_t at = 0; at < file.n; at += at < 1200 ? 3 : 29) {
                if (at >= 8 && at < 12)
                        continue; /* a version, which a checksum guards: refused as damaged or newer */
                assert_ok(file_remove_tree(fs_system(), r.dir, &err), err);
                assert_ok(fs_system()->mkdir_all(fs_system(), r.dir, &err), err);
                file.p[at] = (char)(file.p[at] ^ 1 << at % 8);
                tempdir_put(r.path, buf_str(&file));
                file.p[at] = (char)(file.p[at] ^ 1 << at % 8);
                s = open_set(&r, fs_system(), &damage); /* without a manifest: takes what is there */
                count_found(s, SERIES);
                assert_ok(indexset_mend(s, &damage, &err), err);
                assert_int_equal(count_found(s, SERIES), SERIES);
                assert_int_equal(tempdir_count(r.dir, ".bad"), damage.segments);
                indexset_close(s);
                s = open_set(&r, fs_system(), &damage);
                assert_int_equal(count_found(s, SERIES), SERIES);
                assert_int_equal(damage.segments, 0);
                indexset_close(s);
        }
        indexrig_done(&r);
}

static void a_damaged_manifest_takes_what_is_there(void **state)
{
        (void)state;
        IndexRig r;
        IndexDamage damage;
        AUTO(buf_done) Buf file = { 0 };
        AUTO(buf_done) Buf path = { 0 };
        indexrig_init(&r);
        IndexSet *s = open_set(&r, fs_system(), &damage);
        add(s, 1, 2, 20);
        add(s, 2, 2, 20);
        indexset_close(s);
        buf_printf(&path, "%s/MANIFEST", r.dir);
        tempdir_get(buf_cstr(&path), &file);
        for (size_t n = 0; n < file.n; n++) {
                IndexSet *again;
                Err err;
                tempdir_put(path.p, str_n(file.p, n));
                s = open_set(&r, fs_system(), &damage);
                assert_true(damage.manifest || n + 1 == file.n); /* the last line end says nothing */
                assert_int_equal(count_found(s, 40), 40);
                indexset_close(s);
                AUTO(buf_done) Buf flipped = { 0 };
                buf_str_add(&flipped, buf_str(&file));
                flipped.p[n] = (char)(flipped.p[n] ^ 4);
                tempdir_put(path.p, buf_str(&flipped));
                damage = (IndexDamage){ 0 };
                if (!indexset_open(fs_system(), r.dir, &again, &damage, &err)) {
                        assert_int_equal(err.code, ERR_UNSUPPORTED); /* "pharos-index 5" */
                        continue;
                }
                assert_true(damage.manifest);
                assert_int_equal(count_found(again, 40), 40);
                indexset_close(again);
        }
        indexrig_done(&r);
}

/* A change that fails at any point leaves the old list or, on disk, the new one: never a mix, never a loss. */
static void failing_changes(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_OPEN, FAULT_ENOSPC };
        for (size_t k = 0; k < ARRAY_LEN(KINDS); k++)
                for (int64_t at = 1; at < 12; at++) {
                        IndexRig r;
                        IndexDamage damage;
                        FaultFs fault;
                        Err err;
                        AUTO(buf_done) Buf path = { 0 };
                        indexrig_init(&r);
                        fault_fs_init(&fault, fs_system());
                        IndexSet *s = open_set(&r, &fault.fs, &damage);
                        add(s, 1, 2, 20);
                        uint32_t id = indexset_new_id(s);
                        indexset_path(s, id, &path);
                        indexrig_write(path.p, id, 1, 1, 40);
                        IndexList *list = indexset_list(s);
                        IndexChange change = { .add = &id, .n_add = 1, .drop = list->segs, .n_drop = 1 };
                        fault_fs_arm(&fault, KINDS[k], at, false);
                        bool ok = indexset_change(s, &change, &err);
                        fault_fs_arm(&fault, FAULT_NONE, 0, false);
                        snapshot_unref(&list->snap);
                        assert_int_equal(count_found(s, 40), ok ? 40 : 20);
                        indexset_close(s);
                        s = open_set(&r, fs_system(), &damage);
                        size_t found = count_found(s, 40);
                        assert_true(found == 40 || (!ok && found == 20));
                        assert_int_equal(damage.segments + damage.manifest, 0);
                        indexset_close(s);
                        indexrig_done(&r);
                }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(segments_come_and_go), cmocka_unit_test(the_newest_entry_counts),
                cmocka_unit_test(flips_are_mended),     cmocka_unit_test(a_damaged_manifest_takes_what_is_there),
                cmocka_unit_test(failing_changes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
