#include <dirent.h>
#include <math.h>

#include "model/sample.h"
#include "os/file.h"
#include "scrape/expofmt.h"
#include "testing.h"

static Arena *arena;

static int setup(void **state)
{
        (void)state;
        arena = arena_new();
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        arena_free(arena);
        return 0;
}

static ExpoKind first(const char *text, ExpoFormat format, ExpoItem *item, Err *err)
{
        ExpoParser p;
        expofmt_init(&p, str_of(text), format, arena);
        return expofmt_next(&p, item, err);
}

static ExpoItem series_of(const char *text, ExpoFormat format)
{
        ExpoItem item;
        Err err;
        ExpoKind kind = first(text, format, &item, &err);
        if (kind != EXPO_SERIES)
                fail_msg("'%s': kind %d: %s", text, (int)kind, kind == EXPO_BAD ? err.msg : "");
        return item;
}

static void refused(const char *text, ExpoFormat format, const char *why)
{
        ExpoItem item;
        Err err;
        if (first(text, format, &item, &err) != EXPO_BAD)
                fail_msg("'%s' is taken", text);
        assert_contains(err.msg, why);
        assert_contains(err.msg, "line 1");
}

static void values(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                double v;
        } good[] = { { "a 1", 1 },           { "a -1.5e3\n", -1500 }, { "a\t+2\n", 2 },           { "  a 3", 3 },
                     { "a +Inf", INFINITY }, { "a -inf", -INFINITY }, { "a infinity", INFINITY }, { "a .5", 0.5 },
                     { "a 0", 0 },           { "a -0", -0.0 } };
        for (size_t i = 0; i < ARRAY_LEN(good); i++)
                assert_double(series_of(good[i].text, EXPO_TEXT).value, good[i].v);
        assert_double(series_of("a NaN", EXPO_TEXT).value, bits_to_double(SAMPLE_NAN_BITS));
        assert_double(series_of("a nan", EXPO_TEXT).value, bits_to_double(SAMPLE_NAN_BITS));
        const char *bad[] = { "a x", "a 0x1p3", "a 1_0", "a 1e999", "a --1", "a 1\r\n", "a 1 2 3" };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                refused(bad[i], EXPO_TEXT, "");
        refused("a", EXPO_TEXT, "expected a value");
        refused("a{b=\"c\"}\n", EXPO_TEXT, "expected a value");
        refused("a{b=\"c", EXPO_TEXT, "unclosed");
        refused("a{b=\"c\"", EXPO_TEXT, "unclosed");
        refused("a 1 # {}", EXPO_TEXT, "");
}

static void timestamps(void **state)
{
        (void)state;
        ExpoItem item = series_of("a 1 1520879607789", EXPO_TEXT);
        assert_true(item.has_t);
        assert_int_equal(item.t_ms, 1520879607789);
        assert_int_equal(series_of("a 1 -5", EXPO_TEXT).t_ms, -5);
        assert_false(series_of("a 1", EXPO_TEXT).has_t);
        refused("a 1 1.5", EXPO_TEXT, "timestamp");
        refused("a 1 99999999999999999999", EXPO_TEXT, "timestamp");
        assert_int_equal(series_of("a 1 1520879607.789\n# EOF\n", EXPO_OPENMETRICS).t_ms, 1520879607789);
        assert_int_equal(series_of("a 1 -1.5\n", EXPO_OPENMETRICS).t_ms, -1500);
        refused("a 1 NaN\n", EXPO_OPENMETRICS, "timestamp");
        refused("a 1 1e300\n", EXPO_OPENMETRICS, "timestamp");
}

static void comments(void **state)
{
        (void)state;
        ExpoItem item;
        Err err;
        assert_int_equal(first("# HELP a x \\n \\\\ \\\" \\q", EXPO_TEXT, &item, &err), EXPO_HELP);
        assert_str(item.series, "a");
        assert_str(item.text, "x \n \\ \\\" \\q");
        assert_int_equal(first("# HELP a \\\"x\\\"\n", EXPO_OPENMETRICS, &item, &err), EXPO_HELP);
        assert_str(item.text, "\"x\"");
        assert_int_equal(first("#  HELP  a", EXPO_TEXT, &item, &err), EXPO_HELP);
        assert_int_equal(item.text.n, 0);
        assert_int_equal(first("#HELP a b", EXPO_TEXT, &item, &err), EXPO_COMMENT);
        assert_int_equal(first("# anything", EXPO_TEXT, &item, &err), EXPO_COMMENT);
        assert_int_equal(first("# TYPE \"a.b \\\"c\" gauge", EXPO_TEXT, &item, &err), EXPO_TYPE);
        assert_str(item.series, "a.b \"c");
        assert_int_equal(item.type, METRIC_TYPE_GAUGE);
        assert_int_equal(first("# TYPE a untyped", EXPO_TEXT, &item, &err), EXPO_TYPE);
        assert_int_equal(item.type, METRIC_TYPE_UNKNOWN);
        assert_int_equal(first("# UNIT a_seconds seconds\n", EXPO_OPENMETRICS, &item, &err), EXPO_UNIT);
        assert_str(item.text, "seconds");
        assert_int_equal(first("# UNIT a b", EXPO_TEXT, &item, &err), EXPO_COMMENT);
        refused("# TYPE a nonsense", EXPO_TEXT, "invalid metric type");
        refused("# TYPE", EXPO_TEXT, "metric name");
        refused("# HELP a \xff", EXPO_TEXT, "UTF-8");
}

