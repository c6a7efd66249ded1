#include "hist_fixture.h"

#include <math.h>

#include "model/histops.h"

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

static void sums_merge_layouts(void **state)
{
        (void)state;
        const Histogram *a = hist_new(arena, 0, 1, 0, COUNTS(1, 2)), *b = hist_new(arena, 0, 2, 3, COUNTS(5));
        const Histogram *h = histops_add(arena, a, b, NULL);
        assert_double(h->count, 8);
        assert_double(h->sum, 3);
        assert_int_equal(h->positive.n_spans, 2);
        assert_int_equal(h->positive.n_counts, 3);
        assert_int_equal(h->positive.spans[1].offset, 1);
        assert_double(h->positive.counts[2], 5);
        assert_double(a->positive.counts[0], 1); /* operands stay */
}

static void the_coarser_schema_wins(void **state)
{
        (void)state;
        const Histogram *fine = hist_new(arena, 1, 0, 1, COUNTS(1, 2, 3)),
                        *coarse = hist_new(arena, 0, 0, 1, COUNTS(10));
        const Histogram *x = histops_add(arena, fine, coarse, NULL), *y = histops_add(arena, coarse, fine, NULL);
        assert_int_equal(x->schema, 0);
        assert_true(histops_equal(arena, x, y));
        assert_int_equal(x->positive.n_counts, 2);
        assert_double(x->positive.counts[0], 13); /* (1,2] */
        assert_double(x->positive.counts[1], 3);  /* (2,2.83] in (2,4] */
}

static void zero_buckets_grow_to_the_wider_one(void **state)
{
        (void)state;
        Histogram *narrow = hist_new(arena, 0, 0, -2, COUNTS(1, 2, 4, 8)), *wide = hist_new(arena, 0, 0, 2, COUNTS(16));
        narrow->zero_threshold = 0.001;
        narrow->zero_count = 32;
        wide->zero_threshold = 0.5;
        wide->zero_count = 64;
        const Histogram *h = histops_add(arena, narrow, wide, NULL);
        /* (0.125,0.25] and (0.25,0.5] lie inside the wider zero bucket. */
        assert_double(h->zero_threshold, 0.5);
        assert_double(h->zero_count, 32 + 64 + 1 + 2);
        assert_int_equal(h->positive.n_counts, 3);
        assert_true(histops_equal(arena, h, histops_add(arena, wide, narrow, NULL)));
        /* A threshold inside a populated bucket moves to its end. */
        wide->zero_threshold = 0.3;
        h = histops_add(arena, narrow, wide, NULL);
        assert_double(h->zero_threshold, 0.5);
        assert_double(h->zero_count, 32 + 64 + 1 + 2);
        assert_true(histops_equal(arena, h, histops_add(arena, wide, narrow, NULL)));
}

/* Upstream 3.5: {{z_bucket_w:2 buckets:[1 2 4]}} + {{z_bucket_w:2 buckets:[2 4 8]}} has buckets [1 2 12]. */
static void buckets_inside_an_equal_zero_bucket_are_not_added(void **state)
{
        (void)state;
        Histogram *a = hist_new(arena, 0, 0, 0, COUNTS(1, 2, 4)), *b = hist_new(arena, 0, 0, 0, COUNTS(2, 4, 8));
        a->zero_threshold = b->zero_threshold = 2;
        const Histogram *h = histops_add(arena, a, b, NULL);
        assert_int_equal(h->positive.n_counts, 3);
        assert_double(h->positive.counts[0], 1);
        assert_double(h->positive.counts[1], 2);
        assert_double(h->positive.counts[2], 12);
        assert_double(h->count, a->count + b->count);
}

static void custom_bounds_are_reconciled(void **state)
{
        (void)state;
        const Histogram *a = hist_custom(arena, 1, COUNTS(2, 4, 6), COUNTS(1, 2, 5, 7)),
                        *b = hist_custom(arena, 2, COUNTS(1, 2, 3, 6), COUNTS(10, 20, 30, 40, 50));
        HistNotes notes = { 0 };
        const Histogram *h = histops_add(arena, a, b, &notes);
        assert_true(notes.reconciled);
        assert_int_equal(h->n_custom, 2);
        assert_double(h->custom[1], 6);
        assert_double(h->positive.counts[0], 31);
        assert_double(h->positive.counts[1], 77);
        assert_double(h->positive.counts[2], 57);
        assert_null(histops_add(arena, a, hist_new(arena, 0, 0, 0, COUNTS(1)), NULL));
        assert_null(histops_sub(arena, hist_new(arena, 0, 0, 0, COUNTS(1)), a, NULL));
}

