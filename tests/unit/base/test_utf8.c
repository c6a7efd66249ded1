#include "base/utf8.h"
#include "testing.h"

static void every_rune_round_trips(void **state)
{
        (void)state;
        Buf b = { 0 };
        for (uint32_t r = 0; r <= 0x10ffff; r += r < 0x900 ? 1 : 97) {
                if (r >= 0xd800 && r < 0xe000)
                        continue;
                buf_clear(&b);
                utf8_encode(&b, r);
                uint32_t back;
                assert_int_equal(utf8_decode(buf_str(&b), &back), b.n);
                assert_int_equal(back, r);
                assert_false(b.n > 1 && utf8_valid(str_n(b.p, b.n - 1)));
        }
        buf_done(&b);
}

static void bad_bytes_are_refused(void **state)
{
        (void)state;
        static const char *const bad[] = {
                "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xe2\x82", "a\xff"
        };
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
                assert_false(utf8_valid(str_of(bad[i])));
        assert_true(utf8_valid(STR("h\xc3\xa9llo \xf0\x9f\x98\x80")));
        assert_int_equal(utf8_length(STR("h\xc3\xa9\xff")), 3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_rune_round_trips),
                cmocka_unit_test(bad_bytes_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
