#include <stdatomic.h>

#include "rig.h"

#include "os/fault.h"
#include "os/thread.h"

enum { SERIES = 40, STEP_MS = 15000 };

static void add_step(Rig *r, unsigned step)
{
        int64_t t_ms = RIG_START_MS + (int64_t)step * STEP_MS;
        if (t_ms > clock_wall_ms(&r->clock.clock))
                clock_manual_advance_ms(&r->clock, t_ms - clock_wall_ms(&r->clock.clock));
        Appender *a = store_appender(tsdb_engine(r->db));
        for (unsigned i = 0; i < SERIES; i++) {
                SeriesRef ref = 0;
                assert_int_equal(store_append(a, &ref, rig_labels(r, "m", i), t_ms, step * 1.5 + i / 7.0), APPEND_OK);
        }
        Err err;
        assert_ok(store_commit(a, &err), err);
        if (step % 40 == 0)
                tsdb_maintain(r->db);
}

/* Every series as text. */
static void dump(Rig *r, Buf *out)
{
        Column c = { 0 };
        Err err;
        Querier *q = rig_querier(r);
        StoreSelection sel = rig_select(r, q, NULL, 0);
        for (size_t i = 0; i < sel.n; i++) {
                column_clear(&c);
                assert_ok(q->read(q, &sel, i, INT64_MIN, INT64_MAX, &c, &err), err);
                if (c.n == 0)
                        continue;
                buf_printf(out, "%s:", str_dup(r->arena, labels_get(sel.series[i].labels, STR("i"))).p);
                for (size_t k = 0; k < c.n; k++)
                        buf_printf(out, " %lld=%llx", (long long)c.t[k], (unsigned long long)bits_of_double(c.v[k]));
                buf_char(out, '\n');
        }
        querier_close(q);
        column_done(&c);
}

static void open_copy(Rig *r, Rig *copy, const char *name)
{
        rig_init(copy);
        Err err;
        assert_ok(file_remove_tree(fs_system(), copy->dir, &err), err);
        assert_ok(fs_system()->mkdir_all(fs_system(), copy->dir, &err), err);
        char from[128];
        snprintf(from, sizeof from, "%s/%s", r->dir, name);
        assert_ok(fs_system()->rename(fs_system(), from, copy->dir, &err), err);
        clock_manual_advance_ms(&copy->clock, clock_wall_ms(&r->clock.clock) - RIG_START_MS);
        rig_open(copy);
}

static void take(Rig *r, const char *name, bool skip_head)
{
        char to[128];
        Err err;
        snprintf(to, sizeof to, "%s/%s", r->dir, name);
        assert_ok(tsdb_snapshot(r->db, to, skip_head, &err), err);
}

static void same_answers(Rig *a, Rig *b)
{
        AUTO(buf_done) Buf x = { 0 };
        AUTO(buf_done) Buf y = { 0 };
        dump(a, &x);
        dump(b, &y);
        assert_true(x.n > 0 && str_eq(buf_str(&x), buf_str(&y)));
}

/* In the head alone, in chunk files, in parts, and all of them. */
static void answers_as_the_original(void **state)
{
        (void)state;
        Rig r;
        Err err;
        rig_init(&r);
        rig_open(&r);
        unsigned step = 0;
        for (int round = 0; round < 4; round++) {
                for (unsigned end = step + (round == 0 ? 30 : 700); step < end; step++)
                        add_step(&r, step);
                if (round == 2)
                        assert_ok(tsdb_flush(r.db, &err), err);
                AUTO(buf_done) Buf before = { 0 };
                AUTO(buf_done) Buf after = { 0 };
                dump(&r, &before);
                take(&r, "copy", false);
                /* What comes later does not show. */
                for (unsigned end = step + 300; step < end; step++)
                        add_step(&r, step);
                Rig copy;
                open_copy(&r, &copy, "copy");
                dump(&copy, &after);
                assert_true(before.n > 0 && str_eq(buf_str(&before), buf_str(&after)));
                /* It is a database of its own: what happens to it does not show in the original. */
                TsdbStats stats = rig_stats(&copy);
                assert_true(stats.wal_corruptions == 0 && stats.chunk_corruptions == 0);
                add_step(&copy, step + 10);
                assert_ok(tsdb_flush(copy.db, &err), err);
                rig_reopen(&copy);
                rig_done(&copy);
        }
        rig_reopen(&r);
        assert_int_equal(rig_stats(&r).wal_corruptions + rig_stats(&r).chunk_corruptions, 0);
        rig_done(&r);
}

static void deletions_are_in_it(void **state)
{
        (void)state;
        Rig r, copy;
        Err err;
        rig_init(&r);
        rig_open(&r);
        for (unsigned step = 0; step < 300; step++)
                add_step(&r, step);
        Matcher m = { .type = MATCH_EQ, .name = STR("i"), .value = STR("7") };
        assert_ok(tsdb_delete(r.db, (Matchers){ &m, 1 }, INT64_MIN, RIG_START_MS + 100 * STEP_MS, &err), err);
        take(&r, "copy", false);
        open_copy(&r, &copy, "copy");
        same_answers(&r, &copy);
        rig_done(&copy);
        rig_done(&r);
}

