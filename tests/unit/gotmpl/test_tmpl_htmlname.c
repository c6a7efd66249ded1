#include "gotmpl/tmpl_htmlname.h"
#include "testing.h"

static void attributes(void **state)
{
        (void)state;
        bool other;
        assert_int_equal(tmpl_htmlname_attr(STR("data-action"), &other), ATTR_URL);
        assert_int_equal(tmpl_htmlname_attr(STR("xlink:href"), &other), ATTR_URL);
        assert_int_equal(tmpl_htmlname_attr(STR("onclick"), &other), ATTR_SCRIPT);
        assert_int_equal(tmpl_htmlname_attr(STR("srcset"), &other), ATTR_SRCSET);
        assert_int_equal(tmpl_htmlname_attr(STR("title"), &other), ATTR_NONE);
        assert_false(other);
        assert_int_equal(tmpl_htmlname_attr(STR("type"), &other), ATTR_NONE);
        assert_true(other);
}

static void types_of_scripts(void **state)
{
        (void)state;
        assert_true(tmpl_htmlname_is_script(STR("Text/JavaScript; charset=utf-8"), true));
        assert_true(tmpl_htmlname_is_script(STR("module"), true));
        assert_false(tmpl_htmlname_is_script(STR("text/template"), false));
        assert_true(tmpl_htmlname_is_script(STR(""), false));
        assert_false(tmpl_htmlname_is_script(STR(""), true));
}

static void entities(void **state)
{
        (void)state;
        Arena *arena = arena_new();
        assert_str(tmpl_htmlname_decode(STR("&quot;a&#39;&#x27;b&amp;lt;&#;&x&#99999999;"), arena),
                   "\"a''b&lt;&#;&x\xef\xbf\xbd");
        arena_free(arena);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(attributes), cmocka_unit_test(types_of_scripts),
                                            cmocka_unit_test(entities) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
