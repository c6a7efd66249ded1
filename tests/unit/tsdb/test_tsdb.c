#include "rig.h"

#include "base/rand.h"

static void judges_every_sample(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.max_series = 2;
        rig_open(&r);
        Labels up = rig_labels(&r, "up", 1);
        assert_int_equal(rig_add(&r, up, RIG_START_MS, 1), APPEND_OK);
        assert_int_equal(rig_add(&r, up, RIG_START_MS, 1), APPEND_DUPLICATE);
        assert_int_equal(rig_add(&r, up, RIG_START_MS, 2), APPEND_CONFLICT);
        assert_int_equal(rig_add(&r, up, RIG_START_MS - 1, 2), APPEND_OUT_OF_ORDER);
        assert_int_equal(rig_add(&r, up, RIG_START_MS + 600001, 2), APPEND_OUT_OF_BOUNDS);
        assert_int_equal(rig_add(&r, up, RIG_START_MS + 600000, 2), APPEND_OK);
        assert_int_equal(rig_add(&r, rig_labels(&r, "up", 2), RIG_START_MS - INT64_C(16) * 86400000, 2),
                         APPEND_OUT_OF_BOUNDS);
        assert_int_equal(rig_add(&r, (Labels){ up.data + 1, 1 }, RIG_START_MS, 1), APPEND_BAD_LABELS);
        assert_int_equal(rig_add(&r, (Labels){ 0 }, RIG_START_MS, 1), APPEND_BAD_LABELS);
        assert_int_equal(rig_add(&r, rig_labels(&r, "up", 3), RIG_START_MS, 1), APPEND_LIMIT);
        rig_done(&r);
}

static void batch_sees_itself_and_rollback_forgets(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Labels up = rig_labels(&r, "up", 1);
        Appender *a = store_appender(tsdb_engine(r.db));
        SeriesRef ref = 0, stale = 12345678901;
        int64_t t = RIG_START_MS;
        assert_int_equal(store_append(a, &ref, up, t, 1), APPEND_OK);
        assert_true(ref != 0);
        assert_int_equal(store_append(a, &ref, (Labels){ 0 }, t, 1), APPEND_DUPLICATE);
        assert_int_equal(store_append(a, &ref, (Labels){ 0 }, t, 2), APPEND_CONFLICT);
        assert_int_equal(store_append(a, &ref, (Labels){ 0 }, t + 5, 2), APPEND_OK);
        assert_int_equal(store_append(a, &ref, (Labels){ 0 }, t + 4, 2), APPEND_OUT_OF_ORDER);
        assert_int_equal(store_append(a, &stale, (Labels){ 0 }, t + 9, 2), APPEND_BAD_LABELS);
        assert_int_equal(stale, 0);
        store_rollback(a);
        Column c = { 0 };
        rig_read(&r, up, INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 0);
        assert_int_equal(rig_add(&r, up, t, 7), APPEND_OK);
        rig_read(&r, up, INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 1);
        column_done(&c);
        rig_done(&r);
}

static void reads_back_every_bit_pattern(void **state)
{
        (void)state;
        const uint64_t odd[] = { SAMPLE_STALE_BITS,
                                 SAMPLE_NAN_BITS,
                                 0x7ff8000000000000u,
                                 0xfff8000000000123u,
                                 0x7ff0000000000000u,
                                 0xfff0000000000000u,
                                 0x8000000000000000u,
                                 0,
                                 1,
                                 0x000fffffffffffffu,
                                 0x7fefffffffffffffu,
                                 0x3ff0000000000000u };
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Labels l = rig_labels(&r, "odd", 1);
        for (size_t i = 0; i < ARRAY_LEN(odd); i++)
                assert_int_equal(rig_add(&r, l, RIG_START_MS + (int64_t)i, bits_to_double(odd[i])), APPEND_OK);
        Column c = { 0 };
        for (int round = 0; round < 3; round++) {
                rig_read(&r, l, INT64_MIN, INT64_MAX, &c);
                assert_int_equal(c.n, ARRAY_LEN(odd));
                for (size_t i = 0; i < c.n; i++)
                        assert_true(bits_of_double(c.v[i]) == odd[i]);
                rig_reopen(&r);
        }
        column_done(&c);
        rig_done(&r);
}

