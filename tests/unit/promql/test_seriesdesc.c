#include "base/arena.h"
#include "model/sample.h"
#include "promql/seriesdesc.h"
#include "testing.h"

/* Labels, then the values: _ gaps, S stale. */
static void check(const char *line, const char *want)
{
        AUTO(arena_free) Arena *arena = arena_new();
        SeriesDesc d;
        Err err;
        Buf b = { .arena = arena };
        if (!seriesdesc_parse(str_of(line), arena, &d, &err))
                fail_msg("'%s': %s", line, err.msg);
        labels_print(&b, d.labels);
        for (size_t i = 0; i < d.n; i++) {
                buf_char(&b, ' ');
                if (d.values[i].omitted)
                        buf_char(&b, '_');
                else if (sample_is_stale(d.values[i].v))
                        buf_char(&b, 'S');
                else
                        buf_printf(&b, "%g", d.values[i].v);
        }
        assert_str(buf_str(&b), want);
}

static void descriptions_expand(void **state)
{
        (void)state;
        check("m 1 2 3", "m 1 2 3");
        check("m", "m");
        check("{} 1", "{} 1");
        check("m{a=\"b\",} 0+10x3", "m{a=\"b\"} 0 10 20 30");
        check("m{a=\"b\", c='d'} 5-2x2", "m{a=\"b\", c=\"d\"} 5 3 1");
        check("{__name__=\"x\", a=\"\"} 1x2", "x 1 1 1");
        check("{\"utf8.name\", \"l.x\"=\"v\"} 1", "{\"utf8.name\", \"l.x\"=\"v\"} 1");
        check("m _ 1 _x3 2", "m _ 1 _ _ _ 2");
        check("m _x0 1", "m 1");
        check("m stale 1 stalex1", "m S 1 S S");
        check("m -1-1x2 +3 -.5", "m -1 -2 -3 3 -0.5");
        check("m 1e3 1.5e-1x1 2E+1", "m 1000 0.15 0.15 20");
        check("m Inf -inf NaN +INF", "m inf -inf nan inf");
        check("m 0x3", "m 0 0 0 0");
        check("m 5m 1h30m+1mx1", "m 300 5400 5460");
        check("m  1\t2  ", "m 1 2");
        check("sum:rate5m{} 1+0x1", "sum:rate5m 1 1");
}

static void mistakes_say_where(void **state)
{
        (void)state;
        static const char *const CASES[][2] = {
                { "", "column 1: expected a metric name or '{'" },
                { "1 2", "column 1: expected a metric name or '{'" },
                { "m 1,2", "column 4: unexpected character in series values" },
                { "m a", "column 3: unexpected character in series values: expected a number, 'stale', '_' or '{{'" },
                { "m 1+2", "column 6: expected 'x' and a count behind the step" },
                { "m 1x", "column 5: invalid repetition in series values" },
                { "m 1x-3", "column 5: invalid repetition in series values" },
                { "m 1..2", "column 3: bad number syntax" },
                { "m@1", "column 2: expected white space behind the labels" },
                { "m{a=b} 1", "column 5: unexpected identifier \"b\" in label set, expected string" },
                { "m{a=\"b\" 1", "column 9: unexpected character inside braces: '1'" },
                { "m{a=\"b\"", "column 8: unexpected end of input inside braces" },
                { "m{a!=\"b\"} 1", "column 4: unexpected <op:!=> in label set, expected \"=\"" },
                { "m 1x20000000", "column 13: too many values in one series: at most 10000000" },
                { "m 1x18446744073709551615", "column 25: too many values in one series: at most 10000000" },
                { "m _x10000001", "column 13: too many values in one series: at most 10000000" },
                { "m {{schema:}}", "column 12: invalid repetition in series values" },
                { "m {{foo:1}}", "column 5: bad histogram descriptor" },
                { "m {{sum 1}}", "column 8: missing `:` for histogram descriptor" },
                { "m {{sum:1 sum:2}}", "column 14: duplicate key in histogram" },
                { "m {{buckets:[1,2]}}", "column 15: invalid character in buckets description" },
                { "m {{counter_reset_hint:maybe}}",
                  "column 24: counter_reset_hint must be unknown, reset, not_reset or gauge" },
                { "m {{", "column 5: bad histogram descriptor" },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                SeriesDesc d;
                Err err = { 0 };
                if (seriesdesc_parse(str_of(CASES[i][0]), arena, &d, &err))
                        fail_msg("'%s' parsed", CASES[i][0]);
                if (strncmp(err.msg, CASES[i][1], strlen(CASES[i][1])) != 0)
                        fail_msg("'%s': got '%s', want '%s'", CASES[i][0], err.msg, CASES[i][1]);
        }
}

