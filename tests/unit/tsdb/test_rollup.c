/* Roll-ups in their folder: what is there, for how long, after restarts, deletions and failures. That answers from them are right is
 * test_func_rolled. */
#include "rig.h"

#include "os/fault.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
enum { SERIES = 3 };

static const TsdbRollup ROLLUPS[] = { { 5 * MINUTE, 40 * HOUR }, { HOUR, 120 * HOUR } };

static void init(Rig *r)
{
        rig_init(r);
        r->options.retention_ms = 16 * HOUR;
        r->options.rollups = ROLLUPS;
        r->options.n_rollups = ARRAY_LEN(ROLLUPS);
        rig_open(r);
}

static double value_at(int64_t t_ms) { return (double)((t_ms - RIG_START_MS) / MINUTE); }

/* A sample a minute of each: the minutes since the start. */
static void run_hours(Rig *r, int hours)
{
        for (int i = 0; i < hours * 60; i++) {
                clock_manual_advance_ms(&r->clock, MINUTE);
                int64_t now_ms = clock_wall_ms(&r->clock.clock);
                for (unsigned k = 0; k < SERIES; k++)
                        rig_add(r, rig_labels(r, "m", k), now_ms, value_at(now_ms));
                if (i % 10 == 9)
                        tsdb_maintain(r->db);
                arena_reset(r->arena);
        }
        for (int i = 0; i < 10; i++)
                tsdb_maintain(r->db);
}

typedef struct Seen {
        size_t hours, fives, samples;
        double count; /* of all that the roll-ups stand for, and the samples */
        int64_t first_ms;
} Seen;

/* Everything that is answered is a sample that was written, in order, and stands for what lies between. */
static Seen look(Rig *r, unsigned k)
{
        Column c = { 0 };
        Seen seen = { 0 };
        rig_read(r, rig_labels(r, "m", k), INT64_MIN, INT64_MAX, &c);
        for (size_t i = 0; i < c.n; i++) {
                assert_true(i == 0 || c.t[i] > c.t[i - 1]);
                assert_double(c.v[i], value_at(c.t[i]));
                if (i >= c.n_rolled) {
                        seen.samples++;
                        seen.count++;
                        continue;
                }
                const SampleRollup *x = &c.rolled[i];
                *(x->span_ms == HOUR ? &seen.hours : &seen.fives) += 1;
                seen.count += x->count;
                assert_true(x->count > 0 && x->count <= (double)(x->span_ms / MINUTE));
                assert_double(x->max, c.v[i]);
                assert_double(x->min, c.v[i] - x->count + 1);
                assert_double(x->sum, (x->min + x->max) / 2 * x->count);
        }
        seen.first_ms = c.n ? c.t[0] : 0;
        column_done(&c);
        return seen;
}

static void every_age_has_its_resolution(void **state)
{
        (void)state;
        Rig r;
        init(&r);
        run_hours(&r, 90);
        for (int start = 0; start < 3; start++) {
                for (unsigned k = 0; k < SERIES; k++) {
                        Seen seen = look(&r, k);
                        assert_double(seen.count, 90 * 60); /* nothing twice, nothing missing */
                        assert_in_range(seen.hours, 45, 51);
                        assert_in_range(seen.fives, 12 * 23, 12 * 28);
                        assert_in_range(seen.samples, 60 * 15, 60 * 17);
                }
                if (start < 2)
                        rig_reopen(&r);
        }
        /* Its end is when everything is past the longest retention. */
        run_hours(&r, 90);
        Seen seen = look(&r, 0);
        assert_in_range(seen.hours, 75, 82);
        assert_in_range((clock_wall_ms(&r.clock.clock) - seen.first_ms) / HOUR, 117, 121);
        for (int i = 0; i < 200; i++) {
                clock_manual_advance_ms(&r.clock, HOUR);
                tsdb_maintain(r.db);
        }
        assert_int_equal(look(&r, 0).count, 0);
        assert_true(rig_stats(&r).series == 0 && rig_stats(&r).samples == 0);
        rig_done(&r);
}

