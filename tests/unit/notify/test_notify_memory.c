#include "notify/notify_memory.h"
#include "testing.h"

static void values_expire_and_are_replaced(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        NotifyMemory *m = notify_memory_new();
        Str value;
        assert_false(notify_memory_get(m, STR("a"), 0, arena, &value));
        notify_memory_put(m, STR("a"), STR("one"), 100);
        assert_true(notify_memory_get(m, STR("a"), 99, arena, &value));
        assert_str(value, "one");
        assert_false(notify_memory_get(m, STR("a"), 100, arena, &value));
        notify_memory_put(m, STR("a"), STR("two"), 200);
        assert_true(notify_memory_get(m, STR("a"), 100, arena, &value));
        assert_str(value, "two");
        notify_memory_put(m, STR("a"), (Str){ 0 }, 0);
        assert_false(notify_memory_get(m, STR("a"), 0, arena, &value));
        assert_false(notify_memory_get(NULL, STR("a"), 0, arena, &value));
        notify_memory_free(m);
}

/* Invariant 1. */
static void the_oldest_goes_first(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        NotifyMemory *m = notify_memory_new();
        Str value;
        for (int i = 0; i <= NOTIFY_MEMORY_MAX_ENTRIES; i++)
                notify_memory_put(m, str_printf(arena, "%d", i), STR("x"), 100);
        assert_false(notify_memory_get(m, STR("0"), 0, arena, &value));
        assert_true(notify_memory_get(m, STR("1"), 0, arena, &value));
        char *huge = calloc(1, NOTIFY_MEMORY_MAX_BYTES + 1);
        notify_memory_put(m, STR("huge"), str_n(huge, NOTIFY_MEMORY_MAX_BYTES + 1), 100);
        assert_false(notify_memory_get(m, STR("huge"), 0, arena, &value));
        free(huge);
        notify_memory_free(m);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(values_expire_and_are_replaced),
                                            cmocka_unit_test(the_oldest_goes_first) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
