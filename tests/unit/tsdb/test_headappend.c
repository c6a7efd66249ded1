/* Histograms, start timestamps and exemplars through a database, with restarts clean and not. */
#include "rig.h"

#include "tsdb/exemplars.h"
#include "tsdb/head.h"
#include "tsdb/headappend.h"

#define T0 RIG_START_MS

static const Histogram *simple(Rig *r, double a, double b)
{
        static const HistogramSpan spans[] = { { 1, 2 } };
        double *counts = arena_array(r->arena, double, 2);
        counts[0] = a;
        counts[1] = b;
        Histogram *h = arena_new_of(r->arena, Histogram);
        *h = (Histogram){ .integer = true, .count = a + b, .sum = a * 3, .positive = { spans, counts, 1, 2 } };
        return h;
}

static AppendResult add(Rig *r, Labels labels, StoreSample s)
{
        Appender *a = store_appender(tsdb_engine(r->db));
        SeriesRef ref = 0;
        AppendResult result = store_append_sample(a, &ref, labels, &s);
        Err err;
        assert_ok(store_commit(a, &err), err);
        return result;
}

/* As after kill -9: what was written is there, nothing else. */
static void crash_and_reopen(Rig *r)
{
        Arena *arena = r->arena;
        Err err;
        AUTO(buf_done) Buf copy = { 0 };
        AUTO(buf_done) Buf command = { 0 };
        buf_printf(&copy, "%s-copy", r->dir);
        buf_printf(&command, "cp -r %s %s", r->dir, buf_cstr(&copy));
        assert_int_equal(system(buf_cstr(&command)), 0);
        tsdb_close(r->db);
        assert_ok(file_remove_tree(fs_system(), r->dir, &err), err);
        assert_int_equal(rename(buf_cstr(&copy), r->dir), 0);
        r->arena = arena;
        rig_open(r);
}

static void check_rich(Rig *r, Labels labels)
{
        Column c = { 0 };
        rig_read(r, labels, INT64_MIN, INT64_MAX, &c);
        assert_int_equal(c.n, 5);
        assert_true(c.h && c.st);
        assert_null(c.h[0]);
        assert_double(c.v[0], 1.5);
        assert_true(histogram_same(c.h[1], simple(r, 1, 2)));
        assert_true(histogram_same(c.h[2], simple(r, 4, 5)));
        assert_int_equal(c.st[1], T0 - 500);
        assert_int_equal(c.st[2], 0);
        assert_null(c.h[3]);
        assert_double(c.v[3], 7);
        assert_int_equal(c.st[3], T0 - 7);
        assert_true(histogram_is_stale(c.h[4]));
        column_done(&c);
}

static void histograms_and_starts_live_through_everything(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Labels labels = rig_labels(&r, "h", 1);
        const Histogram stale = { .sum = sample_stale(), .integer = true };
        assert_int_equal(add(&r, labels, (StoreSample){ .t_ms = T0, .v = 1.5 }), APPEND_OK);
        /* a batch that changes its kind */
        Appender *a = store_appender(tsdb_engine(r.db));
        SeriesRef ref = 0;
        Err err;
        StoreSample s = { .t_ms = T0 + 1, .h = simple(&r, 1, 2), .st_ms = T0 - 500 };
        assert_int_equal(store_append_sample(a, &ref, labels, &s), APPEND_OK);
        s = (StoreSample){ .t_ms = T0 + 2, .h = simple(&r, 4, 5) };
        assert_int_equal(store_append_sample(a, &ref, labels, &s), APPEND_OK);
        assert_int_equal(store_append_sample(a, &ref, labels, &s), APPEND_DUPLICATE);
        s.h = simple(&r, 4, 6);
        assert_int_equal(store_append_sample(a, &ref, labels, &s), APPEND_CONFLICT);
        assert_int_equal(store_append(a, &ref, labels, T0 + 1, 3), APPEND_OUT_OF_ORDER);
        s = (StoreSample){ .t_ms = T0 + 3, .v = 7, .st_ms = T0 - 7 };
        assert_int_equal(store_append_sample(a, &ref, labels, &s), APPEND_OK);
        s = (StoreSample){ .t_ms = T0 + 4, .h = &stale };
        assert_int_equal(store_append_sample(a, &ref, labels, &s), APPEND_OK);
        assert_ok(store_commit(a, &err), err);
        check_rich(&r, labels);
        crash_and_reopen(&r);
        check_rich(&r, labels);
        rig_reopen(&r);
        check_rich(&r, labels);
        /* floats again, in a chunk of their own */
        clock_manual_advance_ms(&r.clock, 4 * 3600 * 1000);
        assert_int_equal(rig_add(&r, labels, T0 + 3 * 3600 * 1000, 5), APPEND_OK);
        Column c = { 0 };
        rig_read(&r, labels, T0 + 4, INT64_MAX, &c);
        assert_int_equal(c.n, 2);
        assert_true(histogram_is_stale(c.h[0]) && !c.h[1] && c.v[1] == 5);
        column_done(&c);
        rig_done(&r);
}

