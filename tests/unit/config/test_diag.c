#include "config/diag.h"
#include "testing.h"

static void lines_say_where(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Diags d;
        diags_init(&d, arena);
        assert_false(diags_error(&d, STR("a.yml"), (YamlPos){ 3, 7 }, "bad '%s'", "x"));
        diags_warn(&d, STR("a.yml"), (YamlPos){ 0 }, "odd");
        diags_warn(&d, (Str){ 0 }, (YamlPos){ 0 }, "alone");
        Buf out = { .arena = arena };
        diags_print(&out, &d);
        assert_str(buf_str(&out), "a.yml:3:7: error: bad 'x'\na.yml: warning: odd\nwarning: alone\n");
        assert_int_equal(d.errors, 1);
}

static void a_flood_is_counted_not_kept(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Diags d;
        diags_init(&d, arena);
        for (int i = 0; i < 1000; i++)
                diags_error(&d, STR("a"), (YamlPos){ 1, 1 }, "x");
        assert_int_equal(d.errors, 1000);
        assert_int_equal(d.list.len, 200);
        Buf out = { .arena = arena };
        diags_print(&out, &d);
        assert_contains(buf_cstr(&out), "... and 800 more errors");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(lines_say_where),
                                            cmocka_unit_test(a_flood_is_counted_not_kept) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
