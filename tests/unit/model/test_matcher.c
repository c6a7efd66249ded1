#include "model/matcher.h"
#include "testing.h"

static void check(MatchType type, const char *value, const char *subject, bool want)
{
        AUTO(arena_free) Arena *arena = arena_new();
        Matcher m;
        Err err;
        assert_ok(matcher_make(arena, type, STR("l"), str_of(value), &m, &err), err);
        assert_int_equal(matcher_matches(&m, str_of(subject)), want);
}

static void four_kinds(void **state)
{
        (void)state;
        check(MATCH_EQ, "a", "a", true);
        check(MATCH_EQ, "a", "b", false);
        check(MATCH_NE, "a", "b", true);
        check(MATCH_RE, "a.*", "abc", true);
        check(MATCH_RE, "a.c", "xabcx", false);
        check(MATCH_NRE, "a|b", "c", true);
        check(MATCH_NRE, "a|b", "b", false);
        check(MATCH_EQ, "", "", true);
        check(MATCH_RE, "|x", "", true);
}

static void matchers_of_alerts_stop_at_a_line_break(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        static const char *const patterns[] = { "a.*", ".*", ".+", "a.b|c", "a(.|x)b" };
        Matcher ours, theirs;
        Err err;
        for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
                assert_ok(matcher_make_alert(arena, MATCH_RE, STR("l"), str_of(patterns[i]), &theirs, &err), err);
                assert_ok(matcher_make(arena, MATCH_RE, STR("l"), str_of(patterns[i]), &ours, &err), err);
                assert_true(matcher_matches(&ours, STR("a\nb")));
                assert_false(matcher_matches(&theirs, STR("a\nb")));
                assert_true(matcher_matches(&theirs, STR("a\tb")));
                assert_false(matcher_matches(&theirs, STR("a\tb\n")));
        }
        assert_ok(matcher_make_alert(arena, MATCH_RE, STR("l"), STR("(?s)a.b"), &theirs, &err), err);
        assert_true(matcher_matches(&theirs, STR("a\nb")));
}

static void absent_labels_count_as_empty(void **state)
{
        (void)state;
        Labels labels = { (const Label[]){ { STR_INIT("a"), STR_INIT("1") } }, 1 };
        Matcher ms[] = { { .type = MATCH_EQ, .name = STR("a"), .value = STR("1") },
                         { .type = MATCH_EQ, .name = STR("b"), .value = STR("") } };
        assert_true(matchers_match((Matchers){ ms, 2 }, labels));
        ms[1].value = STR("x");
        assert_false(matchers_match((Matchers){ ms, 2 }, labels));
        assert_true(matchers_match((Matchers){ 0 }, labels));
}

static void bad_regex_is_an_error_and_prints(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Matcher m = { .name = STR("untouched") };
        Err err;
        assert_false(matcher_make(arena, MATCH_RE, STR("l"), STR("(a"), &m, &err));
        assert_string_equal(err.msg, "error parsing regexp: missing closing ): `(a`");
        assert_str(m.name, "untouched");
        AUTO(buf_done) Buf out = { 0 };
        assert_ok(matcher_make(arena, MATCH_NRE, STR("a.b"), STR("x\"|y"), &m, &err), err);
        matcher_print(&out, &m);
        assert_str(buf_str(&out), "\"a.b\"!~\"x\\\"|y\"");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(four_kinds),
                cmocka_unit_test(matchers_of_alerts_stop_at_a_line_break),
                cmocka_unit_test(absent_labels_count_as_empty),
                cmocka_unit_test(bad_regex_is_an_error_and_prints),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
