#include "tsdb/rollbucket.h"

#include <math.h>

#include "testing.h"

enum { SPAN = 1000 };

static void push(Column *c, int64_t t, double v) { column_push(c, t, v); }

static void check(const Column *c, size_t i, int64_t t, double v, double count)
{
        assert_true(i < c->n && i < c->n_rolled);
        assert_int_equal(c->t[i], t);
        assert_double(c->v[i], v);
        assert_double(c->rolled[i].count, count);
        assert_int_equal(c->rolled[i].span_ms, SPAN);
}

static void stretches_end_with_their_last_moment(void **state)
{
        (void)state;
        assert_int_equal(rollbucket_end(1, SPAN), 1000);
        assert_int_equal(rollbucket_end(1000, SPAN), 1000);
        assert_int_equal(rollbucket_end(1001, SPAN), 2000);
        assert_int_equal(rollbucket_end(0, SPAN), 0);
        assert_int_equal(rollbucket_end(-1, SPAN), 0);
        assert_int_equal(rollbucket_end(-1000, SPAN), -1000);
}

static void the_last_sample_speaks_for_all(void **state)
{
        (void)state;
        Column in = { 0 }, out = { 0 };
        push(&in, 100, 5);
        push(&in, 500, -1);
        push(&in, 1000, 3);
        push(&in, 1001, 7);
        push(&in, 5000, NAN);
        push(&in, 5001, NAN);
        push(&in, 5500, 2);
        rollbucket_make(&in, SPAN, false, &out);
        /* 5 -> -1 is a drop: both sides stay, as in any series that drops seldom */
        check(&out, 0, 100, 5, 0);
        check(&out, 1, 500, -1, 0);
        check(&out, 2, 1000, 3, 3);
        assert_double(out.rolled[2].sum, 7);
        assert_double(out.rolled[2].min, -1);
        assert_double(out.rolled[2].max, 5);
        check(&out, 3, 1001, 7, 1);
        assert_int_equal(out.t[4], 5000);
        assert_true(isnan(out.rolled[4].max));
        assert_int_equal(out.t[5], 5500);
        assert_double(out.rolled[5].count, 2);
        assert_double(out.rolled[5].min, 2); /* a NaN only when there is nothing else */
        assert_true(isnan(out.rolled[5].sum));
        assert_int_equal(out.n, 6);
        column_done(&in);
        column_done(&out);
}

/* Behind the sample at from_ms. */
static double increase(const Column *c, int64_t from_ms)
{
        double sum = 0;
        for (size_t i = 1; i < c->n; i++)
                if (c->t[i - 1] >= from_ms)
                        sum += c->v[i] < c->v[i - 1] ? c->v[i] : c->v[i] - c->v[i - 1];
        return sum;
}

/* Whatever is reset where: the increase between kept samples is that of all. */
static void counters_keep_their_increase(void **state)
{
        (void)state;
        for (unsigned seed = 1; seed < 40; seed++) {
                Column in = { 0 }, out = { 0 }, twice = { 0 };
                unsigned x = seed * 2654435761u;
                double v = 0;
                for (int i = 0; i < 500; i++) {
                        x = x * 1103515245u + 12345u;
                        v = (x >> 16) % 7 == 0 ? (double)((x >> 20) % 3) : v + (double)((x >> 18) % 5);
                        push(&in, i * 150 + 1, v);
                }
                rollbucket_make(&in, SPAN, true, &out);
                assert_true(out.n < in.n);
                assert_double(out.v[out.n - 1], in.v[in.n - 1]);
                assert_double(increase(&out, out.t[0]), increase(&in, out.t[0]));
                rollbucket_make(&out, 5 * SPAN, true, &twice);
                assert_double(increase(&twice, twice.t[0]), increase(&in, twice.t[0]));
                column_done(&in);
                column_done(&out);
                column_done(&twice);
        }
}

/* A gauge that drops all the time is one sample a stretch. */
static void gauges_are_small(void **state)
{
        (void)state;
        Column in = { 0 }, out = { 0 };
        for (int i = 0; i < 1000; i++)
                push(&in, i * 100 + 1, i % 2);
        rollbucket_make(&in, SPAN, false, &out);
        assert_int_equal(out.n, 100);
        column_done(&in);
        column_done(&out);
}

static void the_end_of_a_series_stays(void **state)
{
        (void)state;
        Column in = { 0 }, out = { 0 };
        push(&in, 100, 1);
        push(&in, 200, sample_stale());
        push(&in, 300, 2);
        push(&in, 400, sample_stale());
        push(&in, 1400, sample_stale());
        push(&in, 2500, 3);
        rollbucket_make(&in, SPAN, false, &out);
        assert_int_equal(out.n, 4);
        check(&out, 0, 300, 2, 2);
        assert_true(out.t[1] == 400 && sample_is_stale(out.v[1]) && out.rolled[1].count == 0);
        assert_true(out.t[2] == 1400 && sample_is_stale(out.v[2]));
        check(&out, 3, 2500, 3, 1);
        column_done(&in);
        column_done(&out);
}

/* An hour of five minutes is the hour of the samples. */
static void roll_ups_of_roll_ups(void **state)
{
        (void)state;
        Column in = { 0 }, fine = { 0 }, direct = { 0 }, twice = { 0 };
        for (int i = 0; i < 3000; i++)
                push(&in, i * 70 + 3, sin(i) * 100);
        rollbucket_make(&in, SPAN, false, &fine);
        rollbucket_make(&in, 12 * SPAN, false, &direct);
        rollbucket_make(&fine, 12 * SPAN, false, &twice);
        size_t k = 0, n = 0;
        for (size_t i = 0; i < direct.n; i++) {
                if (direct.rolled[i].count == 0)
                        continue;
                while (k < twice.n && (twice.t[k] < direct.t[i] || twice.rolled[k].count == 0))
                        k++;
                assert_true(k < twice.n && twice.t[k] == direct.t[i]);
                assert_double(twice.rolled[k].count, direct.rolled[i].count);
                assert_double(twice.rolled[k].min, direct.rolled[i].min);
                assert_double(twice.rolled[k].max, direct.rolled[i].max);
                assert_true(fabs(twice.rolled[k].sum - direct.rolled[i].sum) < 1e-9);
                n++;
        }
        assert_true(n > 15);
        column_done(&in);
        column_done(&fine);
        column_done(&direct);
        column_done(&twice);
}

static void names_of_counters(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                bool is;
        } cases[] = {
                { "x_total", true }, { "x_sum", true }, { "x_count", true }, { "x_bucket", true }, { "x", false }
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Label l = { STR("__name__"), str_of(cases[i].name) };
                assert_int_equal(rollbucket_is_counter((Labels){ &l, 1 }), cases[i].is);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(stretches_end_with_their_last_moment),
                cmocka_unit_test(the_last_sample_speaks_for_all),
                cmocka_unit_test(counters_keep_their_increase),
                cmocka_unit_test(gauges_are_small),
                cmocka_unit_test(the_end_of_a_series_stays),
                cmocka_unit_test(roll_ups_of_roll_ups),
                cmocka_unit_test(names_of_counters),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
