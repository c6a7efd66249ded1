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

typedef struct Kept {
        int puts;
        char key[32], value[32];
        int64_t expires_ms;
} Kept;

static void keep_put(void *ctx, Str key, Str value, int64_t expires_ms)
{
        Kept *k = ctx;
        k->puts++;
        snprintf(k->key, sizeof k->key, STR_FMT, STR_ARG(key));
        snprintf(k->value, sizeof k->value, STR_FMT, STR_ARG(value));
        k->expires_ms = expires_ms;
}

static void keep_each(void *ctx, void (*found)(void *arg, Str key, Str value, int64_t expires_ms), void *arg)
{
        const Kept *k = ctx;
        if (k->puts)
                found(arg, str_of(k->key), str_of(k->value), k->expires_ms);
}

static void what_is_kept_outlives_the_program(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Kept kept = { 0 };
        NotifyKeep keep = { keep_put, keep_each, &kept };
        NotifyMemory *m = notify_memory_new();
        Str value;
        notify_memory_set_keep(m, &keep);
        notify_memory_put(m, STR("token"), STR("secret"), 1000);
        assert_int_equal(kept.puts, 0);
        notify_memory_keep(m, STR("a"), STR("1"), 0, 1000);
        notify_memory_keep(m, STR("a"), STR("1"), 400, 1400);
        assert_int_equal(kept.puts, 1); /* it is there for more than half of the time */
        notify_memory_keep(m, STR("a"), STR("1"), 600, 1600);
        notify_memory_keep(m, STR("a"), STR("2"), 600, 1600);
        assert_int_equal(kept.puts, 3);
        notify_memory_free(m);
        m = notify_memory_new();
        notify_memory_set_keep(m, &keep);
        assert_true(notify_memory_get(m, STR("a"), 1599, arena, &value));
        assert_str(value, "2");
        assert_false(notify_memory_get(m, STR("token"), 0, arena, &value));
        notify_memory_free(m);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(values_expire_and_are_replaced),
                                            cmocka_unit_test(the_oldest_goes_first),
                                            cmocka_unit_test(what_is_kept_outlives_the_program) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
