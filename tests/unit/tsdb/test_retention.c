/* What is too old goes: for all series alike is test_tsdb; here some series are kept shorter, some longer. */
#include "rig.h"

#include "os/fault.h"

#define HOUR INT64_C(3600000)
enum { STEP_MS = 60000, STEPS_AN_HOUR = 60 };

typedef struct Rules {
        Arena *arena;
        TsdbRetention rules[2];
} Rules;

/* debug_*: 6 h, slo: 200 h, the rest 50 h. */
static void rules_init(Rules *rules, Rig *r)
{
        rules->arena = arena_new();
        Matcher *m = arena_array(rules->arena, Matcher, 2);
        Err err;
        assert_ok(matcher_make(rules->arena, MATCH_RE, STR("__name__"), STR("debug_.*"), &m[0], &err), err);
        assert_ok(matcher_make(rules->arena, MATCH_EQ, STR("__name__"), STR("slo"), &m[1], &err), err);
        rules->rules[0] = (TsdbRetention){ { &m[0], 1 }, 6 * HOUR };
        rules->rules[1] = (TsdbRetention){ { &m[1], 1 }, 200 * HOUR };
        r->options.retention_ms = 50 * HOUR;
        r->options.retentions = rules->rules;
        r->options.n_retentions = 2;
}

static const char *const NAMES[] = { "debug_a", "debug_b", "slo", "other" };

/* A sample a minute of each; the value is the minute. */
static void run_hours(Rig *r, int hours)
{
        for (int i = 0; i < hours * STEPS_AN_HOUR; i++) {
                clock_manual_advance_ms(&r->clock, STEP_MS);
                int64_t now_ms = clock_wall_ms(&r->clock.clock);
                for (size_t k = 0; k < ARRAY_LEN(NAMES); k++)
                        assert_int_equal(rig_add(r, rig_labels(r, NAMES[k], 0), now_ms,
                                                 (double)((now_ms - RIG_START_MS) / STEP_MS)),
                                         APPEND_OK);
                if (i % 10 == 9)
                        tsdb_maintain(r->db);
                arena_reset(r->arena);
        }
        for (int i = 0; i < 50; i++) /* what there is to merge and to write anew */
                tsdb_maintain(r->db);
}

/* Answers exactly the last `hours` (inclusive at both ends). */
static void answers(Rig *r, const char *name, int64_t hours)
{
        Column c = { 0 };
        int64_t now_ms = clock_wall_ms(&r->clock.clock);
        int64_t from_ms = MAX_OF(now_ms - hours * HOUR, RIG_START_MS + STEP_MS);
        rig_read(r, rig_labels(r, name, 0), INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, (now_ms - from_ms) / STEP_MS + 1);
        for (size_t k = 0; k < c.n; k++) {
                assert_int_equal(c.t[k], from_ms + (int64_t)k * STEP_MS);
                assert_double(c.v[k], (double)((c.t[k] - RIG_START_MS) / STEP_MS));
        }
        column_done(&c);
}

static void each_series_is_kept_as_its_rule_says(void **state)
{
        (void)state;
        Rig r;
        Rules rules;
        Err err;
        rig_init(&r);
        rules_init(&rules, &r);
        rig_open(&r);
        static const int HOURS[] = { 5, 3, 30, 20, 60, 110 };
        for (size_t i = 0; i < ARRAY_LEN(HOURS); i++) {
                run_hours(&r, HOURS[i]);
                answers(&r, "debug_a", 6);
                answers(&r, "debug_b", 6);
                answers(&r, "slo", 200);
                answers(&r, "other", 50);
                if (i % 2)
                        rig_reopen(&r);
        }
        /* 228 hours: of each series there is what its rule keeps, and at most what its files cannot let go yet. */
        assert_ok(tsdb_flush(r.db, &err), err);
        uint64_t least = (2 * 6 + 200 + 50) * STEPS_AN_HOUR;
        assert_true(rig_stats(&r).samples >= least);
        assert_true(rig_stats(&r).samples <= least + (2 * 16 + 32 + 16) * STEPS_AN_HOUR);
        assert_true(rig_stats(&r).min_ms < clock_wall_ms(&r.clock.clock) - 199 * HOUR);
        arena_free(rules.arena);
        rig_done(&r);
}