/* ---- against a model */

enum { MODEL_SERIES = 40, MODEL_STEPS = 400 };
typedef struct Model {
        Column series[MODEL_SERIES];
        Querier *querier; /* with a cursor that outlives flushes and merges */
        StoreCursor *cursor;
} Model;

static void close_cursor(Model *m)
{
        if (!m->querier)
                return;
        m->cursor->close(m->cursor);
        querier_close(m->querier);
        m->querier = NULL;
}

static void check_read(const Column *want, const StoreRead *what, const Column *got)
{
        size_t lo = 0, hi = want->n;
        while (lo < hi && want->t[lo] < what->min_ms)
                lo++;
        while (hi > lo && want->t[hi - 1] > what->max_ms)
                hi--;
        if (lo == hi) {
                assert_int_equal(got->n, 0);
                return;
        }
        assert_true(got->n >= 1 && got->n <= hi - lo);
        assert_true(what->last_only || got->n == hi - lo);
        const int64_t *t = want->t + hi - got->n;
        const double *v = want->v + hi - got->n;
        assert_int_equal(got->t[got->n - 1], want->t[hi - 1]);
        for (size_t k = what->last_only ? got->n - 1 : 0; k < got->n; k++) {
                assert_int_equal(got->t[k], t[k]);
                if (what->presence)
                        assert_int_equal(sample_is_stale(got->v[k]), sample_is_stale(v[k]));
                else
                        assert_true(bits_of_double(got->v[k]) == bits_of_double(v[k]));
        }
}

/* All ways to read through a cursor, series by series as a query does. */
static void check_cursor(Rig *r, Model *m, Rand *rand)
{
        if (!m->querier) {
                m->querier = rig_querier(r);
                m->cursor = m->querier->cursor(m->querier);
        }
        Matcher all = { .type = MATCH_EQ, .name = LABEL_NAME, .value = STR("m") };
        StoreSelection sel = rig_select(r, m->querier, &all, 1);
        Column c = { 0 };
        Err err;
        for (int way = 0; way < 6; way++) {
                const Column *some = &m->series[rand_below(rand, MODEL_SERIES)];
                StoreRead what = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
                what.last_only = way & 1;
                what.presence = way & 2;
                if (some->n && way) {
                        what.max_ms = some->t[rand_below(rand, some->n)];
                        what.min_ms = what.max_ms - (int64_t)rand_below(rand, 7200000);
                }
                for (size_t i = 0; i < sel.n; i++) {
                        unsigned long at = strtoul(labels_get(sel.series[i].labels, STR("i")).p, NULL, 10);
                        column_clear(&c);
                        assert_ok(m->cursor->read(m->cursor, &sel, i, &what, &c, &err), err);
                        check_read(&m->series[at], &what, &c);
                }
        }
        assert_true(m->cursor->bytes(m->cursor) > 0);
        column_done(&c);
}

static void check_model(Rig *r, Model *m)
{
        Column c = { 0 };
        Rand rand;
        rand_init(&rand, (uint64_t)m->series[0].n);
        for (unsigned i = 0; i < MODEL_SERIES; i++) {
                const Column *want = &m->series[i];
                rig_read(r, rig_labels(r, "m", i), INT64_MIN, INT64_MAX, &c);
                assert_int_equal(c.n, want->n);
                assert_true(c.n == 0 || memcmp(c.t, want->t, c.n * sizeof *c.t) == 0);
                assert_true(c.n == 0 || memcmp(c.v, want->v, c.n * sizeof *c.v) == 0);
                if (want->n == 0)
                        continue;
                int64_t min = want->t[rand_below(&rand, want->n)], max = want->t[rand_below(&rand, want->n)];
                rig_read(r, rig_labels(r, "m", i), min, max, &c);
                size_t inside = 0;
                for (size_t k = 0; k < want->n; k++)
                        inside += want->t[k] >= min && want->t[k] <= max;
                assert_int_equal(c.n, inside);
        }
        column_done(&c);
        check_cursor(r, m, &rand);
}

