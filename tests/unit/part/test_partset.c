#include "partrig.h"

#include "os/fault.h"
#include "part/partset.h"

static uint32_t write_one(PartRig *r, const Fs *fs, PartSet *s, uint64_t sid)
{
        AUTO(buf_done) Buf path = { 0 };
        uint32_t id = partset_new_id(s);
        PartWriter *w;
        Err err;
        Column c = { 0 };
        partset_path(s, id, &path);
        partrig_fill(&c, sid, 50);
        assert_ok(partwrite_begin(fs, path.p, id, 0, &w, &err), err);
        assert_ok(partwrite_series(w, sid, partrig_labels(r->arena, sid), &c, &err), err);
        assert_ok(partwrite_commit(w, &err), err);
        column_done(&c);
        return id;
}

static PartSet *open_set(PartRig *r, const Fs *fs, PartSetDamage *damage)
{
        PartSet *s;
        Err err;
        *damage = (PartSetDamage){ 0 };
        assert_ok(partset_open(fs, r->dir, &s, damage, &err), err);
        return s;
}

/* How many samples a series has in all parts. */
static size_t samples_of(PartSet *s, uint64_t sid)
{
        Column c = { 0 };
        uint64_t bad = 0;
        partset_read(s, sid, INT64_MIN, INT64_MAX, &c, &bad);
        size_t n = c.n;
        assert_int_equal(bad, 0);
        column_done(&c);
        return n;
}

static void changes_survive_a_restart(void **state)
{
        (void)state;
        PartRig r;
        PartSetDamage damage;
        Err err;
        partrig_init(&r);
        PartSet *s = open_set(&r, fs_system(), &damage);
        uint32_t ids[2] = { write_one(&r, fs_system(), s, 1), write_one(&r, fs_system(), s, 2) };
        uint32_t replaced[] = { 7, 9 };
        PartChange change = { .add = ids, .n_add = 2, .replaced = replaced, .n_replaced = 2 };
        assert_ok(partset_change(s, &change, &err), err);
        partset_close(s);
        s = open_set(&r, fs_system(), &damage);
        size_t n;
        assert_int_equal(partset_replaced(s, &n)[1], 9);
        assert_int_equal(n, 2);
        partset_settle(s);
        PartList *list = partset_list(s);
        assert_int_equal(list->n, 2);
        PartChange drop = { .drop = list->parts, .n_drop = 1 };
        assert_ok(partset_change(s, &drop, &err), err);
        assert_true(part_info(list->parts[0]).samples == 50); /* who holds a part keeps it */
        snapshot_unref(&list->snap);
        partset_close(s);
        s = open_set(&r, fs_system(), &damage);
        partset_replaced(s, &n);
        assert_int_equal(n, 0);
        assert_int_equal(partset_replaced_floor(s), 9);
        assert_int_equal(samples_of(s, 1) + samples_of(s, 2), 50);
        assert_int_equal(tempdir_count(r.dir, ".part"), 1);
        assert_true(partset_new_id(s) > ids[1]);
        partset_close(s);
        partrig_done(&r);
}

static void what_no_manifest_names_goes(void **state)
{
        (void)state;
        PartRig r;
        PartSetDamage damage;
        Err err;
        partrig_init(&r);
        PartSet *s = open_set(&r, fs_system(), &damage);
        uint32_t id = write_one(&r, fs_system(), s, 1);
        assert_ok(partset_change(s, &(PartChange){ .add = &id, .n_add = 1 }, &err), err);
        write_one(&r, fs_system(), s, 2);
        partset_close(s);
        s = open_set(&r, fs_system(), &damage);
        assert_int_equal(samples_of(s, 1), 50);
        assert_int_equal(samples_of(s, 2), 0);
        assert_int_equal(tempdir_count(r.dir, ".part"), 1);
        partset_close(s);
        partrig_done(&r);
}

