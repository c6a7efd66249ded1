#include "app_fixture.h"

#include "app/app_snapshot.h"
#include "statedb/statedb.h"
#include "tsdb/tsdb.h"

/* Runs the command; *ret is what it printed, errors included. */
static int snapshot(Fixture *f, const char *a, const char *b, const char *c, const char **ret)
{
        char *argv[4] = { 0 };
        int argc = 0;
        const char *words[] = { a, b, c };
        for (size_t i = 0; i < ARRAY_LEN(words) && words[i]; i++)
                argv[argc++] = str_dupz(f->arena, str_of(words[i]));
        const char *path = str_printf(f->arena, "%s/said", f->dir).p;
        fflush(stdout);
        fflush(stderr);
        int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
        assert_non_null(freopen(path, "w", stdout));
        dup2(STDOUT_FILENO, STDERR_FILENO);
        int status = app_snapshot_run(argc, argv);
        fflush(stdout);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        close(out);
        close(err);
        Buf said = { .arena = f->arena };
        Err why;
        assert_ok(file_read_all(fs_system(), path, 1 << 16, &said, &why), why);
        *ret = buf_cstr(&said);
        return status;
}

static Tsdb *open_metrics(Fixture *f, const char *dir)
{
        TsdbOptions options = { .dir = str_printf(f->arena, "%s/metrics", dir).p };
        Tsdb *db;
        Err err;
        assert_ok(tsdb_open(&options, &db, &err), err);
        return db;
}

static void add(Tsdb *db, int n)
{
        Label pair = { STR("__name__"), STR("m") };
        int64_t now_ms = clock_wall_ms(clock_system());
        for (int i = 0; i < n; i++) {
                Appender *a = store_appender(tsdb_engine(db));
                SeriesRef ref = 0;
                Err err;
                assert_int_equal(store_append(a, &ref, (Labels){ &pair, 1 }, now_ms + i, i), APPEND_OK);
                assert_ok(store_commit(a, &err), err);
        }
}

static uint64_t samples_in(Fixture *f, const char *dir)
{
        Tsdb *db = open_metrics(f, dir);
        TsdbStats stats;
        tsdb_stats(db, &stats);
        tsdb_close(db);
        return stats.samples;
}

static void a_folder_at_rest_is_copied(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *data = str_printf(f->arena, "%s/data", f->dir).p, *said;
        const char *level = str_printf(f->arena, "%s/metrics/rollups/300s", data).p;
        Err err;
        Tsdb *db = open_metrics(f, data);
        add(db, 7);
        tsdb_close(db);
        /* A level that a configuration asked for, which nobody told this command. */
        assert_ok(fs_system()->mkdir_all(fs_system(), level, &err), err);
        assert_ok(file_write_atomic(fs_system(), str_printf(f->arena, "%s/x.part", level).p, STR("bytes"), &err), err);
        StateDb *states;
        assert_ok(statedb_open(str_printf(f->arena, "%s/state.db", data).p, &states, &err), err);
        statedb_close(states);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(snapshot(f, data, NULL, NULL, &said), 0);
                assert_contains(said, str_printf(f->arena, "%s/snapshots/20", data).p);
                const char *copy = str_dupz(f->arena, str_trim(str_of(said)));
                assert_int_equal(samples_in(f, copy), 7);
                assert_int_equal(access(str_printf(f->arena, "%s/state.db", copy).p, F_OK), 0);
                assert_int_equal(access(str_printf(f->arena, "%s/metrics/rollups/300s/x.part", copy).p, F_OK), 0);
        }
        assert_int_equal(snapshot(f, "--skip-head", data, NULL, &said), 0);
        assert_int_equal(samples_in(f, data), 7);
        fixture_free(f);
}

/* Who has it open is asked; here nobody listens. */
static void a_folder_in_use_is_left_to_its_server(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *data = str_printf(f->arena, "%s/data", f->dir).p, *said;
        Tsdb *db = open_metrics(f, data);
        assert_int_equal(snapshot(f, "--url=http://127.0.0.1:1", data, NULL, &said), 1);
        assert_contains(said, "http://127.0.0.1:1 does not make the copy");
        assert_contains(said, "a server has '");
        tsdb_close(db);
        fixture_free(f);
}

static void what_is_wrong_is_told(void **state)
{
        (void)state;
        Fixture *f = fixture_new();
        const char *said;
        assert_int_equal(snapshot(f, NULL, NULL, NULL, &said), 2);
        assert_contains(said, "usage: pharos tsdb snapshot");
        assert_int_equal(snapshot(f, "--wrong", f->dir, NULL, &said), 2);
        assert_int_equal(snapshot(f, f->dir, f->dir, NULL, &said), 2);
        assert_int_equal(snapshot(f, f->dir, NULL, NULL, &said), 1);
        assert_contains(said, "is not a data folder of pharos: it has no metrics/FORMAT");
        fixture_free(f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_folder_at_rest_is_copied),
                cmocka_unit_test(a_folder_in_use_is_left_to_its_server),
                cmocka_unit_test(what_is_wrong_is_told),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