static void hints_join(void **state)
{
        (void)state;
        enum {
                U = HISTOGRAM_HINT_UNKNOWN,
                R = HISTOGRAM_HINT_RESET,
                N = HISTOGRAM_HINT_NOT_RESET,
                G = HISTOGRAM_HINT_GAUGE
        };
        static const uint8_t CASES[][4] = { { U, U, U, 0 }, { R, R, R, 0 }, { N, N, N, 0 },
                                            { G, R, G, 0 }, { N, G, G, 0 }, { U, N, U, 0 },
                                            { R, U, U, 0 }, { R, N, U, 1 }, { N, R, U, 1 } };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                Histogram *a = hist_new(arena, 0, 0, 0, COUNTS(1)), *b = hist_new(arena, 0, 0, 0, COUNTS(1));
                HistNotes notes = { 0 };
                a->hint = CASES[i][0];
                b->hint = CASES[i][1];
                assert_int_equal(histops_add(arena, a, b, &notes)->hint, CASES[i][2]);
                assert_int_equal(notes.collision, CASES[i][3]);
                assert_int_equal(histops_sub(arena, a, b, NULL)->hint, G);
        }
}

static void scaling(void **state)
{
        (void)state;
        Histogram *h = hist_new(arena, 0, 6, 0, COUNTS(2, 4));
        h->zero_count = 2;
        h->zero_threshold = 0.1;
        const Histogram *half = histops_div(arena, h, 2), *back = histops_mul(arena, half, 2);
        assert_double(half->positive.counts[1], 2);
        assert_double(half->zero_count, 1);
        assert_true(histops_equal(arena, h, back));
        /* Zeros change their sign like other numbers. */
        Histogram none = { .hint = HISTOGRAM_HINT_GAUGE };
        assert_double(histops_mul(arena, &none, -1)->count, -0.0);
        assert_double(histops_mul(arena, &none, -1)->sum, -0.0);
        assert_double(histops_mul(arena, &none, -1)->zero_count, -0.0);
        assert_int_equal(histops_mul(arena, h, -1)->hint, HISTOGRAM_HINT_GAUGE);
        const Histogram *inf = histops_div(arena, h, 0);
        assert_int_equal(inf->positive.n_counts, 0);
        assert_true(isinf(inf->count) && isinf(inf->zero_count));
        assert_int_equal(histops_mul(arena, h, 0)->positive.n_counts, 0);
}

static void sums_are_compensated(void **state)
{
        (void)state;
        HistSum s;
        histops_sum_open(&s, arena, hist_new(arena, 0, 1, 0, COUNTS(1)), true);
        assert_true(histops_sum_add(&s, hist_new(arena, 0, 1e100, 0, COUNTS(1e100)), 1, NULL));
        assert_true(histops_sum_add(&s, hist_new(arena, 0, 1, 0, COUNTS(1)), 1, NULL));
        assert_true(histops_sum_add(&s, hist_new(arena, 0, -1e100, 0, COUNTS(-1e100)), 1, NULL));
        const Histogram *h = histops_sum_close(&s);
        assert_double(h->sum, 2);
        assert_double(h->positive.counts[0], 2);
        histops_sum_open(&s, arena, hist_new(arena, 0, 1, 0, COUNTS(1e308)), true);
        const Histogram *big = hist_new(arena, 0, 1, 0, COUNTS(1e308));
        assert_false(histops_sum_has_room(&s, big));
        HistSum copy;
        histops_sum_copy(&copy, &s);
        assert_true(histops_sum_add(&copy, big, 1, NULL));
        assert_true(histops_sum_overflows(&copy));
        assert_false(histops_sum_overflows(&s));
}

