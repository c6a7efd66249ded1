#include "model/quote.h"
#include "testing.h"

static void quote(Str in, const char *want)
{
        AUTO(buf_done) Buf out = { 0 };
        quote_go(&out, in);
        assert_str(buf_str(&out), want);
}

static void quotes_as_go(void **state)
{
        (void)state;
        quote(STR(""), "\"\"");
        quote(STR("plain text"), "\"plain text\"");
        quote(STR("a\"b\\c"), "\"a\\\"b\\\\c\"");
        quote(STR("\a\b\t\n\v\f\r"), "\"\\a\\b\\t\\n\\v\\f\\r\"");
        quote(STR("\0\x1f\x7f"), "\"\\x00\\x1f\\x7f\"");
        quote(STR("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
        quote(STR("\xff"
                  "a\xc3"),
              "\"\\xffa\\xc3\"");
        quote(STR("\xc2\xa0"), "\"\\u00a0\"");             /* no-break space */
        quote(STR("\xe2\x80\x8b"), "\"\\u200b\"");         /* zero width space */
        quote(STR("\xf3\xa0\x80\x81"), "\"\\U000e0001\""); /* language tag */
        quote(STR("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\"");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(quotes_as_go) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