static void end_of_openmetrics(void **state)
{
        (void)state;
        ExpoItem item;
        ExpoParser p;
        Err err;
        assert_int_equal(first("# EOF\n", EXPO_OPENMETRICS, &item, &err), EXPO_END);
        assert_int_equal(first("# EOF", EXPO_OPENMETRICS, &item, &err), EXPO_END);
        refused("# EOF\na 1\n", EXPO_OPENMETRICS, "after # EOF");
        refused("", EXPO_OPENMETRICS, "does not end with # EOF");
        refused("\n# EOF\n", EXPO_OPENMETRICS, "blank line");
        expofmt_init(&p, STR("a 1\n"), EXPO_OPENMETRICS, arena);
        assert_int_equal(expofmt_next(&p, &item, &err), EXPO_SERIES);
        assert_int_equal(expofmt_next(&p, &item, &err), EXPO_BAD);
        assert_contains(err.msg, "line 2");
        assert_int_equal(expofmt_next(&p, &item, &err), EXPO_END);
        assert_int_equal(first("\n \n\t\n", EXPO_TEXT, &item, &err), EXPO_END);
}

static void line_limit(void **state)
{
        (void)state;
        Err err;
        ExpoItem item;
        AUTO(buf_done) Buf text = { 0 };
        buf_lit(&text, "a{b=\"");
        memset(buf_reserve(&text, EXPO_MAX_LINE_BYTES), 'x', EXPO_MAX_LINE_BYTES);
        text.n = EXPO_MAX_LINE_BYTES - 4;
        buf_lit(&text, "\"} 1");
        assert_int_equal(text.n, EXPO_MAX_LINE_BYTES);
        ExpoParser p;
        expofmt_init(&p, buf_str(&text), EXPO_TEXT, arena);
        assert_int_equal(expofmt_next(&p, &item, &err), EXPO_SERIES);
        Str series = item.series;
        buf_char(&text, ' ');
        expofmt_init(&p, buf_str(&text), EXPO_TEXT, arena);
        assert_int_equal(expofmt_next(&p, &item, &err), EXPO_BAD);
        assert_contains(err.msg, "longer than 1 MiB");
        ExpoKind kind;
        expofmt_init(&p, buf_str(&text), EXPO_TEXT, arena);
        assert_true(expofmt_next_known(&p, str_dup(arena, str_sub(buf_str(&text), 0, series.n)), &item, &kind, &err));
        assert_int_equal(kind, EXPO_BAD);
}

static const char *labels_text(const char *series, MetricType type)
{
        Labels labels;
        Err err;
        static Buf out;
        if (!expofmt_labels(str_of(series), type, arena, &labels, &err)) {
                static char msg[600];
                snprintf(msg, sizeof msg, "error: %s", err.msg);
                return msg;
        }
        out.arena = arena;
        out.p = NULL;
        out.n = out.cap = 0;
        labels_print(&out, labels);
        return buf_cstr(&out);
}