static double some_value(Rand *rand, double last)
{
        switch (rand_below(rand, 6)) {
        case 0: return last;
        case 1: return last + (double)rand_below(rand, 100);
        case 2: return bits_to_double(rand_u64(rand));
        case 3: return sample_stale();
        case 4: return (double)rand_below(rand, 1000) / 10;
        default: return last * 1.5;
        }
}

static void model_commit(Rig *r, Model *m, Rand *rand, SeriesRef *refs)
{
        Appender *a = store_appender(tsdb_engine(r->db));
        int64_t now = clock_wall_ms(&r->clock.clock);
        bool keep = rand_below(rand, 10) != 0;
        size_t n = 1 + rand_below(rand, 300);
        size_t before[MODEL_SERIES];
        for (size_t i = 0; i < MODEL_SERIES; i++)
                before[i] = m->series[i].n;
        for (size_t k = 0; k < n; k++) {
                unsigned i = (unsigned)rand_below(rand, MODEL_SERIES);
                Column *c = &m->series[i];
                int64_t t = now - (int64_t)rand_below(rand, 20000);
                double v = some_value(rand, c->n ? c->v[c->n - 1] : 1);
                AppendResult want = c->n == 0 || t > c->t[c->n - 1]                       ? APPEND_OK
                                    : t < c->t[c->n - 1]                                  ? APPEND_OUT_OF_ORDER
                                    : bits_of_double(v) == bits_of_double(c->v[c->n - 1]) ? APPEND_DUPLICATE
                                                                                          : APPEND_CONFLICT;
                bool by_ref = refs[i] && rand_below(rand, 2);
                AppendResult got = store_append(a, &refs[i], by_ref ? (Labels){ 0 } : rig_labels(r, "m", i), t, v);
                if (by_ref && got == APPEND_BAD_LABELS) /* forgotten meanwhile */
                        got = store_append(a, &refs[i], rig_labels(r, "m", i), t, v);
                assert_int_equal(got, want);
                if (want == APPEND_OK)
                        column_push(c, t, v);
        }
        Err err;
        if (keep) {
                assert_ok(store_commit(a, &err), err);
                return;
        }
        store_rollback(a);
        for (size_t i = 0; i < MODEL_SERIES; i++)
                m->series[i].n = before[i];
}

static void run_model(uint64_t seed)
{
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Model *m = mem_new(Model);
        SeriesRef refs[MODEL_SERIES] = { 0 };
        Rand rand;
        rand_init(&rand, seed);
        for (int step = 0; step < MODEL_STEPS; step++) {
                clock_manual_advance_ms(&r.clock, (int64_t)rand_below(&rand, rand_below(&rand, 10) ? 60000 : 3600000));
                model_commit(&r, m, &rand, refs);
                if (rand_below(&rand, 3) == 0)
                        tsdb_maintain(r.db);
                Err err;
                if (rand_below(&rand, 40) == 0)
                        assert_ok(tsdb_flush(r.db, &err), err);
                if (rand_below(&rand, 20) == 0) {
                        close_cursor(m);
                        rig_reopen(&r);
                        memset(refs, 0, sizeof refs);
                        arena_reset(r.arena);
                }
                if (step % 10 == 0)
                        check_model(&r, m);
        }
        check_model(&r, m);
        close_cursor(m);
        assert_int_equal(rig_stats(&r).wal_corruptions + rig_stats(&r).chunk_corruptions, 0);
        for (size_t i = 0; i < MODEL_SERIES; i++)
                column_done(&m->series[i]);
        mem_free(m);
        rig_done(&r);
}

static void agrees_with_a_model(void **state)
{
        (void)state;
        for (uint64_t seed = 1; seed <= 4; seed++)
                run_model(seed);
}

/* ---- life of data */

static void retention_drops_files_and_series(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.retention_ms = INT64_C(24) * 3600000;
        rig_open(&r);
        for (int hour = 0; hour < 60; hour++) {
                int64_t now = clock_wall_ms(&r.clock.clock);
                assert_int_equal(rig_add(&r, rig_labels(&r, "steady", 0), now, hour), APPEND_OK);
                assert_int_equal(rig_add(&r, rig_labels(&r, "churn", (unsigned)hour), now, hour), APPEND_OK);
                clock_manual_advance_ms(&r.clock, 3600000);
                tsdb_maintain(r.db);
        }
        TsdbStats s = rig_stats(&r);
        assert_in_range(s.series, 20, 30);
        Column c = { 0 };
        rig_read(&r, rig_labels(&r, "steady", 0), INT64_MIN, INT64_MAX, &c);
        assert_in_range(c.n, 24, 28);
        assert_double(c.v[c.n - 1], 59.0);
        column_done(&c);
        assert_true(s.min_ms >= RIG_START_MS + INT64_C(30) * 3600000);
        rig_reopen(&r);
        assert_in_range(rig_stats(&r).series, 20, 30);
        rig_done(&r);
}

