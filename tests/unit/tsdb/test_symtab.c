#include "testing.h"

#include "tsdb/symtab.h"

static void keeps_each_string_once(void **state)
{
        (void)state;
        Symtab *t = symtab_new();
        uint32_t a = symtab_intern(t, STR("alpha")), empty = symtab_intern(t, (Str){ 0 });
        assert_int_equal(symtab_intern(t, STR("alpha")), a);
        assert_int_equal(symtab_find(t, STR("alpha")), a);
        assert_int_equal(symtab_find(t, STR("beta")), SYMTAB_NONE);
        assert_str(symtab_str(t, empty), "");
        symtab_release(t, a);
        assert_int_equal(symtab_find(t, STR("alpha")), a);
        symtab_release(t, a);
        assert_int_equal(symtab_find(t, STR("alpha")), SYMTAB_NONE);
        assert_int_equal(symtab_count(t), 1);
        symtab_unref(t);
}

static void survives_growth_and_removal(void **state)
{
        (void)state;
        Symtab *t = symtab_new();
        char name[32];
        for (unsigned i = 0; i < 20000; i++) {
                snprintf(name, sizeof name, "s%u", i);
                assert_int_equal(symtab_intern(t, str_of(name)), i);
        }
        for (unsigned i = 0; i < 20000; i += 2)
                symtab_release(t, i);
        for (unsigned i = 0; i < 20000; i++) {
                snprintf(name, sizeof name, "s%u", i);
                assert_int_equal(symtab_find(t, str_of(name)), i % 2 ? i : SYMTAB_NONE);
        }
        uint32_t again = symtab_intern(t, STR("again"));
        assert_true(again < 20000);
        symtab_unref(t);
}

static void pinned_strings_stay(void **state)
{
        (void)state;
        Symtab *t = symtab_new();
        Arena *arena = arena_new(), *later = arena_new();
        uint32_t sym = symtab_intern(t, STR("pinned"));
        Str s = symtab_str(t, sym);
        symtab_pin(t, arena);
        symtab_release(t, sym);
        for (int i = 0; i < 5; i++) {
                symtab_sweep(t);
                if (i == 2)
                        symtab_pin(t, later);
                assert_str(s, "pinned");
        }
        symtab_unref(t); /* the store closes first */
        assert_str(s, "pinned");
        arena_free(later);
        assert_str(s, "pinned");
        arena_free(arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(keeps_each_string_once),
                                            cmocka_unit_test(survives_growth_and_removal),
                                            cmocka_unit_test(pinned_strings_stay) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
