/* tests/unit/tsdb/rig.h - a Tsdb in a fresh folder under a clock that the test moves, and short words to write and read it. */
#pragma once
#include "testing.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/vec.h"
#include "os/clock.h"
#include "os/file.h"
#include "tempdir.h"
#include "tsdb/tsdb.h"

#define RIG_START_MS INT64_C(1700000000000)

typedef struct Rig {
        char dir[64];
        ManualClock clock;
        TsdbOptions options;
        Tsdb *db;
        Arena *arena;
        const Fs *fs;
} Rig;

static inline void rig_open(Rig *r)
{
        Err err;
        assert_ok(tsdb_open(&r->options, &r->db, &err), err);
}

static inline void rig_init(Rig *r)
{
        memset(r, 0, sizeof *r);
        tempdir_make(r->dir, "tsdb");
        clock_manual_init(&r->clock, RIG_START_MS);
        r->options = (TsdbOptions){ .dir = r->dir, .clock = &r->clock.clock };
        r->arena = arena_new();
}

static inline void rig_done(Rig *r)
{
        tsdb_close(r->db);
        arena_free(r->arena);
        tempdir_remove(r->dir);
}

static inline void rig_reopen(Rig *r)
{
        tsdb_close(r->db);
        r->db = NULL;
        rig_open(r);
}

/* name{i="<i>"} */
static inline Labels rig_labels(Rig *r, const char *name, unsigned i)
{
        Label *l = arena_array(r->arena, Label, 2);
        l[0] = (Label){ STR("__name__"), str_dup(r->arena, str_of(name)) };
        l[1] = (Label){ STR("i"), str_printf(r->arena, "%u", i) };
        return (Labels){ l, 2 };
}

static inline AppendResult rig_add(Rig *r, Labels labels, int64_t t_ms, double v)
{
        Appender *a = store_appender(tsdb_engine(r->db));
        SeriesRef ref = 0;
        AppendResult result = store_append(a, &ref, labels, t_ms, v);
        Err err;
        assert_ok(store_commit(a, &err), err);
        return result;
}

static inline Querier *rig_querier(Rig *r)
{
        Querier *q;
        Err err;
        assert_ok(store_querier(tsdb_engine(r->db), INT64_MIN, INT64_MAX, &q, &err), err);
        return q;
}

static inline StoreSelection rig_select(Rig *r, Querier *q, const Matcher *ms, size_t n)
{
        StoreSelection sel;
        Err err;
        SelectArgs args = { .matchers = { ms, n }, .min_ms = INT64_MIN, .max_ms = INT64_MAX, .sorted = true };
        assert_ok(q->select(q, &args, r->arena, &sel, &err), err);
        return sel;
}

/* How many values the label has in these series; they come sorted. */
static inline size_t rig_count_values(Rig *r, const char *name, Matchers ms)
{
        Querier *q = rig_querier(r);
        SelectArgs args = { .matchers = ms, .min_ms = INT64_MIN, .max_ms = INT64_MAX };
        Str *values;
        size_t n;
        Err err;
        assert_ok(q->label_values(q, str_of(name), &args, 0, r->arena, &values, &n, &err), err);
        for (size_t i = 1; i < n; i++)
                assert_true(str_cmp(values[i - 1], values[i]) < 0);
        querier_close(q);
        return n;
}

/* All samples of the one series with these labels in [min, max]. */
static inline void rig_read(Rig *r, Labels labels, int64_t min_ms, int64_t max_ms, Column *out)
{
        Matcher ms[8];
        assert_true(labels.n <= 8);
        for (size_t i = 0; i < labels.n; i++)
                ms[i] = (Matcher){ .type = MATCH_EQ, .name = labels.data[i].name, .value = labels.data[i].value };
        Querier *q = rig_querier(r);
        StoreSelection sel = rig_select(r, q, ms, labels.n);
        column_clear(out);
        Err err;
        if (sel.n) {
                assert_int_equal(sel.n, 1);
                assert_ok(q->read(q, &sel, 0, min_ms, max_ms, out, &err), err);
        }
        querier_close(q);
}

static inline TsdbStats rig_stats(Rig *r)
{
        TsdbStats s;
        tsdb_stats(r->db, &s);
        return s;
}
