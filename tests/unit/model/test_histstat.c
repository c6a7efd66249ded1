#include "hist_fixture.h"

#include <math.h>

#include "model/histstat.h"

static Arena *arena;

static int open_all(void **state)
{
        (void)state;
        arena = arena_new();
        return 0;
}

static int close_all(void **state)
{
        (void)state;
        arena_free(arena);
        return 0;
}

static Histogram *both_sides(void)
{
        Histogram *h = hist_new(arena, 0, 100, 0, COUNTS(2, 3, 0, 1, 4));
        h->negative = hist_side(arena, 0, COUNTS(2, 3, 0, 1, 4));
        h->zero_count = 4;
        h->zero_threshold = 0.001;
        h->count = 24;
        return h;
}

static void buckets_come_in_order(void **state)
{
        (void)state;
        uint32_t n;
        const HistBucket *b = histstat_buckets(arena, both_sides(), &n);
        assert_int_equal(n, 11);
        for (uint32_t i = 1; i < n; i++)
                assert_true(b[i - 1].upper <= b[i].lower && b[i].lower < b[i].upper);
        assert_int_equal(b[5].side, 0);
        assert_true(b[5].lower_inclusive && b[5].upper_inclusive);
        assert_true(b[0].lower_inclusive && !b[0].upper_inclusive);
        assert_true(!b[10].lower_inclusive && b[10].upper_inclusive);
        Buf text = { .arena = arena };
        histstat_print(&text, hist_new(arena, 0, 1.5, 1, COUNTS(1, 0, 2)));
        assert_str(buf_str(&text), "{count:3, sum:1.5, (1,2]:1, (4,8]:2}");
}

static void the_zero_bucket_clips_its_neighbours(void **state)
{
        (void)state;
        uint32_t n;
        Histogram *h = hist_new(arena, 0, 0, 0, COUNTS(1));
        h->negative = hist_side(arena, 0, COUNTS(1));
        h->zero_threshold = 0.75;
        h->zero_count = 1;
        const HistBucket *b = histstat_buckets(arena, h, &n);
        assert_int_equal(n, 3);
        assert_double(b[0].upper, -0.75);
        assert_double(b[2].lower, 0.75);
}

static double quantile(const Histogram *h, double q)
{
        HistTrust trust;
        return histstat_quantile(arena, h, q, &trust);
}

static void quantiles(void **state)
{
        (void)state;
        const Histogram *h = hist_new(arena, 0, 5, 0, COUNTS(1, 2, 1)); /* (0.5,1] (1,2] (2,4] */
        assert_near(quantile(h, 0.5), sqrt(2));
        assert_double(quantile(h, 0.25), 1);
        assert_double(quantile(h, 1), 4);
        assert_double(quantile(h, 0), 0.5);
        assert_double(quantile(both_sides(), 0.5), 0);
        assert_double(quantile(both_sides(), 0), -16);
        assert_true(isinf(quantile(h, 1.1)) && isinf(quantile(h, -0.1)) && isnan(quantile(h, NAN)));
        assert_true(isnan(quantile(&(Histogram){ 0 }, 0.5)));
        const Histogram *c = hist_custom(arena, 5, COUNTS(5, 10), COUNTS(1, 2, 1));
        assert_double(quantile(c, 0.5), 7.5);
        assert_double(quantile(c, 0.125), 2.5); /* the lowest bucket starts at 0 */
        assert_double(quantile(c, 1), 10);      /* the highest has no end */
}

static void nan_makes_quantiles_doubtful(void **state)
{
        (void)state;
        HistTrust trust;
        Histogram *h = hist_new(arena, 0, NAN, 0, COUNTS(12));
        h->count = 15;
        assert_near(histstat_quantile(arena, h, 0.4, &trust), sqrt(0.5));
        assert_int_equal(trust, HIST_TRUST_SKEWED);
        assert_true(isnan(histstat_quantile(arena, h, 0.81, &trust)));
        assert_int_equal(trust, HIST_TRUST_NONE);
        assert_double(histstat_fraction(arena, h, -INFINITY, INFINITY), 0.8);
        assert_true(histstat_has_nan(arena, h));
        h->count = 12; /* infinities of both signs */
        assert_false(histstat_has_nan(arena, h));
        histstat_quantile(arena, h, 0.4, &trust);
        assert_int_equal(trust, HIST_TRUST_FULL);
        Histogram *three = hist_new(arena, 0, NAN, 1, COUNTS(10, 10, 10));
        three->count = 35;
        assert_near(histstat_quantile(arena, three, 0.2, &trust), 6.498019170849885); /* as upstream answers */
}

