#include "model/regex_tree.h"
#include "testing.h"

static void refused(const char *pattern, const char *want)
{
        AUTO(arena_free) Arena *arena = arena_new();
        RegexTree tree;
        Err err = { 0 };
        if (regex_tree_parse(arena, str_of(pattern), false, &tree, &err))
                fail_msg("'%s' was accepted", pattern);
        assert_int_equal(err.code, ERR_INVALID);
        char full[600];
        snprintf(full, sizeof full, "error parsing regexp: %s", want);
        assert_string_equal(err.msg, full);
}

static void accepted(const char *pattern, size_t captures)
{
        AUTO(arena_free) Arena *arena = arena_new();
        RegexTree tree;
        Err err = { 0 };
        assert_ok(regex_tree_parse(arena, str_of(pattern), false, &tree, &err), err);
        assert_int_equal(tree.captures, captures);
}

static void mistakes_are_named_as_go_does(void **state)
{
        (void)state;
        refused("(abc", "missing closing ): `(abc`");
        refused("abc)", "unexpected ): `abc)`");
        refused("a|b)", "unexpected ): `a|b)`");
        refused("[abc", "missing closing ]: `[abc`");
        refused("x[a-", "missing closing ]: `[a-`");
        refused("[z-a]", "invalid character class range: `z-a`");
        refused("[[:foo:]]", "invalid character class range: `[:foo:]`");
        refused("\\p{Foo}", "invalid character class range: `\\p{Foo}`");
        refused("\\p{Greek", "invalid character class range: `\\p{Greek`");
        refused("\\pX", "invalid character class range: `\\pX`");
        refused("*", "missing argument to repetition operator: `*`");
        refused("a|*", "missing argument to repetition operator: `*`");
        refused("(?i)*", "missing argument to repetition operator: `*`");
        refused("(+)", "missing argument to repetition operator: `+`");
        refused("a**", "invalid nested repetition operator: `**`");
        refused("a*+", "invalid nested repetition operator: `*+`");
        refused("a++", "invalid nested repetition operator: `++`");
        refused("a??*", "invalid nested repetition operator: `??*`");
        refused("a{2}{3}", "invalid nested repetition operator: `{2}{3}`");
        refused("a{1001}", "invalid repeat count: `{1001}`");
        refused("a{3,2}", "invalid repeat count: `{3,2}`");
        refused("a{1,99999999999}", "invalid repeat count: `{1,99999999999}`");
        refused("((a{100}){100}){100}", "invalid repeat count: `{100}`");
        refused("a\\", "trailing backslash at end of expression: ``");
        refused("\\8", "invalid escape sequence: `\\8`");
        refused("(a)\\1", "invalid escape sequence: `\\1`");
        refused("\\q", "invalid escape sequence: `\\q`");
        refused("\\C", "invalid escape sequence: `\\C`");
        refused("\\Z", "invalid escape sequence: `\\Z`");
        refused("\\x{110000}", "invalid escape sequence: `\\x{110000`");
        refused("\\x{}", "invalid escape sequence: `\\x{}`");
        refused("(?=a)", "invalid or unsupported Perl syntax: `(?=`");
        refused("(?!a)", "invalid or unsupported Perl syntax: `(?!`");
        refused("(?>a)", "invalid or unsupported Perl syntax: `(?>`");
        refused("(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`");
        refused("(?P=n)", "invalid or unsupported Perl syntax: `(?P`");
        refused("(?", "invalid or unsupported Perl syntax: `(?`");
        refused("(?<=a)", "invalid named capture: `(?<=a)`");
        refused("(?P<n", "invalid named capture: `(?P<n`");
        refused("(?P<>a)", "invalid named capture: `(?P<>`");
        refused("(?P<x y>a)", "invalid named capture: `(?P<x y>`");
        refused("a\xff", "invalid UTF-8: `\xff`");
        refused("\\Q\\E*", "missing argument to repetition operator: `*`");
}

static void go_syntax_is_accepted(void **state)
{
        (void)state;
        accepted("", 0);
        accepted("a{,2}", 0);
        accepted("a{2", 0);
        accepted("a{01}", 0);
        accepted("{", 0);
        accepted("]", 0);
        accepted("a]b}", 0);
        accepted("[]a]", 0);
        accepted("[^]a]", 0);
        accepted("[a-]", 0);
        accepted("[-a]", 0);
        accepted("[[:alpha:][:^digit:]\\d\\pL]", 0);
        accepted("[[:a]", 0);
        accepted("^*", 0);
        accepted("(?i)a(?-i:b)(?s-m:c)(?U)d", 0);
        accepted("(?P<year>\\d{4})-(?<month>\\d\\d)(x)", 3);
        accepted("\\p{Greek}\\pN\\PL\\p{^Lu}\\p{Han}", 0);
        accepted("\\_\\-\\/\\x41\\x{1F600}\\012\\07\\a\\f", 0);
        accepted("\\Qa.b*\\E+", 0);
        accepted("\\Qa.b", 0);
        accepted("((((((((((x{2}){2}){2}){2}){2}){2}){2}){2}){2}))", 10);
        accepted("a(?i)*", 0);
        accepted("(|a)*", 1);
}

static void depth_and_size_are_limited(void **state)
{
        (void)state;
        enum { DEEP = REGEX_MAX_DEPTH + 1 };
        AUTO(arena_free) Arena *arena = arena_new();
        char *p = arena_array(arena, char, 2 * DEEP + 1);
        memset(p, '(', DEEP);
        memset(p + DEEP, ')', DEEP);
        RegexTree tree;
        Err err = { 0 };
        assert_false(regex_tree_parse(arena, str_n(p, 2 * DEEP), false, &tree, &err));
        assert_contains(err.msg, "expression nests too deeply");
        assert_ok(regex_tree_parse(arena, str_n(p + 1, 2 * DEEP - 2), false, &tree, &err), err);
        char *big = arena_array(arena, char, REGEX_MAX_PATTERN_BYTES + 1);
        memset(big, 'a', REGEX_MAX_PATTERN_BYTES + 1);
        assert_false(regex_tree_parse(arena, str_n(big, REGEX_MAX_PATTERN_BYTES + 1), false, &tree, &err));
        assert_int_equal(err.code, ERR_LIMIT);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(mistakes_are_named_as_go_does),
                cmocka_unit_test(go_syntax_is_accepted),
                cmocka_unit_test(depth_and_size_are_limited),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
