#include "model/casemap.h"
#include "testing.h"

static void letters_of_all_scripts(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        assert_str(casemap_upper(arena, STR("abc-1z")), "ABC-1Z");
        assert_str(casemap_lower(arena, STR("ABC-1Z")), "abc-1z");
        assert_str(casemap_upper(arena, STR("gr\xc3\xbc\xc3\x9f")), "GR\xc3\x9c\xc3\x9f");
        assert_str(casemap_lower(arena, STR("\xce\xa9\xd0\x96")), "\xcf\x89\xd0\xb6");
        assert_str(casemap_lower(arena, STR("A\xff")), "a\xef\xbf\xbd");
}

static void what_does_not_change_is_not_copied(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Str s = STR("already lower");
        assert_ptr_equal(casemap_lower(arena, s).p, s.p);
        assert_int_equal(casemap_upper(arena, (Str){ 0 }).n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(letters_of_all_scripts),
                                            cmocka_unit_test(what_does_not_change_is_not_copied) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
