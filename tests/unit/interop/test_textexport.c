#include "interop_data.h"

#include "interop/textexport.h"

static bool keep(void *ctx, Str bytes, Err *err)
{
        (void)err;
        buf_str_add(ctx, bytes);
        return true;
}

static const char *run(MemStore *ms, TextExportFormat format, Buf *out, TextExportStats *stats)
{
        TextExportOptions options = { .format = format, .min_ms = 0, .max_ms = 1LL << 40, .write = keep, .ctx = out };
        Err err;
        buf_clear(out);
        *stats = (TextExportStats){ 0 };
        assert_ok(textexport_run(memstore_engine(ms), &options, stats, &err), err);
        return buf_cstr(out);
}

static void writes_every_format(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        Buf out = { 0 };
        TextExportStats stats;
        memstore_add(ms, data_labels(arena, "up", "job", "a\"b\n"), 1500, 0.5);
        memstore_add(ms, data_labels(arena, "up", "job", "a\"b\n"), 2000, sample_stale());
        memstore_add(ms, data_labels(arena, "x.y", "z-", "1,2"), -0 + 3000, -1.0 / 0.0);
        assert_string_equal(run(ms, TEXTEXPORT_DUMP, &out, &stats), "{__name__=\"up\", job=\"a\\\"b\\n\"} 0.5 1500\n"
                                                                    "{__name__=\"up\", job=\"a\\\"b\\n\"} NaN 2000\n"
                                                                    "{__name__=\"x.y\", \"z-\"=\"1,2\"} -Inf 3000\n");
        assert_int_equal(stats.series, 2);
        assert_string_equal(run(ms, TEXTEXPORT_OPENMETRICS, &out, &stats), "up{job=\"a\\\"b\\n\"} 0.5 1.500\n"
                                                                           "{\"x.y\",\"z-\"=\"1,2\"} -Inf 3\n"
                                                                           "# EOF\n");
        assert_int_equal(stats.stale_left_out, 1);
        assert_string_equal(
                run(ms, TEXTEXPORT_JSONL, &out, &stats),
                "{\"metric\":{\"__name__\":\"up\",\"job\":\"a\\\"b\\n\"},\"values\":[0.5,null],\"timestamps\":[1500,2000]}\n"
                "{\"metric\":{\"__name__\":\"x.y\",\"z-\":\"1,2\"},\"values\":[\"-Infinity\"],\"timestamps\":[3000]}\n");
        assert_string_equal(run(ms, TEXTEXPORT_CSV, &out, &stats), "__name__,job,z-,timestamp_ms,value\n"
                                                                   "up,\"a\"\"b\n\",,1500,0.5\n"
                                                                   "up,\"a\"\"b\n\",,2000,StaleNaN\n"
                                                                   "x.y,,\"1,2\",3000,-Inf\n");
        buf_done(&out);
}

static void histograms_in_dumps_only(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AUTO(memstore_free) MemStore *ms = memstore_new();
        Buf out = { 0 };
        TextExportStats stats;
        Err err;
        double counts[] = { 2, 0, 3 };
        HistogramSpan span = { 0, 3 };
        Histogram h = {
                .count = 6, .sum = 4.5, .zero_count = 1, .zero_threshold = 0.5, .positive = { &span, counts, 1, 3 }
        };
        Appender *a = store_appender(memstore_engine(ms));
        data_put(a, data_labels(arena, "h", NULL, NULL), 1000, 0, &h);
        assert_ok(store_commit(a, &err), err);
        assert_contains(run(ms, TEXTEXPORT_DUMP, &out, &stats), "{count:6, sum:4.5, [");
        assert_contains(buf_cstr(&out), "0.5]:1, (0.5,1]:2, (2,4]:3} 1000\n");
        assert_int_equal(stats.histograms, 1);
        for (int f = TEXTEXPORT_OPENMETRICS; f <= TEXTEXPORT_CSV; f++) {
                run(ms, (TextExportFormat)f, &out, &stats);
                assert_int_equal(stats.samples, 0);
                assert_int_equal(stats.histograms_left_out, 1);
        }
        buf_done(&out);
}

static void knows_formats(void **state)
{
        (void)state;
        TextExportFormat f;
        assert_true(textexport_format_parse(STR("csv"), &f) && f == TEXTEXPORT_CSV);
        assert_true(textexport_format_parse(STR("jsonl"), &f) && f == TEXTEXPORT_JSONL);
        assert_false(textexport_format_parse(STR("xml"), &f));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(writes_every_format),
                                            cmocka_unit_test(histograms_in_dumps_only),
                                            cmocka_unit_test(knows_formats) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