static void size_retention_drops_the_oldest(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.retention_bytes = 20000;
        rig_open(&r);
        Rand rand;
        rand_init(&rand, 7);
        for (int i = 0; i < 5000; i++) {
                rig_add(&r, rig_labels(&r, "noise", 0), clock_wall_ms(&r.clock.clock), rand_double(&rand));
                clock_manual_advance_ms(&r.clock, 60000);
                if (i % 10 == 0)
                        tsdb_maintain(r.db);
        }
        Err err;
        assert_ok(tsdb_flush(r.db, &err), err);
        clock_manual_advance_ms(&r.clock, 120000);
        tsdb_maintain(r.db);
        TsdbStats s = rig_stats(&r);
        assert_true(s.disk_bytes < 40000);
        assert_true(s.min_ms > RIG_START_MS);
        rig_done(&r);
}

static void idle_series_keep_no_chunk(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        for (unsigned i = 0; i < 100; i++)
                rig_add(&r, rig_labels(&r, "idle", i), RIG_START_MS, i);
        for (int i = 0; i < 6; i++) {
                clock_manual_advance_ms(&r.clock, 3600000);
                tsdb_maintain(r.db);
        }
        TsdbStats s = rig_stats(&r);
        assert_int_equal(s.series, 100);
        assert_int_equal(s.chunks, 100);
        assert_int_equal(s.samples, 100);
        assert_true(s.wal_bytes < 2000);
        Column c = { 0 };
        rig_read(&r, rig_labels(&r, "idle", 42), INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 1);
        assert_double(c.v[0], 42.0);
        assert_int_equal(rig_add(&r, rig_labels(&r, "idle", 42), RIG_START_MS, 42), APPEND_DUPLICATE);
        rig_reopen(&r);
        assert_int_equal(rig_add(&r, rig_labels(&r, "idle", 42), RIG_START_MS, 42), APPEND_DUPLICATE);
        assert_int_equal(rig_add(&r, rig_labels(&r, "idle", 42), RIG_START_MS - 1, 42), APPEND_OUT_OF_ORDER);
        column_done(&c);
        rig_done(&r);
}

static void delete_hides_at_once_and_for_ever(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Labels l = rig_labels(&r, "d", 1);
        for (int i = 0; i < 10; i++)
                rig_add(&r, l, RIG_START_MS + i, i);
        Matcher m = { .type = MATCH_EQ, .name = STR("__name__"), .value = STR("d") };
        Err err;
        assert_ok(tsdb_delete(r.db, (Matchers){ &m, 1 }, RIG_START_MS + 3, RIG_START_MS + 5, &err), err);
        assert_ok(tsdb_delete(r.db, (Matchers){ &m, 1 }, RIG_START_MS + 9, INT64_MAX, &err), err);
        assert_false(tsdb_delete(r.db, (Matchers){ 0 }, 0, 1, &err));
        assert_int_equal(err.code, ERR_INVALID);
        Column c = { 0 };
        for (int round = 0; round < 2; round++) {
                rig_read(&r, l, INT64_MIN, INT64_MAX, &c);
                assert_int_equal(c.n, 6 + round);
                assert_int_equal(c.t[3], RIG_START_MS + 6);
                assert_int_equal(rig_add(&r, l, RIG_START_MS + 20 + round, 1), APPEND_OK);
                rig_reopen(&r);
        }
        column_done(&c);
        rig_done(&r);
}

/* ---- selecting */