static void senseless_histograms_are_refused(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Labels labels = rig_labels(&r, "h", 1);
        Histogram h = *simple(&r, 1, 2);
        h.count = 4;
        assert_int_equal(add(&r, labels, (StoreSample){ .t_ms = T0, .h = &h }), APPEND_BAD_HISTOGRAM);
        h = *simple(&r, 1, 2);
        h.schema = 9;
        assert_int_equal(add(&r, labels, (StoreSample){ .t_ms = T0, .h = &h }), APPEND_BAD_HISTOGRAM);
        h = *simple(&r, 1, 2);
        h.positive.n_counts = 1;
        assert_int_equal(add(&r, labels, (StoreSample){ .t_ms = T0, .h = &h }), APPEND_BAD_HISTOGRAM);
        h = *simple(&r, -1, 2);
        assert_int_equal(add(&r, labels, (StoreSample){ .t_ms = T0, .h = &h }), APPEND_BAD_HISTOGRAM);
        assert_int_equal(add(&r, labels, (StoreSample){ .t_ms = T0, .h = simple(&r, 1, 2) }), APPEND_OK);
        rig_done(&r);
}

/* ---- limits */

static AppendResult add_pair(Rig *r, const char *name, const char *label, const char *value)
{
        Label pairs[] = { { STR("__name__"), str_of(name) }, { str_of(label), str_of(value) } };
        return rig_add(r, (Labels){ pairs, 2 }, T0, 1);
}

static void the_newest_offender_is_shed(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.max_series_per_metric = 2;
        r.options.max_label_values = 3;
        r.options.max_series = 5;
        rig_open(&r);
        assert_int_equal(add_pair(&r, "a", "x", "1"), APPEND_OK);
        assert_int_equal(add_pair(&r, "a", "x", "2"), APPEND_OK);
        assert_int_equal(add_pair(&r, "a", "x", "3"), APPEND_LIMIT); /* a third series of a */
        assert_int_equal(add_pair(&r, "b", "x", "3"), APPEND_OK);
        assert_int_equal(add_pair(&r, "b", "x", "4"), APPEND_LIMIT); /* a fourth value of x */
        assert_int_equal(add_pair(&r, "b", "y", "4"), APPEND_OK);
        assert_int_equal(add_pair(&r, "c", "y", "4"), APPEND_OK);
        assert_int_equal(add_pair(&r, "c", "y", "3"), APPEND_LIMIT); /* a sixth series */
        assert_int_equal(add_pair(&r, "d", "z", "1"), APPEND_LIMIT);
        assert_int_equal(add_pair(&r, "a", "x", "1"), APPEND_DUPLICATE); /* what is there stays */
        rig_done(&r);
}

/* ---- exemplars */

static Exemplar exemplar(Rig *r, const char *trace, int64_t t_ms, double v)
{
        Label *l = arena_new_of(r->arena, Label);
        *l = (Label){ STR("trace_id"), str_of(trace) };
        return (Exemplar){ .labels = { l, 1 }, .v = v, .t_ms = t_ms, .has_t = true };
}

static const char *exemplars_of(Rig *r, const char *name, int64_t min_ms, int64_t max_ms)
{
        Querier *q = rig_querier(r);
        Matcher m = { .type = MATCH_EQ, .name = STR("__name__"), .value = str_of(name) };
        Matchers set = { &m, 1 };
        ExemplarSeries *series;
        size_t n;
        Err err;
        Buf out = { .arena = r->arena };
        assert_ok(q->exemplars(q, &set, 1, min_ms, max_ms, r->arena, &series, &n, &err), err);
        for (size_t i = 0; i < n; i++) {
                labels_print(&out, series[i].labels);
                for (size_t k = 0; k < series[i].n; k++)
                        buf_printf(&out, " " STR_FMT "@%lld=%g", STR_ARG(series[i].data[k].labels.data[0].value),
                                   (long long)(series[i].data[k].t_ms - T0), series[i].data[k].v);
                buf_char(&out, ';');
        }
        querier_close(q);
        return buf_cstr(&out);
}

