#include "net/url.h"
#include "testing.h"

static void parts(void **state)
{
        (void)state;
        Url u;
        Err err;
        assert_ok(url_parse(STR("https://me:se@cret@example.com:9090/a/b?x=1#top"), &u, &err), err);
        assert_str(u.scheme, "https");
        assert_str(u.userinfo, "me:se@cret");
        assert_str(u.host, "example.com");
        assert_str(u.port, "9090");
        assert_str(u.path, "/a/b");
        assert_str(u.query, "x=1");
        assert_str(u.fragment, "top");
        assert_ok(url_parse(STR("http://[::1]:80"), &u, &err), err);
        assert_str(u.host, "::1");
        assert_str(u.port, "80");
        assert_str(u.path, "");
        assert_ok(url_parse(STR("http://example.com?q"), &u, &err), err);
        assert_str(u.host, "example.com");
        assert_str(u.query, "q");
}

static void wrong_urls_say_why(void **state)
{
        (void)state;
        static const struct {
                const char *url, *why;
        } CASES[] = {
                { "", "no scheme" },
                { "example.com/x", "no scheme" },
                { "1http://x", "no scheme" },
                { "http://", "no host" },
                { "http://:80/", "no host" },
                { "http://a b/", "space" },
                { "http://a\nb/", "control" },
                { "http://[::1/", "without ']'" },
                { "http://[::1]x/", "behind" },
                { "http://a:99999/", "bad port '99999'" },
                { "http://a:+80/", "bad port" },
                { "http://a:b/", "bad port" },
                { "http://a%00b/", "bad host" },
                { "http://a\\b/", "bad host" },
        };
        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                Url u;
                Err err = { 0 };
                assert_false(url_parse(str_of(CASES[i].url), &u, &err));
                assert_contains(err.msg, CASES[i].why);
        }
        Url u;
        Err err;
        assert_false(url_parse(STR("http://user:hunter2@host:bad/"), &u, &err));
        assert_null(strstr(err.msg, "hunter2"));
}

static void decoding(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        assert_str(url_decode(arena, STR("a+b%20c%2F"), true), "a b c/");
        assert_str(url_decode(arena, STR("a+b"), false), "a+b");
        assert_str(url_decode(arena, STR("100%"), false), "100%");
        assert_str(url_decode(arena, STR("%zz%4"), false), "%zz%4");
        Str out;
        assert_true(url_decode_strict(arena, STR("/a%41"), &out));
        assert_str(out, "/aA");
        assert_false(url_decode_strict(arena, STR("/%4"), &out));
        assert_false(url_decode_strict(arena, STR("/%gg"), &out));
        assert_false(url_decode_strict(arena, STR("/%00"), &out));
}

static void encoding(void **state)
{
        (void)state;
        AUTO(buf_done) Buf out = { 0 };
        url_encode_query(&out, STR("a b&c=d/\xc3\xa4~"));
        assert_str(buf_str(&out), "a+b%26c%3Dd%2F%C3%A4~");
        buf_clear(&out);
        url_encode_path(&out, STR("a b&c=d/?"));
        assert_str(buf_str(&out), "a%20b&c=d%2F%3F");
}

static void redaction(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        assert_str(url_redact(arena, STR("http://u:p@h:1/x?y")), "http://h:1/x?y");
        assert_str(url_redact(arena, STR("http://h/x@y")), "http://h/x@y");
        assert_str(url_redact(arena, STR("u:p@h/x")), "h/x");
        assert_str(url_redact(arena, STR("postgres://u:p@q@h/db")), "postgres://h/db");
}

static void query_strings(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Str rest = STR("a=1&&b&c=x%3Dy+z&=v");
        const char *want[][2] = { { "a", "1" }, { "b", "" }, { "c", "x=y z" }, { "", "v" } };
        UrlParam p;
        size_t n = 0;
        while (url_query_next(arena, &rest, &p)) {
                assert_true(n < 4);
                assert_str(p.name, want[n][0]);
                assert_str(p.value, want[n++][1]);
        }
        assert_int_equal(n, 4);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parts),    cmocka_unit_test(wrong_urls_say_why), cmocka_unit_test(decoding),
                cmocka_unit_test(encoding), cmocka_unit_test(redaction),          cmocka_unit_test(query_strings),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
