#include "base/arena.h"
#include "base/vec.h"
#include "testing.h"

static void count(void *p) { ++*(int *)p; }

static void allocations_are_zeroed_and_aligned(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *a = arena_new();
        for (size_t i = 1; i < 5000; i += 7) {
                size_t align = (size_t)1 << (i % 6);
                unsigned char *p = arena_alloc(a, i, align);
                assert_int_equal((uintptr_t)p % align, 0);
                for (size_t k = 0; k < i; k++)
                        assert_int_equal(p[k], 0);
                memset(p, 0xff, i);
        }
}

static void reset_runs_defers_and_forgets(void **state)
{
        (void)state;
        int n = 0;
        Arena *a = arena_new();
        arena_defer(a, count, &n);
        arena_raw(a, 1 << 20, 8);
        assert_true(arena_used(a) >= 1 << 20);
        arena_reset(a);
        assert_int_equal(n, 1);
        assert_int_equal(arena_used(a), 0);
        arena_defer(a, count, &n);
        arena_free(a);
        assert_int_equal(n, 2);
}

static void small_arenas_grow_too(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *a = arena_new_small(100);
        AUTO(arena_free) Arena *none = arena_new_small(0);
        for (size_t i = 0; i < 5000; i++) {
                unsigned char *p = arena_alloc(i % 2 ? a : none, i % 70, 16);
                for (size_t k = 0; k < i % 70; k++)
                        assert_int_equal(p[k], 0);
                memset(p, 0xff, i % 70);
        }
}

static void vec_grows_in_arena_and_on_heap(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *a = arena_new();
        typedef VEC(int) Ints;
        Ints in_arena = { .arena = a };
        Ints on_heap = { 0 };
        for (int i = 0; i < 1000; i++) {
                vec_push(&in_arena, i);
                vec_push(&on_heap, i);
        }
        int sum = 0;
        vec_each(x, &in_arena)
                sum += *x;
        vec_each(x, &on_heap)
                sum += *x;
        assert_int_equal(sum, 999000);
        assert_int_equal(vec_pop(&on_heap), 999);
        vec_done(&on_heap);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(allocations_are_zeroed_and_aligned),
                cmocka_unit_test(reset_runs_defers_and_forgets),
                cmocka_unit_test(small_arenas_grow_too),
                cmocka_unit_test(vec_grows_in_arena_and_on_heap),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