/* What is kept how long, how much that is, and when some of it goes. */
static void tiers_are_told(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        Matcher m = { .type = MATCH_EQ, .name = STR("i"), .value = STR("1") };
        TsdbRetention rule = { { &m, 1 }, 4 * HOUR };
        r.options.retention_ms = 16 * HOUR;
        r.options.rollups = ROLLUPS;
        r.options.n_rollups = ARRAY_LEN(ROLLUPS);
        r.options.retentions = &rule;
        r.options.n_retentions = 1;
        rig_open(&r);
        TsdbTier *t;
        size_t n;
        tsdb_tiers(r.db, r.arena, &t, &n);
        assert_int_equal(n, 4);
        for (size_t i = 0; i < n; i++)
                assert_true(t[i].bytes == 0 && t[i].parts == 0 && t[i].min_ms > t[i].max_ms &&
                            t[i].next_cleanup_ms == INT64_MAX);
        run_hours(&r, 30);
        int64_t now_ms = clock_wall_ms(&r.clock.clock);
        tsdb_tiers(r.db, r.arena, &t, &n);
        assert_int_equal(n, 4);
        TsdbStats s = rig_stats(&r);
        assert_int_equal(t[0].kind, TSDB_TIER_SAMPLES);
        assert_true(t[0].retention_ms == 16 * HOUR && t[0].resolution_ms == 0 && t[0].bytes >= s.part_bytes);
        assert_in_range((now_ms - t[0].min_ms) / HOUR, 14, 19);
        assert_in_range(t[0].next_cleanup_ms, now_ms, now_ms + 8 * HOUR);
        assert_int_equal(t[1].kind, TSDB_TIER_RULE);
        assert_true(t[1].retention_ms == 4 * HOUR && t[1].matchers.n == 1 && t[1].bytes == 0);
        assert_in_range(t[1].next_cleanup_ms, now_ms, now_ms + 4 * HOUR);
        assert_int_equal(t[2].kind, TSDB_TIER_ROLLUP);
        assert_true(t[2].retention_ms == 40 * HOUR && t[2].resolution_ms == 5 * MINUTE);
        assert_true(t[3].retention_ms == 120 * HOUR && t[3].resolution_ms == HOUR);
        assert_int_equal(t[2].bytes + t[3].bytes, s.rollup_bytes);
        assert_int_equal(t[2].parts + t[3].parts, s.rollup_parts);
        assert_in_range((t[2].next_cleanup_ms - now_ms) / HOUR, 10, 14); /* the first stretch is 30 hours old */
        rig_done(&r);
}

/* Nothing is written any more: time alone rolls up what there is, level by level, until it is past its retention. */
static void a_store_at_rest_is_rolled_up(void **state)
{
        (void)state;
        for (int reopen = 0; reopen < 2; reopen++) {
                Rig r;
                init(&r);
                run_hours(&r, 5); /* far less than what a part of a level spans */
                if (reopen)
                        rig_reopen(&r);
                int64_t end_ms = clock_wall_ms(&r.clock.clock);
                for (int hours = 1; hours <= 130; hours++) {
                        for (int i = 0; i < 60; i++) {
                                clock_manual_advance_ms(&r.clock, MINUTE);
                                tsdb_maintain(r.db);
                        }
                        if (hours % 3)
                                continue;
                        Seen seen = look(&r, 1);
                        int64_t now_ms = clock_wall_ms(&r.clock.clock);
                        if (hours < 114)
                                assert_double(seen.count, 5 * 60);
                        if (hours > 17)
                                assert_int_equal(seen.samples, 0);
                        if (hours > 24 && hours < 34)
                                assert_in_range(seen.fives, 5 * 12, 5 * 12 + 1);
                        if (hours > 42 && hours < 114)
                                assert_true(seen.fives == 0 && seen.hours >= 5 && seen.hours <= 6);
                        if (now_ms > end_ms + 122 * HOUR)
                                assert_double(seen.count, 0);
                        arena_reset(r.arena);
                }
                rig_done(&r);
        }
}

static void drop_series(Rig *r, const char *i, int64_t min_ms, int64_t max_ms)
{
        Err err;
        Matcher m = { .type = MATCH_EQ, .name = STR("i"), .value = str_of(i) };
        assert_ok(tsdb_delete(r->db, (Matchers){ &m, 1 }, min_ms, max_ms, &err), err);
}

static void deletions_hold_for_roll_ups(void **state)
{
        (void)state;
        Rig r;
        Err err;
        init(&r);
        run_hours(&r, 60);
        drop_series(&r, "1", INT64_MIN, INT64_MAX);
        assert_int_equal(look(&r, 1).count, 0);
        uint64_t before = rig_stats(&r).rollup_bytes;
        assert_ok(tsdb_clean_tombstones(r.db, &err), err);
        assert_true(rig_stats(&r).rollup_bytes < before);
        char path[128];
        tsdb_close(r.db);
        snprintf(path, sizeof path, "%s/tombstones", r.dir);
        IGNORE(fs_system()->remove(fs_system(), path, &err)); /* what it hid is gone */
        rig_open(&r);
        assert_int_equal(look(&r, 1).count, 0);
        assert_double(look(&r, 0).count, 60 * 60);
        assert_double(look(&r, 2).count, 60 * 60);
        rig_done(&r);
}

