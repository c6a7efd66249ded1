#include "model/regex_hint.h"
#include "testing.h"

static void expect(const char *pattern, RegexShape shape, const char *what)
{
        AUTO(arena_free) Arena *arena = arena_new();
        RegexTree tree;
        Err err = { 0 };
        assert_ok(regex_tree_parse(arena, str_of(pattern), true, &tree, &err), err);
        RegexHint hint = regex_hint_of(arena, tree.root);
        if (hint.shape != shape)
                fail_msg("'%s': shape %d, want %d", pattern, hint.shape, shape);
        Buf got = { .arena = arena };
        if (shape == REGEX_SHAPE_SET)
                for (size_t i = 0; i < hint.set.n; i++)
                        buf_printf(&got, "%s%.*s", i ? "," : "", STR_ARG(hint.set.data[i]));
        else
                buf_str_add(&got, shape == REGEX_SHAPE_OTHER ? hint.prefix : hint.literal);
        assert_str(buf_str(&got), what);
}

static void a_set_is_exactly_what_matches(void **state)
{
        (void)state;
        expect("foo", REGEX_SHAPE_SET, "foo");
        expect("^foo$", REGEX_SHAPE_SET, "foo");
        expect("", REGEX_SHAPE_SET, "");
        expect("foo|bar|baz|foo", REGEX_SHAPE_SET, "bar,baz,foo");
        expect("(foo|bar)", REGEX_SHAPE_SET, "bar,foo");
        expect("(?:a|b)c", REGEX_SHAPE_SET, "ac,bc");
        expect("x(?:a|b)?", REGEX_SHAPE_SET, "x,xa,xb");
        expect("a[1-3x]", REGEX_SHAPE_SET, "a1,a2,a3,ax");
        expect("5..", REGEX_SHAPE_OTHER, "5");
        expect("a\\.b", REGEX_SHAPE_SET, "a.b");
        expect("a{2}b{0,1}", REGEX_SHAPE_SET, "aa,aab");
        expect("|a", REGEX_SHAPE_SET, ",a");
        expect("(?i)12:", REGEX_SHAPE_SET, "12:");
}

static void what_is_no_set(void **state)
{
        (void)state;
        expect("(?i)foo", REGEX_SHAPE_OTHER, "");
        expect("a^b", REGEX_SHAPE_OTHER, "a");
        expect("foo\\b", REGEX_SHAPE_OTHER, "foo");
        expect("foobar|foobaz.*", REGEX_SHAPE_OTHER, "fooba");
        expect("(?:foo)+x", REGEX_SHAPE_OTHER, "foo");
        expect("[^a]", REGEX_SHAPE_OTHER, "");
        expect("\\pN", REGEX_SHAPE_OTHER, "");
        expect("[\\x{0}-\\x{fff}]", REGEX_SHAPE_OTHER, "");
        expect("[a-z][a-z]", REGEX_SHAPE_OTHER, "");
}

static void shapes(void **state)
{
        (void)state;
        expect(".*", REGEX_SHAPE_ALL, "");
        expect("(.*)", REGEX_SHAPE_ALL, "");
        expect("^.*$", REGEX_SHAPE_ALL, "");
        expect(".+", REGEX_SHAPE_NONEMPTY, "");
        expect("foo.*", REGEX_SHAPE_PREFIX, "foo");
        expect("foo.+", REGEX_SHAPE_PREFIX_NONEMPTY, "foo");
        expect(".*foo", REGEX_SHAPE_SUFFIX, "foo");
        expect(".*foo.*", REGEX_SHAPE_CONTAINS, "foo");
        expect("(?-s:.*)", REGEX_SHAPE_OTHER, "");
        expect("(?-s)foo.*", REGEX_SHAPE_OTHER, "foo");
}

static void many_alternatives_stay_a_set(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Buf p = { .arena = arena };
        for (int i = 0; i < 5000; i++)
                buf_printf(&p, "%shost-%04d\\.example\\.com", i ? "|" : "", i);
        RegexTree tree;
        Err err = { 0 };
        assert_ok(regex_tree_parse(arena, buf_str(&p), true, &tree, &err), err);
        RegexHint hint = regex_hint_of(arena, tree.root);
        assert_int_equal(hint.shape, REGEX_SHAPE_SET);
        assert_int_equal(hint.set.n, 5000);
        assert_str(hint.prefix, "host-");
}

static void emitted(const char *pattern, const char *want)
{
        AUTO(arena_free) Arena *arena = arena_new();
        RegexTree tree;
        Err err = { 0 };
        assert_ok(regex_tree_parse(arena, str_of(pattern), false, &tree, &err), err);
        Buf out = { .arena = arena };
        regex_hint_emit(&out, tree.root);
        assert_str(buf_str(&out), want);
}

static void pcre2_gets_only_what_it_reads_the_same(void **state)
{
        (void)state;
        emitted("a.b$", "a[^\\n]b\\z");
        emitted("(?s)a.(?m)^$", "a.(?:\\A|(?<=\\n))(?:\\z|(?=\\n))");
        emitted("ab*?(?:cd)+", "ab*?(?:cd)+");
        emitted("a{,2}\\+", "a\\{\\,2\\}\\+");
        emitted("\\d", "[\\x{30}-\\x{39}]");
        emitted("[^\\s]", "[^\\x{9}-\\x{a}\\x{c}-\\x{d}\\x{20}]");
        emitted("(?i)k", "(?i:k)");
        emitted("\\p{Greek}", "[\\p{sc:Greek}]");
        emitted("x(?:a|b)y", "x(?:a|b)y");
        emitted("(?P<n>a)", "(a)");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_set_is_exactly_what_matches),
                cmocka_unit_test(what_is_no_set),
                cmocka_unit_test(shapes),
                cmocka_unit_test(many_alternatives_stay_a_set),
                cmocka_unit_test(pcre2_gets_only_what_it_reads_the_same),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
