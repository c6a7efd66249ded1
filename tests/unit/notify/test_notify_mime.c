#include "notify/notify_mime.h"
#include "testing.h"

static void header(const char *value, const char *want)
{
        Buf out = { 0 };
        notify_mime_header(&out, str_of(value));
        assert_str(buf_str(&out), want);
        buf_done(&out);
}

static void headers_are_words_of_rfc_2047(void **state)
{
        (void)state;
        header("plain [text] <a@example.com>", "plain [text] <a@example.com>");
        header("[FIRING] caf\xc3\xa9 X?", "=?utf-8?q?[FIRING]_caf=C3=A9_X=3F?=");
        header("a\r\nBcc: b@example.com", "=?utf-8?q?a=0D=0ABcc:_b@example.com?="); /* invariant 1 */
        header("0123456789012345678901234567890123456789012345678901234567890\xc3\xa9\xc3\xa9",
               "=?utf-8?q?0123456789012345678901234567890123456789012345678901234567890?= =?utf-8?q?=C3=A9=C3=A9?=");
}

static void only_the_name_of_an_address_is_encoded(void **state)
{
        (void)state;
        Buf out = { 0 };
        notify_mime_address(&out, STR("Caf\xc3\xa9 Monitor <mon@example.org>"));
        assert_str(buf_str(&out), "=?utf-8?q?Caf=C3=A9_Monitor?= <mon@example.org>");
        buf_done(&out);
}

static void quoted(const char *text, const char *want)
{
        Buf out = { 0 };
        notify_mime_quoted_printable(&out, str_of(text));
        assert_str(buf_str(&out), want);
        buf_done(&out);
}

static void bodies_are_quoted_printable(void **state)
{
        (void)state;
        quoted("a = b\xc3\xa9", "a =3D b=C3=A9");
        quoted("one\ntwo\r\nthree\r", "one\r\ntwo\r\nthree\r\n");
        quoted("space \ntab\t", "space=20\r\ntab=09");
        quoted("\n \n", "\r\n=20\r\n");
        quoted("0123456789012345678901234567890123456789012345678901234567890123456789012345678",
               "012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n5678");
}

static void addresses_are_found_in_lists(void **state)
{
        (void)state;
        AUTO(arena_free) Arena *arena = arena_new();
        Str *all;
        size_t n;
        Err err;
        assert_ok(notify_mime_addresses(STR("a@example.com, \"B, c\" <b@example.com>,, C <c@example.com> "), arena,
                                        &all, &n, &err),
                  err);
        assert_int_equal(n, 3);
        assert_str(all[0], "a@example.com");
        assert_str(all[1], "b@example.com");
        assert_str(all[2], "c@example.com");
        static const char *const bad[] = { "",     " , ", "nobody", "a@", "@b", "a b@c", "a@b\r\nRCPT TO:<x@y>",
                                           "<a@b", "\"x" };
        for (size_t i = 0; i < ARRAY_LEN(bad); i++)
                if (notify_mime_addresses(str_of(bad[i]), arena, &all, &n, &err))
                        fail_msg("accepted: %s", bad[i]);
        assert_str(notify_mime_canonical(arena, STR("x-cUSTOM-header")), "X-Custom-Header");
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(headers_are_words_of_rfc_2047),
                                            cmocka_unit_test(only_the_name_of_an_address_is_encoded),
                                            cmocka_unit_test(bodies_are_quoted_printable),
                                            cmocka_unit_test(addresses_are_found_in_lists) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