static void a_series_that_is_to_go_is_not_rolled_up(void **state)
{
        (void)state;
        Rig r;
        Err err;
        Matcher m;
        Arena *arena = arena_new();
        assert_ok(matcher_make(arena, MATCH_EQ, STR("i"), STR("2"), &m, &err), err);
        TsdbRetention rule = { { &m, 1 }, 4 * HOUR };
        rig_init(&r);
        r.options.retentions = &rule;
        r.options.n_retentions = 1;
        r.options.retention_ms = 16 * HOUR;
        r.options.rollups = ROLLUPS;
        r.options.n_rollups = ARRAY_LEN(ROLLUPS);
        rig_open(&r);
        run_hours(&r, 50);
        assert_double(look(&r, 0).count, 50 * 60);
        Seen seen = look(&r, 2);
        assert_int_equal(seen.hours + seen.fives, 0);
        assert_in_range(seen.samples, 4 * 60 - 1, 4 * 60 + 1);
        arena_free(arena);
        rig_done(&r);
}

/* Samples stay until they are rolled up, however long that fails; afterwards everything is as if nothing had happened. */
static void a_disk_that_fails_loses_nothing(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_OPEN };
        for (size_t k = 0; k < ARRAY_LEN(KINDS); k++)
                for (int64_t at = 1; at < 12; at += 2) {
                        Rig r;
                        FaultFs fault;
                        fault_fs_init(&fault, fs_system());
                        rig_init(&r);
                        r.options.fs = &fault.fs;
                        r.options.retention_ms = 16 * HOUR;
                        rig_open(&r);
                        run_hours(&r, 14);
                        r.options.rollups = ROLLUPS;
                        r.options.n_rollups = ARRAY_LEN(ROLLUPS);
                        rig_reopen(&r);
                        fault_fs_arm(&fault, KINDS[k], at, true); /* from then on */
                        for (int i = 0; i < 30; i++) {
                                clock_manual_advance_ms(&r.clock, HOUR);
                                tsdb_maintain(r.db);
                        }
                        assert_double(look(&r, 0).count, 14 * 60);
                        fault_fs_arm(&fault, FAULT_NONE, 0, false);
                        for (int i = 0; i < 40; i++) {
                                clock_manual_advance_ms(&r.clock, 2 * MINUTE);
                                tsdb_maintain(r.db);
                                if (i == 10) /* the last chunk files become parts when the log goes on, or at a start */
                                        rig_reopen(&r);
                        }
                        assert_double(look(&r, 1).count, 14 * 60);
                        rig_reopen(&r);
                        Seen seen = look(&r, 2);
                        assert_double(seen.count, 14 * 60);
                        assert_true(seen.samples < 60 && rig_stats(&r).rollup_parts > 0);
                        rig_done(&r);
                }
}

static void a_snapshot_has_them(void **state)
{
        (void)state;
        Rig r, copy;
        Err err;
        char to[128];
        init(&r);
        run_hours(&r, 70);
        snprintf(to, sizeof to, "%s/copy", r.dir);
        assert_ok(tsdb_snapshot(r.db, to, false, &err), err);
        copy = r;
        copy.options.dir = to;
        strcpy(copy.dir, "");
        copy.db = NULL;
        assert_ok(tsdb_open(&copy.options, &copy.db, &err), err);
        Column c = { 0 }, d = { 0 };
        rig_read(&r, rig_labels(&r, "m", 0), INT64_MIN, INT64_MAX, &c);
        rig_read(&copy, rig_labels(&r, "m", 0), INT64_MIN, INT64_MAX, &d);
        assert_true(c.n == d.n && c.n_rolled == d.n_rolled && c.n_rolled > 0);
        assert_memory_equal(c.t, d.t, c.n * sizeof *c.t);
        assert_memory_equal(c.v, d.v, c.n * sizeof *c.v);
        assert_memory_equal(c.rolled, d.rolled, c.n_rolled * sizeof *c.rolled);
        column_done(&c);
        column_done(&d);
        tsdb_close(copy.db);
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_age_has_its_resolution),
                cmocka_unit_test(tiers_are_told),
                cmocka_unit_test(a_store_at_rest_is_rolled_up),
                cmocka_unit_test(deletions_hold_for_roll_ups),
                cmocka_unit_test(a_series_that_is_to_go_is_not_rolled_up),
                cmocka_unit_test(a_disk_that_fails_loses_nothing),
                cmocka_unit_test(a_snapshot_has_them),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
