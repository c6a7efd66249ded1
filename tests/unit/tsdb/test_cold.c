/* Series leave memory and come back: nobody can tell from answers. */
#include "coolrig.h"

#include <stdatomic.h>

#include "base/rand.h"
#include "os/fault.h"
#include "os/thread.h"
#include "tsdb/cold.h"

static void add_and_cool(Rig *r, const char *name, unsigned from, unsigned to)
{
        coolrig_scrape(r, name, from, to);
        coolrig_pass(r, 14);
}

static Matcher matcher(Rig *r, MatchType type, const char *name, const char *value)
{
        Matcher m;
        Err err;
        assert_ok(matcher_make(r->arena, type, str_of(name), str_of(value), &m, &err), err);
        return m;
}

static size_t count_selected(Rig *r, Matcher m, int64_t min_ms)
{
        Querier *q = rig_querier(r);
        StoreSelection sel;
        Err err;
        SelectArgs args = { .matchers = { &m, 1 }, .min_ms = min_ms, .max_ms = INT64_MAX, .sorted = true };
        assert_ok(q->select(q, &args, r->arena, &sel, &err), err);
        for (size_t i = 1; i < sel.n; i++)
                assert_true(labels_cmp(sel.series[i - 1].labels, sel.series[i].labels) < 0);
        querier_close(q);
        return sel.n;
}

static size_t count_samples(Rig *r, Labels labels)
{
        Column c = { 0 };
        rig_read(r, labels, INT64_MIN, INT64_MAX, &c);
        size_t n = c.n;
        for (size_t i = 0; i < n; i++)
                if (!str_eq(labels.data[0].value, STR("ticker")))
                        assert_double(c.v[i], coolrig_value((unsigned)atoi(labels.data[1].value.p), c.t[i]));
        column_done(&c);
        return n;
}

static void check_all(Rig *r, size_t samples)
{
        assert_int_equal(count_selected(r, matcher(r, MATCH_EQ, "__name__", "m"), INT64_MIN), SERIES);
        assert_int_equal(count_selected(r, matcher(r, MATCH_RE, "i", "1.*"), INT64_MIN), 611);
        assert_int_equal(count_selected(r, matcher(r, MATCH_NE, "__name__", "m"), INT64_MIN), 1);
        assert_int_equal(count_selected(r, matcher(r, MATCH_NE, "nothing", "x"), INT64_MIN), SERIES + 1);
        assert_int_equal(rig_count_values(r, "i", (Matchers){ 0 }), SERIES);
        Matcher m = matcher(r, MATCH_EQ, "__name__", "m");
        assert_int_equal(rig_count_values(r, "i", (Matchers){ &m, 1 }), SERIES);
        assert_int_equal(rig_count_values(r, "__name__", (Matchers){ &m, 1 }), 1);
        for (unsigned i = 0; i < SERIES; i += 83)
                assert_int_equal(count_samples(r, rig_labels(r, "m", i)), samples);
}

static size_t at_most(Rig *r, const char *name, int64_t min_ms)
{
        Matcher m = matcher(r, MATCH_EQ, "__name__", name);
        StoreEngine *engine = tsdb_engine(r->db);
        return engine->at_most(engine, (Matchers){ &m, 1 }, min_ms);
}

static void how_many_is_told_of_memory_alone(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        coolrig_scrape(&r, "m", 0, SERIES);
        int64_t then_ms = clock_wall_ms(&r.clock.clock);
        assert_int_equal(at_most(&r, "m", then_ms), SERIES);
        assert_int_equal(at_most(&r, "nothing", then_ms), 0);
        assert_true(at_most(&r, "m", then_ms - 3 * HOUR_MS) == SIZE_MAX); /* perhaps on a disk that sleeps */
        coolrig_pass(&r, 14);
        assert_true(at_most(&r, "m", then_ms) == SIZE_MAX);
        assert_int_equal(at_most(&r, "m", then_ms + MINUTE_MS), 0);
        assert_int_equal(at_most(&r, "ticker", then_ms + MINUTE_MS), 1);
        rig_done(&r);
}

