/* tests/fault/faultrig.h - a Tsdb that can be broken: a folder, its copy as a crash would leave it, and what must be in it. */
#pragma once
#include "testing.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/vec.h"
#include "os/clock.h"
#include "os/fault.h"
#include "os/file.h"
#include "tempdir.h"
#include "tsdb/tsdb.h"

#define FAULT_START_MS INT64_C(1700000000000)
enum { FAULT_SERIES = 10, FAULT_MAX_STEPS = 4096 };

static ManualClock fault_clock;

static inline void fault_temp_dir(char dir[64]) { tempdir_make(dir, "fault"); }

static inline void fault_remove(const char *dir) { tempdir_remove(dir); }

static inline TsdbOptions fault_options(const char *dir, const Fs *fs)
{
        return (TsdbOptions){ .dir = dir, .fs = fs, .clock = &fault_clock.clock };
}

static inline Tsdb *fault_open(const char *dir, const Fs *fs)
{
        TsdbOptions o = fault_options(dir, fs);
        Tsdb *db;
        Err err;
        assert_ok(tsdb_open(&o, &db, &err), err);
        return db;
}

/* One file of a folder, copied. */
static inline void fault_copy_file(const char *from, const char *to)
{
        AUTO(buf_done) Buf bytes = { 0 };
        tempdir_get(from, &bytes);
        tempdir_put(to, buf_str(&bytes));
}

/* What a kill -9 leaves: everything that was written, whether or not it was synced. */
static inline void fault_copy_dir(const char *from, const char *to)
{
        static const char *const SUBS[] = { "", "/wal", "/chunks", "/parts", "/index" };
        AUTO(arena_free) Arena *arena = arena_new();
        for (size_t i = 0; i < ARRAY_LEN(SUBS); i++) {
                Str *names;
                size_t n;
                Err err;
                const char *dir = str_printf(arena, "%s%s", from, SUBS[i]).p;
                assert_ok(fs_system()->mkdir_all(fs_system(), str_printf(arena, "%s%s", to, SUBS[i]).p, &err), err);
                assert_ok(fs_system()->list(fs_system(), dir, arena, &names, &n, &err), err);
                for (size_t k = 0; k < n; k++)
                        if (!str_eq(names[k], STR("wal")) && !str_eq(names[k], STR("chunks")) &&
                            !str_eq(names[k], STR("parts")) && !str_eq(names[k], STR("index")))
                                fault_copy_file(str_printf(arena, "%s/" STR_FMT, dir, STR_ARG(names[k])).p,
                                                str_printf(arena, "%s%s/" STR_FMT, to, SUBS[i], STR_ARG(names[k])).p);
        }
}

/* Runs fn in a process of its own, which ends itself before the n-th operation on files once fn arms it; fn says whether its work went well.
 * False: the work was done before. */
static inline bool fault_killed(bool (*fn)(void *ctx, FaultFs *fault), void *ctx)
{
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                FaultFs fault;
                fault_fs_init(&fault, fs_system());
                _exit(fn(ctx, &fault) ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status))
                assert_int_equal(WEXITSTATUS(status), 0);
        return WIFSIGNALED(status);
}

static inline Labels fault_labels(Arena *arena, unsigned i)
{
        Label *l = arena_array(arena, Label, 2);
        l[0] = (Label){ STR("__name__"), STR("f") };
        l[1] = (Label){ STR("i"), str_printf(arena, "%u", i) };
        return (Labels){ l, 2 };
}

/* Batch number `step`: one sample in each series, at a time and with a value that follow from step. */
static inline int64_t fault_time(unsigned step) { return FAULT_START_MS + (int64_t)step * 15000; }
static inline double fault_value(unsigned step, unsigned i) { return (double)step * 1.25 + (double)i / 7; }

static inline bool fault_commit(Tsdb *db, unsigned step, Err *err)
{
        AUTO(arena_free) Arena *arena = arena_new();
        if (fault_time(step) > clock_wall_ms(&fault_clock.clock))
                clock_manual_advance_ms(&fault_clock, fault_time(step) - clock_wall_ms(&fault_clock.clock));
        Appender *a = store_appender(tsdb_engine(db));
        for (unsigned i = 0; i < FAULT_SERIES; i++) {
                SeriesRef ref = 0;
                AppendResult got = store_append(a, &ref, fault_labels(arena, i), fault_time(step),
                                                fault_value(step, i));
                assert_true(got == APPEND_OK || got == APPEND_DUPLICATE);
        }
        return store_commit(a, err);
}

/* Which steps does the store hold? Every sample must be one that was given, in order, once. When whole is set, a step is there in
 * all series or in none. Returns how many steps series 0 has; fills seen[step] with the number of series that have it. */
static inline unsigned fault_check(Tsdb *db, bool whole, unsigned char *seen)
{
        AUTO(arena_free) Arena *arena = arena_new();
        memset(seen, 0, FAULT_MAX_STEPS);
        Querier *q;
        Err err;
        assert_ok(store_querier(tsdb_engine(db), INT64_MIN, INT64_MAX, &q, &err), err);
        StoreSelection sel;
        SelectArgs args = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
        assert_ok(q->select(q, &args, arena, &sel, &err), err);
        Column c = { 0 };
        for (size_t s = 0; s < sel.n; s++) {
                unsigned i = (unsigned)atoi(labels_get(sel.series[s].labels, STR("i")).p);
                column_clear(&c);
                assert_ok(q->read(q, &sel, s, INT64_MIN, INT64_MAX, &c, &err), err);
                for (size_t k = 0; k < c.n; k++) {
                        int64_t step = (c.t[k] - FAULT_START_MS) / 15000;
                        assert_true(step >= 0 && step < FAULT_MAX_STEPS && c.t[k] == fault_time((unsigned)step));
                        assert_true(k == 0 || c.t[k] > c.t[k - 1]);
                        assert_double(c.v[k], fault_value((unsigned)step, i));
                        seen[step]++;
                }
        }
        column_done(&c);
        querier_close(q);
        TsdbStats stats;
        tsdb_stats(db, &stats);
        size_t total = 0;
        for (unsigned step = 0; step < FAULT_MAX_STEPS; step++)
                total += seen[step];
        /* Nothing is stored twice, even where a read would not show it. */
        if (stats.chunk_corruptions == 0)
                assert_int_equal(stats.samples, total);
        unsigned n = 0;
        for (unsigned step = 0; step < FAULT_MAX_STEPS; step++) {
                assert_true(!whole || seen[step] == 0 || seen[step] == FAULT_SERIES);
                n += seen[step] > 0;
        }
        return n;
}