static void exemplars_come_back(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        rig_open(&r);
        Appender *a = store_appender(tsdb_engine(r.db));
        SeriesRef refs[2] = { 0 };
        Err err;
        for (unsigned i = 0; i < 2; i++)
                assert_int_equal(store_append(a, &refs[i], rig_labels(&r, "x", 1 - i), T0, 1), APPEND_OK);
        Exemplar e = exemplar(&r, "a", T0, 1);
        assert_int_equal(a->append_exemplar(a, refs[0], &e), APPEND_OK);
        e = exemplar(&r, "b", T0, 2);
        assert_int_equal(a->append_exemplar(a, refs[1], &e), APPEND_OK);
        assert_ok(store_commit(a, &err), err);
        a = store_appender(tsdb_engine(r.db));
        assert_int_equal(a->append_exemplar(a, refs[1], &e), APPEND_DUPLICATE);
        e = exemplar(&r, "b", T0 - 1, 2);
        assert_int_equal(a->append_exemplar(a, refs[1], &e), APPEND_OUT_OF_ORDER);
        e = exemplar(&r, "c", T0 + 5, 3);
        assert_int_equal(a->append_exemplar(a, refs[1], &e), APPEND_OK);
        e = exemplar(
                &r,
                "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
                T0 + 6, 3);
        assert_int_equal(a->append_exemplar(a, refs[1], &e), APPEND_BAD_LABELS);
        assert_ok(store_commit(a, &err), err); /* exemplars alone are a batch too */
        a = store_appender(tsdb_engine(r.db));
        e = exemplar(&r, "gone", T0 + 9, 3);
        assert_int_equal(a->append_exemplar(a, refs[1], &e), APPEND_OK);
        store_rollback(a);
        const char *want = "x{i=\"0\"} b@0=2 c@5=3;x{i=\"1\"} a@0=1;";
        assert_string_equal(exemplars_of(&r, "x", T0, T0 + 100), want);
        assert_string_equal(exemplars_of(&r, "x", T0 + 1, T0 + 100), "x{i=\"0\"} c@5=3;");
        assert_string_equal(exemplars_of(&r, "y", T0, T0 + 100), "");
        crash_and_reopen(&r);
        assert_string_equal(exemplars_of(&r, "x", T0, T0 + 100), want);
        rig_done(&r);
}

static void the_oldest_exemplar_goes(void **state)
{
        (void)state;
        Rig r;
        rig_init(&r);
        r.options.max_exemplars = 3;
        rig_open(&r);
        for (int i = 0; i < 5; i++) {
                Appender *a = store_appender(tsdb_engine(r.db));
                SeriesRef ref = 0;
                Err err;
                assert_int_equal(store_append(a, &ref, rig_labels(&r, "x", i == 0 ? 7 : 1), T0 + i, 1), APPEND_OK);
                Exemplar e = exemplar(&r, "t", T0 + i, i);
                assert_int_equal(a->append_exemplar(a, ref, &e), APPEND_OK);
                assert_ok(store_commit(a, &err), err);
        }
        assert_string_equal(exemplars_of(&r, "x", T0, T0 + 100), "x{i=\"1\"} t@2=2 t@3=3 t@4=4;");
        assert_int_equal(exemplars_count(r.db->exemplars), 3);
        rig_done(&r);
        rig_init(&r);
        r.options.max_exemplars = -1;
        rig_open(&r);
        Appender *a = store_appender(tsdb_engine(r.db));
        SeriesRef ref = 0;
        Err err;
        assert_int_equal(store_append(a, &ref, rig_labels(&r, "x", 1), T0, 1), APPEND_OK);
        Exemplar e = exemplar(&r, "t", T0, 1);
        IGNORE(a->append_exemplar(a, ref, &e) == APPEND_OK);
        assert_ok(store_commit(a, &err), err);
        assert_string_equal(exemplars_of(&r, "x", T0, T0 + 100), "");
        rig_done(&r);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(histograms_and_starts_live_through_everything),
                cmocka_unit_test(senseless_histograms_are_refused),
                cmocka_unit_test(the_newest_offender_is_shed),
                cmocka_unit_test(exemplars_come_back),
                cmocka_unit_test(the_oldest_exemplar_goes),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