static void idle_series_leave_memory(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        add_and_cool(&r, "m", 0, SERIES);
        TsdbStats s = rig_stats(&r);
        assert_int_equal(s.series, 1);
        assert_int_equal(s.cold_series, SERIES);
        check_all(&r, 3);
        int64_t now_ms = clock_wall_ms(&r.clock.clock);
        assert_int_equal(count_selected(&r, matcher(&r, MATCH_EQ, "__name__", "m"), now_ms - 5 * MINUTE_MS), 0);
        for (int i = 0; i < 2; i++) {
                rig_reopen(&r);
                s = rig_stats(&r);
                assert_int_equal(s.series, 1);
                assert_int_equal(s.wal_corruptions + s.chunk_corruptions, 0);
                check_all(&r, 3);
        }
        Err err;
        assert_ok(tsdb_flush(r.db, &err), err);
        assert_true(rig_stats(&r).parts > 0);
        check_all(&r, 3);
        rig_done(&r);
}

/* A chunk of samples that are so far apart is waited for so long. */
static int64_t waits_for(unsigned samples, int64_t step_ms, bool stale)
{
        const int64_t start_ms = 1000000000;
        Series s = { .sid = 1 };
        xorchunk_init(&s.open);
        for (unsigned i = 0; i < samples; i++)
                xorchunk_append(&s.open, start_ms + (int64_t)i * step_ms,
                                stale && i + 1 == samples ? sample_stale() : (double)i);
        int64_t wait_ms = 0;
        while (!cold_is_silent(&s, s.open.last_ms + wait_ms + 1))
                wait_ms += MINUTE_MS / 2;
        assert_false(cold_is_silent(&s, INT64_MIN));
        xorchunk_done(&s.open);
        return wait_ms;
}

static void who_comes_often_is_missed_soon(void **state)
{
        (void)state;
        assert_int_equal(waits_for(20, 1000, false), 5 * MINUTE_MS);
        assert_int_equal(waits_for(20, 15000, false), 5 * MINUTE_MS);
        assert_int_equal(waits_for(20, 45000, false), 7 * MINUTE_MS + MINUTE_MS / 2);
        assert_int_equal(waits_for(20, MINUTE_MS, false), 10 * MINUTE_MS);
        assert_int_equal(waits_for(20, (int64_t)INT32_MAX * 1000, false), 10 * MINUTE_MS);
        assert_int_equal(waits_for(1, 0, false), 10 * MINUTE_MS);
        assert_int_equal(waits_for(20, 15000, true), MINUTE_MS);
        assert_int_equal(waits_for(1, 0, true), MINUTE_MS);
        Series none = { .sid = 1 };
        xorchunk_init(&none.open);
        assert_false(cold_is_silent(&none, INT64_MAX));
}

/* What a stale marker ended leaves sooner than what is silent, and comes back as before. */
static void what_has_ended_leaves_at_once(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        coolrig_scrape(&r, "m", 0, SERIES);
        coolrig_scrape(&r, "silent", 0, SERIES);
        clock_manual_advance_ms(&r.clock, 15000);
        coolrig_end(&r, "m", 0, SERIES);
        coolrig_pass(&r, 4);
        assert_int_equal(rig_stats(&r).series, SERIES + 1);
        assert_int_equal(rig_stats(&r).cold_series, SERIES);
        clock_manual_advance_ms(&r.clock, 15000);
        coolrig_add(&r, "m", 0, SERIES);
        Column c = { 0 };
        rig_read(&r, rig_labels(&r, "m", 7), INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 5);
        assert_true(sample_is_stale(c.v[3]));
        column_done(&c);
        coolrig_pass(&r, 5);
        assert_int_equal(rig_stats(&r).series, SERIES + 1);
        rig_done(&r);
}

static void few_series_stay(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        add_and_cool(&r, "m", 0, COLD_MIN_SERIES - 1);
        assert_int_equal(rig_stats(&r).series, COLD_MIN_SERIES);
        assert_int_equal(rig_stats(&r).cold_series, 0);
        rig_done(&r);
}

