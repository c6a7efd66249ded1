/* Series without samples leave memory, index and answers. */
#include "coolrig.h"

#include "os/fault.h"
#include "tsdb/forget.h"

static void add_and_cool(Rig *r, const char *name, unsigned from, unsigned to)
{
        coolrig_add(r, name, from, to);
        coolrig_pass(r, 14);
}

static size_t count_series(Rig *r, const char *metric)
{
        Querier *q = rig_querier(r);
        Matcher m = { .type = MATCH_EQ, .name = STR("__name__"), .value = str_of(metric) };
        size_t n = rig_select(r, q, &m, 1).n;
        querier_close(q);
        return n;
}

static size_t count_samples(Rig *r, const char *metric, unsigned i)
{
        Column c = { 0 };
        rig_read(r, rig_labels(r, metric, i), INT64_MIN, INT64_MAX, &c);
        size_t n = c.n;
        column_done(&c);
        return n;
}

static void delete_some(Rig *r, const char *metric, int64_t max_ms)
{
        Matcher m = { .type = MATCH_EQ, .name = STR("__name__"), .value = str_of(metric) };
        Err err;
        assert_ok(tsdb_delete(r->db, (Matchers){ &m, 1 }, INT64_MIN, max_ms, &err), err);
}

static void clean(Rig *r)
{
        Err err;
        assert_ok(tsdb_clean_tombstones(r->db, &err), err);
}

static void deleted_series_leave_memory(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        coolrig_add(&r, "gone", 0, SERIES);
        coolrig_add(&r, "half", 0, 10);
        int64_t half_ms = clock_wall_ms(&r.clock.clock);
        clock_manual_advance_ms(&r.clock, 15000);
        coolrig_add(&r, "half", 0, 10);
        coolrig_add(&r, "kept", 0, 10);
        delete_some(&r, "gone", INT64_MAX);
        delete_some(&r, "half", half_ms);
        assert_int_equal(rig_stats(&r).series, SERIES + 20);
        clean(&r);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(rig_stats(&r).series, 20);
                assert_int_equal(count_series(&r, "gone"), 0);
                assert_int_equal(rig_count_values(&r, "__name__", (Matchers){ 0 }), 2);
                assert_int_equal(rig_count_values(&r, "i", (Matchers){ 0 }), 10);
                assert_int_equal(count_samples(&r, "half", 3), 1);
                assert_int_equal(count_samples(&r, "kept", 3), 1);
                rig_reopen(&r);
        }
        /* It may come back, with a sample that is older than those that were deleted. */
        assert_int_equal(rig_add(&r, rig_labels(&r, "gone", 7), half_ms - 1, 1), APPEND_OK);
        assert_int_equal(count_samples(&r, "gone", 7), 1);
        rig_done(&r);
}

static void deleted_series_leave_the_index(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        coolrig_add(&r, "kept", 0, SERIES);
        add_and_cool(&r, "gone", 0, SERIES);
        assert_int_equal(rig_stats(&r).cold_series, 2 * SERIES);
        delete_some(&r, "gone", INT64_MAX);
        clean(&r);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(rig_stats(&r).cold_series, SERIES);
                assert_int_equal(count_series(&r, "gone"), 0);
                assert_int_equal(count_series(&r, "kept"), SERIES);
                assert_int_equal(rig_count_values(&r, "__name__", (Matchers){ 0 }), 2);
                assert_int_equal(count_samples(&r, "kept", 3), 1);
                rig_reopen(&r);
        }
        delete_some(&r, "kept", INT64_MAX);
        clean(&r);
        assert_int_equal(rig_stats(&r).cold_series, 0);
        assert_int_equal(rig_stats(&r).index_segments, 0);
        rig_done(&r);
}

/* Who gets a sample after the deletion stays, cold or not. */
static void what_has_samples_stays(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        add_and_cool(&r, "m", 0, SERIES);
        delete_some(&r, "m", INT64_MAX);
        clock_manual_advance_ms(&r.clock, 15000);
        coolrig_add(&r, "m", 0, 100);
        clean(&r);
        assert_int_equal(count_series(&r, "m"), 100);
        assert_int_equal(count_samples(&r, "m", 3), 1);
        assert_int_equal(count_samples(&r, "m", 300), 0);
        rig_reopen(&r);
        assert_int_equal(count_series(&r, "m"), 100);
        assert_int_equal(count_samples(&r, "m", 3), 1);
        rig_done(&r);
}