static void histograms_are_read(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        SeriesDesc d;
        Err err = { 0 };
        Str line = STR(
                "m{a=\"b\"} 1 {{schema:-53 sum:5.5 count:4 custom_values:[-3 1 2] buckets:[1 2 1] offset:1}} {{}}x3 "
                "{{schema:1 z_bucket:1 z_bucket_w:0.5 n_buckets:[1 2 ] n_offset:-3 counter_reset_hint:gauge}} 2");
        assert_ok(seriesdesc_parse(line, arena, &d, &err), err);
        assert_int_equal(d.n, 8);
        assert_null(d.values[0].h);
        const Histogram *h = d.values[1].h;
        assert_int_equal(h->schema, HISTOGRAM_CUSTOM_SCHEMA);
        assert_double(h->sum, 5.5);
        assert_double(h->count, 4);
        assert_int_equal(h->n_custom, 3);
        assert_double(h->custom[0], -3);
        assert_int_equal(h->positive.n_spans, 1);
        assert_int_equal(h->positive.spans[0].offset, 1);
        assert_int_equal(h->positive.n_counts, 3);
        assert_double(h->positive.counts[1], 2);
        assert_false(d.values[1].hint_set);
        assert_double(d.values[5].h->count, 0);
        h = d.values[6].h;
        assert_true(d.values[6].hint_set);
        assert_int_equal(h->hint, HISTOGRAM_HINT_GAUGE);
        assert_int_equal(h->negative.spans[0].offset, -3);
        assert_double(h->zero_count, 1);
        assert_double(h->zero_threshold, 0.5);
}

static void histograms_step(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        SeriesDesc d;
        Err err = { 0 };
        Str line = STR(
                "m {{sum:1 buckets:[1]}}+{{sum:2 buckets:[0 2]}}x10 {{count:9 counter_reset_hint:gauge}}-{{count:2}}x2");
        assert_ok(seriesdesc_parse(line, arena, &d, &err), err);
        assert_int_equal(d.n, 14);
        assert_double(d.values[10].h->sum, 21);
        assert_int_equal(d.values[10].h->positive.n_counts, 2);
        assert_double(d.values[10].h->positive.counts[1], 20);
        assert_double(d.values[13].h->count, 5);
        assert_int_equal(d.values[13].h->hint, HISTOGRAM_HINT_GAUGE);
        assert_false(seriesdesc_parse(STR("m {{schema:2}}+{{schema:1}}x1"), arena, &d, &err));
        assert_contains(err.msg, "cannot merge from schema 1 to 2");
        assert_false(seriesdesc_parse(STR("m {{schema:-53}}+{{schema:1}}x1"), arena, &d, &err));
        assert_contains(err.msg, "do not mix");
        assert_false(seriesdesc_parse(STR("m {{schema:9}}"), arena, &d, &err));
        assert_contains(err.msg, "the schema of a histogram is");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(descriptions_expand),
                cmocka_unit_test(mistakes_say_where),
                cmocka_unit_test(histograms_are_read),
                cmocka_unit_test(histograms_step),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
