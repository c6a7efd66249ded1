/* Kills the process before every single write, sync, rename, link and remove of a merge, of cleaning up deletions, of a rewrite by
 * retention and of a snapshot, and fails each of them instead: afterwards the store answers exactly what it has to, now and after
 * another start. */
#include "faultrig.h"

enum { STEPS = 700, DELETED_FROM = 100, DELETED_TO = 599, MAX_POINTS = 2000 };
static const unsigned DELETED = 3; /* series */

typedef struct Work {
        const char *name;
        bool (*run)(Tsdb *db, const char *dir, Err *err);
        bool rules;   /* of retention: series 0 is kept for an hour */
        bool rollups; /* of everything older than that */
} Work;

static bool flush(Tsdb *db, const char *dir, Err *err)
{
        (void)dir;
        return tsdb_flush(db, err);
}

static bool clean(Tsdb *db, const char *dir, Err *err)
{
        (void)dir;
        return tsdb_clean_tombstones(db, err);
}

static bool flush_and_clean(Tsdb *db, const char *dir, Err *err) { return flush(db, dir, err) && clean(db, dir, err); }

static bool upkeep(Tsdb *db, const char *dir, Err *err)
{
        (void)dir;
        (void)err;
        for (int i = 0; i < 4; i++)
                tsdb_maintain(db);
        return true;
}

static bool snapshot(Tsdb *db, const char *dir, Err *err)
{
        char to[128];
        snprintf(to, sizeof to, "%s/copy", dir);
        return tsdb_snapshot(db, to, false, err);
}

static const Work WORKS[] = {
        { "flush and merge", flush, false }, { "clean_tombstones", clean, false },
        { "retention", upkeep, true },       { "snapshot", snapshot, false },
        { "roll-ups", flush, false, true },  { "clean_tombstones of roll-ups", flush_and_clean, false, true },
};

static Tsdb *open_rules(const char *dir, const Fs *fs, const Work *work)
{
        static const TsdbRollup rollups[] = { { 60000, 100 * 3600000 }, { 600000, 200 * 3600000 } };
        Matcher m = { .type = MATCH_EQ, .name = STR("i"), .value = STR("0") };
        TsdbRetention retention = { { &m, 1 }, 3600000 };
        TsdbOptions o = fault_options(dir, fs);
        o.retentions = &retention;
        o.n_retentions = work->rules;
        if (work->rollups) {
                o.rollups = rollups;
                o.n_rollups = ARRAY_LEN(rollups);
                o.retention_ms = 3600000;
        }
        Tsdb *db;
        Err err;
        assert_ok(tsdb_open(&o, &db, &err), err);
        return db;
}

/* Parts, chunk files, a head, deletions. */
static void make_base(char dir[64])
{
        fault_temp_dir(dir);
        clock_manual_init(&fault_clock, FAULT_START_MS);
        Tsdb *db = fault_open(dir, NULL);
        Err err;
        Matcher m = { .type = MATCH_EQ, .name = STR("i"), .value = STR("3") };
        for (unsigned step = 0; step < STEPS; step++) {
                assert_ok(fault_commit(db, step, &err), err);
                if (step == 200 || step == 400)
                        assert_ok(tsdb_flush(db, &err), err);
        }
        assert_ok(tsdb_delete(db, (Matchers){ &m, 1 }, fault_time(DELETED_FROM), fault_time(DELETED_TO), &err), err);
        /* As a kill leaves it: the head is in the log alone. */
        char copy[64];
        fault_temp_dir(copy);
        fault_copy_dir(dir, copy);
        tsdb_close(db);
        fault_remove(dir);
        strcpy(dir, copy);
}

static bool is_there(const Work *work, unsigned i, unsigned step)
{
        if (work->rules && i == 0 && fault_time(step) < clock_wall_ms(&fault_clock.clock) - 3600000)
                return false;
        return i != DELETED || step < DELETED_FROM || step > DELETED_TO;
}

/* Real samples, which stand for all that there were. */
static void check_rolled(const Work *work, const Column *c, unsigned i)
{
        double count = 0;
        unsigned expected = 0;
        for (unsigned step = 0; step < STEPS; step++)
                expected += is_there(work, i, step);
        for (size_t k = 0; k < c->n; k++) {
                unsigned step = (unsigned)((c->t[k] - FAULT_START_MS) / 15000);
                assert_double(c->v[k], fault_value(step, i));
                count += k < c->n_rolled ? c->rolled[k].count : 1;
        }
        assert_double(count, expected);
}