static void resets_are_found_in_any_part(void **state)
{
        (void)state;
        const Histogram *a = hist_new(arena, 0, 0, 0, COUNTS(1, 2, 1)),
                        *grown = hist_new(arena, 0, 0, 0, COUNTS(1, 2, 1, 5));
        assert_false(histops_is_reset(arena, a, grown));
        assert_true(histops_is_reset(arena, grown, a));
        assert_true(histops_is_reset(arena, a, hist_new(arena, 0, 0, 0, COUNTS(1, 1, 3)))); /* one bucket fell */
        assert_true(histops_is_reset(arena, a, hist_new(arena, 0, 0, 1, COUNTS(2, 9))));    /* one vanished */
        assert_true(histops_is_reset(arena, a, hist_new(arena, 1, 0, 0, COUNTS(9, 9, 9)))); /* finer than before */
        assert_false(histops_is_reset(arena, a, hist_new(arena, -1, 0, 0, COUNTS(1, 3))));  /* coarser: 1 | 2 + 1 */
        assert_true(histops_is_reset(arena, a, hist_new(arena, -1, 0, 0, COUNTS(2, 2))));
        assert_true(histops_is_reset(arena, a, hist_custom(arena, 0, COUNTS(1), COUNTS(9))));
        Histogram *wide = hist_new(arena, 0, 0, 1, COUNTS(2, 1));
        wide->zero_threshold = 1;
        wide->zero_count = 1;
        wide->count = 4;
        assert_false(histops_is_reset(arena, a, wide)); /* (0.5,1] went into the zero bucket */
        wide->zero_count = 0.5;
        assert_true(histops_is_reset(arena, a, wide));
        Histogram *told = hist_new(arena, 0, 0, 0, COUNTS(9, 9, 9));
        told->hint = HISTOGRAM_HINT_RESET;
        assert_true(histops_is_reset(arena, a, told));
        assert_int_equal(histops_hint_after(arena, a, grown), HISTOGRAM_HINT_NOT_RESET);
        assert_int_equal(histops_hint_after(arena, grown, a), HISTOGRAM_HINT_RESET);
        assert_int_equal(histops_hint_after(arena, NULL, a), HISTOGRAM_HINT_UNKNOWN);
}

static void resets_of_custom_buckets_look_at_common_bounds(void **state)
{
        (void)state;
        const Histogram *a = hist_custom(arena, 0, COUNTS(2, 4, 6), COUNTS(1, 2, 5, 7));
        assert_false(histops_is_reset(arena, a, hist_custom(arena, 0, COUNTS(2, 3, 4, 6), COUNTS(1, 1, 1, 5, 8))));
        assert_true(histops_is_reset(arena, a, hist_custom(arena, 0, COUNTS(2, 3, 4, 6), COUNTS(1, 0, 1, 5, 8))));
        assert_false(histops_is_reset(arena, a, hist_custom(arena, 0, COUNTS(6), COUNTS(8, 7))));
}

static void equality_is_of_bits(void **state)
{
        (void)state;
        const Histogram *a = hist_new(arena, 0, 1, 0, COUNTS(1, 0, 2)), *compact = histops_compact(arena, a);
        assert_true(histops_equal(arena, a, a));
        assert_false(histops_equal(arena, a, compact)); /* an empty bucket is a bucket */
        assert_true(histops_equal(arena, compact, histops_compact(arena, compact)));
        assert_true(histops_equal(arena, a, histops_with_hint(arena, a, HISTOGRAM_HINT_GAUGE)));
        assert_false(histops_equal(arena, a, hist_new(arena, 1, 1, 0, COUNTS(1, 0, 2))));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sums_merge_layouts),
                cmocka_unit_test(the_coarser_schema_wins),
                cmocka_unit_test(zero_buckets_grow_to_the_wider_one),
                cmocka_unit_test(buckets_inside_an_equal_zero_bucket_are_not_added),
                cmocka_unit_test(custom_bounds_are_reconciled),
                cmocka_unit_test(hints_join),
                cmocka_unit_test(scaling),
                cmocka_unit_test(sums_are_compensated),
                cmocka_unit_test(resets_are_found_in_any_part),
                cmocka_unit_test(resets_of_custom_buckets_look_at_common_bounds),
                cmocka_unit_test(equality_is_of_bits),
        };
        return cmocka_run_group_tests(tests, open_all, close_all);
}