/* Whatever fails, no sample of another series is lost, and the next try does it all. */
static void failures_lose_nothing(void **state)
{
        (void)state;
        static const FaultKind KINDS[] = { FAULT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_OPEN };
        for (size_t k = 0; k < ARRAY_LEN(KINDS); k++)
                for (int64_t at = 1; at <= 16; at++) {
                        Rig r;
                        FaultFs fault;
                        Err err;
                        rig_init(&r);
                        fault_fs_init(&fault, fs_system());
                        r.options.fs = &fault.fs;
                        rig_open(&r);
                        coolrig_add(&r, "kept", 0, 3);
                        add_and_cool(&r, "gone", 0, 1100);
                        coolrig_add(&r, "hot", 0, 3);
                        delete_some(&r, "gone", INT64_MAX);
                        delete_some(&r, "hot", INT64_MAX);
                        fault_fs_arm(&fault, KINDS[k], at, false);
                        bool ok = tsdb_clean_tombstones(r.db, &err);
                        fault_fs_arm(&fault, FAULT_NONE, 0, false);
                        assert_int_equal(count_samples(&r, "kept", 1), 1);
                        assert_int_equal(count_samples(&r, "gone", 1), 0);
                        rig_reopen(&r);
                        assert_int_equal(count_samples(&r, "kept", 1), 1);
                        assert_int_equal(count_samples(&r, "gone", 1), 0);
                        if (!ok)
                                clean(&r);
                        assert_int_equal(count_series(&r, "kept"), 3);
                        assert_int_equal(count_series(&r, "gone"), 0);
                        assert_int_equal(count_series(&r, "hot"), 0);
                        rig_done(&r);
                }
}

/* Hours go by, in larger steps. */
static void pass_hours(Rig *r, unsigned hours)
{
        for (unsigned i = 0; i < hours * 12; i++) {
                clock_manual_advance_ms(&r->clock, 5 * MINUTE_MS);
                coolrig_add(r, "ticker", 0, 1);
                tsdb_maintain(r->db);
        }
}

/* Cohorts of very different age stand in one segment: those that are past the retention leave it. */
static void a_mixed_segment_is_purged(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.retention_ms = 16 * (int64_t)HOUR_MS;
        rig_open(&r);
        for (unsigned k = 0; k < 4; k++) {
                add_and_cool(&r, "m", k * 1100, (k + 1) * 1100);
                pass_hours(&r, 3);
        }
        assert_int_equal(rig_stats(&r).index_segments, 1);
        assert_int_equal(rig_stats(&r).cold_series, 4400);
        pass_hours(&r, 7); /* the first is 19 hours old, an eighth of the retention longer than it is kept */
        assert_int_equal(rig_stats(&r).cold_series, 3300);
        assert_int_equal(count_series(&r, "m"), 3300);
        assert_int_equal(count_samples(&r, "m", 2400), 1);
        rig_done(&r);
}

static void rules_are_kept(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        Matcher m = { .type = MATCH_RE, .name = STR("__name__"), .value = STR("short.*") };
        Err err;
        assert_ok(matcher_make(r.arena, MATCH_RE, m.name, m.value, &m, &err), err);
        TsdbRetention rule = { .matchers = { &m, 1 }, .retention_ms = 3 * (int64_t)HOUR_MS };
        r.options.retentions = &rule;
        r.options.n_retentions = 1;
        rig_open(&r);
        coolrig_add(&r, "short_few", 0, 10);
        coolrig_add(&r, "long_few", 0, 10);
        coolrig_add(&r, "short_many", 0, 800);
        add_and_cool(&r, "long_many", 0, 800);
        assert_int_equal(rig_stats(&r).cold_series, 1620);
        coolrig_add(&r, "short_few", 0, 10);
        coolrig_add(&r, "long_few", 0, 10); /* back in memory, too few to leave it again */
        assert_int_equal(rig_stats(&r).series, 21);
        pass_hours(&r, 5);
        assert_int_equal(rig_stats(&r).series, 11);
        assert_int_equal(count_series(&r, "short_few"), 0);
        assert_int_equal(count_series(&r, "long_few"), 10);
        assert_int_equal(count_series(&r, "short_many"), 0);
        assert_int_equal(count_series(&r, "long_many"), 800);
        assert_int_equal(rig_stats(&r).cold_series, 810);
        assert_int_equal(count_samples(&r, "long_few", 2), 2);
        /* And the segment is not written again and again. */
        uint32_t segments = (uint32_t)rig_stats(&r).index_segments;
        uint64_t bytes = rig_stats(&r).index_bytes;
        pass_hours(&r, 5);
        assert_int_equal(rig_stats(&r).index_segments, segments);
        assert_int_equal(rig_stats(&r).index_bytes, bytes);
        /* What is past the shortest retention when it is first looked at leaves memory all the same. */
        coolrig_add(&r, "long_late", 0, SERIES);
        clock_manual_advance_ms(&r.clock, 4 * (int64_t)HOUR_MS);
        coolrig_pass(&r, 4);
        assert_int_equal(rig_stats(&r).series, 1);
        assert_int_equal(count_series(&r, "long_late"), SERIES);
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(deleted_series_leave_memory), cmocka_unit_test(deleted_series_leave_the_index),
                cmocka_unit_test(what_has_samples_stays),      cmocka_unit_test(failures_lose_nothing),
                cmocka_unit_test(a_mixed_segment_is_purged),   cmocka_unit_test(rules_are_kept),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
