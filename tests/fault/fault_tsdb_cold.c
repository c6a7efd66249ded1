/* Series that leave memory: the process is killed before every single write, sync, rename and remove of moving them out and of merging the index,
 * files of the index are cut and flipped: afterwards every series is there, once, with every sample, and goes on under its id. */
#include "faultrig.h"

#include "base/num.h"

enum { SERIES = 1100, MINUTE_MS = 60000, MAX_POINTS = 400, COHORTS = 4 };

static void add(Tsdb *db, unsigned from, unsigned to)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Appender *a = store_appender(tsdb_engine(db));
        Err err;
        for (unsigned i = from; i < to; i++) {
                SeriesRef ref = 0;
                assert_int_equal(store_append(a, &ref, fault_labels(arena, i), clock_wall_ms(&fault_clock.clock), i),
                                 APPEND_OK);
        }
        assert_ok(store_commit(a, &err), err);
}

/* Minutes in which one other series gets samples. */
static void pass(Tsdb *db, unsigned minutes)
{
        for (unsigned i = 0; i < minutes; i++) {
                clock_manual_advance_ms(&fault_clock, MINUTE_MS);
                add(db, 1000000, 1000001);
                tsdb_maintain(db);
        }
}

/* Every series of the cohorts is there once, with `samples` samples. */
static void check(Tsdb *db, unsigned cohorts, size_t samples)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Querier *q;
        Err err;
        assert_ok(store_querier(tsdb_engine(db), INT64_MIN, INT64_MAX, &q, &err), err);
        StoreSelection sel;
        Matcher m = { .type = MATCH_NE, .name = STR("i"), .value = STR("1000000") };
        SelectArgs args = { .matchers = { &m, 1 }, .min_ms = INT64_MIN, .max_ms = INT64_MAX, .sorted = true };
        assert_ok(q->select(q, &args, arena, &sel, &err), err);
        assert_int_equal(sel.n, cohorts * SERIES);
        Column c = { 0 };
        for (size_t s = 0; s < sel.n; s++) {
                assert_true(s == 0 || labels_cmp(sel.series[s - 1].labels, sel.series[s].labels) < 0);
                column_clear(&c);
                assert_ok(q->read(q, &sel, s, INT64_MIN, INT64_MAX, &c, &err), err);
                assert_int_equal(c.n, samples);
                uint64_t i;
                assert_true(num_parse_u64(labels_get(sel.series[s].labels, STR("i")), &i));
                assert_double(c.v[0], (double)i);
        }
        column_done(&c);
        querier_close(q);
}

/* Cohorts that left, one by one; the last is about to. As a kill leaves it. */
static void make_base(char dir[64], int64_t *ret_now_ms)
{
        char live[64];
        fault_temp_dir(live);
        clock_manual_init(&fault_clock, FAULT_START_MS);
        Tsdb *db = fault_open(live, NULL);
        for (unsigned k = 0; k < COHORTS; k++) {
                clock_manual_advance_ms(&fault_clock, 1000);
                add(db, k * SERIES, (k + 1) * SERIES);
                pass(db, k + 1 < COHORTS ? 14 : 11);
        }
        check(db, COHORTS, 1);
        fault_temp_dir(dir);
        fault_copy_dir(live, dir);
        *ret_now_ms = clock_wall_ms(&fault_clock.clock);
        tsdb_close(db);
        fault_remove(live);
}

static void run(Tsdb *db) { pass(db, 6); }

static void check_folder(const char *dir)
{
        for (int start = 0; start < 3; start++) {
                Tsdb *db = fault_open(dir, NULL);
                TsdbStats stats;
                check(db, COHORTS, 1 + (start == 2));
                if (start == 1) {
                        run(db);
                        check(db, COHORTS, 1);
                        tsdb_stats(db, &stats);
                        assert_int_equal(stats.series, 1);
                        clock_manual_advance_ms(&fault_clock, 1000);
                        add(db, 0, COHORTS * SERIES); /* they come back */
                        check(db, COHORTS, 2);
                }
                tsdb_stats(db, &stats);
                assert_int_equal(stats.chunk_corruptions + stats.wal_corruptions, 0);
                tsdb_close(db);
        }
}

typedef struct Kill {
        const char *dir;
        int64_t at;
} Kill;

static bool run_until_killed(void *ctx, FaultFs *fault)
{
        Kill *kill = ctx;
        Tsdb *db = fault_open(kill->dir, &fault->fs);
        fault_fs_arm(fault, FAULT_KILL, kill->at, false);
        run(db);
        return true;
}

static void survives_a_kill_at_every_operation(void **state)
{
        (void)state;
        char base[64];
        int64_t now_ms, n = 1;
        make_base(base, &now_ms);
        for (bool killed = true; killed; n++) {
                char dir[64];
                fault_temp_dir(dir);
                fault_copy_dir(base, dir);
                clock_manual_init(&fault_clock, now_ms);
                killed = fault_killed(run_until_killed, &(Kill){ dir, n });
                clock_manual_init(&fault_clock, now_ms + 10 * MINUTE_MS);
                check_folder(dir);
                fault_remove(dir);
                assert_true(n < MAX_POINTS);
        }
        assert_true(n > 20);
        fault_remove(base);
}

/* The files of the index, each cut somewhere or with a flipped bit: what parts and the other copy know is there again after a repair. */
static void damage_file(const char *path, size_t at, bool cut)
{
        AUTO(buf_done) Buf file = { 0 };
        File *f;
        Err err;
        assert_ok(file_read_all(fs_system(), path, 1 << 28, &file, &err), err);
        at %= file.n;
        file.p[at] = (char)(file.p[at] ^ 32);
        assert_ok(fs_system()->open(fs_system(), path, FILE_CREATE, &f, &err), err);
        assert_ok(fs_system()->write(f, file.p, cut ? at : file.n, &err), err);
        fs_system()->close(f);
}

static void damage_all(const char *dir, size_t at, bool cut)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Str *names;
        size_t n;
        Err err;
        const char *folder = str_printf(arena, "%s/index", dir).p;
        assert_ok(fs_system()->list(fs_system(), folder, arena, &names, &n, &err), err);
        for (size_t i = 0; i < n; i++)
                if (str_ends(names[i], STR(".index")))
                        damage_file(str_printf(arena, "%s/" STR_FMT, folder, STR_ARG(names[i])).p, at, cut);
}

static void damaged_files(void **state)
{
        (void)state;
        char base[64];
        int64_t now_ms;
        Err err;
        make_base(base, &now_ms);
        clock_manual_init(&fault_clock, now_ms);
        Tsdb *db = fault_open(base, NULL);
        run(db);
        assert_ok(tsdb_flush(db, &err), err); /* into parts, which know the labels too */
        tsdb_close(db);
        for (size_t k = 0; k < 40; k++) {
                char dir[64];
                fault_temp_dir(dir);
                fault_copy_dir(base, dir);
                damage_all(dir, k * 9001 + k % 2 * 40, k % 2);
                clock_manual_init(&fault_clock, now_ms + 10 * MINUTE_MS);
                db = fault_open(dir, NULL);
                assert_ok(tsdb_verify_index(db, &err), err);
                check(db, COHORTS, 1);
                clock_manual_advance_ms(&fault_clock, 1000);
                add(db, 0, COHORTS * SERIES);
                check(db, COHORTS, 2);
                tsdb_close(db);
                db = fault_open(dir, NULL);
                check(db, COHORTS, 2);
                tsdb_close(db);
                fault_remove(dir);
        }
        fault_remove(base);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(survives_a_kill_at_every_operation),
                cmocka_unit_test(damaged_files),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