static void label_forms(void **state)
{
        (void)state;
        static const struct {
                const char *series, *want;
                MetricType type;
        } cases[] = {
                { "a", "a", 0 },
                { "a:b_c9", "a:b_c9", 0 },
                { "a{}", "a", 0 },
                { "a {b=\"c\"}", "a{b=\"c\"}", 0 },
                { "a{ z = \"1\" , b=\"2\", }", "a{b=\"2\", z=\"1\"}", 0 },
                { "a{b=\"\"}", "a", 0 },
                { "a{b=\"x\\n\\\\\\\"\\q\"}", "a{b=\"x\\n\\\\\\\"\\\\q\"}", 0 },
                { "{\"m.n\",\"l l\"=\"v\"}", "{\"m.n\", \"l l\"=\"v\"}", 0 },
                { "{\"m\"}", "m", 0 },
                { "{b=\"c\",\"m\"}", "m{b=\"c\"}", 0 },
                { "h_bucket{le=\"1\"}", "h_bucket{le=\"1.0\"}", METRIC_TYPE_HISTOGRAM },
                { "h_bucket{le=\"1e6\"}", "h_bucket{le=\"1e+06\"}", METRIC_TYPE_HISTOGRAM },
                { "h_bucket{le=\"+Inf\"}", "h_bucket{le=\"+Inf\"}", METRIC_TYPE_HISTOGRAM },
                { "h_bucket{le=\"x\"}", "h_bucket{le=\"x\"}", METRIC_TYPE_HISTOGRAM },
                { "h{le=\"1\"}", "h{le=\"1\"}", METRIC_TYPE_GAUGE },
                { "s{quantile=\"0\"}", "s{quantile=\"0.0\"}", METRIC_TYPE_SUMMARY },
                { "a{b=\"c\"", "error: expected ',' or '}'", 0 },
                { "a{b=\"c\",b=\"d\"}", "error: label name 'b' is not unique", 0 },
                { "a{\"b\"}", "error: label name '__name__' is not unique", 0 },
                { "a{b=c}", "error: expected a quoted value", 0 },
                { "a{b}", "error: expected '='", 0 },
                { "a{b:c=\"d\"}", "error: expected '='", 0 },
                { "a{=\"c\"}", "error: expected a label name", 0 },
                { "a{,}", "error: expected a label name", 0 },
                { "a{b=\"c\" d=\"e\"}", "error: expected ','", 0 },
                { "a{b=\"c\"}x", "error: unexpected 'x'", 0 },
                { "a-b", "error: unexpected '-b'", 0 },
                { "{b=\"c\"}", "error: no metric name", 0 },
                { "", "error: no metric name", 0 },
                { "a{b=\"\xff\"}", "error: label value is not valid UTF-8", 0 },
                { "a{{{{{{}}}}}}", "error: expected a label name", 0 },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const char *got = labels_text(cases[i].series, cases[i].type);
                if (strncmp(got, cases[i].want, strlen(cases[i].want)) != 0)
                        fail_msg("'%s': got '%s', want '%s'", cases[i].series, got, cases[i].want);
        }
}

static void too_many_labels(void **state)
{
        (void)state;
        Buf text = { .arena = arena };
        buf_lit(&text, "a{");
        for (int i = 0; i < EXPO_MAX_LABELS; i++)
                buf_printf(&text, "l%d=\"x\",", i);
        Labels labels;
        Err err;
        buf_lit(&text, "more=\"x\"}");
        assert_false(expofmt_labels(buf_str(&text), METRIC_TYPE_UNKNOWN, arena, &labels, &err));
        assert_int_equal(err.code, ERR_LIMIT);
}

static void exemplars(void **state)
{
        (void)state;
        ExpoItem item = series_of("a_total 3 1.5 # {trace_id=\"x\"} 0.5 2.25\n", EXPO_OPENMETRICS);
        Labels labels;
        double v;
        bool has_t;
        int64_t t_ms;
        Err err;
        assert_int_equal(item.t_ms, 1500);
        assert_ok(expofmt_exemplar(item.exemplar, arena, &labels, &v, &has_t, &t_ms, &err), err);
        assert_int_equal(labels.n, 1);
        assert_str(labels_get(labels, STR("trace_id")), "x");
        assert_double(v, 0.5);
        assert_true(has_t);
        assert_int_equal(t_ms, 2250);
        assert_ok(expofmt_exemplar(STR("{} 1"), arena, &labels, &v, &has_t, &t_ms, &err), err);
        assert_false(has_t);
        const char *bad[] = { "", "1", "{", "{}", "{} x", "{} 1 x", "{a=\"b\",a=\"c\"} 1" };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                assert_false(expofmt_exemplar(str_of(bad[i]), arena, &labels, &v, &has_t, &t_ms, &err));
}

static void known_lines(void **state)
{
        (void)state;
        Str text = STR("a 1\na{b=\"c\"} 2 3\na {b=\"c\"} 4\nab 5\na");
        ExpoParser p;
        ExpoItem item;
        ExpoKind kind;
        Err err;
        expofmt_init(&p, text, EXPO_TEXT, arena);
        assert_false(expofmt_next_known(&p, STR(""), &item, &kind, &err));
        assert_true(expofmt_next_known(&p, STR("a"), &item, &kind, &err));
        assert_double(item.value, 1);
        assert_false(expofmt_next_known(&p, STR("a"), &item, &kind, &err));
        assert_true(expofmt_next_known(&p, STR("a{b=\"c\"}"), &item, &kind, &err));
        assert_int_equal(item.t_ms, 3);
        assert_false(expofmt_next_known(&p, STR("a"), &item, &kind, &err)); /* a {...} is not a */
        assert_int_equal(expofmt_next(&p, &item, &err), EXPO_SERIES);
        assert_str(item.series, "a {b=\"c\"}");
        assert_false(expofmt_next_known(&p, STR("a"), &item, &kind, &err));
        assert_true(expofmt_next_known(&p, STR("ab"), &item, &kind, &err));
        assert_false(expofmt_next_known(&p, STR("a"), &item, &kind, &err));
        assert_int_equal(expofmt_next(&p, &item, &err), EXPO_BAD);
}

