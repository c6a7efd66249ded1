#include "model/regex.h"
#include "testing.h"
#include <pthread.h>

static Regex *compile(const char *pattern, int mode)
{
        Regex *re = NULL;
        Err err = { 0 };
        assert_ok(regex_compile(str_of(pattern), mode, &re, &err), err);
        return re;
}

static void full(const char *pattern, Str subject, bool want)
{
        AUTO(regex_free) Regex *re = compile(pattern, REGEX_ANCHORED);
        if (regex_match(re, subject) != want)
                fail_msg("'%s' on '" STR_FMT "': want %d", pattern, STR_ARG(subject), want);
        Str g[1];
        assert_int_equal(regex_find(re, subject, 0, g, 1), want);
        if (want)
                assert_int_equal(g[0].n, subject.n);
}

static void search(const char *pattern, Str subject, bool want)
{
        AUTO(regex_free) Regex *re = compile(pattern, REGEX_SEARCH);
        if (regex_match(re, subject) != want)
                fail_msg("'%s' in '" STR_FMT "': want %d", pattern, STR_ARG(subject), want);
}

static void anchored_means_the_whole_string(void **state)
{
        (void)state;
        full("foo", STR("foo"), true);
        full("foo", STR("foobar"), false);
        full("a|b", STR("ab"), false);
        full("a.c", STR("a\nc"), true);
        full("(?-s)a.c", STR("a\nc"), false);
        full("foo", STR("foo\n"), false);
        full("fo+$", STR("foo\n"), false);
        full(".*", STR(""), true);
        full(".+", STR(""), false);
        full("", STR(""), true);
        full("[a-z]+", STR("abc\n"), false);
        full("a.*c", STR("abc"), true);
        full("x?y*", STR(""), true);
}

static void meaning_is_re2s(void **state)
{
        (void)state;
        full("\\d+", STR("123"), true);
        full("\\d", STR("\xd9\xa3"), false); /* Arabic three */
        full("\\w", STR("\xc3\xa9"), false);
        full("\\s", STR("\v"), false);
        full("[[:space:]]", STR("\v"), true);
        full("\\p{Greek}+", STR("\xce\xb1\xce\xb2"), true);
        full("\\PN", STR("1"), false);
        full("[^a]", STR("\n"), true);
        full("(?i)straSSe", STR("STRASSE"), true);
        full("(?i)k", STR("\xe2\x84\xaa"), true); /* Kelvin sign */
        full("(?i)[^s]", STR("\xc5\xbf"), false); /* long s */
        full("\\x{1F600}.", STR("\xf0\x9f\x98\x80x"), true);
        full("a{2,3}", STR("aaaa"), false);
        full("\\Qa.b\\E", STR("axb"), false);
        full("[]a]+", STR("]a"), true);
        full("(?i:A)b", STR("ab"), true);
        full("(?i:A)b", STR("aB"), false);
        full("[^\\x{0}-\\x{10ffff}]", STR("a"), false);
        search("(?m)^b$", STR("a\nb\nc"), true);
        search("^b$", STR("a\nb"), false);
        search("a$", STR("a\n"), false);
        search("(?m)^$", STR("a\n"), true);
        search("\\bfoo\\b", STR("a foo."), true);
        search("\\bfoo\\b", STR("afoo"), false);
        search("oba", STR("foobar"), true);
        search("a.b", STR("a\nb"), false);
}

static void bytes_that_are_not_utf8_count_as_one_character(void **state)
{
        (void)state;
        full("a.c",
             STR("a\xff"
                 "c"),
             true);
        full("a..c",
             STR("a\xff"
                 "c"),
             false);
        full(".*x.*", STR("\xc3x\xff"), true);
        full("[^a]", STR("\xff"), true);
        AUTO(regex_free) Regex *re = compile("a(.)(c)", REGEX_SEARCH);
        Str g[3];
        Str s = STR("\xff\xff"
                    "a\xfe"
                    "c\xff");
        assert_true(regex_find(re, s, 1, g, 3));
        assert_ptr_equal(g[0].p, s.p + 2);
        assert_int_equal(g[0].n, 3);
        assert_str(g[1], "\xfe");
        assert_str(g[2], "c");
        assert_false(regex_find(re, s, 3, g, 3));
}

static void captures_and_names(void **state)
{
        (void)state;
        AUTO(regex_free) Regex *re = compile("(?P<host>[^:]+)(?::(?P<port>\\d+))?", REGEX_ANCHORED);
        Str g[3];
        assert_int_equal(regex_groups(re), 2);
        assert_int_equal(regex_group_named(re, STR("port")), 2);
        assert_int_equal(regex_group_named(re, STR("none")), 0);
        assert_true(regex_find(re, STR("db:5432"), 0, g, 3));
        assert_str(g[1], "db");
        assert_str(g[2], "5432");
        assert_true(regex_find(re, STR("db"), 0, g, 3));
        assert_null(g[2].p);
        AUTO(regex_free) Regex *set = compile("(foo|bar)", REGEX_ANCHORED);
        Str h[2];
        assert_true(regex_find(set, STR("bar"), 0, h, 2));
        assert_str(h[1], "bar");
        assert_false(regex_find(set, STR("baz"), 0, h, 2));
        AUTO(regex_free) Regex *any = compile("(.*)", REGEX_ANCHORED);
        assert_true(regex_find(any, (Str){ 0 }, 0, h, 2));
        assert_non_null(h[1].p);
        assert_int_equal(h[1].n, 0);
}