/* Bytes that the rules let go come back when the rules go, as long as nothing was written anew; and the other way round. */
static void rules_may_change_between_starts(void **state)
{
        (void)state;
        Rig r;
        Rules rules;
        Err err;
        rig_init(&r);
        rules_init(&rules, &r);
        r.options.n_retentions = 0;
        rig_open(&r);
        run_hours(&r, 30);
        assert_ok(tsdb_flush(r.db, &err), err);
        answers(&r, "debug_a", 50);
        uint64_t before = rig_stats(&r).samples;
        assert_int_equal(before, 30 * STEPS_AN_HOUR * ARRAY_LEN(NAMES));
        r.options.n_retentions = 2;
        rig_reopen(&r);
        answers(&r, "debug_a", 6); /* at once */
        assert_int_equal(rig_stats(&r).samples, before);
        run_hours(&r, 1); /* and from the disk, part by part */
        assert_true(rig_stats(&r).samples < before + 4 * STEPS_AN_HOUR - 2 * 12 * STEPS_AN_HOUR);
        answers(&r, "debug_b", 6);
        answers(&r, "other", 50);
        r.options.n_retentions = 0;
        rig_reopen(&r);
        answers(&r, "slo", 50);
        arena_free(rules.arena);
        rig_done(&r);
}

/* A part is not written again and again. */
static void rewriting_comes_to_rest(void **state)
{
        (void)state;
        Rig r;
        Rules rules;
        rig_init(&r);
        rules_init(&rules, &r);
        FaultFs fault;
        fault_fs_init(&fault, fs_system());
        r.options.fs = &fault.fs;
        rig_open(&r);
        run_hours(&r, 80);
        for (int i = 0; i < 100; i++)
                tsdb_maintain(r.db);
        int64_t before = fault.operations;
        for (int i = 0; i < 200; i++)
                tsdb_maintain(r.db);
        assert_int_equal(fault.operations, before);
        arena_free(rules.arena);
        rig_done(&r);
}

/* A rewrite that fails loses nothing and is made later. */
static void a_rewrite_may_fail(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_OPEN, FAULT_REMOVE };
        for (size_t k = 0; k < ARRAY_LEN(KINDS); k++)
                for (int64_t at = 1; at <= 6; at++) {
                        Rig r;
                        Rules rules;
                        FaultFs fault;
                        Err err;
                        rig_init(&r);
                        rules_init(&rules, &r);
                        fault_fs_init(&fault, fs_system());
                        r.options.fs = &fault.fs;
                        r.options.n_retentions = 0;
                        rig_open(&r);
                        run_hours(&r, 10);
                        assert_ok(tsdb_flush(r.db, &err), err);
                        uint64_t before = rig_stats(&r).samples;
                        r.options.n_retentions = 2;
                        rig_reopen(&r);
                        fault_fs_arm(&fault, KINDS[k], at, false);
                        for (int i = 0; i < 5; i++)
                                tsdb_maintain(r.db);
                        fault_fs_arm(&fault, FAULT_NONE, 0, false);
                        answers(&r, "debug_a", 6);
                        answers(&r, "other", 50);
                        rig_reopen(&r);
                        answers(&r, "debug_a", 6);
                        answers(&r, "other", 50);
                        run_hours(&r, 1);
                        assert_true(rig_stats(&r).samples < before + 4 * STEPS_AN_HOUR);
                        answers(&r, "slo", 50);
                        arena_free(rules.arena);
                        rig_done(&r);
                }
}

/* A series that a rule keeps longer is known as long; what is older than its own retention is not taken to be there. */
static void idle_series_are_known_as_long_as_their_samples(void **state)
{
        (void)state;
        Rig r;
        Rules rules;
        rig_init(&r);
        rules_init(&rules, &r);
        rig_open(&r);
        run_hours(&r, 4);
        for (int hours = 0; hours < 150; hours++) {
                clock_manual_advance_ms(&r.clock, HOUR);
                tsdb_maintain(r.db);
        }
        Column c = { 0 };
        rig_read(&r, rig_labels(&r, "slo", 0), INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 4 * STEPS_AN_HOUR);
        rig_read(&r, rig_labels(&r, "other", 0), INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 0);
        assert_int_equal(rig_stats(&r).samples, 4 * STEPS_AN_HOUR);
        clock_manual_advance_ms(&r.clock, 60 * HOUR);
        for (int i = 0; i < 10; i++) {
                clock_manual_advance_ms(&r.clock, 61000);
                tsdb_maintain(r.db);
        }
        assert_int_equal(rig_stats(&r).samples, 0);
        assert_int_equal(rig_stats(&r).series, 0);
        column_done(&c);
        arena_free(rules.arena);
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_series_is_kept_as_its_rule_says),
                cmocka_unit_test(rules_may_change_between_starts),
                cmocka_unit_test(rewriting_comes_to_rest),
                cmocka_unit_test(a_rewrite_may_fail),
                cmocka_unit_test(idle_series_are_known_as_long_as_their_samples),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