static void check(const Work *work, Tsdb *db)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Querier *q;
        Err err;
        assert_ok(store_querier(tsdb_engine(db), INT64_MIN, INT64_MAX, &q, &err), err);
        StoreSelection sel;
        SelectArgs args = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
        assert_ok(q->select(q, &args, arena, &sel, &err), err);
        assert_int_equal(sel.n, FAULT_SERIES);
        Column c = { 0 };
        for (size_t s = 0; s < sel.n; s++) {
                unsigned i = (unsigned)atoi(labels_get(sel.series[s].labels, STR("i")).p);
                column_clear(&c);
                assert_ok(q->read(q, &sel, s, INT64_MIN, INT64_MAX, &c, &err), err);
                if (work->rollups) {
                        check_rolled(work, &c, i);
                        continue;
                }
                size_t k = 0;
                for (unsigned step = 0; step < STEPS; step++) {
                        if (!is_there(work, i, step))
                                continue;
                        assert_true(k < c.n && c.t[k] == fault_time(step));
                        assert_double(c.v[k++], fault_value(step, i));
                }
                assert_int_equal(k, c.n);
        }
        column_done(&c);
        querier_close(q);
}

/* The folder answers as it has to, now, after another start, and after the work has been done once more. */
static void check_folder(const Work *work, const char *dir)
{
        Err err;
        for (int start = 0; start < 3; start++) {
                Tsdb *db = open_rules(dir, NULL, work);
                TsdbStats stats;
                check(work, db);
                char copy[128];
                snprintf(copy, sizeof copy, "%s/copy", dir);
                fault_remove(copy); /* which may be incomplete */
                if (start == 1)
                        assert_ok(work->run(db, dir, &err), err);
                check(work, db);
                tsdb_stats(db, &stats);
                if (stats.chunk_corruptions + stats.wal_corruptions)
                        fail_msg("%s, start %d: %llu, %llu damaged", work->name, start,
                                 (unsigned long long)stats.chunk_corruptions,
                                 (unsigned long long)stats.wal_corruptions);
                assert_true(start < 2 || !work->rollups || stats.rollup_parts > 1);
                tsdb_close(db);
        }
}

static void copy_base(const char *base, char dir[64])
{
        fault_temp_dir(dir);
        fault_copy_dir(base, dir);
}

typedef struct Kill {
        const Work *work;
        const char *dir;
        int64_t at;
} Kill;

static bool work_until_killed(void *ctx, FaultFs *fault)
{
        Kill *kill = ctx;
        Err err;
        Tsdb *db = open_rules(kill->dir, &fault->fs, kill->work);
        fault_fs_arm(fault, FAULT_KILL, kill->at, false);
        return kill->work->run(db, kill->dir, &err);
}

static void survives_a_kill_at_every_operation(void **state)
{
        (void)state;
        char base[64];
        make_base(base);
        for (size_t w = 0; w < ARRAY_LEN(WORKS); w++) {
                bool killed = true;
                int64_t n = 1;
                for (; killed; n++) {
                        char dir[64];
                        copy_base(base, dir);
                        killed = fault_killed(work_until_killed, &(Kill){ &WORKS[w], dir, n });
                        check_folder(&WORKS[w], dir);
                        fault_remove(dir);
                        assert_true(n < MAX_POINTS);
                }
                assert_true(n > 5);
        }
        fault_remove(base);
}

/* Something fails while the work is done on a copy of base: the store goes on, and has what it has to. Returns whether the work went well;
 * *struck: something did fail. */
static bool work_with_fault(const Work *work, const char *base, FaultKind kind, int64_t n, bool *struck)
{
        char dir[64];
        FaultFs fault;
        Err err;
        copy_base(base, dir);
        fault_fs_init(&fault, fs_system());
        Tsdb *db = open_rules(dir, &fault.fs, work);
        fault_fs_arm(&fault, kind, n, kind == FAULT_ENOSPC);
        bool ok = work->run(db, dir, &err);
        *struck = fault.countdown <= 0;
        fault_fs_arm(&fault, FAULT_NONE, 0, false);
        check(work, db);
        tsdb_close(db);
        check_folder(work, dir);
        fault_remove(dir);
        return ok;
}

/* The same without a crash: the work can be done later. */
static void survives_a_failure_of_every_operation(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE,  FAULT_SHORT_WRITE, FAULT_SYNC,
                                           FAULT_RENAME, FAULT_OPEN,        FAULT_REMOVE };
        char base[64];
        make_base(base);
        for (size_t w = 0; w < ARRAY_LEN(WORKS); w++)
                for (size_t k = 0; k < ARRAY_LEN(KINDS); k++) {
                        bool struck = true;
                        for (int64_t n = 1; struck; n += 1 + n / 16) {
                                bool ok = work_with_fault(&WORKS[w], base, KINDS[k], n, &struck);
                                assert_true(ok || struck);
                        }
                }
        fault_remove(base);
}

/* The disk is full after so many bytes, until there is room. */
static void survives_a_full_disk(void **state)
{
        (void)state;
        char base[64];
        bool ignored;
        make_base(base);
        for (size_t w = 0; w < ARRAY_LEN(WORKS); w++)
                for (int64_t room = 0; room < 40000; room = room * 3 / 2 + 61)
                        IGNORE(work_with_fault(&WORKS[w], base, FAULT_ENOSPC, room, &ignored));
        fault_remove(base);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(survives_a_kill_at_every_operation),
                cmocka_unit_test(survives_a_failure_of_every_operation),
                cmocka_unit_test(survives_a_full_disk),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