static size_t count_matching(Rig *r, MatchType type, const char *name, const char *value)
{
        Matcher m[2];
        Err err;
        assert_ok(matcher_make(r->arena, MATCH_EQ, STR("__name__"), STR("s"), &m[0], &err), err);
        assert_ok(matcher_make(r->arena, type, str_of(name), str_of(value), &m[1], &err), err);
        Querier *q = rig_querier(r);
        StoreSelection sel = rig_select(r, q, m, 2);
        for (size_t i = 0; i < sel.n; i++) {
                assert_true(matchers_match((Matchers){ m, 2 }, sel.series[i].labels));
                assert_true(i == 0 || labels_cmp(sel.series[i - 1].labels, sel.series[i].labels) < 0);
        }
        querier_close(q);
        return sel.n;
}

static void selects_by_every_kind_of_matcher(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Label extra[] = { { STR("__name__"), STR("s") }, { STR("other"), STR("x") } };
        rig_add(&r, (Labels){ extra, 2 }, RIG_START_MS, 1);
        for (unsigned i = 0; i < 100; i++)
                rig_add(&r, rig_labels(&r, "s", i), RIG_START_MS, i);
        rig_add(&r, rig_labels(&r, "t", 1), RIG_START_MS, 1);
        const struct {
                MatchType type;
                const char *name, *value;
                size_t want;
        } cases[] = {
                { MATCH_EQ, "i", "7", 1 },        { MATCH_EQ, "i", "", 1 },         { MATCH_EQ, "i", "nope", 0 },
                { MATCH_NE, "i", "7", 100 },      { MATCH_NE, "i", "", 100 },       { MATCH_NE, "nope", "x", 101 },
                { MATCH_RE, "i", "1.", 10 },      { MATCH_RE, "i", "1|2|3|", 4 },   { MATCH_RE, "i", ".*", 101 },
                { MATCH_RE, "i", ".+", 100 },     { MATCH_RE, "i", "[0-4].*", 45 }, { MATCH_NRE, "i", "1.", 91 },
                { MATCH_NRE, "i", "1|2|3|", 97 }, { MATCH_NRE, "i", ".*", 0 },      { MATCH_NRE, "i", ".+", 1 },
                { MATCH_RE, "nope", "x?", 101 },  { MATCH_RE, "nope", "x", 0 },     { MATCH_EQ, "other", "x", 1 },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                assert_int_equal(count_matching(&r, cases[i].type, cases[i].name, cases[i].value), cases[i].want);
        Querier *q = rig_querier(&r);
        Matcher m = { .type = MATCH_EQ, .name = STR("__name__"), .value = STR("t") };
        SelectArgs all = { .min_ms = INT64_MIN, .max_ms = INT64_MAX }, some = all;
        some.matchers = (Matchers){ &m, 1 };
        Str *strs;
        size_t n;
        Err err;
        assert_ok(q->label_names(q, &all, 0, r.arena, &strs, &n, &err), err);
        assert_int_equal(n, 3);
        assert_str(strs[2], "other");
        assert_ok(q->label_names(q, &some, 0, r.arena, &strs, &n, &err), err);
        assert_int_equal(n, 2);
        assert_ok(q->label_values(q, STR("i"), &all, 0, r.arena, &strs, &n, &err), err);
        assert_int_equal(n, 100);
        assert_str(strs[2], "10");
        assert_ok(q->label_values(q, STR("i"), &all, 5, r.arena, &strs, &n, &err), err);
        assert_int_equal(n, 5);
        assert_ok(q->label_values(q, STR("i"), &some, 0, r.arena, &strs, &n, &err), err);
        assert_int_equal(n, 1);
        assert_ok(q->label_values(q, STR("none"), &some, 0, r.arena, &strs, &n, &err), err);
        assert_int_equal(n, 0);
        StoreSelection sel;
        all.max_series = 50;
        assert_false(q->select(q, &all, r.arena, &sel, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        querier_close(q);
        TsdbCardinality top;
        tsdb_cardinality(r.db, 1, r.arena, &top);
        assert_int_equal(top.n_metric, 1);
        assert_str(top.series_by_metric[0].name, "s");
        assert_int_equal(top.series_by_metric[0].value, 101);
        assert_str(top.values_by_label[0].name, "i");
        assert_str(top.series_by_pair[0].name, "__name__=s");
        rig_done(&r);
}

/* ---- opening */

static void leaves_labels_out_that_nobody_looks_at(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        for (unsigned i = 0; i < 200; i++) {
                rig_add(&r, rig_labels(&r, i % 2 ? "a" : "b", i), RIG_START_MS, 1);
        }
        Querier *q = rig_querier(&r);
        Matcher any = { .type = MATCH_NE, .name = STR("x"), .value = STR("y") };
        SelectArgs args = { .matchers = { &any, 1 }, .min_ms = INT64_MIN, .max_ms = INT64_MAX };
        StoreSelection all, names, some;
        Err err;
        assert_ok(q->select(q, &args, r.arena, &all, &err), err);
        args.only = &(StoreNames){ .data = NULL };
        assert_ok(q->select(q, &args, r.arena, &names, &err), err);
        Str wanted[] = { STR("i"), STR("nobody has it") };
        args.only = &(StoreNames){ .data = wanted, .n = 2 };
        assert_ok(q->select(q, &args, r.arena, &some, &err), err);
        assert_int_equal(all.n, 200);
        assert_int_equal(names.n, 200);
        assert_int_equal(some.n, 200);
        for (size_t i = 0; i < all.n; i++) {
                assert_int_equal(all.series[i].id, names.series[i].id);
                assert_int_equal(all.series[i].id, some.series[i].id);
                assert_int_equal(names.series[i].labels.n, 1);
                assert_true(str_eq(labels_get(names.series[i].labels, LABEL_NAME), all.series[i].labels.data[0].value));
                assert_true(labels_eq(some.series[i].labels, all.series[i].labels));
        }
        querier_close(q);
        rig_done(&r);
}

static void refuses_a_second_process_and_newer_formats(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Tsdb *second;
        Err err;
        assert_false(tsdb_open(&r.options, &second, &err));
        assert_int_equal(err.code, ERR_EXISTS);
        assert_contains(err.msg, r.dir);
        tsdb_close(r.db);
        r.db = NULL;
        AUTO(buf_done) Buf path = { 0 };
        buf_printf(&path, "%s/FORMAT", r.dir);
        assert_ok(file_write_atomic(fs_system(), buf_cstr(&path), STR("pharos-tsdb 99\n"), &err), err);
        assert_false(tsdb_open(&r.options, &second, &err));
        assert_int_equal(err.code, ERR_UNSUPPORTED);
        assert_contains(err.msg, "version 99");
        assert_contains(err.msg, "FORMAT");
        rig_done(&r);
}

static void labels_outlive_removal_and_close(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.retention_ms = 3600000;
        rig_open(&r);
        rig_add(&r, rig_labels(&r, "gone", 1), RIG_START_MS, 1);
        Querier *q = rig_querier(&r);
        Arena *arena = arena_new();
        StoreSelection sel;
        Err err;
        SelectArgs args = { .min_ms = INT64_MIN, .max_ms = INT64_MAX };
        assert_ok(q->select(q, &args, arena, &sel, &err), err);
        for (int i = 0; i < 12; i++) {
                clock_manual_advance_ms(&r.clock, 3600000);
                tsdb_maintain(r.db);
        }
        assert_int_equal(rig_stats(&r).series, 0);
        Column c = { 0 };
        assert_ok(q->read(q, &sel, 0, INT64_MIN, INT64_MAX, &c, &err), err);
        assert_int_equal(c.n, 0);
        querier_close(q);
        rig_done(&r);
        assert_str(labels_get(sel.series[0].labels, STR("__name__")), "gone");
        arena_free(arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(judges_every_sample),
                cmocka_unit_test(batch_sees_itself_and_rollback_forgets),
                cmocka_unit_test(reads_back_every_bit_pattern),
                cmocka_unit_test(agrees_with_a_model),
                cmocka_unit_test(retention_drops_files_and_series),
                cmocka_unit_test(size_retention_drops_the_oldest),
                cmocka_unit_test(idle_series_keep_no_chunk),
                cmocka_unit_test(delete_hides_at_once_and_for_ever),
                cmocka_unit_test(selects_by_every_kind_of_matcher),
                cmocka_unit_test(leaves_labels_out_that_nobody_looks_at),
                cmocka_unit_test(refuses_a_second_process_and_newer_formats),
                cmocka_unit_test(labels_outlive_removal_and_close),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
