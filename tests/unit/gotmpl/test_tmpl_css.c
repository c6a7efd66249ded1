#include "gotmpl/tmpl_css.h"
#include "testing.h"

static void escapes_are_taken_back(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        assert_str(tmpl_css_decode(STR("plain"), arena), "plain");
        assert_str(tmpl_css_decode(STR("\\41 b\\42\r\nc\\000043d"), arena), "AbBcCd");
        assert_str(tmpl_css_decode(STR("\\\"\\\\\\z"), arena), "\"\\z");
        assert_str(tmpl_css_decode(STR("a\\"), arena), "a");
        assert_str(tmpl_css_decode(STR("\\d800 x"), arena), "\xef\xbf\xbdx");
        arena_free(arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(escapes_are_taken_back) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
