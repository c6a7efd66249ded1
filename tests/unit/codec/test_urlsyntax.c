#include "codec/urlsyntax.h"
#include "testing.h"

static void parts_are_told(void **state)
{
        (void)state;
        static const struct {
                const char *text, *scheme, *host;
        } cases[] = {
                { "http://h", "http", "h" },
                { "HTTPS://u:p@h.example.com:80/a b?x=%#f", "HTTPS", "h.example.com:80" },
                { "http://[fe80::1%25en0]:80/", "http", "[fe80::1%25en0]:80" },
                { "http://:80", "http", ":80" },
                { "http:///x", "http", "" },
                { "mailto:x", "mailto", "" },
                { "h/x:y", "", "" },
                { "//h/x", "", "h" },
                { "1http/x", "", "" },
                { "", "", "" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                UrlSyntax url;
                Err err;
                assert_ok(urlsyntax_parse(str_of(cases[i].text), &url, &err), err);
                assert_str(url.scheme, cases[i].scheme);
                assert_str(url.host, cases[i].host);
        }
}

static void mistakes_are_told_in_gos_words(void **state)
{
        (void)state;
        static const struct {
                const char *text, *error;
        } cases[] = {
                { "http://h/%zz", "parse \"http://h/%zz\": invalid URL escape \"%zz\"" },
                { "http://h#%4", "parse \"http://h#%4\": invalid URL escape \"%4\"" },
                { "http://h:port", "parse \"http://h:port\": invalid port \":port\" after host" },
                { "http://[::1", "parse \"http://[::1\": missing ']' in host" },
                { "http://a b", "parse \"http://a b\": invalid character \" \" in host name" },
                { "http://%41", "parse \"http://%41\": invalid URL escape \"%41\"" },
                { "http://a\\b", "parse \"http://a\\b\": invalid character \"\\\\\" in host name" },
                { "http://u^@h", "parse \"http://u^@h\": net/url: invalid userinfo" },
                { "http://h\x01", "parse \"http://h\x01\": net/url: invalid control character in URL" },
                { "://h", "parse \"://h\": missing protocol scheme" },
                { "1h:x", "parse \"1h:x\": first path segment in URL cannot contain colon" },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                UrlSyntax url = { .host = STR("untouched") };
                Err err;
                assert_false(urlsyntax_parse(str_of(cases[i].text), &url, &err));
                assert_string_equal(err.msg, cases[i].error);
                assert_str(url.host, "untouched");
        }
}

static void paths_are_escaped_where_they_must_be(void **state)
{
        (void)state;
        static const char *const cases[][2] = {
                { "http://h/a/b?x=1", "http://h/a/b?x=1" },
                { "http://h", "http://h" },
                { "http://h/a%2fb(c)!", "http://h/a%2fb(c)!" },
                { "http://h/a b?x#f", "http://h/a%20b?x#f" },
                { "http://h/\u65e5", "http://h/%E6%97%A5" },
                { "http://h/a%2fb c(d)", "http://h/a/b%20c%28d%29" },
                { "http://h/<%zz>", "http://h/%3C%25zz%3E" },
                { "http://\u00fc/a?\u00fc", "http://\u00fc/a?\u00fc" },
                { "/a b", "/a%20b" },
                { "", "" },
        };
        AUTO(arena_free) Arena *arena = arena_new();
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                assert_str(urlsyntax_escaped(arena, str_of(cases[i][0])), cases[i][1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(parts_are_told),
                                            cmocka_unit_test(mistakes_are_told_in_gos_words),
                                            cmocka_unit_test(paths_are_escaped_where_they_must_be) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
