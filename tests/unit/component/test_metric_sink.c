#include "component/metric_sink.h"

#include <math.h>

#include "testing.h"

#define L(n, v) { STR(n), STR(v) }

static void text_is_sorted_and_escaped(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        TextSink text;
        metric_sink_text_init(&text, arena);
        MetricSink *s = &text.sink;
        metric_sink_family(s, STR("node_disk_reads_total"), METRIC_TYPE_COUNTER, STR("Reads.\nAll \\ of \"them\"."));
        metric_sink_put(s, 3, L("device", "sdb"));
        metric_sink_put(s, 16703594496.0, L("device", "sda"));
        metric_sink_gauge(s, STR("a_gauge"), STR("First."), (double)NAN);
        metric_sink_family(s, STR("node_disk_reads_total"), METRIC_TYPE_GAUGE, STR("Ignored."));
        metric_sink_put(s, 0.25, L("device", "a\"b\\c\nd"));
        metric_sink_family(s, STR("empty"), METRIC_TYPE_GAUGE, STR("Never seen."));
        metric_sink_family(s, STR("cpu"), METRIC_TYPE_COUNTER, STR("Order of labels."));
        metric_sink_put(s, (double)INFINITY, L("mode", "idle"), L("cpu", "10"));
        metric_sink_put(s, 1e6, L("cpu", "1"), L("mode", "user"), L("none", ""));
        AUTO(buf_done) Buf out = { 0 };
        metric_sink_text_write(&text, &out);
        assert_str(buf_str(&out),
                   "# HELP a_gauge First.\n# TYPE a_gauge gauge\na_gauge NaN\n"
                   "# HELP cpu Order of labels.\n# TYPE cpu counter\n"
                   "cpu{cpu=\"1\",mode=\"user\"} 1e+06\ncpu{cpu=\"10\",mode=\"idle\"} +Inf\n"
                   "# HELP node_disk_reads_total Reads.\\nAll \\\\ of \"them\".\n# TYPE node_disk_reads_total counter\n"
                   "node_disk_reads_total{device=\"a\\\"b\\\\c\\nd\"} 0.25\n"
                   "node_disk_reads_total{device=\"sda\"} 1.6703594496e+10\n"
                   "node_disk_reads_total{device=\"sdb\"} 3\n");
        assert_int_equal(text.repeated, 0);
}

static void histograms_stay_together(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        TextSink text;
        metric_sink_text_init(&text, arena);
        MetricSink *s = &text.sink;
        metric_sink_family(s, STR("h"), METRIC_TYPE_HISTOGRAM, (Str){ 0 });
        const char *const paths[] = { "/b", "/a" };
        for (int i = 0; i < 2; i++) {
                Str path = str_of(paths[i]);
                metric_sink_suffixed(s, STR("_count"), (const Label[]){ { STR("path"), path } }, 1, 3);
                metric_sink_suffixed(s, STR("_sum"), (const Label[]){ { STR("path"), path } }, 1, 4.5);
                metric_sink_suffixed(s, STR("_bucket"), (const Label[]){ { STR("path"), path }, L("le", "+Inf") }, 2,
                                     3);
                metric_sink_suffixed(s, STR("_bucket"), (const Label[]){ { STR("path"), path }, L("le", "10") }, 2, 2);
                metric_sink_suffixed(s, STR("_bucket"), (const Label[]){ { STR("path"), path }, L("le", "5") }, 2, 1);
        }
        AUTO(buf_done) Buf out = { 0 };
        metric_sink_text_write(&text, &out);
        assert_str(buf_str(&out), "# TYPE h histogram\n"
                                  "h_bucket{le=\"5\",path=\"/a\"} 1\nh_bucket{le=\"10\",path=\"/a\"} "
                                  "2\nh_bucket{le=\"+Inf\",path=\"/a\"} 3\n"
                                  "h_sum{path=\"/a\"} 4.5\nh_count{path=\"/a\"} 3\n"
                                  "h_bucket{le=\"5\",path=\"/b\"} 1\nh_bucket{le=\"10\",path=\"/b\"} "
                                  "2\nh_bucket{le=\"+Inf\",path=\"/b\"} 3\n"
                                  "h_sum{path=\"/b\"} 4.5\nh_count{path=\"/b\"} 3\n");
}

static void a_series_is_written_once(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        TextSink text;
        metric_sink_text_init(&text, arena);
        MetricSink *s = &text.sink;
        metric_sink_family(s, STR("m"), METRIC_TYPE_UNKNOWN, (Str){ 0 });
        metric_sink_put(s, 1, L("a", "x"));
        metric_sink_put(s, 2, L("a", "y"), L("a", "x"));
        AUTO(buf_done) Buf out = { 0 };
        metric_sink_text_write(&text, &out);
        assert_str(buf_str(&out), "# TYPE m untyped\nm{a=\"x\"} 2\n");
        assert_int_equal(text.repeated, 1);
}

typedef struct Seen {
        Buf out;
} Seen;

static void on_sample(void *arg, Labels labels, double value)
{
        Seen *seen = arg;
        labels_print(&seen->out, labels);
        buf_printf(&seen->out, " %g\n", value);
}

static void on_family(void *arg, Str name, const Metadata *m)
{
        Seen *seen = arg;
        buf_printf(&seen->out, "%.*s is a %s\n", STR_ARG(name), metadata_type_name(m->type));
}

static void callbacks_get_sorted_labels(void **state)
{
        (void)state;
        Seen seen = { 0 };
        CallbackSink c;
        metric_sink_callback_init(&c, on_sample, on_family, &seen);
        metric_sink_put(&c.sink, 1, L("lost", "x"));
        metric_sink_family(&c.sink, STR("m"), METRIC_TYPE_SUMMARY, STR("h"));
        metric_sink_put(&c.sink, 1, L("z", "1"), L("B", "2"), L("empty", ""));
        metric_sink_suffixed(&c.sink, STR("_sum"), NULL, 0, 2);
        metric_sink_callback_done(&c);
        assert_str(buf_str(&seen.out), "m is a summary\nm{B=\"2\", z=\"1\"} 1\nm_sum 2\n");
        assert_int_equal(c.ignored, 1);
        buf_done(&seen.out);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_is_sorted_and_escaped),
                cmocka_unit_test(histograms_stay_together),
                cmocka_unit_test(a_series_is_written_once),
                cmocka_unit_test(callbacks_get_sorted_labels),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