static void they_come_back_as_they_were(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        coolrig_scrape(&r, "m", 0, SERIES);
        int64_t last_ms = clock_wall_ms(&r.clock.clock);
        coolrig_pass(&r, 14);
        assert_int_equal(rig_stats(&r).series, 1);
        Labels labels = rig_labels(&r, "m", 7);
        /* Judged as if it had never left. */
        assert_int_equal(rig_add(&r, labels, last_ms, coolrig_value(7, last_ms)), APPEND_DUPLICATE);
        assert_int_equal(rig_add(&r, labels, last_ms, -1), APPEND_CONFLICT);
        assert_int_equal(rig_add(&r, labels, last_ms - 1, 1), APPEND_OUT_OF_ORDER);
        coolrig_add(&r, "m", 0, SERIES / 2);
        assert_int_equal(count_selected(&r, matcher(&r, MATCH_EQ, "__name__", "m"), INT64_MIN), SERIES);
        assert_int_equal(rig_count_values(&r, "i", (Matchers){ 0 }), SERIES);
        assert_int_equal(count_samples(&r, labels), 4);
        assert_int_equal(count_samples(&r, rig_labels(&r, "m", SERIES - 1)), 3);
        rig_reopen(&r);
        assert_int_equal(count_samples(&r, labels), 4);
        assert_int_equal(rig_add(&r, rig_labels(&r, "m", SERIES - 1), last_ms, -1), APPEND_CONFLICT);
        rig_done(&r);
}

/* Rounds of leaving and coming back, with restarts between: every sample is there once. */
static void rounds_with_restarts(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Err err;
        for (unsigned round = 0; round < 6; round++) {
                add_and_cool(&r, "m", 0, SERIES);
                assert_int_equal(rig_stats(&r).series, 1);
                if (round % 2)
                        rig_reopen(&r);
                if (round == 3)
                        assert_ok(tsdb_flush(r.db, &err), err);
                check_all(&r, 3 * (round + 1));
        }
        TsdbStats s = rig_stats(&r);
        assert_int_equal(s.wal_corruptions + s.chunk_corruptions, 0);
        assert_true(s.index_segments < 6);
        rig_done(&r);
}

static void segments_merge_and_are_dropped(void **state)
{
        (void)state;
        enum { COHORTS = 20 };
        Rig r;
        rig_init(&r);
        r.options.retention_ms = 12 * 60 * MINUTE_MS;
        rig_open(&r);
        for (unsigned k = 0; k < COHORTS; k++) {
                add_and_cool(&r, "m", k * 1100, (k + 1) * 1100);
                coolrig_pass(&r, 3);
        }
        TsdbStats s = rig_stats(&r);
        assert_int_equal(s.cold_series, COHORTS * 1100);
        assert_true(s.index_segments <= 8);
        assert_int_equal(count_selected(&r, matcher(&r, MATCH_EQ, "__name__", "m"), INT64_MIN), COHORTS * 1100);
        for (unsigned i = 0; i < COHORTS * 1100; i += 977)
                assert_int_equal(count_samples(&r, rig_labels(&r, "m", i)), 3);
        /* What is older than the retention goes, segment by segment. */
        clock_manual_advance_ms(&r.clock, 11 * 60 * MINUTE_MS);
        coolrig_pass(&r, 3);
        uint64_t some = rig_stats(&r).cold_series;
        assert_true(some < COHORTS * 1100);
        clock_manual_advance_ms(&r.clock, 12 * 60 * MINUTE_MS);
        coolrig_pass(&r, 3);
        assert_int_equal(rig_stats(&r).cold_series, 0);
        assert_int_equal(rig_stats(&r).index_segments, 0);
        rig_done(&r);
}

