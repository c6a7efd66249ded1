#include "gotmpl/tmpl_escape.h"
#include "tmpl_fixture.h"

#define ESCAPES(call, want)                      \
        do {                                     \
                Buf out = { 0 };                 \
                call;                            \
                assert_str(buf_str(&out), want); \
                buf_done(&out);                  \
        } while (0)

static void texts(void **state)
{
        (void)state;
        ESCAPES(tmpl_escape_html(&out, STR("a\0b<>&'\"+")), "a\xef\xbf\xbd"
                                                            "b&lt;&gt;&amp;&#39;&#34;+");
        ESCAPES(tmpl_escape_html_node(&out, STR("&amp;<"), true), "&amp;&lt;");
        ESCAPES(tmpl_escape_html_unquoted(&out, STR("a b=`+"), false), "a&#32;b&#61;&#96;&#43;");
        ESCAPES(tmpl_escape_js(&out, STR("a\x7f\x01\xe2\x80\xa8=")), "a\x7f\\u0001\\u2028\\u003D");
        ESCAPES(tmpl_escape_js_string(&out, STR("a\n\"'/\\\xe2\x80\xa8\xff")), "a\\n\\u0022\\u0027\\/\\\\\\u2028\xff");
        ESCAPES(tmpl_escape_query(&out, STR("a b/~-_.%")), "a+b%2F~-_.%25");
        ESCAPES(tmpl_escape_url(&out, STR("a b%20%zz'\""), true), "a%20b%20%25zz%27%22");
        ESCAPES(tmpl_escape_url(&out, STR("a/b?c"), false), "a%2fb%3fc");
        ESCAPES(tmpl_escape_css_string(&out, STR("a\"f<")), "a\\22 f\\3c ");
        assert_true(tmpl_escape_url_is_safe(STR("HTTPS://x")));
        assert_true(tmpl_escape_url_is_safe(STR("/a:b")));
        assert_true(tmpl_escape_url_is_safe(STR("mailto:x")));
        assert_false(tmpl_escape_url_is_safe(STR("data:x")));
        assert_false(tmpl_escape_url_is_safe(STR("java\nscript:x")));
}

static void json(void **state)
{
        (void)state;
        TmplValue data = fixture_data(), t = tmpl_time(1, 500000000);
        ESCAPES(tmpl_escape_json(&out, &data),
                "{\"s\":\"str\",\"n\":7,\"f\":2.5,\"t\":true,\"l\":[\"a\",\"b\",\"c\"],\"m\":{\"a\":\"1\",\"b\":\"2\"},\"e\":[],"
                "\"any\":{\"x\":1,\"y\":null}}");
        ESCAPES(tmpl_escape_json(&out, &t), "\"1970-01-01T00:00:01.5Z\"");
        ESCAPES(tmpl_escape_json(&out, &(TmplValue){ .kind = TMPL_STRING, .s = STR("<\"\n\x01\xff") }),
                "\"\\u003c\\\"\\n\\u0001\\ufffd\"");
        ESCAPES(tmpl_escape_json(&out, &(TmplValue){ .kind = TMPL_FLOAT, .f = 1e-7 }), "1e-07");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(texts), cmocka_unit_test(json) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