static void without_the_head(void **state)
{
        (void)state;
        Rig r, copy;
        Err err;
        rig_init(&r);
        rig_open(&r);
        for (unsigned step = 0; step < 1500; step++)
                add_step(&r, step);
        assert_ok(tsdb_flush(r.db, &err), err);
        AUTO(buf_done) Buf before = { 0 };
        AUTO(buf_done) Buf after = { 0 };
        dump(&r, &before);
        for (unsigned step = 1500; step < 1600; step++)
                add_step(&r, step);
        take(&r, "copy", true);
        open_copy(&r, &copy, "copy");
        dump(&copy, &after);
        assert_true(before.n > 0 && str_eq(buf_str(&before), buf_str(&after)));
        add_step(&copy, 2000);
        rig_done(&copy);
        rig_done(&r);
}

static void refuses_what_is_there_and_leaves_nothing(void **state)
{
        (void)state;
        Rig r;
        Err err;
        char to[128];
        FaultFs fault;
        rig_init(&r);
        fault_fs_init(&fault, fs_system());
        r.options.fs = &fault.fs;
        rig_open(&r);
        for (unsigned step = 0; step < 700; step++)
                add_step(&r, step);
        take(&r, "copy", false);
        snprintf(to, sizeof to, "%s/copy", r.dir);
        assert_false(tsdb_snapshot(r.db, to, false, &err));
        assert_int_equal(err.code, ERR_EXISTS);
        static const FaultKind KINDS[] = { FAULT_WRITE, FAULT_SHORT_WRITE, FAULT_SYNC, FAULT_OPEN };
        snprintf(to, sizeof to, "%s/other", r.dir);
        unsigned step = 700;
        for (size_t k = 0; k < ARRAY_LEN(KINDS); k++)
                for (int64_t at = 1;; at++) {
                        add_step(&r, step++);
                        fault_fs_arm(&fault, KINDS[k], at, false);
                        bool ok = tsdb_snapshot(r.db, to, false, &err);
                        bool struck = fault.countdown <= 0;
                        fault_fs_arm(&fault, FAULT_NONE, 0, false);
                        Arena *arena = arena_new();
                        Str *names;
                        size_t n;
                        bool there = fs_system()->list(fs_system(), to, arena, &names, &n, &err);
                        arena_free(arena);
                        assert_true(ok == there);
                        if (there)
                                assert_ok(file_remove_tree(fs_system(), to, &err), err);
                        if (!struck)
                                break;
                }
        /* Links that fail are copies. */
        fault_fs_arm(&fault, FAULT_RENAME, 1, true);
        assert_ok(tsdb_snapshot(r.db, to, false, &err), err);
        fault_fs_arm(&fault, FAULT_NONE, 0, false);
        Rig copy;
        open_copy(&r, &copy, "other");
        same_answers(&r, &copy);
        rig_done(&copy);
        rig_done(&r);
}

/* ---- while others write */

typedef struct Feed {
        Rig *r;
        _Atomic unsigned step; /* committed */
        _Atomic bool stop;
} Feed;

static void feed_run(void *arg)
{
        Feed *f = arg;
        AUTO(arena_free) Arena *arena = arena_new();
        for (unsigned step = 0; step < 100000 && !atomic_load(&f->stop); step++) {
                Appender *a = store_appender(tsdb_engine(f->r->db));
                Err err;
                for (unsigned i = 0; i < SERIES; i++) {
                        Label l[] = { { STR("__name__"), STR("m") }, { STR("i"), str_printf(arena, "%u", i) } };
                        SeriesRef ref = 0;
                        store_append(a, &ref, (Labels){ l, 2 }, RIG_START_MS - 600000 + step, step);
                }
                if (!store_commit(a, &err))
                        break;
                arena_reset(arena);
                atomic_store(&f->step, step);
        }
}

/* Every series has the same samples: the copy is of one moment, between two commits, and not before it was asked for. */
static void is_of_one_moment(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Feed feed = { .r = &r };
        Thread thread;
        Err err;
        assert_ok(thread_start(&thread, "feed", feed_run, &feed, &err), err);
        for (int round = 0; round < 6; round++) {
                unsigned least = atomic_load(&feed.step);
                if (round % 2)
                        assert_ok(tsdb_flush(r.db, &err), err);
                take(&r, "copy", false);
                unsigned most = atomic_load(&feed.step) + 1;
                Rig copy;
                open_copy(&r, &copy, "copy");
                Column c = { 0 };
                size_t n = 0;
                for (unsigned i = 0; i < SERIES; i++) {
                        rig_read(&copy, rig_labels(&copy, "m", i), INT64_MIN, INT64_MAX, &c);
                        assert_true(i == 0 || c.n == n);
                        n = c.n;
                        for (size_t k = 0; k < n; k++)
                                assert_double(c.v[k], (double)k);
                }
                assert_true(n >= (least ? least + 1 : 0) && n <= most + 1);
                column_done(&c);
                rig_done(&copy);
        }
        atomic_store(&feed.stop, true);
        thread_join(thread);
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_as_the_original), cmocka_unit_test(deletions_are_in_it),
                cmocka_unit_test(without_the_head),        cmocka_unit_test(refuses_what_is_there_and_leaves_nothing),
                cmocka_unit_test(is_of_one_moment),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