static void deletion_reaches_them(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        add_and_cool(&r, "m", 0, SERIES);
        Matcher m = matcher(&r, MATCH_RE, "i", "7|8");
        Err err;
        assert_ok(tsdb_delete(r.db, (Matchers){ &m, 1 }, INT64_MIN, INT64_MAX, &err), err);
        assert_int_equal(count_samples(&r, rig_labels(&r, "m", 7)), 0);
        assert_int_equal(count_samples(&r, rig_labels(&r, "m", 9)), 3);
        /* What comes later is not born deleted. */
        coolrig_add(&r, "m", 7, 8);
        assert_int_equal(count_samples(&r, rig_labels(&r, "m", 7)), 1);
        rig_done(&r);
}

/* A limit on the answer counts both kinds. */
static void limits_count_all(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        add_and_cool(&r, "m", 0, SERIES);
        coolrig_add(&r, "m", 0, 500);
        Querier *q = rig_querier(&r);
        StoreSelection sel;
        Err err;
        SelectArgs args = { .min_ms = INT64_MIN, .max_ms = INT64_MAX, .max_series = SERIES + 1 };
        assert_ok(q->select(q, &args, r.arena, &sel, &err), err);
        assert_int_equal(sel.n, SERIES + 1);
        args.max_series = SERIES;
        assert_false(q->select(q, &args, r.arena, &sel, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        querier_close(q);
        rig_done(&r);
}

/* Labels that nobody looks at are left out, and no series is there twice: some in memory, some not, some in both. */
static void only_what_is_asked_for(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        add_and_cool(&r, "m", 0, SERIES);
        for (int round = 0; round < 4; round++) {
                coolrig_add(&r, "m", 100 * (unsigned)round, 100 * (unsigned)round + 200);
                coolrig_add(&r, "hot", 0, 10);
                for (unsigned k = 0; k < 3; k++) {
                        Matcher m = matcher(&r, MATCH_RE, "__name__", "m|hot");
                        Str names[] = { STR("i"), STR("__name__"), STR("nothing") };
                        StoreNames only = { names + k, 1 };
                        SelectArgs args = {
                                .matchers = { &m, 1 }, .min_ms = INT64_MIN, .max_ms = INT64_MAX, .only = &only
                        };
                        Querier *q = rig_querier(&r);
                        StoreSelection sel;
                        Column c = { 0 };
                        Err err;
                        size_t samples = 0;
                        assert_ok(q->select(q, &args, r.arena, &sel, &err), err);
                        assert_int_equal(sel.n, SERIES + 10);
                        for (size_t i = 0; i < sel.n; i++) {
                                assert_int_equal(sel.series[i].labels.n, k == 0 ? 2 : 1);
                                assert_str(sel.series[i].labels.data[0].name, "__name__");
                                column_clear(&c);
                                assert_ok(q->read(q, &sel, i, INT64_MIN, INT64_MAX, &c, &err), err);
                                samples += c.n;
                        }
                        assert_int_equal(samples, 3 * SERIES + 210 * (unsigned)(round + 1));
                        column_done(&c);
                        querier_close(q);
                }
                clock_manual_advance_ms(&r.clock, 15000);
                if (round == 1)
                        rig_reopen(&r);
                if (round == 2)
                        coolrig_pass(&r, 14);
        }
        rig_done(&r);
}

/* A selection stays readable whatever leaves or comes back after it. */
static void selections_outlive_moves(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        clock_manual_advance_ms(&r.clock, 15000);
        coolrig_add(&r, "m", 0, SERIES);
        Querier *q = rig_querier(&r);
        Matcher m = matcher(&r, MATCH_EQ, "__name__", "m");
        StoreSelection hot = rig_select(&r, q, &m, 1);
        coolrig_pass(&r, 14);
        assert_int_equal(rig_stats(&r).series, 1);
        StoreSelection cold = rig_select(&r, q, &m, 1);
        coolrig_add(&r, "m", 0, SERIES);
        assert_int_equal(hot.n, SERIES);
        assert_int_equal(cold.n, SERIES);
        Column c = { 0 };
        Err err;
        for (size_t i = 0; i < SERIES; i += 7) {
                column_clear(&c);
                assert_ok(q->read(q, &hot, i, INT64_MIN, INT64_MAX, &c, &err), err);
                assert_true(c.n >= 1);
                column_clear(&c);
                assert_ok(q->read(q, &cold, i, INT64_MIN, INT64_MAX, &c, &err), err);
                assert_true(c.n >= 1);
                assert_true(labels_eq(hot.series[i].labels, cold.series[i].labels));
        }
        column_done(&c);
        querier_close(q);
        rig_done(&r);
}

/* A disk that fails while series leave: they stay, or are there on disk; a damaged segment is made anew. */
static void failures_lose_nothing(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_OPEN };
        for (size_t k = 0; k < ARRAY_LEN(KINDS); k++)
                for (int64_t at = 1; at < 9; at++) {
                        Rig r;
                        FaultFs fault;
                        rig_init(&r);
                        fault_fs_init(&fault, fs_system());
                        r.options.fs = &fault.fs;
                        rig_open(&r);
                        clock_manual_advance_ms(&r.clock, 15000);
                        coolrig_add(&r, "m", 0, SERIES);
                        coolrig_pass(&r, 11); /* marked; the next walk moves them out */
                        clock_manual_advance_ms(&r.clock, MINUTE_MS);
                        fault_fs_arm(&fault, KINDS[k], at, false);
                        tsdb_maintain(r.db);
                        fault_fs_arm(&fault, FAULT_NONE, 0, false);
                        check_all(&r, 1);
                        rig_reopen(&r);
                        check_all(&r, 1);
                        coolrig_pass(&r, 5);
                        assert_int_equal(rig_stats(&r).series, 1);
                        check_all(&r, 1);
                        rig_done(&r);
                }
}

static void flip(const char *path, size_t at)
{
        AUTO(buf_done) Buf file = { 0 };
        File *f;
        Err err;
        assert_ok(file_read_all(fs_system(), path, 1 << 28, &file, &err), err);
        at %= file.n;
        file.p[at] = (char)(file.p[at] ^ 16);
        assert_ok(fs_system()->open(fs_system(), path, FILE_CREATE, &f, &err), err);
        assert_ok(fs_system()->write(f, file.p, file.n, &err), err);
        fs_system()->close(f);
}

/* While a segment is damaged no labels get a new id: refused, not stored beside what they had. After the next upkeep they are taken. */
static void add_patiently(Rig *r)
{
        int64_t t_ms = clock_wall_ms(&r->clock.clock);
        unsigned refused = 0;
        for (unsigned i = 0; i < SERIES; i++) {
                AppendResult got = rig_add(r, rig_labels(r, "m", i), t_ms, coolrig_value(i, t_ms));
                if (got == APPEND_OK)
                        continue;
                assert_int_equal(got, APPEND_LIMIT);
                assert_int_equal(++refused, 1);
                tsdb_maintain(r->db);
                i--;
        }
}

static void flips_are_mended_in_use(void **state)
{
        (void)state;
        for (size_t at = 3; at < 200000; at += 9173) {
                Rig r;
                rig_init(&r);
                rig_open(&r);
                add_and_cool(&r, "m", 0, SERIES);
                tsdb_close(r.db);
                r.db = NULL;
                AUTO(buf_done) Buf path = { 0 };
                buf_printf(&path, "%s/index/00000001.index", r.dir);
                flip(buf_cstr(&path), at);
                rig_open(&r);
                count_selected(&r, matcher(&r, MATCH_RE, "i", ".*7.*"), INT64_MIN);
                clock_manual_advance_ms(&r.clock, 1000);
                for (int i = 0; i < 3; i++) { /* a read may find it, or this; either way it is mended */
                        tsdb_maintain(r.db);
                        count_selected(&r, matcher(&r, MATCH_RE, "i", ".*7.*"), INT64_MIN);
                        count_samples(&r, rig_labels(&r, "m", 7));
                }
                check_all(&r, 3);
                clock_manual_advance_ms(&r.clock, 1000);
                add_patiently(&r);
                check_all(&r, 4);
                assert_int_equal(rig_stats(&r).series, SERIES + 1);
                rig_done(&r);
        }
}

/* ---- threads */

enum { POOL = 6000, STEPS = 120 };

typedef struct Mover {
        Rig *r;
        atomic_bool stop;
        unsigned counts[POOL];
} Mover;

/* What was acknowledged is counted; references are kept, as scrapers do. */
static void write_some(void *arg)
{
        Mover *m = arg;
        Rand rand;
        Arena *arena = arena_new();
        Rig local = { .db = m->r->db, .arena = arena };
        SeriesRef *refs = mem_new_array(SeriesRef, POOL);
        rand_init(&rand, 5);
        for (unsigned step = 0; step < STEPS; step++) {
                Err err;
                clock_manual_advance_ms(&m->r->clock, 3 * MINUTE_MS);
                int64_t t_ms = clock_wall_ms(&m->r->clock.clock);
                Appender *a = store_appender(tsdb_engine(m->r->db));
                unsigned from = (unsigned)rand_below(&rand, POOL);
                for (unsigned k = 0; k < POOL / 4; k++) {
                        unsigned i = (from + k) % POOL;
                        AppendResult got = store_append(a, &refs[i], rig_labels(&local, "m", i), t_ms,
                                                        coolrig_value(i, t_ms));
                        assert_int_equal(got, APPEND_OK);
                        m->counts[i]++;
                }
                assert_ok(store_commit(a, &err), err);
                arena_reset(arena);
        }
        mem_free(refs);
        arena_free(arena);
        atomic_store(&m->stop, true);
}

/* Labels are never there twice. */
static void read_some(void *arg)
{
        Mover *m = arg;
        while (!atomic_load(&m->stop)) {
                Rig local = { .db = m->r->db, .arena = arena_new() };
                size_t n = count_selected(&local, matcher(&local, MATCH_EQ, "__name__", "m"), INT64_MIN);
                assert_true(n <= POOL);
                assert_true(rig_count_values(&local, "i", (Matchers){ 0 }) >= n);
                arena_free(local.arena);
        }
}

static void movers_and_writers(void **state)
{
        (void)state;
        Rig r;
        static Mover m;
        Thread writer, reader;
        Err err;
        memset(&m, 0, sizeof m);
        rig_init(&r);
        rig_open(&r);
        m.r = &r;
        assert_ok(thread_start(&writer, "writer", write_some, &m, &err), err);
        assert_ok(thread_start(&reader, "reader", read_some, &m, &err), err);
        while (!atomic_load(&m.stop))
                tsdb_maintain(r.db);
        thread_join(writer);
        thread_join(reader);
        for (int round = 0; round < 2; round++) {
                size_t there = 0;
                for (unsigned i = 0; i < POOL; i++) {
                        assert_int_equal(count_samples(&r, rig_labels(&r, "m", i)), m.counts[i]);
                        there += m.counts[i] > 0;
                }
                assert_int_equal(count_selected(&r, matcher(&r, MATCH_EQ, "__name__", "m"), INT64_MIN), there);
                rig_reopen(&r);
        }
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(how_many_is_told_of_memory_alone),
                cmocka_unit_test(idle_series_leave_memory),
                cmocka_unit_test(who_comes_often_is_missed_soon),
                cmocka_unit_test(what_has_ended_leaves_at_once),
                cmocka_unit_test(few_series_stay),
                cmocka_unit_test(they_come_back_as_they_were),
                cmocka_unit_test(rounds_with_restarts),
                cmocka_unit_test(segments_merge_and_are_dropped),
                cmocka_unit_test(deletion_reaches_them),
                cmocka_unit_test(limits_count_all),
                cmocka_unit_test(only_what_is_asked_for),
                cmocka_unit_test(selections_outlive_moves),
                cmocka_unit_test(failures_lose_nothing),
                cmocka_unit_test(flips_are_mended_in_use),
                cmocka_unit_test(movers_and_writers),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
