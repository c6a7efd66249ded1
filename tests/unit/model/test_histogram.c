#include "hist_fixture.h"

#include "model/sample.h"

static void copies_are_deep(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new(), *other = arena_new();
        Histogram *h = hist_custom(arena, 5, COUNTS(1, 2), COUNTS(3, 4, 5));
        h->negative = hist_side(arena, -2, COUNTS(7));
        Histogram *copy = histogram_dup(other, h);
        assert_true(histogram_same(h, copy));
        assert_ptr_not_equal(h->positive.counts, copy->positive.counts);
        assert_ptr_not_equal(h->custom, copy->custom);
        assert_ptr_not_equal(h->negative.spans, copy->negative.spans);
        copy->hint = HISTOGRAM_HINT_RESET;
        assert_true(histogram_same(h, copy));
        copy->sum = 6;
        assert_false(histogram_same(h, copy));
}

static void a_stale_sum_ends_the_series(void **state)
{
        (void)state;
        Histogram h = { .sum = sample_stale() };
        assert_true(histogram_is_stale(&h));
        h.sum = sample_nan();
        assert_false(histogram_is_stale(&h));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(copies_are_deep),
                                            cmocka_unit_test(a_stale_sum_ends_the_series) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