static void expand(const char *template, const char *want)
{
        AUTO(regex_free) Regex *re = compile("(?P<a>x+)(y)?(z)", REGEX_ANCHORED);
        Str g[4];
        assert_true(regex_find(re, STR("xxz"), 0, g, 4));
        AUTO(buf_done) Buf out = { 0 };
        regex_expand(re, str_of(template), g, 4, &out);
        assert_str(buf_str(&out), want);
}

static void expand_is_gos(void **state)
{
        (void)state;
        expand("$1-$3", "xx-z");
        expand("${1}0", "xx0");
        expand("$10", "");
        expand("$1x", "");
        expand("$a.$a", "xx.xx");
        expand("${a}b", "xxb");
        expand("$$1", "$1");
        expand("$", "$");
        expand("a$", "a$");
        expand("$ {1}", "$ {1}");
        expand("${1", "${1");
        expand("${}", "${}");
        expand("[$2]", "[]");
        expand("$0", "xxz");
        expand("$01", "");
        expand("plain", "plain");
}

static void replace(const char *pattern, const char *s, const char *template, const char *want)
{
        AUTO(regex_free) Regex *re = compile(pattern, REGEX_SEARCH);
        AUTO(buf_done) Buf out = { 0 };
        regex_replace_all(re, str_of(s), str_of(template), &out);
        assert_str(buf_str(&out), want);
}

static void replace_all_is_gos(void **state)
{
        (void)state;
        replace("a(x*)b", "-ab-axxb-", "T", "-T-T-");
        replace("a(x*)b", "-ab-axxb-", "$1", "--xx-");
        replace("a(x*)b", "-ab-axxb-", "${1}W", "-W-xxW-");
        replace("a*", "baaac", "x", "xbxcx");
        replace("", "\xce\xb1z", "-", "-\xce\xb1-z-");
        replace("b", "abc", "", "ac");
        replace("[a-c]*", "", "x", "x");
        replace("^", "abc", "x", "xabc");
        replace("z", "abc", "x", "abc");
}

static void runaway_patterns_end_and_are_right(void **state)
{
        (void)state;
        char s[5001];
        memset(s, 'a', 5000);
        s[5000] = 0;
        full("(?:a*)*b", str_of(s), false);
        full("(?:a|a)*(?:a|a)*(?:a|a)*c", str_of(s), false);
        full("(?:x+x+)+y", STR("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), false);
        full("(?:a+)+", str_of(s), true);
}

static void hints_are_offered(void **state)
{
        (void)state;
        AUTO(regex_free) Regex *re = compile("foo|bar", REGEX_ANCHORED);
        RegexHints h = regex_hints(re);
        assert_int_equal(h.set_n, 2);
        assert_str(h.set[0], "bar");
        assert_false(h.matches_empty);
        AUTO(regex_free) Regex *all = compile(".*", REGEX_ANCHORED);
        assert_true(regex_hints(all).matches_all && regex_hints(all).matches_empty);
        AUTO(regex_free) Regex *some = compile(".+", REGEX_ANCHORED);
        assert_true(regex_hints(some).matches_nonempty && !regex_hints(some).matches_empty);
        AUTO(regex_free) Regex *prefix = compile("node_(cpu|mem).*", REGEX_ANCHORED);
        assert_null(regex_hints(prefix).set);
        assert_str(regex_hints(prefix).prefix, "node_");
        AUTO(regex_free) Regex *found = compile("foo", REGEX_SEARCH);
        assert_null(regex_hints(found).set);
        assert_str(regex_pattern(found), "foo");
}

static void what_pcre2_cannot_hold_is_an_error(void **state)
{
        (void)state;
        Regex *re = NULL;
        Err err = { 0 };
        assert_false(regex_compile(STR("(?:(?:[a-z]x){30}y){30}(?:(?:[a-z]x){30}y){30}(?:(?:[a-z]x){30}y){30}"),
                                   REGEX_ANCHORED, &re, &err));
        assert_contains(err.msg, "expression too large");
        assert_int_equal(err.code, ERR_LIMIT);
        assert_null(re);
}

static void *hammer(void *arg)
{
        const Regex *re = arg;
        Str g[3];
        size_t ok = 0;
        for (int i = 0; i < 20000; i++)
                ok += regex_find(re, STR("left"), 0, g, 3) && g[1].n == 4;
        return (void *)(uintptr_t)ok;
}

static void threads_share_one_regex(void **state)
{
        (void)state;
        AUTO(regex_free) Regex *re = compile("(left|right)", REGEX_ANCHORED);
        pthread_t t[4];
        for (int i = 0; i < 4; i++)
                assert_int_equal(pthread_create(&t[i], NULL, hammer, re), 0);
        for (int i = 0; i < 4; i++) {
                void *ok;
                pthread_join(t[i], &ok);
                assert_int_equal((uintptr_t)ok, 20000);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(anchored_means_the_whole_string),
                cmocka_unit_test(meaning_is_re2s),
                cmocka_unit_test(bytes_that_are_not_utf8_count_as_one_character),
                cmocka_unit_test(captures_and_names),
                cmocka_unit_test(expand_is_gos),
                cmocka_unit_test(replace_all_is_gos),
                cmocka_unit_test(runaway_patterns_end_and_are_right),
                cmocka_unit_test(hints_are_offered),
                cmocka_unit_test(what_pcre2_cannot_hold_is_an_error),
                cmocka_unit_test(threads_share_one_regex),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
