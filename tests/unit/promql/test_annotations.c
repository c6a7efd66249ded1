#include "testing.h"

#include <stdio.h>

#include "promql/annotations.h"

static void one_text_is_said_once_and_in_order(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        Annotations a;
        annotations_init(&a, arena, STR("sum(\nfoo)"));
        annotations_warn(&a, (SrcPos){ 5, 8 }, "second %d", 2);
        annotations_info(&a, (SrcPos){ 0, 3 }, "first");
        annotations_warn(&a, (SrcPos){ 5, 8 }, "second %d", 2);
        annotations_warn(&a, (SrcPos){ 0, 3 }, "second %d", 2); /* the place that is evaluated last stays */
        annotations_bad_quantile(&a, (SrcPos){ 0, 9 }, (SrcPos){ 0, 3 }, -0.5);
        annotations_bad_quantile(&a, (SrcPos){ 2, 8 }, (SrcPos){ 5, 6 }, -0.5); /* inside the other: it was earlier */
        PromqlAnnotation *list;
        size_t n;
        annotations_list(&a, &list, &n);
        assert_int_equal(n, 3);
        assert_str(list[0].text, "PromQL info: first (1:1)");
        assert_true(list[0].is_info);
        assert_str(list[1].text, "PromQL warning: quantile value should be between 0 and 1, got -0.5 (1:1)");
        assert_str(list[2].text, "PromQL warning: second 2 (2:1)");
        assert_false(list[2].is_info);
        annotations_done(&a);
        arena_free(arena);
}

static void they_are_bounded(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        Annotations a;
        annotations_init(&a, arena, STR("x"));
        for (int i = 0; i < ANNOTATIONS_MAX + 100; i++)
                annotations_info(&a, (SrcPos){ 0, 1 }, "name %d", i);
        PromqlAnnotation *list;
        size_t n;
        annotations_list(&a, &list, &n);
        assert_int_equal(n, ANNOTATIONS_MAX);
        annotations_done(&a);
        arena_free(arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(one_text_is_said_once_and_in_order),
                                            cmocka_unit_test(they_are_bounded) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