/* A manifest that cannot be read: every part is used. A part that cannot be read: set aside, the rest is served. */
static void damage_costs_what_it_hit(void **state)
{
        (void)state;
        PartRig r;
        PartSetDamage damage;
        Err err;
        partrig_init(&r);
        PartSet *s = open_set(&r, fs_system(), &damage);
        uint32_t ids[2] = { write_one(&r, fs_system(), s, 1), write_one(&r, fs_system(), s, 2) };
        assert_ok(partset_change(s, &(PartChange){ .add = ids, .n_add = 2 }, &err), err);
        partset_close(s);
        const char *manifest = str_printf(r.arena, "%s/MANIFEST", r.dir).p;
        AUTO(buf_done) Buf text = { 0 };
        assert_ok(file_read_all(fs_system(), manifest, 1 << 20, &text, &err), err);
        for (size_t i = 0; i < text.n; i++) {
                text.p[i] ^= 1;
                assert_ok(file_write_atomic(fs_system(), manifest, buf_str(&text), &err), err);
                text.p[i] ^= 1;
                s = open_set(&r, fs_system(), &damage);
                assert_true(damage.manifest);
                assert_int_equal(samples_of(s, 1) + samples_of(s, 2), 100);
                partset_close(s);
        }
        assert_ok(file_write_atomic(fs_system(), manifest, buf_str(&text), &err), err);
        assert_ok(file_write_atomic(fs_system(), r.path, STR("no part at all"), &err), err);
        s = open_set(&r, fs_system(), &damage);
        assert_int_equal(damage.parts, 1);
        assert_int_equal(samples_of(s, 1), 0);
        assert_int_equal(samples_of(s, 2), 50);
        assert_int_equal(tempdir_count(r.dir, ".bad"), 1);
        partset_close(s);
        partrig_done(&r);
}

static void a_newer_manifest_is_refused(void **state)
{
        (void)state;
        PartRig r;
        partrig_init(&r);
        Err err;
        const char *manifest = str_printf(r.arena, "%s/MANIFEST", r.dir).p;
        assert_ok(file_write_atomic(fs_system(), manifest, STR("pharos-parts 2\n"), &err), err);
        PartSet *s;
        PartSetDamage damage = { 0 };
        assert_false(partset_open(fs_system(), r.dir, &s, &damage, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        partrig_done(&r);
}

/* Whatever call fails: before and after a restart there is the old list or the new one, as a whole. */
static void a_change_is_all_or_nothing(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE, FAULT_SHORT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_OPEN };
        size_t failed = 0;
        for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++)
                for (int64_t i = 1; i < 6; i++) {
                        PartRig r;
                        PartSetDamage damage;
                        Err err;
                        partrig_init(&r);
                        FaultFs fault;
                        fault_fs_init(&fault, fs_system());
                        PartSet *s = open_set(&r, &fault.fs, &damage);
                        uint32_t old = write_one(&r, &fault.fs, s, 1);
                        assert_ok(partset_change(s, &(PartChange){ .add = &old, .n_add = 1 }, &err), err);
                        uint32_t id = write_one(&r, &fault.fs, s, 2);
                        PartList *list = partset_list(s);
                        PartChange change = { .add = &id, .n_add = 1, .drop = list->parts, .n_drop = list->n };
                        fault_fs_arm(&fault, KINDS[k], i, false);
                        bool ok = partset_change(s, &change, &err);
                        fault_fs_arm(&fault, FAULT_NONE, 0, false);
                        snapshot_unref(&list->snap);
                        failed += !ok;
                        assert_int_equal(samples_of(s, 1), ok ? 0 : 50);
                        assert_int_equal(samples_of(s, 2), ok ? 50 : 0);
                        partset_close(s);
                        s = open_set(&r, fs_system(), &damage);
                        assert_int_equal(damage.parts + damage.manifest, 0);
                        assert_int_equal(samples_of(s, 1) + samples_of(s, 2), 50);
                        assert_true(!ok || samples_of(s, 2) == 50);
                        partset_close(s);
                        partrig_done(&r);
                }
        assert_true(failed >= 5);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(changes_survive_a_restart),  cmocka_unit_test(what_no_manifest_names_goes),
                cmocka_unit_test(damage_costs_what_it_hit),   cmocka_unit_test(a_newer_manifest_is_refused),
                cmocka_unit_test(a_change_is_all_or_nothing),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
