#include "base/duration.h"
#include "testing.h"

static void parses_and_prints(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int64_t ms; /* -1: malformed */
                const char *printed;
        } cases[] = {
                { "0", 0, "0s" },
                { "0s", 0, "0s" },
                { "5m", 300000, "5m" },
                { "90m", 5400000, "1h30m" },
                { "1h30m", 5400000, "1h30m" },
                { "7d", 604800000, "1w" },
                { "8d", 691200000, "8d" },
                { "1y", 31536000000, "1y" },
                { "366d", 31622400000, "366d" },
                { "1500ms", 1500, "1s500ms" },
                { "1d1h", 90000000, "1d1h" },
                { "", -1, "" },
                { "5", -1, "" },
                { "m", -1, "" },
                { "1m1h", -1, "" },
                { "1h1h", -1, "" },
                { "-5m", -1, "" },
                { "1.5h", -1, "" },
                { "99999999999999y", -1, "" },
        };
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                int64_t ms = 0;
                bool ok = duration_parse(str_of(cases[i].text), &ms);
                assert_int_equal(ok, cases[i].ms >= 0);
                if (!ok)
                        continue;
                assert_int_equal(ms, cases[i].ms);
                Buf b = { 0 };
                duration_format(&b, ms);
                assert_str(buf_str(&b), cases[i].printed);
                buf_done(&b);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(parses_and_prints) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