static void content_types(void **state)
{
        (void)state;
        ExpoFormat f;
        assert_true(expofmt_from_content_type(STR("text/plain"), &f) && f == EXPO_TEXT);
        assert_true(expofmt_from_content_type(STR("Text/Plain ; version=0.0.4; charset=utf-8"), &f) && f == EXPO_TEXT);
        assert_true(expofmt_from_content_type(STR("application/openmetrics-text; version=1.0.0"), &f) &&
                    f == EXPO_OPENMETRICS);
        assert_false(expofmt_from_content_type(STR("text/html"), &f));
        assert_false(expofmt_from_content_type(STR(""), &f));
        assert_false(expofmt_from_content_type(STR("application/vnd.google.protobuf"), &f));
}

/* How many series, all with labels that parse; SIZE_MAX when the text is bad. */
static size_t count_series(Str text, ExpoFormat format)
{
        AUTO(arena_free) Arena *own = arena_new();
        ExpoParser p;
        ExpoItem item;
        Err err;
        size_t n = 0;
        MetricType type = METRIC_TYPE_UNKNOWN;
        expofmt_init(&p, text, format, own);
        for (;;) {
                ExpoKind kind = expofmt_next(&p, &item, &err);
                if (kind == EXPO_END)
                        return n;
                if (kind == EXPO_TYPE)
                        type = item.type;
                Labels labels;
                if (kind == EXPO_BAD || (kind == EXPO_SERIES && !expofmt_labels(item.series, type, own, &labels, &err)))
                        return SIZE_MAX;
                n += kind == EXPO_SERIES;
        }
}

static void sample_texts(void **state)
{
        (void)state;
        static const char *const names[] = { "alltypes.237mfs.nometa.prom.txt", "alltypes.237mfs.prom.txt",
                                             "alltypes.5mfs.om.txt", "1histogram.om.txt" };
        const char *shared = getenv("PHAROS_SHARED");
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
                Str path = str_printf(arena, "%s/conformance/prometheus/model/textparse/testdata/%s",
                                      shared ? shared : "../shared", names[i]);
                AUTO(buf_done) Buf text = { 0 };
                Err err;
                if (!file_read_all(fs_system(), path.p, 16 << 20, &text, &err)) {
                        if (err.code == ERR_NOT_FOUND)
                                skip();
                        fail_msg("%s", err.msg);
                }
                ExpoFormat format = strstr(names[i], ".om.") ? EXPO_OPENMETRICS : EXPO_TEXT;
                size_t n = count_series(buf_str(&text), format);
                if (n == 0 || n == SIZE_MAX)
                        fail_msg("%s does not parse", names[i]);
        }
}

static void truncated_anywhere(void **state)
{
        (void)state;
        static const Str texts[] = {
                STR_INIT(
                        "# HELP a x\\ny\n# TYPE a counter\na{b=\"c\\n\\\"\",d=\"e\"} 1.5 99\n{\"q\",b=\"c\"} NaN\n  z{} -Inf\n"),
                STR_INIT(
                        "# TYPE h histogram\n# UNIT h s\nh_bucket{le=\"1\"} 3 1.5 # {a=\"b\"} 0.5 1.1\nh_count 4\n# EOF\n"),
        };
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
                assert_int_not_equal(count_series(texts[i], (ExpoFormat)i), SIZE_MAX);
                for (size_t n = 0; n < texts[i].n; n++) {
                        char *exact = memcpy(malloc(n ? n : 1), texts[i].p, n);
                        count_series(str_n(exact, n), EXPO_TEXT);
                        count_series(str_n(exact, n), EXPO_OPENMETRICS);
                        free(exact);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values),          cmocka_unit_test(timestamps),
                cmocka_unit_test(comments),        cmocka_unit_test(end_of_openmetrics),
                cmocka_unit_test(line_limit),      cmocka_unit_test(label_forms),
                cmocka_unit_test(too_many_labels), cmocka_unit_test(exemplars),
                cmocka_unit_test(known_lines),     cmocka_unit_test(content_types),
                cmocka_unit_test(sample_texts),    cmocka_unit_test(truncated_anywhere),
        };
        return cmocka_run_group_tests(tests, setup, teardown);
}
