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

static void as_go_reads_them(void **state)
{
        (void)state;
        static const struct {
                const char *text;
                int64_t ns; /* INT64_MIN: malformed */
        } cases[] = {
                { "0", 0 },
                { "-0", 0 },
                { "0s", 0 },
                { "1m30s", 90000000000 },
                { "30s1m", 90000000000 },
                { "1.5h", 5400000000000 },
                { ".5s", 500000000 },
                { "1.s", 1000000000 },
                { "-250ms", -250000000 },
                { "+1us1ns", 1001 },
                { "1\u00b5s", 1000 },
                { "2562047h", 9223369200000000000 },
                { "2562048h", INT64_MIN },
                { "1d", INT64_MIN },
                { "1", INT64_MIN },
                { "1s0", INT64_MIN },
                { ".s", INT64_MIN },
                { "", INT64_MIN },
                { "-", INT64_MIN },
                { "1..5s", INT64_MIN },
                { "1 s", INT64_MIN },
        };
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                int64_t ns = INT64_MIN;
                if (duration_parse_go(str_of(cases[i].text), &ns) != (cases[i].ns != INT64_MIN) || ns != cases[i].ns)
                        fail_msg("'%s' is %lld", cases[i].text, (long long)ns);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(parses_and_prints), cmocka_unit_test(as_go_reads_them) };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
