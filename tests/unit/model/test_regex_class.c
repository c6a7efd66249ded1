#include "base/buf.h"
#include "model/regex_class.h"
#include "testing.h"

static void bracket(const char *text, bool fold, const char *want, bool negated)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Err err = { 0 };
        RegexCursor c = { .arena = arena, .pattern = str_of(text), .err = &err };
        RegexNode *node = NULL;
        assert_ok(regex_class_bracket(&c, fold, &node), err);
        assert_int_equal(c.at, c.pattern.n);
        assert_str(node->text, want);
        assert_int_equal(node->negated, negated);
}

static void brackets_become_ranges(void **state)
{
        (void)state;
        bracket("[a-c-]", false, "\\x{61}-\\x{63}\\x{2d}", false);
        bracket("[]^]", false, "\\x{5d}\\x{5e}", false);
        bracket("[^\\]\\x41]", false, "\\x{5d}\\x{41}", true);
        bracket("[[:digit:]_]", false, "\\x{30}-\\x{39}\\x{5f}", false);
        bracket("[[:^ascii:]]", false, "\\x{80}-\\x{10ffff}", false);
        bracket("[[:upper:]]", true, "\\x{41}-\\x{5a}\\x{61}-\\x{7a}", false);
        bracket("[\\pL\\P{Greek}\\p{^Lu}]", false, "\\p{L}\\P{sc:Greek}\\P{Lu}", false);
        bracket("[\\W]", true,
                "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{5e}\\x{60}\\x{7b}-\\x{17e}\\x{180}-\\x{2129}\\x{212b}-\\x{"
                "10ffff}",
                false);
}

static void escape(const char *text, uint32_t want)
{
        Err err = { 0 };
        RegexCursor c = { .pattern = str_of(text), .err = &err };
        uint32_t got = 0;
        assert_ok(regex_class_escape(&c, &got), err);
        assert_int_equal(got, want);
        assert_int_equal(c.at, c.pattern.n);
}

static void escapes_stand_for_code_points(void **state)
{
        (void)state;
        escape("\\a", 7);
        escape("\\n", '\n');
        escape("\\v", 11);
        escape("\\x7E", '~');
        escape("\\x{10FFFF}", 0x10ffff);
        escape("\\101", 'A');
        escape("\\0", 0);
        escape("\\12", '\n');
        escape("\\.", '.');
        escape("\\_", '_');
}

static void long_patterns_are_cut_in_messages(void **state)
{
        (void)state;
        char text[2000];
        memset(text, 'a', sizeof text);
        text[0] = '[';
        AUTO(arena_free) Arena *arena = arena_new();
        Err err = { 0 };
        RegexCursor c = { .arena = arena, .pattern = str_n(text, sizeof text), .err = &err };
        RegexNode *node = NULL;
        assert_false(regex_class_bracket(&c, false, &node));
        assert_contains(err.msg, "missing closing ]: `[aaa");
        assert_contains(err.msg, "...`");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(brackets_become_ranges),
                cmocka_unit_test(escapes_stand_for_code_points),
                cmocka_unit_test(long_patterns_are_cut_in_messages),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
