#include "testing.h"

#include "alert/alert_matchers.h"

static void texts_are_read_as_upstream_reads_them(void **state)
{
        (void)state;
        static const struct {
                const char *text, *want; /* NULL: refused */
        } cases[] = {
                { "", "" },
                { "{}", "" },
                { "a=b", "a=\"b\"" },
                { " { a = b , c != \"d\" , } ", "a=\"b\" c!=\"d\"" },
                { "a=~\"x|y\",b!~z.*", "a=~\"x|y\" b!~\"z.*\"" },
                { "a=\"x,y\"", "a=\"x,y\"" },
                { "a=\"\"", "a=\"\"" },
                { "a=", "a=\"\"" },               /* classic only */
                { "a='b'", "a=\"'b'\"" },         /* classic only */
                { "a=\"\\d+\"", "a=\"\\\\d+\"" }, /* classic only */
                { "a=\"\\t\"", "a=\"\\\\t\"" },   /* both, and they disagree: classic */
                { "a=\"\\n\\\"\\\\\"", "a=\"\\n\\\"\\\\\"" },
                { "\"a b\"=c", "\"a b\"=\"c\"" }, /* UTF-8 only */
                { "\"\\u00fc\\x41\\101\"=c", "\"\xc3\xbc"
                                             "AA\"=\"c\"" },
                { "\xc3\xbc=c", "\"\xc3\xbc\"=\"c\"" },
                { "a=b}", "a=\"b\"" },
                { "a=b,,c=d", NULL },
                { ",", NULL },
                { "\"\"=a", "\"\"=\"a\"" }, /* UTF-8 only; matches what has no label at all */
                { "a", NULL },
                { "=b", NULL },
                { "a==b", "a=\"=b\"" },
                { "a=~\"(\"", NULL },
                { "\"\\x@@\"=c", NULL },
                { "\"\\U00110000\"=c", NULL },
                { "\"\\ud800\"=c", NULL },
                { "\"\\x", NULL },
                { "a=\"b", NULL },
                { "a=\"b\"c\"", NULL },
                { "a=\"\xff\"", NULL },
                { "1a=b", "\"1a\"=\"b\"" },
                { "a:b=c", "\"a:b\"=\"c\"" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                AlertMatcherVec out = { .arena = arena };
                Err err = { 0 };
                bool ok = alert_matchers_parse(str_of(cases[i].text), arena, &out, &err);
                if (ok != (cases[i].want != NULL))
                        fail_msg("%s: %s", cases[i].text, ok ? "accepted" : err.msg);
                if (!ok) {
                        assert_int_equal(out.len, 0);
                        assert_true(err.msg[0]);
                        continue;
                }
                Buf text = { .arena = arena };
                for (size_t k = 0; k < out.len; k++) {
                        if (k)
                                buf_char(&text, ' ');
                        matcher_print(&text, &out.data[k]);
                }
                if (!str_eq(buf_str(&text), str_of(cases[i].want)))
                        fail_msg("%s: got " STR_FMT ", want %s", cases[i].text, STR_ARG(buf_str(&text)), cases[i].want);
        }
}

static void a_text_has_a_limit(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        AlertMatcherVec out = { .arena = arena };
        Err err;
        size_t n = (64 << 10) + 1;
        char *text = arena_raw(arena, n, 1);
        memset(text, 'a', n);
        assert_false(alert_matchers_parse(str_n(text, n), arena, &out, &err));
        assert_int_equal(err.code, ERR_LIMIT);
        assert_false(alert_matchers_parse(str_n(text, n - 1), arena, &out, &err));
        assert_int_equal(err.code, ERR_INVALID);
}

static void a_mode_is_one_grammar_alone(void **state)
{
        (void)state;
        static const struct {
                const char *text, *classic, *utf8; /* NULL: refused */
        } cases[] = {
                { "a=b", "a=\"b\"", "a=\"b\"" },
                { "a=", "a=\"\"", NULL },
                { "a='b'", "a=\"'b'\"", NULL },
                { "a=\"\\d\"", "a=\"\\\\d\"", NULL },
                { "a=\"\\t\"", "a=\"\\\\t\"", "a=\"\\t\"" },
                { "\"a b\"=c", NULL, "\"a b\"=\"c\"" },
                { "\xc3\xbc=c", NULL, "\"\xc3\xbc\"=\"c\"" },
                { "a\xc2\xa0=b", NULL, "a=\"b\"" },
                { "a=b}", "a=\"b\"", NULL },
        };
        for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                const char *text = cases[i / 2].text;
                const char *want = i % 2 ? cases[i / 2].utf8 : cases[i / 2].classic;
                AlertMatcherMode mode = i % 2 ? ALERT_MATCHERS_UTF8 : ALERT_MATCHERS_CLASSIC;
                AlertMatcherVec all = { .arena = arena };
                Err err;
                Buf out = { .arena = arena };
                bool ok = alert_matchers_parse_mode(str_of(text), mode, arena, &all, &err);
                if (ok != (want != NULL))
                        fail_msg("%s in mode %d: %s", text, mode, ok ? "accepted" : err.msg);
                if (!ok)
                        continue;
                assert_int_equal(all.len, 1);
                matcher_print(&out, &all.data[0]);
                assert_str(buf_str(&out), want);
        }
        assert_true(alert_matchers_is_name(STR("a-b"), ALERT_MATCHERS_FALLBACK));
        assert_true(alert_matchers_is_name(STR("a-b"), ALERT_MATCHERS_UTF8));
        assert_false(alert_matchers_is_name(STR("a-b"), ALERT_MATCHERS_CLASSIC));
        assert_false(alert_matchers_is_name(STR(""), ALERT_MATCHERS_UTF8));
}

static void disagreement_comes_with_a_form_that_both_read(void **state)
{
        (void)state;
        static const struct {
                const char *text, *want; /* NULL: no disagreement */
        } cases[] = {
                { "a=b", NULL },
                { "\"a b\"=c", NULL },
                { "a=\"b", NULL },
                { "a='b'", "{a=\"'b'\"}" },
                { "a=~\"\\d+\",b!=x", "{a=~\"\\\\d+\",b!=\"x\"}" },
                { "a=\"\t\\\"\\n\\t\"", "{a=\"\t\\\"\\n\\\\t\"}" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                AUTO(arena_free) Arena *arena = arena_new();
                Str suggestion = { 0 };
                Str again;
                if (alert_matchers_disagree(str_of(cases[i].text), arena, &suggestion) != (cases[i].want != NULL))
                        fail_msg("%s", cases[i].text);
                if (!cases[i].want)
                        continue;
                assert_str(suggestion, cases[i].want);
                assert_false(alert_matchers_disagree(suggestion, arena, &again));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(texts_are_read_as_upstream_reads_them),
                                            cmocka_unit_test(a_text_has_a_limit),
                                            cmocka_unit_test(a_mode_is_one_grammar_alone),
                                            cmocka_unit_test(disagreement_comes_with_a_form_that_both_read) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