/* Differences of histograms may count less than nothing, and have no buckets. */
static void without_buckets_nothing_is_found(void **state)
{
        (void)state;
        Histogram *h = hist_new(arena, 0, NAN, 0, COUNTS(0));
        h->count = -3;
        h->positive = (HistogramSide){ 0 };
        HistTrust trust;
        double r = histstat_quantile(arena, h, 0.99, &trust);
        assert_true(isnan(r) || r <= 0);
        h->sum = 0;
        r = histstat_quantile(arena, h, 0.99, &trust);
        assert_true(isnan(r) || r <= 0);
}

static void fractions_undo_quantiles(void **state)
{
        (void)state;
        const Histogram *h = both_sides();
        for (double q = 0.02; q < 1; q += 0.0411) {
                double v = quantile(h, q), back = histstat_fraction(arena, h, -INFINITY, v);
                assert_true(fabs(back - q) < 1e-12);
        }
        assert_double(histstat_fraction(arena, h, 0, INFINITY), 0.5);
        assert_double(histstat_fraction(arena, h, 3, 3), 0);
        assert_true(isnan(histstat_fraction(arena, h, NAN, 3)));
        const Histogram *c = hist_custom(arena, 5, COUNTS(-10, 5), COUNTS(2, 1, 1));
        assert_double(histstat_fraction(arena, c, -10, 5), 0.25);
        assert_double(histstat_fraction(arena, c, -10, -5), 0); /* a bucket around 0 starts there, as upstream's */
}

static void variance_of_middles(void **state)
{
        (void)state;
        /* All in (1,2] whose middle is sqrt(2). */
        const Histogram *h = hist_new(arena, 0, 6, 1, COUNTS(4));
        double d = sqrt(2) - 1.5;
        assert_near(histstat_variance(arena, h), d * d);
        const Histogram *c = hist_custom(arena, 10, COUNTS(0, 4), COUNTS(0, 5));
        assert_double(histstat_variance(arena, c), 0);
}

static void trimming(void **state)
{
        (void)state;
        const Histogram *h = hist_new(arena, 0, 5, 0, COUNTS(1, 2, 1)); /* (0.5,1] (1,2] (2,4] */
        assert_ptr_equal(histstat_trim(arena, h, 4, true), h);
        assert_ptr_equal(histstat_trim(arena, h, 0.5, false), h);
        const Histogram *below = histstat_trim(arena, h, sqrt(2), true),
                        *above = histstat_trim(arena, h, sqrt(2), false);
        assert_near(below->count, 2);
        assert_near(above->count, 2);
        assert_near(below->sum, sqrt(0.5) + sqrt(sqrt(2)));
        assert_int_equal(below->positive.n_counts, 2);
        assert_double(histstat_trim(arena, h, -INFINITY, true)->count, 0);
        assert_double(histstat_trim(arena, h, INFINITY, false)->count, 0);
        for (double at = -20; at <= 20; at += 0.37) {
                const Histogram *all = both_sides();
                double sum = histstat_trim(arena, all, at, true)->count + histstat_trim(arena, all, at, false)->count;
                assert_true(fabs(sum - all->count) < 1e-12);
        }
}

static void trimming_custom_buckets(void **state)
{
        (void)state;
        const Histogram *c = hist_custom(arena, 33, COUNTS(5), COUNTS(1, 100));
        assert_near(histstat_trim(arena, c, 2, true)->count, 0.4);
        assert_near(histstat_trim(arena, c, 2, true)->sum, 0.4);
        assert_near(histstat_trim(arena, c, 10, true)->count, 1); /* what has no end is cut off whole */
        assert_near(histstat_trim(arena, c, 10, false)->sum, 1000);
        assert_ptr_equal(histstat_trim(arena, c, 0, false), c);
        const Histogram *one = hist_custom(arena, 33, NULL, 0, COUNTS(100));
        assert_double(histstat_trim(arena, one, 10, true)->count, 0);
        assert_double(histstat_trim(arena, one, 10, false)->count, 0);
        assert_ptr_equal(histstat_trim(arena, one, INFINITY, true), one);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(buckets_come_in_order),
                cmocka_unit_test(the_zero_bucket_clips_its_neighbours),
                cmocka_unit_test(quantiles),
                cmocka_unit_test(nan_makes_quantiles_doubtful),
                cmocka_unit_test(without_buckets_nothing_is_found),
                cmocka_unit_test(fractions_undo_quantiles),
                cmocka_unit_test(variance_of_middles),
                cmocka_unit_test(trimming),
                cmocka_unit_test(trimming_custom_buckets),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
