#include "collect/host.h"

#include "testing.h"

static void words_and_lines(void **state)
{
        (void)state;
        Str words[3], text = STR("a  b\tc d\n\nlast"), line;
        assert_true(host_next_line(&text, &line));
        assert_int_equal(host_words(line, words, 3), 3);
        assert_str(words[1], "b");
        assert_str(words[2], "c");
        assert_true(host_next_line(&text, &line));
        assert_int_equal(host_words(line, words, 3), 0);
        assert_true(host_next_line(&text, &line));
        assert_str(line, "last");
        assert_false(host_next_line(&text, &line));
}

static void numbers(void **state)
{
        (void)state;
        double v;
        uint64_t u;
        assert_true(host_number(STR("18446744073709551615"), &v));
        assert_double(v, 18446744073709551616.0);
        assert_true(host_number(STR("99999999999999999999999"), &v)); /* beyond 64 bits: still a number */
        assert_double(v, 1e23);
        assert_true(host_number(STR("-1"), &v));
        assert_double(v, -1);
        assert_false(host_number(STR(""), &v));
        assert_false(host_number(STR("1x"), &v));
        assert_true(host_hex(STR("00551c3F"), &u));
        assert_int_equal(u, 0x551c3f);
        assert_true(host_hex(STR("ffffffffffffffff"), &u));
        assert_false(host_hex(STR("1ffffffffffffffff"), &u));
        assert_false(host_hex(STR("0x1"), &u));
        assert_false(host_hex(STR(""), &u));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(words_and_lines), cmocka_unit_test(numbers) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
