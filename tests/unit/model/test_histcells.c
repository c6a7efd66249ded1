#include "hist_fixture.h"

#include <float.h>
#include <math.h>

#include "model/histcells.h"

static void bounds_are_powers(void **state)
{
        (void)state;
        assert_double(histcells_bound(0, 0), 1);
        assert_double(histcells_bound(1, 0), 2);
        assert_double(histcells_bound(-3, 0), 0.125);
        assert_double(histcells_bound(1, 1), 1.414213562373095); /* upstream's, not the nearest */
        assert_double(histcells_bound(-1, 2), 0.8408964152537144);
        assert_double(histcells_bound(255, 8), histcells_bound(-1, 8) * 2);
        assert_double(histcells_bound(2, 1), 2);
        assert_double(histcells_bound(-1, 1), 0.7071067811865475);
        assert_double(histcells_bound(256, 8), 2);
        assert_double(histcells_bound(1, -1), 4);
        assert_double(histcells_bound(1, -4), 65536);
        assert_double(histcells_bound(-1, -4), 1.0 / 65536);
}

static void the_last_finite_bound_is_the_largest_number(void **state)
{
        (void)state;
        static const int LAST[] = { 64, 128, 256, 512, 1024, 2048, 4096 };
        for (int schema = -4; schema <= 2; schema++) {
                assert_true(histcells_bound(LAST[schema + 4], schema) == DBL_MAX);
                assert_true(isinf(histcells_bound(LAST[schema + 4] + 1, schema)));
        }
        assert_true(histcells_bound(INT32_MIN, -4) == 0);
        assert_true(isinf(histcells_bound(INT32_MAX, 8)));
}

static void lower_resolution_keeps_bounds(void **state)
{
        (void)state;
        for (int32_t idx = -40; idx <= 40; idx++)
                for (int to = -4; to <= 3; to++) {
                        int32_t low = histcells_lower(idx, 3, to);
                        assert_true(histcells_bound(low, to) >= histcells_bound(idx, 3) * (1 - 1e-15));
                        assert_true(histcells_bound(low - 1, to) <= histcells_bound(idx - 1, 3) * (1 + 1e-15));
                }
}

static void opening_and_closing_are_inverse(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HistogramSpan spans[] = { { -2, 2 }, { 3, 1 }, { 0, 1 } };
        double counts[] = { 1, 0, 3, 4 };
        HistogramSide side = { spans, counts, 3, 4 };
        HistCells cells = histcells_open(arena, &side, 0, 0);
        assert_int_equal(cells.n, 4);
        assert_int_equal(cells.idx[0], -2);
        assert_int_equal(cells.idx[1], -1);
        assert_int_equal(cells.idx[2], 3);
        assert_int_equal(cells.idx[3], 4);
        HistogramSide full = histcells_close(arena, &cells, false);
        assert_int_equal(full.n_spans, 2);
        assert_int_equal(full.n_counts, 4);
        HistogramSide small = histcells_close(arena, &cells, true);
        assert_int_equal(small.n_counts, 3);
        assert_int_equal(small.spans[0].offset, -2);
        assert_int_equal(small.spans[1].offset, 4);
        assert_int_equal(small.spans[1].n, 2);
}

static void buckets_fall_together(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        /* (1,1.41], (1.41,2], (2,2.83], (2.83,4] at schema 1 are (1,4] at schema -1. */
        HistogramSide side = hist_side(arena, 1, COUNTS(1, 2, 3, 4));
        HistCells cells = histcells_open(arena, &side, 1, -1);
        assert_int_equal(cells.n, 1);
        assert_int_equal(cells.idx[0], 1);
        assert_double(cells.v[0], 10);
}

static void hostile_spans_saturate(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HistogramSpan spans[] = { { INT32_MAX, 2 }, { INT32_MAX, 3 } };
        double counts[] = { 1, 2, 3, 4, 5 };
        HistogramSide side = { spans, counts, 2, 5 };
        HistCells cells = histcells_open(arena, &side, 0, 0);
        assert_int_equal(cells.n, 1);
        assert_double(cells.v[0], 15);
        HistogramSide lying = { spans, counts, 2, 1 }; /* spans that promise more than there is */
        assert_int_equal(histcells_open(arena, &lying, 0, 0).n, 1);
}

static void common_bounds(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        double a[] = { 1, 2, 3, 5 }, b[] = { 2, 4, 5, 6 };
        uint32_t n;
        const double *c = histcells_common_bounds(arena, a, 4, b, 4, &n);
        assert_int_equal(n, 2);
        assert_double(c[0], 2);
        assert_double(c[1], 5);
        assert_null(histcells_common_bounds(arena, a, 1, b, 1, &n));
        assert_int_equal(n, 0);
        Histogram *h = hist_custom(arena, 0, COUNTS(1, 2, 3, 5), COUNTS(10, 20, 30, 40, 50));
        HistCells cells = histcells_open_custom(arena, h, c, 2);
        assert_int_equal(cells.n, 3);
        assert_double(cells.v[0], 30);
        assert_double(cells.v[1], 70);
        assert_double(cells.v[2], 50);
}

static void buckets_below_a_threshold_go(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        HistogramSide side = hist_side(arena, -1, COUNTS(1, 2, 3));
        HistCells cells = histcells_open(arena, &side, 0, 0);
        histcells_drop_below(&cells, 0, 1);
        assert_int_equal(cells.n, 1);
        assert_int_equal(cells.idx[0], 1);
        assert_double(cells.v[0], 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bounds_are_powers),
                cmocka_unit_test(the_last_finite_bound_is_the_largest_number),
                cmocka_unit_test(lower_resolution_keeps_bounds),
                cmocka_unit_test(opening_and_closing_are_inverse),
                cmocka_unit_test(buckets_fall_together),
                cmocka_unit_test(hostile_spans_saturate),
                cmocka_unit_test(common_bounds),
                cmocka_unit_test(buckets_below_a_threshold_go),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
